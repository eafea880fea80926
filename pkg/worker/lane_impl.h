/* lane_impl.h - the inside of a lane. For pkg/worker/lane*.c alone.
 *
 * Functions that return an outcome do what the protocol has asked for (protocol.h); what the answer
 * carries goes into *t. Their errors are logged, once, where they happen.
 *
 * Threads  the lane's own.
 */
#ifndef WEIR_WORKER_LANE_IMPL_H
#define WEIR_WORKER_LANE_IMPL_H

#include "base/buf.h"
#include "base/now.h"
#include "correlate/correlator.h"
#include "kafka/producer.h"
#include "worker/fact_batch.h"
#include "worker/lane.h"
#include "worker/partition_book.h"
#include "worker/protocol.h"
#include "worker/publish.h"
#include "worker/recover.h"
#include "worker/scene.h"

enum { LANE_TRANSACTIONAL_ID_MAX = 300 };

struct lane_part { /* an owned one */
    uint32_t number;
    struct batch_part last;    /* as the last batch left it, or the seek */
    uint64_t gap_from, gap_to; /* to be told with the next transaction */
    uint64_t counted;          /* position that the metrics know of */
    uint64_t replay_to;        /* below it is read for the second time; 0: nothing is */
    bool has_told_committed;   /* metrics know what the group had committed */
};

struct lane {
    struct lane_options options;
    const struct config *config;
    const struct ruleset *ruleset;
    uint64_t ends_number;  /* rule set whose overlays' ends were told, and that is committed */
    int64_t ends_again_ms; /* wall clock from which they are told again */
    int64_t ends_told_ms;  /* wall clock when the documents at hand told them; 0: they do not */
    struct post *post;
    struct metric_lane *metrics;
    bool is_stateless;

    struct kafka_producer *producer;
    bool is_producer_fresh; /* made, not initialised */
    bool is_begun;          /* a transaction is open */
    size_t n_sent;
    uint64_t begun_ns;
    uint64_t evicted; /* cells, as last counted of this store */
    struct store_timers timers;
    int64_t store_counted_ms;
    char transactional_id[LANE_TRANSACTIONAL_ID_MAX];
    const char *outputs[CONFIG_TOPICS];

    size_t n_outputs;

    struct store *store; /* NULL: stateless */
    struct correlator *correlator;
    struct partition_book *book;
    struct fact_batch *facts;
    struct protocol *protocol;
    uint32_t n_rounds;
    struct publisher *publisher;
    struct store_run run;

    uint64_t group;       /* number of the assignment in hand */
    bool owes_assignment; /* its partitions have no numbers yet: the store was out of reach */
    struct kafka_partition *owned;
    struct lane_part *parts;
    struct protocol_taken *taken;
    struct kafka_offset *offsets;
    uint32_t *numbers;
    uint64_t *begins; /* offsets that were committed at the seek: a replay reads below them */
    size_t n, cap;
    struct scene *scene;
    struct post_plan plan;
    uint64_t plan_number;
    bool has_plan; /* seeks that the reader was not told yet */

    struct batch *batch; /* in hand; NULL: none */
    bool is_applied;     /* correlator_begin() was called */
    bool is_told;        /* its documents are made */

    struct store_applied *applied;
    int64_t least_ms[STORE_ROUNDS_MAX];
    struct buf metadata;
    uint64_t committed; /* of the last READ_COMMITTED, as the group has it */
    bool has_committed;
    uint64_t lease_token;  /* of a recovery that is not over; 0: none */
    int64_t top_prefix_ms; /* of all metadata that a recovery has read */
    bool is_whole_replay;  /* of that recovery: from the first record that ever was */
    /* Of that recovery: replays reach all that was lost; the one at hand begins at replay_floor at
     * the earliest. */
    bool is_covered;
    uint64_t replay_floor;
    struct unclosed *unclosed; /* of a recovery of an empty store, from claims to facts; or NULL */
    uint32_t failures;
    int64_t stopping_ms, asked_ms;
    int64_t ends_due_ms; /* monotonic: when metrics hear of the ends again */
    int64_t ask_due_ms;  /* monotonic: when the group's offsets are asked for after no answer */
    enum protocol_do last;
    struct weir_err err;
};

/* ---- lane_rules.c --------------------------------------------------------------------------- */

/* The protocol's rounds for a rule set: a multiple of LANE_ROUNDS. */
uint32_t lane_rounds_for(const struct graph *g);
/* All partitions of all inputs, and those that others have numbered. */
MUST_USE enum weir_rc lane_number_all(struct lane *l, struct weir_err *err);
/* Partitions that no input has any more hold no watermark. */
MUST_USE enum weir_rc lane_retire_others(struct lane *l, struct weir_err *err);
/* One that has acquired nothing yet. */
void lane_new_protocol(struct lane *l);
/* Everything that is made of a rule set; the store connection too: its spaces are the graph's. On
 * failure nothing has changed. */
MUST_USE enum weir_rc lane_use_rules(struct lane *l, const struct ruleset *r, struct weir_err *err);
void lane_make_scene(struct lane *l);
/* The batch in hand may be the first of another rule set, whose hold came with it. */
MUST_USE enum weir_rc lane_follow_rules(struct lane *l);

/* ---- lane_group.c --------------------------------------------------------------------------- */

/* incarnation: of the store as it is, NULL: the one that the numbers were asked of before. */
MUST_USE enum weir_rc lane_number_owned(struct lane *l, const char *incarnation,
                                        struct weir_err *err);
/* The owned partitions, under their numbers, are the protocol's from here on. */
void lane_assign(struct lane *l);
/* What the group has said since. */
void lane_learn_group(struct lane *l);

/* ---- lane_kafka.c --------------------------------------------------------------------------- */

/* In the protocol's words; anything but KAFKA_DONE is logged. */
enum protocol_outcome lane_kafka_outcome(struct lane *l, enum kafka_outcome o);
enum protocol_outcome lane_init_producer(struct lane *l);
enum protocol_outcome lane_fence(struct lane *l, uint32_t slot);
/* Metrics hear of what the group had committed before this lane did. A lane that cannot come so far
 * (its store is away) asks for that alone. */
void lane_tell_committed(struct lane *l);
enum protocol_outcome lane_read_committed(struct lane *l, uint32_t number, struct protocol_told *t);

/* ---- lane_transaction.c --------------------------------------------------------------------- */

/* What the batch says, made once. */
void lane_make_documents(struct lane *l);
enum protocol_outcome lane_produce(struct lane *l, bool is_pin);
enum protocol_outcome lane_send_offsets(struct lane *l, const struct protocol_action *a);
enum protocol_outcome lane_commit(struct lane *l);
/* What the store of the rule set at hand gave up and moved since we looked, into the metrics. */
void lane_count_store(struct lane *l);
enum protocol_outcome lane_abort(struct lane *l);

/* ---- lane_batch.c --------------------------------------------------------------------------- */

enum protocol_outcome lane_seek(struct lane *l, const struct protocol_action *a);
enum protocol_outcome lane_poll(struct lane *l, struct protocol_told *t);

/* ---- lane_store.c --------------------------------------------------------------------------- */

enum protocol_outcome lane_store_outcome(struct lane *l, enum weir_rc rc, enum store_answer answer);
enum protocol_outcome lane_apply(struct lane *l, const struct protocol_action *a,
                                 struct protocol_told *t);
enum protocol_outcome lane_mark(struct lane *l, const struct protocol_action *a,
                                struct protocol_told *t);
/* How far are the others by now? */
enum protocol_outcome lane_ask_marks(struct lane *l, const char *incarnation,
                                     struct protocol_told *t);
enum protocol_outcome lane_read_applied(struct lane *l, const struct protocol_action *a,
                                        struct protocol_told *t);
enum protocol_outcome lane_read_run(struct lane *l, struct protocol_told *t);
/* ACQUIRE, LIFT and END_REPLAY. */
enum protocol_outcome lane_store_call(struct lane *l, const struct protocol_action *a,
                                      struct protocol_told *t);

/* ---- lane_recovery.c ------------------------------------------------------------------------ */

/* LEASE, READ_CLAIMS, SET_REPLAY, READ_FACTS and BLESS. */
enum protocol_outcome lane_recover(struct lane *l, const struct protocol_action *a);
/* Of a recovery that was broken off, if any. */
void lane_give_lease_back(struct lane *l);

#endif
