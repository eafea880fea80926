/* test_set.c - temporal against a model that looks at every window anew. */
#include "correlate/operator.h"

#include "tests/lib/test.h"
#include "tests/lib/window_stream.h"

static struct stream stream;
static struct rng rng;

/* ---- conditions -------------------------------------------------------------------------- */

enum { NODES = 64, INPUTS = 5 };
static struct seen_expr nodes[NODES];
static struct seen_expr *children[NODES * 2];
static uint32_t n_nodes, n_children;

/* A random boolean; with_not: NOT may be in it. */
static struct seen_expr *random_expr(uint32_t depth, bool with_not)
{
    struct seen_expr *e = &nodes[n_nodes++];
    uint32_t kind = depth == 0 ? 0 : rng_below(&rng, with_not ? 4 : 3);

    if (kind == 0) {
        *e = (struct seen_expr){.kind = FORMULA_ATOM, .input = rng_below(&rng, INPUTS)};
        return e;
    }
    *e = (struct seen_expr){.kind = kind == 1   ? FORMULA_AND
                                    : kind == 2 ? FORMULA_OR
                                                : FORMULA_NOT,
                            .n_children = kind == 3 ? 1 : 2};
    e->children = children + n_children;
    n_children += (uint32_t)e->n_children;
    for (size_t i = 0; i < e->n_children; i++)
        e->children[i] = random_expr(depth - 1, with_not);
    return e;
}

static bool is_true(const struct seen_expr *e, const bool *seen)
{
    if (e->kind == FORMULA_ATOM)
        return seen[e->input];
    bool left = is_true(e->children[0], seen);
    if (e->kind == FORMULA_NOT)
        return !left;
    bool right = is_true(e->children[1], seen);
    return e->kind == FORMULA_AND ? left && right : left || right;
}

static bool model(const struct stream *s, uint32_t from, uint32_t to)
{
    bool seen[INPUTS] = {false};
    int64_t n = 0;

    for (uint32_t i = from; i < to; i++)
        seen[s->hits[i].label] = true;
    for (uint32_t i = 0; i < INPUTS; i++)
        n += seen[i];
    if (s->correlation.seen)
        return is_true(s->correlation.seen, seen);
    if (s->correlation.n_bounds == 0)
        return (size_t)n == s->correlation.n_inputs;
    int64_t bound = s->correlation.bounds[0].micro / CORRELATION_MICRO;
    switch (s->correlation.bounds[0].op) {
    case BOUND_GT:
        return n > bound;
    case BOUND_GTE:
        return n >= bound;
    case BOUND_LT:
        return n < bound;
    case BOUND_LTE:
        return n <= bound;
    case BOUND_EQ:
        return n == bound;
    case BOUND_NEQ:
        return n != bound;
    }
    return false;
}

static void set_spec(struct stream *s)
{
    static const uint32_t windows[] = {7, 40, 1000};
    uint32_t w = windows[rng_below(&rng, 3)];
    uint32_t periods[] = {w / 3, w, w + 1, 3 * w, 20 * w};
    uint32_t lateness[] = {0, 1, w / 2, w, 3 * w};

    s->correlation = (struct correlation){.kind = OPERATOR_SET, .window_ms = w, .n_inputs = INPUTS};
    s->spec = (struct operator_spec){
        .correlation = &s->correlation,
        .window_ms = w,
        .lateness_ms = lateness[rng_below(&rng, 5)],
        .fold = {.rule_uid = STR("r"), .period_ms = periods[rng_below(&rng, 5)], .threshold = 1}};
    s->density = 8;
    s->is_tumbling = false;
    n_nodes = n_children = 0;
}

static uint32_t check_orders(void)
{
    uint32_t n;

    stream_fill(&stream, &rng, 20 + rng_below(&rng, 100), 1, INPUTS);
    n = stream_check(&stream, &operator_set, model, &rng);
    for (uint32_t i = 0; i < stream.n; i++)
        stream.hits[i].is_late = false;
    for (int again = 0; again < 2; again++) {
        stream_shuffle(&stream, &rng);
        n += stream_check(&stream, &operator_set, model, &rng);
    }
    return n;
}

TEST(all_inputs_so_many_inputs_and_booleans_are_found_early)
{
    uint32_t told = 0;

    rng = rng_start("set");
    for (int round = 0; round < 300; round++) {
        set_spec(&stream);
        uint32_t kind = rng_below(&rng, 3);
        if (kind == 1)
            stream.correlation.seen = random_expr(3, false);
        if (kind == 2) {
            stream.correlation.n_bounds = 1;
            stream.correlation.bounds[0] =
                (struct bound){rng_below(&rng, 2) ? BOUND_GT : BOUND_GTE,
                               (int64_t)rng_below(&rng, INPUTS + 1) * CORRELATION_MICRO};
        }
        told += check_orders();
    }
    CHECK(told > 1000);
}

TEST(final_forms_judge_each_hit_in_time_order)
{
    uint32_t told = 0;

    rng = rng_start("set, final");
    for (int round = 0; round < 200; round++) {
        set_spec(&stream);
        stream.spec.is_final = true;
        if (rng_below(&rng, 2))
            stream.correlation.seen = random_expr(3, false);
        told += check_orders();
    }
    CHECK(told > 1000);
}

static bool has_not(const struct seen_expr *e)
{
    bool found = e->kind == FORMULA_NOT;

    for (size_t i = 0; i < e->n_children; i++)
        found |= has_not(e->children[i]);
    return found;
}

TEST(what_asks_for_absence_is_judged_at_the_end_of_windows)
{
    uint32_t told = 0;

    rng = rng_start("set, tumbling");
    for (int round = 0; round < 300; round++) {
        set_spec(&stream);
        stream.spec.is_final = true;
        if (rng_below(&rng, 2)) {
            stream.correlation.seen = random_expr(3, true);
            stream.is_tumbling = has_not(stream.correlation.seen);
        } else {
            stream.correlation.n_bounds = 1;
            stream.correlation.bounds[0] =
                (struct bound){(enum bound_op)(BOUND_LT + rng_below(&rng, 4)),
                               (int64_t)rng_below(&rng, INPUTS + 1) * CORRELATION_MICRO};
            stream.is_tumbling = true;
        }
        told += check_orders();
    }
    CHECK(told > 1000);
}

TEST_MAIN(ENTRY(all_inputs_so_many_inputs_and_booleans_are_found_early),
          ENTRY(final_forms_judge_each_hit_in_time_order),
          ENTRY(what_asks_for_absence_is_judged_at_the_end_of_windows))
