/* test_clock.c - watermarks of sources: lateness, idle partitions. */
#include "correlate/clock.h"

#include "tests/lib/test.h"

enum { MINUTE = 60 * 1000, LATENESS = 5 * MINUTE /* of an unknown shape */ };

TEST(late_is_what_is_older_than_the_own_sources_watermark)
{
    static const struct {
        int64_t t_ms, late_by_ms;
    } rows[] = {{100 * MINUTE, 0},
                {95 * MINUTE, 0},
                {95 * MINUTE - 1, 1},
                {101 * MINUTE, 0},
                {90 * MINUTE, 6 * MINUTE}};
    struct clock *c = clock_new();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_EQ(clock_note(c, 0, NULL, rows[i].t_ms).late_by_ms, rows[i].late_by_ms);
    CHECK_EQ(clock_late(c), 2);
    CHECK_EQ(clock_note(c, 1, NULL, MINUTE).late_by_ms, 0); /* another partition */
    clock_free(c);
}

TEST(idle_partitions_hold_nothing_up)
{
    struct clock *c = clock_new();

    clock_advance(c, 0, NULL, LATENESS);
    clock_advance(c, 1, NULL, LATENESS + MINUTE);
    CHECK_EQ(clock_watermark(c), 0);
    clock_idle(c, 0);
    CHECK_EQ(clock_watermark(c), MINUTE);
    clock_advance(c, 0, NULL, LATENESS);
    CHECK_EQ(clock_watermark(c), 0);
    clock_free(c);
}

TEST_MAIN(ENTRY(late_is_what_is_older_than_the_own_sources_watermark),
          ENTRY(idle_partitions_hold_nothing_up))
