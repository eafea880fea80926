/* fuzz_json.c - any bytes through the scanner (every kernel) and the tree: they must agree
 * on acceptance, reason and place, and on the values of a few paths; what is accepted must
 * survive writing and reading again. */
#include "base/buf.h"
#include "base/str.h"
#include "json/scan.h"
#include "json/tree.h"
#include "json/write.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Paths whose values are compared: by one nested key, and at the root itself. */
static const char *const PATHS[] = {"a", "a.b"};

static struct json_scanner *scanners[3];
static struct arena *lasting, *arena;
static const struct json_paths *paths;

static void set_up(void)
{
    struct json_path_want wants[] = {{STR("a"), 0}, {STR("a.b"), 1}};

    lasting = arena_new(0);
    arena = arena_new(0);
    paths = json_paths_new(lasting, wants, ARRAY_LEN(wants), 2);
    for (int level = 0; level <= (int)cpu_simd_max(); level++)
        scanners[level] = json_scanner_new_with((enum simd_level)level);
}

/* Each value as a line: its slot, its text. */
static void add_value(struct buf *out, uint32_t slot, struct str text)
{
    buf_printf(out, "%u %zu ", slot, text.n);
    buf_add(out, text);
    buf_add_char(out, '\n');
}

static void tree_value(struct buf *out, uint32_t slot, const struct json_node *v)
{
    if (v->type != JSON_T_ARRAY || !v->first) {
        add_value(out, slot, v->text);
        return;
    }
    for (const struct json_node *m = v->first; m; m = m->next)
        tree_value(out, slot, m);
}

static void tree_path(struct buf *out, uint32_t slot, const struct json_node *v, struct str path)
{
    if (v->type != JSON_T_OBJECT && v->type != JSON_T_ARRAY)
        return;
    for (const struct json_node *m = v->first; m; m = m->next) {
        if (v->type == JSON_T_ARRAY)
            tree_path(out, slot, m, path);
        else if (str_eq(m->key, path))
            tree_value(out, slot, m);
        else if (str_starts(path, m->key) && path.p[m->key.n] == '.')
            tree_path(out, slot, m, str_sub(path, m->key.n + 1, SIZE_MAX));
    }
}

static void scan_values(struct buf *out, const struct json_scanner *s, uint32_t slot)
{
    size_t n;
    const struct json_hit *hits = json_scan_hits(s, &n);

    for (size_t i = 0; i < n; i++) {
        struct str raw = {hits[i].p, hits[i].n};
        unsigned flags = 0;
        if (hits[i].slot != slot)
            continue;
        if (hits[i].flags & JSON_ESCAPED) {
            char *text = arena_alloc(arena, 3 * raw.n);
            raw = (struct str){text, json_unescape(raw, text, &flags)};
        }
        add_value(out, slot, raw);
    }
}

static void check_values(const struct json_scanner *s, const struct json_node *root)
{
    struct buf got = {0}, expected = {0};

    for (uint32_t slot = 0; slot < ARRAY_LEN(PATHS); slot++) {
        tree_path(&expected, slot, root, str_from(PATHS[slot]));
        scan_values(&got, s, slot);
    }
    ASSERT(str_eq(buf_str(&got), buf_str(&expected)));
    buf_release(&got);
    buf_release(&expected);
}

static void check_scanner(struct json_scanner *s, struct str text, enum json_reason of_tree,
                          size_t at_tree, const struct json_node *root)
{
    size_t at = 0;
    enum json_reason reason = json_scan(s, paths, text, &at);

    if (reason == JSON_TOO_MANY_VALUES)
        return;
    if (reason == JSON_NOT_OBJECT) {
        ASSERT(of_tree == JSON_OK && root->type != JSON_T_OBJECT);
        return;
    }
    ASSERT(reason == of_tree);
    ASSERT(reason == JSON_OK || at == at_tree);
    if (reason == JSON_OK)
        check_values(s, root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct json_node *root = NULL;
    enum json_reason of_document;
    size_t at = 0;

    if (!arena)
        set_up();
    arena_reset(arena);
    enum json_reason reason = json_tree_parse(arena, text, &root, &at);
    for (int level = 0; level <= (int)cpu_simd_max(); level++)
        check_scanner(scanners[level], text, reason, at, root);
    size_t n = json_document_length(text, &of_document);
    ASSERT(n <= size && (n > 0) == (of_document == JSON_OK));
    ASSERT(reason != JSON_OK || n > 0);
    struct buf out = {0};
    json_escape(&out, text);
    buf_release(&out);
    return 0;
}
