/* test_due.c - when a batch goes to the lane. */
#include "worker/due.h"
#include "tests/lib/test.h"

struct expected {
    struct due due;
    uint32_t times;
    bool is_due;
};

static void check(const struct expected *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (due_times(&table[i].due) != table[i].times || due_is(&table[i].due) != table[i].is_due)
            printf("row %zu\n", i);
        CHECK_EQ(due_times(&table[i].due), table[i].times);
        CHECK_EQ(due_is(&table[i].due), table[i].is_due);
    }
}

TEST(few_events_wait_for_no_others_but_for_a_part_of_the_time_of_a_batch)
{
    static const struct expected table[] = {
        {{100, .age_ms = 0, .pushed_ms = 25, .is_all_read = true, .has_to_publish = true}, 1, true},
        {{100, .age_ms = 24, .pushed_ms = 24, .is_all_read = true, .has_to_publish = true},
         1,
         false},
        {{20, .age_ms = 0, .pushed_ms = 5, .is_all_read = true, .has_to_publish = true}, 1, true},
        {{1, .age_ms = 0, .pushed_ms = 0, .is_all_read = true, .has_to_publish = true}, 1, true},
        /* more is there, or there is nothing to tell */
        {{100, .age_ms = 99, .pushed_ms = 99, .has_to_publish = true}, 1, false},
        {{100, .age_ms = 99, .pushed_ms = 500, .is_all_read = true}, 1, false},
        {{100, .age_ms = 100, .pushed_ms = 500, .is_all_read = true}, 1, true},
        {{100, .age_ms = 100}, 1, true},
    };

    check(table, sizeof table / sizeof *table);
}

TEST(a_backlog_goes_in_larger_batches)
{
    static const struct expected table[] = {
        {{100, .age_ms = 799, .pushed_ms = 799, .waited_ms = 1001, .has_to_publish = true},
         8,
         false},
        {{100, .age_ms = 800, .waited_ms = 1001}, 8, true},
        {{100, .age_ms = 799, .waited_ms = INT64_MAX}, 8, false},
        /* at half load partitions are not read to their end either, but nothing has waited */
        {{100, .age_ms = 100, .waited_ms = 1000}, 1, true},
        {{100, .age_ms = 100, .waited_ms = -3000}, 1, true}, /* a producer's clock that is ahead */
        /* times of long ago in what comes at once */
        {{100, .age_ms = 100, .waited_ms = 86400000, .has_caught_up = true}, 1, true},
    };

    check(table, sizeof table / sizeof *table);
}

TEST_MAIN(ENTRY(few_events_wait_for_no_others_but_for_a_part_of_the_time_of_a_batch),
          ENTRY(a_backlog_goes_in_larger_batches))
