/* read.c - overlay files to entries: one table of keys per map, so that what is unknown, and what
 * only later versions know, is named at its place.
 */
#include "overlay/overlay_impl.h"

#include "base/str.h"
#include "doc/doc.h"
#include "lang/amount.h"

enum { SCRATCH_BYTES = 64 * 1024 };

/* The document at hand. */
struct reader {
    struct overlay_set *set;
    struct diag diag;
    struct str path, name, reason;
    bool is_full; /* told once */
};

static const struct str LATER[] = {{"exclude", 7}, {"expires", 7}, {"base_sha256", 11}, {"tag", 3},
                                   {"tags", 4},    {"glob", 4},    {"path", 4}};

/* A key that is none of the n known ones. */
static bool refuse_key(struct reader *r, const struct doc_key *key, const struct str *known,
                       size_t n, const char *where)
{
    struct place at = {key->line, key->col};

    for (size_t i = 0; i < ARRAY_LEN(LATER); i++)
        if (str_eq(key->text, LATER[i]))
            return diag_error(&r->diag, at, "'%.*s' %s: not in this version", SHOWN(key->text),
                              where);
    struct str hint = diag_hint(&r->diag, key->text, known, n);
    return diag_error(&r->diag, at, "unknown key '%.*s' %s%.*s", SHOWN(key->text), where,
                      SHOWN(hint));
}

static bool check_keys(struct reader *r, const struct doc_node *map, const struct str *known,
                       size_t n, const char *where)
{
    bool is_good = true;

    for (size_t i = 0; i < map->n_items; i++) {
        bool is_known = false;
        for (size_t k = 0; k < n && !is_known; k++)
            is_known = str_eq(map->keys[i].text, known[k]);
        if (!is_known)
            is_good = refuse_key(r, &map->keys[i], known, n, where);
    }
    return is_good;
}

/* The text under `key`, which may be left out; interned. */
static bool read_text(struct reader *r, const struct doc_node *map, const char *key,
                      struct str *out)
{
    const struct doc_node *node = doc_get(map, str_from(key));

    if (!node)
        return true;
    if (!doc_is_scalar(node) || node->type == DOC_NULL || str_trim(node->text).n == 0)
        return diag_error(&r->diag, doc_place(node), "'%s' must be text, not %s", key,
                          doc_is_scalar(node) ? "nothing" : doc_type_name(node));
    *out = names_intern(r->set->names, str_trim(node->text));
    return true;
}

/* ---- set: level and params (the rest: lang/settings.h) -------------------------------------- */

static bool read_level(struct reader *r, const struct doc_node *node, struct entry *e)
{
    static const struct str NAMES[] = {
        {"informational", 13}, {"low", 3}, {"medium", 6}, {"high", 4}, {"critical", 8}};

    if (!doc_is_scalar(node) || node->type == DOC_NULL)
        return diag_error(&r->diag, doc_place(node), "'level' must be a word, not %s",
                          doc_type_name(node));
    e->has_level = rule_level_parse(node->text, &e->level);
    if (e->has_level)
        return true;
    struct str hint = diag_hint(&r->diag, node->text, NAMES, ARRAY_LEN(NAMES));
    return diag_error(&r->diag, doc_place(node),
                      "'level' cannot be '%.*s'%.*s: informational, low, medium, high, critical",
                      SHOWN(node->text), SHOWN(hint));
}

/* One value or a list of them. */
static bool read_values(struct reader *r, const struct doc_node *node, struct overlay_param *p)
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
    return true;
}

static bool read_mode(struct reader *r, const struct doc_node *node, struct overlay_param *p)
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
static bool read_long_param(struct reader *r, const struct doc_node *map, struct overlay_param *p)
{
    static const struct str KEYS[] = {{"mode", 4}, {"values", 6}};
    const struct doc_node *mode = doc_get(map, KEYS[0]), *values = doc_get(map, KEYS[1]);

    if (!check_keys(r, map, KEYS, ARRAY_LEN(KEYS), "of a parameter"))
        return false;
    if (!values)
        return diag_error(&r->diag, doc_place(map), "the parameter '%.*s' has no 'values'",
                          SHOWN(p->name));
    return (!mode || read_mode(r, mode, p)) && read_values(r, values, p);
}

static bool read_params(struct reader *r, const struct doc_node *map, struct entry *e)
{
    bool is_good = true;

    if (map->type != DOC_MAP)
        return diag_error(&r->diag, doc_place(map),
                          "'params' must be a map (NAME: value or list), not %s",
                          doc_type_name(map));
    if (map->n_items > OVERLAY_PARAMS_MAX)
        return diag_error(&r->diag, doc_place(map), "more than %d parameters", OVERLAY_PARAMS_MAX);
    e->params = ARENA_ARRAY(r->set->a, map->n_items, struct overlay_param);
    for (size_t i = 0; i < map->n_items; i++) {
        struct overlay_param *p = &e->params[e->n_params++];
        p->name = names_intern(r->set->names, map->keys[i].text);
        p->line = map->keys[i].line;
        p->col = map->keys[i].col;
        is_good &= map->items[i].type == DOC_MAP ? read_long_param(r, &map->items[i], p)
                                                 : read_values(r, &map->items[i], p);
    }
    return is_good;
}

/* What is set, by name: to find what is set twice, and to show it. */
static void name_keys(struct reader *r, const struct doc_node *map, struct entry *e)
{
    struct overlay_key *keys =
        ARENA_ARRAY(r->set->a, map->n_items + e->n_params, struct overlay_key);
    size_t n = 0;

    for (size_t i = 0; i < map->n_items; i++)
        if (!str_eq(map->keys[i].text, STR("params")))
            keys[n++] = (struct overlay_key){names_intern(r->set->names, map->keys[i].text),
                                             map->keys[i].line, map->keys[i].col};
    for (size_t i = 0; i < e->n_params; i++)
        keys[n++] = (struct overlay_key){
            arena_printf(r->set->a, "params.%.*s", (int)e->params[i].name.n, e->params[i].name.p),
            e->params[i].line, e->params[i].col};
    e->shown.keys = keys;
    e->shown.n_keys = n;
}

static bool read_set(struct reader *r, const struct doc_node *map, struct entry *e)
{
    static const struct str OWN[] = {{"level", 5}, {"params", 6}};

    if (!rule_settings_load(&r->diag, r->set->names, map, OWN, ARRAY_LEN(OWN), &e->settings))
        return false;
    const struct doc_node *level = doc_get(map, OWN[0]), *params = doc_get(map, OWN[1]);
    if ((level && !read_level(r, level, e)) || (params && !read_params(r, params, e)))
        return false;
    if (map->n_items == 0)
        return diag_error(&r->diag, doc_place(map), "'set' is empty: nothing would change");
    name_keys(r, map, e);
    return true;
}

/* ---- one entry ------------------------------------------------------------------------------ */

static bool check_uid(struct reader *r, struct str uid, struct place at)
{
    if (uid.n == 0)
        return diag_error(&r->diag, at, "an empty rule id");
    if (str_find_char(uid, '*', 0) != SIZE_MAX)
        return diag_error(&r->diag, at, "'%.*s': globs for rules: not in this version", SHOWN(uid));
    return true;
}

static void read_entry(struct reader *r, struct str uid, struct place at,
                       const struct doc_node *map, bool is_listed)
{
    static const struct str KEYS[] = {{"set", 3}, {"reason", 6}, {"rule", 4}};
    struct entry e = {.shown = {.overlay = r->name,
                                .path = r->path,
                                .uid = names_intern(r->set->names, uid),
                                .line = at.line,
                                .col = at.col,
                                .reason = r->reason}};
    const struct doc_node *set = doc_get(map, KEYS[0]);

    if (!check_keys(r, map, KEYS, is_listed ? 3 : 2, "of an overlay's rule") ||
        !check_uid(r, uid, at) || !read_text(r, map, "reason", &e.shown.reason))
        return;
    if (!set) {
        diag_error(&r->diag, at, "the entry for '%.*s' has no 'set'", SHOWN(uid));
        return;
    }
    if (!read_set(r, set, &e))
        return;
    struct entry *kept = overlay_next_entry(r->set);
    if (kept)
        *kept = e;
    else if (!r->is_full)
        r->is_full =
            !diag_error(&r->diag, at, "more than %d entries in all overlays", OVERLAY_ENTRIES_MAX);
}

static void read_map(struct reader *r, const struct doc_node *rules)
{
    for (size_t i = 0; i < rules->n_items; i++) {
        const struct doc_key *key = &rules->keys[i];
        if (rules->items[i].type == DOC_MAP)
            read_entry(r, key->text, (struct place){key->line, key->col}, &rules->items[i], false);
        else
            diag_error(&r->diag, doc_place(&rules->items[i]),
                       "the entry for '%.*s' must be a map (set, reason), not %s", SHOWN(key->text),
                       doc_type_name(&rules->items[i]));
    }
}

static void read_list(struct reader *r, const struct doc_node *rules)
{
    for (size_t i = 0; i < rules->n_items; i++) {
        const struct doc_node *item = &rules->items[i], *uid = doc_get(item, STR("rule"));
        if (item->type != DOC_MAP)
            diag_error(&r->diag, doc_place(item),
                       "an entry must be a map (rule, set, reason), not %s", doc_type_name(item));
        else if (uid && (!doc_is_scalar(uid) || uid->type == DOC_NULL))
            diag_error(&r->diag, doc_place(uid), "'rule' must be the id of a rule, not %s",
                       doc_type_name(uid));
        else if (uid)
            read_entry(r, uid->text, doc_place(uid), item, true);
        else if (check_keys(r, item, (const struct str[]){STR("rule"), STR("set"), STR("reason")},
                            3, "of an overlay's rule"))
            diag_error(&r->diag, doc_place(item), "the entry has no 'rule': the id of a rule");
    }
}

/* ---- documents and files -------------------------------------------------------------------- */

static void read_document(struct reader *r, const struct doc_node *document)
{
    static const struct str KEYS[] = {{"name", 4}, {"reason", 6}, {"rules", 5}};
    const struct doc_node *rules = doc_get(document, KEYS[2]);

    if (document->type != DOC_MAP) {
        diag_error(&r->diag, doc_place(document),
                   "an overlay is a map (name, reason, rules), not %s", doc_type_name(document));
        return;
    }
    if (!check_keys(r, document, KEYS, ARRAY_LEN(KEYS), "of an overlay") ||
        !read_text(r, document, "name", &r->name) || !read_text(r, document, "reason", &r->reason))
        return;
    if (!rules)
        diag_error(&r->diag, doc_place(document), "the overlay has no 'rules'");
    else if (rules->type == DOC_MAP)
        read_map(r, rules);
    else if (rules->type == DOC_LIST)
        read_list(r, rules);
    else
        diag_error(&r->diag, doc_place(rules),
                   "'rules' must be a map (ID: {set: ...}) or a list ({rule: ID, set: ...}), "
                   "not %s",
                   doc_type_name(rules));
}

/* The documents between two `---` lines; how many there are. */
static size_t read_piece(struct overlay_set *set, struct arena *scratch, struct str path,
                         struct str text, uint32_t line)
{
    struct reader r = {.set = set, .path = path};
    struct weir_err err = {0};
    struct doc_node *docs;
    size_t n = 1;

    diag_init(&r.diag, set->a, text, line);
    if (doc_parse_yaml_at(scratch, text, line, &docs, &n, &err) != WEIR_OK) {
        diag_error(&r.diag, (struct place){err.line, err.col}, "%s", err.text);
        overlay_keep_messages(set, path, &r.diag);
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        r.name = path;
        r.reason = STR("");
        diag_init(&r.diag, set->a, text, line);
        read_document(&r, &docs[i]);
        overlay_keep_messages(set, path, &r.diag);
    }
    return n;
}

void overlay_set_add(struct overlay_set *set, struct str path, struct str text)
{
    struct str own_path = names_intern(set->names, path), rest = text, piece;
    struct arena *scratch = arena_new(SCRATCH_BYTES);
    uint32_t line = 1, piece_line;
    size_t n = 0;

    if (text.n > OVERLAY_FILE_MAX) {
        overlay_add_fault(set, own_path, (struct place){0, 0},
                          STR("the file is larger than 4 MiB"));
        arena_free(scratch);
        return;
    }
    while (doc_cut_yaml(&rest, &line, &piece, &piece_line)) {
        n += read_piece(set, scratch, own_path, piece, piece_line);
        arena_reset(scratch);
    }
    if (n == 0)
        overlay_add_fault(set, own_path, (struct place){1, 1}, STR("the file holds no overlay"));
    arena_free(scratch);
}
