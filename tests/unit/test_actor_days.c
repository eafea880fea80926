/* test_actor_days.c - the last day of each actor, against a plain list; how large the table gets.
 */
#include "tests/lib/cell_room.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "correlate/actor_days.h"

#include <stdlib.h>
#include <string.h>

enum { WAIT = sizeof(struct actor_wait), SLOT_BYTES = 8 };

static void begin(struct cell *cell, struct actor_days *d)
{
    struct hit hit = {.keys = STR("keys"), .value_text = STR("value")};
    struct state_op op = {.payload = &hit};

    *cell = (struct cell){.memory = &cell_room};
    CHECK(actor_days_begin(cell, d, &op, (struct state_key){{1}}, WAIT));
}

static uint64_t actor_of(uint32_t i)
{
    return (i + 1) * 0x9e3779b97f4a7c15U;
}

/* The cell is as large as it says, and the texts and what waits are where they were. */
static void check_whole(struct cell *cell, const struct actor_days *d, uint32_t n_waiting)
{
    struct actor_days back;

    actor_days_put(cell, d);
    CHECK(actor_days_load(cell, &back, WAIT));
    CHECK_STR(actor_days_keys(cell, d), "keys");
    CHECK_STR(actor_days_text(cell, d), "value");
    CHECK_EQ(d->n_waiting, n_waiting);
    for (uint32_t i = 0; i < n_waiting; i++) {
        struct actor_wait w;
        memcpy(&w, actor_days_waiting(cell, d, i, WAIT), sizeof w);
        CHECK_EQ(w.t_ms, i);
        CHECK_EQ(w.actor, actor_of(i));
    }
}

enum { ACTORS = 60, DAYS = 3000, N_DAYS = 3, WAITING = 5 };

TEST(actors_that_come_and_go_are_known_for_as_long_as_they_are_asked_for)
{
    struct rng rng = rng_start("actor_days");
    int32_t last[ACTORS] = {0};
    struct actor_days d;
    struct cell cell;

    begin(&cell, &d);
    for (uint32_t i = 0; i < WAITING; i++) {
        struct actor_wait w = {i, actor_of(i)};
        CHECK(actor_days_add(&cell, &d, &w, WAIT));
    }
    for (int32_t day = 1; day <= DAYS; day += 1 + (rng_below(&rng, 20) == 0) * 4) {
        actor_days_turn(&cell, &d, day, N_DAYS);
        uint32_t before = 0;
        for (uint32_t i = 0; i < ACTORS; i++)
            before += last[i] && last[i] >= day - N_DAYS;
        CHECK_EQ(d.before, before);
        for (uint32_t n = rng_below(&rng, day % 100 < 50 ? 8 : 40); n > 0; n--) {
            uint32_t i = rng_below(&rng, ACTORS);
            actor_days_set(&cell, &d, actor_of(i), day, N_DAYS, WAIT);
            last[i] = day;
        }
        for (uint32_t i = 0; i < ACTORS; i++) {
            int32_t got = actor_days_last(&cell, &d, actor_of(i));
            CHECK(got == last[i] || (got == INT32_MIN && (!last[i] || last[i] < day - N_DAYS)));
        }
        check_whole(&cell, &d, WAITING);
    }
    free(cell.main.p);
}

/* A hundred a day, each for one day: two hundred and fewer are of use at any time. */
TEST(actors_that_never_come_again_do_not_make_the_table_larger)
{
    enum { A_DAY = 100, SLOTS_ENOUGH = 1024 };
    struct actor_days d;
    struct cell cell;
    uint32_t next = 0;

    begin(&cell, &d);
    for (int32_t day = 1; day < 1000; day++) {
        actor_days_turn(&cell, &d, day, 1);
        CHECK_EQ(d.before, day == 1 ? 0 : A_DAY);
        for (uint32_t i = 0; i < A_DAY; i++)
            actor_days_set(&cell, &d, actor_of(next++), day, 1, WAIT);
    }
    CHECK(cell.main.n <= sizeof d + 100 + SLOTS_ENOUGH * SLOT_BYTES);
    check_whole(&cell, &d, 0);
    free(cell.main.p);
}

TEST(a_full_table_takes_nobody_until_the_day_turns)
{
    enum { FAR = 1000, DAY = 20 };
    struct actor_days d, was;
    struct cell cell;

    begin(&cell, &d);
    actor_days_turn(&cell, &d, DAY, 1);
    for (uint32_t i = 0; i < ACTOR_DAYS_MAX; i++)
        actor_days_set(&cell, &d, actor_of(i), DAY, 1, WAIT);
    CHECK_EQ(d.n_actors, ACTOR_DAYS_MAX);
    CHECK_EQ(actor_days_last(&cell, &d, actor_of(ACTOR_DAYS_MAX - 1)), DAY);
    was = d;
    actor_days_set(&cell, &d, actor_of(ACTOR_DAYS_MAX), DAY, 1, WAIT);
    CHECK(d.is_full);
    for (uint32_t i = 0; i < 200000; i++) /* and nobody takes long */
        actor_days_set(&cell, &d, actor_of(ACTOR_DAYS_MAX + i), DAY, 1, WAIT);
    CHECK_EQ(d.n_actors, was.n_actors);
    CHECK_EQ(d.log2_slots, was.log2_slots);
    actor_days_set(&cell, &d, actor_of(7), DAY, 1, WAIT); /* known ones still come */
    CHECK_EQ(actor_days_last(&cell, &d, actor_of(7)), DAY);

    actor_days_turn(&cell, &d, DAY + 2, 1); /* nobody of that day is asked for any more */
    CHECK_EQ(d.before, 0);
    actor_days_set(&cell, &d, actor_of(ACTOR_DAYS_MAX + FAR), DAY + 2, 1, WAIT);
    CHECK_EQ(actor_days_last(&cell, &d, actor_of(ACTOR_DAYS_MAX + FAR)), DAY + 2);
    CHECK_EQ(d.n_actors, 1);
    check_whole(&cell, &d, 0);
    free(cell.main.p);
}

TEST_MAIN(ENTRY(actors_that_come_and_go_are_known_for_as_long_as_they_are_asked_for),
          ENTRY(actors_that_never_come_again_do_not_make_the_table_larger),
          ENTRY(a_full_table_takes_nobody_until_the_day_turns))
