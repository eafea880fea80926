/* consumer.h - a member of a consumer group that reads its partitions one by one.
 *
 * The group decides which partitions; where to read is the caller's ledger (kafka_consumer_seek),
 * never librdkafka's. Each partition is read from its own queue, so one that is not asked for
 * waits (back-pressure, alignment) while the group goes on being served. Offsets below the next
 * expected are dropped. Records are lent: their bytes stay until kafka_messages_release().
 *
 *     while (...) {
 *         kafka_consumer_serve(c, ms)         group events, errors; wakes when records come
 *         for each partition that may be read: kafka_consumer_read(c, i, records, max)
 *     }
 *
 * kafka_consumer_serve() wakes when records come to a partition that was read empty. One whose last
 * read gave max records has more: serve with 0 ms then.
 *
 * Rebalance  eager protocol (range or roundrobin). kafka_consumer_serve() returns KAFKA_REVOKED or
 *            KAFKA_ASSIGNED and the group waits until kafka_consumer_accept(): so a batch can be
 *            ended before partitions go. KAFKA_LOST: they are gone already; accept that, too, when
 *            the batch is ended: until then a commit goes under the old generation, which the
 *            broker refuses once others own the partitions; after the next KAFKA_ASSIGNED it would
 *            not.
 * Lag        a housekeeping thread asks the end of one partition per broker every 200 ms: it wakes
 *            librdkafka 2.0.2's fetcher out of its stall (docs/decisions/0014), and its answers are
 *            kafka_consumer_end(). Off with librdkafka 2.2 and newer, which has
 *            fetch.queue.backoff.ms.
 * Threads    belongs to one thread, except kafka_consumer_end(), kafka_consumer_wake() and the use
 *            of its group by kafka_producer_send_offsets(); the questions about offsets may be
 *            asked by one other thread meanwhile, which is then the only one that asks.
 */
#ifndef WEIR_KAFKA_CONSUMER_H
#define WEIR_KAFKA_CONSUMER_H

#include "base/base.h"
#include "base/err.h"
#include "kafka/props.h"

enum kafka_start { KAFKA_LATEST, KAFKA_EARLIEST, KAFKA_AT_TIME };

struct kafka_consumer_options {
    const struct kafka_props *common, *own;
    struct str group;
    struct str instance;       /* group.instance.id; empty: a dynamic member */
    const char *const *topics; /* names, or patterns that begin with ^ */
    size_t n_topics;
    /* Held for what was fetched and not read; 0: KAFKA_FETCH_BYTES. Little, for the
     * memory; that records then come out of the last cache makes at most 1 % of the time, which is
     * within the noise of a measurement. */
    uint64_t fetch_bytes;
    /* How many partitions may share fetch_bytes: librdkafka has a limit per partition alone, so
     * each gets fetch_bytes / partitions, KAFKA_FETCH_SHARE_MIN at least. 0: 1. An answer that
     * comes just before the limit may bring as much again, 2 MiB at most. */
    uint32_t partitions;
};
enum { KAFKA_FETCH_BYTES = 16 * 1024 * 1024, KAFKA_FETCH_SHARE_MIN = 1024 * 1024 };

struct kafka_partition { /* an owned one */
    const char *topic;   /* lives as long as the consumer */
    int32_t partition;
};

/* One record; slices of librdkafka's memory. */
struct kafka_message {
    struct str key, value;
    bool has_value; /* false: a tombstone */
    int64_t offset;
    int64_t timestamp_ms; /* INT64_MIN: none */
    bool is_append_time;  /* the broker's clock, else the producer's */
    void *handle;         /* for the headers and the release */
};
/* False: it has no such header. */
bool kafka_message_header(const struct kafka_message *m, const char *name, struct str *value);
void kafka_messages_release(struct kafka_message *messages, size_t n);

struct kafka_consumer;

MUST_USE enum weir_rc kafka_consumer_new(const struct kafka_consumer_options *o,
                                         struct kafka_consumer **out, struct weir_err *err);
/* Leaves the group; at most KAFKA_LEAVE_MS. All records were released. */
enum { KAFKA_LEAVE_MS = 3000 };
void kafka_consumer_free(struct kafka_consumer *c);

enum kafka_event {
    KAFKA_NOTHING,  /* the time is over, or records came, or kafka_consumer_wake() */
    KAFKA_ASSIGNED, /* kafka_consumer_partitions() is the new list; none is read before a seek */
    KAFKA_REVOKED,  /* kafka_consumer_accept() ends the ownership */
    KAFKA_LOST,     /* the same, but it has ended already */
    KAFKA_TROUBLE   /* err: a broker out of reach, a topic gone, no rights, a wrong password */
};
enum kafka_event kafka_consumer_serve(struct kafka_consumer *c, uint32_t ms, struct weir_err *err);
/* After REVOKED or LOST (else it does nothing): kafka_consumer_partitions() is empty. */
void kafka_consumer_accept(struct kafka_consumer *c);
/* From another thread: kafka_consumer_serve() returns at once. */
void kafka_consumer_wake(struct kafka_consumer *c);
size_t kafka_consumer_partitions(const struct kafka_consumer *c,
                                 const struct kafka_partition **out);

/* Read owned partition i on from this offset. */
MUST_USE enum weir_rc kafka_consumer_seek(struct kafka_consumer *c, size_t i, int64_t offset,
                                          struct weir_err *err);
/* Up to max records that are there, in order. *is_end: none is left as of now. *is_gone: the log
 * has no such position any more (deleted by retention, or the topic was made anew), nothing was
 * read; kafka_consumer_bounds() says what there is, a seek goes on. */
size_t kafka_consumer_read(struct kafka_consumer *c, size_t i, struct kafka_message *out,
                           size_t max, bool *is_end, bool *is_gone);

/* The high watermark of i as last heard, -1: never. */
int64_t kafka_consumer_end(const struct kafka_consumer *c, size_t i);

/* ---- questions about offsets: they block up to ms ------------------------------------------- */

struct kafka_committed {
    bool has;
    bool is_unstable; /* an open transaction holds it: ask again */
    int64_t offset;
    struct str metadata; /* valid until the next call */
};
MUST_USE enum weir_rc kafka_consumer_committed(struct kafka_consumer *c, const char *topic,
                                               int32_t partition, uint32_t ms,
                                               struct kafka_committed *out, struct weir_err *err);
/* Has the group an offset of any of the topic's partitions, 0 to n - 1? */
MUST_USE enum weir_rc kafka_consumer_was_read(struct kafka_consumer *c, const char *topic,
                                              uint32_t n, uint32_t ms, bool *out,
                                              struct weir_err *err);
/* Beginning and end of the log. The end is that for a reader of committed records: the oldest open
 * transaction, if there is one; the same goes for kafka_consumer_end(). */
MUST_USE enum weir_rc kafka_consumer_bounds(struct kafka_consumer *c, const char *topic,
                                            int32_t partition, uint32_t ms, int64_t *low,
                                            int64_t *high, struct weir_err *err);
/* First offset at or after this record time; the end if there is none. */
MUST_USE enum weir_rc kafka_consumer_offset_at(struct kafka_consumer *c, const char *topic,
                                               int32_t partition, int64_t time_ms, uint32_t ms,
                                               int64_t *offset, struct weir_err *err);

#endif
