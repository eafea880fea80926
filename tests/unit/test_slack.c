/* test_slack.c - scratch forgets a large round, and nothing else. */
#include "base/slack.h"

#include "tests/lib/test.h"

enum { MIB = 1024 * 1024, LONG = 100 * SLACK_ROUNDS };

/* In how many of n rounds is a room of `held` found too large, each of which needs `used`? */
static int told(struct slack *s, int n, size_t used, size_t held)
{
    int n_told = 0;

    for (int i = 0; i < n; i++)
        n_told += slack_is_too_much(s, used, held);
    return n_told;
}

TEST(one_large_round_is_forgotten)
{
    struct slack s = {0};

    CHECK(!slack_is_too_much(&s, 3 * MIB, 4 * MIB));
    CHECK_EQ(told(&s, SLACK_ROUNDS, 10, 4 * MIB), 0);
    CHECK_EQ(told(&s, SLACK_ROUNDS - 1, 10, 4 * MIB), 1);
}

TEST(a_large_round_now_and_then_keeps_its_room)
{
    struct slack s = {0};

    for (int i = 0; i < LONG; i++)
        CHECK(!slack_is_too_much(&s, i % SLACK_ROUNDS ? 10 : 3 * MIB, 4 * MIB));
}

TEST(room_that_doubled_is_never_too_large_for_what_it_doubled_for)
{
    for (size_t used = 1; used < 8 * MIB; used = used * 3 + 1) {
        struct slack s = {0};
        size_t held = 256;
        while (held < used)
            held *= 2;
        CHECK_EQ(told(&s, LONG, used, held), 0);
    }
}

TEST(what_is_small_stays)
{
    struct slack s = {0};

    CHECK_EQ(told(&s, LONG, 0, SLACK_KEPT), 0);
    CHECK(told(&s, LONG, 0, SLACK_KEPT + 1) > 0);
    CHECK_EQ(told(&s, LONG, 0, 0), 0);
}

TEST_MAIN(ENTRY(one_large_round_is_forgotten), ENTRY(a_large_round_now_and_then_keeps_its_room),
          ENTRY(room_that_doubled_is_never_too_large_for_what_it_doubled_for),
          ENTRY(what_is_small_stays))
