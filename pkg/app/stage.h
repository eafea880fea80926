/* stage.h - the state stage of a replay: matched events in, findings out, in batches.
 *
 * Sits behind the collector (or the sorter): one thread, events in the order in which they are to
 * be seen. Batches end by number of events and bytes alone, so that what comes out is the same
 * however many threads match.
 *
 * Watermark  by time: the time of the newest event, since nothing older follows. As they arrive:
 *            the clock's (correlate/clock.h), each input being a partition; while inputs are still
 *            to come, nothing is known of their times and windows wait.
 * Memory     one batch of events, copied: about STAGE_BYTES_MAX.
 */
#ifndef WEIR_APP_STAGE_H
#define WEIR_APP_STAGE_H

#include "base/base.h"
#include "base/err.h"
#include "correlate/correlator.h"
#include "event/event.h"

enum { STAGE_BYTES_MAX = 16 * 1024 * 1024 };

/* The event that made a finding. */
struct stage_event {
    struct event_ref ref;
    const struct profile *profile;
    int64_t time_ms;
    bool time_is_standin;
    struct str record, transport; /* transport.h */
};

/* event NULL: told by a timer. Valid during the call. */
typedef enum weir_rc stage_fn(void *context, const struct finding *f,
                              const struct stage_event *event, struct weir_err *err);

/* seen: events that state has seen by now; watermark_ms: as far as it was told. */
typedef enum weir_rc stage_batch_fn(void *context, uint64_t seen, int64_t watermark_ms,
                                    bool is_last, struct weir_err *err);

struct stage_options {
    const struct graph *graph;
    struct store *store; /* the graph is attached to it */
    bool is_by_time;
    uint32_t n_inputs;
    stage_fn *fn;
    void *context;
    /* Goes on after a crash: so many events state has seen already (they are passed over), and how
     * far time had come. */
    uint64_t seen;
    int64_t watermark_ms; /* INT64_MIN: from the beginning */
    /* After each batch, and after the end (is_last); NULL: nobody asks. */
    stage_batch_fn *batch;
    correlator_signal_fn *hear; /* each signal of an operator; NULL: nobody */
};

struct stage;

struct stage *stage_new(const struct stage_options *o);
void stage_free(struct stage *s);

/* An event was read: matched or not (pick.h, mark_fn). Not needed by time. */
void stage_mark(struct stage *s, uint32_t input, const struct profile *profile, int64_t t_ms);

/* A matched event with its operations, after its mark. */
MUST_USE enum weir_rc stage_add(struct stage *s, const struct stage_event *e, struct str gathered,
                                struct weir_err *err);

/* The batch ends here: nothing more comes for a while. */
MUST_USE enum weir_rc stage_pause(struct stage *s, struct weir_err *err);

/* What waits for a full batch. flush: no event comes any more, windows and findings end. */
MUST_USE enum weir_rc stage_finish(struct stage *s, bool flush, struct weir_err *err);

struct stage_counts {
    struct correlator_counts correlator;
    uint64_t late_events;
    uint64_t evicted, shrunk, capsules_refused, cells_refused;
};
struct stage_counts stage_counts(const struct stage *s);

#endif
