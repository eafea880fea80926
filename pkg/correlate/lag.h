/* lag.h - a rule that waits longer than its sources: every step of it with a watermark that is so
 * much behind.
 *
 * A rule may ask for more lateness than its profiles give (`lateness:`). Then all its spaces, and
 * those of whoever listens to it, live behind the others: the wrapped step sees an earlier
 * watermark, and what it asks to be called for is asked for later.
 */
#ifndef WEIR_CORRELATE_LAG_H
#define WEIR_CORRELATE_LAG_H

#include "state/store.h"

struct lag {
    cell_step *step;
    void *context;
    int64_t behind_ms; /* > 0 */
};

/* Context: a struct lag. */
cell_step lag_step;

#endif
