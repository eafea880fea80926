/* test_tenants.c - tenants with the same entities share nothing: no window, dedup, brake, risk or
 * budget; one's flood leaves the other exact. */
#include "correlate/graph.h"

#include <stdio.h>

#include "base/str.h"
#include "list/list.h"
#include "state/store_mem.h"
#include "tests/lib/rule_rig.h"
#include "tests/lib/test.h"

enum { ACME, GLOBEX, MINUTE = 60 * 1000 };

static const char rules[] =
    "title: A\nid: a\nname: a\nlevel: high\nlogsource: {}\n"
    "detection:\n  s: {act: a}\n  condition: s\n"
    "weir: {dedup: {fields: [user], period: 1h}}\n"
    "---\ntitle: Burst\nid: burst\nname: burst\nlevel: high\n"
    "correlation: {type: event_count, rules: [b], group-by: [user], timespan: 5m, "
    "condition: {gte: 3}}\n"
    "---\ntitle: B\nid: b\nname: b\nlogsource: {}\n"
    "detection:\n  s: {act: b}\n  condition: s\n"
    "---\ntitle: Risk\nid: risk\nname: risk\nlevel: high\n"
    "correlation: {type: risk, group-by: [user], condition: {gte: 100}}\n";

static const struct graph_tenant two[] = {{.name = {"acme", 4}}, {.name = {"globex", 6}}};

static struct rule_rig *rig_new(struct graph_options options)
{
    options.tenants = two;
    options.n_tenants = 2;
    options.secret = state_secret_test;
    return rule_rig_new(rules, &options, store_mem_new());
}

static void event(struct rule_rig *r, uint32_t tenant, int64_t t_ms, const char *act,
                  const char *user)
{
    char json[128];

    snprintf(json, sizeof json, "{\"act\":\"%s\",\"user\":\"%s\"}", act, user);
    rule_rig_event(r, tenant, t_ms, 0, json);
}

static const struct rig_told *told_of(const struct rule_rig *r, const char *rule,
                                      const char *tenant)
{
    for (size_t i = 0; i < r->n_told; i++)
        if (strcmp(r->told[i].rule, rule) == 0 && strcmp(r->told[i].tenant, tenant) == 0)
            return &r->told[i];
    return NULL;
}

TEST(hits_of_two_tenants_make_no_window_together)
{
    struct rule_rig *r = rig_new((struct graph_options){0});

    event(r, ACME, 1000, "b", "ann");
    event(r, GLOBEX, 2000, "b", "ann");
    event(r, ACME, 3000, "b", "ann");
    event(r, GLOBEX, 4000, "b", "ann");
    rule_rig_run(r, 4000);
    CHECK_EQ(rule_rig_count(r, "burst", NULL, 0), 0);
    event(r, ACME, 5000, "b", "ann");
    rule_rig_run(r, 5000);
    CHECK_EQ(rule_rig_count(r, "burst", "acme", FINDING_CREATE), 1);
    CHECK_EQ(rule_rig_count(r, "burst", "globex", 0), 0);
    CHECK_EQ(told_of(r, "burst", "acme")->hits, 3);
    rule_rig_free(r);
}

TEST(the_same_finding_of_two_tenants_is_two_with_uids_of_their_own)
{
    struct rule_rig *r = rig_new((struct graph_options){0});

    event(r, ACME, 1000, "a", "ann");
    event(r, GLOBEX, 1000, "a", "ann");
    event(r, GLOBEX, 2000, "a", "ann");
    rule_rig_run(r, 2000);
    CHECK_EQ(rule_rig_count(r, "a", "acme", FINDING_CREATE), 1);
    CHECK_EQ(rule_rig_count(r, "a", "globex", FINDING_CREATE), 1);
    const struct rig_told *x = told_of(r, "a", "acme"), *y = told_of(r, "a", "globex");
    CHECK(memcmp(x->uid, y->uid, sizeof x->uid) != 0);
    rule_rig_run(r, INT64_MAX);
    for (size_t i = 0; i < r->n_told; i++)
        if (r->told[i].activity == FINDING_CLOSE && strcmp(r->told[i].rule, "a") == 0)
            CHECK_EQ(r->told[i].hits, strcmp(r->told[i].tenant, "acme") == 0 ? 1 : 2);
    rule_rig_free(r);
}

TEST(the_default_tenant_names_findings_as_a_graph_without_tenants_does)
{
    static const struct graph_tenant with_default[] = {{.name = {"", 0}}, {.name = {"acme", 4}}};
    struct graph_options one = {.secret = state_secret_test}, more = one;

    more.tenants = with_default;
    more.n_tenants = 2;
    struct rule_rig *r = rule_rig_new(rules, &one, store_mem_new());
    struct rule_rig *s = rule_rig_new(rules, &more, store_mem_new());
    event(r, 0, 1000, "a", "ann");
    event(s, 0, 1000, "a", "ann");
    rule_rig_run(r, 1000);
    rule_rig_run(s, 1000);
    CHECK(memcmp(r->told[0].uid, s->told[0].uid, 16) == 0);
    for (uint32_t i = 0, n = 0; i < s->graph->n_spaces; i++) {
        const struct graph_space *space = &s->graph->spaces[i];
        if (s->graph->rules[space->rule].tenant == 1)
            continue;
        while (r->graph->spaces[n].rule != space->rule || r->graph->spaces[n].role != space->role)
            n++;
        CHECK(memcmp(r->graph->spaces[n].spec.identity, space->spec.identity, 16) == 0);
        n = 0;
        for (uint32_t k = 0; k < s->graph->n_spaces; k++)
            CHECK(k == i ||
                  memcmp(s->graph->spaces[k].spec.identity, space->spec.identity, 16) != 0);
    }
    rule_rig_free(r);
    rule_rig_free(s);
}

TEST(one_tenants_storm_does_not_brake_the_other)
{
    struct rule_rig *r = rig_new((struct graph_options){.brake_creates = 10});
    size_t n_braked = 0;

    for (int i = 0; i < 50; i++) {
        char user[16];
        snprintf(user, sizeof user, "u%d", i);
        event(r, ACME, 1000 + i, "a", user);
    }
    for (int i = 0; i < 10; i++) {
        char user[16];
        snprintf(user, sizeof user, "u%d", i);
        event(r, GLOBEX, 2000 + i, "a", user);
    }
    rule_rig_run(r, 3000);
    for (size_t i = 0; i < r->n_told; i++) {
        n_braked += r->told[i].is_braked;
        CHECK(!r->told[i].is_braked || strcmp(r->told[i].tenant, "acme") == 0);
    }
    CHECK_EQ(n_braked, 40);
    rule_rig_run(r, 10 * MINUTE);
    size_t n_floods = 0;
    for (size_t i = 0; i < r->n_told; i++)
        if (r->told[i].is_flood) {
            n_floods++;
            CHECK(strcmp(r->told[i].tenant, "acme") == 0);
        }
    CHECK_EQ(n_floods, 1);
    rule_rig_free(r);
}

/* Alerts of rules a and burst add up for one tenant; the other's alert finds nothing there. */
TEST(risk_adds_up_for_each_tenant_alone)
{
    struct rule_rig *r = rig_new((struct graph_options){0});

    event(r, ACME, 1000, "a", "ann");
    for (int i = 0; i < 3; i++)
        event(r, ACME, 2000 + i, "b", "ann");
    rule_rig_run(r, 3000);
    event(r, GLOBEX, 4000, "a", "ann");
    rule_rig_run(r, 5000);
    CHECK(told_of(r, "burst", "acme")->entity_risk > 0);
    CHECK_EQ(told_of(r, "a", "globex")->entity_risk, 0);
    rule_rig_run(r, 400 * MINUTE);
    CHECK_EQ(rule_rig_count(r, "risk", "acme", FINDING_CREATE), 1);
    CHECK_EQ(rule_rig_count(r, "risk", "globex", 0), 0);
    rule_rig_free(r);
}

TEST(lists_lift_the_scores_of_their_own_tenant)
{
    struct arena *arena = arena_new(0);
    struct list_set *set = list_set_new(arena);
    struct graph_tenant tenants[] = {{.name = STR("acme")}, {.name = STR("globex")}};
    struct graph_options options = {
        .tenants = tenants, .n_tenants = 2, .secret = state_secret_test};
    struct weir_err err;

    CHECK_EQ(list_set_add_text(set, STR("sensitive_values"), STR("x.csv"), STR(""),
                               STR("value,points\nann,7\n"), &err),
             WEIR_OK);
    CHECK_EQ(addends_new(arena, set, (struct str_list){0}, &tenants[ACME].lists, &err), WEIR_OK);
    struct rule_rig *r = rule_rig_new(rules, &options, store_mem_new());
    event(r, GLOBEX, 1000, "a", "ann");
    event(r, ACME, 1000, "a", "ann");
    rule_rig_run(r, 1000);
    CHECK_EQ(told_of(r, "a", "acme")->by_list, 7);
    CHECK_EQ(told_of(r, "a", "globex")->by_list, 0);
    rule_rig_free(r);
    arena_free(arena);
}

/* A window of globex' is open while acme brings so many keys that its spaces give some up. */
TEST(one_tenants_flood_of_keys_leaves_the_other_exact)
{
    struct rule_rig *r = rig_new((struct graph_options){.budget_bytes = 256 * 1024});
    uint64_t given_up[2] = {0};

    event(r, GLOBEX, 1000, "b", "ann");
    event(r, GLOBEX, 1001, "b", "ann");
    rule_rig_run(r, 1001);
    for (int i = 0; i < 30000; i++) {
        char user[16];
        snprintf(user, sizeof user, "u%d", i);
        for (int k = 0; k < 2; k++)
            event(r, ACME, 2000 + i / 10, "b", user);
        if (i % 500 == 0)
            rule_rig_run(r, 2000);
    }
    event(r, GLOBEX, 6000, "b", "ann");
    rule_rig_run(r, 6000);
    for (uint32_t i = 0; i < r->graph->n_spaces; i++) {
        struct store_stats s = store_stats(r->store, i);
        given_up[r->graph->rules[r->graph->spaces[i].rule].tenant] +=
            s.evicted + s.cells_refused + s.shrunk;
    }
    CHECK(given_up[ACME] > 0);
    CHECK_EQ(given_up[GLOBEX], 0);
    CHECK_EQ(rule_rig_count(r, "burst", "globex", FINDING_CREATE), 1);
    CHECK_EQ(told_of(r, "burst", "globex")->hits, 3);
    rule_rig_free(r);
}

TEST(tenants_that_need_too_many_spaces_are_refused)
{
    enum { N = 33000 };
    struct arena *arena = arena_new(0);
    struct rule *all = ARENA_ARRAY(arena, N, struct rule),
                **list = ARENA_ARRAY(arena, N, struct rule *);
    struct graph_options options = {.tenants = two, .n_tenants = 2};
    const struct graph *g;
    struct weir_err err;

    for (size_t i = 0; i < N; i++) {
        all[i] = (struct rule){.uid = STR("same")};
        list[i] = &all[i];
    }
    CHECK_EQ(graph_new(arena, list, N, &options, &g, &err), WEIR_LIMIT);
    CHECK_STR(str_from(err.text),
              "33000 rules of 2 tenants need 66000 spaces of state, at most 65536");
    arena_free(arena);
}

TEST_MAIN(ENTRY(hits_of_two_tenants_make_no_window_together),
          ENTRY(the_same_finding_of_two_tenants_is_two_with_uids_of_their_own),
          ENTRY(the_default_tenant_names_findings_as_a_graph_without_tenants_does),
          ENTRY(one_tenants_storm_does_not_brake_the_other),
          ENTRY(risk_adds_up_for_each_tenant_alone),
          ENTRY(lists_lift_the_scores_of_their_own_tenant),
          ENTRY(one_tenants_flood_of_keys_leaves_the_other_exact),
          ENTRY(tenants_that_need_too_many_spaces_are_refused))
