/* selfjoin.c - selfJoinFilter(): events whose key has an event for each of several conditions.
 *
 *     selfJoinFilter(field=[aid, pid], where=[{A}, {B}], prefilter=true)
 *     | groupBy([aid, pid], function=[...])
 *
 * On a stream that is a question to groups by the key: is there an event of each? So it waits for
 * the groups behind it, which must be by the same fields, and becomes a condition on them; if there
 * are none, it makes the groups itself. Between the two events may get columns, and none may be
 * left out, since all of them count for the conditions.
 */
#include "lang/cql/group.h"

#include "base/str.h"

enum { CONDITIONS_MAX = 16 };

struct cql_self_join {
    struct place at;
    struct pipe_key keys[CORRELATION_GROUP_MAX];
    size_t n_keys;
    struct expr *conditions[CONDITIONS_MAX];
    size_t n_conditions;
    size_t n_filters; /* of the pipeline, with its own */
};

/* { filter | filter } */
static bool read_condition(struct cql *x, struct cql_self_join *j)
{
    struct place at = cql_here(x);
    struct expr *all = NULL;

    if (!cql_take(x, "{"))
        return cql_expected(x, "'{' and a filter");
    if (j->n_conditions == CONDITIONS_MAX)
        return diag_error(x->s->diag, at, "more than %d conditions", CONDITIONS_MAX);
    do {
        struct expr *e = cql_filter(x);
        if (!e)
            return false;
        all = all ? pipe_call2(x->pipe, at, EXPR_AND, all, e) : e;
    } while (cql_take(x, "|"));
    j->conditions[j->n_conditions++] = all;
    return cql_take(x, "}") || cql_expected(x, "'|' or '}'");
}

static bool read_conditions(struct cql *x, const struct cql_argument *a, struct cql_self_join *j)
{
    struct cql_window w = cql_open(x, a->begin, a->end);
    bool was_condition = x->is_condition, is_good = true;

    x->is_condition = true;
    if (cql_take(x, "[")) {
        do {
            is_good = read_condition(x, j);
        } while (is_good && cql_take(x, ",") && !cql_is_at(x, "]"));
        is_good = is_good && (cql_take(x, "]") || cql_expected(x, "',' or ']'"));
    } else {
        is_good = read_condition(x, j);
    }
    x->is_condition = was_condition;
    return is_good && cql_close(x, w);
}

static bool read_keys(struct cql *x, const struct cql_call *call, const struct cql_argument *a,
                      struct cql_self_join *j)
{
    struct str_list names;

    if (!cql_fields_of(x, a, &names))
        return false;
    for (size_t i = 0; i < names.n; i++) {
        if (j->n_keys == CORRELATION_GROUP_MAX)
            return diag_error(x->s->diag, call->at, "more than %d fields", CORRELATION_GROUP_MAX);
        struct expr *value = cql_column(x, call->at, names.items[i]);
        if (!value)
            return false;
        j->keys[j->n_keys++] = (struct pipe_key){names_intern(x->s->names, names.items[i]), value};
    }
    return true;
}

/* Only events of which some condition is true. */
static bool prefilter(struct cql *x, struct cql_self_join *j)
{
    struct expr *any = j->conditions[0];

    for (size_t i = 1; i < j->n_conditions; i++)
        any = pipe_call2(x->pipe, j->at, EXPR_OR, any, j->conditions[i]);
    return pipe_where(x->pipe, j->at, any);
}

enum { SELF_FIELD, SELF_WHERE, SELF_PREFILTER };
bool cql_self_join_filter(struct cql *x, struct cql_call *call)
{
    struct cql_self_join *j = ARENA_NEW(x->s->scratch, struct cql_self_join);
    bool is_narrow = false;

    j->at = call->at;
    if (x->self_join || x->n_clauses || x->is_inner || pipe_is_grouped(x->pipe))
        return diag_unsupported(x->s->diag, call->at,
                                "selfJoinFilter() twice, behind groups, or inside of something");
    if (!cql_bind(x, call, "field where prefilter", SIZE_MAX))
        return false;
    if (!call->bound[SELF_FIELD] || !call->bound[SELF_WHERE])
        return diag_error(x->s->diag, call->at, "selfJoinFilter() without a field and conditions");
    if (!read_keys(x, call, call->bound[SELF_FIELD], j) ||
        !read_conditions(x, call->bound[SELF_WHERE], j) ||
        (call->bound[SELF_PREFILTER] && !cql_flag_of(x, call->bound[SELF_PREFILTER], &is_narrow)) ||
        (is_narrow && !prefilter(x, j)))
        return false;
    j->n_filters = pipe_n_filters(x->pipe);
    x->self_join = j;
    return true;
}

static bool has_key(const struct cql_self_join *j, const struct pipe_key *key)
{
    for (size_t i = 0; i < j->n_keys; i++)
        if (expr_equal(j->keys[i].value, key->value))
            return true;
    return false;
}

static struct str name_of(struct cql *x, size_t i)
{
    return names_intern(x->s->names, arena_printf(x->s->scratch, "events of condition %zu", i + 1));
}

bool cql_self_join_group(struct cql *x, const struct cql_call *call, struct cql_grouping *g)
{
    const struct cql_self_join *j = x->self_join;

    if (pipe_n_filters(x->pipe) != j->n_filters)
        return diag_unsupported(x->s->diag, j->at,
                                "selfJoinFilter() with a filter between it and its groups");
    bool is_same = g->n_keys == j->n_keys;
    for (size_t i = 0; i < g->n_keys; i++)
        is_same &= has_key(j, &g->keys[i]);
    if (!is_same || g->row == CQL_ROW_ALL)
        return diag_unsupported(x->s->diag, call->at,
                                "groups behind selfJoinFilter() by other fields than its own");
    for (size_t i = 0; i < j->n_conditions; i++) {
        struct pipe_aggregate a = {.kind = GROUP_COUNT, .name = name_of(x, i)};
        if (!cql_add_aggregate(x, call, g, a))
            return false;
        g->items[g->n - 1].filter = j->conditions[i];
    }
    return true;
}

bool cql_self_join_done(struct cql *x)
{
    const struct cql_self_join *j = x->self_join;

    x->self_join = NULL;
    for (size_t i = 0; i < j->n_conditions; i++) {
        struct str name = name_of(x, i);
        struct expr *is = pipe_call2(x->pipe, j->at, EXPR_GE, pipe_column(x->pipe, j->at, name),
                                     pipe_whole(x->pipe, 1));
        if (!pipe_where(x->pipe, j->at, is) || !pipe_drop(x->pipe, j->at, &name, 1))
            return false;
    }
    return true;
}

bool cql_self_join_end(struct cql *x)
{
    struct cql_grouping g = {.n = 0};
    const struct cql_self_join *j = x->self_join;

    if (!j)
        return true;
    struct cql_call call = {.name = STR("selfJoinFilter"), .at = j->at};
    for (size_t i = 0; i < j->n_keys; i++)
        g.keys[g.n_keys++] = j->keys[i];
    x->grouped_at = j->at;
    return cql_self_join_group(x, &call, &g) &&
           pipe_stats(x->pipe, j->at, g.items, g.n, g.keys, g.n_keys) && cql_self_join_done(x);
}
