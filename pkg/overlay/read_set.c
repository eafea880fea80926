/* read_set.c - the map under `set`: what lang/settings.h reads, and what only overlays may say. */
#include "overlay/overlay_impl.h"

#include "base/str.h"
#include "doc/doc.h"
#include "lang/amount.h"

static bool read_level(struct overlay_reader *r, const struct doc_node *node, struct entry *e)
{
    static const struct str NAMES[] = {
        {"informational", 13}, {"low", 3}, {"medium", 6}, {"high", 4}, {"critical", 8}};

    if (!doc_is_scalar(node) || node->type == DOC_NULL)
        return diag_error(&r->diag, doc_place(node), "'level' must be a word, not %s",
                          doc_type_name(node));
    e->own.has_level = rule_level_parse(node->text, &e->own.level);
    if (e->own.has_level)
        return true;
    struct str hint = diag_hint(&r->diag, node->text, NAMES, ARRAY_LEN(NAMES));
    return diag_error(&r->diag, doc_place(node),
                      "'level' cannot be '%.*s'%.*s: informational, low, medium, high, critical",
                      SHOWN(node->text), SHOWN(hint));
}

/* One value or a list of them. */
static bool read_values(struct overlay_reader *r, const struct doc_node *node,
                        struct overlay_param *p)
{
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    size_t n = node->type == DOC_LIST ? node->n_items : 1;
    struct str *values = ARENA_ARRAY(r->set->a, n, struct str);

    for (size_t i = 0; i < n; i++) {
        bool is_empty = doc_is_scalar(&items[i]) && items[i].text.n == 0;
        if (!doc_is_scalar(&items[i]) || items[i].type == DOC_NULL || is_empty)
            return diag_error(&r->diag, doc_place(&items[i]),
                              "the parameter '%.*s' is a value or a list of them, not %s",
                              SHOWN(p->name), is_empty ? "nothing" : doc_type_name(&items[i]));
        values[i] = names_intern(r->set->names, items[i].text);
    }
    p->values = (struct str_list){values, n};
    if (node == items)
        p->value = (struct doc_node){.type = node->type,
                                     .line = node->line,
                                     .col = node->col,
                                     .text = values[0],
                                     .number = names_intern(r->set->names, node->number),
                                     .is_quoted = node->is_quoted};
    return true;
}

static bool read_mode(struct overlay_reader *r, const struct doc_node *node,
                      struct overlay_param *p)
{
    static const struct {
        struct str name;
        enum list_mode mode;
    } MODES[] = {{{"ci", 2}, LIST_CI},
                 {{"exact", 5}, LIST_EXACT},
                 {{"cidr", 4}, LIST_CIDR},
                 {{"glob", 4}, LIST_GLOB}};

    for (size_t i = 0; doc_is_scalar(node) && i < ARRAY_LEN(MODES); i++) {
        if (!str_eq(node->text, MODES[i].name))
            continue;
        p->has_mode = true;
        p->mode = MODES[i].mode;
        return true;
    }
    return diag_error(&r->diag, doc_place(node),
                      "the mode of a parameter is ci, exact, cidr or "
                      "glob");
}

/* {mode: cidr, values: [...]} */
static bool read_long_param(struct overlay_reader *r, const struct doc_node *map,
                            struct overlay_param *p)
{
    static const struct str KEYS[] = {{"mode", 4}, {"values", 6}};
    const struct doc_node *mode = doc_get(map, KEYS[0]), *values = doc_get(map, KEYS[1]);

    if (!overlay_check_keys(r, map, KEYS, ARRAY_LEN(KEYS), "of a parameter"))
        return false;
    if (!values)
        return diag_error(&r->diag, doc_place(map), "the parameter '%.*s' has no 'values'",
                          SHOWN(p->name));
    return (!mode || read_mode(r, mode, p)) && read_values(r, values, p);
}

static bool read_params(struct overlay_reader *r, const struct doc_node *map, struct entry *e)
{
    bool is_good = true;

    if (map->type != DOC_MAP)
        return diag_error(&r->diag, doc_place(map),
                          "'params' must be a map (NAME: value or list), not %s",
                          doc_type_name(map));
    if (map->n_items > OVERLAY_PARAMS_MAX)
        return diag_error(&r->diag, doc_place(map), "more than %d parameters", OVERLAY_PARAMS_MAX);
    e->own.params = ARENA_ARRAY(r->set->a, map->n_items, struct overlay_param);
    for (size_t i = 0; i < map->n_items; i++) {
        struct overlay_param *p = &e->own.params[e->own.n_params++];
        p->name = names_intern(r->set->names, map->keys[i].text);
        p->line = map->keys[i].line;
        p->col = map->keys[i].col;
        is_good &= map->items[i].type == DOC_MAP ? read_long_param(r, &map->items[i], p)
                                                 : read_values(r, &map->items[i], p);
    }
    return is_good;
}

/* What is set, by name: to find what is set twice, and to show it. */
static void name_keys(struct overlay_reader *r, const struct doc_node *map, struct entry *e)
{
    struct overlay_key *keys =
        ARENA_ARRAY(r->set->a, map->n_items + e->own.n_params, struct overlay_key);
    size_t n = 0;

    for (size_t i = 0; i < map->n_items; i++)
        if (!str_eq(map->keys[i].text, STR("params")))
            keys[n++] = (struct overlay_key){names_intern(r->set->names, map->keys[i].text),
                                             map->keys[i].line, map->keys[i].col};
    for (size_t i = 0; i < e->own.n_params; i++)
        keys[n++] = (struct overlay_key){arena_printf(r->set->a, "params.%.*s",
                                                      (int)e->own.params[i].name.n,
                                                      e->own.params[i].name.p),
                                         e->own.params[i].line, e->own.params[i].col};
    e->shown.keys = keys;
    e->shown.n_keys = n;
}

/* ---- threshold, group-by, uid, title ------------------------------------------------------- */

static bool read_bound(struct overlay_reader *r, const struct doc_node *node, enum bound_op op,
                       struct own_settings *out)
{
    int64_t micro;

    if (!amount_number(&r->diag, node, "threshold", &micro))
        return false;
    if (out->n_bounds == ARRAY_LEN(out->bounds))
        return diag_error(&r->diag, doc_place(node), "'threshold' has at most two bounds");
    out->bounds[out->n_bounds++] = (struct bound){op, micro};
    return true;
}

/* A number (at least so many), or {gte: 5, lt: 10}. */
static bool read_threshold(struct overlay_reader *r, const struct doc_node *node,
                           struct own_settings *out)
{
    static const struct str OPS[] = {
        [BOUND_GT] = {"gt", 2},   [BOUND_GTE] = {"gte", 3}, [BOUND_LT] = {"lt", 2},
        [BOUND_LTE] = {"lte", 3}, [BOUND_EQ] = {"eq", 2},   [BOUND_NEQ] = {"neq", 3}};

    if (node->type != DOC_MAP)
        return read_bound(r, node, BOUND_GTE, out);
    if (!overlay_check_keys(r, node, OPS, ARRAY_LEN(OPS), "of 'threshold'"))
        return false;
    if (node->n_items == 0)
        return diag_error(&r->diag, doc_place(node), "'threshold' is empty: 10, or {gte: 10}");
    for (size_t i = 0; i < node->n_items; i++)
        for (size_t op = 0; op < ARRAY_LEN(OPS); op++)
            if (str_eq(node->keys[i].text, OPS[op]) &&
                !read_bound(r, &node->items[i], (enum bound_op)op, out))
                return false;
    return true;
}

static bool read_group(struct overlay_reader *r, const struct doc_node *node,
                       struct own_settings *out)
{
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    size_t n = node->type == DOC_LIST ? node->n_items : 1;
    struct str *fields = ARENA_ARRAY(r->set->a, n, struct str);

    if (n > CORRELATION_GROUP_MAX)
        return diag_error(&r->diag, doc_place(node), "more than %d fields in 'group-by'",
                          CORRELATION_GROUP_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!doc_is_scalar(&items[i]) || items[i].type == DOC_NULL || items[i].text.n == 0)
            return diag_error(&r->diag, doc_place(&items[i]), "'group-by' names fields, not %s",
                              doc_type_name(&items[i]));
        fields[i] = names_intern(r->set->names, items[i].text);
    }
    out->has_group = true;
    out->group = (struct str_list){fields, n};
    return true;
}

static bool read_name(struct overlay_reader *r, const struct doc_node *node, const char *key,
                      struct str *out)
{
    if (!doc_is_scalar(node) || node->type == DOC_NULL || str_trim(node->text).n == 0)
        return diag_error(&r->diag, doc_place(node), "'%s' must be text, not %s", key,
                          doc_is_scalar(node) ? "nothing" : doc_type_name(node));
    *out = names_intern(r->set->names, str_trim(node->text));
    return true;
}

static bool read_own(struct overlay_reader *r, const struct doc_key *key,
                     const struct doc_node *node, struct entry *e)
{
    struct place at = {key->line, key->col};

    if (str_eq(key->text, STR("level")))
        return read_level(r, node, e);
    if (str_eq(key->text, STR("params")))
        return read_params(r, node, e);
    if (str_eq(key->text, STR("threshold"))) {
        e->own.threshold_at = at;
        return read_threshold(r, node, &e->own);
    }
    if (str_eq(key->text, STR("group-by"))) {
        e->own.group_at = at;
        return read_group(r, node, &e->own);
    }
    if (str_eq(key->text, STR("uid"))) {
        e->own.uid_at = at;
        return read_name(r, node, "uid", &e->own.uid);
    }
    if (str_eq(key->text, STR("title"))) {
        e->own.title_at = at;
        return read_name(r, node, "title", &e->own.title);
    }
    return true; /* read by lang/settings.h */
}

bool overlay_read_set(struct overlay_reader *r, const struct doc_node *map, struct entry *e)
{
    static const struct str OWN[] = {{"level", 5},    {"params", 6}, {"threshold", 9},
                                     {"group-by", 8}, {"uid", 3},    {"title", 5}};
    bool is_good = true;

    _Static_assert(ARRAY_LEN(OWN) <= SETTING_OTHERS_MAX, "keys of our own");
    if (!rule_settings_load(&r->diag, r->set->names, map, OWN, ARRAY_LEN(OWN), &e->settings))
        return false;
    for (size_t i = 0; i < map->n_items; i++)
        is_good &= read_own(r, &map->keys[i], &map->items[i], e);
    if (map->n_items == 0)
        return diag_error(&r->diag, doc_place(map), "'set' is empty: nothing would change");
    if (is_good)
        name_keys(r, map, e);
    return is_good;
}
