/* derived.h - values that a rule computes (rule.h, struct derived), of an event's whole tree: for
 * who shows them. Whoever needs them for many events computes them from extracted values.
 *
 * Memory   values in the arena given. Threads: pure.
 */
#ifndef WEIR_MATCH_DERIVED_H
#define WEIR_MATCH_DERIVED_H

#include "base/arena.h"
#include "event/lookup.h"
#include "rule/expr.h"
#include "rule/rule.h"

/* Null, a value or a list. Of a rule with rows (rule.h): the first of them. */
struct expr_value derived_of_event(struct arena *a, const struct rule *r, const struct derived *d,
                                   const struct event_tree *event, int64_t t_ms);

#endif
