/* operator.h - the kinds of state, behind one face: a file each.
 *
 *     count distinct aggregate set ordered sequence first_seen rarity ratio volume geo_velocity
 * risk group suppress (dedup: what every rule has)  brake
 *
 * An operator is a few step functions (state/store.h), one per stage: most have one stage whose
 * key is the group; first_seen, rarity and ratio have a cell per term and one per group. It says
 * that its condition is met in one of two ways:
 *
 *   early  the group key is the dedup key and nobody else listens: hits and claims are kept in the
 *          cell's own book (book.h), which emits findings itself, as soon as an insert
 *          completes something;
 *   final  the step buffers what it must and judges in time order at the watermark; each time at
 *          which the condition holds is emitted as a signal (record.h), which becomes an
 *          operation of the rule's suppress space and of the correlations that list this one.
 *
 * Order-independent: for every arrival order inside the lateness the set of finding uids and
 * their final counts are the same (docs/state.md has each operator's definition; tests compare
 * with slow models that recompute from the whole list). What an operator may not do: rest a
 * decision on arrival order, on the wall clock, or on the side part of a cell.
 *
 * Memory   specs live as long as the rule set, read-only. Threads: immutable.
 */
#ifndef WEIR_CORRELATE_OPERATOR_H
#define WEIR_CORRELATE_OPERATOR_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "rule/correlation.h"
#include "state/store.h"

enum { OPERATOR_STAGES_MAX = 3 };

/* How the findings of a rule fold (rule/correlation.h, dedup), resolved. */
struct fold_spec {
    struct str rule_uid, tenant;
    int64_t period_ms;  /* > 0; beyond 49 days first and last seen are not exact */
    uint64_t threshold; /* the smallest count a finding tells: N of a count, else 1 */
    int64_t update_ms;  /* an Update after so long; 0: never */
    bool is_anchored;   /* interval from the first alert, decided at the watermark */
    bool is_of_events; /* what folds are single events: none before the interval stands behind it */
    const struct str *key_names;
    uint32_t n_key_names;
};

struct operator_spec {
    const struct correlation *correlation; /* NULL for suppress and brake */
    bool is_final;
    /* SEQUENCE: all steps are known of a chain, and signal.detail lists them: hit.value of each, 8
     * bytes. Else a few are, which a finding cites. */
    bool lists_steps;
    int64_t window_ms, lateness_ms;
    struct fold_spec fold; /* early operators and suppress */
};

/* What stands in a cell for the window [at - W, at], for people. */
struct operator_look {
    uint64_t n;                /* hits, values or steps; exact up to what the condition asks for */
    int64_t first_ms, last_ms; /* of what is kept in it; last: of all that the cell knows */
    uint64_t steps;            /* set: bits of the inputs that are there */
    bool is_exact;
};

struct operator_kind_info {
    enum operator_kind kind;
    const char *name; /* as rules say it: "event_count" */
    uint32_t n_stages;
    cell_step *steps[OPERATOR_STAGES_MAX]; /* context: const struct operator_spec * */
    bool always_final;                     /* cannot decide early */
    uint8_t fact_kind; /* what it learns goes to a journal: enum fact_kind (facts.h); 0: nothing */
    /* See space_spec; NULL where one hit needs more than a time. */
    bool (*shrink)(void *, const struct cell *, int64_t *, uint32_t *);
    void (*regrow)(void *, int64_t, uint32_t, struct cell *);
    /* Reads the first stage's cell, which stays as it is. False: nothing that can be told. NULL:
     * this kind tells nothing but its events (capsules). */
    bool (*look)(const struct operator_spec *spec, const struct cell *cell, int64_t at_ms,
                 struct operator_look *out);
};

/* A file each; operator_info() is the table of them. */
extern const struct operator_kind_info operator_count, operator_distinct, operator_aggregate,
    operator_set, operator_ordered, operator_first_seen, operator_rarity, operator_ratio,
    operator_volume, operator_geo_velocity, operator_risk, operator_sequence, operator_group;

/* NULL: this kind is not there. */
const struct operator_kind_info *operator_info(enum operator_kind kind);

/* For lt, lte, eq, neq, not ... as well as always_final. */
bool operator_is_final(const struct correlation *c);

/* dedup of every rule without an operator, and of final operators: steps like those above. */
cell_step suppress_step;
/* At most creates_max Creates per rule and event-time minute pass unbraked. Context: const struct
 * brake_spec *, payload: struct brake_hit (brake.h). */
cell_step brake_step;

#endif
