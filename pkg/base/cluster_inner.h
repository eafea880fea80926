/* cluster_inner.h - the table behind cluster.c.
 *
 * Private to it. */
#ifndef WEIR_BASE_CLUSTER_INNER_H
#define WEIR_BASE_CLUSTER_INNER_H

#include "base/base.h"

struct cluster_range {
    uint32_t first, last;
};
extern const struct cluster_range CLUSTER_RANGES[]; /* in order */
extern const uint32_t CLUSTER_RANGES_N;

#endif
