/* topics.h - are the topics of a worker fit for it? Asked at start, before the group is joined, and
 * by `weir config validate --online`.
 *
 * Errors    an input that does not exist, an output that does not exist (unless it is to be
 *           created), an output that forgets claims before dedup does, or compacts them, a state
 *           topic that is not compacted, a topic that weir would read and write: one line, exit
 *           code 3.
 * Warnings  a pattern that matches nothing yet, what could not be read for want of rights,
 *           producers' clocks, a cap of alerts that is above what a topic takes (the smaller one
 *           counts).
 * Memory    texts in the arena given.
 * Threads   any.
 */
#ifndef WEIR_WORKER_TOPICS_H
#define WEIR_WORKER_TOPICS_H

#include "base/arena.h"
#include "base/err.h"
#include "correlate/graph.h"
#include "kafka/topic.h"
#include "worker/config.h"

enum {
    TOPICS_ASK_MS = 10000,        /* a question to the broker */
    TOPICS_RECORD_OVERHEAD = 2048 /* of a record beside its value: key, headers, the batch */
};

struct topics_verdict {
    uint32_t alert_bytes_max; /* what counts: the configured one, or what the topics take */
    struct str *warnings;     /* a line each */
    size_t n_warnings;
    size_t n_inputs; /* topics that are read */
    uint32_t n_partitions;
};

/* Does this worker write to the topic (enum config_topic)? Facts of training only where there is
 * state: without a store nobody has to make a topic for them. */
bool topics_is_written(const struct config *c, size_t topic);

/* The longest dedup period of the rules: so long a finding's claim must be readable. */
int64_t topics_claims_ms(const struct graph *g);

/* The decision alone: found holds all topics of config's names and patterns that there are, and
 * those asked for by name that there are not. claims_ms: how long what was published must stay
 * readable (topics_claims_ms); 0: not known, retention is not judged. WEIR_BADARG: not fit,
 * err says why. */
MUST_USE enum weir_rc topics_judge(const struct config *c, const struct kafka_topic *found,
                                   size_t n_found, int64_t claims_ms, struct arena *a,
                                   struct topics_verdict *out, struct weir_err *err);

/* Ask the broker, create outputs that are missing if the configuration says so, judge. WEIR_IO: it
 * cannot be asked: out of reach, a wrong password, a certificate ... */
MUST_USE enum weir_rc topics_check(const struct config *c, int64_t claims_ms, struct arena *a,
                                   struct topics_verdict *out, struct weir_err *err);

#endif
