/* test_count.c - event_count against its model. */
#include "correlate/operator.h"

#include "correlate/book.h"
#include "correlate/record.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/test.h"
#include "tests/lib/window_stream.h"

enum { WINDOWS = 5000 };

static bool is_met(const struct stream *s, uint32_t from, uint32_t to)
{
    int64_t n = to - from, bound;

    for (size_t i = 0; i < s->correlation.n_bounds; i++) {
        bound = s->correlation.bounds[i].micro / CORRELATION_MICRO;
        switch (s->correlation.bounds[i].op) {
        case BOUND_GT:
            if (n <= bound)
                return false;
            break;
        case BOUND_GTE:
            if (n < bound)
                return false;
            break;
        case BOUND_LT:
            if (n >= bound)
                return false;
            break;
        case BOUND_LTE:
            if (n > bound)
                return false;
            break;
        case BOUND_EQ:
            if (n != bound)
                return false;
            break;
        case BOUND_NEQ:
            if (n == bound)
                return false;
            break;
        }
    }
    return true;
}

static struct stream stream;

static void set_up(struct rng *rng, uint32_t n, enum bound_op op)
{
    static const int64_t windows[] = {1, 7, 100, 1000, 60000};

    stream.correlation = (struct correlation){.kind = OPERATOR_COUNT,
                                              .window_ms = windows[rng_below(rng, 5)],
                                              .n_bounds = 1,
                                              .bounds = {{op, (int64_t)n * CORRELATION_MICRO}}};
    stream.spec = (struct operator_spec){.correlation = &stream.correlation,
                                         .window_ms = stream.correlation.window_ms,
                                         .fold = {.rule_uid = STR("r"), .threshold = n}};
    stream.spec.lateness_ms = rng_below(rng, 4) * stream.spec.window_ms / 2;
    stream.spec.fold.period_ms = stream.spec.window_ms * (1 + rng_below(rng, 6)) / 2 + 1;
    stream.density = 8 + rng_below(rng, 4 * n);
    stream.is_tumbling = op != BOUND_GT && op != BOUND_GTE;
}

static uint32_t check_orders(struct rng *rng)
{
    uint32_t told = stream_check(&stream, &operator_count, is_met, rng);

    for (uint32_t i = 0; i < stream.n; i++)
        stream.hits[i].is_late = false;
    for (int again = 0; again < 2; again++) {
        stream_shuffle(&stream, rng);
        told += stream_check(&stream, &operator_count, is_met, rng);
    }
    return told;
}

TEST(early_counts_equal_those_of_the_whole_list)
{
    struct rng rng = rng_start("count");

    for (uint32_t told = 0; told < WINDOWS;) {
        set_up(&rng, 1 + rng_below(&rng, 12), BOUND_GTE);
        stream_fill(&stream, &rng, 1 + rng_below(&rng, 600), 1, 1);
        told += check_orders(&rng);
    }
}

TEST(final_counts_equal_those_of_the_whole_list)
{
    struct rng rng = rng_start("count, final");

    for (enum bound_op op = BOUND_GT; op <= BOUND_NEQ; op++)
        for (uint32_t told = 0; told < WINDOWS;) {
            set_up(&rng, 1 + rng_below(&rng, 6), op);
            stream.spec.is_final = true;
            if (op == BOUND_NEQ) /* and a range */
                stream.correlation.bounds[stream.correlation.n_bounds++] =
                    (struct bound){BOUND_LTE, 9 * CORRELATION_MICRO};
            stream_fill(&stream, &rng, 1 + rng_below(&rng, 200), 1, 1);
            told += check_orders(&rng);
        }
}

TEST_MAIN(ENTRY(early_counts_equal_those_of_the_whole_list),
          ENTRY(final_counts_equal_those_of_the_whole_list))
