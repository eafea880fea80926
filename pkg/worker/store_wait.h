/* store_wait.h - a worker that starts waits for a store that does not answer.
 *
 *     struct store_wait w = {.must_end = ..., .context = ...};
 *     do
 *         rc = a step that needs the store;
 *     while (store_wait_again(&w, &rc, &err));
 *
 * A store that is paused, restarts, loads or fails over while a worker starts is no reason to end:
 * one that runs waits for it, too. What another try cannot mend (a password, a certificate, a
 * policy) is told at once.
 *
 * Threads  none of its own: it sleeps in the caller's.
 */
#ifndef WEIR_WORKER_STORE_WAIT_H
#define WEIR_WORKER_STORE_WAIT_H

#include "base/base.h"
#include "base/err.h"

enum { STORE_WAIT_MS = 30000, STORE_WAIT_PAUSE_MS = 250 };

struct store_wait {
    bool (*must_end)(void *context);
    void *context;
    uint32_t ms;    /* of all steps together; 0: STORE_WAIT_MS */
    int64_t end_ms; /* on the monotonic clock; 0: nothing has failed yet */
};

/* True: *rc says that the store does not answer (WEIR_IO), there is time left, and the pause
 * before the next try is over. False: *rc and *err are the result; WEIR_CLOSED: asked to end. */
bool store_wait_again(struct store_wait *w, enum weir_rc *rc, struct weir_err *err);

#endif
