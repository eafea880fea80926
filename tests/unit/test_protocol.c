/* test_protocol.c - metadata of offsets, and the protocol's first steps as a table; all the rest of
 * it is shown by the simulator (tests/sim).
 */
#include "tests/lib/rng.h"
#include "tests/lib/test.h"
#include "worker/protocol.h"
#include "worker/protocol_meta.h"

enum { ROUNDS = 3, PAIRS = ROUNDS * STORE_SHARDS };

static bool same_meta(const struct protocol_meta *a, const struct protocol_meta *b)
{
    return a->slot == b->slot && strcmp(a->incarnation, b->incarnation) == 0 &&
           a->tick == b->tick && a->prefix_ms == b->prefix_ms && a->is_replay == b->is_replay &&
           a->replay_position == b->replay_position;
}

TEST(metadata_come_back_as_they_were)
{
    struct rng r = rng_start("protocol");
    struct store_at last[PAIRS], got[PAIRS];
    struct buf text = {0};

    for (int i = 0; i < 500; i++) {
        struct protocol_meta meta = {.slot = rng_below(&r, 99),
                                     .incarnation = "0123456789abcdef-fedcba9876543210",
                                     .tick = rng_below(&r, 1U << 30),
                                     .prefix_ms = (int64_t)rng_below(&r, 1U << 31) - (1 << 30),
                                     .is_replay = rng_below(&r, 2),
                                     .replay_position = rng_below(&r, 1U << 30)},
                             back;
        for (uint32_t k = 0; k < PAIRS; k++)
            last[k] =
                k && rng_below(&r, 3) ? last[k - 1] : (struct store_at){rng_below(&r, 1U << 31), k};
        buf_clear(&text);
        protocol_meta_pack(&meta, last, ROUNDS, &text);
        CHECK(protocol_meta_unpack(buf_str(&text), &back, got, ROUNDS));
        CHECK(same_meta(&meta, &back));
        CHECK(memcmp(last, got, sizeof last) == 0);
    }
    buf_release(&text);
}

TEST(rounds_that_came_or_went_with_the_rules_are_nothing_applied)
{
    struct store_at last[PAIRS] = {{7, 1}}, got[PAIRS];
    struct protocol_meta meta = {.slot = 1}, back;
    struct buf text = {0};

    protocol_meta_pack(&meta, last, 1, &text);
    CHECK(protocol_meta_unpack(buf_str(&text), &back, got, ROUNDS));
    CHECK_EQ(got[0].position, 7);
    CHECK_EQ(got[STORE_SHARDS].position, 0);
    buf_clear(&text);
    protocol_meta_pack(&meta, last, ROUNDS, &text);
    CHECK(protocol_meta_unpack(buf_str(&text), &back, got, 1));
    CHECK_EQ(got[0].position, 7);
    buf_release(&text);
}

TEST(foreign_metadata_are_refused_whole)
{
    static const char *const texts[] = {"",         "someone else's", "AAAA", "AQ",
                                        "AQEAAAAA", "====",           "{}"};
    struct store_at last[PAIRS] = {{7, 1}}, got[PAIRS];
    struct protocol_meta meta = {.slot = 1}, back;
    struct buf text = {0};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        memset(got, 1, sizeof got);
        CHECK(!protocol_meta_unpack(str_from(texts[i]), &back, got, ROUNDS));
        CHECK_EQ(got[PAIRS - 1].position, 0);
    }
    protocol_meta_pack(&meta, last, ROUNDS, &text);
    for (size_t n = 0; n + 1 < text.n; n++) /* cut anywhere */
        CHECK(!protocol_meta_unpack((struct str){text.p, n}, &back, got, ROUNDS));
    buf_release(&text);
}

TEST(metadata_of_busy_shards_are_short_and_the_worst_is_lifted)
{
    struct store_at last[PAIRS];
    struct protocol_meta meta = {.incarnation =
                                     "0123456789012345678901234567890123456789-0123456789abcdef"};
    struct buf text = {0};

    for (uint32_t k = 0; k < PAIRS; k++)
        last[k] = (struct store_at){1000000000, 5000000};
    protocol_meta_pack(&meta, last, ROUNDS, &text);
    CHECK(text.n < 200);
    for (uint32_t k = 0; k < PAIRS; k++)
        last[k] = (struct store_at){1000000000 + k, 5000000 + k};
    buf_clear(&text);
    protocol_meta_pack(&meta, last, ROUNDS, &text);
    CHECK(text.n > PROTOCOL_LIFT_BYTES);
    CHECK(text.n < PROTOCOL_METADATA_MAX);
    buf_release(&text);
}

/* A new worker in a new world: what it asks for, and what it is told. */
TEST(a_new_store_is_recovered_before_a_partition_is_taken)
{
    static const enum protocol_do want[] = {
        PROTOCOL_INIT_PRODUCER,  PROTOCOL_READ_RUN,       PROTOCOL_LEASE,
        PROTOCOL_INIT_PRODUCER,  PROTOCOL_FENCE_SLOT,     PROTOCOL_READ_CLAIMS,
        PROTOCOL_READ_COMMITTED, PROTOCOL_READ_APPLIED,   PROTOCOL_BLESS,
        PROTOCOL_READ_RUN,       PROTOCOL_READ_COMMITTED, PROTOCOL_ACQUIRE,
        PROTOCOL_READ_APPLIED,   PROTOCOL_LIFT,           PROTOCOL_SEEK,
        PROTOCOL_POLL,
    };
    struct protocol_config config = {
        .slot = 1, .n_slots = 2, .n_partitions = 1, .n_rounds = ROUNDS, .token = 77};
    struct protocol *p = protocol_new(&config);
    static const struct store_applied applied[PAIRS];
    struct store_run run = {"a", ""};
    struct protocol_action action;

    protocol_assign(p, (const uint32_t[]){0}, 1);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        struct protocol_told told = {.run = &run, .applied = applied, .epoch = 1};
        protocol_next(p, &action);
        CHECK_EQ(action.what, want[i]);
        if (action.what == PROTOCOL_FENCE_SLOT)
            CHECK_EQ(action.slot, 0); /* the other one */
        if (action.what == PROTOCOL_BLESS)
            run = (struct store_run){"a", "a-0000000000000001"};
        if (action.what != PROTOCOL_POLL)
            protocol_tell(p, &told);
    }
    protocol_free(p);
}

TEST_MAIN(ENTRY(metadata_come_back_as_they_were),
          ENTRY(rounds_that_came_or_went_with_the_rules_are_nothing_applied),
          ENTRY(foreign_metadata_are_refused_whole),
          ENTRY(metadata_of_busy_shards_are_short_and_the_worst_is_lifted),
          ENTRY(a_new_store_is_recovered_before_a_partition_is_taken))
