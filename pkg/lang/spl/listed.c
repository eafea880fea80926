/* listed.c - a search inside a search that only reads a list:
 *
 *     a=1 NOT [| inputlookup allowed.csv | rename account AS user | fields user]
 *
 * The field has the value of some row. How entries compare is said by the list (docs/lists.md).
 * Rows of several fields, and what else would choose among them, are other searches: unsupported.
 */
#include "lang/spl/scan.h"

#include "base/str.h"

struct listed {
    struct place at;
    struct str list;          /* as written */
    struct str column, field; /* of the list; what it is called in the end */
};

struct str spl_list_named(const struct spl *x, struct str name)
{
    const struct list_source *l = x->s->lists;
    const struct str tries[] = {name, str_sub(name, 0, str_find_char(name, '.', 0))};
    struct str_list entries;
    enum list_mode mode;

    for (size_t i = 0; l && i < ARRAY_LEN(tries); i++)
        if (l->lookup(l->context, tries[i], &entries, &mode))
            return tries[i];
    return STR("");
}

static bool refuse(struct spl *x, struct place at, const char *what)
{
    return diag_unsupported(x->s->diag, at, "a search inside a search ([...]) %s", what);
}

static bool read_rename(struct spl *x, struct listed *l)
{
    struct str from, to;

    if (!spl_name(x, ",\"'|]", &from))
        return false;
    if (!spl_take_word(x, "as", true))
        return spl_expected(x, "AS");
    if (!spl_name(x, ",\"'|]", &to))
        return false;
    l->column = names_intern(x->s->names, from);
    l->field = names_intern(x->s->names, to);
    if (spl_is_end(x))
        return spl_expected(x, "']'");
    return spl_peek(x) == '|' || spl_peek(x) == ']' ||
           refuse(x, l->at, "that renames several fields");
}

/* fields f, table f: the only one. */
static bool read_fields(struct spl *x, struct listed *l)
{
    struct str name;

    (void)spl_take(x, "+");
    if (!spl_name(x, ",\"'|]", &name))
        return false;
    if (spl_is_end(x))
        return spl_expected(x, "']'");
    if (spl_peek(x) != '|' && spl_peek(x) != ']')
        return refuse(x, l->at, "of several fields");
    if (!l->field.n)
        l->column = names_intern(x->s->names, name);
    else if (!str_eq(l->field, name))
        return diag_error(x->s->diag, l->at, "the list has been left without a field");
    l->field = names_intern(x->s->names, name);
    return true;
}

/* The commands behind inputlookup, up to the bracket. */
static bool read_commands(struct spl *x, struct listed *l)
{
    bool has_fields = false;

    while (spl_take(x, "|")) {
        spl_blanks(x);
        struct place at = spl_here(x);
        struct str name = spl_word(x, "|][(=\"'");
        bool is_fields = str_eq_ci(name, STR("fields")) || str_eq_ci(name, STR("table"));
        if (is_fields && !has_fields) {
            if (!read_fields(x, l))
                return false;
        } else if (str_eq_ci(name, STR("rename")) && !l->column.n) {
            if (!read_rename(x, l))
                return false;
        } else if (str_eq_ci(name, STR("rename")) && has_fields) {
            struct str column = l->column, field = l->field;
            if (!read_rename(x, l))
                return false;
            if (!str_eq(l->column, field))
                return diag_error(x->s->diag, at, "the list has no field '%.*s' any more",
                                  SHOWN(l->column));
            l->column = column;
        } else if (!str_eq_ci(name, STR("format"))) {
            return diag_unsupported(x->s->diag, at, "'%.*s' in a search inside a search ([...])",
                                    SHOWN(name));
        }
        has_fields |= is_fields;
    }
    return has_fields || refuse(x, l->at, "of a list that does not name its field (fields NAME)");
}

/* [| inputlookup NAME ...], the bracket next. */
static bool read_listed(struct spl *x, struct listed *l)
{
    *l = (struct listed){.at = spl_here(x), .column = STR(""), .field = STR("")};
    (void)spl_take(x, "[");
    if (!spl_take(x, "|"))
        return refuse(x, l->at, "that reads no list");
    spl_blanks(x);
    if (!str_eq_ci(spl_word(x, "|][(=\"'"), STR("inputlookup")))
        return refuse(x, l->at, "that reads no list");
    if (!spl_name(x, ",\"'|]=", &l->list))
        return false;
    spl_blanks(x);
    if (spl_peek(x) != '|' && spl_peek(x) != ']')
        return refuse(x, l->at, "with more behind inputlookup than a name");
    if (!read_commands(x, l))
        return false;
    return spl_take(x, "]") || spl_expected(x, "']'");
}

static bool reads_list(const struct spl *x)
{
    struct spl look = *x;

    if (!spl_take(&look, "[") || !spl_take(&look, "|"))
        return false;
    spl_blanks(&look);
    return str_eq_ci(spl_word(&look, "|][(=\"'"), STR("inputlookup"));
}

struct expr *spl_listed(struct spl *x)
{
    const struct list_source *lists = x->s->lists;
    struct listed l;

    if (!reads_list(x))
        return spl_inside(x);
    if (!read_listed(x, &l) || !spl_count_value(x))
        return NULL;
    if (str_eq(l.field, STR("search")) || str_eq(l.field, STR("query")))
        return (void)refuse(x, l.at, "whose values are terms (a field 'search' or 'query')"), NULL;
    struct str name = spl_list_named(x, l.list);
    if (!name.n)
        return (void)diag_error(x->s->diag, l.at, "there is no list '%.*s' (--list NAME=FILE)",
                                SHOWN(l.list)),
               NULL;
    struct expr *subject = spl_column(x, l.at, l.field);
    if (!subject)
        return NULL;
    if (subject->kind != EXPR_MEMBERS || pipe_is_grouped(x->pipe))
        return (void)refuse(x, l.at, "about a field that the search has made"), NULL;
    const struct list_slot *slot = lists->slot ? lists->slot(lists->context, name, l.column) : NULL;
    if (!slot)
        return (void)diag_error(x->s->diag, l.at, "the list '%.*s' has no column '%.*s'",
                                SHOWN(name), SHOWN(l.column)),
               NULL;
    struct atom atom = {.op = ATOM_LIST, .list = slot};
    return pipe_condition(x->pipe, l.at, query_atom(x->s, l.at, subject->text, atom));
}
