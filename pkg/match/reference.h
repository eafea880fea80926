/* reference.h - what a rule means, said slowly: the oracle of the matcher.
 *
 * Walks the IR over a whole parsed event, atom by atom, with its own plain code for folding,
 * text and globs (reference_text.h) and with PCRE2, interpreted, for every regex. The compiled
 * matcher must agree with it on every rule and event; a difference is a bug in one of the two.
 *
 * Values   text operations (EQ PREFIX SUFFIX CONTAINS GLOB REGEX, FIELD_CMP) see strings unescaped,
 *          numbers as written, true and false as these words; null, objects and empty arrays
 *          have no text and match nothing. CIDR asks strings. Numbers, truth values: number.h;
 *          parts of times, times: timepart.h (strings and numbers).
 * Missing  a field without any value is `miss`; FIELD_CMP is false if the other field is missing.
 *          EXISTS is true of any value; IS_NULL of a missing field or a member that is null.
 * Arrays   ANY, ALL, FIRST as they say; SINGLE is unknown if there is more than one member.
 *
 * Lists    looked up in the view given, as the matcher does: list_index.h, which has tests of its
 *          own. Times of events: event_tree_at_ms().
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
#include "match/list_view.h"
#include "rule/rule.h"

struct reference;

struct reference *reference_new(void);
void reference_free(struct reference *r);
/* What stands on lists, from now on; NULL: nothing. Must outlive its use. */
void reference_use_lists(struct reference *r, const struct list_view *lists);

enum truth reference_atom(struct reference *r, const struct atom *atom,
                          const struct event_tree *event);
enum truth reference_formula(struct reference *r, const struct formula *f,
                             const struct event_tree *event);
/* The rule's formula is true (routing is not asked: logsource_allows() is the caller's). */
bool reference_match(struct reference *r, const struct rule *rule, const struct event_tree *event);

/* Single steps, for evidence.h: does one member satisfy the atom, what is the truth of an atom
 * whose field is missing, and which text do text operations see (false: none). */
bool reference_value(struct reference *r, const struct atom *atom, const struct event_tree *event,
                     const struct field_value *value);
/* What a true atom rests on. */
struct atom_witness {
    const struct field_value *value; /* NULL: the field is missing */
    struct str field;                /* the atom's, or the one that ATOM_SOME_FIELD, _MEMBER met */
};
/* As reference_atom(); *by is valid until the next call. */
enum truth reference_atom_by(struct reference *r, const struct atom *atom,
                             const struct event_tree *event, struct atom_witness *by);
enum truth reference_truth_of_missing(const struct atom *atom);
bool reference_text_of(const struct field_value *value, struct str *text);
/* The row of the list that an ATOM_LIST found for this text; *list NULL: none. */
uint32_t reference_row(struct reference *r, const struct atom *atom, const struct event_tree *event,
                       const struct field_value *value, const struct list **list);

/* Fields that one ATOM_SOME_FIELD asks, in the order of event_names(): no more. */
enum { MATCH_NAMES_MAX = 4096 };

/* Regexes that ran into their match or depth limit (they count as no match). The limits are
 * REFERENCE_LIMIT_FACTOR times those of regex.h. */
enum { REFERENCE_LIMIT_FACTOR = 10 };
uint64_t reference_regex_limits(const struct reference *r);

/* One reason why a rule fired. */
struct match_evidence {
    struct str selection; /* label of the nearest labelled formula node, may be empty */
    const struct atom *atom;
    struct str field; /* for keywords: "@any"; for a pattern of names the one that was met */
    struct str value; /* the first member that satisfied the atom, in arena a; empty if the field
                         is missing or the member has no text */
    bool is_missing;  /* the atom holds because the field is absent */
    const struct list *list; /* ATOM_LIST: where the value stands, at `row`; else NULL */
    uint32_t row;
};

/* The true atoms that a true formula rests on (one branch of each OR: all true branches, atoms
 * under NOT are left out), in the rule's order, each (field, value) pair and atom once, at most
 * EVIDENCE_MAX. */
enum { EVIDENCE_MAX = 64 };
size_t reference_evidence(struct reference *r, struct arena *a, const struct rule *rule,
                          const struct event_tree *event, struct match_evidence **out);

#endif
