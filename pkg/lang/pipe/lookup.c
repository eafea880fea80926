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
    *t = (struct expr_table){.keys = keys, .values = values, .n = n, .is_caseless = is_caseless};
    return t;
}

/* Sigma's notation, as lists have it: a backslash before anything but a sign or itself is itself.
 */
static struct str with_escapes(struct pipe *p, struct str text)
{
    char *out = arena_alloc(p->s->scratch, 2 * text.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        bool is_escape = text.p[i] == '\\' && i + 1 < text.n && memchr("*?\\", text.p[i + 1], 3);
        out[n++] = text.p[i];
        if (is_escape)
            out[n++] = text.p[++i];
        else if (text.p[i] == '\\')
            out[n++] = '\\';
    }
    return (struct str){out, n};
}

/* The same of patterns, each of which a value is compared with. */
static const struct expr_table *patterns_of(struct pipe *p, struct place at,
                                            const struct str_list *entries,
                                            const struct str_list *cells)
{
    struct expr_table *t = ARENA_NEW(p->s->a, struct expr_table);
    struct glob *globs = ARENA_ARRAY(p->s->a, entries->n + 1, struct glob);
    struct str *values = ARENA_ARRAY(p->s->a, entries->n + 1, struct str);
    size_t n = 0;

    for (size_t i = 0; i < entries->n; i++) {
        struct str entry = entries->items[i];
        if (!cells->items[i].n)
            continue;
        if (query_fold(entry, true) == FOLD_SIMPLE)
            return diag_unsupported(p->s->diag, at,
                                    "a look-up by the pattern '%.*s', whose letters are not all "
                                    "of ASCII",
                                    SHOWN(entry)),
                   NULL;
        if (!pipe_glob(p, at, with_escapes(p, entry), '*', '?', '\\', &globs[n]))
            return NULL;
        values[n++] = arena_str(p->s->a, cells->items[i]);
    }
    *t = (struct expr_table){.values = values, .n = n, .is_caseless = true, .globs = globs};
    return t;
}

enum { PATTERNS_MANY = 100 };

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
    if (mode == LIST_CIDR) {
        diag_unsupported(p->s->diag, at, "a look-up in the list '%.*s', whose entries are networks",
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
    if (mode == LIST_GLOB && entries.n > PATTERNS_MANY)
        diag_warn(p->s->diag, at,
                  "the list '%.*s' has %zu patterns, with each of which values are compared",
                  SHOWN(list), entries.n);
    struct expr call = {.op = EXPR_LIST_LOOKUP,
                        .table = mode == LIST_GLOB
                                     ? patterns_of(p, at, &entries, &cells)
                                     : table_of(p, &entries, &cells, mode == LIST_CI)};
    if (!call.table)
        return NULL;
    return pipe_call(p, at, &call, &value, 1);
}
