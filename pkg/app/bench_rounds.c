/* bench_rounds.c - rounds over bytes in memory, on one thread or several.
 *
 * The alerts of a round go to /dev/null through the same writer that a replay uses; a new one per
 * round, so that counting occurrences starts afresh and rounds are alike.
 */
#include "app/bench_rounds.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "app/bench_alerts.h"
#include "app/bench_sample.h"
#include "app/measure.h"
#include "app/summary.h"
#include "base/str.h"

enum { MATCHES_OF_EVENT_MAX = 1024 /* that go into state */ };

/* One thread. Each lies in a block of its own, so that no two write to one cache line. */
struct runner {
    const struct bench_rounds_options *options;
    pthread_t thread;
    struct engine *engine;
    struct stream *stream;
    struct bench_alerts alerts; /* of this round */
    bool is_alerting;
    struct bench_state *state; /* NULL: no rule has state */
    struct gatherer *gatherer; /* with state */
    struct origin origin;
    int64_t first_ms, last_ms, shift_ms; /* of a round; of this round against the first */
    uint64_t shift_records;
    struct bench_totals own;
    enum weir_rc rc;
    struct weir_err err;
};

/* Time goes on from round to round: event times, and record numbers with them. */
static int64_t shifted(struct runner *r, const struct event *event, bool *is_standin)
{
    int64_t t_ms;

    *is_standin = !extract_time_ms(engine_worker(r->engine), event, &t_ms);
    if (*is_standin)
        t_ms = (int64_t)event->ref.record;
    if (r->own.n_span == 0 || t_ms < r->first_ms)
        r->first_ms = t_ms;
    if (r->own.n_span++ == 0 || t_ms > r->last_ms)
        r->last_ms = t_ms;
    return t_ms + r->shift_ms;
}

/* Matches to operations, and over to the state thread. */
static enum weir_rc to_state(struct runner *r, const struct event *event,
                             const struct profile *profile, int64_t t_ms,
                             const struct engine_match *matches, size_t n)
{
    uint32_t rules[MATCHES_OF_EVENT_MAX];
    struct event renewed = *event;

    n = n < MATCHES_OF_EVENT_MAX ? n : MATCHES_OF_EVENT_MAX;
    for (size_t i = 0; i < n; i++)
        rules[i] = matches[i].rule;
    renewed.ref.record += r->shift_records;
    struct gather_event e = {.event = &renewed,
                             .profile = profile,
                             .t_ms = t_ms,
                             .input = r->options->source->inputs[event->ref.input].name,
                             .origin = origin_options(&r->origin, event->ref.input)};
    gather(r->gatherer, &e, rules, n, bench_state_room(r->state));
    return bench_state_add(r->state, t_ms) ? WEIR_OK : WEIR_CLOSED;
}

static enum weir_rc on_batch(void *context, const struct event *events, const uint64_t *numbers,
                             size_t n, struct weir_err *err)
{
    struct runner *r = context;
    const struct engine_match *matches;
    double start = now_seconds();
    size_t n_matches = engine_run(r->engine, events, n, &matches);
    double matched = now_seconds();
    bool is_standin;

    (void)numbers;
    r->own.stages.match += matched - start;
    r->own.n_matches += n_matches;
    for (size_t at = 0, to; (r->is_alerting || r->state) && at < n_matches; at = to) {
        const struct event *event = &events[matches[at].event];
        const struct profile *profile =
            extract_shape(engine_worker(r->engine), event->shape)->profile;
        for (to = at; to < n_matches && matches[to].event == matches[at].event;)
            to++;
        if (r->state && to < n_matches)
            gather_expect(&events[matches[to].event]);
        int64_t t_ms = shifted(r, event, &is_standin);
        if (r->is_alerting)
            TRY(bench_alerts_write(&r->alerts, event, profile, t_ms, is_standin, matches + at,
                                   to - at, err));
        else
            TRY(to_state(r, event, profile, t_ms, matches + at, to - at));
    }
    if (r->is_alerting || r->state)
        r->own.stages.alert += now_seconds() - matched;
    return WEIR_OK;
}

static enum weir_rc open_alerts(struct runner *r, struct weir_err *err)
{
    const struct bench_rounds_options *o = r->options;

    r->is_alerting = true;
    return bench_alerts_init(&r->alerts, o->book, &o->engine->extract, o->source->inputs,
                             o->version, err);
}

/* What the round has brought; the next one's events are later. */
static enum weir_rc end_round(struct runner *r, struct weir_err *err)
{
    enum weir_rc rc = WEIR_OK;

    if (r->is_alerting) {
        r->own.n_alerts = output_lines(r->alerts.out);
        r->own.alert_bytes = output_bytes(r->alerts.out);
        bench_alerts_release(&r->alerts);
    }
    if (r->state)
        rc = bench_state_end_round(r->state, err);
    if (r->own.n_span)
        r->shift_ms += r->last_ms - r->first_ms + 1;
    r->shift_records += stream_counts(r->stream)->records;
    return rc;
}

/* One round; *seconds is what it took. */
static enum weir_rc run_round(struct runner *r, double *seconds, struct weir_err *err)
{
    stream_reset(r->stream);
    r->own.n_matches = 0;
    if (r->options->is_alerting)
        TRY(open_alerts(r, err));
    double start = now_seconds(), cpu = cpu_seconds();
    uint64_t cycles = __builtin_ia32_rdtsc();
    enum weir_rc rc = bench_feed(r->stream, r->options->source, r->options->texts, err);
    if (rc == WEIR_OK)
        rc = end_round(r, err);
    *seconds = now_seconds() - start;
    r->own.all_cycles += __builtin_ia32_rdtsc() - cycles;
    r->own.cpu_seconds += cpu_seconds() - cpu;
    return rc;
}

static bool is_enough(const struct runner *r)
{
    const struct bench_totals *t = &r->own;

    if (t->n_rounds == BENCH_ROUNDS_MAX)
        return true;
    if (r->options->rounds)
        return t->n_rounds >= r->options->rounds;
    return t->n_rounds > 0 && t->seconds >= r->options->seconds;
}

/* Warms caches, tables and scratch memory. */
static void *warm_up(void *context)
{
    struct runner *r = context;
    double seconds;

    r->rc = run_round(r, &seconds, &r->err);
    r->own.stages = (struct bench_stages){0};
    r->own.cpu_seconds = 0;
    return NULL;
}

static void *measure(void *context)
{
    struct runner *r = context;
    struct bench_totals *t = &r->own;
    double seconds;

    while (r->rc == WEIR_OK && !is_enough(r)) {
        r->rc = run_round(r, &seconds, &r->err);
        t->seconds += seconds;
        t->rates[t->n_rounds++] =
            (double)stream_counts(r->stream)->events / (seconds > 0 ? seconds : 1e-9);
    }
    return NULL;
}

/* ---- all threads ------------------------------------------------------------------------ */

/* Call fn for each runner, each on a thread; the first on this one. */
static enum weir_rc on_threads(struct runner **runners, size_t n, void *(*fn)(void *),
                               struct weir_err *err)
{
    enum weir_rc rc = WEIR_OK;
    size_t n_started = 1;

    for (; n_started < n; n_started++) {
        int code = pthread_create(&runners[n_started]->thread, NULL, fn, runners[n_started]);
        if (code != 0) {
            rc = err_set(err, WEIR_IO, "cannot start thread %zu of %zu: %s", n_started + 1, n,
                         strerror(code));
            break;
        }
    }
    if (rc == WEIR_OK)
        fn(runners[0]);
    for (size_t i = 1; i < n_started; i++)
        ASSERT(pthread_join(runners[i]->thread, NULL) == 0);
    for (size_t i = 0; i < n && rc == WEIR_OK; i++) {
        rc = runners[i]->rc;
        if (rc != WEIR_OK && err)
            *err = runners[i]->err;
    }
    return rc;
}

static struct runner *runner_new(const struct bench_rounds_options *o, struct engine *engine)
{
    struct runner *r = calloc(1, sizeof *r);

    ASSERT(r);
    r->options = o;
    r->engine = engine;
    r->stream =
        stream_new(engine_worker(engine), o->book->profiles, o->source->inputs, on_batch, r);
    r->own.rates = calloc(BENCH_ROUNDS_MAX, sizeof *r->own.rates);
    ASSERT(r->own.rates);
    return r;
}

static bool has_operators(const struct bench_rounds_options *o)
{
    for (size_t i = 0; i < o->book->n_rules; i++)
        if (o->book->rules[i]->correlation)
            return true;
    return false;
}

static enum weir_rc runner_open_state(struct runner *r, struct weir_err *err)
{
    const struct bench_rounds_options *o = r->options;
    struct state_options options = {
        .brake = 0, .score_lists = o->book->score_lists, .profiles = o->book->profiles};

    if (o->is_alerting || !has_operators(o))
        return WEIR_OK;
    TRY(bench_state_new(o->book->rules, o->book->n_rules, &options, &r->state, err));
    r->gatherer =
        gatherer_new(bench_state_graph(r->state), engine_fields(r->engine), o->book->profiles);
    origin_init(&r->origin, &o->engine->extract, o->source->inputs);
    return WEIR_OK;
}

static void runner_free(struct runner *r)
{
    if (r->state)
        origin_release(&r->origin);
    bench_state_free(r->state);
    gatherer_free(r->gatherer);
    bench_alerts_release(&r->alerts);
    stream_free(r->stream);
    bench_totals_release(&r->own);
    free(r);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void add_up(struct runner *const *runners, size_t n, struct bench_totals *out)
{
    const struct bench_totals *first = &runners[0]->own;

    out->counts = *stream_counts(runners[0]->stream);
    out->n_matches = first->n_matches;
    out->n_alerts = first->n_alerts;
    out->alert_bytes = first->alert_bytes;
    out->rates = calloc(n * BENCH_ROUNDS_MAX, sizeof *out->rates);
    ASSERT(out->rates);
    for (size_t i = 0; i < n; i++) {
        const struct bench_totals *t = &runners[i]->own;
        ASSERT(t->n_matches == first->n_matches); /* the same bytes, the same rules */
        memcpy(out->rates + out->n_rounds, t->rates, t->n_rounds * sizeof *t->rates);
        out->n_rounds += t->n_rounds;
        out->seconds = t->seconds > out->seconds ? t->seconds : out->seconds;
        out->thread_seconds += t->seconds;
        out->cpu_seconds += t->cpu_seconds;
        out->stages.match += t->stages.match;
        out->stages.alert += t->stages.alert;
        out->all_cycles += t->all_cycles;
    }
    if (runners[0]->state) {
        out->has_state = true;
        out->state = bench_state_totals(runners[0]->state);
    }
    qsort(out->rates, out->n_rounds, sizeof *out->rates, by_value);
}

static enum weir_rc run_all(struct runner **runners, size_t n, struct bench_totals *out,
                            struct weir_err *err)
{
    TRY(on_threads(runners, n, warm_up, err));
    const struct stream_counts *counts = stream_counts(runners[0]->stream);
    uint64_t n_rejected = rejects_count(counts);
    if (counts->events == 0 && n_rejected)
        return err_set(
            err, WEIR_NOTFOUND,
            "the inputs hold no event, records rejected: %llu ('weir classify' says why)",
            (unsigned long long)n_rejected);
    if (counts->events == 0)
        return err_set(err, WEIR_NOTFOUND, "the inputs hold no event");
    TRY(on_threads(runners, n, measure, err));
    add_up(runners, n, out);
    return WEIR_OK;
}

enum weir_rc bench_rounds(struct engine *engine, const struct bench_rounds_options *o,
                          struct bench_totals *out, struct weir_err *err)
{
    struct runner *runners[ENGINE_THREADS_MAX];
    size_t n = o->threads;

    ASSERT(n >= 1 && n <= ENGINE_THREADS_MAX);
    *out = (struct bench_totals){0};
    for (size_t i = 0; i < n; i++)
        runners[i] = runner_new(o, i ? engine_sibling(engine) : engine);
    enum weir_rc rc = WEIR_OK;
    for (size_t i = 0; i < n && rc == WEIR_OK; i++)
        rc = runner_open_state(runners[i], err);
    if (rc == WEIR_OK)
        rc = run_all(runners, n, out, err);
    for (size_t i = 0; i < n; i++)
        runner_free(runners[i]);
    return rc;
}

void bench_totals_release(struct bench_totals *t)
{
    free(t->rates);
    *t = (struct bench_totals){0};
}
