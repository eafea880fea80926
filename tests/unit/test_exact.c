/* test_exact.c - whole texts by hash look-up. */
#include "match/exact.h"

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

TEST_MAIN(ENTRY(finds_each_text_and_nothing_else), ENTRY(the_empty_text_is_a_text))
