/* producer.h - a transactional producer.
 *
 * Calls block, but (kafka_producer_send_offsets() is the exception) never for longer than call_ms
 * at a time: KAFKA_AGAIN then, and the same call again is right, and no other but
 * kafka_producer_renew() and kafka_producer_free(). The fate of a transaction is told by
 * kafka_outcome alone.
 *
 * Taint    a request of the transaction that may still be on its way (an answer with _TIMED_OUT or
 *          _TRANSPORT, a call that itself timed out after its request was sent) can end the next
 *          transaction. kafka_producer_is_tainted() says so; whoever uses it makes a new producer
 *          (kafka_producer_renew) after the transaction ended. Watched by interceptors:
 *          docs/decisions/0014 has why. A record that the broker refused taints as well.
 * Threads  belongs to one thread. librdkafka's own threads run the interceptors.
 * Denied   KAFKA_DENIED comes from kafka_producer_init() and kafka_fence() alone; a right that is
 *          missed within a transaction makes it KAFKA_ABORTABLE.
 * Memory   the options' props and texts must live as long as the producer. Records wait in
 *          librdkafka's queue, bounded by queue.buffering.max.*; full: KAFKA_AGAIN.
 */
#ifndef WEIR_KAFKA_PRODUCER_H
#define WEIR_KAFKA_PRODUCER_H

#include "base/base.h"
#include "base/err.h"
#include "kafka/props.h"

enum kafka_outcome {
    KAFKA_DONE,
    KAFKA_AGAIN,     /* a timeout, a full queue: the same call again */
    KAFKA_ABORTABLE, /* the transaction must be aborted */
    /* another producer has this transactional.id; or the broker ended a transaction that was open
     * for transaction.timeout.ms, which looks the same: whose the slot is says its lease */
    KAFKA_FENCED,
    KAFKA_FATAL,     /* the producer is of no use: a new one */
    KAFKA_TOO_LARGE, /* produce: the broker or the client will not take this record at all */
    KAFKA_DENIED     /* authorisation: told, and tried again by whoever asks for it */
};

struct kafka_header {
    const char *name;
    struct str value;
};

struct kafka_record {
    const char *topic;
    struct str key, value;
    const struct kafka_header *headers;
    size_t n_headers;
};

struct kafka_offset { /* of one partition in a commit */
    const char *topic;
    int32_t partition;
    int64_t offset;
    struct str metadata;
};

struct kafka_producer_options {
    const struct kafka_props *common, *own;
    struct str transactional_id; /* empty: no transactions (bench only: at least once) */
    const char *const *topics;   /* it writes to: their metadata are fetched at once */
    size_t n_topics;
    uint32_t call_ms;   /* 0: KAFKA_CALL_MS */
    bool without_taint; /* tests only: never tainted */
};
enum { KAFKA_CALL_MS = 500 };

struct kafka_producer;
struct kafka_consumer;

/* Makes the client; no contact with the broker yet. */
MUST_USE enum weir_rc kafka_producer_new(const struct kafka_producer_options *o,
                                         struct kafka_producer **out, struct weir_err *err);
void kafka_producer_free(struct kafka_producer *p);
/* init_transactions: fences who had the id before. Call until it is not KAFKA_AGAIN. */
enum kafka_outcome kafka_producer_init(struct kafka_producer *p, struct weir_err *err);
/* A new client under the same id; kafka_producer_init() follows. */
MUST_USE enum weir_rc kafka_producer_renew(struct kafka_producer *p, struct weir_err *err);

enum kafka_outcome kafka_producer_begin(struct kafka_producer *p, struct weir_err *err);
/* Copies the record; value.p NULL: a tombstone, key.p NULL: none. KAFKA_TOO_LARGE: nothing of it is
 * in the transaction. A record that the broker refuses later makes the flush of
 * kafka_producer_commit() KAFKA_ABORTABLE; kafka_producer_refused() then names the first one (by
 * number of produce calls since begin). */
enum kafka_outcome kafka_producer_produce(struct kafka_producer *p, const struct kafka_record *r,
                                          struct weir_err *err);
/* Under the group's generation of the last KAFKA_ASSIGNED: call it only before
 * kafka_consumer_accept(). Without transactions: the offsets are committed, no more.
 * Blocks for as long as the group's coordinator is away, whatever call_ms says: librdkafka (2.0.2;
 * its issue 5456 names newer ones) does not look at the time of a request that waits for one. */
enum kafka_outcome kafka_producer_send_offsets(struct kafka_producer *p,
                                               const struct kafka_consumer *group,
                                               const struct kafka_offset *offsets, size_t n,
                                               struct weir_err *err);
enum kafka_outcome kafka_producer_commit(struct kafka_producer *p, struct weir_err *err);
enum kafka_outcome kafka_producer_abort(struct kafka_producer *p, struct weir_err *err);
bool kafka_producer_is_tainted(const struct kafka_producer *p);
/* Number counts from 0. False: none was. *too_large: for its size. */
bool kafka_producer_refused(const struct kafka_producer *p, uint64_t *number, bool *too_large);

/* Fence a transactional id and leave: init_transactions by a client that lives for this call, at
 * most KAFKA_FENCE_MS (and what it takes to end). */
enum { KAFKA_FENCE_MS = 3000 };
enum kafka_outcome kafka_fence(const struct kafka_producer_options *o, struct weir_err *err);

#endif
