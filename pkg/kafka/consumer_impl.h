/* consumer_impl.h - the inside of a consumer. For pkg/kafka alone.
 *
 * Two clients of librdkafka, and seldom a third (witness). One is a member of the group and never
 * fetches: it is assigned an empty list, whatever the group gives it. The other fetches the owned
 * partitions by the plain interface (start at an offset, stop), where a start purges what was
 * fetched before; so there is no position, pause or seek of librdkafka's in the way.
 */
#ifndef WEIR_KAFKA_CONSUMER_IMPL_H
#define WEIR_KAFKA_CONSUMER_IMPL_H

#include "base/buf.h"
#include "kafka/client.h"
#include "kafka/consumer.h"
#include "kafka/watermark.h"

#include <pthread.h>

struct kafka_consumer {
    rd_kafka_t *group;             /* the member */
    rd_kafka_t *data;              /* the fetcher */
    rd_kafka_t *witness;           /* consumer_ask.c; NULL until it is needed */
    rd_kafka_conf_t *witness_conf; /* NULL: used up */
    char *group_id;
    rd_kafka_queue_t *group_queue, *data_queue;
    int wake_fd; /* an eventfd: records, group events, kafka_consumer_wake() */

    /* Names and handles of topics met, for ever: few. */
    struct kafka_consumer_topic {
        char *name;
        rd_kafka_topic_t *handle;
    } * topics;
    size_t n_topics;

    struct kafka_partition *partitions; /* owned: [n] */
    struct kafka_fetch {
        rd_kafka_topic_t *topic;
        rd_kafka_queue_t *queue;
        bool is_running, is_at_end, is_gone, has_read;
        int64_t next;        /* the least offset that may come */
        uint64_t read_bytes; /* since the watch was hurried */
    } * fetches;             /* [n] */
    size_t n;

    rd_kafka_message_t **lent; /* scratch of a read */
    size_t lent_cap;

    /* The member's generation as of the last KAFKA_ASSIGNED, for commits; NULL: nothing is owned.
     * Asked at the commit instead, a member whose session has ended would say "no generation", and
     * brokers take a commit of that kind without a question. */
    rd_kafka_consumer_group_metadata_t *generation;
    pthread_mutex_t generation_lock;

    enum kafka_event pending; /* KAFKA_NOTHING: none */
    bool is_revoked;          /* until kafka_consumer_accept() */
    bool is_closing;
    bool must_join_again, is_joining_again; /* a static member: consumer.c, joins_again() */
    struct kafka_troubles troubles;
    struct watermark_watch *watch;
    uint64_t hurry_bytes; /* read of one partition: the watch is hurried */
    struct buf metadata;  /* of the last kafka_consumer_committed() */
};

/* The name as it is kept, and the fetcher's handle of it. */
struct kafka_consumer_topic *kafka_consumer_topic(struct kafka_consumer *c, const char *name);

/* A copy of the generation, NULL: nothing is owned. From any thread. */
rd_kafka_consumer_group_metadata_t *kafka_consumer_generation(const struct kafka_consumer *c);

/* librdkafka's message as ours. */
void kafka_message_of(rd_kafka_message_t *m, struct kafka_message *out);

#endif
