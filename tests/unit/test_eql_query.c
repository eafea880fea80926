/* test_eql_query.c - EQL as text: what formula it becomes, and what is said about bad text.
 *
 * Places are those of the query's own text, 1-based.
 */
#include "tests/lib/query_text.h"
#include "tests/lib/test.h"

#include "base/buf.h"
#include "lang/eql/eql.h"
#include "lang/lang.h"

static const struct query_row formulas[] = {
    {"process where f == 'a'", "and(event.category eq cased \"process\", f eq cased \"a\")"},
    {"any where f : 'A'", "f eq \"A\""},
    {"any where f : '\xC3\x89'", "f eq unicode \"\xC3\x89\""},
    {"any where f : ('a*', '*b', '*c*', 'd?')",
     "or(f startswith \"a\", f endswith \"b\", f contains \"c\", f glob \"d\" ?)"},
    {"any where f like 'a*b'", "f glob cased \"a\" * \"b\""},
    {"any where f regex~ 'a\\'.\\'b'", "f re /a(?:\\.)b/is whole"},
    {"any where f in (1, 'a', true)", "or(f eq 1, f eq cased \"a\", f eq true)"},
    {"any where not x > 5", "x lte 5 missing=unknown"},
    {"any where x != 'a'", "not(x eq cased \"a\")"},
    {"any where startsWith(x, 'a')", "x startswith cased \"a\""},
    {"any where startsWith(x, y)", "startswith(x, y)"},
    {"any where length(x) > 1 + 2 * 3", "gt(length(x), 7)"},
    {"any where 3 < length(x)", "lt(3, length(x))"},
    {"any where substring(x, 0, length(x) - 1) == 'a'",
     "eq(substring(x, 0, subtract(length(x), 1)), \"a\")"},
    {"any where cidrMatch(x, '10.1.2.3/8', '::1')", "or(x cidr 10.0.0.0/8, x cidr ::1/128)"},
    {"any where 7 / 3 == 2", "true"},
    {"any where x == 1 or (y == 2 and z == 3)", "or(x eq 1, and(y eq 2, z eq 3))"},
    {"any where x : 'a' | head 5", "x eq \"a\" ! 1:21: 'head' does nothing on a stream: every "
                                   "match counts"},
};

static const struct query_row faults[] = {
    {"SEQUENCE by a [any where true] [any where true]",
     "error: 1:1: 'SEQUENCE': keywords are written in small letters"},
    {"sequence by a [any where true] fork [any where true]",
     "unsupported: 1:32: fork: not part of Elasticsearch's EQL"},
    {"sequence by a [any where true] {any where true}", "error: 1:32: '{' has no meaning here"},
    {"sequence by a [any where true] where x",
     "error: 1:32: expected an item, 'until', a pipe or the end, found 'where'"},
    {"", "error: 1:1: expected an event category (process, \"odd name\", any), found the end of "
         "the query"},
    {"process", "error: 1:8: expected 'where', found the end of the query"},
    {"process were x", "error: 1:9: expected 'where', found 'were'"},
    {"any where", "error: 1:10: expected a field, a value or '(', found the end of the query"},
    {"any where\n  x ==", "error: 2:7: expected a field, a value or '(', found the end of the "
                          "query"},
    {"any where x = 1",
     "error: 1:13: '=' is no operator: '==' compares as written, ':' case aside"},
    {"any where x == \1a\1", "error: 1:16: strings stand in \"double quotes\""},
    {"any where x == ?'a'",
     "error: 1:16: ?\"...\" is not part of Elasticsearch's EQL: a raw string is \"\"\"...\"\"\""},
    {"any where (x == 1", "error: 1:18: expected ')' behind the parenthesis, found the end of the "
                          "query"},
    {"any where x == 1)", "error: 1:17: expected 'and', 'or' or the end of the query, found ')'"},
    {"any where x in 'a'", "error: 1:16: expected '(' and a list of values behind 'in', found "
                           "'\"a\"'"},
    {"any where x in ()", "error: 1:17: expected a value: the list is empty, found ')'"},
    {"any where x not like 'a'",
     "error: 1:17: expected 'in' behind 'not' (other operators: not x like ...), found 'like'"},
    {"any where 1 < x < 3", "error: 1:17: comparisons cannot be chained: write a < b and b < c"},
    {"any where x == y", "error: 1:13: two fields cannot be compared: one side must be a value"},
    {"any where x == 'a", "error: 1:16: the string is not closed on its line: '\"' is missing"},
    {"any where x == '''a",
     "error: 1:16: the raw string is not closed on its line: '\"\"\"' is missing"},
    {"any where `a == 1", "error: 1:11: the name is not closed on its line: '`' is missing"},
    {"any /* x", "error: 1:5: the comment is not closed: '*/' is missing"},
    {"any where x == 'a\\qb'",
     "error: 1:18: unknown escape '\\q': \\\\ \\\" \\' \\n \\r \\t \\u{...} are known, and "
     "\"\"\"raw strings\"\"\" have none"},
    {"any where x == '\\u{d800}'", "error: 1:17: \\u{d800} is no character"},
    {"any where x == '\\u{1}'",
     "error: 1:17: a character by its number is \\u{2 to 8 hexadecimal digits}"},
    {"any where lenght(x) > 1", "error: 1:11: unknown function 'lenght' (did you mean 'length'?)"},
    {"any where source.ip >= '10.0.0.0'",
     "unsupported: 1:21: an order of addresses: name the networks between the bounds (10.0.0.0/8)"},
    {"any where wildcard(x, 'a*')",
     "unsupported: 1:11: wildcard(): not part of Elasticsearch's EQL; write x : (\"a*\", \"b*\") "
     "or x like (...)"},
    {"any where length(x, y) > 1", "error: 1:11: length() takes 1 argument, not 2"},
    {"any where length~(x) > 1", "error: 1:11: length() has no form with '~'"},
    {"any where length(5) > 1", "error: 1:18: length() takes a string here, not a number"},
    {"any where length(x)", "error: 1:11: a number is no condition: compare it with something"},
    {"any where 'a'", "error: 1:11: a string is no condition: compare it with something"},
    {"any where x == (y == 1)", "error: 1:19: a condition stands where a value is needed"},
    {"any where x : 5", "error: 1:15: ':' takes strings, not a number"},
    {"any where x : y", "error: 1:15: ':' takes values, not fields"},
    {"any where x in (null)", "error: 1:17: null in a list: write x == null"},
    {"any where 5 / 0 == 1", "error: 1:13: a division by zero"},
    {"any where x > true", "error: 1:13: true and false have no order"},
    {"any where length(x) == 'a'", "error: 1:21: a number cannot be compared with a string"},
    {"any where cidrMatch(x, 'ten')", "error: 1:24: 'ten' is no network (10.0.0.0/8, fd00::/8)"},
    {"any where x regex 'a('",
     "error: 1:19: not a valid regex: an empty alternative at character 3"},
    {"any where x regex 'a(~b)c'",
     "unsupported: 1:19: the regex uses the complement operator '~' at character 3 before the end "
     "of what it matches, which weir does not do (a plain '~' is '\\~')"},
    {"any where x regex '(a*&b)c'",
     "unsupported: 1:19: the regex uses the intersection operator '&' at character 4 before the "
     "end of what it matches, which weir does not do (a plain '&' is '\\&')"},
    {"any where x regex 'a&.*'", "x re /(?=(?:a)\\z)(?:.*)/s whole ! 1:19: the regex uses "
                                 "look-around: no fast path, matched by "
                                 "backtracking"},
    {"any where x regex '||b'",
     "x re /\\||b/s whole ! 1:19: '|' has nothing before it in the regex: it is the character "
     "itself"},
    {"any where x regex '<1-9'",
     "error: 1:19: not a valid regex: '>' is missing behind '<' (a plain '<' is '\\<') at "
     "character 1"},
    {"any where x regex '<1>'",
     "error: 1:19: not a valid regex: a range of numbers that is not <n-m> (a plain '<' is '\\<') "
     "at character 1"},
    {"any where x regex '''a\\bc'''",
     "error: 1:19: not a valid regex: '\\b' at character 2 is no escape of Lucene's (\\d \\D \\s "
     "\\S \\w \\W, or a sign)"},
    {"any where x regex '''[\\n]'''",
     "error: 1:19: not a valid regex: '\\n' at character 2 is no escape of Lucene's (\\d \\D \\s "
     "\\S \\w \\W, or a sign)"},
    {"any where x regex '[a'", "error: 1:19: not a valid regex: ']' is missing at character 3"},
    {"any where x[0] == 1",
     "unsupported: 1:12: a member of an array ([...]): not part of Elasticsearch's EQL"},
    {"any where $x == 1", "unsupported: 1:11: variables ($...): not part of Elasticsearch's EQL"},
    {"any where t > 'now-1d'",
     "unsupported: 1:15: a time relative to now (\"now-1d\"): a stream has no now"},
    {"any where x == 1 | unique y",
     "unsupported: 1:20: the pipe 'unique': Elasticsearch's EQL has head and tail"},
    {"any where x == 1e999999", "error: 1:16: the number is too large"},
    {"any where x.0 == 1", "error: 1:12: expected 'and', 'or' or the end of the query, found "
                           "'.0'"},
    {"any WHERE x", "error: 1:5: expected 'where', found 'WHERE' (keywords are written in small "
                    "letters)"},
    {"any where x == 1 AND y", "error: 1:18: expected 'and', 'or' or the end of the query, found "
                               "'AND' (keywords are written in small letters)"},
    {"any where x:length() > 3",
     "unsupported: 1:13: a call behind ':' (x:length()): not part of Elasticsearch's EQL; write "
     "length(x)"},
    {"any where child of [any where x]", "unsupported: 1:17: 'descendant of', 'child of', 'event "
                                         "of': not part of Elasticsearch's EQL"},
    {"any where x == 1 | count y",
     "unsupported: 1:20: the pipe 'count': Elasticsearch's EQL has head and tail"},
    {"any where x == 1 | head", "error: 1:24: expected a whole number, found the end of the query"},
    {"any where x ; y", "error: 1:13: ';' has no meaning here"},
};

#define DECIDED                                                                              \
    " ! 1:1: a sequence is decided at the watermark: when no event of its time is expected " \
    "any more (emit: final)"

static const struct query_row shapes[] = {
    {"sequence with maxspan=90s [a where true] [b where true]",
     "sequence; rules query#0/1, query#0/2; group by nothing: one group; in order 1, 2; decided "
     "at the watermark; within 90s; and(event.category eq cased \"a\", true); and(event.category "
     "eq cased \"b\", true)" DECIDED},
    {"sequence by u with maxspan=5m [any where x == 1] by v [any where x : 'y'] by w until [any "
     "where x == 3] by w",
     "sequence; rules query#0/1, query#0/2 (v: w), query#0/3 (v: w); group by v, u; in order 1, "
     "2, until 3; decided at the watermark; within 5m; x eq 1; x eq \"y\"; x eq 3" DECIDED},
    {"sequence with maxspan=1h by ?u [any where x == 1] with runs=3 ![any where x == 2]",
     "sequence; rules query#0/1, query#0/2; group by u, missing ones too; in order 1 x3, not 2; "
     "decided at the watermark; within 1h; x eq 1; x eq 2" DECIDED},
    {"sequence by u [any where x == 1] [any where x == 2]",
     "sequence; rules query#0/1, query#0/2; group by u; in order 1, 2; decided at the watermark; "
     "within 1d; x eq 1; x eq 2 "
     "! 1:1: no maxspan: what a sequence has begun is forgotten after a day" DECIDED},
    {"sequence by u, ?v [any where x == 1] [any where x == 2]",
     "sequence; rules query#0/1, query#0/2; group by u, v, missing ones too where optional; in "
     "order "
     "1, 2; decided at the watermark; within 1d; x eq 1; x eq 2 "
     "! 1:1: no maxspan: what a sequence has begun is forgotten after a day" DECIDED},
    {"sample by k [a where true] [b where true]",
     "temporal; rules query#0/1, query#0/2; group by k; condition all rules; within 1d; "
     "and(event.category eq cased \"a\", true); and(event.category eq cased \"b\", true) "
     "! 1:1: the events of a sample must lie within a day"},
    {"sequence [a where true]", "error: 1:1: a sequence has two items or more"},
    {"sequence [a where true] [b where x = 1]",
     "error: 1:36: '=' is no operator: '==' compares as written, ':' case aside"},
    {"sequence [a where true] ![b where true]",
     "error: 1:1: a sequence with a missing item needs a maxspan"},
    {"sequence with maxspan=1m ![a where true] ![b where true]",
     "error: 1:1: a sequence needs an item that is not missing"},
    {"sequence with maxspan=5x [a where true] [b where true]",
     "error: 1:24: expected a unit behind the number: ms, s, m, h or d, found 'x'"},
    {"sequence with maxspan=0m [a where true] [b where true]", "error: 1:23: maxspan is 1ms to "
                                                               "366d"},
    {"sequence [a where true] with runs=101 [b where true]",
     "error: 1:35: expected a number of runs from 1 to 100, found '101'"},
    {"sequence [a where true] by x [b where true]",
     "error: 1:30: the item has 0 fields behind 'by', the first item 1"},
    {"sequence [a where true] [b where true] until [c where true] by x",
     "error: 1:46: 'until' has 1 fields behind 'by', the first item 0"},
    {"sample [a where true] [b where true]", "error: 1:8: a sample needs 'by'"},
    {"sample by k [a where true] [b where true] until [c where true]",
     "error: 1:43: a sample has no 'until'"},
    {"sample by k with maxspan=1m [a where true] [b where true]",
     "error: 1:1: a sample has no maxspan"},
    {"sample by k [a where true] ![b where true]", "error: 1:28: a sample has plain items only"},
    {"sequence by k [a where true] as x [b where true]",
     "unsupported: 1:30: 'as': not part of Elasticsearch's EQL"},
    {"fork [a where true] [b where true]",
     "unsupported: 1:1: fork: not part of Elasticsearch's EQL"},
    {"join [a where true] [b where true]",
     "unsupported: 1:1: join: not part of Elasticsearch's EQL"},
};

TEST(queries_become_formulas)
{
    query_check("eql", formulas, ARRAY_LEN(formulas));
}

TEST(bad_text_is_told_with_place_and_what_was_expected)
{
    query_check("eql", faults, ARRAY_LEN(faults));
}

TEST(sequences_become_correlations_over_their_items)
{
    query_check("eql", shapes, ARRAY_LEN(shapes));
}

static struct buf nested(size_t n)
{
    struct buf b = {0};

    buf_add(&b, STR("any where "));
    for (size_t i = 0; i < n; i++)
        buf_add_char(&b, '(');
    buf_add(&b, STR("x == 1"));
    for (size_t i = 0; i < n; i++)
        buf_add_char(&b, ')');
    return b;
}

static struct buf listed(size_t n)
{
    struct buf b = {0};

    buf_add(&b, STR("any where x in ("));
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%zu", i ? "," : "", i);
    buf_add(&b, STR(")"));
    return b;
}

TEST(limits_are_held)
{
    struct buf b;

    b = nested(QUERY_DEPTH_MAX);
    query_check_limit("eql", &b, NULL);
    b = nested(QUERY_DEPTH_MAX + 1);
    query_check_limit("eql", &b, "error: 1:111: the query is nested deeper than 100");
    b = query_repeated("any where ", "not (x == 1 or y == 2 and ", 49, "z == 3" /* not closed */);
    query_check_limit("eql", &b, "error: ");
    b = query_repeated("any where ", "x in (", 200000, "");
    query_check_limit("eql", &b, "error: ");
    b = query_repeated("any where ", "not ", 101, "x");
    query_check_limit("eql", &b, "error: 1:411: the query is nested deeper than 100");
    b = query_repeated("any where x == 1", " + 1", 101, "");
    query_check_limit("eql", &b, "error: ");
    b = query_repeated("any where x == 1", " or x == 1", 5000, "");
    query_check_limit("eql", &b, NULL);
    b = listed(QUERY_VALUES_MAX);
    query_check_limit("eql", &b, NULL);
    b = listed(QUERY_VALUES_MAX + 1);
    query_check_limit("eql", &b, "error: ");
    b = query_repeated("any where x == '", "a", QUERY_BYTES_MAX, "'");
    query_check_limit("eql", &b, "error: 1:1: the query is larger than 1 MiB");
    b = query_repeated("any where x : '", "a*", 1000, "'");
    query_check_limit("eql", &b, "error: 1:15: more than 256 wildcards and texts in one pattern");
    b = query_repeated("sequence ", "[a where true] with runs=100 ", 3, "");
    query_check_limit("eql", &b, "error: 1:68: more than 256 items in one sequence");
}

TEST(a_file_is_told_by_its_ending)
{
    struct arena *a = arena_new(0);
    struct rule_loader *l = rule_loader_new(a, NULL, NULL);
    struct loaded_rules out;

    rule_loader_add(l, STR("some/token theft.eql"), STR("any where x == 1\n"));
    rule_loader_finish(l, &out);
    CHECK_EQ(out.n_rules, 1);
    CHECK_STR(out.rules[0]->uid, "some/token theft.eql#0");
    CHECK_STR(out.rules[0]->title, "token theft");
    CHECK_STR(out.rules[0]->language, "eql");
    CHECK_STR(out.verdicts[0].kind, "rule");
    CHECK(lang_is_rule_path(STR("a/b.eql")));
    CHECK(!lang_is_rule_path(STR("a/b.sql")));
    arena_free(a);
}

TEST_MAIN(ENTRY(queries_become_formulas), ENTRY(bad_text_is_told_with_place_and_what_was_expected),
          ENTRY(sequences_become_correlations_over_their_items), ENTRY(limits_are_held),
          ENTRY(a_file_is_told_by_its_ending))
