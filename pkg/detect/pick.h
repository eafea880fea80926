/* pick.h - from batches of events to those that match, each with its time and, where there is
 * state, the operations that it means for it. */
#ifndef WEIR_DETECT_PICK_H
#define WEIR_DETECT_PICK_H

#include "detect/engine.h"
#include "detect/origin.h"
#include "correlate/gather.h"

/* One event with at least one match. */
struct picked {
    const struct event *event;     /* its ref and record */
    const struct profile *profile; /* of its shape; NULL: not recognised */
    uint64_t number;
    int64_t time_ms;
    bool time_is_standin;
    const struct engine_match *matches;
    size_t n_matches;
    struct str gathered; /* operations on state (gather.h); empty without state */
};

/* Called for each event with a match, in order. Of e->event only ref and record are told. */
typedef enum weir_rc pick_fn(void *context, const struct picked *e, struct weir_err *err);

/* Called for an event, matched or not, that may be newer than all before it of its input and
 * profile; before pick_fn for the same event. */
typedef void mark_fn(void *context, uint32_t input, const struct profile *profile, int64_t t_ms);

struct picker {
    struct engine *engine;
    int64_t time_start_ms;  /* stand-in of record 0 without a time */
    int64_t time_step_ms;   /* added per record */
    uint64_t time_standins; /* events that got one, matched or not */
    uint64_t time_clamped;  /* events too far ahead of their record (when.h) */
    pick_fn *fn;
    mark_fn *mark; /* NULL: nobody asks how far time has come */
    void *context;

    struct gatherer *gatherer; /* NULL: no state */
    struct origin *origin;
    const struct origin_input *inputs; /* by number */

    /* Its own: the newest time that was marked for this input and profile. */
    uint32_t marked_input;
    const struct profile *marked_profile;
    int64_t marked_ms;
    bool has_marked;
    uint32_t *rules; /* of the event at hand */
    size_t cap_rules;
    struct buf gathered;
};

/* A picker without state or with (graph and inputs not NULL); release frees what it made. */
void picker_init(struct picker *p, struct engine *engine, const struct graph *graph,
                 const struct profile_set *profiles, const struct extract_options *extract,
                 const struct origin_input *inputs);
void picker_release(struct picker *p);

/* A stream_fn (stream.h); context: the picker. */
enum weir_rc pick_batch(void *picker, const struct event *events, const uint64_t *numbers, size_t n,
                        struct weir_err *err);

#endif
