/* store_mem.c - a batch against the spaces in memory.
 *
 * Operations come in order and meet their cells at once, while buckets and cells of those behind
 * them are being fetched; then the timers that are due. With parts, what was emitted goes through
 * the ledger's outbox, as it would through a remote store's. */
#include "state/store_mem.h"

#include "state/ledger.h"
#include "state/mem_space.h"
#include "state/store_impl.h"
#include "state/store_mem_impl.h"

#include <stdlib.h>
#include <string.h>

enum {
    AHEAD_BUCKET = 16, /* operations */
    AHEAD_CELL = 11,
    AHEAD_SIDE = 6,
    TURNS_MAX = 1000000, /* a cell that stays due for ever is a fault of its step */
    HEAP_SLACK = 1024    /* entries that may be wrong before the heap is made anew */
};

/* A cell whose time has come. */
struct ready {
    uint32_t space;
    struct state_key key;
};

struct mem_store {
    struct store base; /* first */
    struct mem_pool pool;
    struct mem_space *spaces;
    size_t n_spaces, cap_spaces;
    struct emissions made;
    struct ledger_origin *origins; /* of the emissions */
    size_t cap_origins, n_origins;
    struct ready *ready;
    size_t n_ready, cap_ready;
    uint32_t *turns; /* operations of a batch, space by space */
    size_t cap_turns;
    uint32_t *starts; /* of each space in it */
    size_t cap_starts;
    struct ledger ledger;
    uint64_t unreached; /* shards */
};

static struct mem_store *mem_of(struct store *s);

static void *room_for(void *items, size_t n, size_t *cap, size_t bytes)
{
    if (n < *cap)
        return items;
    while (*cap <= n)
        *cap = *cap ? *cap * 2 : 16;
    items = reallocarray(items, *cap, bytes);
    ASSERT(items);
    return items;
}

static uint32_t mem_add_space(struct store *store, const struct space_spec *spec)
{
    struct mem_store *s = mem_of(store);

    ASSERT(s->n_spaces < STORE_SPACES_MAX && spec->step && spec->level < STORE_ROUNDS_MAX);
    ASSERT(!spec->shrink == !spec->regrow);
    s->spaces = room_for(s->spaces, s->n_spaces, &s->cap_spaces, sizeof(*s->spaces));
    mem_space_init(&s->spaces[s->n_spaces], &s->pool, spec, (uint32_t)s->n_spaces);
    s->pool.sizes = reallocarray(s->pool.sizes, s->cap_spaces, sizeof *s->pool.sizes);
    ASSERT(s->pool.sizes);
    s->pool.sizes[s->n_spaces] = 0;
    s->pool.spaces = s->spaces;
    s->pool.n_spaces = (uint32_t)++s->n_spaces;
    return s->pool.n_spaces - 1;
}

static void mem_set_total(struct store *store, uint64_t bytes)
{
    ASSERT(mem_of(store)->n_spaces == 0 && bytes > 0);
    mem_of(store)->pool.total = bytes;
}

static void mem_free(struct store *store)
{
    struct mem_store *s = mem_of(store);

    for (size_t i = 0; i < s->n_spaces; i++)
        mem_space_release(&s->spaces[i]);
    free(s->spaces);
    free(s->pool.gave);
    free(s->pool.sizes);
    slab_release(&s->pool.slab);
    for (int i = 0; i < STORE_ROUNDS_MAX; i++)
        due_heap_release(&s->pool.due[i]);
    emissions_release(&s->made);
    ledger_release(&s->ledger);
    free(s->origins);
    free(s->ready);
    free(s->turns);
    free(s->starts);
    free(s);
}

static struct store_stats mem_stats(const struct store *store, uint32_t space)
{
    const struct mem_store *s = (const struct mem_store *)store;

    ASSERT(space < s->n_spaces);
    return mem_space_stats(&s->spaces[space]);
}

static const uint32_t *mem_gave(const struct store *store, size_t *n)
{
    const struct mem_store *s = (const struct mem_store *)store;

    *n = s->pool.n_gave;
    return s->pool.gave;
}

/* ---- one step ------------------------------------------------------------------------------ */

/* op: index in the batch, UINT32_MAX: a timer. */
static void note_origins(struct mem_store *s, const struct state_key *key, uint32_t op)
{
    for (; s->n_origins < s->made.n; s->n_origins++) {
        s->origins = room_for(s->origins, s->n_origins, &s->cap_origins, sizeof(*s->origins));
        s->origins[s->n_origins] = (struct ledger_origin){op, (uint8_t)state_key_shard(key)};
    }
}

static void apply_op(struct mem_store *s, const struct store_batch *b, uint32_t i)
{
    const struct state_op *op = &b->ops[i];
    struct mem_space *sp = &s->spaces[op->space];
    struct mem_live live;

    s->made.head =
        (struct emission){.order = op->order, .space = op->space, .part = op->part, .at = op->at};
    mem_space_begin(&s->pool, sp, &op->key, &live);
    sp->spec.step(sp->spec.context, op, &live.cell, &b->clock, &s->made);
    mem_space_end(&live, b->clock.watermark_ms);
    if (b->parts)
        note_origins(s, &op->key, i);
    sp->counters.applied++;
    sp->sweep_now++;
}

/* The operations of one space one behind the other, so that its step stays in the cache: cells of
 * different spaces do not know of each other, and emissions are put in order afterwards. NULL: as
 * they come (the ledger's outbox wants that, and for few operations it is not worth it). */
static const uint32_t *take_turns(struct mem_store *s, const struct store_batch *b)
{
    if (b->parts || s->n_spaces < 2 || b->n_ops < 2 * s->n_spaces)
        return NULL;
    s->turns = room_for(s->turns, b->n_ops, &s->cap_turns, sizeof *s->turns);
    s->starts = room_for(s->starts, s->n_spaces, &s->cap_starts, sizeof *s->starts);
    memset(s->starts, 0, (s->n_spaces + 1) * sizeof *s->starts);
    for (size_t i = 0; i < b->n_ops; i++) {
        ASSERT(b->ops[i].space < s->n_spaces);
        s->starts[b->ops[i].space + 1]++;
    }
    for (size_t i = 0; i < s->n_spaces; i++)
        s->starts[i + 1] += s->starts[i];
    for (size_t i = 0; i < b->n_ops; i++)
        s->turns[s->starts[b->ops[i].space]++] = (uint32_t)i;
    return s->turns;
}

static bool is_reached(const struct mem_store *s, const struct state_op *op)
{
    return !(s->unreached >> state_key_shard(&op->key) & 1);
}

static void apply_ops(struct mem_store *s, const struct store_batch *b)
{
    const uint32_t *turns = take_turns(s, b);

    for (size_t i = 0; i < b->n_ops; i++) {
        uint32_t at = turns ? turns[i] : (uint32_t)i;
        const struct state_op *op = &b->ops[at];
        ASSERT(op->space < s->n_spaces);
        if (i + AHEAD_BUCKET < b->n_ops) {
            const struct state_op *ahead =
                &b->ops[turns ? turns[i + AHEAD_BUCKET] : i + AHEAD_BUCKET];
            mem_space_fetch_bucket(&s->spaces[ahead->space], &ahead->key);
        }
        if (i + AHEAD_CELL < b->n_ops) {
            const struct state_op *ahead = &b->ops[turns ? turns[i + AHEAD_CELL] : i + AHEAD_CELL];
            mem_space_fetch_cell(&s->pool, &s->spaces[ahead->space], &ahead->key);
        }
        if (i + AHEAD_SIDE < b->n_ops) {
            const struct state_op *ahead = &b->ops[turns ? turns[i + AHEAD_SIDE] : i + AHEAD_SIDE];
            mem_space_fetch_side(&s->pool, &s->spaces[ahead->space], &ahead->key);
        }
        if (!is_reached(s, op))
            continue;
        if (b->parts && ledger_has_applied(&s->ledger, b, op))
            s->spaces[op->space].counters.skipped++;
        else
            apply_op(s, b, at);
    }
}

/* ---- timers -------------------------------------------------------------------------------- */

static uint32_t entry_space(struct due_entry e)
{
    return (uint32_t)(e.due_space & 0xffff);
}

static uint32_t entry_block(const struct mem_store *s, struct due_entry e)
{
    return cell_index_find_name(&s->spaces[entry_space(e)].index, &s->pool.slab, e.name);
}

/* Take the earliest entry out. SLAB_NONE: it was not true any more, and is mended. */
static uint32_t pop_due(struct mem_store *s, uint32_t level, uint64_t *due)
{
    struct due_entry e = due_heap_pop(&s->pool.due[level]);
    uint32_t block = entry_block(s, e);

    *due = e.due_space >> 16;
    s->spaces[entry_space(e)].n_timers--;
    if (block == SLAB_NONE)
        return SLAB_NONE;
    uint64_t real = mem_space_due(&s->pool, block);
    if (real == *due) {
        mem_space_timer_gone(&s->pool, block);
        return block;
    }
    if (real == DUE_NEVER)
        mem_space_timer_gone(&s->pool, block);
    else if (real > *due) { /* it has become later since */
        due_heap_push(&s->pool.due[level], (struct due_entry){real << 16 | entry_space(e), e.name});
        s->spaces[entry_space(e)].n_timers++;
    }
    return SLAB_NONE;
}

static int by_space_and_key(const void *a, const void *b)
{
    const struct ready *x = a, *y = b;

    if (x->space != y->space)
        return x->space < y->space ? -1 : 1;
    return memcmp(&x->key, &y->key, sizeof x->key);
}

/* All cells of a level that are due at its earliest time, in order. */
static uint64_t gather(struct mem_store *s, uint32_t level)
{
    const struct due_heap *h = &s->pool.due[level];
    uint64_t due = h->items[0].due_space >> 16, got;

    s->n_ready = 0;
    while (h->n && h->items[0].due_space >> 16 == due) {
        uint32_t space = entry_space(h->items[0]);
        uint32_t block = pop_due(s, level, &got);
        if (block == SLAB_NONE)
            continue;
        s->ready = room_for(s->ready, s->n_ready, &s->cap_ready, sizeof(*s->ready));
        s->ready[s->n_ready].space = space;
        memcpy(&s->ready[s->n_ready++].key, slab_at(&s->pool.slab, block), STATE_KEY_BYTES);
    }
    if (s->n_ready > 1)
        qsort(s->ready, s->n_ready, sizeof(*s->ready), by_space_and_key);
    return due;
}

/* Run the cell's step as long as it is due at `due` or before. */
static void fire(struct mem_store *s, const struct store_batch *b, struct ready r, uint64_t due)
{
    struct mem_space *sp = &s->spaces[r.space];
    struct step_clock clock = {b->timer_ms};

    s->made.head = (struct emission){.order = UINT64_MAX, .space = r.space};
    if (b->parts)
        s->made.head.at = b->parts[0].upto;
    for (int turn = 0;; turn++) {
        uint32_t block = cell_index_find(&sp->index, &s->pool.slab, &r.key);
        if (block == SLAB_NONE || mem_space_due(&s->pool, block) > due)
            return;
        ASSERT(turn < TURNS_MAX);
        struct mem_live live;
        mem_space_begin(&s->pool, sp, &r.key, &live);
        sp->spec.step(sp->spec.context, NULL, &live.cell, &clock, &s->made);
        mem_space_end(&live, clock.watermark_ms);
        if (b->parts)
            note_origins(s, &r.key, UINT32_MAX);
    }
}

static void remake_heap(struct mem_store *s, uint32_t level)
{
    if (s->pool.due[level].n <= 4 * s->pool.n_due[level] + HEAP_SLACK)
        return;
    s->pool.due[level].n = 0;
    for (size_t i = 0; i < s->n_spaces; i++)
        if (s->spaces[i].spec.level == level)
            mem_space_queue_all(&s->pool, &s->spaces[i]);
}

/* In due_heap.h's form, the last time at which cells are called. */
static uint64_t timer_until(const struct store_batch *b)
{
    return b->timer_ms == CELL_NEVER ? DUE_NEVER - 1 : due_pack(b->timer_ms);
}

static void fire_timers(struct mem_store *s, const struct store_batch *b)
{
    const struct due_heap *h = &s->pool.due[b->round];

    while (!s->unreached && b->timer_ms != INT64_MIN && h->n &&
           h->items[0].due_space >> 16 <= timer_until(b)) {
        uint64_t due = gather(s, b->round);
        for (size_t i = 0; i < s->n_ready; i++)
            fire(s, b, s->ready[i], due);
    }
}

/* Entries that are wrong do not stay in front, so that next_due tells the truth. */
static void settle_front(struct mem_store *s, uint32_t level)
{
    const struct due_heap *h = &s->pool.due[level];

    while (h->n) {
        uint32_t block = entry_block(s, h->items[0]);
        if (block != SLAB_NONE && mem_space_due(&s->pool, block) == h->items[0].due_space >> 16)
            return;
        uint64_t due;
        (void)pop_due(s, level, &due);
    }
}

static int64_t mem_next_due(const struct store *store)
{
    const struct mem_store *s = (const struct mem_store *)store;
    uint64_t first = DUE_NEVER;

    for (int i = 0; i < STORE_ROUNDS_MAX; i++)
        if (s->pool.due[i].n && s->pool.due[i].items[0].due_space >> 16 < first)
            first = s->pool.due[i].items[0].due_space >> 16;
    return due_unpack(first);
}

/* ---- a batch ------------------------------------------------------------------------------- */

/* Entries that are due are at the top of the heap: follow it down as far as they go. */
static void due_shards(const struct mem_store *s, const struct store_batch *b, size_t i,
                       bool *calls)
{
    const struct due_heap *h = &s->pool.due[b->round];

    if (i >= h->n || h->items[i].due_space >> 16 > timer_until(b))
        return;
    uint32_t block = entry_block(s, h->items[i]);
    if (block != SLAB_NONE) {
        struct state_key key;
        memcpy(&key, slab_at(&s->pool.slab, block), sizeof key);
        calls[state_key_shard(&key)] = true;
    }
    for (size_t k = 4 * i + 1; k <= 4 * i + 4; k++)
        due_shards(s, b, k, calls);
}

static void called_shards(const struct mem_store *s, const struct store_batch *b, bool *calls)
{
    for (int i = 0; i < STORE_SHARDS; i++)
        calls[i] = b->is_sweep;
    for (size_t i = 0; i < b->n_ops; i++)
        calls[state_key_shard(&b->ops[i].key)] = true;
    if (b->timer_ms != INT64_MIN)
        due_shards(s, b, 0, calls);
    ledger_outbox_shards(&s->ledger, b, calls);
    for (int i = 0; i < STORE_SHARDS; i++)
        if (s->unreached >> i & 1)
            calls[i] = false;
}

static void sweep(struct mem_store *s, const struct store_batch *b)
{
    for (size_t i = 0; i < s->n_spaces; i++) {
        struct mem_space *sp = &s->spaces[i];
        if (sp->sweep_now)
            mem_space_sweep(&s->pool, sp, sp->sweep_now, b->clock.watermark_ms);
        sp->sweep_now = 0;
    }
}

static enum weir_rc mem_apply(struct store *store, const struct store_batch *b,
                              const struct emission **out, size_t *n, enum store_answer *answer,
                              struct weir_err *err)
{
    struct mem_store *s = mem_of(store);
    bool calls[STORE_SHARDS];

    (void)err;
    ASSERT(b->round < STORE_ROUNDS_MAX && b->n_ops <= STORE_OPS_MAX);
    *answer = STORE_DONE;
    *n = 0;
    *out = NULL;
    s->pool.n_gave = 0;
    ASSERT(!b->lease || !b->parts);
    if (b->lease && !ledger_holds(&s->ledger, b->lease)) {
        *answer = STORE_FENCED;
        return WEIR_OK;
    }
    if (b->parts) {
        called_shards(s, b, calls);
        *answer = ledger_check(&s->ledger, b, calls);
        if (*answer != STORE_DONE)
            return WEIR_OK;
    }
    emissions_clear(&s->made);
    s->n_origins = 0;
    apply_ops(s, b);
    fire_timers(s, b);
    sweep(s, b);
    for (uint32_t i = 0; i < STORE_ROUNDS_MAX; i++) {
        remake_heap(s, i);
        settle_front(s, i);
    }
    if (b->parts) {
        ledger_keep(&s->ledger, b, &s->made, s->origins);
        ledger_settle(&s->ledger, b, calls, out, n);
        return WEIR_OK;
    }
    emissions_settle(&s->made);
    *out = s->made.items;
    *n = s->made.n;
    return WEIR_OK;
}

/* ---- the protocol -------------------------------------------------------------------------- */

static enum weir_rc mem_acquire(struct store *s, uint32_t partition, const char *run_id,
                                uint64_t *epoch, enum store_answer *answer, struct weir_err *err)
{
    (void)err;
    *answer = ledger_acquire(&mem_of(s)->ledger, partition, run_id, epoch);
    return WEIR_OK;
}

static enum weir_rc mem_applied(struct store *s, uint32_t partition, uint32_t round,
                                struct store_applied out[static STORE_SHARDS], struct weir_err *err)
{
    (void)err;
    ASSERT(round < STORE_ROUNDS_MAX);
    ledger_applied(&mem_of(s)->ledger, partition, round, out);
    return WEIR_OK;
}

static enum weir_rc mem_lift(struct store *s, const char *run_id, uint32_t partition,
                             uint64_t epoch, const struct store_applied *upto, uint32_t n_rounds,
                             enum store_answer *answer, struct weir_err *err)
{
    (void)err;
    *answer = ledger_lift(&mem_of(s)->ledger, run_id, partition, epoch, upto, n_rounds);
    return WEIR_OK;
}

static enum weir_rc mem_mark(struct store *s, const char *run_id, const struct store_mark *marks,
                             size_t n, uint32_t n_levels, int64_t *least_ms,
                             enum store_answer *answer, struct weir_err *err)
{
    (void)err;
    *answer = ledger_mark(&mem_of(s)->ledger, run_id, marks, n, n_levels, least_ms);
    return WEIR_OK;
}

static enum weir_rc mem_run(struct store *s, struct store_run *out, struct weir_err *err)
{
    (void)err;
    *out = mem_of(s)->ledger.run;
    return WEIR_OK;
}

static enum weir_rc mem_lease(struct store *s, const struct store_lease *lease,
                              enum store_answer *answer, struct weir_err *err)
{
    (void)err;
    *answer = ledger_lease(&mem_of(s)->ledger, lease);
    return WEIR_OK;
}

static enum weir_rc mem_bless(struct store *s, const struct store_lease *lease,
                              const uint32_t *partitions, size_t n_partitions,
                              enum store_answer *answer, struct weir_err *err)
{
    (void)err;
    *answer = ledger_bless(&mem_of(s)->ledger, lease, partitions, n_partitions);
    return WEIR_OK;
}

static void mem_set_claim_reader(struct store *s, store_claim_reader *reader)
{
    mem_of(s)->ledger.reader = reader;
}

static enum weir_rc mem_restore(struct store *s, const struct store_lease *lease,
                                const struct store_claim *claims, size_t n,
                                enum store_answer *answer, struct weir_err *err)
{
    (void)err;
    *answer = ledger_restore(&mem_of(s)->ledger, lease, claims, n);
    return WEIR_OK;
}

static enum weir_rc mem_replay_from(struct store *s, uint32_t partition, bool *has,
                                    struct store_applied *from, struct weir_err *err)
{
    (void)err;
    *has = ledger_replay_from(&mem_of(s)->ledger, partition, from);
    return WEIR_OK;
}

static enum weir_rc mem_set_replay(struct store *s, const struct store_lease *lease,
                                   uint32_t partition, const struct store_applied *from,
                                   enum store_answer *answer, struct weir_err *err)
{
    (void)err;
    *answer = ledger_set_replay(&mem_of(s)->ledger, lease, partition, from);
    return WEIR_OK;
}

static enum weir_rc mem_end_replay(struct store *s, const char *run_id, uint32_t partition,
                                   uint64_t epoch, enum store_answer *answer, struct weir_err *err)
{
    (void)err;
    *answer = ledger_end_replay(&mem_of(s)->ledger, run_id, partition, epoch);
    return WEIR_OK;
}

static enum weir_rc mem_look(struct store *s, uint32_t space, const struct state_key *key,
                             struct store_glance *out, struct weir_err *err)
{
    struct mem_store *m = mem_of(s);
    struct cell cell;
    uint32_t value;

    (void)err;
    ASSERT(space < m->n_spaces);
    *out = (struct store_glance){0};
    if (mem_space_get(&m->pool, &m->spaces[space], key, &cell))
        *out = (struct store_glance){.main = {(const char *)cell.main.p, cell.main.n},
                                     .side = {(const char *)cell.side.p, cell.side.n},
                                     .due_ms = cell.due_ms,
                                     .idle_ms = cell.idle_ms};
    else
        out->is_small = small_table_peek(&m->spaces[space].small, key, &out->small_ms, &value);
    return WEIR_OK;
}

static const struct store_vtable mem_vtable = {
    .set_total = mem_set_total,
    .add_space = mem_add_space,
    .gave = mem_gave,
    .apply = mem_apply,
    .next_due = mem_next_due,
    .look = mem_look,
    .stats = mem_stats,
    .free = mem_free,
    .acquire = mem_acquire,
    .applied = mem_applied,
    .lift = mem_lift,
    .mark = mem_mark,
    .run = mem_run,
    .lease = mem_lease,
    .bless = mem_bless,
    .set_claim_reader = mem_set_claim_reader,
    .restore = mem_restore,
    .replay_from = mem_replay_from,
    .set_replay = mem_set_replay,
    .end_replay = mem_end_replay,
};

static struct mem_store *mem_of(struct store *s)
{
    ASSERT(s->vtable == &mem_vtable);
    return (struct mem_store *)s;
}

struct store *store_mem_new(void)
{
    struct mem_store *s = calloc(1, sizeof *s);

    ASSERT(s);
    s->base.vtable = &mem_vtable;
    s->pool.total = STORE_TOTAL_DEFAULT;
    ledger_init(&s->ledger);
    return &s->base;
}

struct store *store_mem_copy(const struct store *store)
{
    const struct mem_store *from = (const struct mem_store *)store;
    struct mem_store *to = calloc(1, sizeof *to);

    ASSERT(to && store->vtable == &mem_vtable);
    to->base.vtable = &mem_vtable;
    slab_copy(&to->pool.slab, &from->pool.slab);
    for (int i = 0; i < STORE_ROUNDS_MAX; i++) {
        to->pool.n_due[i] = from->pool.n_due[i];
        due_heap_copy(&to->pool.due[i], &from->pool.due[i]);
    }
    to->spaces = reallocarray(NULL, from->cap_spaces ? from->cap_spaces : 1, sizeof *to->spaces);
    ASSERT(to->spaces);
    to->pool.total = from->pool.total;
    to->pool.used = from->pool.used;
    to->pool.n_used = from->pool.n_used;
    to->pool.largest = from->pool.largest;
    to->pool.largest_bytes = from->pool.largest_bytes;
    to->pool.spaces = to->spaces;
    to->pool.sizes = reallocarray(NULL, from->cap_spaces + 1, sizeof *to->pool.sizes);
    ASSERT(to->pool.sizes);
    for (size_t i = 0; i < from->n_spaces; i++)
        to->pool.sizes[i] = from->spaces[i].counted;
    to->pool.n_spaces = from->pool.n_spaces;
    to->n_spaces = from->n_spaces;
    to->cap_spaces = from->cap_spaces;
    for (size_t i = 0; i < from->n_spaces; i++)
        mem_space_copy(&to->spaces[i], &from->spaces[i]);
    ledger_copy(&to->ledger, &from->ledger);
    return &to->base;
}

void store_mem_set_run(struct store *s, const char *run_id)
{
    struct ledger *l = &mem_of(s)->ledger;
    size_t n = strlen(run_id);

    ASSERT(n < STORE_RUN_ID_MAX);
    memcpy(l->run.run_id, run_id, n + 1);
}

void store_mem_set_reach(struct store *s, uint64_t shards)
{
    mem_of(s)->unreached = ~shards;
}

struct mem_pool *store_mem_pool(struct store *s)
{
    return &mem_of(s)->pool;
}

struct mem_space *store_mem_space(struct store *s, uint32_t space, uint32_t *n_spaces)
{
    *n_spaces = (uint32_t)mem_of(s)->n_spaces;
    return space < *n_spaces ? &mem_of(s)->spaces[space] : NULL;
}

void store_mem_set_clock(struct store *s, uint64_t now_ms)
{
    mem_of(s)->ledger.now_ms = now_ms;
}
