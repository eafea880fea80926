/* test_json_tree.c - the whole-document tree: tables, and a differential test against
 * jansson, another library for JSON.
 *
 * Deliberate differences from jansson, which the comparison leaves out:
 *   - invalid UTF-8 and lone surrogates become U+FFFD (jansson refuses);
 *   - duplicate keys are all kept (jansson keeps the last);
 *   - numbers stay text, of any size (jansson refuses what overflows 64 bits);
 *   - NUL in a key is legal (jansson refuses).
 */
/* Both libraries call a kind of value JSON_STRING and the like: jansson's names are put out
 * of the way, and its values are looked at through these few functions. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_STRING JANSSON_STRING
#define JSON_TRUE JANSSON_TRUE
#define JSON_FALSE JANSSON_FALSE
#define JSON_NULL JANSSON_NULL
#include <jansson.h>

static const char *other_type(const json_t *v)
{
    return json_is_object(v)    ? "object"
           : json_is_array(v)   ? "array"
           : json_is_string(v)  ? "string"
           : json_is_integer(v) ? "integer"
           : json_is_real(v)    ? "real"
           : json_is_true(v)    ? "true"
           : json_is_false(v)   ? "false"
                                : "null";
}

#undef JSON_OBJECT
#undef JSON_STRING
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL

#include "tests/lib/json_random.h"
#include "tests/lib/test.h"

#include "json/tree.h"
#include "base/utf8.h"

#include <stdlib.h>

static bool is_other(const json_t *v, const char *type)
{
    return strcmp(other_type(v), type) == 0;
}

/* A tree as text that shows types, order and duplicates. */
static void render(struct buf *out, const struct json_node *node)
{
    bool is_object = node->type == JSON_T_OBJECT;

    if (!is_object && node->type != JSON_T_ARRAY) {
        buf_add(out, node->type == JSON_T_STRING ? STR("'") : STR(""));
        buf_add(out, node->text);
        return;
    }
    buf_add_char(out, is_object ? '{' : '[');
    for (const struct json_node *m = node->first; m; m = m->next) {
        buf_add(out, m->key);
        buf_add(out, is_object ? STR("=") : STR(""));
        render(out, m);
        buf_add(out, m->next ? STR(" ") : STR(""));
    }
    buf_add_char(out, is_object ? '}' : ']');
}

TEST(documents_become_trees)
{
    static const struct {
        const char *text;
        const char *tree;
    } cases[] = {
        {"{}", "{}"},
        {"[]", "[]"},
        {" 1 ", "1"},
        {"\"a\\nb\"", "'a\nb"},
        {"true", "true"},
        {"null", "null"},
        {"-0.50e+7", "-0.50e+7"},
        {"{\"a\":1,\"b\":[true,false,null,\"x\",{}],\"a\":{\"a\":2}}",
         "{a=1 b=[true false null 'x {}] a={a=2}}"},
        {"{ \"a\" :\t[ 1 ,\r\n2 ] }", "{a=[1 2]}"},
        {"{\"\\u0061\\\"\":\"\\ud83d\\ude00\\ud83d\"}", "{a\"='\xf0\x9f\x98\x80\xef\xbf\xbd}"},
        {"[\"\xff\",\"\xe2\x82\",\"\\ude00\\ud83d\\ud83d\\ude00\"]",
         "['\xef\xbf\xbd '\xef\xbf\xbd\xef\xbf\xbd '\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80]"},
        {"[123456789012345678901234567890,1e999999]", "[123456789012345678901234567890 1e999999]"},
    };
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json_node *root;
        struct buf got = {0};
        CHECK_EQ(json_tree_parse(a, str_from(cases[i].text), &root, NULL), JSON_OK);
        render(&got, root);
        CHECK_STR(buf_str(&got), cases[i].tree);
        buf_release(&got);
    }
    arena_free(a);
}

TEST(a_literal_says_which_it_is)
{
    struct arena *a = arena_new(0);
    struct json_node *root;

    CHECK_EQ(json_tree_parse(a, STR("[true,false,\"true\"]"), &root, NULL), JSON_OK);
    CHECK_EQ(root->first->type, JSON_T_BOOL);
    CHECK(root->first->is_true);
    CHECK_EQ(root->first->next->type, JSON_T_BOOL);
    CHECK(!root->first->next->is_true);
    CHECK_EQ(root->first->next->next->type, JSON_T_STRING);
    arena_free(a);
}

TEST(members_are_found_by_key_and_path)
{
    struct arena *a = arena_new(0);
    struct json_node *root;

    CHECK_EQ(json_tree_parse(a,
                             STR("{\"a\":{\"b\":{\"c\":5}},\"a.b\":6,\"x\":1,\"x\":2,\"l\":[1]}"),
                             &root, NULL),
             JSON_OK);
    CHECK_STR(json_tree_get(root, STR("x"))->text, "1");
    CHECK_STR(json_tree_get(root, STR("a.b"))->text, "6");
    CHECK_STR(json_tree_path(root, STR("a.b.c"))->text, "5");
    CHECK(json_tree_path(root, STR("a.c")) == NULL);
    CHECK(json_tree_path(root, STR("x.y")) == NULL);
    CHECK(json_tree_path(root, STR("l.0")) == NULL);
    CHECK(json_tree_get(NULL, STR("a")) == NULL);
    arena_free(a);
}

TEST(depth_is_that_of_the_deepest_member)
{
    static const struct {
        const char *text;
        size_t depth;
    } rows[] = {{"5", 1},        {"{}", 1},         {"[]", 1},
                {"[1]", 2},      {"{\"a\":[]}", 2}, {"{\"a\":[1,{\"b\":{}}],\"c\":1}", 4},
                {"[[],[[]]]", 3}};
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json_node *node;
        CHECK_EQ(json_tree_parse(a, str_from(rows[i].text), &node, NULL), JSON_OK);
        CHECK_EQ(json_tree_depth(node), rows[i].depth);
    }
    arena_free(a);
}

TEST(a_refused_document_leaves_out_alone)
{
    struct arena *a = arena_new(0);
    struct json_node *root = NULL;
    size_t at = 0;

    CHECK_EQ(json_tree_parse(a, STR("{\"a\":1,}"), &root, &at), JSON_BAD_SYNTAX);
    CHECK_EQ(at, 7);
    CHECK(root == NULL);
    arena_free(a);
}

/* ---- against jansson --------------------------------------------------------------- */

static bool is_utf8(struct str s)
{
    for (size_t i = 0, n; i < s.n; i += n) {
        n = utf8_sequence(s, i);
        if (n == 0)
            return false;
    }
    return true;
}

/* jansson refused a document for one of the deliberate differences. */
static bool is_difference(const json_error_t *err)
{
    enum json_error_code code = json_error_code(err);

    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           strstr(err->text, "invalid Unicode") != NULL;
}

static bool is_same(const struct json_node *node, json_t *other);

static bool is_same_object(const struct json_node *node, json_t *other)
{
    size_t n = 0;

    if (!is_other(other, "object"))
        return false;
    for (const struct json_node *m = node->first; m; m = m->next) {
        bool is_last = true;
        for (const struct json_node *later = m->next; later; later = later->next)
            if (str_eq(later->key, m->key))
                is_last = false;
        if (!is_last)
            continue;
        char *key = strndup(m->key.p, m->key.n);
        json_t *value = json_object_get(other, key);
        free(key);
        if (!value || !is_same(m, value))
            return false;
        n++;
    }
    return n == json_object_size(other);
}

static bool is_same_array(const struct json_node *node, json_t *other)
{
    size_t n = 0;

    if (!is_other(other, "array"))
        return false;
    for (const struct json_node *m = node->first; m; m = m->next)
        if (!is_same(m, json_array_get(other, n++)))
            return false;
    return n == json_array_size(other);
}

static bool is_same_number(struct str text, const json_t *other)
{
    char z[256];

    if (text.n >= sizeof(z))
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    if (is_other(other, "integer"))
        return strtoll(z, NULL, 10) == json_integer_value(other);
    return is_other(other, "real") && !(strtod(z, NULL) != json_real_value(other));
}

static bool is_same(const struct json_node *node, json_t *other)
{
    switch (node->type) {
    case JSON_T_NULL:
        return is_other(other, "null");
    case JSON_T_BOOL:
        return is_other(other, node->is_true ? "true" : "false");
    case JSON_T_NUMBER:
        return is_same_number(node->text, other);
    case JSON_T_STRING:
        return is_other(other, "string") &&
               str_eq(node->text,
                      (struct str){json_string_value(other), json_string_length(other)});
    case JSON_T_ARRAY:
        return is_same_array(node, other);
    case JSON_T_OBJECT:
        return is_same_object(node, other);
    }
    return false;
}

static bool is_same_tree(const struct json_node *a, const struct json_node *b)
{
    if (a->type != b->type || a->is_true != b->is_true || !str_eq(a->text, b->text) ||
        !str_eq(a->key, b->key))
        return false;
    const struct json_node *x = a->first, *y = b->first;
    for (; x && y; x = x->next, y = y->next)
        if (!is_same_tree(x, y))
            return false;
    return !x && !y;
}

/* Strings that stay where they are say the same. */
static void check_lent(struct arena *a, struct str text, enum json_reason reason,
                       const struct json_node *root, size_t offset)
{
    struct json_node *lent;
    size_t at = 0;

    CHECK_EQ(json_tree_parse_lent(a, text, &lent, &at), reason);
    CHECK_EQ(at, offset);
    CHECK(reason != JSON_OK || is_same_tree(lent, root));
}

/* True if both were compared. */
static bool check_against_jansson(struct arena *a, struct str text)
{
    struct json_node *root = NULL;
    json_error_t err;
    size_t offset = 0;
    enum json_reason reason = json_tree_parse(a, text, &root, &offset);
    json_t *other = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &err);
    /* A NUL behind a number is lost when jansson puts it back, and so goes unseen. */
    bool has_nul = memchr(text.p, '\0', text.n) != NULL;
    bool is_compared = !has_nul && (other || !is_difference(&err));

    if (is_compared && (reason == JSON_OK) != (other != NULL))
        print_error("%s, jansson: %s\n%.*s\n", json_reason_name(reason), other ? "ok" : err.text,
                    (int)text.n, text.p);
    if (is_compared)
        CHECK_EQ(reason == JSON_OK, other != NULL);
    if (is_compared && other) {
        if (!is_same(root, other))
            print_error("values differ from jansson's: %.*s\n", (int)text.n, text.p);
        CHECK(is_same(root, other));
    }
    check_lent(a, text, reason, root, offset);
    json_decref(other);
    return is_compared;
}

TEST(tree_and_jansson_agree_on_random_and_damaged_documents)
{
    struct rng r = rng_start(__func__);
    struct arena *a = arena_new(0);
    struct buf text = {0};
    size_t n_compared = 0;

    for (int round = 0; round < 20000; round++) {
        arena_reset(a);
        buf_clear(&text);
        json_random_object(&r, &text, true);
        if (round % 2)
            json_random_damage(&r, &text);
        if (is_utf8(buf_str(&text)))
            n_compared += check_against_jansson(a, buf_str(&text));
    }
    CHECK(n_compared > 10000);
    buf_release(&text);
    arena_free(a);
}

TEST_MAIN(ENTRY(documents_become_trees), ENTRY(a_literal_says_which_it_is),
          ENTRY(members_are_found_by_key_and_path), ENTRY(depth_is_that_of_the_deepest_member),
          ENTRY(a_refused_document_leaves_out_alone),
          ENTRY(tree_and_jansson_agree_on_random_and_damaged_documents))
