/* test_restored_rarity.c - facts of rarity, one by one: what a cell knows of them when events come
 * again, or come later. (test_lost_history has random streams, and does not mind what is told
 * twice.)
 */
#include "correlate/facts.h"
#include "correlate/operator.h"

#include "base/str.h"
#include "tests/lib/operator_run.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/test.h"

enum { MINUTE = 60000, HOUR = 60 * MINUTE, AT_MOST = 3 };
#define NOON (10 * 24 * (int64_t)HOUR + 12 * HOUR)

struct row {
    const char *why;
    unsigned by;                /* RARITY_COUNT ... */
    int64_t limit, training_ms; /* lte */
    struct {
        int64_t t_ms;
        uint64_t number; /* hits, or the actor */
        int64_t before;  /* it: the group's first hit */
    } facts[AT_MOST];
    size_t n_facts;
    int64_t fresh_ms;
    struct {
        int64_t t_ms;
        uint64_t actor;
    } hits[AT_MOST];
    size_t n_hits;
    int64_t met[AT_MOST];
    size_t n_met;
};

static void restore(struct operator_run *run, const struct row *row, size_t i)
{
    int64_t t_ms = row->facts[i].t_ms;

    struct fact f = {.kind = FACT_ENTRY,
                     .term_key = operator_run_key(1, 1),
                     .group_key = operator_run_key(1, 0),
                     .term = 5,
                     .first_ms = t_ms,
                     .last_ms = t_ms,
                     .since_ms = t_ms - row->facts[i].before,
                     .number = row->facts[i].number,
                     .fresh_ms = row->fresh_ms};
    struct state_op term, group;
    struct hit payload;

    CHECK_EQ(fact_ops(&f, true, &payload, &term, &group), 2);
    group.space = 1;
    step_runner_apply(operator_run_steps(run), &term);
    step_runner_apply(operator_run_steps(run), &group);
}

static void check_row(const struct row *row)
{
    struct correlation c = {.kind = OPERATOR_RARITY,
                            .history_ms = 3 * 24 * (int64_t)HOUR,
                            .rarity_by = row->by,
                            .training_ms = row->training_ms,
                            .n_bounds = 1};
    struct operator_spec spec = {.correlation = &c, .is_final = true};
    size_t n;

    c.bounds[0].op = BOUND_LTE;
    c.bounds[0].micro = row->limit * CORRELATION_MICRO;
    struct operator_run *run = operator_run_new(&operator_rarity, &spec);
    for (size_t i = 0; i < row->n_facts; i++)
        restore(run, row, i);
    for (size_t i = 0; i < row->n_hits; i++) {
        struct hit hit = {.count = 1,
                          .value = 5,
                          .actor = row->hits[i].actor,
                          .group_key = operator_run_key(1, 0),
                          .keys = STR("g"),
                          .value_text = STR("v")};
        operator_run_hit(run, operator_run_key(1, 1), row->hits[i].t_ms, &hit);
    }
    operator_run_watermark(run, INT64_MAX);
    const struct met *met = operator_run_met(run, &n);
    if (n != row->n_met)
        print_error("%s: %zu met\n", row->why, n);
    CHECK_EQ(n, row->n_met);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(met[i].t_ms, row->met[i]);
    operator_run_free(run);
}

TEST(what_facts_tell_is_known_and_not_judged_again)
{
    static const struct row rows[] = {
        {.why = "a time that nobody told of is judged",
         .by = RARITY_COUNT,
         .limit = 2,
         .fresh_ms = INT64_MAX,
         .hits = {{NOON, 0}},
         .n_hits = 1,
         .met = {NOON},
         .n_met = 1},
        {.why = "a restored time is not judged again",
         .by = RARITY_COUNT,
         .limit = 2,
         .facts = {{NOON, 1, HOUR}},
         .n_facts = 1,
         .fresh_ms = INT64_MAX,
         .hits = {{NOON, 0}},
         .n_hits = 1},
        {.why = "but a fresh one is: its finding is counted again",
         .by = RARITY_COUNT,
         .limit = 2,
         .facts = {{NOON, 1, HOUR}},
         .n_facts = 1,
         .fresh_ms = NOON,
         .hits = {{NOON, 0}},
         .n_hits = 1,
         .met = {NOON},
         .n_met = 1},
        {.why = "of two facts of a time the one with more hits counts, in any order",
         .by = RARITY_COUNT,
         .limit = 2,
         .facts = {{NOON, 3, HOUR}, {NOON, 1, HOUR}},
         .n_facts = 2,
         .fresh_ms = INT64_MAX,
         .hits = {{NOON + MINUTE, 0}},
         .n_hits = 1},
        {.why = "a restored time has all its hits: those that come again do not add to it",
         .by = RARITY_COUNT,
         .limit = 2,
         .facts = {{NOON, 2, HOUR}},
         .n_facts = 1,
         .fresh_ms = INT64_MAX,
         .hits = {{NOON, 0}, {NOON, 0}, {NOON + MINUTE, 0}},
         .n_hits = 3,
         .met = {NOON + MINUTE},
         .n_met = 1},
        {.why = "of two facts of a day the earlier hit counts: what lies between them is not new",
         .by = RARITY_DAYS,
         .limit = 0,
         .facts = {{NOON, 0, HOUR}, {NOON + 2 * HOUR, 0, HOUR}},
         .n_facts = 2,
         .fresh_ms = INT64_MAX,
         .hits = {{NOON + HOUR, 0}},
         .n_hits = 1},
        {.why = "an actor's hit that nobody told of is judged",
         .by = RARITY_ACTORS,
         .limit = 3,
         .fresh_ms = INT64_MAX,
         .hits = {{NOON, 7}},
         .n_hits = 1,
         .met = {NOON},
         .n_met = 1},
        {.why = "the first hit of a restored run is not judged again",
         .by = RARITY_ACTORS,
         .limit = 3,
         .facts = {{NOON, 7, HOUR}},
         .n_facts = 1,
         .fresh_ms = INT64_MAX,
         .hits = {{NOON, 7}, {NOON + MINUTE, 8}},
         .n_hits = 2,
         .met = {NOON + MINUTE},
         .n_met = 1},
        {.why = "the group is as old as the oldest fact says, in any order",
         .by = RARITY_COUNT,
         .limit = 2,
         .training_ms = 2 * HOUR,
         .facts = {{NOON, 1, HOUR}, {NOON, 1, 3 * HOUR}},
         .n_facts = 2,
         .fresh_ms = INT64_MAX,
         .hits = {{NOON + MINUTE, 0}},
         .n_hits = 1,
         .met = {NOON + MINUTE},
         .n_met = 1},
        {.why = "and no older",
         .by = RARITY_COUNT,
         .limit = 2,
         .training_ms = 2 * HOUR,
         .facts = {{NOON, 1, HOUR}},
         .n_facts = 1,
         .fresh_ms = INT64_MAX,
         .hits = {{NOON + MINUTE, 0}},
         .n_hits = 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(&rows[i]);
}

TEST_MAIN(ENTRY(what_facts_tell_is_known_and_not_judged_again))
