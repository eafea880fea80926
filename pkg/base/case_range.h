/* case_range.h - what a character becomes in another case, as ranges: the form of the generated
 * tables (tools/gen_case_table.py) of match/fold.h and base/recase.h.
 */
#ifndef WEIR_BASE_CASE_RANGE_H
#define WEIR_BASE_CASE_RANGE_H

#include "base/base.h"

/* Each step-th character from first to last becomes the one that is delta further. */
struct case_range {
    uint32_t first, last;
    int32_t delta;
    uint32_t step; /* 1 or 2 */
};

/* What c becomes by n ranges in order; c itself if none has it. */
static inline uint32_t case_range_map(const struct case_range *ranges, uint32_t n, uint32_t c)
{
    uint32_t from = 0, to = n;

    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        const struct case_range *r = &ranges[middle];
        if (c > r->last)
            from = middle + 1;
        else if (c < r->first)
            to = middle;
        else
            return (c - r->first) % r->step ? c : (uint32_t)((int32_t)c + r->delta);
    }
    return c;
}

#endif
