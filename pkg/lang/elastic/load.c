/* load.c - a document to a rule.
 *
 * Metadata comes first, so that a rule that fails is still known by its title and id. The type
 * decides what is done with the query; filters then restrict what came of it, and whatever is said
 * of exceptions is given back for the end, when all files are read.
 */
#include "lang/elastic/impl.h"

#include "base/str.h"
#include "lang/settings.h"

static const char *const TOP_KEYS[] = {"metadata", "rule", "transform"};

static const char *const METADATA_KEYS[] = {"creation_date",
                                            "updated_date",
                                            "deprecation_date",
                                            "integration",
                                            "maturity",
                                            "min_stack_version",
                                            "min_stack_comments",
                                            "promotion",
                                            "bypass_bbr_timing",
                                            "query_schema_validation",
                                            "comments",
                                            "extended",
                                            "endpoint",
                                            "os_type_list",
                                            "related_endpoint_rules",
                                            "release"};

static const char *const RULE_KEYS[] = {
    /* what weir reads */
    "alert_suppression", "author", "building_block_type", "description", "enabled",
    "event_category_override", "exceptions_list", "false_positives", "filters", "from",
    "history_window_start", "index", "interval", "investigation_fields", "language", "license",
    "max_signals", "name", "new_terms", "new_terms_fields", "query", "references", "risk_score",
    "risk_score_mapping", "rule_id", "rule_name_override", "severity", "severity_mapping", "tags",
    "threat", "threat_filters", "threat_index", "threat_indicator_path", "threat_language",
    "threat_mapping", "threat_query", "threshold", "tiebreaker_field", "timestamp_field",
    "timestamp_override", "type", "created_at", "updated_at",
    /* what people and Kibana read */
    "actions", "alias_purpose", "alias_target_id", "anomaly_threshold", "building_block",
    "concurrent_searches", "created_by", "data_view_id", "execution_summary", "id", "immutable",
    "items_per_search", "machine_learning_job_id", "meta", "namespace", "note", "outcome",
    "output_index", "related_integrations", "required_fields", "response_actions", "revision",
    "rule_source", "saved_id", "setup", "throttle", "timeline_id", "timeline_title",
    "timestamp_override_fallback_disabled", "to", "updated_by", "version"};

/* ---- what a document is ------------------------------------------------------------- */

/* {"attributes": {...}, "id": ..., "type": "security-rule"}, as Elastic's packages hold rules. */
static bool is_asset(const struct doc_node *document)
{
    const struct doc_node *attributes = doc_get(document, STR("attributes"));
    const struct doc_node *type = doc_get(document, STR("type"));

    return attributes && attributes->type == DOC_MAP && type && type->type == DOC_STRING;
}

const struct doc_node *elastic_rule_of(const struct doc_node *document)
{
    const struct doc_node *rule = doc_get(document, STR("rule"));

    if (is_asset(document))
        return doc_get(document, STR("attributes"));
    return rule ? rule : document;
}

static bool is_list(const struct doc_node *node)
{
    return node && node->type == DOC_LIST;
}

enum elastic_kind elastic_kind_of(const struct doc_node *document)
{
    if (!document || document->type != DOC_MAP)
        return ELASTIC_NONE;
    if (is_asset(document))
        return str_eq(doc_get(document, STR("type"))->text, STR("security-rule")) ? ELASTIC_RULE
                                                                                  : ELASTIC_SUMMARY;
    if (doc_get(document, STR("rule")) ||
        (doc_get(document, STR("risk_score")) && doc_get(document, STR("severity"))) ||
        (doc_get(document, STR("rule_id")) && doc_get(document, STR("type"))))
        return ELASTIC_RULE;
    if (doc_get(document, STR("exported_count")) || doc_get(document, STR("exported_rules_count")))
        return ELASTIC_SUMMARY;
    if (is_list(doc_get(document, STR("exceptions"))))
        return ELASTIC_LISTS;
    if (is_list(doc_get(document, STR("actions"))) ||
        is_list(doc_get(document, STR("action_connectors"))))
        return ELASTIC_SUMMARY;
    const struct doc_node *entries = doc_get(document, STR("entries"));
    if (doc_get(document, STR("list_id")))
        return entries && entries->type != DOC_NULL ? ELASTIC_EXCEPTION : ELASTIC_LIST;
    return ELASTIC_NONE;
}

/* ---- the query -------------------------------------------------------------------------- */

/* The types eql and esql are of one language, the others of the two of Kibana's search bar. */
static bool goes_with_type(struct reading *r, const struct doc_node *node, struct str name)
{
    bool is_search = str_eq(name, STR("kql")) || str_eq(name, STR("lucene"));
    bool is_own = str_eq(r->type, STR("eql")) || str_eq(r->type, STR("esql"));

    if (!node || (is_own ? str_eq(name, r->type) : is_search))
        return true;
    return diag_error(r->s->diag, doc_place(node), "a rule of type '%.*s' has no '%.*s' query",
                      SHOWN(r->type), SHOWN(node->text));
}

static bool language_of(struct reading *r, struct str *out)
{
    static const struct {
        struct str word, name;
    } WORDS[] = {{{"kuery", 5}, {"kql", 3}},
                 {{"eql", 3}, {"eql", 3}},
                 {{"esql", 4}, {"esql", 4}},
                 {{"lucene", 6}, {"lucene", 6}}};
    const struct doc_node *node = doc_get(r->rule, STR("language"));
    struct str known[ARRAY_LEN(WORDS)];
    struct str word = str_eq(r->type, STR("eql"))    ? STR("eql")
                      : str_eq(r->type, STR("esql")) ? STR("esql")
                                                     : STR("kuery");

    if (node && node->type != DOC_STRING)
        return diag_error(r->s->diag, doc_place(node), "'language' must be text, not %s",
                          doc_type_name(node));
    if (node)
        word = node->text;
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        known[i] = WORDS[i].word;
        if (!str_eq(word, WORDS[i].word))
            continue;
        *out = WORDS[i].name;
        if (!goes_with_type(r, node, *out))
            return false;
        if (query_language_is_known(*out))
            return true;
        return diag_unsupported(r->s->diag, node ? doc_place(node) : r->type_at,
                                "the query language '%.*s': not in this version", SHOWN(word));
    }
    if (str_eq(word, STR("kql")))
        return diag_error(r->s->diag, doc_place(node),
                          "unknown query language 'kql' (did you mean 'kuery'?)");
    struct str hint = diag_hint(r->s->diag, word, known, ARRAY_LEN(known));
    return diag_error(r->s->diag, doc_place(node), "unknown query language '%.*s'%.*s", SHOWN(word),
                      SHOWN(hint));
}

/* A rule of the search bar may leave the query out, where its filters say all. */
static bool is_filtered(const struct reading *r)
{
    const struct doc_node *filters = doc_get(r->rule, STR("filters"));

    return str_eq(r->type, STR("query")) && filters && filters->type == DOC_LIST &&
           filters->n_items > 0;
}

static bool query_read(struct reading *r)
{
    struct elastic_scope *s = r->s;
    const struct doc_node *query = doc_get(r->rule, STR("query"));
    struct query_options options = {
        .category_field = STR(""), .window_ms = r->from_ms, .interval_ms = r->interval_ms};
    struct str language;

    if (!language_of(r, &language))
        return false;
    r->out->language = names_intern(s->names, language);
    bool is_all = !query || query->type == DOC_NULL;
    if (is_all && is_filtered(r)) {
        r->out->formula = formula_const(s->a, true);
        return true;
    }
    if (is_all)
        return key_missing(s, r->rule, "query");
    if (query->type != DOC_STRING)
        return diag_error(s->diag, doc_place(query), "'query' must be text, not %s",
                          doc_type_name(query));
    if (!key_text(s, r->rule, "event_category_override", &options.category_field))
        return false;
    struct query_scope q = query_scope_of(s, query);
    return query_load(&q, language, query->text, &options, r->out);
}

/* ---- restricting ------------------------------------------------------------------------- */

static unsigned depth_of(const struct formula *f)
{
    unsigned deepest = 0;

    for (size_t i = 0; i < f->n_children; i++) {
        unsigned depth = depth_of(f->children[i]);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static bool restrict_one(struct arena *a, struct rule *rule, struct formula *f)
{
    struct formula *parts[2] = {rule->formula, f};

    rule->formula = formula_join(a, FORMULA_AND, parts, 2);
    return depth_of(rule->formula) <= FORMULA_DEPTH_MAX;
}

bool elastic_restrict(struct arena *a, struct rule *rule, struct formula *f)
{
    const struct correlation *c = rule->correlation;
    bool is_good = true;

    if (!c)
        return restrict_one(a, rule, f);
    for (size_t i = 0; i < c->n_inputs; i++)
        if (c->inputs[i].rule && c->inputs[i].rule->is_part)
            is_good &= restrict_one(a, c->inputs[i].rule, f);
    return is_good;
}

/* ---- types ------------------------------------------------------------------------------- */

static bool nothing_more(struct reading *r)
{
    enum dedup_array array = str_eq(r->type, STR("query")) ? DEDUP_EACH : DEDUP_WHOLE;

    return suppress_load(r, (struct str_list){NULL, 0}, array);
}

static const struct {
    const char *name;
    bool (*load)(struct reading *r); /* after the query */
    const char *unsupported;
} TYPES[] = {
    {"query", nothing_more, NULL},
    {"eql", nothing_more, NULL},
    {"esql", nothing_more, NULL},
    {"threshold", threshold_load, NULL},
    {"new_terms", new_terms_load, NULL},
    {"threat_match", indicator_load, NULL},
    {"machine_learning", NULL,
     "machine_learning: it judges by the scores of a job in Elasticsearch"},
    {"saved_query", NULL, "saved_query: the query is not in the rule but in Kibana"},
};

/* Index in TYPES; SIZE_MAX: said. */
static size_t type_of(struct reading *r)
{
    const struct doc_node *node = doc_get(r->rule, STR("type"));
    struct str known[ARRAY_LEN(TYPES)];

    if (!node) {
        key_missing(r->s, r->rule, "type");
        return SIZE_MAX;
    }
    r->type_at = doc_place(node);
    r->type = node->text;
    for (size_t i = 0; i < ARRAY_LEN(TYPES); i++) {
        known[i] = str_from(TYPES[i].name);
        if (node->type == DOC_STRING && str_eq(node->text, known[i]))
            return i;
    }
    struct str hint = diag_hint(r->s->diag, node->text, known, ARRAY_LEN(known));
    diag_error(r->s->diag, r->type_at, "unknown type of rule '%.*s'%.*s", SHOWN(node->text),
               SHOWN(hint));
    return SIZE_MAX;
}

static bool check_keys(struct elastic_scope *s, const struct doc_node *document,
                       const struct reading *r)
{
    static const struct key_names TOP = {TOP_KEYS, ARRAY_LEN(TOP_KEYS)};
    static const struct key_names METADATA = {METADATA_KEYS, ARRAY_LEN(METADATA_KEYS)};
    static const struct key_names RULE = {RULE_KEYS, ARRAY_LEN(RULE_KEYS)};

    bool is_good = key_check(s, r->rule, &RULE, "a rule");
    if (r->rule != document && !is_asset(document))
        is_good &= key_check(s, document, &TOP, "a rule file");
    if (r->metadata)
        key_note(s, r->metadata, &METADATA, "'metadata'");
    return is_good;
}

static bool channel_load(struct reading *r)
{
    struct elastic_scope *s = r->s;
    static const char *const WORDS[] = {"default", NULL};
    const struct doc_node *block = doc_get(r->rule, STR("building_block_type"));
    bool is_enabled;
    size_t i;

    if (!key_flag(s, r->rule, "enabled", &is_enabled))
        return false;
    if (!block || block->type == DOC_NULL)
        return true;
    if (!key_word(s, block, "building_block_type", WORDS, &i))
        return false;
    r->out->channel = CHANNEL_INTERNAL;
    return true;
}

/* The shape of the document: where the rule is in it. */
static bool find_rule(struct elastic_scope *s, const struct doc_node *document, struct reading *r)
{
    r->rule = elastic_rule_of(document);
    r->metadata = is_asset(document) ? NULL : doc_get(document, STR("metadata"));
    if (r->rule->type != DOC_MAP)
        return diag_error(s->diag, doc_place(r->rule), "'rule' must be a table, not %s",
                          doc_type_name(r->rule));
    if (r->metadata && r->metadata->type != DOC_MAP)
        return diag_error(s->diag, doc_place(r->metadata), "'metadata' must be a table, not %s",
                          doc_type_name(r->metadata));
    return true;
}

/* Everything but the query and what is made of it. */
static bool load_around(struct reading *r, const struct doc_node *document)
{
    bool is_good = head_load(r);
    is_good &= check_keys(r->s, document, r);
    is_good &= level_load(r);
    is_good &= stream_load(r);
    is_good &= channel_load(r);
    return is_good;
}

/* ---- what several events make ------------------------------------------------------------- */

static bool is_column(const struct group_stats *stats, struct str field)
{
    for (size_t i = 0; stats && i < stats->n_outputs; i++)
        if (str_eq(stats->outputs[i].name, field))
            return true;
    return false;
}

/* An alert of several events has the fields that it is grouped by and the columns of its group;
 * that of a sequence also what its events have alike, that of a new term what its event has. */
static bool is_told(const struct correlation *c, struct str field)
{
    if (c->kind == OPERATOR_SEQUENCE || c->kind == OPERATOR_FIRST_SEEN)
        return true;
    for (size_t i = 0; i < c->n_group; i++)
        if (str_eq(c->group[i], field))
            return true;
    return is_column(c->kind == OPERATOR_GROUP ? c->stats : NULL, field);
}

static void note_untold(struct reading *r, const char *key, struct str field)
{
    diag_note(r->s->diag, doc_place(doc_get(r->rule, str_from(key))),
              "'%s': alerts of this rule have no field '%.*s'", key, SHOWN(field));
}

/* Mappings ask the alert, so what it has not they never hold of. Its parts are no alerts. */
static void keep_told(struct reading *r)
{
    const struct correlation *c = r->out->correlation;
    const struct rule_by_value all = r->out->by_value;
    struct level_case *levels = ARENA_ARRAY(r->s->a, all.n_levels, struct level_case);
    struct score_case *scores = ARENA_ARRAY(r->s->a, all.n_scores, struct score_case);
    struct rule_by_value *kept = &r->out->by_value;

    if (!c)
        return;
    kept->levels = levels;
    kept->scores = scores;
    kept->n_levels = kept->n_scores = 0;
    for (size_t i = 0; i < all.n_levels; i++)
        if (is_told(c, all.levels[i].field))
            levels[kept->n_levels++] = all.levels[i];
        else
            note_untold(r, "severity_mapping", all.levels[i].field);
    for (size_t i = 0; i < all.n_scores; i++)
        if (is_told(c, all.scores[i].field))
            scores[kept->n_scores++] = all.scores[i];
        else
            note_untold(r, "risk_score_mapping", all.scores[i].field);
    for (size_t i = 0; i < c->n_inputs; i++)
        if (c->inputs[i].rule && c->inputs[i].rule->is_part)
            c->inputs[i].rule->by_value = (struct rule_by_value){.title_field = all.title_field};
}

/* Keys that say what a rule of their type does, and nothing beside another. */
static void note_other_type(const struct reading *r)
{
    static const char *const KEYS[][2] = {
        {"threshold", "threshold"},         {"new_terms", "new_terms"},
        {"new_terms_fields", "new_terms"},  {"history_window_start", "new_terms"},
        {"threat_mapping", "threat_match"}, {"threat_query", "threat_match"}};

    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++) {
        const struct doc_node *node = doc_get(r->rule, str_from(KEYS[i][0]));
        if (node && node->type != DOC_NULL && !str_eq(r->type, str_from(KEYS[i][1])))
            diag_note(r->s->diag, doc_place(node),
                      "'%s' is not asked: it is of rules of the type '%s'", KEYS[i][0], KEYS[i][1]);
    }
}

bool elastic_rule_load(struct elastic_scope *s, const struct doc_node *document, struct rule *head,
                       struct elastic_loaded *out)
{
    struct reading r = {.s = s, .out = head};

    *out = (struct elastic_loaded){.kind = STR("rule")};
    head->language = STR("elastic");
    if (!find_rule(s, document, &r))
        return false;
    bool is_good = load_around(&r, document);
    size_t type = type_of(&r);
    if (type == SIZE_MAX)
        return false;
    out->kind = str_from(TYPES[type].name);
    note_other_type(&r);
    if (TYPES[type].unsupported)
        return diag_unsupported(s->diag, r.type_at, "%s", TYPES[type].unsupported);
    is_good &= query_read(&r) && TYPES[type].load(&r);
    is_good = is_good && filters_load(&r) && exceptions_named(&r, out);
    keep_told(&r);
    return is_good && !diag_failed(s->diag);
}
