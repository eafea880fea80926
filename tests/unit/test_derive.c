/* test_derive.c - the steps that make a field of a value, from the profile's text on. */
#include "tests/lib/test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "doc/doc.h"
#include "event/profile_derive.h"

static const struct derive *read(struct arena *a, const char *text)
{
    const struct derive *d = NULL;
    struct doc_node *docs;
    struct weir_err err;
    size_t n;

    CHECK_EQ(doc_parse_yaml(a, str_from(text), &docs, &n, &err), WEIR_OK);
    CHECK_EQ(n, 1);
    CHECK_EQ(profile_read_derive(a, docs, &d, &err), WEIR_OK);
    return d;
}

TEST(steps_make_texts_of_a_text)
{
    static const struct {
        const char *steps, *value, *want; /* each result with '|' behind it */
    } cases[] = {
        {"basename", "/usr/bin/id", "id|"},
        {"basename", "C:\\a/b\\c.exe", "c.exe|"},
        {"basename", "id", "id|"},
        {"basename", "/usr/", ""},
        {"basename", "", ""},
        {"extension", "/a.b/c.tar.gz", "gz|"},
        {"extension", "/a.b/c", ""},
        {"extension", ".profile", ""},
        {"extension", "x.", ""},
        {"url_decode", "a%2fb%2Fc+d%", "a/b/c+d%|"},
        {"url_decode", "%zz%4", "%zz%4|"},
        {"url_decode", "%C3%A9", "\xc3\xa9|"},
        {"url_decode", "a%ffb",
         "a\xef\xbf\xbd"
         "b|"},
        {"url_decode", "", "|"},
        {"[url_decode, url_decode]", "%252F", "/|"},
        {"lower", "ABC\xc3\x89", "abc\xc3\x89|"},
        {"hex_decode", "6C73002D6C", "ls -l|"},
        {"hex_decode", "6C7", "6C7|"},
        {"hex_decode", "ls", "ls|"},
        {"hex_decode", "fF", "\xef\xbf\xbd|"},
        {"{split: ','}", "a, b,,c ,", "a|b|c|"},
        {"{split: '::'}", "a::b:c", "a|b:c|"},
        {"{split: ','}", "", ""},
        {"[{split: ';'}, basename]", "/a/b;/c/", "b|"},
        {"[basename, {prefix: '\\'}]", "/a/b.exe", "\\b.exe|"},
        {"{part: {by: '.', at: 1}}", "a.b.c", "b|"},
        {"{part: {by: '.', at: -3}}", "a.b.c", "a|"},
        {"{part: {by: '.', at: -4}}", "a.b.c", ""},
        {"{part: {by: '.', at: 3}}", "a.b.c", ""},
        {"{part: {by: '.', at: 1}}", "a..c", ""},
        {"{part: {by: '/', after: namespaces, at: 2}}", "core/v1/namespaces/ns/pods/p", "p|"},
        {"{part: {by: '/', after: namespaces, at: 0}}", "core/v1/nodes/n", ""},
        {"{part: {by: '/', after: v1, at: 0}}", "core/v1", ""},
        {"{part: {by: '.', after: [V1, v2], at: -1}}", "x.v1.a.v2.b", "b|"},
        {"{part: {by: '.', at: 0, of: 2}}", "a.b", "a|"},
        {"{part: {by: '.', at: 0, of: 2}}", "a.b.c", ""},
    };
    struct arena *a = arena_new(0);
    struct str out[DERIVE_VALUES_MAX];
    struct buf text = {0};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t n = derive_apply(a, read(a, cases[i].steps), str_from(cases[i].value), out);
        buf_clear(&text);
        for (size_t k = 0; k < n; k++)
            buf_printf(&text, "%.*s|", (int)out[k].n, out[k].p);
        if (!str_eq(buf_str(&text), str_from(cases[i].want)))
            fail_msg("%s of '%s': %.*s", cases[i].steps, cases[i].value, (int)text.n, text.p);
    }
    buf_release(&text);
    arena_free(a);
}

TEST(a_text_of_many_parts_gives_the_first_ones)
{
    struct arena *a = arena_new(0);
    struct str out[DERIVE_VALUES_MAX];
    struct buf text = {0};

    for (int i = 0; i < 3 * DERIVE_VALUES_MAX; i++)
        buf_printf(&text, "%d,", i);
    CHECK_EQ(derive_apply(a, read(a, "[{split: ','}, lower, {split: ' '}]"), buf_str(&text), out),
             DERIVE_VALUES_MAX);
    CHECK_STR(out[DERIVE_VALUES_MAX - 1], "63");
    buf_release(&text);
    arena_free(a);
}

TEST_MAIN(ENTRY(steps_make_texts_of_a_text), ENTRY(a_text_of_many_parts_gives_the_first_ones))
