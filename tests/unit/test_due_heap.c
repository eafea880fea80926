/* test_due_heap.c - what comes out is the earliest of what is inside. */
#include "state/due_heap.h"

#include "tests/lib/rng.h"
#include "tests/lib/test.h"

enum { TIMES = 50, STEPS = 100000 };

TEST(the_earliest_comes_out_however_few_times_there_are)
{
    struct rng g = rng_start("due_heap");
    struct due_heap h = {0};
    uint64_t inside[TIMES] = {0}; /* the sum of the names that wait for each time */
    uint32_t n[TIMES] = {0};
    size_t all = 0;

    for (uint32_t step = 0; step < STEPS; step++) {
        if (all == 0 || rng_below(&g, 100) < (step / 1000 % 2 ? 60 : 40)) {
            uint32_t t = rng_below(&g, TIMES);
            due_heap_push(&h, (struct due_entry){t, step});
            inside[t] += step;
            n[t]++;
            all++;
        } else {
            struct due_entry e = due_heap_pop(&h);
            CHECK(e.due_space < TIMES && n[e.due_space] > 0);
            for (uint32_t t = 0; t < e.due_space; t++)
                CHECK_EQ(n[t], 0);
            inside[e.due_space] -= e.name;
            if (--n[e.due_space] == 0)
                CHECK_EQ(inside[e.due_space], 0);
            all--;
        }
        CHECK_EQ(h.n, all);
    }
    struct due_heap copy;
    due_heap_copy(&copy, &h);
    for (uint64_t last = 0; h.n;) {
        struct due_entry a = due_heap_pop(&h), b = due_heap_pop(&copy);
        CHECK_EQ(a.due_space, b.due_space);
        CHECK(a.due_space >= last);
        last = a.due_space;
    }
    CHECK_EQ(copy.n, 0);
    due_heap_release(&copy);
    due_heap_release(&h);
}

TEST(times_come_back_as_they_were_and_stay_in_order)
{
    static const int64_t times[] = {
        INT64_MIN, -1, 0, 1, 1700000000000, ((int64_t)1 << 47) - 2, INT64_MAX - 1, CELL_NEVER};

    for (size_t i = 0; i + 1 < ARRAY_LEN(times); i++)
        CHECK(due_pack(times[i]) <= due_pack(times[i + 1]));
    for (size_t i = 1; i < 6; i++)
        CHECK_EQ(due_unpack(due_pack(times[i])), times[i]);
    CHECK_EQ(due_pack(CELL_NEVER), DUE_NEVER);
    CHECK(due_pack(INT64_MAX - 1) < DUE_NEVER);
    CHECK_EQ(due_unpack(DUE_NEVER), CELL_NEVER);
}

TEST_MAIN(ENTRY(the_earliest_comes_out_however_few_times_there_are),
          ENTRY(times_come_back_as_they_were_and_stay_in_order))
