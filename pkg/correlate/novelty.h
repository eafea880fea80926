/* novelty.h - is this the first finding of its rule for its key in a long time?
 *
 * A rule that says so (`first_seen_points: N`) has a space with a cell for each key that ever had a
 * finding. A Create passes through its key's cell, as through the storm brake, and comes out with
 * the score addend "first_seen" if there was none of it within NOVELTY_HISTORY_MS. What counts as
 * first is the order of arrival: scores are not part of a finding's identity.
 */
#ifndef WEIR_CORRELATE_NOVELTY_H
#define WEIR_CORRELATE_NOVELTY_H

#include "base/base.h"
#include "state/store.h"

#define NOVELTY_HISTORY_MS (30ll * 24 * 3600 * 1000)

struct novelty_spec {
    int32_t points; /* 1 to 100 */
};

/* Context: a struct novelty_spec; payload: a struct brake_hit (brake.h). */
cell_step novelty_step;

#endif
