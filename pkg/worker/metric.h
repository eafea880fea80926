/* metric.h - what a worker counts: one table of metrics, counters per lane, text for Prometheus.
 *
 * The table (metric.c) is the only place that knows names, types, units, labels and help texts;
 * docs/metrics.md is made from it. Lanes add to their own counters without locks or atomics wider
 * than a relaxed store; the scrape sums over lanes. Values per rule lie in arrays by rule, kept
 * with the rule set they belong to and carried over by uid at a reload.
 *
 * Names  prefix weir_, base units (seconds, bytes), _total for counters, rule uid as label.
 */
#ifndef WEIR_WORKER_METRIC_H
#define WEIR_WORKER_METRIC_H

#include "base/base.h"
#include "base/buf.h"

/* Counters and gauges of a lane, without labels beyond those of the table. The order is that of the
 * table in metric.c. */
enum metric {
    METRIC_RECORDS, /* consumed */
    METRIC_BYTES,
    METRIC_EVENTS,         /* after unwrapping */
    METRIC_EVENTS_UNKNOWN, /* of no known shape */
    METRIC_MATCHES,
    METRIC_DEAD_LETTERS, /* by reason: metric_add_reason() */
    METRIC_LATE,
    METRIC_ALERTS, /* records published, by topic: metric_add_topic() */
    METRIC_TRANSACTIONS,
    METRIC_TRANSACTIONS_ABORTED,
    METRIC_PRODUCERS_RENEWED,
    METRIC_BATCHES,
    METRIC_STATE_OPERATIONS,
    METRIC_STATE_ERRORS,
    METRIC_RECOVERIES,
    METRIC_REPLAYED, /* events read again in a replay */
    METRIC_REBALANCES,
    METRIC_TIME_STANDINS,
    METRIC_TIME_CLAMPED,
    METRIC_BACKFILL, /* alerts older than alert_age_max */
    METRIC_ALERTS_CUT,
    METRIC_STAGE_FETCH_NS,
    METRIC_STAGE_MATCH_NS,
    METRIC_STAGE_APPLY_NS,
    METRIC_STAGE_WRITE_NS,
    METRIC_STAGE_COMMIT_NS,
    METRIC_PAUSED_NS, /* not polling: alignment, state out of reach */
    METRICS
};

struct metric_lane; /* one per lane */
struct metric_board;

struct metric_board *metric_board_new(size_t n_lanes);
void metric_board_free(struct metric_board *b);
struct metric_lane *metric_lane(struct metric_board *b, size_t i);

void metric_add(struct metric_lane *l, enum metric m, uint64_t n);
/* event produced to alert committed, in milliseconds: a histogram. */
void metric_latency(struct metric_lane *l, uint64_t ms);

/* Everything as Prometheus text (exposition format 0.0.4). */
void metric_text(struct metric_board *b, struct buf *out);

#endif
