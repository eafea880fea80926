/* regex_batch.h - the regexes of a plan, compiled while the net is built.
 *
 * Compiling for libhs takes a millisecond a pattern and longer, longer for all of them than the
 * rest of the net, and needs nothing of it. So a second thread compiles from the start on, and the
 * join takes its part of what is left by then. Atoms whose regexes are equal (the same pattern
 * asked of several fields) share one.
 *
 * Memory   the batch lives in the arena of the start; what is compiled is the caller's after the
 *          join: regex_free() each.
 * Threads  start and join are called by one thread; between them it may do anything but change
 *          the plan.
 */
#ifndef WEIR_MATCH_REGEX_BATCH_H
#define WEIR_MATCH_REGEX_BATCH_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "match/regex.h"
#include "plan/plan.h"

struct regex_batch;

struct regex_batch *regex_batch_start(struct arena *a, const struct plan *plan);

/* Wait for the end. *all gets the distinct regexes, in the arena given: those of an error too.
 * Fails with the first atom's error, in the order of the plan. To be called exactly once. */
MUST_USE enum weir_rc regex_batch_join(struct regex_batch *b, struct arena *a,
                                       struct match_regex ***all, uint32_t *n,
                                       struct weir_err *err);

/* The regex of an ATOM_REGEX, by its number in the plan; after a join without error. */
struct match_regex *regex_batch_of(const struct regex_batch *b, uint32_t atom);

#endif
