/* match_rig.c - see match_rig.h. */
#include "tests/lib/match_rig.h"

#include "tests/lib/test.h"

void match_rig_init(struct match_rig *g, struct rule **rules, size_t n, bool has_cache)
{
    const struct plan_options options = {0};
    struct weir_err err;

    const struct embed_file own[] = {{STR("own.yml"), g->profile},
                                     {STR("two.yml"), g->second_profile}};
    size_t n_own = g->second_profile.n ? 2 : g->profile.n ? 1 : 0;
    CHECK_EQ(profile_set_load_texts(g->a, own, n_own, &g->profiles, &err), WEIR_OK);
    g->plan = plan_new(g->a, rules, n, g->profiles, &options);
    CHECK_EQ(net_new(g->a, g->plan, &g->net, &err), WEIR_OK);
    g->worker = extract_worker_new(g->plan->extractor);
    g->matcher = matcher_new(g->net, g->worker, has_cache);
    g->reference = reference_new();
}

void match_rig_release(struct match_rig *g)
{
    reference_free(g->reference);
    matcher_free(g->matcher);
    extract_worker_free(g->worker);
    net_free(g->net);
    arena_free(g->a);
}
