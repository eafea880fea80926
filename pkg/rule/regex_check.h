/* regex_check.h - is this a regex that the matcher will take, and at what cost?
 *
 * Front ends call it at load, so that a bad pattern is an error at its place in the rule and
 * not a surprise at compile time. The judge is PCRE2, with the limits the matcher uses.
 */
#ifndef WEIR_RULE_REGEX_CHECK_H
#define WEIR_RULE_REGEX_CHECK_H

#include "base/arena.h"
#include "base/base.h"
#include "rule/rule.h"

enum { REGEX_LENGTH_MAX = 8192 }; /* as in match/regex.h */

struct regex_fault {
    char text[160];
    size_t offset; /* byte of the pattern, in 0 .. pattern.n */
};

/* WEIR_OK, WEIR_SYNTAX or WEIR_LIMIT; *fault is written in the two latter cases. */
MUST_USE enum weir_rc regex_check(const struct regex *re, struct regex_fault *fault);

/* `{,n}` is `{0,n}` to Python, and to PCRE2 from 10.43 on; before that it is text. The pattern with
 * the zero written, in the arena; the same if there is none. `{,}` stays text: PCRE2 takes it for
 * that ever after. */
struct str regex_with_least_counts(struct arena *a, struct str pattern);

/* May it look ahead for something that must be there? PCRE2 10.42 then expects a text to have its
 * first character twice if the pattern also ends with it: "(?=a)b*a" misses "a", by JIT and by
 * interpreter. So such patterns are compiled with PCRE2_NO_START_OPTIMIZE. */
bool regex_looks_ahead(struct str pattern);

/* The name of the first construct that no automaton can do in one pass ("look-around",
 * "a back reference", "an atomic group" ...), NULL if there is none: such a pattern is matched by
 * backtracking, within limits. Only for patterns that regex_check() passed. */
const char *regex_slow_construct(struct str pattern);

#endif
