/* test_value_cache.c - what was found in a value, remembered. */
#include "match/value_cache.h"

#include "base/arena.h"
#include "tests/lib/test.h"

static struct value_key key(struct str raw, uint32_t field)
{
    return (struct value_key){.raw = raw, .field = field, .kind = 4, .flags = 0};
}

/* Ask, and put the given sources if the cache wants them. True on a hit. */
static bool ask(struct value_cache *c, struct value_key k, const uint32_t *sources, uint32_t n,
                struct value_found *found)
{
    bool wants;

    if (value_cache_find(c, &k, found, &wants))
        return true;
    if (wants)
        value_cache_put(c, &k, sources, n);
    return false;
}

TEST(a_value_is_known_from_its_third_sight)
{
    struct value_cache *c = value_cache_new();
    const uint32_t sources[] = {7, 9, 11};
    struct value_found found;

    CHECK(!ask(c, key(STR("C:\\x.exe"), 1), sources, 3, &found));
    CHECK(!ask(c, key(STR("C:\\x.exe"), 1), sources, 3, &found));
    CHECK(ask(c, key(STR("C:\\x.exe"), 1), sources, 3, &found));
    CHECK_EQ(found.n, 3);
    CHECK_EQ(found.all[0], 7);
    CHECK_EQ(found.all[2], 11);
    value_cache_free(c);
}

TEST(field_kind_and_every_byte_are_part_of_the_key)
{
    struct value_cache *c = value_cache_new();
    struct value_found found;
    bool wants;
    struct value_key k = key(STR("abcdefgh"), 1);

    value_cache_put(c, &k, NULL, 0);
    CHECK(value_cache_find(c, &k, &found, &wants));
    CHECK_EQ(found.n, 0);
    k = key(STR("abcdefgh"), 2);
    CHECK(!value_cache_find(c, &k, &found, &wants));
    k = key(STR("abcdefgi"), 1);
    CHECK(!value_cache_find(c, &k, &found, &wants));
    k = key(STR("abcdefgh"), 1);
    k.kind = 3;
    CHECK(!value_cache_find(c, &k, &found, &wants));
    k = key(STR("abcdefgh"), 1);
    k.flags = 1;
    CHECK(!value_cache_find(c, &k, &found, &wants));
    value_cache_free(c);
}

/* However many values come, what a hit says is what was put for that very value. */
TEST(a_full_cache_starts_anew_and_never_mixes_values)
{
    struct value_cache *c = value_cache_new();
    struct arena *a = arena_new(0);
    uint64_t hits = 0;

    for (uint32_t i = 0; i < 60000; i++) {
        struct str text =
            arena_printf(a, "value number %u with some length to fill the block", i % 20011);
        const uint32_t sources[] = {i % 20011, (i % 20011) ^ 0x55555};
        struct value_key k = key(text, i % 3);
        struct value_found found;
        bool wants;
        if (value_cache_find(c, &k, &found, &wants)) {
            hits++;
            CHECK_EQ(found.n, 2);
            CHECK_EQ(found.all[0], sources[0]);
            CHECK_EQ(found.all[1], sources[1]);
        } else {
            value_cache_put(c, &k, sources, 2);
        }
    }
    CHECK(value_cache_stats(c).resets > 0);
    CHECK_EQ(value_cache_stats(c).hits, hits);
    arena_free(a);
    value_cache_free(c);
}

TEST(values_beyond_the_bounds_are_left_out)
{
    struct value_cache *c = value_cache_new();
    static char longest[VALUE_CACHE_VALUE_MAX + 1];
    struct value_key k = key((struct str){longest, sizeof longest}, 1);
    struct value_found found;
    bool wants;

    memset(longest, 'x', sizeof longest);
    CHECK(!value_cache_find(c, &k, &found, &wants));
    CHECK(!wants);
    value_cache_put(c, &k, NULL, 0);
    CHECK(!value_cache_find(c, &k, &found, &wants));
    value_cache_free(c);
}

TEST_MAIN(ENTRY(a_value_is_known_from_its_third_sight),
          ENTRY(field_kind_and_every_byte_are_part_of_the_key),
          ENTRY(a_full_cache_starts_anew_and_never_mixes_values),
          ENTRY(values_beyond_the_bounds_are_left_out))
