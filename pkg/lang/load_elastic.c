/* load_elastic.c - Elastic's rule files: a TOML file is one rule, an export has a rule, an
 * exceptions list or an item of one on each line (or is one JSON value, or a list of them).
 *
 * Rules name exceptions lists whose items may be in other files: what they except is taken out of
 * the rules when all files are read.
 */
#include "lang/loader_impl.h"

#include "base/str.h"
#include "base/vec.h"
#include "doc/doc.h"

static bool ends_with(struct str path, const char *ending)
{
    struct str e = str_from(ending);

    return path.n > e.n && str_eq_ci(str_sub(path, path.n - e.n, e.n), e);
}

bool loader_is_elastic_path(struct str path)
{
    return ends_with(path, ".toml") || ends_with(path, ".ndjson") || ends_with(path, ".json");
}

static struct loaded_exception *
next_exception(struct rule_loader *l, struct loaded_exception **list, size_t *n, size_t *cap)
{
    *list = vec_room(l->work, *list, *n, cap, sizeof **list);
    return &(*list)[(*n)++];
}

static void keep_named(struct rule_loader *l, const struct elastic_loaded *loaded, size_t verdict)
{
    for (size_t i = 0; i < loaded->n_exceptions; i++)
        *next_exception(l, &l->named, &l->n_named, &l->cap_named) =
            (struct loaded_exception){loaded->exceptions[i], verdict};
}

/* ---- one document ---------------------------------------------------------------------- */

static struct str id_of(const struct doc_node *document, struct str otherwise)
{
    const struct doc_node *id = doc_get(elastic_rule_of(document), STR("rule_id"));

    return id && id->type == DOC_STRING && id->text.n ? id->text : otherwise;
}

static void load_rule(struct rule_loader *l, struct elastic_scope *s,
                      const struct doc_node *document, struct rule *head)
{
    struct elastic_loaded loaded;
    size_t verdict = l->n_verdicts;
    bool is_good = elastic_rule_load(s, document, head, &loaded);

    loader_keep_rule(l, head, loaded.kind, is_good);
    if (is_good)
        keep_named(l, &loaded, verdict);
}

static void load_exception(struct rule_loader *l, struct elastic_scope *s,
                           const struct doc_node *document, struct str list, struct rule *head)
{
    struct loaded_exception e = {.verdict = l->n_verdicts};
    bool is_good = elastic_exception_load(s, document, list, head, &e.exception);

    loader_add_verdict(l, head, STR("exception"));
    if (is_good)
        *next_exception(l, &l->items, &l->n_items, &l->cap_items) = e;
}

/* Each item is a document of its own. */
static void load_lists(struct rule_loader *l, struct elastic_scope *s,
                       const struct doc_node *document, const struct rule *head)
{
    size_t n = doc_get(document, STR("exceptions"))->n_items;
    uint32_t number = head->document;
    struct str list;

    for (size_t i = 0; i < n; i++) {
        const struct doc_node *items = elastic_items_of(document, i, &list);
        for (size_t k = 0; items && k < items->n_items; k++) {
            struct rule item = loader_new_head(l, head->path, number++, items->items[k].line);
            diag_init(&l->diag, l->a, l->diag.source, l->diag.source_line);
            load_exception(l, s, &items->items[k], list, &item);
        }
    }
    if (number == head->document) {
        struct rule none = *head;
        loader_add_verdict(l, &none, STR(""))->status = VERDICT_SKIPPED;
    }
}

/* No rule at all: an error, unless a walk through a directory met it. */
static void load_other(struct rule_loader *l, const struct doc_node *document, struct rule *head)
{
    diag_error(&l->diag, (struct place){document->line, document->col},
               doc_get(document, STR("hunt"))
                   ? "not a rule: the queries of a hunt are asked by hand (weir replay --query)"
                   : "not a rule: no [rule], no 'rule_id' with a 'type'");
    l->diag.messages[0].is_error = !l->is_found;
    struct verdict *v = loader_add_verdict(l, head, STR(""));
    if (l->is_found)
        v->status = VERDICT_SKIPPED;
}

static void load_document(struct rule_loader *l, const struct doc_node *document, struct rule *head,
                          bool is_json)
{
    struct elastic_scope s = {.a = l->a,
                              .geo = l->options.geo,
                              .scratch = l->scratch,
                              .names = l->names,
                              .lists = loader_lists_of(l, id_of(document, head->uid)),
                              .diag = &l->diag,
                              .is_json = is_json};

    switch (elastic_kind_of(document)) {
    case ELASTIC_RULE:
        load_rule(l, &s, document, head);
        return;
    case ELASTIC_EXCEPTION:
        load_exception(l, &s, document, STR(""), head);
        return;
    case ELASTIC_LISTS:
        load_lists(l, &s, document, head);
        return;
    case ELASTIC_LIST: /* its items say all that there is to say */
    case ELASTIC_SUMMARY:
        loader_add_verdict(l, head, STR(""))->status = VERDICT_SKIPPED;
        return;
    case ELASTIC_NONE:
        load_other(l, document, head);
        return;
    }
}

/* ---- files --------------------------------------------------------------------------------- */

static void refuse_text(struct rule_loader *l, struct rule *head, const struct weir_err *err)
{
    diag_error(&l->diag, (struct place){err->line, err->col}, "%s", err->text);
    loader_add_verdict(l, head, STR(""));
}

static void load_toml(struct rule_loader *l, struct str path, struct str text)
{
    struct rule head = loader_new_head(l, path, 0, 1);
    struct weir_err err = {0};
    struct doc_node *document;

    diag_init(&l->diag, l->a, text, 1);
    if (doc_parse_toml(l->scratch, text, &document, &err) != WEIR_OK)
        refuse_text(l, &head, &err);
    else
        load_document(l, document, &head, false);
    arena_reset(l->scratch);
}

static void load_values(struct rule_loader *l, struct str path, const struct doc_node *values,
                        size_t n, uint32_t *number)
{
    for (size_t i = 0; i < n; i++) {
        struct rule head = loader_new_head(l, path, (*number)++, values[i].line);
        diag_init(&l->diag, l->a, l->diag.source, l->diag.source_line);
        load_document(l, &values[i], &head, true);
    }
}

/* One JSON text that starts on a line of the file. */
static void load_json(struct rule_loader *l, struct str path, struct str text, uint32_t line,
                      uint32_t *number)
{
    struct weir_err err = {0};
    struct doc_node *value;

    diag_init(&l->diag, l->a, text, line);
    if (doc_parse_json(l->scratch, text, line, &value, &err) != WEIR_OK) {
        struct rule head = loader_new_head(l, path, (*number)++, line);
        refuse_text(l, &head, &err);
    } else if (value->type == DOC_LIST) {
        load_values(l, path, value->items, value->n_items, number);
    } else {
        load_values(l, path, value, 1, number);
    }
    arena_reset(l->scratch);
}

/* A rule a line, if the first line is a whole object. */
static bool is_lines(struct str text)
{
    struct str first = str_trim(str_sub(text, 0, str_find_char(text, '\n', 0)));

    return first.n > 1 && first.p[0] == '{' && first.p[first.n - 1] == '}' &&
           str_find_char(text, '\n', 0) != SIZE_MAX;
}

static uint32_t load_lines(struct rule_loader *l, struct str path, struct str text)
{
    uint32_t line = 1, number = 0;

    for (struct str rest = text, row; rest.n; line++) {
        if (!str_cut(rest, '\n', &row, &rest))
            rest.n = 0;
        if (str_trim(row).n)
            load_json(l, path, row, line, &number);
    }
    return number;
}

void loader_add_elastic(struct rule_loader *l, struct str path, struct str text)
{
    uint32_t number = 0;

    if (ends_with(path, ".toml"))
        load_toml(l, path, text);
    else if (str_trim(text).n == 0)
        rule_loader_refuse(l, path, "the file is empty");
    else if (is_lines(text))
        load_lines(l, path, text);
    else
        load_json(l, path, text, 1, &number);
}

/* ---- at the end ------------------------------------------------------------------------------ */

static void join_list(struct rule_loader *l, struct loaded_exception **list, size_t *n, size_t *cap,
                      const struct loaded_exception *others, size_t n_others, size_t before)
{
    for (size_t i = 0; i < n_others; i++) {
        struct loaded_exception *e = next_exception(l, list, n, cap);
        *e = others[i];
        e->verdict += before;
    }
}

void loader_join_exceptions(struct rule_loader *l, const struct rule_loader *other, size_t before)
{
    join_list(l, &l->named, &l->n_named, &l->cap_named, other->named, other->n_named, before);
    join_list(l, &l->items, &l->n_items, &l->cap_items, other->items, other->n_items, before);
}

/* Formulas are never changed, so all rules of a list can share those of its items. */
static size_t except(struct rule_loader *l, const struct loaded_exception *named, struct verdict *v)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n_items; i++) {
        const struct elastic_exception *item = &l->items[i].exception;
        if (!str_eq(item->list, named->exception.list) ||
            verdict_is_bad(l->verdicts[l->items[i].verdict].status))
            continue;
        n++;
        if (v->rule && !elastic_restrict(l->a, v->rule, formula_not(l->a, item->formula)))
            verdict_add(l->a, v, named->exception.at, true,
                        STR("too deep with what its exceptions lists except"));
    }
    return n;
}

void loader_settle_exceptions(struct rule_loader *l)
{
    for (size_t i = 0; i < l->n_named; i++) {
        const struct loaded_exception *named = &l->named[i];
        struct verdict *v = &l->verdicts[named->verdict];
        if (v->rule && except(l, named, v) == 0)
            verdict_note(l->a, v, named->exception.at,
                         arena_printf(l->a,
                                      "no item of the exceptions list '%.*s' is among the files: "
                                      "it excepts nothing",
                                      SHOWN(named->exception.list)));
    }
}
