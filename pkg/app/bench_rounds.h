/* bench_rounds.h - rounds over bytes in memory, on one thread or several.
 *
 * A round is everything that a worker does with all bytes: split, scan, extract, route, match; on
 * wish also write the alerts, and with correlations apply their operations on a second thread. Each
 * thread runs rounds of its own over the same bytes, with an engine of its own: the threads share
 * nothing that is written and wait for nobody. One round a thread warms up, then all begin together
 * and go on until the time is over or the rounds are done.
 */
#ifndef WEIR_APP_BENCH_ROUNDS_H
#define WEIR_APP_BENCH_ROUNDS_H

#include "app/bench_state.h"
#include "detect/engine.h"
#include "app/rules.h"
#include "app/source.h"
#include "app/stream.h"

enum { BENCH_ROUNDS_MAX = 100000 /* of one thread */ };

struct bench_rounds_options {
    const struct rule_book *book;
    const struct engine_options *engine;
    const struct source *source;
    const struct buf *texts; /* one per input of `source` */
    uint64_t threads;        /* 1 to ENGINE_THREADS_MAX */
    double seconds;          /* a thread runs at least one round */
    uint64_t rounds;         /* of each thread; 0: as many as fit */
    bool is_alerting;
    struct str version;
};

/* Seconds by stage, of all threads; the rest is splitting, scanning and extracting. */
struct bench_stages {
    double match, alert;
};

struct bench_totals {
    /* Of one round. */
    struct stream_counts counts;
    uint64_t n_matches, n_alerts, alert_bytes;

    /* Of all measured rounds of all threads. */
    size_t n_rounds;
    double *rates;         /* events a second of each round on its thread, the slowest first */
    double seconds;        /* of the thread that took longest */
    double thread_seconds; /* of all threads in sum */
    double cpu_seconds;    /* the same on a core: other load does not count */
    struct bench_stages stages;
    bool has_state;
    struct bench_state_totals state; /* of the first thread, with its round that warms up */
    uint64_t n_span;                 /* events whose times were looked at */
    uint64_t all_cycles;             /* with the rounds that warm up, as rules count theirs */
};

/* The engine gets siblings. Release *out also after a failure. */
MUST_USE enum weir_rc bench_rounds(struct engine *engine, const struct bench_rounds_options *o,
                                   struct bench_totals *out, struct weir_err *err);
void bench_totals_release(struct bench_totals *t);

#endif
