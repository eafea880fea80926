/* regex_batch.c - distinct regexes as jobs in an array, and a thread that does them in order.
 *
 * The join helps: both take the next job off a counter. Creating the thread publishes the jobs to
 * it and joining it publishes what it made; nothing else is shared. Where no thread can be had,
 * the join does all.
 */
#include "match/regex_batch.h"

#include "base/hash.h"
#include "base/str.h"

#include <pthread.h>
#include <stdatomic.h>

struct job {
    const struct atom *atom; /* the first of the plan with this regex */
    struct match_regex *made;
    enum weir_rc rc;
    struct weir_err why;
};

struct regex_batch {
    struct job *jobs;
    uint32_t n_jobs;
    atomic_uint n_taken; /* jobs begun, and more once all are */
    uint32_t *job_of;    /* plan atom -> job, of ATOM_REGEX only */
    pthread_t thread;
    bool has_thread;
};

static uint32_t count_regexes(const struct plan *plan)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < plan->n_atoms; i++)
        n += plan->atoms[i].atom->op == ATOM_REGEX;
    return n;
}

/* Number the jobs; `slots` is a hash table of jobs + 1, at most half full. */
static void collect(struct regex_batch *b, const struct plan *plan, uint32_t *slots, uint32_t mask)
{
    for (uint32_t i = 0; i < plan->n_atoms; i++) {
        const struct atom *x = plan->atoms[i].atom;
        if (x->op != ATOM_REGEX)
            continue;
        uint32_t at = (uint32_t)hash_str(x->regex.pattern) & mask;
        while (slots[at] && !regex_equal(&b->jobs[slots[at] - 1].atom->regex, &x->regex))
            at = (at + 1) & mask;
        if (!slots[at]) {
            b->jobs[b->n_jobs++].atom = x;
            slots[at] = b->n_jobs;
        }
        b->job_of[i] = slots[at] - 1;
    }
}

static void *work(void *context)
{
    struct regex_batch *b = context;

    for (;;) {
        /* relaxed: only who takes which job; what it made is published by pthread_join() */
        uint32_t i = atomic_fetch_add_explicit(&b->n_taken, 1, memory_order_relaxed);
        if (i >= b->n_jobs)
            return NULL;
        struct job *job = &b->jobs[i];
        job->rc = regex_compile(&job->atom->regex, &job->made, &job->why);
    }
}

struct regex_batch *regex_batch_start(struct arena *a, const struct plan *plan)
{
    struct regex_batch *b = ARENA_NEW(a, struct regex_batch);
    uint32_t n = count_regexes(plan), size = 2;

    while (size < 2 * n)
        size *= 2;
    b->jobs = ARENA_ARRAY(a, n, struct job);
    b->job_of = ARENA_ARRAY(a, plan->n_atoms, uint32_t);
    collect(b, plan, ARENA_ARRAY(a, size, uint32_t), size - 1);
    b->has_thread = b->n_jobs > 0 && pthread_create(&b->thread, NULL, work, b) == 0;
    return b;
}

enum weir_rc regex_batch_join(struct regex_batch *b, struct arena *a, struct match_regex ***all,
                              uint32_t *n, struct weir_err *err)
{
    const struct job *failed = NULL;

    work(b);
    if (b->has_thread)
        ASSERT(pthread_join(b->thread, NULL) == 0);
    *all = ARENA_ARRAY(a, b->n_jobs, struct match_regex *);
    *n = 0;
    for (uint32_t i = 0; i < b->n_jobs; i++) {
        const struct job *job = &b->jobs[i];
        if (job->rc == WEIR_OK)
            (*all)[(*n)++] = job->made;
        else if (!failed)
            failed = job;
    }
    if (!failed)
        return WEIR_OK;
    return err_at(err, failed->why.code, failed->atom->line, failed->atom->col, "%s",
                  failed->why.text);
}

struct match_regex *regex_batch_of(const struct regex_batch *b, uint32_t atom)
{
    return b->jobs[b->job_of[atom]].made;
}
