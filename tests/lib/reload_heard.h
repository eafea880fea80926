/* reload_heard.h - what a ruleset_reloader has told so far, to be waited for.
 *
 *     struct reload_heard h = RELOAD_HEARD;
 *     r = ruleset_reloader_new(shelf, reload_heard_note, &h);
 *     ruleset_reloader_ask(r);
 *     reload_heard_wait(&h, 1);
 *
 * Threads  the reloader's thread notes, another waits; the counters may be read once it has waited
 *          and asks for no more.
 */
#ifndef WEIR_TESTS_LIB_RELOAD_HEARD_H
#define WEIR_TESTS_LIB_RELOAD_HEARD_H

#include <pthread.h>

#include "base/err.h"

struct reload_heard {
    pthread_mutex_t lock;
    pthread_cond_t came;
    int n, n_changed, n_bad; /* Lock: lock */
};

#define RELOAD_HEARD                                                        \
    {                                                                       \
        .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER \
    }

/* A ruleset_outcome_fn. */
void reload_heard_note(void *context, enum weir_rc rc, bool changed, const struct weir_err *err);
/* Until n outcomes were told in all. */
void reload_heard_wait(struct reload_heard *h, int n);

#endif
