/* matched.h - the fields that made a rule match, in one line: for a table that somebody reads.
 *
 *     process.name=curl  destination.ip=169.254.169.254
 *
 * A table is a way out of weir, so values are redacted as those of alerts are.
 *
 * Threads  belongs to one thread.
 */
#ifndef WEIR_APP_MATCHED_H
#define WEIR_APP_MATCHED_H

#include "base/arena.h"
#include "base/buf.h"
#include "event/lookup.h"
#include "match/list_view.h"
#include "rule/rule.h"

enum {
    MATCHED_FIELDS_MAX = 12,
    MATCHED_BYTES_MAX = 80 /* of one value */
};

struct matched;

/* lists: what stands on those that rules ask; NULL: nothing. */
struct matched *matched_new(const struct list_view *lists);
void matched_free(struct matched *m);

/* Append the fields that a matching rule rests on, each once, in the rule's order; a "-" for each
 * that has to be missing. `a`: one event's memory. */
void matched_add(struct matched *m, struct arena *a, const struct rule *rule,
                 const struct event_tree *event, struct buf *out);

#endif
