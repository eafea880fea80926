/* test_list_atom.c - lists as operands: both engines, expiry by event time, new contents under the
 * same compiled rules, and what evidence says of the row. */
#include "detect/engine.h"
#include "event/lookup.h"
#include "json/tree.h"
#include "lang/lang.h"
#include "match/evidence.h"

#include "tests/lib/test.h"

static const struct profile_set *profiles;

static const char RULES[] = "title: t\nid: r0\nlogsource: {category: test}\ndetection:\n"
                            "  s: {Host|expand: '%hosts%'}\n  condition: s\n"
                            "---\n"
                            "title: t\nid: r1\nlogsource: {category: test}\ndetection:\n"
                            "  s: {Kind: x}\n  known: {Host|expand: '%hosts%'}\n"
                            "  condition: s and not known\n"
                            "---\n"
                            "title: t\nid: r2\nlogsource: {category: test}\ndetection:\n"
                            "  s: {Ip|expand: '%nets%'}\n  condition: s\n";

static const struct {
    const char *event;
    const char *matches; /* rules, first and second contents */
    const char *later;
} rows[] = {
    {"{\"Host\":\"ALPHA\"}", "0", ""},
    {"{\"Host\":\"beta\"}", "", "0"},
    {"{\"Host\":[\"x\",\"alpha\"],\"Kind\":\"x\"}", "0", "1"},
    {"{\"Kind\":\"x\"}", "1", "1"},
    {"{\"Host\":null,\"Kind\":\"x\"}", "1", "1"},
    {"{\"Host\":\"gamma\",\"@timestamp\":\"2025-12-31T23:59:59Z\"}", "0", ""},
    {"{\"Host\":\"gamma\",\"@timestamp\":\"2026-01-01T00:00:00Z\"}", "", ""},
    {"{\"Host\":\"gamma\"}", "0", ""}, /* without a time nothing has expired */
    {"{\"Ip\":\"10.7.0.1\"}", "2", ""},
    {"{\"Ip\":\"11.7.0.1\"}", "", "2"},
    {"{\"Ip\":10}", "", ""},
};

struct world {
    struct arena *rules, *first, *second;
    struct loaded_rules loaded;
    struct list_set *set;
    const struct list_view *views[2];
};

static struct list_set *set_of(struct arena *a, const char *hosts, const char *nets)
{
    struct list_set *set = list_set_new(a);
    struct weir_err err;

    CHECK_EQ(list_set_add_text(set, STR("hosts"), STR("h.csv"), STR(""), str_from(hosts), &err),
             WEIR_OK);
    CHECK_EQ(list_set_add_text(set, STR("nets"), STR("n.txt"), STR(""), str_from(nets), &err),
             WEIR_OK);
    return set;
}

static struct world *world_new(void)
{
    struct arena *a = arena_new(0);
    struct world *w = ARENA_NEW(a, struct world);
    struct weir_err err;

    w->rules = a;
    w->first = arena_new(0);
    w->second = arena_new(0);
    w->set =
        set_of(w->first, "# copy: owner\nhost,owner,expires\nalpha,ann,\ngamma,bob,2026-01-01\n",
               "# mode: cidr\n10.0.0.0/8\n");
    struct list_source lists = list_set_source(w->set, a);
    struct rule_loader *l = rule_loader_new(a, &lists, NULL);
    rule_loader_add(l, STR("r.yml"), STR(RULES));
    rule_loader_finish(l, &w->loaded);
    CHECK_EQ(w->loaded.n_rules, 3);
    CHECK_EQ(list_view_new(w->first, w->set, &w->views[0], &err), WEIR_OK);
    struct list_set *next = set_of(w->second, "host\nbeta\n", "# mode: cidr\n11.0.0.0/8\n");
    const struct list_slot *slots[2] = {list_slot_at(w->set, 0), list_slot_at(w->set, 1)};
    const struct list_view *view;
    CHECK_EQ(list_slot_count(w->set), 2);
    struct list_source other = list_set_source(next, w->second); /* asked in another order */
    CHECK(other.slot(other.context, STR("nets"), STR("")) != NULL);
    CHECK(other.slot(other.context, STR("hosts"), STR("")) != NULL);
    CHECK_EQ(list_view_new(w->second, next, &view, &err), WEIR_OK);
    CHECK_EQ(list_view_renumber(w->second, view, next, slots, 2, &w->views[1], &err), WEIR_OK);
    return w;
}

static void world_free(struct world *w)
{
    arena_free(w->first);
    arena_free(w->second);
    arena_free(w->rules);
}

static void check_row(struct engine *e, size_t i, const char *want, const char *engine)
{
    const struct engine_match *matches;
    struct event event;
    char got[8] = "";

    CHECK_EQ(
        extract_event(engine_worker(e), str_from(rows[i].event), (struct event_ref){0}, &event),
        EVENT_OK);
    size_t n = engine_run(e, &event, 1, &matches);
    for (size_t k = 0; k < n && k < sizeof got - 1; k++)
        got[k] = (char)('0' + matches[k].rule);
    if (strcmp(got, want) != 0)
        fail_msg("%s, row %zu: '%s' instead of '%s'", engine, i, got, want);
    extract_batch_reset(engine_worker(e));
}

TEST(both_engines_ask_the_list_as_it_stands)
{
    static const struct origin_input input = {.name = {"in", 2}};
    struct world *w = world_new();
    struct weir_err err;

    for (int kind = 0; kind < 2; kind++) {
        const char *name = kind ? "reference" : "compiled";
        struct engine_options options = {.kind = kind ? ENGINE_REFERENCE : ENGINE_COMPILED,
                                         .no_routing = true,
                                         .inputs = &input,
                                         .lists = w->views[0]};
        struct engine *e;
        CHECK_EQ(engine_new(w->loaded.rules, 3, profiles, &options, &e, &err), WEIR_OK);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            check_row(e, i, rows[i].matches, name);
        engine_use_lists(e, w->views[1]);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            check_row(e, i, rows[i].later, name);
        engine_use_lists(e, NULL);
        check_row(e, 0, "", name);
        engine_free(e);
    }
    world_free(w);
}

TEST(evidence_names_the_list_and_the_row)
{
    struct world *w = world_new();
    struct evidence_finder *finder = evidence_finder_new();
    struct json_node *root;
    struct event_tree tree;
    struct match_evidence *found;

    CHECK_EQ(json_tree_parse(w->rules, STR("{\"Host\":\"Gamma\"}"), &root, NULL), JSON_OK);
    event_tree_init(&tree, profiles, root, NULL);
    evidence_use_lists(finder, w->views[0]);
    evidence_begin(finder, &tree);
    CHECK_EQ(evidence_of(finder, w->loaded.rules[0], &found), 1);
    CHECK_STR(found[0].value, "Gamma");
    CHECK_STR(found[0].list->name, "hosts");
    CHECK_STR(list_cell(found[0].list, found[0].row, 0), "bob");
    evidence_finder_free(finder);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {ENTRY(both_engines_ask_the_list_as_it_stands),
                                       ENTRY(evidence_names_the_list_and_the_row)};
    struct arena *a = arena_new(0);
    struct weir_err err;

    ASSERT(profile_set_load(a, STR(""), &profiles, &err) == WEIR_OK);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
