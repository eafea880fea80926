/* explain.h - `weir explain`: why rules matched an event, or why they did not.
 *
 * Each test of a rule (match/reason.h) with what the event had there and what came of it; those
 * that decided are marked. Of a correlation: the same of each rule that it listens to. Values are
 * redacted as in alerts.
 */
#ifndef WEIR_APP_EXPLAIN_H
#define WEIR_APP_EXPLAIN_H

#include "app/emit.h"
#include "app/outcome.h"
#include "app/rules.h"
#include "app/state.h"
#include "app/stretch.h"

enum { EXPLAIN_EVENTS_MAX = 1000 /* with --near or one by one; later ones are counted */ };

struct explain_options {
    struct rule_options rules;
    struct text_list inputs;
    struct stretch_options kafka;
    struct str tenant;  /* of topics that name tenants in a header */
    struct str profile; /* pinned; empty: classify */
    enum emit_format format;
    bool has_number;
    uint64_t number; /* only this event, counted as --emit matches does */
    bool is_near;    /* only rules that missed by one test */
    /* where "memory": what stands in windows once all events are read; a store: what stands in its
     * windows for the entities of each event; empty: no. */
    struct state_options state;
    struct str key; /* of the groups shown; empty: all */
};

enum exit_code explain_run(const struct explain_options *o);

#endif
