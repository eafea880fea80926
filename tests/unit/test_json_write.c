/* test_json_write.c - JSON out: tables, and what is written reads back the same. */
#include "tests/lib/json_random.h"
#include "tests/lib/test.h"

#include "json/tree.h"
#include "json/write.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

TEST(commas_and_nesting_are_kept)
{
    struct buf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_open_object(&w);
    json_kv_str(&w, "s", STR("x"));
    json_kv_i64(&w, "i", INT64_MIN);
    json_kv_bool(&w, "b", true);
    json_key(&w, STR("l"));
    json_open_array(&w);
    json_put_u64(&w, UINT64_MAX);
    json_put_null(&w);
    json_put_bool(&w, false);
    json_open_object(&w);
    json_close_object(&w);
    json_open_array(&w);
    json_close_array(&w);
    json_put_number(&w, STR("1.50"));
    json_close_array(&w);
    json_key(&w, STR("a\"b"));
    json_open_object(&w);
    json_kv_str(&w, "", STR(""));
    json_close_object(&w);
    json_close_object(&w);
    CHECK_STR(buf_str(&out), "{\"s\":\"x\",\"i\":-9223372036854775808,\"b\":true,"
                             "\"l\":[18446744073709551615,null,false,{},[],1.50],"
                             "\"a\\\"b\":{\"\":\"\"}}");
    CHECK_EQ(w.depth, 0);
    buf_release(&out);
}

TEST(strings_are_escaped)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"", ""},
        {"plain /text'", "plain /text'"},
        {"C:\\x \"y\"", "C:\\\\x \\\"y\\\""},
        {"a\nb\rc\td", "a\\nb\\rc\\td"},
        {"\x01\x1f\b\f\x7f", "\\u0001\\u001f\\u0008\\u000c\x7f"},
        {"\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80"},
        {"a\xff"
         "b\xe2\x82",
         "a\xef\xbf\xbd"
         "b\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = {0};
        json_escape(&out, str_from(cases[i].in));
        CHECK_STR(buf_str(&out), cases[i].out);
        buf_release(&out);
    }
    struct buf out = {0};
    json_escape(&out, (struct str){"a\0b", 3});
    CHECK_STR(buf_str(&out), "a\\u0000b");
    buf_release(&out);
}

static struct str double_text(struct buf *out, double value)
{
    struct json_writer w;

    buf_clear(out);
    json_writer_init(&w, out);
    json_put_double(&w, value);
    return buf_str(out);
}

TEST(doubles_have_the_shortest_text_that_reads_back)
{
    struct rng r = rng_start(__func__);
    struct arena *a = arena_new(0);
    struct buf out = {0};

    CHECK_STR(double_text(&out, 0.1), "0.1");
    CHECK_STR(double_text(&out, 0), "0");
    CHECK_STR(double_text(&out, -2.5), "-2.5");
    CHECK_STR(double_text(&out, 100), "100");
    CHECK_STR(double_text(&out, 1753700000), "1753700000");
    CHECK_STR(double_text(&out, 1.0 / 3), "0.3333333333333333");
    CHECK_STR(double_text(&out, 1e300), "1e+300");
    CHECK_STR(double_text(&out, 5e-324), "5e-324");
    CHECK_STR(double_text(&out, NAN), "null");
    CHECK_STR(double_text(&out, -INFINITY), "null");
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = (uint64_t)rng_below(&r, UINT32_MAX) << 32 | rng_below(&r, UINT32_MAX);
        struct json_node *node;
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        struct str text = double_text(&out, value);
        arena_reset(a);
        CHECK_EQ(json_tree_parse(a, text, &node, NULL), JSON_OK); /* a JSON number */
        buf_add_char(&out, '\0');
        CHECK(!(strtod(out.p, NULL) != value));
    }
    buf_release(&out);
    arena_free(a);
}

static bool is_equal(const struct json_node *x, const struct json_node *y)
{
    if (x->type != y->type || !str_eq(x->text, y->text) || !str_eq(x->key, y->key))
        return false;
    for (x = x->first, y = y->first; x && y; x = x->next, y = y->next)
        if (!is_equal(x, y))
            return false;
    return !x && !y;
}

TEST(a_written_tree_reads_back_equal)
{
    struct rng r = rng_start(__func__);
    struct arena *a = arena_new(0);
    struct buf in = {0}, out = {0};

    for (int i = 0; i < 5000; i++) {
        struct json_node *before, *after;
        struct json_writer w;
        arena_reset(a);
        buf_clear(&in);
        buf_clear(&out);
        json_random_object(&r, &in, false);
        CHECK_EQ(json_tree_parse(a, buf_str(&in), &before, NULL), JSON_OK);
        json_writer_init(&w, &out);
        json_put_tree(&w, before);
        CHECK_EQ(json_tree_parse(a, buf_str(&out), &after, NULL), JSON_OK);
        CHECK(is_equal(before, after));
        CHECK(memchr(out.p, '\n', out.n) == NULL);
    }
    buf_release(&in);
    buf_release(&out);
    arena_free(a);
}

TEST_MAIN(ENTRY(commas_and_nesting_are_kept), ENTRY(strings_are_escaped),
          ENTRY(doubles_have_the_shortest_text_that_reads_back),
          ENTRY(a_written_tree_reads_back_equal))
