/* test_doc.c - YAML to the document tree: types, places, refusals, bounds. */
#include "doc/doc.h"

#include "base/buf.h"
#include "tests/lib/doc_show.h"
#include "tests/lib/test.h"

#include <stdlib.h>

/* All documents, or the error as "line:col: text". */
static struct str load(struct arena *a, struct str yaml)
{
    struct doc_node *docs;
    struct weir_err err = {0};
    struct buf out = {0};
    size_t n;

    if (doc_parse_yaml(a, yaml, &docs, &n, &err) != WEIR_OK)
        return arena_printf(a, "%u:%u: %s", err.line, err.col, err.text);
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add(&out, STR(" | "));
        doc_show(&out, &docs[i]);
    }
    struct str s = arena_str(a, buf_str(&out));
    buf_release(&out);
    return s;
}

static void check_all(const char *const (*rows)[2], size_t n)
{
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < n; i++)
        CHECK_STR(load(a, str_from(rows[i][0])), rows[i][1]);
    arena_free(a);
}

TEST(plain_scalars_are_typed_as_pyyaml_types_them)
{
    static const char *const ROWS[][2] = {
        {"5", "5"},
        {"-5", "-5"},
        {"+5", "5"},
        {"0", "0"},
        {"-0", "0"},
        {"1_000", "1000"},
        {"007", "7"},
        {"010", "8"},
        {"08", "'08'"},
        {"0x1F", "31"},
        {"-0x10", "-16"},
        {"0b101", "5"},
        {"0b", "'0b'"},
        {"0x", "'0x'"},
        {"0xfg", "'0xfg'"},
        {"0xffffffffffffffff", "18446744073709551615"},
        {"0x10000000000000000", "'0x10000000000000000'"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"22:30", "1350"},
        {"1:30:15", "5415"},
        {"22:60", "'22:60'"},
        {"0:30", "'0:30'"},
        {"1:", "{1=null}"},
        {"1.5", "f1.5"},
        {"1.", "f1.0"},
        {".5", "f0.5"},
        {"-.5", "'-.5'"},
        {"1e3", "'1e3'"},
        {"1.0e3", "'1.0e3'"},
        {"1.0e+3", "f1.0e+3"},
        {"-1.5e-3", "f-1.5e-3"},
        {"1.5.1", "'1.5.1'"},
        {"00.5", "f0.5"},
        {"1_0.2_5", "f10.25"},
        {"1:30.5", "f90.5"},
        {".inf", "f"},
        {"-.inf", "f"},
        {".nan", "f"},
        {".", "'.'"},
        {"-", "[null]"},
        {"+", "'+'"},
        {"10.0.0.1", "'10.0.0.1'"},
        {"~", "null"},
        {"null", "null"},
        {"NULL", "null"},
        {"nULL", "'nULL'"},
        {"a:", "{a=null}"},
        {"yes", "true"},
        {"No", "false"},
        {"on", "true"},
        {"OFF", "false"},
        {"y", "'y'"},
        {"n", "'n'"},
        {"True", "true"},
        {"tRUE", "'tRUE'"},
        {"'5'", "'5'"},
        {"\"yes\"", "'yes'"},
        {"''", "''"},
        {"2024-01-01", "'2024-01-01'"},
        {"|\n 5\n", "'5\n'"},
    };
    check_all(ROWS, ARRAY_LEN(ROWS));
}

TEST(containers_tags_anchors_and_merges_build_the_tree)
{
    static const char *const ROWS[][2] = {
        {"a: 1\nb: [x, y]\nc: {d: e}", "{a=1 b=['x' 'y'] c={d='e'}}"},
        {"- a\n-\n- [[]]\n- {}", "['a' null [[]] {}]"},
        {"a: 1\n---\nb: 2\n", "{a=1} | {b=2}"},
        {"---\n---\n# nothing\n---\na: 1\n...\n", "{a=1}"},
        {"", ""},
        {"!!str 5", "'5'"},
        {"!!int '5'", "5"},
        {"!!float 5", "f5"},
        {"! 5", "'5'"},
        {"a: &x [1, 2]\nb: *x\n", "{a=[1 2] b=[1 2]}"},
        {"a: &x 1\nb: &x 2\nc: *x\n", "{a=1 b=2 c=2}"},
        {"a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3\n", "{a={k=1 l=2} b={k=3 l=2}}"},
        {"a: &x {k: 1}\nb: &y {k: 2, m: 4}\nc: {<<: [*x, *y]}\n",
         "{a={k=1} b={k=2 m=4} c={k=1 m=4}}"},
        {"'<<': 1", "{<<=1}"},
        {"1: a\nnull: b\n", "{1='a' null='b'}"},
        {"\xef\xbb\xbf"
         "a: \xc3\xa9",
         "{a='\xc3\xa9'}"},
        {"\"a\\x41\\u00e9\\\\\"", "'aA\xc3\xa9\\'"},
    };
    check_all(ROWS, ARRAY_LEN(ROWS));
}

TEST(faults_name_their_place)
{
    static const char *const ROWS[][2] = {
        {"a: 1\nb: 2\na: 3\n", "3:1: the key 'a' is already given in line 1"},
        {"a: [1, 2\nb: 3\n",
         "2:2: did not find expected ',' or ']' (while parsing a flow sequence in line 1)"},
        {"a: b: c",
         "1:5: mapping values are not allowed in this context (a ':' too many: quote the "
         "text, or look for a missing ':' or a wrong indentation above)"},
        {"a: \"C:\\w\"",
         "1:7: found unknown escape character (a backslash in double quotes begins an "
         "escape: use single quotes)"},
        {"\xc3\xa4: %x%",
         "1:4: found character that cannot start any token (a text that begins with "
         "'%', '@' or '`' must be quoted)"},
        {"a: \"C:\\Users\"", "1:9: did not find expected hexdecimal number (a backslash in double "
                             "quotes begins an escape: use single quotes)"},
        {"a: *.exe", "1:5: did not find expected alphabetic or numeric character (a text that "
                     "begins with '*' or '&' must be quoted)"},
        {"a:\n   b: 1\n  c: 2\n",
         "3:3: did not find expected key (the indentation is not that of the "
         "lines above)"},
        {"a: 1\nb: 'x\nc: 2\n", "2:4: the quote that begins here is never closed"},
        {"a: *x",
         "1:4: no anchor '&x' stands before this alias (a text that begins with '*' must be "
         "quoted)"},
        {"a: &x [1, *x]", "1:11: the alias '*x' stands inside its own anchor"},
        {"[a]: 1", "1:1: a key must be a plain text"},
        {"a: !python/object 1", "1:4: the tag '!python/object' is not one of the YAML safe set"},
        {"a: !!int x", "1:4: the value does not fit its tag 'tag:yaml.org,2002:int'"},
        {"a: !!map [x]", "1:4: the tag 'tag:yaml.org,2002:map' is not one of the YAML safe set"},
        {"a: 1\nb: \xff\n", "2:0: not valid UTF-8 text: invalid leading UTF-8 octet"},
        {"a: {<<: 5}", "1:9: '<<' merges a map or a list of maps, not a number"},
        {"\ta: 1", "1:1: found character that cannot start any token (a tab: YAML is indented with "
                   "spaces)"},
    };
    check_all(ROWS, ARRAY_LEN(ROWS));
}

TEST(double_keys_are_found_in_large_maps_too)
{
    struct arena *a = arena_new(0);
    struct buf yaml = {0};

    for (int i = 0; i < 1000; i++)
        buf_printf(&yaml, "key%d: %d\n", i, i);
    CHECK(load(a, buf_str(&yaml)).p[0] == '{');
    buf_printf(&yaml, "key77: again\n");
    CHECK_STR(load(a, buf_str(&yaml)), "1001:1: the key 'key77' is already given in line 78");
    buf_release(&yaml);
    arena_free(a);
}

TEST(depth_size_and_alias_bombs_end_at_their_limits)
{
    struct arena *a = arena_new(0);
    struct buf yaml = {0};

    for (int i = 0; i < DOC_DEPTH_MAX + 1; i++)
        buf_add_char(&yaml, '[');
    CHECK_STR(load(a, buf_str(&yaml)), "1:65: nested deeper than 64");

    buf_clear(&yaml);
    for (int i = 0; i < DOC_NODES_MAX + 1; i++)
        buf_add(&yaml, STR("- a\n"));
    CHECK_STR(load(a, buf_str(&yaml)), "200000:3: more than 200000 values in one file");

    buf_clear(&yaml);
    buf_add(&yaml, STR("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"));
    for (int i = 1; i < 12; i++) {
        buf_printf(&yaml, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buf_printf(&yaml, "%s*a%d", k ? ", " : "", i - 1);
        buf_add(&yaml, STR("]\n"));
    }
    struct str got = load(a, buf_str(&yaml));
    CHECK(str_ends(got, STR("more than 200000 values in one file (after expanding aliases)")));

    buf_clear(&yaml);
    buf_add(&yaml, STR("a0: &a0 [x]\n"));
    for (int i = 1; i < 80; i++)
        buf_printf(&yaml, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    got = load(a, buf_str(&yaml));
    CHECK(str_ends(got, STR("nested deeper than 64")));
    buf_release(&yaml);
    arena_free(a);
}

TEST(values_and_keys_know_their_line_and_column)
{
    struct arena *a = arena_new(0);
    struct doc_node *docs;
    size_t n;

    CHECK_EQ(
        doc_parse_yaml_at(a, STR("a:\n  b: 'x'\n  'c':\n    - 1\n    -  2\n"), 11, &docs, &n, NULL),
        WEIR_OK);
    const struct doc_node *map = doc_get(&docs[0], STR("a"));
    CHECK_EQ(map->line, 12);
    CHECK_EQ(map->keys[1].line, 13);
    CHECK_EQ(map->keys[1].col, 3);
    CHECK_EQ(doc_get(map, STR("b"))->col, 6);
    CHECK(doc_get(map, STR("b"))->is_quoted);
    CHECK_EQ(map->items[1].items[1].line, 15);
    CHECK_EQ(map->items[1].items[1].col, 8);
    CHECK(doc_get(map, STR("z")) == NULL);
    CHECK(doc_get(NULL, STR("z")) == NULL);
    CHECK(doc_get(&map->items[0], STR("z")) == NULL);
    arena_free(a);
}

TEST(a_stream_is_cut_at_its_markers)
{
    static const char *const TEXT =
        "# head\n\n \t\n%YAML 1.1\n---\na: |\n  ---\n  x\n---\nb: 1\n--- c\n---x\n";
    static const char *const WANT[] = {"# head\n\n \t\n%YAML 1.1\n---\na: |\n  ---\n  x\n",
                                       "---\nb: 1\n", "--- c\n---x\n"};
    static const uint32_t LINES[] = {1, 9, 11};
    struct str rest = str_from(TEXT), doc;
    uint32_t line = 1, doc_line;

    for (size_t i = 0; i < ARRAY_LEN(WANT); i++) {
        CHECK(doc_cut_yaml(&rest, &line, &doc, &doc_line));
        CHECK_STR(doc, WANT[i]);
        CHECK_EQ(doc_line, LINES[i]);
    }
    CHECK(!doc_cut_yaml(&rest, &line, &doc, &doc_line));
}

TEST_MAIN(ENTRY(plain_scalars_are_typed_as_pyyaml_types_them),
          ENTRY(containers_tags_anchors_and_merges_build_the_tree), ENTRY(faults_name_their_place),
          ENTRY(double_keys_are_found_in_large_maps_too),
          ENTRY(depth_size_and_alias_bombs_end_at_their_limits),
          ENTRY(values_and_keys_know_their_line_and_column), ENTRY(a_stream_is_cut_at_its_markers))
