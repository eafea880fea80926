/* correlator.h - batches of operations through all levels of state, findings out.
 *
 * A batch is applied level by level: first what events concern directly, then what that has
 * signalled (later stages, dedup, correlations over correlations), then the storm brake, then
 * risk. In each level operations come before the timers that the new watermark has made due; so
 * when a level's timers run, everything older than the watermark has reached it.
 *
 *     correlator_add() for each event; when correlator_is_full(), or at a pause or an end:
 *     correlator_run(), which tells findings in the order of the events that made them, those of
 *     timers last; of one event and of the timers by sequence, so that a Create comes first
 *
 * What is told depends on the events and on where batches end, not on the store or on threads.
 *
 * Late      operations of late events are not applied to windows (counted); a rule that looks at
 *           single events folds them as of the watermark that they met.
 * Memory    one batch: CORRELATOR_EVENTS_MAX events or CORRELATOR_BYTES_MAX.
 * Threads   belongs to one thread.
 */
#ifndef WEIR_CORRELATE_CORRELATOR_H
#define WEIR_CORRELATE_CORRELATOR_H

#include "base/base.h"
#include "base/err.h"
#include "correlate/clock.h"
#include "correlate/gather.h"
#include "correlate/graph.h"
#include "correlate/pressure.h"
#include "correlate/record.h"
#include "state/finding.h"
#include "state/store.h"

enum { CORRELATOR_EVENTS_MAX = 4096, CORRELATOR_BYTES_MAX = 4 * 1024 * 1024 };

struct correlator;

struct correlator_counts {
    uint64_t operations; /* applied or skipped, of all levels */
    uint64_t late;       /* operations of late events, not applied */
    uint64_t creates, updates, closes, braked;
    struct pressure_counts pressure; /* its findings are among the creates */
    uint64_t signals;
    uint64_t damaged; /* records that could not be read back: always 0 */
    /* Records that another rule set has made and that mean nothing to this one: its rule is gone,
     * or has another state identity. Not told (docs/state.md, "Rule sets"). */
    uint64_t foreign;
};

/* The graph's spaces must be attached to the store. */
struct correlator *correlator_new(const struct graph *g, struct store *store);
void correlator_free(struct correlator *c);

/* One event's operations (gather.h), copied. `event` rises from 0 in each batch. */
struct correlator_event {
    uint32_t event;
    int64_t t_ms;
    struct clock_lateness lateness; /* zeros: in time */
    uint32_t part;     /* index into correlator_frame.parts, and the event's place in it; both 0 */
    uint64_t position; /* without parts */
};
void correlator_add(struct correlator *c, struct str gathered, const struct correlator_event *e);
/* The same without a copy: the bytes stay where they are until the run is over. */
void correlator_lend(struct correlator *c, struct str gathered, const struct correlator_event *e);
bool correlator_is_full(const struct correlator *c);

/* f is valid during the call. event: that of the batch which made it; UINT32_MAX: a timer. */
typedef enum weir_rc correlator_fn(void *context, const struct finding *f, uint32_t event,
                                   struct weir_err *err);

/* Hears each signal of an operator's stage (facts.h): `space` of the graph is where it comes from.
 * Also those that lay in the outbox. NULL: nobody. */
typedef void correlator_signal_fn(void *context, uint32_t space, const struct signal *s);
void correlator_hear(struct correlator *c, correlator_signal_fn *fn, void *context);

/* How far time has come; to go on where another correlator was. */
int64_t correlator_watermark(const struct correlator *c);
void correlator_set_watermark(struct correlator *c, int64_t watermark_ms);

/* ---- a batch at once: whoever keeps no partitions ------------------------------------------- */

/* Apply what was added; then no event that is not late is older than watermark_ms (INT64_MAX: no
 * event comes any more, everything ends). */
MUST_USE enum weir_rc correlator_run(struct correlator *c, int64_t watermark_ms, correlator_fn *fn,
                                     void *context, struct weir_err *err);

/* ---- level by level: whoever follows the protocol (store.h) ---------------------------------- */

/* correlator_begin(), correlator_apply() for each level from 0 up, correlator_tell(); after a
 * failure of apply the same level again, or correlator_drop(). */
struct correlator_frame {
    int64_t watermark_ms; /* before the batch */
    int64_t timer_ms;     /* see store_batch */
    const struct store_part *parts;
    size_t n_parts;
    const char *incarnation;
    bool is_sweep;
};

void correlator_begin(struct correlator *c);
MUST_USE enum weir_rc correlator_apply(struct correlator *c, uint32_t level,
                                       const struct correlator_frame *frame,
                                       enum store_answer *answer, struct weir_err *err);
/* Findings that were published already (store.h, is_restored) are not told. Ends the batch. */
MUST_USE enum weir_rc correlator_tell(struct correlator *c, correlator_fn *fn, void *context,
                                      struct weir_err *err);
/* The batch is given up: as if nothing had been added. */
void correlator_drop(struct correlator *c);

struct correlator_counts correlator_counts(const struct correlator *c);

#endif
