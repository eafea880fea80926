/* eventstats.c - eventstats: aggregates beside the rows that they are made of.
 *
 *     ... | stats count by user, _time | eventstats avg(count) as a stdev(count) as s by user
 *     | where count > a + 3 * s
 *
 * A finding is of a group, whose rows are events, or groups of `stats` before it: the groups whose
 * rows stay are those of which the condition is true, as with stats. A condition may ask one column
 * of the rows, too, if it wants it to be great: it asks the greatest value then. Other columns of
 * the rows are shown at best.
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

bool spl_eventstats(struct spl *x)
{
    if (x->rows != SPL_ROWS_ASKED)
        return diag_unsupported(x->s->diag, x->at, "a second eventstats");
    if (!keep_row_columns(x) || !spl_stats(x))
        return false;
    if (x->n_wildcards)
        return diag_unsupported(x->s->diag, x->at, "eventstats of columns by a wildcard");
    /* Bins of time beside each other: they are rows, and no window. */
    x->is_timeless |= x->row_columns && !is_bin(x);
    x->rows = SPL_ROWS_SHOWN;
    x->rows_at = x->at;
    x->are_rows_closed = false;
    return true;
}

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
    if (!x->row_columns) {
        value = pipe_row_value(x->pipe, name);
        if (str_eq(name, STR("_time")))
            return false;
    }
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
               : diag_unsupported(x->s->diag, at, "'%.*s', a column of the rows behind eventstats",
                                  SHOWN(name));
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

    if (!x->asked_of_rows.n)
        return true;
    if (!pipe_rises_with(x->pipe, x->asked_of_rows, &where))
        return diag_unsupported(x->s->diag, where,
                                "a condition on '%.*s', a column of the rows behind eventstats, "
                                "that asks for more than a great value",
                                SHOWN(x->asked_of_rows));
    return show_row(x);
}
