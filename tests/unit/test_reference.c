/* test_reference.c - what an atom, a formula and a rule mean of an event; why a rule fired.
 *
 * The events are small JSON texts without a profile: a field is looked for under its own name.
 */
#include "match/reference.h"

#include "json/tree.h"

#include "tests/lib/test.h"

static const struct profile_set *profiles;

static struct event_tree tree_of(struct arena *a, const char *json)
{
    struct json_node *root = NULL;
    struct event_tree event;
    size_t offset;

    if (json_tree_parse(a, str_from(json), &root, &offset) != JSON_OK)
        fail_msg("%s", json);
    event_tree_init(&event, profiles, root, NULL);
    CHECK(event.shape.profile == NULL);
    return event;
}

static enum truth ask(const struct atom *atom, const char *json)
{
    struct arena *a = arena_new(0);
    struct reference *r = reference_new();
    struct event_tree event = tree_of(a, json);
    enum truth t = reference_atom(r, atom, &event);

    reference_free(r);
    arena_free(a);
    return t;
}

#define F TRUTH_FALSE
#define U TRUTH_UNKNOWN
#define T TRUTH_TRUE
#define TEXT(o, t) .op = (o), .text = {(t), sizeof(t) - 1}

struct row {
    struct atom atom; /* of the field "f" unless it names another */
    const char *json;
    enum truth truth;
};

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct atom atom = rows[i].atom;
        if (atom.field.n == 0)
            atom.field = STR("f");
        enum truth t = ask(&atom, rows[i].json);
        if (t != rows[i].truth)
            fail_msg("row %zu: %s %.*s of %s is %d", i, atom_op_name(atom.op), (int)atom.text.n,
                     atom.text.p, rows[i].json, t);
    }
}

static const struct row texts[] = {
    {{TEXT(ATOM_EQ, "abc")}, "{\"f\":\"abc\"}", T},
    {{TEXT(ATOM_EQ, "abc")}, "{\"f\":\"ABC\"}", F},
    {{TEXT(ATOM_EQ, "aBc"), .fold = FOLD_ASCII}, "{\"f\":\"AbC\"}", T},
    {{TEXT(ATOM_EQ, "abc"), .fold = FOLD_ASCII}, "{\"f\":\"abcd\"}", F},
    {{TEXT(ATOM_EQ, "\xC3\x89"), .fold = FOLD_ASCII}, "{\"f\":\"\xC3\xA9\"}", F},
    {{TEXT(ATOM_EQ, "\xC3\x89"), .fold = FOLD_SIMPLE}, "{\"f\":\"\\u00e9\"}", T},
    {{TEXT(ATOM_EQ, "k"), .fold = FOLD_SIMPLE}, "{\"f\":\"\\u212a\"}", T},
    {{TEXT(ATOM_EQ, "")}, "{\"f\":\"\"}", T},
    {{TEXT(ATOM_EQ, "")}, "{\"f\":null}", F}, /* empty is not null */
    {{TEXT(ATOM_EQ, "")}, "{}", F},
    {{TEXT(ATOM_EQ, "")}, "{\"f\":\" \"}", F},
    {{TEXT(ATOM_EQ, "C:\\x")}, "{\"f\":\"C:\\\\x\"}", T}, /* the unescaped text */
    {{TEXT(ATOM_EQ, "a\0b")}, "{\"f\":\"a\\u0000b\"}", T},
    {{TEXT(ATOM_EQ, "\xEF\xBF\xBD")}, "{\"f\":\"\\ud800\"}", T},
    {{TEXT(ATOM_EQ, "4688")}, "{\"f\":4688}", T}, /* a number has its text */
    {{TEXT(ATOM_EQ, "4688")}, "{\"f\":4688.0}", F},
    {{TEXT(ATOM_CONTAINS, "68")}, "{\"f\":4688}", T},
    {{TEXT(ATOM_EQ, "TRUE"), .fold = FOLD_ASCII}, "{\"f\":true}", T},
    {{TEXT(ATOM_EQ, "true")}, "{\"f\":\"true\"}", T},
    {{TEXT(ATOM_EQ, "null")}, "{\"f\":null}", F},
    {{TEXT(ATOM_CONTAINS, "")}, "{\"f\":null}", F},
    {{TEXT(ATOM_CONTAINS, "")}, "{\"f\":{\"g\":\"x\"}}", F},
    {{TEXT(ATOM_CONTAINS, "")}, "{\"f\":[]}", F},
    {{TEXT(ATOM_CONTAINS, "")}, "{\"f\":\"\"}", T},
    {{TEXT(ATOM_CONTAINS, "")}, "{\"f\":false}", T},
    {{TEXT(ATOM_CONTAINS, "bc")}, "{\"f\":\"abcd\"}", T},
    {{TEXT(ATOM_CONTAINS, "bd")}, "{\"f\":\"abcd\"}", F},
    {{TEXT(ATOM_CONTAINS, "aab")}, "{\"f\":\"aaab\"}", T},
    {{TEXT(ATOM_PREFIX, "ab")}, "{\"f\":\"abc\"}", T},
    {{TEXT(ATOM_PREFIX, "bc")}, "{\"f\":\"abc\"}", F},
    {{TEXT(ATOM_PREFIX, "abcd")}, "{\"f\":\"abc\"}", F},
    {{TEXT(ATOM_SUFFIX, "bc")}, "{\"f\":\"abc\"}", T},
    {{TEXT(ATOM_SUFFIX, "ab")}, "{\"f\":\"abc\"}", F},
    {{TEXT(ATOM_SUFFIX, "zabc")}, "{\"f\":\"abc\"}", F},
    {{TEXT(ATOM_SUFFIX, "\\CMD.exe"), .fold = FOLD_ASCII}, "{\"f\":\"C:\\\\cmd.EXE\"}", T},
    {{TEXT(ATOM_EQ, "abc"), .field = {"F", 1}}, "{\"f\":\"abc\"}", F}, /* names are exact */
};

TEST(text_operations_see_the_text_of_a_value)
{
    check_rows(texts, ARRAY_LEN(texts));
}

static const struct glob_part windash[] = {{GLOB_ANY, {NULL, 0}},
                                           {GLOB_SET, {"-/\xE2\x80\x93", 5}},
                                           {GLOB_TEXT, {"Enc", 3}},
                                           {GLOB_ANY, {NULL, 0}}};
static const struct glob_part one_letter[] = {
    {GLOB_TEXT, {"a", 1}}, {GLOB_ONE, {NULL, 0}}, {GLOB_TEXT, {"c", 1}}};
static const struct glob_part anything[] = {{GLOB_ANY, {NULL, 0}}};

#define GLOB(parts) .op = ATOM_GLOB, .fold = FOLD_ASCII, .glob = {(parts), ARRAY_LEN(parts)}
#define REGEX(text) .op = ATOM_REGEX, .regex.pattern = {(text), sizeof(text) - 1}

static const struct row patterns[] = {
    {{GLOB(windash)}, "{\"f\":\"x /ENC y\"}", T},
    {{GLOB(windash)}, "{\"f\":\"\\u2013enc\"}", T},
    {{GLOB(windash)}, "{\"f\":\"+enc\"}", F},
    {{GLOB(one_letter)}, "{\"f\":\"A\\u00e9C\"}", T},
    {{GLOB(one_letter)}, "{\"f\":\"ac\"}", F},
    {{GLOB(anything)}, "{\"f\":\"\"}", T},
    {{GLOB(anything)}, "{\"f\":5}", T},
    {{GLOB(anything)}, "{\"f\":null}", F},
    {{GLOB(anything)}, "{\"f\":{}}", F},
    {{.op = ATOM_GLOB}, "{\"f\":\"\"}", T},
    {{.op = ATOM_GLOB}, "{\"f\":\"a\"}", F},
    {{REGEX("b.d")}, "{\"f\":\"abcde\"}", T},
    {{REGEX("B.D")}, "{\"f\":\"abcde\"}", F},
    {{REGEX("B.D"), .regex.is_caseless = true}, "{\"f\":\"abcde\"}", T},
    {{REGEX("b.d"), .regex.is_whole_value = true}, "{\"f\":\"abcde\"}", F},
    {{REGEX("b.d")}, "{\"f\":\"b\\nd\"}", F},
    {{REGEX("b.d"), .regex.is_dotall = true}, "{\"f\":\"b\\nd\"}", T},
    {{REGEX("^b$"), .regex.is_multiline = true}, "{\"f\":\"a\\nb\\nc\"}", T},
    {{REGEX("^46")}, "{\"f\":4688}", T},
    {{REGEX("")}, "{\"f\":null}", F},
    {{REGEX("(")}, "{\"f\":\"(\"}", F}, /* no pattern: matches nothing */
};

TEST(globs_and_regexes_match_values)
{
    check_rows(patterns, ARRAY_LEN(patterns));
}

static const struct row typed[] = {
    {{TEXT(ATOM_NUM_EQ, "7")}, "{\"f\":7}", T},
    {{TEXT(ATOM_NUM_EQ, "7")}, "{\"f\":\"7.0\"}", T},
    {{TEXT(ATOM_NUM_EQ, "7")}, "{\"f\":\"007\"}", F},
    {{TEXT(ATOM_NUM_EQ, "1")}, "{\"f\":true}", F},
    {{TEXT(ATOM_NUM_EQ, "0")}, "{\"f\":null}", F},
    {{TEXT(ATOM_NUM_EQ, "9007199254740993")}, "{\"f\":9007199254740992}", F},
    {{TEXT(ATOM_NUM_LT, "10")}, "{\"f\":9}", T},
    {{TEXT(ATOM_NUM_LT, "10")}, "{\"f\":\"9\"}", T}, /* not as text */
    {{TEXT(ATOM_NUM_LE, "10")}, "{\"f\":10.0}", T},
    {{TEXT(ATOM_NUM_GT, "10")}, "{\"f\":10}", F},
    {{TEXT(ATOM_NUM_GE, "10")}, "{\"f\":1e1}", T},
    {{TEXT(ATOM_NUM_GE, "10")}, "{\"f\":\"many\"}", F},
    {{.op = ATOM_BOOL, .is_true = true}, "{\"f\":true}", T},
    {{.op = ATOM_BOOL, .is_true = true}, "{\"f\":\"True\"}", T},
    {{.op = ATOM_BOOL, .is_true = false}, "{\"f\":true}", F},
    {{.op = ATOM_BOOL, .is_true = false}, "{\"f\":null}", F},
    {{.op = ATOM_BOOL, .is_true = false}, "{}", F},
    {{TEXT(ATOM_CIDR, "10.0.0.0/8")}, "{\"f\":\"10.1.2.3\"}", T},
    {{TEXT(ATOM_CIDR, "10.0.0.0/8")}, "{\"f\":\"::ffff:10.1.2.3\"}", T},
    {{TEXT(ATOM_CIDR, "10.0.0.0/8")}, "{\"f\":\"10.1.2.3:80\"}", F},
    {{TEXT(ATOM_CIDR, "10.0.0.0/8")}, "{\"f\":10.1}", F},
    {{TEXT(ATOM_CIDR, "fe80::/10")}, "{\"f\":\"FE80::1\"}", T},
    {{.op = ATOM_TIME_PART, .part = PART_HOUR, .cmp = ATOM_NUM_GE, .text = {"22", 2}},
     "{\"f\":\"2026-07-28T23:44:53Z\"}",
     T},
    {{.op = ATOM_TIME_PART, .part = PART_HOUR, .cmp = ATOM_NUM_EQ, .text = {"23", 2}},
     "{\"f\":\"2026-07-28T23:44:53+05:00\"}",
     T}, /* as written */
    {{.op = ATOM_TIME_PART, .part = PART_MONTH, .cmp = ATOM_EQ, .text = {"7", 1}},
     "{\"f\":\"2026-07-28 11:44:53.919\"}",
     T},
    {{.op = ATOM_TIME_PART, .part = PART_DAY, .cmp = ATOM_NUM_LT, .text = {"28", 2}},
     "{\"f\":\"2026-07-28T23:44:53Z\"}",
     F},
    {{.op = ATOM_TIME_PART, .part = PART_HOUR, .cmp = ATOM_NUM_GE, .text = {"0", 1}},
     "{\"f\":\"yesterday\"}",
     F},
};

TEST(numbers_truth_values_networks_and_times_have_their_own_rules)
{
    check_rows(typed, ARRAY_LEN(typed));
}

static const struct row absent[] = {
    {{.op = ATOM_EXISTS}, "{\"f\":\"x\"}", T},
    {{.op = ATOM_EXISTS}, "{\"f\":\"\"}", T},
    {{.op = ATOM_EXISTS}, "{\"f\":null}", T},
    {{.op = ATOM_EXISTS}, "{\"f\":{}}", T},
    {{.op = ATOM_EXISTS}, "{\"f\":[]}", T},
    {{.op = ATOM_EXISTS}, "{\"g\":1}", F},
    {{.op = ATOM_EXISTS, .miss = MISS_TRUE}, "{\"g\":1}", F},
    {{.op = ATOM_IS_NULL}, "{\"f\":null}", T},
    {{.op = ATOM_IS_NULL}, "{}", T},
    {{.op = ATOM_IS_NULL, .miss = MISS_UNKNOWN}, "{}", T},
    {{.op = ATOM_IS_NULL}, "{\"f\":\"\"}", F},
    {{.op = ATOM_IS_NULL}, "{\"f\":\"null\"}", F},
    {{.op = ATOM_IS_NULL}, "{\"f\":{}}", F},
    {{.op = ATOM_IS_NULL}, "{\"f\":[]}", F},
    {{.op = ATOM_IS_NULL}, "{\"f\":[null,\"x\"]}", T},
    {{.op = ATOM_IS_NULL}, "{\"f\":[\"y\",\"x\"]}", F},
    {{TEXT(ATOM_EQ, "x"), .miss = MISS_FALSE}, "{}", F},
    {{TEXT(ATOM_EQ, "x"), .miss = MISS_UNKNOWN}, "{}", U},
    {{TEXT(ATOM_EQ, "x"), .miss = MISS_TRUE}, "{}", T},
    {{TEXT(ATOM_EQ, "x"), .miss = MISS_TRUE}, "{\"f\":null}", F}, /* null is not missing */
    {{TEXT(ATOM_NUM_GT, "1"), .miss = MISS_UNKNOWN}, "{}", U},
    {{TEXT(ATOM_CIDR, "10.0.0.0/8"), .miss = MISS_UNKNOWN}, "{}", U},
};

TEST(missing_null_and_empty_are_three_things)
{
    check_rows(absent, ARRAY_LEN(absent));
}

#define OTHER(c) .op = ATOM_FIELD_CMP, .cmp = (c), .other = {"g", 1}, .fold = FOLD_ASCII

static const struct str EXCEPTED[] = {{"x*", 2}, {"y", 1}};

static const struct row members[] = {
    {{TEXT(ATOM_EQ, "b")}, "{\"f\":[\"a\",\"b\"]}", T},
    {{TEXT(ATOM_EQ, "c")}, "{\"f\":[\"a\",\"b\"]}", F},
    {{TEXT(ATOM_EQ, "b"), .array = ARRAY_ALL}, "{\"f\":[\"a\",\"b\"]}", F},
    {{TEXT(ATOM_EQ, "b"), .array = ARRAY_ALL}, "{\"f\":[\"b\",\"b\"]}", T},
    {{TEXT(ATOM_EQ, "b"), .array = ARRAY_ALL}, "{}", F},
    {{TEXT(ATOM_EQ, "b"), .array = ARRAY_FIRST}, "{\"f\":[\"b\",\"a\"]}", T},
    {{TEXT(ATOM_EQ, "b"), .array = ARRAY_FIRST}, "{\"f\":[\"a\",\"b\"]}", F},
    {{TEXT(ATOM_EQ, "b"), .array = ARRAY_SINGLE}, "{\"f\":[\"b\"]}", T},
    {{TEXT(ATOM_EQ, "b"), .array = ARRAY_SINGLE}, "{\"f\":[\"a\"]}", F},
    {{TEXT(ATOM_EQ, "b"), .array = ARRAY_SINGLE}, "{\"f\":[\"b\",\"b\"]}", U},
    {{TEXT(ATOM_EQ, "b")}, "{\"f\":\"a\",\"f\":\"b\"}", T}, /* a second key hides nothing */
    {{OTHER(ATOM_EQ)}, "{\"f\":\"abc\",\"g\":\"ABC\"}", T},
    {{OTHER(ATOM_EQ)}, "{\"f\":\"abc\",\"g\":\"abcd\"}", F},
    {{OTHER(ATOM_PREFIX)}, "{\"f\":\"abc\",\"g\":\"AB\"}", T},
    {{OTHER(ATOM_PREFIX)}, "{\"f\":\"ab\",\"g\":\"abc\"}", F},
    {{OTHER(ATOM_SUFFIX)}, "{\"f\":\"abc\",\"g\":\"bc\"}", T},
    {{OTHER(ATOM_CONTAINS)}, "{\"f\":\"abc\",\"g\":\"b\"}", T},
    {{OTHER(ATOM_EQ)}, "{\"f\":[\"x\",\"y\"],\"g\":[\"z\",\"y\"]}", T},
    {{OTHER(ATOM_EQ)}, "{\"f\":5,\"g\":\"5\"}", T},
    {{OTHER(ATOM_EQ)}, "{\"f\":null,\"g\":null}", F},
    {{OTHER(ATOM_EQ)}, "{\"f\":\"\"}", F},
    {{OTHER(ATOM_EQ)}, "{\"g\":\"\"}", F},
    {{TEXT(ATOM_CONTAINS, "needle"), .field = {FIELD_ANY_NAME, 4}},
     "{\"a\":{\"b\":[1,\"a needle here\"]}}",
     T},
    {{TEXT(ATOM_CONTAINS, "needle"), .field = {FIELD_ANY_NAME, 4}}, "{\"needle\":\"x\"}", F},
    {{TEXT(ATOM_CONTAINS, "12"), .field = {FIELD_ANY_NAME, 4}}, "{\"a\":12}", F},
    {{TEXT(ATOM_CONTAINS, "ab"), .field = {FIELD_ANY_NAME, 4}}, "{\"x\":\"a\",\"y\":\"b\"}", F},
    {{TEXT(ATOM_CONTAINS, "ab"), .field = {FIELD_ANY_NAME, 4}, .except = {EXCEPTED, 2}},
     "{\"xy\":\"ab\",\"y\":[\"ab\"]}",
     F},
    {{TEXT(ATOM_CONTAINS, "ab"), .field = {FIELD_ANY_NAME, 4}, .except = {EXCEPTED, 2}},
     "{\"xy\":\"ab\",\"yx\":\"ab\"}",
     T},
};

TEST(members_and_pairs_of_members_are_asked_one_by_one)
{
    check_rows(members, ARRAY_LEN(members));
}

/* ---- formulas -------------------------------------------------------------------- */

static struct formula *truth_node(struct arena *a, enum truth t)
{
    static const struct atom unknown = {TEXT(ATOM_EQ, "x"), .miss = MISS_UNKNOWN,
                                        .field = {"nowhere", 7}};

    return t == U ? formula_atom(a, &unknown) : formula_const(a, t == T);
}

TEST(formulas_are_kleene_three_valued)
{
    static const struct {
        enum truth a, b, both, either;
    } rows[] = {{F, F, F, F}, {F, U, F, U}, {F, T, F, T}, {U, F, F, U}, {U, U, U, U},
                {U, T, U, T}, {T, F, F, T}, {T, U, U, T}, {T, T, T, T}};
    struct arena *a = arena_new(0);
    struct reference *r = reference_new();
    struct event_tree event = tree_of(a, "{}");

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct formula *children[] = {truth_node(a, rows[i].a), truth_node(a, rows[i].b)};
        struct formula and = {.kind = FORMULA_AND, .children = children, .n_children = 2};
        struct formula or = {.kind = FORMULA_OR, .children = children, .n_children = 2};
        CHECK_EQ(reference_formula(r, &and, &event), rows[i].both);
        CHECK_EQ(reference_formula(r, & or, &event), rows[i].either);
    }
    CHECK_EQ(reference_formula(r, formula_not(a, truth_node(a, F)), &event), T);
    CHECK_EQ(reference_formula(r, formula_not(a, truth_node(a, U)), &event), U);
    CHECK_EQ(reference_formula(r, formula_not(a, truth_node(a, T)), &event), F);
    struct rule rule = {.formula = truth_node(a, U)};
    CHECK(!reference_match(r, &rule, &event)); /* at the root unknown is no match */
    rule.formula = formula_not(a, truth_node(a, U));
    CHECK(!reference_match(r, &rule, &event));
    reference_free(r);
    arena_free(a);
}

TEST(a_regex_over_its_limit_is_counted_and_no_match)
{
    struct arena *a = arena_new(0);
    struct reference *r = reference_new();
    struct atom atom = {REGEX("^(a|aa)+(?!x)$"), .field = {"f", 1}};
    struct event_tree event = tree_of(a, "{\"f\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac\"}");

    CHECK_EQ(reference_atom(r, &atom, &event), F);
    CHECK_EQ(reference_regex_limits(r), 1);
    reference_free(r);
    arena_free(a);
}

/* ---- evidence -------------------------------------------------------------------- */

/* selection or filter: (img and (cmd or other)) and not user */
struct story {
    struct arena *a;
    struct rule rule;
    struct atom image, command, other, user, gone;
};

static void story_init(struct story *s)
{
    struct arena *a = arena_new(0);

    *s = (struct story){.a = a};
    s->image = (struct atom){TEXT(ATOM_SUFFIX, ".exe"), .field = STR("img")};
    s->command = (struct atom){TEXT(ATOM_CONTAINS, "secret"), .field = STR("cmd")};
    s->other = (struct atom){TEXT(ATOM_CONTAINS, "token"), .field = STR("cmd")};
    s->user = (struct atom){TEXT(ATOM_EQ, "root"), .field = STR("user")};
    s->gone = (struct atom){.op = ATOM_IS_NULL, .field = STR("parent")};
    struct formula *either[] = {formula_atom(a, &s->command), formula_atom(a, &s->other)};
    struct formula *selection[] = {formula_atom(a, &s->image),
                                   formula_join(a, FORMULA_OR, either, 2),
                                   formula_atom(a, &s->gone)};
    struct formula *chosen = formula_join(a, FORMULA_AND, selection, 3);
    chosen->label = STR("selection");
    struct formula *filter = formula_atom(a, &s->user);
    filter->label = STR("filter");
    struct formula *all[] = {chosen, formula_not(a, filter), chosen};
    s->rule.formula = formula_join(a, FORMULA_AND, all, 3);
}

TEST(evidence_is_the_true_atoms_outside_of_not)
{
    struct story s;
    struct match_evidence *e;

    story_init(&s);
    struct reference *r = reference_new();
    struct event_tree event = tree_of(
        s.a, "{\"img\":[\"a.dll\",\"b.exe\",\"c.exe\"],\"cmd\":\"my token\",\"user\":\"x\"}");
    CHECK(reference_match(r, &s.rule, &event));
    CHECK_EQ(reference_evidence(r, s.a, &s.rule, &event, &e), 3); /* the selection twice: once */
    CHECK(e[0].atom == &s.image);
    CHECK_STR(e[0].selection, "selection");
    CHECK_STR(e[0].field, "img");
    CHECK_STR(e[0].value, "b.exe");
    CHECK(!e[0].is_missing);
    CHECK(e[1].atom == &s.other);
    CHECK_STR(e[1].value, "my token");
    CHECK(e[2].atom == &s.gone);
    CHECK(e[2].is_missing);
    CHECK_STR(e[2].value, "");

    event = tree_of(s.a, "{\"img\":\"b.exe\",\"cmd\":\"secret token\",\"parent\":null}");
    CHECK_EQ(reference_evidence(r, s.a, &s.rule, &event, &e), 4); /* both branches of the OR */
    CHECK(!e[3].is_missing);
    event = tree_of(s.a, "{\"img\":\"b.exe\",\"cmd\":\"secret\",\"user\":\"root\"}");
    CHECK(!reference_match(r, &s.rule, &event));
    CHECK_EQ(reference_evidence(r, s.a, &s.rule, &event, &e), 0);
    reference_free(r);
    arena_free(s.a);
}

TEST(evidence_ends_at_its_limit)
{
    enum { ATOMS = EVIDENCE_MAX + 10 };
    static struct atom atoms[ATOMS];
    struct formula *children[ATOMS];
    struct arena *a = arena_new(0);
    struct reference *r = reference_new();
    struct match_evidence *e;

    for (size_t i = 0; i < ATOMS; i++) {
        atoms[i] = (struct atom){.op = ATOM_EXISTS, .field = STR("f")};
        children[i] = formula_atom(a, &atoms[i]);
    }
    struct rule rule = {.formula = formula_join(a, FORMULA_OR, children, ATOMS)};
    struct event_tree event = tree_of(a, "{\"f\":1}");
    CHECK_EQ(reference_evidence(r, a, &rule, &event, &e), EVIDENCE_MAX);
    CHECK(e[0].atom == &atoms[0]);
    reference_free(r);
    arena_free(a);
}

int main(void)
{
    struct arena *a = arena_new(0);
    const struct CMUnitTest tests[] = {
        ENTRY(text_operations_see_the_text_of_a_value),
        ENTRY(globs_and_regexes_match_values),
        ENTRY(numbers_truth_values_networks_and_times_have_their_own_rules),
        ENTRY(missing_null_and_empty_are_three_things),
        ENTRY(members_and_pairs_of_members_are_asked_one_by_one),
        ENTRY(formulas_are_kleene_three_valued),
        ENTRY(a_regex_over_its_limit_is_counted_and_no_match),
        ENTRY(evidence_is_the_true_atoms_outside_of_not),
        ENTRY(evidence_ends_at_its_limit)};

    if (profile_set_load(a, STR(""), &profiles, NULL) != WEIR_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
