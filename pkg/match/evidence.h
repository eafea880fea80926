/* evidence.h - which atoms of a rule made it fire: reference_evidence(), for every alert.
 *
 * The same answer as the reference evaluator's (reference.h says what evidence is), which stays
 * the oracle: texts are compared with vector code, an atom is asked once, values are folded once
 * an event. What is rare (globs, regexes, numbers, networks, letters beyond ASCII) is asked of the
 * reference itself.
 *
 * Memory   what is returned lives in the finder and in the event, until the next begin.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_MATCH_EVIDENCE_H
#define WEIR_MATCH_EVIDENCE_H

#include "match/reference.h"

struct evidence_finder;

struct evidence_finder *evidence_finder_new(void);
void evidence_finder_free(struct evidence_finder *f);

/* What stands on lists, from now on; NULL: nothing. Must outlive its use. */
void evidence_use_lists(struct evidence_finder *f, const struct list_view *lists);

/* A new event: it must stay as it is until the next call. */
void evidence_begin(struct evidence_finder *f, const struct event_tree *event);

/* As reference_evidence(), of the event at hand. */
size_t evidence_of(struct evidence_finder *f, const struct rule *rule, struct match_evidence **out);

#endif
