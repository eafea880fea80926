/* test_parameter.c - parameters of rules: what a rule may offer, and what overlays make of them.
 * A row is a rule's text and an overlay's; its outcome the verdict's messages, then the faults of
 * the overlay, then what the rule is.
 */
#include "lang/parameter.h"

#include "base/buf.h"
#include "base/str.h"
#include "overlay/overlay.h"
#include "rule/dump.h"
#include "tests/lib/sigma_rows.h"

#define BASE                                                                                  \
    "title: B\nid: b\nlogsource: {product: p}\ndetection:\n    s: {f: x}\n    condition: s\n" \
    "---\n"
#define COUNT(parameters)                                                              \
    BASE "title: C\nid: c\ncorrelation: {type: event_count, rules: [b], group-by: u, " \
         "timespan: 10m, condition: {gte: 5}}\nweir:\n    parameters:\n        " parameters "\n"
#define RATIO(parameters)                                                                   \
    BASE "title: C\nid: c\ncorrelation: {type: ratio, rules: [b], actor: u, history: 30d, " \
         "condition: {field: app, lte: 0.01}}\nweir:\n    parameters:\n        " parameters "\n"
#define GEO(parameters)                                                                            \
    BASE "title: C\nid: c\ncorrelation: {type: geo_velocity, rules: [b], group-by: u, condition: " \
         "{field: ip}}\nweir:\n    parameters:\n        " parameters "\n"
#define ASKS(parameters)                                                                      \
    "title: C\nid: c\nlogsource: {product: p}\ndetection:\n    s: {f|expand: '%apps%'}\n    " \
    "condition: s\nweir:\n    parameters:\n        " parameters "\n"
#define WINDOW "TimeWindow: {sets: window, description: how long}"
#define APPS "Known: {list: apps, description: who may}"

static bool look_up(UNUSED void *context, struct str name, struct str_list *entries,
                    enum list_mode *mode)
{
    static struct str ITEMS[] = {STR("ours*"), STR("theirs")};

    if (!str_eq(name, STR("apps")))
        return false;
    *entries = (struct str_list){ITEMS, 2};
    *mode = LIST_GLOB;
    return true;
}

static const struct list_source LISTS = {.lookup = look_up};

static void add_line(struct buf *out, struct str text)
{
    buf_printf(out, "%s%.*s", out->n ? " | " : "", (int)text.n, text.p);
}

static void add_verdict(struct buf *out, const struct verdict *v)
{
    for (size_t i = 0; i < v->n_messages; i++)
        if (v->messages[i].is_error)
            buf_printf(out, "%s%u:%u: %.*s", out->n ? " | " : "", v->messages[i].line,
                       v->messages[i].col, (int)v->messages[i].text.n, v->messages[i].text.p);
}

static void add_correlation(struct buf *out, const struct correlation *c)
{
    struct buf text = {0};

    span_dump(&text, c->window_ms);
    if (c->n_bounds)
        buf_printf(&text, ", bound %d at %lld", (int)c->bounds[0].op,
                   (long long)c->bounds[0].micro);
    if (c->kind == OPERATOR_GEO_VELOCITY)
        buf_printf(&text, ", %lld m/h, %lld m", (long long)c->speed_m_per_h,
                   (long long)c->distance_m);
    if (c->kind == OPERATOR_RATIO)
        buf_printf(&text, ", history %lld, minimum %lld", (long long)c->history_ms / 86400000,
                   (long long)c->minimum_micro);
    add_line(out, buf_str(&text));
    buf_release(&text);
}

/* The last rule of the text, with the overlay on it. */
static void outcome(const char *rule_text, const char *overlay_text, struct buf *out)
{
    struct arena *a = arena_new(0);
    struct overlay_set *set = overlay_set_new(a, &LISTS);
    struct lang_options options = {.lists_of = overlay_lists_of, .lists_of_context = set};
    struct loaded_rules loaded;
    struct weir_err err;

    if (overlay_text)
        overlay_set_add(set, STR("o.yml"), str_from(overlay_text));
    overlay_set_settle(set);
    struct rule_loader *l = rule_loader_new(a, &LISTS, &options);
    rule_loader_add(l, STR("r.yml"), str_from(rule_text));
    rule_loader_finish(l, &loaded);
    overlay_set_apply(set, &loaded, 0);
    buf_clear(out);
    const struct verdict *v = &loaded.verdicts[loaded.n_verdicts - 1];
    add_verdict(out, v);
    for (size_t i = 0; i < overlay_fault_count(set); i++) {
        overlay_fault(set, i, &err);
        buf_printf(out, "%s%u:%u: %s", out->n ? " | " : "", err.line, err.col, err.text);
    }
    if (v->rule && out->n == 0 && v->rule->correlation)
        add_correlation(out, v->rule->correlation);
    else if (v->rule && out->n == 0)
        formula_dump(out, v->rule->formula);
    arena_free(a);
}

struct row {
    const char *rule, *overlay, *want;
};

static void check_rows(const struct row *rows, size_t n)
{
    struct buf out = {0};

    for (size_t i = 0; i < n; i++) {
        outcome(rows[i].rule, rows[i].overlay, &out);
        if (!str_eq(buf_str(&out), str_from(rows[i].want)))
            fail_msg("row %zu: %.*s\n  want %s", i, (int)out.n, out.p, rows[i].want);
    }
    buf_release(&out);
}

#define SET(params) "rules: {c: {set: {params: {" params "}}}}"

TEST(an_overlay_sets_what_a_rule_offers)
{
    static const struct row ROWS[] = {
        {COUNT(WINDOW), NULL, "10m, bound 1 at 5000000"},
        {COUNT(WINDOW), SET("TimeWindow: 30m"), "30m, bound 1 at 5000000"},
        {COUNT("Many: {sets: threshold, description: how many}"), SET("Many: 8"),
         "10m, bound 1 at 8000000"},
        /* a threshold keeps its comparison */
        {RATIO("AppUserRatio: {sets: threshold, description: share}"), SET("AppUserRatio: 0.05"),
         "1h, bound 3 at 50000, history 30, minimum 0"},
        {RATIO(
             "Days: {sets: history, description: d}\n        Few: {sets: minimum, description: m}"),
         SET("Days: 7d, Few: 3"), "1h, bound 3 at 10000, history 7, minimum 3000000"},
        {GEO("GeoVelocity: {sets: speed, description: s}\n        Far: {sets: distance, "
             "description: d}"),
         SET("GeoVelocity: 500km/h, Far: 100km"), "1d, 500000 m/h, 100000 m"},
        /* values for a list are meant as the list is */
        {ASKS(APPS), NULL, "s: or(f startswith \"ours\", f eq \"theirs\")"},
        {ASKS(APPS), SET("Known: mine*"), "s: f startswith \"mine\""},
        {ASKS(APPS), SET("Known: {mode: exact, values: [a, b]}"),
         "s: or(f eq cased \"a\", f eq cased \"b\")"},
        {ASKS(APPS), SET("apps: mine*"), "s: f startswith \"mine\""},
    };
    check_rows(ROWS, ARRAY_LEN(ROWS));
}

TEST(what_an_overlay_gets_wrong_is_a_fault_of_its_place)
{
    static const struct row ROWS[] = {
        {COUNT(WINDOW), SET("TimeWindwo: 30m"),
         "1:28: the rule 'c' has no parameter 'TimeWindwo' (did you mean 'TimeWindow'?)"},
        {COUNT(WINDOW), SET("Other: 30m"),
         "1:28: the rule 'c' has no placeholder %Other% and no such parameter"},
        {COUNT(WINDOW), SET("TimeWindow: soon"),
         "1:40: 'TimeWindow' must be a whole number above 0 with a unit (s, m, h, d, w, M, y; at "
         "most 10y) such as 15m, not 'soon'"},
        {COUNT(WINDOW), SET("TimeWindow: [30m, 1h]"),
         "1:28: the parameter 'TimeWindow' sets 'window': it takes one value"},
        {COUNT(WINDOW), SET("TimeWindow: {mode: ci, values: 30m}"),
         "1:28: the parameter 'TimeWindow' sets 'window': it takes one value"},
        {COUNT(WINDOW), "rules: {c: {set: {window: 1h, params: {TimeWindow: 30m}}}}",
         "1:40: 'TimeWindow' sets 'window' of the rule 'c', which is already set at o.yml:1:19"},
        {COUNT("Many: {sets: threshold, description: how many}"), SET("Many: 200000"),
         "1:34: 'Many' is a count of 0 to 100000"},
        {RATIO("AppUserRatio: {sets: threshold, description: share}"), SET("AppUserRatio: 5"),
         "1:42: 'AppUserRatio' is a share of 0 to 1"},
        {RATIO("Few: {sets: minimum, description: m}"), SET("Few: 0"),
         "1:33: 'Few' must be above 0"},
        {GEO("GeoVelocity: {sets: speed, description: s}"), SET("GeoVelocity: 500"),
         "1:41: 'GeoVelocity' must be a whole number above 0 with a unit (km/h, m/s) such as "
         "800km/h, not '500'"},
        {ASKS(APPS), SET("Konwn: mine"),
         "1:28: the rule 'c' has no parameter 'Konwn' (did you mean 'Known'?)"},
        {ASKS(APPS "\n        Weight: {list: apps2, weighs: f, description: w}"), NULL,
         "10:9: the parameter 'Weight': no list 'apps2': give it with --list apps2=FILE"},
        {COUNT(WINDOW),
         "rules: {c: {set: {params: {TimeWindow: 30m}}}}\n---\nrules: {c: {set: "
         "{params: {TimeWindow: 40m}}}}",
         "3:28: 'params.TimeWindow' of the rule 'c' is already set at o.yml:1:28"},
    };
    check_rows(ROWS, ARRAY_LEN(ROWS));
}

TEST(what_a_rule_gets_wrong_is_an_error_of_the_rule)
{
    static const struct row ROWS[] = {
        {COUNT("W: {sets: windwo, description: x}"), NULL,
         "13:19: a parameter cannot set 'windwo' (did you mean 'window'?)"},
        {COUNT("W: {sets: window}"), NULL, "13:9: the parameter 'W' has no 'description'"},
        {COUNT("W: {description: x}"), NULL,
         "13:9: the parameter 'W' needs one of 'sets' and 'list'"},
        {COUNT("W: {sets: window, list: apps, description: x}"), NULL,
         "13:9: the parameter 'W' needs one of 'sets' and 'list'"},
        {COUNT("W: {sets: window, weighs: f, description: x}"), NULL,
         "13:9: the parameter 'W' has no 'list' that could weigh"},
        {COUNT("W: {set: window, description: x}"), NULL,
         "13:13: unknown key 'set' of a parameter (did you mean 'sets'?)"},
        {COUNT("W: {sets: [window], description: ''}"), NULL,
         "13:19: 'sets' of a parameter must be text, not a list | 13:42: 'description' of a "
         "parameter must be text, not nothing"},
        {COUNT("W: window"), NULL,
         "13:12: the parameter 'W' must be a map (description, and sets or list), not text"},
        {COUNT("W: {sets: speed, description: x}"), NULL,
         "13:9: the parameter 'W' sets 'speed', which this event_count has not"},
        {COUNT(APPS), NULL, "13:9: the parameter 'Known' is about a list: a correlation asks none"},
        {BASE "title: C\nid: c\ncorrelation: {type: event_count, rules: [b], timespan: 1m, "
              "condition: {gte: 5, lt: 9}}\nweir: {parameters: {T: {sets: threshold, description: "
              "x}}}\n",
         NULL, "11:21: the parameter 'T' sets 'threshold', which this event_count has not"},
        {BASE "title: C\nid: c\ncorrelation: {type: event_count, rules: [b], timespan: 1m, "
              "condition: {gte: 5}}\nweir: {parameters: [a]}\n",
         NULL, "11:20: 'parameters' must be a map of names, not a list"},
        {ASKS(WINDOW), NULL,
         "9:9: the parameter 'TimeWindow' sets 'window': only correlations have that"},
        {ASKS("K: {list: other, description: x}"), NULL,
         "9:9: the parameter 'K': the rule has no placeholder %other%"},
        {ASKS(APPS "\n        Again: {list: apps, description: x}"), NULL,
         "10:9: the parameters 'Known' and 'Again' are about the same list"},
    };
    check_rows(ROWS, ARRAY_LEN(ROWS));
}

TEST_MAIN(ENTRY(an_overlay_sets_what_a_rule_offers),
          ENTRY(what_an_overlay_gets_wrong_is_a_fault_of_its_place),
          ENTRY(what_a_rule_gets_wrong_is_an_error_of_the_rule))
