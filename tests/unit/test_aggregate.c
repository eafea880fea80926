/* test_aggregate.c - numbers of a window against a model that sorts and adds anew at every hit. */
#include "correlate/settle.h"

#include <stdlib.h>

#include "correlate/hit.h"
#include "correlate/record.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/test.h"
#include "tests/lib/window_stream.h"

enum { WINDOWS = 5000, VALUES = 40 };

static int by_value(const void *x, const void *y)
{
    const int64_t *a = x, *b = y;

    return (*a > *b) - (*a < *b);
}

/* times 1 or, for averages, times n */
static int64_t value_of(const struct stream *s, uint32_t from, uint32_t to)
{
    static int64_t v[STREAM_MAX];
    int64_t sum = 0;
    uint32_t n = to - from, nth = 1;

    for (uint32_t i = 0; i < n; i++)
        sum += v[i] = (int64_t)s->hits[from + i].value;
    if (s->correlation.aggregate <= AGGREGATE_AVG)
        return sum;
    qsort(v, n, sizeof *v, by_value);
    if (s->correlation.aggregate == AGGREGATE_MIN)
        return v[0];
    if (s->correlation.aggregate == AGGREGATE_MAX)
        return v[n - 1];
    while ((int64_t)nth * 100 * CORRELATION_MICRO < s->correlation.percentile_micro * n)
        nth++;
    return v[nth - 1];
}

static bool is_met(const struct stream *s, uint32_t from, uint32_t to)
{
    const struct bound *b = &s->correlation.bounds[0];
    int64_t x = value_of(s, from, to);
    int64_t bound = b->micro * (s->correlation.aggregate == AGGREGATE_AVG ? to - from : 1);

    return b->op == BOUND_GT    ? x > bound
           : b->op == BOUND_GTE ? x >= bound
           : b->op == BOUND_LT  ? x < bound
           : b->op == BOUND_LTE ? x <= bound
           : b->op == BOUND_EQ  ? x == bound
                                : x != bound;
}

static struct stream stream;

static void set_up(struct rng *rng, enum aggregate aggregate, enum bound_op op)
{
    static const int64_t windows[] = {7, 40, 1000};
    static const int64_t percents[] = {0, 10, 50, 90, 99, 100};
    int64_t w = windows[rng_below(rng, 3)];
    /* The numbers are millionths themselves: 0 to VALUES - 1. */
    int64_t bound = aggregate == AGGREGATE_SUM ? rng_below(rng, 8 * VALUES)
                                               : VALUES / 4 + rng_below(rng, VALUES / 2);

    stream.correlation =
        (struct correlation){.kind = OPERATOR_AGGREGATE,
                             .aggregate = aggregate,
                             .percentile_micro = percents[rng_below(rng, 6)] * CORRELATION_MICRO,
                             .window_ms = w,
                             .n_bounds = 1,
                             .bounds = {{op, bound}}};
    stream.spec = (struct operator_spec){.correlation = &stream.correlation,
                                         .is_final = true,
                                         .window_ms = w,
                                         .lateness_ms = rng_below(rng, 4) * w / 2};
    stream.density = 8;
    stream.is_tumbling = op != BOUND_GT && op != BOUND_GTE;
}

TEST(numbers_equal_those_of_the_whole_list)
{
    struct rng rng = rng_start("aggregate");
    uint32_t told[AGGREGATE_PERCENTILE + 1] = {0};

    for (uint32_t turn = 0; turn < 2000; turn++) {
        enum aggregate a = turn % ARRAY_LEN(told);
        if (told[a] > WINDOWS)
            continue;
        set_up(&rng, a, turn / ARRAY_LEN(told) % (BOUND_NEQ + 1));
        stream_fill(&stream, &rng, 1 + rng_below(&rng, 300), VALUES, 1);
        for (int again = 0; again < 2; again++) {
            told[a] += stream_check(&stream, &operator_aggregate, is_met, &rng);
            stream_shuffle(&stream, &rng);
        }
    }
    for (size_t a = 0; a < ARRAY_LEN(told); a++)
        CHECK(told[a] > WINDOWS);
}

TEST(a_window_with_too_many_hits_says_so)
{
    struct correlation c = {.kind = OPERATOR_AGGREGATE,
                            .aggregate = AGGREGATE_SUM,
                            .window_ms = 1000000,
                            .n_bounds = 1,
                            .bounds = {{BOUND_GTE, 1}}};
    struct operator_spec spec = {.correlation = &c, .is_final = true, .window_ms = c.window_ms};
    struct hit hit = {.count = 1, .number_micro = 1, .keys = STR("\0")};
    struct step_runner *r = step_runner_new();
    struct signal s;
    size_t n, seen = 0, inexact = 0;

    (void)step_runner_add(r, operator_aggregate.steps[0], &spec);
    for (int64_t i = 0; i < AGGREGATE_HITS_MAX + 10; i++)
        step_runner_apply(r, &(struct state_op){.t_ms = i, .payload = &hit});
    step_runner_watermark(r, INT64_MAX);
    const struct emission *e = step_runner_take(r, &n);
    for (size_t i = 0; i < n; i++) {
        CHECK(signal_unpack(e[i].bytes, &s));
        CHECK_EQ(s.t_ms, i);
        inexact += s.hit.is_inexact;
        seen++;
    }
    CHECK_EQ(seen, AGGREGATE_HITS_MAX + 10);
    CHECK(inexact > 0);
    step_runner_free(r);
}

TEST_MAIN(ENTRY(numbers_equal_those_of_the_whole_list), ENTRY(a_window_with_too_many_hits_says_so))
