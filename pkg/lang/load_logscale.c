/* load_logscale.c - LogScale's queries: they may call saved queries of other files, so they wait,
 * each with its verdict's place kept, until all files are read.
 */
#include "lang/loader_impl.h"

#include "base/str.h"
#include "base/vec.h"
#include "lang/cql/cql.h"

/* ---- reading files ------------------------------------------------------------------------- */

/* The verdict is there so that the order of verdicts is that of the files. */
static void wait(struct rule_loader *l, const struct rule *head, const struct cql_document *d,
                 struct str source, uint32_t line)
{
    l->logscale =
        vec_room(l->work, l->logscale, l->n_logscale, &l->cap_logscale, sizeof *l->logscale);
    l->logscale[l->n_logscale++] = (struct loaded_logscale){.head = *head,
                                                            .document = *d,
                                                            .source = source,
                                                            .line = line,
                                                            .is_found = l->is_found,
                                                            .verdict = l->n_verdicts};
    loader_add_verdict(l, head, STR("rule"));
}

void loader_add_logscale_query(struct rule_loader *l, const struct rule *head, struct str text)
{
    struct cql_document d = {.is_there = true, .is_file = true, .at = {1, 1}};

    d.query = arena_str(l->work, text);
    wait(l, head, &d, d.query, 1);
}

static void add_query(struct rule_loader *l, const struct doc_node *document, struct rule *head)
{
    struct query_scope s = loader_query_scope(l, head->uid);
    struct cql_document d;

    if (!cql_document_read(&s, l->work, document, head, &d)) {
        loader_keep_rule(l, head, STR("rule"), false);
        return;
    }
    if (head->title.n && !doc_get(document, STR("actionNameReferences")))
        cql_saved_add(l->saved, head->title, d.query);
    d.parameters = cql_parameters_read(l->work, document);
    wait(l, head, &d, arena_str(l->work, l->diag.source), l->diag.source_line);
}

/* False: no widget has a query. */
static bool add_dashboard(struct rule_loader *l, const struct doc_node *document,
                          const struct rule *head)
{
    const struct doc_node *widgets = doc_get(document, STR("widgets"));
    struct query_scope s = loader_query_scope(l, head->uid);
    struct cql_parameters parameters = cql_parameters_read(l->work, document);
    struct str source = arena_str(l->work, l->diag.source);
    bool has_one = false;

    for (size_t i = 0; i < widgets->n_items; i++) {
        struct rule own = *head;
        struct cql_document d;
        cql_widget_read(&s, l->work, document, i, &own, &d);
        d.parameters = parameters;
        if (d.is_there)
            wait(l, &own, &d, source, l->diag.source_line);
        has_one |= d.is_there;
    }
    return has_one;
}

/* Parsers, actions, manifests: parts of packages that ask nothing. */
static void skip(struct rule_loader *l, const struct rule *head)
{
    struct place at = {head->line, 1};

    if (!l->is_found)
        diag_error(&l->diag, at, "a file of a LogScale package without a query");
    else
        diag_note(&l->diag, at, "a file of a LogScale package without a query");
    struct verdict *v = loader_add_verdict(l, head, STR(""));
    if (l->is_found)
        v->status = VERDICT_SKIPPED;
}

bool loader_add_logscale(struct rule_loader *l, const struct doc_node *document, struct rule *head)
{
    enum cql_kind kind = cql_kind_of(document);

    if (kind == CQL_NOTHING)
        return false;
    head->language = STR("cql");
    head->name = head->title = head->description = head->author = head->date = STR("");
    head->modified = head->licence = STR("");
    head->logsource = (struct logsource){STR(""), STR(""), STR(""), {NULL, 0}};
    if (kind == CQL_QUERY)
        add_query(l, document, head);
    else if (kind == CQL_OTHER || !add_dashboard(l, document, head))
        skip(l, head);
    return true;
}

/* ---- at the end ---------------------------------------------------------------------------- */

void loader_join_logscale(struct rule_loader *l, const struct rule_loader *other, size_t before)
{
    cql_saved_join(l->saved, other->saved);
    for (size_t i = 0; i < other->n_logscale; i++) {
        struct loaded_logscale w = other->logscale[i];
        struct str query = arena_str(l->work, w.document.query);
        w.source = w.document.is_file ? query : arena_str(l->work, w.source);
        w.document.query = query;
        w.document.parameters = cql_parameters_copy(l->work, w.document.parameters);
        w.verdict += before;
        l->logscale =
            vec_room(l->work, l->logscale, l->n_logscale, &l->cap_logscale, sizeof *l->logscale);
        l->logscale[l->n_logscale++] = w;
    }
}

/* Trees of queries have parts of queries, too, and such that only show: what asks nothing of an
 * event would tell every one. */
static void sleep_if_it_asks_nothing(struct rule_loader *l, struct loaded_logscale *w)
{
    struct rule *r = &w->head;

    if (!w->is_found || r->correlation || r->is_display || r->formula->kind != FORMULA_CONST ||
        !r->formula->value)
        return;
    r->channel = CHANNEL_OFF;
    r->is_display = true;
    diag_note(&l->diag, (struct place){r->line, 1},
              "it asks nothing of an event: its channel is off until an overlay says otherwise");
}

static bool load(struct rule_loader *l, struct loaded_logscale *w)
{
    struct query_scope s = loader_query_scope(l, w->head.uid);
    const struct cql_document *d = &w->document;
    struct query_options options = {.parameters = &d->parameters,
                                    .saved = l->saved,
                                    .window_ms = d->window_ms,
                                    .is_strict = d->is_strict,
                                    .is_scalar = !d->is_file};

    s.at = d->at;
    if (d->is_widget)
        diag_note(&l->diag, (struct place){w->head.line, 1},
                  "a widget of a dashboard: its channel is off until an overlay says otherwise");
    if (!cql_load(&s, d->query, &options, &w->head))
        return false;
    sleep_if_it_asks_nothing(l, w);
    if (!d->has_settings)
        return true;
    if (!rule_settings_fit(&l->diag, &d->settings, &w->head))
        return false;
    rule_settings_apply(l->a, &d->settings, &w->head);
    return true;
}

void loader_settle_logscale(struct rule_loader *l)
{
    for (size_t i = 0; i < l->n_logscale; i++) {
        struct loaded_logscale *w = &l->logscale[i];
        diag_init(&l->diag, l->a, w->source, w->line);
        bool is_good = load(l, w);
        loader_keep_rule(l, &w->head, STR("rule"), is_good);
        l->verdicts[w->verdict] = l->verdicts[--l->n_verdicts];
        arena_reset(l->scratch);
    }
}
