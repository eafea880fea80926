/* reason.h - why a rule matched an event or did not: its formula as a tree of tests, each with what
 * the event had and what came of it, and those that decided.
 *
 * A test is one atom, or a run of atoms that a rule's author wrote as one: the alternatives of a
 * field (`Image|endswith: [a, b]`), or the parts that must all be in it (`|contains|all`).
 *
 * Deciding  the least tests that would have to come out otherwise for the rule's answer to be the
 *           other one; where there are several such sets, the tests of each. Each test is counted
 *           as free to do so, also where two ask the same thing.
 *
 * Memory   all in the arena given; values are slices of the event's tree.
 * Threads  belongs to the thread of the reference.
 * Limits   REASON_*: what is beyond is not listed, and counted in the `n_more` fields.
 */
#ifndef WEIR_MATCH_REASON_H
#define WEIR_MATCH_REASON_H

#include "base/buf.h"
#include "match/reference.h"

enum {
    REASON_VALUES_MAX = 8, /* of one field, shown */
    REASON_NEVER = 1 << 30 /* to_flip: whatever the event, as of a rule whose list is absent */
};

struct reason {
    enum formula_kind kind; /* AND, OR, NOT, CONST: children follow. ATOM: a test */
    enum truth truth;
    uint32_t depth;       /* 0: the rule's whole formula */
    struct str label;     /* name of the selection that begins here; mostly empty */
    struct str selection; /* name of the nearest one around; may be empty */
    bool is_deciding;     /* a test that decides */
    uint32_t to_flip;     /* how many tests would have to come out otherwise; or REASON_NEVER */
    /* A test: */
    const struct atom *const *atoms;
    size_t n_atoms;
    bool wants_all;                       /* of several atoms: all must hold, else one is enough */
    uint32_t n_true;                      /* atoms that hold */
    const struct atom *first_true;        /* NULL: none */
    struct str values[REASON_VALUES_MAX]; /* what the event has there, as text */
    size_t n_values, n_more;              /* both 0: the field is missing */
    struct reason *next;                  /* in the rule's order */
};

/* The rule's formula over the event, as a list in the rule's order. */
const struct reason *reason_of(struct reference *r, struct arena *a, const struct formula *formula,
                               const struct event_tree *event);

/* The atom to point at: the first that holds of a test that does, else the first. */
const struct atom *reason_atom(const struct reason *test);

/* The answer is one test away from the other one (to_flip of the first is 1). */
bool reason_is_near(const struct reason *whole);

/* "Image endswith any of "\\a.exe", "\\b.exe"" in the rule's own words; at most `max` operands,
 * then how many more there are. */
void reason_dump_test(struct buf *out, const struct reason *test, size_t max);

#endif
