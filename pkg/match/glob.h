/* glob.h - whole-value patterns of texts, single characters, character sets and runs.
 *
 * A value is read as characters of base/utf8.h: a well-formed UTF-8 sequence, else a single byte.
 * ONE and SET take one character, ANY takes any run of them, TEXT takes its own; no part
 * starts or ends inside a character.
 *
 * Compiled from the IR's struct glob. Between two ANY the left-most place is the best one, so
 * nothing is ever taken back across an ANY: matching costs at most value x pattern, and for a
 * run that has a text little more than finding that text.
 *
 * Memory   in the arena given; read-only afterwards.
 * Threads  a program is immutable: shared by all.
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

/* The longest text part, for a literal prefilter: every match contains it. Empty if there is none.
 */
struct str glob_required_text(const struct glob_program *g);

#endif
