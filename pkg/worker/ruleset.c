/* ruleset.c - the shelf: a list of sets with holders, the newest first.
 *
 * Taking and giving back happens once per lane and reload, so a lock guards it. What lanes ask at
 * every batch edge, whether there is a newer one, is one atomic load.
 */
#include "worker/ruleset.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/str.h"
#include "detect/verify.h"

struct held {
    struct ruleset set; /* first: what is handed out */
    uint32_t holders;   /* the shelf is one for the newest; Lock: shelf */
    struct held *next;  /* older, or retired, too; Lock: shelf */
};

struct ruleset_shelf {
    ruleset_load_fn *load;
    ruleset_free_fn *release;
    void *context;
    ruleset_announce_fn *announce; /* NULL: nobody asks */
    void *announce_context;

    pthread_mutex_t loading; /* one reload at a time */
    pthread_mutex_t lock;    /* guards newest, holders, next, siblings of engines, and these: */
    struct held *newest;
    struct held *retired;       /* that nobody holds, until ruleset_sweep() */
    ruleset_retired_fn *retire; /* NULL: who gives a set back last frees it */
    void *retire_context;
    atomic_uint_fast64_t number; /* of the newest; release: pairs with ruleset_is_old() */
};

struct ruleset_shelf *ruleset_shelf_new(ruleset_load_fn *load, ruleset_free_fn *release,
                                        void *context)
{
    struct ruleset_shelf *s = calloc(1, sizeof *s);

    ASSERT(s);
    s->load = load;
    s->release = release;
    s->context = context;
    ASSERT(pthread_mutex_init(&s->lock, NULL) == 0);
    ASSERT(pthread_mutex_init(&s->loading, NULL) == 0);
    return s;
}

static void lock(struct ruleset_shelf *s)
{
    ASSERT(pthread_mutex_lock(&s->lock) == 0);
}

static void unlock(struct ruleset_shelf *s)
{
    ASSERT(pthread_mutex_unlock(&s->lock) == 0);
}

static void free_held(struct ruleset_shelf *s, struct held *h)
{
    s->release(s->context, &h->set);
    free(h);
}

/* One holder less; what nobody holds any more is taken off and returned, to be freed without the
 * lock. Lock: held */
static struct held *drop(struct ruleset_shelf *s, struct held *h)
{
    ASSERT(h->holders > 0);
    if (--h->holders > 0)
        return NULL;
    for (struct held **at = &s->newest; *at; at = &(*at)->next)
        if (*at == h) {
            *at = h->next;
            return h;
        }
    ASSERT(h == NULL); /* a set that is not on the shelf */
    return NULL;
}

void ruleset_sweep(struct ruleset_shelf *s)
{
    lock(s);
    struct held *h = s->retired;
    s->retired = NULL;
    unlock(s);
    for (struct held *next; h; h = next) {
        next = h->next;
        free_held(s, h);
    }
}

void ruleset_shelf_on_retired(struct ruleset_shelf *s, ruleset_retired_fn *fn, void *context)
{
    lock(s);
    s->retire = fn;
    s->retire_context = context;
    unlock(s);
}

void ruleset_shelf_free(struct ruleset_shelf *s)
{
    if (!s)
        return;
    ruleset_sweep(s);
    struct held *last = s->newest ? drop(s, s->newest) : NULL;
    if (last)
        free_held(s, last);
    ASSERT(!s->newest); /* somebody holds one */
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->loading);
    free(s);
}

/* ---- a reload ------------------------------------------------------------------------------ */

/* Every engine against the reference evaluator. */
static enum weir_rc verify(const struct ruleset *r, struct weir_err *err)
{
    for (size_t i = 0; i < r->n_engines; i++) {
        const struct ruleset_engine *e = &r->engines[i];
        struct verify_subject subject = {.engine = e->engine,
                                         .rules = e->rules,
                                         .n_rules = r->n_rules,
                                         .profiles = r->profiles,
                                         .options = &e->options};
        struct verify_counts counts;
        TRY(verify_engine(&subject, &counts, err));
    }
    return WEIR_OK;
}

static void publish(struct ruleset_shelf *s, struct held *h)
{
    lock(s);
    struct held *old = s->newest;
    h->holders = 1;
    h->next = old;
    h->set.number = old ? old->set.number + 1 : 1;
    if (s->announce)
        s->announce(s->announce_context, &h->set);
    s->newest = h;
    struct held *gone = old ? drop(s, old) : NULL;
    atomic_store_explicit(&s->number, h->set.number, memory_order_release);
    unlock(s);
    if (gone)
        free_held(s, gone);
}

void ruleset_shelf_announce(struct ruleset_shelf *s, ruleset_announce_fn *fn, void *context)
{
    lock(s);
    s->announce = fn;
    s->announce_context = context;
    unlock(s);
}

/* Only reloads change the newest, and there is one at a time. */
static bool is_in_force(struct ruleset_shelf *s, const struct ruleset *r)
{
    lock(s);
    bool is_same = s->newest && str_eq(s->newest->set.generation, r->generation);
    unlock(s);
    return is_same;
}

/* *out: the set that is to be published; NULL: it is the one in force, or it failed. */
static enum weir_rc load_new(struct ruleset_shelf *s, struct held **out, struct weir_err *err)
{
    struct held *h = calloc(1, sizeof *h);

    ASSERT(h);
    *out = NULL;
    const struct ruleset *in_force = ruleset_take(s);
    enum weir_rc rc = s->load(s->context, in_force, &h->set, err);
    bool is_shared = rc == WEIR_OK && in_force && ruleset_same_rules(&h->set, in_force);
    ruleset_release(s, in_force);
    if (rc != WEIR_OK) {
        free(h);
        return rc;
    }
    bool is_new = !is_in_force(s, &h->set);
    rc = is_new && !is_shared ? verify(&h->set, err) : WEIR_OK;
    if (is_new && rc == WEIR_OK)
        *out = h;
    else
        free_held(s, h);
    return rc;
}

enum weir_rc ruleset_reload(struct ruleset_shelf *s, bool *changed, struct weir_err *err)
{
    struct held *h;

    ASSERT(pthread_mutex_lock(&s->loading) == 0);
    enum weir_rc rc = load_new(s, &h, err);
    *changed = h != NULL;
    if (h)
        publish(s, h);
    ASSERT(pthread_mutex_unlock(&s->loading) == 0);
    return rc;
}

/* ---- who uses them ------------------------------------------------------------------------- */

const struct ruleset *ruleset_take(struct ruleset_shelf *s)
{
    lock(s);
    struct held *h = s->newest;
    if (h)
        h->holders++;
    unlock(s);
    return h ? &h->set : NULL;
}

void ruleset_release(struct ruleset_shelf *s, const struct ruleset *r)
{
    if (!r)
        return;
    lock(s);
    struct held *gone = drop(s, (struct held *)(uintptr_t)r);
    if (gone && s->retire) {
        gone->next = s->retired;
        s->retired = gone;
        gone = NULL;
        s->retire(s->retire_context);
    }
    unlock(s);
    if (gone)
        free_held(s, gone);
}

bool ruleset_is_old(const struct ruleset_shelf *s, const struct ruleset *r)
{
    /* acquire: pairs with publish() */
    return atomic_load_explicit(&s->number, memory_order_acquire) != r->number;
}

struct engine *ruleset_engine(struct ruleset_shelf *s, const struct ruleset *r, size_t i)
{
    ASSERT(i < r->n_engines);
    lock(s);
    struct engine *own = engine_sibling(r->engines[i].engine);
    unlock(s);
    engine_use_lists(own, r->engine_lists[i]);
    return own;
}
