/* redis_steps.c - the steps of one shard, on what was read: operations in their order, then
 * timers in order of (due, space, key) until none is due.
 *
 * Nothing here is final: after a conflict the shard is read again and all of it is done again.
 */
#include "state/store_redis_impl.h"

#include <stdlib.h>
#include <string.h>

enum { TIMER_PASSES_MAX = 1000000 };

static void note(struct redis_shard *sh, size_t from, const struct redis_note *what)
{
    if (sh->fired.n > sh->notes_cap) {
        sh->notes_cap = sh->fired.n * 2;
        sh->notes = reallocarray(sh->notes, sh->notes_cap, sizeof *sh->notes);
        ASSERT(sh->notes);
    }
    for (size_t i = from; i < sh->fired.n; i++)
        sh->notes[i] = *what;
}

static void call(struct store_redis *s, struct redis_shard *sh, struct redis_slot *slot,
                 uint32_t number, const struct step_clock *clock)
{
    const struct state_op *op = number != UINT32_MAX ? &s->batch->ops[number] : NULL;
    const struct space_spec *spec = &s->spaces[slot->space].spec;
    size_t before = sh->fired.n;
    struct redis_note what = {number, slot->cell.due_ms, slot->key, false};

    s->memory.shard = sh;
    s->memory.slot = slot;
    slot->is_stepped = true;
    spec->step(spec->context, op, &slot->cell, clock, &sh->fired);
    note(sh, before, &what);
    if (slot->cell.main.n > 0)
        return;
    /* Removed: what comes next meets a new cell. */
    slot->cell.side.n = 0;
    slot->cell.due_ms = CELL_NEVER;
    slot->cell.idle_ms = INT64_MAX;
    slot->cell.weight = 0;
}

bool redis_has_applied(const struct store_redis *s, const struct redis_shard *sh,
                       const struct state_op *op)
{
    return s->batch->parts && !store_at_less(sh->vectors[op->part].at, op->at);
}

/* Operations come in the order of the log, so each finds its slot, its cell and what it carries in
 * memory that nobody has touched for long: those to come are asked for in time, each thing when
 * what points to it is there. */
static void expect(const struct store_redis *s, const struct redis_shard *sh, size_t i)
{
    enum { SLOT_AHEAD = 12, CELL_AHEAD = 6, LINE = 64, PAYLOAD_LINES = 4 };

    if (i + SLOT_AHEAD < sh->n_ops) {
        uint32_t number = sh->ops[i + SLOT_AHEAD];
        const struct redis_slot *slot = &sh->slots[s->slot_of[number]];
        PREFETCH(&s->batch->ops[number]);
        PREFETCH(&slot->cell.main);
        PREFETCH(&slot->cell.memory);
    }
    if (i + CELL_AHEAD < sh->n_ops) {
        uint32_t number = sh->ops[i + CELL_AHEAD];
        const struct cell *cell = &sh->slots[s->slot_of[number]].cell;
        const char *payload = s->batch->ops[number].payload;
        for (size_t k = 0; k < PAYLOAD_LINES; k++)
            PREFETCH(payload + k * LINE);
        PREFETCH(cell->main.p);
        PREFETCH(cell->side.p);
    }
}

static void run_operations(struct store_redis *s, struct redis_shard *sh)
{
    const struct store_batch *b = s->batch;

    for (size_t i = 0; i < sh->n_ops; i++) {
        expect(s, sh, i);
        const struct state_op *op = &b->ops[sh->ops[i]];
        if (redis_has_applied(s, sh, op)) {
            sh->n_skipped++;
            continue;
        }
        sh->fired.head = (struct emission){
            .order = op->order, .space = op->space, .part = op->part, .at = op->at};
        call(s, sh, &sh->slots[s->slot_of[sh->ops[i]]], sh->ops[i], &b->clock);
        sh->n_applied++;
    }
}

static int by_due(const void *a, const void *b)
{
    const struct redis_slot *x = *(struct redis_slot *const *)a;
    const struct redis_slot *y = *(struct redis_slot *const *)b;

    if (x->cell.due_ms != y->cell.due_ms)
        return x->cell.due_ms < y->cell.due_ms ? -1 : 1;
    if (x->space != y->space)
        return x->space < y->space ? -1 : 1;
    return memcmp(x->key.bytes, y->key.bytes, sizeof x->key.bytes);
}

static size_t find_due(struct store_redis *s, struct redis_shard *sh, struct redis_slot **due)
{
    size_t n = 0;

    for (size_t i = 0; i < sh->n_slots; i++) {
        struct redis_slot *slot = &sh->slots[i];
        if (slot->cell.main.n > 0 && slot->cell.due_ms <= s->batch->timer_ms &&
            slot->cell.due_ms != CELL_NEVER && !slot->is_sampled &&
            s->spaces[slot->space].spec.level == s->batch->round)
            due[n++] = slot;
    }
    qsort(due, n, sizeof(struct redis_slot *), by_due);
    return n;
}

static void run_timers(struct store_redis *s, struct redis_shard *sh)
{
    const struct store_batch *b = s->batch;
    struct step_clock clock = {b->timer_ms};
    struct redis_slot **due = ARENA_ARRAY(s->arena, sh->n_slots, struct redis_slot *);
    size_t n;

    for (uint32_t pass = 0; (n = find_due(s, sh, due)) > 0; pass++) {
        ASSERT(pass < TIMER_PASSES_MAX); /* a step that stays due for ever */
        for (size_t i = 0; i < n; i++) {
            sh->fired.head =
                (struct emission){.order = UINT64_MAX,
                                  .space = due[i]->space,
                                  .at = b->parts ? b->parts[0].upto : (struct store_at){0}};
            call(s, sh, due[i], UINT32_MAX, &clock);
        }
    }
}

void redis_steps_run(struct store_redis *s, struct redis_shard *sh)
{
    emissions_cut(&sh->fired, sh->n_kept);
    sh->n_applied = sh->n_skipped = 0;
    if (!sh->is_ops_done)
        run_operations(s, sh);
    if (s->batch->timer_ms != INT64_MIN)
        run_timers(s, sh);
}
