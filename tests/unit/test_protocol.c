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
           a->tick == b->tick && a->prefix_ms == b->prefix_ms && a->group_ms == b->group_ms &&
           a->is_replay == b->is_replay && a->replay_position == b->replay_position &&
           a->n_extra == b->n_extra && memcmp(a->extra, b->extra, a->n_extra) == 0;
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
                                     .group_ms = rng_below(&r, 3) ? (int64_t)rng_below(&r, 1U << 31)
                                                                  : INT64_MIN,
                                     .is_replay = rng_below(&r, 2),
                                     .replay_position = rng_below(&r, 1U << 30)},
                             back;
        for (; meta.n_extra < rng_below(&r, PROTOCOL_EXTRA_MAX); meta.n_extra++)
            meta.extra[meta.n_extra] = (uint8_t)rng_below(&r, 256);
        for (uint32_t k = 0; k < PAIRS; k++)
            last[k] =
                k && rng_below(&r, 3) ? last[k - 1] : (struct store_at){rng_below(&r, 1U << 31), k};
        buf_clear(&text);
        protocol_meta_pack(&meta, last, ROUNDS, &text);
        CHECK(protocol_meta_unpack(buf_str(&text), &back, got, ROUNDS));
        CHECK(same_meta(&meta, &back));
        CHECK_EQ(protocol_meta_prefix_ms(buf_str(&text)), meta.prefix_ms);
        bool is_behind = meta.group_ms != INT64_MIN && meta.group_ms < meta.prefix_ms;
        CHECK_EQ(protocol_meta_replay_ms(buf_str(&text)),
                 is_behind ? meta.group_ms : meta.prefix_ms);
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

/* Before a batch the text is short; then every second shard of all rounds is called. */
TEST(no_batch_makes_metadata_too_long_for_a_broker)
{
    enum { MANY = STORE_ROUNDS_MAX * STORE_SHARDS / 4 };
    static struct store_at last[MANY], got[MANY];
    struct protocol_meta meta = {.slot = 63,
                                 .incarnation =
                                     "0123456789012345678901234567890123456789-0123456789abcdef",
                                 .tick = 1U << 30,
                                 .prefix_ms = INT64_MIN,
                                 .replay_position = 1ULL << 40};
    struct buf text = {0};
    uint32_t n_lagging = 0;

    for (; text.n < PROTOCOL_LIFT_BYTES; n_lagging++) {
        last[n_lagging] = (struct store_at){(1ULL << 39) + n_lagging * 20000, n_lagging * 1000};
        buf_clear(&text);
        protocol_meta_pack(&meta, last, MANY / STORE_SHARDS, &text);
    }
    for (uint32_t k = 1; k < MANY; k += 2)
        last[k] = (struct store_at){1ULL << 40, 1U << 30};
    memset(meta.extra, 0xff, meta.n_extra = PROTOCOL_EXTRA_MAX);
    buf_clear(&text);
    protocol_meta_pack(&meta, last, MANY / STORE_SHARDS, &text);
    CHECK(text.n < PROTOCOL_METADATA_MAX);
    CHECK(protocol_meta_unpack(buf_str(&text), &meta, got, MANY / STORE_SHARDS));
    CHECK(memcmp(last, got, sizeof last) == 0);
    buf_release(&text);
}

/* A new worker in a new world: what it asks for, and what it is told. */
TEST(a_new_store_is_recovered_before_a_partition_is_taken)
{
    static const enum protocol_do want[] = {
        PROTOCOL_INIT_PRODUCER,  PROTOCOL_READ_RUN,     PROTOCOL_LEASE,
        PROTOCOL_INIT_PRODUCER,  PROTOCOL_FENCE_SLOT,   PROTOCOL_READ_CLAIMS,
        PROTOCOL_READ_COMMITTED, PROTOCOL_READ_APPLIED, PROTOCOL_READ_FACTS,
        PROTOCOL_BLESS,          PROTOCOL_READ_RUN,     PROTOCOL_READ_COMMITTED,
        PROTOCOL_ACQUIRE,        PROTOCOL_READ_APPLIED, PROTOCOL_LIFT,
        PROTOCOL_SEEK,           PROTOCOL_PRODUCE,      PROTOCOL_SEND_OFFSETS,
        PROTOCOL_COMMIT,         PROTOCOL_POLL,
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

/* A book that was opened anew for other rules has not been read when the group takes partitions
 * away, and that of an empty store begins with what is asked for first. */
TEST(partitions_once_known_are_recovered_though_the_book_is_short)
{
    static const enum protocol_do want[] = {
        PROTOCOL_INIT_PRODUCER,  PROTOCOL_READ_RUN,     PROTOCOL_LEASE,
        PROTOCOL_INIT_PRODUCER,  PROTOCOL_FENCE_SLOT,   PROTOCOL_READ_CLAIMS,
        PROTOCOL_READ_COMMITTED, PROTOCOL_READ_APPLIED, PROTOCOL_READ_COMMITTED,
        PROTOCOL_READ_APPLIED,   PROTOCOL_READ_FACTS,   PROTOCOL_BLESS,
    };
    struct protocol_config config = {
        .slot = 1, .n_slots = 2, .n_partitions = 2, .n_rounds = ROUNDS, .token = 77};
    struct protocol *p = protocol_new(&config);
    static const struct store_applied applied[PAIRS];
    const struct store_run run = {"a", ""};
    struct protocol_action action;

    protocol_grow(p, 0);
    protocol_assign(p, (const uint32_t[]){1}, 1);
    protocol_grow(p, 1);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        struct protocol_told told = {.run = &run, .applied = applied, .epoch = 1};
        protocol_next(p, &action);
        CHECK_EQ(action.what, want[i]);
        protocol_tell(p, &told);
    }
    protocol_free(p);
}

/* Metadata as the last owner left them: a text of 8 letters beside offset 40. */
static void leave(struct buf *text)
{
    static const struct store_at last[STORE_SHARDS];
    struct protocol_meta meta = {.slot = 1, .tick = 9, .prefix_ms = 500, .replay_position = 40};

    memcpy(meta.extra, "clock 40", meta.n_extra = 8);
    protocol_meta_pack(&meta, last, 1, text);
}

TEST(without_a_store_none_is_asked)
{
    static const struct {
        enum protocol_do want;
        enum protocol_outcome outcome;
        uint64_t position; /* told to POLL */
    } steps[] = {
        {PROTOCOL_INIT_PRODUCER, PROTOCOL_DONE, 0},
        {PROTOCOL_READ_COMMITTED, PROTOCOL_UNSTABLE, 0},
        {PROTOCOL_FENCE_SLOT, PROTOCOL_DONE, 0},
        {PROTOCOL_READ_COMMITTED, PROTOCOL_DONE, 0},
        {PROTOCOL_SEEK, PROTOCOL_DONE, 0},
        {PROTOCOL_POLL, PROTOCOL_DONE, 40}, /* nothing new */
        {PROTOCOL_WAIT, PROTOCOL_DONE, 0},
        {PROTOCOL_POLL, PROTOCOL_DONE, 47},
        {PROTOCOL_PRODUCE, PROTOCOL_DONE, 0},
        {PROTOCOL_SEND_OFFSETS, PROTOCOL_DONE, 0},
        {PROTOCOL_COMMIT, PROTOCOL_UNKNOWN, 0}, /* tainted */
        {PROTOCOL_COMMIT, PROTOCOL_DONE, 0},
        {PROTOCOL_INIT_PRODUCER, PROTOCOL_DONE, 0},
        {PROTOCOL_POLL, PROTOCOL_DONE, 50},
        {PROTOCOL_PRODUCE, PROTOCOL_ABORTABLE, 0},
        {PROTOCOL_ABORT, PROTOCOL_DONE, 0},
        {PROTOCOL_READ_COMMITTED, PROTOCOL_DONE, 0}, /* all in hand was dropped */
        {PROTOCOL_SEEK, PROTOCOL_DONE, 0},
        {PROTOCOL_POLL, PROTOCOL_GONE, 0},
        {PROTOCOL_READ_COMMITTED, PROTOCOL_DONE, 0},
    };
    struct protocol_config config = {
        .n_slots = 2, .n_partitions = 1, .n_rounds = 1, .is_stateless = true, .token = 77};
    struct protocol *p = protocol_new(&config);
    struct protocol_action action;
    struct buf text = {0};

    leave(&text);
    protocol_assign(p, (const uint32_t[]){0}, 1);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct protocol_taken taken = {.position = steps[i].position, .extra = STR("later")};
        struct protocol_told told = {.outcome = steps[i].outcome,
                                     .has_committed = true,
                                     .committed = 40,
                                     .metadata = buf_str(&text),
                                     .taken = &taken};
        protocol_next(p, &action);
        CHECK_STR(str_from(protocol_word(action.what)), protocol_word(steps[i].want));
        if (action.what == PROTOCOL_FENCE_SLOT)
            CHECK_EQ(action.slot, 1);
        if (action.what == PROTOCOL_SEEK) {
            CHECK_EQ(action.upto.at.position, 40);
            CHECK(str_eq(action.extra, STR("clock 40")));
        }
        if (action.what == PROTOCOL_SEND_OFFSETS)
            CHECK_EQ(action.commits[0], 47);
        protocol_tell(p, &told);
    }
    protocol_free(p);
    buf_release(&text);
}

/* The log has moved on: the range is told and committed, though nothing new has come. */
TEST(a_gap_is_told_until_it_is_committed)
{
    struct protocol_config config = {
        .n_slots = 2, .n_partitions = 1, .n_rounds = 1, .is_stateless = true, .token = 77};
    struct protocol *p = protocol_new(&config);
    struct protocol_taken taken = {.position = 60};
    struct protocol_action action;
    struct buf text = {0};
    int n_commits = 0;

    leave(&text);
    protocol_assign(p, (const uint32_t[]){0}, 1);
    for (int i = 0; i < 12; i++) {
        struct protocol_told told = {.has_committed = true,
                                     .committed = 40,
                                     .log_start = 60,
                                     .metadata = buf_str(&text),
                                     .taken = &taken};
        protocol_next(p, &action);
        if (action.what == PROTOCOL_SEEK) {
            CHECK_EQ(action.upto.at.position, 60);
            CHECK_EQ(action.gap_from, 40);
            CHECK_EQ(action.gap_to, 60);
        }
        if (action.what == PROTOCOL_PRODUCE)
            CHECK(action.is_pin);
        if (action.what == PROTOCOL_SEND_OFFSETS) {
            CHECK_EQ(action.commits[0], 60);
            CHECK(str_eq(action.metadata[0], buf_str(&text)));
        }
        n_commits += action.what == PROTOCOL_COMMIT;
        protocol_tell(p, &told);
    }
    CHECK_EQ(n_commits, 1);
    protocol_free(p);
    buf_release(&text);
}

/* A shard knows of more than was committed: an earlier owner's batch that came to nothing. And the
 * store has less than was committed: a replay. */
TEST(the_reader_is_told_how_far_an_earlier_owner_was)
{
    static const struct {
        uint64_t applied, position, sweep_to;
    } table[] = {{40, 40, 40}, {55, 40, 55}, {25, 25, 40}};

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct protocol_config config = {
            .n_slots = 2, .n_partitions = 1, .n_rounds = 1, .token = 77};
        struct protocol *p = protocol_new(&config);
        struct store_applied applied[STORE_SHARDS];
        struct store_at last[STORE_SHARDS];
        struct store_run run = {"a", "a-0000000000000001"};
        struct protocol_meta meta = {.slot = 1, .tick = 9, .prefix_ms = 500};
        struct protocol_action action = {.what = PROTOCOL_WAIT};
        struct buf text = {0};

        for (size_t k = 0; k < STORE_SHARDS; k++) {
            last[k] = (struct store_at){40, 9};
            applied[k] = (struct store_applied){{table[i].applied, 9}, 500};
        }
        protocol_meta_pack(&meta, last, 1, &text);
        protocol_assign(p, (const uint32_t[]){0}, 1);
        for (int step = 0; step < 12 && action.what != PROTOCOL_SEEK; step++) {
            struct protocol_told told = {.run = &run,
                                         .applied = applied,
                                         .epoch = 1,
                                         .has_committed = true,
                                         .committed = 40,
                                         .metadata = buf_str(&text)};
            protocol_next(p, &action);
            if (action.what != PROTOCOL_SEEK)
                protocol_tell(p, &told);
        }
        CHECK_EQ(action.what, PROTOCOL_SEEK);
        CHECK_EQ(action.upto.at.position, table[i].position);
        CHECK_EQ(action.sweep_to, table[i].sweep_to);
        protocol_free(p);
        buf_release(&text);
    }
}

/* Somebody else has recovered the store meanwhile, and fenced all slots. */
TEST(a_producer_that_was_fenced_is_renewed_before_anything_is_acquired)
{
    static const enum protocol_do want[] = {
        PROTOCOL_INIT_PRODUCER, PROTOCOL_READ_RUN, PROTOCOL_READ_COMMITTED, PROTOCOL_ACQUIRE,
        PROTOCOL_READ_APPLIED,  PROTOCOL_LIFT,     PROTOCOL_SEEK,           PROTOCOL_POLL,
        PROTOCOL_APPLY,         PROTOCOL_READ_RUN, PROTOCOL_INIT_PRODUCER,  PROTOCOL_READ_RUN,
        PROTOCOL_READ_COMMITTED};
    struct protocol_config config = {.n_slots = 2, .n_partitions = 1, .n_rounds = 1, .token = 77};
    struct protocol *p = protocol_new(&config);
    static const struct store_applied applied[STORE_SHARDS];
    struct store_run run = {"a", "a-0000000000000001"};
    struct protocol_taken taken = {.position = 41};
    struct protocol_action action;

    protocol_assign(p, (const uint32_t[]){0}, 1);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        struct protocol_told told = {.run = &run,
                                     .applied = applied,
                                     .epoch = 1,
                                     .has_committed = true,
                                     .committed = 40,
                                     .taken = &taken};
        protocol_next(p, &action);
        CHECK_EQ(action.what, want[i]);
        if (action.what == PROTOCOL_APPLY) {
            told.outcome = PROTOCOL_NEWINC;
            run = (struct store_run){"b", "b-0000000000000002"};
        }
        protocol_tell(p, &told);
    }
    protocol_free(p);
}

/* A worker that has to read 40 events again, since no shard has anything of them. */
struct again {
    struct protocol *p;
    struct protocol_taken taken;
    struct store_run run;
    struct buf metadata;
    int64_t least_ms;
};

static void begin_again(struct again *a, int64_t mark_ms, int64_t least_ms)
{
    struct protocol_config config = {.n_slots = 2, .n_partitions = 1, .n_rounds = 1, .token = 77};
    struct protocol_meta meta = {.slot = 1, .tick = 9, .prefix_ms = 500};
    struct store_at last[STORE_SHARDS];

    for (size_t k = 0; k < STORE_SHARDS; k++)
        last[k] = (struct store_at){40, 9};
    *a = (struct again){.p = protocol_new(&config),
                        .taken = {.mark_ms = mark_ms},
                        .run = {"a", "a-0000000000000001"},
                        .least_ms = least_ms};
    protocol_meta_pack(&meta, last, 1, &a->metadata);
    protocol_assign(a->p, (const uint32_t[]){0}, 1);
}

static void tell_again(struct again *a)
{
    static const struct store_applied applied[STORE_SHARDS];
    struct protocol_told told = {.run = &a->run,
                                 .applied = applied,
                                 .epoch = 1,
                                 .has_committed = true,
                                 .committed = 40,
                                 .metadata = buf_str(&a->metadata),
                                 .least_ms = &a->least_ms,
                                 .taken = &a->taken};

    protocol_tell(a->p, &told);
}

static void end_again(struct again *a)
{
    protocol_free(a->p);
    buf_release(&a->metadata);
}

TEST(a_replay_into_an_empty_store_asks_all_shards_once_and_runs_no_timers)
{
    struct protocol_action action;
    struct again a;
    int n_applied = 0;

    begin_again(&a, 0, 0);
    for (int step = 0; step < 40 && n_applied < 3; step++) {
        protocol_next(a.p, &action);
        a.taken.position += action.what == PROTOCOL_POLL ? 10 : 0;
        if (action.what == PROTOCOL_APPLY) {
            CHECK_EQ(action.is_sweep, n_applied == 0);
            CHECK_EQ(action.timer_ms, INT64_MIN);
            n_applied++;
        }
        tell_again(&a);
    }
    CHECK_EQ(n_applied, 3);
    end_again(&a);
}

/* Its marks are held until it is through, so what it marks again and again is nothing new. */
TEST(who_reads_again_asks_the_store_nothing_until_records_come)
{
    static const struct {
        uint64_t position;     /* taken at this POLL */
        enum protocol_do then; /* follows */
        int64_t mark_ms;       /* of the MARK in its batch */
    } polls[] = {
        {20, PROTOCOL_APPLY, INT64_MIN}, {20, PROTOCOL_WAIT, 0},    {20, PROTOCOL_WAIT, 0},
        {40, PROTOCOL_APPLY, INT64_MIN}, {40, PROTOCOL_APPLY, 900}, {40, PROTOCOL_WAIT, 0},
    };
    struct protocol_action action;
    struct again a;
    size_t n_polls = 0;
    bool was_poll = false;

    begin_again(&a, 900, INT64_MIN);
    for (int step = 0; step < 80 && n_polls <= ARRAY_LEN(polls); step++) {
        protocol_next(a.p, &action);
        if (was_poll)
            CHECK_EQ(action.what, polls[n_polls - 1].then);
        if (action.what == PROTOCOL_MARK)
            CHECK_EQ(action.marks[0].watermark_ms[0], polls[n_polls - 1].mark_ms);
        was_poll = action.what == PROTOCOL_POLL;
        if (was_poll && n_polls == ARRAY_LEN(polls))
            break;
        if (was_poll)
            a.taken.position = polls[n_polls++].position;
        tell_again(&a);
    }
    CHECK_EQ(n_polls, ARRAY_LEN(polls));
    end_again(&a);
}

TEST_MAIN(ENTRY(a_producer_that_was_fenced_is_renewed_before_anything_is_acquired),
          ENTRY(a_replay_into_an_empty_store_asks_all_shards_once_and_runs_no_timers),
          ENTRY(who_reads_again_asks_the_store_nothing_until_records_come),
          ENTRY(the_reader_is_told_how_far_an_earlier_owner_was),
          ENTRY(no_batch_makes_metadata_too_long_for_a_broker),
          ENTRY(without_a_store_none_is_asked), ENTRY(a_gap_is_told_until_it_is_committed),
          ENTRY(metadata_come_back_as_they_were),
          ENTRY(rounds_that_came_or_went_with_the_rules_are_nothing_applied),
          ENTRY(foreign_metadata_are_refused_whole),
          ENTRY(metadata_of_busy_shards_are_short_and_the_worst_is_lifted),
          ENTRY(partitions_once_known_are_recovered_though_the_book_is_short),
          ENTRY(a_new_store_is_recovered_before_a_partition_is_taken))
