/* mem_total.c - who is the largest, and what it has to give.
 *
 * To look at all spaces for each cell that has to go would cost more than the cell. So what the
 * largest one had is remembered: those that have nearly as much, and their fair share, give one
 * after the other, and when there is none left we look again. A space that grows beyond it is next.
 */
#include "state/mem_total.h"

#include <stdlib.h>

enum {
    SLACK_PART = 32,        /* of what the largest had: who has so much less need not give ... */
    SLACK_LEAST = 16 * 1024 /* ... or this */
};

void mem_total_recount(struct mem_pool *pool, struct mem_space *sp, uint64_t bytes)
{
    pool->n_used += (sp->counted == 0);
    pool->n_used -= (bytes == 0);
    pool->used += bytes - sp->counted;
    sp->counted = pool->sizes[sp->number] = bytes;
    if (bytes > pool->largest_bytes) {
        pool->largest = sp->number;
        pool->largest_bytes = bytes;
    }
}

uint64_t mem_total_share(const struct mem_pool *pool, const struct mem_space *sp)
{
    return pool->total / (pool->n_used + (sp->counted == 0));
}

static void look(struct mem_pool *pool)
{
    pool->largest_bytes = 0;
    for (uint32_t i = 0; i < pool->n_spaces; i++)
        if (pool->sizes[i] > pool->largest_bytes) {
            pool->largest = i;
            pool->largest_bytes = pool->sizes[i];
        }
}

static struct mem_space *largest(struct mem_pool *pool)
{
    uint64_t slack = pool->largest_bytes / SLACK_PART;

    slack = slack > SLACK_LEAST ? slack : SLACK_LEAST;
    uint64_t least = pool->total / pool->n_used;
    if (pool->largest_bytes > least + slack)
        least = pool->largest_bytes - slack;
    for (uint32_t turn = 0; turn < pool->n_spaces; turn++) {
        uint32_t i = pool->largest + turn;
        i -= i >= pool->n_spaces ? pool->n_spaces : 0;
        if (pool->sizes[i] < least)
            continue;
        pool->largest = i;
        return &pool->spaces[i];
    }
    look(pool);
    return &pool->spaces[pool->largest];
}

static void note(struct mem_pool *pool, uint32_t space)
{
    if (pool->n_gave && pool->gave[pool->n_gave - 1] == space)
        return;
    if (pool->n_gave == pool->cap_gave) {
        pool->cap_gave = pool->cap_gave ? pool->cap_gave * 2 : 16;
        pool->gave = reallocarray(pool->gave, pool->cap_gave, sizeof *pool->gave);
        ASSERT(pool->gave);
    }
    pool->gave[pool->n_gave++] = space;
}

static bool give(struct mem_pool *pool, struct mem_space *from, const struct mem_space *to,
                 uint32_t spare)
{
    if (!mem_space_give(pool, from, from == to ? spare : SLAB_NONE))
        return false;
    note(pool, from->number);
    mem_total_count(pool, from);
    return true;
}

bool mem_total_make_room(struct mem_pool *pool, struct mem_space *sp, uint64_t need, uint32_t spare)
{
    mem_total_count(pool, sp);
    while (!mem_total_fits(pool, sp, need)) {
        struct mem_space *from = largest(pool);
        if (give(pool, from, sp, spare))
            continue;
        /* The largest is nothing but the cell at hand, or what holds none: that is the bottom of
         * what a total can be. */
        look(pool);
        if (&pool->spaces[pool->largest] == from ||
            !give(pool, &pool->spaces[pool->largest], sp, spare))
            return false;
    }
    return true;
}
