/* protocol.h - exactly once from Kafka through the store to Kafka: what a worker thread does next.
 *
 * All decisions of the protocol and nothing else: no socket, no clock, no thread. The caller asks
 * what to do, does it, and tells how it went; so the worker and the simulator (tests/sim) drive
 * the same code. docs/decisions/0012 says why each step is there.
 *
 *     for (;;) {
 *         protocol_next(p, &action);
 *         ... do it: a Kafka call, a store call, reading events ...
 *         protocol_tell(p, &told);
 *     }
 *
 * The life of a batch: POLL, APPLY for each round, MARK, PRODUCE, SEND_OFFSETS, COMMIT. Before it
 * each partition is acquired: READ_COMMITTED, ACQUIRE, READ_APPLIED, LIFT or a replay, SEEK. A
 * partition of which nothing is committed, or whose log has moved on, has its beginning committed
 * before its first batch: PRODUCE (is_pin), SEND_OFFSETS, COMMIT. When the store is another run
 * than the blessed one, one worker recovers: LEASE, FENCE_SLOT for all, READ_CLAIMS, then for each
 * partition READ_COMMITTED, READ_APPLIED, SET_REPLAY, then READ_FACTS and BLESS.
 *
 * Memory   own arrays, bounded by the configuration. Threads: belongs to one.
 */
#ifndef WEIR_WORKER_PROTOCOL_H
#define WEIR_WORKER_PROTOCOL_H

#include "base/base.h"
#include "base/buf.h"
#include "state/store.h"
#include "worker/protocol_meta.h"

enum {
    PROTOCOL_METADATA_MAX = 4096, /* what a broker takes by default */
    PROTOCOL_LIFT_BYTES = 1024,   /* metadata beyond it: lift, so that it becomes short again */
    PROTOCOL_LEASE_MS = 30000
};

enum protocol_do {
    PROTOCOL_WAIT,           /* serve the group, let some time pass */
    PROTOCOL_INIT_PRODUCER,  /* a new producer under the own slot's transactional id */
    PROTOCOL_FENCE_SLOT,     /* init_transactions under slot's transactional id, and leave */
    PROTOCOL_READ_COMMITTED, /* of partition: offset, metadata; PROTOCOL_UNSTABLE: still open */
    PROTOCOL_READ_RUN,       /* store_run() */
    PROTOCOL_ACQUIRE,        /* store_acquire() of partition */
    PROTOCOL_READ_APPLIED,   /* store_applied() of all rounds, store_replay_from() */
    PROTOCOL_LIFT,           /* store_lift() of partition to `upto` */
    PROTOCOL_END_REPLAY,     /* store_end_replay() */
    PROTOCOL_SEEK,           /* read partition on from upto.at.position; its prefix watermark */
    PROTOCOL_POLL,           /* what is there to do? told: taken */
    PROTOCOL_APPLY,          /* store_apply() of the round; operations are the caller's */
    PROTOCOL_MARK,           /* store_mark() */
    PROTOCOL_PRODUCE,        /* begin, produce all that is published and not restored */
    PROTOCOL_SEND_OFFSETS,   /* of all partitions, with `metadata` */
    PROTOCOL_COMMIT,
    PROTOCOL_ABORT,
    PROTOCOL_LEASE,       /* store_lease() with token; FENCED: somebody else has it */
    PROTOCOL_READ_CLAIMS, /* output topics, read_committed, to the end as of now; store_restore() */
    PROTOCOL_SET_REPLAY,  /* store_set_replay() of partition to `upto` */
    PROTOCOL_READ_FACTS,  /* of long training, if there is a topic for them: recover_facts() */
    PROTOCOL_BLESS        /* store_bless() with all partitions */
};

enum protocol_outcome {
    PROTOCOL_DONE,
    PROTOCOL_UNKNOWN,   /* a timeout, a lost answer: it may have happened. Asked again. */
    PROTOCOL_UNSTABLE,  /* READ_COMMITTED: an open transaction holds the offset */
    PROTOCOL_GONE,      /* SEEK, POLL: the log begins behind it by now */
    PROTOCOL_ABORTABLE, /* the transaction must be aborted */
    PROTOCOL_FATAL,     /* the producer is of no use any more: fenced, or worse */
    PROTOCOL_FENCED,    /* STORE_FENCED */
    PROTOCOL_GAP,       /* STORE_GAP */
    PROTOCOL_NEWINC     /* STORE_NEWINC */
};

/* What a partition brings to a batch. */
struct protocol_taken {
    uint64_t position; /* of its last event in the batch: offset + 1; as before: none */
    int64_t prefix_ms; /* watermark of its prefix behind it */
    int64_t mark_ms;   /* the same, or further: it has been at its end for a while */
    /* Whatever the worker wants back with SEEK if somebody goes on behind this position: at most
     * PROTOCOL_EXTRA_MAX bytes, valid until the batch is committed or another POLL is asked for. */
    struct str extra;
};

struct protocol_action {
    enum protocol_do what;
    uint32_t slot;
    uint32_t partition;
    uint32_t round;
    struct store_applied upto; /* LIFT, SEEK, SET_REPLAY */
    /* SEEK: what was kept at upto.at.position; empty where a replay begins (then only
     * upto.prefix_ms is known), and where nothing was committed. */
    struct str extra;
    /* SEEK: offsets in [from, to) were not read and are gone from the log. A finding tells it,
     * published by the PRODUCE that follows (is_pin). Equal: none. */
    uint64_t gap_from, gap_to;
    /* SEEK: what lies below was committed, and what it said and no store remembers is out (dead
     * letters). A replay begins below it. */
    uint64_t committed;
    /* SEEK: an earlier owner came so far, at most. Marks do not rise before it is passed, so
     * nothing that waits for marks may hold the reader below it. */
    uint64_t sweep_to;
    bool is_recovery; /* READ_COMMITTED, READ_APPLIED: for a recovery, not to own the partition */
    bool is_pin; /* PRODUCE: there is no batch; findings about gaps, or nothing, then offsets */
    const struct store_part *parts; /* APPLY; owned partitions in the order of protocol_assign() */
    size_t n_parts;
    int64_t watermark_ms;       /* APPLY: of the round's level */
    int64_t timer_ms;           /* APPLY */
    bool is_sweep;              /* APPLY */
    const char *incarnation;    /* store calls */
    uint64_t epoch;             /* LIFT, END_REPLAY */
    struct store_mark *marks;   /* MARK: n_parts of them */
    const struct str *metadata; /* SEND_OFFSETS: n_parts texts */
    const uint64_t *commits;    /* SEND_OFFSETS: n_parts offsets */
    uint64_t token;             /* recovery */
    bool is_idle;               /* WAIT: there is nothing to do, else something is not ready yet */
};

struct protocol_told {
    enum protocol_outcome outcome;
    bool is_tainted; /* PRODUCE to ABORT: a request of the transaction may still be on its way */
    /* READ_COMMITTED */
    bool has_committed;
    uint64_t committed; /* next offset; without one: where the partition begins for this group */
    uint64_t log_start; /* nothing below it can be read any more */
    /* No replay begins below it; 0: no bound. First offset of a record not older than
     * protocol_meta_replay_ms(metadata) - state_replay_max: counted from what was read, not from
     * the clock, so that a backlog is replayed as far. What is lost by it makes lower bounds, never
     * a second alert. */
    uint64_t replay_start;
    struct str metadata;
    /* READ_RUN */
    const struct store_run *run;
    /* ACQUIRE */
    uint64_t epoch;
    /* READ_APPLIED: [n_rounds][STORE_SHARDS] */
    const struct store_applied *applied;
    bool has_replay;
    struct store_applied replay;
    /* POLL */
    const struct protocol_taken *taken; /* n_parts */
    /* POLL, APPLY: there is something to be published. MARK: least_ms of each level; WAIT, if it is
     * idle: the same, asked without marks of one's own, or NULL. Others may have gone on since. */
    bool has_records;
    const int64_t *least_ms;
    uint32_t n_levels; /* beside least_ms: so many rounds have levels; 0: all */
};

/* Defences that a test switches off to see that they are needed. */
enum protocol_defence {
    PROTOCOL_RECYCLE = 1 << 0,   /* a tainted producer is not used again */
    PROTOCOL_FENCE_ALL = 1 << 1, /* recovery fences all slots first */
    PROTOCOL_NOTE = 1 << 2,      /* the beginning of a replay is kept in the store */
    PROTOCOL_GOES_ON = 1 << 3,   /* replay position and run are in the commit metadata */
    PROTOCOL_ACKED = 1 << 4,     /* a replay acknowledges its own position, never C */
    PROTOCOL_TICK = 1 << 5,      /* places are pairs */
    PROTOCOL_QUIET = 1 << 6,     /* no timers while an earlier owner's batch is swept up */
    PROTOCOL_LEVELS = 1 << 7,    /* the level above waits for emissions that are under way */
    PROTOCOL_SWEEP = 1 << 8,     /* all shards are asked for what an earlier owner left */
    PROTOCOL_COMPARE = 1 << 9,   /* what is applied is compared with what was committed */
    PROTOCOL_PREFIX = 1 << 10,   /* the prefix watermark is kept beside what is applied */
    PROTOCOL_LOG_START = 1 << 11 /* nothing is read below the beginning of the log */
};

/* Without a store (is_stateless) nothing is asked of one: INIT_PRODUCER, then for each partition
 * READ_COMMITTED and SEEK, then POLL, PRODUCE, SEND_OFFSETS, COMMIT. Offsets and records are in one
 * transaction, so each record is there once; nothing is folded or remembered. */

struct protocol_config {
    uint32_t slot, n_slots;
    uint32_t n_partitions; /* of all inputs of the group, as far as known: 0 to n - 1 */
    uint32_t n_rounds;     /* of the rule set: levels of its spaces */
    bool is_stateless;     /* no store; n_rounds is 1 */
    uint64_t token;        /* random, not 0, another one in each process */
    uint32_t without;      /* enum protocol_defence; tests only */
};

struct protocol;

struct protocol *protocol_new(const struct protocol_config *config);
void protocol_free(struct protocol *p);

/* There are n partitions by now, numbers 0 to n - 1. At any time, before one of the new ones is
 * assigned. A recovery under way treats them too: before READ_CLAIMS is told, all partitions of all
 * inputs must be known. Fewer than before change nothing: a book that was opened anew (for other
 * rules, or since the store is empty) knows less until it is asked, and a number that it gives to
 * nobody is one without an offset. */
void protocol_grow(struct protocol *p, uint32_t n_partitions);

/* The group has given this thread these partitions, and no other. At any time. */
void protocol_assign(struct protocol *p, const uint32_t *partitions, size_t n);

/* What to do now; valid until protocol_tell(). Asked twice, it says the same, unless partitions
 * were assigned in between. */
void protocol_next(struct protocol *p, struct protocol_action *out);
void protocol_tell(struct protocol *p, const struct protocol_told *told);

/* True: a transaction may be open that knows the partitions: whoever takes them away waits until
 * it has ended. Ask after protocol_next(), which obeys an assignment. */
bool protocol_is_bound(const struct protocol *p);

/* For status pages and traces. */
const char *protocol_word(enum protocol_do what);

#endif
