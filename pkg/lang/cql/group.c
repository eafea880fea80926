/* group.c - from events to rows: groupBy() and what else makes rows of events.
 *
 * What a chart shows of them, and where a list of them is cut off (limit), changes nothing here.
 */
#include "lang/cql/scan.h"

#include "base/str.h"

struct aggregates {
    struct pipe_aggregate items[CORRELATION_COLUMNS_MAX];
    size_t n;
    struct expr *filter; /* of the block at hand; NULL: none */
};

struct maker {
    const char *name, *parameters, *as;
    enum group_kind kind;
    bool (*read)(struct cql *x, const struct maker *a, struct cql_call *call,
                 struct aggregates *out);
};

static bool add(struct cql *x, const struct cql_call *call, struct aggregates *out,
                struct pipe_aggregate a)
{
    if (out->n == CORRELATION_COLUMNS_MAX)
        return diag_error(x->s->diag, call->at, "more than %d aggregates", CORRELATION_COLUMNS_MAX);
    a.at = call->at;
    a.filter = out->filter;
    out->items[out->n++] = a;
    return true;
}

static bool need(struct cql *x, const struct cql_call *call, const char *what)
{
    return diag_error(x->s->diag, call->at, "%.*s() without %s", SHOWN(call->name), what);
}

/* ---- aggregates ---------------------------------------------------------------------------- */

/* Texts count as the numbers that they are. */
static struct expr *number_in(struct cql *x, struct place at, struct str field)
{
    struct expr *e = cql_column(x, at, field);

    if (!e || e->kind == EXPR_TIME || e->kind == EXPR_NUMBER)
        return e;
    return pipe_call2(x->pipe, at, EXPR_ADD, e, pipe_whole(x->pipe, 0));
}

enum { OF_FIELD, OF_AS, OF_MORE };
static bool read_number(struct cql *x, const struct maker *a, struct cql_call *call,
                        struct aggregates *out)
{
    struct str field, as = str_from(a->as);

    if (!call->bound[OF_FIELD])
        return need(x, call, "a field");
    if (!cql_field_of(x, call->bound[OF_FIELD], &field) ||
        (call->bound[OF_AS] && !cql_field_of(x, call->bound[OF_AS], &as)))
        return false;
    struct expr *arg = number_in(x, call->at, field);
    return arg &&
           add(x, call, out, (struct pipe_aggregate){.kind = a->kind, .name = as, .arg = arg});
}

static bool read_count(struct cql *x, const struct maker *a, struct cql_call *call,
                       struct aggregates *out)
{
    struct str field = STR(""), as = str_from(a->as);
    bool is_distinct = false;
    struct expr *arg = NULL;

    if ((call->bound[OF_FIELD] && !cql_field_of(x, call->bound[OF_FIELD], &field)) ||
        (call->bound[OF_AS] && !cql_field_of(x, call->bound[OF_AS], &as)) ||
        (call->bound[OF_MORE] && !cql_flag_of(x, call->bound[OF_MORE], &is_distinct)))
        return false;
    if (is_distinct && !field.n)
        return need(x, call, "a field whose different values it is to count");
    if (field.n && !str_eq(field, STR("*"))) {
        arg = cql_column(x, call->at, field);
        if (!arg)
            return false;
    }
    return add(x, call, out,
               (struct pipe_aggregate){
                   .kind = is_distinct ? GROUP_DISTINCT : GROUP_COUNT, .name = as, .arg = arg});
}

/* A percentile for each, as_95 ... */
static bool read_percentile(struct cql *x, const struct maker *a, struct cql_call *call,
                            struct aggregates *out)
{
    static const struct str USUAL[] = {{"50", 2}, {"75", 2}, {"99", 2}};
    struct str_list percents = {USUAL, ARRAY_LEN(USUAL)};
    struct str field, as = STR("");

    if (!call->bound[OF_FIELD])
        return need(x, call, "a field");
    if (!cql_field_of(x, call->bound[OF_FIELD], &field) ||
        (call->bound[OF_AS] && !cql_field_of(x, call->bound[OF_AS], &as)) ||
        (call->bound[OF_MORE] && !cql_texts_of(x, call->bound[OF_MORE], &percents)))
        return false;
    for (size_t i = 0; i < percents.n; i++) {
        struct expr_value v = expr_value_number(percents.items[i]);
        if ((v.type != EXPR_VALUE_INT && v.type != EXPR_VALUE_REAL) || v.real < 0 || v.real > 100)
            return need(x, call, "percentiles from 0 to 100");
        struct pipe_aggregate one = {
            .kind = a->kind,
            .name = arena_printf(x->s->a, "%.*s_%.*s", SHOWN(as), SHOWN(percents.items[i])),
            .arg = number_in(x, call->at, field),
            .percentile_micro = (int64_t)(v.real * CORRELATION_MICRO)};
        if (!one.arg || !add(x, call, out, one))
            return false;
    }
    return true;
}

/* One for each field, under the field's own name. */
static bool each_field(struct cql *x, const struct cql_call *call,
                       const struct cql_argument *fields, struct pipe_aggregate a, struct str as,
                       struct aggregates *out)
{
    struct str_list names;

    if (!cql_fields_of(x, fields, &names))
        return false;
    if (as.n && names.n != 1)
        return need(x, call, "one field for one name");
    for (size_t i = 0; i < names.n; i++) {
        a.name = as.n ? as : names.items[i];
        a.arg = cql_column(x, call->at, names.items[i]);
        if (a.arg && a.arg->kind == EXPR_TIME && a.kind != GROUP_MIN && a.kind != GROUP_MAX)
            a.arg = pipe_call2(x->pipe, call->at, EXPR_ADD, a.arg, pipe_whole(x->pipe, 0));
        if (!a.arg || !add(x, call, out, a))
            return false;
    }
    return true;
}

enum { COLLECT_FIELDS, COLLECT_LIMIT, COLLECT_AS, COLLECT_DISTINCT };
static bool read_collect(struct cql *x, const struct maker *a, struct cql_call *call,
                         struct aggregates *out)
{
    struct pipe_aggregate one = {.kind = a->kind};
    struct str text, as = STR("");
    uint64_t limit;
    bool is_distinct = true;

    if (!call->bound[COLLECT_FIELDS])
        return need(x, call, "fields");
    if (call->bound[COLLECT_LIMIT]) {
        if (!cql_text_of(x, call->bound[COLLECT_LIMIT], &text))
            return false;
        if (!str_to_u64(text, &limit) || limit == 0)
            return need(x, call, "a limit that is a number above 0");
        one.limit = limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
    }
    if (call->bound[COLLECT_AS] &&
        (!cql_lenient(x, call->bound[COLLECT_AS]->whole, CQL_COLLECT_AS) ||
         !cql_field_of(x, call->bound[COLLECT_AS], &as)))
        return false;
    if (call->bound[COLLECT_DISTINCT] &&
        !cql_flag_of(x, call->bound[COLLECT_DISTINCT], &is_distinct))
        return false;
    if (!is_distinct)
        one.kind = GROUP_LIST;
    return each_field(x, call, call->bound[COLLECT_FIELDS], one, as, out);
}

static bool read_each(struct cql *x, const struct maker *a, struct cql_call *call,
                      struct aggregates *out)
{
    if (!call->bound[0])
        return need(x, call, "fields");
    return each_field(x, call, call->bound[0], (struct pipe_aggregate){.kind = a->kind}, STR(""),
                      out);
}

/* The values of the event in which a field is greatest: last by it. */
static bool read_from(struct cql *x, const struct maker *a, struct cql_call *call,
                      struct aggregates *out)
{
    struct pipe_aggregate one = {.kind = a->kind};
    struct str field;

    if (!call->bound[0] || !call->bound[1])
        return need(x, call, "a field and what to include");
    if (!cql_field_of(x, call->bound[0], &field))
        return false;
    one.order = number_in(x, call->at, field);
    if (one.order && one.order->kind == EXPR_TIME)
        one.order = NULL;
    return each_field(x, call, call->bound[1], one, STR(""), out);
}

static const struct maker AGGREGATES[] = {
    {"avg", "field as", "_avg", GROUP_AVERAGE, read_number},
    {"collect", "fields limit as distinct multival separator", NULL, GROUP_COLLECT, read_collect},
    {"count", "field as distinct", "_count", GROUP_COUNT, read_count},
    {"max", "field as", "_max", GROUP_MAX, read_number},
    {"min", "field as", "_min", GROUP_MIN, read_number},
    {"percentile", "field as percentiles accuracy", NULL, GROUP_PERCENTILE, read_percentile},
    {"selectFirst", "fields", NULL, GROUP_FIRST, read_each},
    {"selectFromMax", "field include", NULL, GROUP_LAST, read_from},
    {"selectFromMin", "field include", NULL, GROUP_FIRST, read_from},
    {"selectLast", "fields", NULL, GROUP_LAST, read_each},
    {"stdDev", "field as", "_stddev", GROUP_DEVIATION, read_number},
    {"sum", "field as", "_sum", GROUP_SUM, read_number},
};

static const struct maker *aggregate_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(AGGREGATES); i++)
        if (str_eq_ci(name, str_from(AGGREGATES[i].name)))
            return &AGGREGATES[i];
    return NULL;
}

static bool read_one(struct cql *x, struct cql_call *call, struct aggregates *out)
{
    const struct maker *a = aggregate_of(call->name);

    if (!a)
        return cql_is_group(call->name) || cql_is_step(call->name)
                   ? diag_unsupported(x->s->diag, call->at, "%.*s() as a function of groups",
                                      SHOWN(call->name))
                   : cql_unknown(x, call);
    return cql_bind(x, call, a->parameters, SIZE_MAX) && a->read(x, a, call, out);
}

/* ---- function=... -------------------------------------------------------------------------- */

static bool read_functions(struct cql *x, struct aggregates *out);

static bool is_aggregate_next(const struct cql *x)
{
    struct cql look = *x;

    return cql_is_at(&look, "[") || (aggregate_of(cql_word(&look)) && cql_is_at(&look, "("));
}

/* { filter | f() }: of the events that pass it. */
static bool read_block(struct cql *x, struct aggregates *out)
{
    struct expr *before = out->filter;

    while (!is_aggregate_next(x)) {
        struct place at = cql_here(x);
        struct expr *e = cql_filter(x);
        if (!e)
            return false;
        out->filter = out->filter ? pipe_call2(x->pipe, at, EXPR_AND, out->filter, e) : e;
        if (!cql_take(x, "|"))
            return cql_expected(x, "'|' and an aggregate");
    }
    bool is_good = read_functions(x, out);
    out->filter = before;
    if (is_good && cql_is_at(x, "|"))
        return diag_unsupported(x->s->diag, cql_here(x), "steps behind an aggregate inside groups");
    return is_good && (cql_take(x, "}") || cql_expected(x, "'}'"));
}

static bool read_functions(struct cql *x, struct aggregates *out)
{
    struct cql_call call;
    bool is_good = true;

    if (!cql_enter(x))
        return false;
    if (cql_take(x, "[")) {
        if (!cql_take(x, "]")) {
            do {
                is_good = read_functions(x, out);
            } while (is_good && cql_take(x, ",") && !cql_is_at(x, "]"));
            is_good = is_good && (cql_take(x, "]") || cql_expected(x, "',' or ']'"));
        }
    } else if (cql_take(x, "(")) {
        is_good = read_functions(x, out) && (cql_take(x, ")") || cql_expected(x, "')'"));
    } else if (cql_take(x, "{")) {
        is_good = read_block(x, out);
    } else {
        cql_blanks(x);
        size_t at = x->next;
        struct str name = cql_word(x);
        is_good = name.n ? cql_read_call(x, at, name, &call) && read_one(x, &call, out)
                         : cql_expected(x, "an aggregate");
    }
    cql_leave(x);
    return is_good;
}

static bool functions_of(struct cql *x, const struct cql_argument *a, struct aggregates *out)
{
    struct cql_window w = cql_open(x, a->begin, a->end);
    bool is_good = read_functions(x, out);

    return cql_close(x, w) && is_good;
}

/* ---- the steps ----------------------------------------------------------------------------- */

struct keys {
    struct pipe_key items[CORRELATION_GROUP_MAX];
    size_t n;
};

static bool add_key(struct cql *x, const struct cql_call *call, struct keys *keys, struct str name,
                    struct expr *value)
{
    if (keys->n == CORRELATION_GROUP_MAX)
        return diag_error(x->s->diag, call->at, "more than %d fields to group by",
                          CORRELATION_GROUP_MAX);
    keys->items[keys->n++] = (struct pipe_key){name, value};
    return value != NULL;
}

static bool add_keys(struct cql *x, const struct cql_call *call, struct keys *keys,
                     const struct cql_argument *a)
{
    struct str_list names;

    if (!cql_fields_of(x, a, &names))
        return false;
    for (size_t i = 0; i < names.n; i++)
        if (!add_key(x, call, keys, names.items[i], cql_column(x, call->at, names.items[i])))
            return false;
    return true;
}

static bool count_rows(struct cql *x, const struct cql_call *call, struct aggregates *out)
{
    return add(x, call, out, (struct pipe_aggregate){.kind = GROUP_COUNT, .name = STR("_count")});
}

static bool finish(struct cql *x, const struct cql_call *call, const struct keys *keys,
                   const struct aggregates *aggregates)
{
    return pipe_stats(x->pipe, call->at, aggregates->items, aggregates->n, keys->items, keys->n);
}

/* groupBy(), and charts that show the same: fields, functions. */
static bool group_by(struct cql *x, struct cql_call *call)
{
    struct aggregates out = {.n = 0};
    struct keys keys = {.n = 0};

    if (!cql_bind(x, call, "field function limit", SIZE_MAX))
        return false;
    if (!call->bound[0])
        return need(x, call, "fields");
    return add_keys(x, call, &keys, call->bound[0]) &&
           (call->bound[1] ? functions_of(x, call->bound[1], &out) : count_rows(x, call, &out)) &&
           finish(x, call, &keys, &out);
}

enum { TOP_FIELD, TOP_LIMIT, TOP_AS, TOP_SUM, TOP_MAX };
static bool top(struct cql *x, struct cql_call *call)
{
    struct aggregates out = {.n = 0};
    struct keys keys = {.n = 0};
    struct pipe_aggregate one = {.kind = GROUP_COUNT, .name = STR("_count")};
    struct str field;

    if (!cql_bind(x, call, "field limit as sum max percent error rest", SIZE_MAX))
        return false;
    if (!call->bound[TOP_FIELD])
        return need(x, call, "fields");
    if (!add_keys(x, call, &keys, call->bound[TOP_FIELD]))
        return false;
    for (size_t i = TOP_SUM; i <= TOP_MAX; i++) {
        if (!call->bound[i])
            continue;
        if (!cql_field_of(x, call->bound[i], &field))
            return false;
        one.kind = i == TOP_SUM ? GROUP_SUM : GROUP_MAX;
        one.name = i == TOP_SUM ? STR("_sum") : STR("_max");
        one.arg = number_in(x, call->at, field);
    }
    if (call->bound[TOP_AS] && !cql_field_of(x, call->bound[TOP_AS], &one.name))
        return false;
    return add(x, call, &out, one) && finish(x, call, &keys, &out);
}

/* source, target: an edge of a picture is a group. */
static bool sankey(struct cql *x, struct cql_call *call)
{
    struct aggregates out = {.n = 0};
    struct keys keys = {.n = 0};

    if (!cql_bind(x, call, "source target weight", SIZE_MAX))
        return false;
    if (!call->bound[0] || !call->bound[1])
        return need(x, call, "a source and a target");
    return add_keys(x, call, &keys, call->bound[0]) && add_keys(x, call, &keys, call->bound[1]) &&
           (call->bound[2] ? functions_of(x, call->bound[2], &out) : count_rows(x, call, &out)) &&
           finish(x, call, &keys, &out);
}

enum { MAP_IP, MAP_MAGNITUDE, MAP_LAT, MAP_LON };
/* worldMap(): of addresses a group for each, of places one for each pair of numbers. */
static bool world_map(struct cql *x, struct cql_call *call)
{
    struct aggregates out = {.n = 0};
    struct keys keys = {.n = 0};

    if (!cql_bind(x, call, "ip magnitude lat lon precision", SIZE_MAX))
        return false;
    if (!call->bound[MAP_IP] && !(call->bound[MAP_LAT] && call->bound[MAP_LON]))
        return need(x, call, "ip, or lat and lon");
    for (size_t i = 0; i <= MAP_LON; i++)
        if (i != MAP_MAGNITUDE && call->bound[i] && !add_keys(x, call, &keys, call->bound[i]))
            return false;
    return (call->bound[MAP_MAGNITUDE] ? functions_of(x, call->bound[MAP_MAGNITUDE], &out)
                                       : count_rows(x, call, &out)) &&
           finish(x, call, &keys, &out);
}

static bool stats(struct cql *x, struct cql_call *call)
{
    struct aggregates out = {.n = 0};
    struct keys keys = {.n = 0};

    if (!cql_bind(x, call, "function", SIZE_MAX))
        return false;
    return (call->bound[0] ? functions_of(x, call->bound[0], &out) : count_rows(x, call, &out)) &&
           finish(x, call, &keys, &out);
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

enum { CHART_SERIES, CHART_FUNCTION, CHART_SPAN };
/* bucket(), timeChart(): groups of a stretch of time, too. */
static bool buckets(struct cql *x, struct cql_call *call)
{
    struct aggregates out = {.n = 0};
    struct keys keys = {.n = 0};
    int64_t ms = HOUR_MS;
    bool is_chart = str_eq_ci(call->name, STR("timeChart"));

    if (!cql_bind(x, call,
                  is_chart ? "series function span limit unit buckets minSpan timezone"
                           : "field function span limit unit buckets minSpan timezone",
                  SIZE_MAX))
        return false;
    if (call->bound[CHART_SPAN] && !span_of(x, call->bound[CHART_SPAN], &ms))
        return false;
    if (!call->bound[CHART_SPAN])
        diag_warn(x->s->diag, call->at, "%.*s() without a span: buckets of an hour",
                  SHOWN(call->name));
    struct expr *time = cql_column(x, call->at, STR("@timestamp"));
    struct expr *bucket =
        pipe_call2(x->pipe, call->at, EXPR_TIME_TRUNC, time, pipe_whole(x->pipe, ms));
    if (!add_key(x, call, &keys, STR("_bucket"), bucket) ||
        (call->bound[CHART_SERIES] && !add_keys(x, call, &keys, call->bound[CHART_SERIES])))
        return false;
    x->bucket_ms = ms;
    return (call->bound[CHART_FUNCTION] ? functions_of(x, call->bound[CHART_FUNCTION], &out)
                                        : count_rows(x, call, &out)) &&
           finish(x, call, &keys, &out);
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool (*run)(struct cql *x, struct cql_call *call);
} GROUPS[] = {{"groupBy", group_by},   {"top", top},        {"sankey", sankey},    {"stats", stats},
              {"worldMap", world_map}, {"bucket", buckets}, {"timeChart", buckets}};

bool cql_is_group(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(GROUPS); i++)
        if (str_eq_ci(name, str_from(GROUPS[i].name)))
            return true;
    return aggregate_of(name) != NULL;
}

const char *cql_group_name(size_t i)
{
    if (i < ARRAY_LEN(GROUPS))
        return GROUPS[i].name;
    i -= ARRAY_LEN(GROUPS);
    return i < ARRAY_LEN(AGGREGATES) ? AGGREGATES[i].name : NULL;
}

bool cql_group_list(struct cql *x)
{
    struct cql_call call = {.name = STR("[]"), .at = cql_here(x)};
    struct aggregates out = {.n = 0};
    struct keys none = {.n = 0};

    x->grouped_at = call.at;
    return read_functions(x, &out) && finish(x, &call, &none, &out);
}

bool cql_group(struct cql *x, struct cql_call *call, struct str as)
{
    struct aggregates out = {.n = 0};
    struct keys none = {.n = 0};

    if (!pipe_is_grouped(x->pipe))
        x->grouped_at = call->at;
    for (size_t i = 0; i < ARRAY_LEN(GROUPS); i++)
        if (str_eq_ci(call->name, str_from(GROUPS[i].name)))
            return as.n ? diag_unsupported(x->s->diag, call->at, "%s() behind :=", GROUPS[i].name)
                        : GROUPS[i].run(x, call);
    if (!read_one(x, call, &out))
        return false;
    if (as.n && out.n == 1)
        out.items[0].name = as;
    return finish(x, call, &none, &out);
}
