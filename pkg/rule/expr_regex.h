/* expr_regex.h - regexes inside expressions: matches, captures, replacements.
 *
 * Compiled at load by the front end, in the arena of the rule, so that evaluating asks for no
 * memory but the scope's and no table stands between the threads. PCRE2 alone, in UTF mode, with
 * the limits of match/regex.h: who meets one does not match.
 *
 * Memory   a compiled regex lives in the arena given: there is nothing to free.
 * Threads  immutable; matching writes only to the arena given to it.
 */
#ifndef WEIR_RULE_EXPR_REGEX_H
#define WEIR_RULE_EXPR_REGEX_H

#include "base/arena.h"
#include "base/base.h"
#include "rule/regex_check.h"
#include "rule/rule.h"

enum { EXPR_GROUPS_MAX = 64, EXPR_MATCH_LIMIT = 100000, EXPR_DEPTH_LIMIT = 10000 };

struct expr_regex;

/* WEIR_SYNTAX or WEIR_LIMIT with *fault, as regex_check(); more than EXPR_GROUPS_MAX groups are a
 * WEIR_LIMIT. */
MUST_USE enum weir_rc expr_regex_new(struct arena *a, const struct regex *re,
                                     const struct expr_regex **out, struct regex_fault *fault);

/* Groups, the whole match not counted. */
uint32_t expr_regex_groups(const struct expr_regex *re);
/* Name of group i (from 1); empty: it has none. */
struct str expr_regex_group_name(const struct expr_regex *re, uint32_t i);

/* Slices of the text; p is NULL where the group took no part. [0] is the whole match. */
struct expr_match {
    struct str groups[EXPR_GROUPS_MAX + 1];
    size_t end; /* of the match, in the text */
};

enum expr_regex_result { EXPR_REGEX_NO, EXPR_REGEX_YES, EXPR_REGEX_OVER_LIMIT };
/* The first match at byte `from` or behind it. out may be NULL. */
enum expr_regex_result expr_regex_match(const struct expr_regex *re, struct arena *space,
                                        struct str text, size_t from, struct expr_match *out);

#endif
