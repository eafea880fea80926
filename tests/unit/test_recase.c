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

TEST(each_byte_of_ascii_in_each_of_eight_places)
{
    for (unsigned c = 0; c < 0x80; c++)
        for (size_t at = 0; at < 8; at++)
            for (int upper = 0; upper < 2; upper++) {
                char text[8] = {'Z', 'z', 'A', 'a', '@', '[', '`', '{'}, out[RECASE_GROWTH * 8];
                text[at] = (char)c;
                CHECK_EQ(recase(out, (struct str){text, 8}, upper), 8);
                for (size_t i = 0; i < 8; i++) {
                    bool is_small = text[i] >= 'a' && text[i] <= 'z';
                    bool is_big = text[i] >= 'A' && text[i] <= 'Z';
                    int step = upper && is_small ? -32 : !upper && is_big ? 32 : 0;
                    CHECK_EQ(out[i], text[i] + step);
                }
            }
}

/* A run of ASCII of any length before and behind a letter outside it. */
TEST(runs_of_ascii_of_any_length_are_recased)
{
    char text[64], want[64], out[RECASE_GROWTH * 64];

    for (size_t before = 0; before < 20; before++)
        for (size_t behind = 0; behind < 20; behind++) {
            size_t n = 0;
            for (size_t i = 0; i < before + behind; i++) {
                if (i == before) {
                    memcpy(text + n, "\xc3\x89", 2);
                    memcpy(want + n, "\xc3\xa9", 2);
                    n += 2;
                }
                text[n] = "AZ@[az{09_"[i % 10];
                want[n++] = "az@[az{09_"[i % 10];
            }
            struct str made = {out, recase(out, (struct str){text, n}, false)};
            CHECK(str_eq(made, (struct str){want, n}));
        }
}

TEST_MAIN(ENTRY(each_byte_of_ascii_in_each_of_eight_places),
          ENTRY(every_character_stays_the_same_case_aside_and_ascii_comes_of_ascii_alone),
          ENTRY(bytes_of_no_character_are_copied), ENTRY(runs_of_ascii_of_any_length_are_recased))
