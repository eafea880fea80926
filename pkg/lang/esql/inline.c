/* inline.c - INLINE STATS: aggregates beside the rows that they are of.
 *
 * A finding is of a group at the time of a row. So the groups stay in which some row is as the
 * conditions behind want it: what they ask of aggregates and keys is asked of the group, what they
 * ask of other columns is counted, and there must be such a row. Once one of them asks both at once
 * ("more than the average"), the group's rows are asked each, beside its aggregates.
 */
#include "lang/esql/parser.h"

#include "base/str.h"

bool esql_asks_rows(const struct esql_parser *p, const struct expr *e)
{
    return p->rows_at.line && (pipe_asks(p->pipe, e) & PIPE_ASKS_ROWS);
}

bool esql_has_row_column(const struct esql_parser *p, struct str name)
{
    if (!p->rows_at.line || pipe_was_column(p->pipe, name))
        return false;
    for (size_t i = 0; i < p->n_dropped; i++)
        if (pipe_name_is_like(p->dropped[i], name) && !pipe_was_row_column(p->pipe, name))
            return false;
    return pipe_row_value(p->pipe, name) != NULL;
}

struct expr *esql_row_column(struct esql_parser *p, struct place at, struct str name)
{
    struct expr *e = pipe_row_value(p->pipe, name);
    struct expr *placed = ARENA_NEW(p->s->a, struct expr);

    if (!e)
        return pipe_null(p->pipe);
    *placed = *e;
    placed->line = e->line ? e->line : at.line;
    placed->col = e->line ? e->col : at.col;
    return placed;
}

static bool refuse_name(struct esql_parser *p, struct place at, struct str name)
{
    return diag_unsupported(
        p->s->diag, at, "'%.*s' of the rows behind INLINE STATS, which has a column of that name",
        SHOWN(name));
}

void esql_rows_begin(struct esql_parser *p)
{
    pipe_rows_begin(p->pipe);
}

bool esql_rows_end(struct esql_parser *p, struct place at)
{
    struct str clash;

    pipe_rows_end(p->pipe, &clash);
    return !clash.n || refuse_name(p, at, clash);
}

bool esql_inline_where(struct esql_parser *p, struct place at, struct expr *e)
{
    if (e->kind == EXPR_CALL && e->op == EXPR_AND) {
        for (size_t i = 0; i < e->n_args; i++)
            if (!esql_inline_where(p, at, e->args[i]))
                return false;
        return true;
    }
    if (!esql_asks_rows(p, e))
        return pipe_where(p->pipe, at, e);
    /* All of them are about one row. */
    p->row_condition =
        p->row_condition ? pipe_call2(p->pipe, at, EXPR_AND, p->row_condition, e) : e;
    return p->row_condition != NULL;
}

bool esql_inline_eval(struct esql_parser *p, struct place at, struct str name, struct expr *value)
{
    if (pipe_was_column(p->pipe, name))
        return refuse_name(p, at, name);
    return pipe_set_row_value(p->pipe, at, name, value);
}

bool esql_inline_end(struct esql_parser *p)
{
    diag_warn(p->s->diag, p->rows_at,
              "INLINE STATS: a finding is of a group, not of each of its rows");
    return !p->row_condition || pipe_where_row(p->pipe, p->rows_at, p->row_condition);
}

bool esql_stats_of_rows(struct esql_parser *p, struct place at, const struct pipe_key *keys,
                        size_t n_keys)
{
    struct expr *condition = p->row_condition;

    p->rows_at = (struct place){0};
    p->row_condition = NULL;
    return pipe_stats_of_rows(p->pipe, at, condition, p->aggregates, p->n_aggregates, keys, n_keys);
}

bool esql_inline_stats(struct esql_parser *p, struct place at)
{
    if (pipe_is_grouped(p->pipe))
        return diag_unsupported(p->s->diag, at, "INLINE STATS behind %s: not in this version",
                                p->rows_at.line ? "INLINE STATS" : "STATS");
    if (!esql_stats(p, at))
        return false;
    p->rows_at = at;
    return true;
}
