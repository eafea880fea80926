/* window_view.h - what stands in the windows of correlations once some events have been read: for
 * each group key what is there, what is missing, and until when.
 *
 * A plain model made from the events (levels.h), for `weir explain --state memory`.
 *
 * Memory   in an arena of its own, at most WINDOW_HITS_MAX matches; later ones are counted.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_APP_WINDOW_VIEW_H
#define WEIR_APP_WINDOW_VIEW_H

#include "alert/redact.h"
#include "base/buf.h"
#include "event/lookup.h"
#include "rule/rule.h"

enum {
    WINDOW_HITS_MAX = 1000000,
    WINDOW_EVENTS_SHOWN = 10,
    WINDOW_LOOK_MAX = 2000 /* newest matches of a group, looked at */
};

struct window_view;

/* key: only groups one of whose values is this text; empty: all. */
struct window_view *window_view_new(struct str key);
void window_view_free(struct window_view *v);

/* A correlation that is to be shown. */
void window_view_rule(struct window_view *v, const struct rule *rule);
/* An event that matched `rule` came; for those that listen to it. The redactor has begun the event.
 */
void window_view_match(struct window_view *v, struct redactor *redactor,
                       const struct event_tree *tree, const struct rule *rule, int64_t t_ms,
                       uint64_t number);

/* All of it, as lines of JSON or as text for people. Returns how many groups there were. */
size_t window_view_print(struct window_view *v, bool is_json, struct buf *out);

#endif
