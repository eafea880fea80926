/* slot.h - the numbers of a worker's lanes in its group: who may use which transactional.id.
 *
 * transactional.id = weir-GROUP-SLOT. A slot is taken in the store under a random token with a time
 * to live, renewed by a thread of its own; so a second worker configured with the same slots waits
 * until the first one's lease has run out (a restart), and gives up with one line if it is renewed
 * meanwhile (two workers with one slot). Leased slots: the first free ones below slots_max. Without
 * a store slots must be configured, and Kafka's group.instance.id keeps two apart.
 *
 * A lease that the store has lost (it came back empty) is taken again by the next renewal, unless
 * somebody was faster. While the store cannot be reached nobody can take a slot either, and the
 * lanes wait for it: slots_are_held() stays as it was. What keeps two apart in the end is the
 * producers' fencing; this is the clear line about it.
 *
 * Threads  slots_take() and slots_free() from one thread; slots_are_held() from any.
 */
#ifndef WEIR_WORKER_SLOT_H
#define WEIR_WORKER_SLOT_H

#include "base/base.h"
#include "base/err.h"
#include "state/store_redis.h"

enum { SLOT_TTL_MS = 6000, SLOT_RENEW_MS = 1500, SLOT_WAIT_MS = 15000, SLOTS_MAX = 4096 };
enum { SLOT_WORKER_MAX = 200 /* bytes of a worker's name that are kept */ };

struct slots_wish {
    const struct store_redis_options *store; /* NULL: no store, `first` it is. Its group is used */
    struct str group;                        /* for people */
    struct str worker;                       /* what others are told; cut at SLOT_WORKER_MAX */
    int32_t first;                           /* n slots from it; < 0: any n free ones below n_max */
    size_t n;
    uint64_t token; /* the same in another try: its answer may have been lost. 0: a random one */
    uint32_t n_max; /* slots of the group, at most SLOTS_MAX */
    uint32_t ttl_ms, renew_ms, wait_ms; /* 0: those above; tests only */
    /* Asked while waiting: true ends it with WEIR_CLOSED. NULL: never. */
    bool (*must_end)(void *context);
    void *context;
};

struct slots;

/* out[n]. WEIR_BADARG: in use by another worker, none left, beyond n_max (the line names slot,
 * group and worker), or refused by the store; WEIR_IO: the store cannot be reached. */
MUST_USE enum weir_rc slots_take(const struct slots_wish *wish, uint32_t *out, struct slots **slots,
                                 struct weir_err *err);
/* False: somebody else has one of them: the process ends. */
bool slots_are_held(const struct slots *s);
/* Which one, and who; valid when slots_are_held() is false. */
const char *slots_loss(const struct slots *s);
/* Gives them back, so that another worker need not wait. NULL: nothing. */
void slots_free(struct slots *s);

#endif
