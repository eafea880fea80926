/* ruleset.h - one version of everything that decides what events mean: immutable, shared by all
 * lanes, replaced as a whole.
 *
 * Made aside by the loader (app/run.c owns how rules are read), compared with the reference
 * evaluator on events made of the rules' own literals, then published. A lane takes the newest at
 * a batch edge (ruleset_take) and gives back the one it had; the last to give it back frees it.
 *
 * Tenants  rules and graph exist once per tenant: index r of tenant t is t * n_rules + r in the
 *          graph. Tenants with lists of their own have an engine of their own.
 * Threads  take and release from any thread.
 */
#ifndef WEIR_WORKER_RULESET_H
#define WEIR_WORKER_RULESET_H

#include "base/base.h"
#include "base/err.h"
#include "correlate/graph.h"
#include "detect/engine.h"
#include "event/profile.h"

struct ruleset {
    struct str generation; /* hash over all that says what the rules mean */
    struct rule *const *rules;
    size_t n_rules;
    const struct profile_set *profiles;
    const struct graph *graph;     /* of all tenants */
    struct engine *const *engines; /* by tenant; several may be the same. Lanes use siblings */
    const struct extract_options *extract; /* by input of the configuration */
    const struct str *inputs;
    size_t n_tenants, n_inputs;
    uint64_t number; /* 1, 2, 3 ... in this process */
    void *book;      /* the loader's */
};

/* Load the rules as the configuration says now. Called on the reload thread, and once at start. */
typedef enum weir_rc ruleset_load_fn(void *context, struct ruleset *out, struct weir_err *err);
typedef void ruleset_free_fn(void *context, struct ruleset *r);

struct ruleset_shelf; /* the newest, and who holds older ones */

struct ruleset_shelf *ruleset_shelf_new(ruleset_load_fn *load, ruleset_free_fn *release,
                                        void *context);
void ruleset_shelf_free(struct ruleset_shelf *s);

/* Load, verify, publish. Not WEIR_OK: the old one stays, err says why. changed: false if the
 * generation is the one in force. */
MUST_USE enum weir_rc ruleset_reload(struct ruleset_shelf *s, bool *changed, struct weir_err *err);

/* The newest; held until it is released. */
const struct ruleset *ruleset_take(struct ruleset_shelf *s);
void ruleset_release(struct ruleset_shelf *s, const struct ruleset *r);
/* One atomic load: is there a newer one than this? */
bool ruleset_is_old(const struct ruleset_shelf *s, const struct ruleset *r);

#endif
