/* kept.h - the events of what waits: a cell that judges many times or terms in one step keeps the
 * capsule of each, so that what is told is told with its own event and not with a neighbour's.
 *
 * In the side part of the cell, instead of a capsule book (state/capsule.h), as long as anything
 * waits. At most KEPT_BYTES of them: what comes behind that has none.
 *
 * Foreign bytes  a damaged side part is empty, and begins anew.
 */
#ifndef WEIR_CORRELATE_KEPT_H
#define WEIR_CORRELATE_KEPT_H

#include "base/base.h"
#include "state/cell.h"

enum { KEPT_BYTES = CELL_SIDE_MAX }; /* some two hundred capsules */

/* The event of what waits by the name (t_ms, value). No bytes, no room, no memory: nothing
 * happens. `capsule` is no part of the cell. */
void kept_add(struct cell *cell, int64_t t_ms, uint64_t value, struct str capsule);

/* What is older has been judged. */
void kept_forget(struct cell *cell, int64_t before_ms);

/* Keep those that `fn` says true of: fewer than now. */
typedef bool kept_fn(void *context, int64_t t_ms, uint64_t value);
void kept_select(struct cell *cell, kept_fn *fn, void *context);

/* The first capsule of that name; empty: none. A slice of the side part. */
struct str kept_find(const struct cell *cell, int64_t t_ms, uint64_t value);

#endif
