/* eval.h - the formulas of one event's candidate rules.
 *
 * Works on the event's signals and, for atoms that only their values can decide, on its
 * prepared values. Answers of shared nodes and of lazy atoms are kept for the event.
 *
 * Threads  an evaluator belongs to one matcher.
 */
#ifndef WEIR_MATCH_EVAL_H
#define WEIR_MATCH_EVAL_H

#include "base/base.h"
#include "match/net.h"

/* A value of the batch, ready to compare. */
struct prepared_value {
    struct str text;   /* unescaped, valid UTF-8; numbers and literals as written */
    struct str folded; /* the same after ASCII fold */
    uint32_t field;
    uint32_t event; /* index into the batch */
    uint32_t next;  /* 1 + index of the next value of the same field, 0: none */
    uint8_t kind;   /* enum json_kind */
    bool is_ascii;
};

struct evaluator;

struct evaluator *evaluator_new(const struct net *net);
void evaluator_free(struct evaluator *e);

/* Turn to the next event: its signals and all of its values that any eligible rule wants. */
void evaluator_begin(struct evaluator *e, const uint64_t *signals,
                     const struct prepared_value *values, uint32_t n_values);
bool evaluator_rule(struct evaluator *e, uint32_t rule);

uint64_t evaluator_regex_limits(const struct evaluator *e);

#endif
