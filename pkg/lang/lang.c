/* lang.c - the loader: files to documents, documents to rules and verdicts.
 *
 * A stream is cut into documents first and each is parsed on its own, so a syntax error ends
 * with its document. The tree of a document lives in a scratch arena that is reset before the
 * next one; only what the rule keeps is copied.
 *
 * rule_loader_finish() settles double ids (by sorting), joins filters to rules, links
 * correlations (link.c), and only then gives out the rules that are still good.
 */
#include "lang/lang.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "doc/doc.h"
#include "lang/cql/cql.h"
#include "lang/diag.h"
#include "lang/link.h"
#include "lang/loader_impl.h"
#include "lang/names.h"
#include "lang/query.h"
#include "lang/rule_id.h"
#include "lang/sigma/correlation.h"
#include "lang/sigma/sigma.h"
#include "lang/spl/spl.h"

#include <openssl/sha.h>
#include <stdlib.h>

enum { SCRATCH_BLOCK = 256 * 1024 };

struct rule_loader *rule_loader_new(struct arena *a, const struct list_source *lists,
                                    const struct lang_options *options)
{
    struct arena *work = arena_new(SCRATCH_BLOCK);
    struct rule_loader *l = ARENA_NEW(work, struct rule_loader);

    l->a = a;
    l->work = work;
    l->scratch = arena_new(SCRATCH_BLOCK);
    l->lists = lists;
    if (options)
        l->options = *options;
    l->names = names_new(a, work);
    l->macros = spl_macros_new(work);
    l->saved = cql_saved_new(work);
    return l;
}

static struct verdict *next_verdict(struct rule_loader *l)
{
    l->verdicts =
        vec_room(l->work, l->verdicts, l->n_verdicts, &l->cap_verdicts, sizeof *l->verdicts);
    return &l->verdicts[l->n_verdicts++];
}

static struct loaded_filter *next_filter(struct rule_loader *l)
{
    l->filters = vec_room(l->work, l->filters, l->n_filters, &l->cap_filters, sizeof *l->filters);
    return &l->filters[l->n_filters++];
}

static struct loaded_correlation *next_correlation(struct rule_loader *l)
{
    l->correlations = vec_room(l->work, l->correlations, l->n_correlations, &l->cap_correlations,
                               sizeof *l->correlations);
    return &l->correlations[l->n_correlations++];
}

/* ---- verdicts --------------------------------------------------------------------------- */

static void keep_messages(struct rule_loader *l, struct verdict *v)
{
    struct verdict_message *messages =
        ARENA_ARRAY(l->a, l->diag.n_messages, struct verdict_message);

    for (size_t i = 0; i < l->diag.n_messages; i++)
        messages[i] = l->diag.messages[i];
    v->messages = messages;
    v->n_messages = l->diag.n_messages;
    v->status = diag_status(&l->diag);
}

static void keep_warnings(struct rule_loader *l, struct rule *rule)
{
    struct rule_message *warnings = ARENA_ARRAY(l->a, l->diag.n_messages, struct rule_message);

    for (size_t i = 0; i < l->diag.n_messages; i++) {
        const struct verdict_message *m = &l->diag.messages[i];
        warnings[i] = (struct rule_message){m->line, m->col, m->text};
    }
    rule->warnings = warnings;
    rule->n_warnings = l->diag.n_messages;
}

/* The verdict on what `head` describes, with the messages of l->diag. */
struct verdict *loader_add_verdict(struct rule_loader *l, const struct rule *head, struct str kind)
{
    struct verdict *v = next_verdict(l);

    *v = (struct verdict){.path = head->path,
                          .document = head->document,
                          .line = head->line,
                          .uid = head->uid,
                          .title = head->title,
                          .name = head->name,
                          .language = head->language,
                          .kind = kind};
    keep_messages(l, v);
    return v;
}

static void add_late_message(struct rule_loader *l, struct verdict *v, bool is_error,
                             struct str text)
{
    verdict_add(l->a, v, (struct place){v->line, 1}, is_error, text);
}

/* ---- one document ------------------------------------------------------------------------- */

struct rule loader_new_head(struct rule_loader *l, struct str path, uint32_t document,
                            uint32_t line)
{
    struct rule head = {.path = path, .document = document, .line = line};

    head.language = head.title = STR("");
    head.uid = arena_printf(l->a, "%.*s#%u", (int)path.n, path.p, document);
    return head;
}

static void set_sha256(struct rule *rule, struct str text)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)text.p, text.n, digest);
    hex_encode((struct str){(const char *)digest, sizeof digest}, rule->sha256);
    rule->sha256[HEX_SIZE(sizeof digest)] = '\0';
}

static bool is_profile(const struct doc_node *document)
{
    return !doc_get(document, STR("title")) &&
           (doc_get(document, STR("match")) || doc_get(document, STR("extends")) ||
            doc_get(document, STR("abstract")));
}

/* Rules that somebody joined to one document: more likely a mistake than YAML of another kind. */
static bool is_list_of_rules(const struct doc_node *document)
{
    for (size_t i = 0; document->type == DOC_LIST && i < document->n_items; i++)
        if (document->items[i].type == DOC_MAP &&
            sigma_kind_of(&document->items[i]) != SIGMA_UNKNOWN)
            return true;
    return false;
}

/* Says why the document is no rule. False: there is no sign that it was meant to be one. */
static bool refuse_unknown(struct rule_loader *l, const struct doc_node *document,
                           struct rule *head)
{
    static const struct str KEYS[] = {{"detection", 9}, {"correlation", 11}, {"filter", 6}};
    struct place at = {document->line, document->col};

    if (is_list_of_rules(document)) {
        diag_error(&l->diag, at,
                   "not a rule: a list of rules: give each a document of its own "
                   "(a line '---' between them)");
        return true;
    }
    if (document->type != DOC_MAP) {
        diag_error(
            &l->diag, at, "not a rule: the document is %s%s", doc_type_name(document),
            doc_is_scalar(document)
                ? " (a query stands in a file that ends as its language: .eql, .cql, .spl ...)"
                : "");
        return false;
    }
    for (size_t i = 0; i < document->n_items; i++) {
        const struct doc_key *key = &document->keys[i];
        struct str near = str_nearest(key->text, KEYS, ARRAY_LEN(KEYS));
        if (near.n) {
            diag_error(&l->diag, (struct place){key->line, key->col},
                       "not a rule: unknown key '%.*s' (did you mean '%.*s'?)", SHOWN(key->text),
                       SHOWN(near));
            return true;
        }
    }
    const struct doc_node *title = doc_get(document, STR("title"));
    if (doc_is_scalar(title))
        head->title = names_intern(l->names, title->text);
    diag_error(&l->diag, at, "not a rule: no 'detection', 'correlation' or 'filter'");
    /* With a log source it was meant to be a rule, whatever it lacks; unless it is a source
     * profile, which has one too. */
    return doc_get(document, STR("logsource")) && !is_profile(document);
}

static void load_unknown(struct rule_loader *l, const struct doc_node *document, struct rule *head)
{
    bool is_skipped = !refuse_unknown(l, document, head) && l->is_found;

    l->diag.messages[0].is_error = !is_skipped;
    struct verdict *v = loader_add_verdict(l, head, STR(""));
    if (is_skipped)
        v->status = VERDICT_SKIPPED;
}

/* The verdict on a rule of either kind, and the rule if it is good. */
void loader_keep_rule(struct rule_loader *l, struct rule *head, struct str kind, bool is_good)
{
    if (!is_good && !diag_failed(&l->diag)) /* nothing is left out in silence, whatever is wrong */
        diag_error(&l->diag, (struct place){head->line, 1}, LANG_NO_REASON);
    struct verdict *v = loader_add_verdict(l, head, kind);

    if (!is_good)
        return;
    struct str taken = l->collection.rule_text;
    set_sha256(head, taken.n ? taken : l->diag.source);
    keep_warnings(l, head);
    v->rule = ARENA_NEW(l->a, struct rule);
    *v->rule = *head;
}

static void load_rule(struct rule_loader *l, struct sigma_scope *s, const struct doc_node *document,
                      struct rule *head)
{
    loader_keep_rule(l, head, STR("rule"), sigma_rule_load(s, document, head));
}

static void load_correlation(struct rule_loader *l, struct sigma_scope *s,
                             const struct doc_node *document, struct rule *head)
{
    struct loaded_correlation c = {.verdict = l->n_verdicts};
    bool is_good = sigma_correlation_load(s, document, head, &c.sigma);

    loader_keep_rule(l, head, STR("correlation"), is_good);
    if (is_good)
        *next_correlation(l) = c;
}

static void load_filter(struct rule_loader *l, struct sigma_scope *s,
                        const struct doc_node *document, struct rule *head)
{
    struct loaded_filter filter = {.verdict = l->n_verdicts};

    bool is_good = sigma_filter_load(s, document, head, &filter.filter);
    loader_add_verdict(l, head, STR("filter"));
    if (!is_good)
        return;
    *next_filter(l) = filter;
}

const struct list_source *loader_lists_of(const struct rule_loader *l, struct str uid)
{
    if (!l->options.lists_of)
        return l->lists;
    const struct list_source *own = l->options.lists_of(l->options.lists_of_context, uid);
    return own ? own : l->lists;
}

const struct list_source *loader_lists_of_document(const struct rule_loader *l,
                                                   const struct doc_node *document,
                                                   const struct rule *head)
{
    const struct doc_node *id = doc_get(document, STR("id"));
    bool has_id = doc_is_scalar(id) && id->type != DOC_NULL && id->text.n;

    return loader_lists_of(l, has_id ? id->text : head->uid);
}

static void load_document(struct rule_loader *l, const struct doc_node *given, struct rule *head)
{
    const struct doc_node *document = collection_take(l, given, head);

    if (!document)
        return;
    struct sigma_scope s = {.a = l->a,
                            .scratch = l->scratch,
                            .names = l->names,
                            .lists = loader_lists_of_document(l, document, head),
                            .pipelines = l->options.pipelines,
                            .diag = &l->diag};

    head->line = document->line;
    if (diag_failed(&l->diag)) {
        loader_add_verdict(l, head, STR(""));
        return;
    }
    if (loader_add_splunk(l, document, head) || loader_add_logscale(l, document, head))
        return;
    switch (sigma_kind_of(document)) {
    case SIGMA_RULE:
        load_rule(l, &s, document, head);
        return;
    case SIGMA_FILTER:
        load_filter(l, &s, document, head);
        return;
    case SIGMA_CORRELATION:
        load_correlation(l, &s, document, head);
        return;
    case SIGMA_UNKNOWN:
        load_unknown(l, document, head);
        return;
    }
}

/* ---- one file ------------------------------------------------------------------------------ */

/* A word of a line, without what YAML may put around it. */
static struct str bare_word(struct str s)
{
    s = str_trim(s);
    bool is_quoted = s.n > 1 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0];
    return is_quoted ? str_sub(s, 1, s.n - 2) : s;
}

/* Line of `action: global` at the left edge of a text that is no YAML, 0 without: what it would
 * have given to the documents behind it, they lack. */
static uint32_t global_line_of(struct str text, uint32_t line)
{
    struct str row, key, value, comment;

    for (; text.n; line++) {
        str_cut(text, '\n', &row, &text);
        if (!str_cut(row, ':', &key, &value) || (key.n && key.p[0] == ' '))
            continue;
        str_cut(value, '#', &value, &comment);
        if (str_eq(bare_word(key), STR("action")) && str_eq(bare_word(value), STR("global")))
            return line;
    }
    return 0;
}

/* All documents of one piece between `---` lines: one, unless `...` ends documents too. */
static void load_piece(struct rule_loader *l, struct str path, uint32_t *document, struct str text,
                       uint32_t line)
{
    struct weir_err err = {0};
    struct doc_node *docs;
    size_t n;

    diag_init(&l->diag, l->a, text, line);
    if (doc_parse_yaml_at(l->scratch, text, line, &docs, &n, &err) != WEIR_OK) {
        struct rule head = loader_new_head(l, path, (*document)++, line);
        diag_error(&l->diag, (struct place){err.line, err.col}, "%s", err.text);
        loader_add_verdict(l, &head, STR(""));
        collection_break(l, global_line_of(text, line));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct rule head = loader_new_head(l, path, (*document)++, line);
        diag_init(&l->diag, l->a, text, line);
        load_document(l, &docs[i], &head);
    }
}

void rule_loader_refuse(struct rule_loader *l, struct str path, const char *why)
{
    struct rule head = loader_new_head(l, arena_str(l->a, path), 0, 1);

    diag_init(&l->diag, l->a, STR(""), 1);
    diag_error(&l->diag, (struct place){0, 0}, "%s", why);
    loader_add_verdict(l, &head, STR(""));
}

/* "rules/cred access.eql" is the title "cred access". */
static struct str stem_of(struct str path)
{
    for (size_t i = path.n; i > 0; i--)
        if (path.p[i - 1] == '/')
            return stem_of(str_sub(path, i, SIZE_MAX));
    size_t dot = str_find_char(path, '.', 1);
    return dot == SIZE_MAX ? path : str_sub(path, 0, dot);
}

struct query_scope loader_query_scope(struct rule_loader *l, struct str uid)
{
    return (struct query_scope){.a = l->a,
                                .scratch = l->scratch,
                                .names = l->names,
                                .diag = &l->diag,
                                .lists = loader_lists_of(l, uid),
                                .geo = l->options.geo,
                                .at = {1, 1}};
}

/* A file that is one query. */
static void load_query(struct rule_loader *l, struct str path, struct str language, struct str text)
{
    struct rule head = loader_new_head(l, path, 0, 1);
    struct query_scope s = loader_query_scope(l, head.uid);

    head.title = names_intern(l->names, stem_of(path));
    head.name = head.description = head.author = head.date = STR("");
    head.modified = head.licence = STR("");
    head.logsource = (struct logsource){STR(""), STR(""), STR(""), {NULL, 0}};
    head.language = names_intern(l->names, language);
    diag_init(&l->diag, l->a, text, 1);
    if (str_eq(language, STR("spl"))) {
        loader_add_search(l, &head, text);
        return;
    }
    if (str_eq(language, STR("cql"))) {
        loader_add_logscale_query(l, &head, text);
        return;
    }
    bool is_good = query_load(&s, language, text, NULL, &head);
    if (is_good && !str_trim(text).n) /* more likely a file that somebody forgot to fill */
        diag_warn(&l->diag, (struct place){1, 1}, "the query is empty: it is true of every event");
    loader_keep_rule(l, &head, STR("rule"), is_good);
    arena_reset(l->scratch);
}

static void load_file(struct rule_loader *l, struct str path, struct str language, struct str whole)
{
    struct str text = utf8_without_mark(whole);
    struct str own_path = arena_str(l->a, path), rest = text, piece;
    uint32_t line = 1, piece_line, document = 0;
    size_t n_before = l->n_verdicts;

    if (text.n > LANG_FILE_MAX) {
        rule_loader_refuse(l, own_path, "the file is larger than 16 MiB");
        return;
    }
    if (query_language_is_known(language)) {
        load_query(l, own_path, language, text);
        return;
    }
    if (loader_is_elastic_path(path)) {
        loader_add_elastic(l, own_path, text);
        return;
    }
    collection_begin(l, text);
    while (doc_cut_yaml(&rest, &line, &piece, &piece_line)) {
        load_piece(l, own_path, &document, piece, piece_line);
        arena_reset(l->scratch);
    }
    collection_end(l);
    if (l->n_verdicts == n_before) /* or of `action: reset` alone */
        rule_loader_refuse(l, own_path, document ? "the file has no rule" : "the file is empty");
}

static bool ends_with_ci(struct str s, struct str ending)
{
    return s.n >= ending.n && str_eq_ci(str_sub(s, s.n - ending.n, ending.n), ending);
}

/* By the file's ending; YAML is told apart later, by its keys. */
static struct str language_of(struct str path)
{
    size_t dot = path.n;

    while (dot > 0 && path.p[dot - 1] != '.' && path.p[dot - 1] != '/')
        dot--;
    if (dot == 0 || path.p[dot - 1] != '.')
        return STR("");
    return query_language_named(str_sub(path, dot, SIZE_MAX));
}

void rule_loader_add(struct rule_loader *l, struct str path, struct str text)
{
    l->is_found = false;
    load_file(l, path, language_of(path), text);
}

void rule_loader_add_as(struct rule_loader *l, struct str path, struct str language,
                        struct str text)
{
    l->is_found = false;
    load_file(l, path, language, text);
}

void rule_loader_add_found(struct rule_loader *l, struct str path, struct str text)
{
    l->is_found = true;
    load_file(l, path, language_of(path), text);
}

/* ---- at the end ---------------------------------------------------------------------------- */

struct id_place {
    struct str key; /* rule_id_key() */
    size_t verdict;
};

static int by_key(const void *x, const void *y)
{
    const struct id_place *a = x, *b = y;
    int order = str_cmp(a->key, b->key);

    return order ? order : (a->verdict > b->verdict) - (a->verdict < b->verdict);
}

static void refuse_double_ids(struct rule_loader *l)
{
    size_t n = l->n_verdicts;
    struct id_place *places = ARENA_ARRAY(l->work, n, struct id_place);

    for (size_t i = 0; i < n; i++)
        places[i] = (struct id_place){rule_id_key(l->work, l->verdicts[i].uid), i};
    qsort(places, n, sizeof *places, by_key);
    for (size_t i = 1, first = 0; i < n; i++) {
        struct verdict *v = &l->verdicts[places[i].verdict];
        const struct verdict *other = &l->verdicts[places[first].verdict];
        if (!str_eq(places[i].key, places[first].key)) {
            first = i;
            continue;
        }
        add_late_message(l, v, true,
                         arena_printf(l->a, "the id '%.*s' is already that of %.*s:%u",
                                      SHOWN(v->uid), (int)other->path.n, other->path.p,
                                      other->line));
    }
}

static void warn_of_dead_references(struct rule_loader *l, const struct loaded_filter *f)
{
    struct verdict *v = &l->verdicts[f->verdict];

    for (size_t r = 0; r < f->filter.rules.n; r++) {
        struct str reference = f->filter.rules.items[r];
        bool is_found = false;
        for (size_t i = 0; i < l->n_verdicts && !is_found; i++) {
            const struct rule *rule = l->verdicts[i].rule;
            is_found = rule && (rule_id_eq(reference, rule->uid) || str_eq(reference, rule->name));
        }
        if (!is_found)
            add_late_message(
                l, v, false,
                arena_printf(l->a, "no loaded rule has the id or name '%.*s'", SHOWN(reference)));
    }
    if (f->filter.n_applied == 0)
        add_late_message(l, v, false, STR("the filter applies to no loaded rule"));
}

/* A filter on one rule. False: *why not. */
static bool apply_to(struct rule_loader *l, const struct loaded_filter *f, struct rule *rule,
                     struct str *why)
{
    struct sigma_filter filter;
    struct sigma_scope s = {.a = l->a,
                            .scratch = l->scratch,
                            .names = l->names,
                            .lists = loader_lists_of(l, l->verdicts[f->verdict].uid),
                            .pipelines = l->options.pipelines,
                            .diag = &l->diag};

    diag_init(&l->diag, l->a, STR(""), 1);
    bool is_good = sigma_filter_pass(&s, &f->filter, rule, &filter);
    arena_reset(l->scratch);
    if (!is_good) {
        *why = arena_printf(l->a, "the filter '%.*s' does not pass the pipelines: %.*s",
                            SHOWN(f->filter.title), SHOWN(l->diag.messages[0].text));
        return false;
    }
    if (sigma_filter_apply(l->a, &filter, rule, l->options.sigma_filters_exclude))
        return true;
    *why =
        arena_printf(l->a, "too deep or too large with the filter '%.*s'", SHOWN(f->filter.title));
    return false;
}

static void apply_filter(struct rule_loader *l, struct loaded_filter *f)
{
    struct str why;

    if (l->verdicts[f->verdict].status == VERDICT_ERROR) /* a double id */
        return;
    for (size_t i = 0; i < l->n_verdicts; i++) {
        struct verdict *v = &l->verdicts[i];
        if (!v->rule || v->rule->correlation || !sigma_filter_covers(&f->filter, v->rule))
            continue;
        if (apply_to(l, f, v->rule, &why))
            f->filter.n_applied++;
        else
            add_late_message(l, v, true, why);
    }
    warn_of_dead_references(l, f);
}

static size_t count_parts(const struct rule *rule)
{
    const struct correlation *c = rule->correlation;
    size_t n = 0;

    for (size_t i = 0; c && i < c->n_inputs; i++)
        n += c->inputs[i].rule && c->inputs[i].rule->is_part;
    return n;
}

static void give_rule(struct loaded_rules *out, struct rule *rule)
{
    const struct correlation *c = rule->correlation;

    for (size_t i = 0; c && i < c->n_inputs; i++)
        if (c->inputs[i].rule && c->inputs[i].rule->is_part)
            out->rules[out->n_rules++] = c->inputs[i].rule;
    out->rules[out->n_rules++] = rule;
}

static void give_results(struct rule_loader *l, struct loaded_rules *out)
{
    *out = (struct loaded_rules){.n_verdicts = l->n_verdicts};
    out->verdicts = ARENA_ARRAY(l->a, l->n_verdicts, struct verdict);
    size_t n = l->n_verdicts;
    for (size_t i = 0; i < l->n_verdicts; i++)
        n += l->verdicts[i].rule ? count_parts(l->verdicts[i].rule) : 0;
    out->rules = ARENA_ARRAY(l->a, n, struct rule *);
    for (size_t i = 0; i < l->n_verdicts; i++) {
        out->verdicts[i] = l->verdicts[i];
        out->n_by_status[l->verdicts[i].status]++;
        if (l->verdicts[i].rule)
            give_rule(out, l->verdicts[i].rule);
    }
}

static void loader_release(struct rule_loader *l)
{
    arena_free(l->scratch);
    arena_free(l->work); /* and with it the loader */
}

void rule_loader_join(struct rule_loader *l, struct rule_loader *other)
{
    size_t before = l->n_verdicts;

    for (size_t i = 0; i < other->n_verdicts; i++)
        *next_verdict(l) = other->verdicts[i];
    for (size_t i = 0; i < other->n_filters; i++) {
        struct loaded_filter *f = next_filter(l);
        *f = other->filters[i];
        f->verdict += before;
    }
    for (size_t i = 0; i < other->n_correlations; i++) {
        struct loaded_correlation *c = next_correlation(l);
        *c = other->correlations[i];
        c->verdict += before;
    }
    loader_join_exceptions(l, other, before);
    loader_join_searches(l, other, before);
    loader_join_logscale(l, other, before);
    arena_adopt(l->a, other->a);
    loader_release(other);
}

void rule_loader_finish(struct rule_loader *l, struct loaded_rules *out)
{
    loader_settle_searches(l);
    loader_settle_logscale(l);
    refuse_double_ids(l);
    for (size_t i = 0; i < l->n_filters; i++)
        apply_filter(l, &l->filters[i]);
    loader_settle_exceptions(l);
    link_correlations(l->a, &l->options, l->verdicts, l->n_verdicts, l->correlations,
                      l->n_correlations);
    give_results(l, out);
    loader_release(l);
}

/* ---- words --------------------------------------------------------------------------------- */

bool lang_is_known(struct str language)
{
    return str_eq(language, STR("sigma")) || query_language_is_known(language);
}

struct str lang_names(struct arena *a)
{
    struct str all = STR("sigma");

    for (size_t i = 0; query_language_at(i).n; i++) {
        struct str name = query_language_at(i);
        all = arena_printf(a, "%.*s, %.*s", (int)all.n, all.p, (int)name.n, name.p);
    }
    return all;
}

bool lang_is_rule_path(struct str path)
{
    if (ends_with_ci(path, STR(".test.yml")) || ends_with_ci(path, STR(".test.yaml")))
        return false;
    return ends_with_ci(path, STR(".yml")) || ends_with_ci(path, STR(".yaml")) ||
           ends_with_ci(path, STR(".toml")) || language_of(path).n;
}

const char *verdict_status_name(enum verdict_status status)
{
    static const char *const NAMES[] = {"ok", "warning", "unsupported", "error", "skipped"};

    return NAMES[status];
}

void verdict_message_format(struct buf *out, const struct verdict *v,
                            const struct verdict_message *m)
{
    buf_add(out, v->path);
    if (m->line)
        buf_printf(out, ":%u", m->line);
    if (m->line && m->col)
        buf_printf(out, ":%u", m->col);
    if (v->status == VERDICT_SKIPPED)
        buf_add(out, STR(": skipped: "));
    else
        buf_add(out, m->is_error && v->status == VERDICT_UNSUPPORTED ? STR(": unsupported: ")
                     : m->is_error                                   ? STR(": error: ")
                     : m->is_note                                    ? STR(": note: ")
                                                                     : STR(": warning: "));
    buf_add(out, m->text);
}
