/* check_effective.h - `weir check --effective RULE`: what a rule is after its overlays, each value
 * with the place that it comes from.
 *
 *     VALUE           from the rule's file, or
 *     VALUE           from overlay NAME (FILE:LINE:COL, reason, until)
 */
#ifndef WEIR_APP_CHECK_EFFECTIVE_H
#define WEIR_APP_CHECK_EFFECTIVE_H

#include "app/rules.h"
#include "base/buf.h"

/* Lines for people, or one JSON object and a newline. */
void check_effective(const struct rule_book *b, const struct rule *rule, bool is_table,
                     struct buf *out);

#endif
