/* indicator_query.c - which rows of the list of indicators a rule's threat_query selects.
 *
 * A row is an indicator, its columns are fields of it. What the query asks of other fields, or asks
 * in a way that is not computed here (times, words, networks), is unknown: a row stays unless the
 * query is false of it whatever that says. */
#include "lang/elastic/indicator.h"

#include "base/str.h"
#include "rule/expr.h"

struct column {
    struct str name;
    struct str_list cells;
};

struct table {
    struct column *columns;
    size_t n;
    struct str unknown; /* the first field that the query asks and no column is; empty: none */
};

static bool read_table(struct elastic_scope *s, struct table *t, size_t *n_rows)
{
    const struct list_source *lists = s->lists;
    struct str_list names, own;
    struct str entries, name = STR(INDICATOR_LIST);
    enum list_mode mode;

    if (!lists->columns || !lists->columns(lists->context, name, &names, &entries) ||
        !lists->lookup(lists->context, name, &own, &mode) || !own.items)
        return false;
    t->columns = ARENA_ARRAY(s->scratch, names.n + 1, struct column);
    for (size_t i = 0; i < names.n; i++) {
        struct column *c = &t->columns[t->n];
        c->name = names.items[i];
        t->n += lists->cells(lists->context, name, c->name, &c->cells, &entries);
    }
    if (entries.n && mode != LIST_GLOB && mode != LIST_CIDR)
        t->columns[t->n++] = (struct column){entries, own};
    *n_rows = own.n;
    return true;
}

/* ---- one row ------------------------------------------------------------------------------- */

static enum truth truth_of(bool value)
{
    return value ? TRUTH_TRUE : TRUTH_FALSE;
}

/* Elasticsearch may have the field as a time or a text, which the rule does not say. */
static enum truth compares(const struct atom *a, struct str cell)
{
    struct expr_value x = expr_value_number(cell), y = expr_value_number(a->text);
    int order = expr_value_cmp(&x, &y);

    if (x.type == EXPR_VALUE_NULL || x.type == EXPR_VALUE_TEXT)
        return TRUTH_UNKNOWN;
    return truth_of(a->op == ATOM_NUM_EQ   ? order == 0
                    : a->op == ATOM_NUM_LT ? order < 0
                    : a->op == ATOM_NUM_LE ? order <= 0
                    : a->op == ATOM_NUM_GT ? order > 0
                                           : order >= 0);
}

/* Letters beyond ASCII that are not compared as written: unknown. */
static enum truth has_text(struct elastic_scope *s, const struct atom *a, struct str cell)
{
    struct str text = a->text;

    if (a->fold == FOLD_SIMPLE)
        return TRUTH_UNKNOWN;
    if (a->fold == FOLD_ASCII) {
        text = arena_lower(s->scratch, text);
        cell = arena_lower(s->scratch, cell);
    }
    switch (a->op) {
    case ATOM_EQ:
        return truth_of(str_eq(cell, text));
    case ATOM_PREFIX:
        return truth_of(str_starts(cell, text));
    case ATOM_SUFFIX:
        return truth_of(str_ends(cell, text));
    default:
        return truth_of(str_find(cell, text, 0) != SIZE_MAX);
    }
}

/* An empty cell says nothing: in a list of documents it may have been a list. */
static enum truth of_cell(struct elastic_scope *s, const struct atom *a, struct str cell)
{
    if (cell.n == 0)
        return TRUTH_UNKNOWN;
    switch (a->op) {
    case ATOM_EQ:
    case ATOM_PREFIX:
    case ATOM_SUFFIX:
    case ATOM_CONTAINS:
        return has_text(s, a, cell);
    case ATOM_NUM_EQ:
    case ATOM_NUM_LT:
    case ATOM_NUM_LE:
    case ATOM_NUM_GT:
    case ATOM_NUM_GE:
        return compares(a, cell);
    case ATOM_EXISTS:
    case ATOM_HAS_VALUE:
        return TRUTH_TRUE;
    case ATOM_IS_NULL:
        return TRUTH_FALSE;
    case ATOM_BOOL:
        return truth_of(str_eq_ci(cell, a->is_true ? STR("true") : STR("false")));
    default:
        return TRUTH_UNKNOWN;
    }
}

static enum truth of_row(struct elastic_scope *s, struct table *t, const struct formula *f,
                         size_t row)
{
    enum truth best = f->kind == FORMULA_AND ? TRUTH_TRUE : TRUTH_FALSE;

    switch (f->kind) {
    case FORMULA_CONST:
        return truth_of(f->value);
    case FORMULA_NOT:
        return (enum truth)(TRUTH_TRUE - of_row(s, t, f->children[0], row));
    case FORMULA_ATOM:
        for (size_t i = 0; i < t->n; i++)
            if (str_eq(t->columns[i].name, f->atom->field))
                return of_cell(s, f->atom, t->columns[i].cells.items[row]);
        return TRUTH_UNKNOWN;
    default:
        for (size_t i = 0; i < f->n_children; i++) {
            enum truth one = of_row(s, t, f->children[i], row);
            if (f->kind == FORMULA_AND ? one < best : one > best)
                best = one;
        }
        return best;
    }
}

static void note_unknown(const struct atom *a, void *context)
{
    struct table *t = context;

    for (size_t i = 0; i < t->n; i++)
        if (str_eq(t->columns[i].name, a->field))
            return;
    if (!t->unknown.n)
        t->unknown = a->field;
}

bool indicator_select(struct elastic_scope *s, const struct formula *query, bool **is_out,
                      struct str *unknown)
{
    struct table t = {0};
    size_t n_rows = 0, n_out = 0;
    bool is_table = read_table(s, &t, &n_rows);

    formula_each_atom(query, note_unknown, &t);
    *unknown = t.unknown;
    *is_out = NULL;
    if (!is_table || t.n == 0)
        return false;
    bool *out = ARENA_ARRAY(s->scratch, n_rows + 1, bool);
    for (size_t i = 0; i < n_rows; i++) {
        out[i] = of_row(s, &t, query, i) == TRUTH_FALSE;
        n_out += out[i];
    }
    if (n_out)
        *is_out = out;
    return true;
}
