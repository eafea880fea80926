/* inline.c - INLINE STATS: aggregates beside the rows that they are of.
 *
 * A finding is of a group at the time of a row. So the groups stay in which some row is as the
 * conditions behind want it: what they ask of aggregates and keys is asked of the group, what they
 * ask of other columns is counted, and there must be such a row. One that asks both at once would
 * need each row beside its aggregates, which is not there.
 */
#include "lang/esql/parser.h"

enum { ASKS_ROWS = 1, ASKS_GROUPS = 2 };

static unsigned asks(const struct esql_parser *p, const struct expr *e)
{
    unsigned sides = 0;

    switch (e->kind) {
    case EXPR_FIELD:
        return pipe_is_key(p->pipe, e) ? 0 : ASKS_GROUPS;
    case EXPR_TIME: /* NOW() is when a group is judged */
        return esql_is_now(e) ? ASKS_GROUPS : ASKS_ROWS;
    case EXPR_MEMBERS:
    case EXPR_MEMBER:
    case EXPR_CONDITION:
        return ASKS_ROWS;
    case EXPR_CALL:
        for (size_t i = 0; i < e->n_args; i++)
            sides |= asks(p, e->args[i]);
        return sides;
    default:
        return 0;
    }
}

bool esql_asks_rows(const struct esql_parser *p, const struct expr *e)
{
    return p->rows_at.line && (asks(p, e) & ASKS_ROWS);
}

bool esql_refuse_row(struct esql_parser *p, struct place at, struct str name)
{
    return diag_unsupported(p->s->diag, at, "'%.*s', a column of the rows behind INLINE STATS",
                            SHOWN(name));
}

static bool refuse_both(struct esql_parser *p, struct place at)
{
    return diag_unsupported(
        p->s->diag, at, "what asks columns of a row and aggregates at once, behind INLINE STATS");
}

struct expr *esql_row_column(struct esql_parser *p, struct place at, struct str name)
{
    if (p->is_shown)
        return pipe_null(p->pipe);
    struct expr *e = p->has_less_rows ? NULL : pipe_row_value(p->pipe, name);
    if (!e) {
        esql_refuse_row(p, at, name);
        return NULL;
    }
    struct expr *placed = ARENA_NEW(p->s->a, struct expr);
    *placed = *e;
    placed->line = e->line ? e->line : at.line;
    placed->col = e->line ? e->col : at.col;
    return placed;
}

bool esql_inline_where(struct esql_parser *p, struct place at, struct expr *e)
{
    unsigned sides = asks(p, e);

    if (e->kind == EXPR_CALL && e->op == EXPR_AND) {
        for (size_t i = 0; i < e->n_args; i++)
            if (!esql_inline_where(p, at, e->args[i]))
                return false;
        return true;
    }
    if (!(sides & ASKS_ROWS))
        return pipe_where(p->pipe, at, e);
    if (sides & ASKS_GROUPS)
        return refuse_both(p, (struct place){e->line, e->col});
    /* All of them are about one row. */
    p->row_condition =
        p->row_condition ? pipe_call2(p->pipe, at, EXPR_AND, p->row_condition, e) : e;
    return p->row_condition != NULL;
}

bool esql_inline_eval(struct esql_parser *p, struct place at, struct str name, struct expr *value)
{
    if (asks(p, value) & ASKS_GROUPS)
        return refuse_both(p, at);
    if (pipe_was_column(p->pipe, name))
        return esql_refuse_row(p, at, name);
    return pipe_set_row_value(p->pipe, at, name, value);
}

bool esql_inline_end(struct esql_parser *p)
{
    diag_warn(p->s->diag, p->rows_at,
              "INLINE STATS: a finding is of a group, not of each of its rows");
    return !p->row_condition || pipe_where_row(p->pipe, p->rows_at, p->row_condition);
}

bool esql_inline_stats(struct esql_parser *p, struct place at)
{
    if (pipe_is_grouped(p->pipe) && !p->rows_at.line)
        return diag_unsupported(p->s->diag, at, "INLINE STATS behind STATS: not in this version");
    if (!esql_stats(p, at))
        return false;
    p->rows_at = at;
    return true;
}
