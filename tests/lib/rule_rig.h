/* rule_rig.h - rules as text, at work: engine, graph, gatherer and correlator over a store, and
 * what they tell. For tests of what lies between rules and findings.
 */
#ifndef WEIR_TESTS_LIB_RULE_RIG_H
#define WEIR_TESTS_LIB_RULE_RIG_H

#include "base/arena.h"
#include "correlate/correlator.h"
#include "detect/engine.h"
#include "lang/lang.h"

enum { RIG_TOLD_MAX = 4096, RIG_NAME = 40 };

struct rig_told {
    char rule[RIG_NAME], tenant[RIG_NAME], key[RIG_NAME]; /* key: its first value */
    uint8_t uid[16];
    enum finding_activity activity;
    uint64_t hits, cited; /* cited: hash of its capsules */
    bool is_braked, is_flood;
    int64_t entity_risk, by_list; /* points of addends; 0: none */
};

struct rule_rig {
    struct arena *arena;
    const struct profile_set *profiles;
    struct loaded_rules loaded;
    const struct graph *graph;
    struct engine *engine;
    struct gatherer *gatherer;
    struct store *store;
    struct correlator *correlator;
    struct buf gathered;
    uint32_t n_events; /* of the batch */
    struct rig_told told[RIG_TOLD_MAX];
    size_t n_told;
};

/* The store is the rig's from now on; all rules must load. options: profiles aside. */
struct rule_rig *rule_rig_new(const char *rules, const struct graph_options *options,
                              struct store *store);
void rule_rig_free(struct rule_rig *r);
/* As new, with another store: the rules, of which most of the time goes, are not loaded again. */
void rule_rig_restart(struct rule_rig *r, struct store *store);

/* An event of a tenant; position: with parts, of part 0. */
void rule_rig_event(struct rule_rig *r, uint32_t tenant, int64_t t_ms, uint64_t position,
                    const char *json);
/* The batch, without parts. What is told is appended to told. */
void rule_rig_run(struct rule_rig *r, int64_t watermark_ms);
/* The batch by the protocol: levels below n_levels, then it is told. */
void rule_rig_apply(struct rule_rig *r, const struct correlator_frame *frame,
                    struct store_at (*last)[STORE_SHARDS], uint32_t n_levels);

/* Records of a rule, tenant (NULL: any) and activity (0: any). */
size_t rule_rig_count(const struct rule_rig *r, const char *rule, const char *tenant,
                      enum finding_activity activity);

#endif
