/* test_eql_meaning.c - EQL from text to verdict: a query, an event, does it match?
 *
 * Every vector and trap of the language that is about single events; each row is asked of the
 * reference and of the compiled matcher. Names without a profile, so fields are the event's own.
 */
#include "tests/lib/query_text.h"
#include "tests/lib/test.h"

struct row {
    const char *condition, *json;
    bool fires;
};

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char query[1024];
        snprintf(query, sizeof query, "any where %s", rows[i].condition);
        if (query_fires("eql", query, rows[i].json) != rows[i].fires)
            fail_msg("row %zu: %s on %s", i, rows[i].condition, rows[i].json);
    }
}

static const struct row comparing[] = {
    {"f == 'abc'", "{'f':'abc'}", true},
    {"f == 'abc'", "{'f':'ABC'}", false},
    {"f == 'a*'", "{'f':'abc'}", false}, /* no wildcards */
    {"f == 'a*'", "{'f':'a*'}", true},
    {"'abc' == f", "{'f':'abc'}", true},
    /* The same field in another index. */
    {"f.keyword == 'abc'", "{'f':'abc'}", true},
    {"f.keyword == 'abc'", "{'f':{'keyword':'abc'}}", true},
    {"f.keyword == 'ABC'", "{'f':'abc'}", false},
    {"f.keyword != 'abc'", "{'f':'abc'}", false},
    {"f.keyword == null", "{'f':'abc'}", false},
    {"f.keyword == null", "{}", true},
    {"not f.keyword > 5", "{'f':5}", true},
    {"not f.keyword > 5", "{}", false},
    {"f.caseless == 'ABC' and f.caseless like '?B*'", "{'f':'abc'}", true},
    {"f.caseless regex 'A.c' and f.caseless in ('x', 'ABC')", "{'f':'abc'}", true},
    {"f != 'abc'", "{'f':'abd'}", true},
    {"f != 'abc'", "{'f':'abc'}", false},
    {"f == 5", "{'f':5.0}", true},
    {"f == 5", "{'f':'5'}", true},
    {"f == 5", "{'f':6}", false},
    {"f == -5", "{'f':-5}", true},
    {"f == -9223372036854775808", "{'f':-9223372036854775808}", true},
    {"f + 0 == -9223372036854775808", "{'f':-9223372036854775807}", false},
    {"f == -1.00000000000000000000000000000000000000000000000000000000000000000000001", "{'f':-1}",
     false},
    {"f == - -5", "{'f':5}", true},
    {"f == true", "{'f':true}", true},
    {"f == true", "{'f':'true'}", true},
    {"f == false", "{'f':true}", false},
    {"f", "{'f':true}", true},
    {"f", "{'f':false}", false},
    {"not f", "{}", true},
    {"f : 'ABC'", "{'f':'abc'}", true},
    {"f : 'a*C'", "{'f':'axxc'}", true},
    {"f : 'a?c'", "{'f':'abc'}", true},
    {"f : 'a?c'", "{'f':'ac'}", false},
    {"f : 'a?c'",
     "{'f':'a\xC3\xA9"
     "c'}",
     true}, /* one character */
    {"f : '\xC3\x89*'", "{'f':'\xC3\xA9t'}", true},
    {"f : ('x', 'B*')", "{'f':'bcd'}", true},
    {"f : ('x', 'B*')", "{'f':'cd'}", false},
    {"f : 'C:\\\\Users\\\\*'", "{'f':'c:\\\\users\\\\me'}", true},
    {"f : 'a\\\\*'", "{'f':'a\\\\bc'}", true}, /* a wildcard cannot be escaped */
    {"f : 'a\\\\*'", "{'f':'a*'}", false},
    {"f : '*'", "{'f':''}", true},
    {"f : '*'", "{'f':5}", true},
    {"f : '*'", "{}", false},
    {"f : '?*'", "{'f':''}", false},
    {"f : '?*'", "{'f':'a'}", true},
    {"f : '**a**'", "{'f':'bab'}", true},
    {"f : ''", "{'f':''}", true},
    {"f : ''", "{'f':'a'}", false},
    {"f like 'a*'", "{'f':'abc'}", true},
    {"f like 'a*'", "{'f':'Abc'}", false},
    {"f like~ 'a*'", "{'f':'Abc'}", true},
    {"f like ('x*', '*c')", "{'f':'abc'}", true},
    {"f in ('a', 'b')", "{'f':'b'}", true},
    {"f in ('a', 'b')", "{'f':'B'}", false},
    {"f in ('a*')", "{'f':'ab'}", false},
    {"f in~ ('a', 'b')", "{'f':'B'}", true},
    {"f in (1, 2.5)", "{'f':2.50}", true},
    {"f not in ('a', 'b')", "{'f':'c'}", true},
    {"f not in ('a', 'b')", "{'f':'a'}", false},
    {"f not in~ ('a', 'b')", "{'f':'A'}", false},
    {"f < 5", "{'f':4}", true},
    {"f < 5", "{'f':5}", false},
    {"f <= 5", "{'f':5.0}", true},
    {"f > 5", "{'f':'6'}", true},
    {"5 < f", "{'f':6}", true},
    {"5 < f", "{'f':4}", false},
    {"f >= 5", "{'f':'x'}", false},
    {"f < 'b'", "{'f':'a'}", true}, /* texts by code units */
    {"f < 'b'", "{'f':'B'}", true},
    {"f < 'B'", "{'f':'a'}", false},
    {"f > 3 + 4", "{'f':8}", true},
    {"f > 3 + 4", "{'f':7}", false},
    {"`odd-name` == 1", "{'odd-name':1}", true},
    {"a.`0`.b == 1", "{'a':{'0':{'b':1}}}", true},
    {"`a``b` == 1", "{'a`b':1}", true},
    {"f == 'a' and g == 'b' or h == 'c'", "{'h':'c'}", true},
    {"f == 'a' and (g == 'b' or h == 'c')", "{'h':'c'}", false},
    {"not f == 'a' and g == 'b'", "{'g':'b'}", true}, /* not > and > or */
    {"f == 'a' // comment\n and /* more\n lines */ g == 'b'", "{'f':'a','g':'b'}", true},
    {"f == '''C:\\x''' ", "{'f':'C:\\\\x'}", true},
    {"f == '''a'''' ", "{'f':'a\\''}", true},
    {"f == '''a''''' ", "{'f':'a\\'\\''}", true},
    {"f == '\\u{e9}\\u{0001F600}'", "{'f':'\xC3\xA9\xF0\x9F\x98\x80'}", true},
    {"f == 'a\\t\\'\\\\\\\1'", "{'f':'a\\t\\'\\\\\1'}", true},
};

/* What a missing field means: three classes. */
static const struct row missing[] = {
    {"f == 'a'", "{}", false},
    {"f != 'a'", "{}", true},
    {"f != true", "{}", true},
    {"not f : 'a*'", "{}", true},
    {"not f like 'a*'", "{}", true},
    {"not f regex 'a.*'", "{}", true},
    {"not f in~ ('a', 'b')", "{}", true},
    {"f not in ('a')", "{}", true},
    {"not startsWith(f, 'a')", "{}", true},
    {"not stringContains~(f, 'a')", "{}", true},
    {"not cidrMatch(f, '10.0.0.0/8')", "{}", true},
    {"not f : 'a*'", "{'f':null}", true},
    {"f > 5", "{}", false},
    {"not f > 5", "{}", false},
    {"not f > 5", "{'f':null}", false},
    {"not f > 5", "{'f':5}", true},
    {"not not f > 5", "{'f':6}", true},
    {"not 5 < f", "{}", false},
    {"not (f > 5 and g == 1)", "{'g':2}", true},
    {"not (f > 5 and g == 1)", "{'g':1}", false},
    {"not (f > 5 and g == 1)", "{'f':null,'g':1}", false},
    {"not (f > 5 or g == 1)", "{'f':[],'g':2}", false},
    {"not (g == 1 or not (f > 5 and g == 2))", "{'f':[null],'g':2}", false},
    {"not (f > 5 and g == 1)", "{'f':[3,7],'g':1}", true},
    {"not (f > 5 and g == 1)", "{'f':[6,7],'g':1}", false},
    {"length(f) > 5", "{}", false},
    {"not length(f) > 5", "{}", false},
    {"not length(f) > 5", "{'f':'abc'}", true},
    {"length(f) != 5", "{}", false},
    {"not startsWith(f, g)", "{'f':'a'}", false},
    {"not startsWith(f, g)", "{'f':'a','g':'b'}", true},
    {"f == null", "{}", true},
    {"f == null", "{'f':null}", true},
    {"f == null", "{'f':[]}", true},
    {"f == null", "{'f':''}", false},
    {"f == null", "{'f':[null,'a']}", false},
    {"f == null", "{'f':{'g':1}}", true},
    {"f != null", "{'f':0}", true},
    {"f != null", "{'f':false}", true},
    {"f != null", "{}", false},
    {"null == f", "{}", true},
    {"not f == null", "{'f':1}", true},
    {"?f == null", "{}", true},
    {"?f != 'a'", "{}", true},
    {"?a.b : 'x'", "{'a':{'b':'X'}}", true},
    {"indexOf(f, 'x') == null", "{'f':'abc'}", true},
    {"indexOf(f, 'x') == null", "{}", true},
    {"indexOf(f, 'b') == null", "{'f':'abc'}", false},
    {"indexOf(f, 'b') != null", "{'f':'abc'}", true},
    {"indexOf(f, 'b') != null", "{}", false},
    {"true or null", "{}", true},
    {"false or null", "{}", false},
    {"not (false or null)", "{}", false},
    {"not (false and null)", "{}", true},
    {"null", "{}", false},
    {"not null", "{}", false},
    {"true", "{}", true},
    {"f > null", "{'f':5}", false},
    {"not f > null", "{'f':5}", false},
};

static const struct row members[] = {
    {"f == 'a' and f == 'b'", "{'f':['a','b']}", true}, /* two members may do it */
    {"f != 'a'", "{'f':['a','b']}", false},
    {"f != 'c'", "{'f':['a','b']}", true},
    {"f > 5", "{'f':[1,9]}", true},
    {"not f > 5", "{'f':[1,9]}", true}, /* f <= 5: the other member */
    {"f : 'b*'", "{'f':['ax','bx']}", true},
    {"length(f) == 2", "{'f':['ab','c']}", true}, /* a computed value sees the first */
    {"length(f) == 1", "{'f':['ab','c']}", false},
    {"length(f) == 2", "{'f':[null,'ab']}", true},
    {"a.b == 'x' and a.c == 'y'", "{'a':[{'b':'x','c':'n'},{'b':'m','c':'y'}]}", true},
};

static const struct row calls[] = {
    {"startsWith(f, 'Ab')", "{'f':'Abc'}", true},
    {"startsWith(f, 'ab')", "{'f':'Abc'}", false},
    {"startswith~(f, 'ab')", "{'f':'Abc'}", true},
    {"endsWith(f, '')", "{'f':'a'}", true},
    {"endsWith~(f, 'BC')", "{'f':'abc'}", true},
    {"endsWith('ntdll.dll', f)", "{'f':'.dll'}", true},
    {"endsWith('ntdll.dll', f)", "{'f':'.exe'}", false},
    {"stringContains(f, 'b')", "{'f':'abc'}", true},
    {"stringContains(f, 'B')", "{'f':'abc'}", false},
    {"stringContains(f, '')", "{'f':'abc'}", false},
    {"stringContains(f, g)", "{'f':'abc','g':''}", false},
    {"stringContains~(f, g)", "{'f':'aBc','g':'Bc'}", true},
    {"cidrmatch(f, '10.0.0.0/8')", "{'f':'10.1.2.3'}", true},
    {"cidrMatch(f, '10.6.48.157/24', 'fe80::/10')", "{'f':'10.6.48.1'}", true}, /* host bits */
    {"cidrMatch(f, '10.6.48.157/24', 'fe80::/10')", "{'f':'fe80::1'}", true},
    {"cidrMatch(f, '10.0.0.0/8')", "{'f':'11.1.2.3'}", false},
    {"cidrMatch(f, '10.0.0.0/8')", "{'f':['11.1.2.3','10.1.1.1']}", true},
    {"cidrMatch(concat(f, '.3'), '10.0.0.0/8')", "{'f':'10.1.2'}", true},
    {"cidrMatch('10.1.1.1', '10.0.0.0/8')", "{}", true},
    {"length(f) > 2", "{'f':'\xC3\xA9\xC3\xA9'}", false},
    {"length(f) == 2", "{'f':'\xC3\xA9\xC3\xA9'}", true},
    {"startswith~(h, substring(u, 0, -1))", "{'h':'WS1.corp','u':'ws1$'}", true},
    {"startswith~(h, substring(u, 0, -1))", "{'h':'WS2.corp','u':'ws1$'}", false},
    {"startswith~(h, concat(substring(u, 0, -1), '.'))", "{'h':'WS1.corp','u':'ws1$'}", true},
    {"substring(f, 1, 3) : 'B?'", "{'f':'abc'}", true},
    {"substring(f, 1, 3) : 'B?'", "{'f':'abbc'}", true},
    {"substring(f, 1) like ('x*', '*c')", "{'f':'abc'}", true},
    {"substring(f, 1) in~ ('x', 'BC')", "{'f':'abc'}", true},
    {"string(f) == '42.5'", "{'f':42.5}", true},
    {"string(f) == 'true'", "{'f':true}", true},
    {"concat(f, ':', g) == 'a:7'", "{'f':'a','g':7}", true},
    {"number(f) > 5", "{'f':'0x10'}", true},
    {"number(f, 8) == 21763", "{'f':'052403'}", true},
    {"f + 1 == 3", "{'f':2}", true},
    {"f / 2 == 3", "{'f':7}", true},
    {"f / 2.0 == 3.5", "{'f':7}", true},
    {"f % -6 == 4", "{'f':10}", true},
    {"f - g > 0", "{'f':3,'g':2}", true},
    {"f - g > 0", "{'f':2,'g':3}", false},
    {"-f == 5", "{'f':-5}", true},
    {"f / g == 1", "{'f':1,'g':0}", false},
    {"between(f, 'k:', ' ') == 'v'", "{'f':'x k:v y'}", true},
    {"indexOf(f, '.') > 2", "{'f':'abc.d'}", true},
    {"add(f, 1) == 3", "{'f':2}", true},
};

static const struct row regexes[] = {
    {"f regex 'b'", "{'f':'abc'}", false}, /* the whole value */
    {"f regex 'a.c'", "{'f':'abc'}", true},
    {"f regex 'A.c'", "{'f':'abc'}", false},
    {"f regex '*b(?c|{2})'", "{'f':'*b?c'}", true}, /* a repeat of nothing is a character */
    {"f regex '*b(?c|{2})'", "{'f':'*b{2}'}", true},
    {"f regex '*b(?c|{2})'", "{'f':'xb?c'}", false},
    {"f regex~ 'A.c'", "{'f':'abc'}", true},
    {"f regex ('x', 'ab?c+')", "{'f':'abcc'}", true},
    {"f regex '.*b.*'", "{'f':'a\\nb'}", true}, /* . is any character */
    {"f regex '^abc$'", "{'f':'abc'}", false},  /* no anchors */
    {"f regex '^abc$'", "{'f':'^abc$'}", true},
    {"f regex 'a\\'b.c\\'d'", "{'f':'ab.cd'}", true}, /* literal text */
    {"f regex 'a\\'b.c\\'d'", "{'f':'abxcd'}", false},
    {"f regex 'a@z'", "{'f':'abcz'}", true},
    {"f regex 'a#|b'", "{'f':'b'}", true},
    {"f regex 'a#|b'", "{'f':'a'}", false},
    {"f regex '[a-c]{2,3}'", "{'f':'abc'}", true},
    {"f regex '[a-c]{2,3}'", "{'f':'a'}", false},
    {"f regex '[^a-c]+'", "{'f':'xyz'}", true},
    {"f regex '''\\d+\\.\\w'''", "{'f':'12.a'}", true},
    {"f regex '''[\\d.]+'''", "{'f':'1.2'}", true},
    {"f regex 'a?+b'", "{'f':'aab'}", true}, /* a repeat of a repeat, not possessive */
    {"f regex 'a.*?b'", "{'f':'axbxb'}", true},
    {"f regex '[a[:]+'", "{'f':'[:a'}", true},
    {"f regex '(ab|c)*'", "{'f':'abcab'}", true},
    {"f regex 'a/b-c'", "{'f':'a/b-c'}", true},
    {"f regex '.*bad.*&.*tool.*'", "{'f':'a tool that is bad'}", true}, /* both */
    {"f regex '.*bad.*&.*tool.*'", "{'f':'a tool'}", false},
    {"f regex '.*&~(a.*)'", "{'f':'ba'}", true},
    {"f regex '.*&~(a.*)'", "{'f':'ab'}", false},
    {"f regex 'a~b'", "{'f':'a'}", true}, /* anything but b behind the a */
    {"f regex 'a~b'", "{'f':'ab'}", false},
    {"f regex 'a~b'", "{'f':'abb'}", true},
    {"f regex 'a~b'", "{'f':'b'}", false},
    {"f regex '([a-z]&~[aeiou])+'", "{'f':'xyz'}", true}, /* of one length: anywhere */
    {"f regex '([a-z]&~[aeiou])+'", "{'f':'xaz'}", false},
    {"f regex 'x(ab&c)?y'", "{'f':'xy'}", true}, /* nothing is both */
    {"f regex 'x(ab&c)y'", "{'f':'xcy'}", false},
    {"f regex 'p<8-120>'", "{'f':'p0099'}", true},
    {"f regex 'p<8-120>'", "{'f':'p7'}", false},
    {"f regex 'p<8-120>'", "{'f':'p121'}", false},
    {"f regex 'p<08-12>'", "{'f':'p09'}", true}, /* so many digits */
    {"f regex 'p<08-12>'", "{'f':'p9'}", false},
    {"f regex~ 'A&[A-B]'", "{'f':'a'}", true},
};

TEST(comparisons_mean_what_elasticsearch_means)
{
    check_rows(comparing, ARRAY_LEN(comparing));
}

TEST(a_missing_field_has_three_meanings)
{
    check_rows(missing, ARRAY_LEN(missing));
}

TEST(any_member_of_an_array_will_do)
{
    check_rows(members, ARRAY_LEN(members));
}

TEST(functions_take_fields_and_literals)
{
    check_rows(calls, ARRAY_LEN(calls));
}

TEST(regexes_are_lucenes)
{
    check_rows(regexes, ARRAY_LEN(regexes));
}

TEST(the_category_is_compared_as_written)
{
    CHECK(query_fires("eql", "process where true", "{'event':{'category':'process'}}"));
    CHECK(query_fires("eql", "process where true", "{'event':{'category':['file','process']}}"));
    CHECK(query_fires("eql", "process where true", "{'event.category':'process'}"));
    CHECK(!query_fires("eql", "process where true", "{'event':{'category':'Process'}}"));
    CHECK(!query_fires("eql", "process where true", "{}"));
    CHECK(query_fires("eql", "'odd name' where true", "{'event':{'category':'odd name'}}"));
    CHECK(query_fires("eql", "any where true", "{}"));
    CHECK(query_fires("eql", "'any' where true", "{'event':{'category':'any'}}"));
    CHECK(!query_fires("eql", "'any' where true", "{}"));
}

TEST_MAIN(ENTRY(comparisons_mean_what_elasticsearch_means),
          ENTRY(a_missing_field_has_three_meanings), ENTRY(any_member_of_an_array_will_do),
          ENTRY(functions_take_fields_and_literals), ENTRY(regexes_are_lucenes),
          ENTRY(the_category_is_compared_as_written))
