/* test_log_clock.c - event time of one partition: what is late, how far it has come, and that it
 * goes on in another process. */
#include "worker/log_clock.h"
#include "base/str.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

enum { MINUTE = 60 * 1000 };

static struct arena *arena;
static const struct profile_set *profiles;

static void load(void)
{
    struct weir_err err;

    if (arena)
        return;
    arena = arena_new(0);
    CHECK_EQ(profile_set_load(arena, STR(""), &profiles, &err), WEIR_OK);
}

TEST(late_is_what_is_older_than_its_own_source_allows)
{
    struct log_clock c;

    load();
    log_clock_init(&c, INT64_MIN);
    CHECK_EQ(log_clock_prefix(&c), INT64_MIN);
    CHECK_EQ(log_clock_note(&c, NULL, 100 * MINUTE).late_by_ms, 0);
    CHECK_EQ(log_clock_note(&c, NULL, 95 * MINUTE).late_by_ms, 0);
    CHECK_EQ(log_clock_note(&c, NULL, 95 * MINUTE - 1).late_by_ms, 1);
    CHECK_EQ(log_clock_prefix(&c), 95 * MINUTE);
    CHECK_EQ(log_clock_note(&c, profile_at(profiles, 0), 1 * MINUTE).late_by_ms, 0);
    CHECK_EQ(log_clock_prefix(&c), 95 * MINUTE); /* it never falls */
    CHECK_EQ(c.late, 1);
}

TEST(the_slowest_source_holds_the_prefix_until_it_has_fallen_silent)
{
    const int64_t lateness = (load(), profile_lateness_ms(profile_at(profiles, 0)));
    struct log_clock c;

    log_clock_init(&c, INT64_MIN);
    (void)log_clock_note(&c, profile_at(profiles, 0), 0);
    (void)log_clock_note(&c, NULL, 30 * MINUTE);
    CHECK_EQ(log_clock_prefix(&c), -lateness);
    (void)log_clock_note(&c, NULL, 60 * MINUTE);
    CHECK_EQ(log_clock_prefix(&c), -lateness);
    (void)log_clock_note(&c, NULL, 60 * MINUTE + 1);
    CHECK_EQ(log_clock_prefix(&c), 55 * MINUTE + 1);
}

TEST(a_source_that_comes_back_from_silence_begins_at_the_prefix)
{
    const struct profile *p = (load(), profile_at(profiles, 0));
    struct log_clock c;

    log_clock_init(&c, INT64_MIN);
    (void)log_clock_note(&c, p, 0);
    (void)log_clock_note(&c, NULL, 200 * MINUTE);
    CHECK_EQ(log_clock_prefix(&c), 195 * MINUTE);
    CHECK_EQ(log_clock_note(&c, p, 190 * MINUTE).late_by_ms, 5 * MINUTE);
    CHECK_EQ(log_clock_note(&c, p, 195 * MINUTE).late_by_ms, 0);
    CHECK_EQ(log_clock_prefix(&c), 195 * MINUTE);
}

TEST(silence_moves_time_as_an_owner_at_the_end_may_say)
{
    static const struct {
        int64_t silence_ms, prefix_ms;
    } rows[] = {
        {0, 0}, {CLOCK_IDLE_MS, 0}, {CLOCK_IDLE_MS + 1, 1}, {CLOCK_IDLE_MS + MINUTE, MINUTE}};
    struct log_clock c;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        log_clock_init(&c, INT64_MIN);
        log_clock_silence(&c, MINUTE);
        CHECK_EQ(log_clock_idle(&c, 60 * MINUTE), INT64_MIN);
        (void)log_clock_note(&c, NULL, LOG_CLOCK_UNKNOWN_MS);
        CHECK_EQ(log_clock_idle(&c, rows[i].silence_ms + LOG_CLOCK_MARGIN_MS), rows[i].prefix_ms);
        CHECK_EQ(log_clock_prefix(&c), 0);
        log_clock_silence(&c, rows[i].silence_ms);
        CHECK_EQ(log_clock_prefix(&c), rows[i].prefix_ms);
        CHECK_EQ(log_clock_note(&c, NULL, rows[i].prefix_ms).late_by_ms, 0);
        CHECK_EQ(log_clock_note(&c, NULL, rows[i].prefix_ms - 1).late_by_ms, 1);
    }
}

TEST(a_clock_goes_on_from_its_metadata)
{
    struct rng r = rng_start("log_clock");
    struct log_clock a, b;
    struct buf bytes = {0};

    load();
    for (int turn = 0; turn < 200; turn++) {
        log_clock_init(&a, INT64_MIN);
        for (int i = 0; i < 50; i++)
            (void)log_clock_note(&a, profile_at(profiles, rng_below(&r, 8)),
                                 (int64_t)rng_below(&r, 130 * MINUTE));
        int64_t prefix_ms = log_clock_prefix(&a);
        buf_clear(&bytes);
        log_clock_pack(&a, &bytes);
        CHECK(bytes.n <= LOG_CLOCK_BYTES_MAX);
        CHECK(log_clock_unpack(&b, buf_str(&bytes), prefix_ms));
        for (int i = 0; i < 50; i++) {
            const struct profile *p = profile_at(profiles, rng_below(&r, 10));
            int64_t t_ms = (int64_t)rng_below(&r, 240 * MINUTE);
            CHECK_EQ(log_clock_note(&a, p, t_ms).late_by_ms,
                     log_clock_note(&b, p, t_ms).late_by_ms);
            CHECK_EQ(log_clock_prefix(&a), log_clock_prefix(&b));
        }
    }
    buf_release(&bytes);
}

TEST(of_a_noted_place_the_prefix_is_what_is_known)
{
    struct log_clock c;

    log_clock_init(&c, 95 * MINUTE);
    CHECK_EQ(log_clock_note(&c, NULL, 95 * MINUTE).late_by_ms, 0);
    CHECK_EQ(log_clock_note(&c, NULL, 94 * MINUTE).late_by_ms, MINUTE);
    CHECK_EQ(log_clock_prefix(&c), 95 * MINUTE);
}

TEST(more_sources_than_places_share_the_last)
{
    struct log_clock c;
    struct buf bytes = {0};

    load();
    if (profile_count(profiles) < LOG_CLOCK_SOURCES + 2)
        return;
    log_clock_init(&c, INT64_MIN);
    for (uint32_t i = 0; i < LOG_CLOCK_SOURCES + 2; i++)
        (void)log_clock_note(&c, profile_at(profiles, i), (int64_t)1 << (i % 63));
    CHECK_EQ(c.n, LOG_CLOCK_SOURCES);
    CHECK_EQ(c.overflow, 2);
    log_clock_pack(&c, &bytes);
    CHECK(bytes.n <= LOG_CLOCK_BYTES_MAX);
    buf_release(&bytes);
}

TEST(damaged_bytes_are_nothing)
{
    struct log_clock c;
    struct buf bytes = {0};

    log_clock_init(&c, INT64_MIN);
    (void)log_clock_note(&c, NULL, 5);
    log_clock_pack(&c, &bytes);
    for (size_t n = 0; n < bytes.n; n++) {
        CHECK(!log_clock_unpack(&c, (struct str){bytes.p, n}, 77));
        CHECK_EQ(c.n, 0);
        CHECK_EQ(log_clock_prefix(&c), 77);
    }
    buf_release(&bytes);
}

TEST_MAIN(ENTRY(late_is_what_is_older_than_its_own_source_allows),
          ENTRY(the_slowest_source_holds_the_prefix_until_it_has_fallen_silent),
          ENTRY(a_source_that_comes_back_from_silence_begins_at_the_prefix),
          ENTRY(silence_moves_time_as_an_owner_at_the_end_may_say),
          ENTRY(a_clock_goes_on_from_its_metadata),
          ENTRY(of_a_noted_place_the_prefix_is_what_is_known),
          ENTRY(more_sources_than_places_share_the_last), ENTRY(damaged_bytes_are_nothing))
