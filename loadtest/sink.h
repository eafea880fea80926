/* sink.h - where the load goes: topics, or files that look like what build/loadtest/dump makes of
 * topics.
 *
 * Kafka    an idempotent producer: the order of a partition is that of the calls, no record is
 *          there twice. Record time is the event's arrival.
 * Files    DIR/dump.ndjson (loadtest/dump.c) of the planted records, and per topic and partition
 *          DIR/TOPIC-N.ndjson with all records as lines, for `weir replay`. No tombstones.
 */
#ifndef WEIR_LOADTEST_SINK_H
#define WEIR_LOADTEST_SINK_H

#include "base/base.h"

enum { SINK_TOPICS_MAX = 16, SINK_PARTITIONS_MAX = 1024 };

struct sink_options {
    const char *const *topics;
    size_t n_topics;
    uint32_t n_partitions;
    const char *directory;    /* files; NULL: Kafka */
    const char *const *props; /* NAME=VALUE of librdkafka */
    size_t n_props;
};

struct sink_record {
    struct str value;
    bool has_value;
    int32_t partition;
    int64_t time_ms;
    int64_t attack;  /* -1: none, it is not planted */
    const char *bad; /* why it is a dead letter, NULL: it is none */
};

struct sink;

/* NULL: it was said why. */
struct sink *sink_new(const struct sink_options *o);
/* Waits while the queue is full. */
void sink_send(struct sink *s, size_t topic, const struct sink_record *r);
/* Let time pass: serves what was delivered. */
void sink_wait(struct sink *s, int ms);
/* Everything is there. False: some is not. */
bool sink_end(struct sink *s);

#endif
