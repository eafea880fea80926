/* parameter.h - what a rule lets its users set by a name of its own: `parameters` under `weir:`.
 *
 *     parameters:
 *         TimeWindow:                    # another name for a setting of a correlation
 *             sets: window
 *             description: how soon after it was read a token is used
 *         UserContext:                   # values for the placeholder %k8s_api_users%
 *             list: k8s_api_users
 *             description: accounts that use the interface as part of their work
 *         ConsentScope:                  # ... whose column `points` adds to the score besides
 *             list: consent_scopes
 *             weighs: ConsentScope       # the field whose values are looked up
 *             description: permissions, and what they weigh
 *
 * The default is what the rule says itself, or what stands in the list. An overlay sets a parameter
 * with `params: {NAME: VALUE}`; a list is replaced as all lists are.
 *
 * Settings     window threshold history training activation baseline half-life distance speed
 *              factor minimum, each for the kinds of correlations that have it. A threshold keeps
 *              its comparison.
 * Memory       in the arenas of the caller; the source must live until the rule is read.
 */
#ifndef WEIR_LANG_PARAMETER_H
#define WEIR_LANG_PARAMETER_H

#include "base/arena.h"
#include "base/base.h"
#include "doc/doc.h"
#include "lang/diag.h"
#include "lang/names.h"
#include "rule/correlation.h"
#include "rule/rule.h"

#define PARAMETERS_KEY "parameters"

/* The map onto the rule. False, with errors in the diag, if something in it is wrong. */
bool parameters_load(struct diag *d, struct names *names, const struct doc_node *map,
                     struct rule *rule);

/* Can this rule, as it is now, have its parameters that are settings? */
bool parameters_fit(struct diag *d, const struct rule *rule);

/* Lists as the parameters of a rule make them; NULL if it has none about lists. */
struct parameter_lists;
struct parameter_lists *parameter_lists_new(struct arena *a, const struct rule *rule,
                                            const struct list_source *below);
const struct list_source *parameter_lists_source(const struct parameter_lists *lists);
/* Once the rule is read: each list must have been asked for, or weigh. lists may be NULL. */
bool parameter_lists_check(struct diag *d, const struct parameter_lists *lists);

/* NULL if the rule has none of this name. */
const struct rule_parameter *parameter_find(const struct rule *rule, struct str name);
/* The nearest name of one, or an empty text. */
struct str parameter_nearest(struct arena *a, const struct rule *rule, struct str name);
/* Put a value on a correlation that fits. */
bool parameter_set(struct diag *d, const struct rule_parameter *p, const struct doc_node *value,
                   struct correlation *c);

#endif
