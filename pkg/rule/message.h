/* message.h - templates of an alert's message: text with slots in braces.
 *
 *     {user.name} read {count} secrets in {orchestrator.namespace|an unknown namespace}
 *
 * Slots    a field of the event; or one of title, rule, level, count, tenant, first, last (times of
 *          the finding). What stands behind `|` is said where there is no value ("-" without it).
 *          A field of one of these names is written {event:count}.
 * Braces   {{ and }} are braces.
 * Limits   MESSAGE_SLOTS_MAX slots.
 */
#ifndef WEIR_RULE_MESSAGE_H
#define WEIR_RULE_MESSAGE_H

#include "base/base.h"

enum { MESSAGE_SLOTS_MAX = 32 };

enum message_slot {
    MESSAGE_TEXT, /* no slot: text as it stands */
    MESSAGE_FIELD,
    MESSAGE_TITLE,
    MESSAGE_RULE,
    MESSAGE_LEVEL,
    MESSAGE_COUNT,
    MESSAGE_TENANT,
    MESSAGE_FIRST,
    MESSAGE_LAST
};

struct message_part {
    enum message_slot slot;
    struct str text;  /* MESSAGE_TEXT: itself; MESSAGE_FIELD: the field */
    struct str other; /* what is said without a value */
};

struct message_fault {
    size_t offset; /* in the template */
    const char *text;
};

/* Is it well-formed? */
bool message_check(struct str message, struct message_fault *fault);

/* The next part from *at on of a template that is well-formed; false at its end. */
bool message_next(struct str message, size_t *at, struct message_part *out);

#endif
