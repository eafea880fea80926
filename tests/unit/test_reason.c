/* test_reason.c - which tests of a rule decide, and how many it would take. */
#include "match/reason.h"

#include "base/buf.h"
#include "base/str.h"
#include "json/tree.h"
#include "lang/lang.h"

#include "tests/lib/test.h"

static const struct profile_set *profiles;

struct judged {
    enum truth truth;
    uint32_t to_flip;
    const char *deciding; /* fields, with blanks between them */
};

/* The body of `detection` on one line. */
static struct judged judge(struct arena *a, struct reference *r, const char *detection,
                           const char *event)
{
    struct rule_loader *loader = rule_loader_new(a, NULL, NULL);
    struct loaded_rules loaded;
    struct event_tree tree;
    struct json_node *root;
    struct buf fields = {0};

    rule_loader_add(
        loader, STR("r.yml"),
        arena_printf(a, "title: t\nid: t\nlogsource: {}\ndetection: {%s}\n", detection));
    rule_loader_finish(loader, &loaded);
    CHECK_EQ(loaded.n_rules, 1);
    CHECK_EQ(json_tree_parse(a, str_from(event), &root, NULL), JSON_OK);
    event_tree_init(&tree, profiles, root, NULL);
    const struct reason *whole = reason_of(r, a, loaded.rules[0]->formula, &tree);
    for (const struct reason *x = whole; x; x = x->next) {
        if (!x->is_deciding)
            continue;
        buf_add(&fields, fields.n ? STR(" ") : STR(""));
        buf_add(&fields, x->atoms[0]->field);
    }
    CHECK_EQ(whole->truth, reference_formula(r, loaded.rules[0]->formula, &tree));
    CHECK_EQ(reason_is_near(whole), whole->to_flip == 1);
    struct str copy = arena_str(a, buf_str(&fields));
    buf_release(&fields);
    return (struct judged){whole->truth, whole->to_flip, copy.p};
}

TEST(least_tests_that_would_turn_the_answer_decide)
{
    static const struct {
        const char *detection, *event;
        struct judged want;
    } rows[] = {
        {"s: {a: 1}, condition: s", "{\"a\":1}", {TRUTH_TRUE, 1, "a"}},
        {"s: {a: 1}, condition: s", "{\"a\":2}", {TRUTH_FALSE, 1, "a"}},
        {"s: {a: 1}, condition: s", "{}", {TRUTH_FALSE, 1, "a"}},
        /* All that stands in the way; of a match each that it rests on. */
        {"s: {a: 1, b: 1, c: 1}, condition: s", "{\"a\":1}", {TRUTH_FALSE, 2, "b c"}},
        {"s: {a: 1, b: 1}, condition: s", "{\"a\":1,\"b\":1}", {TRUTH_TRUE, 1, "a b"}},
        /* The values of a field are one test. */
        {"s: {a: [1, 2, 3]}, condition: s", "{\"a\":4}", {TRUTH_FALSE, 1, "a"}},
        {"s: {a: [1, 2, 3]}, condition: s", "{\"a\":2}", {TRUTH_TRUE, 1, "a"}},
        {"s: {a|contains|all: [x, y, z]}, condition: s", "{\"a\":\"x\"}", {TRUTH_FALSE, 1, "a"}},
        /* Of alternatives the shortest, and all of those. */
        {"s: {a: 1, b: 1}, t: {c: 1}, condition: s or t", "{}", {TRUTH_FALSE, 1, "c"}},
        {"s: {a: 1}, t: {c: 1}, condition: s or t", "{}", {TRUTH_FALSE, 1, "a c"}},
        {"s: {a: 1}, t: {c: 1}, condition: s or t", "{\"a\":1,\"c\":1}", {TRUTH_TRUE, 2, "a c"}},
        {"s: {a: 1}, t: {c: 1}, condition: s or t", "{\"c\":1}", {TRUTH_TRUE, 1, "c"}},
        /* What is excluded. */
        {"s: {a: 1}, f: {b: 1}, condition: s and not f",
         "{\"a\":1,\"b\":1}",
         {TRUTH_FALSE, 1, "b"}},
        {"s: {a: 1}, f: {b: 1, c: 1}, condition: s and not f",
         "{\"a\":1,\"b\":1,\"c\":1}",
         {TRUTH_FALSE, 1, "b c"}},
        {"s: {a: 1}, f: {b: 1, c: 1}, condition: s and not f",
         "{\"a\":1,\"b\":1}",
         {TRUTH_TRUE, 1, "a c"}},
        {"s: {a: 1}, f: {b: 1}, g: {c: 1}, condition: s and not 1 of f* and not g",
         "{\"a\":2,\"b\":1,\"c\":1}",
         {TRUTH_FALSE, 3, "a b c"}},
    };
    struct reference *r = reference_new();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena *a = arena_new(0);
        struct judged got = judge(a, r, rows[i].detection, rows[i].event);
        if (got.to_flip != rows[i].want.to_flip ||
            !str_eq(str_from(got.deciding), str_from(rows[i].want.deciding)))
            print_error("row %zu: %u by %s\n", i, got.to_flip, got.deciding);
        CHECK_EQ(got.truth, rows[i].want.truth);
        CHECK_EQ(got.to_flip, rows[i].want.to_flip);
        CHECK_STR(str_from(got.deciding), rows[i].want.deciding);
        arena_free(a);
    }
    reference_free(r);
}

int main(void)
{
    struct arena *a = arena_new(0);
    const struct CMUnitTest tests[] = {ENTRY(least_tests_that_would_turn_the_answer_decide)};

    if (profile_set_load(a, STR(""), &profiles, NULL) != WEIR_OK)
        return 1;
    int code = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return code;
}
