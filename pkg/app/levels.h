/* levels.h - how far some hits have come towards what a correlation wants: how many there are, how
 * many different values, how many of the steps. A plain model for people (what tests have reached,
 * what is missing); the operators decide by their own means.
 */
#ifndef WEIR_APP_LEVELS_H
#define WEIR_APP_LEVELS_H

#include "base/arena.h"
#include "event/lookup.h"
#include "rule/correlation.h"

/* A match of a rule that the correlation listens to. */
struct level_hit {
    int64_t t_ms;
    uint64_t key, value; /* hashes of the group, of condition.field */
    uint32_t label;      /* which input */
    size_t number;       /* of the event: keeps the order of equal times */
};

/* Of "at least N" how many; 0: the condition is another one. */
uint64_t level_wanted(const struct correlation *c);
/* Does hit j, with hits [i, j) at this level, raise it? */
bool level_raises(const struct correlation *c, const struct level_hit *hits, size_t i, size_t j,
                  uint64_t level);
/* The number of the input that comes next at this level, of a kind with an order; UINT32_MAX: none.
 */
uint32_t level_step(const struct correlation *c, uint64_t level);

uint64_t level_hash(struct arena *a, const struct event_tree *tree, const struct str *fields,
                    size_t n);
/* For qsort(): by key, then time, then number. */
int level_order(const void *x, const void *y);

#endif
