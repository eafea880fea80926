/* read.c - overlay files to entries: one table of keys per map, so that what is unknown is
 * named at its place. What stands under `set` and `exclude`: read_set.c, exclude.c.
 */
#include "overlay/overlay_impl.h"

#include "base/str.h"
#include "base/time.h"
#include "doc/doc.h"
#include "lang/amount.h"

enum { SCRATCH_BYTES = 64 * 1024 };

/* A key that is none of the n known ones. */
static bool refuse_key(struct overlay_reader *r, const struct doc_key *key, const struct str *known,
                       size_t n, const char *where)
{
    struct place at = {key->line, key->col};

    struct str hint = diag_hint(&r->diag, key->text, known, n);
    return diag_error(&r->diag, at, "unknown key '%.*s' %s%.*s", SHOWN(key->text), where,
                      SHOWN(hint));
}

bool overlay_check_keys(struct overlay_reader *r, const struct doc_node *map,
                        const struct str *known, size_t n, const char *where)
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
static bool read_text(struct overlay_reader *r, const struct doc_node *map, const char *key,
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

/* ---- one entry ------------------------------------------------------------------------------ */

/* "tag:GLOB", "path:GLOB", or an id. */
static bool read_target(struct overlay_reader *r, struct str text, struct place at,
                        struct overlay_entry *e)
{
    static const struct {
        struct str prefix;
        enum overlay_by by;
    } KINDS[] = {{{"tag:", 4}, OVERLAY_BY_TAG}, {{"path:", 5}, OVERLAY_BY_PATH}};

    e->by = OVERLAY_BY_UID;
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
        if (str_starts(text, KINDS[i].prefix)) {
            e->by = KINDS[i].by;
            text = str_trim(str_sub(text, KINDS[i].prefix.n, text.n));
        }
    if (text.n == 0)
        return diag_error(&r->diag, at,
                          e->by == OVERLAY_BY_UID ? "an empty rule id" : "an empty pattern");
    if (e->by == OVERLAY_BY_UID && str_find_char(text, '*', 0) != SIZE_MAX)
        return diag_error(&r->diag, at,
                          "'%.*s': rules are meant by patterns as 'tag:%.*s' or 'path:%.*s'",
                          SHOWN(text), SHOWN(text), SHOWN(text));
    e->uid = names_intern(r->set->names, text);
    e->line = at.line;
    e->col = at.col;
    return true;
}

/* A day or a time: from then on. */
static bool read_expires(struct overlay_reader *r, const struct doc_node *map, int64_t *ms,
                         struct overlay_key *at)
{
    const struct doc_node *node = doc_get(map, STR("expires"));

    if (!node)
        return true;
    if (!doc_is_scalar(node) || node->type == DOC_NULL || !time_parse_ms(node->text, ms))
        return diag_error(&r->diag, doc_place(node),
                          "'expires' must be a date or a time (2026-12-31, 2026-12-31T18:00:00Z)");
    *at = (struct overlay_key){STR("expires"), node->line, node->col};
    return true;
}

static bool is_sha256(struct str text)
{
    if (text.n != 64)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (!strchr("0123456789abcdef", ascii_lower(text.p[i])))
            return false;
    return true;
}

static bool read_base(struct overlay_reader *r, const struct doc_node *map, struct overlay_entry *e)
{
    const struct doc_node *node = doc_get(map, STR("base_sha256"));

    if (!node)
        return true;
    if (!doc_is_scalar(node) || !is_sha256(node->text))
        return diag_error(
            &r->diag, doc_place(node),
            "'base_sha256' must be 64 hex digits ('weir check --effective RULE' shows "
            "them)");
    if (e->by != OVERLAY_BY_UID)
        return diag_error(&r->diag, doc_place(node), "'base_sha256' is for one rule, by its id");
    char *hex = arena_alloc(r->set->a, node->text.n);
    for (size_t i = 0; i < node->text.n; i++)
        hex[i] = ascii_lower(node->text.p[i]);
    e->base_sha256 = (struct str){hex, node->text.n};
    e->base = (struct overlay_key){STR("base_sha256"), node->line, node->col};
    return true;
}

/* What only one rule can have. */
static bool check_wide(struct overlay_reader *r, const struct entry *e)
{
    if (e->shown.by != OVERLAY_BY_UID && e->own.n_params)
        return diag_error(&r->diag, (struct place){e->own.params[0].line, e->own.params[0].col},
                          "parameters are for one rule, by its id");
    if (e->shown.by == OVERLAY_BY_TAG && e->own.uid.n)
        return diag_error(&r->diag, e->own.uid_at, "'uid' is for one rule, by its id or its path");
    return true;
}

static bool read_what(struct overlay_reader *r, const struct doc_node *map, struct entry *e)
{
    const struct doc_node *set = doc_get(map, STR("set")), *exclude = doc_get(map, STR("exclude"));
    struct overlay_entry *shown = &e->shown;

    if (!set && !exclude)
        return diag_error(&r->diag, (struct place){shown->line, shown->col},
                          "the entry for '%.*s' has neither 'set' nor 'exclude'",
                          SHOWN(shown->uid));
    return read_text(r, map, "reason", &shown->reason) &&
           read_expires(r, map, &shown->expires_ms, &shown->expires) && read_base(r, map, shown) &&
           (!set || overlay_read_set(r, set, e)) &&
           (!exclude || overlay_read_exclude(r, exclude, e)) && check_wide(r, e);
}

static void read_entry(struct overlay_reader *r, struct str target, struct place at,
                       const struct doc_node *map, bool is_listed)
{
    static const struct str KEYS[] = {{"set", 3},     {"exclude", 7},      {"reason", 6},
                                      {"expires", 7}, {"base_sha256", 11}, {"rule", 4}};
    struct entry e = {.shown = {.overlay = r->name,
                                .path = r->path,
                                .reason = r->reason,
                                .expires_ms = r->expires_ms,
                                .expires = r->expires}};

    if (!overlay_check_keys(r, map, KEYS, ARRAY_LEN(KEYS) - !is_listed, "of an overlay's rule") ||
        !read_target(r, target, at, &e.shown) || !read_what(r, map, &e))
        return;
    struct entry *kept = overlay_next_entry(r->set);
    if (kept)
        *kept = e;
    else if (!r->is_full)
        r->is_full =
            !diag_error(&r->diag, at, "more than %d entries in all overlays", OVERLAY_ENTRIES_MAX);
}

static void read_map(struct overlay_reader *r, const struct doc_node *rules)
{
    for (size_t i = 0; i < rules->n_items; i++) {
        const struct doc_key *key = &rules->keys[i];
        if (rules->items[i].type == DOC_MAP)
            read_entry(r, key->text, (struct place){key->line, key->col}, &rules->items[i], false);
        else
            diag_error(&r->diag, doc_place(&rules->items[i]),
                       "the entry for '%.*s' must be a map (set, exclude, reason, expires), not %s",
                       SHOWN(key->text), doc_type_name(&rules->items[i]));
    }
}

static void read_list(struct overlay_reader *r, const struct doc_node *rules)
{
    for (size_t i = 0; i < rules->n_items; i++) {
        const struct doc_node *item = &rules->items[i], *uid = doc_get(item, STR("rule"));
        if (item->type != DOC_MAP)
            diag_error(&r->diag, doc_place(item),
                       "an entry must be a map (rule, set, exclude, reason, expires), not %s",
                       doc_type_name(item));
        else if (uid && (!doc_is_scalar(uid) || uid->type == DOC_NULL))
            diag_error(&r->diag, doc_place(uid), "'rule' must be the id of a rule, not %s",
                       doc_type_name(uid));
        else if (uid)
            read_entry(r, uid->text, doc_place(uid), item, true);
        else
            diag_error(&r->diag, doc_place(item),
                       "the entry has no 'rule': an id, 'tag:GLOB' or 'path:GLOB'");
    }
}

/* ---- documents and files -------------------------------------------------------------------- */

static void read_document(struct overlay_reader *r, const struct doc_node *document)
{
    static const struct str KEYS[] = {{"name", 4}, {"reason", 6}, {"rules", 5}, {"expires", 7}};
    const struct doc_node *rules = doc_get(document, KEYS[2]);

    if (document->type != DOC_MAP) {
        diag_error(&r->diag, doc_place(document),
                   "an overlay is a map (name, reason, rules), not %s", doc_type_name(document));
        return;
    }
    if (!overlay_check_keys(r, document, KEYS, ARRAY_LEN(KEYS), "of an overlay") ||
        !read_text(r, document, "name", &r->name) ||
        !read_text(r, document, "reason", &r->reason) ||
        !read_expires(r, document, &r->expires_ms, &r->expires))
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
    struct overlay_reader r = {.set = set, .scratch = scratch, .path = path};
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
        r.expires_ms = OVERLAY_NEVER;
        r.expires = (struct overlay_key){0};
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
