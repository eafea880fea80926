/* join.c - queries inside a query: join(), defineTable().
 *
 * An inner join lets an event through if the other query has one with the same key: on a stream
 * both must be there within the window. What it adds of the other event is shown at best. A left
 * join lets all through and only adds. A table of constants is a list that the query has with it.
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

static bool keys_of(struct cql *x, const struct cql_call *call, struct str_list names,
                    struct pipe_key **out)
{
    *out = ARENA_ARRAY(x->s->scratch, names.n + 1, struct pipe_key);
    for (size_t i = 0; i < names.n; i++) {
        (*out)[i] = (struct pipe_key){names_intern(x->s->names, names.items[i]),
                                      cql_column(x, call->at, names.items[i])};
        if (!(*out)[i].value)
            return false;
    }
    return true;
}

/* ---- join() --------------------------------------------------------------------------------- */

static bool join_inner(struct cql *x, const struct cql_call *call, struct cql *inner,
                       struct str_list fields, struct str_list keys)
{
    struct pipe_key *own, *others;

    if (inner->has_source)
        return diag_unsupported(x->s->diag, call->at,
                                "join() with a query that has events of its own");
    if (fields.n != keys.n)
        return diag_error(x->s->diag, call->at, "join() with %zu fields and %zu keys", fields.n,
                          keys.n);
    return keys_of(x, call, fields, &own) && keys_of(inner, call, keys, &others) &&
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
        (!is_left && !join_inner(x, call, &inner, fields, keys)))
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
    struct str name, column;
    struct str_list values;
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

enum { TABLE_QUERY, TABLE_INCLUDE, TABLE_NAME };
bool cql_define_table(struct cql *x, struct cql_call *call)
{
    struct str_list include;
    struct cql_table t = {.name = STR("")};
    struct cql inner;

    if (!cql_bind(x, call, "query include name start end view", SIZE_MAX))
        return false;
    if (!call->bound[TABLE_QUERY] || !call->bound[TABLE_INCLUDE] || !call->bound[TABLE_NAME])
        return diag_error(x->s->diag, call->at, "defineTable() without query, include and name");
    if (!cql_text_of(x, call->bound[TABLE_NAME], &t.name) ||
        !cql_fields_of(x, call->bound[TABLE_INCLUDE], &include) ||
        !read_query(x, call->bound[TABLE_QUERY], &inner))
        return false;
    if (!inner.has_one_event || include.n != 1 || pipe_is_grouped(inner.pipe) ||
        !constants_of(&inner, include.items[0], &t.values))
        return diag_unsupported(x->s->diag, call->at,
                                "defineTable() of anything but one column of constants");
    t.column = names_intern(x->s->names, include.items[0]);
    struct cql_table *tables = ARENA_ARRAY(x->s->scratch, x->n_tables + 1, struct cql_table);
    if (x->n_tables)
        memcpy(tables, x->tables, x->n_tables * sizeof *tables);
    tables[x->n_tables++] = t;
    x->tables = tables;
    return true;
}

const struct str_list *cql_table_values(const struct cql *x, struct str name, struct str column)
{
    for (size_t i = x->n_tables; i > 0; i--)
        if (str_eq(x->tables[i - 1].name, name))
            return !column.n || str_eq(column, x->tables[i - 1].column) ? &x->tables[i - 1].values
                                                                        : NULL;
    return NULL;
}

bool cql_is_table(const struct cql *x, struct str name)
{
    for (size_t i = 0; i < x->n_tables; i++)
        if (str_eq(x->tables[i].name, name))
            return true;
    return false;
}
