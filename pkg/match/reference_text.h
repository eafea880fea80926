/* reference_text.h - the reference evaluator's own plain ways with text.
 *
 * Nothing here is shared with the compiled matcher but Unicode's fold table: what both use, a
 * comparison of the two could not find wrong.
 */
#ifndef WEIR_MATCH_REFERENCE_TEXT_H
#define WEIR_MATCH_REFERENCE_TEXT_H

#include "base/arena.h"
#include "base/base.h"
#include "rule/rule.h"

/* A folded copy. */
struct str reference_fold(struct arena *a, enum fold fold, struct str text);

/* op: ATOM_EQ, ATOM_PREFIX, ATOM_SUFFIX, ATOM_CONTAINS; both sides folded. */
bool reference_compare(enum atom_op op, struct str value, struct str text);

/* value folded; the texts and sets of the glob are folded here. Work: value x parts. */
bool reference_glob(struct arena *a, const struct glob *glob, enum fold fold, struct str value);

#endif
