/* reference.h - what a rule means, said slowly: the oracle of the matcher.
 *
 * Walks the IR over a whole parsed event, atom by atom, with its own plain code for folding,
 * globs and numbers and with PCRE2 for every regex. The compiled matcher must agree with it
 * on every rule and event; a difference is a bug in one of the two.
 *
 * Also the source of evidence: which atoms of a rule made it fire (only matched events pay).
 *
 * Memory   caches (compiled regexes) live as long as the struct reference.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_MATCH_REFERENCE_H
#define WEIR_MATCH_REFERENCE_H

#include "base/arena.h"
#include "base/base.h"
#include "event/lookup.h"
#include "rule/rule.h"

enum truth { TRUTH_FALSE, TRUTH_UNKNOWN, TRUTH_TRUE };

struct reference;

struct reference *reference_new(void);
void reference_free(struct reference *r);

enum truth reference_atom(struct reference *r, const struct atom *atom, const struct event_tree *event);
enum truth reference_formula(struct reference *r, const struct formula *f,
                             const struct event_tree *event);
/* The rule's formula is true (routing is not asked: logsource_allows() is the caller's). */
bool reference_match(struct reference *r, const struct rule *rule, const struct event_tree *event);

/* Regexes that ran into their match or depth limit (they count as no match). */
uint64_t reference_regex_limits(const struct reference *r);

/* One reason why a rule fired. */
struct match_evidence {
    struct str selection;       /* label of the nearest labelled formula node, may be empty */
    const struct atom *atom;
    struct str field;           /* for keywords: "@any" */
    struct str value;           /* the member that satisfied the atom; empty if the field is missing */
    bool is_missing;            /* the atom holds because the field is absent */
};

/* The true atoms that a true formula rests on (one branch of each OR: all true branches, atoms
 * under NOT are left out), in the rule's order, each (field, value) pair and atom once, at most
 * EVIDENCE_MAX. */
enum { EVIDENCE_MAX = 64 };
size_t reference_evidence(struct reference *r, struct arena *a, const struct rule *rule,
                          const struct event_tree *event, struct match_evidence **out);

#endif
