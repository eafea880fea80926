/* feed_impl.h - the inside of a reader. For pkg/worker/feed*.c alone.
 *
 * Threads  the reader's own.
 */
#ifndef WEIR_WORKER_FEED_IMPL_H
#define WEIR_WORKER_FEED_IMPL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/now.h"
#include "correlate/gather.h"
#include "worker/align.h"
#include "worker/feed.h"
#include "worker/scene.h"
#include "worker/sight.h"
#include "worker/transport_of.h"

struct feed_part {
    uint64_t position;
    uint64_t again_to;    /* what lies below was read before */
    int64_t read_ms;      /* monotonic: when its last record came, or when it began */
    int64_t record_at_ms; /* wall clock of the same; 0: none yet */
    int64_t record_ms;    /* time of its last record by the log; INT64_MIN: not known */

    struct log_clock clock;
    struct crash_note note; /* count 0: none */
    bool is_at_end, is_dirty;
    struct batch_part packed; /* as it goes into batches */
};

/* What is known of an event beside the event. */
struct noted {
    int64_t t_ms, record_ms;
    struct clock_lateness lateness;
    const struct profile *profile;
    uint32_t tenant;
    bool is_standin;
};

struct feed_engine {
    struct engine *engine;
    struct gatherer *gatherer; /* NULL: without state */
    struct sight sight;
    struct arena *names;
    struct transport_names transport; /* of a record's key and headers, what rules ask about */
    uint32_t part;                    /* whose constants the worker has; UINT32_MAX: none */
    size_t n;
    struct event events[ENGINE_BATCH_MAX];
    struct noted noted[ENGINE_BATCH_MAX];
};

struct feed {
    struct feed_options options;
    const struct ruleset *ruleset;
    struct kafka_consumer *consumer;
    struct metric_lane *metrics;
    struct post *post;
    struct scene *scene;
    struct feed_engine **engines;
    size_t n_engines;
    struct feed_part *parts;
    struct align_part *align;
    struct align_patience patience;
    size_t n_parts, cap_parts, turn;
    struct post_plan plan;
    bool is_reading; /* there is a plan for the assignment */
    struct batch *batch;
    int64_t waited_ms;  /* the batch's first record, in the log; INT64_MAX: not known */
    bool has_caught_up; /* since the batch began: a partition that gave it records has no more */
    int64_t now_ms, wall_ms, served_ms, pushed_ms;
    struct arena *arena; /* unwrapped records, gathering */
    struct buf packed;
    uint32_t *rules;
    size_t cap_rules;
    struct kafka_message messages[FEED_CHUNK];
    size_t mean_bytes; /* of the records of the last chunk; 0: none yet */
    uint32_t message_part;
    uint64_t operations; /* of all gatherers, as last asked */
};

/* The clocks of the turn; they are as sharp as the kernel's tick. */
void feed_look_at_clock(struct feed *f);

/* ---- feed_rules.c --------------------------------------------------------------------------- */

void feed_make_engines(struct feed *f);
void feed_free_engines(struct feed *f);
void feed_make_scene(struct feed *f);
/* The batch is empty: it and those that follow are of the newest set. */
void feed_renew_rules(struct feed *f);

/* ---- feed_read.c ---------------------------------------------------------------------------- */

/* Up to a chunk of records, from the next partition that has something and may be read. */
size_t feed_fetch(struct feed *f);
/* The log has no such position any more: the lane acquires everything anew. */
void feed_tell_gone(struct feed *f, size_t part);

/* ---- feed_match.c --------------------------------------------------------------------------- */

/* The n messages in hand, into the batch. */
void feed_take_chunk(struct feed *f, size_t n);
enum crash_care feed_care_of(const struct feed *f, size_t part, int64_t offset);

/* ---- feed_deliver.c ------------------------------------------------------------------------- */

/* False: the batch takes no more, and there is no other. */
bool feed_deliver(struct feed *f);

#endif
