/* test_distinct_window.c - the window's counts at its candidates, against the list of all hits. */
#include "correlate/distinct_window.h"

#include "correlate/span.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

enum { HITS = 400, TAIL = 5 };

struct seen {
    int64_t t_ms;
    uint64_t value;
};

static uint8_t memory[CELL_BYTES_MAX];

static void start(struct distinct_window *w, struct cell *cell)
{
    *cell = (struct cell){.main = {memory, 0, sizeof memory}};
    w->cell = cell;
    CHECK(distinct_window_init(w));
    CHECK(cell_resize(cell, cell->main.n + TAIL));
    memcpy(cell->main.p + distinct_window_bytes(w), "tail", TAIL);
}

static uint32_t model_count(const struct distinct_window *w, const struct seen *seen, uint32_t n,
                            int64_t at_ms)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < n; i++) {
        bool is_in = seen[i].t_ms <= at_ms && seen[i].t_ms >= at_ms - w->window_ms;
        for (uint32_t k = 0; is_in && k < i; k++)
            is_in = seen[k].value != seen[i].value || seen[k].t_ms > at_ms ||
                    seen[k].t_ms < at_ms - w->window_ms;
        count += is_in;
    }
    return count;
}

static void check_candidates(const struct distinct_window *w, const struct seen *seen, uint32_t n,
                             int64_t from_ms)
{
    for (uint32_t i = 0; i < distinct_window_n(w); i++) {
        int64_t at_ms = distinct_window_candidate(w, i);
        if (at_ms < from_ms)
            continue;
        uint32_t want = model_count(w, seen, n, at_ms), got = distinct_window_count(w, at_ms);
        if (want < w->keep)
            CHECK_EQ(got, want);
        else
            CHECK(got >= w->keep);
    }
}

/* unit: 1000 for windows that work on whole seconds. */
static void check_stream(struct rng *rng, struct distinct_window *w, int64_t unit)
{
    static struct seen seen[HITS];
    struct cell cell;
    int64_t t_ms = 0, newest_ms = INT64_MIN, lateness_ms = w->window_ms / 2;
    uint32_t values = 1 + rng_below(rng, 4 * w->keep);

    start(w, &cell);
    for (uint32_t i = 0; i < HITS; i++) {
        t_ms += rng_below(rng, (uint32_t)(w->window_ms / (2 * w->keep)) + 2);
        int64_t behind_ms = rng_below(rng, (uint32_t)lateness_ms + 1);
        seen[i] = (struct seen){span_floor(t_ms - behind_ms, unit), rng_below(rng, values)};
        if (t_ms > newest_ms)
            newest_ms = t_ms;
        int64_t watermark_ms = span_floor(newest_ms - lateness_ms, unit);
        distinct_window_add(w, seen[i].t_ms, seen[i].value, watermark_ms);
        if (rng_below(rng, 8) == 0)
            distinct_window_expire(w, watermark_ms);
        if (rng_below(rng, 8) == 0)
            check_candidates(w, seen, i + 1, watermark_ms);
        CHECK(memcmp(cell.main.p + distinct_window_bytes(w), "tail", TAIL) == 0);
        CHECK_EQ(distinct_window_bytes(w) + TAIL, cell.main.n);
    }
    CHECK(distinct_window_is_exact(w));
}

TEST(counts_at_candidates_are_those_of_the_list)
{
    struct rng rng = rng_start("distinct window");

    for (int round = 0; round < 60; round++) {
        struct distinct_window w = {.window_ms = 10 + rng_below(&rng, 1000),
                                    .keep = 1 + rng_below(&rng, round % 2 ? 8 : 60)};
        w.bucket_ms = w.window_ms / 2 + rng_below(&rng, 3000);
        w.bucket_zero = rng_below(&rng, 3000);
        check_stream(&rng, &w, 1);
    }
}

TEST(long_windows_work_on_whole_seconds)
{
    struct rng rng = rng_start("distinct window, long");

    for (int round = 0; round < 30; round++) {
        struct distinct_window w = {.window_ms = (DISTINCT_FINE_MS / 1000 + 1) * 1000,
                                    .keep = 1 + rng_below(&rng, 30)};
        w.bucket_ms = 3600 * 1000 + rng_below(&rng, 1000000000);
        w.bucket_zero = rng_below(&rng, 1000000);
        check_stream(&rng, &w, 1000);
    }
}

TEST(bounds_of_memory_make_it_inexact_and_times_of_any_size_do_no_harm)
{
    static const int64_t times[] = {INT64_MIN, INT64_MAX, 0, -1, INT64_C(1) << 40, INT64_MIN + 1};
    struct distinct_window w = {.window_ms = 1000, .bucket_ms = 3600000, .keep = 200000};
    struct cell cell;

    start(&w, &cell);
    for (uint64_t value = 0; value < DISTINCT_VALUES_MAX + 10; value++)
        distinct_window_add(&w, 500, value, 0);
    CHECK(!distinct_window_is_exact(&w));
    CHECK(distinct_window_n(&w) <= DISTINCT_VALUES_MAX);
    start(&w, &cell);
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        struct distinct_change c = distinct_window_add(&w, times[i], i, INT64_MIN);
        CHECK_EQ(distinct_window_count(&w, c.t_ms), 1);
    }
}

/* Partitions that are weeks apart, as in a log that is read from its beginning: the watermark is
 * the slowest one's. */
TEST(hits_of_seven_weeks_wait_for_the_watermark)
{
    enum { DAYS = 49, EACH = 3 };
    const int64_t day_ms = INT64_C(86400) * 1000;
    static const int orders[][2] = {{1, 0}, {-1, DAYS - 1}, {10, 0}}; /* step, first; modulo DAYS */

    for (size_t k = 0; k < ARRAY_LEN(orders); k++) {
        struct distinct_window w = {.window_ms = 1000, .bucket_ms = 3600000, .keep = EACH};
        struct cell cell;
        start(&w, &cell);
        for (int i = 0; i < DAYS; i++) {
            int day = (orders[k][1] + (i + 1) * DAYS + i * orders[k][0]) % DAYS;
            for (uint64_t value = 0; value < EACH; value++)
                distinct_window_add(&w, day * day_ms + (int64_t)value, value, 0);
        }
        CHECK(distinct_window_is_exact(&w));
        for (int day = 0; day < DAYS; day++)
            CHECK_EQ(distinct_window_count(&w, day * day_ms + EACH), EACH);
    }
}

TEST(a_bin_keeps_no_more_than_it_must)
{
    struct distinct_window w = {.window_ms = 1000000, .bucket_ms = 1000000000, .keep = 10};
    struct cell cell;

    start(&w, &cell);
    for (uint32_t i = 0; i < 100000; i++)
        distinct_window_add(&w, 10 + i, i, 0);
    CHECK(distinct_window_n(&w) <= 30);
    CHECK(distinct_window_bytes(&w) <= 1000);
}

TEST(an_index_of_many_values_finds_them_all)
{
    enum { VALUES = 100000 };
    struct distinct_window w = {.window_ms = 1000000, .bucket_ms = 10000000, .keep = VALUES};
    struct cell cell;

    start(&w, &cell);
    for (uint32_t turn = 0; turn < 2; turn++)
        for (uint32_t i = 0; i < VALUES; i++)
            distinct_window_add(&w, i, i, 0);
    CHECK_EQ(distinct_window_n(&w), VALUES);
    CHECK_EQ(distinct_window_count(&w, VALUES), VALUES);
    CHECK_EQ(distinct_window_count(&w, VALUES / 2), VALUES / 2 + 1);
}

TEST(a_window_has_both_its_ends)
{
    struct distinct_window w = {.window_ms = 1000, .bucket_ms = 5000, .keep = 10};
    struct cell cell;

    start(&w, &cell);
    distinct_window_add(&w, 0, 1, 0);
    distinct_window_expire(&w, 1000);
    distinct_window_add(&w, 1000, 2, 1000);
    CHECK_EQ(distinct_window_count(&w, 1000), 2);
    CHECK_EQ(distinct_window_count(&w, 1001), 1);
    CHECK_EQ(distinct_window_mask(&w, 1000), 6);
    distinct_window_expire(&w, 1001);
    CHECK_EQ(distinct_window_n(&w), 1);
}

TEST_MAIN(ENTRY(counts_at_candidates_are_those_of_the_list),
          ENTRY(long_windows_work_on_whole_seconds),
          ENTRY(bounds_of_memory_make_it_inexact_and_times_of_any_size_do_no_harm),
          ENTRY(hits_of_seven_weeks_wait_for_the_watermark),
          ENTRY(a_bin_keeps_no_more_than_it_must), ENTRY(an_index_of_many_values_finds_them_all),
          ENTRY(a_window_has_both_its_ends))
