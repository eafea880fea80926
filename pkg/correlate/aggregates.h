/* aggregates.h - what is made of the rows of a group (rule/correlation.h, enum group_kind).
 *
 * Memory   values and scratch in the arena given. Threads: pure.
 */
#ifndef WEIR_CORRELATE_AGGREGATES_H
#define WEIR_CORRELATE_AGGREGATES_H

#include "base/arena.h"
#include "base/base.h"
#include "rule/correlation.h"
#include "rule/expr.h"

enum { GROUP_LIST_MAX = 100 /* values of a list that names no limit */ };

struct group_row {
    int64_t t_ms;
    uint64_t order;                  /* of events of one time */
    const struct expr_value *values; /* by column */
};

/* Over n rows in order of time. */
struct expr_value aggregate_rows(struct arena *a, const struct group_aggregate *g,
                                 const struct group_row *rows, size_t n);

/* The rows of the inner groups, in order of the first row of each; *n_out of them. */
struct group_row *aggregate_inner(struct arena *a, const struct group_inner *g,
                                  const struct group_row *rows, size_t n, size_t *n_out);

#endif
