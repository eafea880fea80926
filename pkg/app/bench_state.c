/* bench_state.c - the state thread of a benchmark. */
#include "app/bench_state.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "app/measure.h"
#include "base/ring.h"

/* Events that matched: as many as a worker's batches have that is kept busy, or fewer. */
enum { BATCHES = 8, BATCH_EVENTS = 4096, BATCH_BYTES = 4 * 1024 * 1024 };

struct batch_event {
    size_t from, n;
    int64_t t_ms;
};

struct batch {
    struct buf bytes;
    struct batch_event events[BATCH_EVENTS];
    size_t n;
};

struct bench_state {
    struct arena *arena;
    struct state state;
    struct correlator *correlator;
    struct ring *work, *back;
    struct batch *batches; /* BATCHES */
    struct batch *at;      /* being filled */
    size_t from;           /* of the event at hand, in its bytes */
    pthread_t thread;
    bool has_thread;
    int64_t newest_ms; /* the state thread's, and what follows */
    double cpu_seconds;
    uint64_t n_events;
    enum weir_rc rc;
    struct weir_err err;
};

/* A correlator_fn: findings are counted by the correlator itself. */
static enum weir_rc ignore(void *context, const struct finding *f, uint32_t event,
                           struct weir_err *err)
{
    (void)context;
    (void)f;
    (void)event;
    (void)err;
    return WEIR_OK;
}

static void apply(struct bench_state *s, const struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct batch_event *e = &b->events[i];
        correlator_lend(s->correlator, (struct str){b->bytes.p + e->from, e->n},
                        &(struct correlator_event){.event = (uint32_t)i, .t_ms = e->t_ms});
        if (e->t_ms > s->newest_ms)
            s->newest_ms = e->t_ms;
    }
    s->n_events += b->n;
    s->rc = correlator_run(s->correlator, s->newest_ms, ignore, NULL, &s->err);
}

static void *state_main(void *context)
{
    struct bench_state *s = context;
    struct batch *b;

    while ((b = ring_pop(s->work)) != NULL) {
        if (s->rc == WEIR_OK)
            apply(s, b);
        b->n = 0;
        buf_clear(&b->bytes);
        s->cpu_seconds = cpu_seconds();
        ASSERT(ring_push(s->back, b)); /* there is room for all of them */
    }
    return NULL;
}

static enum weir_rc start(struct bench_state *s, struct weir_err *err)
{
    s->work = ring_new(BATCHES);
    s->back = ring_new(BATCHES);
    s->batches = calloc(BATCHES, sizeof *s->batches);
    ASSERT(s->batches);
    for (size_t i = 0; i < BATCHES; i++)
        ASSERT(ring_push(s->back, &s->batches[i]));
    int code = pthread_create(&s->thread, NULL, state_main, s);
    s->has_thread = code == 0;
    return code == 0 ? WEIR_OK : err_set(err, WEIR_IO, "cannot start a thread: %s", strerror(code));
}

enum weir_rc bench_state_new(struct rule *const *rules, size_t n_rules,
                             const struct state_options *options, struct bench_state **out,
                             struct weir_err *err)
{
    struct bench_state *s = calloc(1, sizeof *s);

    ASSERT(s);
    s->arena = arena_new(0);
    s->newest_ms = INT64_MIN;
    enum weir_rc rc = state_open(&s->state, s->arena, rules, n_rules, options, err);
    if (rc == WEIR_OK) {
        s->correlator = correlator_new(s->state.graph, s->state.store);
        rc = start(s, err);
    }
    if (rc != WEIR_OK) {
        bench_state_free(s);
        return rc;
    }
    *out = s;
    return WEIR_OK;
}

void bench_state_free(struct bench_state *s)
{
    if (!s)
        return;
    if (s->has_thread) {
        ring_close(s->work);
        ASSERT(pthread_join(s->thread, NULL) == 0);
    }
    for (size_t i = 0; s->batches && i < BATCHES; i++)
        buf_release(&s->batches[i].bytes);
    free(s->batches);
    if (s->work)
        ring_free(s->work);
    if (s->back)
        ring_free(s->back);
    correlator_free(s->correlator);
    state_release(&s->state);
    arena_free(s->arena);
    free(s);
}

const struct graph *bench_state_graph(const struct bench_state *s)
{
    return s->state.graph;
}

static bool send(struct bench_state *s)
{
    struct batch *b = s->at;

    s->at = NULL;
    return ring_push(s->work, b);
}

struct buf *bench_state_room(struct bench_state *s)
{
    if (!s->at)
        s->at = ring_pop(s->back);
    s->from = s->at->bytes.n;
    return &s->at->bytes;
}

bool bench_state_add(struct bench_state *s, int64_t t_ms)
{
    struct batch *b = s->at;
    size_t n = b->bytes.n - s->from;

    if (n == 0)
        return true;
    b->events[b->n++] = (struct batch_event){s->from, n, t_ms};
    buf_expect(&b->bytes, n); /* as a worker's reader does */
    return b->n < BATCH_EVENTS && b->bytes.n < BATCH_BYTES ? true : send(s);
}

enum weir_rc bench_state_end_round(struct bench_state *s, struct weir_err *err)
{
    struct batch *all[BATCHES];
    size_t n = 0;

    if (s->at)
        ASSERT(send(s));
    for (; n < BATCHES; n++) /* they come back when they are applied */
        all[n] = ring_pop(s->back);
    for (size_t i = 0; i < n; i++)
        ASSERT(ring_push(s->back, all[i]));
    if (s->rc != WEIR_OK)
        *err = s->err;
    return s->rc;
}

struct bench_state_totals bench_state_totals(const struct bench_state *s)
{
    struct bench_state_totals t = {.counts = correlator_counts(s->correlator),
                                   .cpu_seconds = s->cpu_seconds,
                                   .events = s->n_events};

    for (uint32_t i = 0; i < s->state.graph->n_spaces; i++) {
        struct store_stats stats = store_stats(s->state.store, i);
        t.cells += stats.cells + stats.small_cells;
        t.cell_bytes += stats.bytes;
        t.capsule_bytes += stats.capsule_bytes;
    }
    return t;
}
