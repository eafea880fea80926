/* graph_change.h - what an edit of a rule does to its state: kept, or begun anew and why.
 *
 * State belongs to the identity of its spaces (graph.c). This compares those of one rule in two
 * graphs, the one in use and one that may replace it.
 *
 * Memory   what comes back is constant text.
 * Threads  pure functions.
 */
#ifndef WEIR_CORRELATE_GRAPH_CHANGE_H
#define WEIR_CORRELATE_GRAPH_CHANGE_H

#include "correlate/graph.h"

/* Index of the rule of this uid (of the first tenant), or UINT32_MAX. */
uint32_t graph_rule_of(const struct graph *g, struct str uid);
/* It keeps something between events. */
bool graph_has_state(const struct graph *g, uint32_t rule);
/* NULL: the state that both have is the same. Else what differs: "timespan", "group-by" ... */
const char *graph_change(const struct graph *was, uint32_t rule_was, const struct graph *is,
                         uint32_t rule_is);

#endif
