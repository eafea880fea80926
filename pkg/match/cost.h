/* cost.h - what one sampled evaluation of a rule adds to the rule's cost.
 *
 * The time stamp counter goes on while the thread does not: a sample during which it was stopped
 * (the scheduler gives milliseconds away, an evaluation takes a fraction of a microsecond) would
 * be half of the sum over all rules. So a sample counts for at most COST_MEANS times the mean of
 * those before it, or for COST_CYCLES where that is less: some 100 us. A rule that is slow each
 * time reaches its true mean within a few samples, since the bound grows with it; what is slow once
 * in a hundred times is told too low.
 *
 * Pure: no state of its own.
 */
#ifndef WEIR_MATCH_COST_H
#define WEIR_MATCH_COST_H

#include "base/base.h"

enum { COST_MEANS = 8, COST_CYCLES = 1 << 18 };

/* sum: of the n samples so far. */
uint64_t cost_of_sample(uint64_t cycles, uint64_t sum, uint64_t n);

#endif
