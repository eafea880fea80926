/* mem_total.c - who is the largest, and what it has to give.
 *
 * To look at all spaces for each cell that has to go would cost more than the cell. So the largest
 * one is remembered, with the bytes it had: a space that grows beyond that takes its place at
 * once, and when it has given a part of them we look again. */
#include "state/mem_total.h"

#include <stdlib.h>

enum {
    SLACK_PART = 32,        /* of what the largest had: then we look again ... */
    SLACK_LEAST = 16 * 1024 /* ... or when it has given so much */
};

void mem_total_recount(struct mem_pool *pool, struct mem_space *sp, uint64_t bytes)
{
    pool->n_used += (sp->counted == 0);
    pool->n_used -= (bytes == 0);
    pool->used += bytes - sp->counted;
    sp->counted = bytes;
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
        if (pool->spaces[i].counted > pool->largest_bytes) {
            pool->largest = i;
            pool->largest_bytes = pool->spaces[i].counted;
        }
}

static struct mem_space *largest(struct mem_pool *pool)
{
    uint64_t slack = pool->largest_bytes / SLACK_PART;

    slack = slack > SLACK_LEAST ? slack : SLACK_LEAST;
    uint64_t has = pool->spaces[pool->largest].counted;
    if (has + slack < pool->largest_bytes || has * pool->n_used < pool->total)
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
