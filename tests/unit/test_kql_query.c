/* test_kql_query.c - KQL as text: what formula it becomes, and what is said about bad text.
 *
 * Places are those of the query's own text, 1-based.
 */
#include "tests/lib/query_text.h"
#include "tests/lib/test.h"

#include "base/buf.h"
#include "lang/lang.h"
#include "lang/query.h"

static const struct query_row formulas[] = {
    {"", "true ! 1:1: the query is empty: it is true of every event"},
    {"  \n ", "true ! 1:1: the query is empty: it is true of every event"},
    {"f: \\u0027a b\\u0027",
     "f eq cased \"'a b'\" ! 1:4: single quotes are part of the value: a text is "
     "quoted by \"...\""},
    {"!f: a", "!f eq cased \"a\" ! 1:1: this is a field named '!f': not is written 'not'"},
    {"f: a=b", "f eq cased \"a=b\""},
    {"*", "true"},
    {"*:*", "true"},
    {"* : *", "true"},
    {"f: a", "f eq cased \"a\""},
    {"f:a", "f eq cased \"a\""},
    {"f : a b", "f eq cased \"a b\""},
    {"f: 'a b'", "f eq cased \"a b\""},
    {"'f g': a", "\"f g\" eq cased \"a\""},
    {"f: a*", "f startswith cased \"a\""},
    {"f: *a", "f endswith cased \"a\""},
    {"f: *a*", "f contains cased \"a\""},
    {"f: a*b", "f glob cased \"a\" * \"b\""},
    {"f: a**b", "f glob cased \"a\" * \"b\""},
    {"f: a?b", "f eq cased \"a?b\""},
    {"f: 'a*b'", "f eq cased \"a*b\""},
    {"f: '*'", "f eq cased \"*\""},
    {"f: a\\*b", "f eq cased \"a*b\""},
    {"f: a\\*b*", "f startswith cased \"a*b\""},
    {"f: system\\:node\\:*", "f startswith cased \"system:node:\""},
    {"f: \\(\\)\\:\\<\\>\\'\\*\\{\\}\\\\", "f eq cased \"():<>\\\"*{}\\\""},
    {"f: \\and", "f eq cased \"and\""},
    {"f: a \\or b", "f eq cased \"a or b\""},
    {"f: \\NOT b", "f eq cased \"NOT b\""},
    {"f: a\\tb\\u00e9\\uD83D\\uDE00", "f eq cased \"a\\x09b\xC3\xA9\xF0\x9F\x98\x80\""},
    {"f: 'a\\tb\\'c\\\\d\\u0041'", "f eq cased \"a\\x09b\\\"c\\dA\""},
    {"f: 'C:\\Xy\\z'", "f eq cased \"C:\\Xy\\z\""},
    {"f: 5", "f eq 5"},
    {"f: '5'", "f eq 5"},
    {"f: 05", "f eq cased \"05\""},
    {"f: true", "f eq true"},
    {"f: false", "f eq false"},
    {"f: 'true'", "f eq cased \"true\""},
    {"f: True", "f eq cased \"True\""},
    {"f: 10.0.0.0/8", "or(f eq cased \"10.0.0.0/8\", f cidr 10.0.0.0/8)"},
    {"f: '10.1.2.3/8'", "or(f eq cased \"10.1.2.3/8\", f cidr 10.0.0.0/8)"},
    {"f: 10.0.0.1", "f eq cased \"10.0.0.1\""},
    {"f: 'FE80::1'", "or(f eq cased \"FE80::1\", f cidr fe80::1/128)"},
    {"f: 1/2", "f eq cased \"1/2\""},
    {"a: 1 and b: 2 or c: 3", "or(and(a eq 1, b eq 2), c eq 3)"},
    {"a: 1 or b: 2 and c: 3", "or(a eq 1, and(b eq 2, c eq 3))"},
    {"not a: 1 and b: 2", "and(not(a eq 1), b eq 2)"},
    {"NOT a: 1 AND b: 2 Or c: 3", "or(and(not(a eq 1), b eq 2), c eq 3)"},
    {"not (a: 1 and b: 2)", "not(and(a eq 1, b eq 2))"},
    {"((a: 1))", "a eq 1"},
    {"a: (1 or 2)", "or(a eq 1, a eq 2)"},
    {"a: (x and y)", "and(a eq cased \"x\", a eq cased \"y\")"},
    {"a: (not x)", "not(a eq cased \"x\")"},
    {"a: (x or y and not z)", "or(a eq cased \"x\", and(a eq cased \"y\", not(a eq cased \"z\")))"},
    {"a: (x or (y and z*) or \1q\1)",
     "or(a eq cased \"x\", and(a eq cased \"y\", a startswith cased \"z\"), a eq cased \"'q'\") ! "
     "1:24: single quotes are part of the value: a text is quoted by \"...\""},
    {"a: (x y or z)", "or(a eq cased \"x y\", a eq cased \"z\")"},
    {"a < 5", "a lt 5"},
    {"a <= 5 and b >= -1.5 and c>2", "and(a lte 5, b gte -1.5, c gt 2)"},
    {"a: notepad or b: order and c: android",
     "or(a eq cased \"notepad\", and(b eq cased \"order\", c eq cased \"android\"))"},
    {"process.name.caseless: A.exe",
     "or(process.name.caseless eq \"A.exe\", process.name eq \"A.exe\")"},
    {"f: *", "f value"},
    {"f: null", "not(f value)"},
    {"f: {g: 1 and h: *}", "f some member (and(g eq 1, h value))"},
    {"f: {g: {h: 1}}", "f some member (g some member (h eq 1))"},
    {"a.*: x", "a.* some field (eq cased \"x\")"},
    {"a*: (x or not y)", "or(a* some field (eq cased \"x\"), not(a* some field (eq cased \"y\")))"},
    {"message: 'A b'", "message words \"A b\""},
    {"message: A b", "or(message words \"A\", message words \"b\")"},
    {"message: A* b", "or(message words \"A\" *, message words \"b\")"},
    {"f > b", "f text > \"b\""},
    {"f >= now-1d/d", "f time >= now-1d/d"},
    {"f > now/w", "f time > now/w (end)"},
    {"f < '2026-01-31T10:00:00Z'", "f time < 2026-01-31T10:00:00.000Z"},
    {"f > '2026-01-31'", "f time > 2026-01-31T23:59:59.999Z"},
    {"bare", "* some field (or(eq cased \"bare\", words \"bare\")) ! 1:1: no field: "
             "'bare' is looked for in every field of every event, which is slow"},
    {"f.keyword: x", "or(f.keyword eq cased \"x\", f eq cased \"x\")"},
};

static const struct query_row faults[] = {
    {"f:", "error: 1:3: expected a value or '(', found the end of the query"},
    {"f: )", "error: 1:4: expected a value or '(', found ')'"},
    {"f: ()", "error: 1:5: expected a value or '(', found ')'"},
    {"f: (a or", "error: 1:7: 'or' needs a blank on either side (as a plain word: \\or)"},
    {"f: (a or ", "error: 1:10: expected a value or '(', found the end of the query"},
    {"f: (a", "error: 1:6: expected ')' or 'and', 'or', found the end of the query"},
    {"(f: a", "error: 1:6: expected ')' or 'and', 'or', found the end of the query"},
    {"f: a)", "error: 1:5: expected 'and', 'or' or the end of the query, found ')'"},
    {"f: a and\n  or b: c", "error: 2:3: expected a field, a value or '(', found 'or'"},
    {"f: a\ng: b", "error: 2:2: expected 'and', 'or' or the end of the query, found ':' (is 'and' "
                   "or 'or' missing at the end of the line before?)"},
    {"f: 'a' 'b'", "error: 1:8: expected 'and', 'or' or the end of the query, found '\"b\"'"},
    {"f: 'a", "error: 1:4: the text is not closed: '\"' is missing"},
    {"f: a\\qb",
     "error: 1:5: unknown escape '\\q': \\\\ \\( \\) \\: \\< \\> \\\" \\* \\{ \\} \\and \\or \\not "
     "\\t \\r \\n \\uXXXX are known"},
    {"not(a: 1)", "error: 1:1: 'not' needs a blank behind it (as a plain word: \\not)"},
    {"(a: 1)and (b: 2)", "error: 1:7: 'and' needs a blank on either side (as a plain word: \\and)"},
    {"not not a: 1", "error: 1:5: expected a field, a value or '(', found 'not'"},
    {"f < ", "error: 1:5: expected a value behind the comparison, found the end of the query"},
    {"f < (1 or 2)", "error: 1:5: expected a value behind the comparison, found '('"},
    {"f > a*", "error: 1:5: a comparison takes no wildcards"},
    {"source.ip >= '10.0.0.0'",
     "unsupported: 1:14: an order of addresses: name the networks between the bounds (10.0.0.0/8)"},
    {"f > true", "error: 1:5: 'true' has no order"},
    {"f > now-1x",
     "error: 1:5: 'now-1x': not a time from now (now, now-15m, now-1d/d; y M w d h m s)"},
    {"f > '2026-01-31||+1'",
     "error: 1:5: '2026-01-31||+1': not a time (2026-01-31||+1M/d; y M w d h "
     "m s)"},
    {"f*: {g: 1}", "error: 1:1: a field before { ... } takes no wildcards"},
    {"f: {g: 1", "error: 1:9: expected '}' or 'and', 'or', found the end of the query"},
    {": a", "error: 1:1: expected a field, a value or '(', found ':'"},
    {"f: (a: b)", "error: 1:6: expected ')' or 'and', 'or', found ':'"},
};

TEST(queries_become_formulas)
{
    query_check("kql", formulas, ARRAY_LEN(formulas));
}

TEST(bad_text_is_told_with_place_and_what_was_expected)
{
    query_check("kql", faults, ARRAY_LEN(faults));
}

TEST(places_inside_another_file_are_those_of_the_file)
{
    struct arena *a = arena_new(0);
    struct diag diag;
    struct query_scope s = {
        .a = a, .scratch = a, .names = names_new(a, a), .diag = &diag, .at = {7, 10}};

    diag_init(&diag, a, STR(""), 1);
    CHECK(!query_condition(&s, STR("kql"), STR("a: )")));
    CHECK_EQ(diag.messages[0].line, 7);
    CHECK_EQ(diag.messages[0].col, 13);
    CHECK(!query_condition(&s, STR("kql"), STR("a: 1 and\n b: )")));
    CHECK_EQ(diag.messages[1].line, 8);
    CHECK_EQ(diag.messages[1].col, 5);
    arena_free(a);
}

static struct buf nested(const char *open, size_t n, const char *close)
{
    struct buf b = query_repeated("", open, n, "a: b");

    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s", close);
    return b;
}

TEST(limits_are_held)
{
    struct buf b;

    b = nested("(", QUERY_DEPTH_MAX, ")");
    query_check_limit("kql", &b, NULL);
    b = nested("(", QUERY_DEPTH_MAX + 1, ")");
    query_check_limit("kql", &b, "error: 1:101: parentheses nested deeper than 100");
    b = nested("f: {", QUERY_DEPTH_MAX, "}");
    query_check_limit("kql", &b, NULL);
    b = nested("f: {", QUERY_DEPTH_MAX + 1, "}");
    query_check_limit("kql", &b, "error: 1:404: parentheses nested deeper than 100");
    b = nested("not (x: 1 or y: 2 and ", 50, ")");
    query_check_limit("kql", &b, "error: 1:1: the condition is nested deeper than 127");
    b = query_repeated("", "(", 200000, "");
    query_check_limit("kql", &b, "error: 1:101: parentheses nested deeper than 100");
    b = query_repeated("f: (a", " or b", QUERY_VALUES_MAX - 1, ")");
    query_check_limit("kql", &b, NULL);
    b = query_repeated("f: (a", " or b", QUERY_VALUES_MAX, ")");
    query_check_limit("kql", &b, "error: 1:50005: more than 10000 values in one query");
    b = query_repeated("f: ", "a", QUERY_BYTES_MAX, "");
    query_check_limit("kql", &b, "error: 1:1: the query is larger than 1 MiB");
    b = query_repeated("f: ", "a*", 129, "");
    query_check_limit("kql", &b, "error: 1:4: more than 256 wildcards and texts in one pattern");
    b = query_repeated("message: ", "a ", 1000, "");
    query_check_limit("kql", &b, NULL);
    b = query_repeated("message: ", "a ", 1001, "");
    query_check_limit("kql", &b, "error: 1:10: more than 1000 words in one value");
}

TEST(a_file_is_told_by_its_ending)
{
    struct arena *a = arena_new(0);
    struct rule_loader *l = rule_loader_new(a, NULL, NULL);
    struct loaded_rules out;

    rule_loader_add(l, STR("some/token theft.KQL"), STR("x: 1\n"));
    rule_loader_finish(l, &out);
    CHECK_EQ(out.n_rules, 1);
    CHECK_STR(out.rules[0]->title, "token theft");
    CHECK_STR(out.rules[0]->language, "kql");
    CHECK(lang_is_rule_path(STR("a/b.kql")));
    CHECK(!lang_is_rule_path(STR("a.kql/b")));
    arena_free(a);
}

TEST_MAIN(ENTRY(queries_become_formulas), ENTRY(bad_text_is_told_with_place_and_what_was_expected),
          ENTRY(places_inside_another_file_are_those_of_the_file), ENTRY(limits_are_held),
          ENTRY(a_file_is_told_by_its_ending))
