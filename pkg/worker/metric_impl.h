/* metric_impl.h - the board from inside: for metric.c, metric_rules.c, metric_text.c and board.c.
 *
 * A block's cells are written by one thread with relaxed stores and read by the scrape with relaxed
 * loads: each number is right by itself, numbers of one scrape need not be of one moment. What is
 * replaced (rule sets, rows of partitions) is replaced under the board's lock; its owner may use it
 * without, since nobody else replaces it.
 */
#ifndef WEIR_WORKER_METRIC_IMPL_H
#define WEIR_WORKER_METRIC_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "state/store.h"
#include "worker/metric.h"
#include "worker/metric_table.h"

enum { METRIC_VALUES_MAX = 24 /* of one label */ };

typedef _Atomic uint64_t metric_cell;

static inline uint64_t cell_get(const metric_cell *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

static inline void cell_set(metric_cell *c, uint64_t value)
{
    atomic_store_explicit(c, value, memory_order_relaxed);
}

/* One writer: no locked instruction is needed. */
static inline void cell_add(metric_cell *c, uint64_t n)
{
    cell_set(c, cell_get(c) + n);
}

struct metric_times {
    metric_cell buckets[METRIC_BUCKETS + 1];
    metric_cell sum_ns;
};

struct metric_row { /* of a partition */
    struct str topic;
    int32_t partition;
    int64_t begun_ms;                                    /* assigned */
    metric_cell committed, end, watermark_ms, record_ms; /* of int64_t */
};

struct metric_rows {
    size_t n;
    struct metric_row *items;
    char *names;
};

struct metric_level_cell {
    metric_cell watermark_ms; /* of int64_t; INT64_MIN: not told */
    metric_cell holder;
};

struct metric_rule_cell {
    metric_cell matches, findings, evaluations, cycles, sight;
};

struct metric_profile_cell {
    metric_cell events, newest_ms;
};

struct metric_rule_sum {
    uint64_t matches, findings, evaluations, cycles;
    uint64_t sight; /* the best that a writer has */
};

struct metric_profile_sum {
    uint64_t events, newest_ms;
};

/* A rule set that somebody may still count by. */
struct metric_set {
    struct metric_set *older;
    uint64_t number;
    struct arena *arena; /* names and what follows */
    struct str generation;
    int64_t loaded_ms;
    struct str *rules, *profiles;
    uint32_t n_rules, n_profiles;             /* profiles: the last one is "unknown" */
    struct metric_rule_cell **cells;          /* [writers][n_rules] */
    struct metric_profile_cell **shape_cells; /* [writers][n_profiles] */
    struct metric_rule_sum *base;             /* what the sets before had counted */
    struct metric_profile_sum *profile_base;
    /* Where rule i is in the newest set, UINT32_MAX: gone. In the newest itself: i, or another rule
     * of the same uid, which then stands for both. */
    uint32_t *rule_now, *profile_now;
};

struct metric_lane {
    _Alignas(64) metric_cell counters[METRICS][METRIC_VALUES_MAX];
    metric_cell gauges[METRIC_GAUGES];
    metric_cell pause, beat_ms, is_calling;
    struct metric_times times[METRIC_HISTOGRAMS];
    struct metric_level_cell levels[STORE_ROUNDS_MAX];
    /* The owner's, for its own use. */
    uint64_t paused_ns; /* up to when the pause in force is counted */
    /* The set it counts by, NULL: not announced yet, or gone. Stored under the sets' lock (release:
     * pairs with set_of()), read by the owner: it stays until the owner moves on. */
    struct metric_set *_Atomic set;
    uint64_t set_number; /* 0: none yet; Lock: sets */
    /* Guarded by the board's lock. */
    struct metric_rows rows;
    struct metric_board *board;
    uint32_t writer;
};

enum { BOARD_SHOWN = 10 /* counters in a status */ };

/* The counters as an earlier status had them. */
struct board_rates {
    int64_t at_ms;
    uint64_t counts[BOARD_SHOWN];
};

struct metric_board {
    struct metric_options options; /* texts in the arena */
    struct arena *arena;
    size_t n_writers; /* 2 a lane: lanes, then readers */
    struct metric_lane *writers;
    int64_t begun_ms;
    uint64_t begun_cycles, begun_ns; /* for the speed of the time stamp counter */
    /* The list of rule sets, and which one a writer counts by. Whoever changes the list holds both
     * locks, this one only while pointers change: a lane that takes a set does not wait for a
     * scrape. */
    pthread_mutex_t sets_lock;
    struct metric_set *newest;
    pthread_mutex_t lock;
    /* Guarded by it. */
    uint64_t reloads[2]; /* failed, ok */
    double cycles_per_second;
    struct board_rates before;
};

int64_t board_now_ms(const struct metric_board *b);
static inline size_t board_lanes(const struct metric_board *b)
{
    return b->n_writers / 2;
}
static inline struct metric_lane *board_reader(const struct metric_board *b, size_t i)
{
    return &b->writers[board_lanes(b) + i];
}
/* Of the lane: the greater of both writers' values. */
uint64_t board_gauge(const struct metric_board *b, size_t lane, enum metric_gauge g);
enum metric_pause board_pause(const struct metric_board *b, size_t lane);
bool board_is_ready(const struct metric_board *b);
uint64_t board_counter(const struct metric_board *b, enum metric m);

/* Lock: held, from here on. The lane that was told the newest watermark of a level: watermarks only
 * rise. SIZE_MAX: none was. Its partition that holds the level back; NULL: somebody else's. */
size_t board_level_lane(const struct metric_board *b, uint32_t level);
const struct metric_row *board_level_holder(const struct metric_board *b, uint32_t level,
                                            size_t lane);

/* Sets that all writers have left become sums. */
void metric_fold_sets(struct metric_board *b);
void metric_sets_free(struct metric_board *b);
size_t metric_sets_count(const struct metric_board *b);
/* Sums by the newest set, [n_rules] and [n_profiles]. */
void metric_rule_sums(const struct metric_board *b, struct metric_rule_sum *out);
void metric_profile_sums(const struct metric_board *b, struct metric_profile_sum *out);

#endif
