/* test_risk_order.c - what risk finds does not depend on the order in which events arrive inside
 * the lateness, nor on how they are cut into batches. Whole rules: an alert counts from its
 * bucket's start on, which lies before the watermark that its event meets. */
#include "correlate/risk.h"

#include "state/store_mem.h"
#include "tests/lib/operator_run.h"
#include "tests/lib/rule_rig.h"
#include "tests/lib/test.h"

#include <stdlib.h>

enum { RUNS = 150, ORDERS = 4, EVENTS_MAX = 160, MINUTE = 60 * 1000, LATENESS = 5 * MINUTE };

#define ALERT(name, dedup)                                                \
    "---\ntitle: " name "\nid: " name "\nname: " name "\nlevel: medium\n" \
    "logsource: {}\ndetection:\n  s: {act: " name "}\n  condition: s\n"   \
    "weir: {dedup: " dedup "}\n"
#define RULES                                                                                  \
    ALERT("a", "{fields: [user], period: 1h}")                                                 \
    ALERT("b", "{fields: [user], period: 1h}")                                                 \
    ALERT("c", "{fields: [user], period: 17m}")                                                \
    ALERT("d", "{fields: [user], period: 40m, anchor: first}")                                 \
    ALERT("e", "{fields: [user, file], period: 1h}")                                           \
    "---\ntitle: burst\nid: burst\nname: burst\nlevel: medium\nweir: {dedup: {period: 1h}}\n"  \
    "correlation: {type: event_count, rules: [d], group-by: [user], timespan: 10m, generate: " \
    "true, condition: {gte: 2}}\n"                                                             \
    "---\ntitle: steep\nid: steep\nname: steep\nlevel: high\ncorrelation: {type: risk, "       \
    "group-by: [user], condition: {gte: 150}, half-life: 1h}\n"                                \
    "---\ntitle: slow\nid: slow\nname: slow\nlevel: high\nweir: {dedup: {period: 30m}}\n"      \
    "correlation: {type: risk, rules: [a, b, c], group-by: [user], condition: {gte: 130}}\n"   \
    "---\ntitle: sole\nid: sole\nname: sole\nlevel: high\nweir: {dedup: off}\n"                \
    "correlation: {type: risk, group-by: [user], condition: {gte: 220}, half-life: 4h}\n"      \
    "---\ntitle: late\nid: late\nname: late\nlevel: high\nweir: {dedup: {period: 2h, anchor: " \
    "first}}\ncorrelation: {type: risk, group-by: [user], condition: {gte: 180}, half-life: 2h}\n"

static const char *const RISKS[] = {"steep", "slow", "sole", "late"};

struct happening {
    int64_t t_ms;
    char json[96];
};

static size_t random_happenings(struct rng *rng, struct happening *out, int64_t *times)
{
    size_t n = 1 + rng_below(rng, EVENTS_MAX);
    int64_t t = 1000 * (int64_t)RISK_HOUR_MS + rng_below(rng, RISK_HOUR_MS);

    for (size_t i = 0; i < n; i++) {
        uint32_t kind = rng_below(rng, 20);
        t += kind == 0  ? rng_below(rng, 3 * RISK_HOUR_MS)
             : kind < 4 ? rng_below(rng, 20 * MINUTE)
             : kind < 9 ? rng_below(rng, MINUTE)
                        : 0;
        times[i] = out[i].t_ms = t;
        snprintf(out[i].json, sizeof out[i].json,
                 "{\"act\":\"%c\",\"user\":\"u%u\",\"file\":\"f%u\"}", 'a' + (int)rng_below(rng, 5),
                 rng_below(rng, 3), rng_below(rng, 3));
    }
    return n;
}

/* ---- what a run told of risk --------------------------------------------------------------- */

struct told {
    uint8_t uid[16];
    char rule[RIG_NAME];
    uint64_t hits; /* of the last record */
    int creates, closes;
};

struct result {
    struct told told[512];
    size_t n;
};

static int by_uid(const void *x, const void *y)
{
    const struct told *a = x, *b = y;

    return memcmp(a->uid, b->uid, sizeof a->uid);
}

static struct told *told_of(struct result *r, const struct rig_told *f)
{
    for (size_t i = 0; i < r->n; i++)
        if (memcmp(r->told[i].uid, f->uid, sizeof f->uid) == 0)
            return &r->told[i];
    CHECK(r->n < ARRAY_LEN(r->told));
    struct told *t = &r->told[r->n++];
    *t = (struct told){0};
    memcpy(t->uid, f->uid, sizeof t->uid);
    memcpy(t->rule, f->rule, sizeof t->rule);
    return t;
}

static bool is_risk(const char *rule)
{
    for (size_t i = 0; i < ARRAY_LEN(RISKS); i++)
        if (strcmp(rule, RISKS[i]) == 0)
            return true;
    return false;
}

static void collect(const struct rule_rig *rig, struct result *out)
{
    out->n = 0;
    for (size_t i = 0; i < rig->n_told; i++) {
        const struct rig_told *f = &rig->told[i];
        if (!is_risk(f->rule))
            continue;
        struct told *t = told_of(out, f);
        t->hits = f->hits;
        t->creates += f->activity == FINDING_CREATE;
        t->closes += f->activity == FINDING_CLOSE;
    }
    qsort(out->told, out->n, sizeof *out->told, by_uid);
}

/* In that order; a batch ends behind each event with probability 1 / batch. */
static void run(struct rule_rig *rig, struct rng *rng, const struct happening *h,
                const struct arrival *order, size_t n, uint32_t batch, struct result *out)
{
    int64_t newest_ms = INT64_MIN + LATENESS;

    rule_rig_restart(rig, store_mem_new());
    for (size_t i = 0; i < n; i++) {
        const struct happening *e = &h[order[i].index];
        rule_rig_event(rig, 0, e->t_ms, i, e->json);
        newest_ms = e->t_ms > newest_ms ? e->t_ms : newest_ms;
        if (batch && rng_below(rng, batch) == 0)
            rule_rig_run(rig, newest_ms - LATENESS);
    }
    rule_rig_run(rig, INT64_MAX);
    collect(rig, out);
}

static void compare(const struct result *want, const struct result *got)
{
    CHECK_EQ(want->n, got->n);
    for (size_t i = 0; i < want->n; i++) {
        const struct told *a = &want->told[i], *b = &got->told[i];
        CHECK(memcmp(a->uid, b->uid, sizeof a->uid) == 0);
        CHECK_EQ(a->hits, b->hits);
        CHECK_EQ(b->creates, 1);
        CHECK_EQ(b->closes, strcmp(b->rule, "sole") != 0);
    }
}

TEST(no_order_and_no_batches_change_what_risk_finds)
{
    static struct happening h[EVENTS_MAX];
    static struct result want, got;
    static int64_t times[EVENTS_MAX];
    static struct arrival order[EVENTS_MAX];
    const struct graph_options options = {.secret = state_secret_test};
    struct rule_rig *rig = rule_rig_new(RULES, &options, store_mem_new());
    struct rng rng = rng_start("risk order");
    size_t found[ARRAY_LEN(RISKS)] = {0};

    for (int i = 0; i < RUNS; i++) {
        size_t n = random_happenings(&rng, h, times);
        arrivals_shuffle(&rng, times, n, 0, order);
        run(rig, &rng, h, order, n, 0, &want);
        for (size_t k = 0; k < want.n; k++)
            for (size_t r = 0; r < ARRAY_LEN(RISKS); r++)
                found[r] += strcmp(want.told[k].rule, RISKS[r]) == 0;
        for (int k = 0; k < ORDERS; k++) {
            arrivals_shuffle(&rng, times, n, LATENESS, order);
            run(rig, &rng, h, order, n, 1 + rng_below(&rng, 20), &got);
            compare(&want, &got);
        }
    }
    rule_rig_free(rig);
    for (size_t r = 0; r < ARRAY_LEN(RISKS); r++)
        CHECK(found[r] >= RUNS / 10);
}

/* Three alerts of one moment with buckets of their own: told with the third, in its batch. */
TEST(risk_is_told_with_the_alert_that_completes_it)
{
    const struct graph_options options = {.secret = state_secret_test};
    struct rule_rig *rig = rule_rig_new(RULES, &options, store_mem_new());
    int64_t t_ms = 1000 * (int64_t)RISK_HOUR_MS + RISK_HOUR_MS - 1;
    static const char *const acts[] = {"a", "b", "c"};

    for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
        char json[96];
        CHECK_EQ(rule_rig_count(rig, "slow", NULL, FINDING_CREATE), 0);
        snprintf(json, sizeof json, "{\"act\":\"%s\",\"user\":\"u\",\"file\":\"f%zu\"}", acts[i],
                 i);
        rule_rig_event(rig, 0, t_ms, i, json);
        rule_rig_run(rig, t_ms - LATENESS);
    }
    CHECK_EQ(rule_rig_count(rig, "slow", NULL, FINDING_CREATE), 1);
    rule_rig_free(rig);
}

TEST_MAIN(ENTRY(no_order_and_no_batches_change_what_risk_finds),
          ENTRY(risk_is_told_with_the_alert_that_completes_it))
