/* recase_inner.h - the tables of recase.c. */
#ifndef WEIR_BASE_RECASE_INNER_H
#define WEIR_BASE_RECASE_INNER_H

#include "base/base.h"

/* Each step-th character from first to last becomes the one that is delta further. */
struct recase_range {
    uint32_t first, last;
    int32_t delta;
    uint32_t step;
};

/* In order; outside ASCII. */
extern const struct recase_range RECASE_LOWER[], RECASE_UPPER[];
extern const uint32_t RECASE_LOWER_N, RECASE_UPPER_N;

#endif
