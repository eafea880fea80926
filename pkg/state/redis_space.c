/* redis_space.c - spaces by identity: what timers and outbox entries name them by; and what they
 * hold. Most of a worker's spaces are never used, so only those that were have a table of usage.
 *
 * Open addressing over the identities' own bytes, which are a hash. A worker has thousands of
 * spaces, and every timer that is due asks.
 */
#include "state/store_redis_impl.h"

#include <stdlib.h>
#include <string.h>

enum { IDENTITY_BYTES = 16, SLOTS_MIN = 64 };

static uint32_t slot_of(const struct store_redis *s, const void *identity)
{
    uint64_t hash;

    memcpy(&hash, identity, sizeof hash);
    return (uint32_t)(hash & (s->n_space_slots - 1));
}

/* The place of the identity, or the free one where it would be. */
static uint32_t find(const struct store_redis *s, const void *identity)
{
    uint32_t i = slot_of(s, identity);

    while (s->space_slots[i] &&
           memcmp(s->spaces[s->space_slots[i] - 1].spec.identity, identity, IDENTITY_BYTES) != 0)
        i = (i + 1) & (s->n_space_slots - 1);
    return i;
}

static void grow(struct store_redis *s)
{
    s->n_space_slots = s->n_space_slots ? s->n_space_slots * 2 : SLOTS_MIN;
    free(s->space_slots);
    s->space_slots = calloc(s->n_space_slots, sizeof *s->space_slots);
    ASSERT(s->space_slots);
    for (uint32_t i = 0; i < s->n_spaces; i++) {
        uint32_t at = find(s, s->spaces[i].spec.identity);
        if (!s->space_slots[at]) /* of two with one identity the first is found */
            s->space_slots[at] = i + 1;
    }
}

void redis_space_added(struct store_redis *s)
{
    if (s->n_spaces * 2 > s->n_space_slots) {
        grow(s);
        return;
    }
    uint32_t at = find(s, s->spaces[s->n_spaces - 1].spec.identity);
    if (!s->space_slots[at])
        s->space_slots[at] = s->n_spaces;
}

uint32_t redis_space_of(const struct store_redis *s, const void *identity)
{
    uint32_t slot = s->n_space_slots ? s->space_slots[find(s, identity)] : 0;

    return slot ? slot - 1 : STORE_SPACE_FOREIGN;
}

/* ---- usage ----------------------------------------------------------------------------------- */

const struct redis_usage *redis_usage_of(const struct redis_space *space, uint32_t shard)
{
    static const struct redis_usage none;

    return space->usage ? &space->usage[shard] : &none;
}

struct redis_usage *redis_usage_own(struct redis_space *space, uint32_t shard)
{
    if (!space->usage) {
        space->usage = calloc(STORE_SHARDS, sizeof *space->usage);
        ASSERT(space->usage);
    }
    return &space->usage[shard];
}

void redis_usage_load(struct redis_space *space, uint32_t shard, const struct redis_reply *r)
{
    if (r->type == REDIS_TEXT && r->text.n == sizeof *space->usage)
        memcpy(redis_usage_own(space, shard), r->text.p, sizeof *space->usage);
    else if (space->usage)
        space->usage[shard] = (struct redis_usage){0};
}
