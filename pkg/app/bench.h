/* bench.h - `weir bench`: how many events a second one thread takes through the rules.
 *
 * Inputs are unpacked into memory first. A round is everything that a worker does with bytes:
 * split, scan, extract, route, match; with is_alerting also write the alerts. One round warms up,
 * then rounds run for the time given. */
#ifndef WEIR_APP_BENCH_H
#define WEIR_APP_BENCH_H

#include "app/emit.h"
#include "app/outcome.h"
#include "app/rules.h"

enum { BENCH_ROUNDS_MAX = 100000 };

struct bench_options {
    struct rule_options rules;
    struct text_list inputs;
    struct str profile;
    enum emit_format format;
    double seconds;  /* at least one round is run */
    uint64_t rounds; /* 0: as many as fit */
    bool is_alerting, no_cache;
    enum engine_kind engine;
    struct str version;
};

enum exit_code bench_run(const struct bench_options *o);

#endif
