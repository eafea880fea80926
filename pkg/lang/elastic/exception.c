/* exception.c - exceptions lists: a rule names lists, an export has their items as lines of their
 * own. What an item excepts is a formula; lang.c takes it out of the rules that name its list.
 */
#include "lang/elastic/impl.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/time.h"

enum { LISTS_MAX_NAMED = 100 };

static struct formula *entries_formula(struct elastic_scope *s, const struct doc_node *entries);

static struct formula *exception_atom(struct elastic_scope *s, const struct doc_node *at,
                                      struct str field, struct atom atom)
{
    struct query_scope q = query_scope_of(s, at);

    return query_atom(&q, doc_place(at), field, atom);
}

static struct formula *is_like(struct elastic_scope *s, const struct doc_node *value,
                               struct str field)
{
    struct query_scope q = query_scope_of(s, value);
    struct glob glob;

    return wildcard_glob(s, doc_place(value), value->text, &glob)
               ? query_pattern(&q, doc_place(value), field, &glob, false)
               : NULL;
}

static struct formula *one_value(struct elastic_scope *s, const struct doc_node *value,
                                 struct str field, bool is_pattern)
{
    struct atom atom = {.op = ATOM_EQ, .text = value->text};

    if (!doc_is_scalar(value) || value->type == DOC_NULL) {
        diag_error(s->diag, doc_place(value), "an exception compares with a text, not %s",
                   doc_type_name(value));
        return NULL;
    }
    if (is_pattern)
        return is_like(s, value, field);
    if (value->type == DOC_STRING)
        return text_is(s, value, field);
    return exception_atom(s, value, field, atom);
}

static struct formula *any_value(struct elastic_scope *s, const struct doc_node *values,
                                 struct str field, bool is_pattern)
{
    const struct doc_node *items = values->type == DOC_LIST ? values->items : values;
    size_t n = values->type == DOC_LIST ? values->n_items : 1;
    struct formula **parts = ARENA_ARRAY(s->scratch, n, struct formula *);
    bool is_good = true;

    for (size_t i = 0; i < n; i++) {
        parts[i] = one_value(s, &items[i], field, is_pattern);
        is_good &= parts[i] != NULL;
    }
    return is_good ? formula_join(s->a, FORMULA_OR, parts, n) : NULL;
}

/* A value list is a list of weir's with its id as its name. */
static struct formula *on_value_list(struct elastic_scope *s, const struct doc_node *entry,
                                     struct str field)
{
    const struct doc_node *id = doc_get(doc_get(entry, STR("list")), STR("id"));
    struct str_list entries;
    enum list_mode mode;

    if (!id || id->type != DOC_STRING) {
        key_missing(s, entry, "list");
        return NULL;
    }
    if (!s->lists || !s->lists->lookup(s->lists->context, id->text, &entries, &mode)) {
        diag_error(s->diag, doc_place(id), "there is no list '%.*s' (--list %.*s=FILE)",
                   SHOWN(id->text), SHOWN(id->text));
        return NULL;
    }
    const struct list_slot *slot =
        s->lists->slot ? s->lists->slot(s->lists->context, id->text, STR("")) : NULL;
    if (slot)
        return exception_atom(s, entry, field, (struct atom){.op = ATOM_LIST, .list = slot});
    diag_error(s->diag, doc_place(id), "the list '%.*s' cannot be asked here", SHOWN(id->text));
    return NULL;
}

static struct formula *by_type(struct elastic_scope *s, const struct doc_node *entry,
                               struct str field, size_t type)
{
    enum { MATCH, MATCH_ANY, WILDCARD, EXISTS, LIST };
    const struct doc_node *value = doc_get(entry, STR("value"));

    if (type == EXISTS)
        return has_value(s, entry, field);
    if (type == LIST)
        return on_value_list(s, entry, field);
    if (!value) {
        key_missing(s, entry, "value");
        return NULL;
    }
    return any_value(s, value, field, type == WILDCARD);
}

/* ---- nested: one object of the field has all of it, which KQL writes as field: { ... } --------
 */

static void add_escaped(struct buf *out, struct str text, const char *signs)
{
    for (size_t i = 0; i < text.n; i++) {
        if (strchr(signs, text.p[i]))
            buf_add_char(out, '\\');
        buf_add_char(out, text.p[i]);
    }
}

static bool add_inner(struct elastic_scope *s, const struct doc_node *entry, struct buf *out)
{
    static const char *const TYPES[] = {"match", "match_any", "exists", NULL};
    static const char *const OPERATORS[] = {"included", "excluded", NULL};
    const struct doc_node *type = doc_get(entry, STR("type")),
                          *value = doc_get(entry, STR("value"));
    const struct doc_node *operator= doc_get(entry, STR("operator"));
    size_t i, how = 0;
    struct str field;

    if (!type)
        return key_missing(s, entry, "type");
    if (!key_text(s, entry, "field", &field) || !key_word(s, type, "type", TYPES, &i) ||
        (operator&& !key_word(s, operator, "operator", OPERATORS, &how)))
        return false;
    if (field.n == 0 || (!value && i < 2))
        return key_missing(s, entry, field.n ? "value" : "field");
    buf_add(out, how ? STR("not ") : STR(""));
    add_escaped(out, field, "\\():<>\"{} ");
    buf_add(out, i < 2 ? STR(": (") : STR(": *"));
    const struct doc_node *items = value && value->type == DOC_LIST ? value->items : value;
    size_t n = i == 2 ? 0 : value->type == DOC_LIST ? value->n_items : 1;
    for (size_t k = 0; k < n; k++) {
        if (!doc_is_scalar(&items[k]) || items[k].type == DOC_NULL)
            return diag_error(s->diag, doc_place(&items[k]),
                              "an exception compares with a text, not %s",
                              doc_type_name(&items[k]));
        buf_add(out, k ? STR(" or \"") : STR("\""));
        add_escaped(out, items[k].text, "\\\"");
        buf_add_char(out, '"');
    }
    buf_add(out, i < 2 ? STR(")") : STR(""));
    return true;
}

static struct formula *nested(struct elastic_scope *s, const struct doc_node *entry,
                              struct str field)
{
    const struct doc_node *inner = key_node(s, entry, "entries", DOC_LIST);
    struct query_scope q = query_scope_of(s, entry);
    struct buf text = {0};
    bool is_good = true;

    if (!inner || inner->n_items == 0) {
        key_missing(s, entry, "entries");
        return NULL;
    }
    add_escaped(&text, field, "\\():<>\"{} ");
    buf_add(&text, STR(": { "));
    for (size_t i = 0; is_good && i < inner->n_items; i++) {
        buf_add(&text, i ? STR(" and ") : STR(""));
        is_good = add_inner(s, &inner->items[i], &text);
    }
    buf_add(&text, STR(" }"));
    q.quoted = NULL;
    struct formula *f =
        is_good ? query_condition(&q, STR("kql"), arena_str(s->scratch, buf_str(&text))) : NULL;
    buf_release(&text);
    return f;
}

static struct formula *exception_entry(struct elastic_scope *s, const struct doc_node *entry)
{
    static const char *const TYPES[] = {"match", "match_any", "wildcard", "exists",
                                        "list",  "nested",    NULL};
    static const char *const OPERATORS[] = {"included", "excluded", NULL};
    const struct doc_node *type = doc_get(entry, STR("type"));
    const struct doc_node *operator= doc_get(entry, STR("operator"));
    size_t i, how = 0;
    struct str field;

    if (!type) {
        key_missing(s, entry, "type");
        return NULL;
    }
    if (!key_text(s, entry, "field", &field) || !key_word(s, type, "type", TYPES, &i) ||
        (operator&& !key_word(s, operator, "operator", OPERATORS, &how)))
        return NULL;
    if (field.n == 0) {
        key_missing(s, entry, "field");
        return NULL;
    }
    struct formula *f = TYPES[i + 1] ? by_type(s, entry, field, i) : nested(s, entry, field);
    return f && how == 1 ? formula_not(s->a, f) : f;
}

/* All of them. */
static struct formula *entries_formula(struct elastic_scope *s, const struct doc_node *entries)
{
    struct formula **parts = ARENA_ARRAY(s->scratch, entries->n_items + 1, struct formula *);
    bool is_good = true;

    for (size_t i = 0; i < entries->n_items; i++) {
        parts[i] = exception_entry(s, &entries->items[i]);
        is_good &= parts[i] != NULL;
    }
    return is_good ? formula_join(s->a, FORMULA_AND, parts, entries->n_items) : NULL;
}

static struct formula *with_systems(struct elastic_scope *s, const struct doc_node *document,
                                    struct formula *f)
{
    const struct doc_node *systems = key_node(s, document, "os_types", DOC_LIST);
    struct formula *parts[2] = {f, NULL};

    if (!f || !systems || systems->n_items == 0)
        return f;
    parts[1] = any_value(s, systems, STR("host.os.type"), false);
    return parts[1] ? formula_join(s->a, FORMULA_AND, parts, 2) : NULL;
}

/* expire_time: it says nothing of events that are later. */
static struct formula *until_expired(struct elastic_scope *s, const struct doc_node *document,
                                     struct formula *f)
{
    const struct doc_node *node = doc_get(document, STR("expire_time"));
    struct atom *atom = ARENA_NEW(s->a, struct atom);
    struct formula *parts[2] = {f, NULL};

    if (!f || !node || node->type == DOC_NULL || node->text.n == 0)
        return f;
    *atom = (struct atom){.op = ATOM_BEFORE, .field = STR(FIELD_TIME_NAME)};
    if (node->type != DOC_STRING || !time_parse_ms(node->text, &atom->time_ms)) {
        diag_error(s->diag, doc_place(node), "'expire_time' must be a time, not '%.*s'",
                   SHOWN(node->text));
        return NULL;
    }
    parts[1] = formula_atom(s->a, atom);
    return formula_join(s->a, FORMULA_AND, parts, 2);
}

/* {container = {list_id, ...}, items = [...]}. */
const struct doc_node *elastic_items_of(const struct doc_node *document, size_t i, struct str *list)
{
    const struct doc_node *one = &doc_get(document, STR("exceptions"))->items[i];
    const struct doc_node *items = doc_get(one, STR("items"));
    const struct doc_node *id = doc_get(doc_get(one, STR("container")), STR("list_id"));

    *list = id && id->type == DOC_STRING ? id->text : STR("");
    return items && items->type == DOC_LIST ? items : NULL;
}

bool elastic_exception_load(struct elastic_scope *s, const struct doc_node *document,
                            struct str list, struct rule *head, struct elastic_exception *out)
{
    const struct doc_node *entries = key_node(s, document, "entries", DOC_LIST);
    struct str id;

    if (!key_text(s, document, "list_id", &out->list) ||
        !key_text(s, document, "name", &head->title) || !key_text(s, document, "item_id", &id))
        return false;
    if (out->list.n == 0)
        out->list = names_intern(s->names, list);
    if (out->list.n == 0)
        return key_missing(s, document, "list_id");
    if (id.n)
        head->uid = id;
    if (!entries || entries->n_items == 0)
        return key_missing(s, document, "entries");
    out->at = doc_place(document);
    out->formula =
        until_expired(s, document, with_systems(s, document, entries_formula(s, entries)));
    return out->formula && !diag_failed(s->diag);
}

bool exceptions_named(struct reading *r, struct elastic_loaded *out)
{
    struct elastic_scope *s = r->s;
    const struct doc_node *list = key_node(s, r->rule, "exceptions_list", DOC_LIST);

    if (!list)
        return !doc_get(r->rule, STR("exceptions_list")) || !diag_failed(s->diag);
    if (list->n_items > LISTS_MAX_NAMED)
        return diag_error(s->diag, doc_place(list), "more than %d exceptions lists",
                          LISTS_MAX_NAMED);
    out->exceptions = ARENA_ARRAY(s->a, list->n_items, struct elastic_exception);
    for (size_t i = 0; i < list->n_items; i++) {
        struct elastic_exception *e = &out->exceptions[i];
        *e = (struct elastic_exception){.at = doc_place(&list->items[i])};
        if (!key_text(s, &list->items[i], "list_id", &e->list))
            return false;
        if (e->list.n == 0)
            return key_missing(s, &list->items[i], "list_id");
    }
    out->n_exceptions = list->n_items;
    return true;
}
