/* match_rig.h - rules as formulas, at both engines, with the built-in profiles: for tests of
 * matching.
 *
 * Memory  the arena is the rig's; what the rules are made of may lie in it.
 */
#ifndef WEIR_TESTS_LIB_MATCH_RIG_H
#define WEIR_TESTS_LIB_MATCH_RIG_H

#include "base/arena.h"
#include "match/matcher.h"
#include "match/reference.h"
#include "plan/plan.h"

struct match_rig {
    struct arena *a;
    struct str profile;        /* text of one beside the built-in ones; empty: none */
    struct str second_profile; /* beside the first; empty: none */
    const struct profile_set *profiles;
    const struct plan *plan;
    const struct net *net;
    struct extract_worker *worker;
    struct matcher *matcher;
    struct reference *reference;
};

/* g->a is there already, and g->profile if there is one. */
void match_rig_init(struct match_rig *g, struct rule **rules, size_t n, bool has_cache);
void match_rig_release(struct match_rig *g);

#endif
