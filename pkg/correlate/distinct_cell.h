/* distinct_cell.h - an early operator on a distinct window: its cell, from the first hit to the
 * end.
 *
 * Distinct and set differ in what they ask of the window. The rest is here: hits go into
 * the window and the book, timers expire both, an empty cell is dropped.
 */
#ifndef WEIR_CORRELATE_DISTINCT_CELL_H
#define WEIR_CORRELATE_DISTINCT_CELL_H

#include "base/base.h"
#include "correlate/distinct_window.h"
#include "correlate/tail.h"

struct distinct_cell;
/* Claim what the hit has completed: the change is not none. */
typedef void distinct_judge(struct distinct_cell *c, const struct distinct_change *change);

struct distinct_cell {
    struct tail tail;              /* all but the offset is set by the operator */
    struct distinct_window window; /* keep is set by the operator */
    const struct hit *hit;         /* NULL: a timer */
    uint64_t value;                /* of the hit */
    uint32_t needed;               /* about so many values meet the condition: for the weight */
    distinct_judge *judge;
};

void distinct_cell_step(struct distinct_cell *c, const struct state_op *op);

/* operator_look of the early form; c as for a step without an operation. */
bool distinct_cell_look(struct distinct_cell *c, int64_t at_ms, struct operator_look *out);

/* A cell of one hit as its time and 32 bits, if values are labels (below 64), and back. */
bool distinct_cell_shrink(struct distinct_cell *c, int64_t *t_ms, uint32_t *value);
void distinct_cell_regrow(struct distinct_cell *c, int64_t t_ms, uint32_t value);

/* Nothing new can be found at t_ms: it is below the watermark or its bucket is claimed. */
bool distinct_cell_is_settled(const struct distinct_cell *c, int64_t t_ms);
/* The condition holds at t_ms, for so many values. */
void distinct_cell_claim(struct distinct_cell *c, int64_t t_ms, uint32_t n);

#endif
