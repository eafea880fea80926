/* test_words.c - where words begin and end. */
#include "base/words.h"

#include "base/buf.h"
#include "base/str.h"
#include "tests/lib/test.h"

static const struct {
    const char *text, *words;
} ROWS[] = {
    {"", ""},
    {" -- ", ""},
    {"a b", "a|b"},
    {"module verification failed: signature", "module|verification|failed|signature"},
    {"C:\\Windows\\cmd.exe", "C|Windows|cmd.exe"},
    {"10.0.0.1:443", "10.0.0.1|443"},
    {"don't a:b", "don't|a:b"},
    {"a..b a. .b", "a|b|a|b"},
    {"1,000;2 1.a a.1", "1,000;2|1|a|a|1"},
    {"[CVE-2020-0601]", "CVE|2020|0601"},
    {"a_b-c", "a_b|c"},
    {"\xC3\xA9t\xC3\xA9\xE2\x80\x9Cx", "\xC3\xA9t\xC3\xA9|x"},
};

TEST(words_are_cut_as_full_text_search_cuts_them)
{
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct str text = str_from(ROWS[i].text), word;
        struct buf got = {0};
        size_t at = 0;
        while (words_next(text, &at, &word)) {
            buf_add(&got, got.n ? STR("|") : STR(""));
            buf_add(&got, word);
        }
        CHECK_STR(buf_str(&got), ROWS[i].words);
        buf_release(&got);
    }
}

TEST(a_phrase_is_words_one_behind_the_other)
{
    CHECK(words_contain(STR("the loading out-of-tree module"), STR("out of tree")));
    CHECK(words_contain(STR("a a b"), STR("a b")));
    CHECK(!words_contain(STR("a x b"), STR("a b")));
    CHECK(!words_contain(STR("ab"), STR("a")));
    CHECK(!words_contain(STR("a"), STR("a b")));
    CHECK(!words_contain(STR("a"), STR("-")));
    CHECK(!words_contain(STR(""), STR("a")));
}

TEST_MAIN(ENTRY(words_are_cut_as_full_text_search_cuts_them),
          ENTRY(a_phrase_is_words_one_behind_the_other))
