/* route.h - which rules, and so which fields, an event of a given shape concerns.
 *
 * Decided once per shape, not per event: rules with equal logsources form a group with a
 * bitmap of rules and one of fields; a shape's bitmaps are the OR over the groups that its
 * facts allow. Without routing every group is allowed.
 *
 * Memory   in the arena given; read-only afterwards.
 * Threads  immutable: shared by all.
 */
#ifndef WEIR_PLAN_ROUTE_H
#define WEIR_PLAN_ROUTE_H

#include "plan/plan.h"

struct route;

const struct route *route_new(struct arena *a, const struct plan *plan);

/* Words of 64 bits in a bitmap of rules, of fields. */
uint32_t route_rule_words(const struct route *r);
uint32_t route_field_words(const struct route *r);

/* Fill both bitmaps for a shape; returns the number of eligible rules. */
uint32_t route_shape(const struct route *r, const struct logsource_facts *facts, uint64_t *rules,
                     uint64_t *fields);

#endif
