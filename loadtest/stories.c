/* stories.c - attacks that are no bursts: single events and how they fold, what a user has not
 * shown before, what adds up.
 */
#include "loadtest/places.h"
#include "loadtest/plan_impl.h"

/* ---- single events -------------------------------------------------------------------------- */

static const char *plan_single(struct attack *a, const char **rule, enum fires *fires)
{
    const char *key[] = {a->user};
    int64_t edge = attack_edge(*rule, key, 1, HOUR_MS, a->start_ms);

    *fires = FIRES_YES;
    switch (rng_below(a->rng, 4)) {
    case 0:
        attack_event(a, "single", a->start_ms, "%s", "");
        return "once";
    case 1:
        for (int64_t t = edge - 2; t <= edge + 1; t++)
            attack_event(a, "single", t, "%s", "");
        return "over the edge";
    case 2:
        for (int64_t i = 0; i < 17; i++)
            attack_event(a, "single", edge + i * 1000, "%s", "");
        return "often";
    default:
        a->arrival = ARRIVES_LATE;
        attack_event(a, "single", a->start_ms, "%s", "");
        attack_event(a, "single", a->start_ms + 1, "%s", "");
        return "late";
    }
}

static const char *plan_single_fields(struct attack *a, const char **rule, enum fires *fires)
{
    const char *key[] = {a->host};
    int64_t edge = attack_edge(*rule, key, 1, 10 * MINUTE_MS, a->start_ms);

    a->arrival = ARRIVES_SHUFFLED;
    for (int64_t i = -3; i < 3; i++)
        attack_event(a, "single_fields", edge + i, ",\"host\":\"%s\"", a->host);
    *fires = FIRES_UNKNOWN; /* its key is the host */
    return "over the edge";
}

/* The same record twice is one finding; so is the same id. */
static const char *plan_single_off(struct attack *a, const char **rule, enum fires *fires)
{
    (void)rule;
    *fires = FIRES_UNKNOWN;
    a->without_id = rng_below(a->rng, 2);
    a->repeats = 1 + rng_below(a->rng, 2);
    for (int64_t i = 0; i < 3; i++)
        attack_event(a, "single_off", a->start_ms + i, "%s", "");
    return a->without_id ? "without ids" : "with ids";
}

static const char *plan_single_anchor(struct attack *a, const char **rule, enum fires *fires)
{
    static const int64_t at[] = {
        0, 1000, 10 * MINUTE_MS - 1, 10 * MINUTE_MS, 20 * MINUTE_MS - 1, 20 * MINUTE_MS};
    (void)rule;
    *fires = FIRES_YES;
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        attack_event(a, "single_anchor", a->start_ms + at[i], "%s", "");
    return "edges";
}

static const char *plan_single_shadow(struct attack *a, const char **rule, enum fires *fires)
{
    (void)rule;
    *fires = FIRES_YES;
    for (int64_t i = 0; i < 3; i++)
        attack_event(a, "single_shadow", a->start_ms + i, "%s", "");
    return "thrice";
}

/* ---- what has not been shown before: history 20m, training 5m ------------------------------ */

enum { HISTORY_MS = 20 * MINUTE_MS, TRAINING_MS = 5 * MINUTE_MS };

static void term(struct attack *a, const char *k, int64_t at_ms, const char *v)
{
    attack_event(a, k, a->start_ms + at_ms, ",\"v\":\"%s\",\"host\":\"%s\"", v, a->host);
}

static const char *plan_first(struct attack *a, const char **rule, enum fires *fires)
{
    uint32_t which = rng_below(a->rng, 5);

    (void)rule;
    a->arrival = rng_below(a->rng, 2) ? ARRIVES_SHUFFLED : ARRIVES_SOON;
    *fires = which == 1 || which == 4 ? FIRES_YES : FIRES_NO;
    term(a, "f", 0, "p");
    switch (which) {
    case 0:
        term(a, "f", TRAINING_MS - 1, "q");
        return "T-1";
    case 1:
        term(a, "f", TRAINING_MS, "q");
        return "T";
    case 2:
        term(a, "f", TRAINING_MS, "p");
        return "known";
    case 3:
        term(a, "f", HISTORY_MS, "p");
        return "H";
    default:
        term(a, "f", HISTORY_MS + 1, "p");
        return "H+1";
    }
}

static const char *plan_rare(struct attack *a, const char **rule, enum fires *fires)
{
    uint32_t which = rng_below(a->rng, 3);

    (void)rule;
    *fires = which == 0 ? FIRES_NO : FIRES_YES;
    term(a, "r", 0, "p");
    if (which == 0)
        term(a, "r", 1, "p");
    term(a, "r", TRAINING_MS, "p");
    if (which == 2)
        term(a, "r", TRAINING_MS + 1, "q");
    return which == 0 ? "twice before" : which == 1 ? "once before" : "and another";
}

static const char *plan_ratio(struct attack *a, const char **rule, enum fires *fires)
{
    uint32_t n = 2 + rng_below(a->rng, 3);

    (void)rule;
    for (uint32_t i = 0; i < n; i++)
        attack_event(a, "q", a->start_ms + i, ",\"v\":\"p\",\"host\":\"%s-%u\"", a->host, i);
    attack_event(a, "q", a->start_ms + DAY_MS, ",\"v\":\"q\",\"host\":\"%s-0\"", a->host);
    *fires = n < 3 ? FIRES_NO : FIRES_YES;
    return n < 3 ? "too few actors" : "a day later";
}

/* Five minutes with two each, then a minute with enough, or one less. */
static const char *plan_volume(struct attack *a, const char **rule, enum fires *fires)
{
    int64_t minute = a->start_ms / MINUTE_MS * MINUTE_MS;
    uint32_t n = 5 + rng_below(a->rng, 3);

    (void)rule;
    a->arrival = rng_below(a->rng, 2) ? ARRIVES_SHUFFLED : ARRIVES_SOON;
    for (int64_t i = 0; i < 5; i++)
        for (int64_t j = 0; j < 2; j++)
            attack_event(a, "v", minute + i * MINUTE_MS + j * (MINUTE_MS - 1), "%s", "");
    for (int64_t j = 0; j < n; j++)
        attack_event(a, "v", minute + 5 * MINUTE_MS + j, "%s", "");
    *fires = n >= 6 ? FIRES_YES : FIRES_NO;
    return n >= 6 ? "enough" : "one less";
}

/* ---- what adds up --------------------------------------------------------------------------- */

/* One moment, so no bucket ends within; never late, since the model leaves that open. */
static const char *plan_risk(struct attack *a, const char **rule, enum fires *fires)
{
    static const char *const k[] = {"ka", "kb", "kc"};
    uint32_t n = 2 + rng_below(a->rng, 2);

    (void)rule;
    a->arrival = rng_below(a->rng, 2) ? ARRIVES_SHUFFLED : ARRIVES_SOON;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < 3; j++)
            attack_event(a, k[i], a->start_ms, "%s", "");
    *fires = n == 3 ? FIRES_YES : FIRES_NO;
    return n == 3 ? "three alerts" : "two alerts";
}

/* ---- places --------------------------------------------------------------------------------- */

static void sign_in(struct attack *a, int64_t at_ms, const char *address)
{
    attack_event(a, "s", a->start_ms + at_ms, ",\"src_ip\":\"%s\"", address);
}

static const char *plan_places(struct attack *a, const char **rule, enum fires *fires)
{
    static const struct {
        const char *name, *to;
        int64_t ms;
        bool fires;
    } ways[] = {
        {"far", PLACE_NEW_YORK, HOUR_MS, true},    {"at once", PLACE_SYDNEY, 0, true},
        {"too near", PLACE_HAMBURG, 1000, false},  {"the same", PLACE_BERLIN, 1000, false},
        {"nowhere", PLACE_UNKNOWN, 1000, false},   {"late", PLACE_SYDNEY, MINUTE_MS, false},
        {"not so late", PLACE_SYDNEY, 1000, true},
    };
    size_t way = rng_below(a->rng, sizeof ways / sizeof ways[0]);

    (void)rule;
    sign_in(a, 0, PLACE_BERLIN);
    if (strcmp(ways[way].name, "late") == 0)
        a->arrival = ARRIVES_LATE;
    else
        a->arrival = rng_below(a->rng, 2) ? ARRIVES_LAST : ARRIVES_SHUFFLED;
    sign_in(a, ways[way].ms, ways[way].to);
    *fires = ways[way].fires ? FIRES_YES : FIRES_NO;
    return ways[way].name;
}

const struct story plan_stories[] = {
    {"single", RULE(01), plan_single, 0},
    {"single_fields", RULE(02), plan_single_fields, 0},
    {"single_off", RULE(03), plan_single_off, 0},
    {"single_anchor", RULE(04), plan_single_anchor, 0},
    {"single_shadow", RULE(05), plan_single_shadow, 0},
    {"first", RULE(36), plan_first, 0},
    {"rare", RULE(38), plan_rare, 0},
    {"ratio", RULE(41), plan_ratio, 2 * (int64_t)DAY_MS},
    {"volume", RULE(43), plan_volume, 0},
    {"risk", RULE(47), plan_risk, 0},
    {"places", RULE(57), plan_places, 0},
};
const size_t n_plan_stories = sizeof plan_stories / sizeof plan_stories[0];
