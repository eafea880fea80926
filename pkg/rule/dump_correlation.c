/* dump_correlation.c - correlations as text: a row per property, those that are not set left out.
 */
#include "rule/dump.h"

#include "base/str.h"
#include "rule/correlation.h"
#include "rule/expr.h"

#include <stdlib.h>

static const char *const BOUNDS[] = {[BOUND_GT] = "gt",   [BOUND_GTE] = "gte", [BOUND_LT] = "lt",
                                     [BOUND_LTE] = "lte", [BOUND_EQ] = "eq",   [BOUND_NEQ] = "neq"};

/* ---- values ------------------------------------------------------------------------- */

void span_dump(struct buf *out, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } UNITS[] = {{INT64_C(31556952000), "y"},
                 {INT64_C(2629746000), "M"},
                 {86400000, "d"},
                 {3600000, "h"},
                 {60000, "m"},
                 {1000, "s"}};

    for (size_t i = 0; i < ARRAY_LEN(UNITS); i++)
        if (ms % UNITS[i].ms == 0) {
            buf_printf(out, "%lld%s", (long long)(ms / UNITS[i].ms), UNITS[i].unit);
            return;
        }
    buf_printf(out, "%lldms", (long long)ms);
}

void micro_dump(struct buf *out, int64_t micro)
{
    int64_t whole = micro / CORRELATION_MICRO, rest = llabs(micro % CORRELATION_MICRO);
    int digits = 6;

    buf_printf(out, "%s%lld", micro < 0 ? "-" : "", (long long)llabs(whole));
    if (rest == 0)
        return;
    for (; rest % 10 == 0; rest /= 10)
        digits--;
    buf_printf(out, ".%0*lld", digits, (long long)rest);
}

static void row(struct buf *out, const char *name)
{
    buf_printf(out, "\n  %-10s ", name);
}

static void add_names(struct buf *out, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s%.*s", i ? ", " : "", (int)names[i].n, names[i].p);
}

static void span_row(struct buf *out, const char *name, int64_t ms)
{
    if (ms == 0)
        return;
    row(out, name);
    span_dump(out, ms);
}

static void micro_row(struct buf *out, const char *name, int64_t micro)
{
    if (micro == 0)
        return;
    row(out, name);
    micro_dump(out, micro);
}

/* ---- rows ---------------------------------------------------------------------------- */

/* Where the field differs from the group's name: an alias. */
static void add_aliases(struct buf *out, const struct correlation *c,
                        const struct correlation_input *input)
{
    const char *before = " (";

    for (size_t i = 0; input->group_fields && i < c->n_group; i++) {
        if (str_eq(c->group[i], input->group_fields[i]))
            continue;
        buf_printf(out, "%s%.*s: %.*s", before, (int)c->group[i].n, c->group[i].p,
                   (int)input->group_fields[i].n, input->group_fields[i].p);
        before = ", ";
    }
    if (before[0] == ',')
        buf_add_char(out, ')');
}

static void inputs_row(struct buf *out, const struct correlation *c)
{
    row(out, "rules");
    for (size_t i = 0; i < c->n_inputs; i++) {
        const struct correlation_input *input = &c->inputs[i];
        struct str name = input->reference;
        if (input->rule)
            name = input->rule->name.n ? input->rule->name : input->rule->uid;
        buf_printf(out, "%s%.*s", i ? ", " : "", (int)name.n, name.p);
        add_aliases(out, c, input);
    }
    if (c->n_inputs == 0)
        buf_add(out, STR("all that alert"));
}

static void group_row(struct buf *out, const struct correlation *c)
{
    row(out, "group by");
    if (c->n_group == 0)
        buf_add(out, STR("nothing: one group"));
    add_names(out, c->group, c->n_group);
    if (c->is_group_ci)
        buf_add(out, STR(", case aside"));
    uint32_t optional = 0;
    for (size_t i = 0; i < c->n_inputs; i++)
        optional |= c->inputs[i].optional;
    if (c->on_missing != MISSING_DROP || optional)
        buf_add(out,
                optional ? STR(", missing ones too where optional") : STR(", missing ones too"));
}

static void add_seen(struct buf *out, const struct correlation *c, const struct seen_expr *e)
{
    const char *between = e->kind == FORMULA_AND ? "and(" : e->kind == FORMULA_OR ? "or(" : "not(";

    if (e->kind == FORMULA_ATOM) {
        struct str name = c->inputs[e->input].reference;
        buf_add(out, name);
        return;
    }
    for (size_t i = 0; i < e->n_children; i++) {
        buf_printf(out, "%s", between);
        add_seen(out, c, e->children[i]);
        between = ", ";
    }
    buf_add_char(out, ')');
}

/* "1, 2 x3, not 3, until 4": the items by number. */
static void items_row(struct buf *out, const struct correlation *c)
{
    static const char *const KINDS[] = {
        [SEQUENCE_STAGE] = "", [SEQUENCE_MISSING] = "not ", [SEQUENCE_UNTIL] = "until "};

    row(out, "in order");
    for (size_t i = 0; i < c->n_inputs; i++) {
        buf_printf(out, "%s%s%zu", i ? ", " : "", KINDS[c->items[i].kind], i + 1);
        if (c->items[i].runs > 1)
            buf_printf(out, " x%u", c->items[i].runs);
    }
    row(out, "decided");
    buf_add(out, STR("at the watermark"));
}

static void condition_row(struct buf *out, const struct correlation *c)
{
    bool is_set = c->kind == OPERATOR_SET || c->kind == OPERATOR_ORDERED;
    const char *before = "";

    if (c->kind == OPERATOR_SEQUENCE)
        items_row(out, c);
    if (!is_set && c->n_fields + c->n_bounds == 0)
        return;
    row(out, "condition");
    if (c->n_fields) {
        buf_printf(out, "field%s ", c->n_fields > 1 ? "s" : "");
        add_names(out, c->fields, c->n_fields);
        if (c->may_lack_values)
            buf_add(out, STR(" (or empty)"));
        before = ", ";
    }
    if (c->kind == OPERATOR_AGGREGATE && c->aggregate == AGGREGATE_PERCENTILE) {
        buf_printf(out, "%spercentile ", before);
        micro_dump(out, c->percentile_micro);
    }
    for (size_t i = 0; i < c->n_bounds; i++, before = ", ") {
        buf_printf(out, "%s%s ", before, BOUNDS[c->bounds[i].op]);
        micro_dump(out, c->bounds[i].micro);
    }
    if (c->seen)
        add_seen(out, c, c->seen);
    else if (is_set && c->n_bounds == 0)
        buf_printf(out, "all rules%s", c->kind == OPERATOR_ORDERED ? " in order" : "");
}

/* What aggregates are called. */
static const char *const KINDS[GROUP_KINDS] = {[GROUP_COUNT] = "count",
                                               [GROUP_COUNT_TRUE] = "count_true",
                                               [GROUP_DISTINCT] = "distinct",
                                               [GROUP_VALUES] = "values",
                                               [GROUP_COLLECT] = "collect",
                                               [GROUP_LIST] = "list",
                                               [GROUP_LEAST] = "least",
                                               [GROUP_GREATEST] = "greatest",
                                               [GROUP_MIN] = "min",
                                               [GROUP_MAX] = "max",
                                               [GROUP_SUM] = "sum",
                                               [GROUP_AVERAGE] = "average",
                                               [GROUP_DEVIATION] = "deviation",
                                               [GROUP_PERCENTILE] = "percentile",
                                               [GROUP_MEDIAN_DEVIATION] = "median_deviation",
                                               [GROUP_FIRST] = "first",
                                               [GROUP_LAST] = "last"};

static void add_column(struct buf *out, const struct group_stats *g, uint32_t column)
{
    if (column == GROUP_TIME_COLUMN)
        buf_add(out, STR("time"));
    else if (column < g->n_columns)
        buf_add(out, g->columns[column]);
}

static void aggregate_dump(struct buf *out, const struct group_stats *g,
                           const struct group_inner *in, const struct group_aggregate *a)
{
    buf_printf(out, "%.*s = %s(", (int)a->name.n, a->name.p, KINDS[a->kind]);
    if (in && a->column < in->n_values)
        expr_dump(out, in->values[a->column]);
    else
        add_column(out, g, a->column);
    if (a->order != GROUP_NO_COLUMN) {
        buf_add(out, STR(" by "));
        if (in && a->order < in->n_values)
            expr_dump(out, in->values[a->order]);
        else
            add_column(out, g, a->order);
    }
    buf_add_char(out, ')');
}

/* The groups inside. */
static void inner_rows(struct buf *out, const struct group_stats *g, const struct group_inner *in)
{
    row(out, in->is_rows ? "of rows beside groups by" : "of groups by");
    for (size_t i = 0; i < in->n_keys; i++) {
        buf_add(out, i ? STR(", ") : STR(""));
        add_column(out, g, in->keys[i]);
    }
    for (size_t i = 0; i < in->n_aggregates; i++) {
        buf_add(out, i || in->n_keys ? STR(", ") : STR(""));
        aggregate_dump(out, g, NULL, &in->aggregates[i]);
    }
    if (in->having) {
        row(out, "that are");
        expr_dump(out, in->having);
    }
}

static void stats_rows(struct buf *out, const struct group_stats *g)
{
    if (g->inner)
        inner_rows(out, g, g->inner);
    for (size_t i = 0; i < g->n_aggregates; i++) {
        row(out, i ? "" : "aggregates");
        aggregate_dump(out, g, g->inner, &g->aggregates[i]);
    }
    if (g->having) {
        row(out, "having");
        expr_dump(out, g->having);
    }
    if (g->having_row) {
        row(out, "having a row");
        expr_dump(out, g->having_row);
    }
    row(out, "decided");
    buf_add(out, STR("at the watermark"));
}

static void own_rows(struct buf *out, const struct correlation *c)
{
    static const char *const RARITIES[] = {"count", "days", "actors"};

    if (c->stats)
        stats_rows(out, c->stats);
    span_row(out, "history", c->history_ms);
    span_row(out, "training", c->training_ms);
    span_row(out, "activation", c->activation_ms);
    if (c->kind == OPERATOR_RARITY) {
        row(out, "rarity by");
        buf_printf(out, "%s", RARITIES[c->rarity_by]);
    }
    if (c->actor_field.n) {
        row(out, "actor");
        buf_add(out, c->actor_field);
    }
    micro_row(out, "factor", c->factor_micro);
    micro_row(out, "minimum", c->minimum_micro);
    span_row(out, "baseline", c->baseline_ms);
    if (c->distance_m) {
        row(out, "distance");
        buf_printf(out, "%lldm", (long long)c->distance_m);
    }
    if (c->speed_m_per_h) {
        row(out, "speed");
        buf_printf(out, "%lldm/h", (long long)c->speed_m_per_h);
    }
    span_row(out, "half-life", c->half_life_ms);
}

static void dedup_row(struct buf *out, const struct dedup *d)
{
    if (!d->is_set)
        return;
    row(out, "dedup");
    if (d->is_off) {
        buf_add(out, STR("off"));
        return;
    }
    if (d->has_fields) {
        buf_add(out, STR("by "));
        add_names(out, d->fields, d->n_fields);
        if (d->n_fields == 0)
            buf_add(out, STR("rule alone"));
    } else {
        buf_add(out, STR("by group"));
    }
    if (d->period_ms) {
        buf_add(out, STR(" for "));
        span_dump(out, d->period_ms);
    }
    if (d->is_anchored)
        buf_add(out, STR(" from the first"));
}

static void state_rows(struct buf *out, const struct rule *rule)
{
    const struct rule_state *s = rule->state;

    if (rule->channel != CHANNEL_ALERT) {
        row(out, "channel");
        buf_printf(out, "%s", rule_channel_name(rule->channel));
    }
    if (!s)
        return;
    dedup_row(out, &s->dedup);
    if (s->has_emit) {
        row(out, "emit");
        buf_printf(out, "%s", s->emit == EMIT_FINAL ? "final" : "early");
    }
    span_row(out, "lateness", s->lateness_ms);
    if (s->first_seen_points) {
        row(out, "first seen");
        buf_printf(out, "%d points", s->first_seen_points);
    }
    if (s->state_version) {
        row(out, "version");
        buf_printf(out, "%u", s->state_version);
    }
    if (s->is_referenced) {
        row(out, "listened");
        buf_printf(out, "to by other rules%s", s->is_generated ? ", and told too" : "");
    }
}

void correlation_dump(struct buf *out, const struct rule *rule)
{
    const struct correlation *c = rule->correlation;

    ASSERT(c);
    buf_printf(out, "%s", correlation_type_name(c));
    inputs_row(out, c);
    group_row(out, c);
    condition_row(out, c);
    row(out, "within");
    span_dump(out, c->window_ms);
    if (c->count_by != COUNT_BY_DEFAULT) {
        row(out, "count by");
        buf_printf(out, "%s", c->count_by == COUNT_BY_EVENT_ID ? "event_id" : "match");
    }
    own_rows(out, c);
    state_rows(out, rule);
    buf_add_char(out, '\n');
}
