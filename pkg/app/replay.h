/* replay.h - `weir replay`: events from files or topics through the rules, alerts or matches out.
 */
#ifndef WEIR_APP_REPLAY_H
#define WEIR_APP_REPLAY_H

#include "app/emit.h"
#include "app/outcome.h"
#include "app/rules.h"
#include "app/state.h"
#include "app/stretch.h"

enum replay_order { ORDER_AUTO, ORDER_TIME, ORDER_ARRIVAL };

struct replay_options {
    struct rule_options rules;
    struct text_list inputs;
    struct stretch_options kafka; /* of inputs kafka://... */
    enum emit_kind emit;
    enum emit_format format;
    enum replay_order order; /* AUTO: by time, or as they arrive if stdin is an input */
    struct str out;          /* empty: stdout */
    struct str profile;      /* pinned; empty: classify */
    struct str tenant;
    struct state_options state;
    bool keeps;            /* at the end windows stay open */
    int64_t time_start_ms; /* stand-in of record 0 without a time */
    int64_t time_step_ms;  /* added per record */
    uint64_t threads;      /* that match; the output is the same for any number */
    bool is_deterministic, no_cache, is_quiet;
    enum alert_raw raw;
    enum engine_kind engine;
    struct str version;
};

enum exit_code replay_run(const struct replay_options *o);

#endif
