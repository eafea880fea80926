/* cell_index.c - buckets of 12, linear probing by buckets, growing by half. */
#include "state/cell_index.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    FILLED_MAX = 10, /* of 12 on the average: then it grows */
    AHEAD = 8        /* buckets whose blocks are fetched before they are moved */
};

void cell_index_release(struct cell_index *x)
{
    free(x->buckets);
    *x = (struct cell_index){0};
}

/* Large tables in huge pages, as the slab's regions (slab.h). */
static struct index_bucket *new_buckets(uint32_t n)
{
    size_t bytes = (size_t)n * sizeof(struct index_bucket);
    size_t unit = bytes >= SLAB_REGION_BYTES ? SLAB_REGION_BYTES : sizeof(struct index_bucket);
    struct index_bucket *b = aligned_alloc(unit, (bytes + unit - 1) / unit * unit);

    ASSERT(b);
    if (unit == SLAB_REGION_BYTES)
        (void)madvise(b, bytes, MADV_HUGEPAGE);
    memset(b, 0, bytes);
    return b;
}

void cell_index_copy(struct cell_index *to, const struct cell_index *from)
{
    *to = *from;
    if (!from->n_buckets)
        return;
    to->buckets = new_buckets(from->n_buckets);
    memcpy(to->buckets, from->buckets, (size_t)from->n_buckets * sizeof *to->buckets);
}

static inline uint8_t tag_of(const struct state_key *key)
{
    return key->bytes[9] ? key->bytes[9] : 1;
}

/* Which of the 12 tags are equal to `tag` (1 to 255): a bit at the top of each byte, for the
 * first 8 and the last 4. Exact: x + 0x7f.. has its top bit unless the low seven bits are zero. */
static inline uint64_t equal_bytes(uint64_t tags, uint8_t tag)
{
    uint64_t x = tags ^ (0x0101010101010101U * tag), low = 0x7f7f7f7f7f7f7f7fU;

    return ~(((x & low) + low) | x | low);
}

static inline uint32_t match(const struct index_bucket *b, uint8_t tag)
{
    uint64_t first;
    uint32_t last;

    memcpy(&first, b->tag, 8);
    memcpy(&last, b->tag + 8, 4);
    uint64_t x = equal_bytes(first, tag), y = equal_bytes(last, tag) & 0xffffffffU;
    /* Gather the top bits: byte i to bit i. */
    return (uint32_t)((x >> 7) * 0x0102040810204080U >> 56) |
           (uint32_t)((y >> 7) * 0x0102040810204080U >> 56) << 8;
}

static inline bool is_key(const struct slab *s, uint32_t block, const struct state_key *key)
{
    return memcmp(slab_at(s, block), key, sizeof *key) == 0;
}

static inline uint32_t next_bucket(const struct cell_index *x, uint32_t i)
{
    return i + 1 < x->n_buckets ? i + 1 : 0;
}

uint32_t cell_index_find(const struct cell_index *x, const struct slab *s,
                         const struct state_key *key)
{
    uint8_t tag = tag_of(key);

    if (!x->n)
        return SLAB_NONE;
    uint32_t i = cell_index_bucket(x, key);
    for (uint32_t left = x->n_buckets; left > 0; left--, i = next_bucket(x, i)) {
        const struct index_bucket *b = &x->buckets[i];
        for (uint32_t m = match(b, tag); m; m &= m - 1) {
            uint32_t block = b->block[__builtin_ctz(m)];
            if (is_key(s, block, key))
                return block;
        }
        if (!b->passed)
            return SLAB_NONE;
    }
    return SLAB_NONE; /* each bucket was full once: in small tables that happens */
}

uint32_t cell_index_find_name(const struct cell_index *x, const struct slab *s, uint64_t name)
{
    struct state_key key = {0};

    if (!x->n)
        return SLAB_NONE;
    memcpy(key.bytes + 4, &name, sizeof name);
    uint32_t i = cell_index_bucket(x, &key);
    for (uint32_t left = x->n_buckets; left > 0; left--, i = next_bucket(x, i)) {
        const struct index_bucket *b = &x->buckets[i];
        for (uint32_t m = match(b, tag_of(&key)); m; m &= m - 1) {
            uint32_t block = b->block[__builtin_ctz(m)];
            if (memcmp((uint8_t *)slab_at(s, block) + 4, &name, sizeof name) == 0)
                return block;
        }
        if (!b->passed)
            return SLAB_NONE;
    }
    return SLAB_NONE;
}

uint32_t cell_index_guess(const struct cell_index *x, const struct state_key *key)
{
    const struct index_bucket *b = &x->buckets[cell_index_bucket(x, key)];
    uint32_t m = match(b, tag_of(key));

    return m ? b->block[__builtin_ctz(m)] : SLAB_NONE;
}

bool cell_index_is_full(const struct cell_index *x)
{
    return x->n >= x->n_buckets * FILLED_MAX;
}

uint64_t cell_index_bytes(const struct cell_index *x)
{
    return (uint64_t)x->n_buckets * sizeof *x->buckets;
}

static uint32_t grown(const struct cell_index *x)
{
    return x->n_buckets + x->n_buckets / 2 + 1;
}

uint64_t cell_index_bytes_grown(const struct cell_index *x)
{
    return (uint64_t)grown(x) * sizeof *x->buckets;
}

static uint32_t shrunk(const struct cell_index *x)
{
    return x->n ? x->n * 2 / FILLED_MAX + 1 : 0;
}

uint64_t cell_index_bytes_shrunk(const struct cell_index *x)
{
    return (uint64_t)shrunk(x) * sizeof *x->buckets;
}

void cell_index_add(struct cell_index *x, const struct state_key *key, uint32_t block)
{
    uint32_t i = cell_index_bucket(x, key);

    for (;; i = next_bucket(x, i)) {
        struct index_bucket *b = &x->buckets[i];
        uint32_t m = match(b, 0);
        if (m) {
            int place = __builtin_ctz(m);
            b->tag[place] = tag_of(key);
            b->block[place] = block;
            x->n++;
            return;
        }
        b->passed++;
    }
}

/* Where the block stands; buckets before it that count it are left to the caller. */
static uint32_t *find_block(struct cell_index *x, const struct state_key *key, uint32_t block,
                            uint32_t *bucket)
{
    uint8_t tag = tag_of(key);

    for (uint32_t i = cell_index_bucket(x, key);; i = next_bucket(x, i)) {
        struct index_bucket *b = &x->buckets[i];
        for (uint32_t m = match(b, tag); m; m &= m - 1)
            if (b->block[__builtin_ctz(m)] == block) {
                *bucket = i;
                return &b->block[__builtin_ctz(m)];
            }
        ASSERT(b->passed);
    }
}

void cell_index_move(struct cell_index *x, const struct state_key *key, uint32_t from, uint32_t to)
{
    uint32_t bucket;

    *find_block(x, key, from, &bucket) = to;
}

void cell_index_remove(struct cell_index *x, const struct state_key *key, uint32_t block)
{
    uint32_t bucket;
    uint32_t *place = find_block(x, key, block, &bucket);
    struct index_bucket *b = &x->buckets[bucket];

    b->tag[place - b->block] = 0;
    *place = SLAB_NONE;
    x->n--;
    for (uint32_t i = cell_index_bucket(x, key); i != bucket; i = next_bucket(x, i))
        x->buckets[i].passed--;
}

static void fetch_blocks(const struct slab *s, const struct index_bucket *b)
{
    for (int k = 0; k < INDEX_ENTRIES; k++)
        if (b->tag[k])
            PREFETCH(slab_at(s, b->block[k]));
}

static void remake(struct cell_index *x, const struct slab *s, uint32_t n_buckets)
{
    struct cell_index was = *x;

    x->n_buckets = n_buckets;
    x->buckets = new_buckets(x->n_buckets);
    x->n = 0;
    for (uint32_t i = 0; i < was.n_buckets; i++) {
        if (i + AHEAD < was.n_buckets)
            fetch_blocks(s, &was.buckets[i + AHEAD]);
        for (int k = 0; k < INDEX_ENTRIES; k++) {
            if (!was.buckets[i].tag[k])
                continue;
            struct state_key key;
            memcpy(&key, slab_at(s, was.buckets[i].block[k]), sizeof key);
            cell_index_add(x, &key, was.buckets[i].block[k]);
        }
    }
    free(was.buckets);
}

void cell_index_grow(struct cell_index *x, const struct slab *s)
{
    remake(x, s, grown(x));
}

void cell_index_shrink(struct cell_index *x, const struct slab *s)
{
    if (x->n == 0)
        cell_index_release(x);
    else
        remake(x, s, shrunk(x));
}
