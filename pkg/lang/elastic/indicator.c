/* indicator.c - threat_match: a field of the event stands in a column of the list of indicators.
 *
 * There the indicators are documents of an index that a query selects; here they are the list
 * threat_indicators (list/list.h), whose columns have the names of the indicators' fields. What the
 * query would select is what whoever fills the list puts there.
 */
#include "lang/elastic/impl.h"

#include "base/str.h"
#include "lang/settings.h"

#define INDICATOR_LIST "threat_indicators"
enum { MAPPINGS_MAX = 64 };

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
    diag_error(s->diag, doc_place(at), "the list '%s' has no column '%.*s'", INDICATOR_LIST,
               SHOWN(column));
    return NULL;
}

/* {field, type = "mapping", value = the indicator's field}. */
static struct formula *entry_formula(struct elastic_scope *s, const struct doc_node *entry)
{
    static const char *const KEYS[] = {"field", "type", "value", "negate"};
    static const struct key_names KNOWN = {KEYS, ARRAY_LEN(KEYS)};
    static const char *const TYPES[] = {"mapping", NULL};
    const struct doc_node *type = doc_get(entry, STR("type"));
    struct str field, column;
    bool is_negated;
    size_t i;

    if (!key_check(s, entry, &KNOWN, "an entry of 'threat_mapping'") ||
        !key_text(s, entry, "field", &field) || !key_text(s, entry, "value", &column) ||
        !key_flag(s, entry, "negate", &is_negated) ||
        (type && !key_word(s, type, "type", TYPES, &i)))
        return NULL;
    if (field.n == 0 || column.n == 0) {
        key_missing(s, entry, field.n ? "value" : "field");
        return NULL;
    }
    if (is_negated) {
        diag_unsupported(s->diag, doc_place(entry), "'negate' in a threat mapping");
        return NULL;
    }
    return has_list(s) ? on_list(s, entry, field, column) : formula_const(s->a, false);
}

static struct formula *mapping_formula(struct elastic_scope *s, const struct doc_node *map)
{
    const struct doc_node *entries = key_node(s, map, "entries", DOC_LIST);

    if (!entries || entries->n_items == 0) {
        key_missing(s, map, "entries");
        return NULL;
    }
    if (entries->n_items > 1) {
        diag_unsupported(s->diag, doc_place(entries),
                         "a threat mapping of several fields of one indicator");
        return NULL;
    }
    return entry_formula(s, &entries->items[0]);
}

/* The query that selects indicators is read, so that what is wrong with it is told. */
static bool check_query(struct reading *r)
{
    struct elastic_scope *s = r->s;
    const struct doc_node *query = doc_get(r->rule, STR("threat_query"));
    const struct doc_node *list = key_node(s, r->rule, "threat_filters", DOC_LIST);
    struct formula *f;

    if (list && !filters_formula(s, list, &f))
        return false;
    if (!query)
        return true;
    if (query->type != DOC_STRING)
        return diag_error(s->diag, doc_place(query), "'threat_query' must be text, not %s",
                          doc_type_name(query));
    return diag_note(s->diag, doc_place(query),
                     "'threat_query' and 'threat_filters' are not asked: the list '%s' holds the "
                     "indicators that they would select",
                     INDICATOR_LIST);
}

bool indicator_load(struct reading *r)
{
    struct elastic_scope *s = r->s;
    const struct doc_node *list = key_node(s, r->rule, "threat_mapping", DOC_LIST);
    struct formula *parts[MAPPINGS_MAX];
    bool is_good = true;

    if (!list || list->n_items == 0)
        return key_missing(s, r->rule, "threat_mapping");
    if (list->n_items > MAPPINGS_MAX)
        return diag_error(s->diag, doc_place(list), "more than %d mappings", MAPPINGS_MAX);
    for (size_t i = 0; i < list->n_items; i++) {
        parts[i] = mapping_formula(s, &list->items[i]);
        is_good &= parts[i] != NULL;
    }
    if (!is_good || !check_query(r))
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
