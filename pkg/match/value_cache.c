/* value_cache.c - an open-addressing table over one block of bytes.
 *
 * An entry is: the slot (hash, place in the block), and in the block the key's parts, the value's
 * bytes, then the finds. A probe looks at PROBES slots and no further, so a miss is cheap and a
 * crowded neighbourhood overwrites its first slot. Emptying is a new generation number: slots of
 * older generations count as empty.
 */
#include "match/value_cache.h"

#include "base/arena.h"
#include "base/hash.h"

#include <string.h>

enum { PROBES = 4, DOOR_BITS = 1 << 16, DOOR_CLEAR = DOOR_BITS / 8 };

struct slot {
    uint64_t hash;
    uint32_t generation;
    uint32_t at; /* offset into the block */
};

struct entry {
    uint32_t field;
    uint32_t n_bytes;
    uint32_t n_found;
    uint8_t kind, flags;
    uint8_t pad[2];
};

struct value_cache {
    struct arena *arena;
    struct slot *slots;
    char *block;
    uint32_t used; /* bytes of the block */
    uint32_t generation;
    uint64_t *door; /* values met once */
    uint32_t n_door;
    struct value_cache_stats stats;
};

struct value_cache *value_cache_new(void)
{
    struct arena *a = arena_new(1 << 16);
    struct value_cache *c = ARENA_NEW(a, struct value_cache);

    c->arena = a;
    c->slots = ARENA_ARRAY(a, VALUE_CACHE_SLOTS, struct slot);
    c->block = arena_alloc(a, VALUE_CACHE_BYTES);
    c->door = ARENA_ARRAY(a, DOOR_BITS / 64, uint64_t);
    c->generation = 1;
    return c;
}

void value_cache_free(struct value_cache *c)
{
    if (c)
        arena_free(c->arena);
}

static uint64_t key_hash(const struct value_key *key)
{
    uint64_t salt = (uint64_t)key->field << 16 | (uint64_t)key->kind << 8 | key->flags;

    return (hash_str(key->raw) ^ salt) * 0x9e3779b97f4a7c15u;
}

static bool entry_is(const struct entry *e, const struct value_key *key)
{
    return e->n_bytes == key->raw.n && e->field == key->field && e->kind == key->kind &&
           e->flags == key->flags && memcmp(e + 1, key->raw.p, key->raw.n) == 0;
}

static size_t aligned(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

/* Was the value met before? Remembers it, and forgets all when too many are remembered. */
static bool knock(struct value_cache *c, uint64_t hash)
{
    uint32_t bit = (uint32_t)(hash >> 20) & (DOOR_BITS - 1);
    bool was_met = c->door[bit / 64] >> (bit % 64) & 1;

    if (was_met)
        return true;
    if (++c->n_door > DOOR_CLEAR) {
        memset(c->door, 0, DOOR_BITS / 8);
        c->n_door = 1;
    }
    c->door[bit / 64] |= 1ull << (bit % 64);
    return false;
}

bool value_cache_find(struct value_cache *c, const struct value_key *key, struct value_found *out,
                      bool *wants)
{
    *wants = false;
    if (key->raw.n > VALUE_CACHE_VALUE_MAX)
        return false;
    uint64_t hash = key_hash(key);
    for (uint32_t i = 0; i < PROBES; i++) {
        const struct slot *s = &c->slots[(hash + i) & (VALUE_CACHE_SLOTS - 1)];
        if (s->hash != hash || s->generation != c->generation)
            continue;
        const struct entry *e = (const struct entry *)(const void *)(c->block + s->at);
        if (!entry_is(e, key))
            continue;
        out->all = (const uint32_t *)(const void *)((const char *)(e + 1) + aligned(e->n_bytes));
        out->n = e->n_found;
        c->stats.hits++;
        return true;
    }
    c->stats.misses++;
    *wants = knock(c, hash);
    return false;
}

/* The first free slot of the neighbourhood, else the first of all. */
static struct slot *slot_for(struct value_cache *c, uint64_t hash)
{
    for (uint32_t i = 0; i < PROBES; i++) {
        struct slot *s = &c->slots[(hash + i) & (VALUE_CACHE_SLOTS - 1)];
        if (s->generation != c->generation)
            return s;
    }
    return &c->slots[hash & (VALUE_CACHE_SLOTS - 1)];
}

void value_cache_put(struct value_cache *c, const struct value_key *key, const uint32_t *found,
                     uint32_t n)
{
    size_t bytes = sizeof(struct entry) + aligned(key->raw.n) + aligned(n * sizeof *found);

    if (key->raw.n > VALUE_CACHE_VALUE_MAX || n > VALUE_CACHE_FOUND_MAX)
        return;
    if (c->used + bytes > VALUE_CACHE_BYTES) {
        c->used = 0;
        c->generation++;
        c->stats.resets++;
    }
    uint64_t hash = key_hash(key);
    *slot_for(c, hash) = (struct slot){hash, c->generation, c->used};
    struct entry *e = (struct entry *)(void *)(c->block + c->used);
    *e = (struct entry){.field = key->field,
                        .n_bytes = (uint32_t)key->raw.n,
                        .n_found = n,
                        .kind = key->kind,
                        .flags = key->flags};
    if (key->raw.n)
        memcpy(e + 1, key->raw.p, key->raw.n);
    if (n)
        memcpy((char *)(e + 1) + aligned(key->raw.n), found, n * sizeof *found);
    c->used += (uint32_t)bytes;
}

struct value_cache_stats value_cache_stats(const struct value_cache *c)
{
    return c->stats;
}
