/* slot.h - the numbers of a worker's lanes in its group: who may use which transactional.id.
 *
 * transactional.id = weir-GROUP-SLOT. A slot is taken in the store under a random token with a time
 * to live, renewed by a thread of its own; so a second worker configured with the same slots waits
 * until the first one's lease has run out (a restart), and gives up with one line if it is renewed
 * meanwhile (two workers with one slot). Leased slots: the first free ones below slots_max. Without
 * a store slots must be configured, and Kafka's group.instance.id keeps two apart.
 *
 * Threads  slots_take() and slots_free() from one thread; slots_are_held() from any.
 */
#ifndef WEIR_WORKER_SLOT_H
#define WEIR_WORKER_SLOT_H

#include "base/base.h"
#include "base/err.h"
#include "state/store_redis.h"

enum { SLOT_TTL_MS = 6000, SLOT_WAIT_MS = 15000 };

struct slots;

/* n slots from `first`, or with first < 0 any n free ones below n_max: out[n]. store NULL: no
 * store, `first` it is. */
MUST_USE enum weir_rc slots_take(const struct store_redis_options *store, struct str group,
                                 int32_t first, size_t n, uint32_t n_max, uint32_t *out,
                                 struct slots **slots, struct weir_err *err);
/* False: somebody else has one of them: the process ends. */
bool slots_are_held(const struct slots *s);
void slots_free(struct slots *s);

#endif
