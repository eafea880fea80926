/* grams.h - where in a text could one of some hundred short texts stand?
 *
 * Three bytes of each (an anchor), letters folded by one bit, are filed in one of eight groups; a
 * table a place says which groups have the byte there. A place where the three answers share a
 * group is a candidate; mixtures inside a group are told apart by whoever asks. One look-up of a
 * vector machine answers for 64 places: users have kernels of their own around the tables.
 *
 * Threads  pure; a struct grams is constant once built.
 */
#ifndef WEIR_BASE_GRAMS_H
#define WEIR_BASE_GRAMS_H

#include "base/base.h"

enum { GRAMS_BYTES = 3, GRAMS_GROUPS = 8, GRAMS_LANES = 64, GRAMS_FOLD = 0x20, GRAMS_MAX = 1024 };

struct grams {
    uint8_t groups[GRAMS_BYTES][128]; /* by folded byte; beyond ASCII: none */
};

/* File n anchors (at most GRAMS_MAX) of GRAMS_BYTES bytes of ASCII each. */
void grams_build(struct grams *g, const char *const *anchors, size_t n);

/* Bit i: an anchor of group i could stand at p (GRAMS_BYTES bytes are there). */
static inline uint8_t grams_of(const struct grams *g, const char *p)
{
    uint8_t a = (uint8_t)p[0], b = (uint8_t)p[1], c = (uint8_t)p[2];

    return (a | b | c) >= 128 ? 0
                              : g->groups[0][a | GRAMS_FOLD] & g->groups[1][b | GRAMS_FOLD] &
                                    g->groups[2][c | GRAMS_FOLD];
}

/* Could an anchor stand at p? */
static inline bool grams_at(const struct grams *g, const char *p)
{
    return grams_of(g, p) != 0;
}

#endif
