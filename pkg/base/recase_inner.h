/* recase_inner.h - the tables of recase.c. */
#ifndef WEIR_BASE_RECASE_INNER_H
#define WEIR_BASE_RECASE_INNER_H

#include "base/case_range.h"

/* In order; outside ASCII. */
extern const struct case_range RECASE_LOWER[], RECASE_UPPER[];
extern const uint32_t RECASE_LOWER_N, RECASE_UPPER_N;

#endif
