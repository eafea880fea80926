/* select.h - which of the loaded rules take part: by status, level, tag, product, id, path.
 *
 * A rule takes part if it fits every kind of term that is given, and none of the
 * exclusions. Terms repeat and may be lists with commas: one that fits is enough.
 *
 *   level          one name: that level and above; a list: exactly those ("=high": only high)
 *   status         names; "none" is a rule that states no status
 *   tag, id, path  globs (* ? [..]) without case; a path also fits from any of its directories on
 *   product        names without case; "none" is a rule that names no product
 *
 * Errors   WEIR_BADARG, with one line that names the nearest word.
 */
#ifndef WEIR_APP_SELECT_H
#define WEIR_APP_SELECT_H

#include "app/text_list.h"
#include "base/base.h"
#include "base/err.h"
#include "rule/rule.h"

struct select_terms {
    struct text_list status, level, tag, product, id, path;
};

/* A struct of zeros selects everything. */
struct select_options {
    struct select_terms only, except;
};

/* Refuses names of levels and statuses that do not exist, with the nearest one as a hint. */
MUST_USE enum weir_rc select_check(const struct select_options *o, struct weir_err *err);

bool select_rule(const struct select_options *o, const struct rule *rule);
/* Of a document that gave no rule only these are known. */
bool select_document(const struct select_options *o, struct str uid, struct str path);

void select_release(struct select_options *o);

#endif
