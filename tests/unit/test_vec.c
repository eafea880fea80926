/* test_vec.c - arrays that grow in an arena. */
#include "base/vec.h"

#include "tests/lib/test.h"

enum { MANY = 1000 };

TEST(items_keep_their_values_and_order_while_the_array_grows)
{
    struct arena *a = arena_new(0);
    struct vec v = {0};

    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t *at = vec_push(a, &v, sizeof *at);
        *at = i * 7;
        arena_alloc(a, 3); /* a neighbour in the arena does not disturb */
    }
    CHECK_EQ(v.n, MANY);
    for (uint32_t i = 0; i < MANY; i++)
        CHECK_EQ(((const uint32_t *)v.items)[i], i * 7);
    arena_free(a);
}

TEST(an_array_with_room_stays_where_it_is)
{
    struct arena *a = arena_new(0);
    size_t cap = 0;
    uint64_t *first = vec_room(a, NULL, 0, &cap, sizeof *first);

    CHECK_EQ(cap, VEC_START);
    for (size_t i = 0; i < cap; i++)
        first[i] = i;
    CHECK(vec_room(a, first, cap - 1, &cap, sizeof *first) == first);
    uint64_t *second = vec_room(a, first, cap, &cap, sizeof *first);
    CHECK(second != first);
    CHECK_EQ(cap, 2 * VEC_START);
    CHECK_EQ(second[VEC_START - 1], VEC_START - 1);
    arena_free(a);
}

TEST_MAIN(ENTRY(items_keep_their_values_and_order_while_the_array_grows),
          ENTRY(an_array_with_room_stays_where_it_is))
