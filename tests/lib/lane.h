/* lane.h - lines of an .ndjson.zst of the shared data. */
#ifndef WEIR_TESTS_LIB_LANE_H
#define WEIR_TESTS_LIB_LANE_H

#include "base/base.h"

/* Call fn for every stride-th line of DATA/name, at most max times. False if the file is absent
 * or broken. */
bool lane_each(const char *name, size_t stride, size_t max,
               void (*fn)(struct str line, void *context), void *context);

#endif
