/* test_sigma_value.c - YAML scalars to atoms: types, the escape machine, wildcards, folding. */
#include "tests/lib/sigma_rows.h"

#define CHECK_ROWS(rows) sigma_check_rows(sigma_item, rows, ARRAY_LEN(rows))

TEST(every_yaml_type_becomes_its_atom)
{
    static const struct sigma_row ROWS[] = {
        {"f: x", "f eq \"x\""},
        {"f: 5", "f eq 5"},
        {"f: '5'", "f eq \"5\""},
        {"f: 5.0", "f eq 5.0"},
        {"f: 0x10", "f eq 16"},
        {"f: true", "f eq true"},
        {"f: 'true'", "f eq \"true\""},
        {"f: no", "f eq false"},
        {"f: null", "f null"},
        {"f:", "f null"},
        {"f: []", "f null"},
        {"f: ''", "f eq \"\""},
        {"f: 2024-01-01", "f eq \"2024-01-01\""},
        {"f: [null]", "f null"},
        {"f: [a, null]",
         "or(f eq \"a\", f null) ! 5:5: null in a list: Sigma asks for a selection of its own"},
        {"f: [a, 5]", "or(f eq \"a\", f eq 5)"},
        {"f: .inf", "error: 5:8: '.inf' is not a finite number"},
        {"f: {a: b}", "error: 5:8: a value cannot be a map here"},
        {"f: [[a]]", "error: 5:9: a value cannot be a list here"},
    };
    CHECK_ROWS(ROWS);
}

/* Every row of the specification's table of escapes; YAML single quotes change nothing. */
TEST(backslashes_escape_wildcards_and_themselves_only)
{
    static const struct sigma_row ROWS[] = {
        {"f: 'a*b'", "f glob \"a\" * \"b\""},
        {"f: 'a\\*b'", "f eq \"a*b\""},
        {"f: 'a\\\\*b'", "f glob \"a\\\" * \"b\""},
        {"f: 'a\\\\\\*b'", "f eq \"a\\*b\""},
        {"f: 'a\\\\\\\\*b'", "f glob \"a\\\\\" * \"b\""},
        {"f: 'C:\\Windows\\*'",
         "f eq \"C:\\Windows*\" ! 5:8: the last star is literal, because a backslash stands before "
         "it: write '\\\\*' for a backslash and a wildcard"},
        {"f: 'C:\\Windows\\\\*'", "f startswith \"C:\\Windows\\\""},
        {"f: '\\\\srv\\share'", "f eq \"\\srv\\share\""},
        {"f: '\\\\\\\\srv\\\\share'", "f eq \"\\\\srv\\share\""},
        {"f: '\\\\?\\C:'", "f glob \"\\\" ? \"\\C:\""},
        {"f: '\\\\\\?\\C:'", "f eq \"\\?\\C:\""},
        {"f: 'end\\\\'", "f eq \"end\\\""},
        {"f: 'end\\'", "f eq \"end\\\""},
        {"f: '\\n'", "f eq \"\\n\""},
        {"f: \"a\\tb\"",
         "f eq \"a\\x09b\" ! 5:8: the value holds a control character: in double quotes a "
         "backslash begins an escape (single quotes take it as it is)"},
        {"f: '%x%'", "f eq \"%x%\""},
        {"f: '\\*avira\\*'", "f eq \"*avira*\""},
    };
    CHECK_ROWS(ROWS);
}

TEST(wildcards_choose_the_cheapest_atom)
{
    static const struct sigma_row ROWS[] = {
        {"f: 'a*'", "f startswith \"a\""},
        {"f: '*a'", "f endswith \"a\""},
        {"f: '*a*'", "f contains \"a\""},
        {"f: '**a**'", "f contains \"a\""},
        {"f: '*'", "f contains \"\" ! 5:8: always matches an event that has the field"},
        {"f: '**'", "f contains \"\" ! 5:8: always matches an event that has the field"},
        {"f: '?'", "f glob ?"},
        {"f: '?*'", "f glob ? *"},
        {"f: 'a?b'", "f glob \"a\" ? \"b\""},
        {"f: '*a?b*'", "f glob * \"a\" ? \"b\" *"},
    };
    CHECK_ROWS(ROWS);
}

TEST(letters_fold_by_ascii_unless_the_text_needs_more)
{
    static const struct sigma_row ROWS[] = {
        {"f: Abc", "f eq \"Abc\""},
        {"f: 'Ärger'", "f eq unicode \"Ärger\""},
        {"f: 'ДОМ*'", "f startswith unicode \"ДОМ\""},
        {"f: '“–…”日本'", "f eq \"“–…”日本\""},
        {"f|cased: 'Ärger'", "f eq cased \"Ärger\""},
    };
    CHECK_ROWS(ROWS);
}

TEST(maps_lists_and_keywords_have_their_structure)
{
    static const struct sigma_row ROWS[] = {
        {"  s: {f: a, g: b}\n  condition: s", "s: and(f eq \"a\", g eq \"b\")"},
        {"  s: {f: [a, b]}\n  condition: s", "s: or(f eq \"a\", f eq \"b\")"},
        {"  s: [{f: a}, {g: b, h: c}]\n  condition: s",
         "s: or(f eq \"a\", and(g eq \"b\", h eq \"c\"))"},
        {"  s: [kw, 'a*b']\n  condition: s",
         "s: or(@any contains \"kw\", @any glob * \"a\" * \"b\" *)"},
        {"  s: kw\n  condition: s", "s: @any contains \"kw\""},
        {"  s: ['*kw', 4624]\n  condition: s",
         "s: or(@any contains \"kw\", @any contains \"4624\")"},
        {"  s: [kw, {f: 1, g: 2}]\n  condition: s",
         "s: or(@any contains \"kw\", and(f eq 1, g eq 2))"},
        {"  s: {'|all': [a, b]}\n  condition: s",
         "s: and(@any contains \"a\", @any contains \"b\")"},
        {"  s: {'|all': [a, b], f: c}\n  condition: s",
         "s: and(and(@any contains \"a\", @any contains \"b\"), f eq \"c\")"},
        {"  s: {'|re': 'a\\d'}\n  condition: s", "s: @any re /a\\d/"},
        {"  s: {'|startswith': a}\n  condition: s", "s: @any startswith \"a\""},
        {"  s: {'|cased': a}\n  condition: s", "s: @any contains cased \"a\""},
        {"  s: ['']\n  condition: s",
         "s: @any contains \"\" ! 4:7: always matches an event that has any text"},
        {"  s: [true]\n  condition: s",
         "error: 4:7: true or false needs a field: a keyword is text, a number or a regex"},
        {"  s: [null]\n  condition: s",
         "error: 4:7: nothing (null) needs a field: a keyword is text, a number or a regex"},
        {"  s: {'|exists': true}\n  condition: s",
         "error: 4:18: a test for existence needs a field: a keyword is text, a number or a regex"},
        {"  s: {}\n  condition: s", "error: 4:6: the selection is empty"},
        {"  s: []\n  condition: s", "error: 4:6: the selection is empty"},
        {"  s:\n  condition: s", "error: 4:5: the selection is empty"},
        {"  s: [[a], {f: b}]\n  condition: s",
         "error: 4:7: a list cannot stand inside a list here"},
        {"  s: [{}]\n  condition: s", "error: 4:7: the selection is empty"},
        {"  s: {a.b.c-d e@: x}\n  condition: s", "s: \"a.b.c-d e@\" eq \"x\""},
    };
    sigma_check_rows(sigma_detection, ROWS, ARRAY_LEN(ROWS));
}

TEST_MAIN(ENTRY(every_yaml_type_becomes_its_atom),
          ENTRY(backslashes_escape_wildcards_and_themselves_only),
          ENTRY(wildcards_choose_the_cheapest_atom),
          ENTRY(letters_fold_by_ascii_unless_the_text_needs_more),
          ENTRY(maps_lists_and_keywords_have_their_structure))
