/* test_cell_index.c - from keys to blocks, however entries came and went. */
#include "state/cell_index.h"

#include <string.h>

#include "tests/lib/rng.h"
#include "tests/lib/test.h"

/* The buckets that keys want depend on these bytes alone, of two the first or the second. */
static struct state_key key_for(uint32_t bucket, uint32_t number)
{
    uint32_t h = bucket ? 0x80000000U : 0;
    struct state_key key = {0};

    memcpy(key.bytes + 4, &h, sizeof h);
    memcpy(key.bytes + 8, &number, sizeof number);
    return key;
}

static uint32_t add(struct cell_index *x, struct slab *s, struct state_key key)
{
    uint32_t block = slab_alloc(s, sizeof key);

    memcpy(slab_at(s, block), &key, sizeof key);
    if (cell_index_is_full(x))
        cell_index_grow(x, s);
    cell_index_add(x, &key, block);
    return block;
}

static void drop(struct cell_index *x, struct slab *s, struct state_key key)
{
    uint32_t block = cell_index_find(x, s, &key);

    CHECK(block != SLAB_NONE);
    cell_index_remove(x, &key, block);
    slab_free(s, block);
}

/* Each bucket was full once while entries wanted in: none of them ends a search. */
TEST(an_absent_key_is_not_found_where_all_buckets_were_passed)
{
    struct cell_index x = {0};
    struct slab s = {0};
    struct state_key absent = key_for(0, 999);
    uint64_t name;

    add(&x, &s, key_for(1, 900)); /* one bucket, two once it has ten entries */
    for (uint32_t i = 0; i < 13; i++)
        add(&x, &s, key_for(0, 100 + i)); /* one goes on to the second bucket */
    CHECK_EQ(x.n_buckets, 2);
    for (uint32_t i = 0; i < 6; i++)
        drop(&x, &s, key_for(0, 100 + i));
    for (uint32_t i = 0; i < 11; i++)
        add(&x, &s, key_for(1, 200 + i)); /* one goes on to the first */
    CHECK_EQ(x.n_buckets, 2);
    for (uint32_t i = 0; i < x.n_buckets; i++)
        CHECK(x.buckets[i].passed > 0);

    CHECK_EQ(cell_index_find(&x, &s, &absent), SLAB_NONE);
    memcpy(&name, absent.bytes + 4, sizeof name);
    CHECK_EQ(cell_index_find_name(&x, &s, name), SLAB_NONE);
    for (uint32_t i = 0; i < 11; i++) {
        struct state_key key = key_for(1, 200 + i);
        CHECK(cell_index_find(&x, &s, &key) != SLAB_NONE);
    }
    cell_index_release(&x);
    slab_release(&s);
}

/* Whoever wants room shrinks tables until none says that it would be smaller. */
TEST(a_table_that_was_shrunk_has_the_bytes_that_were_told)
{
    for (uint32_t n = 0; n < 60; n++)
        for (uint32_t extra = 0; extra < 60; extra++) {
            struct cell_index x = {0};
            struct slab s = {0};
            for (uint32_t i = 0; i < n + extra; i++)
                add(&x, &s, key_for(i % 2, i));
            for (uint32_t i = n; i < n + extra; i++)
                drop(&x, &s, key_for(i % 2, i));
            uint64_t told = cell_index_bytes_shrunk(&x);
            cell_index_shrink(&x, &s);
            CHECK_EQ(cell_index_bytes(&x), told);
            CHECK_EQ(cell_index_bytes_shrunk(&x), told);
            CHECK_EQ(x.n, n);
            for (uint32_t i = 0; i < n + extra; i++) {
                struct state_key key = key_for(i % 2, i);
                CHECK_EQ(cell_index_find(&x, &s, &key) != SLAB_NONE, i < n);
            }
            cell_index_release(&x);
            slab_release(&s);
        }
}

enum { KEYS = 120, STEPS = 200000 };

/* Entries come and go at random, few at a time, so that the table stays small. */
TEST(a_small_table_that_is_never_at_rest_finds_what_is_there_and_nothing_else)
{
    struct cell_index x = {0};
    struct slab s = {0};
    uint32_t blocks[KEYS] = {0};
    struct state_key keys[KEYS];
    struct rng rng = rng_start("cell_index");

    for (uint32_t i = 0; i < KEYS; i++)
        for (size_t k = 0; k < sizeof keys[i].bytes; k++)
            keys[i].bytes[k] = (uint8_t)rng_below(&rng, 256);
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t i = rng_below(&rng, KEYS);
        CHECK_EQ(cell_index_find(&x, &s, &keys[i]), blocks[i]);
        if (blocks[i]) {
            drop(&x, &s, keys[i]);
            blocks[i] = SLAB_NONE;
        } else {
            blocks[i] = add(&x, &s, keys[i]);
        }
    }
    cell_index_release(&x);
    slab_release(&s);
}

TEST_MAIN(ENTRY(an_absent_key_is_not_found_where_all_buckets_were_passed),
          ENTRY(a_table_that_was_shrunk_has_the_bytes_that_were_told),
          ENTRY(a_small_table_that_is_never_at_rest_finds_what_is_there_and_nothing_else))
