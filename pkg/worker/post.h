/* post.h - what goes between a reader and its lane: batches one way, empty ones and orders the
 * other.
 *
 *     reader                                   lane
 *     post_assign()    the group has spoken    post_group(), post_release()
 *     post_plan_take() read from here          post_plan_put()
 *     post_push()      a batch                 post_take()
 *     post_empty()     an empty one            post_give()
 *
 * A plan says where each owned partition is read from; plans are numbered, batches carry the number
 * of the plan that they were read under, and the lane throws away those of an older one. So
 * nothing that was read before an abort or a rebalance can be applied after it.
 *
 * A lock and a bell instead of a ring (base/ring.h): the lane waits for batches, rebalances, and
 * the end at once, with a timeout. Taken a few times per batch, never for an event.
 *
 * Memory   POST_BATCHES batches in all, wherever they are.
 * Threads  as the table says; post_stop() and post_ring() from any.
 */
#ifndef WEIR_WORKER_POST_H
#define WEIR_WORKER_POST_H

#include "kafka/consumer.h"
#include "worker/batch.h"

enum { POST_BATCHES = 4 };

struct post_seek {
    uint64_t position;
    int64_t prefix_ms;
    uint64_t again_to; /* what lies below was read before: align.h */
    uint32_t n_extra;
    uint8_t extra[BATCH_EXTRA_MAX];
};

struct post_plan {
    uint64_t number, group; /* of the assignment that it is for */
    struct post_seek *seeks;
    size_t n, cap;
};
/* n seeks, their contents undefined. */
void post_plan_size(struct post_plan *p, size_t n);
void post_plan_release(struct post_plan *p);

struct post;

struct post *post_new(void);
/* Both threads have ended. */
void post_free(struct post *p);

/* ---- reader --------------------------------------------------------------------------------- */

/* The partitions that the group has given (copied); none: it has taken them away. Gives the number
 * of the assignment. */
uint64_t post_assign(struct post *p, const struct kafka_partition *parts, size_t n);
/* Wait until the lane has let go of what it had before; false: not within ms. */
bool post_wait_release(struct post *p, uint32_t ms);
/* A plan that is new: *plan changes places with it. */
bool post_plan_take(struct post *p, struct post_plan *plan);
void post_push(struct post *p, struct batch *b);
/* NULL: all are under way. */
struct batch *post_empty(struct post *p);
/* The lane has asked for a batch, and there was none: it waits, or goes on without one. */
bool post_is_hungry(const struct post *p);
/* Level-0 watermark of the group as the lane last heard it. */
int64_t post_group_ms(const struct post *p);
void post_set_held(struct post *p, bool is_held_by_group);

/* ---- lane ----------------------------------------------------------------------------------- */

/* An assignment that is newer than *number: raised, and the list, valid until the next call. */
bool post_group(struct post *p, uint64_t *number, const struct kafka_partition **parts, size_t *n);
/* Nothing of the assignments before this number is in hand any more. */
void post_release(struct post *p, uint64_t number);
void post_plan_put(struct post *p, struct post_plan *plan); /* as post_plan_take() */
struct batch *post_take(struct post *p);
void post_give(struct post *p, struct batch *b);
/* Until something new is there or ms are over: an assignment newer than `number`, the end, a ring,
 * and with wants_batch a batch. */
void post_wait(struct post *p, uint64_t number, bool wants_batch, uint32_t ms);
void post_set_group_ms(struct post *p, int64_t watermark_ms);
bool post_is_held(const struct post *p);

/* ---- anybody -------------------------------------------------------------------------------- */

void post_stop(struct post *p);
bool post_is_stopping(const struct post *p);
void post_ring(struct post *p);

#endif
