/* join.c - queries inside a query: join(), defineTable().
 *
 * An inner join lets an event through if the other query has one with the same key: on a stream
 * both must be there within the window. What it adds of the other event is shown at best. A left
 * join lets all through and only adds. Groups of the other query that nobody asks their aggregates
 * are there if an event of theirs is.
 *
 * A table of constants is a list that the query has with it. A table of events is the other query
 * of a join, and match() is the join.
 */
#include "lang/cql/scan.h"

#include "base/str.h"
#include "base/vec.h"

/* ---- the other query ------------------------------------------------------------------------ */

bool cql_inner_query(struct cql *x, size_t begin, size_t end, const struct cql_link_scope *links,
                     struct cql *inner)
{
    if (!cql_enter(x))
        return false;
    *inner = (struct cql){.s = x->s,
                          .pipe = cql_pipe_new(x->s),
                          .options = x->options,
                          .text = x->text,
                          .next = begin,
                          .end = end,
                          .lines = x->lines,
                          .n_lines = x->n_lines,
                          .depth = x->depth,
                          .n_values = x->n_values,
                          .is_strict = x->is_strict,
                          .outer = x->outer,
                          .n_saved = x->n_saved,
                          .arguments = x->arguments,
                          .window_ms = x->window_ms,
                          .is_inner = true,
                          .links = links,
                          .tables = x->tables,
                          .n_tables = x->n_tables};
    memcpy(inner->was_lenient, x->was_lenient, sizeof x->was_lenient);
    bool is_good = cql_take(inner, "{") || cql_expected(inner, "'{' and a query");
    (void)cql_take(inner, "|");
    is_good = is_good && cql_steps(inner) && (cql_take(inner, "}") || cql_expected(inner, "'}'"));
    cql_leave(x);
    x->n_values = inner->n_values;
    memcpy(x->was_lenient, inner->was_lenient, sizeof x->was_lenient);
    return is_good;
}

/* { steps }, all of the argument. */
static bool read_query(struct cql *x, const struct cql_argument *a, struct cql *inner)
{
    return cql_inner_query(x, a->begin, a->end, NULL, inner) &&
           (cql_is_end(inner) || cql_expected(inner, "',' or ')'"));
}

/* case aside: of the keys */
static bool keys_of(struct cql *x, const struct cql_call *call, struct str_list names,
                    bool is_caseless, struct pipe_key **out)
{
    *out = ARENA_ARRAY(x->s->scratch, names.n + 1, struct pipe_key);
    for (size_t i = 0; i < names.n; i++) {
        struct expr *value = cql_column(x, call->at, names.items[i]);
        if (is_caseless)
            value = pipe_call1(x->pipe, call->at, EXPR_LOWER, value);
        (*out)[i] = (struct pipe_key){names_intern(x->s->names, names.items[i]), value};
        if (!value)
            return false;
    }
    return true;
}

/* Groups of the other query are as their events: what they group by stays. */
static bool ungroup(struct cql *x, const struct cql_call *call, struct cql *inner,
                    struct str_list keys)
{
    if (!pipe_is_grouped(inner->pipe))
        return true;
    if (!pipe_ungroup(inner->pipe, call->at))
        return diag_unsupported(x->s->diag, call->at, "%.*s() of groups with conditions on them",
                                SHOWN(call->name));
    inner->has_row = false;
    for (size_t i = 0; i < keys.n; i++)
        if (!pipe_has_column(inner->pipe, keys.items[i]))
            return diag_unsupported(x->s->diag, call->at,
                                    "%.*s() by '%.*s', which is no field that its groups are by",
                                    SHOWN(call->name), SHOWN(keys.items[i]));
    return true;
}

/* ---- join() --------------------------------------------------------------------------------- */

static bool join_inner(struct cql *x, const struct cql_call *call, struct cql *inner,
                       struct str_list fields, struct str_list keys, bool is_caseless)
{
    struct pipe_key *own, *others;

    if (inner->has_source)
        return diag_unsupported(x->s->diag, call->at,
                                "%.*s() with a query that has events of its own",
                                SHOWN(call->name));
    if (fields.n != keys.n)
        return diag_error(x->s->diag, call->at, "%.*s() with %zu fields and %zu keys",
                          SHOWN(call->name), fields.n, keys.n);
    x->n_joins++;
    return ungroup(x, call, inner, keys) && keys_of(x, call, fields, is_caseless, &own) &&
           keys_of(inner, call, keys, is_caseless, &others) &&
           pipe_join(x->pipe, call->at, inner->pipe, own, others, fields.n);
}

enum { JOIN_QUERY, JOIN_FIELD, JOIN_INCLUDE, JOIN_KEY, JOIN_MODE };
bool cql_join(struct cql *x, struct cql_call *call)
{
    struct str_list fields, keys, include = {NULL, 0};
    struct str mode = STR("inner");
    struct cql inner;

    if (!cql_bind(x, call, "query field include key mode limit max start end live repo view",
                  SIZE_MAX))
        return false;
    if (!call->bound[JOIN_QUERY] || !call->bound[JOIN_FIELD])
        return diag_error(x->s->diag, call->at, "join() without a query and a field");
    if (!cql_fields_of(x, call->bound[JOIN_FIELD], &fields) ||
        (call->bound[JOIN_INCLUDE] && !cql_fields_of(x, call->bound[JOIN_INCLUDE], &include)) ||
        (call->bound[JOIN_MODE] && !cql_text_of(x, call->bound[JOIN_MODE], &mode)))
        return false;
    keys = fields;
    if (call->bound[JOIN_KEY] && !cql_fields_of(x, call->bound[JOIN_KEY], &keys))
        return false;
    bool is_left = str_eq(mode, STR("left"));
    if (!is_left && !str_eq(mode, STR("inner")))
        return diag_error(x->s->diag, call->at, "join(): mode is inner or left, not '%.*s'",
                          SHOWN(mode));
    if (!read_query(x, call->bound[JOIN_QUERY], &inner) ||
        (!is_left && !join_inner(x, call, &inner, fields, keys, false)))
        return false;
    if (is_left)
        diag_warn(x->s->diag, call->at,
                  "join(mode=left) leaves nothing out: what it would add stays empty");
    for (size_t i = 0; i < include.n; i++)
        cql_add_unknown(x, include.items[i], STR("join()"),
                        is_left ? CQL_NOT_COMPUTED : CQL_JOINED);
    return true;
}

/* ---- tables
 * -------------------------------------------------------------------------------------- */

struct cql_table {
    struct str name;
    struct str_list include;
    struct str_list values; /* of the one column */
    struct cql *rows;       /* NULL: constants; else the query whose events they are */
    int64_t span_ms;        /* how far back they go; 0: as the query that asks */
};

/* The values of a column whose rows are made of one event without fields; false: it has none. */
static bool constants_of(struct cql *inner, struct str column, struct str_list *out)
{
    struct expr *e = pipe_column(inner->pipe, (struct place){0, 0}, column);
    struct expr_value list;
    size_t n;

    if (e->kind == EXPR_MEMBER)
        list = pipe_rows_without_event(inner->pipe, inner->s->scratch);
    else if (!pipe_constant(e, &list))
        return false;
    const struct expr_value *items = expr_value_items(&list, &n);
    struct str *texts = ARENA_ARRAY(inner->s->a, n, struct str);
    for (size_t i = 0; i < n; i++) {
        if (items[i].type != EXPR_VALUE_TEXT)
            return false;
        texts[i] = names_intern(inner->s->names, items[i].text);
    }
    *out = (struct str_list){texts, n};
    return n > 0;
}

enum { TABLE_QUERY, TABLE_INCLUDE, TABLE_NAME, TABLE_START, TABLE_END };
/* How far back its events may be is the window of the join. */
static bool table_span(struct cql *x, const struct cql_call *call, int64_t *ms)
{
    struct str start, end = STR("now");

    *ms = 0;
    if (call->bound[TABLE_END] && !cql_text_of(x, call->bound[TABLE_END], &end))
        return false;
    if (!str_eq_ci(end, STR("now")))
        return diag_unsupported(x->s->diag, call->at, "defineTable() that does not end now");
    if (!call->bound[TABLE_START])
        return true;
    if (!cql_text_of(x, call->bound[TABLE_START], &start))
        return false;
    if (!cql_span(start, ms))
        return diag_unsupported(x->s->diag, cql_place(x, call->bound[TABLE_START]->begin),
                                "defineTable() from '%.*s' on (a span: 30m, 7d)", SHOWN(start));
    return true;
}

bool cql_define_table(struct cql *x, struct cql_call *call)
{
    struct cql_table t = {.name = STR("")};
    struct cql inner;

    if (!cql_bind(x, call, "query include name start end view", SIZE_MAX))
        return false;
    if (!call->bound[TABLE_QUERY] || !call->bound[TABLE_INCLUDE] || !call->bound[TABLE_NAME])
        return diag_error(x->s->diag, call->at, "defineTable() without query, include and name");
    if (!cql_text_of(x, call->bound[TABLE_NAME], &t.name) ||
        !cql_fields_of(x, call->bound[TABLE_INCLUDE], &t.include) ||
        !read_query(x, call->bound[TABLE_QUERY], &inner))
        return false;
    if (!inner.has_source) {
        if (!table_span(x, call, &t.span_ms))
            return false;
        t.rows = ARENA_NEW(x->s->scratch, struct cql);
        *t.rows = inner;
    } else if (!inner.has_one_event || t.include.n != 1 || pipe_is_grouped(inner.pipe) ||
               !constants_of(&inner, t.include.items[0], &t.values)) {
        return diag_unsupported(x->s->diag, call->at,
                                "defineTable() of events of its own, but for one column of "
                                "constants");
    }
    struct cql_table *tables = ARENA_ARRAY(x->s->scratch, x->n_tables + 1, struct cql_table);
    if (x->n_tables)
        memcpy(tables, x->tables, x->n_tables * sizeof *tables);
    tables[x->n_tables++] = t;
    x->tables = tables;
    return true;
}

static const struct cql_table *table_of(const struct cql *x, struct str name)
{
    for (size_t i = x->n_tables; i > 0; i--)
        if (str_eq(x->tables[i - 1].name, name))
            return &x->tables[i - 1];
    return NULL;
}

const struct str_list *cql_table_values(const struct cql *x, struct str name, struct str column)
{
    const struct cql_table *t = table_of(x, name);

    return t && !t->rows && (!column.n || str_eq(column, t->include.items[0])) ? &t->values : NULL;
}

bool cql_is_table(const struct cql *x, struct str name)
{
    return table_of(x, name) != NULL;
}

bool cql_is_table_of_events(const struct cql *x, struct str name)
{
    const struct cql_table *t = table_of(x, name);

    return t && t->rows;
}

static bool has(struct str_list names, struct str name)
{
    for (size_t i = 0; i < names.n; i++)
        if (str_eq(names.items[i], name))
            return true;
    return false;
}

/* What match() adds is one row's of several, perhaps: it is only shown. */
static bool add_rows(struct cql *x, const struct cql_call *call, const struct cql_table *t,
                     const struct cql_rows_asked *asked)
{
    struct str_list include = asked->include.n ? asked->include : t->include;

    if (has(include, STR("*")))
        return diag_unsupported(x->s->diag, call->at,
                                "match() that adds columns that nobody names (include=*)");
    for (size_t i = 0; i < include.n; i++) {
        bool is_key = !asked->include.n && has(asked->columns, include.items[i]);
        if (!has(t->include, include.items[i]) && !has(t->include, STR("*")))
            return diag_error(x->s->diag, call->at, "the table '%.*s' has no column '%.*s'",
                              SHOWN(t->name), SHOWN(include.items[i]));
        if (!is_key)
            cql_add_unknown(x, names_intern(x->s->names, include.items[i]),
                            STR("match() of a table of events"),
                            asked->is_strict ? CQL_JOINED : CQL_NOT_COMPUTED);
    }
    return true;
}

struct expr *cql_match_rows(struct cql *x, const struct cql_call *call,
                            const struct cql_rows_asked *asked)
{
    const struct cql_table *t = table_of(x, asked->table);

    ASSERT(t && t->rows);
    if (x->is_negated || x->is_condition)
        return (void)diag_unsupported(x->s->diag, call->at,
                                      "match() of a table of events under NOT or inside a value"),
               NULL;
    for (size_t i = 0; i < asked->columns.n; i++)
        if (!has(t->include, asked->columns.items[i]) && !has(t->include, STR("*")))
            return (void)diag_error(x->s->diag, call->at, "the table '%.*s' has no column '%.*s'",
                                    SHOWN(t->name), SHOWN(asked->columns.items[i])),
                   NULL;
    if (asked->is_strict &&
        !join_inner(x, call, t->rows, asked->fields, asked->columns, asked->is_caseless))
        return NULL;
    if (asked->is_strict && t->span_ms > x->table_ms)
        x->table_ms = t->span_ms;
    if (!asked->is_strict)
        diag_warn(x->s->diag, call->at,
                  "match(strict=false) leaves nothing out: what it would add stays empty");
    return add_rows(x, call, t, asked) ? pipe_bool(x->pipe, true) : NULL;
}
