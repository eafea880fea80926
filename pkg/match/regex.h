/* regex.h - regular expressions of rules: PCRE2, and libhs (Hyperscan) where PCRE2 could take long.
 *
 * PCRE2 in UTF mode with match and depth limits answers most. A pattern that can backtrack long is
 * compiled for libhs too, which is linear in the value, and values go there if it accepted the
 * pattern and the pattern is pure ASCII: as they are if they are ASCII too, else with one byte for
 * each character beyond, if the pattern cannot tell these apart and the value is well-formed. The
 * two agree on those, so the split is not visible. \d \s \w and caseless matching of letters: ASCII
 * classes; caseless by Unicode only on values with characters beyond ASCII. Newline is LF alone;
 * `$` without multiline also matches before a newline at the end, in both. A limit can only be met
 * in PCRE2, so a pattern that explodes may say REGEX_OVER_LIMIT of a value with a bad byte and
 * answer at once for its twin without.
 *
 * Memory   a compiled regex holds library memory: regex_free().
 * Threads  a compiled regex is shared; struct regex_scratch belongs to one thread.
 */
#ifndef WEIR_MATCH_REGEX_H
#define WEIR_MATCH_REGEX_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "rule/rule.h"

enum { REGEX_MATCH_LIMIT = 100000, REGEX_DEPTH_LIMIT = 10000, REGEX_PATTERN_MAX = 8192 };

struct match_regex;
struct regex_scratch;

/* WEIR_SYNTAX with PCRE2's message, or WEIR_LIMIT. */
MUST_USE enum weir_rc regex_compile(const struct regex *regex, struct match_regex **out,
                                    struct weir_err *err);
void regex_free(struct match_regex *re);
/* False if the installed libhs misses matches (regex_sound.c): then it is not used. Asked once, in
 * a few milliseconds. */
bool regex_library_is_sound(void);
/* False: a pattern that can backtrack long and that libhs does not take: a limit may be met, on any
 * value. */
bool regex_has_fast_path(const struct match_regex *re);
/* Values go to libhs, all or most. */
bool regex_is_linear(const struct match_regex *re);

/* Scratch that serves all regexes in the array. */
struct regex_scratch *regex_scratch_new(struct match_regex *const *all, size_t n);
void regex_scratch_free(struct regex_scratch *s);

enum regex_result { REGEX_NO, REGEX_YES, REGEX_OVER_LIMIT };
enum regex_result regex_test(const struct match_regex *re, struct regex_scratch *s,
                             struct str value, bool value_is_ascii);
/* The same of PCRE2 alone, whose word counts: for tests. */
enum regex_result regex_test_pcre(const struct match_regex *re, struct regex_scratch *s,
                                  struct str value, bool value_is_ascii);

/* Texts of which every match contains at least one, for a literal prefilter; the caller folds them
 * and the values by ASCII. From simple analysis: the longest run of characters of a
 * branch, groups without optional quantifier, the union over alternatives. If the pattern is
 * caseless, no text has a k or an s (PCRE2 lets them match U+212A and U+017F). n = 0 if nothing is
 * proven (then every value must be asked); a text may be as short as one byte. */
enum { REGEX_TEXTS_MAX = 64 };
size_t regex_required_texts(struct arena *a, const struct regex *regex,
                            struct str out[REGEX_TEXTS_MAX]);

#endif
