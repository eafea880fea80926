/* glob.h - whole-value patterns of texts, single characters, character sets and runs.
 *
 * Compiled from the IR's struct glob. Matching is linear in the value for each run between two
 * ANY (greedy left-most search of each segment needs no backtracking across ANY).
 * ONE and SET consume one UTF-8 character; an invalid byte counts as one character.
 */
#ifndef WEIR_MATCH_GLOB_H
#define WEIR_MATCH_GLOB_H

#include "base/arena.h"
#include "base/base.h"
#include "rule/rule.h"

struct glob_program;

/* Texts are folded by `fold` at compile time; FOLD_NONE leaves them. */
const struct glob_program *glob_compile(struct arena *a, const struct glob *glob, enum fold fold);

/* value must be folded the same way. */
bool glob_match(const struct glob_program *g, struct str value);

/* The longest text part, for a literal prefilter: every match contains it. Empty if there is none. */
struct str glob_required_text(const struct glob_program *g);

#endif
