/* store_steps.h - a step function that does as it is told, and a way to run batches: for tests of
 * stores.
 *
 * Each operation carries orders for its cell (struct order_hit). The cell keeps a count and, to be
 * found damaged if bytes get lost, filler that is made from its key and its length. What is
 * emitted tells what the step saw, so that two stores can be compared by their emissions.
 */
#ifndef WEIR_TESTS_LIB_STORE_STEPS_H
#define WEIR_TESTS_LIB_STORE_STEPS_H

#include "base/buf.h"
#include "state/emissions.h"
#include "state/store.h"

struct order_hit {
    uint32_t size;   /* resize the main part to this (at least ORDER_BYTES), 0: as it is */
    uint32_t side;   /* resize the side part */
    bool has_side;   /* as side says */
    bool removes;    /* resize the main part to 0 */
    uint32_t emits;  /* emissions */
    int64_t due_ms;  /* 0: as it is */
    int64_t then_ms; /* when the timer has run: due again after so long; 0: never */
    int64_t idle_ms; /* 0: as it is */
    uint8_t weight;  /* 0: as it is */
};

enum { ORDER_BYTES = 32 };

cell_step order_step;
bool order_shrink(void *context, const struct cell *cell, int64_t *t_ms, uint32_t *value);
void order_regrow(void *context, int64_t t_ms, uint32_t value, struct cell *cell);

/* Like a hash, but for i in its first four bytes: the shard is i % 64. */
struct state_key order_key(uint32_t i);

/* A batch that is put together operation by operation. */
struct order_batch {
    struct state_op ops[STORE_OPS_MAX];
    struct order_hit hits[STORE_OPS_MAX];
    struct store_batch batch;
    uint64_t order;
};
struct order_batch *order_batch_new(void);
void order_batch_free(struct order_batch *b);
/* Without operations, timers or parts; the watermark stays. */
void order_batch_clear(struct order_batch *b);
/* The hit to be filled further; t_ms is also its position. */
struct order_hit *order_add(struct order_batch *b, uint32_t space, uint32_t key, int64_t t_ms);
/* Apply; the answer must be `want`. What came back as text, a line per emission, into *out (NULL:
 * not wanted). */
void order_apply(struct store *s, struct order_batch *b, enum store_answer want, struct buf *out);

#endif
