/* test_arena.c - memory that lives and dies together. */
#include "base/arena.h"

#include <stdlib.h>

#include "base/slack.h"
#include "tests/lib/test.h"

TEST(pieces_are_aligned_and_do_not_overlap)
{
    struct arena *a = arena_new(256);
    char *pieces[100];

    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        pieces[i] = arena_alloc(a, i * 3);
        CHECK_EQ((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)i, i * 3);
    }
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
        for (size_t k = 0; k < i * 3; k++)
            CHECK_EQ(pieces[i][k], (char)i);
    arena_free(a);
}

TEST(arrays_are_cleared_also_in_memory_that_was_used_before)
{
    struct arena *a = arena_new(0);

    memset(arena_alloc(a, 4096), 0xff, 4096);
    arena_reset(a);
    const uint64_t *numbers = ARENA_ARRAY(a, 512, uint64_t);
    for (size_t i = 0; i < 512; i++)
        CHECK_EQ(numbers[i], 0);
    arena_free(a);
}

TEST(a_copy_ends_in_nul_that_does_not_count)
{
    struct arena *a = arena_new(0);

    CHECK_STR(arena_str(a, STR("text")), "text");
    CHECK_EQ(arena_str(a, STR("text")).p[4], '\0');
    CHECK_STR(arena_str(a, (struct str){NULL, 0}), "");
    CHECK_STR(arena_printf(a, "%s-%d", "n", 7), "n-7");
    arena_free(a);
}

/* Memory held after so many rounds, each of a piece that is a little larger than the last. */
static size_t held_after(size_t rounds)
{
    struct arena *a = arena_new(1024);

    for (size_t i = 0; i < rounds; i++) {
        arena_reset(a);
        arena_alloc(a, 100 + 64 * i);
        arena_alloc(a, 10);
    }
    size_t held = arena_held(a);
    arena_free(a);
    return held;
}

TEST(slowly_growing_rounds_hold_a_few_times_the_largest)
{
    enum { ROUNDS = 2000 };

    CHECK(held_after(ROUNDS) <= 4 * 64 * ROUNDS);
}

TEST(equal_rounds_hold_what_the_first_one_took)
{
    struct arena *a = arena_new(1024);
    size_t first = 0;

    for (int round = 0; round < 20; round++) {
        arena_reset(a);
        for (size_t i = 0; i < 50; i++)
            arena_alloc(a, i * i);
        if (round == 0)
            first = arena_held(a);
        CHECK_EQ(arena_held(a), first);
    }
    arena_free(a);
}

/* n pieces of growing size, each filled with the letter; the first one. */
static char *fill(struct arena *a, size_t n, char letter)
{
    char *first = NULL;

    for (size_t i = 0; i < n; i++) {
        char *p = memset(arena_alloc(a, 100 + 10 * i), letter, 100 + 10 * i);
        first = first ? first : p;
    }
    return first;
}

TEST(what_was_adopted_lives_on)
{
    for (size_t n_own = 0; n_own <= 40; n_own += 20)
        for (size_t n_other = 0; n_other <= 40; n_other += 20) {
            struct arena *a = arena_new(1024), *other = arena_new(1024);
            char *own = fill(a, n_own, 'a'), *adopted = fill(other, n_other, 'o');
            size_t used = arena_used(a) + arena_used(other);
            arena_adopt(a, other);
            CHECK_EQ(arena_used(a), used);
            fill(a, 40, 'b');
            for (size_t i = 0; i < 100; i++) {
                CHECK(!own || own[i] == 'a');
                CHECK(!adopted || adopted[i] == 'o');
            }
            size_t held = arena_held(a);
            arena_reset(a);
            fill(a, n_own / 2, 'c');
            CHECK(arena_held(a) <= held);
            arena_free(a);
        }
}

TEST(what_is_in_use_outlives_a_trim)
{
    static const size_t blocks[] = {0, 1 << 20, ARENA_HUGE_BLOCK};

    for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
        for (size_t n = 1; n < 300; n += 70) {
            struct arena *a = arena_new(blocks[i]);
            char *first = fill(a, n, 'a');
            arena_trim(a);
            char *second = fill(a, n, 'b');
            for (size_t k = 0; k < 100; k++)
                CHECK(first[k] == 'a' && second[k] == 'b');
            arena_reset(a);
            arena_trim(a);
            fill(a, n, 'c');
            arena_free(a);
        }
}

/* What is large is mapped beside malloc, and counted until it is given back. */
TEST(what_is_mapped_is_counted)
{
    bool is_mapped = !TEST_IS_SANITIZED && !getenv("ARENA"); /* ARENA=malloc */
    size_t before = arena_mapped();
    struct arena *a = arena_new(ARENA_HUGE_BLOCK);

    (void)arena_alloc(a, 100);
    CHECK_EQ(arena_mapped() - before, is_mapped ? ARENA_HUGE_BLOCK + 32 : 0);
    (void)arena_alloc(a, 3 * ARENA_HUGE_BLOCK);
    arena_reset(a);
    arena_free(a);
    CHECK_EQ(arena_mapped(), before);
}

TEST(a_large_round_leaves_nothing_behind_for_good)
{
    struct arena *a = arena_new(0);

    fill(a, 3000, 'a');
    size_t large = arena_held(a);
    for (int i = 0; i < 2 * SLACK_ROUNDS; i++) {
        (void)arena_reset_round(a);
        const char *p = fill(a, 1, 'b');
        CHECK(p[0] == 'b' && p[99] == 'b');
    }
    CHECK(getenv("ARENA") || (large > 8 * SLACK_KEPT && arena_held(a) < large / 4));
    arena_free(a);
}

TEST_MAIN(ENTRY(pieces_are_aligned_and_do_not_overlap),
          ENTRY(arrays_are_cleared_also_in_memory_that_was_used_before),
          ENTRY(a_copy_ends_in_nul_that_does_not_count),
          ENTRY(slowly_growing_rounds_hold_a_few_times_the_largest),
          ENTRY(equal_rounds_hold_what_the_first_one_took), ENTRY(what_was_adopted_lives_on),
          ENTRY(what_is_in_use_outlives_a_trim), ENTRY(what_is_mapped_is_counted),
          ENTRY(a_large_round_leaves_nothing_behind_for_good))
