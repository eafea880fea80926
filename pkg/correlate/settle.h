/* settle.h - counts and numbers that are judged at the watermark: event_count in its final forms,
 * value_sum, value_avg, value_min, value_max, value_percentile.
 *
 *   sliding    (gt, gte) at each hit e: over the hits in [e - W, e]
 *   tumbling   (any other bound) at the end of each window [t0, t0 + W]; the earliest hit not yet
 *              judged opens it, the next begins with the first hit behind it
 *
 * Numbers are fixed-point millionths and sums have 128 bits, so no order of the hits makes another
 * result. A percentile is the nearest rank: the smallest value such that at least p percent of the
 * values are not above it; so the median of an even number of values is the lower of the two in
 * the middle.
 *
 * Memory   18 bytes and 16 for each hit of W and the lateness; at most hits_max. Beyond that the
 *          oldest are judged before their time (sliding) or new ones do not count (tumbling), and
 *          from then on what the cell tells is marked as inexact.
 */
#ifndef WEIR_CORRELATE_SETTLE_H
#define WEIR_CORRELATE_SETTLE_H

#include "base/base.h"
#include "correlate/tail.h"

enum {
    SETTLE_COUNT_MAX = 4 * CORRELATION_COUNT_MAX, /* hits */
    AGGREGATE_HITS_MAX = 4096
};

enum measure {
    MEASURE_COUNT,
    MEASURE_SUM,
    MEASURE_AVG,
    MEASURE_MIN,
    MEASURE_MAX,
    MEASURE_PERCENTILE
};

struct settle {
    struct tail tail; /* its offset is set here */
    enum measure measure;
    uint32_t hits_max; /* at most AGGREGATE_HITS_MAX unless MEASURE_COUNT */
};

/* One step of a final operator; micro is the number of the operation, if there is one. For
 * MEASURE_COUNT the event's id: of one id and time one hit counts; 0: it has none. */
void settle_step(struct settle *s, const struct state_op *op, int64_t micro);

#endif
