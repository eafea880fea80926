/* pipeline_read.c - from the YAML of pySigma's pipelines to transformations.
 *
 * A table says which keys each kind of transformation has and who reads them, so that a key that
 * is not in the table is an error with a hint, and a kind outside the subset is named.
 */
#include "lang/sigma/pipeline.h"

#include "lang/sigma/pipeline_impl.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

struct reader {
    struct arena *a;
    struct weir_err *err;
    struct transform *t; /* being read */
    const struct pipeline_var *vars;
    size_t n_vars;
    struct str path;
};

struct pipeline {
    int64_t priority;
    size_t index;
    struct transform *items;
    size_t n;
    const struct pipeline_var *vars;
    size_t n_vars;
};

/* ---- messages and plain values --------------------------------------------------------- */

static enum weir_rc wrong(struct reader *r, const struct doc_node *at, const char *what,
                          const char *wanted)
{
    return err_at(r->err, WEIR_SYNTAX, at->line, at->col, "%s must be %s, not %s", what, wanted,
                  doc_type_name(at));
}

static enum weir_rc unknown(struct reader *r, uint32_t line, uint32_t col, const char *what,
                            struct str name, const struct str *names, size_t n)
{
    struct str near = str_nearest(name, names, n);

    if (near.n)
        return err_at(r->err, WEIR_SYNTAX, line, col, "unknown %s '%.*s' (did you mean '%.*s'?)",
                      what, (int)name.n, name.p, (int)near.n, near.p);
    return err_at(r->err, WEIR_SYNTAX, line, col, "unknown %s '%.*s'", what, (int)name.n, name.p);
}

static enum weir_rc unsupported(struct reader *r, uint32_t line, uint32_t col, const char *what,
                                struct str name)
{
    return err_at(r->err, WEIR_UNSUPPORTED, line, col, "unsupported: the %s '%.*s' of a pipeline",
                  what, (int)name.n, name.p);
}

static enum weir_rc read_text(struct reader *r, const struct doc_node *node, const char *what,
                              struct str *out)
{
    if (!doc_is_scalar(node) || node->type == DOC_NULL)
        return wrong(r, node, what, "text");
    *out = node->text;
    return WEIR_OK;
}

static enum weir_rc read_bool(struct reader *r, const struct doc_node *node, const char *what,
                              bool *out)
{
    if (node->type != DOC_BOOL)
        return wrong(r, node, what, "true or false");
    *out = node->is_true;
    return WEIR_OK;
}

static enum weir_rc read_texts(struct reader *r, const struct doc_node *node, const char *what,
                               struct str_list *out)
{
    bool is_list = node->type == DOC_LIST;
    size_t n = is_list ? node->n_items : 1;
    const struct doc_node *items = is_list ? node->items : node;
    struct str *texts = ARENA_ARRAY(r->a, n, struct str);

    for (size_t i = 0; i < n; i++)
        TRY(read_text(r, &items[i], what, &texts[i]));
    *out = (struct str_list){texts, n};
    return WEIR_OK;
}

/* ---- conditions ------------------------------------------------------------------------- */

static enum weir_rc read_any(struct reader *r, const struct doc_node *node, bool *out)
{
    struct str text = STR("");

    TRY(read_text(r, node, "the operator", &text));
    *out = str_eq(text, STR("or"));
    if (!*out && !str_eq(text, STR("and")))
        return err_at(r->err, WEIR_SYNTAX, node->line, node->col,
                      "the operator must be 'and' or 'or', not '%.*s'", (int)text.n, text.p);
    return WEIR_OK;
}

/* The text of a key that must be there; other keys than those of names are errors. */
static enum weir_rc need(struct reader *r, const struct doc_node *map, const char *key,
                         struct str *out)
{
    const struct doc_node *node = doc_get(map, str_from(key));

    if (!node)
        return err_at(r->err, WEIR_SYNTAX, map->line, map->col, "`%s` is missing", key);
    return read_text(r, node, key, out);
}

static enum weir_rc only_keys(struct reader *r, const struct doc_node *map, const char *what,
                              const struct str *names, size_t n)
{
    for (size_t i = 0; i < map->n_items; i++) {
        bool is_known = false;
        for (size_t k = 0; k < n; k++)
            is_known |= str_eq(map->keys[i].text, names[k]);
        if (!is_known)
            return unknown(r, map->keys[i].line, map->keys[i].col, what, map->keys[i].text, names,
                           n);
    }
    return WEIR_OK;
}

static enum weir_rc read_source(struct reader *r, const struct doc_node *map, struct logsource *out)
{
    static const char *const NAMES[] = {"category", "product", "service"};
    struct str *const slots[] = {&out->category, &out->product, &out->service};
    size_t n = 0;

    *out = (struct logsource){.product = STR(""), .category = STR(""), .service = STR("")};
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        const struct doc_node *node = doc_get(map, str_from(NAMES[i]));
        if (!node || node->type == DOC_NULL)
            continue;
        TRY(read_text(r, node, NAMES[i], slots[i]));
        n++;
    }
    if (n == 0)
        return err_at(r->err, WEIR_SYNTAX, map->line, map->col,
                      "a log source needs category, product or service");
    return WEIR_OK;
}

static enum weir_rc read_attribute(struct reader *r, const struct doc_node *map,
                                   struct rule_condition *out)
{
    static const struct str NAMES[] = {{"id", 2}, {"title", 5}, {"level", 5}, {"status", 6}};
    const struct doc_node *op = doc_get(map, STR("op"));

    TRY(need(r, map, "attribute", &out->key));
    TRY(need(r, map, "value", &out->value));
    if (op && !str_eq(op->text, STR("eq")))
        return unsupported(r, op->line, op->col, "operator", op->text);
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
        if (str_eq(NAMES[i], out->key))
            return WEIR_OK;
    return unsupported(r, map->line, map->col, "rule attribute", out->key);
}

static enum weir_rc read_rule_condition(struct reader *r, const struct doc_node *map,
                                        struct rule_condition *out)
{
    static const struct str KINDS[] = {{"logsource", 9},
                                       {"tag", 3},
                                       {"rule_attribute", 14},
                                       {"is_sigma_rule", 13},
                                       {"is_sigma_correlation_rule", 25},
                                       {"processing_state", 16},
                                       {"processing_item_applied", 23}};
    static const struct str NAMES[] = {{"type", 4},
                                       {"category", 8},
                                       {"product", 7},
                                       {"service", 7},
                                       {"tag", 3},
                                       {"attribute", 9},
                                       {"value", 5},
                                       {"op", 2},
                                       {"key", 3},
                                       {"val", 3},
                                       {"processing_item_id", 18}};
    struct str kind = STR("");
    size_t k = 0;

    if (map->type != DOC_MAP)
        return wrong(r, map, "a rule condition", "a map with type");
    TRY(need(r, map, "type", &kind));
    while (k < ARRAY_LEN(KINDS) && !str_eq(KINDS[k], kind))
        k++;
    if (k == ARRAY_LEN(KINDS))
        return unsupported(r, map->line, map->col, "rule condition", kind);
    TRY(only_keys(r, map, "key of a rule condition", NAMES, ARRAY_LEN(NAMES)));
    *out = (struct rule_condition){.kind = (enum rule_condition_kind)k};
    switch (out->kind) {
    case CONDITION_LOGSOURCE:
        return read_source(r, map, &out->source);
    case CONDITION_TAG:
        return need(r, map, "tag", &out->value);
    case CONDITION_ATTRIBUTE:
        return read_attribute(r, map, out);
    case CONDITION_STATE:
        TRY(need(r, map, "key", &out->key));
        return need(r, map, "val", &out->value);
    case CONDITION_APPLIED:
        return need(r, map, "processing_item_id", &out->value);
    case CONDITION_IS_RULE:
    case CONDITION_IS_CORRELATION:
        break;
    }
    return WEIR_OK;
}

static enum weir_rc read_rule_conditions(struct reader *r, const struct doc_node *node)
{
    if (node->type != DOC_LIST)
        return wrong(r, node, "rule_conditions", "a list");
    struct rule_condition *list = ARENA_ARRAY(r->a, node->n_items, struct rule_condition);
    for (size_t i = 0; i < node->n_items; i++)
        TRY(read_rule_condition(r, &node->items[i], &list[i]));
    r->t->rule_conditions = list;
    r->t->n_rule_conditions = node->n_items;
    return WEIR_OK;
}

static enum weir_rc read_field_condition(struct reader *r, const struct doc_node *map,
                                         struct field_condition *out)
{
    static const struct str NAMES[] = {{"type", 4}, {"fields", 6}, {"mode", 4}};
    struct str kind = STR("");

    if (map->type != DOC_MAP)
        return wrong(r, map, "a field condition", "a map with type");
    TRY(need(r, map, "type", &kind));
    out->is_exclude = str_eq(kind, STR("exclude_fields"));
    if (!out->is_exclude && !str_eq(kind, STR("include_fields")))
        return unsupported(r, map->line, map->col, "field condition", kind);
    TRY(only_keys(r, map, "key of a field condition", NAMES, ARRAY_LEN(NAMES)));
    const struct doc_node *mode = doc_get(map, STR("mode"));
    if (mode && !str_eq(mode->text, STR("plain")))
        return unsupported(r, mode->line, mode->col, "mode", mode->text);
    const struct doc_node *fields = doc_get(map, STR("fields"));
    if (!fields)
        return err_at(r->err, WEIR_SYNTAX, map->line, map->col, "`fields` is missing");
    return read_texts(r, fields, "fields", &out->fields);
}

static enum weir_rc read_field_conditions(struct reader *r, const struct doc_node *node)
{
    if (node->type != DOC_LIST)
        return wrong(r, node, "field_name_conditions", "a list");
    struct field_condition *list = ARENA_ARRAY(r->a, node->n_items, struct field_condition);
    for (size_t i = 0; i < node->n_items; i++)
        TRY(read_field_condition(r, &node->items[i], &list[i]));
    r->t->field_conditions = list;
    r->t->n_field_conditions = node->n_items;
    return WEIR_OK;
}

/* ---- what the kinds are given -------------------------------------------------------------- */

/* `null: message` gives keywords a field. */
static bool is_null_text(struct str text)
{
    return text.n == 0 || str_eq(text, STR("~")) || str_eq_ci(text, STR("null"));
}

static enum weir_rc read_mapping(struct reader *r, const struct doc_node *node)
{
    if (node->type != DOC_MAP)
        return wrong(r, node, "mapping", "a map of field: field or fields");
    struct field_mapping *list = ARENA_ARRAY(r->a, node->n_items, struct field_mapping);
    for (size_t i = 0; i < node->n_items; i++) {
        list[i].from = is_null_text(node->keys[i].text) ? STR("") : node->keys[i].text;
        TRY(read_texts(r, &node->items[i], "the field", &list[i].to));
        if (list[i].to.n == 0 || list[i].to.n > PIPELINE_FIELDS_MAX)
            return err_at(r->err, WEIR_LIMIT, node->items[i].line, node->items[i].col,
                          "a field is mapped to 1 to %d fields", PIPELINE_FIELDS_MAX);
    }
    r->t->mappings = list;
    r->t->n_mappings = node->n_items;
    return WEIR_OK;
}

static enum weir_rc read_plain(struct reader *r, const struct doc_node *node)
{
    return read_text(r, node, "the value", &r->t->text);
}

static enum weir_rc read_regex(struct reader *r, const struct doc_node *node)
{
    struct regex_fault fault;
    struct regex re = {0};

    TRY(read_text(r, node, "regex", &re.pattern));
    re.pattern = regex_with_least_counts(r->a, re.pattern);
    if (expr_regex_new(r->a, &re, &r->t->regex, &fault) != WEIR_OK)
        return err_at(r->err, WEIR_SYNTAX, node->line, node->col, "not a valid regex: %s",
                      fault.text);
    return WEIR_OK;
}

static enum weir_rc read_algorithms(struct reader *r, const struct doc_node *node)
{
    return read_texts(r, node, "valid_hash_algos", &r->t->algorithms);
}

static enum weir_rc read_drops(struct reader *r, const struct doc_node *node)
{
    return read_bool(r, node, "drop_algo_prefix", &r->t->drops_algorithm);
}

static enum weir_rc read_added(struct reader *r, const struct doc_node *node)
{
    if (node->type != DOC_MAP || node->n_items == 0)
        return wrong(r, node, "conditions", "a map of field: value");
    r->t->conditions = node;
    return WEIR_OK;
}

static enum weir_rc read_negated(struct reader *r, const struct doc_node *node)
{
    return read_bool(r, node, "negated", &r->t->is_negated);
}

static enum weir_rc read_include(struct reader *r, const struct doc_node *node)
{
    return read_texts(r, node, "include", &r->t->include);
}

static enum weir_rc read_exclude(struct reader *r, const struct doc_node *node)
{
    return read_texts(r, node, "exclude", &r->t->exclude);
}

static enum weir_rc read_state_key(struct reader *r, const struct doc_node *node)
{
    return read_text(r, node, "key", &r->t->key);
}

/* The keys of change_logsource are read together, when the whole is there. */
static enum weir_rc read_later(UNUSED struct reader *r, UNUSED const struct doc_node *node)
{
    return WEIR_OK;
}

struct transform_key {
    const char *name;
    bool is_needed;
    enum weir_rc (*read)(struct reader *r, const struct doc_node *node);
};

enum { TRANSFORM_KEYS_MAX = 4 };

static const struct {
    const char *name;
    struct transform_key keys[TRANSFORM_KEYS_MAX];
} KINDS[] = {
    [TRANSFORM_FIELD_MAPPING] = {"field_name_mapping", {{"mapping", true, read_mapping}}},
    [TRANSFORM_PREFIX_MAPPING] = {"field_name_prefix_mapping", {{"mapping", true, read_mapping}}},
    [TRANSFORM_FIELD_PREFIX] = {"field_name_prefix", {{"prefix", true, read_plain}}},
    [TRANSFORM_FIELD_SUFFIX] = {"field_name_suffix", {{"suffix", true, read_plain}}},
    [TRANSFORM_HASHES] = {"hashes_fields",
                          {{"valid_hash_algos", true, read_algorithms},
                           {"field_prefix", false, read_plain},
                           {"drop_algo_prefix", false, read_drops}}},
    [TRANSFORM_REPLACE_STRING] = {"replace_string",
                                  {{"regex", true, read_regex}, {"replacement", true, read_plain}}},
    [TRANSFORM_PLACEHOLDERS] = {"value_placeholders",
                                {{"include", false, read_include},
                                 {"exclude", false, read_exclude}}},
    [TRANSFORM_ADD_CONDITION] = {"add_condition",
                                 {{"conditions", true, read_added},
                                  {"negated", false, read_negated}}},
    [TRANSFORM_LOGSOURCE] = {"change_logsource",
                             {{"category", false, read_later},
                              {"product", false, read_later},
                              {"service", false, read_later}}},
    [TRANSFORM_DROP] = {"drop_detection_item", {{0}}},
    [TRANSFORM_FAILURE] = {"rule_failure", {{"message", true, read_plain}}},
    [TRANSFORM_SET_STATE] = {"set_state",
                             {{"key", true, read_state_key}, {"val", true, read_plain}}},
};

/* ---- one transformation -------------------------------------------------------------------- */

static enum weir_rc read_kind(struct reader *r, const struct doc_node *map)
{
    struct str kind = STR("");

    TRY(need(r, map, "type", &kind));
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
        if (str_eq(str_from(KINDS[i].name), kind)) {
            r->t->kind = (enum transform_kind)i;
            return WEIR_OK;
        }
    const struct doc_node *node = doc_get(map, STR("type"));
    return unsupported(r, node->line, node->col, "transformation", kind);
}

/* Keys that all kinds have; *is_known false for others. */
static enum weir_rc read_common(struct reader *r, const struct doc_key *key,
                                const struct doc_node *node, bool *is_known)
{
    static const char *const REFUSED[] = {
        "detection_item_conditions",  "detection_item_cond_op",
        "detection_item_cond_not",    "rule_cond_expression",
        "field_name_cond_expression", "detection_item_cond_expression"};

    *is_known = true;
    for (size_t i = 0; i < ARRAY_LEN(REFUSED); i++)
        if (str_eq(key->text, str_from(REFUSED[i])))
            return unsupported(r, key->line, key->col, "key", key->text);
    if (str_eq(key->text, STR("type")))
        return WEIR_OK;
    if (str_eq(key->text, STR("id")))
        return read_text(r, node, "id", &r->t->id);
    if (str_eq(key->text, STR("rule_conditions")))
        return read_rule_conditions(r, node);
    if (str_eq(key->text, STR("rule_cond_op")))
        return read_any(r, node, &r->t->rule_any);
    if (str_eq(key->text, STR("rule_cond_not")))
        return read_bool(r, node, "rule_cond_not", &r->t->rule_not);
    if (str_eq(key->text, STR("field_name_conditions")))
        return read_field_conditions(r, node);
    if (str_eq(key->text, STR("field_name_cond_op")))
        return read_any(r, node, &r->t->field_any);
    if (str_eq(key->text, STR("field_name_cond_not")))
        return read_bool(r, node, "field_name_cond_not", &r->t->field_not);
    *is_known = false;
    return WEIR_OK;
}

static enum weir_rc read_own(struct reader *r, const struct doc_key *key,
                             const struct doc_node *node)
{
    const struct transform_key *keys = KINDS[r->t->kind].keys;
    struct str names[TRANSFORM_KEYS_MAX + 4] = {STR("rule_conditions"),
                                                STR("field_name_conditions"), STR("rule_cond_op"),
                                                STR("field_name_cond_op")};
    size_t n = 4;

    for (size_t i = 0; i < TRANSFORM_KEYS_MAX && keys[i].name; i++) {
        if (str_eq(key->text, str_from(keys[i].name)))
            return keys[i].read(r, node);
        names[n++] = str_from(keys[i].name);
    }
    char what[80];
    snprintf(what, sizeof what, "key of %s", KINDS[r->t->kind].name);
    return unknown(r, key->line, key->col, what, key->text, names, n);
}

static enum weir_rc read_transform(struct reader *r, const struct doc_node *map)
{
    if (map->type != DOC_MAP)
        return wrong(r, map, "a transformation", "a map with type");
    *r->t = (struct transform){
        .line = map->line, .col = map->col, .pipeline = r->path, .text = STR("")};
    TRY(read_kind(r, map));
    for (size_t i = 0; i < map->n_items; i++) {
        bool is_known;
        TRY(read_common(r, &map->keys[i], &map->items[i], &is_known));
        if (!is_known)
            TRY(read_own(r, &map->keys[i], &map->items[i]));
    }
    const struct transform_key *keys = KINDS[r->t->kind].keys;
    for (size_t i = 0; i < TRANSFORM_KEYS_MAX && keys[i].name; i++)
        if (keys[i].is_needed && !doc_get(map, str_from(keys[i].name)))
            return err_at(r->err, WEIR_SYNTAX, map->line, map->col, "%s needs `%s`",
                          KINDS[r->t->kind].name, keys[i].name);
    size_t fault;
    if (r->t->kind == TRANSFORM_REPLACE_STRING &&
        !pipeline_template_check(r->t->regex, r->t->text, &fault)) {
        const struct doc_node *node = doc_get(map, STR("replacement"));
        return err_at(r->err, WEIR_SYNTAX, node->line, node->col,
                      "the replacement has no meaning from '%.*s' on (\\1, \\g<1>, \\g<name>, "
                      "\\\\)",
                      SHOWN(str_sub(r->t->text, fault, SIZE_MAX)));
    }
    return r->t->kind == TRANSFORM_LOGSOURCE ? read_source(r, map, &r->t->source) : WEIR_OK;
}

/* ---- files --------------------------------------------------------------------------------- */

/* {name: text, or a list of texts} */
static enum weir_rc read_vars(struct reader *r, const struct doc_node *vars)
{
    if (vars->type != DOC_MAP)
        return wrong(r, vars, "vars", "a map of name: values");
    struct pipeline_var *list = ARENA_ARRAY(r->a, vars->n_items, struct pipeline_var);
    for (size_t i = 0; i < vars->n_items; i++) {
        list[i].name = vars->keys[i].text;
        TRY(read_texts(r, &vars->items[i], "a variable", &list[i].values));
    }
    r->vars = list;
    r->n_vars = vars->n_items;
    return WEIR_OK;
}

static enum weir_rc check_top(struct reader *r, const struct doc_node *doc)
{
    static const struct str NAMES[] = {
        {"name", 4}, {"priority", 8},          {"transformations", 15},
        {"vars", 4}, {"allowed_backends", 16}, {"description", 11}};
    static const struct str REFUSED[] = {{"postprocessing", 14}, {"finalizers", 10}};

    if (doc->type != DOC_MAP)
        return wrong(r, doc, "a pipeline", "a map with transformations");
    for (size_t i = 0; i < doc->n_items; i++)
        for (size_t k = 0; k < ARRAY_LEN(REFUSED); k++)
            if (str_eq(doc->keys[i].text, REFUSED[k]))
                return unsupported(r, doc->keys[i].line, doc->keys[i].col, "part", REFUSED[k]);
    return only_keys(r, doc, "key of a pipeline", NAMES, ARRAY_LEN(NAMES));
}

static enum weir_rc read_pipeline(struct reader *r, const struct doc_node *doc,
                                  struct pipeline *out)
{
    TRY(check_top(r, doc));
    const struct doc_node *priority = doc_get(doc, STR("priority"));
    const struct doc_node *list = doc_get(doc, STR("transformations"));
    const struct doc_node *vars = doc_get(doc, STR("vars"));
    r->vars = NULL;
    r->n_vars = 0;
    if (priority && (priority->type != DOC_INT || !str_to_i64(priority->text, &out->priority)))
        return wrong(r, priority, "priority", "a number");
    if (vars)
        TRY(read_vars(r, vars));
    out->vars = r->vars;
    out->n_vars = r->n_vars;
    if (!list && vars)
        return WEIR_OK; /* values for the placeholders of others */
    if (!list)
        return err_at(r->err, WEIR_SYNTAX, doc->line, doc->col, "`transformations` is missing");
    if (list->type != DOC_LIST)
        return wrong(r, list, "transformations", "a list");
    out->items = ARENA_ARRAY(r->a, list->n_items, struct transform);
    out->n = list->n_items;
    for (size_t i = 0; i < list->n_items; i++) {
        r->t = &out->items[i];
        TRY(read_transform(r, &list->items[i]));
    }
    return WEIR_OK;
}

static enum weir_rc read_file(struct reader *r, const struct pipeline_file *file,
                              struct pipeline *out)
{
    struct doc_node *docs;
    size_t n;

    r->path = arena_str(r->a, file->path);
    TRY(doc_parse_yaml(r->a, arena_str(r->a, file->text), &docs, &n, r->err));
    if (n != 1)
        return err_at(r->err, WEIR_SYNTAX, 1, 1, "a pipeline file holds one map");
    return read_pipeline(r, &docs[0], out);
}

static int by_priority(const void *a, const void *b)
{
    const struct pipeline *x = a, *y = b;

    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* The variables of all pipelines, the last one's first: they serve every value_placeholders, and
 * a later pipeline's take the place of an earlier one's. */
static void join_vars(struct reader *r, const struct pipeline *list, size_t n)
{
    size_t n_vars = 0, at = 0;

    for (size_t i = 0; i < n; i++)
        n_vars += list[i].n_vars;
    struct pipeline_var *vars = ARENA_ARRAY(r->a, n_vars, struct pipeline_var);
    for (size_t i = n; i-- > 0;)
        for (size_t k = 0; k < list[i].n_vars; k++)
            vars[at++] = list[i].vars[k];
    r->vars = vars;
    r->n_vars = n_vars;
}

enum weir_rc sigma_pipelines_read(struct arena *a, const struct pipeline_file *files, size_t n,
                                  const struct sigma_pipelines **out, struct weir_err *err)
{
    struct reader r = {.a = a, .err = err};
    struct pipeline *list = ARENA_ARRAY(a, n, struct pipeline);
    struct sigma_pipelines *p = ARENA_NEW(a, struct sigma_pipelines);

    if (n > PIPELINES_MAX)
        return err_set(err, WEIR_LIMIT, "more than %d pipelines", PIPELINES_MAX);
    for (size_t i = 0; i < n; i++) {
        list[i].index = i;
        enum weir_rc rc = read_file(&r, &files[i], &list[i]);
        if (rc != WEIR_OK) {
            err_file(err, files[i].path);
            return rc;
        }
        p->n += list[i].n;
    }
    if (p->n > PIPELINE_ITEMS_MAX)
        return err_set(err, WEIR_LIMIT, "more than %d transformations", PIPELINE_ITEMS_MAX);
    if (n)
        qsort(list, n, sizeof *list, by_priority);
    struct transform *items = ARENA_ARRAY(a, p->n, struct transform);
    size_t at = 0, n_states = 0;
    join_vars(&r, list, n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < list[i].n; k++) {
            items[at] = list[i].items[k];
            items[at].vars = r.vars;
            items[at].n_vars = r.n_vars;
            n_states += items[at++].kind == TRANSFORM_SET_STATE;
        }
    if (n_states > PIPELINE_STATES_MAX)
        return err_set(err, WEIR_LIMIT, "more than %d set_state", PIPELINE_STATES_MAX);
    p->items = items;
    *out = p;
    return WEIR_OK;
}
