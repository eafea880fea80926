/* threshold.h - the bounds of a correlation, against a whole number.
 */
#ifndef WEIR_CORRELATE_THRESHOLD_H
#define WEIR_CORRELATE_THRESHOLD_H

#include "base/base.h"
#include "correlate/final.h"
#include "rule/correlation.h"

static inline bool threshold_is_met(const struct correlation *c, int64_t n)
{
    return final_bounds_hold(c, n * CORRELATION_MICRO);
}

/* Only gt and gte: what is met stays met when more is seen. */
static inline bool threshold_is_lower(const struct correlation *c)
{
    for (size_t i = 0; i < c->n_bounds; i++)
        if (c->bounds[i].op != BOUND_GT && c->bounds[i].op != BOUND_GTE)
            return false;
    return true;
}

/* Of such bounds, the smallest number that meets them all: 1 to CORRELATION_COUNT_MAX + 1. */
static inline uint32_t threshold_least(const struct correlation *c)
{
    int64_t least = 1;

    for (size_t i = 0; i < c->n_bounds; i++) {
        int64_t whole = c->bounds[i].micro / CORRELATION_MICRO;
        bool is_next = c->bounds[i].op == BOUND_GT || c->bounds[i].micro % CORRELATION_MICRO > 0;
        if (whole + is_next > least)
            least = whole + is_next;
    }
    return (uint32_t)(least > CORRELATION_COUNT_MAX + 1 ? CORRELATION_COUNT_MAX + 1 : least);
}

#endif
