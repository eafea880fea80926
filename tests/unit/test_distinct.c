/* test_distinct.c - value_count against a model that counts anew at every hit. */
#include "correlate/distinct_window.h"

#include <stdlib.h>

#include "tests/lib/test.h"
#include "tests/lib/window_stream.h"

static bool has_value(const struct stream *s, uint32_t from, uint32_t to, uint64_t value)
{
    while (from < to && s->hits[from].value != value)
        from++;
    return from < to;
}

static int64_t distinct(const struct stream *s, uint32_t from, uint32_t to)
{
    int64_t n = 0;

    for (uint32_t i = from; i < to; i++)
        n += !has_value(s, from, i, s->hits[i].value);
    return n;
}

static bool model_bound_holds(const struct bound *b, int64_t n)
{
    int64_t m = n * CORRELATION_MICRO;

    return b->op == BOUND_GT    ? m > b->micro
           : b->op == BOUND_GTE ? m >= b->micro
           : b->op == BOUND_LT  ? m < b->micro
           : b->op == BOUND_LTE ? m <= b->micro
           : b->op == BOUND_EQ  ? m == b->micro
                                : m != b->micro;
}

static bool model(const struct stream *s, uint32_t from, uint32_t to)
{
    int64_t n = distinct(s, from, to);

    for (size_t i = 0; i < s->correlation.n_bounds; i++)
        if (!model_bound_holds(&s->correlation.bounds[i], n))
            return false;
    return true;
}

/* Windows, buckets and lateness in all proportions. */
static void set_spec(struct stream *s, struct rng *rng, enum bound_op op, uint32_t k)
{
    static const uint32_t windows[] = {7, 40, 1000};
    uint32_t w = windows[rng_below(rng, 3)];
    uint32_t periods[] = {w / 3, w, w + 1, 3 * w, 20 * w};
    uint32_t lateness[] = {0, 1, w / 2, w, 3 * w};

    s->correlation = (struct correlation){
        .kind = OPERATOR_DISTINCT, .window_ms = w, .n_bounds = 1, .bounds[0] = {op, 0}};
    s->correlation.bounds[0].micro = (int64_t)k * CORRELATION_MICRO;
    s->spec = (struct operator_spec){
        .correlation = &s->correlation,
        .window_ms = w,
        .lateness_ms = lateness[rng_below(rng, 5)],
        .fold = {.rule_uid = STR("r"), .period_ms = periods[rng_below(rng, 5)], .threshold = 1}};
    s->density = 8;
    s->is_tumbling = op != BOUND_GT && op != BOUND_GTE;
}

static struct stream stream;

static uint32_t check_orders(struct rng *rng)
{
    uint32_t n = stream_check(&stream, &operator_distinct, model, rng);

    for (uint32_t i = 0; i < stream.n; i++)
        stream.hits[i].is_late = false;
    for (int again = 0; again < 2; again++) {
        stream_shuffle(&stream, rng);
        n += stream_check(&stream, &operator_distinct, model, rng);
    }
    return n;
}

TEST(early_findings_are_those_of_the_model_in_every_order)
{
    struct rng rng = rng_start("distinct");
    uint32_t windows = 0, told = 0;

    for (int round = 0; round < 300; round++) {
        uint32_t k = 1 + rng_below(&rng, 6);
        set_spec(&stream, &rng, rng_below(&rng, 2) ? BOUND_GTE : BOUND_GT, k);
        stream_fill(&stream, &rng, 20 + rng_below(&rng, 100), k + rng_below(&rng, 2 * k + 2), 1);
        told += check_orders(&rng);
        windows += 3 * stream.n;
    }
    print_message("%u windows, %u findings\n", windows, told);
    CHECK(windows > 5000 && told > 1000);
}

TEST(large_bins_are_trimmed_and_indexed_without_losing_a_finding)
{
    struct rng rng = rng_start("distinct, large");
    uint32_t told = 0;

    for (int round = 0; round < 24; round++) {
        uint32_t k = 20 + rng_below(&rng, 60);
        set_spec(&stream, &rng, BOUND_GTE, k);
        stream.density = 2 * k;
        stream_fill(&stream, &rng, 600 + rng_below(&rng, 600), k + rng_below(&rng, 8 * k), 1);
        told += check_orders(&rng);
    }
    CHECK(told > 100);
}

TEST(final_forms_tell_each_time_at_which_the_condition_holds)
{
    struct rng rng = rng_start("distinct, final");
    uint32_t told = 0;

    for (int round = 0; round < 300; round++) {
        uint32_t k = 1 + rng_below(&rng, 5);
        set_spec(&stream, &rng, (enum bound_op)rng_below(&rng, 6), k);
        stream.spec.is_final = true;
        stream_fill(&stream, &rng, 20 + rng_below(&rng, 100), k + rng_below(&rng, 2 * k + 2), 1);
        told += check_orders(&rng);
    }
    CHECK(told > 1000);
}

TEST_MAIN(ENTRY(early_findings_are_those_of_the_model_in_every_order),
          ENTRY(large_bins_are_trimmed_and_indexed_without_losing_a_finding),
          ENTRY(final_forms_tell_each_time_at_which_the_condition_holds))
