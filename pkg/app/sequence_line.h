/* sequence_line.h - complete sequences in what a replay writes as matches: one line each, with the
 * numbers of their events.
 *
 *     {"events":[3,5,9],"rule":"ID"}
 *
 * State sees of the rules only the sequences and their steps, so that the others cost nothing by
 * it; their operator lists the steps (operator.h, lists_steps), each under the number of its event.
 * Events of one time stand in the order in which they were read.
 *
 * Memory   rules and graph must outlive what is made of them; texts of steps are copied.
 * Threads  a step_texts belongs to one thread; everything else is pure.
 */
#ifndef WEIR_APP_SEQUENCE_LINE_H
#define WEIR_APP_SEQUENCE_LINE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "correlate/graph.h"
#include "correlate/record.h"

/* The rules as state is to see them, each in its place; NULL: there is no sequence among them. */
struct rule *const *sequence_line_rules(struct arena *a, struct rule *const *rules, size_t n);

/* The rule is a step of a sequence: nothing that is told by itself. */
bool sequence_line_is_step(const struct graph *g, uint32_t rule);

/* What a signal of this space says; NULL: it is about no complete sequence. */
const struct rule *sequence_line_rule(const struct graph *g, uint32_t space,
                                      const struct signal *s);

/* Numbers of the events in order, at most SEQUENCE_STAGES_MAX; returns how many. */
size_t sequence_line_events(const struct signal *s, uint64_t *out);

/* Which step each of n events is: the index of the sequence's input. */
void sequence_line_steps(const struct correlation *c, size_t n, uint32_t *out);

/* Append the line. */
void sequence_line_put(struct buf *out, struct str uid, const uint64_t *events, size_t n);

/* ---- what a table shows of steps that are long gone ------------------------------------------ */

struct step_texts;

struct step_texts *step_texts_new(void);
void step_texts_free(struct step_texts *t);

/* Of this event and rule; numbers never fall. Beyond STEP_TEXTS_MAX nothing is kept. */
enum { STEP_TEXTS_MAX = 100000 };
void step_texts_add(struct step_texts *t, uint64_t number, const struct rule *rule,
                    struct str text);
bool step_texts_has_room(const struct step_texts *t);
/* Empty: none. */
struct str step_texts_find(const struct step_texts *t, uint64_t number, const struct rule *rule);

#endif
