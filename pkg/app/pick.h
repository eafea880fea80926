/* pick.h - from batches of events to those that match, each with its time. */
#ifndef WEIR_APP_PICK_H
#define WEIR_APP_PICK_H

#include "app/emit.h"
#include "app/engine.h"

/* Called for each event with a match, in order. Of e->event only ref and record are told. */
typedef enum weir_rc pick_fn(void *context, const struct emit_event *e, struct weir_err *err);

struct picker {
    struct engine *engine;
    int64_t time_start_ms;  /* stand-in of record 0 without a time */
    int64_t time_step_ms;   /* added per record */
    uint64_t time_standins; /* events that got one, matched or not */
    pick_fn *fn;
    void *context;
};

/* A stream_fn (stream.h); context: the picker. */
enum weir_rc pick_batch(void *picker, const struct event *events, const uint64_t *numbers, size_t n,
                        struct weir_err *err);

#endif
