/* test_verify.c - an engine that does not do what its rules say is found out, by the rule's uid. */
#include "detect/verify.h"

#include <string.h>

#include "base/str.h"
#include "lang/lang.h"
#include "tests/lib/test.h"

enum { RULES_MAX = 8 };

struct rig {
    struct arena *arena;
    const struct profile_set *profiles;
    struct loaded_rules loaded;
};

static const char rules_text[] =
    "title: A\nid: a\nlogsource: {}\n"
    "detection:\n  s: {Image|endswith: \\whoami.exe, User|contains: [adm, root]}\n"
    "  f: {Parent: ok}\n  condition: s and not f\n"
    "---\ntitle: B\nid: b\nlogsource: {}\n"
    "detection:\n  s: {Image|endswith: \\net.exe, CommandLine|re: 'user .+ /add'}\n"
    "  condition: s\n"
    "---\ntitle: C\nid: c\nlogsource: {}\n"
    "detection:\n  s: {Ip|cidr: 10.0.0.0/8, Port|gte: 1024}\n  condition: s\n"
    "---\ntitle: D\nid: d\ncorrelation: {type: event_count, rules: [a], group-by: [User], "
    "timespan: 1m, condition: {gte: 2}}\n";

static void rig_init(struct rig *r)
{
    struct weir_err err;

    *r = (struct rig){.arena = arena_new(0)};
    struct rule_loader *l = rule_loader_new(r->arena, NULL, NULL);
    rule_loader_add(l, STR("r.yml"), str_from(rules_text));
    rule_loader_finish(l, &r->loaded);
    CHECK_EQ(r->loaded.n_rules, 4);
    CHECK_EQ(profile_set_load(r->arena, STR(""), &r->profiles, &err), WEIR_OK);
}

/* Verify `said` on an engine that was made of `meant`. */
static enum weir_rc verify(struct rig *r, struct rule *const *meant, struct rule *const *said,
                           size_t n, struct verify_counts *counts, struct weir_err *err)
{
    struct engine_options options = {.kind = ENGINE_COMPILED};
    struct engine *engine;

    CHECK_EQ(engine_new(meant, n, r->profiles, &options, &engine, err), WEIR_OK);
    struct verify_subject s = {engine, said, n, r->profiles, &options};
    enum weir_rc rc = verify_engine(&s, counts, err);
    engine_free(engine);
    return rc;
}

TEST(a_sound_engine_is_accepted_and_its_rules_are_met)
{
    struct verify_counts counts;
    struct weir_err err;
    struct rig r;

    rig_init(&r);
    CHECK_EQ(verify(&r, r.loaded.rules, r.loaded.rules, 4, &counts, &err), WEIR_OK);
    CHECK_EQ(counts.events, 3 * VERIFY_ROUNDS);
    CHECK(counts.matches >= 3); /* what is not changed at random */
    arena_free(r.arena);
}

/* A miscompiled rule, as it would show: the engine has another one in its place. */
TEST(a_rule_that_is_lost_or_found_wrongly_is_named)
{
    static const struct {
        size_t broken;
        const char *instead; /* the formula of this rule, or none */
        const char *text;
    } ROWS[] = {
        {0, "none",
         "the rule a, compiled, does not match an event made of its own words, and should"},
        {2, "none",
         "the rule c, compiled, does not match an event made of its own words, and should"},
        {1, "all", "the rule b, compiled, matches an event made of its own words, and should not"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct verify_counts counts;
        struct weir_err err = {0};
        struct rule broken, *meant[RULES_MAX];
        struct rig r;

        rig_init(&r);
        for (size_t k = 0; k < 4; k++)
            meant[k] = r.loaded.rules[k];
        broken = *meant[ROWS[i].broken];
        broken.formula = formula_const(r.arena, strcmp(ROWS[i].instead, "all") == 0);
        meant[ROWS[i].broken] = &broken;
        CHECK_EQ(verify(&r, meant, r.loaded.rules, 4, &counts, &err), WEIR_BADARG);
        CHECK_STR(str_from(err.text), ROWS[i].text);
        CHECK_STR(str_from(err.file), "r.yml");
        arena_free(r.arena);
    }
}

TEST_MAIN(ENTRY(a_sound_engine_is_accepted_and_its_rules_are_met),
          ENTRY(a_rule_that_is_lost_or_found_wrongly_is_named))
