/* store_view.h - what stands in a store's windows for the entities of some events: for each rule
 * with windows that listens to what an event matches, how many, since when, until when.
 *
 * The store is only looked at (state/store.h, store_look): whoever works on it is not disturbed,
 * and what is shown is some moment of its work. A window is told as it is at the newest time that
 * it knows of, or at the event's own where that is later.
 *
 * Limits   windows whose rules listen to other correlations are not reached from an event alone.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_APP_STORE_VIEW_H
#define WEIR_APP_STORE_VIEW_H

#include "alert/redact.h"
#include "app/state.h"
#include "base/buf.h"
#include "detect/pick.h"
#include "event/lookup.h"

struct store_view;

/* Opens the store; o->is_looking. The arena and the rules must outlive it. */
MUST_USE enum weir_rc store_view_open(const struct state_options *o, struct arena *a,
                                      struct rule *const *rules, size_t n_rules,
                                      struct store_view **out, struct weir_err *err);
void store_view_free(struct store_view *v);

/* Only groups one of whose values is this text, which must outlive the view; empty: all. */
void store_view_only(struct store_view *v, struct str key);

/* What the picker gathers for. */
const struct graph *store_view_graph(const struct store_view *v);

/* The windows of a picked event, appended as lines of JSON or as text for people; `number`: the
 * event's. The redactor has begun the event. */
MUST_USE enum weir_rc store_view_event(struct store_view *v, const struct picked *e,
                                       struct redactor *redactor, bool is_json, struct buf *out,
                                       struct weir_err *err);
/* Windows told so far. */
uint64_t store_view_told(const struct store_view *v);

#endif
