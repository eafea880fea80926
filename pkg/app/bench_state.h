/* bench_state.h - the state thread of a benchmark: one behind each matching thread.
 *
 * Operations go over in batches; the state thread applies them to a store in the process and
 * counts what is found; nothing is written. Each round brings new events: their times go on where
 * the round before ended, so that windows move as they would.
 *
 * Threads  new, room, add, end_round and free: the matching thread.
 */
#ifndef WEIR_APP_BENCH_STATE_H
#define WEIR_APP_BENCH_STATE_H

#include "app/state.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "correlate/correlator.h"

struct bench_state_totals {
    struct correlator_counts counts; /* of all rounds so far, those that warm up included */
    uint64_t cells, cell_bytes, capsule_bytes;
    double cpu_seconds; /* of the state thread, all rounds */
    uint64_t events;    /* that led to operations, all rounds */
};

struct bench_state;

/* With a store and a graph of its own over the same rules. */
MUST_USE enum weir_rc bench_state_new(struct rule *const *rules, size_t n_rules,
                                      const struct state_options *options, struct bench_state **out,
                                      struct weir_err *err);
void bench_state_free(struct bench_state *s);

const struct graph *bench_state_graph(const struct bench_state *s);

/* What a matched event means is appended here (gather.h), where it stays until it is applied; then
 * it is added. */
struct buf *bench_state_room(struct bench_state *s);
/* All that was appended since. False: the state thread has failed. */
MUST_USE bool bench_state_add(struct bench_state *s, int64_t t_ms);

/* Wait until all that was added is applied. */
MUST_USE enum weir_rc bench_state_end_round(struct bench_state *s, struct weir_err *err);

/* Only between rounds. */
struct bench_state_totals bench_state_totals(const struct bench_state *s);

#endif
