/* sliding.h - an aggregate over rows of which the first go and later ones come.
 *
 * A window that moves over n rows costs n steps in all, where aggregates.h costs n for each place
 * of it; what it says is the same. Only counts, different values, sums and averages of whole
 * numbers, least and greatest can do this: of others, and of sums that a double could round,
 * aggregates.h is asked.
 *
 * Memory   in the arena given, as long as the rows. Threads: belongs to one.
 */
#ifndef WEIR_CORRELATE_SLIDING_H
#define WEIR_CORRELATE_SLIDING_H

#include "correlate/aggregates.h"

struct sliding;

/* Over these rows, in order of time, which must stay. */
struct sliding *sliding_new(struct arena *a, const struct group_aggregate *g,
                            const struct group_row *rows, size_t n);

/* Over rows [from, to). Neither may be less than in the call before. */
struct expr_value sliding_value(struct sliding *s, size_t from, size_t to);

#endif
