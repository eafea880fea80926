/* lane.h - a lane: one slot of the group, from batches to committed transactions.
 *
 * The thread that drives the protocol (protocol.h): takes batches from its reader (feed.h), applies
 * them to the store, publishes what comes of it, commits. Everything that can fail is asked again,
 * with growing pauses of at most LANE_PAUSE_MAX_MS that a rebalance or the end cut short; nothing
 * is read meanwhile, so nothing is lost and memory is bounded.
 *
 * End      after post_stop(): the batch in hand is finished and committed, if that goes without
 *          waiting; else it is given up (the next owner reads it again). At most LANE_END_MS.
 * Threads  lane_main() is a thread of its own.
 */
#ifndef WEIR_WORKER_LANE_H
#define WEIR_WORKER_LANE_H

#include "kafka/consumer.h"
#include "state/store_redis.h"
#include "worker/config.h"
#include "worker/metric.h"
#include "worker/post.h"
#include "worker/ruleset.h"

enum {
    LANE_ROUNDS =
        8, /* rounds of the protocol: the next multiple that holds the rule set's levels */
    LANE_PATIENCE_MS = 500, /* of one store call */
    LANE_PAUSE_MAX_MS = 500,
    LANE_END_MS = 10 * 1000,
    LANE_ASK_MS = 2000 /* a question about offsets */
};

/* A topic that some input reads. */
struct lane_topic {
    const char *name;
    uint32_t n_partitions;
    /* This partition and those behind it were added after the group began to read the topic:
     * without an offset they begin at their beginning, whatever `start` says. */
    uint32_t first_added;
};

struct lane_options {
    const struct config *config;
    struct kafka_consumer *consumer; /* the reader's: for questions, for its group */
    struct ruleset_shelf *shelf;
    const struct ruleset *ruleset; /* a hold that the lane takes over */
    struct post *post;
    struct metric_lane *metrics;
    uint32_t number; /* in this process */
    uint32_t slot;
    uint64_t token;                          /* random, not 0 */
    const struct store_redis_options *store; /* NULL: stateless */
    const struct lane_topic *topics;
    size_t n_topics;
    const uint32_t *topic_bytes; /* [CONFIG_TOPICS]: max.message.bytes of outputs; 0: not known */
    struct str worker, version;
};

struct lane;

/* Connects to the store. Not WEIR_OK: one clear line, the program ends with 3. */
MUST_USE enum weir_rc lane_new(const struct lane_options *o, struct lane **out,
                               struct weir_err *err);
/* Its thread has ended. */
void lane_free(struct lane *l);
/* A thread's main function; context: the lane. */
void *lane_main(void *lane);

#endif
