/* test_slot.c - who may use which slot, on a Redis of the test's own. */
#include "worker/slot.h"

#include "base/str.h"
#include "tests/lib/redis_test.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { MANY = 8, NEVER_MS = 1000 * 1000, SHORT_MS = 700 };
/* A machine that is busy may stop us, or Redis, for seconds. */
enum { SOON_TRIES = 12000, ANSWER_TRIES = 20 };

static struct redis_server server;

static struct store_redis_options store_of(const char *group)
{
    return (struct store_redis_options){
        .url = str_from(server.url), .timeout_ms = 2000, .group = str_from(group)};
}

static void ask(const char *words)
{
    char line[300];

    snprintf(line, sizeof line, "redis-cli -p %u %s >/dev/null 2>&1", server.port, words);
    CHECK_EQ(system(line), 0);
}

/* A worker's slots: out[n]; what came of it in *err. */
static struct slots *take(const struct store_redis_options *store, struct slots_wish wish,
                          uint32_t *out, struct weir_err *err)
{
    struct slots *s = NULL;

    *err = (struct weir_err){0};
    wish.store = store;
    wish.group = STR("soc");
    if (wish.n_max == 0)
        wish.n_max = MANY;
    static uint64_t token;
    if (wish.token == 0)
        wish.token = UINT32_MAX + ++token;
    enum weir_rc rc = WEIR_IO; /* no answer in time: asked again, as the same worker */
    for (int i = 0; i < ANSWER_TRIES && rc == WEIR_IO; i++)
        rc = slots_take(&wish, out, &s, err);
    CHECK_EQ(rc == WEIR_OK, s != NULL);
    if (rc != WEIR_OK)
        CHECK_EQ(rc, err->code);
    return s;
}

static bool is_lost_soon(const struct slots *s)
{
    for (int i = 0; i < SOON_TRIES && slots_are_held(s); i++)
        poll(NULL, 0, 5);
    return !slots_are_held(s);
}

TEST(leased_slots_are_the_first_free_ones)
{
    struct store_redis_options store = store_of("leased");
    uint32_t a[3], b[3], c[3];
    struct weir_err err;
    struct slots_wish wish = {.worker = STR("host-a 1"), .first = -1, .n = 3};

    struct slots *first = take(&store, wish, a, &err), *second = take(&store, wish, b, &err);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(a[i], i);
        CHECK_EQ(b[i], i + 3);
    }
    CHECK(!take(&store, wish, c, &err));
    CHECK_STR(str_from(err.text),
              "group soc has 2 free slots of 8, this worker needs 3 (group.slots_max)");
    CHECK_EQ(err.code, WEIR_BADARG);
    slots_free(first);
    struct slots *third = take(&store, wish, c, &err);
    CHECK_EQ(c[2], 2);
    CHECK(slots_are_held(second));
    slots_free(second);
    slots_free(third);
}

TEST(a_wish_whose_answer_was_lost_gets_the_same_slots)
{
    struct store_redis_options store = store_of("again");
    uint32_t a[2], b[2], c[1];
    struct weir_err err;
    struct slots_wish wish = {.worker = STR("w"), .first = -1, .n = 2, .n_max = 2, .token = 77};

    struct slots *lost = take(&store, wish, a, &err), *again = take(&store, wish, b, &err);
    CHECK(lost && again);
    CHECK_EQ(b[0], a[0]);
    CHECK_EQ(b[1], a[1]);
    wish = (struct slots_wish){.worker = STR("v"), .first = -1, .n = 1, .n_max = 2};
    CHECK(!take(&store, wish, c, &err)); /* others see them taken */
    slots_free(lost);
    slots_free(again);
}

TEST(a_configured_slot_waits_for_a_dead_worker)
{
    struct store_redis_options store = store_of("dead");
    uint32_t slots[2];
    struct weir_err err;
    struct slots_wish wish = {.worker = STR("old"), .first = 2, .n = 2, .ttl_ms = SHORT_MS};

    wish.renew_ms = NEVER_MS; /* it lives, but nobody hears of it */
    struct slots *dead = take(&store, wish, slots, &err);
    wish.worker = STR("new");
    wish.ttl_ms = NEVER_MS;
    struct slots *heir = take(&store, wish, slots, &err);
    CHECK(heir);
    CHECK_EQ(slots[0], 2);
    CHECK_EQ(slots[1], 3);
    slots_free(dead); /* gives nothing back: it is not its any more */
    CHECK(!take(&store, (struct slots_wish){.first = 3, .n = 1, .wait_ms = 1}, slots, &err));
    CHECK_STR(str_from(err.text), "slot 3 of group soc is in use by new");
    slots_free(heir);
}

TEST(a_slot_that_is_renewed_is_in_use)
{
    struct store_redis_options store = store_of("renewed");
    uint32_t slots[3];
    struct weir_err err;
    struct slots_wish wish = {
        .worker = STR("host-a 1"), .first = 1, .n = 1, .ttl_ms = 60000, .renew_ms = 50};

    struct slots *owner = take(&store, wish, slots, &err);
    wish = (struct slots_wish){.worker = STR("host-b 2"), .n = 3};
    CHECK(!take(&store, wish, slots, &err));
    CHECK_EQ(err.code, WEIR_BADARG);
    CHECK_STR(str_from(err.text), "slot 1 of group soc is in use by host-a 1");
    CHECK(slots_are_held(owner));
    slots_free(owner);
}

TEST(a_lease_that_somebody_else_has_is_lost)
{
    struct store_redis_options store = store_of("");
    uint32_t slots[1];
    struct weir_err err;
    struct slots_wish wish = {.worker = STR("me"), .first = 5, .n = 1, .renew_ms = 30};

    struct slots *s = take(&store, wish, slots, &err);
    CHECK(slots_are_held(s));
    ask("set '{w:slot}:5' 0123456789abcdefhost-c");
    CHECK(is_lost_soon(s));
    CHECK_STR(str_from(slots_loss(s)), "slot 5 of group soc was taken over by host-c");
    slots_free(s);
    ask("get '{w:slot}:5' | grep -q host-c"); /* and is left alone */
}

TEST(an_empty_store_hears_of_the_slots_again)
{
    struct store_redis_options store = store_of("");
    uint32_t slots[1];
    struct weir_err err;
    struct slots_wish wish = {.worker = STR("me"), .first = 6, .n = 1, .renew_ms = 20};

    struct slots *s = take(&store, wish, slots, &err);
    ask("flushall");
    ask("function flush"); /* and the library must be loaded again */
    for (int i = 0; i < 1000; i++) {
        char line[200];
        snprintf(line, sizeof line, "redis-cli -p %u exists '{w:slot}:6' 2>/dev/null | grep -q 1",
                 server.port);
        if (system(line) == 0)
            break;
        CHECK(i < 999);
    }
    CHECK(slots_are_held(s));
    slots_free(s);
}

TEST(groups_do_not_share_slots)
{
    struct store_redis_options one = store_of("one"), other = store_of("other");
    uint32_t slots[1];
    struct weir_err err;
    struct slots_wish wish = {.worker = STR("me"), .first = 0, .n = 1};

    struct slots *a = take(&one, wish, slots, &err), *b = take(&other, wish, slots, &err);
    CHECK(a && b);
    slots_free(a);
    slots_free(b);
}

TEST(wishes_that_cannot_be)
{
    struct store_redis_options store = store_of("x");
    uint32_t slots[2];
    struct weir_err err;

    CHECK(!take(&store, (struct slots_wish){.first = 7, .n = 2}, slots, &err));
    CHECK_STR(str_from(err.text), "slots 7 to 8 are beyond group.slots_max, 8");
    CHECK(!take(NULL, (struct slots_wish){.first = -1, .n = 2}, slots, &err));
    CHECK_STR(str_from(err.text),
              "without a store the slots of a worker must be configured (group.slot)");
    struct slots *s = take(NULL, (struct slots_wish){.first = 4, .n = 2}, slots, &err);
    CHECK_EQ(slots[1], 5);
    CHECK(slots_are_held(s));
    slots_free(s);
    store.url = STR("redis://127.0.0.1:1");
    CHECK(!take(&store, (struct slots_wish){.first = 4, .n = 2}, slots, &err));
    CHECK_EQ(err.code, WEIR_IO);
}

static bool at_once(void *context)
{
    (*(int *)context)++;
    return true;
}

TEST(waiting_ends_when_asked_to)
{
    struct store_redis_options store = store_of("end");
    uint32_t slots[1];
    struct weir_err err;
    int asked = 0;
    struct slots_wish wish = {.worker = STR("old"), .first = 0, .n = 1, .renew_ms = NEVER_MS};

    struct slots *old = take(&store, wish, slots, &err);
    wish.must_end = at_once;
    wish.context = &asked;
    CHECK(!take(&store, wish, slots, &err));
    CHECK_EQ(err.code, WEIR_CLOSED);
    CHECK_EQ(asked, 1);
    slots_free(old);
}

REDIS_TEST_MAIN(server, ENTRY(leased_slots_are_the_first_free_ones),
                ENTRY(a_wish_whose_answer_was_lost_gets_the_same_slots),
                ENTRY(a_configured_slot_waits_for_a_dead_worker),
                ENTRY(a_slot_that_is_renewed_is_in_use),
                ENTRY(a_lease_that_somebody_else_has_is_lost),
                ENTRY(an_empty_store_hears_of_the_slots_again), ENTRY(groups_do_not_share_slots),
                ENTRY(wishes_that_cannot_be), ENTRY(waiting_ends_when_asked_to))
