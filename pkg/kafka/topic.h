/* topic.h - what a broker says about topics, for the checks at start.
 *
 * One question at a time, blocking up to ms. Errors are one clear line: who could not be reached,
 * what was refused (authentication, authorisation, TLS), with the broker's name.
 *
 * Memory   kafka_admin_free(); the properties are read once.
 * Threads  belongs to one thread; librdkafka has its own.
 * Errors   WEIR_BADARG also for what can be no topic's name, and no pattern.
 */
#ifndef WEIR_KAFKA_TOPIC_H
#define WEIR_KAFKA_TOPIC_H

#include "base/arena.h"
#include "kafka/props.h"

struct kafka_topic {
    struct str name;
    bool exists;
    bool is_denied; /* no right to describe it */
    uint32_t n_partitions;
    /* of its configuration; INT64_MIN: could not be read (no right): then the check is a warning */
    int64_t retention_ms; /* -1: for ever */
    int64_t max_message_bytes;
    bool is_compacted, is_deleted; /* cleanup.policy */
    bool is_append_time;           /* message.timestamp.type */
    uint8_t id[16];                /* all 0 where the broker does not tell */
};

struct kafka_admin;

MUST_USE enum weir_rc kafka_admin_new(const struct kafka_props *common, struct kafka_admin **out,
                                      struct weir_err *err);
void kafka_admin_free(struct kafka_admin *a);
/* Those of the names; a pattern (^...) becomes the topics that match it now. In the arena. */
MUST_USE enum weir_rc kafka_admin_describe(struct kafka_admin *a, const char *const *names,
                                           size_t n, uint32_t ms, struct arena *arena,
                                           struct kafka_topic **out, size_t *n_out,
                                           struct weir_err *err);
/* For tools and tests, and `weir run --create-topics`. An existing one is fine. */
struct kafka_topic_wish {
    const char *name;
    uint32_t n_partitions, replication; /* 0: the broker's default */
    const char *const *configs;         /* name, value, ... , NULL */
};
MUST_USE enum weir_rc kafka_admin_create(struct kafka_admin *a, const struct kafka_topic_wish *w,
                                         uint32_t ms, struct weir_err *err);

#endif
