/* mem_space_room.c - the budget of a space: which cells become small records, which go, and what a
 * space gives when others need it more.
 */
#include "state/mem_space_impl.h"

#include "state/mem_total.h"

enum {
    EVICT_LOOK = 16, /* cells compared before one goes */
    INDEX_WASTE = 4  /* times as many places as entries: it shrinks */
};

void space_drop(struct mem_pool *pool, struct mem_space *sp, uint32_t block)
{
    struct head *h = head_of(pool, block);
    struct state_key key;

    memcpy(&key, h->key, sizeof key);
    space_tell(pool, sp, &key);
    if (head_due(h) != DUE_NEVER)
        pool->n_due[sp->spec.level]--;
    space_free_side(pool, sp, h->side);
    cell_index_remove(&sp->index, &key, block);
    sp->cell_bytes -= slab_room(&pool->slab, block);
    slab_free(&pool->slab, block);
}

/* ---- small records --------------------------------------------------------------------------- */

int64_t space_small_dead(const struct mem_space *sp, int64_t watermark_ms)
{
    if (watermark_ms == INT64_MIN || sp->small_life_ms == CELL_NEVER)
        return INT64_MIN;
    return watermark_ms < INT64_MIN + sp->small_life_ms ? INT64_MIN
                                                        : watermark_ms - sp->small_life_ms;
}

/* What a shrunk cell leaves. False: it cannot be shrunk. */
static bool shrunk(struct mem_space *sp, const struct cell *c, int64_t *t_ms, uint32_t *value)
{
    if (!sp->spec.shrink || c->due_ms != CELL_NEVER ||
        !sp->spec.shrink(sp->spec.context, c, t_ms, value))
        return false;
    int64_t life = c->idle_ms == CELL_NEVER ? CELL_NEVER : c->idle_ms - *t_ms;
    if (life > sp->small_life_ms)
        sp->small_life_ms = life;
    return true;
}

uint64_t space_small_budget(const struct mem_space *sp)
{
    return sp->spec.budget_bytes / 8 * 7;
}

bool space_small_has_room(const struct mem_pool *pool, struct mem_space *sp)
{
    struct small_table *t = &sp->small;

    if (t->n_buckets == 0 || small_table_is_crowded(t)) {
        uint64_t wants = small_table_wants(t);
        if (small_table_bytes(t) + wants <= space_small_budget(sp) &&
            mem_space_bytes(sp) + wants <= sp->spec.budget_bytes && mem_total_fits(pool, sp, wants))
            sp->counters.evicted += small_table_grow(t);
    }
    return t->n_buckets > 0;
}

bool space_keep_small(const struct mem_pool *pool, struct mem_space *sp,
                      const struct state_key *key, const struct cell *c, int64_t watermark_ms)
{
    int64_t t_ms;
    uint32_t value;

    if (!sp->spec.shrink || !shrunk(sp, c, &t_ms, &value) || !space_small_has_room(pool, sp))
        return false;
    if (!small_table_put(&sp->small, key, t_ms, value, space_small_dead(sp, watermark_ms)))
        sp->counters.evicted++;
    sp->counters.shrunk++;
    return true;
}

/* ---- eviction -------------------------------------------------------------------------------- */

static uint32_t age_of(const struct mem_space *sp, const struct head *h)
{
    return (use_stamp(sp->uses) - h->used) & ((1u << USED_BITS) - 1);
}

static bool is_weaker(const struct mem_space *sp, const struct head *a, const struct head *b)
{
    if (a->weight != b->weight)
        return a->weight < b->weight;
    return age_of(sp, a) > age_of(sp, b);
}

/* The weakest of the next few cells; `spare` stays. */
static uint32_t weakest(const struct mem_pool *pool, struct mem_space *sp, uint32_t spare)
{
    uint32_t best = SLAB_NONE, n_looked = 0;
    struct cell_index *x = &sp->index;

    for (uint32_t turn = 0; turn < x->n_buckets && n_looked < EVICT_LOOK; turn++) {
        const struct index_bucket *b = &x->buckets[sp->evict_hand % x->n_buckets];
        sp->evict_hand = (sp->evict_hand + 1) % x->n_buckets;
        space_fetch_cells(pool, b);
        for (int k = 0; k < INDEX_ENTRIES; k++) {
            if (!b->tag[k] || b->block[k] == spare)
                continue;
            n_looked++;
            if (best == SLAB_NONE || is_weaker(sp, head_of(pool, b->block[k]), head_of(pool, best)))
                best = b->block[k];
        }
    }
    return best;
}

bool space_evict_one(struct mem_pool *pool, struct mem_space *sp, uint32_t spare)
{
    uint32_t block = weakest(pool, sp, spare);

    if (block == SLAB_NONE)
        return false;
    struct cell c = space_view(pool, block);
    struct state_key key;
    memcpy(&key, head_of(pool, block)->key, sizeof key);
    if (!space_keep_small(pool, sp, &key, &c, INT64_MIN))
        sp->counters.evicted++;
    space_drop(pool, sp, block);
    return true;
}

/* What cells may have. Room for a segment is left for the small table, so that a cell which is
 * to go finds a place there. */
uint64_t space_cell_budget(const struct mem_space *sp)
{
    uint64_t budget = sp->spec.budget_bytes;

    return sp->spec.shrink && budget >= SMALL_WORTH ? budget - SMALL_SEGMENT_BYTES : budget;
}

/* The same of the total. */
static uint64_t total_reserve(const struct mem_pool *pool, const struct mem_space *sp)
{
    return sp->spec.shrink && pool->total >= SMALL_WORTH ? SMALL_SEGMENT_BYTES : 0;
}

bool space_make_room(struct mem_pool *pool, struct mem_space *sp, uint64_t need, uint32_t spare)
{
    if (need > space_cell_budget(sp))
        return false;
    while (mem_space_bytes(sp) + need > space_cell_budget(sp))
        if (!space_evict_one(pool, sp, spare))
            return false;
    need += total_reserve(pool, sp);
    return mem_total_fits(pool, sp, need) || mem_total_make_room(pool, sp, need, spare);
}

/* ---- giving to others ---------------------------------------------------------------------- */

/* The side parts of the next few cells that have one. */
static bool strip(struct mem_pool *pool, struct mem_space *sp, uint32_t spare)
{
    struct cell_index *x = &sp->index;
    uint32_t n = 0;

    for (uint32_t turn = 0; sp->capsule_bytes && turn < x->n_buckets && n < EVICT_LOOK; turn++) {
        const struct index_bucket *b = &x->buckets[sp->strip_hand % x->n_buckets];
        sp->strip_hand = (sp->strip_hand + 1) % x->n_buckets;
        space_fetch_cells(pool, b);
        for (int k = 0; k < INDEX_ENTRIES; k++) {
            if (!b->tag[k] || b->block[k] == spare)
                continue;
            struct head *h = head_of(pool, b->block[k]);
            if (h->side == SLAB_NONE)
                continue;
            struct state_key key;
            memcpy(&key, h->key, sizeof key);
            space_tell(pool, sp, &key);
            space_free_side(pool, sp, h->side);
            h->side = SLAB_NONE;
            n++;
        }
    }
    sp->counters.capsules_refused += n;
    return n > 0;
}

/* Buckets of the small table until there is a segment less. */
static bool drop_segment(struct mem_space *sp)
{
    struct small_table *t = &sp->small;
    uint64_t was = small_table_bytes(t);

    while (t->n_buckets && small_table_bytes(t) == was)
        sp->counters.evicted += small_table_shrink(t);
    return was > 0;
}

bool mem_space_give(struct mem_pool *pool, struct mem_space *sp, uint32_t spare)
{
    struct cell_index *x = &sp->index;

    if (sp->capsule_bytes && strip(pool, sp, spare))
        return true;
    if ((uint64_t)x->n * INDEX_WASTE < (uint64_t)x->n_buckets * INDEX_ENTRIES &&
        cell_index_bytes_shrunk(x) < cell_index_bytes(x)) { /* five entries want two buckets */
        cell_index_shrink(x, &pool->slab);
        return true;
    }
    /* Records are what a flood is remembered as: they keep the part that they may have. */
    if (small_table_bytes(&sp->small) > mem_space_bytes(sp) / 8 * 7)
        return drop_segment(sp);
    return space_evict_one(pool, sp, spare) || drop_segment(sp);
}
