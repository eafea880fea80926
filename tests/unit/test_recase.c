/* test_recase.c - each character of Unicode in both cases, beside simple folding; bytes of no
 * character; room.
 */
#include "base/recase.h"

#include "base/str.h"
#include "match/fold.h"
#include "tests/lib/test.h"

#include <string.h>

enum { LAST = 0x10ffff, BYTES = 4 };

static size_t written(char *dst, uint32_t c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char LEADS[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        dst[i] = (char)(0x80 | (c & 0x3f));
    dst[0] = n == 1 ? (char)c : (char)(LEADS[n] | c);
    return n;
}

/* What the pipes' hints rest on: a rule is woken by the text as it stands, case aside. */
TEST(every_character_stays_the_same_case_aside_and_ascii_comes_of_ascii_alone)
{
    uint32_t n_changed = 0;

    for (uint32_t c = 0; c <= LAST; c++) {
        char text[BYTES], out[RECASE_GROWTH * BYTES], folded[64], folded_out[64];
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        struct str s = {text, written(text, c)};
        for (int upper = 0; upper < 2; upper++) {
            struct str made = {out, recase(out, s, upper)};
            CHECK(made.n <= RECASE_GROWTH * s.n);
            CHECK_EQ((unsigned char)made.p[0] < 0x80, c < 0x80);
            CHECK(str_eq((struct str){folded_out, fold_simple(folded_out, made)},
                         (struct str){folded, fold_simple(folded, s)}));
            n_changed += !str_eq(made, s);
        }
    }
    CHECK(n_changed > 2700); /* Unicode 14 has more, and letters are only added */
}

TEST(bytes_of_no_character_are_copied)
{
    static const char *const TEXTS[] = {"\xff\xc3", "a\x80\xe2\x82", "\xed\xa0\x80",
                                        "\xf5\xc3\x28"};
    char out[64];

    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        struct str s = str_from(TEXTS[i]);
        CHECK(str_eq((struct str){out, recase(out, s, false)}, s));
    }
    CHECK_STR(((struct str){out, recase(out, STR("\xc3\xc3\x89Z"), false)}), "\xc3\xc3\xa9z");
    CHECK_EQ(recase(out, STR(""), true), 0);
}

TEST_MAIN(ENTRY(every_character_stays_the_same_case_aside_and_ascii_comes_of_ascii_alone),
          ENTRY(bytes_of_no_character_are_copied))
