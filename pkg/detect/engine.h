/* engine.h - from batches of events to matches: by the compiled matcher, or by the reference
 * evaluator that it must equal (for tests).
 *
 * Memory   the rules and profiles must outlive the engine.
 * Threads  an engine belongs to one thread. Others get engines of their own over the same compiled
 *          rules: engine_sibling(). What is asked about an engine's past covers its siblings
 *          too; only while none of them runs.
 */
#ifndef WEIR_DETECT_ENGINE_H
#define WEIR_DETECT_ENGINE_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "detect/origin.h"
#include "event/event.h"
#include "event/extract.h"
#include "event/field.h"
#include "match/list_view.h"
#include "rule/rule.h"

enum { ENGINE_BATCH_MAX = 128 /* events of one call */ };
enum { ENGINE_THREADS_MAX = 64 /* that one command matches on */ };

enum engine_kind { ENGINE_COMPILED, ENGINE_REFERENCE };

struct engine_options {
    enum engine_kind kind;
    bool no_routing, no_cache;
    struct extract_options extract;
    const struct origin_input *inputs; /* by number; may be NULL for the compiled matcher */
    const struct str *fields;          /* extracted besides those of the rules (graph.h) */
    size_t n_fields;
    const struct list_view *lists; /* what stands on lists at first; NULL: nothing */
};

struct engine_match {
    uint32_t event; /* index into the batch */
    uint32_t rule;  /* index into the rules */
};

struct engine;

MUST_USE enum weir_rc engine_new(struct rule *const *rules, size_t n,
                                 const struct profile_set *profiles,
                                 const struct engine_options *options, struct engine **out,
                                 struct weir_err *err);
/* With its siblings. */
void engine_free(struct engine *e);

/* Another engine over the same compiled rules, for another thread: nothing that is written is
 * shared. Belongs to `e`, which is no sibling itself. */
struct engine *engine_sibling(struct engine *e);

/* What stands on lists from the next batch on, for this thread's engine alone. The view has the
 * same slots; it must outlive its use. */
void engine_use_lists(struct engine *e, const struct list_view *lists);

/* The fields that events are extracted by. */
const struct field_table *engine_fields(const struct engine *e);

/* What extracts the events for engine_run(). */
struct extract_worker *engine_worker(struct engine *e);

/* Matches of a batch of at most ENGINE_BATCH_MAX events, ordered by event, then rule; valid
 * until the next call. */
size_t engine_run(struct engine *e, const struct event *events, size_t n,
                  const struct engine_match **out);

/* What became of one shape so far. */
struct engine_shape {
    const struct shape *shape;
    uint64_t events;
    uint32_t rules_eligible;
};
/* Shapes that had events: most events first, then by name. The caller frees *out. */
size_t engine_shapes(const struct engine *e, struct engine_shape **out);
/* Events that found a shape table full. */
uint64_t engine_shapes_overflowed(const struct engine *e);

/* Fields that eligible rules want and that no event of the shape had: the first `max` (those that
 * most rules want come first); returns how many there are. */
struct engine_unseen {
    struct str field;
    uint32_t rules; /* eligible rules that want it */
};
size_t engine_unseen(const struct engine *e, const struct shape *shape, struct engine_unseen *out,
                     size_t max);

/* False: nothing that is remembered outlives an event. */
bool engine_has_cache(const struct engine *e);

/* Events handed to the regex engines that ran into a limit (counted as no match). */
uint64_t engine_regex_limits(const struct engine *e);

/* The plan of a rule for people. */
void engine_dump_rule(const struct engine *e, uint32_t rule, struct buf *out);

/* What one rule did so far. Evaluations and cycles (of the time stamp counter) are those of one
 * batch in ENGINE_SAMPLE_EVERY, the first among them; zeros with the reference evaluator. */
enum { ENGINE_SAMPLE_EVERY = 64 };
struct engine_rule_use {
    uint64_t matches, evaluations, cycles;
};
struct engine_rule_use engine_rule_use(const struct engine *e, uint32_t rule);

/* ---- this thread's engine alone: asked by its thread while others run ---------------------- */

/* What the rule did since this was last asked of it. */
struct engine_rule_use engine_take_rule_use(struct engine *e, uint32_t rule);

/* Could the rule match what this engine has seen so far? An atom about a field that no event of a
 * shape had is taken as false there if it is so for missing fields; so `not` of it may hold. */
enum engine_sight {
    ENGINE_NO_SOURCE, /* no event of a shape that the rule may see */
    ENGINE_NO_FIELD,  /* of all such shapes the formula cannot become true */
    ENGINE_SEES       /* also always with the reference evaluator, which keeps no account */
};
enum engine_sight engine_sight(const struct engine *e, uint32_t rule);

#endif
