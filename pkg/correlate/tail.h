/* tail.h - what distinct, set and ordered keep in their cell behind their window: a book when they
 * are early, the name of their group when they are final (a timer has no event to take it
 * from).
 */
#ifndef WEIR_CORRELATE_TAIL_H
#define WEIR_CORRELATE_TAIL_H

#include "base/base.h"
#include "correlate/book.h"
#include "correlate/hit.h"
#include "correlate/operator.h"
#include "state/cell.h"
#include "state/store.h"

/* The cell is no more. */
static inline void tail_drop(struct cell *cell)
{
    bool is_empty = cell_resize(cell, 0);

    ASSERT(is_empty);
}

/* Of a cell (cell.h) that has n of what it needs for a finding. */
static inline uint8_t tail_weight(uint32_t n, uint32_t needed)
{
    return (uint8_t)(n >= needed ? UINT8_MAX : (uint64_t)n * UINT8_MAX / needed);
}

struct tail {
    const struct operator_spec *spec;
    struct cell *cell;
    uint32_t offset; /* of the tail in the cell: moves as the window grows */
    const struct step_clock *clock;
    struct emissions *out;
};

/* Lay out a tail for the group of the operation at the end of the cell (main.n == offset). */
MUST_USE bool tail_init(const struct tail *t, const struct state_op *op);

/* The bytes from offset to the end of the cell can be a tail. */
bool tail_is_valid(const struct tail *t);

/* The book of an early operator. */
struct book tail_book(const struct tail *t);
/* Early, after the step: due and idle times of the cell. op as the step got it. */
void tail_settle_book(const struct tail *t, const struct state_op *op);

/* Final: the group's values in clear, packed (hit.keys). A slice of the cell. */
struct str tail_keys(const struct tail *t);
/* Final: remember the capsule of an operation. */
void tail_note(const struct tail *t, const struct state_op *op);
/* Final: the condition holds at t_ms (SIGNAL_MET), for so many values. */
void tail_emit(const struct tail *t, int64_t t_ms, int64_t measured, bool is_inexact);
/* The same for a signal that says all but stage and key; without keys those of the cell, without a
 * capsule that of its time, or the last one noted. */
struct signal;
void tail_send(const struct tail *t, struct signal *s);

/* A cell of one hit as 32 bits (store.h, space_spec): of a cell with a book, whose window has one
 * hit with this label at t_ms. False: it has more, or does not fit. */
bool tail_shrink(const struct tail *t, uint32_t label, int64_t t_ms, uint32_t *value);
/* The hit of it (label and level), and its book, empty. */
struct hit tail_shrunk_hit(uint32_t value);
MUST_USE bool tail_init_shrunk(const struct tail *t, uint32_t value);

#endif
