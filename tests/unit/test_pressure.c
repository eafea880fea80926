/* test_pressure.c - who has to know that a rule's state is full. */
#include "correlate/pressure.h"

#include <string.h>

#include "base/str.h"
#include "state/store_impl.h"
#include "tests/lib/test.h"

enum { SPACES = 4, RULES = 3 };
static const int64_t T0 = 1700000040000; /* a whole minute */

/* A store that only counts, as the test says. */
struct counting {
    struct store base;
    struct store_stats stats[SPACES];
    uint32_t gave[SPACES];
    size_t n_gave;
};

static struct counting store;

static struct store_stats stats_of(UNUSED const struct store *s, uint32_t space)
{
    return store.stats[space];
}

static const uint32_t *gave_of(UNUSED const struct store *s, size_t *n)
{
    *n = store.n_gave;
    return store.gave;
}

static const struct store_vtable vtable = {.stats = stats_of, .gave = gave_of};

static struct rule rules[RULES] = {{.uid = {"one", 3}, .level = LEVEL_LOW},
                                   {.uid = {"two", 3}, .level = LEVEL_HIGH},
                                   {.uid = {"three", 5}}};
static struct graph_rule graph_rules[RULES] = {
    {.rule = &rules[0]}, {.rule = &rules[1]}, {.rule = &rules[2]}};
/* The second rule has two spaces. */
static struct graph_space spaces[SPACES] = {{.rule = 0}, {.rule = 1}, {.rule = 1}, {.rule = 2}};
static const struct graph_tenant tenant;
static const struct graph graph = {.tenants = &tenant,
                                   .n_tenants = 1,
                                   .rules = graph_rules,
                                   .n_rules = RULES,
                                   .spaces = spaces,
                                   .n_spaces = SPACES};

static struct pressure *begin(void)
{
    store = (struct counting){.base.vtable = &vtable};
    store.stats[0].evicted = 1000; /* before our time */
    return pressure_new(&graph, &store.base);
}

static void touch_all(struct pressure *p, int64_t t_ms)
{
    for (uint32_t i = 0; i < SPACES; i++)
        pressure_touch(p, i, t_ms);
}

static uint32_t count_due(struct pressure *p)
{
    struct finding f;
    uint32_t rule, n = 0;

    while (pressure_next(p, &rule, &f))
        n++;
    return n;
}

TEST(a_minute_is_told_once_when_the_watermark_has_left_it)
{
    struct pressure *p = begin();
    struct finding f;
    uint32_t rule;

    for (int64_t t = 0; t < 60000; t += 10000) {
        touch_all(p, T0 + t);
        store.stats[1].evicted += 5;
        store.stats[2].shrunk += 2;
        store.stats[2].cells_refused += 1;
        pressure_end_batch(p, T0 + t);
        CHECK_EQ(count_due(p), 0);
    }
    touch_all(p, T0 + 60000);
    pressure_end_batch(p, T0 + 60000);
    CHECK(pressure_next(p, &rule, &f));
    CHECK_EQ(rule, 1);
    CHECK(f.is_flood && f.is_full && f.is_timer);
    CHECK_EQ(f.activity, FINDING_CREATE);
    CHECK_EQ(f.level, LEVEL_HIGH);
    CHECK_EQ(f.bucket_start_ms, T0);
    CHECK_EQ(f.at_ms, T0 + 60000);
    CHECK_EQ(f.hits, 6 * 8);
    CHECK_EQ(f.suppressed, 6 * 6);
    CHECK_STR(f.detail, "30 keys evicted, 6 keys refused, 12 keys kept small");
    CHECK_EQ(count_due(p), 0);
    pressure_end_batch(p, INT64_MAX);
    CHECK_EQ(count_due(p), 0);
    CHECK_EQ(pressure_counts(p).findings, 1);
    pressure_free(p);
}

/* Rule 0 has the operations, rule 2 gives for it. */
TEST(who_gave_for_others_is_told_without_operations_of_its_own)
{
    struct pressure *p = begin();
    struct finding f;
    uint32_t rule;

    pressure_touch(p, 0, T0);
    store.stats[3].evicted = 7;
    store.gave[0] = store.gave[1] = 3;
    store.n_gave = 2;
    pressure_touch_givers(p);
    store.n_gave = 0;
    pressure_touch_givers(p);
    pressure_end_batch(p, T0);
    CHECK_EQ(count_due(p), 0);
    pressure_end_batch(p, T0 + 60000);
    CHECK(pressure_next(p, &rule, &f));
    CHECK_EQ(rule, 2);
    CHECK_EQ(f.suppressed, 7);
    CHECK(!pressure_next(p, &rule, &f));
    pressure_free(p);
}

TEST(rules_follow_each_other_and_the_end_tells_the_rest)
{
    struct pressure *p = begin();
    struct finding f;
    uint32_t rule;

    touch_all(p, T0);
    store.stats[0].evicted++;
    pressure_end_batch(p, T0);
    touch_all(p, T0 + 60000);
    store.stats[3].evicted++;
    pressure_end_batch(p, INT64_MAX);
    CHECK(pressure_next(p, &rule, &f));
    CHECK_EQ(rule, 0);
    CHECK_EQ(f.bucket_start_ms, T0);
    CHECK(pressure_next(p, &rule, &f));
    CHECK_EQ(rule, 2);
    CHECK_EQ(f.bucket_start_ms, T0 + 60000);
    CHECK_EQ(count_due(p), 0);
    pressure_free(p);
}

TEST(time_never_runs_back_and_an_unknown_watermark_is_the_newest_event)
{
    static const struct {
        int64_t t_ms, watermark_ms;
        uint32_t n_due;
    } steps[] = {{T0 + 5000, INT64_MIN, 0},     {T0 + 61000, INT64_MIN, 1},
                 {T0 + 3000, INT64_MIN, 0},   /* an input that begins earlier */
                 {T0 + 62000, T0 + 20000, 0}, /* known now, but behind */
                 {T0 + 120000, T0 + 119999, 0}, {T0 + 200000, T0 + 120000, 1}};
    struct pressure *p = begin();

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        pressure_touch(p, 0, steps[i].t_ms);
        store.stats[0].evicted++;
        pressure_end_batch(p, steps[i].watermark_ms);
        CHECK_EQ(count_due(p), steps[i].n_due);
    }
    pressure_free(p);
}

TEST(a_replay_gives_the_same_uids_and_minutes_and_rules_other_ones)
{
    uint8_t uids[2][4][16];

    for (int run = 0; run < 2; run++) {
        struct pressure *p = begin();
        struct finding f;
        uint32_t rule, n = 0;
        for (int64_t minute = 0; minute < 2; minute++) {
            touch_all(p, T0 + minute * 60000);
            store.stats[0].evicted += 1 + (uint64_t)run; /* what was given up does not matter */
            store.stats[1].shrunk++;
            pressure_end_batch(p, T0 + minute * 60000);
            while (n < 4 && pressure_next(p, &rule, &f))
                memcpy(uids[run][n++], f.uid, sizeof f.uid);
        }
        pressure_end_batch(p, INT64_MAX);
        while (n < 4 && pressure_next(p, &rule, &f))
            memcpy(uids[run][n++], f.uid, sizeof f.uid);
        CHECK_EQ(n, 4);
        pressure_free(p);
    }
    CHECK(memcmp(uids[0], uids[1], sizeof uids[0]) == 0);
    for (int i = 1; i < 4; i++)
        for (int k = 0; k < i; k++)
            CHECK(memcmp(uids[0][i], uids[0][k], 16) != 0);
}

TEST(what_was_held_at_most_is_that_of_one_space)
{
    struct pressure *p = begin();

    touch_all(p, T0);
    store.stats[0].bytes = 70;
    store.stats[1].bytes = 90;
    store.stats[1].capsule_bytes = 11;
    pressure_end_batch(p, T0);
    touch_all(p, T0);
    store.stats[1].bytes = 10;
    pressure_end_batch(p, T0);
    CHECK_EQ(pressure_counts(p).most_bytes, 90);
    CHECK_EQ(pressure_counts(p).most_capsule_bytes, 11);
    pressure_free(p);
}

TEST_MAIN(ENTRY(a_minute_is_told_once_when_the_watermark_has_left_it),
          ENTRY(who_gave_for_others_is_told_without_operations_of_its_own),
          ENTRY(rules_follow_each_other_and_the_end_tells_the_rest),
          ENTRY(time_never_runs_back_and_an_unknown_watermark_is_the_newest_event),
          ENTRY(a_replay_gives_the_same_uids_and_minutes_and_rules_other_ones),
          ENTRY(what_was_held_at_most_is_that_of_one_space))
