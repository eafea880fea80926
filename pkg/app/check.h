/* check.h - `weir check`: a verdict per rule, with the lints that need profiles or the matcher.
 *
 * Lints added to those of the front end: a field that no profile of the rule's sources
 * has; a regex that the fast engine does not take. */
#ifndef WEIR_APP_CHECK_H
#define WEIR_APP_CHECK_H

#include "app/emit.h"
#include "app/outcome.h"
#include "app/rules.h"

struct check_options {
    struct rule_options rules;
    enum emit_format format;
    bool is_strict;           /* warnings are findings: exit code 1 */
    bool only_problems;       /* rules that are ok are counted, not listed */
    struct str effective;     /* print what this rule is with its overlays instead; empty: no */
    struct str plan;          /* print the plan of this rule instead; empty: no */
    struct text_list against; /* old rules: print what becomes of state instead; none: no */
};

/* EXIT_RULES if a rule is unsupported or in error (with skip_bad: if none is left). */
enum exit_code check_run(const struct check_options *o);

#endif
