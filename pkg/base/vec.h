/* vec.h - arrays that grow in an arena, for loaders and compilers.
 *
 * Doubling, so that n additions cost n. What an array outgrew stays in the arena until that
 * goes: at most the final size once more. The event path has none of these.
 *
 * Memory   the items live in the arena given; always the same one for the same array.
 * Threads  those of the arena: one.
 */
#ifndef WEIR_BASE_VEC_H
#define WEIR_BASE_VEC_H

#include "base/arena.h"
#include "base/base.h"

enum { VEC_START = 8 };

/* The array itself or, once its n items fill *cap places, a copy with twice the room (*cap
 * follows). For an array with a type: l->items = vec_room(a, l->items, l->n, &l->cap,
 * sizeof *l->items). items may be NULL if n is 0. */
void *vec_room(struct arena *a, void *items, size_t n, size_t *cap, size_t item_bytes);

/* Items of one size whose type only the owner knows: plain numbers and structs of a compiler.
 * A struct of zeros is empty. */
struct vec {
    void *items;
    uint32_t n;
    size_t cap;
};

/* Where the next item goes, to be filled by the caller; n has counted it. */
void *vec_push(struct arena *a, struct vec *v, size_t item_bytes);

#endif
