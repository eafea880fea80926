/* parse.c - Sigma documents: metadata, log source, and the detection put together.
 *
 * Metadata is read first and as far as possible, so that a rule that fails is still known by
 * its title and id. What only people read may have any shape (a warning at most); what weir acts
 * on (level, status, log source, detection) must be right.
 */
#include "lang/sigma/sigma.h"

#include "base/str.h"
#include "lang/parameter.h"
#include "lang/rule_id.h"
#include "lang/settings.h"

enum { SELECTIONS_MAX = 1000, CONDITION_BYTES_MAX = 64 * 1024 };

static const char *const TOP_KEYS[] = {"title",     "id",         "related",     "name",
                                       "taxonomy",  "status",     "description", "license",
                                       "author",    "references", "date",        "modified",
                                       "logsource", "detection",  "fields",      "falsepositives",
                                       "level",     "tags",       "scope",       "correlation",
                                       "filter",    "weir"};

enum sigma_kind sigma_kind_of(const struct doc_node *document)
{
    if (doc_get(document, STR("detection")))
        return SIGMA_RULE;
    if (doc_get(document, STR("correlation")))
        return SIGMA_CORRELATION;
    return doc_get(document, STR("filter")) ? SIGMA_FILTER : SIGMA_UNKNOWN;
}

/* ---- metadata --------------------------------------------------------------------------- */

/* The text of a scalar key; numbers and dates as they are written. */
static struct str text_of(struct sigma_scope *s, const struct doc_node *document, const char *key)
{
    const struct doc_node *node = doc_get(document, str_from(key));

    if (!node || node->type == DOC_NULL)
        return STR("");
    if (doc_is_scalar(node))
        return names_intern(s->names, node->text);
    diag_warn(s->diag, sigma_at(node), "'%s' should be text, not %s", key, doc_type_name(node));
    return STR("");
}

static struct str_list list_of(struct sigma_scope *s, const struct doc_node *document,
                               const char *key)
{
    const struct doc_node *node = doc_get(document, str_from(key));
    struct str_list list = {NULL, 0};

    if (!node || node->type == DOC_NULL)
        return list;
    if (node->type == DOC_MAP) {
        diag_warn(s->diag, sigma_at(node), "'%s' should be a list, not a map", key);
        return list;
    }
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    size_t n = node->type == DOC_LIST ? node->n_items : 1;
    struct str *out = ARENA_ARRAY(s->a, n, struct str);
    for (size_t i = 0; i < n; i++)
        if (doc_is_scalar(&items[i]) && items[i].text.n)
            out[list.n++] = names_intern(s->names, items[i].text);
    list.items = out;
    return list;
}

static void warn_of_slips(struct sigma_scope *s, const struct doc_node *document)
{
    struct str known[ARRAY_LEN(TOP_KEYS)];

    for (size_t i = 0; i < ARRAY_LEN(TOP_KEYS); i++)
        known[i] = str_from(TOP_KEYS[i]);
    for (size_t i = 0; i < document->n_items; i++) {
        const struct doc_key *key = &document->keys[i];
        bool is_known = false;
        for (size_t k = 0; k < ARRAY_LEN(TOP_KEYS) && !is_known; k++)
            is_known = str_eq(key->text, known[k]);
        struct str near = is_known ? STR("") : str_nearest(key->text, known, ARRAY_LEN(known));
        if (near.n)
            diag_warn(s->diag, (struct place){key->line, key->col},
                      "unknown key '%.*s' (did you mean '%.*s'?)", SHOWN(key->text), SHOWN(near));
    }
}

static void load_id(struct sigma_scope *s, const struct doc_node *document, struct rule *rule)
{
    struct str id = text_of(s, document, "id");

    rule->has_own_id = id.n > 0;
    if (!rule->has_own_id) {
        rule->uid = arena_printf(s->a, "%.*s#%u", (int)rule->path.n, rule->path.p, rule->document);
        return;
    }
    rule->uid = id;
    if (!rule_id_is_uuid(id))
        diag_warn(s->diag, sigma_at(doc_get(document, STR("id"))), "the id '%.*s' is no UUID",
                  SHOWN(id));
}

static void load_level(struct sigma_scope *s, const struct doc_node *document, struct rule *rule)
{
    static const struct str NAMES[] = {
        {"informational", 13}, {"low", 3}, {"medium", 6}, {"high", 4}, {"critical", 8}};
    struct str text = text_of(s, document, "level");

    if (text.n == 0)
        return;
    rule->has_level = rule_level_parse(text, &rule->level);
    if (rule->has_level)
        return;
    struct str hint = diag_hint(s->diag, text, NAMES, ARRAY_LEN(NAMES));
    diag_error(s->diag, sigma_at(doc_get(document, STR("level"))), "unknown level '%.*s'%.*s",
               SHOWN(text), SHOWN(hint));
}

static void load_status(struct sigma_scope *s, const struct doc_node *document, struct rule *rule)
{
    static const struct str NAMES[] = {
        {"stable", 6}, {"test", 4}, {"experimental", 12}, {"deprecated", 10}, {"unsupported", 11}};
    struct str text = text_of(s, document, "status");

    if (text.n == 0 || rule_status_parse(text, &rule->status))
        return;
    struct str hint = diag_hint(s->diag, text, NAMES, ARRAY_LEN(NAMES));
    diag_error(s->diag, sigma_at(doc_get(document, STR("status"))), "unknown status '%.*s'%.*s",
               SHOWN(text), SHOWN(hint));
}

static void load_logsource_key(struct sigma_scope *s, const struct doc_key *key,
                               const struct doc_node *node, struct logsource *out)
{
    static const struct str KNOWN[] = {
        {"product", 7}, {"category", 8}, {"service", 7}, {"definition", 10}};
    struct str *const slots[] = {&out->product, &out->category, &out->service, NULL};

    for (size_t i = 0; i < ARRAY_LEN(KNOWN); i++) {
        if (!str_eq(key->text, KNOWN[i]))
            continue;
        if (!slots[i] || node->type == DOC_NULL)
            return;
        if (!doc_is_scalar(node))
            diag_error(s->diag, sigma_at(node), "'%.*s' of a log source must be text, not %s",
                       SHOWN(key->text), doc_type_name(node));
        else
            *slots[i] = names_intern(s->names, node->text);
        return;
    }
    struct str hint = diag_hint(s->diag, key->text, KNOWN, ARRAY_LEN(KNOWN));
    diag_warn(s->diag, (struct place){key->line, key->col},
              "the log source key '%.*s' is not used%.*s", SHOWN(key->text), SHOWN(hint));
}

static void load_logsource(struct sigma_scope *s, const struct doc_node *document,
                           struct rule *rule)
{
    const struct doc_node *node = doc_get(document, STR("logsource"));

    rule->logsource = (struct logsource){STR(""), STR(""), STR(""), {NULL, 0}};
    if (!node)
        return;
    if (node->type != DOC_MAP) {
        diag_error(s->diag, sigma_at(node), "'logsource' must be a map, not %s",
                   doc_type_name(node));
        return;
    }
    for (size_t i = 0; i < node->n_items; i++)
        load_logsource_key(s, &node->keys[i], &node->items[i], &rule->logsource);
}

void sigma_metadata_load(struct sigma_scope *s, const struct doc_node *document, struct rule *rule)
{
    struct str taxonomy = text_of(s, document, "taxonomy");

    rule->language = STR("sigma");
    rule->line = document->line;
    rule->title = text_of(s, document, "title");
    load_id(s, document, rule);
    rule->name = text_of(s, document, "name");
    rule->description = text_of(s, document, "description");
    rule->author = text_of(s, document, "author");
    rule->date = text_of(s, document, "date");
    rule->modified = text_of(s, document, "modified");
    rule->licence = text_of(s, document, "license");
    rule->references = list_of(s, document, "references");
    rule->tags = list_of(s, document, "tags");
    rule->falsepositives = list_of(s, document, "falsepositives");
    rule->fields = list_of(s, document, "fields");
    load_level(s, document, rule);
    load_status(s, document, rule);
    load_logsource(s, document, rule);
    warn_of_slips(s, document);
    if (rule->title.n == 0)
        diag_warn(s->diag, sigma_at(document), "no 'title'");
    if (taxonomy.n && !str_eq(taxonomy, STR("sigma")))
        diag_warn(s->diag, sigma_at(doc_get(document, STR("taxonomy"))),
                  "field names of the taxonomy '%.*s' are taken as they are", SHOWN(taxonomy));
}

bool sigma_settings_load(struct sigma_scope *s, const struct doc_node *document, struct rule *rule)
{
    static const struct str OTHERS[] = {STR(PARAMETERS_KEY)};
    const struct doc_node *map = doc_get(document, STR("weir"));
    struct rule_settings settings;

    if (!map)
        return true;
    if (!rule_settings_load(s->diag, s->names, map, OTHERS, ARRAY_LEN(OTHERS), &settings) ||
        !rule_settings_fit(s->diag, &settings, rule))
        return false;
    rule_settings_apply(s->a, &settings, rule);
    return parameters_fit(s->diag, rule);
}

bool sigma_parameters_load(struct sigma_scope *s, const struct doc_node *document,
                           struct rule *rule)
{
    const struct doc_node *map = doc_get(doc_get(document, STR("weir")), STR(PARAMETERS_KEY));

    return !map || parameters_load(s->diag, s->names, map, rule);
}

/* ---- selections ----------------------------------------------------------------------------- */

static bool is_skipped(struct str key, const struct str *skip, size_t n_skip)
{
    for (size_t i = 0; i < n_skip; i++)
        if (str_eq(key, skip[i]))
            return true;
    return false;
}

static void load_selection(struct sigma_scope *s, const struct doc_key *key,
                           const struct doc_node *node, struct sigma_selection *out)
{
    *out = (struct sigma_selection){.name = names_intern(s->names, key->text),
                                    .at = {key->line, key->col}};
    out->formula = sigma_detection_lower(s, node);
    if (!out->formula)
        return;
    out->formula->label = out->name;
    sigma_measure(out->formula, &out->n_nodes, &out->depth);
}

struct sigma_selection *sigma_selections_load(struct sigma_scope *s, const struct doc_node *map,
                                              const struct str *skip, size_t n_skip, size_t *n)
{
    struct sigma_selection *list = ARENA_ARRAY(s->scratch, map->n_items, struct sigma_selection);

    *n = 0;
    if (map->n_items > SELECTIONS_MAX) {
        diag_error(s->diag, sigma_at(map), "more than %d selections", SELECTIONS_MAX);
        return list;
    }
    for (size_t i = 0; i < map->n_items; i++)
        if (!is_skipped(map->keys[i].text, skip, n_skip))
            load_selection(s, &map->keys[i], &map->items[i], &list[(*n)++]);
    return list;
}

/* ---- rules --------------------------------------------------------------------------------- */

static bool check_condition_text(struct sigma_scope *s, const struct doc_node *node)
{
    if (node->type != DOC_STRING && node->type != DOC_INT)
        return diag_error(s->diag, sigma_at(node), "'condition' must be text, not %s",
                          doc_type_name(node));
    if (node->text.n > CONDITION_BYTES_MAX)
        return diag_error(s->diag, sigma_at(node), "the condition is longer than %d bytes",
                          CONDITION_BYTES_MAX);
    return true;
}

/* Several conditions are several queries in Sigma; as one rule they are an OR. */
static void load_conditions(struct sigma_scope *s, const struct doc_node *node,
                            struct sigma_selection *selections, size_t n, struct sigma_formula *out)
{
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    size_t n_items = node->type == DOC_LIST ? node->n_items : 1, n_parts = 0;
    struct formula **parts = ARENA_ARRAY(s->scratch, n_items, struct formula *);

    *out = (struct sigma_formula){0};
    for (size_t i = 0; i < n_items; i++) {
        struct sigma_formula f = {0};
        if (!check_condition_text(s, &items[i]) ||
            !sigma_condition_load(s, &items[i], selections, n, &f) || !f.formula)
            continue;
        parts[n_parts++] = f.formula;
        out->n_nodes += f.n_nodes;
        if (f.depth > out->depth)
            out->depth = f.depth;
    }
    if (out->n_nodes > SIGMA_FORMULA_MAX)
        diag_error(s->diag, sigma_at(node), "the conditions repeat more than %d parts",
                   SIGMA_FORMULA_MAX);
    else if (n_parts)
        out->formula = formula_join(s->a, FORMULA_OR, parts, n_parts);
    out->depth += n_parts > 1;
}

static void no_condition(struct sigma_scope *s, const struct doc_node *detection)
{
    static const struct str WANTED[] = {{"condition", 9}};

    for (size_t i = 0; i < detection->n_items; i++) {
        const struct doc_key *key = &detection->keys[i];
        if (str_nearest(key->text, WANTED, 1).n) {
            diag_error(s->diag, (struct place){key->line, key->col},
                       "no 'condition', but '%.*s' (did you mean 'condition'?)", SHOWN(key->text));
            return;
        }
    }
    diag_error(s->diag, sigma_at(detection), "'detection' has no 'condition'");
}

static void warn_of_unused(struct sigma_scope *s, const struct sigma_selection *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!list[i].is_used)
            diag_warn(s->diag, list[i].at, "the selection '%.*s' is not used by the condition",
                      SHOWN(list[i].name));
}

static void check_formula(struct sigma_scope *s, const struct doc_node *condition,
                          const struct sigma_formula *f)
{
    if (diag_failed(s->diag))
        return;
    if (!f->formula)
        diag_error(s->diag, sigma_at(condition),
                   "nothing is left of the condition: its selectors match no selection");
    else if (f->depth + 1 > FORMULA_DEPTH_MAX) /* a filter adds one level */
        diag_error(s->diag, sigma_at(condition), "the rule is nested deeper than %d",
                   FORMULA_DEPTH_MAX - 1);
}

static void load_detection(struct sigma_scope *s, const struct doc_node *detection,
                           struct rule *rule)
{
    static const struct str SKIP[] = {{"condition", 9}, {"timeframe", 9}};
    const struct doc_node *condition = doc_get(detection, STR("condition"));
    struct sigma_formula f = {0};
    size_t n;

    struct sigma_selection *list = sigma_selections_load(s, detection, SKIP, ARRAY_LEN(SKIP), &n);
    const struct doc_node *timeframe = doc_get(detection, STR("timeframe"));
    if (timeframe)
        diag_unsupported(
            s->diag, sigma_at(timeframe),
            "'timeframe' belongs to aggregations: Sigma has correlation rules for this");
    if (!condition) {
        no_condition(s, detection);
        return;
    }
    if (condition->type == DOC_LIST && condition->n_items == 0) {
        diag_error(s->diag, sigma_at(condition), "the condition is empty");
        return;
    }
    load_conditions(s, condition, list, n, &f);
    check_formula(s, condition, &f);
    if (!diag_failed(s->diag))
        warn_of_unused(s, list, n);
    rule->formula = diag_failed(s->diag) ? NULL : sigma_pipelines_end(s, f.formula);
}

bool sigma_rule_load(struct sigma_scope *s, const struct doc_node *document, struct rule *rule)
{
    const struct doc_node *detection = doc_get(document, STR("detection"));
    const struct logsource *source = &rule->logsource;

    sigma_metadata_load(s, document, rule);
    if (source->product.n + source->category.n + source->service.n == 0)
        diag_warn(s->diag, sigma_at(document), "no 'logsource': the rule sees every event");
    if (detection->type != DOC_MAP)
        return diag_error(s->diag, sigma_at(detection), "'detection' must be a map, not %s",
                          doc_type_name(detection));
    if (!sigma_parameters_load(s, document, rule))
        return false;
    struct parameter_lists *lists = parameter_lists_new(s->scratch, rule, s->lists);
    if (lists)
        s->lists = parameter_lists_source(lists);
    if (!sigma_pipelines_begin(s, rule))
        return false;
    load_detection(s, detection, rule);
    parameter_lists_check(s->diag, lists);
    sigma_settings_load(s, document, rule);
    return !diag_failed(s->diag);
}
