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
 * Bounds   a store has one budget, the total, and each space a cap inside it. The answer to a full
 *          space is eviction inside that space, weakest and oldest first (cell.weight, last use).
 *          When the total is reached, the space that is most over its fair share (the total by the
 *          spaces in use) gives: side parts first, then what is weakest. So a space below
 *          its fair share loses nothing to others (docs/decisions/0017). All of it is counted in
 *          store_stats.
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
    STORE_OPS_MAX = 4 * 1024 * 1024 /* operations of one apply */
};

/* Where something stands in its partition; pairs compare by position, then tick.
 *
 * A position is an offset + 1, 0: before everything. A tick rises with each batch of a partition
 * and never falls, so that what timers do without a new event has a place too. An event's
 * operation has tick 0; what an operation emits has its pair; what a timer emits has `upto` of the
 * first part of the batch that ran it. An operation made from an emission keeps that pair: it
 * is what the applied vector of its round is compared with (docs/decisions/0012). */
struct store_at {
    uint64_t position, tick;
};

static inline bool store_at_less(struct store_at a, struct store_at b)
{
    return a.position < b.position || (a.position == b.position && a.tick < b.tick);
}

struct state_op {
    uint32_t space; /* as store_add_space() numbered it */
    uint32_t part;  /* index into store_batch.parts; 0 if there are none */
    struct state_key key;
    int64_t t_ms;        /* event time */
    uint64_t order;      /* never falls along the batch; emissions carry it */
    struct store_at at;  /* of what made it; operations applied before are skipped */
    const void *payload; /* for the step function (struct hit); not stored */
};

/* Called with an operation, or with op NULL when cell->due_ms has been reached. Changes the
 * cell, may emit. Must be a pure function of its arguments: it is called again if somebody else
 * changed the cell meanwhile. Emptying the cell (cell_resize to 0) removes it. */
struct emissions;
struct store_lease;
typedef void cell_step(void *context, const struct state_op *op, struct cell *cell,
                       const struct step_clock *clock, struct emissions *out);

struct space_spec {
    uint8_t identity[16];          /* state identity: the same across rule sets that share state */
    struct str name;               /* for people: rule uid and stage */
    uint64_t budget_bytes;         /* cap of cells with all that holds them; 0: store_cap() */
    uint64_t capsule_budget_bytes; /* cap of side parts; 0: as much as budget_bytes */
    /* A cell with one hit can be kept as 16 bytes when memory is short, and made again from them:
     * the step is called with the remembered time first. NULL: the space has no such form. */
    bool (*shrink)(void *context, const struct cell *cell, int64_t *t_ms, uint32_t *value);
    void (*regrow)(void *context, int64_t t_ms, uint32_t value, struct cell *cell);
    /* Timers of the space run in the round of this number: when all rounds below are applied. */
    uint32_t level;
    cell_step *step;
    void *context;
};
enum {
    STORE_TOTAL_DEFAULT = 1024 * 1024 * 1024,
    STORE_CAP_PART = 4,           /* of the total: one of so many parts ... */
    STORE_CAP_LEAST = 1024 * 1024 /* ... at least so much, and never more than the total */
};

/* A partition's side of the protocol. Workers only.
 *
 * An emission lies in the outbox under its pair. A call answers with all that lies in (acked,
 * upto] of its round, made now or by an earlier call; what is up to acked is dropped. A shard
 * without operations, due timers and outbox entries of the round is not called, so its applied
 * vector lags: `last` tells how far it must be. */
struct store_part {
    uint32_t partition;
    uint64_t epoch;        /* from store_acquire() */
    struct store_at upto;  /* the end of this batch */
    struct store_at acked; /* emissions up to here are published: drop them from the outbox */
    /* [STORE_SHARDS], of this round: what the owner knows each shard to have applied (from the
     * commit metadata); a shard that has less answers STORE_GAP. Raised to upto for each shard that
     * was called. */
    struct store_at *last;
    int64_t prefix_ms; /* the partition's own watermark behind upto: kept beside what is applied */
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
    const char
        *incarnation; /* with parts: the incarnation they were acquired in; else STORE_NEWINC */
    bool is_sweep;    /* call every shard: first call after store_acquire(), finds left-overs */
    /* Instead of parts: cells are restored by whoever holds this lease; STORE_FENCED if it is lost.
     */
    const struct store_lease *lease;
};

enum { STORE_SPACE_FOREIGN = UINT32_MAX };
struct emission {
    uint64_t order; /* of the operation; UINT64_MAX: a timer */
    /* STORE_SPACE_FOREIGN: of a space that this store was not given, so of another rule set; out of
     * the outbox alone. */
    uint32_t space;
    uint32_t part;
    uint32_t shard;     /* with parts: in whose outbox it lies */
    struct store_at at; /* see store_at */
    bool is_restored;   /* came from the outbox and was published already: derive, do not publish */
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
    uint64_t evicted, expired, cells_refused;
    uint64_t capsules_refused; /* side parts that were not given room, or had to go */
    uint64_t shrunk; /* cells that became small, so far: nothing is lost by it but capsules */
};

struct store;

/* The total, of cells with all that holds them and side parts, in all spaces; before the first
 * space is added. Without it: STORE_TOTAL_DEFAULT. */
void store_set_total(struct store *s, uint64_t bytes);
/* What one space may have of it unless its spec says otherwise. */
uint64_t store_cap(uint64_t total_bytes);

/* Number of the space, from 0. */
uint32_t store_add_space(struct store *s, const struct space_spec *spec);

/* Apply one round of a batch. Emissions are valid until the next call. Not WEIR_OK: the store
 * cannot be reached or does not obey (err says so); nothing of the batch may be taken as applied
 * or not, and the same call again is right. Such a repetition calls at least the shards that the
 * first attempt called: a timer that has run is not due any more, what it emitted lies there. */
MUST_USE enum weir_rc store_apply(struct store *s, const struct store_batch *batch,
                                  const struct emission **out, size_t *n, enum store_answer *answer,
                                  struct weir_err *err);

/* The earliest due time of any cell that this store knows of, INT64_MAX if none. */
int64_t store_next_due(const struct store *s);

/* A look at one cell, for people: nothing is changed or written by it, nobody is fenced, no lease
 * and no lock is taken, so that others may use the store meanwhile; what it shows is some moment
 * of theirs. A store that was opened to be looked at (store_dir.h, store_redis.h: is_looking) is
 * good for this alone. */
struct store_glance {
    struct str main, side; /* slices, until the store's next call; main empty: no such cell */
    int64_t due_ms, idle_ms;
    /* No bytes, but one hit that is remembered in short (space_spec.shrink). */
    bool is_small;
    int64_t small_ms;
};
MUST_USE enum weir_rc store_look(struct store *s, uint32_t space, const struct state_key *key,
                                 struct store_glance *out, struct weir_err *err);

struct store_stats store_stats(const struct store *s, uint32_t space);
/* Spaces that gave something up in the last store_apply() because the total was reached: perhaps
 * others than its operations went to; some may stand there twice. Valid until the next call. */
const uint32_t *store_gave(const struct store *s, size_t *n);

/* Timers in a store that several rule sets share, so far: due ones of spaces that this store was
 * not given, set aside for whoever was; those of its spaces that others had set aside, taken back
 * (docs/decisions/0031). */
struct store_timers {
    uint64_t set_aside, taken_back;
};
struct store_timers store_timers(const struct store *s);

void store_free(struct store *s);

/* ---- the protocol's other calls: workers and their simulator ------------------------------
 *
 * Each may also not be WEIR_OK, as store_apply(). STORE_NEWINC: the store's incarnation is not the
 * one given, or not of this run; nothing was changed. */

/* Take a partition: its epoch rises, who had it before is fenced. A partition without marks gets
 * them (INT64_MIN): it holds watermarks from now on. incarnation: as store_run() told it, here and
 * below. */
MUST_USE enum weir_rc store_acquire(struct store *s, uint32_t partition, const char *incarnation,
                                    uint64_t *epoch, enum store_answer *answer,
                                    struct weir_err *err);

/* How far a shard is: the applied vector and what the owner kept beside it. */
struct store_applied {
    struct store_at at; /* {0, 0}: nothing was ever applied */
    int64_t prefix_ms;
};

/* The applied vector of a partition and round, by shard. */
MUST_USE enum weir_rc store_applied(struct store *s, uint32_t partition, uint32_t round,
                                    struct store_applied out[static STORE_SHARDS],
                                    struct weir_err *err);

/* Nothing up to upto is lacking (in another incarnation it may be): in all shards and in
 * rounds below n_rounds at least that counts as applied. */
MUST_USE enum weir_rc store_lift(struct store *s, const char *incarnation, uint32_t partition,
                                 uint64_t epoch, const struct store_applied *upto,
                                 uint32_t n_rounds, enum store_answer *answer,
                                 struct weir_err *err);

/* How far the owner of a partition has brought event time, by level: no operation of that level
 * below it comes from this partition any more, and no emission of the levels below waits to become
 * one. Marks never fall; INT64_MIN: as it was. least_ms[level]: the least over all partitions that
 * have marks. That is the watermark of the level for everybody. */
struct store_mark {
    uint32_t partition;
    uint64_t epoch;
    const int64_t *watermark_ms;
};
MUST_USE enum weir_rc store_mark(struct store *s, const char *incarnation,
                                 const struct store_mark *marks, size_t n, uint32_t n_levels,
                                 int64_t *least_ms, enum store_answer *answer,
                                 struct weir_err *err);

/* Which life of the server this is, and the incarnation of the data in it.
 *
 * A recovery makes an incarnation: its name is the run it happened in, '-', and the token of the
 * lease in 16 hex digits. So it differs after each recovery, also after a FLUSHALL that leaves the
 * run as it is. What was read or decided in one incarnation is worth nothing in another: calls name
 * theirs. */
enum { STORE_RUN_ID_MAX = 64 };
struct store_run {
    char run_id[STORE_RUN_ID_MAX];  /* another one after each restart or change of primary */
    char blessed[STORE_RUN_ID_MAX]; /* the incarnation; empty: none yet */
};
/* The incarnation was made in this run, so nothing is lacking. */
bool store_is_whole(const struct store_run *r);
/* The incarnation that a recovery under this lease makes. */
void store_incarnation(const struct store_lease *lease, char out[static STORE_RUN_ID_MAX]);
MUST_USE enum weir_rc store_run(struct store *s, struct store_run *out, struct weir_err *err);

/* Recovery. One worker at a time holds the lease; the calls below answer STORE_FENCED to who
 * does not hold it, or if the run is not `run_id` any more. */
struct store_lease {
    char run_id[STORE_RUN_ID_MAX];
    char incarnation[STORE_RUN_ID_MAX]; /* that needs it: given only while it is still there */
    uint64_t token;                     /* random, not 0 */
    uint64_t ttl_ms;
};
MUST_USE enum weir_rc store_lease(struct store *s, const struct store_lease *lease,
                                  enum store_answer *answer, struct weir_err *err);
/* This run is whole again; the lease ends. Of the partitions given, those without marks get them.
 */
MUST_USE enum weir_rc store_bless(struct store *s, const struct store_lease *lease,
                                  const uint32_t *partitions, size_t n_partitions,
                                  enum store_answer *answer, struct weir_err *err);

/* A record that was published, as the output topics tell it. From now on emissions of the same
 * finding and kind up to this sequence come back with is_restored, those in the outbox too.
 *
 * Per kind, since the records of a finding go through several partitions: an Update can be
 * published before its Create is. And how many Updates come before a Close depends on the order
 * of arrival: kinds of which there is one have sequence 0 here. Who reads emissions for the store
 * tells it by store_set_claim_reader(). */
struct store_claim {
    uint32_t shard;
    uint8_t uid[16];   /* of the finding */
    uint8_t kind;      /* Create, Update, Close ... */
    uint64_t sequence; /* highest published; 0 where there is only one */
};
typedef bool store_claim_reader(struct str emission, struct store_claim *out); /* shard aside */
void store_set_claim_reader(struct store *s, store_claim_reader *reader);
MUST_USE enum weir_rc store_restore(struct store *s, const struct store_lease *lease,
                                    const struct store_claim *claims, size_t n,
                                    enum store_answer *answer, struct weir_err *err);

/* Where the replay of a partition that lost operations begins, behind `at`; kept until it is
 * complete. Set under the lease; an earlier one that is there stays. {0, 0}: from the beginning. */
MUST_USE enum weir_rc store_replay_from(struct store *s, uint32_t partition, bool *has,
                                        struct store_applied *from, struct weir_err *err);
MUST_USE enum weir_rc store_set_replay(struct store *s, const struct store_lease *lease,
                                       uint32_t partition, const struct store_applied *from,
                                       enum store_answer *answer, struct weir_err *err);
/* The replay has reached the committed position: forget where it began. */
MUST_USE enum weir_rc store_end_replay(struct store *s, const char *incarnation, uint32_t partition,
                                       uint64_t epoch, enum store_answer *answer,
                                       struct weir_err *err);

/* ---- numbers of partitions (pkg/worker/partition_book.h) ------------------------------------- */

/* A log's name and the number that the store knows it by; the names of the book live until the
 * next call. */
struct store_log {
    struct str name;
    uint32_t number;
};
/* False: this store keeps no book (those in process). */
bool store_has_book(const struct store *s);
/* The whole book, after each of the names that had no number has got the next one below max.
 * WEIR_LIMIT: there is none left; nothing was changed. */
MUST_USE enum weir_rc store_book(struct store *s, const struct str *names, size_t n, uint32_t max,
                                 const struct store_log **out, size_t *n_out, struct weir_err *err);
/* The log of this name is another one than the one with that number (a topic made anew): it gets a
 * new number, unless it did so already at this committed offset. Marks of the old one go. */
MUST_USE enum weir_rc store_book_renew(struct store *s, struct str name, uint32_t number,
                                       uint64_t committed, uint32_t max,
                                       const struct store_log **out, size_t *n_out,
                                       struct weir_err *err);
/* Nobody reads these partitions any more: they hold no watermark. */
MUST_USE enum weir_rc store_retire(struct store *s, const uint32_t *partitions, size_t n,
                                   struct weir_err *err);

/* ---- for step functions ------------------------------------------------------------------ */

/* Emit a record: the bytes are copied (emissions.h). */
void emissions_add(struct emissions *e, struct str bytes);

#endif
