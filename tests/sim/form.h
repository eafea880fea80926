/* form.h - what the simulated workers detect, and where its state lies: the three forms of the
 * simulation.
 *
 *     small.h   five spaces of the simulation's own over a server of its own (rules.h, redis.h):
 *               each call of a shard is a step, and the store's defences can be switched off
 *     real.h    weir's own operators, graph and correlator over store_mem
 *     learned   (real.h) those that learn: an empty store gets back what was published of it, and
 *               reads only the end of the log again
 *
 * A form has one state server, which outlives workers, and a detector in each worker.
 */
#ifndef WEIR_TESTS_SIM_FORM_H
#define WEIR_TESTS_SIM_FORM_H

#include "base/base.h"
#include "base/err.h"
#include "correlate/facts.h"
#include "state/store.h"
#include "tests/lib/rng.h"
#include "worker/protocol.h"

enum {
    SIM_TENANTS = 2,
    SIM_USERS = 4,
    SIM_KEYS = SIM_TENANTS * SIM_USERS, /* dense numbers of keys */
    SIM_PARTS_MAX = 4,
    SIM_EVENTS_MAX = 160, /* of a partition */
    SIM_ROUNDS_MAX = 8,
    SIM_SNAPSHOTS = 4,
    SIM_LATENESS_MS = 40,
    SIM_IDLE_MS = 20, /* of silence: behind it time goes on in a partition without an event */
    SIM_EXPECTED_MAX = 512,
    SIM_CELL_TEXT = 192
};

struct sim_event {
    int64_t t_ms, append_ms;
    uint8_t key;
    int64_t late_by_ms; /* than the watermark of its partition before it; 0: in time */
};

/* A partition's watermark when it has been silent for so long. */
static inline int64_t sim_silent(int64_t prefix_ms, int64_t silence_ms)
{
    return prefix_ms == INT64_MIN || silence_ms <= SIM_IDLE_MS
               ? prefix_ms
               : prefix_ms + silence_ms - SIM_IDLE_MS;
}

struct sim_log {
    size_t n_parts;
    const struct sim_event *events[SIM_PARTS_MAX];
    size_t n_events[SIM_PARTS_MAX];
};

/* A record of the output topic. Two with the same uid, kind and sequence are one too many. */
struct sim_published {
    struct store_claim claim;
    char
        cell[SIM_CELL_TEXT]; /* what a recovery of an empty store gives back (correlate/reopen.h) */
    uint32_t space;          /* for people; real form: the rule */
    uint32_t count;          /* hits so far */
    uint8_t activity;        /* enum finding_activity */
};

/* A finding that must be there when the world has come to rest. */
struct sim_expected {
    uint8_t uid[16];
    bool has_close;
    uint32_t count; /* of its Close; without one of its Create; 0: not looked at */
};

/* What the store itself defends with; a test switches it off. */
enum sim_defence {
    SIM_NEWINC = 1 << 0,   /* the run is checked */
    SIM_EPOCH = 1 << 1,    /* an older owner is refused */
    SIM_CLAIMS = 1 << 2,   /* published records are restored */
    SIM_MARK = 1 << 3,     /* and entries of the outbox marked */
    SIM_LEASE = 1 << 4,    /* recovery calls check the lease */
    SIM_AGAIN = 1 << 5,    /* a call that is repeated calls the same shards */
    SIM_APPLIED = 1 << 6,  /* operations applied before are skipped */
    SIM_DERIVE = 1 << 7,   /* a restored emission feeds the next round */
    SIM_JUDGED = 1 << 8,   /* a fact is told with its judgement, not before */
    SIM_TOGETHER = 1 << 9, /* and is published in the judgement's transaction */
    SIM_FACTS = 1 << 10,   /* an empty store gets the facts */
    SIM_BEHIND = 1 << 11   /* a replay counts back from what the group has judged */
};

/* The world as a worker's client of the store meets it. */
struct sim_link {
    struct rng *rng;
    const int64_t *now_ms;
    uint32_t without;    /* enum sim_defence */
    const bool *is_calm; /* nothing is lost any more */
    bool is_traced;
    uint32_t lost_in_64; /* so many requests or answers of 64 are lost */
    void (*pause)(void *context, const char *what);
    void (*trace)(void *context, const char *text);
    void *context;
    uint64_t *n_lost, *n_conflicts;
};

/* WEIR_IO: the request, or the answer, is lost. */
enum weir_rc sim_go_out(const struct sim_link *l, const char *what);
enum weir_rc sim_come_back(const struct sim_link *l);

struct sim_detector;

struct sim_form {
    const char *name;
    uint32_t without; /* enum sim_defence that can be switched off */
    uint32_t rare; /* enum protocol_defence that it hardly ever needs: the other form shows them */
    int64_t rest_ms; /* behind the last append time: every Close is due by then */
    /* A replay reads back so far from what was committed, what came before is in the facts: nothing
     * is late, no log is trimmed, and the store loses all or nothing. 0: it reads all of the log.
     */
    int64_t replay_max_ms;

    /* The server: empty, in run 1, for this log. */
    void (*start)(uint64_t seed, const struct sim_log *log);
    void (*set_run)(uint64_t run);
    void (*flush)(void);
    void (*save)(uint32_t snapshot);
    void (*fall_back)(uint32_t snapshot);
    /* It is being recovered, or partition p waits for a replay. */
    bool (*needs_log)(uint32_t p);
    /* The least mark of the uppermost level. */
    int64_t (*mark_ms)(uint32_t n_parts);
    uint32_t (*n_rounds)(void);
    size_t (*model)(const struct sim_log *log, struct sim_expected *out);
    /* Operations that timers had passed already, or events that were called late once and once not:
     * 0, or levels leak. */
    uint64_t (*too_late)(void);

    /* A worker's client and what is behind it; link stays with the worker. */
    struct sim_detector *(*detector_new)(const struct sim_link *link);
    void (*detector_free)(struct sim_detector *d);
    struct store *(*store)(struct sim_detector *d);
    /* A new batch; its events. part: index in the batch. */
    void (*clear)(struct sim_detector *d);
    void (*add)(struct sim_detector *d, uint32_t part, uint32_t partition, uint64_t position,
                int64_t late_by_ms);
    enum weir_rc (*apply)(struct sim_detector *d, const struct protocol_action *a,
                          enum store_answer *answer);
    /* What is to be published of the batch so far. */
    size_t (*n_records)(const struct sim_detector *d);
    const struct sim_published *(*record)(const struct sim_detector *d, size_t i);

    /* What the batch has taught so far: published with its records. fact_at() and learn() only if
     * there are any. */
    size_t (*n_facts)(const struct sim_detector *d);
    const struct fact *(*fact_at)(const struct sim_detector *d, size_t i);
    /* A recovery: all that was published of them. fresh_ms: those from then on are left to the
     * replay (INT64_MAX: none). */
    enum weir_rc (*learn)(struct sim_detector *d, const struct store_lease *lease,
                          const struct fact *facts, size_t n, int64_t fresh_ms,
                          enum store_answer *answer);
    bool (*is_empty)(const struct store_lease *lease);

    /* A recovery: findings that are open by these records get their cells again, if the store is
     * an empty one. NULL: they do not. */
    enum weir_rc (*reopen)(struct sim_detector *d, const struct store_lease *lease,
                           const struct sim_published *const *records, size_t n,
                           enum store_answer *answer);
};

extern const struct sim_form sim_small, sim_real, sim_learned;

#endif
