/* store_mem.h - state in the process: a table per space, hard budgets.
 *
 * Operations are applied in order, directly to the bytes in memory. Under pressure (a space over
 * a quarter of its budget, and space_spec.shrink given) keys with one hit are kept as 16 bytes;
 * what still does not fit is evicted, weakest and oldest first among a few that are looked at.
 *
 * It also speaks the whole protocol (parts, outbox, epochs, incarnation), so that it can stand for
 * a remote store in tests; a copy of it is that store's state at an earlier time.
 */
#ifndef WEIR_STATE_STORE_MEM_H
#define WEIR_STATE_STORE_MEM_H

#include "state/store.h"

/* Blessed run "1". */
struct store *store_mem_new(void);

/* An independent copy with the same cells, outbox, vectors and run; steps and contexts are shared
 * (they are read-only). Both are freed by store_free(). */
struct store *store_mem_copy(const struct store *s);

/* The server was started anew: another run, which is not blessed. At most 40 characters. */
void store_mem_set_run(struct store *s, const char *run_id);
/* Batches reach only these shards (bits), as calls of a remote store that is lost halfway: the
 * operations of the others are not applied, and no timers run. All of them: UINT64_MAX, as at
 * first. With parts only. */
void store_mem_set_reach(struct store *s, uint64_t shards);
/* Time of the lease's end; 0 at first. */
void store_mem_set_clock(struct store *s, uint64_t now_ms);

#endif
