/* slab.h - blocks of a few sizes under 32-bit names, for a store's cells.
 *
 * Chunks of 64 KiB hold blocks of one size each; an empty chunk serves another size. Chunks are cut
 * from regions of 2 MiB, which the kernel is asked to map as huge pages: cells are met in random
 * order, and each would else cost a walk through the page tables. A block's name is chunk and place
 * (8-byte steps), so that a table of names costs 4 bytes an entry and a copy of the slab needs no
 * pointers mended. Blocks over SLAB_BLOCK_MAX have a chunk of their own.
 *
 * Memory   bounded by what its users count: slab_round() says what a block of n bytes takes.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_STATE_SLAB_H
#define WEIR_STATE_SLAB_H

#include "base/base.h"

enum {
    SLAB_NONE = 0,
    SLAB_STEP = 8,
    SLAB_CHUNK_BYTES = 64 * 1024,
    SLAB_REGION_BYTES = 2 * 1024 * 1024,
    SLAB_PLACE_BITS = 13, /* 64 KiB in steps of 8 */
    SLAB_BLOCK_MAX = 8 * 1024,
    SLAB_SIZES = 73
};

struct slab_chunk {
    uint8_t *p;           /* NULL: the entry is unused */
    uint32_t block_bytes; /* of each block; a big one: of the only one */
    uint32_t n_used;      /* blocks handed out */
    uint32_t free_place;  /* first of the blocks given back, 0: none (their places are + 1) */
    uint32_t untouched;   /* bytes from the start that were ever handed out */
    uint32_t next, prev;  /* among chunks of this size that have room; next: unused entries */
    uint32_t note;        /* slab_note() */
};

struct slab {
    struct slab_chunk *chunks; /* [0] is never used */
    uint32_t n_chunks, cap_chunks;
    uint32_t with_room[SLAB_SIZES];
    uint32_t unused; /* entries of `chunks` without memory */
    uint8_t **spare; /* memory of chunks that became empty; the first n_cold were given back */
    uint32_t n_spare, n_cold, cap_spare;
    uint8_t **regions;
    uint32_t n_regions, cap_regions;
    uint32_t n_cut; /* chunks cut from the last region */
    uint64_t held_bytes;
};

void slab_release(struct slab *s);
/* A struct of zeros is an empty slab. */
void slab_copy(struct slab *to, const struct slab *from);

/* What a block for n bytes takes, and how many bytes it has room for. */
uint32_t slab_round(uint32_t n);

/* A block of at least n bytes (> 0), 8-aligned, contents undefined. */
uint32_t slab_alloc(struct slab *s, uint32_t n);
void slab_free(struct slab *s, uint32_t block);

static inline void *slab_at(const struct slab *s, uint32_t block)
{
    return s->chunks[block >> SLAB_PLACE_BITS].p +
           (size_t)(block & ((1u << SLAB_PLACE_BITS) - 1)) * SLAB_STEP;
}

/* Room of the block: slab_round() of what was asked for. */
static inline uint32_t slab_room(const struct slab *s, uint32_t block)
{
    return s->chunks[block >> SLAB_PLACE_BITS].block_bytes;
}

/* A number beside a block that has a chunk of its own (over SLAB_BLOCK_MAX). */
static inline uint32_t *slab_note(const struct slab *s, uint32_t block)
{
    return &s->chunks[block >> SLAB_PLACE_BITS].note;
}

#endif
