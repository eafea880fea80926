/* test_small_table.c - the table of keys with one hit grows and shrinks by a bucket; against a
 * plain list. */
#include "state/small_table.h"

#include "tests/lib/rng.h"
#include "tests/lib/test.h"

enum { KEYS = 20000 };

static struct state_key key_of(uint32_t i)
{
    struct state_key k;
    uint64_t x = (i + 1) * 0x9e3779b97f4a7c15U;
    uint64_t y = (x ^ x >> 29) * 0xbf58476d1ce4e5b9U;

    y ^= y >> 32;
    memcpy(k.bytes, &x, 8);
    memcpy(k.bytes + 8, &y, 8);
    return k;
}

static bool is_there(const struct small_table *t, uint32_t i)
{
    struct state_key k = key_of(i);
    int64_t t_ms;
    uint32_t value;

    if (!small_table_peek(t, &k, &t_ms, &value))
        return false;
    CHECK_EQ(t_ms, 1000 + i);
    CHECK_EQ(value, i);
    return true;
}

static uint64_t count_there(const struct small_table *t)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < KEYS; i++)
        n += is_there(t, i);
    return n;
}

static uint64_t put_all(struct small_table *t)
{
    uint64_t forgotten = 0;

    for (uint32_t i = 0; i < KEYS; i++) {
        struct state_key k = key_of(i);
        while (t->n_buckets == 0 || small_table_is_crowded(t))
            forgotten += small_table_grow(t);
        forgotten += !small_table_put(t, &k, 1000 + i, i, INT64_MIN);
    }
    return forgotten;
}

TEST(nothing_is_forgotten_by_one_bucket_less_while_there_is_room)
{
    struct small_table t = {0};
    uint64_t forgotten = put_all(&t);

    CHECK_EQ(t.n + forgotten, KEYS);
    for (int i = 0; i < 3000; i++)
        forgotten += small_table_grow(&t);
    CHECK_EQ(count_there(&t), t.n);
    uint64_t had = t.n;
    for (int i = 0; i < 3000; i++) {
        CHECK_EQ(small_table_shrink(&t), 0);
        if (i % 500 == 0)
            CHECK_EQ(count_there(&t), had);
    }
    CHECK_EQ(count_there(&t), had);
    small_table_release(&t);
}

TEST(a_table_that_shrinks_tells_what_it_forgets_and_gives_segments_back)
{
    struct small_table t = {0};

    (void)put_all(&t);
    uint64_t bytes = small_table_bytes(&t);
    while (t.n_buckets) {
        uint64_t had = t.n, forgotten = small_table_shrink(&t);
        CHECK_EQ(t.n + forgotten, had);
        CHECK(small_table_bytes(&t) <= bytes);
        bytes = small_table_bytes(&t);
        CHECK_EQ(bytes, ((uint64_t)t.n_buckets + 1023) / 1024 * SMALL_SEGMENT_BYTES);
        CHECK(t.n <= (uint64_t)t.n_buckets * SMALL_BUCKET);
        if (t.n_buckets % 701 == 0 && t.n_buckets)
            CHECK_EQ(count_there(&t), t.n);
    }
    CHECK_EQ(small_table_bytes(&t), 0);
    CHECK_EQ(put_all(&t) + t.n, KEYS); /* it begins anew */
    small_table_release(&t);
}

TEST(growing_and_shrinking_at_random_keeps_the_rest)
{
    struct rng g = rng_start("small_table");
    struct small_table t = {0};

    (void)put_all(&t);
    for (int i = 0; i < 40; i++) {
        for (uint32_t n = rng_below(&g, 900); n > 0 && t.n_buckets; n--)
            (void)small_table_shrink(&t);
        CHECK_EQ(count_there(&t), t.n);
        for (uint32_t n = rng_below(&g, 900); n > 0; n--)
            (void)small_table_grow(&t);
        CHECK_EQ(count_there(&t), t.n);
    }
    small_table_release(&t);
}

TEST_MAIN(ENTRY(nothing_is_forgotten_by_one_bucket_less_while_there_is_room),
          ENTRY(a_table_that_shrinks_tells_what_it_forgets_and_gives_segments_back),
          ENTRY(growing_and_shrinking_at_random_keeps_the_rest))
