/* test_toml.c - TOML to the document tree: types, places, what a hand gets wrong, bounds. */
#include "doc/doc.h"

#include "base/buf.h"
#include "tests/lib/doc_show.h"
#include "tests/lib/test.h"

#include <stdlib.h>

/* The tree, or the error as "line:col: text". */
static struct str load(struct arena *a, struct str toml)
{
    struct doc_node *doc;
    struct weir_err err = {0};
    struct buf out = {0};

    if (doc_parse_toml(a, toml, &doc, &err) != WEIR_OK)
        return arena_printf(a, "%u:%u: %s", err.line, err.col, err.text);
    doc_show(&out, doc);
    struct str s = arena_str(a, buf_str(&out));
    buf_release(&out);
    return s;
}

TEST(values_have_the_types_that_toml_gives_them)
{
    static const struct {
        const char *toml, *tree;
    } ROWS[] = {
        {"", "{}"},
        {"# only this\n", "{}"},
        {"a = 1\nb = -17\nc = 1_000\nd = 0x1F\n", "{a=1 b=-17 c=1000 d=31}"},
        {"a = 1.5\nb = -0.25\n", "{a=f1.5 b=f-0.25}"},
        {"a = inf\nb = nan\n", "{a=f b=f}"},
        {"a = true\nb = false\n", "{a=true b=false}"},
        {"a = \"x\\ty\\u00e9\\\\\"\nb = 'C:\\Temp\\*'\n", "{a='x\ty\xc3\xa9\\' b='C:\\Temp\\*'}"},
        {"a = \"\"\"\none\ntwo \\\n   three\"\"\"\n", "{a='one\ntwo three'}"},
        {"a = '''\n\\d+ \"x\"\n'''\n", "{a='\\d+ \"x\"\n'}"},
        {"a = 2024-02-29\nb = 07:32:00\n", "{a='2024-02-29' b='07:32:00'}"},
        {"a = 1979-05-27T07:32:00Z\nb = 1979-05-27T00:32:00.5-07:30\n",
         "{a='1979-05-27T07:32:00Z' b='1979-05-27T00:32:00.500000000-07:30'}"},
        {"a = [1, 'x', [true], {b = 2}]\n", "{a=[1 'x' [true] {b=2}]}"},
        {"z = 1\na = 2\nm = 3\n", "{z=1 a=2 m=3}"}, /* the order of the file */
        {"[b]\ny = 1\n[a.c]\nx = 2\n[[a.d]]\ne = 3\n[[a.d]]\ne = 4\n",
         "{b={y=1} a={c={x=2} d=[{e=3} {e=4}]}}"},
        {"a.b.'c d' = 1\n", "{a={b={c d=1}}}"},
        {"\xef\xbb\xbf"
         "a = 1\r\nb = 2\r\n",
         "{a=1 b=2}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct arena *a = arena_new(0);
        CHECK_STR(load(a, str_from(ROWS[i].toml)), ROWS[i].tree);
        arena_free(a);
    }
}

TEST(values_and_keys_remember_where_they_stand)
{
    struct arena *a = arena_new(0);
    struct doc_node *doc;
    struct weir_err err = {0};
    static const char TOML[] = "[rule]\n"
                               "name = \"\xc3\xa9\"  # a comment\n"
                               "  risk_score = 21\n"
                               "tags = [\n"
                               "    'one',\n"
                               "    'two' ]\n"
                               "query = '''\n"
                               "process where true\n"
                               "'''\n"
                               "[[rule.threat]]\n"
                               "framework = 'x'\n";

    ASSERT(doc_parse_toml(a, str_from(TOML), &doc, &err) == WEIR_OK);
    const struct doc_node *rule = doc_get(doc, STR("rule"));
    CHECK_EQ(rule->keys[1].line, 3);
    CHECK_EQ(rule->keys[1].col, 3);
    const struct doc_node *score = doc_get(rule, STR("risk_score"));
    CHECK_EQ(score->line, 3);
    CHECK_EQ(score->col, 16);
    const struct doc_node *tags = doc_get(rule, STR("tags"));
    CHECK_EQ(tags->items[1].line, 6);
    CHECK_EQ(tags->items[1].col, 5);
    const struct doc_node *query = doc_get(rule, STR("query"));
    CHECK_EQ(query->line, 7);
    CHECK_EQ(query->col, 9);
    CHECK(query->is_quoted);
    const struct doc_node *threat = doc_get(rule, STR("threat"));
    CHECK_EQ(threat->n_items, 1);
    CHECK_EQ(threat->items[0].keys[0].line, 11);
    arena_free(a);
}

TEST(what_a_hand_gets_wrong_is_told_with_its_place)
{
    static const struct {
        const char *toml, *error;
    } ROWS[] = {
        {"name = Foo\n", "1:8: TOML: boolean: expected 'false', saw 'F' (a text needs quotes; true "
                         "and false are written small)"},
        {"a = 1\nname: 'x'\n",
         "2:5: TOML: key-value pair: expected '=', saw ':' (TOML writes key = value)"},
        {"a = True\n", "1:5: TOML: boolean: expected 'true', saw 'T' (a text needs quotes; true "
                       "and false are written small)"},
        {"a = 'x\nb = 1\n",
         "1:7: TOML: literal string: control characters other than TAB (U+0009) are explicitly "
         "prohibited (the text does not end on its line; \"\"\" and ''' may)"},
        {"a = \"x\n",
         "1:7: TOML: string: unescaped control characters other than TAB (U+0009) are explicitly "
         "prohibited (the text does not end on its line; \"\"\" and ''' may)"},
        {"a = \"C:\\Temp\"\n", "1:9: TOML: string: unknown escape sequence '\\T' (in \"...\" a "
                               "backslash is written \\\\; '...' takes it as it is)"},
        {"a = [1, 2\nb = 3\n", "2:1: TOML: array: expected comma or closing ']', saw 'b'"},
        {"a = [1 2]\n", "1:8: TOML: array: expected comma or closing ']', saw '2'"},
        {"a = 1\na = 2\n", "2:5: TOML: key-value pair: cannot redefine existing integer 'a' (the "
                           "key is there already)"},
        {"[a]\n[b]\n[a]\n",
         "3:1: TOML: table header: cannot redefine existing table 'a' (the key is there already)"},
        {"[rule\nname = 'x'\n", "1:6: TOML: table header: expected ']', saw '\\n'"},
        {"[\nr = 1\n", "1:2: TOML: key: expected bare key starting character or string "
                       "delimiter, saw '\\n'"},
        {"a = '''x\n",
         "1:10: TOML: literal string: encountered end-of-file (something is not closed)"},
        {"a = 1 b = 2\n", "1:7: TOML: key-value pair: expected a comment or whitespace, saw 'b'"},
        {"a\n", "1:2: TOML: key-value pair: expected '=', saw '\\n'"},
        {"= 1\n", "1:1: TOML: root table: expected keys, tables, whitespace or comments, saw '='"},
        {"a = \n", "1:5: TOML: key-value pair: expected value, saw '\\n'"},
        {"a = 007\n", "1:8: TOML: decimal integer: leading zeroes are prohibited"},
        {"a = \"\xff\"\n", "1:5: TOML: Encountered invalid utf-8 sequence"},
        {"a = {b = 1,\n c = 2}\n",
         "1:12: TOML: inline table: expected key or closing '}', saw '\\n'"},
        {"a = \"\\ud800\"\n", "1:12: TOML: unicode scalar sequence: unicode surrogates (U+D800 - "
                              "U+DFFF) are explicitly prohibited"},
        {"{\"a\": 1}",
         "1:1: TOML: root table: expected keys, tables, whitespace or comments, saw '{'"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct arena *a = arena_new(0);
        CHECK_STR(load(a, str_from(ROWS[i].toml)), ROWS[i].error);
        arena_free(a);
    }
}

static struct str repeated(struct arena *a, const char *before, const char *part, size_t n,
                           const char *after)
{
    struct buf text = {0};

    buf_add(&text, str_from(before));
    for (size_t i = 0; i < n; i++)
        buf_add(&text, str_from(part));
    buf_add(&text, str_from(after));
    struct str s = arena_str(a, buf_str(&text));
    buf_release(&text);
    return s;
}

TEST(nesting_has_a_bound_however_it_is_written)
{
    struct arena *a = arena_new(0);
    struct weir_err err = {0};
    struct doc_node *doc;

    CHECK_EQ(doc_parse_toml(a, repeated(a, "x = ", "[", 58, repeated(a, "", "]", 58, "\n").p), &doc,
                            &err),
             WEIR_OK);
    CHECK_EQ(doc_parse_toml(a, repeated(a, "x = ", "[", 100000, "\n"), &doc, &err), WEIR_SYNTAX);
    CHECK_EQ(doc_parse_toml(a, repeated(a, "", "a.", 62, "a = 1\n"), &doc, &err), WEIR_OK);
    CHECK_EQ(doc_parse_toml(a, repeated(a, "", "a.", 100000, "a = 1\n"), &doc, &err), WEIR_LIMIT);
    CHECK_EQ(err.line, 1);
    CHECK_EQ(doc_parse_toml(a, repeated(a, "\n[", "a.", 100000, "a]\n"), &doc, &err), WEIR_LIMIT);
    CHECK_EQ(err.line, 2);
    CHECK_EQ(doc_parse_toml(a, repeated(a, "x='''\n", "a.", 100000, "'''\n"), &doc, &err), WEIR_OK);
    CHECK_EQ(doc_parse_toml(a, repeated(a, "x=[", "1,", DOC_NODES_MAX, "]\n"), &doc, &err),
             WEIR_LIMIT);
    arena_free(a);
}

TEST_MAIN(ENTRY(values_have_the_types_that_toml_gives_them),
          ENTRY(values_and_keys_remember_where_they_stand),
          ENTRY(what_a_hand_gets_wrong_is_told_with_its_place),
          ENTRY(nesting_has_a_bound_however_it_is_written))
