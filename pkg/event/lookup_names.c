/* lookup_names.c - what the fields of an event are called, by its keys and by its profile. */
#include "event/lookup_impl.h"

#include "base/hash.h"
#include "base/str.h"
#include "base/vec.h"
#include "event/profile_impl.h"

#include <string.h>

struct str lookup_below(struct arena *a, struct str root, struct str field)
{
    if (root.n == 0)
        return field;
    char *path = arena_alloc(a, root.n + 1 + field.n);
    memcpy(path, root.p, root.n);
    path[root.n] = '.';
    memcpy(path + root.n + 1, field.p, field.n);
    return (struct str){path, root.n + 1 + field.n};
}

struct names {
    struct arena *arena;
    const struct profile *reader;
    struct str *items;
    size_t n, cap;
};

static void add_name(struct names *names, struct str name)
{
    names->items = vec_room(names->arena, names->items, names->n, &names->cap, sizeof(struct str));
    names->items[names->n++] = name;
}

/* A path below a root, and what it is called where a prefix stands for its beginning. */
static void add_below_root(struct names *names, struct str path)
{
    const struct profile *p = names->reader;

    add_name(names, path);
    for (size_t i = 0; i < p->n_prefixes; i++) {
        struct str from = p->prefixes[i].from, to = p->prefixes[i].to;
        if (!str_starts(path, to) || str_eq(from, to))
            continue;
        struct str rest = str_sub(path, to.n, SIZE_MAX);
        char *name = arena_alloc(names->arena, from.n + rest.n + 1);
        memcpy(name, from.p, from.n);
        if (rest.n)
            memcpy(name + from.n, rest.p, rest.n);
        add_name(names, (struct str){name, from.n + rest.n});
    }
}

static void add_path(struct names *names, struct str path)
{
    const struct str_list *roots = &names->reader->roots;

    add_below_root(names, path);
    for (size_t i = 0; i < roots->n; i++) {
        struct str root = roots->items[i];
        if (root.n && root.n < path.n && str_starts(path, root) && path.p[root.n] == '.')
            add_below_root(names, str_sub(path, root.n + 1, SIZE_MAX));
    }
}

/* Depth is bounded by JSON_DEPTH_MAX. */
static void add_names_below(struct names *names, const struct json_node *node, struct str path)
{
    if (node->type != JSON_T_OBJECT && node->type != JSON_T_ARRAY) {
        add_path(names, path);
        return;
    }
    for (const struct json_node *m = node->first; m; m = m->next)
        add_names_below(names, m,
                        node->type == JSON_T_OBJECT ? lookup_below(names->arena, path, m->key)
                                                    : path);
}

/* Each name once, at its first place. */
static size_t drop_repeated(struct arena *a, struct str *names, size_t n)
{
    size_t size = 16, kept = 0;

    while (size < 2 * n)
        size *= 2;
    uint32_t *slots = ARENA_ARRAY(a, size, uint32_t); /* index + 1; 0: free */
    for (size_t i = 0; i < n; i++) {
        size_t at = hash_str(names[i]) & (size - 1);
        while (slots[at] && !str_eq(names[slots[at] - 1], names[i]))
            at = (at + 1) & (size - 1);
        if (slots[at])
            continue;
        names[kept++] = names[i];
        slots[at] = (uint32_t)kept;
    }
    return kept;
}

struct str_list event_names(struct arena *a, const struct event_tree *t)
{
    struct names names = {.arena = a, .reader = t->reader};

    add_names_below(&names, t->root, STR(""));
    for (size_t i = 0; i < t->reader->n_fields; i++)
        add_name(&names, t->reader->fields[i].name);
    return (struct str_list){names.items, drop_repeated(a, names.items, names.n)};
}

bool event_profile_may_name(const struct profile_set *profiles, const struct profile *profile,
                            struct str text)
{
    const struct profile *p = profile ? profile : profiles->fallback;

    for (size_t i = 0; i < p->n_fields; i++)
        if (str_find(p->fields[i].name, text, 0) != SIZE_MAX)
            return true;
    for (size_t i = 0; i < p->n_prefixes; i++)
        if (!str_ends(p->prefixes[i].from, STR(".")) ||
            str_find(p->prefixes[i].from, text, 0) != SIZE_MAX)
            return true;
    return false;
}
