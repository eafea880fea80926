/* metric_table.h - the table of metrics: name, type, labels and meaning of each family.
 *
 * What is served and what docs/metrics.md says both come from here.
 *
 * Memory  constant.
 */
#ifndef WEIR_WORKER_METRIC_TABLE_H
#define WEIR_WORKER_METRIC_TABLE_H

#include "base/buf.h"
#include "worker/metric.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* Where the values of a family come from. */
enum metric_source {
    FROM_COUNTER,   /* id: enum metric; n of them in a row (one series each), or one by label */
    FROM_GAUGE,     /* id: enum metric_gauge; per lane */
    FROM_HISTOGRAM, /* id: enum metric_histogram */
    FROM_PARTITION, /* id: enum partition_value */
    FROM_INPUT,     /* silence per topic */
    FROM_LEVEL,     /* id: enum level_value */
    FROM_RULE,      /* id: enum rule_value */
    FROM_PROFILE,   /* id: enum profile_value */
    FROM_BOARD      /* id: enum board_value */
};

enum partition_value { PARTITION_COMMITTED, PARTITION_END, PARTITION_LAG, PARTITION_WATERMARK };
enum level_value { LEVEL_WATERMARK, LEVEL_HOLDER };
enum rule_value {
    RULE_MATCHES,
    RULE_FINDINGS,
    RULE_EVALUATIONS,
    RULE_COST,
    RULE_BLIND,
    RULES_BLIND
};
enum profile_value { PROFILE_EVENTS, PROFILE_SILENCE };
enum board_value {
    BOARD_BUILD,
    BOARD_WORKER,
    BOARD_READY,
    BOARD_LANES,
    BOARD_PAUSED,
    BOARD_BEAT_AGE,
    BOARD_RULESET,
    BOARD_RULESET_NUMBER,
    BOARD_RULESET_RULES,
    BOARD_RULESET_LOADED,
    BOARD_RULESETS,
    BOARD_RELOADS,
    BOARD_MEMORY,
    BOARD_ALLOCATED,
    BOARD_CPU,
    BOARD_START
};

struct metric_spec {
    const char *name;
    enum metric_type type;
    const char *labels; /* "topic,partition"; empty: none */
    const char *help;   /* one line */
    enum metric_source source;
    uint32_t id;
    uint32_t n;                          /* FROM_COUNTER: values of the label; 0: no label */
    uint32_t from;                       /* the first of them that means something */
    const char *(*value_name)(uint32_t); /* of the label */
    bool is_row; /* FROM_COUNTER: the n values are metrics of their own, id and those behind it */
    bool is_ns;  /* held in ns, shown in seconds */
};

const struct metric_spec *metric_specs(size_t *n);
const char *metric_type_name(enum metric_type type);

/* docs/metrics.md. */
void metric_document(struct buf *out);

/* Upper bounds of the histograms' buckets in ms; the last one is infinity and not among them. */
enum { METRIC_BUCKETS = 15 };
extern const uint32_t METRIC_BUCKET_MS[METRIC_BUCKETS];

#endif
