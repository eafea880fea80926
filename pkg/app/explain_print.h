/* explain_print.h - one explanation as a tree for people or as a JSON object on a line. */
#ifndef WEIR_APP_EXPLAIN_PRINT_H
#define WEIR_APP_EXPLAIN_PRINT_H

#include "alert/redact.h"
#include "base/buf.h"
#include "event/lookup.h"
#include "match/reason.h"
#include "rule/rule.h"

struct explained {
    uint64_t number;  /* of the event */
    struct str input; /* where it comes from */
    const struct event_tree *tree;
    const struct rule *rule;
    const struct rule *listener; /* a correlation that listens to the rule; NULL: none is shown */
    size_t step, n_steps;        /* which of its inputs, from 0 */
    bool is_seen;                /* the event's source is the rule's */
    const struct reason *reason; /* the list begins with the whole */
};

/* The redactor has begun the event. */
void explain_tree(struct buf *out, struct redactor *redactor, const struct explained *e);
void explain_json(struct buf *out, struct redactor *redactor, const struct explained *e);
/* One line: what it missed by. */
void explain_near(struct buf *out, struct redactor *redactor, const struct explained *e);

#endif
