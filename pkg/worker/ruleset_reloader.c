/* ruleset_reloader.c - a thread that reloads when it is asked: asks that come while it works are
 * one more reload behind that. And one that cleans up: reading rules, compiling them and old sets
 * leave tens of megabytes free that the C library would keep, in other places after each reload;
 * so do answers of brokers and large batches, and nobody knows when. */
#include "worker/ruleset.h"

#include <pthread.h>
#include <stdlib.h>

#include "worker/heap.h"

struct ruleset_reloader {
    struct ruleset_shelf *shelf;
    ruleset_outcome_fn *outcome;
    void *context;
    pthread_t thread;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t asked;
    bool is_asked, must_tidy, is_over;
};

/* False: it is over. */
static bool wait(struct ruleset_reloader *r, bool *must_reload)
{
    ASSERT(pthread_mutex_lock(&r->lock) == 0);
    while (!r->is_asked && !r->must_tidy && !r->is_over)
        ASSERT(pthread_cond_wait(&r->asked, &r->lock) == 0);
    bool goes_on = !r->is_over;
    *must_reload = r->is_asked;
    r->is_asked = r->must_tidy = false;
    ASSERT(pthread_mutex_unlock(&r->lock) == 0);
    return goes_on;
}

static void reload(struct ruleset_reloader *r)
{
    struct weir_err err = {0};
    bool changed = false;
    enum weir_rc rc = ruleset_reload(r->shelf, &changed, &err);

    r->outcome(r->context, rc, changed, &err);
}

static void clean_up(struct ruleset_reloader *r)
{
    ruleset_sweep(r->shelf);
    heap_give_rest();
}

static void *work(void *context)
{
    struct ruleset_reloader *r = context;
    bool must_reload;

    while (wait(r, &must_reload)) {
        if (must_reload)
            reload(r);
        clean_up(r);
    }
    return NULL;
}

static void say(struct ruleset_reloader *r, bool *what)
{
    ASSERT(pthread_mutex_lock(&r->lock) == 0);
    *what = true;
    ASSERT(pthread_cond_signal(&r->asked) == 0);
    ASSERT(pthread_mutex_unlock(&r->lock) == 0);
}

/* A ruleset_retired_fn. */
static void note_retired(void *context)
{
    struct ruleset_reloader *r = context;

    say(r, &r->must_tidy);
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
    ruleset_shelf_on_retired(s, note_retired, r);
    return r;
}

void ruleset_reloader_ask(struct ruleset_reloader *r)
{
    say(r, &r->is_asked);
}

void ruleset_reloader_tidy(struct ruleset_reloader *r)
{
    say(r, &r->must_tidy);
}

void ruleset_reloader_free(struct ruleset_reloader *r)
{
    if (!r)
        return;
    ruleset_shelf_on_retired(r->shelf, NULL, NULL);
    say(r, &r->is_over);
    ASSERT(pthread_join(r->thread, NULL) == 0);
    clean_up(r);
    pthread_cond_destroy(&r->asked);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
