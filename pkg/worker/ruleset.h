/* ruleset.h - one version of everything that decides what events mean: immutable, shared by all
 * lanes, replaced as a whole.
 *
 * Made aside by the loader (app/ruleset_load.h), compared with the reference evaluator on events
 * made of the rules' own literals (detect/verify.h), then published. A lane takes the newest at a
 * batch edge (ruleset_take) and gives back the one it had. What nobody holds any more is freed by
 * the reloader's thread, which then gives the memory back to the system: a lane would stand still
 * for it. Where there is none, the last to give it back frees it.
 *
 *     ruleset_shelf_new(), ruleset_reload()     at start: the first set, or no start
 *     ruleset_take()                            each who uses one, for himself
 *     at a batch edge, if ruleset_is_old():     take the newest, make engines, gatherers and a
 *                                               correlator for it, release the old one
 *     ruleset_reloader_ask()                    HUP: on a thread of its own
 *
 * Tenants  rules and graph exist once per tenant: index r of tenant t is t * n_rules + r in the
 *          graph (graph.h). Tenants with lists of their own have an engine of their own.
 * Memory   a set costs what its engines cost, so for the time of a reload there are two; lanes
 *          that hold on to an old one make three.
 * Threads  take, release and is_old from any thread. Engines are siblings (ruleset_engine), one
 *          for each thread and set; they go with the set.
 */
#ifndef WEIR_WORKER_RULESET_H
#define WEIR_WORKER_RULESET_H

#include "base/base.h"
#include "base/err.h"
#include "correlate/graph.h"
#include "detect/engine.h"
#include "event/profile.h"

/* What the matching of some events is compiled from and to. */
struct ruleset_engine {
    struct rule *const *rules; /* as many, with the same uids, in every engine */
    struct engine_options options;
    struct engine *engine; /* threads use siblings */
};

/* An overlay that ends: said in health findings from RULESET_ENDS_MS before. */
#define RULESET_ENDS_MS (INT64_C(7) * 86400 * 1000)
struct ruleset_end {
    struct str overlay, target, reason, path;
    uint32_t line;
    int64_t expires_ms;
    bool is_exclusion; /* else settings */
};

struct ruleset {
    struct str generation;     /* hash over all that says what the rules mean */
    struct rule *const *rules; /* of the first tenant */
    size_t n_rules;
    const struct profile_set *profiles;
    const struct graph *graph; /* of all tenants */
    struct ruleset_engine *engines;
    size_t n_engines;
    /* Which engine: [tenant * n_inputs + input]. Inputs with a pinned profile or labels and tenants
     * with lists have their own, all others share one. UINT32_MAX: that input has no events of that
     * tenant. */
    const uint32_t *engine_of;
    const struct extract_options *extract; /* by input of the configuration */
    const struct origin_input *inputs;     /* names for people: the first topic or pattern */
    const struct str *tenants;             /* names; of the graph */
    size_t n_tenants, n_inputs;
    const struct list_view *const *lists;        /* what stands on them, by tenant ... */
    const struct list_view *const *engine_lists; /* ... and by engine */
    const struct ruleset_end *ends;
    size_t n_ends;
    uint64_t number; /* 1, 2, 3 ... in this process */
    /* The loader's. Two sets with the same book have the same rules, graph and engines: they differ
     * in generation, number and lists alone, and whoever changes over only tells its engines. */
    void *book;
    void *lists_book;
};

/* Load the rules as the configuration says now. Called on the reload thread, and once at start.
 * Anything that is wrong with a rule, a list or an overlay is a failure: a bad set never replaces
 * a good one. in_force: NULL at first; where only lists that are asked at run time have changed,
 * the new set shares its book, and nothing is compiled. number is not the loader's. */
typedef enum weir_rc ruleset_load_fn(void *context, const struct ruleset *in_force,
                                     struct ruleset *out, struct weir_err *err);
typedef void ruleset_free_fn(void *context, struct ruleset *r);

struct ruleset_shelf; /* the newest, and who holds older ones */

struct ruleset_shelf *ruleset_shelf_new(ruleset_load_fn *load, ruleset_free_fn *release,
                                        void *context);
/* Called with each set from now on, before anybody can take it. Must not ask the shelf. */
typedef void ruleset_announce_fn(void *context, const struct ruleset *r);
void ruleset_shelf_announce(struct ruleset_shelf *s, ruleset_announce_fn *fn, void *context);
/* From now on fn is told of each set that nobody holds any more, and it waits for ruleset_sweep().
 * Must not ask the shelf. NULL: who gives back frees. */
typedef void ruleset_retired_fn(void *context);
void ruleset_shelf_on_retired(struct ruleset_shelf *s, ruleset_retired_fn *fn, void *context);
/* Free what waits for it. */
void ruleset_sweep(struct ruleset_shelf *s);
/* Nobody holds any set. */
void ruleset_shelf_free(struct ruleset_shelf *s);

/* Load, verify, publish. Not WEIR_OK: the old one stays, err says why and names the rule. changed:
 * false if the generation is the one in force (nothing was replaced). One at a time. */
MUST_USE enum weir_rc ruleset_reload(struct ruleset_shelf *s, bool *changed, struct weir_err *err);

/* The newest; held until it is released. NULL before the first. */
const struct ruleset *ruleset_take(struct ruleset_shelf *s);
void ruleset_release(struct ruleset_shelf *s, const struct ruleset *r);
/* Only lists differ. */
static inline bool ruleset_same_rules(const struct ruleset *a, const struct ruleset *b)
{
    return a->book == b->book;
}

/* One atomic load: is there a newer one than this? */
bool ruleset_is_old(const struct ruleset_shelf *s, const struct ruleset *r);

/* An engine of the calling thread over engine `i` of a set that it holds; goes with the set. */
struct engine *ruleset_engine(struct ruleset_shelf *s, const struct ruleset *r, size_t i);

/* ---- on a thread of its own ------------------------------------------------------------------ */

/* What became of a reload; called on that thread. */
typedef void ruleset_outcome_fn(void *context, enum weir_rc rc, bool changed,
                                const struct weir_err *err);

struct ruleset_reloader;

/* From here on it is that thread, too, that frees old sets (ruleset_shelf_on_retired). */
struct ruleset_reloader *ruleset_reloader_new(struct ruleset_shelf *s, ruleset_outcome_fn *outcome,
                                              void *context);
/* Waits for a reload that is under way. */
void ruleset_reloader_free(struct ruleset_reloader *r);
/* Reload. While one is under way: once more behind it, however often this is called. Not for
 * signal handlers (it locks). */
void ruleset_reloader_ask(struct ruleset_reloader *r);
/* Memory that is free goes back to the system, on that thread: to be called now and then. */
void ruleset_reloader_tidy(struct ruleset_reloader *r);

#endif
