/* post.c - what goes between a reader and its lane. */
#include "worker/post.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct post {
    pthread_mutex_t lock;  /* guards all but the atomics */
    pthread_cond_t bell;   /* the lane waits */
    pthread_cond_t let_go; /* the reader waits */
    bool has_rung;
    struct batch *full[POST_BATCHES], *empty[POST_BATCHES];
    size_t first, n_full, n_empty;
    struct kafka_partition *parts;
    size_t n_parts, cap_parts;
    struct kafka_partition *told; /* the lane's copy: the reader never touches it */
    size_t cap_told;
    uint64_t group, released;
    struct post_plan plan;
    bool has_plan;
    /* relaxed: hints, nothing hangs on when they are seen */
    _Atomic bool is_stopping, is_hungry, is_held;
    _Atomic int64_t group_ms;
};

void post_plan_size(struct post_plan *p, size_t n)
{
    if (n > p->cap) {
        p->seeks = reallocarray(p->seeks, n, sizeof *p->seeks);
        ASSERT(p->seeks);
        p->cap = n;
    }
    p->n = n;
}

void post_plan_release(struct post_plan *p)
{
    free(p->seeks);
    *p = (struct post_plan){0};
}

static void init_condition(pthread_cond_t *c)
{
    pthread_condattr_t a;

    ASSERT(pthread_condattr_init(&a) == 0);
    ASSERT(pthread_condattr_setclock(&a, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(c, &a) == 0);
    pthread_condattr_destroy(&a);
}

struct post *post_new(void)
{
    struct post *p = calloc(1, sizeof *p);

    ASSERT(p);
    ASSERT(pthread_mutex_init(&p->lock, NULL) == 0);
    init_condition(&p->bell);
    init_condition(&p->let_go);
    for (; p->n_empty < POST_BATCHES; p->n_empty++)
        p->empty[p->n_empty] = batch_new();
    atomic_init(&p->group_ms, INT64_MIN);
    return p;
}

void post_free(struct post *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n_empty; i++)
        batch_free(p->empty[i]);
    for (size_t i = 0; i < p->n_full; i++)
        batch_free(p->full[(p->first + i) % POST_BATCHES]);
    post_plan_release(&p->plan);
    free(p->parts);
    free(p->told);
    pthread_cond_destroy(&p->bell);
    pthread_cond_destroy(&p->let_go);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static void grow(struct kafka_partition **list, size_t *cap, size_t n)
{
    if (n <= *cap)
        return;
    *list = reallocarray(*list, n, sizeof **list);
    ASSERT(*list);
    *cap = n;
}

static void lock(struct post *p)
{
    ASSERT(pthread_mutex_lock(&p->lock) == 0);
}

static void unlock(struct post *p)
{
    ASSERT(pthread_mutex_unlock(&p->lock) == 0);
}

static struct timespec deadline(uint32_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

/* ---- reader -------------------------------------------------------------------------------- */

uint64_t post_assign(struct post *p, const struct kafka_partition *parts, size_t n)
{
    lock(p);
    grow(&p->parts, &p->cap_parts, n);
    if (n)
        memcpy(p->parts, parts, n * sizeof *parts);
    p->n_parts = n;
    uint64_t number = ++p->group;
    pthread_cond_signal(&p->bell);
    unlock(p);
    return number;
}

bool post_wait_release(struct post *p, uint32_t ms)
{
    struct timespec end = deadline(ms);
    int rc = 0;

    lock(p);
    while (p->released < p->group && rc == 0)
        rc = pthread_cond_timedwait(&p->let_go, &p->lock, &end);
    bool is_released = p->released >= p->group;
    unlock(p);
    return is_released;
}

static void exchange(struct post_plan *a, struct post_plan *b)
{
    struct post_plan keep = *a;

    *a = *b;
    *b = keep;
}

bool post_plan_take(struct post *p, struct post_plan *plan)
{
    lock(p);
    bool has = p->has_plan && p->plan.group == p->group;
    if (has)
        exchange(&p->plan, plan);
    p->has_plan = false;
    unlock(p);
    return has;
}

void post_push(struct post *p, struct batch *b)
{
    lock(p);
    ASSERT(p->n_full < POST_BATCHES);
    p->full[(p->first + p->n_full++) % POST_BATCHES] = b;
    pthread_cond_signal(&p->bell);
    unlock(p);
}

struct batch *post_empty(struct post *p)
{
    lock(p);
    struct batch *b = p->n_empty ? p->empty[--p->n_empty] : NULL;
    unlock(p);
    return b;
}

bool post_is_hungry(const struct post *p)
{
    return atomic_load_explicit(&p->is_hungry, memory_order_relaxed);
}

int64_t post_group_ms(const struct post *p)
{
    return atomic_load_explicit(&p->group_ms, memory_order_relaxed);
}

void post_set_held(struct post *p, bool is_held)
{
    atomic_store_explicit(&p->is_held, is_held, memory_order_relaxed);
}

/* ---- lane ---------------------------------------------------------------------------------- */

bool post_group(struct post *p, uint64_t *number, const struct kafka_partition **parts, size_t *n)
{
    lock(p);
    bool is_new = p->group > *number;
    if (is_new) {
        grow(&p->told, &p->cap_told, p->n_parts);
        if (p->n_parts)
            memcpy(p->told, p->parts, p->n_parts * sizeof *p->told);
        *parts = p->told;
        *n = p->n_parts;
        *number = p->group;
    }
    unlock(p);
    return is_new;
}

void post_release(struct post *p, uint64_t number)
{
    lock(p);
    p->released = number;
    pthread_cond_signal(&p->let_go);
    unlock(p);
}

void post_plan_put(struct post *p, struct post_plan *plan)
{
    lock(p);
    exchange(&p->plan, plan);
    p->has_plan = true;
    unlock(p);
}

struct batch *post_take(struct post *p)
{
    struct batch *b = NULL;

    lock(p);
    if (p->n_full) {
        b = p->full[p->first];
        p->first = (p->first + 1) % POST_BATCHES;
        p->n_full--;
    }
    atomic_store_explicit(&p->is_hungry, !b, memory_order_relaxed);
    unlock(p);
    return b;
}

void post_give(struct post *p, struct batch *b)
{
    lock(p);
    ASSERT(p->n_empty < POST_BATCHES);
    p->empty[p->n_empty++] = b;
    unlock(p);
}

void post_wait(struct post *p, uint64_t number, bool wants_batch, uint32_t ms)
{
    struct timespec end = deadline(ms);
    int rc = 0;

    lock(p);
    while (rc == 0 && !p->has_rung && p->group <= number && !(wants_batch && p->n_full) &&
           !post_is_stopping(p))
        rc = pthread_cond_timedwait(&p->bell, &p->lock, &end);
    p->has_rung = false;
    unlock(p);
}

void post_set_group_ms(struct post *p, int64_t watermark_ms)
{
    atomic_store_explicit(&p->group_ms, watermark_ms, memory_order_relaxed);
}

bool post_is_held(const struct post *p)
{
    return atomic_load_explicit(&p->is_held, memory_order_relaxed);
}

/* ---- anybody ------------------------------------------------------------------------------- */

void post_stop(struct post *p)
{
    atomic_store_explicit(&p->is_stopping, true, memory_order_relaxed);
    post_ring(p);
}

bool post_is_stopping(const struct post *p)
{
    return atomic_load_explicit(&p->is_stopping, memory_order_relaxed);
}

void post_ring(struct post *p)
{
    lock(p);
    p->has_rung = true;
    pthread_cond_signal(&p->bell);
    unlock(p);
}
