/* paths.h - the compiled trie of wanted paths, as the walk sees it.
 *
 * A node stands for a dotted prefix of wanted paths ("a", "a.b" ...), whichever mixture of
 * nested and flat keys led there. An edge is (node, key): with wanted path a.b.c the root
 * has edges a, a.b and a.b.c. All edges live in one open-addressing table; the first 16
 * bytes of each key lie in the entry, so that most keys are compared without a jump.
 */
#ifndef WEIR_JSON_PATHS_H
#define WEIR_JSON_PATHS_H

#include "base/load.h"
#include "base/str.h"
#include "json/scan.h"

enum {
    NODE_ROOT = 0,
    NODE_NONE = 1 /* nothing is wanted here: no slots, no edges */
};

enum { EDGE_HEAD = 16 /* bytes of the key held in the entry */ };

struct json_edge {
    uint64_t head[2]; /* the first 16 bytes, zeros behind the key's end */
    uint32_t from;
    uint32_t key_n;
    uint32_t key; /* offset in json_paths.keys, for keys longer than EDGE_HEAD */
    uint32_t to;  /* NODE_ROOT: the entry is empty, since no edge leads to the root */
};

struct json_path_node {
    uint32_t first_slot; /* in json_paths.slots */
    uint32_t slot;       /* if n_slots is 1: which */
    uint32_t n_slots : 31;
    uint32_t has_edges : 1;
};

struct json_paths {
    const struct json_edge *edges;
    uint64_t mask; /* entries - 1, a power of two less one */
    const char *keys;
    const struct json_path_node *nodes;
    uint32_t n_nodes;
    const uint32_t *slots;
    uint32_t leaves_slot;
    bool needs_care; /* some wanted path has a backslash or bytes beyond ASCII in it */
};

/* The first 16 bytes of a key with zeros behind its end. Reads 16 bytes at once where
 * they lie before `limit`, the end of readable memory. */
static inline void paths_head(uint64_t head[2], struct str key, const char *limit)
{
    /* A window of 16 bytes that ends n bytes into the ones masks the first n. */
    static const uint8_t ones_zeros[2 * EDGE_HEAD] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                      255, 255, 255, 255, 255, 255, 255, 255};
    size_t n = key.n < EDGE_HEAD ? key.n : EDGE_HEAD;

    if (__builtin_expect(limit - key.p >= EDGE_HEAD, 1)) {
        const char *mask = (const char *)ones_zeros + EDGE_HEAD - n;
        head[0] = load64(key.p) & load64(mask);
        head[1] = load64(key.p + 8) & load64(mask + 8);
        return;
    }
    char copy[EDGE_HEAD] = {0};
    if (n > 0)
        memcpy(copy, key.p, n);
    head[0] = load64(copy);
    head[1] = load64(copy + 8);
}

static inline uint64_t paths_mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A hash by one wide multiplication (the idea of wyhash); keys over 16 bytes add one for
 * each further 8. The table is fixed when events come, so they cannot flood it. */
static inline uint64_t paths_hash(const uint64_t head[2], uint32_t from, struct str key)
{
    const uint64_t k0 = 0x9e3779b97f4a7c15u, k1 = 0xd6e8feb86659fd93u;
    uint64_t h = paths_mix(head[0] ^ k0 ^ (from * k1), head[1] ^ k1 ^ key.n);

    if (key.n > EDGE_HEAD) {
        for (size_t i = EDGE_HEAD; i + 8 < key.n; i += 8)
            h = paths_mix(h ^ load64(key.p + i), k0);
        h = paths_mix(h ^ load64(key.p + key.n - 8), k0);
    }
    return h;
}

static inline bool paths_is_edge(const struct json_edge *e, const char *keys,
                                 const uint64_t head[2], uint32_t from, struct str key)
{
    uint64_t difference =
        (e->head[0] ^ head[0]) | (e->head[1] ^ head[1]) | (e->from ^ from) | (e->key_n ^ key.n);

    return difference == 0 && (key.n <= EDGE_HEAD || memcmp(keys + e->key, key.p, key.n) == 0);
}

/* The node that `key` leads to from node `from`, NODE_NONE if there is none. */
static inline __attribute__((always_inline)) uint32_t
paths_step_head(const struct json_paths *ps, uint32_t from, struct str key, const uint64_t head[2])
{
    uint64_t at = paths_hash(head, from, key);
    for (;; at++) {
        const struct json_edge *e = &ps->edges[at & ps->mask];
        if (e->to == NODE_ROOT)
            return NODE_NONE;
        if (paths_is_edge(e, ps->keys, head, from, key))
            return e->to;
    }
}

static inline uint32_t paths_step(const struct json_paths *ps, uint32_t from, struct str key,
                                  const char *limit)
{
    uint64_t head[2];

    paths_head(head, key, limit);
    return paths_step_head(ps, from, key, head);
}

#endif
