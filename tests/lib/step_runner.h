/* step_runner.h - the smallest store there can be, for tests of step functions: cells in a list,
 * memory from malloc, timers by looking at every cell.
 */
#ifndef WEIR_TESTS_LIB_STEP_RUNNER_H
#define WEIR_TESTS_LIB_STEP_RUNNER_H

#include "state/emissions.h"
#include "state/store.h"

struct step_runner;

struct step_runner *step_runner_new(void);
void step_runner_free(struct step_runner *r);
/* Number of the space, from 0. */
uint32_t step_runner_add(struct step_runner *r, cell_step *step, void *context);

/* One operation at the current watermark. */
void step_runner_apply(struct step_runner *r, const struct state_op *op);
/* Operations from now on come from somebody who knows of no watermark yet, though timers have run
 * at ours: a worker that has just taken over. False: not any more. */
void step_runner_forget(struct step_runner *r, bool is_forgotten);
/* Raise the watermark (INT64_MAX: the end) and call all cells that are due, in order of (due,
 * space, key), until none is. */
void step_runner_watermark(struct step_runner *r, int64_t ms);

/* All that was emitted since the last call; valid until the next call of anything. */
const struct emission *step_runner_take(struct step_runner *r, size_t *n);

size_t step_runner_cells(const struct step_runner *r);
/* Bytes of all main parts, of all side parts. */
size_t step_runner_bytes(const struct step_runner *r, bool is_side);
/* Drop cells whose idle_ms the watermark has passed: nothing may change by it. */
void step_runner_sweep(struct step_runner *r);

#endif
