/* timeline.h - the final forms of distinct and set: hits kept until the watermark has passed them,
 * then judged in time order.
 *
 *   sliding    at each hit e: the values seen in [e - W, e]
 *   tumbling   at the end of each window [t0, t0 + W]; the earliest hit not yet judged opens it,
 *              the next begins with the first hit behind it
 *
 * A timeline is the head of a cell, its tail (tail.h) is moved along.
 *
 * Memory   24 bytes, 16 for each hit not yet judged (the same value at the same time: once) and 16
 *          for each value in the window. What the cell has no room for is not kept.
 */
#ifndef WEIR_CORRELATE_TIMELINE_H
#define WEIR_CORRELATE_TIMELINE_H

#include "base/base.h"
#include "correlate/tail.h"

struct timeline_item {
    int64_t t_ms;
    uint64_t value;
} __attribute__((packed, may_alias));

struct timeline {
    struct tail tail; /* its offset is the timeline's business */
    bool is_tumbling;
    /* Do these values (each once) meet the condition? *measured is what a finding tells. */
    bool (*is_met)(const struct operator_spec *spec, const struct timeline_item *items, uint32_t n,
                   int64_t *measured);
};

/* One step of a final operator: value is that of the operation, if there is one. */
void timeline_step(struct timeline *t, const struct state_op *op, uint64_t value);

#endif
