/* column.c - fields and columns by their names: members of lists, and columns whose values nobody
 * knows here, which may be shown and, mostly, not be asked.
 */
#include "lang/cql/scan.h"

#include "base/str.h"
#include "base/vec.h"

/* "a[1].b": what is before, the number, what is behind. False: not one index. */
static bool take_index(struct str name, struct str *base, int64_t *i, struct str *rest)
{
    size_t open = str_find_char(name, '[', 0), close = str_find_char(name, ']', 0);

    if (open == SIZE_MAX || open == 0 || close == SIZE_MAX || close < open ||
        !str_to_i64(str_sub(name, open + 1, close - open - 1), i))
        return false;
    *base = str_sub(name, 0, open);
    *rest = str_sub(name, close + 1, SIZE_MAX);
    return str_find_char(*rest, '[', 0) == SIZE_MAX;
}

/* "a[0].b[0].c": a.b.c; false: there are not several indexes, or one is no number.
 * *is_first: all of them are 0. */
static bool take_indexes(struct cql *x, struct str name, struct str *bare, bool *is_first)
{
    char *p = arena_alloc(x->s->scratch, name.n + 1);
    size_t n = 0, n_indexes = 0;

    *is_first = true;
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] != '[') {
            p[n++] = name.p[i];
            continue;
        }
        size_t close = str_find_char(name, ']', i);
        uint64_t index;
        if (close == SIZE_MAX || !str_to_u64(str_sub(name, i + 1, close - i - 1), &index))
            return false;
        *is_first &= index == 0;
        n_indexes++;
        i = close;
    }
    *bare = (struct str){p, n};
    return n_indexes > 1;
}

static bool is_raw(const struct expr *e, struct str name)
{
    return e->kind == EXPR_MEMBERS && str_eq(e->text, name);
}

/* A member: under this very name, as LogScale keeps it, or of the list that the event has. */
static struct expr *member_of(struct cql *x, struct place at, struct expr *flat, struct str name)
{
    struct str base, rest;
    int64_t i;
    bool is_first;

    if (is_raw(flat, name) && take_indexes(x, name, &base, &is_first)) {
        if (is_first)
            return pipe_call2(x->pipe, at, EXPR_COALESCE, flat,
                              pipe_call2(x->pipe, at, EXPR_LIST_AT, pipe_column(x->pipe, at, base),
                                         pipe_whole(x->pipe, 0)));
        diag_warn(x->s->diag, at,
                  "'%.*s': members of lists in lists are found where an event has a field of this "
                  "very name, as LogScale keeps it",
                  SHOWN(name));
        return flat;
    }
    if (!is_raw(flat, name) || !take_index(name, &base, &i, &rest))
        return flat;
    struct expr *list = pipe_column(x->pipe, at, base);
    if (!is_raw(list, base)) /* a list that the query has made */
        return rest.n ? flat : pipe_call2(x->pipe, at, EXPR_LIST_AT, list, pipe_whole(x->pipe, i));
    list = pipe_column(
        x->pipe, at,
        arena_printf(x->s->scratch, "%.*s%.*s", (int)base.n, base.p, (int)rest.n, rest.p));
    return pipe_call2(x->pipe, at, EXPR_COALESCE, flat,
                      pipe_call2(x->pipe, at, EXPR_LIST_AT, list, pipe_whole(x->pipe, i)));
}

void cql_add_unknown(struct cql *x, struct str name, struct str source, enum cql_lack lack)
{
    x->unknown =
        vec_room(x->s->scratch, x->unknown, x->n_unknown, &x->cap_unknown, sizeof *x->unknown);
    x->unknown[x->n_unknown++] = (struct cql_unknown_column){name, source, lack};
}

const struct cql_unknown_column *cql_unknown_column(const struct cql *x, struct str name)
{
    for (size_t i = x->n_unknown; i > 0; i--)
        if (str_eq(x->unknown[i - 1].name, name))
            return &x->unknown[i - 1];
    return NULL;
}

bool cql_set(struct cql *x, struct place at, struct str name, struct expr *value)
{
    /* In a clause other events have what it was. */
    for (size_t i = 0; x->n_clauses == 0 && i < x->n_unknown; i++)
        if (str_eq(x->unknown[i].name, name))
            x->unknown[i].name = STR("");
    return pipe_set(x->pipe, at, name, value);
}

bool cql_is_lacking(const struct cql *x, struct str name)
{
    const struct cql_unknown_column *u = cql_unknown_column(x, name);

    return u && u->lack != CQL_OF_FILE;
}

bool cql_is_joined(const struct cql *x, struct str name)
{
    const struct cql_unknown_column *u = cql_unknown_column(x, name);

    return u && u->lack == CQL_JOINED;
}

/* False if the column may not be asked: after an error, or what is made of it is unknown, too. */
static bool may_ask(struct cql *x, struct place at, struct str name)
{
    const struct cql_unknown_column *u = cql_unknown_column(x, name);

    if (!u || (u->lack == CQL_OF_FILE && !x->is_negated))
        return true;
    if (x->made_of && u->lack != CQL_OF_FILE) {
        *x->made_of = u;
        return false;
    }
    return diag_unsupported(x->s->diag, at, "'%.*s', a column that %.*s would add%s", SHOWN(name),
                            SHOWN(u->source),
                            u->lack == CQL_OF_FILE ? ", of a file that is not there" : "");
}

bool cql_need_row(struct cql *x, struct place at, struct str name)
{
    if (!x->has_row || pipe_was_column(x->pipe, name) || cql_unknown_column(x, name))
        return true;
    return cql_row_column(x, at, name, name, x->row_kind);
}

/* Is the name that of a field of the objects that `outer` is a name for? */
static bool is_inside(struct str name, struct str outer)
{
    return outer.n && name.n > outer.n && str_starts(name, outer) && name.p[outer.n] == '.';
}

static struct str separator_of(const struct cql *x, struct str column)
{
    for (size_t i = x->n_separators; i > 0; i--)
        if (str_eq(x->separators[i - 1].column, column))
            return x->separators[i - 1].text;
    return STR("\n");
}

/* collect() makes one text of the values. */
static struct expr *collected(struct cql *x, struct place at, struct expr *list)
{
    return pipe_call2(x->pipe, at, EXPR_LIST_JOIN, list,
                      pipe_text(x->pipe, separator_of(x, list->text)));
}

void cql_add_separator(struct cql *x, struct str column, struct str text)
{
    struct cql_separator *items =
        ARENA_ARRAY(x->s->scratch, x->n_separators + 1, struct cql_separator);

    if (x->n_separators)
        memcpy(items, x->separators, x->n_separators * sizeof *items);
    items[x->n_separators++] = (struct cql_separator){column, text};
    x->separators = items;
}

/* A member of a list that groups keep, or that is made of what they keep; NULL: the name is none.
 */
static struct expr *member_behind_groups(struct cql *x, struct place at, struct str name)
{
    struct str base, rest;
    int64_t i;

    if (!pipe_is_grouped(x->pipe) || !take_index(name, &base, &i, &rest) || rest.n ||
        !pipe_has_column(x->pipe, base))
        return NULL;
    return pipe_call2(x->pipe, at, EXPR_LIST_AT, cql_column(x, at, base), pipe_whole(x->pipe, i));
}

void cql_copy_separator(struct cql *x, struct str from, struct str to)
{
    if (x->n_separators)
        cql_add_separator(x, to, separator_of(x, from));
}

struct expr *cql_column(struct cql *x, struct place at, struct str name)
{
    name = names_intern(x->s->names, name);
    if (x->member.n && str_eq(x->member, name))
        return pipe_member(x->pipe);
    if (is_inside(name, x->member)) {
        diag_unsupported(x->s->diag, at, "members of an array that are objects ('%.*s')",
                         SHOWN(name));
        return pipe_null(x->pipe);
    }
    if (!may_ask(x, at, name))
        return pipe_null(x->pipe);
    if (is_inside(name, x->split)) {
        diag_unsupported(x->s->diag, at, "split() of objects ('%.*s')", SHOWN(name));
        return pipe_null(x->pipe);
    }
    if (!cql_need_row(x, at, name))
        return NULL;
    if (x->parsed && !pipe_is_grouped(x->pipe) && !pipe_was_column(x->pipe, name) &&
        !str_eq(name, STR("@timestamp"))) {
        struct expr *own = pipe_has_column(x->pipe, name)
                               ? member_of(x, at, pipe_column(x->pipe, at, name), name)
                               : pipe_null(x->pipe);
        return cql_parsed_value(x, at, name, own);
    }
    struct expr *member = pipe_has_column(x->pipe, name) ? NULL : member_behind_groups(x, at, name);
    if (member)
        return member;
    if (!pipe_has_column(x->pipe, name) && !diag_failed(x->s->diag))
        diag_warn(x->s->diag, at, "there is no '%.*s' here any more (%s)", SHOWN(name),
                  pipe_is_grouped(x->pipe) ? "groups keep their fields and what is made of them"
                                           : "a step before this one left it out");
    struct expr *e = pipe_column(x->pipe, at, name);

    if (is_raw(e, STR("@timestamp")))
        return pipe_time(x->pipe, at, e->text);
    if (pipe_is_list(x->pipe, e))
        return collected(x, at, e);
    return member_of(x, at, e, name);
}
