/* profile_value.c - what a profile file holds, value by value: the types, and what to say of
 * others. */
#include "event/profile_read.h"

#include "base/str.h"

/* ---- messages -------------------------------------------------------------------- */

enum weir_rc profile_fail(struct profile_reader *r, const struct doc_node *at, const char *text)
{
    return err_at(r->err, WEIR_SYNTAX, at->line, at->col, "%s", text);
}

enum weir_rc profile_wrong_type(struct profile_reader *r, const struct doc_node *at,
                                const char *what, const char *wanted)
{
    return err_at(r->err, WEIR_SYNTAX, at->line, at->col, "%s must be %s, not %s", what, wanted,
                  doc_type_name(at));
}

/* "unknown ... 'x' (did you mean 'y'?)" */
enum weir_rc profile_unknown_name(struct profile_reader *r, uint32_t line, uint32_t col,
                                  const char *what, struct str name, const struct str *names,
                                  size_t n)
{
    struct str near = str_nearest(name, names, n);

    if (near.n)
        return err_at(r->err, WEIR_SYNTAX, line, col, "unknown %s '%.*s' (did you mean '%.*s'?)",
                      what, (int)name.n, name.p, (int)near.n, near.p);
    return err_at(r->err, WEIR_SYNTAX, line, col, "unknown %s '%.*s'", what, (int)name.n, name.p);
}

/* Every key of a map must be one of names. */
enum weir_rc profile_check_keys(struct profile_reader *r, const struct doc_node *map,
                                const char *what, const struct str *names, size_t n)
{
    for (size_t i = 0; i < map->n_items; i++) {
        const struct doc_key *key = &map->keys[i];
        bool is_known = false;
        for (size_t k = 0; k < n && !is_known; k++)
            is_known = str_eq(names[k], key->text);
        if (!is_known)
            return profile_unknown_name(r, key->line, key->col, what, key->text, names, n);
    }
    return WEIR_OK;
}

/* ---- plain values ------------------------------------------------------------------ */

enum weir_rc profile_read_text(struct profile_reader *r, const struct doc_node *node,
                               const char *what, struct str *out)
{
    if (!doc_is_scalar(node) || node->type == DOC_NULL)
        return profile_wrong_type(r, node, what, "text");
    *out = node->text;
    return WEIR_OK;
}

enum weir_rc profile_read_bool(struct profile_reader *r, const struct doc_node *node,
                               const char *what, bool *out)
{
    if (node->type != DOC_BOOL)
        return profile_wrong_type(r, node, what, "true or false");
    *out = node->is_true;
    return WEIR_OK;
}

/* One text, or a list of texts. */
enum weir_rc profile_read_texts(struct profile_reader *r, const struct doc_node *node,
                                const char *what, struct str_list *out)
{
    if (node->type == DOC_MAP || node->type == DOC_NULL)
        return profile_wrong_type(r, node, what, "text or a list of texts");
    size_t n = node->type == DOC_LIST ? node->n_items : 1;
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    struct str *texts = ARENA_ARRAY(r->arena, n, struct str);

    for (size_t i = 0; i < n; i++)
        TRY(profile_read_text(r, &items[i], what, &texts[i]));
    *out = (struct str_list){texts, n};
    return WEIR_OK;
}

enum weir_rc profile_read_paths(struct profile_reader *r, const struct doc_node *node,
                                const char *what, size_t max, struct str_list *out)
{
    struct str_list list;

    TRY(profile_read_texts(r, node, what, &list));
    if (list.n > max)
        return err_at(r->err, WEIR_LIMIT, node->line, node->col, "%s has more than %zu entries",
                      what, max);
    *out = list;
    return WEIR_OK;
}

/* 90s, 5m, 2h, 1d */
enum weir_rc profile_read_duration(struct profile_reader *r, const struct doc_node *node,
                                   int64_t *ms)
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
    return profile_fail(r, node, "lateness must be a number with s, m, h or d, as 5m");
}
