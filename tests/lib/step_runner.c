/* step_runner.c - cells in a list: slow and obvious. */
#include "step_runner.h"

#include <stdlib.h>
#include <string.h>

enum { SPACES = 32 };

struct held {
    uint32_t space;
    struct state_key key;
    struct cell cell;
};

struct step_runner {
    struct cell_memory memory;
    cell_step *steps[SPACES];
    void *contexts[SPACES];
    uint32_t n_spaces;
    struct held **cells;
    size_t n, cap;
    int64_t watermark_ms;
    bool is_forgotten;
    struct emissions added, told;
};

static bool grow(struct cell_memory *memory, struct cell_part *part, uint32_t room, bool is_side)
{
    (void)memory;
    (void)is_side;
    /* A fresh block each time, so that a step that keeps a pointer over a resize is caught. */
    uint8_t *p = malloc(room);
    ASSERT(p);
    if (part->n)
        memcpy(p, part->p, part->n);
    free(part->p);
    part->p = p;
    part->room = room;
    return true;
}

struct step_runner *step_runner_new(void)
{
    struct step_runner *r = calloc(1, sizeof *r);

    ASSERT(r);
    r->memory.grow = grow;
    r->watermark_ms = INT64_MIN;
    return r;
}

static void free_cell(struct held *h)
{
    free(h->cell.main.p);
    free(h->cell.side.p);
    free(h);
}

void step_runner_free(struct step_runner *r)
{
    for (size_t i = 0; i < r->n; i++)
        free_cell(r->cells[i]);
    free(r->cells);
    emissions_release(&r->added);
    emissions_release(&r->told);
    free(r);
}

uint32_t step_runner_add(struct step_runner *r, cell_step *step, void *context)
{
    ASSERT(r->n_spaces < SPACES);
    r->steps[r->n_spaces] = step;
    r->contexts[r->n_spaces] = context;
    return r->n_spaces++;
}

static void drop(struct step_runner *r, size_t i)
{
    free_cell(r->cells[i]);
    r->cells[i] = r->cells[--r->n];
}

static size_t find(struct step_runner *r, uint32_t space, const struct state_key *key)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->cells[i]->space == space && memcmp(&r->cells[i]->key, key, sizeof *key) == 0)
            return i;
    if (r->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 16;
        r->cells = reallocarray(r->cells, r->cap, sizeof(*r->cells));
        ASSERT(r->cells);
    }
    struct held *h = calloc(1, sizeof *h);
    ASSERT(h);
    *h = (struct held){.space = space, .key = *key};
    h->cell = (struct cell){.due_ms = CELL_NEVER, .idle_ms = CELL_NEVER, .memory = &r->memory};
    r->cells[r->n] = h;
    return r->n++;
}

static void step(struct step_runner *r, size_t i, const struct state_op *op)
{
    struct held *h = r->cells[i];
    struct step_clock clock = {op && r->is_forgotten ? INT64_MIN : r->watermark_ms};

    r->added.head = (struct emission){.order = op ? op->order : UINT64_MAX, .space = h->space};
    r->steps[h->space](r->contexts[h->space], op, &h->cell, &clock, &r->added);
    if (h->cell.main.n == 0)
        drop(r, i);
}

void step_runner_apply(struct step_runner *r, const struct state_op *op)
{
    ASSERT(op->space < r->n_spaces);
    step(r, find(r, op->space, &op->key), op);
}

static bool comes_before(const struct held *a, const struct held *b)
{
    if (a->cell.due_ms != b->cell.due_ms)
        return a->cell.due_ms < b->cell.due_ms;
    if (a->space != b->space)
        return a->space < b->space;
    return memcmp(&a->key, &b->key, sizeof(a->key)) < 0;
}

void step_runner_forget(struct step_runner *r, bool is_forgotten)
{
    r->is_forgotten = is_forgotten;
}

void step_runner_watermark(struct step_runner *r, int64_t ms)
{
    enum { TURNS_MAX = 1000000 };

    ASSERT(ms >= r->watermark_ms);
    r->watermark_ms = ms;
    for (int turn = 0;; turn++) {
        size_t first = SIZE_MAX;
        for (size_t i = 0; i < r->n; i++)
            if (r->cells[i]->cell.due_ms <= ms && r->cells[i]->cell.due_ms != CELL_NEVER &&
                (first == SIZE_MAX || comes_before(r->cells[i], r->cells[first])))
                first = i;
        if (first == SIZE_MAX)
            return;
        ASSERT(turn < TURNS_MAX); /* a step that leaves its cell due for ever */
        step(r, first, NULL);
    }
}

const struct emission *step_runner_take(struct step_runner *r, size_t *n)
{
    struct emissions was = r->told;

    r->told = r->added;
    r->added = was;
    emissions_clear(&r->added);
    for (size_t i = 0; i < r->told.n; i++) /* in the order of emitting: no sorting here */
        r->told.items[i].bytes.p = (const char *)r->told.bytes.p + r->told.offsets[i];
    *n = r->told.n;
    return r->told.items;
}

size_t step_runner_cells(const struct step_runner *r)
{
    return r->n;
}

size_t step_runner_bytes(const struct step_runner *r, bool is_side)
{
    size_t bytes = 0;

    for (size_t i = 0; i < r->n; i++)
        bytes += is_side ? r->cells[i]->cell.side.n : r->cells[i]->cell.main.n;
    return bytes;
}

void step_runner_sweep(struct step_runner *r)
{
    for (size_t i = r->n; i-- > 0;)
        if (r->cells[i]->cell.idle_ms <= r->watermark_ms)
            drop(r, i);
}
