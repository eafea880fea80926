/* correlation.h - the stateful part of the rule IR: operators over the matches of other rules,
 * and how the findings of any rule are told.
 *
 * A rule with a correlation never matches an event itself (its formula is the constant false): it
 * listens to other rules, base rules or correlations. Vendors' differences are parameters here.
 *
 * Numbers  thresholds and values are fixed-point millionths (CORRELATION_MICRO), so that sums do
 *          not depend on the order of their parts.
 * Memory   as rule.h: the rule set's arena, read-only once loading is finished.
 */
#ifndef WEIR_RULE_CORRELATION_H
#define WEIR_RULE_CORRELATION_H

#include "base/base.h"
#include "rule/rule.h"

enum { CORRELATION_MICRO = 1000000 };
enum {
    CORRELATION_DEPTH_MAX = 4,        /* correlations over correlations */
    CORRELATION_INPUTS_MAX = 64,      /* rules that one listens to */
    CORRELATION_GROUP_MAX = 32,       /* parts of a group key */
    CORRELATION_FIELDS_MAX = 16,      /* fields of a distinct tuple */
    CORRELATION_COLUMNS_MAX = 64,     /* columns of a group's rows, aggregates over them, outputs */
    CORRELATION_KEYS_PER_EVENT = 100, /* a multi-valued group field makes so many keys at most */
    CORRELATION_COUNT_MAX = 100000    /* threshold of a count or of distinct values */
};

enum operator_kind {
    OPERATOR_COUNT,
    OPERATOR_DISTINCT,
    OPERATOR_AGGREGATE,
    OPERATOR_SET,
    OPERATOR_ORDERED,
    OPERATOR_FIRST_SEEN,
    OPERATOR_RARITY,
    OPERATOR_RATIO,
    OPERATOR_VOLUME,
    OPERATOR_GEO_VELOCITY,
    OPERATOR_RISK,
    OPERATOR_SEQUENCE,
    OPERATOR_GROUP,
    OPERATOR_KINDS
};

enum aggregate { AGGREGATE_SUM, AGGREGATE_AVG, AGGREGATE_MIN, AGGREGATE_MAX, AGGREGATE_PERCENTILE };

enum bound_op { BOUND_GT, BOUND_GTE, BOUND_LT, BOUND_LTE, BOUND_EQ, BOUND_NEQ };
struct bound {
    enum bound_op op;
    int64_t micro;
};

/* A boolean over the inputs ("a and not b"): ATOM means input number `input` was seen. */
struct seen_expr {
    enum formula_kind kind;
    uint32_t input;
    struct seen_expr **children;
    size_t n_children;
};

struct correlation_input {
    struct str reference; /* id or name, as written */
    uint32_t line, col;   /* where */
    struct rule *rule;    /* resolved when loading is finished */
    /* Name of the field that is group part i for this input (aliases resolved): n_group names. */
    const struct str *group_fields;
    uint32_t optional; /* bit i: an event without part i has an empty text there, as on_missing says
                          of all parts */
};

/* What an input is to a SEQUENCE, whose inputs are in the order of its list. */
enum sequence_kind {
    SEQUENCE_STAGE,   /* an event that must come, `runs` times */
    SEQUENCE_MISSING, /* one that must not come where it stands in the list */
    SEQUENCE_UNTIL    /* one that ends what has begun; at most one, the last input */
};
enum { SEQUENCE_STAGES_MAX = 256 }; /* runs counted */
struct sequence_item {
    enum sequence_kind kind;
    uint32_t runs; /* > 0 */
};

/* ---- OPERATOR_GROUP: STATS ... BY, groupBy, stats ------------------------------------------ */

/* What is made of one column of the rows of a group, in order of time. Null is no value; a list is
 * its members, except for FIRST, LAST and COUNT_TRUE. */
enum group_kind {
    GROUP_COUNT,      /* values; without a column: rows */
    GROUP_COUNT_TRUE, /* rows in which it is true */
    GROUP_DISTINCT,   /* different values, exact */
    GROUP_VALUES,     /* the different values in order, the first `limit` of them */
    GROUP_COLLECT,    /* the different values as they came, the first `limit` of them */
    GROUP_LIST,       /* all values as they came, the first `limit` of them */
    GROUP_LEAST,      /* all values, the least first, the first `limit` of them */
    GROUP_GREATEST,   /* the same, the greatest first */
    GROUP_MIN,        /* of numbers, and of texts by bytes (numbers before texts) */
    GROUP_MAX,
    GROUP_SUM,
    GROUP_AVERAGE,
    GROUP_DEVIATION,        /* of the population */
    GROUP_PERCENTILE,       /* nearest rank */
    GROUP_MEDIAN_DEVIATION, /* the median of how far values are from their median, which lies
                             * between the two in the middle */
    GROUP_FIRST,            /* of the earliest row that has it: by time, or by the column `order` */
    GROUP_LAST,
    GROUP_KINDS
};

enum { GROUP_NO_COLUMN = UINT32_MAX, GROUP_TIME_COLUMN = UINT32_MAX - 1 };

struct group_aggregate {
    enum group_kind kind;
    struct str name;
    uint32_t column; /* of `columns`, or GROUP_NO_COLUMN, or GROUP_TIME_COLUMN: the row's time */
    uint32_t order;  /* FIRST, LAST: column that orders, as above; GROUP_NO_COLUMN: time */
    int64_t percentile_micro;
    uint32_t limit; /* of lists; 0: GROUP_LIST_MAX */
};

/* What is told of a group whose condition holds. */
struct group_output {
    struct str name;
    const struct expr *expr;
};

/* Groups inside the group, whose aggregates are what the outer ones are made of: one row for each
 * combination of `keys`. Its expressions have slots: the keys, then the aggregates. */
struct group_inner {
    const uint32_t *keys; /* columns; null is a key */
    size_t n_keys;
    const struct group_aggregate *aggregates;
    size_t n_aggregates;
    const struct expr *having;        /* NULL: true */
    const struct expr *const *values; /* the columns of the outer aggregates */
    size_t n_values;
    /* The outer ones are made of the rows themselves, each beside the aggregates of its group: the
     * expressions have slots for the row's columns, too, as `having_row` below. */
    bool is_rows;
    const uint32_t *apart; /* which of `values` the parts of correlation.n_apart are */
};

/* Expressions behind the aggregates have slots: the parts of the group key first (null where the
 * event had none and on_missing is MISSING_GROUP), then the aggregates; EXPR_TIME is the time of
 * the row at which the group is judged. */
struct group_stats {
    const struct str *columns; /* fields (mostly derived) whose values a row keeps */
    size_t n_columns;
    const struct group_inner *inner; /* NULL: aggregates are of the rows themselves */
    const struct group_aggregate *aggregates;
    size_t n_aggregates;
    const struct expr *having; /* NULL: true */
    /* NULL, or what must be true of some row of the window. It has slots for the row's columns,
     * too: behind the aggregates, in their order; GROUP_TIME_COLUMN is the row's time. */
    const struct expr *having_row;
    const struct group_output *outputs;
    size_t n_outputs;
};

enum emit_mode { EMIT_EARLY, EMIT_FINAL };
enum count_by { COUNT_BY_DEFAULT, COUNT_BY_MATCH, COUNT_BY_EVENT_ID };
/* Of an event without a group field: no operation; a group of its own, whose key is null; the same
 * with the empty text for a key. */
enum on_missing { MISSING_DROP, MISSING_GROUP, MISSING_EMPTY };

struct correlation {
    enum operator_kind kind;
    struct correlation_input *inputs;
    size_t n_inputs;
    const struct str *group; /* names as written: fields or aliases */
    size_t n_group;
    /* GROUP: so many parts at the end of the key are told, and are none of the cell's: rows of all
     * of them are kept in one place, since each depends on those of the others. */
    size_t n_apart;
    int64_t window_ms;      /* timespan; > 0 */
    struct bound bounds[2]; /* one, or both ends of a range; none for SET with `seen` */
    size_t n_bounds;
    const struct seen_expr *seen; /* SET: NULL: all inputs (or the bounds over how many) */
    const struct str *fields;     /* condition.field: distinct tuple, number, term, address */
    size_t n_fields;
    enum aggregate aggregate;
    int64_t percentile_micro;          /* 0 to 100 millions */
    const struct sequence_item *items; /* SEQUENCE: one for each input, at least one STAGE */
    enum on_missing on_missing;
    /* Of several `fields` one that the event lacks is the empty text (but not all of them). */
    bool may_lack_values;
    bool is_group_ci; /* group values compare case aside */
    enum count_by count_by;
    /* Parameters of weir's own kinds; 0: the kind's default (docs/state.md). */
    int64_t history_ms, training_ms, activation_ms;
    struct str actor_field; /* ratio, rarity by actor */
    enum { RARITY_COUNT, RARITY_DAYS, RARITY_ACTORS } rarity_by;
    int64_t factor_micro, minimum_micro; /* volume: times the baseline, and at least */
    int64_t baseline_ms;
    int64_t distance_m, speed_m_per_h; /* geo velocity */
    int64_t half_life_ms;              /* risk */
    struct str scope;                  /* ratio: field whose value is judged = fields[0] */
    const struct group_stats *stats;   /* GROUP */
    /* first_seen: new terms of a group within the history that are told; 0: the kind's default. */
    uint32_t terms_max;
    uint32_t line, col; /* of the `correlation` map */
};

/* Parts of the key by which rows are kept. */
static inline size_t correlation_n_kept(const struct correlation *c)
{
    return c->n_group - c->n_apart;
}

/* As rules say it: "event_count", "value_avg", "first_seen" ... */
const char *correlation_type_name(const struct correlation *c);

/* The number, in millionths, is within the bound. */
bool bound_holds(const struct bound *b, int64_t micro);
/* There is a `not` somewhere: more inputs can undo what holds. */
bool seen_has_not(const struct seen_expr *e);

/* What a list in a field of a dedup key is: its first member stands for it, each member is a key of
 * its own (so that one match is a hit of several findings), or the list is one value. */
enum dedup_array { DEDUP_FIRST, DEDUP_EACH, DEDUP_WHOLE };

/* How findings of a rule fold. */
struct dedup {
    bool is_set, is_off;
    bool has_fields; /* false: the default key (group key, or the first entity) */
    const struct str *fields;
    size_t n_fields;
    int64_t period_ms; /* 0: the default */
    bool is_anchored;  /* anchor: first */
    bool is_group;     /* what folds are groups of a query: the period is their window */
    enum dedup_array array;
    bool lacking_is_sole; /* what lacks a field of the key is a finding of its own; else: as if it
                             were the empty text */
};

/* What a rule, or an overlay on it, says about state and telling. */
struct rule_state {
    struct dedup dedup;
    bool has_emit;
    enum emit_mode emit;
    uint32_t state_version;    /* another one forgets the state of the old one */
    int64_t lateness_ms;       /* 0: its sources' */
    bool is_referenced;        /* a correlation listens to it */
    int32_t first_seen_points; /* score of the first finding of a key (novelty.h); 0: none */
    /* Creates that pass in so long; 0: the brake's own numbers (brake.h). */
    uint32_t creates_max;
    int64_t creates_ms;
    bool is_generated; /* and it alerts by itself all the same (generate: true) */
};

#endif
