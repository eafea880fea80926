/* due_heap.c - a heap with four children to a node: they are one cache line. */
#include "state/due_heap.h"

#include <stdlib.h>
#include <string.h>

enum { CHILDREN = 4, HEAP_START = 64 };

void due_heap_release(struct due_heap *h)
{
    free(h->items);
    *h = (struct due_heap){0};
}

void due_heap_copy(struct due_heap *to, const struct due_heap *from)
{
    *to = *from;
    if (!from->cap)
        return;
    to->items = reallocarray(NULL, from->cap, sizeof *to->items);
    ASSERT(to->items);
    if (from->n)
        memcpy(to->items, from->items, from->n * sizeof *to->items);
}

void due_heap_push(struct due_heap *h, struct due_entry e)
{
    if (h->n == h->cap) {
        h->cap = h->cap ? h->cap * 2 : HEAP_START;
        h->items = reallocarray(h->items, h->cap, sizeof *h->items);
        ASSERT(h->items);
    }
    size_t i = h->n++;
    while (i > 0 && h->items[(i - 1) / CHILDREN].due_space > e.due_space) {
        h->items[i] = h->items[(i - 1) / CHILDREN];
        i = (i - 1) / CHILDREN;
    }
    h->items[i] = e;
}

struct due_entry due_heap_pop(struct due_heap *h)
{
    ASSERT(h->n > 0);
    struct due_entry top = h->items[0], last = h->items[--h->n];
    size_t i = 0;

    for (;;) {
        size_t first = CHILDREN * i + 1, least = first;
        if (first >= h->n)
            break;
        for (size_t k = first + 1; k < first + CHILDREN && k < h->n; k++)
            if (h->items[k].due_space < h->items[least].due_space)
                least = k;
        if (h->items[least].due_space >= last.due_space)
            break;
        h->items[i] = h->items[least];
        i = least;
    }
    if (h->n)
        h->items[i] = last;
    return top;
}
