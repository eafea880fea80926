/* bench_alerts.h - what a benchmark with --alerts does with a match: one whole document each, dedup
 * and brake off, to /dev/null through the writer that a replay uses. */
#ifndef WEIR_APP_BENCH_ALERTS_H
#define WEIR_APP_BENCH_ALERTS_H

#include "alert/alert.h"
#include "detect/engine.h"
#include "detect/origin.h"
#include "app/output.h"
#include "app/rules.h"

struct bench_alerts {
    const struct rule_book *book;
    const struct origin_input *inputs;
    struct alert_writer *writer;
    struct output *out;
    struct origin origin;
    struct arena *arena; /* one event */
    uint64_t n_trees;
};

MUST_USE enum weir_rc bench_alerts_init(struct bench_alerts *a, const struct rule_book *book,
                                        const struct extract_options *extract,
                                        const struct origin_input *inputs, struct str version,
                                        struct weir_err *err);
void bench_alerts_release(struct bench_alerts *a);

/* The documents of one event's matches. */
MUST_USE enum weir_rc bench_alerts_write(struct bench_alerts *a, const struct event *event,
                                         const struct profile *profile, int64_t time_ms,
                                         bool time_is_standin, const struct engine_match *matches,
                                         size_t n, struct weir_err *err);

#endif
