/* store_redis_impl.h - what the files of store_redis share: a batch on its way through the shards.
 *
 *     store_redis.c    the rounds: read, step, commit, until every shard is done
 *     redis_slots.c    the cells of a batch in one shard, and the words of calls
 *     redis_read.c     the call that reads a shard, and its reply
 *     redis_write.c    the call that writes it back
 *     redis_steps.c    runs the steps of one shard on what was read
 *     redis_gather.c   puts the emissions of all shards into one order
 *     redis_protocol.c the calls of workers: owners, marks, recovery
 *
 * A shard's way: IDLE (no work) or READ -> COMMIT -> DONE; a conflict leads back to READ, and so
 * do timers that did not fit into one reading. A shard in COMMIT keeps the words of its call:
 * they can be sent again, the library knows the token of a commit it has done.
 */
#ifndef WEIR_STATE_STORE_REDIS_IMPL_H
#define WEIR_STATE_STORE_REDIS_IMPL_H

#include "base/arena.h"
#include "state/emissions.h"
#include "state/redis_session.h"
#include "state/redis_value.h"
#include "state/store_impl.h"
#include "state/store_redis.h"

enum {
    REDIS_GROUP_MAX = 1000, /* cells of one group: Lua's unpack() takes 8,000 values */
    REDIS_TIMERS_MAX = 256, /* timers of one reading */
    REDIS_SAMPLE_MAX = 256,
    REDIS_VECTOR_BYTES = 24
};

#define REDIS_NO_SLOT UINT32_MAX
#define REDIS_ASIDE UINT32_MAX /* as a level: "-1" in the library's words */
#define REDIS_NO_RECORD UINT32_MAX

/* As the library keeps it: six numbers. */
struct redis_usage {
    int64_t cells, bytes, side, small, pages, spread;
};

struct redis_space {
    struct space_spec spec;
    struct store_stats stats;  /* counters only; what is held stands in usage */
    struct redis_usage *usage; /* [STORE_SHARDS]; NULL: nothing is known of it; redis_space.c */
};

struct redis_page;

/* A cell in this batch. */
struct redis_slot {
    uint32_t space;
    struct state_key key;
    struct cell cell;
    struct redis_value was; /* as read */
    bool is_there;          /* was it? */
    bool is_stepped, is_sampled, is_dropped, is_shrunk;
    struct redis_page *page; /* where its small form lies or would lie; NULL: not known */
    uint32_t record;         /* which one; REDIS_NO_RECORD: none */
};

/* Beside each emission of a shard: what orders it among those of other shards. */
struct redis_note {
    uint32_t op;    /* number of its operation in the batch; UINT32_MAX: a timer */
    int64_t due_ms; /* of a timer */
    struct state_key key;
    bool is_published;
};

/* A decision that came out of the outbox. */
struct redis_restored {
    uint32_t part, space;
    struct store_at at;
    struct redis_note note;
    struct str bytes;
};

struct redis_words {
    struct str *p;
    size_t n, cap;
};

/* How far a part is in this shard. */
struct redis_vector {
    struct str text; /* as the library gave it */
    struct store_at at;
};

/* A due timer that is not called. The commit names it, and the library looks at its cell once more
 * before it moves it. */
struct redis_misplaced {
    struct str member;
    int64_t due_ms;
    uint32_t level; /* where it belongs; REDIS_ASIDE: nobody here knows its space */
};

enum redis_shard_state { SHARD_IDLE, SHARD_READ, SHARD_COMMIT, SHARD_DONE };

struct redis_shard {
    char tag[REDIS_TAG_BYTES]; /* "{w:17}", or "{w:GROUP:17}" */
    uint32_t number;
    enum redis_shard_state state;
    /* By level: the earliest timer as far as we know; is_known: we have looked. */
    int64_t next_due_ms[STORE_ROUNDS_MAX];
    bool is_due_known[STORE_ROUNDS_MAX];
    bool may_have_outbox[STORE_ROUNDS_MAX];
    int64_t held;         /* bytes of all its spaces, those of others too, when it was read last */
    int64_t n_in_use;     /* spaces that have ever held any */
    uint64_t seq_reached; /* what its number of changes was at least; it never falls */
    uint64_t aside_seen;  /* what was set aside up to this number is not ours */

    /* of the batch at hand */
    uint32_t *ops; /* indices of its operations */
    size_t n_ops;
    bool is_ops_done, has_more_timers, is_sweeping;
    uint32_t conflicts;

    /* of the reading at hand */
    struct redis_slot *slots;
    size_t n_slots, slots_cap;
    uint32_t *table; /* slot numbers by key */
    uint32_t table_mask;
    uint32_t *asked; /* slots in the order of their spaces, as they were asked for */
    size_t n_asked;
    struct redis_page *pages; /* a list */
    bool is_stale;            /* the reading lacks pages: once more */
    struct str seq;
    struct redis_vector *vectors; /* of the parts */
    /* Timers that stand in the wrong place: without a cell, their space has another level, or is
     * none of ours. */
    struct redis_misplaced *misplaced;
    size_t n_misplaced;
    /* Spaces of ours, timers of which another rule set's worker has set aside: taken back. */
    struct str *back;
    size_t n_back;
    uint64_t aside_read;     /* becomes aside_seen */
    struct str aside_newest; /* the number there was */
    bool is_behind;          /* others have set more aside before we wrote */
    uint64_t n_applied, n_skipped;

    struct redis_words commit; /* the words to send */
    struct emissions fired;
    struct redis_note *notes;
    size_t notes_cap, n_kept; /* emissions of readings that are committed */
    struct redis_restored *restored;
    size_t n_restored;
};

struct redis_memory {
    struct cell_memory base;
    struct store_redis *store;
    struct redis_shard *shard;
    struct redis_slot *slot;
};

struct store_redis {
    struct store base;
    struct store_vtable vtable;
    struct redis_session session;
    uint32_t patience_ms;
    char client[17]; /* random name of this store */
    uint64_t token;
    struct redis_space *spaces;
    uint64_t total; /* bytes of all spaces; a shard has a part */
    struct store_timers timers;
    uint32_t n_spaces, spaces_cap;
    uint32_t *gave; /* spaces that gave something up in this batch */
    size_t n_gave, gave_cap;
    uint32_t *space_slots; /* number + 1; 0: free; redis_space.c */
    uint32_t n_space_slots;
    struct redis_shard shards[STORE_SHARDS];
    store_claim_reader *claim_reader;

    struct arena *calls; /* of the calls besides apply */
    struct arena *arena; /* of the batch */
    const struct store_batch *batch;
    uint32_t *slot_of;                     /* of each operation, in its shard */
    const struct redis_ordinals *ordinals; /* redis_gather.c; NULL: nobody has asked */
    bool is_pending;                       /* a batch was not finished */
    uint64_t pending_mark;
    struct redis_words words;
    struct buf scratch;
    struct redis_memory memory;
    struct emissions out;
};

/* redis_slots.c */
void redis_add_number(struct store_redis *s, struct redis_words *w, int64_t v);
void redis_add_list(struct store_redis *s, struct redis_words *w, const struct redis_words *list);
void redis_add_bytes(struct redis_words *w, const void *p, size_t n);
struct str redis_timer_text(struct store_redis *s);
enum weir_rc redis_slot_load(struct store_redis *s, struct redis_slot *slot,
                             const struct redis_reply *r, struct weir_err *err);
void redis_order_slots(struct store_redis *s, struct redis_shard *sh);
size_t redis_group_end(const struct redis_shard *sh, size_t from);
size_t redis_count_groups(const struct redis_shard *sh);
int64_t redis_limit_of(const struct store_redis *s); /* bytes of a shard */
int64_t redis_share_of(const struct redis_space *space);
uint32_t redis_spread_of(const struct redis_space *space);
int64_t redis_bytes_of(const struct redis_usage *u);
bool redis_is_pressed(const struct redis_space *space, uint32_t shard);
bool redis_is_spread(const struct redis_space *space, uint32_t shard);
void redis_add_call(struct store_redis *s, struct redis_words *w, const char *name,
                    const struct redis_shard *sh);

struct redis_slot *redis_slot_get(struct store_redis *s, struct redis_shard *sh, uint32_t space,
                                  const struct state_key *key);
/* redis_space.c. The last one was added; the number of an identity or STORE_SPACE_FOREIGN. */
void redis_space_added(struct store_redis *s);
uint32_t redis_space_of(const struct store_redis *s, const void *identity);
/* What the space holds in the shard, as far as we know; the second one to be changed. */
const struct redis_usage *redis_usage_of(const struct redis_space *space, uint32_t shard);
struct redis_usage *redis_usage_own(struct redis_space *space, uint32_t shard);
/* As the library gives it. */
void redis_usage_load(struct redis_space *space, uint32_t shard, const struct redis_reply *r);
/* redis_read.c */
void redis_request_read(struct store_redis *s, struct redis_shard *sh);
MUST_USE enum weir_rc redis_request_read_reply(struct store_redis *s, struct redis_shard *sh,
                                               const struct redis_reply *r,
                                               enum store_answer *answer, struct weir_err *err);
/* redis_write.c. False: there is nothing to commit. */
MUST_USE bool redis_request_commit(struct store_redis *s, struct redis_shard *sh);

/* A score as the library gives it; INT64_MAX: none. */
int64_t redis_due_of(const struct redis_reply *r);

struct str redis_number_text(struct arena *a, int64_t v);
void redis_words_add(struct redis_words *w, struct str word);

/* store_redis.c: calls that are not part of a batch, tried as long as store_apply() is. Replies are
 * in the arena s->calls. The word after FCALL NAME 1 is the key; calls[i].n words each. */
MUST_USE enum weir_rc redis_call_many(struct store_redis *s, const struct redis_words *calls,
                                      size_t n, const struct redis_reply **replies,
                                      struct weir_err *err);

/* redis_look.c: store_look(). */
enum weir_rc redis_look(struct store *base, uint32_t space, const struct state_key *key,
                        struct store_glance *out, struct weir_err *err);

/* redis_protocol.c: the protocol's part of the table. */
void redis_protocol_fill(struct store_vtable *v);

/* redis_steps.c */
void redis_steps_run(struct store_redis *s, struct redis_shard *sh);

/* redis_gather.c */
void redis_gather(struct store_redis *s);
void redis_outbox_pack(struct store_redis *s, const struct redis_shard *sh, size_t i,
                       struct buf *out);
void redis_outbox_read(struct store_redis *s, struct redis_shard *sh, uint32_t part,
                       const struct redis_reply *entries, const struct redis_reply *flags);
bool redis_has_applied(const struct store_redis *s, const struct redis_shard *sh,
                       const struct state_op *op);

#endif
