/* batch.h - what the reader hands to its lane: the matched events of some records, with all that is
 * needed of them, and how far each partition has come.
 *
 * Records are copied here when they match or are refused: librdkafka has its memory back as soon
 * as they are read, and unmatched ones leave nothing but counters and the clock.
 *
 * Memory   grows to the largest batch of late (base/slack.h); places are offsets, since the bytes
 *          move.
 * Threads  belongs to whoever holds it (post.h).
 */
#ifndef WEIR_WORKER_BATCH_H
#define WEIR_WORKER_BATCH_H

#include "base/buf.h"
#include "base/slack.h"
#include "correlate/clock.h"
#include "event/profile.h"
#include "worker/log_clock.h"
#include "worker/ruleset.h"

enum {
    BATCH_MATCHED_MAX = 49152, /* events with operations */
    BATCH_OPERATIONS_MAX = 98304,
    BATCH_BYTES_MAX = 48 * 1024 * 1024,
    BATCH_DEAD_MAX = 4096,
    BATCH_STRETCH = 10 /* times work.batch_events while the lane is busy; at least DUE_BACKLOG */
};

/* What travels with a position: time of the last record (8 bytes), then the clock. */
enum { BATCH_EXTRA_MAX = 8 + LOG_CLOCK_BYTES_MAX };

struct batch_slice {
    size_t at, n;
};

struct batch_event { /* that matched */
    uint32_t part, index, tenant;
    uint64_t offset;
    int64_t t_ms, record_ms; /* event time; time of the record, INT64_MIN: none */
    const struct profile *profile;
    struct clock_lateness lateness;
    struct batch_slice record, transport, gathered; /* transport.h */
    uint32_t first_rule, n_rules;                   /* without state: which rules matched */
    bool is_standin;
};

struct batch_dead { /* a record that gave no event */
    uint32_t reason, part;
    struct batch_slice tenant, value;
    int64_t offset, timestamp_ms;
    bool has_value, is_append_time;
};

struct batch_part {
    uint64_t position; /* next offset */
    int64_t prefix_ms, mark_ms, newest_ms;
    int64_t record_at_ms; /* wall clock at which its last record came; 0: none yet */
    uint32_t n_extra;
    uint8_t extra[BATCH_EXTRA_MAX];
};

struct batch {
    uint64_t plan; /* the order that it was read under */
    const struct ruleset *ruleset;
    bool gives_ruleset;          /* the holder of the batch gets a hold of it, too */
    struct ruleset_shelf *shelf; /* of that hold */
    bool is_alone;               /* its one record is looked at with care: no other comes in */
    bool is_gone; /* a partition's log begins behind its position by now: nothing else in it */
    struct batch_part *parts;
    size_t n_parts, cap_parts;
    struct batch_event *events;
    size_t n_events, cap_events;
    struct batch_dead *dead;
    size_t n_dead, cap_dead;
    uint32_t *rules;
    size_t n_rules, cap_rules;
    struct buf bytes;    /* records */
    struct buf gathered; /* operations, close together: the lane reads them all, records seldom */
    struct slack slack;
    uint64_t n_records, n_operations;
    int64_t first_ms; /* when its first record was read; monotonic */
};

struct batch *batch_new(void);
/* With the hold that nobody took. */
void batch_free(struct batch *b);
/* The hold is the caller's. */
void batch_clear(struct batch *b);
/* From here on it is of r, and r is the hold it gives; one that it was to give before goes back. */
void batch_give_ruleset(struct batch *b, struct ruleset_shelf *s, const struct ruleset *r);

struct batch_slice batch_copy(struct batch *b, struct str bytes);
static inline struct str batch_gathered(const struct batch *b, struct batch_slice s)
{
    return (struct str){b->gathered.p + s.at, s.n};
}
static inline struct str batch_str(const struct batch *b, struct batch_slice s)
{
    return (struct str){b->bytes.p + s.at, s.n};
}
struct batch_event *batch_add_event(struct batch *b);
struct batch_dead *batch_add_dead(struct batch *b);
void batch_add_rule(struct batch *b, uint32_t rule);
/* Room for n partitions, zeroed. */
void batch_set_parts(struct batch *b, size_t n);

/* No more records may come in. */
bool batch_is_full(const struct batch *b, uint32_t events_max);
/* Something in it is to be published or changes state. */
static inline bool batch_is_urgent(const struct batch *b)
{
    return b->n_events || b->n_dead || b->is_gone;
}

#endif
