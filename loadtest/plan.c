/* plan.c - attacks that are bursts: n hits in a window, and everything that may lie around that.
 *
 * A family is a rule and what its i-th hit looks like. A case is how many hits, how far apart,
 * where the bucket's edge lies and how they arrive. Every family meets every case.
 */
#include "loadtest/plan_impl.h"

#include "base/str.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH = 100 }; /* of a record that nests too deep */

struct family {
    const char *name, *rule;
    uint32_t n_hits; /* that it takes within the window */
    void (*hit)(struct attack *a, uint32_t i, int64_t t_ms);
    int64_t period_ms; /* of its dedup */
    bool has_host;     /* the key is user and host */
    enum fires fires;  /* when all of it is there */
    enum fires longer; /* when it takes a millisecond longer than the window */
};

/* ---- one event ------------------------------------------------------------------------------ */

static struct plan_event *add_event(struct plan *p, int64_t arrival_ms, int64_t t_ms)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 4096;
        p->events = reallocarray(p->events, p->cap, sizeof *p->events);
        ASSERT(p->events);
    }
    struct plan_event *e = &p->events[p->n];
    *e = (struct plan_event){.arrival_ms = arrival_ms,
                             .t_ms = t_ms,
                             .number = p->n,
                             .at = p->text.n,
                             .partition = PLAN_ANY};
    p->n++;
    return e;
}

/* A tick makes sure that the clock of the partition stands where the attack wants it. */
static void add_tick(struct attack *a, int64_t t_ms, int32_t partition)
{
    struct plan_event *e = add_event(a->plan, t_ms, t_ms);

    buf_printf(&a->plan->text,
               "{\"product\":\"loadtest\",\"k\":\"tick\",\"timestamp\":%" PRId64 "}", t_ms);
    e->n = a->plan->text.n - e->at;
    e->attack = a->number;
    e->partition = partition;
}

static int64_t arrival_of(struct attack *a, int64_t t_ms, int32_t *partition)
{
    int64_t late = a->o->lateness_ms;

    *partition = PLAN_ANY;
    if (a->arrival == ARRIVES_SOON)
        return t_ms + rng_below(a->rng, PLAN_JITTER_MS);
    if (a->arrival == ARRIVES_SHUFFLED)
        return t_ms + rng_below(a->rng, (uint32_t)late + 1);
    late += a->arrival == ARRIVES_LATE;
    *partition = (int32_t)rng_below(a->rng, a->o->n_partitions);
    add_tick(a, t_ms + late, *partition);
    return t_ms + late;
}

void attack_event(struct attack *a, const char *k, int64_t t_ms, const char *extra, ...)
{
    struct buf *text = &a->plan->text;
    char more[256], id[96] = "";
    va_list args;

    va_start(args, extra);
    vsnprintf(more, sizeof more, extra, args);
    va_end(args);
    if (!a->without_id)
        snprintf(id, sizeof id, ",\"eid\":\"%s-%u\"", a->user, a->n_events);
    for (uint32_t i = 0; i < (a->repeats ? a->repeats : 1); i++) {
        int32_t partition;
        int64_t arrival_ms = arrival_of(a, t_ms, &partition);
        struct plan_event *e = add_event(a->plan, arrival_ms, t_ms);
        buf_printf(text,
                   "{\"product\":\"loadtest\",\"k\":\"%s\",\"timestamp\":%" PRId64
                   ",\"user\":\"%s\"%s,\"attack\":%u%s}",
                   k, t_ms, a->user, id, a->number, more);
        e->n = text->n - e->at;
        e->attack = a->number;
        e->partition = partition;
    }
    a->n_events++;
}

/* ---- buckets -------------------------------------------------------------------------------- */

/* A part as it stands in a digest: its length in four bytes, and it. */
static void add_part(struct buf *b, const char *part)
{
    size_t n = strlen(part);

    for (int shift = 24; shift >= 0; shift -= 8)
        buf_add_char(b, (char)(n >> shift));
    buf_add(b, (struct str){part, n});
}

int64_t attack_edge(const char *rule, const char *const *key, size_t n, int64_t period_ms,
                    int64_t t_ms)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    uint64_t first = 0;
    struct buf b = {0};

    add_part(&b, rule);
    for (size_t i = 0; i < n; i++)
        add_part(&b, key[i]);
    SHA256((const unsigned char *)b.p, b.n, digest);
    buf_release(&b);
    for (size_t i = 0; i < 8; i++)
        first = first << 8 | digest[i];
    int64_t phase = (int64_t)(first % (uint64_t)period_ms);
    return ((t_ms + phase) / period_ms + 1) * period_ms - phase;
}

/* ---- what the hits of each family look like ------------------------------------------------ */

static void hit_count(struct attack *a, uint32_t i, int64_t t_ms)
{
    (void)i;
    attack_event(a, "c", t_ms, ",\"host\":\"%s\"", a->host);
}

static void hit_count_id(struct attack *a, uint32_t i, int64_t t_ms)
{
    (void)i;
    attack_event(a, "ci", t_ms, "%s", "");
}

static void hit_few(struct attack *a, uint32_t i, int64_t t_ms)
{
    (void)i;
    attack_event(a, "cl", t_ms, "%s", "");
}

static void hit_shadow(struct attack *a, uint32_t i, int64_t t_ms)
{
    (void)i;
    attack_event(a, "cs", t_ms, ",\"host\":\"%s\"", a->host);
}

static void hit_distinct(struct attack *a, uint32_t i, int64_t t_ms)
{
    attack_event(a, "d", t_ms, ",\"v\":\"v%u\",\"host\":\"%s-%u\"", i % 4, a->host, i % 2);
}

static void hit_part(struct attack *a, const char *const parts[3], uint32_t i, int64_t t_ms)
{
    attack_event(a, parts[i < 3 ? i : 2], t_ms, "%s", "");
}

static void hit_set(struct attack *a, uint32_t i, int64_t t_ms)
{
    hit_part(a, (const char *const[]){"ta", "tb", "tc"}, i, t_ms);
}

static void hit_order(struct attack *a, uint32_t i, int64_t t_ms)
{
    hit_part(a, (const char *const[]){"oa", "ob", "oc"}, i, t_ms);
}

static void hit_not(struct attack *a, uint32_t i, int64_t t_ms)
{
    hit_part(a, (const char *const[]){"na", "nb", "nb"}, i, t_ms);
}

/* The last needed one makes the sum whole, the average, the maximum ... */
static void hit_number(struct attack *a, uint32_t i, int64_t t_ms)
{
    attack_event(a, "g", t_ms, ",\"n\":%u", i == 4 ? 60 : 10);
}

static void hit_nested(struct attack *a, uint32_t i, int64_t t_ms)
{
    attack_event(a, i < 3 ? "i" : "ib", t_ms, "%s", "");
}

static void hit_deep(struct attack *a, uint32_t i, int64_t t_ms)
{
    attack_event(a, "j", t_ms, ",\"host\":\"%s-%u\"", a->host, i < 2);
}

static const struct family families[] = {
    {"count", RULE(07), 5, hit_count, HOUR_MS, false, FIRES_YES, FIRES_NO},
    {"count_id", RULE(09), 4, hit_count_id, 10 * MINUTE_MS, false, FIRES_YES, FIRES_NO},
    {"count_few", RULE(11), 3, hit_few, HOUR_MS, false, FIRES_UNKNOWN, FIRES_UNKNOWN},
    {"count_shadow", RULE(13), 3, hit_shadow, HOUR_MS, true, FIRES_YES, FIRES_NO},
    {"distinct", RULE(15), 4, hit_distinct, HOUR_MS, false, FIRES_YES, FIRES_NO},
    {"set", RULE(20), 3, hit_set, HOUR_MS, false, FIRES_YES, FIRES_NO},
    {"set_not", RULE(23), 2, hit_not, HOUR_MS, false, FIRES_UNKNOWN, FIRES_UNKNOWN},
    {"order", RULE(27), 3, hit_order, HOUR_MS, false, FIRES_YES, FIRES_NO},
    {"numbers", RULE(29), 5, hit_number, HOUR_MS, false, FIRES_YES, FIRES_NO},
    /* The burst below ends inside the window of what follows it. */
    {"nested", RULE(51), 4, hit_nested, HOUR_MS, false, FIRES_YES, FIRES_YES},
    {"deep", RULE(55), 5, hit_deep, HOUR_MS, false, FIRES_YES, FIRES_YES},
};
enum { FAMILIES = sizeof families / sizeof families[0] };

/* ---- cases ---------------------------------------------------------------------------------- */

enum burst_case {
    CASE_LESS,
    CASE_EXACT,
    CASE_MORE,
    CASE_SHORTER,
    CASE_LONGER,
    CASE_BEFORE_EDGE,
    CASE_AT_EDGE,
    CASE_BEHIND_EDGE,
    CASE_OVER_EDGE,
    CASE_BURSTS,
    CASE_SHUFFLED,
    CASE_LAST_MOMENT,
    CASE_LATE,
    CASE_REPEATED,
    CASE_MANY,
    CASES
};

static const char *const case_names[CASES] = {
    "N-1",      "N in W",      "N+1",    "N in W-1",      "N in W+1",
    "edge-1",   "edge",        "edge+1", "over the edge", "four bursts",
    "shuffled", "last moment", "late",   "repeated",      "many"};

static void hits(struct attack *a, const struct family *f, uint32_t n, int64_t from_ms, int64_t ms)
{
    for (uint32_t i = 0; i < n; i++)
        f->hit(a, i, from_ms + (n > 1 ? ms * i / (n - 1) : 0));
}

static int64_t edge_of(const struct attack *a, const struct family *f, int64_t t_ms)
{
    const char *key[2] = {a->user, a->host};

    return attack_edge(f->rule, key, f->has_host ? 2 : 1, f->period_ms, t_ms);
}

/* All hits, one of them coming as `arrival` says. */
static void hits_but_one(struct attack *a, const struct family *f, enum arrival arrival)
{
    uint32_t one = rng_below(a->rng, f->n_hits);

    for (uint32_t i = 0; i < f->n_hits; i++) {
        a->arrival = i == one ? arrival : ARRIVES_SOON;
        f->hit(a, i, a->start_ms + (int64_t)i * 1000);
    }
}

static void four_bursts(struct attack *a, const struct family *f)
{
    static const int64_t gaps[] = {1, WINDOW_MS - 1, WINDOW_MS, WINDOW_MS + 1};
    int64_t t = a->start_ms;

    for (size_t i = 0; i < 4; i++) {
        hits(a, f, f->n_hits, t, 1000);
        t += 1000 + gaps[i];
    }
}

static void plan_case(struct attack *a, const struct family *f, enum burst_case c)
{
    int64_t t = a->start_ms, half = WINDOW_MS / 2;
    uint32_t n = f->n_hits;

    switch (c) {
    case CASE_LESS:
        hits(a, f, n - 1, t, WINDOW_MS);
        return;
    case CASE_MORE:
        hits(a, f, n + 1, t, WINDOW_MS);
        return;
    case CASE_SHORTER:
        hits(a, f, n, t, WINDOW_MS - 1);
        return;
    case CASE_LONGER:
        hits(a, f, n, t, WINDOW_MS + 1);
        return;
    case CASE_BEFORE_EDGE:
        hits(a, f, n, edge_of(a, f, t) - 1 - half, half);
        return;
    case CASE_AT_EDGE:
        hits(a, f, n, edge_of(a, f, t) - half, half);
        return;
    case CASE_BEHIND_EDGE:
        hits(a, f, n, edge_of(a, f, t) + 1 - half, half);
        return;
    case CASE_OVER_EDGE:
        hits(a, f, 2 * n, edge_of(a, f, t) - half / 2, half);
        return;
    case CASE_BURSTS:
        four_bursts(a, f);
        return;
    case CASE_LAST_MOMENT:
        hits_but_one(a, f, ARRIVES_LAST);
        return;
    case CASE_LATE:
        hits_but_one(a, f, ARRIVES_LATE);
        return;
    case CASE_MANY:
        hits(a, f, 9 * n, t, WINDOW_MS);
        return;
    case CASE_SHUFFLED:
        a->arrival = ARRIVES_SHUFFLED;
        break;
    case CASE_REPEATED:
        a->repeats = 2;
        break;
    case CASE_EXACT:
    case CASES:
        break;
    }
    hits(a, f, n, t, WINDOW_MS);
}

static enum fires fires_in(const struct family *f, enum burst_case c)
{
    if (f->fires == FIRES_UNKNOWN || c == CASE_MANY || c == CASE_OVER_EDGE)
        return FIRES_UNKNOWN;
    if (c == CASE_LESS || c == CASE_LATE)
        return FIRES_NO;
    return c == CASE_LONGER ? f->longer : f->fires;
}

/* ---- the plan ------------------------------------------------------------------------------- */

static void tell(struct attack *a, const char *family, const char *which, const char *rule,
                 bool has_host, enum fires fires)
{
    static const char *const words[] = {"false", "true", "null"};
    struct buf *b = &a->plan->truth;

    buf_printf(b, "{\"attack\":%u,\"family\":\"%s\",\"case\":\"%s\",\"rule\":\"%s\",", a->number,
               family, which, rule);
    buf_printf(b, "\"key\":[\"%s\"%s%s%s],", a->user, has_host ? ",\"" : "",
               has_host ? a->host : "", has_host ? "\"" : "");
    buf_printf(b, "\"fires\":%s,\"events\":%u}\n", words[fires], a->n_events);
}

static void plan_burst(struct attack *a, uint32_t number)
{
    const struct family *f = &families[number % FAMILIES];
    enum burst_case c = (enum burst_case)(number / FAMILIES % CASES);

    plan_case(a, f, c);
    tell(a, f->name, case_names[c], f->rule, f->has_host, fires_in(f, c));
}

static bool plan_story(struct attack *a, const struct story *s)
{
    const char *rule = s->rule;
    enum fires fires = FIRES_UNKNOWN;

    if (a->o->span_ms < s->needs_ms)
        return false;
    const char *which = s->plan(a, &rule, &fires);
    tell(a, s->name, which, rule, false, fires);
    return true;
}

/* Bursts and stories in turn, as many of each as there are kinds. */
static void plan_attack(struct attack *a)
{
    uint32_t kinds = FAMILIES + (uint32_t)n_plan_stories, kind = a->number % kinds;

    if (kind >= FAMILIES && plan_story(a, &plan_stories[kind - FAMILIES]))
        return;
    plan_burst(a, kind % FAMILIES + a->number / kinds * FAMILIES);
}

static void add_deep(struct buf *b)
{
    for (int i = 0; i < DEPTH; i++)
        buf_add(b, str_from("{\"a\":"));
    buf_add_char(b, '1');
    for (int i = 0; i < DEPTH; i++)
        buf_add_char(b, '}');
}

static void plan_bad(struct plan *p, const struct plan_options *o, struct rng *rng, uint32_t i)
{
    static const char *const texts[][2] = {
        {"not_json", "this is no JSON"},
        {"truncated", "{\"product\":\"loadtest\",\"k\":\"c\",\"user\":"},
        {"not_object", "42"},
        {"not_object", "\"text\""},
        {"not_json", "{\"product\":\"loadtest\",,}"},
        {"tombstone", ""},
        {"too_deep", NULL},
    };
    const char *const *one = texts[i % (sizeof texts / sizeof texts[0])];
    int64_t t_ms = o->start_ms + (int64_t)((double)o->span_ms * i / o->n_bad);
    struct plan_event *e = add_event(p, t_ms + rng_below(rng, PLAN_JITTER_MS), t_ms);

    if (one[1])
        buf_add(&p->text, str_from(one[1]));
    else
        add_deep(&p->text);
    e->n = p->text.n - e->at;
    e->bad = one[0];
}

static int by_arrival(const void *a, const void *b)
{
    const struct plan_event *x = a, *y = b;

    if (x->arrival_ms != y->arrival_ms)
        return x->arrival_ms < y->arrival_ms ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

void plan_make(const struct plan_options *o, struct plan *out)
{
    struct rng rng = {o->seed};

    *out = (struct plan){.n_attacks = o->n_attacks, .n_bad = o->n_bad};
    for (uint32_t i = 0; i < o->n_attacks; i++) {
        struct attack a = {.plan = out, .o = o, .rng = &rng, .number = i};
        double part = (double)rng_below(&rng, 1u << 30) / (1u << 30);
        a.start_ms = o->start_ms + (int64_t)(part * (double)o->span_ms);
        snprintf(a.user, sizeof a.user, "%su%u", o->prefix, i);
        snprintf(a.host, sizeof a.host, "%sh%u", o->prefix, i);
        plan_attack(&a);
    }
    for (uint32_t i = 0; i < o->n_bad; i++)
        plan_bad(out, o, &rng, i);
    if (out->n > 0)
        qsort(out->events, out->n, sizeof *out->events, by_arrival);
}

void plan_release(struct plan *p)
{
    free(p->events);
    buf_release(&p->text);
    buf_release(&p->truth);
}
