/* mem_space_impl.h - the head of a cell's block. For pkg/state/mem_space*.c alone.
 *
 *     mem_space.c       the cell whose step runs, timers, sweep, look-ahead, snapshots
 *     mem_space_room.c  the budget: who goes for whom
 *
 * The head in front of the main part is all that the store knows of a cell. Invariants: each
 * block in the index is counted in cell_bytes; a cell with a due time has an entry in the heap at
 * that time or before (has_timer).
 */
#ifndef WEIR_STATE_MEM_SPACE_IMPL_H
#define WEIR_STATE_MEM_SPACE_IMPL_H

#include <string.h>

#include "state/mem_space.h"

struct __attribute__((packed)) head {
    uint8_t key[STATE_KEY_BYTES]; /* first: cell_index.h */
    uint32_t side;                /* block of the side part */
    uint32_t idle_s;              /* rounded up: a cell may live a second longer; NO_IDLE */
    uint32_t due_low;
    uint16_t due_high;
    uint16_t n; /* bytes of the main part; of a big block: slab_note() */
    uint32_t used : 23;
    uint32_t has_timer : 1;
    uint32_t weight : 8;
};
_Static_assert(sizeof(struct head) == 36, "what a cell costs beside its bytes");

enum {
    SIDE_HEAD = 4,       /* length of the side part */
    FINE_USES = 1 << 20, /* uses told apart one by one; later ones by 256 */
    USED_BITS = 23,
    SMALL_WORTH = 4 * SMALL_SEGMENT_BYTES /* budgets that can spare a segment */
};
#define NO_IDLE UINT32_MAX

static inline struct head *head_of(const struct mem_pool *pool, uint32_t block)
{
    return slab_at(&pool->slab, block);
}

static inline uint64_t head_due(const struct head *h)
{
    return (uint64_t)h->due_high << 32 | h->due_low;
}

static inline int64_t idle_unpack(uint32_t idle_s)
{
    return idle_s == NO_IDLE ? CELL_NEVER : (int64_t)idle_s * 1000;
}

/* Uses as 23 bits that rise: exact at first, by 256 later; they wrap after two billion. */
static inline uint32_t use_stamp(uint64_t uses)
{
    uint64_t x = uses < FINE_USES ? uses : FINE_USES + ((uses - FINE_USES) >> 8);

    return (uint32_t)x & ((1u << USED_BITS) - 1);
}

static inline struct cell_part main_part(const struct mem_pool *pool, uint32_t block)
{
    struct head *h = head_of(pool, block);
    uint32_t room = slab_room(&pool->slab, block);
    uint32_t n = room > SLAB_BLOCK_MAX ? *slab_note(&pool->slab, block) : h->n;

    return (struct cell_part){(uint8_t *)h + sizeof *h, n, room - (uint32_t)sizeof *h};
}

static inline struct cell_part side_part(const struct mem_pool *pool, uint32_t side)
{
    if (side == SLAB_NONE)
        return (struct cell_part){0};
    uint8_t *p = slab_at(&pool->slab, side);
    uint32_t n;
    memcpy(&n, p, sizeof n);
    return (struct cell_part){p + SIDE_HEAD, n, slab_room(&pool->slab, side) - SIDE_HEAD};
}

static inline struct cell space_view(const struct mem_pool *pool, uint32_t block)
{
    const struct head *h = head_of(pool, block);

    return (struct cell){.main = main_part(pool, block),
                         .side = side_part(pool, h->side),
                         .due_ms = due_unpack(head_due(h)),
                         .idle_ms = idle_unpack(h->idle_s),
                         .weight = h->weight};
}

static inline void space_tell(const struct mem_pool *pool, const struct mem_space *sp,
                              const struct state_key *key)
{
    if (pool->watch)
        pool->watch(pool->watch_context, sp->number, key);
}

static inline void space_free_side(struct mem_pool *pool, struct mem_space *sp, uint32_t side)
{
    if (side == SLAB_NONE)
        return;
    sp->capsule_bytes -= slab_room(&pool->slab, side);
    slab_free(&pool->slab, side);
}

/* ---- the budget (mem_space_room.c) --------------------------------------------------------- */

/* The cell in that block goes, and what it had. */
void space_drop(struct mem_pool *pool, struct mem_space *sp, uint32_t block);
/* The weakest of the next few cells goes, into the small table if it can be shrunk; never the one
 * in block `spare`. False: there is none. */
bool space_evict_one(struct mem_pool *pool, struct mem_space *sp, uint32_t spare);
/* So many bytes more for cells, if need be by evicting. False: they are not to be had. */
bool space_make_room(struct mem_pool *pool, struct mem_space *sp, uint64_t need, uint32_t spare);
/* What cells may have. */
uint64_t space_cell_budget(const struct mem_space *sp);
/* What the small table may have: nearly all, a flood is what it is for. */
uint64_t space_small_budget(const struct mem_space *sp);
/* Room for one more record, if it is to be had without evicting. */
bool space_small_has_room(const struct mem_pool *pool, struct mem_space *sp);
/* The cell becomes a record if it may: true. */
bool space_keep_small(const struct mem_pool *pool, struct mem_space *sp,
                      const struct state_key *key, const struct cell *c, int64_t watermark_ms);
/* Below this, small records mean nothing. */
int64_t space_small_dead(const struct mem_space *sp, int64_t watermark_ms);
/* Heads of a bucket's cells, into the cache. */

static inline void space_fetch_cells(const struct mem_pool *pool, const struct index_bucket *b)
{
    for (int k = 0; k < INDEX_ENTRIES; k++)
        if (b->tag[k])
            PREFETCH(slab_at(&pool->slab, b->block[k]));
}

#endif
