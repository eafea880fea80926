/* test_sigma_correlation.c - correlation documents: what they become, and what is refused. */
#include "app/files.h"
#include "base/buf.h"
#include "event/profile.h"
#include "rule/correlation.h"
#include "tests/lib/sigma_rows.h"

/* Lines 1 to 11: two base rules. */
#define BASE                                                                                  \
    "title: a\nname: a\nlogsource: {product: p}\ndetection: {s: {f: x}, condition: s}\n---\n" \
    "title: b\nname: b\nid: 00000000-0000-0000-0000-00000000000b\nlogsource: {product: p}\n"  \
    "detection: {s: {f: x}, condition: s}\n---\n"
#define BASE_OUT "s: f eq \"x\" | s: f eq \"x\" | "

/* The value of `correlation:`, which starts in line 13. What came of it, without the base rules. */
static struct str correlation(struct arena *a, const char *yaml)
{
    struct str s = sigma_document(a, arena_printf(a, BASE "title: c\ncorrelation: {%s}\n", yaml));

    return str_starts(s, STR(BASE_OUT)) ? str_sub(s, strlen(BASE_OUT), SIZE_MAX) : s;
}

/* The value of `weir:`, in line 13, of a correlation. */
static struct str settings(struct arena *a, const char *yaml)
{
    struct str s = sigma_document(
        a, arena_printf(a,
                        BASE "title: c\nweir: %s\ncorrelation: {type: event_count, rules: a, "
                             "timespan: 1h, condition: {gte: 1}}\n",
                        yaml));
    struct str head = STR("event_count; rules a; group by nothing: one group; ");

    s = str_starts(s, STR(BASE_OUT)) ? str_sub(s, strlen(BASE_OUT), SIZE_MAX) : s;
    return str_starts(s, head) ? str_sub(s, head.n, SIZE_MAX) : s;
}

TEST(the_types_of_the_specification_become_operators)
{
    static const struct sigma_row ROWS[] = {
        {"type: event_count, rules: [a, b], group-by: [u, v], timespan: 10m, condition: {gte: 5}",
         "event_count; rules a, b; group by u, v; condition gte 5; within 10m"},
        {"type: event_count, rules: a, timespan: 1h, condition: {gt: 100, lte: 200.5}",
         "event_count; rules a; group by nothing: one group; condition gt 100, lte 200.5; within "
         "1h"},
        {"type: event_count, rules: a, timespan: 1h, condition: {lte: 200, gt: 100}",
         "event_count; rules a; group by nothing: one group; condition gt 100, lte 200; within 1h"},
        {"type: event_count, rules: a, timespan: 1h, condition: {eq: 0x10}",
         "event_count; rules a; group by nothing: one group; condition eq 16; within 1h"},
        {"type: event_count, rules: a, timespan: 1h, condition: {gte: 100000}, generate: true",
         "event_count; rules a; group by nothing: one group; condition gte 100000; within 1h"},
        {"type: value_count, rules: [a], group-by: u, timespan: 90s, condition: {field: v, lt: 3}",
         "value_count; rules a; group by u; condition field v, lt 3; within 90s"},
        {"type: value_count, rules: [a], timespan: 1d, condition: {field: [v, w], neq: 3}",
         "value_count; rules a; group by nothing: one group; condition fields v, w, neq 3; within "
         "1d"},
        {"type: temporal, rules: [a, b], group-by: [u], timespan: 1w",
         "temporal; rules a, b; group by u; condition all rules; within 7d"},
        {"type: temporal, rules: [a, b], group-by: [], timespan: 1M, condition: {gte: 2}",
         "temporal; rules a, b; group by nothing: one group; condition gte 2; within 1M"},
        {"type: temporal_ordered, rules: [b, a], group-by: [u], timespan: 1y",
         "temporal_ordered; rules b, a; group by u; condition all rules in order; within 1y"},
        {"type: temporal_ordered, rules: [b, a], timespan: 5m, condition: {gte: 2}",
         "temporal_ordered; rules b, a; group by nothing: one group; condition all rules in order; "
         "within 5m"},
        {"type: value_sum, rules: a, timespan: 5m, condition: {field: n, gt: -0.5}",
         "value_sum; rules a; group by nothing: one group; condition field n, gt -0.5; within 5m"},
        {"type: value_avg, rules: a, timespan: 5m, condition: {field: n, lte: 1.0000005}",
         "value_avg; rules a; group by nothing: one group; condition field n, lte 1.000001; within "
         "5m"},
        {"type: value_min, rules: a, timespan: 5m, condition: {field: n, lt: 0}",
         "value_min; rules a; group by nothing: one group; condition field n, lt 0; within 5m"},
        {"type: value_max, rules: a, timespan: 5m, condition: {field: [n], gte: 1e6}",
         "value_max; rules a; group by nothing: one group; condition field n, gte 1000000; within "
         "5m"},
        {"type: value_percentile, rules: a, timespan: 5m, condition: {field: n, percentile: 99.9, "
         "gte: 10}",
         "value_percentile; rules a; group by nothing: one group; condition field n, percentile "
         "99.9, gte 10; within 5m"},
        {"type: value_percentile, rules: a, timespan: 5m, condition: {field: n, percentile: 0, "
         "gte: 10}",
         "value_percentile; rules a; group by nothing: one group; condition field n, percentile 0, "
         "gte 10; within 5m"},
        {"type: value_median, rules: a, timespan: 5m, condition: {field: n, gte: 10}",
         "value_percentile; rules a; group by nothing: one group; condition field n, percentile "
         "50, gte 10; within 5m"},
    };
    sigma_check_rows(correlation, ROWS, ARRAY_LEN(ROWS));
}

TEST(conditions_over_rule_names)
{
    static const struct sigma_row ROWS[] = {
        {"type: temporal, rules: [a, b], timespan: 5m, condition: a or b",
         "temporal; rules a, b; group by nothing: one group; condition or(a, b); within 5m"},
        {"type: temporal, timespan: 5m, condition: b and not a",
         "temporal; rules b, a; group by nothing: one group; condition and(b, not(a)); within 5m"},
        {"type: temporal, timespan: 5m, condition: \"(a or b) and not (a and b)\"",
         "temporal; rules a, b; group by nothing: one group; condition and(or(a, b), not(and(a, "
         "b))); within 5m"},
        {"type: temporal, timespan: 5m, condition: NOT a AND b",
         "temporal; rules a, b; group by nothing: one group; condition and(not(a), b); within 5m"},
        {"type: temporal, rules: [a, 00000000-0000-0000-0000-00000000000b], timespan: 5m, "
         "condition: a or b",
         "temporal; rules a, b; group by nothing: one group; condition or(a, "
         "00000000-0000-0000-0000-00000000000b); within 5m"},
        {"type: temporal_ordered, timespan: 5m, condition: b and a",
         "temporal_ordered; rules b, a; group by nothing: one group; condition all rules in order; "
         "within 5m"},
        {"type: temporal_ordered, rules: [a, b], timespan: 5m, condition: b and a",
         "temporal_ordered; rules a, b; group by nothing: one group; condition all rules in order; "
         "within 5m"},
        {"type: temporal, rules: [a, b], timespan: 5m, condition: a",
         "temporal; rules a, b; group by nothing: one group; condition a; within 5m ! 13:42: the "
         "condition does not use the rule 'b'"},
        {"type: temporal, timespan: 5m, condition: a",
         "error: 13:14: temporal needs two rules or more"},
        {"type: temporal, timespan: 5m, condition: \"\"",
         "error: 13:57: the condition ends too early"},
        {"type: temporal, timespan: 5m, condition: a and",
         "error: 13:61: the condition ends too early"},
        {"type: temporal, timespan: 5m, condition: a b",
         "error: 13:58: 'and', 'or' or the end should be here"},
        {"type: temporal, timespan: 5m, condition: and a",
         "error: 13:56: here the name of a rule should be"},
        {"type: temporal, timespan: 5m, condition: \"(a or b\"",
         "error: 13:57: this parenthesis is not closed"},
        {"type: temporal, timespan: 5m, condition: a or b)",
         "error: 13:62: 'and', 'or' or the end should be here"},
        {"type: temporal, timespan: 5m, condition: a or x",
         "error: 13:61: no rule has the id or name 'x'"},
        {"type: temporal, rules: [a, b], timespan: 5m, condition: a or not bb",
         "error: 13:80: the condition names 'bb', which is not among its 'rules'"},
        {"type: temporal_ordered, timespan: 5m, condition: b or a",
         "unsupported: 13:64: temporal_ordered wants all its rules: its condition can only be an "
         "'and' of their names"},
        {"type: temporal_ordered, timespan: 5m, condition: not a and b",
         "unsupported: 13:64: temporal_ordered wants all its rules: its condition can only be an "
         "'and' of their names"},
        {"type: event_count, rules: [a, b], timespan: 5m, condition: a and b",
         "error: 13:74: 'condition' of event_count must be a map, not text"},
    };
    sigma_check_rows(correlation, ROWS, ARRAY_LEN(ROWS));
}

TEST(weirs_own_types)
{
    static const struct sigma_row ROWS[] = {
        {"type: first_seen, rules: [a], group-by: [u], condition: {field: [v, w]}, history: 30d, "
         "training: 14d, activation: 7d",
         "first_seen; rules a; group by u; condition fields v, w; within 1h; history 30d; training "
         "14d; activation 7d"},
        {"type: rarity, rules: [a], condition: {field: v, lte: 3}",
         "rarity; rules a; group by nothing: one group; condition field v, lte 3; within 1h; "
         "rarity by count"},
        {"type: rarity, rules: [a], condition: {field: v, lt: 3}, rarity-by: days, history: 30d",
         "rarity; rules a; group by nothing: one group; condition field v, lt 3; within 1h; "
         "history 30d; rarity by days"},
        {"type: rarity, rules: [a], condition: {field: v, lt: 3}, rarity-by: actors, actor: u",
         "rarity; rules a; group by nothing: one group; condition field v, lt 3; within 1h; rarity "
         "by actors; actor u"},
        {"type: ratio, rules: [a], condition: {field: v, lte: 0.01}, actor: u, history: 30d, "
         "minimum: 20",
         "ratio; rules a; group by nothing: one group; condition field v, lte 0.01; within 1h; "
         "history 30d; actor u; minimum 20"},
        {"type: volume, rules: [a], group-by: [u], timespan: 1h, factor: 5, minimum: 100, "
         "baseline: 7d",
         "volume; rules a; group by u; within 1h; factor 5; minimum 100; baseline 7d"},
        {"type: volume, rules: [a], group-by: [u], timespan: 1h, factor: 1.5, condition: {field: "
         "bytes}",
         "volume; rules a; group by u; condition field bytes; within 1h; factor 1.5"},
        {"type: geo_velocity, rules: [a], group-by: [u], condition: {field: ip}, distance: 500km, "
         "speed: 800km/h",
         "geo_velocity; rules a; group by u; condition field ip; within 1d; distance 500000m; "
         "speed 800000m/h"},
        {"type: geo_velocity, rules: [a], group-by: [u], condition: {field: ip}, distance: 300m, "
         "speed: 10m/s",
         "geo_velocity; rules a; group by u; condition field ip; within 1d; distance 300m; speed "
         "36000m/h"},
        {"type: risk, group-by: [u], condition: {gte: 100}, half-life: 24h",
         "risk; rules all that alert; group by u; condition gte 100; within 1d; half-life 1d"},
        {"type: risk, rules: [a, b], group-by: [u], condition: {gt: 99.5}, timespan: 7d",
         "risk; rules a, b; group by u; condition gt 99.5; within 7d"},
    };
    sigma_check_rows(correlation, ROWS, ARRAY_LEN(ROWS));
}

TEST(what_is_no_correlation_is_refused_by_name)
{
    static const struct sigma_row ROWS[] = {
        {"type: event_cuont, rules: [a]",
         "error: 13:21: unknown type of correlation 'event_cuont' (did you mean 'event_count'?)"},
        {"type: [a]", "error: 13:21: 'type' of a correlation must be text"},
        {"rules: [a]", "error: 13:14: 'correlation' has no 'type'"},
        {"type: event_count", "error: 13:14: event_count needs 'rules'; 13:14: event_count needs "
                              "'timespan'; 13:14: event_count needs 'condition'"},
        {"type: temporal, rules: [a, b]", "error: 13:14: temporal needs 'timespan'"},
        {"type: temporal, timespan: 5m",
         "error: 13:14: temporal needs 'rules' or a condition over rule names"},
        {"type: temporal, timespan: 5m, rules: [a]",
         "error: 13:14: temporal needs two rules or more"},
        {"type: event_count, rules: [], timespan: 5m, condition: {gte: 1}",
         "error: 13:41: 'rules' is empty"},
        {"type: event_count, rules: [a, {b: c}], timespan: 5m, condition: {gte: 1}",
         "error: 13:45: an entry of 'rules' must be a name, not a map"},
        {"type: event_count, rules: [a, \"\"], timespan: 5m, condition: {gte: 1}",
         "error: 13:45: an entry of 'rules' must be a name, not nothing"},
        {"type: event_count, rules: [a, a], timespan: 5m, condition: {gte: 1}",
         "error: 13:45: 'a' stands twice in 'rules'"},
        {"type: event_count, rules: [a], group_by: [u], timespan: 5m, condition: {gte: 1}",
         "error: 13:46: unknown key 'group_by' of a correlation (did you mean 'group-by'?)"},
        {"type: event_count, rules: [a], timeframe: 5m, condition: {gte: 1}",
         "error: 13:46: unknown key 'timeframe' of a correlation (did you mean 'timespan'?); "
         "13:14: event_count needs 'timespan'"},
        {"type: event_count, rules: [a], timespan: 5m, history: 30d, condition: {gte: 1}",
         "error: 13:60: 'history' does not belong to the type event_count"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: 1}, generate: maybe",
         "error: 13:91: 'generate' must be true or false, not other text"},
        {"type: event_count, rules: [a], group-by: [u, u], timespan: 5m, condition: {gte: 1}",
         "error: 13:60: 'u' stands twice in 'group-by'"},
        {"type: event_count, rules: [a], group-by: {u: v}, timespan: 5m, condition: {gte: 1}",
         "error: 13:56: an entry of 'group-by' must be a name, not a map"},
    };
    sigma_check_rows(correlation, ROWS, ARRAY_LEN(ROWS));
}

TEST(spans_numbers_and_distances_have_units)
{
    static const struct sigma_row ROWS[] = {
        {"type: event_count, rules: [a], timespan: 0s, condition: {gte: 1}",
         "error: 13:56: 'timespan' must be a whole number above 0 with a unit (s, m, h, d, w, M, "
         "y; at most 10y) such as 15m, not '0s'"},
        {"type: event_count, rules: [a], timespan: 5, condition: {gte: 1}",
         "error: 13:56: 'timespan' must be a whole number above 0 with a unit (s, m, h, d, w, M, "
         "y; at most 10y) such as 15m, not '5'"},
        {"type: event_count, rules: [a], timespan: 1.5h, condition: {gte: 1}",
         "error: 13:56: 'timespan' must be a whole number above 0 with a unit (s, m, h, d, w, M, "
         "y; at most 10y) such as 15m, not '1.5h'"},
        {"type: event_count, rules: [a], timespan: 1h30m, condition: {gte: 1}",
         "error: 13:56: 'timespan' must be a whole number above 0 with a unit (s, m, h, d, w, M, "
         "y; at most 10y) such as 15m, not '1h30m'"},
        {"type: event_count, rules: [a], timespan: -5m, condition: {gte: 1}",
         "error: 13:56: 'timespan' must be a whole number above 0 with a unit (s, m, h, d, w, M, "
         "y; at most 10y) such as 15m, not '-5m'"},
        {"type: event_count, rules: [a], timespan: 5min, condition: {gte: 1}",
         "error: 13:56: 'timespan' must be a whole number above 0 with a unit (s, m, h, d, w, M, "
         "y; at most 10y) such as 15m, not '5min'"},
        {"type: event_count, rules: [a], timespan: m, condition: {gte: 1}",
         "error: 13:56: 'timespan' must be a whole number above 0 with a unit (s, m, h, d, w, M, "
         "y; at most 10y) such as 15m, not 'm'"},
        {"type: event_count, rules: [a], timespan: 11y, condition: {gte: 1}",
         "error: 13:56: 'timespan' must be a whole number above 0 with a unit (s, m, h, d, w, M, "
         "y; at most 10y) such as 15m, not '11y'"},
        {"type: event_count, rules: [a], timespan: 99999999999999999999s, condition: {gte: 1}",
         "error: 13:56: 'timespan' must be a whole number above 0 with a unit (s, m, h, d, w, M, "
         "y; at most 10y) such as 15m, not '99999999999999999999s'"},
        {"type: event_count, rules: [a], timespan: 22:30, condition: {gte: 1}",
         "error: 13:56: 'timespan' must be a whole number above 0 with a unit (s, m, h, d, w, M, "
         "y; at most 10y) such as 15m, not '22:30'"},
        {"type: event_count, rules: [a], timespan: [5m], condition: {gte: 1}",
         "error: 13:56: 'timespan' must be a whole number above 0 with a unit (s, m, h, d, w, M, "
         "y; at most 10y) such as 15m, not a list"},
        {"type: event_count, rules: [a], timespan: '', condition: {gte: 1}",
         "error: 13:56: 'timespan' must be a whole number above 0 with a unit (s, m, h, d, w, M, "
         "y; at most 10y) such as 15m, not ''"},
        {"type: event_count, rules: [a], timespan: 10Y, condition: {gte: 1}",
         "error: 13:56: 'timespan' must be a whole number above 0 with a unit (s, m, h, d, w, M, "
         "y; at most 10y) such as 15m, not '10Y'"},
        {"type: geo_velocity, rules: [a], group-by: [u], condition: {field: ip}, distance: 500, "
         "speed: 800km",
         "error: 13:96: 'distance' must be a whole number above 0 with a unit (km, m) such as "
         "500km, not '500'; 13:108: 'speed' must be a whole number above 0 with a unit (km/h, m/s) "
         "such as 800km/h, not '800km'"},
        {"type: volume, rules: [a], timespan: 1h, factor: 0, minimum: x",
         "error: 13:63: 'factor' must be above 0; 13:75: 'minimum' must be a number, not 'x'"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: five}",
         "error: 13:77: 'gte' must be a number, not 'five'"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: \"5\"}",
         "error: 13:77: 'gte' must be a number, not '5'"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: 1e30}",
         "error: 13:77: 'gte': the number '1e30' is too large"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: .inf}",
         "error: 13:77: 'gte' must be a number, not '.inf'"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: [1]}",
         "error: 13:77: 'gte' must be a number, not a list"},
    };
    sigma_check_rows(correlation, ROWS, ARRAY_LEN(ROWS));
}

TEST(conditions_that_cannot_be)
{
    static const struct sigma_row ROWS[] = {
        {"type: event_count, rules: [a], timespan: 5m, condition: {}",
         "error: 13:71: the condition of event_count needs a bound (gt, gte, lt, lte, eq, neq)"},
        {"type: event_count, rules: [a], timespan: 5m, condition: [gte]",
         "error: 13:71: 'condition' of event_count must be a map, not a list"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: 1, field: u}",
         "error: 13:87: the condition of event_count has no 'field'"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {ge: 1}",
         "error: 13:72: unknown key 'ge' of a condition (did you mean 'gt'?)"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: 1, percentile: 5}",
         "error: 13:92: the condition of event_count has no 'percentile'"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: 1, lt: 5, eq: 3}",
         "error: 13:91: more than two bounds in a condition"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: 1, gt: 5}",
         "error: 13:71: two bounds are a range: one of gt, gte and one of lt, lte"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: 6, lt: 6}",
         "error: 13:71: the range is empty"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gt: 5, lt: 6}",
         "error: 13:71: the condition is never met: groups without events are not reported"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {lt: 1}",
         "error: 13:71: the condition is never met: groups without events are not reported"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {eq: 2.5}",
         "error: 13:71: the condition is never met: groups without events are not reported"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: 100001}",
         "error: 13:71: event_count counts to 100000 at most"},
        {"type: temporal, rules: [a, b], timespan: 5m, condition: {gte: 3}",
         "error: 13:71: temporal counts to 2 at most"},
        {"type: temporal, rules: [a, b], timespan: 5m, condition: {gte: 1}",
         "temporal; rules a, b; group by nothing: one group; condition gte 1; within 5m ! 13:71: "
         "one hit is enough to meet the condition"},
        {"type: temporal_ordered, rules: [a, b], timespan: 5m, condition: {gte: 1}",
         "unsupported: 13:79: temporal_ordered with a condition other than 'gte: 2' (all its "
         "rules)"},
        {"type: value_count, rules: [a], timespan: 5m, condition: {gte: 2}",
         "error: 13:71: the condition of value_count needs a 'field'"},
        {"type: value_sum, rules: [a], timespan: 5m, condition: {gte: 2, field: [u, v]}",
         "error: 13:85: 'field' takes one name"},
        {"type: value_sum, rules: [a], timespan: 5m, condition: {field: u}",
         "error: 13:69: the condition of value_sum needs a bound (gt, gte, lt, lte, eq, neq)"},
        {"type: value_sum, rules: [a], timespan: 5m, condition: {gte: 2, field: []}",
         "error: 13:85: 'field' is empty"},
        {"type: value_percentile, rules: [a], timespan: 5m, condition: {field: u, lte: 1}",
         "error: 13:76: the condition of value_percentile needs 'percentile' (0 to 100); how rare "
         "a value is says the type rarity"},
        {"type: value_percentile, rules: [a], timespan: 5m, condition: {field: u, lte: 1, "
         "percentile: 101}",
         "error: 13:107: 'percentile' must be from 0 to 100"},
        {"type: value_percentile, rules: [a], timespan: 5m, condition: {field: f, gte: 1, "
         "percentile: 10}",
         "error: 13:84: 'f' is text: this type needs numbers (how many values: value_count; how "
         "rare one is: rarity)"},
        {"type: value_sum, rules: [a], timespan: 5m, condition: {field: f, gte: 1}",
         "error: 13:77: 'f' is text: this type needs numbers (how many values: value_count; how "
         "rare one is: rarity)"},
        {"type: volume, rules: [a], timespan: 1h, factor: 2, condition: {field: f}",
         "error: 13:85: 'f' is text: this type needs numbers (how many values: value_count; how "
         "rare one is: rarity)"},
        {"type: first_seen, rules: [a], condition: {field: u, gte: 1}",
         "error: 13:72: the condition of first_seen has no 'gte'"},
        {"type: first_seen, rules: [a], condition: {}",
         "error: 13:56: the condition of first_seen needs a 'field'"},
        {"type: rarity, rules: [a], condition: {field: u, gte: 1}",
         "error: 13:52: the condition of rarity is lt or lte with a number above 0"},
        {"type: rarity, rules: [a], condition: {field: u, lte: 1}, rarity-by: actors",
         "error: 13:14: 'rarity-by: actors' and 'actor' (the field that says who) go together"},
        {"type: rarity, rules: [a], condition: {field: u, lte: 1}, rarity-by: actor",
         "error: 13:83: 'rarity-by' must be count, days or actors (did you mean 'actors'?)"},
        {"type: rarity, rules: [a], condition: {field: u, lte: 1}, actor: v",
         "error: 13:14: 'rarity-by: actors' and 'actor' (the field that says who) go together"},
        {"type: ratio, rules: [a], condition: {field: u, lte: 1}",
         "error: 13:14: ratio needs 'actor'"},
        {"type: ratio, rules: [a], condition: {field: u, lte: 1.5}, actor: v",
         "error: 13:51: a ratio is from 0 to 1"},
        {"type: geo_velocity, rules: [a], condition: {field: ip}",
         "error: 13:14: geo_velocity needs 'group-by'"},
        {"type: risk, group-by: [u], condition: {lte: 5}",
         "error: 13:53: the condition of risk is gt or gte with a number above 0"},
        {"type: risk, group-by: [u], condition: {gte: 0}",
         "error: 13:53: the condition of risk is gt or gte with a number above 0"},
    };
    sigma_check_rows(correlation, ROWS, ARRAY_LEN(ROWS));
}

TEST(references_are_resolved_or_refused)
{
    static const struct sigma_row ROWS[] = {
        {"type: event_count, rules: [00000000-0000-0000-0000-00000000000b], timespan: 5m, "
         "condition: {gte: 1}",
         "event_count; rules b; group by nothing: one group; condition gte 1; within 5m"},
        {"type: event_count, rules: [00000000-0000-0000-0000-00000000000B], timespan: 5m, "
         "condition: {gte: 1}, group-by: [who], aliases: {who: "
         "{00000000-0000-0000-0000-00000000000b: u1}}",
         "event_count; rules b (who: u1); group by who; condition gte 1; within 5m"},
        {"type: event_count, rules: [B], timespan: 5m, condition: {gte: 1}",
         "error: 13:42: no rule has the id or name 'B' (did you mean 'b'?)"},
        {"type: event_count, rules: [bb], timespan: 5m, condition: {gte: 1}",
         "error: 13:42: no rule has the id or name 'bb'"},
        {"type: event_count, rules: [x, y], timespan: 5m, condition: {gte: 1}",
         "error: 13:42: no rule has the id or name 'x'; 13:45: no rule has the id or name 'y'"},
        {"type: event_count, rules: [00000000-0000-0000-0000-00000000000c], timespan: 5m, "
         "condition: {gte: 1}",
         "error: 13:42: no rule has the id or name '00000000-0000-0000-0000-00000000000c' (did you "
         "mean '00000000-0000-0000-0000-00000000000b'?)"},
        {"type: event_count, rules: [b, 00000000-0000-0000-0000-00000000000b], timespan: 5m, "
         "condition: {gte: 1}",
         "error: 13:45: 'b' and '00000000-0000-0000-0000-00000000000b' are the same rule"},
        {"type: event_count, rules: [a, b], timespan: 5m, condition: {gte: 1}, group-by: [who], "
         "aliases: {who: {a: u1, b: u2}}",
         "event_count; rules a (who: u1), b (who: u2); group by who; condition gte 1; within 5m"},
        {"type: event_count, rules: [a, b], timespan: 5m, condition: {gte: 1}, group-by: [who, w], "
         "aliases: {who: {a: u1}}",
         "event_count; rules a (who: u1), b; group by who, w; condition gte 1; within 5m"},
        {"type: event_count, rules: [a, 00000000-0000-0000-0000-00000000000b], timespan: 5m, "
         "condition: {gte: 1}, group-by: [who], aliases: {who: {b: u1}}",
         "event_count; rules a, b (who: u1); group by who; condition gte 1; within 5m"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: 1}, group-by: [u], "
         "aliases: {who: {a: u1}}",
         "event_count; rules a; group by u; condition gte 1; within 5m ! 13:106: the alias 'who' "
         "is not in 'group-by'"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: 1}, group-by: [who], "
         "aliases: {who: {c: u1}}",
         "error: 13:114: the alias names the rule 'c', which is not among its 'rules'"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: 1}, group-by: [who], "
         "aliases: {who: u}",
         "error: 13:113: an alias is a map of rule names to fields, not text"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: 1}, group-by: [who], "
         "aliases: [who]",
         "error: 13:107: 'aliases' must be a map of at most 64 names"},
        {"type: event_count, rules: [a], timespan: 5m, condition: {gte: 1}, group-by: [who], "
         "aliases: {who: {a: [u, v]}}",
         "error: 13:117: 'aliases' takes one name"},
    };
    sigma_check_rows(correlation, ROWS, ARRAY_LEN(ROWS));
}

TEST(settings_are_read_or_refused)
{
    static const struct sigma_row ROWS[] = {
        {"{}", "condition gte 1; within 1h"},
        {"{dedup: off}", "condition gte 1; within 1h; dedup off"},
        {"{dedup: 'off'}", "condition gte 1; within 1h; dedup off"},
        {"{dedup: {}}", "condition gte 1; within 1h; dedup by group"},
        {"{dedup: {fields: [u, v], period: 30m, anchor: first}}",
         "condition gte 1; within 1h; dedup by u, v for 30m from the first"},
        {"{dedup: {fields: u, anchor: bucket}}", "condition gte 1; within 1h; dedup by u"},
        {"{dedup: {fields: []}}", "condition gte 1; within 1h; dedup by rule alone"},
        {"{emit: final, channel: shadow}",
         "condition gte 1; within 1h; channel shadow; emit final"},
        {"{emit: early, channel: alert}", "condition gte 1; within 1h; emit early"},
        {"{channel: off}", "condition gte 1; within 1h; channel off"},
        {"{channel: internal}", "condition gte 1; within 1h; channel internal"},
        {"{count_by: event_id, window: 2h}", "condition gte 1; within 2h; count by event_id"},
        {"{count_by: match, lateness: 5m, state_version: 3}",
         "condition gte 1; within 1h; count by match; lateness 5m; version 3"},
        {"dedup", "error: 13:7: the settings must be a map, not text"},
        {"{dedupe: off}", "error: 13:8: unknown setting 'dedupe' (did you mean 'dedup'?)"},
        {"{xyz: off}", "error: 13:8: unknown setting 'xyz'"},
        {"{dedup: on}",
         "error: 13:15: 'dedup' must be a map (fields, period, anchor, array, missing) or 'off'"},
        {"{dedup: {feilds: u}}",
         "error: 13:16: unknown key 'feilds' of 'dedup' (did you mean 'fields'?)"},
        {"{dedup: {fields: [[u]]}}", "error: 13:25: 'fields' names fields, not a list"},
        {"{dedup: {period: 0h, anchor: last}}",
         "error: 13:24: 'period' must be a whole number above 0 with a unit (s, m, h, d, w, M, y; "
         "at most 10y) such as 15m, not '0h'; 13:36: 'anchor' cannot be 'last': bucket, first"},
        {"{channel: shaddow}",
         "error: 13:17: 'channel' cannot be 'shaddow' (did you mean 'shadow'?): alert, shadow, "
         "internal, off"},
        {"{channel: true}",
         "error: 13:17: 'channel' cannot be 'true': alert, shadow, internal, off"},
        {"{emit: off}", "error: 13:14: 'emit' cannot be 'off': early, final"},
        {"{emit: [early]}", "error: 13:14: 'emit' must be a word, not a list"},
        {"{on_missing: keep, group_case: lower}",
         "error: 13:20: 'on_missing' cannot be 'keep': drop, group; 13:38: 'group_case' cannot be "
         "'lower': exact, fold"},
        {"{missing_value: empty}",
         "error: 13:8: the setting 'missing_value' is for a condition with several fields"},
        {"{missing_value: null_}", "error: 13:23: 'missing_value' cannot be 'null_': drop, empty"},
        {"{first_seen_points: 101}",
         "error: 13:27: 'first_seen_points' must be a whole number from 0 to 100"},
        {"{state_version: -1}", "error: 13:23: 'state_version' must be a whole number from 0"},
        {"{state_version: 4294967296}",
         "error: 13:23: 'state_version' must be a whole number from 0"},
        {"{window: 0m}", "error: 13:16: 'window' must be a whole number above 0 with a unit (s, m, "
                         "h, d, w, M, y; at most 10y) such as 15m, not '0m'"},
    };
    static const struct sigma_row MISSING[] = {
        {"{on_missing: group, group_case: fold}",
         "event_count; rules a; group by nothing: one group, case aside, missing ones too; "
         "condition gte 1; within 1h"},
    };
    sigma_check_rows(settings, ROWS, ARRAY_LEN(ROWS));
    sigma_check_rows(settings, MISSING, ARRAY_LEN(MISSING));
}

/* ---- several documents ------------------------------------------------------------------ */

#define RULE(name) \
    "title: t\nname: " name "\nlogsource: {product: p}\ndetection: {s: {f: x}, condition: s}\n"
#define OVER(name, rules)                                                      \
    "title: t\nname: " name "\ncorrelation: {type: event_count, rules: " rules \
    ", timespan: 1m, condition: {gte: 1}}\n"
#define COUNTED(rules) \
    "event_count; rules " rules "; group by nothing: one group; condition gte 1; within 1m"
#define HEARD "; listened to by other rules"

static struct str documents(struct arena *a, const char *yaml)
{
    return sigma_document(a, str_from(yaml));
}

TEST(correlations_nest_in_any_order_and_never_in_a_circle)
{
    static const struct sigma_row ROWS[] = {
        {OVER("d", "[c]") "---\n" OVER("c", "[a]") "---\n" RULE("a"),
         COUNTED("c") " | " COUNTED("a") HEARD " | s: f eq \"x\""},
        {OVER("c", "[c]"), "error: 3:42: a cycle: c -> c"},
        {OVER("c", "[d]") "---\n" OVER("d", "[a, e]") "---\n" OVER("e", "[c]") "---\n" RULE("a"),
         "error: 3:42: the rule 'd' (t.yml:5) did not load | "
         "error: 7:45: the rule 'e' (t.yml:9) did not load | "
         "error: 11:42: a cycle: c -> d -> e -> c | s: f eq \"x\""},
        {OVER("c4", "[c3]") "---\n" OVER("c3", "[c2]") "---\n" OVER("c2", "[c1]") "---\n" OVER(
             "c1", "[a]") "---\n" RULE("a"),
         COUNTED("c3") " | " COUNTED("c2") HEARD " | " COUNTED("c1") HEARD " | " COUNTED("a") HEARD
         " | s: f eq \"x\""},
        {OVER("c5", "[c4]") "---\n" OVER("c4", "[c3]") "---\n" OVER("c3", "[c2]") "---\n" OVER(
             "c2", "[c1]") "---\n" OVER("c1", "[a]") "---\n" RULE("a"),
         "error: 3:42: correlations over correlations: at most 4 deep | " COUNTED(
             "c3") " | " COUNTED("c2") HEARD " | " COUNTED("c1") HEARD " | " COUNTED("a") HEARD
         " | s: f eq \"x\""},
    };
    sigma_check_rows(documents, ROWS, ARRAY_LEN(ROWS));
}

TEST(a_reference_is_to_one_rule_that_loaded)
{
    static const struct sigma_row ROWS[] = {
        {RULE("a") "level: hihg\n---\n" OVER("c", "[a]"),
         "error: 5:8: unknown level 'hihg' (did you mean 'high'?) | "
         "error: 9:42: the rule 'a' (t.yml:1) did not load"},
        {RULE("a") "---\n" RULE("a") "---\n" OVER("c", "[a]"),
         "s: f eq \"x\" | s: f eq \"x\" | "
         "error: 13:42: two rules have the name 'a': t.yml:1 and t.yml:6"},
        {RULE("login_failed") "---\n" OVER("c", "[login_faild]"),
         "s: f eq \"x\" | error: 8:42: no rule has the id or name 'login_faild' (did you mean "
         "'login_failed'?)"},
        {"title: t\nname: x\nfilter: {rules: any, s: {f: y}, condition: not s}\n---\n" RULE(
             "a") "---\n" OVER("c", "[x]"),
         "ok | and(s: f eq \"x\", not(filter t: s: f eq \"y\")) | "
         "error: 12:42: 'x' is a filter, not a rule"},
        {RULE("a") "weir: {channel: off}\n---\n" OVER("c", "[a]"),
         "s: f eq \"x\" | " COUNTED("a") " ! 9:42: the rule 'a' is off: nothing comes from it"},
        {RULE("a") "weir: {window: 5m}\n",
         "error: 5:8: the setting 'window' is for correlations only"},
        {RULE("a") "weir: {count_by: match, dedup: off, window: 5m}\n",
         "error: 5:8: the setting 'count_by' is for correlations only; 5:37: the setting 'window' "
         "is for correlations only"},
        {"title: r\nweir: {count_by: match}\ncorrelation: {type: risk, group-by: u, condition: "
         "{gte: 5}}\n",
         "error: 2:8: the setting 'count_by' is for event_count and value_count, not for risk"},
        {RULE("a") "---\ntitle: r\nname: r\ncorrelation: {type: risk, group-by: u, condition: "
                   "{gte: 5}, rules: a}\n---\n" OVER("c", "[r]"),
         "s: f eq \"x\" | risk; rules a; group by u; condition gte 5; within 1d | "
         "error: 12:42: 'r' is a risk: nothing listens to it"},
        {"correlation: [a]\n", "error: 1:14: 'correlation' must be a map, not a list"},
    };
    sigma_check_rows(documents, ROWS, ARRAY_LEN(ROWS));
}

/* ---- what a table of texts does not show --------------------------------------------------- */

static struct loaded_rules load(struct arena *a, const char *first, const char *second,
                                const struct lang_options *options)
{
    struct rule_loader *l = rule_loader_new(a, NULL, options);
    struct loaded_rules loaded;

    rule_loader_add(l, STR("1.yml"), str_from(first));
    rule_loader_add(l, STR("2.yml"), str_from(second));
    rule_loader_finish(l, &loaded);
    return loaded;
}

TEST(base_rules_know_that_they_are_listened_to)
{
    struct arena *a = arena_new(0);
    struct loaded_rules r =
        load(a, RULE("a") "level: high\n---\n" RULE("b") "level: low\n---\n" RULE("c"),
             OVER("d", "[a, b]") "---\ntitle: e\ncorrelation: {type: temporal, rules: [b, d], "
                                 "timespan: 1h, generate: true}\nlevel: medium\n",
             NULL);

    CHECK_EQ(r.n_rules, 5);
    CHECK(r.rules[0]->state->is_referenced && !r.rules[0]->state->is_generated);
    CHECK(r.rules[1]->state->is_referenced && r.rules[1]->state->is_generated);
    CHECK(!r.rules[2]->state);
    CHECK(r.rules[3]->state->is_referenced && r.rules[3]->state->is_generated);
    CHECK(!r.rules[4]->state);
    CHECK(r.rules[3]->correlation->inputs[1].rule == r.rules[1]);
    CHECK(r.rules[4]->correlation->inputs[1].rule == r.rules[3]);
    CHECK_EQ(r.rules[3]->level, LEVEL_HIGH); /* the highest of its inputs */
    CHECK_EQ(r.rules[4]->level, LEVEL_MEDIUM);
    CHECK_STR(r.verdicts[3].kind, "correlation");
    CHECK(r.rules[3]->formula->kind == FORMULA_CONST && !r.rules[3]->formula->value);
    CHECK_EQ(strlen(r.rules[3]->sha256), 64);
    r = load(a, RULE("a"),
             "title: r\ncorrelation: {type: risk, group-by: u, condition: {gte: 5}, "
             "rules: a}\n",
             NULL);
    CHECK(r.rules[1]->correlation->inputs[0].rule == r.rules[0]);
    CHECK(!r.rules[0]->state); /* a risk hears what is told */
    arena_free(a);
}

TEST(two_loaders_join_their_correlations)
{
    struct arena *a = arena_new(0);
    struct rule_loader *l = rule_loader_new(a, NULL, NULL);
    struct rule_loader *other = rule_loader_new(arena_new(0), NULL, NULL);
    struct loaded_rules r;

    rule_loader_add(l, STR("1.yml"), STR(OVER("c", "[a]") "---\n" RULE("b")));
    rule_loader_add(other, STR("2.yml"), STR(OVER("d", "[b, c]") "---\n" RULE("a")));
    rule_loader_join(l, other);
    rule_loader_finish(l, &r);
    CHECK_EQ(r.n_rules, 4);
    CHECK(r.rules[0]->correlation->inputs[0].rule == r.rules[3]);
    CHECK(r.rules[2]->correlation->inputs[0].rule == r.rules[1]);
    CHECK(r.rules[2]->correlation->inputs[1].rule == r.rules[0]);
    arena_free(a);
}

TEST(filters_change_base_rules_and_leave_correlations_alone)
{
    struct arena *a = arena_new(0);
    struct loaded_rules r =
        load(a, OVER("c", "[a]"),
             RULE("a") "---\ntitle: f\nlogsource: {product: p}\nfilter: {rules: any, s: {g: y}, "
                       "condition: not s}\n",
             NULL);

    CHECK_EQ(r.n_rules, 2);
    CHECK(r.rules[0]->formula->kind == FORMULA_CONST);
    CHECK(r.rules[1]->formula->kind == FORMULA_AND);
    arena_free(a);
}

TEST(group_fields_must_be_known_to_some_profile)
{
    static const struct {
        const char *correlation, *message; /* NULL: it loads without any */
    } ROWS[] = {
        {"group-by: [user.username]", NULL},
        {"group-by: [userAgnt]", "group-by: no profile of the rules' sources has the field "
                                 "'userAgnt' (did you mean 'userAgent'?)"},
        {"group-by: [cluster_name]", NULL}, /* given by --set */
        {"group-by: [who], aliases: {who: {a: user.username}}", NULL},
        {"group-by: [who], aliases: {who: {a: nobody}}",
         "group-by: no profile of the rules' sources has the field 'nobody'"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct arena *a = arena_new(0);
        struct str constants[] = {STR("cluster_name")};
        struct lang_options options = {.constants = {constants, 1}};
        struct weir_err err;
        CHECK_EQ(profile_set_load_texts(a, NULL, 0, &options.profiles, &err), WEIR_OK);
        struct loaded_rules r =
            load(a,
                 "title: a\nname: a\nlogsource: {product: kubernetes}\ndetection: {s: {verb: get}, "
                 "condition: s}\n",
                 arena_printf(a,
                              "title: t\ncorrelation: {type: event_count, rules: [a], %s, "
                              "timespan: 1h, condition: {gte: 5}}\n",
                              ROWS[i].correlation)
                     .p,
                 &options);
        CHECK_EQ(r.verdicts[1].n_messages, ROWS[i].message ? 1 : 0);
        if (ROWS[i].message)
            CHECK_STR(r.verdicts[1].messages[0].text, ROWS[i].message);
        CHECK(!r.verdicts[1].rule == (ROWS[i].message != NULL));
        arena_free(a);
    }
}

TEST(fields_of_values_are_checked_like_groups)
{
    static const struct {
        const char *correlation, *message;
    } ROWS[] = {
        {"type: value_count, condition: {field: objectRef.name, gte: 2}", NULL},
        {"type: value_count, condition: {field: sourceIP, gte: 2}",
         "condition: no profile of the rules' sources has the field 'sourceIP' (did you "
         "mean 'sourceIPs'?)"},
        {"type: value_sum, condition: {field: objectRef.name, gte: 2}",
         "'objectRef.name' is text: this type needs numbers (how many values: value_count; how "
         "rare one is: rarity)"},
        {"type: value_max, condition: {field: responseStatus.code, gte: 2}", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct arena *a = arena_new(0);
        struct lang_options options = {0};
        struct weir_err err;
        CHECK_EQ(profile_set_load_texts(a, NULL, 0, &options.profiles, &err), WEIR_OK);
        struct loaded_rules r =
            load(a,
                 "title: a\nname: a\nlogsource: {product: kubernetes}\ndetection: {s: {verb: get}, "
                 "condition: s}\n",
                 arena_printf(a, "title: t\ncorrelation: {rules: [a], %s, timespan: 1h}\n",
                              ROWS[i].correlation)
                     .p,
                 &options);
        CHECK_EQ(r.verdicts[1].n_messages, ROWS[i].message ? 1 : 0);
        if (ROWS[i].message)
            CHECK_STR(r.verdicts[1].messages[0].text, ROWS[i].message);
        arena_free(a);
    }
}

/* ---- the manual ---------------------------------------------------------------------------- */

/* Each example of docs/state.md (a run of indented lines with `correlation:`; a comment line begins
 * another one) as a document, behind the base rules that it names. */
static struct str manual(struct arena *a)
{
    static const char *const NAMES[] = {"k8s_secret_read", "k8s_secret_list", "api_call", "sign_in",
                                        "download"};
    struct str line, rest;
    struct buf out = {0};
    struct weir_err err;
    bool is_open = false;

    CHECK_EQ(file_read(a, STR("docs/state.md"), 1 << 20, &rest, &err), WEIR_OK);
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
        buf_printf(&out,
                   "title: t\nname: %s\nlogsource: {product: p}\ndetection: {s: {f: x}, condition: "
                   "s}\n---\n",
                   NAMES[i]);
    while (rest.n) {
        str_cut(rest, '\n', &line, &rest);
        bool is_example = str_starts(line, STR("    "));
        if (is_open && (!is_example || str_starts(line, STR("    # "))))
            buf_add(&out, STR("\n---\n"));
        is_open = is_example;
        if (is_example && !str_starts(line, STR("    # ")))
            buf_printf(&out, "%.*s\n", (int)(line.n - 4), line.p + 4);
    }
    struct str text = arena_str(a, buf_str(&out));
    buf_release(&out);
    return text;
}

TEST(the_examples_of_the_manual_load)
{
    struct arena *a = arena_new(0);
    struct rule_loader *l = rule_loader_new(a, NULL, NULL);
    struct loaded_rules r;
    size_t n_correlations = 0;

    rule_loader_add(l, STR("docs/state.md"), manual(a));
    rule_loader_finish(l, &r);
    for (size_t i = 0; i < r.n_verdicts; i++) {
        struct verdict *v = &r.verdicts[i];
        if (!str_eq(v->kind, STR("correlation")))
            continue;
        n_correlations++;
        if (!v->rule)
            print_error("%.*s\n", (int)v->messages[0].text.n, v->messages[0].text.p);
        CHECK(v->rule);
    }
    CHECK(n_correlations >= 7);
    arena_free(a);
}

TEST_MAIN(ENTRY(the_examples_of_the_manual_load),
          ENTRY(the_types_of_the_specification_become_operators), ENTRY(conditions_over_rule_names),
          ENTRY(weirs_own_types), ENTRY(what_is_no_correlation_is_refused_by_name),
          ENTRY(spans_numbers_and_distances_have_units), ENTRY(conditions_that_cannot_be),
          ENTRY(references_are_resolved_or_refused), ENTRY(settings_are_read_or_refused),
          ENTRY(correlations_nest_in_any_order_and_never_in_a_circle),
          ENTRY(a_reference_is_to_one_rule_that_loaded),
          ENTRY(base_rules_know_that_they_are_listened_to),
          ENTRY(two_loaders_join_their_correlations),
          ENTRY(filters_change_base_rules_and_leave_correlations_alone),
          ENTRY(group_fields_must_be_known_to_some_profile),
          ENTRY(fields_of_values_are_checked_like_groups))
