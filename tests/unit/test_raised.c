/* test_raised.c - what events of a stage raise: nothing is lost or mixed, however often a record
 * repeats it, and the next event starts with nothing up.
 */
#include "match/raised.h"

#include "tests/lib/test.h"

enum { N_SIGNALS = 3000, N_EVENTS = 5 };

/* Every third signal is open, every seventh wakes rules. */
static uint8_t at_rest(uint32_t signal)
{
    return signal_at_rest(signal % 3 == 0, signal % 7 == 0);
}

struct rig {
    struct arena *home, *batch;
    struct raised r;
};

static struct rig new_rig(void)
{
    struct rig g = {arena_new(0), arena_new(0), {.evaluated = 0}};

    raised_init(&g.r, g.home, g.batch, N_SIGNALS);
    raised_begin(&g.r, N_EVENTS);
    g.r.signals = ARENA_ARRAY(g.home, N_SIGNALS, uint8_t);
    for (uint32_t s = 0; s < N_SIGNALS; s++)
        g.r.signals[s] = at_rest(s);
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
        if (r->met[i])
            return true;
    for (uint32_t s = 0; s < N_SIGNALS; s++)
        if (r->signals[s] != at_rest(s))
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

TEST(several_at_once_are_all_there_and_nothing_else)
{
    struct rig g = new_rig();
    uint32_t list[40 + RAISED_AT_ONCE];

    for (uint32_t i = 0; i < 40 + RAISED_AT_ONCE; i++)
        list[i] = 2 * i;
    for (uint32_t from = 0; from < 40; from++)
        for (uint32_t n = 0; n <= 40 - from; n++) {
            raised_begin(&g.r, N_EVENTS);
            for (uint32_t other = 1; other < 200; other += 2) /* until there is no room left */
                raised_add(&g.r, 0, other);
            raised_add_all(&g.r, 0, list + from, n);
            CHECK_EQ(g.r.lists[0].n, 100 + n);
            for (uint32_t i = 0; i < 40; i++)
                CHECK_EQ(has(&g.r, 0, list[i]), i >= from && i < from + n);
        }
    free_rig(&g);
}

TEST(what_comes_while_an_event_is_evaluated_goes_up_and_down_after_it)
{
    struct rig g = new_rig();

    g.r.evaluated = 3;
    raised_add(&g.r, 3, 0);
    raised_since(&g.r, (struct raised_mark){0, 0});
    for (uint32_t from = 1; from < 250; from += 50) { /* beyond the room of the list, too */
        struct raised_mark mark = raised_mark(&g.r);
        for (uint32_t i = from; i < from + 50; i++) {
            raised_add(&g.r, 3, i);
            raised_add(&g.r, 3, i - 1);
            raised_add(&g.r, 4, 2999);
        }
        raised_since(&g.r, mark);
        for (uint32_t i = 0; i < N_SIGNALS; i++)
            CHECK_EQ(g.r.signals[i] & SIGNAL_UP, i < from + 50);
    }
    raised_lower(&g.r);
    CHECK(!is_anything_up(&g.r));
    CHECK(has(&g.r, 4, 2999));
    free_rig(&g);
}

TEST(a_signal_is_up_open_or_down_and_wakes_rules_once)
{
    for (int is_open = 0; is_open < 2; is_open++)
        for (int wakes = 0; wakes < 2; wakes++) {
            uint8_t s = signal_at_rest(is_open, wakes), rest = s;
            unsigned known = SIGNAL_UP | SIGNAL_OPEN | SIGNAL_DOWN;
            CHECK_EQ(s & known, is_open ? SIGNAL_OPEN : SIGNAL_DOWN);
            CHECK_EQ(signal_raise(&s), wakes != 0);
            CHECK_EQ(s & known, SIGNAL_UP);
            CHECK(!signal_raise(&s));
            CHECK_EQ(s & known, SIGNAL_UP);
            signal_lower(&s);
            CHECK_EQ(s, rest);
            signal_lower(&s); /* raised twice, so lowered twice */
            CHECK_EQ(s, rest);
        }
}

TEST_MAIN(ENTRY(each_event_has_what_was_raised_for_it),
          ENTRY(what_is_raised_a_million_times_takes_the_room_of_once),
          ENTRY(a_list_is_never_longer_than_twice_the_signals),
          ENTRY(several_at_once_are_all_there_and_nothing_else),
          ENTRY(what_comes_while_an_event_is_evaluated_goes_up_and_down_after_it),
          ENTRY(a_signal_is_up_open_or_down_and_wakes_rules_once))
