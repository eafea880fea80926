/* eventstats.c - eventstats: aggregates beside the rows that they are made of.
 *
 *     ... | stats count by user, _time | eventstats avg(count) as a stdev(count) as s by user
 *     | where count > a + 3 * s
 *
 * A finding is of a group, whose rows are events, or groups of `stats` before it: the groups whose
 * rows stay are those of which the condition is true, as with stats. Where rows are events,
 * conditions and columns may be about them: some row of the group meets all of them. Of rows that
 * are groups a condition may ask one column if it wants it to be great: it asks the greatest value
 * then. Other columns of these are shown at best.
 */
#include "lang/spl/scan.h"

#include "base/str.h"

enum { ROW_COLUMNS_MAX = 128 };

/* The columns of the groups before it, as their rows are known to the groups behind it. */
static bool keep_row_columns(struct spl *x)
{
    struct str names[ROW_COLUMNS_MAX];
    size_t n;

    if (!pipe_is_grouped(x->pipe))
        return true;
    if (!pipe_columns(x->pipe, names, ARRAY_LEN(names), &n))
        return diag_unsupported(x->s->diag, x->at, "eventstats behind more than %d columns",
                                ROW_COLUMNS_MAX);
    x->row_columns = ARENA_ARRAY(x->s->scratch, n + 1, struct spl_row_column);
    for (size_t i = 0; i < n; i++) {
        struct expr *e =
            pipe_has_column(x->pipe, names[i]) ? pipe_column(x->pipe, x->at, names[i]) : NULL;
        if (e)
            x->row_columns[x->n_row_columns++] =
                (struct spl_row_column){names[i], e, pipe_is_key(x->pipe, e)};
    }
    return true;
}

static bool is_bin(const struct spl *x)
{
    return x->bucket_ms && spl_is_noted_time(x, STR("_time")) &&
           pipe_has_column(x->pipe, STR("_time"));
}

static bool has_group_column(const struct expr *e)
{
    if (!e || e->kind != EXPR_CALL)
        return e && e->kind == EXPR_FIELD;
    for (size_t i = 0; i < e->n_args; i++)
        if (has_group_column(e->args[i]))
            return true;
    return false;
}

static bool are_same_keys(const struct spl *x, const struct spl_groups *g)
{
    for (size_t i = 0; i < g->n_keys; i++) {
        if (!pipe_is_key(x->pipe, g->keys[i].value))
            return false;
        for (size_t k = 0; k < i; k++)
            if (g->keys[k].value->slot == g->keys[i].value->slot)
                return false;
    }
    return g->n_keys == x->n_row_keys;
}

/* More of the same groups, and of their rows. */
static bool again(struct spl *x)
{
    struct spl_groups g;

    if (!spl_has_rows(x) || x->has_row_filter || x->are_rows_closed || x->has_unknown_rows)
        return diag_unsupported(x->s->diag, x->at,
                                "a second eventstats behind conditions, or of groups of groups");
    if (!spl_read_groups(x, &g))
        return false;
    if (!are_same_keys(x, &g))
        return diag_unsupported(x->s->diag, x->at, "a second eventstats by other fields");
    for (size_t i = 0; i < g.n; i++) {
        struct pipe_aggregate *a = &g.aggregates[i];
        if (a->arg && pipe_is_key(x->pipe, a->arg))
            a->arg = x->row_keys[a->arg->slot].value;
        if (has_group_column(a->arg) || has_group_column(a->filter))
            return diag_unsupported(x->s->diag, a->at,
                                    "a second eventstats of what the first one made");
    }
    if (x->n_wildcards)
        return diag_unsupported(x->s->diag, x->at, "eventstats of columns by a wildcard");
    return spl_more_aggregates(x, &g);
}

bool spl_begin_rows(struct spl *x, const char *command, struct spl_groups *g)
{
    x->has_unknown_rows = x->has_fill || x->opened || x->model || x->is_joined || x->n_dedup > 0;
    x->rows_command = command;
    if (x->is_of_transactions)
        return diag_unsupported(x->s->diag, x->at, "%s of transactions", command);
    if (!keep_row_columns(x) || !spl_read_groups(x, g))
        return false;
    if (x->n_wildcards)
        return diag_unsupported(x->s->diag, x->at, "%s of columns by a wildcard", command);
    struct pipe_key *keys = ARENA_ARRAY(x->s->scratch, g->n_keys + 1, struct pipe_key);
    memcpy(keys, g->keys, g->n_keys * sizeof *keys);
    x->row_keys = keys;
    x->n_row_keys = g->n_keys;
    return true;
}

bool spl_group_rows(struct spl *x, const struct spl_groups *g)
{
    if (!spl_group(x, g->aggregates, g->n, g->keys, g->n_keys))
        return false;
    /* Bins of time beside each other: they are rows, and no window. */
    x->is_timeless |= x->row_columns && !is_bin(x);
    x->rows = SPL_ROWS_SHOWN;
    x->rows_at = x->at;
    x->are_rows_closed = false;
    return true;
}

bool spl_eventstats(struct spl *x)
{
    struct spl_groups g;

    if (x->rows != SPL_ROWS_ASKED)
        return again(x);
    return spl_begin_rows(x, "eventstats", &g) && spl_group_rows(x, &g);
}

/* ---- rows that are events ------------------------------------------------------------------ */

bool spl_has_rows(const struct spl *x)
{
    return x->rows == SPL_ROWS_SHOWN && !x->row_columns;
}

static bool asks_rows(const struct spl *x, const struct expr *e)
{
    return spl_has_rows(x) && (pipe_asks(x->pipe, e) & PIPE_ASKS_ROWS);
}

struct expr *spl_row_column(struct spl *x, struct place at, struct str name)
{
    struct expr *e;

    if (!x->may_ask_rows || x->are_rows_closed || x->has_unknown_rows)
        return diag_unsupported(x->s->diag, at, "'%.*s', a column of the rows behind %s",
                                SHOWN(name), x->rows_command),
               NULL;
    e = pipe_row_value(x->pipe, name);
    if (!e || pipe_was_row_column(x->pipe, name))
        return e ? e : pipe_null(x->pipe);
    if (str_eq(name, STR("_time")))
        return pipe_time(x->pipe, at, STR("_time"));
    struct expr *part = spl_date_part(x, at, name);
    return part ? pipe_call2(x->pipe, at, EXPR_COALESCE, e, part) : e;
}

/* What is about rows is about one and the same. */
bool spl_where(struct spl *x, struct place at, struct expr *e)
{
    if (spl_has_rows(x) && e->kind == EXPR_CALL && e->op == EXPR_AND) {
        for (size_t i = 0; i < e->n_args; i++)
            if (!spl_where(x, at, e->args[i]))
                return false;
        return true;
    }
    spl_where_of_unique(x, e);
    x->has_row_filter |= spl_has_rows(x);
    if (!asks_rows(x, e))
        return pipe_where(x->pipe, at, e);
    x->row_condition =
        x->row_condition ? pipe_call2(x->pipe, at, EXPR_AND, x->row_condition, e) : e;
    return x->row_condition != NULL;
}

bool spl_set(struct spl *x, struct place at, struct str name, struct expr *value)
{
    if (!value || !asks_rows(x, value))
        return pipe_set(x->pipe, at, name, value);
    if (pipe_was_column(x->pipe, name))
        return diag_unsupported(x->s->diag, at,
                                "'%.*s' of the rows behind eventstats, which has a column of that "
                                "name",
                                SHOWN(name));
    return pipe_set_row_value(x->pipe, at, name, value);
}

/* ---- rows that are groups ------------------------------------------------------------------ */

static const struct spl_row_column *row_column(const struct spl *x, struct str name)
{
    for (size_t i = 0; i < x->n_row_columns; i++)
        if (str_eq(x->row_columns[i].name, name))
            return &x->row_columns[i];
    return NULL;
}

/* The greatest value of the column stands for that of some row. */
static bool ask_greatest(struct spl *x, struct place at, struct str name)
{
    const struct spl_row_column *c = row_column(x, name);
    struct expr *value = c ? c->value : NULL;

    if (x->asked_of_rows.n || x->are_rows_closed || (c && c->is_key))
        return false;
    if (!value || !pipe_row_greatest(x->pipe, at, name, value))
        return false;
    x->asked_of_rows = name;
    x->asked_value = value;
    return true;
}

bool spl_may_ask(struct spl *x, struct place at, struct str name)
{
    if (x->rows == SPL_ROWS_ASKED || x->is_shown ||
        (x->rows == SPL_ROWS_SHOWN && pipe_has_column(x->pipe, name)))
        return true;
    if (x->rows == SPL_ROWS_SHOWN && ask_greatest(x, at, name))
        return true;
    return diag_failed(x->s->diag)
               ? false
               : diag_unsupported(x->s->diag, at, "'%.*s', a column of the rows behind %s",
                                  SHOWN(name), x->rows_command);
}

/* Which of the rows it was: its keys, as far as the group does not say them. */
static bool show_row(struct spl *x)
{
    for (size_t i = 0; i < x->n_row_columns; i++) {
        const struct spl_row_column *c = &x->row_columns[i];
        if (c->is_key && !pipe_has_column(x->pipe, c->name) &&
            !pipe_row_of_greatest(x->pipe, x->rows_at, c->name, c->value, x->asked_value))
            return false;
    }
    return true;
}

bool spl_eventstats_end(struct spl *x)
{
    struct place where;

    if (x->row_condition && !pipe_where_row(x->pipe, x->rows_at, x->row_condition))
        return false;
    x->row_condition = NULL;
    if (!spl_streamstats_end(x))
        return false;
    if (!x->asked_of_rows.n)
        return true;
    if (!pipe_rises_with(x->pipe, x->asked_of_rows, &where))
        return diag_unsupported(x->s->diag, where,
                                "a condition on '%.*s', a column of the rows behind eventstats, "
                                "that asks for more than a great value",
                                SHOWN(x->asked_of_rows));
    return show_row(x);
}
