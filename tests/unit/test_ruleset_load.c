/* test_ruleset_load.c - rule sets as a configuration says: tenants and inputs with their engines,
 * and what refuses a set. */
#include "app/ruleset_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "tests/lib/test.h"

enum { PATH = 128 };

static const char rule_a[] = "title: A\nid: rule-a\nlogsource: {}\n"
                             "detection:\n  s: {User|expand: '%names%'}\n  condition: s\n";
static const char rule_bad[] = "title: B\nid: rule-b\nlogsource: {}\n"
                               "detection:\n  s: {User|contian: x}\n  condition: s\n";

/* A directory with rules/, a common list and one of a tenant. */
struct files {
    char dir[PATH], rules[PATH], rule[PATH], bad[PATH], common[PATH], own[PATH];
    char common_list[2 * PATH], own_list[2 * PATH];
    struct str rule_paths[1], lists[1], tenant_lists[1];
    const char *topics[1];
    struct config_label label;
};

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    CHECK(f);
    fputs(text, f);
    CHECK_EQ(fclose(f), 0);
}

static void files_init(struct files *f)
{
    *f = (struct files){.dir = "/tmp/weir-ruleset-XXXXXX", .topics = {"events"}};
    CHECK(mkdtemp(f->dir));
    snprintf(f->rules, PATH, "%s", f->dir);
    snprintf(f->rule, PATH, "%.100s/a.yml", f->dir);
    snprintf(f->bad, PATH, "%.100s/b.yml", f->dir);
    snprintf(f->common, PATH, "%.100s/common.txt", f->dir);
    snprintf(f->own, PATH, "%.100s/own.txt", f->dir);
    snprintf(f->common_list, sizeof f->common_list, "names=%s", f->common);
    snprintf(f->own_list, sizeof f->own_list, "names=%s", f->own);
    write_file(f->rule, rule_a);
    write_file(f->common, "alice\n");
    write_file(f->own, "bob\n");
    f->rule_paths[0] = str_from(f->rules);
    f->lists[0] = str_from(f->common_list);
    f->tenant_lists[0] = str_from(f->own_list);
    f->label = (struct config_label){STR("zone"), STR("dmz")};
}

static void files_release(struct files *f)
{
    unlink(f->rule);
    unlink(f->bad);
    unlink(f->common);
    unlink(f->own);
    CHECK_EQ(rmdir(f->dir), 0);
}

/* Input 0 is acme's, input 1 names tenants by a header, input 2 has labels. */
static struct config config_of(struct files *f)
{
    struct config c = {.rules = f->rule_paths,
                       .n_rules = 1,
                       .rule_lists = f->lists,
                       .n_rule_lists = 1,
                       .state = STR("redis://x"),
                       .brake_creates = 100,
                       .n_inputs = 3,
                       .n_tenants = 2};

    for (int i = 0; i < 3; i++) {
        c.inputs[i].topics = f->topics;
        c.inputs[i].n_topics = 1;
    }
    c.inputs[0].tenant = STR("acme");
    c.inputs[1].tenant_header = STR("x-tenant");
    c.inputs[2].tenant = STR("acme");
    c.inputs[2].labels = &f->label;
    c.inputs[2].n_labels = 1;
    c.tenants[0].name = STR("acme");
    c.tenants[1] = (struct config_tenant){STR("globex"), f->tenant_lists, 1};
    return c;
}

static bool matches(struct engine *e, const char *text)
{
    const struct engine_match *found;
    struct event event = {0};

    CHECK_EQ(extract_event(engine_worker(e), str_from(text), (struct event_ref){0}, &event),
             EVENT_OK);
    size_t n = engine_run(e, &event, 1, &found);
    extract_batch_reset(engine_worker(e));
    return n > 0;
}

TEST(tenants_with_lists_and_inputs_with_labels_have_engines_of_their_own)
{
    struct files f;
    struct weir_err err;
    struct ruleset r;

    files_init(&f);
    struct config c = config_of(&f);
    struct ruleset_source source = {&c};
    CHECK_EQ(ruleset_load(&source, NULL, &r, &err), WEIR_OK);
    CHECK_EQ(r.n_tenants, 2); /* every input names one: no default tenant */
    CHECK_EQ(r.n_engines, 3);
    const uint32_t *of = r.engine_of;
    CHECK_EQ(of[0], of[1]); /* acme */
    CHECK(of[2] != of[0]);
    CHECK_EQ(of[3], UINT32_MAX); /* globex: by header alone */
    CHECK(of[4] != of[0]);
    CHECK_EQ(of[5], UINT32_MAX);
    CHECK(matches(r.engines[of[0]].engine, "{\"User\":\"alice\"}"));
    CHECK(!matches(r.engines[of[0]].engine, "{\"User\":\"bob\"}"));
    CHECK(matches(r.engines[of[4]].engine, "{\"User\":\"bob\"}"));
    CHECK(!matches(r.engines[of[4]].engine, "{\"User\":\"alice\"}"));
    CHECK_EQ(r.graph->n_rules, 2);
    CHECK_STR(graph_tenant_of(r.graph, 1), "globex");
    CHECK(r.graph->rules[0].rule != r.graph->rules[1].rule);
    ruleset_unload(&source, &r);
    files_release(&f);
}

TEST(a_list_alone_takes_no_new_engine)
{
    static const char copies[] =
        "title: B\nid: rule-b\nlogsource: {}\n"
        "detection:\n  s: {User|contains|expand: '%names%'}\n  condition: s\n";
    struct files f;
    struct weir_err err;
    bool changed;

    files_init(&f);
    struct config c = config_of(&f);
    struct ruleset_source source = {&c};
    struct ruleset_shelf *shelf = ruleset_shelf_new(ruleset_load, ruleset_unload, &source);
    CHECK_EQ(ruleset_reload(shelf, &changed, &err), WEIR_OK);
    const struct ruleset *one = ruleset_take(shelf);
    struct engine *e = ruleset_engine(shelf, one, one->engine_of[0]);
    write_file(f.common, "carol\n");
    CHECK_EQ(ruleset_reload(shelf, &changed, &err), WEIR_OK);
    CHECK(changed);
    const struct ruleset *two = ruleset_take(shelf);
    CHECK(one != two && ruleset_same_rules(one, two) && one->engines == two->engines);
    CHECK(!str_eq(one->generation, two->generation));
    CHECK(ruleset_is_old(shelf, one));
    CHECK(matches(e, "{\"User\":\"alice\"}"));
    engine_use_lists(e, two->engine_lists[one->engine_of[0]]);
    ruleset_release(shelf, one); /* its lists go, its engines do not */
    CHECK(!matches(e, "{\"User\":\"alice\"}"));
    CHECK(matches(e, "{\"User\":\"CAROL\"}"));
    CHECK(matches(ruleset_engine(shelf, two, two->engine_of[4]), "{\"User\":\"bob\"}"));
    CHECK_EQ(ruleset_reload(shelf, &changed, &err), WEIR_OK);
    CHECK(!changed);
    write_file(f.common, "# type: number\nx\n");
    CHECK_EQ(ruleset_reload(shelf, &changed, &err), WEIR_SYNTAX);
    write_file(f.common, "dave\n");
    write_file(f.bad, copies); /* a rule that copies what stands there: all is made anew */
    CHECK_EQ(ruleset_reload(shelf, &changed, &err), WEIR_OK);
    const struct ruleset *three = ruleset_take(shelf);
    CHECK(!ruleset_same_rules(two, three));
    write_file(f.common, "erin\n");
    CHECK_EQ(ruleset_reload(shelf, &changed, &err), WEIR_OK);
    const struct ruleset *four = ruleset_take(shelf);
    CHECK(!ruleset_same_rules(three, four));
    ruleset_release(shelf, two);
    ruleset_release(shelf, three);
    ruleset_release(shelf, four);
    ruleset_shelf_free(shelf);
    files_release(&f);
}

TEST(a_reload_takes_what_has_changed_and_refuses_what_is_bad)
{
    struct files f;
    struct weir_err err;
    bool changed;

    files_init(&f);
    struct config c = config_of(&f);
    struct ruleset_source source = {&c};
    struct ruleset_shelf *s = ruleset_shelf_new(ruleset_load, ruleset_unload, &source);
    CHECK_EQ(ruleset_reload(s, &changed, &err), WEIR_OK);
    CHECK(changed);
    CHECK_EQ(ruleset_reload(s, &changed, &err), WEIR_OK);
    CHECK(!changed);
    const struct ruleset *one = ruleset_take(s);

    write_file(f.bad, rule_bad);
    CHECK(ruleset_reload(s, &changed, &err) != WEIR_OK);
    CHECK(str_starts(str_from(err.text), STR("rule rule-b: unknown modifier 'contian'")));
    CHECK_STR(str_from(err.file), f.bad);
    CHECK(!ruleset_is_old(s, one));

    write_file(f.common, "carol\n"); /* beside the bad rule: nothing is taken */
    CHECK(ruleset_reload(s, &changed, &err) != WEIR_OK);
    unlink(f.bad);
    CHECK_EQ(ruleset_reload(s, &changed, &err), WEIR_OK);
    CHECK(changed);
    const struct ruleset *two = ruleset_take(s);
    struct engine *own = ruleset_engine(s, two, two->engine_of[0]);
    CHECK(matches(own, "{\"User\":\"carol\"}"));
    CHECK(!matches(own, "{\"User\":\"alice\"}"));
    CHECK(matches(ruleset_engine(s, one, one->engine_of[0]), "{\"User\":\"alice\"}"));

    unlink(f.own); /* a list that is gone */
    CHECK(ruleset_reload(s, &changed, &err) != WEIR_OK);
    CHECK(!ruleset_is_old(s, two));
    ruleset_release(s, one);
    ruleset_release(s, two);
    ruleset_shelf_free(s);
    files_release(&f);
}

TEST_MAIN(ENTRY(tenants_with_lists_and_inputs_with_labels_have_engines_of_their_own),
          ENTRY(a_list_alone_takes_no_new_engine),
          ENTRY(a_reload_takes_what_has_changed_and_refuses_what_is_bad))
