/* test_lucene_query.c - Lucene's syntax: what formula a text becomes, and what is refused where. */
#include "tests/lib/query_text.h"
#include "tests/lib/test.h"

#include "base/buf.h"

#define AND_BESIDE_OR                                                                          \
    "Lucene: AND makes what is beside it necessary, so what only OR joins here says nothing: " \
    "parentheses say what is meant"

TEST(clauses_become_formulas)
{
    static const struct query_row ROWS[] = {
        {"", "true ! 1:1: the query is empty: it is true of every event"},
        {"*:*", "true"},
        {"f:a", "f eq cased \"a\""},
        {"f: a", "f eq cased \"a\""},
        {"f:\"a b\"", "f eq cased \"a b\""},
        {"f:a\\ b\\:c", "f eq cased \"a b:c\""},
        {"f:\\u0041b", "f eq cased \"Ab\""},
        {"f:\"\\ud83d\\ude00\\u00e9\"", "f eq cased \"\xF0\x9F\x98\x80\xC3\xA9\""},
        {"f:\\ud83d\\u0041*", "f startswith cased \"\xEF\xBF\xBD\x41\""},
        {"\\u0066:a", "f eq cased \"a\""},
        {"f:a*", "f startswith cased \"a\""},
        {"f:*a*", "f contains cased \"a\""},
        {"f:a?c", "f glob cased \"a\" ? \"c\""},
        {"f:\"a*\"", "f eq cased \"a*\""},
        {"f:5", "f eq 5"},
        {"f:true", "f eq true"},
        {"_exists_:f", "f value"},
        {"_exists_:f.keyword", "or(f.keyword value, f value)"},
        {"f:*", "f value"},
        {"f:[1 TO 5}", "and(f gte 1, f lt 5)"},
        {"f:{1 TO *]", "f gt 1"},
        {"f:[1 TO *]^2 g:/a/^1.5", "or(f gte 1, g re /a/s whole)"},
        {"f:>=5", "f gte 5"},
        {"@timestamp:>=1772359200000", "@timestamp time >= 2026-03-01T10:00:00.000Z"},
        {"f:<5", "f lt 5"},
        {"f:> 5", "f gt 5"},
        {"f.keyword:a?c", "or(f.keyword glob cased \"a\" ? \"c\", f glob cased \"a\" ? \"c\")"},
        {"f.caseless:A?c", "or(f.caseless glob \"A\" ? \"c\", f glob \"A\" ? \"c\")"},
        {"message:a?c", "message words \"a\" ? \"c\""},
        {"message:5 f.text:7", "or(message words \"5\", or(f.text words \"7\", f words \"7\"))"},
        {"f.caseless:/a/", "or(f.caseless re /a/is whole, f re /a/is whole)"},
        {"f:ab~ g:\"a b\"~3 g:\"a b\"~",
         "or(f eq cased \"ab\", g eq cased \"a b\", g eq cased \"a b\")"},
        {"f:ab~1^2", "or(f eq cased \"ab\", f eq cased \"b\", f eq cased \"ba\", f eq cased \"a\", "
                     "f re /.ab|.b|a.b|a.|ab./s whole)"},
        {"f:ab~0", "f eq cased \"ab\""},
        {"f:/a\\/b\\.[c-d]+/", "f re /a\\/b\\.[c-d]+/s whole"},
        {"f:a g:b", "or(f eq cased \"a\", g eq cased \"b\")"},
        {"f:a OR g:b || h:c", "or(f eq cased \"a\", g eq cased \"b\", h eq cased \"c\")"},
        {"f:a AND g:b && h:c", "and(f eq cased \"a\", g eq cased \"b\", h eq cased \"c\")"},
        {"f:a AND NOT g:b", "and(f eq cased \"a\", not(g eq cased \"b\"))"},
        {"NOT f:a", "not(f eq cased \"a\")"},
        {"f:a -g:b", "and(not(g eq cased \"b\"), f eq cased \"a\")"},
        {"+f:a g:b", "f eq cased \"a\""},
        {"+f:a -g:b", "and(f eq cased \"a\", not(g eq cased \"b\"))"},
        {"f:(a OR b)", "or(f eq cased \"a\", f eq cased \"b\")"},
        {"f:(a AND b*)", "and(f eq cased \"a\", f startswith cased \"b\")"},
        {"(f:a OR g:b) AND h:c", "and(or(f eq cased \"a\", g eq cased \"b\"), h eq cased \"c\")"},
        /* AND makes its sides necessary; what only OR joins beside them says nothing. */
        {"f:a AND g:b OR h:c", "and(f eq cased \"a\", g eq cased \"b\") ! 1:1: " AND_BESIDE_OR},
        {"f:a OR g:b AND h:c", "and(g eq cased \"b\", h eq cased \"c\") ! 1:1: " AND_BESIDE_OR},
        {"f:a g:b AND NOT h:c",
         "and(g eq cased \"b\", not(h eq cased \"c\")) ! 1:1: " AND_BESIDE_OR},
        {"f:\"a b\"^3 AND (g:b)^0.5", "and(f eq cased \"a b\", g eq cased \"b\")"},
        {"f:null", "f eq cased \"null\""},
        {"*", "true"},
        {"f:[a TO b}", "and(f text >= \"a\", f text < \"b\")"},
        {"message:a", "message words \"a\""},
        {"f:\"10.0.0.0/8\"", "or(f eq cased \"10.0.0.0/8\", f cidr 10.0.0.0/8)"},
        {"f:ORacle OR g:ANDy", "or(f eq cased \"ORacle\", g eq cased \"ANDy\")"},
    };

    query_check("lucene", ROWS, ARRAY_LEN(ROWS));
}

TEST(what_is_not_there_is_refused_with_its_place)
{
    static const struct query_row ROWS[] = {
        {"/a.*/", "unsupported: 1:1: Lucene: a regex without a field"},
        {"f:\"C:\\users\"", "error: 1:7: Lucene: four hexadecimal digits are wanted behind '\\u' "
                            "(a backslash itself is "
                            "'\\\\')"},
        {"f:a\\u004", "error: 1:5: Lucene: four hexadecimal digits are wanted behind '\\u' (a "
                      "backslash itself is '\\\\')"},
        {"f:/a", "error: 1:5: Lucene: '/' is missing behind a regex"},
        {"f:a~2",
         "unsupported: 1:4: Lucene: two changes ('~2', or '~' behind more than five characters)"},
        {"f:abcdef~",
         "unsupported: 1:9: Lucene: two changes ('~2', or '~' behind more than five characters)"},
        {"f:a~0.5", "unsupported: 1:4: Lucene: a fraction behind '~'"},
        {"f:a*~1", "unsupported: 1:5: Lucene: '~' behind wildcards"},
        {"message:a~1", "unsupported: 1:10: Lucene: '~' of a field that is searched by word, case "
                        "aside, or of many"},
        {"f.caseless:a~1", "unsupported: 1:13: Lucene: '~' of a field that is searched by word, "
                           "case aside, or of many"},
        {"a~1", "unsupported: 1:2: Lucene: '~' of a field that is searched by word, case aside, or "
                "of many"},
        {"message:\"a b\"~2", "unsupported: 1:14: Lucene: words that are near each other ('~')"},
        {"f:[1~ TO 5]", "unsupported: 1:5: Lucene: '~' in a range"},
        {"_exists_:f~", "unsupported: 1:11: Lucene: '~' behind a field's name"},
        {"message:/a/", "unsupported: 1:9: a regex of 'message', which is searched by word"},
        {"powershell.file.script_block_text:a?",
         "unsupported: 1:35: a pattern of the words of 'powershell.file.script_block_text'"},
        {"f:AND g:b", "error: 1:3: Lucene: an operator stands where a value should be"},
        {"f:(a OR NOT AND)", "error: 1:13: Lucene: an operator stands where a value should be"},
        {"f:> AND", "error: 1:5: Lucene: an operator stands where a value should be"},
        {"f:a^b", "error: 1:4: Lucene: a number is missing behind '^'"},
        {"f?:a", "unsupported: 1:1: Lucene: '?' in a field's name"},
        {"f*:a?b", "unsupported: 1:4: Lucene: '?' in a text without a field, or in one of many"},
        {"f*:/a/", "unsupported: 1:4: Lucene: a regex of many fields"},
        {"AND f:a", "error: 1:1: Lucene: an operator stands where a condition should be"},
        {"f:a OR OR f:b", "error: 1:8: Lucene: an operator stands where a condition should be"},
        {"f:[a* TO b]", "error: 1:4: Lucene: a range has a value, or '*', on either side"},
        {"f: ", "error: 1:4: Lucene: a value is missing"},
        {"f:(a", "error: 1:5: Lucene: ')' is missing"},
        {"f:a)", "error: 1:4: Lucene: ')' without '('"},
        {"f:\"a", "error: 1:3: Lucene: the text is not closed: '\"' is missing"},
        {"f:a AND", "error: 1:8: Lucene: a field is missing"},
        {"f:[1 5]", "error: 1:6: Lucene: a range is [LOW TO HIGH]"},
        {"()", "error: 1:2: Lucene: a condition is missing"},
    };

    query_check("lucene", ROWS, ARRAY_LEN(ROWS));
}

TEST_MAIN(ENTRY(clauses_become_formulas), ENTRY(what_is_not_there_is_refused_with_its_place))
