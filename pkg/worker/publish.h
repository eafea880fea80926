/* publish.h - what a batch says to the world: its records, made once, produced as often as needed.
 *
 * Documents of findings (alert.h) with the event that completed them, of matches without state,
 * dead letters, gaps, facts; each with its topic, key and headers (docs/topics.md).
 *
 * Size      a document has at most alerts.bytes_max bytes (a raw dead letter: what the client
 *           takes), and what its topic takes less PUBLISH_SLACK. A record that is refused for its
 *           size even so halves its topic's cap (publisher_shrink): the transaction is aborted,
 *           what it says is told again, shorter, at last in the minimal form. Nothing is stuck,
 *           nothing is lost.
 * Backfill  findings whose time is older than alerts.age_max are no alerts any more.
 * Memory    of one batch; its room is kept as long as batches of late need it (base/slack.h).
 * Threads   belongs to one.
 */
#ifndef WEIR_WORKER_PUBLISH_H
#define WEIR_WORKER_PUBLISH_H

#include "correlate/reopen.h"
#include "kafka/producer.h"
#include "state/finding.h"
#include "worker/batch.h"
#include "worker/config.h"
#include "worker/metric.h"
#include "worker/scene.h"

enum { PUBLISH_SLACK = 1024 + REOPEN_TEXT_MAX, PUBLISH_HEADERS = 8, PUBLISH_CAP_MIN = 1024 };

struct publish_options {
    const struct config *config;
    struct str worker, version;
    uint32_t topic_bytes[CONFIG_TOPICS]; /* max.message.bytes; 0: not known */
    struct metric_lane *metrics;
};

struct publisher;

struct publisher *publisher_new(const struct publish_options *o);
void publisher_free(struct publisher *p);

/* Another rule set: documents name its generation. */
void publisher_use(struct publisher *p, const struct ruleset *r);

/* Forget what was made; what follows is of this batch (NULL: none, timers speak alone). */
void publisher_begin(struct publisher *p, const struct batch *b, const struct scene *s,
                     int64_t now_ms);
/* A correlator_fn; context: the publisher. */
enum weir_rc publisher_finding(void *publisher, const struct finding *f, uint32_t event,
                               struct weir_err *err);
/* Without state: every match of the batch. */
void publisher_matches(struct publisher *p);
/* The records of the batch that gave no event; from: by partition of the scene, offsets below it
 * are read again and were told. */
void publisher_dead(struct publisher *p, const uint64_t *from);
/* Offsets [from, to) of a partition are gone unread. */
void publisher_gap(struct publisher *p, const char *topic, int32_t partition, uint64_t from,
                   uint64_t to);
/* An overlay of the rule set ends within RULESET_ENDS_MS, or has ended. */
void publisher_end(struct publisher *p, const struct ruleset_end *end);
void publisher_fact(struct publisher *p, struct str key, struct str value);

/* Zero-terminated name of an output topic; NULL: it is not configured. */
const char *publisher_topic(const struct publisher *p, enum config_topic topic);

size_t publisher_count(const struct publisher *p);
/* Valid until the next call. */
const struct kafka_record *publisher_record(struct publisher *p, size_t i);
/* This one was refused for its size: those of its kind are made shorter from now on. False: they
 * are as short as can be. */
bool publisher_shrink(struct publisher *p, size_t i);
/* They are out. */
void publisher_count_published(struct publisher *p, int64_t now_ms);

/* Where a finding's record goes. */
enum config_topic publish_topic_of(const struct finding *f, enum rule_channel channel);

#endif
