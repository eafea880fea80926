/* exercise.h - what the tests of a rule have asked of it: which of its atoms were true and false of
 * some event, and which edges of its condition were reached (edges.h). An atom that was never true
 * could be anything, and no test would notice.
 *
 * Memory   in the arena given. Threads: belongs to one.
 */
#ifndef WEIR_APP_EXERCISE_H
#define WEIR_APP_EXERCISE_H

#include "base/arena.h"
#include "event/lookup.h"
#include "match/reference.h"
#include "rule/rule.h"

struct exercised_atom {
    const struct atom *atom;
    bool was_true, was_false; /* unknown is neither */
};

struct exercised {
    const struct rule *rule;
    struct exercised_atom *atoms; /* each once, in the rule's order */
    size_t n_atoms;
    uint64_t events; /* that the rule could see */
    unsigned edges;  /* of a correlation, reached: bits of enum edge */
};

struct exercise;

struct exercise *exercise_new(struct arena *a, struct reference *reference);

/* The rule has tests, whatever they show it. */
void exercise_rule(struct exercise *x, const struct rule *rule);
/* It saw this event; nothing if the event's source is not the rule's. */
void exercise_event(struct exercise *x, const struct rule *rule, const struct event_tree *event);

/* A play of the correlation has reached these edges. */
void exercise_edges(struct exercise *x, const struct rule *rule, unsigned edges);

size_t exercise_count(const struct exercise *x);
const struct exercised *exercise_at(const struct exercise *x, size_t i);

#endif
