/* cell_index.h - from a key to the block that holds its cell.
 *
 * Open addressing in buckets of one cache line: 12 entries with a byte of the key each, so that a
 * search touches the bucket and, nearly always, only the block it looks for. A bucket that was
 * full when an entry wanted in counts it, so that searches know whether to go on to the next.
 *
 * Keys     are keyed hashes (key.h): their bytes are taken as they are.
 * Blocks   of a slab, beginning with the 16 bytes of the key.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_STATE_CELL_INDEX_H
#define WEIR_STATE_CELL_INDEX_H

#include "state/key.h"
#include "state/slab.h"

enum { INDEX_ENTRIES = 12 };

struct index_bucket {
    uint8_t tag[INDEX_ENTRIES]; /* 0: empty */
    uint32_t passed;            /* entries that wanted in and are further on */
    uint32_t block[INDEX_ENTRIES];
};

struct cell_index {
    struct index_bucket *buckets;
    uint32_t n_buckets;
    uint32_t n; /* entries */
};

void cell_index_release(struct cell_index *x);
void cell_index_copy(struct cell_index *to, const struct cell_index *from);

/* SLAB_NONE: absent. */
uint32_t cell_index_find(const struct cell_index *x, const struct slab *s,
                         const struct state_key *key);
/* The same by key->bytes[4] to [11] (due_heap.h). Two keys that share these 64 bits of a keyed hash
 * are not expected ever; the first would be taken. */
uint32_t cell_index_find_name(const struct cell_index *x, const struct slab *s, uint64_t name);
/* A block that may be the key's: to be fetched ahead. SLAB_NONE: none in the first bucket. */
uint32_t cell_index_guess(const struct cell_index *x, const struct state_key *key);

static inline uint32_t cell_index_bucket(const struct cell_index *x, const struct state_key *key)
{
    uint32_t h;

    __builtin_memcpy(&h, key->bytes + 4, sizeof h);
    return (uint32_t)((uint64_t)h * x->n_buckets >> 32);
}

/* No entry may be added before it has grown. */
bool cell_index_is_full(const struct cell_index *x);
/* Bytes it has, and would have after growing, after shrinking. */
uint64_t cell_index_bytes(const struct cell_index *x);
uint64_t cell_index_bytes_grown(const struct cell_index *x);
uint64_t cell_index_bytes_shrunk(const struct cell_index *x);
void cell_index_grow(struct cell_index *x, const struct slab *s);

/* As small as its entries allow, with room for as many more, which may be what it has; without
 * entries it is empty. */
void cell_index_shrink(struct cell_index *x, const struct slab *s);

/* The key is absent and the index is not full. */
void cell_index_add(struct cell_index *x, const struct state_key *key, uint32_t block);
/* The key's block is `from`. */
void cell_index_move(struct cell_index *x, const struct state_key *key, uint32_t from, uint32_t to);
void cell_index_remove(struct cell_index *x, const struct state_key *key, uint32_t block);

#endif
