/* emissions.c - what steps emit: items and their bytes in two growing arrays. */
#include "state/emissions.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

void emissions_release(struct emissions *e)
{
    free(e->items);
    free(e->offsets);
    buf_release(&e->bytes);
    *e = (struct emissions){0};
}

void emissions_clear(struct emissions *e)
{
    const size_t each = sizeof *e->items + sizeof *e->offsets;

    if (slack_is_too_much(&e->slack, e->n * each + e->bytes.n, e->cap * each + e->bytes.cap))
        emissions_release(e);
    e->n = 0;
    buf_clear(&e->bytes);
}

static void make_room(struct emissions *e)
{
    if (e->n < e->cap)
        return;
    e->cap = e->cap ? e->cap * 2 : 64;
    e->items = reallocarray(e->items, e->cap, sizeof *e->items);
    e->offsets = reallocarray(e->offsets, e->cap, sizeof *e->offsets);
    ASSERT(e->items && e->offsets);
}

void emissions_add(struct emissions *e, struct str bytes)
{
    make_room(e);
    e->offsets[e->n] = e->bytes.n;
    e->items[e->n] = e->head;
    e->items[e->n].bytes.n = bytes.n;
    e->n++;
    buf_add(&e->bytes, bytes);
}

void emissions_cut(struct emissions *e, size_t n)
{
    ASSERT(n <= e->n);
    if (n < e->n)
        e->bytes.n = e->offsets[n];
    e->n = n;
}

static int by_order(const void *a, const void *b)
{
    const struct emission *x = a, *y = b;

    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return (x->bytes.p > y->bytes.p) - (x->bytes.p < y->bytes.p); /* as they were added */
}

static bool is_sorted(const struct emissions *e)
{
    for (size_t i = 1; i < e->n; i++)
        if (e->items[i - 1].order > e->items[i].order)
            return false;
    return true;
}

void emissions_settle(struct emissions *e)
{
    for (size_t i = 0; i < e->n; i++)
        e->items[i].bytes.p = (const char *)e->bytes.p + e->offsets[i];
    if (!is_sorted(e))
        qsort(e->items, e->n, sizeof *e->items, by_order);
}
