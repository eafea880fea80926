/* test_exact.c - whole texts by hash look-up. */
#include "match/exact.h"

#include "base/str.h"
#include "detect/synth.h"
#include "match/fold.h"
#include "tests/lib/test.h"

TEST(finds_each_text_and_nothing_else)
{
    struct arena *a = arena_new(0);
    struct exact_entry entries[2000];

    for (uint32_t i = 0; i < ARRAY_LEN(entries); i++)
        entries[i] = (struct exact_entry){arena_printf(a, "text-%u", i * 7), i};
    const struct exact_table *t = exact_new(a, entries, ARRAY_LEN(entries));
    for (uint32_t i = 0; i < ARRAY_LEN(entries); i++)
        CHECK_EQ(exact_find(t, arena_printf(a, "text-%u", i * 7)), i);
    for (uint32_t i = 0; i < 14000; i++)
        if (i % 7)
            CHECK_EQ(exact_find(t, arena_printf(a, "text-%u", i)), EXACT_NONE);
    CHECK_EQ(exact_find(t, STR("")), EXACT_NONE);
    CHECK_EQ(exact_find(t, STR("a text that is longer than every text of the table")), EXACT_NONE);
    arena_free(a);
}

TEST(the_empty_text_is_a_text)
{
    struct arena *a = arena_new(0);
    const struct exact_entry entry = {STR(""), 42};

    CHECK_EQ(exact_find(exact_new(a, &entry, 1), STR("")), 42);
    CHECK_EQ(exact_find(exact_new(a, NULL, 0), STR("")), EXACT_NONE);
    arena_free(a);
}

/* Texts over two letters, of every length around that of short ones: none is taken for another. */
TEST(texts_of_every_length_are_told_apart)
{
    enum { LONGEST = 20, OF_A_LENGTH = 40 };
    struct arena *a = arena_new(0);
    struct exact_entry entries[(LONGEST + 1) * OF_A_LENGTH];
    struct synth s = {20261122};
    uint32_t n = 0;

    for (size_t length = 1; length <= LONGEST; length++)
        for (uint32_t k = 0; k < OF_A_LENGTH; k++) {
            char *p = arena_alloc(a, length);
            for (size_t i = 0; i < length; i++)
                p[i] = synth_below(&s, 2) ? 'a' : 'b';
            bool is_new = true;
            for (uint32_t i = 0; i < n; i++)
                is_new &= !str_eq(entries[i].text, (struct str){p, length});
            if (is_new) {
                entries[n] = (struct exact_entry){{p, length}, n};
                n++;
            }
        }
    struct exact_entry half[(LONGEST + 1) * OF_A_LENGTH];
    uint32_t n_half = 0;
    for (uint32_t i = 1; i < n; i += 2)
        half[n_half++] = entries[i];
    const struct exact_table *odd = exact_new(a, half, n_half);
    for (uint32_t i = 0; i < n; i++)
        CHECK_EQ(exact_find(odd, entries[i].text), i % 2 ? i : EXACT_NONE);
    arena_free(a);
}

/* Every byte at every place of texts of all lengths: as if the text had been folded and then looked
 * up; bytes beyond ASCII are told wherever they stand. */
TEST(a_text_is_found_in_whatever_case)
{
    static const char TEXT[] =
        "Microsoft-Windows-Sysmon/Operational@[`{azAZ09 and what is more of 64";
    struct arena *a = arena_new(0);

    for (size_t n = 1; n <= EXACT_FOLDED_MAX; n++) {
        char folded[EXACT_FOLDED_MAX], text[EXACT_FOLDED_MAX];
        fold_ascii(folded, TEXT, n);
        const struct exact_entry entry = {{folded, n}, 7};
        const struct exact_table *t = exact_new(a, &entry, 1);
        for (size_t at = 0; at < n; at++)
            for (int c = 0; c < 256; c++) {
                uint32_t id = 0, want;
                memcpy(text, TEXT, n);
                text[at] = (char)c;
                char other[EXACT_FOLDED_MAX];
                bool is_beyond = fold_ascii(other, text, n);
                want = exact_find(t, (struct str){other, n});
                CHECK_EQ(exact_find_folded(t, (struct str){text, n}, &id), !is_beyond);
                CHECK(is_beyond || id == want);
            }
    }
    arena_free(a);
}

TEST_MAIN(ENTRY(a_text_is_found_in_whatever_case), ENTRY(finds_each_text_and_nothing_else),
          ENTRY(the_empty_text_is_a_text), ENTRY(texts_of_every_length_are_told_apart))
