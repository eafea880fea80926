/* lookup_path.c - the values at a dotted path of a tree, each way of cutting it into keys. */
#include "event/lookup_impl.h"

#include "base/str.h"
#include "base/vec.h"

void lookup_add(struct found_list *list, enum json_kind kind, struct str text, bool is_flat)
{
    list->items = vec_room(list->arena, list->items, list->n, &list->cap, sizeof *list->items);
    list->items[list->n++] = (struct found){{kind, text, NULL}, is_flat};
}

void lookup_add_node(struct found_list *list, const struct json_node *node, bool is_flat)
{
    switch (node->type) {
    case JSON_T_NULL:
        lookup_add(list, JSON_NULL, node->text, is_flat);
        break;
    case JSON_T_BOOL:
        lookup_add(list, node->is_true ? JSON_TRUE : JSON_FALSE, node->text, is_flat);
        break;
    case JSON_T_NUMBER:
        lookup_add(list, JSON_NUMBER, node->text, is_flat);
        break;
    case JSON_T_STRING:
        lookup_add(list, JSON_STRING, node->text, is_flat);
        break;
    case JSON_T_OBJECT:
        lookup_add(list, JSON_OBJECT, (struct str){0}, is_flat);
        list->items[list->n - 1].value.object = node;
        break;
    case JSON_T_ARRAY:
        if (!node->first)
            lookup_add(list, JSON_EMPTY_ARRAY, (struct str){0}, is_flat);
        for (const struct json_node *m = node->first; m; m = m->next)
            lookup_add_node(list, m, is_flat);
        break;
    }
}

static size_t count_parts(struct str path)
{
    size_t n = 1;

    for (size_t i = 0; i < path.n; i++)
        n += path.p[i] == '.';
    return n;
}

struct walk {
    struct found_list *list;
    bool allows_mixtures; /* keys inside the path may hold dots: short paths only (scan.h) */
};

/* If `rest` begins with the key and a dot: what follows. */
static bool rest_after(const struct walk *w, struct str rest, struct str key, struct str *out)
{
    if (!str_starts(rest, key))
        return false;
    if (!w->allows_mixtures && str_find_char(key, '.', 0) != SIZE_MAX)
        return false;
    *out = str_sub(rest, key.n + 1, rest.n);
    return true;
}

static bool ends_path(const struct walk *w, struct str rest, struct str key, bool is_root)
{
    if (!str_eq(rest, key))
        return false;
    return is_root || w->allows_mixtures || str_find_char(key, '.', 0) == SIZE_MAX;
}

static void walk_path(const struct walk *w, const struct json_node *node, struct str rest,
                      bool is_root)
{
    struct str after;

    if (node->type == JSON_T_ARRAY && !is_root)
        for (const struct json_node *m = node->first; m; m = m->next)
            walk_path(w, m, rest, false);
    if (node->type != JSON_T_OBJECT)
        return;
    for (const struct json_node *m = node->first; m; m = m->next) {
        if (m->key.n == rest.n) {
            if (ends_path(w, rest, m->key, is_root))
                lookup_add_node(w->list, m, is_root);
        } else if (m->key.n < rest.n && rest.p[m->key.n] == '.' &&
                   rest_after(w, rest, m->key, &after)) {
            walk_path(w, m, after, false);
        }
    }
}

struct found_list lookup_path(struct arena *a, const struct json_node *root, struct str path)
{
    struct found_list list = {.arena = a};
    struct walk w = {&list, count_parts(path) <= JSON_PATH_PARTS_MAX};

    walk_path(&w, root, path, true);
    return list;
}
