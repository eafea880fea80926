/* running.c - streamstats: aggregates of the rows up to each of them.
 *
 *     ... | streamstats time_window=10m count dc(host) as hosts by user | where count>5
 *
 * A group looks back from each of its events: by time_window, else as far as the search does. So a
 * row that meets the condition is there, in whatever order Splunk goes through the rows, if greater
 * aggregates never make the condition false and more rows never make these less: count, dc and max.
 * Other conditions, and other aggregates, go by the order of rows: they may be asked if a sort
 * before it says that of time.
 */
#include "lang/spl/scan.h"

#include "base/str.h"

/* sort [N] field ...: only shown, but for streamstats. */
bool spl_sort(struct spl *x)
{
    struct str name;
    bool is_down = false;

    x->n_sorted = 0;
    x->is_in_order = false;
    while (!spl_is_end(x)) {
        if (spl_take(x, ","))
            continue;
        is_down = spl_take(x, "-");
        if (!is_down)
            (void)spl_take(x, "+");
        spl_blanks(x);
        if (spl_peek(x) == '"' ? !spl_quoted(x, &name) : (name = spl_word(x, ",|")).n == 0)
            break;
        x->is_in_order = str_eq(name, STR("_time")) && !is_down;
        bool is_limit = name.n && name.p[0] >= '0' && name.p[0] <= '9';
        if (!x->is_in_order && !is_limit && x->n_sorted < SPL_SORTED_MAX)
            x->sorted[x->n_sorted++] = spl_field(x, name);
    }
    x->next = x->end;
    return !diag_failed(x->s->diag);
}

bool spl_reverse(struct spl *x)
{
    x->is_in_order = false;
    return true;
}

/* Sorted by time, and by nothing before it but fields of the groups. */
static bool is_in_order(const struct spl *x, const struct spl_groups *g)
{
    for (size_t i = 0; i < x->n_sorted; i++) {
        bool is_key = false;
        for (size_t k = 0; k < g->n_keys; k++)
            is_key |= str_eq(g->keys[k].name, x->sorted[i]);
        if (!is_key)
            return false;
    }
    return x->is_in_order && x->n_sorted < SPL_SORTED_MAX;
}

static bool is_rising(enum group_kind kind)
{
    return kind == GROUP_COUNT || kind == GROUP_DISTINCT || kind == GROUP_MAX;
}

/* Aggregates that go by an order that is not known may be shown. */
static bool close(struct spl *x, const struct spl_groups *g)
{
    x->rising = ARENA_ARRAY(x->s->scratch, g->n + 1, struct str);
    for (size_t i = 0; i < g->n; i++) {
        const struct pipe_aggregate *a = &g->aggregates[i];
        if (is_rising(a->kind))
            x->rising[x->n_rising++] = a->name;
        else if (!spl_add_shown(x, a->name, "streamstats without a sort by _time before it", false))
            return false;
    }
    return true;
}

bool spl_streamstats(struct spl *x)
{
    enum { WINDOW, CURRENT, SPAN, GLOBAL, ALLNUM };
    struct spl_option o[] = {{.name = "window"},       {.name = "current"},
                             {.name = "time_window"},  {.name = "global"},
                             {.name = "allnum"},       {.name = "reset_on_change"},
                             {.name = "reset_before"}, {.name = "reset_after"}};
    struct spl_groups g;
    int64_t ms = 0;

    if (x->rows != SPL_ROWS_ASKED || pipe_is_grouped(x->pipe))
        return diag_unsupported(x->s->diag, x->at, "streamstats of groups, or behind eventstats");
    if (!spl_options(x, o, ARRAY_LEN(o)))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(o); i++) {
        bool is_usual = i == SPAN || i == GLOBAL || spl_is_false(o[i].value) != (i == CURRENT);
        if (o[i].value.p && !is_usual)
            return diag_unsupported(x->s->diag, o[i].at, "streamstats with %s=%.*s", o[i].name,
                                    SHOWN(o[i].value));
    }
    if (o[SPAN].value.p) {
        struct spl inner = *x;
        inner.text = spl_text_inside(x->s, &x->text, x->next, o[SPAN].value);
        inner.next = 0;
        inner.end = o[SPAN].value.n;
        if (!spl_span(&inner, &ms))
            return false;
    }
    if (!spl_begin_rows(x, "streamstats", &g))
        return false;
    x->has_unknown_rows = true; /* the row at hand is not some row of the group */
    bool is_ordered = is_in_order(x, &g);
    if (x->n_columns_made > 0 && !is_ordered)
        return diag_unsupported(x->s->diag, x->at,
                                "such an aggregate in streamstats without a sort by _time before "
                                "it");
    if (!spl_group_rows(x, &g))
        return false;
    if (ms)
        x->window_ms = ms;
    return is_ordered || close(x, &g);
}

bool spl_streamstats_end(struct spl *x)
{
    struct place where;

    for (size_t i = 0; i < x->n_rising; i++)
        if (!pipe_rises_with(x->pipe, x->rising[i], &where))
            return diag_unsupported(x->s->diag, where,
                                    "a condition on '%.*s' behind streamstats that asks for more "
                                    "than a great value, without a sort by _time before it",
                                    SHOWN(x->rising[i]));
    return true;
}
