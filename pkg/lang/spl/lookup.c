/* lookup.c - lookup: columns of a list's rows beside the fields of events.
 *
 *     lookup owners host AS dest OUTPUT owner AS who
 *
 * How entries compare is said by the list (docs/lists.md). Of a list that is not given what it
 * would add may be shown.
 */
#include "lang/spl/scan.h"

#include "base/str.h"

/* NAME [AS OTHER] */
static bool read_pair(struct spl *x, struct str *name, struct str *other)
{
    if (!spl_name(x, ",\"'|()=", name))
        return false;
    *other = *name;
    return !spl_take_word(x, "as", true) || spl_name(x, ",\"'|()=", other);
}

/* There is a list of nearly this name. */
static bool is_slip(const struct spl *x, struct str list)
{
    const struct list_source *lists = x->s->lists;

    return lists && lists->nearest && lists->nearest(lists->context, list).n > 0;
}

/* Nobody has the list: what would be added may be shown. */
static bool lookup_shown(struct spl *x, struct place at, struct str list)
{
    struct str column, to;

    const char *command =
        arena_printf(x->s->scratch, "lookup in a list that is not given (--list %.*s=FILE.csv)",
                     SHOWN(list))
            .p;

    diag_warn(x->s->diag, at,
              "there is no list '%.*s' (--list %.*s=FILE.csv): what lookup would add stays empty",
              SHOWN(list), SHOWN(list));
    do {
        if (!read_pair(x, &column, &to))
            return false;
        struct spl_added *added = spl_added(x, spl_field(x, to));
        if (added)
            added->command = command;
        else if (!spl_add_shown(x, spl_field(x, to), command, false))
            return false;
        (void)spl_take(x, ",");
    } while (!spl_is_end(x));
    return true;
}

/* The rows before it are asked for the fields behind the first one, too. */
static bool read_keys(struct spl *x, struct str *key, struct expr **value, size_t *n)
{
    struct str name, field;

    for (*n = 0; !spl_is_end(x); (*n)++) {
        struct spl look = *x;
        if (spl_take_word(&look, "outputnew", true) || spl_take_word(&look, "output", true))
            return true;
        if (!read_pair(x, &name, &field))
            return false;
        bool was_shown = x->is_shown;
        x->is_shown = true;
        struct expr *e = spl_column(x, x->at, field);
        x->is_shown = was_shown;
        if (!e)
            return false;
        if (*n == 0) {
            *key = name;
            *value = e;
        }
        (void)spl_take(x, ",");
    }
    return true;
}

/* lookup NAME key [AS field] OUTPUT|OUTPUTNEW column [AS field] ... */
bool spl_lookup(struct spl *x)
{
    struct str list, key, column, to;
    struct spl_option o[] = {{.name = "local"}, {.name = "update"}};
    struct expr *value;
    size_t n_keys;

    if (!spl_options(x, o, ARRAY_LEN(o)))
        return false;
    spl_blanks(x);
    struct place at = spl_here(x);
    if (!spl_name(x, ",\"'|()=", &list) || !read_keys(x, &key, &value, &n_keys))
        return false;
    if (n_keys == 0)
        return spl_expected(x, "the name of a field");
    bool is_new = spl_take_word(x, "outputnew", true);
    if (!is_new && !spl_take_word(x, "output", true))
        return diag_unsupported(x->s->diag, x->at, "lookup without OUTPUT");
    struct str known = spl_list_named(x, list);
    if (!known.n && !is_slip(x, list))
        return lookup_shown(x, at, list);
    if (n_keys > 1)
        return diag_unsupported(x->s->diag, at, "lookup by more than one field");
    do {
        if (!read_pair(x, &column, &to))
            return false;
        struct expr *found = pipe_lookup(x->pipe, at, known.n ? known : list, key, value, column);
        if (found && is_new)
            found = pipe_call2(x->pipe, at, EXPR_COALESCE, spl_column(x, at, to), found);
        if (!found || !spl_assign(x, at, to, found))
            return false;
        (void)spl_take(x, ",");
    } while (!spl_is_end(x));
    return true;
}
