/* mem_space.c - cells in blocks: a step's cell is taken out, grows where it lies, and is kept. */
#include "state/mem_space.h"

#include <string.h>

#include "state/mem_space_impl.h"
#include "state/mem_total.h"

enum { TIMER_BYTES = sizeof(struct due_entry) };

void mem_space_init(struct mem_space *sp, const struct mem_pool *pool,
                    const struct space_spec *spec, uint32_t number)
{
    *sp = (struct mem_space){.spec = *spec, .number = number};
    if (!sp->spec.budget_bytes)
        sp->spec.budget_bytes = store_cap(pool->total);
    if (!sp->spec.capsule_budget_bytes)
        sp->spec.capsule_budget_bytes = sp->spec.budget_bytes;
}

void mem_space_release(struct mem_space *sp)
{
    cell_index_release(&sp->index);
    small_table_release(&sp->small);
}

void mem_space_copy(struct mem_space *to, const struct mem_space *from)
{
    *to = *from;
    cell_index_copy(&to->index, &from->index);
    small_table_copy(&to->small, &from->small);
}

uint64_t mem_space_bytes(const struct mem_space *sp)
{
    return sp->cell_bytes + cell_index_bytes(&sp->index) + small_table_bytes(&sp->small) +
           sp->n_timers * TIMER_BYTES;
}

struct store_stats mem_space_stats(const struct mem_space *sp)
{
    struct store_stats s = sp->counters;

    s.cells = sp->index.n;
    s.small_cells = sp->small.n;
    s.bytes = mem_space_bytes(sp);
    s.capsule_bytes = sp->capsule_bytes;
    return s;
}

/* ---- the live cell ------------------------------------------------------------------------- */

static bool grow_main(struct mem_live *live, struct cell_part *part, uint32_t room)
{
    struct mem_space *sp = live->space;
    struct slab *slab = &live->pool->slab;
    uint32_t bytes = slab_round(room + (uint32_t)sizeof(struct head));
    uint32_t old = live->block, old_bytes = old ? slab_room(slab, old) : 0;

    bool is_free = live->is_tentative && bytes <= SLAB_BLOCK_MAX;
    if (!is_free && !space_make_room(live->pool, sp, bytes - old_bytes, old)) {
        sp->counters.cells_refused++;
        return false;
    }
    uint32_t block = slab_alloc(slab, bytes);
    struct head *h = slab_at(slab, block);
    if (old) {
        memcpy(h, slab_at(slab, old), sizeof *h + part->n);
        if (live->is_indexed)
            cell_index_move(&sp->index, &live->key, old, block);
        slab_free(slab, old);
    } else {
        *h = (struct head){0};
        memcpy(h->key, &live->key, sizeof h->key);
    }
    if (!live->is_tentative)
        sp->cell_bytes += bytes - old_bytes;
    live->block = block;
    part->p = (uint8_t *)h + sizeof *h;
    part->room = bytes - (uint32_t)sizeof *h;
    return true;
}

/* Under a full total side parts are for spaces below their share. */
static bool side_room(struct mem_live *live, uint32_t need)
{
    struct mem_space *sp = live->space;

    if (sp->capsule_bytes + need > sp->spec.capsule_budget_bytes)
        return false;
    return mem_total_fits(live->pool, sp, need) ||
           (mem_total_of(sp) + need <= mem_total_share(live->pool, sp) &&
            mem_total_make_room(live->pool, sp, need, live->block));
}

static bool grow_side(struct mem_live *live, struct cell_part *part, uint32_t room)
{
    struct mem_space *sp = live->space;
    struct slab *slab = &live->pool->slab;
    uint32_t bytes = slab_round(room + SIDE_HEAD);
    uint32_t old_bytes = live->side ? slab_room(slab, live->side) : 0;

    if (!side_room(live, bytes - old_bytes)) {
        sp->counters.capsules_refused++;
        return false;
    }
    uint32_t side = slab_alloc(slab, bytes);
    uint8_t *p = slab_at(slab, side);
    if (part->n)
        memcpy(p + SIDE_HEAD, part->p, part->n);
    if (live->side)
        slab_free(slab, live->side);
    sp->capsule_bytes += bytes - old_bytes;
    live->side = side;
    part->p = p + SIDE_HEAD;
    part->room = bytes - SIDE_HEAD;
    return true;
}

static bool grow(struct cell_memory *memory, struct cell_part *part, uint32_t room, bool is_side)
{
    struct mem_live *live = (struct mem_live *)memory;

    return is_side ? grow_side(live, part, room) : grow_main(live, part, room);
}

static bool is_pressed(const struct mem_pool *pool, const struct mem_space *sp)
{
    if (!sp->spec.shrink)
        return false;
    uint64_t bytes = mem_space_bytes(sp);
    return bytes > sp->spec.budget_bytes / 4 ||
           (pool->used > pool->total / 4 * 3 && bytes > SMALL_WORTH &&
            bytes > mem_total_share(pool, sp) / 4);
}

/* A new cell, perhaps one that is remembered in small. */
static void begin_new(struct mem_live *live)
{
    struct mem_space *sp = live->space;
    int64_t t_ms;
    uint32_t value;

    live->cell =
        (struct cell){.due_ms = CELL_NEVER, .idle_ms = CELL_NEVER, .memory = &live->memory};
    if (sp->small.n && small_table_take(&sp->small, &live->key, &t_ms, &value))
        sp->spec.regrow(sp->spec.context, t_ms, value, &live->cell);
    else
        live->is_tentative = is_pressed(live->pool, sp);
}

void mem_space_begin(struct mem_pool *pool, struct mem_space *sp, const struct state_key *key,
                     struct mem_live *live)
{
    *live = (struct mem_live){.memory.grow = grow, .pool = pool, .space = sp, .key = *key};
    live->old_due = DUE_NEVER;
    sp->uses++;
    live->block = cell_index_find(&sp->index, &pool->slab, key);
    if (live->block == SLAB_NONE) {
        begin_new(live);
        return;
    }
    const struct head *h = head_of(pool, live->block);
    live->is_indexed = true;
    live->side = h->side;
    live->has_timer = h->has_timer;
    live->old_due = head_due(h);
    live->cell = space_view(pool, live->block);
    live->cell.memory = &live->memory;
}

/* The step wants no cell, or there is no room for it. */
static void end_empty(struct mem_live *live)
{
    struct mem_space *sp = live->space;

    if (live->is_indexed) {
        head_of(live->pool, live->block)->side = live->side;
        space_drop(live->pool, sp, live->block);
        return;
    }
    space_free_side(live->pool, sp, live->side);
    if (live->block == SLAB_NONE)
        return;
    if (!live->is_tentative)
        sp->cell_bytes -= slab_room(&live->pool->slab, live->block);
    slab_free(&live->pool->slab, live->block);
}

/* A place in the index: it grows, or where the budget forbids it another cell goes. */
static bool index_may_grow(struct mem_pool *pool, struct mem_space *sp)
{
    uint64_t bytes = cell_index_bytes_grown(&sp->index);

    if (mem_space_bytes(sp) + bytes > space_cell_budget(sp))
        return false;
    return mem_total_fits(pool, sp, bytes) ||
           (mem_total_of(sp) + bytes <= mem_total_share(pool, sp) &&
            mem_total_make_room(pool, sp, bytes, SLAB_NONE));
}

static bool index_room(struct mem_live *live)
{
    struct mem_space *sp = live->space;
    struct cell_index *x = &sp->index;

    while (cell_index_is_full(x)) {
        if (index_may_grow(live->pool, sp))
            cell_index_grow(x, &live->pool->slab);
        else if (!space_evict_one(live->pool, sp, SLAB_NONE))
            return false;
    }
    return true;
}

static bool enter(struct mem_live *live)
{
    struct mem_space *sp = live->space;

    if (live->is_tentative) {
        uint32_t bytes = slab_room(&live->pool->slab, live->block);
        if (!space_make_room(live->pool, sp, bytes, SLAB_NONE))
            return false;
        sp->cell_bytes += bytes;
        live->is_tentative = false;
    }
    if (!index_room(live))
        return false;
    cell_index_add(&sp->index, &live->key, live->block);
    live->is_indexed = true;
    return true;
}

/* A cell that became much smaller gives its room back. */
static void trim(struct mem_live *live)
{
    struct mem_space *sp = live->space;
    struct slab *slab = &live->pool->slab;
    uint32_t n = live->cell.main.n, room = slab_room(slab, live->block);
    uint32_t bytes = slab_round(n + (uint32_t)sizeof(struct head));

    if (bytes > room / 2)
        return;
    uint32_t block = slab_alloc(slab, bytes);
    memcpy(slab_at(slab, block), slab_at(slab, live->block), sizeof(struct head) + n);
    cell_index_move(&sp->index, &live->key, live->block, block);
    slab_free(slab, live->block);
    sp->cell_bytes -= room - bytes;
    live->block = block;
}

static void queue(struct mem_pool *pool, struct mem_space *sp, const struct state_key *key,
                  uint64_t due)
{
    due_heap_push(&pool->due[sp->spec.level],
                  (struct due_entry){due << 16 | sp->number, due_name(key)});
    sp->n_timers++;
}

static uint32_t idle_pack(int64_t ms)
{
    if (ms > (int64_t)(NO_IDLE - 1) * 1000)
        return NO_IDLE;
    return ms <= 0 ? 0 : (uint32_t)((ms + 999) / 1000);
}

static void write_head(struct mem_live *live)
{
    struct mem_pool *pool = live->pool;
    const struct cell *c = &live->cell;
    struct head *h = head_of(pool, live->block);
    uint64_t due = due_pack(c->due_ms);

    if (due != DUE_NEVER && (!live->has_timer || due < live->old_due)) {
        queue(pool, live->space, &live->key, due);
        live->has_timer = true;
    }
    uint64_t *n_due = &pool->n_due[live->space->spec.level];
    *n_due += (due != DUE_NEVER);
    *n_due -= (live->old_due != DUE_NEVER);
    if (slab_room(&pool->slab, live->block) > SLAB_BLOCK_MAX)
        *slab_note(&pool->slab, live->block) = c->main.n;
    else
        h->n = (uint16_t)c->main.n;
    h->side = live->side;
    h->idle_s = idle_pack(c->idle_ms);
    h->due_low = (uint32_t)due;
    h->due_high = (uint16_t)(due >> 32);
    h->weight = c->weight;
    h->has_timer = live->has_timer;
    h->used = use_stamp(live->space->uses) & ((1u << USED_BITS) - 1);
}

static void write_side(struct mem_live *live)
{
    uint32_t n = live->cell.side.n;

    if (live->side == SLAB_NONE)
        return;
    if (n == 0) {
        space_free_side(live->pool, live->space, live->side);
        live->side = SLAB_NONE;
        return;
    }
    memcpy(slab_at(&live->pool->slab, live->side), &n, sizeof n);
}

static void keep(struct mem_live *live, int64_t watermark_ms)
{
    struct mem_space *sp = live->space;

    space_tell(live->pool, sp, &live->key);
    if (live->cell.main.n == 0) {
        end_empty(live);
        return;
    }
    if (live->is_tentative) {
        /* A table that may grow asks for its room first: then full cells make way. */
        if (small_table_is_crowded(&sp->small) && small_table_wants(&sp->small) &&
            small_table_bytes(&sp->small) + SMALL_SEGMENT_BYTES <= space_small_budget(sp))
            (void)space_make_room(live->pool, sp, SMALL_SEGMENT_BYTES, SLAB_NONE);
        if (space_keep_small(live->pool, sp, &live->key, &live->cell, watermark_ms)) {
            end_empty(live);
            return;
        }
    }
    if (!live->is_indexed && !enter(live)) {
        sp->counters.cells_refused++;
        end_empty(live);
        return;
    }
    trim(live);
    write_side(live);
    write_head(live);
}

void mem_space_end(struct mem_live *live, int64_t watermark_ms)
{
    keep(live, watermark_ms);
    mem_total_count(live->pool, live->space);
}

/* ---- timers, sweep, look-ahead ------------------------------------------------------------- */

uint64_t mem_space_due(const struct mem_pool *pool, uint32_t block)
{
    return head_due(head_of(pool, block));
}

void mem_space_timer_gone(struct mem_pool *pool, uint32_t block)
{
    head_of(pool, block)->has_timer = 0;
}

void mem_space_queue_all(struct mem_pool *pool, struct mem_space *sp)
{
    sp->n_timers = 0;
    for (uint32_t i = 0; i < sp->index.n_buckets; i++)
        for (int k = 0; k < INDEX_ENTRIES; k++) {
            if (!sp->index.buckets[i].tag[k])
                continue;
            struct head *h = head_of(pool, sp->index.buckets[i].block[k]);
            struct state_key key;
            memcpy(&key, h->key, sizeof key);
            h->has_timer = head_due(h) != DUE_NEVER;
            if (h->has_timer)
                queue(pool, sp, &key, head_due(h));
        }
}

/* Means nothing any more, and owes nothing: a timer that was not run yet (an owner that sweeps up
 * runs none) may have something to tell. */
static bool is_over(const struct mem_pool *pool, uint32_t block, int64_t watermark_ms)
{
    return idle_unpack(head_of(pool, block)->idle_s) <= watermark_ms &&
           mem_space_due(pool, block) > due_pack(watermark_ms);
}

void mem_space_sweep(struct mem_pool *pool, struct mem_space *sp, uint32_t n, int64_t watermark_ms)
{
    struct cell_index *x = &sp->index;

    if (watermark_ms == INT64_MIN)
        return;
    if (sp->small.n_buckets)
        sp->counters.expired +=
            small_table_sweep(&sp->small, n / SMALL_BUCKET + 1, space_small_dead(sp, watermark_ms));
    for (uint32_t i = 0; i < n && x->n; i += INDEX_ENTRIES) {
        uint32_t at = sp->sweep_hand < x->n_buckets ? sp->sweep_hand : 0;
        sp->sweep_hand = at + 1;
        if (at + 2 < x->n_buckets)
            space_fetch_cells(pool, &x->buckets[at + 2]);
        for (int k = 0; k < INDEX_ENTRIES; k++) {
            uint32_t block = x->buckets[at].block[k];
            if (!x->buckets[at].tag[k] || !is_over(pool, block, watermark_ms))
                continue;
            space_drop(pool, sp, block);
            sp->counters.expired++;
        }
    }
    mem_total_count(pool, sp);
}

void mem_space_fetch_bucket(const struct mem_space *sp, const struct state_key *key)
{
    if (sp->index.n)
        PREFETCH(&sp->index.buckets[cell_index_bucket(&sp->index, key)]);
    small_table_prefetch(&sp->small, key);
}

void mem_space_fetch_cell(const struct mem_pool *pool, const struct mem_space *sp,
                          const struct state_key *key)
{
    uint32_t block = sp->index.n ? cell_index_guess(&sp->index, key) : SLAB_NONE;

    if (block == SLAB_NONE)
        return;
    const char *p = slab_at(&pool->slab, block);
    PREFETCH_WRITE(p);
    PREFETCH_WRITE(p + 64);
    PREFETCH_WRITE(p + 128);
}

static void fetch_lines(const uint8_t *from, const uint8_t *to)
{
    enum { LINE = 64 };

    for (const uint8_t *p = from; p < to; p += LINE)
        PREFETCH_WRITE(p);
}

/* Its head is there by now and says how long it is and where the side part is. A step begins at
 * the front of the cell and at its tail, and a capsule book at its front. */
void mem_space_fetch_side(const struct mem_pool *pool, const struct mem_space *sp,
                          const struct state_key *key)
{
    enum { FRONT = 192, TAIL = 128, SIDE_FRONT = 192 };
    uint32_t block = sp->index.n ? cell_index_guess(&sp->index, key) : SLAB_NONE;

    if (block == SLAB_NONE)
        return;
    const struct head *h = head_of(pool, block);
    const uint8_t *end = (const uint8_t *)h + sizeof *h + h->n;
    if (sizeof *h + h->n > FRONT)
        fetch_lines(sizeof *h + h->n > FRONT + TAIL ? end - TAIL : (const uint8_t *)h + FRONT, end);
    if (h->side == SLAB_NONE)
        return;
    const uint8_t *side = slab_at(&pool->slab, h->side);
    uint32_t room = slab_room(&pool->slab, h->side);
    fetch_lines(side, side + (room < SIDE_FRONT ? room : SIDE_FRONT));
}

/* ---- from outside: snapshots, what is loaded ------------------------------------------------- */

void mem_space_each(const struct mem_pool *pool, const struct mem_space *sp, mem_cell_fn *fn,
                    void *context)
{
    for (uint32_t i = 0; i < sp->index.n_buckets; i++)
        for (int k = 0; k < INDEX_ENTRIES; k++) {
            if (!sp->index.buckets[i].tag[k])
                continue;
            uint32_t block = sp->index.buckets[i].block[k];
            struct cell c = space_view(pool, block);
            struct state_key key;
            memcpy(&key, head_of(pool, block)->key, sizeof key);
            fn(context, &key, &c);
        }
}

bool mem_space_get(const struct mem_pool *pool, const struct mem_space *sp,
                   const struct state_key *key, struct cell *out)
{
    uint32_t block = cell_index_find(&sp->index, &pool->slab, key);

    if (block == SLAB_NONE)
        return false;
    *out = space_view(pool, block);
    return true;
}

static void copy_part(struct cell_part *to, const struct cell_part *from)
{
    if (to->n == from->n && from->n)
        memcpy(to->p, from->p, from->n);
}

void mem_space_put(struct mem_pool *pool, struct mem_space *sp, const struct state_key *key,
                   const struct cell *c)
{
    struct mem_live live;
    int64_t t_ms;
    uint32_t value;

    (void)small_table_take(&sp->small, key, &t_ms, &value);
    mem_space_begin(pool, sp, key, &live);
    live.is_tentative = false;
    if (cell_resize(&live.cell, c->main.n))
        copy_part(&live.cell.main, &c->main);
    if (cell_resize_side(&live.cell, c->side.n))
        copy_part(&live.cell.side, &c->side);
    live.cell.due_ms = c->due_ms;
    live.cell.idle_ms = c->idle_ms;
    live.cell.weight = c->weight;
    mem_space_end(&live, INT64_MIN);
}

void mem_space_put_small(struct mem_pool *pool, struct mem_space *sp, const struct state_key *key,
                         int64_t t_ms, uint32_t value)
{
    struct cell none = {0};

    mem_space_put(pool, sp, key, &none);
    if (space_small_has_room(pool, sp) && !small_table_put(&sp->small, key, t_ms, value, INT64_MIN))
        sp->counters.evicted++;
    mem_total_count(pool, sp);
}

void mem_space_put_record(struct mem_pool *pool, struct mem_space *sp, struct small_record r)
{
    if (space_small_has_room(pool, sp) && !small_table_put_record(&sp->small, r))
        sp->counters.evicted++;
    mem_total_count(pool, sp);
}
