/* mem_total.h - the one budget that the spaces of a store in process share.
 *
 * A space's bytes are counted into the pool behind each step (mem_total_count). Who needs room
 * when the total is reached takes it from the largest space, which is the one most over its fair
 * share: shares are equal, so no space below its share is ever asked.
 *
 * Threads  belongs to one thread.
 */
#ifndef WEIR_STATE_MEM_TOTAL_H
#define WEIR_STATE_MEM_TOTAL_H

#include "state/mem_space.h"

/* Cells, all that holds them, and capsules. */
static inline uint64_t mem_total_of(const struct mem_space *sp)
{
    return mem_space_bytes(sp) + sp->capsule_bytes;
}

void mem_total_recount(struct mem_pool *pool, struct mem_space *sp, uint64_t bytes);

/* The space has changed. */
static inline void mem_total_count(struct mem_pool *pool, struct mem_space *sp)
{
    uint64_t bytes = mem_total_of(sp);

    if (bytes != sp->counted)
        mem_total_recount(pool, sp, bytes);
}

/* Is there room for so many bytes more in this space? */
static inline bool mem_total_fits(const struct mem_pool *pool, const struct mem_space *sp,
                                  uint64_t need)
{
    return pool->used - sp->counted + mem_total_of(sp) + need <= pool->total;
}

/* The total by the spaces in use, this one among them. */
uint64_t mem_total_share(const struct mem_pool *pool, const struct mem_space *sp);

/* Make room for so many bytes in this space, whose cell in block `spare` must stay. False: nobody
 * has anything to give. */
bool mem_total_make_room(struct mem_pool *pool, struct mem_space *sp, uint64_t need,
                         uint32_t spare);

#endif
