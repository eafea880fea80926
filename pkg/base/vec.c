/* vec.c - arrays that grow in an arena. */
#include "base/vec.h"

#include <string.h>

void *vec_room(struct arena *a, void *items, size_t n, size_t *cap, size_t item_bytes)
{
    if (n < *cap)
        return items;
    size_t more = *cap ? *cap * 2 : VEC_START;
    char *grown = arena_array(a, more, item_bytes);
    if (n)
        memcpy(grown, items, n * item_bytes);
    *cap = more;
    return grown;
}

void *vec_push(struct arena *a, struct vec *v, size_t item_bytes)
{
    ASSERT(v->n < UINT32_MAX);
    v->items = vec_room(a, v->items, v->n, &v->cap, item_bytes);
    return (char *)v->items + (size_t)v->n++ * item_bytes;
}
