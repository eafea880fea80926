/* paths.c - wanted paths become a trie.
 *
 * Nodes are named by their dotted prefix, so every way of cutting a path into keys meets
 * in the same nodes, and (node, key) leads to one node at most. Building goes through two
 * growing tables (prefix to node, edges) in an arena of their own; the result is packed into
 * the caller's.
 */
#include "json/paths.h"

#include "base/hash.h"

struct name {
    struct str prefix;
    uint32_t node; /* 0: free, as no prefix names the root */
};

struct builder {
    struct arena *scratch; /* of the tables while they grow */
    struct name *names;
    size_t names_cap;
    uint32_t n_nodes;
    struct json_edge *edges;
    size_t edges_cap;
    size_t n_edges;
    const char *keys;
};

static struct name *name_find(struct name *names, size_t cap, struct str prefix)
{
    size_t at = (size_t)hash_str(prefix) & (cap - 1);

    while (names[at].node && !str_eq(names[at].prefix, prefix))
        at = (at + 1) & (cap - 1);
    return &names[at];
}

/* The node of a prefix, made if it is new. */
static uint32_t node_of(struct builder *b, struct str prefix)
{
    if (2 * ((size_t)b->n_nodes + 1) > b->names_cap) {
        size_t cap = 2 * b->names_cap;
        struct name *names = ARENA_ARRAY(b->scratch, cap, struct name);
        for (size_t i = 0; i < b->names_cap; i++)
            if (b->names[i].node)
                *name_find(names, cap, b->names[i].prefix) = b->names[i];
        b->names = names;
        b->names_cap = cap;
    }
    struct name *name = name_find(b->names, b->names_cap, prefix);
    if (name->node == 0)
        *name = (struct name){prefix, b->n_nodes++};
    return name->node;
}

static struct str edge_key(const char *keys, const struct json_edge *e)
{
    return (struct str){keys + e->key, e->key_n};
}

/* Where an edge is or belongs. */
static struct json_edge *edge_find(struct json_edge *edges, size_t cap, const char *keys,
                                   const struct json_edge *like)
{
    struct str key = edge_key(keys, like);
    size_t at = (size_t)paths_hash(like->head, like->from, key) & (cap - 1);

    while (edges[at].to && !paths_is_edge(&edges[at], keys, like->head, like->from, key))
        at = (at + 1) & (cap - 1);
    return &edges[at];
}

/* The edges in a table of cap places, a power of two, in arena a. */
static void edges_move(struct builder *b, struct arena *a, size_t cap)
{
    struct json_edge *edges = ARENA_ARRAY(a, cap, struct json_edge);

    for (size_t i = 0; i < b->edges_cap; i++)
        if (b->edges[i].to)
            *edge_find(edges, cap, b->keys, &b->edges[i]) = b->edges[i];
    b->edges = edges;
    b->edges_cap = cap;
}

static void edge_add(struct builder *b, uint32_t from, struct str key, uint32_t to)
{
    struct json_edge e = {.from = from, .key_n = (uint32_t)key.n, .to = to};

    if (2 * (b->n_edges + 1) > b->edges_cap)
        edges_move(b, b->scratch, 2 * b->edges_cap);
    paths_head(e.head, key, key.p);
    e.key = (uint32_t)(key.p - b->keys);
    struct json_edge *place = edge_find(b->edges, b->edges_cap, b->keys, &e);
    if (place->to == 0) {
        *place = e;
        b->n_edges++;
    }
}

/* Nodes for all prefixes of a path, edges for all ways to cut it; returns its own node. */
static uint32_t path_add(struct builder *b, struct str path)
{
    size_t n_parts = 1;

    for (size_t i = 0; i < path.n; i++)
        n_parts += path.p[i] == '.';
    bool has_mixtures = n_parts <= JSON_PATH_PARTS_MAX;
    uint32_t from = NODE_ROOT;
    for (size_t start = 0; start <= path.n;) {
        size_t next = SIZE_MAX;
        for (size_t end = start; end <= path.n; end++) {
            if (end < path.n && path.p[end] != '.')
                continue;
            bool is_nested = next == SIZE_MAX;
            bool is_flat = start == 0 && end == path.n;
            if (is_nested || is_flat || has_mixtures)
                edge_add(b, from, (struct str){path.p + start, end - start},
                         node_of(b, (struct str){path.p, end}));
            if (is_nested)
                next = end;
            if (!has_mixtures && start > 0)
                break;
        }
        from = node_of(b, (struct str){path.p, next});
        start = next + 1;
    }
    return from;
}

/* Slots by node: count, sum up, fill in the order of the wants, each slot once. */
static void slots_pack(struct arena *a, struct arena *scratch, struct json_paths *ps,
                       const struct json_path_want *wants, const uint32_t *node, size_t n)
{
    struct json_path_node *nodes = ARENA_ARRAY(a, ps->n_nodes, struct json_path_node);
    uint32_t *slots = ARENA_ARRAY(a, n + 1, uint32_t);
    uint32_t *room = ARENA_ARRAY(scratch, ps->n_nodes, uint32_t);
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        room[node[i]]++;
    for (uint32_t i = 0; i < ps->n_nodes; i++) {
        nodes[i].first_slot = sum;
        sum += room[i];
    }
    for (size_t i = 0; i < n; i++) {
        struct json_path_node *nd = &nodes[node[i]];
        uint32_t k = 0;
        while (k < nd->n_slots && slots[nd->first_slot + k] != wants[i].slot)
            k++;
        if (k == nd->n_slots)
            slots[nd->first_slot + nd->n_slots++] = wants[i].slot;
        nd->slot = slots[nd->first_slot];
    }
    for (size_t i = 0; i <= ps->mask; i++)
        if (ps->edges[i].to)
            nodes[ps->edges[i].from].has_edges = 1;
    ps->nodes = nodes;
    ps->slots = slots;
}

static size_t power_of_two(size_t at_least)
{
    size_t n = 16;

    while (n < at_least)
        n *= 2;
    return n;
}

/* Would a key that is equal to a wanted one need unescaping first? */
static bool needs_care(struct str keys)
{
    return !str_is_ascii(keys) || str_find_char(keys, '\\', 0) != SIZE_MAX;
}

const struct json_paths *json_paths_new(struct arena *a, const struct json_path_want *wants,
                                        size_t n, uint32_t leaves_slot)
{
    struct json_paths *ps = ARENA_NEW(a, struct json_paths);
    struct builder b = {.scratch = arena_new(0), .names_cap = 64, .n_nodes = NODE_NONE + 1};
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++)
        bytes += wants[i].path.n;
    ASSERT(bytes < UINT32_MAX / 2 && n < UINT32_MAX / 2);
    char *keys = arena_alloc(a, bytes + 1);
    uint32_t *node = ARENA_ARRAY(b.scratch, n + 1, uint32_t);
    b.keys = keys;
    b.names = ARENA_ARRAY(b.scratch, b.names_cap, struct name);
    edges_move(&b, b.scratch, 64);
    for (size_t i = 0, at = 0; i < n; i++) {
        struct str path = {keys + at, wants[i].path.n};
        if (path.n > 0)
            memcpy(keys + at, wants[i].path.p, path.n);
        at += path.n;
        node[i] = path_add(&b, path);
    }
    size_t cap = power_of_two(2 * b.n_edges);
    edges_move(&b, a, cap);
    *ps = (struct json_paths){
        .edges = b.edges,
        .mask = cap - 1,
        .keys = keys,
        .n_nodes = b.n_nodes,
        .leaves_slot = leaves_slot,
        .needs_care = needs_care((struct str){keys, bytes}),
    };
    slots_pack(a, b.scratch, ps, wants, node, n);
    arena_free(b.scratch);
    return ps;
}
