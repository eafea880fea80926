/* test_sigma_correlation.c - correlation documents: what they become, and what is refused. */
#include "base/buf.h"
#include "rule/correlation.h"
#include "tests/lib/sigma_rows.h"

/* Lines 1 to 8: two base rules. What a row says starts at line 10. */
#define BASE                                                                                  \
    "title: a\nname: a\nlogsource: {product: p}\ndetection: {s: {f: x}, condition: s}\n---\n" \
    "title: b\nname: b\nlogsource: {product: p}\ndetection: {s: {f: x}, condition: s}\n---\n"
#define BASE_OUT "s: f eq \"x\" | s: f eq \"x\" | "

/* The value of `correlation:`; it starts at line 12. What came of it, without the base rules. */
static struct str correlation(struct arena *a, const char *yaml)
{
    struct str s = sigma_document(a, arena_printf(a, BASE "title: c\ncorrelation: {%s}\n", yaml));

    return str_starts(s, STR(BASE_OUT)) ? str_sub(s, strlen(BASE_OUT), SIZE_MAX) : s;
}

TEST(the_types_of_the_specification_become_operators)
{
    static const struct sigma_row ROWS[] = {
        {"type: event_count, rules: [a, b], group-by: [u, v], timespan: 10m, condition: {gte: 5}",
         "event_count; rules a, b; group by u, v; condition gte 5; within 10m"},
        {"type: event_count, rules: a, timespan: 1h, condition: {gt: 100, lte: 200.5}",
         "event_count; rules a; group by nothing: one group; condition gt 100, lte 200.5; "
         "within 1h"},
        {"type: event_count, rules: a, timespan: 1h, condition: {lte: 200, gt: 100}",
         "event_count; rules a; group by nothing: one group; condition gt 100, lte 200; "
         "within 1h"},
        {"type: value_count, rules: [a], group-by: u, timespan: 90s, condition: {field: v, lt: 3}",
         "value_count; rules a; group by u; condition field v, lt 3; within 90s"},
        {"type: value_count, rules: [a], timespan: 1d, condition: {field: [v, w], neq: 3}",
         "value_count; rules a; group by nothing: one group; condition fields v, w, neq 3; "
         "within 1d"},
        {"type: temporal, rules: [a, b], group-by: [u], timespan: 1w",
         "temporal; rules a, b; group by u; condition all rules; within 7d"},
        {"type: temporal, rules: [a, b], group-by: [u], timespan: 1M, condition: {gte: 2}",
         "temporal; rules a, b; group by u; condition gte 2; within 1M"},
        {"type: temporal_ordered, rules: [b, a], group-by: [u], timespan: 1y",
         "temporal_ordered; rules b, a; group by u; condition all rules in order; within 1y"},
    };
    sigma_check_rows(correlation, ROWS, ARRAY_LEN(ROWS));
}

TEST_MAIN(ENTRY(the_types_of_the_specification_become_operators))
