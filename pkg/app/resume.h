/* resume.h - a replay that comes back after a crash: where it was, kept with the state.
 *
 * With --state dir: each batch commits, together, the state, the number of events that state has
 * seen, and the lines that came of it (state/store_dir.h). Started again on the same rules and
 * inputs, the replay reads them again, passes over what state has seen, and goes on; the output is
 * made from the committed lines at the end, so it is that of a run that was never disturbed.
 *
 *     resume_open(): where to go on; refuses a directory of another run that was not ended
 *     resume_line() ..., resume_commit() after each batch
 *     resume_finish(): hands out all lines of this run
 *
 * A run that has ended with `keep` leaves its windows to the next one, which may have other inputs.
 *
 * Memory   the store must outlive it.
 * Threads  belongs to the thread of the store.
 */
#ifndef WEIR_APP_RESUME_H
#define WEIR_APP_RESUME_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "state/store.h"

struct resume {
    struct store *store; /* of a directory */
    uint64_t run;        /* which rules, inputs and options */
    uint64_t seen;       /* events that state has seen */
    int64_t watermark_ms;
    bool is_over;           /* nothing is left to be read */
    uint64_t journal_start; /* where this run's lines begin */
    struct buf lines;       /* of the batch at hand */
};

/* After the graph's spaces are attached. run: a hash of what makes two runs the same. */
MUST_USE enum weir_rc resume_open(struct resume *r, struct store *store, uint64_t run,
                                  struct weir_err *err);
void resume_release(struct resume *r);

void resume_line(struct resume *r, struct str line);

/* End of a batch. is_last: the run is over; keeps: its windows stay. */
MUST_USE enum weir_rc resume_commit(struct resume *r, uint64_t seen, int64_t watermark_ms,
                                    bool is_last, bool keeps, struct weir_err *err);

/* All lines of the run in order. */
typedef enum weir_rc resume_fn(void *context, struct str line, struct weir_err *err);
MUST_USE enum weir_rc resume_finish(struct resume *r, resume_fn *fn, void *context,
                                    struct weir_err *err);

#endif
