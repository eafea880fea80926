/* metric.h - what a worker counts: one table of metrics, counters per thread, text for Prometheus.
 *
 * The table (metric_table.c) is the only place that knows names, types, units, labels and help
 * texts; docs/metrics.md is made from it. Each thread that counts has a block of its own, adds
 * without locks (a relaxed store, nobody else writes there), and the scrape sums.
 *
 * A lane has two writers: its reader (feed.h) and the lane itself (lane.h). Both may use any
 * function on the writer of their own, except that the partitions belong to the lane's.
 *
 *     at start                 b = metric_board_new(&options)
 *                              l = metric_lane(b, i), in the reader metric_reader(b, i)
 *     a rule set is loaded     metric_set_rules(b, &set)             best before a lane takes it
 *                              metric_reloaded(b, false)             or it was refused
 *     a lane takes it          metric_use_rules(l, set->number)      each writer, at a batch edge
 *     each turn of a loop      metric_beat(l, now_ms)                young enough: /healthz
 *     events                   metric_add(l, METRIC_EVENTS, n), metric_rule_match(l, rule),
 *                              metric_profile(l, profile, n, now_ms)
 *     a stage is over          metric_add(l, METRIC_STAGE_MATCH_NS, ns)
 *     after ASSIGNED           metric_partitions(l, list, n)         lane only
 *     after a commit           metric_partition(l, i, &place), metric_level(l, level, ...),
 *                              metric_time(l, METRIC_COMMIT_TIME, ns), metric_latency(l, ms)
 *     a state changes          metric_set(l, GAUGE_JOINED, 1), metric_pause(l, PAUSE_STATE)
 *     now and then             sight_turn() of sight.h                reader: cost and blind rules
 *
 * Rules   values per rule lie in arrays by rule, one for each set that is still in use and each
 *         writer. What a set had counted goes on in the next one by uid; the set before is folded
 *         into it once no writer uses it. Values per profile likewise, by name.
 * Names   prefix weir_, base units (seconds, bytes), _total for counters, rule uid as label.
 * Bounds  partitions of a lane: METRIC_PARTITIONS_MAX; those behind are not shown.
 * Threads a writer belongs to one thread. Functions on the board: any. One lock, taken at a scrape,
 *         when rules are loaded or taken and when partitions are assigned; never on the event path.
 * Times   "now" is the wall clock in ms, given by the caller (the scrape asks options.now_ms).
 */
#ifndef WEIR_WORKER_METRIC_H
#define WEIR_WORKER_METRIC_H

#include "base/base.h"
#include "base/buf.h"

/* Counters of a writer. _NS: given in nanoseconds, shown in seconds. */
enum metric {
    METRIC_RECORDS, /* consumed */
    METRIC_BYTES,
    METRIC_EVENTS,         /* after unwrapping */
    METRIC_EVENTS_UNKNOWN, /* of no known shape */
    METRIC_MATCHES,
    METRIC_DEAD_LETTERS, /* metric_add_by(): enum dead_reason */
    METRIC_LATE,
    METRIC_ALERTS, /* records published; metric_add_by(): enum config_topic */
    METRIC_TRANSACTIONS,
    METRIC_TRANSACTIONS_ABORTED,
    METRIC_PRODUCERS_RENEWED,
    METRIC_BATCHES,
    METRIC_STATE_OPERATIONS,
    METRIC_STATE_ERRORS,       /* calls that failed: out of reach, refused */
    METRIC_STATE_EVICTED,      /* cells given up for want of room */
    METRIC_STATE_TIMERS_ASIDE, /* due timers of rules that this worker does not have */
    METRIC_STATE_TIMERS_BACK,  /* timers that others had set aside */
    METRIC_STATE_FENCED, /* answers "somebody else has it", "writes are missing", "another run" */
    METRIC_RECOVERIES,
    METRIC_REPLAYED, /* records read again in a replay */
    METRIC_REBALANCES,
    METRIC_TIME_STANDINS,
    METRIC_TIME_CLAMPED,
    METRIC_BACKFILL, /* alerts older than alert_age_max */
    METRIC_ALERTS_CUT,
    METRIC_BRAKED, /* Creates that a rule's brake kept back */
    METRIC_GAPS,   /* offsets that were gone before they were read */
    METRIC_STAGE_FETCH_NS,
    METRIC_STAGE_MATCH_NS, /* unwrap, extract, match, gather */
    METRIC_STAGE_APPLY_NS,
    METRIC_STAGE_WRITE_NS, /* documents made and produced */
    METRIC_STAGE_COMMIT_NS,
    METRIC_PAUSED_NS, /* not polling; metric_pause() counts it */
    METRICS
};

/* Why partitions are not read. PAUSE_NONE: they are. */
enum metric_pause {
    PAUSE_NONE,
    PAUSE_ALIGN,    /* a partition ahead in time waits for those behind */
    PAUSE_STATE,    /* the store is out of reach */
    PAUSE_GROUP,    /* a rebalance */
    PAUSE_RECOVERY, /* the state is being brought back */
    PAUSES
};
const char *metric_pause_name(uint32_t pause);

/* What is true of a lane now. Readiness is HAS_RULES, JOINED and STATE_OK of every lane. */
enum metric_gauge {
    GAUGE_HAS_RULES,
    GAUGE_JOINED,   /* the group has given it its partitions (which may be none); the reader's */
    GAUGE_STATE_OK, /* the store obeys; also with state none */
    GAUGE_SLOT,
    GAUGE_RULESET, /* its number */
    GAUGE_RECOVERING,
    METRIC_GAUGES
};

enum metric_histogram {
    METRIC_ALERT_LATENCY, /* event produced to alert committed */
    METRIC_COMMIT_TIME,   /* begin to commit of a transaction */
    METRIC_STATE_TIME,    /* one call of the store */
    METRIC_RULES_TIME,    /* a reader or a lane takes a new rule set, and does nothing else */
    METRIC_HISTOGRAMS
};

struct metric_lane; /* the block of one writer */
struct metric_board;

typedef int64_t metric_clock(void *context);

struct metric_options {
    size_t n_lanes;
    struct str version, worker, group; /* copied */
    metric_clock *now_ms;              /* NULL: the system's wall clock */
    void *clock_context;
};

struct metric_board *metric_board_new(const struct metric_options *o);
void metric_board_free(struct metric_board *b);
struct metric_lane *metric_lane(struct metric_board *b, size_t i);
struct metric_lane *metric_reader(struct metric_board *b, size_t i);

/* ---- a writer's own ------------------------------------------------------------------------- */

void metric_add(struct metric_lane *l, enum metric m, uint64_t n);
/* Of the value `by` of the metric's label: which enum is said above. */
void metric_add_by(struct metric_lane *l, enum metric m, uint32_t by, uint64_t n);
void metric_set(struct metric_lane *l, enum metric_gauge g, uint64_t value);
/* Until the next call with another reason. Its time is counted here and at each metric_beat(). */
void metric_pause(struct metric_lane *l, enum metric_pause reason);
void metric_beat(struct metric_lane *l, int64_t now_ms);
/* Around a call whose time nobody can limit: it is healthy to miss beats meanwhile (board.h). */
void metric_call(struct metric_lane *l, bool is_inside);
void metric_time(struct metric_lane *l, enum metric_histogram h, uint64_t ns);
/* METRIC_ALERT_LATENCY in milliseconds. */
void metric_latency(struct metric_lane *l, uint64_t ms);

/* ---- partitions: by the lane, in the order of its last metric_partitions() ------------------ */

enum { METRIC_PARTITIONS_MAX = 4096 };

struct metric_owned {
    const char *topic; /* copied */
    int32_t partition;
};
struct metric_place {
    int64_t committed;    /* by ourselves: the next offset */
    int64_t watermark_ms; /* event time of its prefix; INT64_MIN: none yet */
    int64_t record_ms;    /* wall clock at which its last record came; 0: none yet */
};
void metric_partitions(struct metric_lane *l, const struct metric_owned *owned, size_t n);
void metric_partition(struct metric_lane *l, size_t i, const struct metric_place *place);
/* The group's next offset as it was before our first commit; not called: there is none, or nobody
 * knows yet. */
void metric_partition_committed(struct metric_lane *l, size_t i, int64_t committed);
/* The high watermark as last heard; -1: never. Beside commits: a lane that commits nothing falls
 * behind, too. */
void metric_partition_end(struct metric_lane *l, size_t i, int64_t end);

/* The group's watermark of a level (STORE_ROUNDS_MAX of them), as the store told it; holder: the
 * own partition that holds it back, METRIC_ELSEWHERE: one of another lane or worker. */
enum { METRIC_ELSEWHERE = UINT32_MAX };
void metric_level(struct metric_lane *l, uint32_t level, int64_t watermark_ms, uint32_t holder);

/* ---- rules ---------------------------------------------------------------------------------- */

struct metric_ruleset {
    uint64_t number;            /* struct ruleset; never used again */
    struct str generation;      /* as all texts here: copied */
    const struct str *rules;    /* uids by rule index; tenants share them */
    const struct str *profiles; /* names by number in the profile set */
    size_t n_rules, n_profiles;
    int64_t loaded_ms;
};
void metric_set_rules(struct metric_board *b, const struct metric_ruleset *set);
/* A reload was asked for: was it published (or found to be the same)? */
void metric_reloaded(struct metric_board *b, bool is_ok);
/* The writer counts by this set from now on. Not announced yet: as soon as it is; what comes before
 * is not counted per rule. */
void metric_use_rules(struct metric_lane *l, uint64_t number);

void metric_rule_match(struct metric_lane *l, uint32_t rule);
/* A finding of the rule was published for the first time. */
void metric_rule_finding(struct metric_lane *l, uint32_t rule);
/* n events of the profile; METRIC_NO_PROFILE: of no known shape. */
enum { METRIC_NO_PROFILE = UINT32_MAX };
void metric_profile(struct metric_lane *l, uint32_t profile, uint64_t n, int64_t now_ms);

/* What an engine of this writer knows of a rule: sight.h tells it. A tenant's engine may see what
 * another does not, so the most that one has said stands. */
enum metric_sight {
    SIGHT_UNKNOWN,   /* too early to say */
    SIGHT_NO_SOURCE, /* no event that it may see */
    SIGHT_NO_FIELD,  /* its sources lack what it needs */
    SIGHT_SEES
};
struct metric_rule_use {          /* so far, of this writer with this set */
    uint64_t evaluations, cycles; /* sampled */
    enum metric_sight sight;
};
void metric_rule_use(struct metric_lane *l, uint32_t rule, const struct metric_rule_use *use);

/* ---- who reads it --------------------------------------------------------------------------- */

/* Everything as Prometheus text (exposition format 0.0.4). */
void metric_text(struct metric_board *b, struct buf *out);

#endif
