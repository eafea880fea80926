/* bench.h - `weir bench`: how many events a second some threads take through the rules.
 *
 * Inputs are unpacked into memory first; then rounds run over them (bench_rounds.h).
 *
 * Threads  figures of events and bytes a second are those of all threads in sum: all their rounds
 *          in the time of the thread that took longest. Of single rounds (median, slowest,
 *          fastest): the round's rate on its thread, times the threads. Figures by the CPU
 *          second and by stage are those of one thread on the average.
 *
 * Stages   a batch costs two or three readings of the clock (some 50 ns, below 1 ns an event), so
 *          each run also tells what matching and alerts took. Splitting is measured alone, in a
 *          round of its own; what is left is scanning, classifying and extracting. The time in
 *          formulas is known by sampling (engine.h), each evaluation with the 10 ns that asking the
 *          counter takes.
 * Sample   rules_sample cuts the rule set down to some of those that can see the inputs
 *          (bench_sample.h).
 * Literals is_literals measures the literal engine alone (bench_literal.h). */
#ifndef WEIR_APP_BENCH_H
#define WEIR_APP_BENCH_H

#include "app/emit.h"
#include "app/outcome.h"
#include "app/rules.h"

enum { BENCH_COSTLY_RULES = 20 /* that --profile-rules names */ };

struct bench_options {
    struct rule_options rules;
    struct text_list inputs;
    struct str profile;
    enum emit_format format;
    double seconds;  /* at least one round is run */
    uint64_t rounds; /* of each thread; 0: as many as fit */
    uint64_t threads;
    bool is_alerting, no_cache;
    bool is_literals, is_profiling_rules;
    uint64_t rules_sample, seed; /* rules_sample 0: all rules, also those that see nothing */
    enum engine_kind engine;
    struct str version;
};

enum exit_code bench_run(const struct bench_options *o);

#endif
