/* store.h - where state lives between events: cells under keys, changed in batches.
 *
 * A cell is the state of one key of one space (a window of a group, the findings of a dedup
 * key): a few bytes that only the space's step function understands. A batch of operations is
 * applied like a transaction: each operation meets its cell, the step function changes the bytes
 * and may emit records (findings, signals for the next round), then cells whose time has come
 * are called without an operation. The step functions are the same C code whatever the store,
 * so two stores cannot decide differently: a remote store reads the cells of a batch, runs the
 * steps here, and writes back with a check that nothing was changed in between
 * (docs/decisions/0011).
 *
 *     store_mem.h    in process: a table per space, hard budgets
 *     store_dir.h    the same, and a directory from which it comes back after a crash
 *     store_redis.h  Redis 7: one function library, batches per shard
 *
 * Order    operations of one key meet their cell in the order of `order`; emissions come back
 *          ordered by the operation that made them, those of timers behind all, in order of
 *          (due, space, key). So what comes out depends on the batch alone, not on the store.
 * Bounds   each space has a budget in bytes; the answer to "full" is eviction inside that space,
 *          weakest and oldest first (cell.weight, last use), counted in store_stats.
 * Threads  a store belongs to one thread.
 * Source   the protocol (applied vectors, outbox, epochs, incarnation) is that of
 *          docs/decisions/0011; a replay needs none of it and gives no parts.
 */
#ifndef WEIR_STATE_STORE_H
#define WEIR_STATE_STORE_H

#include "base/base.h"
#include "base/err.h"
#include "state/cell.h"
#include "state/key.h"

enum {
    STORE_SHARDS = 64,     /* shard of a key: state_key_shard() */
    STORE_ROUNDS_MAX = 32, /* rounds of one batch: what one emits is the input of the next */
    STORE_SPACES_MAX = 65536,
    STORE_OPS_MAX = 65536 /* operations of one apply */
};

struct state_op {
    uint32_t space; /* as store_add_space() numbered it */
    uint32_t part;  /* index into store_batch.parts; 0 if there are none */
    struct state_key key;
    int64_t t_ms;        /* event time */
    uint64_t order;      /* never falls along the batch; emissions carry it */
    uint64_t position;   /* of its event in the partition; operations applied before are skipped */
    const void *payload; /* for the step function (struct hit); not stored */
};

/* Called with an operation, or with op NULL when cell->due_ms has been reached. Changes the
 * cell, may emit. Must be a pure function of its arguments: it is called again if somebody else
 * changed the cell meanwhile. Emptying the cell (cell_resize to 0) removes it. */
struct emissions;
typedef void cell_step(void *context, const struct state_op *op, struct cell *cell,
                       const struct step_clock *clock, struct emissions *out);

struct space_spec {
    uint8_t identity[16];          /* state identity: the same across rule sets that share state */
    struct str name;               /* for people: rule uid and stage */
    uint64_t budget_bytes;         /* of cells with all that holds them; 0: STORE_BUDGET_DEFAULT */
    uint64_t capsule_budget_bytes; /* of side parts; 0: as much as budget_bytes */
    /* A cell with one hit can be kept as 16 bytes when memory is short, and made again from them:
     * the step is called with the remembered time first. NULL: the space has no such form. */
    bool (*shrink)(void *context, const struct cell *cell, int64_t *t_ms, uint32_t *value);
    void (*regrow)(void *context, int64_t t_ms, uint32_t value, struct cell *cell);
    /* Timers of the space run in the round of this number: when all rounds below are applied. */
    uint32_t level;
    cell_step *step;
    void *context;
};
enum { STORE_BUDGET_DEFAULT = 256 * 1024 * 1024 };

/* A partition's side of the protocol. Workers only. */
struct store_part {
    uint32_t partition;
    uint64_t epoch;      /* from store_acquire() */
    uint64_t from, upto; /* positions [from, upto] are in this batch */
    uint64_t acked;      /* emissions up to here are published: drop them from the outbox */
    uint64_t tick;       /* rises with each call without a new position */
    uint64_t acked_tick;
};

struct store_batch {
    uint32_t round;
    const struct state_op *ops; /* in order */
    size_t n_ops;
    struct step_clock clock; /* watermark before the batch; what timers see: timer_ms */
    /* Cells with due_ms <= timer_ms in spaces of level `round` are called; INT64_MIN: none. */
    int64_t timer_ms;
    const struct store_part *parts; /* NULL: no applied vectors, no outbox */
    size_t n_parts;
};

struct emission {
    uint64_t order; /* of the operation; UINT64_MAX: a timer */
    uint32_t space;
    uint32_t part;
    uint64_t position; /* of the operation; a timer: that of the part that made it due */
    bool is_restored;  /* came from the outbox and was published already: derive, do not publish */
    struct str bytes;
};

/* What a remote store may answer besides WEIR_OK; in process it cannot happen without parts. */
enum store_answer {
    STORE_DONE,
    STORE_FENCED, /* somebody else has acquired the partition since */
    STORE_GAP,    /* the store lacks operations that were applied: it lost writes */
    STORE_NEWINC  /* another incarnation of the store: recovery first */
};

struct store_stats {
    uint64_t cells, small_cells, bytes, capsule_bytes; /* now */
    uint64_t applied, skipped;                         /* operations so far */
    uint64_t evicted, expired, capsules_refused, cells_refused;
};

struct store;

/* Number of the space, from 0. */
uint32_t store_add_space(struct store *s, const struct space_spec *spec);

/* Apply one round of a batch. Emissions are valid until the next call. Not WEIR_OK: the store
 * cannot be reached or does not obey (err says so); nothing of the batch may be taken as applied
 * or not, and the same call again is right. */
MUST_USE enum weir_rc store_apply(struct store *s, const struct store_batch *batch,
                                  const struct emission **out, size_t *n, enum store_answer *answer,
                                  struct weir_err *err);

/* The earliest due time of any cell that this store knows of, INT64_MAX if none. */
int64_t store_next_due(const struct store *s);

struct store_stats store_stats(const struct store *s, uint32_t space);

void store_free(struct store *s);

/* ---- for step functions ------------------------------------------------------------------ */

/* Emit a record: the bytes are copied (emissions.h). */
void emissions_add(struct emissions *e, struct str bytes);

#endif
