/* aggregate.c - what groups are asked: count(), max() ..., also in blocks `{ filter | count() |
 * rename }`; tail(1) and head(1), which stand for one event of the group; groups inside groups.
 *
 * A group of groups that is all that is asked is a group by the fields of both.
 */
#include "lang/cql/group.h"

#include "base/str.h"

struct maker {
    const char *name, *parameters, *as;
    enum group_kind kind;
    bool (*read)(struct cql *x, const struct maker *a, struct cql_call *call,
                 struct cql_grouping *out);
};

bool cql_add_aggregate(struct cql *x, const struct cql_call *call, struct cql_grouping *out,
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
struct expr *cql_number_in(struct cql *x, struct place at, struct str field)
{
    struct expr *e = cql_column(x, at, field);

    if (!e || e->kind == EXPR_TIME || e->kind == EXPR_NUMBER)
        return e;
    return pipe_call2(x->pipe, at, EXPR_ADD, e, pipe_whole(x->pipe, 0));
}

enum { OF_FIELD, OF_AS, OF_MORE };
static bool read_number(struct cql *x, const struct maker *a, struct cql_call *call,
                        struct cql_grouping *out)
{
    struct str field, as = str_from(a->as);

    if (!call->bound[OF_FIELD])
        return need(x, call, "a field");
    if (!cql_field_of(x, call->bound[OF_FIELD], &field) ||
        (call->bound[OF_AS] && !cql_field_of(x, call->bound[OF_AS], &as)))
        return false;
    struct expr *arg = cql_number_in(x, call->at, field);
    return arg &&
           cql_add_aggregate(x, call, out,
                             (struct pipe_aggregate){.kind = a->kind, .name = as, .arg = arg});
}

static bool read_count(struct cql *x, const struct maker *a, struct cql_call *call,
                       struct cql_grouping *out)
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
    return cql_add_aggregate(
        x, call, out,
        (struct pipe_aggregate){
            .kind = is_distinct ? GROUP_DISTINCT : GROUP_COUNT, .name = as, .arg = arg});
}

/* A percentile for each, as_95 ... */
static bool read_percentile(struct cql *x, const struct maker *a, struct cql_call *call,
                            struct cql_grouping *out)
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
        struct pipe_aggregate one = {.kind = a->kind,
                                     .name = arena_printf(x->s->a, "%.*s_%.*s", (int)as.n, as.p,
                                                          (int)percents.items[i].n,
                                                          percents.items[i].p),
                                     .arg = cql_number_in(x, call->at, field),
                                     .percentile_micro = (int64_t)(v.real * CORRELATION_MICRO)};
        if (!one.arg || !cql_add_aggregate(x, call, out, one))
            return false;
    }
    return true;
}

/* One for each field, under the field's own name. */
static bool each_field(struct cql *x, const struct cql_call *call,
                       const struct cql_argument *fields, struct pipe_aggregate a, struct str as,
                       struct cql_grouping *out)
{
    struct str_list names;

    if (!cql_fields_of(x, fields, &names))
        return false;
    if (as.n && names.n != 1)
        return need(x, call, "one field for one name");
    for (size_t i = 0; i < names.n; i++) {
        if (cql_is_lacking(x, names.items[i])) /* shown as empty as it is */
            continue;
        a.name = as.n ? as : names.items[i];
        a.arg = cql_column(x, call->at, names.items[i]);
        if (a.arg && a.arg->kind == EXPR_TIME && a.kind != GROUP_MIN && a.kind != GROUP_MAX)
            a.arg = pipe_call2(x->pipe, call->at, EXPR_ADD, a.arg, pipe_whole(x->pipe, 0));
        if (!a.arg || !cql_add_aggregate(x, call, out, a))
            return false;
    }
    return true;
}

/* collect(fields, separator=", "): what its columns have between the values. */
static bool read_separator(struct cql *x, const struct cql_argument *fields,
                           const struct cql_argument *separator, struct str as)
{
    struct str_list names;
    struct str text;

    if (!cql_text_of(x, separator, &text) || !cql_fields_of(x, fields, &names))
        return false;
    for (size_t i = 0; i < names.n; i++)
        cql_add_separator(x, names_intern(x->s->names, as.n ? as : names.items[i]), text);
    return true;
}

enum {
    COLLECT_FIELDS,
    COLLECT_LIMIT,
    COLLECT_AS,
    COLLECT_DISTINCT,
    COLLECT_MULTIVAL,
    COLLECT_SEPARATOR
};
static bool read_collect(struct cql *x, const struct maker *a, struct cql_call *call,
                         struct cql_grouping *out)
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
    if (call->bound[COLLECT_SEPARATOR] &&
        !read_separator(x, call->bound[COLLECT_FIELDS], call->bound[COLLECT_SEPARATOR], as))
        return false;
    return each_field(x, call, call->bound[COLLECT_FIELDS], one, as, out);
}

static bool read_each(struct cql *x, const struct maker *a, struct cql_call *call,
                      struct cql_grouping *out)
{
    if (!call->bound[0])
        return need(x, call, "fields");
    return each_field(x, call, call->bound[0], (struct pipe_aggregate){.kind = a->kind}, STR(""),
                      out);
}

/* The values of the event in which a field is greatest: last by it. */
static bool read_from(struct cql *x, const struct maker *a, struct cql_call *call,
                      struct cql_grouping *out)
{
    struct pipe_aggregate one = {.kind = a->kind};
    struct str field;

    if (!call->bound[0] || !call->bound[1])
        return need(x, call, "a field and what to include");
    if (!cql_field_of(x, call->bound[0], &field))
        return false;
    one.order = cql_number_in(x, call->at, field);
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

const char *cql_aggregate_name(size_t i)
{
    return i < ARRAY_LEN(AGGREGATES) ? AGGREGATES[i].name : NULL;
}

bool cql_is_aggregate(struct str name)
{
    return aggregate_of(name) != NULL;
}

/* ---- events and groups inside a group ------------------------------------------------------ */

static bool is_row_name(struct str name)
{
    return str_eq_ci(name, STR("head")) || str_eq_ci(name, STR("tail"));
}

/* head(1), tail(1), tail(limit=max) */
static bool read_row(struct cql *x, struct cql_call *call, enum cql_row *out)
{
    struct str limit = STR("200");

    if (!cql_bind(x, call, "limit", SIZE_MAX) ||
        (call->bound[0] && !cql_text_of(x, call->bound[0], &limit)))
        return false;
    if (str_eq_ci(limit, STR("max")))
        *out = CQL_ROW_ALL;
    else if (str_eq(limit, STR("1")))
        *out = str_eq_ci(call->name, STR("head")) ? CQL_ROW_FIRST : CQL_ROW_LAST;
    else
        return diag_unsupported(x->s->diag, call->at, "%.*s() of several events of a group",
                                SHOWN(call->name));
    return true;
}

/* groupBy(b, f) and top(b) as the function of groupBy(a): groups by a and b. */
static bool read_inner(struct cql *x, struct cql_call *call, struct cql_grouping *out)
{
    bool is_top = str_eq_ci(call->name, STR("top"));
    unsigned before = out->n_functions;

    if (!cql_bind(x, call, is_top ? "field limit" : "field function limit", SIZE_MAX))
        return false;
    if (!call->bound[0])
        return need(x, call, "fields");
    if (out->filter)
        return diag_unsupported(x->s->diag, call->at, "groups of some of the events inside groups");
    out->inner_at = call->at;
    if (!cql_add_keys(x, call, out, call->bound[0]))
        return false;
    bool is_good = !is_top && call->bound[1]
                       ? cql_functions_of(x, call->bound[1], out)
                       : cql_add_aggregate(
                             x, call, out,
                             (struct pipe_aggregate){.kind = GROUP_COUNT, .name = STR("_count")});
    out->n_functions = before;
    return is_good;
}

/* slidingTimeWindow(functions, span=5m): for each event the functions of those of its group that
 * are so far back, itself among them: what groups of this window are asked. */
static bool read_sliding(struct cql *x, struct cql_call *call, struct cql_grouping *out)
{
    unsigned before = out->n_functions;
    struct str text, current = STR("include"), by = STR("@timestamp");

    if (!cql_bind(x, call, "function span current timestampfield", SIZE_MAX))
        return false;
    if (!call->bound[0] || !call->bound[1])
        return need(x, call, "functions and a span");
    if (!cql_text_of(x, call->bound[1], &text) ||
        (call->bound[2] && !cql_text_of(x, call->bound[2], &current)) ||
        (call->bound[3] && !cql_text_of(x, call->bound[3], &by)))
        return false;
    if (!str_eq(current, STR("include")) || !str_eq(by, STR("@timestamp")))
        return diag_unsupported(x->s->diag, call->at,
                                "slidingTimeWindow() without the event itself, or by another time "
                                "than @timestamp");
    if (x->is_inner || x->self_join || pipe_is_grouped(x->pipe))
        return diag_unsupported(x->s->diag, call->at,
                                "slidingTimeWindow() behind groups or inside of another query");
    if (!cql_span(text, &x->interval_ms))
        return diag_error(x->s->diag, cql_place(x, call->bound[1]->begin),
                          "'%.*s' is no span of time (30s, 5m, 1h)", SHOWN(text));
    x->window_ms = x->interval_ms;
    if (!cql_functions_of(x, call->bound[0], out))
        return false;
    if (out->row != CQL_ROW_NONE || out->n_columns || out->inner_at.line || out->filter)
        return diag_unsupported(x->s->diag, call->at,
                                "slidingTimeWindow() of anything but aggregates");
    out->sliding_at = call->at;
    out->row = CQL_ROW_LAST; /* the event itself */
    out->n_functions = before;
    return true;
}

bool cql_read_function(struct cql *x, struct cql_call *call, struct cql_grouping *out)
{
    const struct maker *a = aggregate_of(call->name);

    out->n_functions++;
    if (a)
        return cql_bind(x, call, a->parameters, SIZE_MAX) && a->read(x, a, call, out);
    if (is_row_name(call->name))
        return read_row(x, call, &out->row);
    if (str_eq_ci(call->name, STR(CQL_SLIDING)))
        return read_sliding(x, call, out);
    if (str_eq_ci(call->name, STR("groupBy")) || str_eq_ci(call->name, STR("top")))
        return read_inner(x, call, out);
    if (cql_is_group(call->name) || cql_is_step(call->name))
        return diag_unsupported(x->s->diag, call->at, "%.*s() as a function of groups",
                                SHOWN(call->name));
    return cql_unknown(x, call);
}

/* ---- blocks -------------------------------------------------------------------------------- */

/* { filter | f() | rename(...) }, { head(1) | select([...]) }: what stands before it in `g` is
 * others'. */
struct block {
    struct cql_grouping *g;
    size_t first, first_column;
    enum cql_row row;
    bool has_function;
};

static void block_rename(struct cql *x, const struct block *b, struct str from, struct str to)
{
    cql_copy_separator(x, from, to);
    for (size_t i = b->first; i < b->g->n; i++)
        if (str_eq(b->g->items[i].name, from))
            b->g->items[i].name = to;
    for (size_t i = b->first_column; i < b->g->n_columns; i++)
        if (str_eq(b->g->columns[i].as, from))
            b->g->columns[i].as = to;
}

/* Nobody shows it. */
static void block_drop(const struct block *b, struct str name)
{
    size_t n = b->first, n_columns = b->first_column;

    for (size_t i = b->first; i < b->g->n; i++)
        if (!str_eq(b->g->items[i].name, name))
            b->g->items[n++] = b->g->items[i];
    for (size_t i = b->first_column; i < b->g->n_columns; i++)
        if (!str_eq(b->g->columns[i].as, name))
            b->g->columns[n_columns++] = b->g->columns[i];
    b->g->n = n;
    b->g->n_columns = n_columns;
}

static bool block_select(struct cql *x, const struct cql_call *call, struct block *b)
{
    struct str_list names;

    if (!call->bound[0])
        return need(x, call, "fields");
    if (!cql_fields_of(x, call->bound[0], &names))
        return false;
    for (size_t i = 0; i < names.n; i++) {
        if (b->g->n_columns == CQL_ROW_COLUMNS_MAX)
            return diag_error(x->s->diag, call->at, "more than %d columns", CQL_ROW_COLUMNS_MAX);
        b->g->columns[b->g->n_columns++] =
            (struct cql_row_column){names.items[i], names.items[i], CQL_ROW_NONE};
    }
    return true;
}

static bool block_call(struct cql *x, struct cql_call *call, struct block *b)
{
    struct str_list names;
    struct str from, to;

    if (str_eq_ci(call->name, STR("rename"))) {
        if (!cql_bind(x, call, "field as", SIZE_MAX))
            return false;
        if (!call->bound[0] || !call->bound[1])
            return need(x, call, "a field and 'as'");
        if (!cql_field_of(x, call->bound[0], &from) || !cql_field_of(x, call->bound[1], &to))
            return false;
        block_rename(x, b, from, to);
        return true;
    }
    if (str_eq_ci(call->name, STR("drop"))) {
        if (!cql_bind(x, call, "fields", SIZE_MAX) || !call->bound[0])
            return need(x, call, "fields");
        if (!cql_fields_of(x, call->bound[0], &names))
            return false;
        for (size_t i = 0; i < names.n; i++)
            block_drop(b, names.items[i]);
        return true;
    }
    if (b->has_function)
        return diag_unsupported(x->s->diag, call->at, "%.*s() behind an aggregate inside groups",
                                SHOWN(call->name));
    if (is_row_name(call->name))
        return read_row(x, call, &b->row);
    if (str_eq_ci(call->name, STR("select")) || str_eq_ci(call->name, STR("table")))
        return cql_bind(x, call, "fields limit sortby order", SIZE_MAX) && block_select(x, call, b);
    b->has_function = true;
    return cql_read_function(x, call, b->g);
}

/* to := rename(from) */
static bool block_assignment(struct cql *x, struct str to, struct block *b)
{
    struct cql_call call;
    struct str from;

    cql_blanks(x);
    size_t at = x->next;
    struct str function = cql_word(x);
    if (!str_eq_ci(function, STR("rename")) || !cql_is_at(x, "("))
        return diag_unsupported(x->s->diag, cql_place(x, at), "values that are made inside groups");
    if (!cql_read_call(x, at, function, &call) || !cql_bind(x, &call, "field", SIZE_MAX))
        return false;
    if (!call.bound[0])
        return need(x, &call, "a field");
    if (!cql_field_of(x, call.bound[0], &from))
        return false;
    block_rename(x, b, from, names_intern(x->s->names, to));
    return true;
}

static bool block_filter(struct cql *x, struct block *b)
{
    struct place at = cql_here(x);
    unsigned n_joins = x->n_joins;
    struct expr *e = cql_filter(x);

    if (!e)
        return false;
    if (x->n_joins > n_joins)
        return diag_unsupported(x->s->diag, at, "match() of a table of events inside groups");
    if (b->has_function || b->g->n_columns > b->first_column)
        return diag_unsupported(x->s->diag, at, "filters behind an aggregate inside groups");
    b->g->filter = b->g->filter ? pipe_call2(x->pipe, at, EXPR_AND, b->g->filter, e) : e;
    return true;
}

static bool block_step(struct cql *x, struct block *b)
{
    struct cql_call call;
    struct str name;

    cql_blanks(x);
    size_t begin = x->next;
    if (cql_peek(x) == '[') {
        b->has_function = true;
        return cql_read_functions(x, b->g);
    }
    if (cql_peek(x) == '"' ? cql_quoted(x, &name) : (name = cql_bare(x)).n > 0)
        if (cql_take(x, ":="))
            return block_assignment(x, name, b);
    x->next = begin;
    name = cql_word(x);
    if (name.n && cql_is_at(x, "(") && !cql_is_condition(name) && !str_eq_ci(name, STR("not")) &&
        !str_eq_ci(name, STR("and")))
        return cql_read_call(x, begin, name, &call) && block_call(x, &call, b);
    x->next = begin;
    return !diag_failed(x->s->diag) && block_filter(x, b);
}

/* What head(1) or tail(1) has left, and select() has named, is told. */
static bool block_end(struct cql *x, struct place at, struct block *b)
{
    bool has_columns = b->g->n_columns > b->first_column;

    if (!has_columns && b->row != CQL_ROW_NONE && !b->has_function) {
        b->g->row = b->row;
        b->g->n_functions++;
    }
    if ((has_columns && (b->row == CQL_ROW_NONE || b->row == CQL_ROW_ALL)) ||
        (b->row != CQL_ROW_NONE && b->has_function))
        return diag_unsupported(x->s->diag, at, "several events of a group as its function");
    if ((has_columns || b->row != CQL_ROW_NONE) && b->g->filter)
        return diag_unsupported(x->s->diag, at, "one of some of the events of a group");
    for (size_t i = b->first_column; i < b->g->n_columns; i++)
        b->g->columns[i].row = b->row;
    b->g->n_functions += has_columns;
    return true;
}

static bool read_block(struct cql *x, struct cql_grouping *g)
{
    struct block b = {.g = g, .first = g->n, .first_column = g->n_columns};
    struct expr *before = g->filter;
    struct place at = cql_here(x);

    do {
        if (!block_step(x, &b))
            return false;
    } while (cql_take(x, "|"));
    bool is_good = block_end(x, at, &b);
    g->filter = before;
    return is_good && (cql_take(x, "}") || cql_expected(x, "'}'"));
}

/* ---- function=... -------------------------------------------------------------------------- */

bool cql_read_functions(struct cql *x, struct cql_grouping *out)
{
    struct cql_call call;
    bool is_good = true;

    if (!cql_enter(x))
        return false;
    if (cql_take(x, "[")) {
        if (!cql_take(x, "]")) {
            do {
                is_good = cql_read_functions(x, out);
            } while (is_good && cql_take(x, ",") && !cql_is_at(x, "]"));
            is_good = is_good && (cql_take(x, "]") || cql_expected(x, "',' or ']'"));
        }
    } else if (cql_take(x, "(")) {
        is_good = cql_read_functions(x, out) && (cql_take(x, ")") || cql_expected(x, "')'"));
    } else if (cql_take(x, "{")) {
        is_good = read_block(x, out);
    } else {
        cql_blanks(x);
        size_t at = x->next;
        struct str name = cql_word(x);
        is_good = name.n ? cql_read_call(x, at, name, &call) && cql_read_function(x, &call, out)
                         : cql_expected(x, "an aggregate");
    }
    cql_leave(x);
    return is_good;
}

bool cql_functions_of(struct cql *x, const struct cql_argument *a, struct cql_grouping *out)
{
    struct cql_window w = cql_open(x, a->begin, a->end);
    bool is_good = cql_read_functions(x, out);

    return cql_close(x, w) && is_good;
}
