/* load_splunk.c - Splunk searches: they may call macros that other files define, so they wait,
 * each with its verdict's place kept, until all files are read.
 */
#include "lang/loader_impl.h"

#include "base/str.h"
#include "base/vec.h"
#include "doc/doc.h"
#include "lang/spl/spl.h"

static struct loaded_search *next_search(struct rule_loader *l)
{
    l->searches =
        vec_room(l->work, l->searches, l->n_searches, &l->cap_searches, sizeof *l->searches);
    return &l->searches[l->n_searches++];
}

/* The verdict is there so that the order of verdicts is that of the files. */
static void wait_for_macros(struct rule_loader *l, const struct rule *head, struct str text,
                            uint32_t line, bool is_query)
{
    struct loaded_search *w = next_search(l);

    *w = (struct loaded_search){.head = *head,
                                .text = arena_str(l->work, text),
                                .line = line,
                                .is_query = is_query,
                                .verdict = l->n_verdicts};
    loader_add_verdict(l, head, STR("rule"));
}

static void add_macro(struct rule_loader *l, const struct doc_node *document, struct rule *head)
{
    struct spl_macro macro;

    if (spl_macro_load(&l->diag, document, &macro) && !spl_macros_add(l->macros, &macro))
        diag_warn(&l->diag, (struct place){document->line, document->col},
                  "there is a macro '%.*s' already, which stays", SHOWN(macro.name));
    head->title = names_intern(l->names, doc_get(document, STR("name"))->text);
    head->language = STR("spl");
    loader_add_verdict(l, head, STR("macro"));
}

bool loader_add_splunk(struct rule_loader *l, const struct doc_node *document, struct rule *head)
{
    switch (spl_kind_of(document)) {
    case SPL_NOTHING:
        return false;
    case SPL_MACRO:
        add_macro(l, document, head);
        return true;
    case SPL_DETECTION:
        head->language = STR("spl");
        wait_for_macros(l, head, l->diag.source, l->diag.source_line, false);
        return true;
    }
    return false;
}

void loader_add_search(struct rule_loader *l, const struct rule *head, struct str text)
{
    wait_for_macros(l, head, text, 1, true);
}

/* ---- at the end ---------------------------------------------------------------------------- */

void loader_join_searches(struct rule_loader *l, const struct rule_loader *other, size_t before)
{
    spl_macros_join(l->macros, other->macros);
    for (size_t i = 0; i < other->n_searches; i++) {
        struct loaded_search *w = next_search(l);
        *w = other->searches[i];
        w->text = arena_str(l->work, w->text);
        w->verdict += before;
    }
}

static const struct doc_node *document_at(struct rule_loader *l, const struct loaded_search *w)
{
    struct weir_err err = {0};
    struct doc_node *docs;
    size_t n;

    if (doc_parse_yaml_at(l->scratch, w->text, w->line, &docs, &n, &err) != WEIR_OK)
        return NULL; /* it could be read before */
    for (size_t i = 0; i < n; i++)
        if (docs[i].line == w->head.line)
            return &docs[i];
    return NULL;
}

static bool load_search(struct rule_loader *l, struct loaded_search *w)
{
    struct query_options options = {.macros = l->macros};
    struct query_scope s = loader_query_scope(l, w->head.uid);

    if (w->is_query)
        return spl_load(&s, w->text, &options, &w->head);
    const struct doc_node *document = document_at(l, w);
    ASSERT(document);
    s.lists = loader_lists_of_document(l, document, &w->head);
    return spl_detection_load(&s, document, l->macros, &w->head);
}

void loader_settle_searches(struct rule_loader *l)
{
    for (size_t i = 0; i < l->n_searches; i++) {
        struct loaded_search *w = &l->searches[i];
        diag_init(&l->diag, l->a, w->text, w->line);
        bool is_good = load_search(l, w);
        loader_keep_rule(l, &w->head, STR("rule"), is_good);
        l->verdicts[w->verdict] = l->verdicts[--l->n_verdicts];
        arena_reset(l->scratch);
    }
}
