/* test_group.c - groups: each aggregate, the bounds of a row, and the operator against a model that
 * recomputes every window from the whole list. */
#include "correlate/aggregates.h"
#include "correlate/row.h"
#include "correlate/sliding.h"
#include "rule/expr.h"
#include "state/columns.h"
#include "tests/lib/group_rule.h"
#include "tests/lib/operator_run.h"
#include "tests/lib/test.h"

#include <stdlib.h>

enum { ROWS_MAX = 60 };

/* ---- aggregates ------------------------------------------------------------------------------ */

static struct expr_value text(const char *z)
{
    return expr_value_text(str_from(z));
}

TEST(aggregates_are_of_values_in_order_of_time)
{
    struct arena *a = arena_new(0);
    struct expr_value both[2] = {text("b"), text("a")}, null = {.type = EXPR_VALUE_NULL};
    struct expr_value cells[4][2] = {{expr_value_whole(7), text("b")},
                                     {expr_value_whole(2), expr_value_list(a, both, 2)},
                                     {null, text("c")},
                                     {expr_value_whole(7), null}};
    struct group_row rows[4];
    static const struct {
        enum group_kind kind;
        uint32_t column, order;
        const char *want;
    } cases[] = {
        {GROUP_COUNT, GROUP_NO_COLUMN, GROUP_NO_COLUMN, "4"},
        {GROUP_COUNT, 0, GROUP_NO_COLUMN, "3"},
        {GROUP_COUNT, 1, GROUP_NO_COLUMN, "4"}, /* members count each */
        {GROUP_DISTINCT, 0, GROUP_NO_COLUMN, "2"},
        {GROUP_DISTINCT, 1, GROUP_NO_COLUMN, "3"},
        {GROUP_VALUES, 1, GROUP_NO_COLUMN, "a,b,c"},
        {GROUP_COLLECT, 1, GROUP_NO_COLUMN, "b,a,c"},
        {GROUP_LIST, 1, GROUP_NO_COLUMN, "b,b,a,c"},
        {GROUP_LEAST, 1, GROUP_NO_COLUMN, "a,b,b,c"},
        {GROUP_GREATEST, 1, GROUP_NO_COLUMN, "c,b,b,a"},
        {GROUP_GREATEST, 0, GROUP_NO_COLUMN, "7,7,2"},
        {GROUP_MEDIAN_DEVIATION, 0, GROUP_NO_COLUMN, "0.0"},
        {GROUP_MEDIAN_DEVIATION, GROUP_TIME_COLUMN, GROUP_NO_COLUMN, "10.0"},
        {GROUP_MEDIAN_DEVIATION, 1, GROUP_NO_COLUMN, "null"},
        {GROUP_MIN, 0, GROUP_NO_COLUMN, "2"},
        {GROUP_MAX, GROUP_TIME_COLUMN, GROUP_NO_COLUMN, "40"},
        {GROUP_SUM, 0, GROUP_NO_COLUMN, "16"},
        {GROUP_AVERAGE, 0, GROUP_NO_COLUMN, "5.33333333333333"},
        {GROUP_PERCENTILE, 0, GROUP_NO_COLUMN, "7"},
        {GROUP_FIRST, 1, GROUP_NO_COLUMN, "b"},
        {GROUP_LAST, 1, GROUP_NO_COLUMN, "c"},
        {GROUP_FIRST, 1, 0, "b,a"}, /* by the other column: 2 is the least */
        {GROUP_SUM, 1, GROUP_NO_COLUMN, "null"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        rows[i] = (struct group_row){10 * ((int64_t)i + 1), i, cells[i]};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct group_aggregate g = {.kind = cases[i].kind,
                                    .column = cases[i].column,
                                    .order = cases[i].order,
                                    .percentile_micro = INT64_C(50) * CORRELATION_MICRO};
        struct expr_value v = aggregate_rows(a, &g, rows, ARRAY_LEN(rows));
        struct str got;
        if (!expr_value_string(a, &v, &got))
            got = STR("null");
        if (!str_starts(got, str_from(cases[i].want))) {
            print_error("case %zu: %.*s, not %s\n", i, (int)got.n, got.p, cases[i].want);
            fail();
        }
    }
    arena_free(a);
}

static struct expr_value any_value(struct rng *rng, struct arena *a)
{
    static const char *const TEXTS[] = {"a", "b", "7", "-2.5", ""};
    struct expr_value items[3];

    switch (rng_below(rng, 12)) {
    case 0:
        return (struct expr_value){.type = EXPR_VALUE_NULL};
    case 1:
        return text(TEXTS[rng_below(rng, (uint32_t)ARRAY_LEN(TEXTS))]);
    case 2:
        return expr_value_real((double)rng_below(rng, 8) / 2 - 1);
    case 3:
        return expr_value_bool(rng_below(rng, 2));
    case 4:
        for (size_t i = 0; i < ARRAY_LEN(items); i++)
            items[i] = expr_value_whole(rng_below(rng, 5));
        return expr_value_list(a, items, ARRAY_LEN(items));
    case 5:
        return expr_value_whole(rng_below(rng, 30) ? 1 : INT64_MAX - 1);
    default:
        return expr_value_whole((int64_t)rng_below(rng, 9) - 4);
    }
}

static void check_slide(struct rng *rng, enum group_kind kind, bool is_plain)
{
    struct arena *a = arena_new(0);
    struct group_row rows[ROWS_MAX];
    struct expr_value cells[ROWS_MAX];
    struct group_aggregate g = {.kind = kind,
                                .order = GROUP_NO_COLUMN,
                                .percentile_micro = INT64_C(50) * CORRELATION_MICRO};
    size_t from = 0, to = 0;

    for (size_t i = 0; i < ROWS_MAX; i++) {
        cells[i] = is_plain ? expr_value_whole(rng_below(rng, 9)) : any_value(rng, a);
        rows[i] = (struct group_row){(int64_t)i, i, &cells[i]};
    }
    struct sliding *s = sliding_new(a, &g, rows, ROWS_MAX);
    while (to < ROWS_MAX) {
        to += 1 + rng_below(rng, 4);
        to = to < ROWS_MAX ? to : ROWS_MAX;
        from += rng_below(rng, rng_below(rng, 8) ? 6 : 40); /* also beyond all that was there */
        from = from < to ? from : to - rng_below(rng, 2);
        struct expr_value got = sliding_value(s, from, to);
        struct expr_value want = aggregate_rows(a, &g, rows + from, to - from);
        struct str x = STR("null"), y = STR("null");
        (void)expr_value_string(a, &got, &x);
        (void)expr_value_string(a, &want, &y);
        if (!str_eq(x, y) || got.type != want.type)
            fail_msg("kind %d of rows %zu to %zu: %.*s, not %.*s", kind, from, to, (int)x.n, x.p,
                     (int)y.n, y.p);
    }
    arena_free(a);
}

TEST(what_slides_is_what_is_made_anew)
{
    struct rng rng = rng_start("sliding");

    for (int i = 0; i < 300; i++)
        for (int kind = 0; kind < GROUP_KINDS; kind++)
            check_slide(&rng, (enum group_kind)kind, i % 2);
}

TEST(row_comes_back_and_what_has_no_room_is_marked)
{
    struct arena *a = arena_new(0);
    struct buf b = {0};
    char *large = arena_zalloc(a, 3 * ROW_TEXT_MAX);
    struct expr_value in[20] = {text("x"), expr_value_whole(-3), expr_value_real(0.5),
                                expr_value_bool(true)},
                      out[20];
    bool is_cut;

    row_pack(in, 5, &b);
    row_unpack(buf_str(&b), a, out, 5, &is_cut);
    CHECK(!is_cut && out[4].type == EXPR_VALUE_NULL && out[3].is_true && out[2].real == 0.5);
    CHECK_EQ(out[1].whole, -3);
    CHECK_STR(out[0].text, "x");
    memset(large, 'y', 3 * ROW_TEXT_MAX);
    for (size_t i = 0; i < ARRAY_LEN(in); i++)
        in[i] = expr_value_text((struct str){large, 3 * ROW_TEXT_MAX});
    buf_clear(&b);
    row_pack(in, ARRAY_LEN(in), &b);
    CHECK(b.n < ROW_BYTES_MAX + 512);
    row_unpack(buf_str(&b), a, out, ARRAY_LEN(out), &is_cut);
    CHECK(is_cut && out[0].text.n == ROW_TEXT_MAX && out[19].type == EXPR_VALUE_NULL);
    for (size_t n = 0; n < b.n; n += 7) /* whatever is damaged is read in bounds */
        row_unpack(str_sub(buf_str(&b), 0, n), a, out, ARRAY_LEN(out), &is_cut);
    buf_release(&b);
    arena_free(a);
}

/* ---- the operator -------------------------------------------------------------------------- */

static void put_row(struct operator_run *run, int64_t t_ms, uint32_t value, uint64_t order)
{
    struct buf b = {0};

    group_rule_row(value, &b);
    struct hit hit = {.count = 1, .value = order, .keys = STR("k"), .value_text = buf_str(&b)};
    operator_run_hit(run, operator_run_key(1, 0), t_ms, &hit);
    buf_release(&b);
}

static void random_group(struct rng *rng)
{
    struct arrival order[ROWS_MAX];
    int64_t times[ROWS_MAX], met[ROWS_MAX], t = 0, newest = 0;
    struct group_event events[ROWS_MAX];
    int64_t lateness = rng_below(rng, 2 * GROUP_RULE_WINDOW_MS);
    size_t n = 1 + rng_below(rng, ROWS_MAX), n_got;
    struct group_rule rule;

    for (size_t i = 0; i < n; i++) {
        t += rng_below(rng, 3) ? rng_below(rng, GROUP_RULE_WINDOW_MS) : 0;
        times[i] = t;
        events[i] = (struct group_event){t, rng_below(rng, GROUP_RULE_VALUES)};
    }
    arrivals_shuffle(rng, times, n, lateness, order);
    group_rule_init(&rule);
    struct operator_run *run = operator_run_new(&operator_group, &rule.spec);
    for (size_t i = 0; i < n; i++) {
        put_row(run, order[i].t_ms, events[order[i].index].value, order[i].index);
        newest = order[i].t_ms > newest ? order[i].t_ms : newest;
        if (rng_below(rng, 2)) {
            operator_run_watermark(run, newest - lateness);
            operator_run_sweep(run);
        }
    }
    operator_run_watermark(run, INT64_MAX);
    const struct met *got = operator_run_met(run, &n_got);
    CHECK_EQ(n_got, group_rule_model(events, n, met));
    for (size_t i = 0; i < n_got; i++)
        CHECK_EQ(got[i].t_ms, met[i]);
    operator_run_free(run);
}

TEST(groups_are_those_of_the_model_in_every_order_of_arrival)
{
    struct rng rng = rng_start("group");

    for (int i = 0; i < 3000; i++)
        random_group(&rng);
}

TEST(what_is_shown_are_columns)
{
    struct str rest, name = STR(""), values[COLUMNS_VALUES_MAX];
    struct buf b = {0};
    size_t n = 0;

    columns_begin(&b);
    values[0] = STR("a");
    values[1] = STR("b");
    CHECK(columns_add(&b, STR("one"), values, 2));
    while (columns_add(&b, STR("more"), values, 2)) {
    }
    CHECK(b.n <= COLUMNS_BYTES_MAX);
    CHECK(columns_open(buf_str(&b), &rest) && columns_next(&rest, &name, values, &n));
    CHECK_STR(name, "one");
    CHECK_EQ(n, 2);
    CHECK_STR(values[1], "b");
    rest = str_sub(rest, 0, 5); /* damaged */
    CHECK(!columns_next(&rest, &name, values, &n));
    CHECK(!columns_open(STR("a text"), &rest));
    buf_release(&b);
}

TEST_MAIN(ENTRY(aggregates_are_of_values_in_order_of_time), ENTRY(what_slides_is_what_is_made_anew),
          ENTRY(row_comes_back_and_what_has_no_room_is_marked),
          ENTRY(groups_are_those_of_the_model_in_every_order_of_arrival),
          ENTRY(what_is_shown_are_columns))
