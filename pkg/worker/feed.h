/* feed.h - the reader of a lane: from Kafka records to batches of matched events.
 *
 * Serves the group, reads the owned partitions from where the lane's plan says, extracts and
 * matches, judges what is late in the order of each log, and hands batches to the lane (post.h).
 * When a batch goes: due.h. While the lane is busy it may grow to BATCH_STRETCH times
 * work.batch_events: the more there is to do, the larger the transactions.
 *
 * Time       an event's own, at most CLOCK_SKEW_MS ahead of its record's; without one the record's.
 *
 * Silence    between two records of a partition moves its clock (log_clock_silence); an owner at
 *            the end of it raises its mark by the silence so far, never further than the next
 *            record will say. A partition without any record follows the wall clock. Told every
 *            FEED_MARK_MS.
 *
 * Alignment  align.h, by prefix watermarks.
 *
 * Crashes    records that brought a worker down (crash_note.h) are read one at a time, each a batch
 *            of its own; one that did so crash_max times is a dead letter, unread.
 *
 * Memory     batches, and one chunk of records that are lent from librdkafka while they are
 *            matched.
 *
 * Threads    feed_main() is a thread of its own; the consumer belongs to it.
 */
#ifndef WEIR_WORKER_FEED_H
#define WEIR_WORKER_FEED_H

#include "kafka/consumer.h"
#include "worker/config.h"
#include "worker/crash_note.h"

#include "worker/metric.h"
#include "worker/post.h"
#include "worker/ruleset.h"

enum { FEED_CHUNK = 128, FEED_CHUNK_BYTES = 2 * 1024 * 1024, FEED_MARK_MS = 1000 };

struct feed_options {
    const struct config *config;
    struct kafka_consumer *consumer;
    struct ruleset_shelf *shelf;
    const struct ruleset *ruleset; /* a hold that the feed takes over */
    struct post *post;
    struct metric_lane *metrics; /* of the reader */
    uint32_t lane;               /* for log lines */
    bool is_stateless;
    struct crash_book *crashes; /* the feed takes it over; NULL: nobody keeps notes */
};

struct feed;

struct feed *feed_new(const struct feed_options *o);
/* Its thread has ended. */
void feed_free(struct feed *f);
/* A thread's main function; context: the feed. Ends after post_stop(). */
void *feed_main(void *feed);

#endif
