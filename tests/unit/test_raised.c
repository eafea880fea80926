/* test_raised.c - what events of a stage raise: nothing is lost or mixed, however often a record
 * repeats it, and the next event starts with nothing up.
 */
#include "match/raised.h"

#include "tests/lib/test.h"

enum { N_SIGNALS = 3000, N_EVENTS = 5 };

struct rig {
    struct arena *home, *batch;
    struct raised r;
};

static struct rig new_rig(void)
{
    struct rig g = {arena_new(0), arena_new(0), {.evaluated = 0}};

    raised_init(&g.r, g.home, g.batch, N_SIGNALS);
    raised_begin(&g.r, N_EVENTS);
    return g;
}

static void free_rig(const struct rig *g)
{
    arena_free(g->home);
    arena_free(g->batch);
}

static bool has(const struct raised *r, uint32_t event, uint32_t signal)
{
    const struct raised_list *l = &r->lists[event];

    for (uint32_t i = 0; i < l->n; i++)
        if (l->at[i] == signal)
            return true;
    return false;
}

static bool is_anything_up(const struct raised *r)
{
    for (uint32_t i = 0; i <= N_SIGNALS / 64; i++)
        if (r->up[i] || r->met[i])
            return true;
    return false;
}

TEST(each_event_has_what_was_raised_for_it)
{
    struct rig g = new_rig();

    for (uint32_t s = 0; s < N_SIGNALS; s++)
        raised_add(&g.r, s % N_EVENTS, s);
    for (uint32_t s = 0; s < N_SIGNALS; s++)
        for (uint32_t e = 0; e < N_EVENTS; e++)
            CHECK_EQ(has(&g.r, e, s), e == s % N_EVENTS);
    CHECK(!is_anything_up(&g.r));
    free_rig(&g);
}

TEST(what_is_raised_a_million_times_takes_the_room_of_once)
{
    struct rig g = new_rig();

    for (uint32_t i = 0; i < 1000000; i++)
        raised_add(&g.r, 1, i % 100);
    CHECK(g.r.lists[1].cap <= 256);
    for (uint32_t s = 0; s < 100; s++)
        CHECK(has(&g.r, 1, s));
    CHECK(!is_anything_up(&g.r));
    free_rig(&g);
}

TEST(a_list_is_never_longer_than_twice_the_signals)
{
    struct rig g = new_rig();

    for (uint32_t i = 0; i < 1000000; i++)
        raised_add(&g.r, 2, i * 2654435761u % N_SIGNALS);
    CHECK(g.r.lists[2].cap < 4 * N_SIGNALS);
    for (uint32_t s = 0; s < N_SIGNALS; s++)
        CHECK(has(&g.r, 2, s));
    free_rig(&g);
}

TEST(what_comes_while_an_event_is_evaluated_is_up_at_once_and_down_after_it)
{
    struct rig g = new_rig();

    g.r.evaluated = 3;
    for (uint32_t i = 0; i < 500; i++)
        raised_add(&g.r, 3, i % 250);
    raised_add(&g.r, 4, 2999);
    CHECK_EQ(g.r.up[0], UINT64_MAX);
    CHECK_EQ(g.r.up[3], (1ull << 58) - 1); /* 192 to 249 */
    CHECK_EQ(g.r.up[2999 / 64], 0);
    raised_lower(&g.r);
    CHECK(!is_anything_up(&g.r));
    CHECK(has(&g.r, 4, 2999));
    free_rig(&g);
}

TEST_MAIN(ENTRY(each_event_has_what_was_raised_for_it),
          ENTRY(what_is_raised_a_million_times_takes_the_room_of_once),
          ENTRY(a_list_is_never_longer_than_twice_the_signals),
          ENTRY(what_comes_while_an_event_is_evaluated_is_up_at_once_and_down_after_it))
