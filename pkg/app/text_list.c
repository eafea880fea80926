/* text_list.c - a growing list of slices. Doubling, so that n additions cost n. */
#include "app/text_list.h"

#include <stdlib.h>

#include "base/str.h"

void text_list_add(struct text_list *l, struct str text)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 8;
        struct str *items = reallocarray(l->items, cap, sizeof *items);
        ASSERT(items);
        l->items = items;
        l->cap = cap;
    }
    l->items[l->n++] = text;
}

void text_list_release(struct text_list *l)
{
    free(l->items);
    *l = (struct text_list){0};
}

static int compare(const void *a, const void *b)
{
    const struct str *x = a, *y = b;

    return str_cmp(*x, *y);
}

void text_list_sort(struct text_list *l, size_t from)
{
    ASSERT(from <= l->n);
    if (l->n - from > 1)
        qsort(l->items + from, l->n - from, sizeof *l->items, compare);
}
