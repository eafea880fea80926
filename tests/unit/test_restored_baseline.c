/* test_restored_baseline.c - facts of ratio and volume, one by one: what is left to the replay, and
 * which of two facts counts. (test_lost_history has random streams, and does not mind what is told
 * twice.) */
#include "correlate/facts.h"
#include "correlate/operator.h"

#include "base/str.h"
#include "tests/lib/operator_run.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/test.h"

enum { HOUR = 3600000, WINDOWS = 4, HITS = 4 };
#define DAY (24 * (int64_t)HOUR)

static void restore(struct operator_run *run, const struct fact *f)
{
    struct state_op term, group;
    struct hit payload;
    size_t n = fact_ops(f, true, &payload, &term, &group);

    step_runner_apply(operator_run_steps(run), &term);
    group.space = 1;
    if (n > 1)
        step_runner_apply(operator_run_steps(run), &group);
}

static void hit(struct operator_run *run, uint32_t cell, int64_t t_ms, uint64_t actor)
{
    struct hit h = {.count = 1,
                    .value = 5,
                    .actor = actor,
                    .group_key = operator_run_key(1, 0),
                    .keys = STR("g"),
                    .value_text = STR("v")};

    operator_run_hit(run, operator_run_key(1, cell), t_ms, &h);
}

static size_t n_met(struct operator_run *run)
{
    size_t n;

    operator_run_watermark(run, INT64_MAX);
    (void)operator_run_met(run, &n);
    operator_run_free(run);
    return n;
}

/* ---- volume -------------------------------------------------------------------------------- */

/* Window `at` of an hour each, in the fifth day, had this sum. */
static struct fact window_of(int64_t at, int64_t sum, int64_t fresh_ms)
{
    return (struct fact){.kind = FACT_WINDOW,
                         .term_key = operator_run_key(1, 0),
                         .group_key = operator_run_key(1, 0),
                         .first_ms = 5 * DAY + at * HOUR,
                         .last_ms = 5 * DAY + (at + 1) * HOUR - 1,
                         .since_ms = 4 * DAY,
                         .number = (uint64_t)(sum * CORRELATION_MICRO),
                         .fresh_ms = fresh_ms};
}

/* HITS in window 1 behind these facts: is it twice the baseline? */
static size_t volume_met(const struct fact *facts, size_t n)
{
    static struct correlation c = {.kind = OPERATOR_VOLUME,
                                   .window_ms = HOUR,
                                   .baseline_ms = WINDOWS * (int64_t)HOUR,
                                   .factor_micro = 2 * CORRELATION_MICRO};
    static struct operator_spec spec = {.correlation = &c, .is_final = true};
    struct operator_run *run = operator_run_new(&operator_volume, &spec);

    for (size_t i = 0; i < n; i++)
        restore(run, &facts[i]);
    for (int i = 0; i < HITS; i++)
        hit(run, 0, 5 * DAY + HOUR + i, 0);
    return n_met(run);
}

TEST(a_fresh_window_is_judged_by_the_replay)
{
    int64_t fresh_ms = 5 * DAY + HOUR;
    struct fact facts[] = {window_of(0, 1, fresh_ms), window_of(1, HITS, fresh_ms)};

    CHECK_EQ(volume_met(facts, 1), 1);
    CHECK_EQ(volume_met(facts, 2), 1);
    facts[0].fresh_ms = facts[1].fresh_ms = INT64_MAX; /* one that is judged is not judged again */
    CHECK_EQ(volume_met(facts, 2), 0);
}

TEST(of_two_facts_of_a_window_the_last_counts)
{
    struct fact facts[] = {window_of(0, 1, INT64_MAX), window_of(0, 100, INT64_MAX)};

    CHECK_EQ(volume_met(facts, 1), 1);
    CHECK_EQ(volume_met(facts, 2), 0);
}

/* ---- ratio --------------------------------------------------------------------------------- */

static struct fact actor_of(uint64_t actor, int64_t t_ms, int64_t since_ms, int64_t fresh_ms)
{
    return (struct fact){.kind = FACT_ACTOR,
                         .term_key = operator_run_key(1, 1),
                         .group_key = operator_run_key(1, 0),
                         .term = 5,
                         .first_ms = t_ms,
                         .last_ms = t_ms,
                         .since_ms = since_ms,
                         .number = actor << 40,
                         .with = 1,
                         .of = 1,
                         .fresh_ms = fresh_ms};
}

/* A hit of `actor` at t_ms behind these facts, of which every ratio is told. */
static size_t ratio_met(const struct fact *facts, size_t n, int64_t t_ms, uint64_t actor,
                        int64_t training_ms)
{
    struct correlation c = {
        .kind = OPERATOR_RATIO, .history_ms = 10 * DAY, .training_ms = training_ms, .n_bounds = 1};
    struct operator_spec spec = {.correlation = &c, .is_final = true};

    c.bounds[0].op = BOUND_LTE;
    c.bounds[0].micro = CORRELATION_MICRO;
    struct operator_run *run = operator_run_new(&operator_ratio, &spec);
    for (size_t i = 0; i < n; i++)
        restore(run, &facts[i]);
    hit(run, 1, t_ms, actor << 40);
    return n_met(run);
}

TEST(a_group_began_when_the_last_of_its_facts_says)
{
    struct fact facts[] = {actor_of(1, 20 * DAY, 12 * DAY, INT64_MAX),
                           actor_of(2, 20 * DAY + HOUR, 19 * DAY, INT64_MAX)};
    struct fact back[] = {facts[1], facts[0]};

    CHECK_EQ(ratio_met(facts, 1, 21 * DAY, 3, 3 * DAY), 1);
    CHECK_EQ(ratio_met(facts, 2, 21 * DAY, 3, 3 * DAY), 0);
    CHECK_EQ(ratio_met(back, 2, 21 * DAY, 3, 3 * DAY), 0);
}

TEST(a_day_that_the_replay_reads_again_is_not_known_from_a_later_one)
{
    int64_t fresh_ms = 21 * DAY + 12 * HOUR;
    struct fact facts[] = {actor_of(1, 20 * DAY, 12 * DAY, fresh_ms),
                           actor_of(2, 22 * DAY, 12 * DAY, fresh_ms)};

    facts[1].with_day = facts[1].of_day = 21;
    CHECK_EQ(ratio_met(facts, 2, 21 * DAY + 13 * HOUR, 2, 0), 1);
    facts[1].with_day = facts[1].of_day = 20;
    CHECK_EQ(ratio_met(facts, 2, 20 * DAY + 13 * HOUR, 2, 0), 0);
}

TEST_MAIN(ENTRY(a_fresh_window_is_judged_by_the_replay),
          ENTRY(of_two_facts_of_a_window_the_last_counts),
          ENTRY(a_group_began_when_the_last_of_its_facts_says),
          ENTRY(a_day_that_the_replay_reads_again_is_not_known_from_a_later_one))
