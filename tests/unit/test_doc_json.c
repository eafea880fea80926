/* test_doc_json.c - JSON to the document tree: types, places, faults, bounds. */
#include "doc/doc.h"

#include "base/buf.h"
#include "tests/lib/doc_show.h"
#include "tests/lib/test.h"

/* The tree, or the error as "line:col: text". */
static struct str load(struct arena *a, struct str json)
{
    struct doc_node *doc;
    struct weir_err err = {0};
    struct buf out = {0};

    if (doc_parse_json(a, json, 7, &doc, &err) != WEIR_OK)
        return arena_printf(a, "%u:%u: %s", err.line, err.col, err.text);
    doc_show(&out, doc);
    struct str s = arena_str(a, buf_str(&out));
    buf_release(&out);
    return s;
}

TEST(values_and_faults)
{
    static const struct {
        const char *json, *out;
    } ROWS[] = {
        {"{}", "{}"},
        {" [ ] ", "[]"},
        {"{\"a\": 1, \"b\": [true, false, null, -2.5e3, \"x\"], \"c\": {\"d\": \"\"}}",
         "{a=1 b=[true false null f-2.5e3 'x'] c={d=''}}"},
        {"\"\\u00e9\\ud83d\\ude00\\n\\/\\\\\"", "'\xc3\xa9\xf0\x9f\x98\x80\n/\\'"},
        {"", "7:1: JSON: a value is missing"},
        {"{\"a\" 1}", "7:6: JSON: ':' is missing behind a key"},
        {"{\"a\": 1,}", "7:9: JSON: a key in quotes is missing"},
        {"{\"a\": 1\n \"b\": 2}", "8:2: JSON: ',' or '}' is missing"},
        {"[1 2]", "7:4: JSON: ',' or ']' is missing"},
        {"{\"a\": 1, \"a\": 2}", "7:10: JSON: the key is there already"},
        {"{\"\xc3\xa9\": yes}", "7:7: JSON: a text needs quotes"},
        {"[0x1]", "7:2: JSON: no number"},
        {"[01x]", "7:2: JSON: no number"},
        {"[\"a]", "7:2: JSON: the text is not closed: '\"' is missing"},
        {"[\"a\\q\"]", "7:4: JSON: unknown escape (a backslash is written \\\\)"},
        {"[\"\\ud800\"]", "7:3: JSON: half of a surrogate pair"},
        {"[\"\\u12\"]", "7:3: JSON: \\u needs four hexadecimal digits"},
        {"[\"a\nb\"]", "7:4: JSON: a control character in a text (a line break is written \\n)"},
        {"1 2", "7:3: JSON: something stands behind the value"},
        {"\"\xff\"", "7:1: JSON: byte 1 is no UTF-8"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct arena *a = arena_new(0);
        CHECK_STR(load(a, str_from(ROWS[i].json)), ROWS[i].out);
        arena_free(a);
    }
}

TEST(nesting_ends_at_its_limit)
{
    struct arena *a = arena_new(0);
    struct buf text = {0};
    struct doc_node *doc;
    struct weir_err err = {0};

    for (int i = 0; i < 100000; i++)
        buf_add(&text, STR("["));
    CHECK_EQ(doc_parse_json(a, buf_str(&text), 1, &doc, &err), WEIR_LIMIT);
    CHECK_EQ(err.col, DOC_DEPTH_MAX + 1);
    buf_clear(&text);
    for (int i = 0; i < DOC_DEPTH_MAX; i++)
        buf_add(&text, STR("["));
    for (int i = 0; i < DOC_DEPTH_MAX; i++)
        buf_add(&text, STR("]"));
    CHECK_EQ(doc_parse_json(a, buf_str(&text), 1, &doc, &err), WEIR_OK);
    buf_release(&text);
    arena_free(a);
}

TEST_MAIN(ENTRY(values_and_faults), ENTRY(nesting_ends_at_its_limit))
