/* correlator_level.c - operations that wait for their level, and their order in it.
 *
 * Most batches fill a level in order. One that more than one way leads to may be mixed: then it is
 * sorted once, before the store sees it.
 */
#include "correlate/correlator_impl.h"

#include <stdlib.h>
#include <string.h>

#include "state/capsule.h"

struct placed {
    uint64_t order;
    size_t place; /* in its level: keeps equals in order */
};

struct state_op *correlator_wait_in(struct correlator *c, uint32_t space, const struct origin *from)
{
    struct level *l = &c->levels[c->g->spaces[space].spec.level];

    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 256;
        l->ops = reallocarray(l->ops, l->cap, sizeof *l->ops);
        ASSERT(l->ops);
    }
    l->is_mixed |= l->n > 0 && l->ops[l->n - 1].order > from->order;
    struct state_op *op = &l->ops[l->n++];
    op->space = space;
    op->order = from->order;
    op->part = from->part;
    op->at = from->at;
    return op;
}

struct hit *correlator_new_hit(struct correlator *c, struct state_op *op)
{
    struct hit *hit = arena_alloc(c->arena, sizeof *hit);

    op->payload = hit;
    return hit;
}

/* ---- runs of a key (book.h, "passing") ------------------------------------------------------ */

/* For certain, in the order of capsule books. */
static bool comes_behind(const struct state_op *op, const struct state_op *last)
{
    const struct hit *hit = op->payload, *before = last->payload;

    if (op->t_ms != last->t_ms)
        return op->t_ms > last->t_ms;
    if (!hit->has_place || !before->has_place)
        return false;
    return hit->offset != before->offset ? hit->offset > before->offset
                                         : hit->index > before->index;
}

static uint32_t *place_of_key(uint32_t *table, uint32_t mask, const struct state_op *ops,
                              const struct state_op *op)
{
    uint64_t h;

    memcpy(&h, op->key.bytes + 8, sizeof h); /* a keyed hash already */
    for (h ^= op->space * 0x9E3779B97F4A7C15ull;; h++) {
        uint32_t *at = &table[h & mask];
        if (*at == UINT32_MAX ||
            (ops[*at].space == op->space && memcmp(&ops[*at].key, &op->key, sizeof op->key) == 0))
            return at;
    }
}

/* The operation goes on the run of its key, or begins one. */
static void join_run(struct state_op *ops, uint32_t i, uint32_t *last)
{
    struct hit *hit = (struct hit *)(uintptr_t)ops[i].payload;

    hit->t_ms = ops[i].t_ms;
    if (*last != UINT32_MAX && comes_behind(&ops[i], &ops[*last])) {
        hit->before = ops[*last].payload;
        hit->run = hit->before->run + 1;
    }
    *last = i;
    if (hit->run < CAPSULES_FIRST + CAPSULES_LAST)
        return;
    struct hit *passing = hit;
    for (int k = 0; k < CAPSULES_LAST; k++)
        passing = (struct hit *)(uintptr_t)passing->before;
    passing->is_passing = true;
}

/* Events of rules that tell findings of their own. */
void correlator_mark_runs(struct correlator *c, struct level *l)
{
    enum { FEW = 64 }; /* operations: not worth it */
    uint32_t size = FEW;

    if (l->n < FEW)
        return;
    while (size < l->n * 2)
        size *= 2;
    uint32_t *table = ARENA_ARRAY(c->arena, size, uint32_t);
    memset(table, 0xFF, size * sizeof *table);
    for (uint32_t i = 0; i < l->n; i++) {
        const struct graph_space *space = &c->g->spaces[l->ops[i].space];
        if (space->role == SPACE_SUPPRESS &&
            !c->g->rules[space->rule].suppress_spec.fold.is_anchored)
            join_run(l->ops, i, place_of_key(table, size - 1, l->ops, &l->ops[i]));
    }
}

/* ---- order ---------------------------------------------------------------------------------- */

static int by_order(const void *x, const void *y)
{
    const struct placed *a = x, *b = y;

    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

static void reserve_sorted(struct correlator *c, size_t n)
{
    if (n <= c->cap_sorted)
        return;
    c->cap_sorted = n * 2;
    c->sorted = reallocarray(c->sorted, c->cap_sorted, sizeof *c->sorted);
    c->placed = reallocarray(c->placed, c->cap_sorted, sizeof *c->placed);
    ASSERT(c->sorted && c->placed);
}

/* The operations of a level as the store takes them: in order, timers' descendants last. */
const struct state_op *correlator_line_up(struct correlator *c, const struct level *l)
{
    if (!l->is_mixed)
        return l->ops;
    reserve_sorted(c, l->n);
    for (size_t i = 0; i < l->n; i++)
        c->placed[i] = (struct placed){l->ops[i].order, i};
    qsort(c->placed, l->n, sizeof *c->placed, by_order);
    for (size_t i = 0; i < l->n; i++)
        c->sorted[i] = l->ops[c->placed[i].place];
    return c->sorted;
}
