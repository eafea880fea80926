/* ruleset_reloader.c - a thread that reloads when it is asked: asks that come while it works are
 * one more reload behind that. */
#include "worker/ruleset.h"

#include <pthread.h>
#include <stdlib.h>

struct ruleset_reloader {
    struct ruleset_shelf *shelf;
    ruleset_outcome_fn *outcome;
    void *context;
    pthread_t thread;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t asked;
    bool is_asked, is_over;
};

/* False: it is over. */
static bool wait(struct ruleset_reloader *r)
{
    ASSERT(pthread_mutex_lock(&r->lock) == 0);
    while (!r->is_asked && !r->is_over)
        ASSERT(pthread_cond_wait(&r->asked, &r->lock) == 0);
    bool goes_on = !r->is_over;
    r->is_asked = false;
    ASSERT(pthread_mutex_unlock(&r->lock) == 0);
    return goes_on;
}

static void *work(void *context)
{
    struct ruleset_reloader *r = context;

    while (wait(r)) {
        struct weir_err err = {0};
        bool changed = false;
        enum weir_rc rc = ruleset_reload(r->shelf, &changed, &err);
        r->outcome(r->context, rc, changed, &err);
    }
    return NULL;
}

struct ruleset_reloader *ruleset_reloader_new(struct ruleset_shelf *s, ruleset_outcome_fn *outcome,
                                              void *context)
{
    struct ruleset_reloader *r = calloc(1, sizeof *r);

    ASSERT(r);
    r->shelf = s;
    r->outcome = outcome;
    r->context = context;
    ASSERT(pthread_mutex_init(&r->lock, NULL) == 0);
    ASSERT(pthread_cond_init(&r->asked, NULL) == 0);
    ASSERT(pthread_create(&r->thread, NULL, work, r) == 0);
    return r;
}

static void say(struct ruleset_reloader *r, bool *what)
{
    ASSERT(pthread_mutex_lock(&r->lock) == 0);
    *what = true;
    ASSERT(pthread_cond_signal(&r->asked) == 0);
    ASSERT(pthread_mutex_unlock(&r->lock) == 0);
}

void ruleset_reloader_ask(struct ruleset_reloader *r)
{
    say(r, &r->is_asked);
}

void ruleset_reloader_free(struct ruleset_reloader *r)
{
    if (!r)
        return;
    say(r, &r->is_over);
    ASSERT(pthread_join(r->thread, NULL) == 0);
    pthread_cond_destroy(&r->asked);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
