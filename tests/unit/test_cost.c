/* test_cost.c - sums of sampled costs: one sample during which the thread was stopped decides
 * nothing, a rule that is slow each time is told as slow. */
#include "tests/lib/test.h"

#include "match/cost.h"

enum { USUAL = 800, STOPPED = 10000000 /* 4 ms at 2.5 GHz */, SAMPLES = 10000 };

static uint64_t sum_of(uint64_t cycles, uint64_t stopped_at)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < SAMPLES; i++)
        sum += cost_of_sample(i == stopped_at ? STOPPED : cycles, sum, i);
    return sum;
}

TEST(a_sample_in_which_the_thread_was_stopped_decides_nothing)
{
    const uint64_t plain = sum_of(USUAL, SAMPLES);

    CHECK_EQ(plain, (uint64_t)USUAL * SAMPLES);
    for (uint64_t at = 0; at < SAMPLES; at += 1999) /* also the first one */
        CHECK(sum_of(USUAL, at) - plain < plain / 20);
}

TEST(a_rule_that_is_slow_each_time_is_told_as_slow)
{
    const uint64_t wanted = (uint64_t)STOPPED * SAMPLES;

    CHECK(sum_of(STOPPED, SAMPLES) > wanted - wanted / 100);
}

TEST(what_a_rule_with_few_samples_costs_is_bounded)
{
    CHECK_EQ(cost_of_sample(STOPPED, 0, 0), COST_CYCLES);
    CHECK_EQ(cost_of_sample(5, 0, 0), 5);
    CHECK_EQ(cost_of_sample(STOPPED, 3000000, 3), 8000000);
}

TEST_MAIN(ENTRY(a_sample_in_which_the_thread_was_stopped_decides_nothing),
          ENTRY(a_rule_that_is_slow_each_time_is_told_as_slow),
          ENTRY(what_a_rule_with_few_samples_costs_is_bounded))
