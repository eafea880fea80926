/* test_base64.c - base64 both ways: the vectors of RFC 4648 section 10, and what is refused. */
#include "tests/lib/test.h"

#include "base/base64.h"

static const struct {
    const char *bytes, *text;
} pairs[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff", "+/8="},
};

TEST(bytes_and_text_are_each_others)
{
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct str bytes = str_from(pairs[i].bytes), text = str_from(pairs[i].text);
        char out[16];
        size_t n;
        CHECK_EQ(BASE64_SIZE(bytes.n), text.n);
        CHECK_STR(base64_encode(bytes, out), pairs[i].text);
        CHECK(base64_decode(text, out, &n));
        CHECK_STR(((struct str){out, n}), pairs[i].bytes);
        CHECK(base64_decode(str_trim_end(text, STR("=")), out, &n));
        CHECK_STR(((struct str){out, n}), pairs[i].bytes);
    }
}

TEST(the_alphabet_for_names_is_read_too)
{
    char out[8];
    size_t n;

    CHECK(base64_decode(STR("-_8"), out, &n));
    CHECK_STR(((struct str){out, n}), "\xfb\xff");
}

TEST(other_text_is_refused)
{
    static const char *const BAD[] = {"Z", "Zm9vY", "Zm9 ", "Z=g=", "Zm.v", "=Zg"};

    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        char out[8];
        size_t n;
        CHECK(!base64_decode(str_from(BAD[i]), out, &n));
    }
}

TEST_MAIN(ENTRY(bytes_and_text_are_each_others), ENTRY(the_alphabet_for_names_is_read_too),
          ENTRY(other_text_is_refused))
