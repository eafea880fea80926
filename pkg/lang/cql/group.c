/* group.c - from events to rows: groupBy() and what else makes rows of events.
 *
 * What a chart shows of them, and where a list of them is cut off (limit), changes nothing here.
 */
#include "lang/cql/group.h"

#include "base/str.h"

static bool need(struct cql *x, const struct cql_call *call, const char *what)
{
    return diag_error(x->s->diag, call->at, "%.*s() without %s", SHOWN(call->name), what);
}

/* ---- keys, rows ---------------------------------------------------------------------------- */

bool cql_add_key(struct cql *x, const struct cql_call *call, struct cql_grouping *g,
                 struct str name, struct expr *value)
{
    if (g->n_keys == CORRELATION_GROUP_MAX)
        return diag_error(x->s->diag, call->at, "more than %d fields to group by",
                          CORRELATION_GROUP_MAX);
    g->keys[g->n_keys++] = (struct pipe_key){name, value};
    return value != NULL;
}

bool cql_add_keys(struct cql *x, const struct cql_call *call, struct cql_grouping *g,
                  const struct cql_argument *a)
{
    struct str_list names;

    if (!cql_fields_of(x, a, &names))
        return false;
    for (size_t i = 0; i < names.n; i++) {
        if (cql_is_joined(x, names.items[i])) /* findings fold by the keys of the join */
            continue;
        if (!cql_add_key(x, call, g, names.items[i], cql_column(x, call->at, names.items[i])))
            return false;
    }
    return true;
}

static bool count_rows(struct cql *x, const struct cql_call *call, struct cql_grouping *g)
{
    return cql_add_aggregate(x, call, g,
                             (struct pipe_aggregate){.kind = GROUP_COUNT, .name = STR("_count")});
}

/* tail(max): all events that have the keys are there as they were. */
static bool keep_rows(struct cql *x, const struct cql_call *call, const struct cql_grouping *g)
{
    if (g->n || g->n_columns)
        return diag_unsupported(x->s->diag, call->at, "all events of a group beside aggregates");
    for (size_t i = 0; i < g->n_keys; i++)
        if (!pipe_where(x->pipe, call->at,
                        pipe_call1(x->pipe, call->at, EXPR_IS_THERE, g->keys[i].value)))
            return false;
    return true;
}

static enum group_kind kind_of(enum cql_row row)
{
    return row == CQL_ROW_FIRST ? GROUP_FIRST : GROUP_LAST;
}

bool cql_row_column(struct cql *x, struct place at, struct str as, struct str name,
                    enum group_kind kind)
{
    struct expr *value = pipe_row_value(x->pipe, name);

    if (value && value->kind == EXPR_MEMBERS && str_eq(value->text, STR("@timestamp")))
        value = pipe_time(x->pipe, at, value->text);
    return !value || pipe_row_column(x->pipe, at, as, value, kind);
}

static bool finish(struct cql *x, const struct cql_call *call, struct cql_grouping *g)
{
    if (g->inner_at.line && g->n_functions > 1)
        return diag_unsupported(x->s->diag, g->inner_at, "groups inside groups beside aggregates");
    if (x->parsed && (g->row == CQL_ROW_FIRST || g->row == CQL_ROW_LAST || g->n_columns))
        return diag_unsupported(x->s->diag, call->at, "one event of a group behind parseJson()");
    if (g->sliding_at.line && g->n_functions > 1)
        return diag_unsupported(x->s->diag, g->sliding_at,
                                "slidingTimeWindow() beside other functions");
    if (x->self_join && !cql_self_join_group(x, call, g))
        return false;
    if (g->row == CQL_ROW_ALL)
        return keep_rows(x, call, g);
    x->has_row = false;
    if (!pipe_stats(x->pipe, call->at, g->items, g->n, g->keys, g->n_keys))
        return false;
    if (x->self_join && !cql_self_join_done(x))
        return false;
    for (size_t i = 0; i < g->n_columns; i++)
        if (!cql_row_column(x, call->at, g->columns[i].as, g->columns[i].name,
                            kind_of(g->columns[i].row)))
            return false;
    x->has_row = g->row != CQL_ROW_NONE;
    x->row_kind = kind_of(g->row);
    return true;
}

/* groupBy(), and charts that show the same: fields, functions. */
static bool group_by(struct cql *x, struct cql_call *call)
{
    struct cql_grouping g = {.n = 0};

    if (!cql_bind(x, call, "field function limit", SIZE_MAX))
        return false;
    if (!call->bound[0])
        return need(x, call, "fields");
    return cql_add_keys(x, call, &g, call->bound[0]) &&
           (call->bound[1] ? cql_functions_of(x, call->bound[1], &g) : count_rows(x, call, &g)) &&
           finish(x, call, &g);
}

enum { TOP_FIELD, TOP_LIMIT, TOP_AS, TOP_SUM, TOP_MAX, TOP_PERCENT };
static bool top(struct cql *x, struct cql_call *call)
{
    struct cql_grouping g = {.n = 0};
    struct pipe_aggregate one = {.kind = GROUP_COUNT, .name = STR("_count")};
    struct str field;
    bool has_percent = false;

    if (!cql_bind(x, call, "field limit as sum max percent error rest", SIZE_MAX) ||
        (call->bound[TOP_PERCENT] && !cql_flag_of(x, call->bound[TOP_PERCENT], &has_percent)))
        return false;
    if (!call->bound[TOP_FIELD])
        return need(x, call, "fields");
    if (!cql_add_keys(x, call, &g, call->bound[TOP_FIELD]))
        return false;
    for (size_t i = TOP_SUM; i <= TOP_MAX; i++) {
        if (!call->bound[i])
            continue;
        if (!cql_field_of(x, call->bound[i], &field))
            return false;
        one.kind = i == TOP_SUM ? GROUP_SUM : GROUP_MAX;
        one.name = i == TOP_SUM ? STR("_sum") : STR("_max");
        one.arg = cql_number_in(x, call->at, field);
    }
    if (call->bound[TOP_AS] && !cql_field_of(x, call->bound[TOP_AS], &one.name))
        return false;
    if (has_percent) /* of the rows of all groups */
        cql_add_unknown(x, STR("percent"), STR("top(percent=true)"), CQL_NOT_COMPUTED);
    return cql_add_aggregate(x, call, &g, one) && finish(x, call, &g);
}

/* source, target: an edge of a picture is a group. */
static bool sankey(struct cql *x, struct cql_call *call)
{
    struct cql_grouping g = {.n = 0};

    if (!cql_bind(x, call, "source target weight", SIZE_MAX))
        return false;
    if (!call->bound[0] || !call->bound[1])
        return need(x, call, "a source and a target");
    return cql_add_keys(x, call, &g, call->bound[0]) && cql_add_keys(x, call, &g, call->bound[1]) &&
           (call->bound[2] ? cql_functions_of(x, call->bound[2], &g) : count_rows(x, call, &g)) &&
           finish(x, call, &g);
}

enum { MAP_IP, MAP_MAGNITUDE, MAP_LAT, MAP_LON };
/* worldMap(): of addresses a group for each, of places one for each pair of numbers. */
static bool world_map(struct cql *x, struct cql_call *call)
{
    struct cql_grouping g = {.n = 0};

    if (!cql_bind(x, call, "ip magnitude lat lon precision", SIZE_MAX))
        return false;
    if (!call->bound[MAP_IP] && !(call->bound[MAP_LAT] && call->bound[MAP_LON]))
        return need(x, call, "ip, or lat and lon");
    for (size_t i = 0; i <= MAP_LON; i++)
        if (i != MAP_MAGNITUDE && call->bound[i] && !cql_add_keys(x, call, &g, call->bound[i]))
            return false;
    return (call->bound[MAP_MAGNITUDE] ? cql_functions_of(x, call->bound[MAP_MAGNITUDE], &g)
                                       : count_rows(x, call, &g)) &&
           finish(x, call, &g);
}

static bool stats(struct cql *x, struct cql_call *call)
{
    struct cql_grouping g = {.n = 0};

    if (!cql_bind(x, call, "function", SIZE_MAX))
        return false;
    return (call->bound[0] ? cql_functions_of(x, call->bound[0], &g) : count_rows(x, call, &g)) &&
           finish(x, call, &g);
}

bool cql_group_by_nothing(struct cql *x, struct cql_call *call, const struct cql_argument *a)
{
    struct cql_grouping g = {.n = 0};

    return cql_functions_of(x, a, &g) && finish(x, call, &g);
}

/* ---- time
 * -----------------------------------------------------------------------------------------------
 */

#define HOUR_MS (INT64_C(3600) * 1000)

static bool span_of(struct cql *x, const struct cql_argument *a, int64_t *ms)
{
    struct str text;

    if (!cql_text_of(x, a, &text))
        return false;
    return cql_span(text, ms) || diag_error(x->s->diag, cql_place(x, a->begin),
                                            "'%.*s' is no span of time (30s, 5m, 1h)", SHOWN(text));
}

/* By number of the parameter; the one without a name is bucket()'s span and timeChart()'s series.
 */
enum { BUCKET_FIRST, CHART_FUNCTION, BUCKET_THIRD };
/* bucket(), timeChart(): groups of a stretch of time, too. */
static bool buckets(struct cql *x, struct cql_call *call)
{
    struct cql_grouping g = {.n = 0};
    int64_t ms = HOUR_MS;
    bool is_chart = str_eq_ci(call->name, STR("timeChart"));

    if (!cql_bind(x, call,
                  is_chart ? "series function span limit unit buckets minSpan timezone"
                           : "span function field limit unit buckets minSpan timezone",
                  SIZE_MAX))
        return false;
    const struct cql_argument *span = call->bound[is_chart ? BUCKET_THIRD : BUCKET_FIRST],
                              *field = call->bound[is_chart ? BUCKET_FIRST : BUCKET_THIRD];
    if (span && !span_of(x, span, &ms))
        return false;
    if (!span)
        diag_warn(x->s->diag, call->at, "%.*s() without a span: buckets of an hour",
                  SHOWN(call->name));
    struct expr *time = cql_column(x, call->at, STR("@timestamp"));
    struct expr *bucket =
        pipe_call2(x->pipe, call->at, EXPR_TIME_TRUNC, time, pipe_whole(x->pipe, ms));
    if (!cql_add_key(x, call, &g, STR("_bucket"), bucket) ||
        (field && !cql_add_keys(x, call, &g, field)))
        return false;
    x->bucket_ms = ms;
    return (call->bound[CHART_FUNCTION] ? cql_functions_of(x, call->bound[CHART_FUNCTION], &g)
                                        : count_rows(x, call, &g)) &&
           finish(x, call, &g);
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool (*run)(struct cql *x, struct cql_call *call);
} GROUPS[] = {{"groupBy", group_by},   {"top", top},
              {"sankey", sankey},      {"stats", stats},
              {"worldMap", world_map}, {"bucket", buckets},
              {"timeChart", buckets},  {"array:reduceAll", cql_reduce_all}};

bool cql_is_group(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(GROUPS); i++)
        if (str_eq_ci(name, str_from(GROUPS[i].name)))
            return true;
    return cql_is_aggregate(name) || str_eq_ci(name, STR(CQL_SLIDING));
}

const char *cql_group_name(size_t i)
{
    if (i < ARRAY_LEN(GROUPS))
        return GROUPS[i].name;
    i -= ARRAY_LEN(GROUPS);
    return cql_aggregate_name(i);
}

bool cql_group_list(struct cql *x)
{
    struct cql_call call = {.name = STR("[]"), .at = cql_here(x)};
    struct cql_grouping g = {.n = 0};

    x->grouped_at = call.at;
    return cql_read_functions(x, &g) && finish(x, &call, &g);
}

bool cql_group(struct cql *x, struct cql_call *call, struct str as)
{
    struct cql_grouping g = {.n = 0};

    if (!pipe_is_grouped(x->pipe))
        x->grouped_at = call->at;
    for (size_t i = 0; i < ARRAY_LEN(GROUPS); i++)
        if (str_eq_ci(call->name, str_from(GROUPS[i].name)))
            return as.n ? diag_unsupported(x->s->diag, call->at, "%s() behind :=", GROUPS[i].name)
                        : GROUPS[i].run(x, call);
    if (!cql_read_function(x, call, &g))
        return false;
    if (as.n && g.n == 1)
        g.items[0].name = as;
    return finish(x, call, &g);
}
