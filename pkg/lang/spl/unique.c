/* unique.c - groups behind dedup: one row is left of those with the same values.
 *
 *     dedup user host | stats count by user     as stats dc(host) by user
 *
 * Of groups by some of the fields of dedup, how many rows are left is how many different values
 * the others have, and what is asked of these fields alone is as if all rows were there. Everything
 * else depends on which row is left, the newest: it may be shown. So does all of groups behind a
 * condition on other fields, which the newest row may not meet where an older one does.
 */
#include "lang/spl/scan.h"

#include "base/str.h"

bool spl_note_dedup(struct spl *x, const struct str *names, size_t n)
{
    if (pipe_is_grouped(x->pipe))
        return true;
    x->dedup = ARENA_ARRAY(x->s->scratch, n, struct expr *);
    for (size_t i = 0; i < n; i++) {
        x->dedup[i] = spl_column(x, x->at, names[i]);
        if (!x->dedup[i])
            return false;
    }
    x->n_dedup = x->n_dedup ? SIZE_MAX : n;
    return true;
}

static bool is_among(struct expr *const *items, size_t n, const struct expr *e)
{
    for (size_t i = 0; i < n; i++)
        if (expr_equal(items[i], e))
            return true;
    return false;
}

/* The same for all rows with these values. */
static bool is_made_of(struct expr *const *items, size_t n, const struct expr *e)
{
    if (e->kind <= EXPR_TEXT || e->kind == EXPR_MEMBER || is_among(items, n, e))
        return true;
    if (e->kind != EXPR_CALL)
        return false;
    for (size_t i = 0; i < e->n_args; i++)
        if (!is_made_of(items, n, e->args[i]))
            return false;
    return true;
}

void spl_where_of_unique(struct spl *x, const struct expr *e)
{
    bool is_known = x->n_dedup > 0 && x->n_dedup != SIZE_MAX;

    if (is_known && !is_made_of(x->dedup, x->n_dedup, e))
        x->n_dedup = SIZE_MAX;
}

static bool is_key(const struct pipe_key *keys, size_t n, const struct expr *e)
{
    for (size_t i = 0; i < n; i++)
        if (expr_equal(keys[i].value, e))
            return true;
    return false;
}

/* The values of the fields that no key says, as one. */
static struct expr *others(struct spl *x, const struct pipe_key *keys, size_t n_keys)
{
    struct expr **parts = ARENA_ARRAY(x->s->scratch, 2 * x->n_dedup, struct expr *);
    size_t n = 0;

    for (size_t i = 0; i < x->n_dedup; i++) {
        if (is_key(keys, n_keys, x->dedup[i]))
            continue;
        if (n > 0)
            parts[n++] = pipe_text(x->pipe, STR("\x1f"));
        parts[n++] = x->dedup[i];
    }
    if (n <= 1)
        return n ? parts[0] : pipe_whole(x->pipe, 1);
    return pipe_call(x->pipe, x->at, &(struct expr){.op = EXPR_CONCAT}, parts, n);
}

static bool is_of_set(enum group_kind kind)
{
    return kind == GROUP_DISTINCT || kind == GROUP_VALUES || kind == GROUP_MIN || kind == GROUP_MAX;
}

static bool show(struct spl *x, struct str name)
{
    return spl_added(x, name) || spl_add_shown(x, name, "stats behind dedup", false);
}

bool spl_of_unique(struct spl *x, struct pipe_aggregate *aggregates, size_t n,
                   const struct pipe_key *keys, size_t n_keys)
{
    bool is_known = x->n_dedup != SIZE_MAX;

    for (size_t i = 0; is_known && i < n_keys; i++)
        is_known = keys[i].value && is_among(x->dedup, x->n_dedup, keys[i].value);
    for (size_t i = 0; i < n; i++) {
        struct pipe_aggregate *a = &aggregates[i];
        bool is_count = a->kind == GROUP_COUNT && !a->filter;
        bool is_own = is_known && a->arg && !a->filter && is_among(x->dedup, x->n_dedup, a->arg);
        if (is_known && is_count && (!a->arg || is_own)) {
            a->kind = GROUP_DISTINCT;
            a->arg = others(x, keys, n_keys);
            if (!a->arg)
                return false;
        } else if (!is_own || !is_of_set(a->kind)) {
            if (!show(x, a->name))
                return false;
        }
    }
    for (size_t i = 0; i < x->n_columns_made; i++)
        if (!show(x, x->columns_made[i].name))
            return false;
    x->n_dedup = 0;
    return true;
}
