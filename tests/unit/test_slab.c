/* test_slab.c - blocks come and go at random, beside a list that knows what each of them holds. */
#include "state/slab.h"

#include <string.h>

#include "tests/lib/rng.h"
#include "tests/lib/test.h"

enum { BLOCKS = 300, STEPS = 60000, LARGE = 40 * 1024 };

struct held {
    uint32_t block, n;
    uint8_t fill;
};

static void write_all(const struct slab *s, struct held *h, uint8_t fill)
{
    h->fill = fill;
    memset(slab_at(s, h->block), fill, h->n);
}

static void check_all(const struct slab *s, const struct held *h)
{
    const uint8_t *p = slab_at(s, h->block);

    CHECK_EQ((uintptr_t)p % SLAB_STEP, 0);
    CHECK(slab_room(s, h->block) >= h->n);
    CHECK_EQ(slab_room(s, h->block), slab_round(h->n));
    CHECK_EQ(p[0], h->fill);
    CHECK(h->n == 1 || memcmp(p, p + 1, h->n - 1) == 0);
}

/* Mostly of a few sizes, so that chunks fill up and empty; some just at a limit. */
static uint32_t size_of(struct rng *g, uint32_t step)
{
    static const uint32_t sizes[] = {1, 16, 36, 40, 256, 257, 4096, SLAB_BLOCK_MAX};

    switch (rng_below(g, 8)) {
    case 0:
        return 1 + rng_below(g, LARGE);
    case 1:
        return SLAB_BLOCK_MAX + rng_below(g, 2);
    default:
        return sizes[(step / 5000 + rng_below(g, 2)) % ARRAY_LEN(sizes)];
    }
}

TEST(a_block_keeps_its_bytes_whatever_comes_and_goes_around_it)
{
    struct rng g = rng_start("slab");
    struct slab s = {0};
    struct held held[BLOCKS] = {0};

    for (uint32_t step = 0; step < STEPS; step++) {
        struct held *h = &held[rng_below(&g, step / 3000 % 2 ? BLOCKS : BLOCKS / 10)];
        if (h->block) {
            check_all(&s, h);
            slab_free(&s, h->block);
            h->block = SLAB_NONE;
        } else {
            h->n = size_of(&g, step);
            h->block = slab_alloc(&s, h->n);
            CHECK(h->block != SLAB_NONE);
            write_all(&s, h, (uint8_t)rng_below(&g, 256));
        }
        if (step % 10000 != 0)
            continue;
        struct slab copy;
        slab_copy(&copy, &s);
        for (uint32_t i = 0; i < BLOCKS; i++)
            if (held[i].block)
                check_all(&copy, &held[i]);
        slab_release(&s);
        s = copy; /* it goes on */
    }
    for (uint32_t i = 0; i < BLOCKS; i++)
        if (held[i].block) {
            check_all(&s, &held[i]);
            slab_free(&s, held[i].block);
        }
    for (uint32_t i = 1; i < s.n_chunks; i++) /* each has lost its last block */
        CHECK(!s.chunks[i].p);
    slab_release(&s);
}

/* Also in chunks that were full: each second block goes and comes, in another order. */
TEST(what_was_given_back_is_handed_out_before_there_is_more_memory)
{
    enum { N = 5000, SIZE = 100 };
    struct slab s = {0};
    uint32_t blocks[N];

    for (uint32_t i = 0; i < N; i++)
        blocks[i] = slab_alloc(&s, SIZE);
    uint32_t n_chunks = s.n_chunks;
    uint64_t held = s.held_bytes;
    for (uint32_t round = 0; round < 10; round++) {
        for (uint32_t i = round % 2; i < N; i += 2)
            slab_free(&s, blocks[i]);
        for (uint32_t i = round % 2; i < N; i += 2)
            blocks[i] = slab_alloc(&s, SIZE);
        CHECK_EQ(s.n_chunks, n_chunks);
        CHECK_EQ(s.held_bytes, held);
    }
    slab_release(&s);
}

TEST(each_size_has_room_and_wastes_an_eighth_at_most)
{
    for (uint32_t n = 1; n <= SLAB_BLOCK_MAX; n++) {
        CHECK(slab_round(n) >= n);
        CHECK_EQ(slab_round(slab_round(n)), slab_round(n));
        CHECK(slab_round(n) - n < 2 * SLAB_STEP || slab_round(n) - n <= n / 8);
    }
    CHECK_EQ(slab_round(SLAB_BLOCK_MAX), SLAB_BLOCK_MAX);
}

TEST_MAIN(ENTRY(a_block_keeps_its_bytes_whatever_comes_and_goes_around_it),
          ENTRY(what_was_given_back_is_handed_out_before_there_is_more_memory),
          ENTRY(each_size_has_room_and_wastes_an_eighth_at_most))
