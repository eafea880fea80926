/* cited.h - the events that a hit stands for.
 *
 * Mostly it is one, and its capsule (state/capsule.h) is in the hit. What an operator signals may
 * be about several in order, such as the steps of a sequence: then hit.cited has the capsules of
 * all that are known, the completing event's among them.
 */
#ifndef WEIR_CORRELATE_CITED_H
#define WEIR_CORRELATE_CITED_H

#include "base/base.h"
#include "base/buf.h"
#include "correlate/hit.h"
#include "state/cell.h"

/* One more, behind the others of a hit.cited; an empty one is none. */
void cited_add(struct buf *cited, struct str capsule);

/* At most `max` of them, in their order. Slices of the hit's. */
size_t cited_list(const struct hit *hit, struct str *out, size_t max);

/* Note them in the capsule book of a cell: a single one at t_ms, of several each at its own time.
 */
void cited_note(struct cell *cell, int64_t t_ms, const struct hit *hit);

#endif
