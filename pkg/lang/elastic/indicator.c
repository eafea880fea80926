/* indicator.c - threat_match: a field of the event stands in a column of the list of indicators.
 *
 * There the indicators are documents of an index that a query selects; here they are the list
 * threat_indicators (list/list.h), whose columns have the names of the indicators' fields. What the
 * query asks of columns that the list copies is asked of its rows (indicator_query.c); what else it
 * would select is what whoever fills the list puts there. Where several fields of one indicator
 * must be alike (or differ: negate), some row must be so as a whole: the rows are copied into the
 * rule then, as they are where the query leaves some out.
 */
#include "lang/elastic/indicator.h"

#include "base/str.h"
#include "lang/settings.h"

enum { MAPPINGS_MAX = 64, ENTRIES_MAX = 8 };

static bool has_list(const struct elastic_scope *s)
{
    struct str_list entries;
    enum list_mode mode;

    return s->lists && s->lists->lookup(s->lists->context, STR(INDICATOR_LIST), &entries, &mode);
}

static struct formula *on_list(struct elastic_scope *s, const struct doc_node *at, struct str field,
                               struct str column)
{
    struct query_scope q = query_scope_of(s, at);
    const struct list_slot *slot =
        s->lists->slot ? s->lists->slot(s->lists->context, STR(INDICATOR_LIST), column) : NULL;

    if (slot)
        return query_atom(&q, doc_place(at), field, (struct atom){.op = ATOM_LIST, .list = slot});
    diag_warn(s->diag, doc_place(at),
              "the list '%s' has no column '%.*s': this mapping matches nothing", INDICATOR_LIST,
              SHOWN(column));
    return formula_const(s->a, false);
}

/* {field, type = "mapping", value = the indicator's field, negate}. */
struct entry {
    const struct doc_node *at;
    struct str field, column;
    bool is_negated;
    struct str_list cells; /* of the column, a row each */
};

static bool entry_read(struct elastic_scope *s, const struct doc_node *node, struct entry *out)
{
    static const char *const KEYS[] = {"field", "type", "value", "negate"};
    static const struct key_names KNOWN = {KEYS, ARRAY_LEN(KEYS)};
    static const char *const TYPES[] = {"mapping", NULL};
    const struct doc_node *type = doc_get(node, STR("type"));
    size_t i;

    *out = (struct entry){.at = node};
    if (!key_check(s, node, &KNOWN, "an entry of 'threat_mapping'") ||
        !key_text(s, node, "field", &out->field) || !key_text(s, node, "value", &out->column) ||
        !key_flag(s, node, "negate", &out->is_negated) ||
        (type && !key_word(s, type, "type", TYPES, &i)))
        return false;
    return (out->field.n && out->column.n) ||
           key_missing(s, node, out->field.n ? "value" : "field");
}

/* ---- several fields of one indicator: a row has all of them ------------------------------ */

/* The cells of each column; the list's own entries are a column, too. */
static bool read_cells(struct elastic_scope *s, const struct str_list *own, struct entry *entries,
                       size_t n)
{
    struct str name = STR("");
    struct str_list copied;

    if (s->lists->columns)
        (void)s->lists->columns(s->lists->context, STR(INDICATOR_LIST), &copied, &name);
    for (size_t i = 0; i < n; i++)
        if (!s->lists->cells || !s->lists->cells(s->lists->context, STR(INDICATOR_LIST),
                                                 entries[i].column, &entries[i].cells, &name))
            entries[i].cells.n = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        if (entries[i].cells.n != SIZE_MAX)
            continue;
        if (!str_eq(entries[i].column, name))
            return diag_error(s->diag, doc_place(entries[i].at),
                              "the list '%s' has no column '%.*s' among those that it copies (# "
                              "copy: %.*s)",
                              INDICATOR_LIST, SHOWN(entries[i].column), SHOWN(entries[i].column));
        entries[i].cells = *own;
    }
    return true;
}

/* As the list compares its entries: what KQL finds, case aside unless the list says exact. */
static struct formula *is_cell(struct elastic_scope *s, const struct entry *e, struct str cell,
                               enum list_mode mode)
{
    struct doc_node text = *e->at;
    struct query_scope q = query_scope_of(s, e->at);
    struct atom folded = {.op = ATOM_EQ, .text = cell, .fold = query_fold(cell, true)};
    struct formula *parts[2];
    struct glob glob;

    text.type = DOC_STRING;
    text.is_quoted = false;
    text.text = cell;
    if (mode == LIST_GLOB)
        return wildcard_glob(s, doc_place(e->at), cell, &glob)
                   ? query_pattern(&q, doc_place(e->at), e->field, &glob, true)
                   : NULL;
    parts[0] = text_is(s, &text, e->field);
    if (mode == LIST_EXACT || folded.fold == FOLD_NONE)
        return parts[0];
    parts[1] = query_atom(&q, doc_place(e->at), e->field, folded);
    return parts[0] && parts[1] ? formula_join(s->a, FORMULA_OR, parts, 2) : NULL;
}

/* A row says nothing unless it has all that must be alike; what must differ and is not there
 * differs. */
static bool row_formula(struct elastic_scope *s, const struct entry *entries, size_t n, size_t row,
                        enum list_mode mode, struct formula **out)
{
    struct formula *parts[ENTRIES_MAX];
    size_t n_parts = 0;

    *out = NULL;
    for (size_t i = 0; i < n; i++) {
        struct str cell = entries[i].cells.items[row];
        if (cell.n == 0 && !entries[i].is_negated)
            return true;
        if (cell.n == 0)
            continue;
        struct formula *f = is_cell(s, &entries[i], cell, mode);
        if (!f)
            return false;
        parts[n_parts++] = entries[i].is_negated ? formula_not(s->a, f) : f;
    }
    *out = formula_join(s->a, FORMULA_AND, parts, n_parts);
    return true;
}

/* That the fields are in their columns at all is asked first: it is one look-up each, and an entry
 * that has expired is in none. */
static struct formula *rows_formula(struct elastic_scope *s, struct entry *entries, size_t n,
                                    const bool *is_out)
{
    struct str_list own;
    enum list_mode mode;
    struct formula *all[ENTRIES_MAX + 1];
    size_t n_all = 0, n_rows = 0;

    if (!s->lists->lookup(s->lists->context, STR(INDICATOR_LIST), &own, &mode))
        return NULL;
    if (own.n && !own.items) {
        diag_unsupported(s->diag, doc_place(entries[0].at),
                         "a threat mapping of several fields: the list '%s' has more than %d rows",
                         INDICATOR_LIST, LIST_TEXTS_MAX);
        return NULL;
    }
    if (!read_cells(s, &own, entries, n))
        return NULL;
    struct formula **rows = ARENA_ARRAY(s->scratch, own.n + 1, struct formula *);
    for (size_t i = 0; i < own.n; i++) {
        if (is_out && is_out[i])
            continue;
        if (!row_formula(s, entries, n, i, mode, &rows[n_rows]))
            return NULL;
        n_rows += rows[n_rows] != NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (entries[i].is_negated)
            continue;
        all[n_all] = on_list(s, entries[i].at, entries[i].field, entries[i].column);
        if (!all[n_all++])
            return NULL;
    }
    if (n_rows == 0)
        return formula_const(s->a, false);
    all[n_all++] = formula_join(s->a, FORMULA_OR, rows, n_rows);
    return formula_join(s->a, FORMULA_AND, all, n_all);
}

static struct formula *mapping_formula(struct elastic_scope *s, const struct doc_node *map,
                                       const bool *is_out)
{
    const struct doc_node *list = key_node(s, map, "entries", DOC_LIST);
    struct entry entries[ENTRIES_MAX];
    bool is_good = true, has_alike = false;

    if (!list || list->n_items == 0) {
        key_missing(s, map, "entries");
        return NULL;
    }
    if (list->n_items > ENTRIES_MAX) {
        diag_error(s->diag, doc_place(list), "more than %d fields of one indicator", ENTRIES_MAX);
        return NULL;
    }
    for (size_t i = 0; i < list->n_items; i++) {
        is_good &= entry_read(s, &list->items[i], &entries[i]);
        has_alike |= !entries[i].is_negated;
    }
    if (is_good && !has_alike)
        is_good = diag_error(s->diag, doc_place(list),
                             "a threat mapping needs an entry without 'negate'");
    if (!is_good)
        return NULL;
    if (!has_list(s))
        return formula_const(s->a, false);
    return list->n_items == 1 && !is_out
               ? on_list(s, entries[0].at, entries[0].field, entries[0].column)
               : rows_formula(s, entries, list->n_items, is_out);
}

/* ---- which indicators --------------------------------------------------------------------- */

static bool read_text(struct reading *r, const struct doc_node *query, struct formula **out)
{
    static const char *const LANGUAGES[] = {"kuery", "lucene", NULL};
    const struct doc_node *language = doc_get(r->rule, STR("threat_language"));
    struct query_scope q = query_scope_of(r->s, query);
    size_t i = 0;

    if (query->type != DOC_STRING)
        return diag_error(r->s->diag, doc_place(query), "'threat_query' must be text, not %s",
                          doc_type_name(query));
    if (language && language->type != DOC_NULL &&
        !key_word(r->s, language, "threat_language", LANGUAGES, &i))
        return false;
    *out = query_condition(&q, i ? STR("lucene") : STR("kql"), query->text);
    return *out != NULL;
}

/* Rows of the list that threat_query and threat_filters leave out; what they ask beside is told. */
static bool select_rows(struct reading *r, bool **is_out)
{
    struct elastic_scope *s = r->s;
    const struct doc_node *query = doc_get(r->rule, STR("threat_query"));
    const struct doc_node *list = key_node(s, r->rule, "threat_filters", DOC_LIST);
    struct formula *parts[2] = {NULL};
    struct str unknown;
    size_t n = 0;

    *is_out = NULL;
    if (list && !filters_formula(s, list, &parts[n]))
        return false;
    n += parts[0] != NULL;
    if (query && !read_text(r, query, &parts[n++]))
        return false;
    if (n == 0)
        return true;
    const struct doc_node *at = query ? query : list;
    if (!has_list(s) ||
        !indicator_select(s, formula_join(s->a, FORMULA_AND, parts, n), is_out, &unknown))
        return diag_note(s->diag, doc_place(at),
                         "'threat_query' and 'threat_filters' are not asked: the list '%s' holds "
                         "the indicators that they would select",
                         INDICATOR_LIST);
    return !unknown.n ||
           diag_note(s->diag, doc_place(at),
                     "'threat_query' and 'threat_filters' are asked of the columns that the list "
                     "'%s' copies: '%.*s' is none",
                     INDICATOR_LIST, SHOWN(unknown));
}

bool indicator_load(struct reading *r)
{
    struct elastic_scope *s = r->s;
    const struct doc_node *list = key_node(s, r->rule, "threat_mapping", DOC_LIST);
    struct formula *parts[MAPPINGS_MAX];
    bool is_good = true, *is_out;

    if (!list || list->n_items == 0)
        return key_missing(s, r->rule, "threat_mapping");
    if (list->n_items > MAPPINGS_MAX)
        return diag_error(s->diag, doc_place(list), "more than %d mappings", MAPPINGS_MAX);
    if (!select_rows(r, &is_out))
        return false;
    for (size_t i = 0; i < list->n_items; i++) {
        parts[i] = mapping_formula(s, &list->items[i], is_out);
        is_good &= parts[i] != NULL;
    }
    if (!is_good)
        return false;
    if (!has_list(s))
        diag_note(s->diag, doc_place(list),
                  "there is no list '%s' (--list %s=FILE.csv): the rule matches nothing",
                  INDICATOR_LIST, INDICATOR_LIST);
    struct formula *any = formula_join(s->a, FORMULA_OR, parts, list->n_items);
    if (!elastic_restrict(s->a, r->out, any))
        return diag_error(s->diag, doc_place(list), "the condition is nested deeper than %d",
                          FORMULA_DEPTH_MAX);
    return suppress_load(r, (struct str_list){NULL, 0}, DEDUP_WHOLE);
}
