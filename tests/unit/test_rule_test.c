/* test_rule_test.c - test files of rules: what they are read as, and what is said about wrong ones,
 * with the place. */
#include "app/rule_test.h"

#include "app/test_suite.h"
#include "tests/lib/test.h"

/* Files that tests name: one.json has one event, two.json two, none.json none, the others do not
 * exist. */
static enum weir_rc read_some(UNUSED void *context, struct arena *a, struct str path,
                              struct str_list *out, struct weir_err *err)
{
    struct str *texts = ARENA_ARRAY(a, 2, struct str);
    size_t n = str_eq(path, STR("one.json")) ? 1 : str_eq(path, STR("two.json")) ? 2 : 0;

    texts[0] = STR("{\"a\":{\"b\":1},\"c\":{\"b\":\"{n}\"}}");
    texts[1] = STR("{\"a\":2}");
    *out = (struct str_list){texts, n};
    if (n || str_eq(path, STR("none.json")))
        return WEIR_OK;
    return err_set(err, WEIR_NOTFOUND, "no such file or directory");
}

static const struct rule_test_reader reader = {read_some, NULL};

static enum weir_rc parse(struct arena *a, const char *text, struct rule_tests *out,
                          struct weir_err *err)
{
    return rule_tests_parse(a, str_from(text), &reader, out, err);
}

#define BASE "base: {a: b}\n"
#define TEST_OF(keys) BASE "tests:\n- {name: x, " keys "}\n"
#define STEP_OF(keys) BASE "tests:\n- {name: x, expect: match, steps: [{" keys "}]}\n"

static const struct {
    const char *text;
    uint32_t line, col;
    const char *message; /* a part of it */
} wrong_files[] = {
    {"", 1, 1, "the file is empty"},
    {"- a\n", 1, 1, "a test file is a map with 'tests', not a list"},
    {"a: [\n", 2, 1, ""},
    {BASE "tests: [{name: x, expect: match}]\n---\na: b\n", 4, 1, "one document"},
    {BASE, 1, 1, "'tests' must be a list"},
    {BASE "tests: {}\n", 2, 8, "'tests' must be a list"},
    {BASE "tests: []\n", 2, 8, "'tests' must be a list"},
    {BASE "test: []\n", 2, 1, "unknown key 'test' in a test file (did you mean 'tests'?)"},
    {"rules: {}\ntests: []\n", 1, 8, "'rules' is a rule file"},
    {"tests:\n- a\n", 2, 3, "a test is a map"},
    {BASE "tests:\n- {expect: match}\n", 3, 3, "a test needs a 'name'"},
    {TEST_OF("expct: match"), 3, 13, "unknown key 'expct' in a test (did you mean 'expect'?)"},
    {TEST_OF("at: 0s"), 3, 3, "this test expects nothing"},
    {TEST_OF("expect: matc"), 3, 21, "'matc' cannot be expected (did you mean 'match'?)"},
    {TEST_OF("expect: 5"), 3, 21, "'expect' is a word or a map"},
    {TEST_OF("expect: []"), 3, 21, "nothing is expected"},
    {TEST_OF("expect: {}"), 3, 21, "nothing is expected"},
    {TEST_OF("expect: {rule: r}"), 3, 21, "nothing is expected"},
    {TEST_OF("expect: {alrts: 1}"), 3, 22, "is called 'alrts' (did you mean 'alerts'?)"},
    {TEST_OF("expect: {alerts: many}"), 3, 30, "compared with a number"},
    {TEST_OF("expect: {alerts: '=> 1'}"), 3, 30, "compared with a number"},
    {TEST_OF("expect: {alerts: has 1}"), 3, 30, "compared with a number"},
    {TEST_OF("expect: {alerts: [1]}"), 3, 30, "compared with a number"},
    {TEST_OF("expect: {alert: 1}"), 3, 29, "a map of paths"},
    {TEST_OF("expect: {alert: {}}"), 3, 29, "a map of paths"},
    {TEST_OF("expect: {alert: {a..b: 1}}"), 3, 30, "'a..b' is no path"},
    {TEST_OF("expect: {alert: {a: {haz: 1}}}"), 3, 33, "(did you mean 'has'?)"},
    {TEST_OF("expect: match, start: soon"), 3, 35, "'soon' is no time"},
    {TEST_OF("expect: match, times: mine"), 3, 35, "'times' is clock"},
    {TEST_OF("expect: match, profile: []"), 3, 37, "'profile' must be text"},
    {TEST_OF("expect: match, event: redd"), 3, 35, "no event is called 'redd'"},
    {"events: {read: {a: b}}\ntests:\n- {name: x, expect: match, event: raed}\n", 3, 35,
     "(did you mean 'read'?)"},
    {"tests:\n- {name: x, expect: match}\n", 2, 3, "no 'base' to start from"},
    {TEST_OF("expect: match, event: 5"), 3, 35, "a name, a file or a map"},
    {TEST_OF("expect: match, event: []"), 3, 35, "a list without an event"},
    {TEST_OF("expect: match, event: [[a]]"), 3, 36, "not a list"},
    {TEST_OF("expect: match, event: no.json"), 3, 35, "no.json: no such file"},
    {TEST_OF("expect: match, event: none.json"), 3, 35, "none.json has no event"},
    {TEST_OF("expect: match, event: 'two.json#2'"), 3, 35, "two.json has 2 events"},
    {TEST_OF("expect: match, event: 'two.json#x'"), 3, 35, "'x' is no number of an event"},
    {TEST_OF("expect: match, set: [a]"), 3, 33, "'set' must be a map"},
    {TEST_OF("expect: match, unset: {a: b}"), 3, 35, "'unset' is a field"},
    {TEST_OF("expect: match, vary: {a: b}"), 3, 38, "'vary' gives each field a list"},
    {TEST_OF("expect: match, event: one.json, set: {b: 5}"), 3, 50, "in 2 places"},
    {TEST_OF("expect: match, at: 5"), 3, 32, "'5' is no span of time"},
    {TEST_OF("expect: match, at: 5x"), 3, 32, "'5x' is no span of time"},
    {TEST_OF("expect: match, repeat: 0"), 3, 36, "'repeat' must be 1 or more"},
    {TEST_OF("expect: match, repeat: -1"), 3, 36, "'repeat' must be a whole number"},
    {TEST_OF("expect: match, repeat: 2, every: 3000d"), 3, 36, "reach too far"},
    {TEST_OF("expect: match, repeat: 2, event: two.json"), 3, 36, "only one event can be"},
    {TEST_OF("expect: match, at: 5m, arrives: 4m"), 3, 45, "before it happens"},
    {TEST_OF("expect: match, partition: 16"), 3, 39, "'partition' must be a whole number"},
    {TEST_OF("expect: match, steps: []"), 3, 35, "'steps' must be a list of steps"},
    {TEST_OF("expect: match, at: 0s, steps: [{at: 0s}]"), 3, 43, "'steps', or else an event"},
    {TEST_OF("expect: match, prime: {at: 1d}"), 3, 35, "history lies before the test"},
    {TEST_OF("expect: match, prime: {at: -1d, repeat: 3, every: 1d}"), 3, 35, "history lies"},
    {TEST_OF("expect: match, prime: {advance: 1d}"), 3, 36, "unknown key 'advance'"},
    {TEST_OF("expect: match, prime: []"), 3, 35, "'prime' has between 1"},
    {STEP_OF("a: b"), 3, 37, "unknown key 'a' in a step"},
    {STEP_OF("advnce: 5m"), 3, 37, "(did you mean 'advance'?)"},
    {STEP_OF("advance: -5m"), 3, 46, "the clock goes forward only"},
    {STEP_OF("restart: all"), 3, 46, "'restart' is worker or before_commit"},
    {STEP_OF("restart: workr"), 3, 46, "(did you mean 'worker'?)"},
    {STEP_OF("end: false"), 3, 42, "'end' must be true"},
    {STEP_OF("end: true}, {at: 0s"), 3, 49, "behind 'end' only 'expect'"},
    {STEP_OF("at: 0s, advance: 5m"), 3, 54, "'advance' is a step of its own"},
    {STEP_OF("redelivered: 1, repeat: 2"), 3, 50, "stands alone"},
    {STEP_OF("at: 0s, arrives: 9m}, {at: 1s, arrives: 8m"), 3, 77, "in the order in which"},
};

TEST(wrong_test_file_is_told_by_line_column_and_hint)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong_files); i++) {
        struct arena *a = arena_new(0);
        struct weir_err err = {0};
        struct rule_tests tests;
        enum weir_rc rc = parse(a, wrong_files[i].text, &tests, &err);
        bool is_told =
            str_find(str_from(err.text), str_from(wrong_files[i].message), 0) != SIZE_MAX;
        if (rc != WEIR_SYNTAX || err.line != wrong_files[i].line || err.col != wrong_files[i].col ||
            !is_told)
            print_error("row %zu: %u:%u: %s\n", i, err.line, err.col, err.text);
        CHECK_EQ(rc, WEIR_SYNTAX);
        CHECK_EQ(err.line, wrong_files[i].line);
        CHECK_EQ(err.col, wrong_files[i].col);
        CHECK(is_told);
        arena_free(a);
    }
}

TEST(two_tests_of_one_name_are_refused)
{
    struct arena *a = arena_new(0);
    struct weir_err err = {0};
    struct rule_tests tests;

    CHECK_EQ(parse(a, BASE "tests:\n- {name: x, expect: match}\n- {name: x, expect: none}\n",
                   &tests, &err),
             WEIR_SYNTAX);
    CHECK_EQ(err.line, 4);
    arena_free(a);
}

/* Kinds of the statements, a letter each: e event, t time, r restart, f forget, z end, x expect;
 * + joined. */
static struct str kinds(struct arena *a, const struct script *s)
{
    static const char letters[] = {[SAY_EVENT] = 'e',  [SAY_TIME] = 't', [SAY_RESTART] = 'r',
                                   [SAY_FORGET] = 'f', [SAY_END] = 'z',  [SAY_EXPECT] = 'x'};
    char *out = arena_alloc(a, s->n * 2 + 1);
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        if (s->statements[i].is_joined)
            out[n++] = '+';
        out[n++] = letters[s->statements[i].kind];
    }
    out[n] = '\0';
    return (struct str){out, n};
}

TEST(tests_become_statements)
{
    static const struct {
        const char *text, *kinds;
    } rows[] = {
        {TEST_OF("expect: match"), "ezx"},
        {TEST_OF("event: two.json, expect: match"), "e+ezx"},
        {TEST_OF("prime: {repeat: 3, every: 1d}, expect: match"), "etfezx"},
        {TEST_OF("prime: [{at: -2d}, {at: -1d}], expect: match"), "eetfezx"},
        {TEST_OF("times: own, prime: {at: -1d}, expect: match"), "efezx"},
        {STEP_OF("at: 1s, expect: match}, {advance: 1m}, {restart: worker}, {end: true"), "extrzx"},
        {BASE "tests:\n- {name: x, steps: [{at: 0s, expect: match}]}\n", "ex"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena *a = arena_new(0);
        struct weir_err err = {0};
        struct rule_tests tests = {0};
        CHECK_EQ(parse(a, rows[i].text, &tests, &err), WEIR_OK);
        CHECK_EQ(tests.n, 1);
        CHECK_STR(kinds(a, &tests.items[0].script), rows[i].kinds);
        arena_free(a);
    }
}

TEST(clock_is_set_moved_and_taken_along)
{
    struct arena *a = arena_new(0);
    struct weir_err err = {0};
    struct rule_tests tests = {0};
    static const int64_t wanted[] = {-3000, -1000, 0,     0,    5000,  9000,
                                     9000,  69000, 69000, 1000, 600000};
    size_t n = 0;

    CHECK_EQ(parse(a,
                   BASE
                   "tests:\n- name: x\n  prime: [{repeat: 3, every: 1s}, {at: -1s}]\n  steps:\n"
                   "  - {expect: match}\n  - {set: {a: c}}\n"
                   "  - {at: 5s, repeat: 5, every: 1s}\n  - {unset: a}\n  - {partition: 1}\n"
                   "  - {advance: 1m}\n  - {unset: a}\n"
                   "  - {at: 1s, arrives: 10m}\n  - {unset: a}\n  expect: match\n",
                   &tests, &err),
             WEIR_OK);
    const struct script *s = &tests.items[0].script;
    for (size_t i = 0; i < s->n; i++) {
        if (s->statements[i].kind != SAY_EVENT && s->statements[i].kind != SAY_TIME)
            continue;
        CHECK(n < ARRAY_LEN(wanted));
        CHECK_EQ(s->statements[i].at_ms, wanted[n]);
        n++;
    }
    CHECK_EQ(n, ARRAY_LEN(wanted));
    arena_free(a);
}

TEST(events_are_what_yaml_says_as_json)
{
    static const struct {
        const char *keys, *text;
    } rows[] = {
        {"event: {a: 5, b: 0x1f, c: 22:30, d: yes, e: true, f: ~, g: '5', h: 1.50}",
         "{\"a\":5,\"b\":\"0x1f\",\"c\":\"22:30\",\"d\":\"yes\",\"e\":true,\"f\":null,\"g\":\"5\","
         "\"h\":1.50}"},
        {"event: {a: {b: [1, c]}, t: '{time} {ms} {n}'}",
         "{\"a\":{\"b\":[1,\"c\"]},\"t\":\"1970-01-01T00:00:01.000Z 1000 4\"}"},
        {"set: {a: '5', b: 5, c: {d: e}}", "{\"a\":\"5\",\"b\":5,\"c\":{\"d\":\"e\"}}"},
        {"set: {b: 'x{n}'}, unset: a", "{\"b\":\"x4\"}"},
        {"vary: {a: [p, q, r]}, repeat: 9", "{\"a\":\"q\"}"},
        {"event: one.json, set: {a.b: 2}", "{\"a\":{\"b\":2},\"c\":{\"b\":\"{n}\"}}"},
        {"event: {from: 'two.json#1', set: {a: 3}}, set: {b: 4}", "{\"a\":3,\"b\":4}"},
        {"event: {x: {y: {z: 1}}}, set: {z: 2}", "{\"x\":{\"y\":{\"z\":2}}}"},
        {"event: {x: {y: {z: 1}}}, unset: [z]", "{\"x\":{\"y\":{}}}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena *a = arena_new(0);
        struct weir_err err = {0};
        struct rule_tests tests = {0};
        struct str text;
        const char *file =
            arena_printf(a, BASE "tests:\n- {name: x, %s, expect: match}\n", rows[i].keys).p;
        CHECK_EQ(parse(a, file, &tests, &err), WEIR_OK);
        const struct statement *s = &tests.items[0].script.statements[0];
        CHECK_EQ(script_event_text(a, &s->event, 1000, 4, &text, &err), WEIR_OK);
        CHECK_STR(text, rows[i].text);
        arena_free(a);
    }
}

TEST(sigmahq_layout_is_read_as_it_is)
{
    struct arena *a = arena_new(0);
    struct weir_err err = {0};
    struct suite_file f = {0};
    bool is_one;

    CHECK_EQ(
        regression_parse(a,
                         STR("id: x\nrule_metadata:\n    - id: r-1\n      title: t\n"
                             "regression_tests_info:\n"
                             "    - {name: p, type: evtx, match_count: 2, path: d/e/two.evtx}\n"
                             "    - {name: q, type: evtx, path: d/e/gone.evtx}\n"),
                         &reader, &f, &is_one, &err),
        WEIR_OK);
    CHECK(is_one);
    CHECK(str_eq(f.rule_id, STR("r-1")));
    CHECK_EQ(f.tests.n, 2);
    CHECK_STR(kinds(a, &f.tests.items[0].script), "e+ex");
    CHECK_EQ(f.tests.items[0].script.statements[2].expectations[0].number, 2);
    CHECK_EQ(f.absent[0].n, 0);
    CHECK(str_find(f.absent[1], STR("gone.json"), 0) != SIZE_MAX);
    CHECK_EQ(regression_parse(a, STR("a: b\n"), &reader, &f, &is_one, &err), WEIR_OK);
    CHECK(!is_one);
    CHECK_EQ(regression_parse(a, STR("regression_tests_info:\n- {path: a}\n"), &reader, &f, &is_one,
                              &err),
             WEIR_SYNTAX);
    CHECK_EQ(err.line, 1);
    arena_free(a);
}

TEST_MAIN(ENTRY(wrong_test_file_is_told_by_line_column_and_hint),
          ENTRY(two_tests_of_one_name_are_refused), ENTRY(tests_become_statements),
          ENTRY(clock_is_set_moved_and_taken_along), ENTRY(events_are_what_yaml_says_as_json),
          ENTRY(sigmahq_layout_is_read_as_it_is))
