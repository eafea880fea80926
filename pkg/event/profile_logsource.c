/* profile_logsource.c - `logsource` and `streams`: of which source, and under which names, the
 * events of a profile are kept.
 */
#include "event/profile_read.h"

#include "base/str.h"

/* ---- logsource -------------------------------------------------------------------------- */

static const struct str SOURCE_NAMES[] = {{"product", 7}, {"category", 8}, {"service", 7}};

/* Append one element to a list that stays in the arena. */
static struct str_list list_with(struct arena *a, struct str_list list, struct str text)
{
    struct str *items = ARENA_ARRAY(a, list.n + 1, struct str);

    for (size_t i = 0; i < list.n; i++)
        items[i] = list.items[i];
    items[list.n] = text;
    return (struct str_list){items, list.n + 1};
}

static enum weir_rc input_of(struct profile_reader *r, struct str field, uint32_t line,
                             uint32_t col, uint32_t *out)
{
    struct profile *p = r->p;

    for (size_t i = 0; i < p->inputs.n; i++)
        if (str_eq(p->inputs.items[i], field)) {
            *out = (uint32_t)i;
            return WEIR_OK;
        }
    if (p->inputs.n == SOURCE_INPUTS_MAX)
        return err_at(r->err, WEIR_LIMIT, line, col,
                      "the logsource of a profile asks at most %d different fields",
                      SOURCE_INPUTS_MAX);
    *out = (uint32_t)p->inputs.n;
    p->inputs = list_with(r->arena, p->inputs, field);
    return WEIR_OK;
}

/* A value, or a list; the empty list says "known to be none". */
static enum weir_rc read_source_values(struct profile_reader *r, const struct doc_node *node,
                                       struct logsource_values *out)
{
    struct str_list list;

    TRY(profile_read_paths(r, node, "the logsource value", LOGSOURCE_VALUES_MAX, &list));
    *out = (struct logsource_values){.n = (uint32_t)list.n, .is_known = true};
    for (size_t i = 0; i < list.n; i++)
        out->values[i] = list.items[i];
    return WEIR_OK;
}

/* {from: field or fields, default: value} */
static enum weir_rc read_source_from(struct profile_reader *r, const struct doc_node *node, int key)
{
    static const struct str names[] = {{"from", 4}, {"default", 7}};
    const struct doc_node *from = doc_get(node, STR("from"));
    const struct doc_node *constant = doc_get(node, STR("default"));
    struct str_list fields;

    TRY(profile_check_keys(r, node, "key", names, ARRAY_LEN(names)));
    if (!from)
        return profile_fail(r, node, "`from` is missing");
    TRY(profile_read_paths(r, from, "from", SOURCE_INPUTS_MAX, &fields));
    r->p->n_from[key] = fields.n;
    for (size_t i = 0; i < fields.n; i++)
        TRY(input_of(r, fields.items[i], from->line, from->col, &r->p->from[key][i]));
    r->p->constants[key] = (struct logsource_values){0};
    if (constant)
        TRY(read_source_values(r, constant, &r->p->constants[key]));
    return WEIR_OK;
}

static enum weir_rc read_when(struct profile_reader *r, const struct doc_node *node,
                              struct source_rule *rule)
{
    if (node->type != DOC_MAP || node->n_items == 0)
        return profile_wrong_type(r, node, "when", "a map of field: values");
    struct source_condition *c = ARENA_ARRAY(r->arena, node->n_items, struct source_condition);

    for (size_t i = 0; i < node->n_items; i++) {
        const struct doc_node *value = &node->items[i];
        TRY(input_of(r, node->keys[i].text, node->keys[i].line, node->keys[i].col, &c[i].input));
        if (doc_is_scalar(value) && str_eq(value->text, STR("*")))
            continue;
        TRY(profile_read_texts(r, value, "the value", &c[i].values));
        if (c[i].values.n == 0)
            return profile_fail(r, value, "the list of values is empty");
    }
    rule->conditions = c;
    rule->n_conditions = node->n_items;
    return WEIR_OK;
}

static enum weir_rc read_source_rule(struct profile_reader *r, const struct doc_node *node,
                                     struct source_rule *out)
{
    static const struct str names[] = {
        {"when", 4}, {"product", 7}, {"category", 8}, {"service", 7}};
    const struct doc_node *when = doc_get(node, STR("when"));

    if (node->type != DOC_MAP)
        return profile_wrong_type(r, node, "a logsource rule", "a map with when");
    TRY(profile_check_keys(r, node, "key of a logsource rule", names, ARRAY_LEN(names)));
    if (!when)
        return profile_fail(r, node, "`when` is missing");
    TRY(read_when(r, when, out));
    for (int key = 0; key < SOURCE_KEYS; key++) {
        const struct doc_node *value = doc_get(node, SOURCE_NAMES[key]);
        if (!value)
            continue;
        TRY(read_source_values(r, value, &out->values[key]));
        out->sets[key] = true;
    }
    return WEIR_OK;
}

/* Own rules come before those of the extended profile: the first that holds decides. */
static enum weir_rc read_source_rules(struct profile_reader *r, const struct doc_node *node)
{
    struct profile *p = r->p;

    if (node->type != DOC_LIST)
        return profile_wrong_type(r, node, "rules", "a list");
    struct source_rule *rules =
        ARENA_ARRAY(r->arena, node->n_items + p->n_rules, struct source_rule);
    for (size_t i = 0; i < node->n_items; i++)
        TRY(read_source_rule(r, &node->items[i], &rules[i]));
    for (size_t i = 0; i < p->n_rules; i++)
        rules[node->n_items + i] = p->rules[i];
    p->rules = rules;
    p->n_rules += node->n_items;
    return WEIR_OK;
}

enum weir_rc profile_read_logsource(struct profile_reader *r, const struct doc_node *node)
{
    static const struct str names[] = {
        {"product", 7}, {"category", 8}, {"service", 7}, {"rules", 5}};

    if (node->type != DOC_MAP)
        return profile_wrong_type(r, node, "logsource", "a map");
    TRY(profile_check_keys(r, node, "key of logsource", names, ARRAY_LEN(names)));
    for (int key = 0; key < SOURCE_KEYS; key++) {
        const struct doc_node *value = doc_get(node, SOURCE_NAMES[key]);
        if (!value)
            continue;
        if (value->type == DOC_MAP) {
            TRY(read_source_from(r, value, key));
            continue;
        }
        r->p->n_from[key] = 0;
        TRY(read_source_values(r, value, &r->p->constants[key]));
    }
    const struct doc_node *rules = doc_get(node, STR("rules"));
    return rules ? read_source_rules(r, rules) : WEIR_OK;
}

/* ---- streams ------------------------------------------------------------------------------- */

/* The slot of a field among those that stand in stream names. */
static enum weir_rc stream_slot(struct profile_reader *r, const struct doc_node *node,
                                struct str field, uint32_t *out)
{
    struct profile *p = r->p;
    uint32_t input;

    TRY(input_of(r, field, node->line, node->col, &input));
    for (uint32_t i = 0; i < p->n_stream_slots; i++)
        if (p->stream_slots[i] == input) {
            *out = i;
            return WEIR_OK;
        }
    if (p->n_stream_slots == STREAM_SLOTS_MAX)
        return err_at(r->err, WEIR_LIMIT, node->line, node->col,
                      "stream names hold at most %d different fields", STREAM_SLOTS_MAX);
    *out = p->n_stream_slots;
    p->stream_slots[p->n_stream_slots++] = input;
    return WEIR_OK;
}

/* `logs-*`, or with one field in it: `logs-{data_stream.dataset}-*` */
static enum weir_rc read_stream(struct profile_reader *r, const struct doc_node *node,
                                struct str text, struct stream_pattern *out)
{
    size_t open = str_find_char(text, '{', 0), close = str_find_char(text, '}', 0);

    if (text.n == 0 || text.n > STREAM_NAME_MAX)
        return err_at(r->err, WEIR_SYNTAX, node->line, node->col,
                      "a stream's name has 1 to %d bytes", STREAM_NAME_MAX);
    *out = (struct stream_pattern){text, STR(""), STREAM_NO_SLOT};
    if (open == SIZE_MAX && close == SIZE_MAX)
        return WEIR_OK;
    if (open == SIZE_MAX || close == SIZE_MAX || close <= open + 1 ||
        str_find_char(text, '{', open + 1) != SIZE_MAX ||
        str_find_char(text, '}', close + 1) != SIZE_MAX)
        return profile_fail(r, node, "a stream's name holds at most one {field}");
    out->before = str_sub(text, 0, open);
    out->after = str_sub(text, close + 1, text.n);
    return stream_slot(r, node, str_sub(text, open + 1, close - open - 1), &out->slot);
}

enum weir_rc profile_read_streams(struct profile_reader *r, const struct doc_node *node)
{
    struct str_list list;

    TRY(profile_read_paths(r, node, "streams", STREAM_PATTERNS_MAX, &list));
    struct stream_pattern *patterns = ARENA_ARRAY(r->arena, list.n, struct stream_pattern);
    r->p->n_stream_slots = 0;
    for (size_t i = 0; i < list.n; i++)
        TRY(read_stream(r, node->type == DOC_LIST ? &node->items[i] : node, list.items[i],
                        &patterns[i]));
    r->p->streams = patterns;
    r->p->n_streams = list.n;
    return WEIR_OK;
}
