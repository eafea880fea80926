/* lookup.c - LOOKUP JOIN and ENRICH: columns of a table beside each row.
 *
 * There the table is an index or a policy; here it is the list of that name (list/list.h), whose
 * entries are the field that is joined by and whose copied columns are the table's others. */
#include "lang/esql/parser.h"

#include <stdlib.h>

#include "base/str.h"

struct table {
    struct place at;
    struct str name;
    struct str own; /* what the entries' column is called; empty: nobody knows */
    struct str_list columns;
};

static bool find_table(struct esql_parser *p, const char *command, struct table *t)
{
    const struct list_source *lists = p->s->lists;
    struct str_list entries;
    enum list_mode mode;

    if (!lists || !lists->lookup(lists->context, t->name, &entries, &mode))
        return diag_unsupported(p->s->diag, t->at,
                                "%s asks what Elasticsearch keeps as '%.*s': there is no list of "
                                "that name (--list %.*s=FILE.csv)",
                                command, SHOWN(t->name), SHOWN(t->name));
    if (!lists->columns || !lists->columns(lists->context, t->name, &t->columns, &t->own))
        return diag_error(p->s->diag, t->at,
                          "the list '%.*s' copies no columns (# copy: ...), or has more than %d "
                          "entries",
                          SHOWN(t->name), LIST_TEXTS_MAX);
    return true;
}

/* The name of a table, which may have dashes and dots. */
static bool read_table(struct esql_parser *p, struct table *t)
{
    t->at = p->token.at;
    t->name = p->token.text;
    if (p->token.kind != ESQL_WORD && p->token.kind != ESQL_STRING)
        return esql_expected(p, "the name of a table");
    return esql_advance(p);
}

/* A column of the table, as `name`, for a value. is_single: null where there are several. */
static bool set_column(struct esql_parser *p, const struct table *t, struct expr *value,
                       struct str column, struct str name, bool is_single)
{
    struct expr *found = pipe_lookup(p->pipe, t->at, t->name, STR(""), value, column);

    if (found && is_single)
        found = pipe_call2(p->pipe, t->at, EXPR_CASE,
                           pipe_call2(p->pipe, t->at, EXPR_EQ,
                                      pipe_call1(p->pipe, t->at, EXPR_LIST_COUNT, value),
                                      pipe_whole(p->pipe, 1)),
                           found);
    return found && pipe_set(p->pipe, t->at, name, found);
}

/* Behind INLINE STATS rows and groups stand side by side. */
static bool is_plain(struct esql_parser *p, struct place at, const char *command)
{
    return !p->rows_at.line ||
           diag_unsupported(p->s->diag, at, "%s behind INLINE STATS: not in this version", command);
}

/* ---- LOOKUP JOIN name ON field ----------------------------------------------------------------
 */

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Each row that matches is a row of its own there. */
static bool has_each_once(struct esql_parser *p, const struct table *t)
{
    const struct list_source *lists = p->s->lists;
    struct str_list entries;
    enum list_mode mode;

    if (!lists->lookup(lists->context, t->name, &entries, &mode) || !entries.items)
        return true; /* too many, which is told where it is looked up */
    if (mode == LIST_GLOB)
        return diag_unsupported(p->s->diag, t->at,
                                "LOOKUP JOIN with the list '%.*s', whose entries are patterns",
                                SHOWN(t->name));
    struct str *sorted = ARENA_ARRAY(p->s->scratch, entries.n + 1, struct str);
    for (size_t i = 0; i < entries.n; i++)
        sorted[i] =
            mode == LIST_CI ? arena_lower(p->s->scratch, entries.items[i]) : entries.items[i];
    qsort(sorted, entries.n, sizeof *sorted, by_text);
    for (size_t i = 1; i < entries.n; i++)
        if (str_eq(sorted[i - 1], sorted[i]))
            return diag_unsupported(p->s->diag, t->at,
                                    "LOOKUP JOIN with several rows for one value ('%.*s' in the "
                                    "list '%.*s')",
                                    SHOWN(sorted[i]), SHOWN(t->name));
    return true;
}

bool esql_lookup_join(struct esql_parser *p, struct place at)
{
    struct table t;

    p->takes_stars = true;
    bool is_join = esql_is_word(p, "join") && esql_advance(p);
    p->takes_stars = false;
    if (!is_join)
        return diag_failed(p->s->diag) ? false : esql_expected(p, "JOIN behind LOOKUP");
    if (!read_table(p, &t))
        return false;
    if (!esql_is_word(p, "on"))
        return esql_expected(p, "ON and a column");
    if (!esql_advance(p))
        return false;
    struct esql_token key = p->token;
    if (key.kind != ESQL_WORD)
        return esql_expected(p, "the name of a column");
    struct expr *value = esql_advance(p) ? esql_column(p, key.at, key.text) : NULL;
    if (!value || !is_plain(p, at, "LOOKUP JOIN"))
        return false;
    if (!esql_is_sign(p, "|") && p->token.kind != ESQL_END)
        return diag_unsupported(p->s->diag, p->token.at, "LOOKUP JOIN by anything but one column");
    if (!find_table(p, "LOOKUP JOIN", &t) || !has_each_once(p, &t))
        return false;
    if (t.own.n && !str_eq(t.own, key.text))
        return diag_error(p->s->diag, key.at,
                          "the entries of the list '%.*s' are its column '%.*s', not '%.*s'",
                          SHOWN(t.name), SHOWN(t.own), SHOWN(key.text));
    for (size_t i = 0; i < t.columns.n; i++)
        if (!set_column(p, &t, value, t.columns.items[i], t.columns.items[i], true))
            return false;
    return true;
}

/* ---- ENRICH policy [ON field] [WITH name = column, ...] ----------------------------------------
 */

static bool with(struct esql_parser *p, const struct table *t, struct expr *value)
{
    do {
        if (!esql_advance(p))
            return false;
        struct str name = p->token.text, column = name;
        if (p->token.kind != ESQL_WORD)
            return esql_expected(p, "the name of a column");
        if (!esql_advance(p))
            return false;
        if (esql_is_sign(p, "=")) {
            if (!esql_advance(p))
                return false;
            column = p->token.text;
            if (p->token.kind != ESQL_WORD)
                return esql_expected(p, "a column of the policy");
            if (!esql_advance(p))
                return false;
        }
        if (!set_column(p, t, value, column, name, false))
            return false;
    } while (esql_is_sign(p, ","));
    return true;
}

/* _any:policy: where the policy runs. */
static struct str without_mode(struct str name)
{
    size_t colon = str_find_char(name, ':', 0);

    return str_starts(name, STR("_")) && colon != SIZE_MAX ? str_sub(name, colon + 1, SIZE_MAX)
                                                           : name;
}

bool esql_enrich(struct esql_parser *p, struct place at)
{
    struct table t;

    if (!read_table(p, &t) || !is_plain(p, at, "ENRICH"))
        return false;
    t.name = without_mode(t.name);
    if (!find_table(p, "ENRICH", &t))
        return false;
    struct esql_token key = {.at = t.at, .text = t.own};
    if (esql_is_word(p, "on")) {
        if (!esql_advance(p))
            return false;
        key = p->token;
        if (key.kind != ESQL_WORD)
            return esql_expected(p, "the name of a column");
        if (!esql_advance(p))
            return false;
    } else if (!key.text.n) {
        return esql_expected(p, "ON and a column");
    }
    struct expr *value = esql_column(p, key.at, key.text);
    if (!value)
        return false;
    if (esql_is_word(p, "with"))
        return with(p, &t, value);
    for (size_t i = 0; i < t.columns.n; i++)
        if (!set_column(p, &t, value, t.columns.items[i], t.columns.items[i], false))
            return false;
    return true;
}
