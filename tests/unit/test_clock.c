/* test_clock.c - watermarks of sources: lateness, silence, and who holds them. */
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

TEST(silence_beyond_its_limit_moves_the_partitions_sources)
{
    static const struct {
        int64_t silence_ms, watermark_ms;
    } rows[] = {{0, 0},
                {CLOCK_IDLE_MS, 0},
                {CLOCK_IDLE_MS + 1, 1},
                {CLOCK_IDLE_MS + MINUTE, MINUTE},
                {-5, 0}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct clock *c = clock_new();
        clock_advance(c, 0, NULL, LATENESS);
        clock_silence(c, 0, rows[i].silence_ms);
        CHECK_EQ(clock_watermark(c), rows[i].watermark_ms);
        clock_advance(c, 1, NULL, LATENESS); /* another one was not silent */
        CHECK_EQ(clock_watermark(c), 0);
        clock_free(c);
    }
}

TEST(a_silent_partition_that_showed_nothing_stays_unknown)
{
    struct clock *c = clock_new();

    clock_silence(c, 0, 100 * MINUTE);
    CHECK_EQ(clock_watermark(c), INT64_MIN);
    CHECK_EQ(clock_note(c, 0, NULL, MINUTE).late_by_ms, 0);
    clock_free(c);
}

TEST_MAIN(ENTRY(late_is_what_is_older_than_the_own_sources_watermark),
          ENTRY(silence_beyond_its_limit_moves_the_partitions_sources),
          ENTRY(a_silent_partition_that_showed_nothing_stays_unknown))
