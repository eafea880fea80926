/* emit.h - what a replay writes for the events that match: matches or alerts, as lines or as a
 * table, as they come or in order of event time.
 *
 * Of matches a sequence is one when it is complete (sequence_line.h), its steps are none. By time
 * all lines then wait for the end, to stand in the order of their (last) events; as they come, a
 * sequence is told when it is decided.
 *
 * Only matched events are sorted by time: the others move time along without saying anything, and
 * in an order without late events it is enough that the next one that speaks does so.
 *
 * Memory   what the options point to must outlive it; events are copied as far as they must wait.
 * Threads  belongs to one thread; that of the state behind it is stage.h's.
 * Errors   those of the output (output.h), of the temporary file (sorter.h) and of the store.
 */
#ifndef WEIR_APP_EMIT_H
#define WEIR_APP_EMIT_H

#include "alert/alert.h"
#include "app/progress.h"
#include "app/resume.h"
#include "app/stage.h"
#include "base/base.h"
#include "base/err.h"
#include "detect/origin.h"
#include "detect/pick.h"
#include "event/event.h"

/* STEPS: matches, but the steps of sequences as they match instead of whole sequences. */
enum emit_kind { EMIT_ALERTS, EMIT_MATCHES, EMIT_STEPS };
enum emit_format { FORMAT_AUTO, FORMAT_TABLE, FORMAT_JSON };

struct emit_options {
    enum emit_kind kind;
    enum emit_format format; /* AUTO: a table on a terminal, lines elsewhere */
    bool is_by_time;
    struct str path; /* empty: stdout. A file gets lines; a table, if asked for, goes to stdout */
    struct rule *const *rules; /* as the matcher numbers them */
    const struct profile_set *profiles;
    const struct extract_options *extract;
    const struct origin_input *inputs; /* by number */
    uint32_t n_inputs;
    struct alert_options alert;
    /* Alerts: the state they come from; the graph is attached to the store. Matches: that of
     * sequences; NULL: there are none. */
    const struct graph *graph;
    struct store *store;
    uint64_t *rule_matches; /* matches: complete sequences are counted here, by rule; not NULL */
    bool keeps;             /* at the end windows and findings stay open */
    struct resume *resume;  /* lines go through it; NULL: straight to the output */
};

struct emitter;

/* Opens the output. */
MUST_USE enum weir_rc emitter_new(const struct emit_options *options, struct emitter **out,
                                  struct weir_err *err);
/* Without emitter_finish() an output file does not appear. */
void emitter_free(struct emitter *m);

MUST_USE enum weir_rc emitter_add(struct emitter *m, const struct picked *e, struct weir_err *err);

/* A mark_fn (pick.h), if emitter_wants_marks(). */
void emitter_mark(void *emitter, uint32_t input, const struct profile *profile, int64_t t_ms);
bool emitter_wants_marks(const struct emitter *m);

/* What came so far is told, if it goes out as it comes (context: the emitter; source.h). */
enum weir_rc emitter_pause(void *emitter, struct weir_err *err);

/* Write what waits for its turn, and make the output appear. */
MUST_USE enum weir_rc emitter_finish(struct emitter *m, struct progress *progress,
                                     struct weir_err *err);

/* True if lines or rows go to a terminal while the run goes on (no progress bar then). */
bool emitter_streams_to_terminal(const struct emitter *m);
struct stage_counts emitter_stage_counts(const struct emitter *m);
uint64_t emitter_lines(const struct emitter *m);

#endif
