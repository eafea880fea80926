/* board_sample.h - a board of metrics on which every family has a value: for tests of what is made
 * of it. The clock stands still at SAMPLE_NOW_MS. */
#ifndef WEIR_TESTS_LIB_BOARD_SAMPLE_H
#define WEIR_TESTS_LIB_BOARD_SAMPLE_H

#include "worker/metric.h"

#define SAMPLE_NOW_MS INT64_C(1767225600000) /* 2026-01-01 */

/* Two lanes, rules r-1 to r-3 (the third with a uid that needs escapes), topics a and b. */
struct metric_board *board_sample(void);

#endif
