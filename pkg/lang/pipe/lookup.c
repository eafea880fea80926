/* lookup.c - a list with columns as a table that expressions ask.
 *
 * The pairs are copied from the list when the rule is read, so a change of the list is a change of
 * the rule: what asks whether a value is on a list asks the list itself (ATOM_LIST). */
#include "lang/pipe/pipe_impl.h"

#include <stdlib.h>

#include "base/str.h"

struct pair {
    struct str key, value;
    size_t row; /* among equal keys the order of the file stands */
};

static int by_key(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int order = str_cmp(x->key, y->key);

    return order ? order : (x->row > y->row) - (x->row < y->row);
}

/* An empty cell is no value. */
static const struct expr_table *table_of(struct pipe *p, const struct str_list *entries,
                                         const struct str_list *cells, bool is_caseless)
{
    struct arena *a = p->s->a;
    struct pair *pairs = ARENA_ARRAY(p->s->scratch, entries->n, struct pair);
    struct expr_table *t = ARENA_NEW(a, struct expr_table);
    size_t n = 0;

    for (size_t i = 0; i < entries->n; i++)
        if (cells->items[i].n)
            pairs[n++] = (struct pair){is_caseless ? arena_lower(a, entries->items[i])
                                                   : arena_str(a, entries->items[i]),
                                       arena_str(a, cells->items[i]), i};
    qsort(pairs, n, sizeof *pairs, by_key);
    struct str *keys = ARENA_ARRAY(a, n, struct str);
    struct str *values = ARENA_ARRAY(a, n, struct str);
    for (size_t i = 0; i < n; i++) {
        keys[i] = pairs[i].key;
        values[i] = pairs[i].value;
    }
    *t = (struct expr_table){keys, values, n, is_caseless};
    return t;
}

static struct expr *no_list(struct pipe *p, struct place at, struct str list)
{
    const struct list_source *lists = p->s->lists;
    struct str near = lists && lists->nearest ? lists->nearest(lists->context, list) : STR("");

    if (near.n)
        diag_error(p->s->diag, at, "there is no list '%.*s' (did you mean '%.*s'?)", SHOWN(list),
                   SHOWN(near));
    else
        diag_error(p->s->diag, at, "there is no list '%.*s' (--list %.*s=FILE.csv)", SHOWN(list),
                   SHOWN(list));
    return NULL;
}

struct expr *pipe_lookup(struct pipe *p, struct place at, struct str list, struct str key,
                         struct expr *value, struct str column)
{
    const struct list_source *lists = p->s->lists;
    struct str_list entries, cells;
    struct str own = STR("");
    enum list_mode mode;

    if (!lists || !lists->lookup(lists->context, list, &entries, &mode))
        return no_list(p, at, list);
    if (mode != LIST_CI && mode != LIST_EXACT) {
        diag_unsupported(p->s->diag, at, "a look-up in the list '%.*s', whose entries are patterns",
                         SHOWN(list));
        return NULL;
    }
    if (!lists->cells || !lists->cells(lists->context, list, column, &cells, &own)) {
        diag_error(p->s->diag, at,
                   "the list '%.*s' has no column '%.*s' among those that it copies (# copy: "
                   "%.*s), or more than %d entries",
                   SHOWN(list), SHOWN(column), SHOWN(column), LIST_TEXTS_MAX);
        return NULL;
    }
    if (key.n && own.n && !str_eq(key, own)) {
        diag_error(p->s->diag, at,
                   "the entries of the list '%.*s' are its column '%.*s', not '%.*s'", SHOWN(list),
                   SHOWN(own), SHOWN(key));
        return NULL;
    }
    struct expr call = {.op = EXPR_LIST_LOOKUP,
                        .table = table_of(p, &entries, &cells, mode == LIST_CI)};
    return pipe_call(p, at, &call, &value, 1);
}
