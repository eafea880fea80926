/* ledger.h - the protocol's side of a store in process: who owns a partition, what has been
 * applied, what was emitted and is not known to be published.
 *
 * Places are pairs of position and tick (store.h, struct store_at). Outbox: emissions with their
 * place, in the order in which they were made.
 *
 * Memory   emissions that nobody acknowledges stay: their number is bounded by the caller, who
 *          stops reading input when he cannot publish.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_STATE_LEDGER_H
#define WEIR_STATE_LEDGER_H

#include "state/emissions.h"
#include "state/store.h"

struct ledger_part {
    uint32_t partition;
    uint64_t epoch;
    bool has_marks, has_replay;
    int64_t marks[STORE_ROUNDS_MAX]; /* watermarks by level */
    struct store_applied replay;
    struct store_applied *applied[STORE_ROUNDS_MAX]; /* [STORE_SHARDS]; NULL: nothing yet */
};

/* Where an emission comes from. */
struct ledger_origin {
    uint32_t op; /* index in the batch; UINT32_MAX: a timer */
    uint8_t shard;
};

struct outbox_entry {
    uint32_t partition, round, shard, space;
    struct store_at at;
    uint32_t nth;      /* which of the operations at this place made it; UINT32_MAX: a timer */
    bool is_published; /* recovery has met its record */
    struct str bytes;  /* owned */
};

/* An outbox entry of an answer: sorted by the operation that made it. */
struct ledger_told {
    uint32_t op, entry;
};

struct ledger {
    struct ledger_part *parts;
    size_t n_parts;
    struct outbox_entry *entries;
    size_t n_entries, cap_entries;
    struct store_claim *claims;
    size_t n_claims, cap_claims;
    store_claim_reader *reader;
    struct store_run run;
    uint64_t lease_token, lease_ends_ms, now_ms;
    struct ledger_told *order;
    size_t cap_order;
    struct emissions told;
};

void ledger_init(struct ledger *l);
void ledger_release(struct ledger *l);
void ledger_copy(struct ledger *to, const struct ledger *from);

/* May the call go on? `calls`: the shards that it goes to. */
enum store_answer ledger_check(struct ledger *l, const struct store_batch *b,
                               const bool calls[static STORE_SHARDS]);
/* Shards with outbox entries of the batch's parts and round. */
void ledger_outbox_shards(const struct ledger *l, const struct store_batch *b,
                          bool calls[static STORE_SHARDS]);
/* Applied before this call; only between ledger_check() and ledger_settle(). */
bool ledger_has_applied(const struct ledger *l, const struct store_batch *b,
                        const struct state_op *op);
/* What the steps have emitted goes to the outbox; origins[i]: of emission i. */
void ledger_keep(struct ledger *l, const struct store_batch *b, const struct emissions *made,
                 const struct ledger_origin *origins);
/* Trim, raise the vectors, and answer with what is to be published. */
void ledger_settle(struct ledger *l, const struct store_batch *b,
                   const bool calls[static STORE_SHARDS], const struct emission **out, size_t *n);

/* The calls of store.h. */
enum store_answer ledger_acquire(struct ledger *l, uint32_t partition, const char *incarnation,
                                 uint64_t *epoch);
void ledger_applied(const struct ledger *l, uint32_t partition, uint32_t round,
                    struct store_applied out[static STORE_SHARDS]);
enum store_answer ledger_lift(struct ledger *l, const char *incarnation, uint32_t partition,
                              uint64_t epoch, const struct store_applied *upto, uint32_t n_rounds);
enum store_answer ledger_mark(struct ledger *l, const char *incarnation,
                              const struct store_mark *marks, size_t n, uint32_t n_levels,
                              int64_t *least_ms);
enum store_answer ledger_lease(struct ledger *l, const struct store_lease *lease);
bool ledger_holds(const struct ledger *l, const struct store_lease *lease);
enum store_answer ledger_bless(struct ledger *l, const struct store_lease *lease,
                               const uint32_t *partitions, size_t n);
enum store_answer ledger_restore(struct ledger *l, const struct store_lease *lease,
                                 const struct store_claim *claims, size_t n);
bool ledger_replay_from(const struct ledger *l, uint32_t partition, struct store_applied *from);
enum store_answer ledger_set_replay(struct ledger *l, const struct store_lease *lease,
                                    uint32_t partition, const struct store_applied *from);
enum store_answer ledger_end_replay(struct ledger *l, const char *incarnation, uint32_t partition,
                                    uint64_t epoch);

#endif
