/* pipeline.h - events from files through the rules on N threads, matches out in input order.
 *
 *     reader -> N matching threads -> the calling thread
 *
 * The reader unpacks and splits; batches of whole records go round the matching threads in turn,
 * which decode, extract and match; the calling thread takes the results in the same turn. So what
 * comes out, and in which order, is the same for every N. With one thread all of it happens on
 * the calling thread and there are no batches.
 *
 * Memory   bounded: PIPELINE_DEPTH batches each way for every matching thread, each of about
 *          PIPELINE_BATCH_BYTES and at most one record more. Who is too fast waits.
 * Errors   what was read before an error is matched and told first. If fn fails, everything stops.
 */
#ifndef WEIR_APP_PIPELINE_H
#define WEIR_APP_PIPELINE_H

#include "detect/pick.h"
#include "app/progress.h"
#include "app/source.h"
#include "app/stream.h"

enum {
    PIPELINE_DEPTH = 4,
    PIPELINE_BATCH_BYTES = 256 * 1024, /* a batch is full with so many bytes, */
    PIPELINE_BATCH_RECORDS = 4096,     /* records */
    PIPELINE_BATCH_MATCHES = 16384     /* or matches */
};

struct pipeline_options {
    struct engine *engine; /* gets siblings for the other threads */
    size_t n_threads;      /* that match: 1 to ENGINE_THREADS_MAX */
    const struct source *source;
    const struct profile_set *profiles;
    int64_t time_start_ms, time_step_ms; /* pick.h */
    pick_fn *fn;                         /* on the calling thread */
    mark_fn *mark;                       /* likewise; NULL: nobody asks */
    void *context;
    /* On one thread only: nothing more has come for a while (a pipe); fn NULL: nobody asks. */
    struct source_pause pause;
    const struct graph *graph;             /* NULL: no state */
    const struct extract_options *extract; /* with a graph: constants of the events */
    struct progress *progress;
};

struct pipeline_totals {
    struct stream_counts counts;
    uint64_t time_standins, time_clamped;
    struct gather_counts gathered;
    unsigned n_damaged; /* files */
};

MUST_USE enum weir_rc pipeline_run(const struct pipeline_options *o, struct pipeline_totals *out,
                                   struct weir_err *err);

#endif
