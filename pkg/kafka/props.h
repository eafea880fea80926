/* props.h - properties of a librdkafka client: what the user passes through, and what weir owns.
 *
 * A list of name = value in the order given; later ones win. Names that weir owns
 * (transactional.id, group.id, enable.auto.commit, isolation.level ...) are refused with the
 * reason; so are names and values that librdkafka does not know, in its words. Values of secrets
 * are never part of an error.
 *
 * Memory   texts live in the arena given.
 */
#ifndef WEIR_KAFKA_PROPS_H
#define WEIR_KAFKA_PROPS_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"

enum kafka_role { KAFKA_COMMON, KAFKA_CONSUMER, KAFKA_PRODUCER };

struct kafka_prop {
    struct str name, value;
};

struct kafka_props {
    struct arena *arena;
    struct kafka_prop *items;
    size_t n, cap;
};

/* WEIR_BADARG: owned by weir (why), or unknown to librdkafka, with the nearest name. */
MUST_USE enum weir_rc kafka_props_add(struct kafka_props *p, enum kafka_role role, struct str name,
                                      struct str value, struct weir_err *err);

/* Does the value of this property never leave (passwords, keys)? For `weir config show`. */
bool kafka_prop_is_secret(struct str name);

/* What librdkafka's clients log goes here, from any of their threads; level as in syslog. NULL, the
 * default: nowhere. What people must act on comes as errors and KAFKA_TROUBLE, not this way. */
typedef void kafka_log_fn(int level, const char *facility, const char *text);
void kafka_set_logger(kafka_log_fn *fn);

#endif
