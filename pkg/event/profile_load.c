/* profile_load.c - from profile files to a profile set.
 *
 * Files are parsed into documents first and resolved by name afterwards, since a profile may
 * extend one that comes later. To resolve one: start from a copy of what it extends, then let each
 * key of its own replace or add (docs/profiles.md says which). A user's file of the name of
 * a built-in takes its place; if it extends its own name, it means the built-in.
 */
#include "event/profile.h"

#include "base/embed.h"
#include "base/str.h"
#include "doc/doc.h"
#include "event/profile_alias.h"
#include "event/profile_derive.h"
#include "event/profile_impl.h"
#include "event/way.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOURCES_MAX = 2 * PROFILES_MAX,
    PROFILE_FILE_MAX = 4 * 1024 * 1024,
    PRIORITY_DEFAULT = 50,
    EXTENDS_DEPTH_MAX = 8,
    JOIN_BYTES_MAX = 16
};

static const char FALLBACK_NAME[] = "unknown";

/* A profile file: parsed, not yet resolved. */
struct source {
    struct str name, path, text;
    const struct doc_node *doc;
    bool is_builtin;
    bool is_replaced; /* a user's file has taken its name */
    struct profile *profile;
};

struct loader {
    struct arena *arena;
    struct weir_err *err;
    struct source *sources;
    size_t n_sources;
    struct profile *p; /* the one being resolved */
};

/* ---- messages -------------------------------------------------------------------- */

static enum weir_rc fail(struct loader *l, const struct doc_node *at, const char *text)
{
    return err_at(l->err, WEIR_SYNTAX, at->line, at->col, "%s", text);
}

static enum weir_rc wrong_type(struct loader *l, const struct doc_node *at, const char *what,
                               const char *wanted)
{
    return err_at(l->err, WEIR_SYNTAX, at->line, at->col, "%s must be %s, not %s", what, wanted,
                  doc_type_name(at));
}

/* "unknown ... 'x' (did you mean 'y'?)" */
static enum weir_rc unknown_name(struct loader *l, uint32_t line, uint32_t col, const char *what,
                                 struct str name, const struct str *names, size_t n)
{
    struct str near = str_nearest(name, names, n);

    if (near.n)
        return err_at(l->err, WEIR_SYNTAX, line, col, "unknown %s '%.*s' (did you mean '%.*s'?)",
                      what, (int)name.n, name.p, (int)near.n, near.p);
    return err_at(l->err, WEIR_SYNTAX, line, col, "unknown %s '%.*s'", what, (int)name.n, name.p);
}

/* Every key of a map must be one of names. */
static enum weir_rc check_keys(struct loader *l, const struct doc_node *map, const char *what,
                               const struct str *names, size_t n)
{
    for (size_t i = 0; i < map->n_items; i++) {
        const struct doc_key *key = &map->keys[i];
        bool is_known = false;
        for (size_t k = 0; k < n && !is_known; k++)
            is_known = str_eq(names[k], key->text);
        if (!is_known)
            return unknown_name(l, key->line, key->col, what, key->text, names, n);
    }
    return WEIR_OK;
}

/* ---- plain values ------------------------------------------------------------------ */

static enum weir_rc read_text(struct loader *l, const struct doc_node *node, const char *what,
                              struct str *out)
{
    if (!doc_is_scalar(node) || node->type == DOC_NULL)
        return wrong_type(l, node, what, "text");
    *out = node->text;
    return WEIR_OK;
}

static enum weir_rc read_bool(struct loader *l, const struct doc_node *node, const char *what,
                              bool *out)
{
    if (node->type != DOC_BOOL)
        return wrong_type(l, node, what, "true or false");
    *out = node->is_true;
    return WEIR_OK;
}

/* One text, or a list of texts. */
static enum weir_rc read_texts(struct loader *l, const struct doc_node *node, const char *what,
                               struct str_list *out)
{
    if (node->type == DOC_MAP || node->type == DOC_NULL)
        return wrong_type(l, node, what, "text or a list of texts");
    size_t n = node->type == DOC_LIST ? node->n_items : 1;
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    struct str *texts = ARENA_ARRAY(l->arena, n, struct str);

    for (size_t i = 0; i < n; i++)
        TRY(read_text(l, &items[i], what, &texts[i]));
    *out = (struct str_list){texts, n};
    return WEIR_OK;
}

static enum weir_rc read_paths(struct loader *l, const struct doc_node *node, const char *what,
                               size_t max, struct str_list *out)
{
    struct str_list list;

    TRY(read_texts(l, node, what, &list));
    if (list.n > max)
        return err_at(l->err, WEIR_LIMIT, node->line, node->col, "%s has more than %zu entries",
                      what, max);
    *out = list;
    return WEIR_OK;
}

/* 90s, 5m, 2h, 1d */
static enum weir_rc read_duration(struct loader *l, const struct doc_node *node, int64_t *ms)
{
    static const struct {
        char letter;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    int64_t count;

    if (doc_is_scalar(node) && node->text.n > 1 &&
        str_to_i64(str_sub(node->text, 0, node->text.n - 1), &count) && count >= 0 &&
        count < 100000)
        for (size_t i = 0; i < ARRAY_LEN(units); i++)
            if (node->text.p[node->text.n - 1] == units[i].letter) {
                *ms = count * units[i].ms;
                return WEIR_OK;
            }
    return fail(l, node, "lateness must be a number with s, m, h or d, as 5m");
}

/* Append one element to a list that stays in the arena. */
static struct str_list list_with(struct arena *a, struct str_list list, struct str text)
{
    struct str *items = ARENA_ARRAY(a, list.n + 1, struct str);

    for (size_t i = 0; i < list.n; i++)
        items[i] = list.items[i];
    items[list.n] = text;
    return (struct str_list){items, list.n + 1};
}

/* ---- match --------------------------------------------------------------------------- */

static const struct str TEST_KINDS[] = {{"exists", 6}, {"absent", 6}, {"equals", 6}, {"in", 2}};

/* `equals: {path: value}`, `in: {path: [values]}` */
static enum weir_rc read_value_test(struct loader *l, const struct doc_node *node,
                                    struct marker_test *out)
{
    if (node->type != DOC_MAP || node->n_items != 1)
        return wrong_type(l, node, "the test", "one `path: value`");
    out->kind = MARKER_IN;
    out->path = node->keys[0].text;
    return read_texts(l, &node->items[0], "the value", &out->values);
}

static enum weir_rc read_test(struct loader *l, const struct doc_node *node,
                              struct marker_test *out)
{
    if (node->type != DOC_MAP || node->n_items != 1)
        return wrong_type(l, node, "a test", "one of exists, absent, equals, in");
    TRY(check_keys(l, node, "test", TEST_KINDS, ARRAY_LEN(TEST_KINDS)));

    struct str kind = node->keys[0].text;
    if (str_eq(kind, STR("equals")) || str_eq(kind, STR("in")))
        return read_value_test(l, &node->items[0], out);
    out->kind = str_eq(kind, STR("exists")) ? MARKER_EXISTS : MARKER_ABSENT;
    return read_text(l, &node->items[0], "the path", &out->path);
}

static enum weir_rc read_tests(struct loader *l, const struct doc_node *node,
                               const struct marker_test **out, size_t *n)
{
    if (node->type != DOC_LIST)
        return wrong_type(l, node, "tests", "a list");
    struct marker_test *tests = ARENA_ARRAY(l->arena, node->n_items, struct marker_test);

    for (size_t i = 0; i < node->n_items; i++)
        TRY(read_test(l, &node->items[i], &tests[i]));
    *out = tests;
    *n = node->n_items;
    return WEIR_OK;
}

static enum weir_rc read_alternative(struct loader *l, const struct doc_node *node,
                                     struct marker_match *out)
{
    static const struct str names[] = {{"all", 3}, {"any", 3}};
    struct marker_match m = {0};

    if (node->type != DOC_MAP)
        return wrong_type(l, node, "match", "a map with all, any");
    TRY(check_keys(l, node, "key of match", names, ARRAY_LEN(names)));
    const struct doc_node *all = doc_get(node, STR("all"));
    const struct doc_node *any = doc_get(node, STR("any"));
    if (all)
        TRY(read_tests(l, all, &m.all, &m.n_all));
    if (any)
        TRY(read_tests(l, any, &m.any, &m.n_any));
    if (m.n_all + m.n_any == 0)
        return fail(l, node, "match says nothing: it needs tests below all or any");
    *out = m;
    return WEIR_OK;
}

/* {all: TESTS, any: TESTS}, or a list of such: one of them has to hold. */
static enum weir_rc read_match(struct loader *l, const struct doc_node *node)
{
    bool is_list = node->type == DOC_LIST;
    size_t n = is_list ? node->n_items : 1;
    const struct doc_node *items = is_list ? node->items : node;
    struct marker_match *matches = ARENA_ARRAY(l->arena, n, struct marker_match);

    if (n == 0 || n > MATCHES_MAX)
        return err_at(l->err, WEIR_LIMIT, node->line, node->col, "match has 1 to %d alternatives",
                      MATCHES_MAX);
    for (size_t i = 0; i < n; i++)
        TRY(read_alternative(l, &items[i], &matches[i]));
    l->p->matches = matches;
    l->p->n_matches = n;
    return WEIR_OK;
}

/* ---- fields and value maps ------------------------------------------------------------ */

static enum weir_rc read_roots(struct loader *l, const struct doc_node *node)
{
    return read_paths(l, node, "roots", PATHS_PER_FIELD_MAX, &l->p->roots);
}

/* A path, or {path: PATH, apply: STEPS}. */
static enum weir_rc read_source(struct loader *l, const struct doc_node *node,
                                struct field_source *out)
{
    static const struct str names[] = {{"path", 4}, {"apply", 5}, {"constant", 8}};

    if (node->type != DOC_MAP)
        return read_text(l, node, "the path", &out->path);
    TRY(check_keys(l, node, "key of a path", names, ARRAY_LEN(names)));
    const struct doc_node *path = doc_get(node, STR("path"));
    const struct doc_node *apply = doc_get(node, STR("apply"));
    if (doc_get(node, STR("constant")))
        return fail(l, node, "a constant stands alone: it leaves nothing to look for");
    if (!path)
        return fail(l, node, "`path` is missing: a place is a path or {path: PATH, apply: STEPS}");
    TRY(read_text(l, path, "the path", &out->path));
    return apply ? profile_read_derive(l->arena, apply, &out->derive, l->err) : WEIR_OK;
}

/* {constant: TEXTS} */
static enum weir_rc read_constant(struct loader *l, const struct doc_node *node,
                                  const struct doc_node *constant, struct profile_field *out)
{
    *out = (struct profile_field){.name = out->name};
    if (node->n_items != 1)
        return fail(l, node, "a constant has neither path nor apply");
    TRY(read_texts(l, constant, "the constant", &out->constants));
    return out->constants.n ? WEIR_OK : fail(l, constant, "the constant has no value");
}

static enum weir_rc read_sources(struct loader *l, const struct doc_node *node,
                                 struct profile_field *out)
{
    const struct doc_node *constant = node->type == DOC_MAP ? doc_get(node, STR("constant")) : NULL;
    if (constant)
        return read_constant(l, node, constant, out);
    bool is_list = node->type == DOC_LIST;
    size_t n = is_list ? node->n_items : 1;
    const struct doc_node *items = is_list ? node->items : node;
    struct field_source *sources = ARENA_ARRAY(l->arena, n, struct field_source);

    if (n > PATHS_PER_FIELD_MAX)
        return err_at(l->err, WEIR_LIMIT, node->line, node->col,
                      "the paths has more than %d entries", PATHS_PER_FIELD_MAX);
    for (size_t i = 0; i < n; i++)
        TRY(read_source(l, &items[i], &sources[i]));
    *out = (struct profile_field){.name = out->name, .sources = sources, .n_sources = n};
    return WEIR_OK;
}

static enum weir_rc read_fields(struct loader *l, const struct doc_node *node)
{
    struct profile *p = l->p;

    if (node->type != DOC_MAP)
        return wrong_type(l, node, "fields", "a map of field: paths");
    struct profile_field *fields =
        ARENA_ARRAY(l->arena, p->n_fields + node->n_items, struct profile_field);
    size_t n = p->n_fields;
    for (size_t i = 0; i < n; i++)
        fields[i] = p->fields[i];

    for (size_t i = 0; i < node->n_items; i++) {
        size_t at = 0;
        while (at < n && !str_eq(fields[at].name, node->keys[i].text))
            at++;
        n += at == n;
        fields[at].name = node->keys[i].text;
        TRY(read_sources(l, &node->items[i], &fields[at]));
    }
    p->fields = fields;
    p->n_fields = n;
    return WEIR_OK;
}

static enum weir_rc read_pairs(struct loader *l, const struct doc_node *node, struct value_map *out)
{
    if (node->type != DOC_MAP)
        return wrong_type(l, node, "a value map", "a map of value: value");
    struct value_pair *pairs = ARENA_ARRAY(l->arena, node->n_items, struct value_pair);

    for (size_t i = 0; i < node->n_items; i++) {
        pairs[i].from = node->keys[i].text;
        TRY(read_text(l, &node->items[i], "the value", &pairs[i].to));
    }
    out->pairs = pairs;
    out->n_pairs = node->n_items;
    return WEIR_OK;
}

static enum weir_rc read_values(struct loader *l, const struct doc_node *node)
{
    struct profile *p = l->p;

    if (node->type != DOC_MAP)
        return wrong_type(l, node, "values", "a map of field: value map");
    struct value_map *maps = ARENA_ARRAY(l->arena, p->n_maps + node->n_items, struct value_map);
    size_t n = p->n_maps;
    for (size_t i = 0; i < n; i++)
        maps[i] = p->maps[i];

    for (size_t i = 0; i < node->n_items; i++) {
        size_t at = 0;
        while (at < n && !str_eq(maps[at].field, node->keys[i].text))
            at++;
        n += at == n;
        maps[at].field = node->keys[i].text;
        TRY(read_pairs(l, &node->items[i], &maps[at]));
    }
    p->maps = maps;
    p->n_maps = n;
    return WEIR_OK;
}

static enum weir_rc read_prefixes(struct loader *l, const struct doc_node *node)
{
    struct profile *p = l->p;

    if (node->type != DOC_MAP)
        return wrong_type(l, node, "prefixes", "a map of prefix: prefix");
    struct field_prefix *list =
        ARENA_ARRAY(l->arena, p->n_prefixes + node->n_items, struct field_prefix);
    for (size_t i = 0; i < node->n_items; i++) {
        list[i].from = node->keys[i].text;
        TRY(read_text(l, &node->items[i], "the prefix", &list[i].to));
    }
    for (size_t i = 0; i < p->n_prefixes; i++)
        list[node->n_items + i] = p->prefixes[i];
    p->prefixes = list;
    p->n_prefixes += node->n_items;
    return WEIR_OK;
}

static enum weir_rc read_join(struct loader *l, const struct doc_node *node)
{
    struct profile *p = l->p;

    if (node->type != DOC_MAP)
        return wrong_type(l, node, "join", "a map of field: text");
    struct field_join *list = ARENA_ARRAY(l->arena, p->n_joins + node->n_items, struct field_join);
    for (size_t i = 0; i < node->n_items; i++) {
        const struct doc_node *with = &node->items[i];
        list[i].field = node->keys[i].text;
        if (with->type != DOC_STRING || with->text.n == 0 || with->text.n > JOIN_BYTES_MAX)
            return err_at(l->err, WEIR_SYNTAX, with->line, with->col,
                          "what joins values must be text of 1 to %d bytes", JOIN_BYTES_MAX);
        list[i].with = with->text;
    }
    for (size_t i = 0; i < p->n_joins; i++)
        list[node->n_items + i] = p->joins[i];
    p->joins = list;
    p->n_joins += node->n_items;
    return WEIR_OK;
}

/* ---- logsource -------------------------------------------------------------------------- */

static const struct str SOURCE_NAMES[] = {{"product", 7}, {"category", 8}, {"service", 7}};

static enum weir_rc input_of(struct loader *l, struct str field, uint32_t line, uint32_t col,
                             uint32_t *out)
{
    struct profile *p = l->p;

    for (size_t i = 0; i < p->inputs.n; i++)
        if (str_eq(p->inputs.items[i], field)) {
            *out = (uint32_t)i;
            return WEIR_OK;
        }
    if (p->inputs.n == SOURCE_INPUTS_MAX)
        return err_at(l->err, WEIR_LIMIT, line, col,
                      "the logsource of a profile asks at most %d different fields",
                      SOURCE_INPUTS_MAX);
    *out = (uint32_t)p->inputs.n;
    p->inputs = list_with(l->arena, p->inputs, field);
    return WEIR_OK;
}

/* A value, or a list; the empty list says "known to be none". */
static enum weir_rc read_source_values(struct loader *l, const struct doc_node *node,
                                       struct logsource_values *out)
{
    struct str_list list;

    TRY(read_paths(l, node, "the logsource value", LOGSOURCE_VALUES_MAX, &list));
    *out = (struct logsource_values){.n = (uint32_t)list.n, .is_known = true};
    for (size_t i = 0; i < list.n; i++)
        out->values[i] = list.items[i];
    return WEIR_OK;
}

/* {from: field or fields, default: value} */
static enum weir_rc read_source_from(struct loader *l, const struct doc_node *node, int key)
{
    static const struct str names[] = {{"from", 4}, {"default", 7}};
    const struct doc_node *from = doc_get(node, STR("from"));
    const struct doc_node *constant = doc_get(node, STR("default"));
    struct str_list fields;

    TRY(check_keys(l, node, "key", names, ARRAY_LEN(names)));
    if (!from)
        return fail(l, node, "`from` is missing");
    TRY(read_paths(l, from, "from", SOURCE_INPUTS_MAX, &fields));
    l->p->n_from[key] = fields.n;
    for (size_t i = 0; i < fields.n; i++)
        TRY(input_of(l, fields.items[i], from->line, from->col, &l->p->from[key][i]));
    l->p->constants[key] = (struct logsource_values){0};
    if (constant)
        TRY(read_source_values(l, constant, &l->p->constants[key]));
    return WEIR_OK;
}

static enum weir_rc read_when(struct loader *l, const struct doc_node *node,
                              struct source_rule *rule)
{
    if (node->type != DOC_MAP || node->n_items == 0)
        return wrong_type(l, node, "when", "a map of field: values");
    struct source_condition *c = ARENA_ARRAY(l->arena, node->n_items, struct source_condition);

    for (size_t i = 0; i < node->n_items; i++) {
        const struct doc_node *value = &node->items[i];
        TRY(input_of(l, node->keys[i].text, node->keys[i].line, node->keys[i].col, &c[i].input));
        if (doc_is_scalar(value) && str_eq(value->text, STR("*")))
            continue;
        TRY(read_texts(l, value, "the value", &c[i].values));
        if (c[i].values.n == 0)
            return fail(l, value, "the list of values is empty");
    }
    rule->conditions = c;
    rule->n_conditions = node->n_items;
    return WEIR_OK;
}

static enum weir_rc read_source_rule(struct loader *l, const struct doc_node *node,
                                     struct source_rule *out)
{
    static const struct str names[] = {
        {"when", 4}, {"product", 7}, {"category", 8}, {"service", 7}};
    const struct doc_node *when = doc_get(node, STR("when"));

    if (node->type != DOC_MAP)
        return wrong_type(l, node, "a logsource rule", "a map with when");
    TRY(check_keys(l, node, "key of a logsource rule", names, ARRAY_LEN(names)));
    if (!when)
        return fail(l, node, "`when` is missing");
    TRY(read_when(l, when, out));
    for (int key = 0; key < SOURCE_KEYS; key++) {
        const struct doc_node *value = doc_get(node, SOURCE_NAMES[key]);
        if (!value)
            continue;
        TRY(read_source_values(l, value, &out->values[key]));
        out->sets[key] = true;
    }
    return WEIR_OK;
}

/* Own rules come before those of the extended profile: the first that holds decides. */
static enum weir_rc read_source_rules(struct loader *l, const struct doc_node *node)
{
    struct profile *p = l->p;

    if (node->type != DOC_LIST)
        return wrong_type(l, node, "rules", "a list");
    struct source_rule *rules =
        ARENA_ARRAY(l->arena, node->n_items + p->n_rules, struct source_rule);
    for (size_t i = 0; i < node->n_items; i++)
        TRY(read_source_rule(l, &node->items[i], &rules[i]));
    for (size_t i = 0; i < p->n_rules; i++)
        rules[node->n_items + i] = p->rules[i];
    p->rules = rules;
    p->n_rules += node->n_items;
    return WEIR_OK;
}

static enum weir_rc read_logsource(struct loader *l, const struct doc_node *node)
{
    static const struct str names[] = {
        {"product", 7}, {"category", 8}, {"service", 7}, {"rules", 5}};

    if (node->type != DOC_MAP)
        return wrong_type(l, node, "logsource", "a map");
    TRY(check_keys(l, node, "key of logsource", names, ARRAY_LEN(names)));
    for (int key = 0; key < SOURCE_KEYS; key++) {
        const struct doc_node *value = doc_get(node, SOURCE_NAMES[key]);
        if (!value)
            continue;
        if (value->type == DOC_MAP) {
            TRY(read_source_from(l, value, key));
            continue;
        }
        l->p->n_from[key] = 0;
        TRY(read_source_values(l, value, &l->p->constants[key]));
    }
    const struct doc_node *rules = doc_get(node, STR("rules"));
    return rules ? read_source_rules(l, rules) : WEIR_OK;
}

/* ---- streams ------------------------------------------------------------------------------- */

/* The slot of a field among those that stand in stream names. */
static enum weir_rc stream_slot(struct loader *l, const struct doc_node *node, struct str field,
                                uint32_t *out)
{
    struct profile *p = l->p;
    uint32_t input;

    TRY(input_of(l, field, node->line, node->col, &input));
    for (uint32_t i = 0; i < p->n_stream_slots; i++)
        if (p->stream_slots[i] == input) {
            *out = i;
            return WEIR_OK;
        }
    if (p->n_stream_slots == STREAM_SLOTS_MAX)
        return err_at(l->err, WEIR_LIMIT, node->line, node->col,
                      "stream names hold at most %d different fields", STREAM_SLOTS_MAX);
    *out = p->n_stream_slots;
    p->stream_slots[p->n_stream_slots++] = input;
    return WEIR_OK;
}

/* `logs-*`, or with one field in it: `logs-{data_stream.dataset}-*` */
static enum weir_rc read_stream(struct loader *l, const struct doc_node *node, struct str text,
                                struct stream_pattern *out)
{
    size_t open = str_find_char(text, '{', 0), close = str_find_char(text, '}', 0);

    if (text.n == 0 || text.n > STREAM_NAME_MAX)
        return err_at(l->err, WEIR_SYNTAX, node->line, node->col,
                      "a stream's name has 1 to %d bytes", STREAM_NAME_MAX);
    *out = (struct stream_pattern){text, STR(""), STREAM_NO_SLOT};
    if (open == SIZE_MAX && close == SIZE_MAX)
        return WEIR_OK;
    if (open == SIZE_MAX || close == SIZE_MAX || close <= open + 1 ||
        str_find_char(text, '{', open + 1) != SIZE_MAX ||
        str_find_char(text, '}', close + 1) != SIZE_MAX)
        return fail(l, node, "a stream's name holds at most one {field}");
    out->before = str_sub(text, 0, open);
    out->after = str_sub(text, close + 1, text.n);
    return stream_slot(l, node, str_sub(text, open + 1, close - open - 1), &out->slot);
}

static enum weir_rc read_streams(struct loader *l, const struct doc_node *node)
{
    struct str_list list;

    TRY(read_paths(l, node, "streams", STREAM_PATTERNS_MAX, &list));
    struct stream_pattern *patterns = ARENA_ARRAY(l->arena, list.n, struct stream_pattern);
    l->p->n_stream_slots = 0;
    for (size_t i = 0; i < list.n; i++)
        TRY(read_stream(l, node->type == DOC_LIST ? &node->items[i] : node, list.items[i],
                        &patterns[i]));
    l->p->streams = patterns;
    l->p->n_streams = list.n;
    return WEIR_OK;
}

/* ---- envelope ----------------------------------------------------------------------------- */

static enum weir_rc read_envelope_when(struct loader *l, const struct doc_node *node)
{
    struct profile *p = l->p;

    if (node->type != DOC_MAP)
        return wrong_type(l, node, "when", "a map of key: values");
    if (node->n_items > ENVELOPE_WHEN_MAX)
        return err_at(l->err, WEIR_LIMIT, node->line, node->col,
                      "an envelope has at most %d conditions", ENVELOPE_WHEN_MAX);
    struct source_condition *c = ARENA_ARRAY(l->arena, node->n_items, struct source_condition);
    struct str *fields = ARENA_ARRAY(l->arena, node->n_items, struct str);

    for (size_t i = 0; i < node->n_items; i++) {
        fields[i] = node->keys[i].text;
        c[i].input = (uint32_t)i;
        TRY(read_texts(l, &node->items[i], "the value", &c[i].values));
    }
    p->envelope_when = c;
    p->n_envelope_when = node->n_items;
    p->envelope_fields = (struct str_list){fields, node->n_items};
    return WEIR_OK;
}

static enum weir_rc read_envelope(struct loader *l, const struct doc_node *node)
{
    static const struct str names[] = {{"path", 4}, {"when", 4}};

    l->p->n_envelope_when = 0;
    if (node->type != DOC_MAP)
        return read_text(l, node, "envelope", &l->p->envelope);
    TRY(check_keys(l, node, "key of envelope", names, ARRAY_LEN(names)));
    const struct doc_node *path = doc_get(node, STR("path"));
    const struct doc_node *when = doc_get(node, STR("when"));
    if (!path)
        return fail(l, node, "`path` is missing");
    TRY(read_text(l, path, "path", &l->p->envelope));
    return when ? read_envelope_when(l, when) : WEIR_OK;
}

/* ---- entities, evidence, redaction ---------------------------------------------------------- */

/* Index of a name among names; an error that names the nearest if it is none. */
static enum weir_rc read_choice(struct loader *l, const struct doc_node *node, const char *what,
                                const struct str *names, size_t n, size_t *out)
{
    struct str text;

    TRY(read_text(l, node, what, &text));
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], text)) {
            *out = i;
            return WEIR_OK;
        }
    return unknown_name(l, node->line, node->col, what, text, names, n);
}

static enum weir_rc read_entity(struct loader *l, const struct doc_node *node,
                                struct profile_entity *out)
{
    static const struct str names[] = {{"role", 4}, {"ocsf", 4}, {"fields", 6}, {"normalise", 9}};
    static const struct str ways[] = {
        {"none", 4}, {"lower", 5}, {"short_host", 10}, {"ip", 2}, {"sid", 3}};
    /* Those that an alert has a place for. */
    static const struct str types[] = {
        {"user", 4}, {"device", 6}, {"endpoint", 8},         {"process", 7},
        {"file", 4}, {"cloud", 5},  {"resource_details", 16}};
    size_t way = NORMALISE_NONE, type = 0;

    if (node->type != DOC_MAP)
        return wrong_type(l, node, "an entity", "a map with role, ocsf, fields");
    TRY(check_keys(l, node, "key of an entity", names, ARRAY_LEN(names)));
    const struct doc_node *role = doc_get(node, STR("role"));
    const struct doc_node *ocsf = doc_get(node, STR("ocsf"));
    const struct doc_node *fields = doc_get(node, STR("fields"));
    const struct doc_node *normalise = doc_get(node, STR("normalise"));
    if (!role || !ocsf || !fields)
        return fail(l, node, "an entity needs role, ocsf and fields");
    TRY(read_text(l, role, "role", &out->role));
    TRY(read_choice(l, ocsf, "OCSF type of an entity", types, ARRAY_LEN(types), &type));
    out->ocsf = types[type];
    TRY(read_texts(l, fields, "fields", &out->fields));
    if (normalise)
        TRY(read_choice(l, normalise, "normalise", ways, ARRAY_LEN(ways), &way));
    out->normalise = (enum normalise)way;
    return WEIR_OK;
}

static enum weir_rc read_entities(struct loader *l, const struct doc_node *node)
{
    if (node->type != DOC_LIST)
        return wrong_type(l, node, "entities", "a list");
    struct profile_entity *entities = ARENA_ARRAY(l->arena, node->n_items, struct profile_entity);

    for (size_t i = 0; i < node->n_items; i++)
        TRY(read_entity(l, &node->items[i], &entities[i]));
    l->p->entities = entities;
    l->p->n_entities = node->n_items;
    return WEIR_OK;
}

static enum weir_rc read_evidence(struct loader *l, const struct doc_node *node)
{
    struct profile *p = l->p;

    if (node->type != DOC_MAP)
        return wrong_type(l, node, "evidence", "a map of OCSF path: field");
    struct profile_evidence *list =
        ARENA_ARRAY(l->arena, p->n_evidence + node->n_items, struct profile_evidence);
    size_t n = p->n_evidence;
    for (size_t i = 0; i < n; i++)
        list[i] = p->evidence[i];

    for (size_t i = 0; i < node->n_items; i++) {
        size_t at = 0;
        while (at < n && !str_eq(list[at].ocsf_path, node->keys[i].text))
            at++;
        n += at == n;
        list[at].ocsf_path = node->keys[i].text;
        TRY(read_text(l, &node->items[i], "the field", &list[at].field));
    }
    p->evidence = list;
    p->n_evidence = n;
    return WEIR_OK;
}

static enum weir_rc read_redact(struct loader *l, const struct doc_node *node)
{
    static const struct str ways[] = {{"none", 4}, {"mask", 4}, {"hash", 4}, {"drop", 4}};
    struct profile *p = l->p;
    size_t way = REDACT_NONE;

    if (node->type != DOC_MAP)
        return wrong_type(l, node, "redact", "a map of field: mask, hash or drop");
    struct profile_redaction *list =
        ARENA_ARRAY(l->arena, p->n_redactions + node->n_items, struct profile_redaction);
    for (size_t i = 0; i < node->n_items; i++) {
        TRY(read_choice(l, &node->items[i], "redaction", ways, ARRAY_LEN(ways), &way));
        list[i].field = node->keys[i].text;
        list[i].how = (enum profile_redact)way;
    }
    /* Own entries first: they are found before those of the extended profile. */
    for (size_t i = 0; i < p->n_redactions; i++)
        list[node->n_items + i] = p->redactions[i];
    p->redactions = list;
    p->n_redactions += node->n_items;
    return WEIR_OK;
}

/* ---- the other keys ------------------------------------------------------------------------ */

static enum weir_rc read_ignored(struct loader *l, const struct doc_node *node)
{
    struct str text;

    return read_text(l, node, "the value", &text); /* name, extends: read before */
}

static enum weir_rc read_description(struct loader *l, const struct doc_node *node)
{
    return read_text(l, node, "description", &l->p->description);
}

static enum weir_rc read_abstract(struct loader *l, const struct doc_node *node)
{
    return read_bool(l, node, "abstract", &l->p->is_abstract);
}

static enum weir_rc read_open(struct loader *l, const struct doc_node *node)
{
    return read_bool(l, node, "open", &l->p->is_open);
}

static enum weir_rc read_staged(struct loader *l, const struct doc_node *node)
{
    return read_bool(l, node, "staged", &l->p->is_staged);
}

static enum weir_rc read_priority(struct loader *l, const struct doc_node *node)
{
    if (node->type != DOC_INT || !str_to_i64(node->text, &l->p->priority))
        return wrong_type(l, node, "priority", "a number");
    return WEIR_OK;
}

static enum weir_rc read_message(struct loader *l, const struct doc_node *node)
{
    return read_paths(l, node, "message", PATHS_PER_FIELD_MAX, &l->p->message);
}

static enum weir_rc read_time(struct loader *l, const struct doc_node *node)
{
    return read_paths(l, node, "time", TIME_PATHS_MAX, &l->p->time);
}

static enum weir_rc read_id(struct loader *l, const struct doc_node *node)
{
    return read_paths(l, node, "id", PATHS_PER_FIELD_MAX, &l->p->id);
}

static enum weir_rc read_lateness(struct loader *l, const struct doc_node *node)
{
    return read_duration(l, node, &l->p->lateness_ms);
}

static enum weir_rc read_embedded(struct loader *l, const struct doc_node *node)
{
    return read_paths(l, node, "embedded", EMBEDDED_PATHS_MAX, &l->p->embedded);
}

static enum weir_rc read_known(struct loader *l, const struct doc_node *node)
{
    struct str_list own, inherited = l->p->known;

    TRY(read_texts(l, node, "known_fields", &own));
    struct str *all = ARENA_ARRAY(l->arena, own.n + inherited.n, struct str);
    for (size_t i = 0; i < own.n; i++)
        all[i] = own.items[i];
    for (size_t i = 0; i < inherited.n; i++)
        all[own.n + i] = inherited.items[i];
    l->p->known = (struct str_list){all, own.n + inherited.n};
    return WEIR_OK;
}

static enum weir_rc read_aliases(struct loader *l, const struct doc_node *node)
{
    return profile_read_aliases(l->arena, node, l->p, l->err);
}

static enum weir_rc read_vocabulary(struct loader *l, const struct doc_node *node)
{
    return read_paths(l, node, "vocabulary", PATHS_PER_FIELD_MAX, &l->p->vocabularies);
}

/* ---- one profile --------------------------------------------------------------------------- */

struct profile_key {
    const char *name;
    enum weir_rc (*read)(struct loader *l, const struct doc_node *node);
};

static const struct profile_key KEYS[] = {
    {"name", read_ignored},      {"extends", read_ignored},   {"description", read_description},
    {"abstract", read_abstract}, {"open", read_open},         {"staged", read_staged},
    {"priority", read_priority}, {"match", read_match},       {"roots", read_roots},
    {"fields", read_fields},     {"values", read_values},     {"logsource", read_logsource},
    {"message", read_message},   {"time", read_time},         {"id", read_id},
    {"envelope", read_envelope}, {"entities", read_entities}, {"evidence", read_evidence},
    {"redact", read_redact},     {"lateness", read_lateness}, {"known_fields", read_known},
    {"streams", read_streams},   {"embedded", read_embedded}, {"prefixes", read_prefixes},
    {"join", read_join},         {"aliases", read_aliases},   {"vocabulary", read_vocabulary},
};

static const struct profile_key *find_key(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++)
        if (str_eq(str_from(KEYS[i].name), name))
            return &KEYS[i];
    return NULL;
}

/* Where fields that are not listed are looked for, unless the profile says otherwise. */
static const struct str AT_THE_EVENT = {"", 0};

static enum weir_rc read_body(struct loader *l, const struct doc_node *doc)
{
    struct str names[ARRAY_LEN(KEYS)];

    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++)
        names[i] = str_from(KEYS[i].name);
    TRY(check_keys(l, doc, "key of a profile", names, ARRAY_LEN(KEYS)));
    for (size_t i = 0; i < doc->n_items; i++)
        TRY(find_key(doc->keys[i].text)->read(l, &doc->items[i]));
    if (!l->p->is_abstract && l->p->roots.n == 0)
        l->p->roots = (struct str_list){&AT_THE_EVENT, 1};
    if (!l->p->is_abstract && l->p->n_matches == 0)
        return fail(l, doc, "a profile needs `match` (or `abstract: true`)");
    return WEIR_OK;
}

/* The source that a name means; with `after` a built-in that this user's file replaces. */
static struct source *find_source(struct loader *l, struct str name, const struct source *after)
{
    for (size_t i = 0; i < l->n_sources; i++) {
        struct source *s = &l->sources[i];
        if (str_eq(s->name, name) && s != after && (!s->is_replaced || after))
            return s;
    }
    return NULL;
}

static enum weir_rc resolve(struct loader *l, struct source *s, int depth);

static enum weir_rc resolve_parent(struct loader *l, struct source *s, int depth)
{
    const struct doc_node *extends = doc_get(s->doc, STR("extends"));
    struct str name;

    if (!extends)
        return WEIR_OK;
    TRY(read_text(l, extends, "extends", &name));
    bool is_own_name = str_eq(name, s->name);
    struct source *parent = find_source(l, name, is_own_name ? s : NULL);
    if (!parent) {
        struct str *names = ARENA_ARRAY(l->arena, l->n_sources, struct str);
        size_t n = 0;
        for (size_t i = 0; i < l->n_sources; i++)
            if (&l->sources[i] != s)
                names[n++] = l->sources[i].name;
        return unknown_name(l, extends->line, extends->col, "profile", name, names, n);
    }
    if (depth == EXTENDS_DEPTH_MAX)
        return fail(l, extends, "profiles extend each other in a circle, or too deep");
    TRY(resolve(l, parent, depth + 1));
    *s->profile = *parent->profile;
    return WEIR_OK;
}

static enum weir_rc resolve(struct loader *l, struct source *s, int depth)
{
    if (s->profile && s->profile->name.n) /* done: the name is set last */
        return WEIR_OK;

    if (!s->profile)
        s->profile = ARENA_NEW(l->arena, struct profile);
    enum weir_rc rc = resolve_parent(l, s, depth);
    if (rc == WEIR_OK) {
        l->p = s->profile;
        l->p->name = (struct str){0};
        l->p->is_abstract = false;
        l->p->priority = PRIORITY_DEFAULT;
        rc = read_body(l, s->doc);
    }
    if (rc != WEIR_OK) {
        err_file(l->err, s->path);
        return rc;
    }
    s->profile->path = s->path;
    s->profile->name = s->name;
    return WEIR_OK;
}

/* ---- reading the files --------------------------------------------------------------------- */

static enum weir_rc add_source(struct loader *l, struct str path, struct str text, bool is_builtin)
{
    struct doc_node *docs;
    size_t n_docs;
    struct str name;

    TRY(doc_parse_yaml(l->arena, text, &docs, &n_docs, l->err));
    if (n_docs != 1 || docs[0].type != DOC_MAP)
        return err_at(l->err, WEIR_SYNTAX, 1, 1, "a profile file holds one map");
    const struct doc_node *named = doc_get(&docs[0], STR("name"));
    if (!named)
        return fail(l, &docs[0], "a profile needs `name`");
    TRY(read_text(l, named, "name", &name));
    if (name.n == 0)
        return fail(l, named, "the name is empty");

    for (size_t i = 0; i < l->n_sources; i++) {
        struct source *other = &l->sources[i];
        if (!str_eq(other->name, name))
            continue;
        if (other->is_builtin == is_builtin)
            return err_at(l->err, WEIR_SYNTAX, named->line, named->col,
                          "profile '%.*s' is already defined in %.*s", (int)name.n, name.p,
                          (int)other->path.n, other->path.p);
        other->is_replaced = true;
    }
    if (l->n_sources == SOURCES_MAX)
        return err_set(l->err, WEIR_LIMIT, "more than %d profiles", PROFILES_MAX);
    l->sources[l->n_sources++] = (struct source){
        .name = name, .path = path, .text = text, .doc = &docs[0], .is_builtin = is_builtin};
    return WEIR_OK;
}

static enum weir_rc add_builtins(struct loader *l)
{
    for (size_t i = 0; i < embed_profiles_n; i++) {
        enum weir_rc rc = add_source(l, embed_profiles[i].path, embed_profiles[i].text, true);
        if (rc != WEIR_OK) {
            err_file(l->err, embed_profiles[i].path);
            return rc;
        }
    }
    return WEIR_OK;
}

static enum weir_rc read_file(struct loader *l, struct str path, struct str *out)
{
    FILE *file = fopen(path.p, "rb");
    if (!file)
        return err_set(l->err, WEIR_IO, "cannot read: %s", strerror(errno));

    char *text = arena_alloc(l->arena, PROFILE_FILE_MAX + 1);
    size_t n = fread(text, 1, PROFILE_FILE_MAX + 1, file);
    bool is_bad = ferror(file) != 0;
    fclose(file);
    if (is_bad)
        return err_set(l->err, WEIR_IO, "cannot read: %s", strerror(errno));
    if (n > PROFILE_FILE_MAX)
        return err_set(l->err, WEIR_LIMIT, "larger than %d bytes", PROFILE_FILE_MAX);
    *out = arena_str(l->arena, (struct str){text, n});
    return WEIR_OK;
}

static enum weir_rc add_file(struct loader *l, struct str path)
{
    struct str text;
    /* The read buffer is large: it gets an arena of its own and only the text is kept. */
    struct arena *kept = l->arena;
    struct arena *scratch = arena_new(0);

    l->arena = scratch;
    enum weir_rc rc = read_file(l, path, &text);
    l->arena = kept;
    if (rc == WEIR_OK)
        text = arena_str(kept, text);
    arena_free(scratch);
    if (rc == WEIR_OK)
        rc = add_source(l, path, text, false);
    if (rc != WEIR_OK)
        err_file(l->err, path);
    return rc;
}

static int is_profile_file(const struct dirent *entry)
{
    struct str name = str_from(entry->d_name);

    return name.p[0] != '.' && (str_ends(name, STR(".yml")) || str_ends(name, STR(".yaml")));
}

static enum weir_rc add_dir(struct loader *l, struct str dir)
{
    struct str path = arena_str(l->arena, dir); /* with a NUL for the system */
    struct dirent **entries;
    enum weir_rc rc = WEIR_OK;

    int n = scandir(path.p, &entries, is_profile_file, alphasort);
    if (n < 0) {
        rc = err_set(l->err, WEIR_IO, "cannot read the profile directory: %s", strerror(errno));
        err_file(l->err, dir);
        return rc;
    }
    for (int i = 0; i < n; i++) {
        if (rc == WEIR_OK)
            rc = add_file(l, arena_printf(l->arena, "%s/%s", path.p, entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);
    if (n == 0) {
        rc = err_set(l->err, WEIR_NOTFOUND, "the directory holds no profiles (.yml, .yaml)");
        err_file(l->err, dir);
    }
    return rc;
}

/* ---- the set ------------------------------------------------------------------------------- */

/* Higher priority first, then by name: never by the order of files. */
static int trying_order(const void *a, const void *b)
{
    const struct profile *p = *(const struct profile *const *)a;
    const struct profile *q = *(const struct profile *const *)b;

    if (p->priority != q->priority)
        return p->priority > q->priority ? -1 : 1;
    return str_cmp(p->name, q->name);
}

/* What needs a bit of its own on the event path: a value test by its list, else the path. */
static bool same_bit(const struct marker_test *a, const struct marker_test *b)
{
    return str_eq(a->path, b->path) && (a->kind == MARKER_IN) == (b->kind == MARKER_IN) &&
           (a->kind != MARKER_IN || str_list_eq(&a->values, &b->values));
}

static enum weir_rc count_test(struct loader *l, const struct marker_test *test,
                               const struct marker_test **seen, size_t *n)
{
    size_t n_on_path = 0;

    for (size_t i = 0; i < *n; i++) {
        if (same_bit(seen[i], test))
            return WEIR_OK;
        n_on_path += seen[i]->kind == MARKER_IN && str_eq(seen[i]->path, test->path);
    }
    if (*n == MARKER_TESTS_MAX || n_on_path == MARKER_VALUE_TESTS_MAX)
        return err_set(l->err, WEIR_LIMIT,
                       "the profiles have more than %d marker tests (of '%.*s')",
                       *n == MARKER_TESTS_MAX ? MARKER_TESTS_MAX : MARKER_VALUE_TESTS_MAX,
                       (int)test->path.n, test->path.p);
    seen[(*n)++] = test;
    return WEIR_OK;
}

static enum weir_rc check_tests(struct loader *l, const struct profile_set *set)
{
    const struct marker_test *seen[MARKER_TESTS_MAX];
    size_t n = 0;

    for (uint32_t i = 0; i < set->n; i++)
        for (size_t k = 0; k < set->items[i]->n_matches; k++) {
            const struct marker_match *m = &set->items[i]->matches[k];
            for (size_t t = 0; t < m->n_all; t++)
                TRY(count_test(l, &m->all[t], seen, &n));
            for (size_t t = 0; t < m->n_any; t++)
                TRY(count_test(l, &m->any[t], seen, &n));
        }
    return WEIR_OK;
}

static bool same_envelope(const struct envelope *e, const struct profile *p)
{
    if (!str_eq(e->path, p->envelope) || e->n_when != p->n_envelope_when ||
        !str_list_eq(&e->fields, &p->envelope_fields))
        return false;
    for (size_t i = 0; i < e->n_when; i++)
        if (!str_list_eq(&e->when[i].values, &p->envelope_when[i].values))
            return false;
    return true;
}

static struct str last_part(struct str path)
{
    size_t n = path.n;

    while (n > 0 && path.p[n - 1] != '.')
        n--;
    return str_sub(path, n, path.n);
}

static enum weir_rc collect_envelopes(struct loader *l, struct profile_set *set)
{
    struct envelope *list = ARENA_ARRAY(l->arena, ENVELOPES_MAX, struct envelope);

    for (uint32_t i = 0; i < set->n; i++) {
        const struct profile *p = set->items[i];
        size_t at = 0;
        while (at < set->n_envelopes && !same_envelope(&list[at], p))
            at++;
        if (p->envelope.n == 0 || at < set->n_envelopes)
            continue;
        if (at == ENVELOPES_MAX)
            return err_set(l->err, WEIR_LIMIT, "more than %d different envelopes", ENVELOPES_MAX);
        list[set->n_envelopes++] = (struct envelope){.path = p->envelope,
                                                     .last = last_part(p->envelope),
                                                     .fields = p->envelope_fields,
                                                     .when = p->envelope_when,
                                                     .n_when = p->n_envelope_when};
        struct str rest;
        (void)str_cut(p->envelope, '.', &list[at].head, &rest);
    }
    set->envelopes = list;
    return WEIR_OK;
}

static enum weir_rc build_set(struct loader *l, const struct profile_set **out)
{
    struct profile_set *set = ARENA_NEW(l->arena, struct profile_set);
    struct profile **all = ARENA_ARRAY(l->arena, l->n_sources, struct profile *);
    const struct profile **items = ARENA_ARRAY(l->arena, l->n_sources, const struct profile *);

    for (size_t i = 0; i < l->n_sources; i++)
        if (!l->sources[i].is_replaced)
            all[set->n_all++] = l->sources[i].profile;
    if (set->n_all > PROFILES_MAX)
        return err_set(l->err, WEIR_LIMIT, "more than %d profiles", PROFILES_MAX);
    qsort(all, set->n_all, sizeof *all, trying_order);
    for (uint32_t i = 0; i < set->n_all; i++) {
        if (str_eq(all[i]->name, str_from(FALLBACK_NAME)))
            set->fallback = all[i];
        profile_find_ways(l->arena, all[i]);
        if (all[i]->is_abstract)
            continue;
        all[i]->index = set->n;
        items[set->n++] = all[i];
    }
    if (!set->fallback)
        return err_set(l->err, WEIR_NOTFOUND, "there is no profile '%s'", FALLBACK_NAME);
    struct str *texts = ARENA_ARRAY(l->arena, l->n_sources, struct str);
    for (size_t i = 0; i < l->n_sources; i++)
        if (!l->sources[i].is_replaced)
            texts[set->texts.n++] = l->sources[i].text;
    set->texts.items = texts;
    set->items = items;
    set->all = (const struct profile *const *)all;
    TRY(check_tests(l, set));
    TRY(collect_envelopes(l, set));
    *out = set;
    return WEIR_OK;
}

/* Own aliases first: they go before those of a vocabulary. */
static enum weir_rc expand_aliases(struct loader *l, struct source *s)
{
    const struct doc_node *at = doc_get(s->doc, STR("vocabulary"));
    struct profile *p = s->profile;

    TRY(profile_take_aliases(l->arena, p, p, l->err));
    for (size_t i = 0; i < p->vocabularies.n; i++) {
        const struct source *other = find_source(l, p->vocabularies.items[i], NULL);
        if (!other)
            return err_at(l->err, WEIR_SYNTAX, at ? at->line : 1, at ? at->col : 1,
                          "unknown vocabulary '%.*s': it names a profile",
                          (int)p->vocabularies.items[i].n, p->vocabularies.items[i].p);
        TRY(profile_take_aliases(l->arena, other->profile, p, l->err));
    }
    return WEIR_OK;
}

static enum weir_rc finish(struct loader *l, const struct profile_set **out)
{
    for (size_t i = 0; i < l->n_sources; i++)
        TRY(resolve(l, &l->sources[i], 0));
    for (size_t i = 0; i < l->n_sources; i++) {
        enum weir_rc rc =
            l->sources[i].profile->is_abstract ? WEIR_OK : expand_aliases(l, &l->sources[i]);
        if (rc != WEIR_OK) {
            err_file(l->err, l->sources[i].path);
            return rc;
        }
    }
    return build_set(l, out);
}

enum weir_rc profile_set_load(struct arena *a, struct str user_dir, const struct profile_set **out,
                              struct weir_err *err)
{
    struct loader l = {.arena = a, .err = err};

    l.sources = ARENA_ARRAY(a, SOURCES_MAX, struct source);
    TRY(add_builtins(&l));
    if (user_dir.n)
        TRY(add_dir(&l, user_dir));
    return finish(&l, out);
}

enum weir_rc profile_set_load_texts(struct arena *a, const struct embed_file *user, size_t n_user,
                                    const struct profile_set **out, struct weir_err *err)
{
    struct loader l = {.arena = a, .err = err};

    l.sources = ARENA_ARRAY(a, SOURCES_MAX, struct source);
    TRY(add_builtins(&l));
    for (size_t i = 0; i < n_user; i++) {
        enum weir_rc rc = add_source(&l, user[i].path, user[i].text, false);
        if (rc != WEIR_OK) {
            err_file(err, user[i].path);
            return rc;
        }
    }
    return finish(&l, out);
}
