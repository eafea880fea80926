/* store_redis.h - state in Redis 7: shared by many workers, alive when they are not.
 *
 * A batch is, per shard with work, one call that reads cells and one that writes them back
 * together with outbox and applied vector if nothing has changed meanwhile; all shards' calls
 * travel in one go. The step functions run here (docs/decisions/0011).
 *
 * Outage   store_apply() tries again for patience_ms (reconnecting, reloading the library, making
 *          room in a full Redis, waiting while it loads), then gives WEIR_IO with the reason, or
 *          WEIR_BUSY where others change the same keys first each time. The same call again goes on
 *          where it stopped: nothing is lost or done twice. Another batch instead of it drops what
 *          was not finished.
 * Loss     without parts: a Redis that has come back without what was written to it is WEIR_IO.
 * Memory   a shard has a part of the total and of each cap: one of STORE_SHARDS. Cells of spaces
 *          over their cap are evicted here; the library holds the total, over all workers' spaces.
 * Threads  as every store: one thread.
 */
#ifndef WEIR_STATE_STORE_REDIS_H
#define WEIR_STATE_STORE_REDIS_H

#include "base/str.h"
#include "state/store.h"

struct store_redis_options {
    struct str url;                    /* redis_url.h */
    struct str password_file;          /* empty: no password */
    struct str ca_file;                /* for rediss://; empty: the system's */
    const struct state_secret *secret; /* its fingerprint marks the store; NULL: no mark */
    struct str group;                  /* of workers: its keys are its own; empty: a replay's */
    uint32_t timeout_ms;               /* for one answer; 0: REDIS_TIMEOUT_MS */
    uint32_t patience_ms;              /* for one store_apply(); 0: STORE_REDIS_PATIENCE_MS */
    /* Of the same server, group and secret, and not in a call: its connection, if it has one, goes
     * over to the new store; it makes itself another if it is used again. NULL: none. */
    struct store *before;
    bool is_looking; /* for store_look() alone: sends commands that read, and leaves no mark */
};
enum { STORE_REDIS_PATIENCE_MS = 10000 };

/* Connects and checks (redis_session.h). Not WEIR_OK: one clear line, the program ends with 3. */
MUST_USE enum weir_rc store_redis_new(const struct store_redis_options *o, struct store **out,
                                      struct weir_err *err);

/* Does the total fit into 0.8 of maxmemory? */
MUST_USE enum weir_rc store_redis_check_budget(struct store *s, struct weir_err *err);

/* Commands sent so far. */
uint64_t store_redis_commands(const struct store *s);

#endif
