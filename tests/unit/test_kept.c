/* test_kept.c - the events of what waits: found by time and value, forgotten when judged, bounded;
 * a damaged side part is empty. */
#include "tests/lib/cell_room.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "base/str.h"
#include "correlate/kept.h"

#include <stdlib.h>
#include <string.h>

enum { CAPSULE_N = 300 };

static struct str capsule_of(char *bytes, int64_t t_ms, uint64_t value)
{
    memset(bytes, 'c', CAPSULE_N);
    (void)snprintf(bytes, CAPSULE_N, "%lld %llu", (long long)t_ms, (unsigned long long)value);
    return (struct str){bytes, CAPSULE_N};
}

static bool has(const struct cell *cell, int64_t t_ms, uint64_t value)
{
    char bytes[CAPSULE_N];

    return str_eq(kept_find(cell, t_ms, value), capsule_of(bytes, t_ms, value));
}

static void add(struct cell *cell, int64_t t_ms, uint64_t value)
{
    char bytes[CAPSULE_N];

    kept_add(cell, t_ms, value, capsule_of(bytes, t_ms, value));
}

TEST(each_is_found_by_its_time_and_value)
{
    struct cell cell = {.memory = &cell_room};

    CHECK_EQ(kept_find(&cell, 1, 1).n, 0);
    for (int64_t t = -5; t < 15; t++)
        for (uint64_t v = 0; v < 3; v++)
            add(&cell, t, v);
    for (int64_t t = -5; t < 15; t++)
        for (uint64_t v = 0; v < 3; v++)
            CHECK(has(&cell, t, v));
    CHECK_EQ(kept_find(&cell, 15, 0).n, 0);
    CHECK_EQ(kept_find(&cell, 1, 3).n, 0);
    kept_add(&cell, 99, 9, STR(""));
    CHECK_EQ(kept_find(&cell, 99, 9).n, 0);
    free(cell.side.p);
}

TEST(what_was_judged_is_forgotten)
{
    struct cell cell = {.memory = &cell_room};

    kept_forget(&cell, 5); /* nothing there */
    for (int64_t t = 9; t >= 0; t--)
        add(&cell, t, 7);
    kept_forget(&cell, 4);
    CHECK(!has(&cell, 3, 7) && has(&cell, 4, 7) && has(&cell, 9, 7));
    add(&cell, 20, 7);
    CHECK(has(&cell, 20, 7));
    kept_forget(&cell, 21);
    CHECK_EQ(cell.side.n, 0);
    free(cell.side.p);
}

TEST(there_is_room_for_so_many)
{
    struct cell cell = {.memory = &cell_room};
    int64_t n = 0;

    for (int64_t t = 0; t < 10000; t++)
        add(&cell, t, 1);
    while (has(&cell, n, 1))
        n++;
    CHECK(cell.side.n <= KEPT_BYTES);
    CHECK(n > KEPT_BYTES / (CAPSULE_N + 30) && n < KEPT_BYTES / CAPSULE_N);
    CHECK_EQ(kept_find(&cell, n + 1, 1).n, 0);
    free(cell.side.p);
}

TEST(damaged_bytes_are_no_fault)
{
    struct rng rng = rng_start("kept");

    for (int round = 0; round < 300; round++) {
        struct cell cell = {.memory = &cell_room};
        for (int64_t t = 0; t < 4; t++)
            add(&cell, t, 1);
        for (int k = 0; k < 8; k++)
            cell.side.p[rng_below(&rng, 64)] = (uint8_t)rng_below(&rng, 256);
        cell.side.n = (uint32_t)rng_below(&rng, cell.side.n);
        (void)kept_find(&cell, 3, 1);
        kept_forget(&cell, 2);
        add(&cell, 5, 1);
        free(cell.side.p);
    }
}

TEST_MAIN(ENTRY(each_is_found_by_its_time_and_value), ENTRY(what_was_judged_is_forgotten),
          ENTRY(there_is_room_for_so_many), ENTRY(damaged_bytes_are_no_fault))
