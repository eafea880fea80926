/* regex_pcre.h - how PCRE2 is asked, in one place: the fast regexes and the reference evaluator
 * must mean the same patterns.
 *
 * Private to pkg/match: nobody else includes pcre2.h.
 */
#ifndef WEIR_MATCH_REGEX_PCRE_H
#define WEIR_MATCH_REGEX_PCRE_H

#include "base/base.h"
#include "rule/rule.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* NULL with PCRE2's error and the byte of the pattern where it is. Not yet compiled by JIT. */
pcre2_code *regex_pcre_compile(const struct regex *regex, int *error, size_t *offset);

/* How much one match may cost; the heap limit goes with the depth. */
pcre2_match_context *regex_pcre_limits(uint32_t match_limit, uint32_t depth_limit);

#endif
