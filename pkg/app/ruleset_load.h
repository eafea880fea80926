/* ruleset_load.h - rule sets as a worker's configuration says: what the shelf (worker/ruleset.h)
 * loads and frees.
 *
 *     struct ruleset_source source = {&config};
 *     shelf = ruleset_shelf_new(ruleset_load, ruleset_unload, &source);
 *
 * Tenants  those of the configuration, behind the default tenant if an input names none. Rules are
 *          loaded once, and once more for each tenant with lists of its own: the same rules must
 *          load with them.
 * Strict   a rule that does not load refuses the set, unless rules.skip_bad says to go on
 *          without it; so does anything wrong with a list, an overlay, a profile, a selection.
 *          With `state: none` so does a rule that needs state.
 * Memory   all that a set has goes with ruleset_unload(). The configuration must outlive it.
 */
#ifndef WEIR_APP_RULESET_LOAD_H
#define WEIR_APP_RULESET_LOAD_H

#include "base/base.h"
#include "base/err.h"
#include "worker/config.h"
#include "worker/ruleset.h"

struct ruleset_source {
    const struct config *config;
};

/* A ruleset_load_fn and a ruleset_free_fn; context: struct ruleset_source *. */
enum weir_rc ruleset_load(void *context, const struct ruleset *in_force, struct ruleset *out,
                          struct weir_err *err);
void ruleset_unload(void *context, struct ruleset *r);

#endif
