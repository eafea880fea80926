/* brake.h - the storm brake: so many Creates of a rule in a minute of event time (or in a period
 * that the rule says), and no more.
 *
 * A Create passes through its rule's brake as a packed finding. What is over the limit comes out
 * marked as braked: it keeps its uid, so that nothing is hidden. When the watermark passes the
 * minute, one finding tells how many were braked.
 */
#ifndef WEIR_CORRELATE_BRAKE_H
#define WEIR_CORRELATE_BRAKE_H

#include "base/base.h"

/* What brake_step (operator.h) is given as context: one for each rule, with a space of its own. The
 * key of the cell is that of the rule. */
struct brake_spec {
    struct str rule_uid, tenant;
    uint32_t creates_max; /* in one period of event time; >= 1 */
    int64_t period_ms;    /* > 0: BRAKE_PERIOD_MS, or what the rule says */
};
enum { BRAKE_PERIOD_MS = 60 * 1000 };

struct brake_hit {
    struct str record; /* finding_pack() of the Create */
};

#endif
