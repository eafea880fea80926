/* test_store.c - what every store must do, over a table of stores; then what only the one in
 * process promises. */
#include "state/store.h"
#include "state/store_mem.h"
#include "state/store_redis.h"

#include "correlate/operator.h"
#include "correlate/record.h"
#include "tests/lib/group_rule.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/rng.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/store_steps.h"
#include "tests/lib/test.h"

#include <stdlib.h>

/* A kind of store: `open` gives an empty one, or NULL if it cannot be had here (it has said why).
 */
struct maker {
    const char *name;
    struct store *(*open)(void);
    bool has_budgets; /* evicts by bytes at once and exactly */
};

static struct store *open_mem(void)
{
    return store_mem_new();
}

static struct redis_server redis;

/* As a first worker does: an empty store is whole. A machine that is busy may stop us meanwhile. */
static void bless(struct store *s)
{
    struct store_lease lease = {.token = 1, .ttl_ms = 3600 * 1000};
    struct store_run run;
    enum store_answer answer;

    CHECK_EQ(store_run(s, &run, NULL), WEIR_OK);
    memcpy(lease.run_id, run.run_id, sizeof lease.run_id);
    CHECK_EQ(store_lease(s, &lease, &answer, NULL), WEIR_OK);
    CHECK_EQ(store_bless(s, &lease, NULL, 0, &answer, NULL), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
}

static struct store *open_redis(void)
{
    struct store_redis_options o = {.url = str_from(redis.url)};
    struct weir_err err;
    struct store *s = NULL;
    char line[100];

    if (!redis.pid)
        return NULL;
    snprintf(line, sizeof line, "redis-cli -p %u flushall >/dev/null", redis.port);
    CHECK_EQ(system(line), 0);
    if (store_redis_new(&o, &s, &err) != WEIR_OK)
        print_error("%s\n", err.text);
    CHECK(s);
    bless(s);
    return s;
}

static const struct maker makers[] = {
    {"mem", open_mem, true},
    {"redis", open_redis, false},
};

/* What a test has at hand. */
struct rig {
    struct store *s;
    struct order_batch *b;
    struct buf out;
    uint32_t space;
};

static uint32_t add_space(struct store *s, uint64_t budget, uint8_t id)
{
    struct space_spec spec = {.name = STR("test"), .budget_bytes = budget, .step = order_step};

    memset(spec.identity, id, sizeof spec.identity);
    return store_add_space(s, &spec);
}

static bool rig_open(struct rig *r, const struct maker *m)
{
    *r = (struct rig){.s = m->open()};
    if (!r->s) {
        print_message("SKIP: no %s here\n", m->name);
        return false;
    }
    r->b = order_batch_new();
    r->space = add_space(r->s, 0, 1);
    return true;
}

static void rig_close(struct rig *r)
{
    store_free(r->s);
    order_batch_free(r->b);
    buf_release(&r->out);
}

/* Apply what was put together, and begin anew. */
static void go(struct rig *r)
{
    buf_clear(&r->out);
    order_apply(r->s, r->b, STORE_DONE, &r->out);
    order_batch_clear(r->b);
}

#define EACH_STORE(r)                                             \
    struct rig r;                                                 \
    for (size_t maker_ = 0; maker_ < ARRAY_LEN(makers); maker_++) \
        if (!rig_open(&r, &makers[maker_]))                       \
            continue;                                             \
        else                                                      \
            for (bool once_ = true; once_; once_ = false, rig_close(&r))

TEST(emissions_come_in_order_of_operations_and_timers_behind_them)
{
    EACH_STORE(r)
    {
        order_add(r.b, r.space, 70, 10)->due_ms = 100;
        order_add(r.b, r.space, 3, 11)->due_ms = 90;
        order_add(r.b, r.space, 70, 12)->emits = 2;
        order_add(r.b, r.space, 5, 13)->due_ms = 90;
        r.b->batch.timer_ms = 100;
        go(&r);
        CHECK_STR(buf_str(&r.out), "op key 70 t 10 count 1 n 32 side 0\n"
                                   "op key 3 t 11 count 1 n 32 side 0\n"
                                   "op key 70 t 12 count 2 n 32 side 0\n"
                                   "op key 70 t 12 count 2 n 32 side 0\n"
                                   "op key 5 t 13 count 1 n 32 side 0\n"
                                   "timer key 3 t 90 count 1 n 32 side 0\n"
                                   "timer key 5 t 90 count 1 n 32 side 0\n"
                                   "timer key 70 t 100 count 2 n 32 side 0\n");
    }
}

TEST(timers_run_in_order_of_time_space_and_key_until_none_is_due)
{
    EACH_STORE(r)
    {
        uint32_t other = add_space(r.s, 0, 2);
        struct order_hit *h = order_add(r.b, other, 1, 10);
        h->due_ms = 50;
        h->then_ms = 10; /* again at 60 */
        h = order_add(r.b, r.space, 2, 11);
        h->due_ms = 50;
        h->then_ms = 30;                             /* again at 80: not yet */
        order_add(r.b, r.space, 9, 12)->due_ms = 60; /* before space `other` */
        order_add(r.b, r.space, 8, 13)->due_ms = 71;
        go(&r);
        CHECK_EQ(store_next_due(r.s), 50);
        r.b->batch.timer_ms = 70;
        go(&r);
        CHECK_STR(buf_str(&r.out), "timer key 2 t 50 count 1 n 32 side 0\n"
                                   "timer key 1 t 50 count 1 n 32 side 0\n"
                                   "timer key 9 t 60 count 1 n 32 side 0\n"
                                   "timer key 1 t 60 count 1 n 32 side 0\n");
        CHECK_EQ(store_next_due(r.s), 71);
        r.b->batch.timer_ms = INT64_MAX;
        go(&r);
        CHECK_STR(buf_str(&r.out), "timer key 8 t 71 count 1 n 32 side 0\n"
                                   "timer key 2 t 80 count 1 n 32 side 0\n");
        CHECK_EQ(store_next_due(r.s), INT64_MAX);
    }
}

TEST(a_due_time_can_move_both_ways)
{
    EACH_STORE(r)
    {
        order_add(r.b, r.space, 1, 1)->due_ms = 50;
        go(&r);
        order_add(r.b, r.space, 1, 2)->due_ms = 90;
        order_add(r.b, r.space, 2, 3)->due_ms = 90;
        go(&r);
        CHECK_EQ(store_next_due(r.s), 90);
        order_add(r.b, r.space, 2, 4)->due_ms = 60;
        order_add(r.b, r.space, 3, 5)->due_ms = 20;
        order_add(r.b, r.space, 3, 6)->due_ms = CELL_NEVER;
        r.b->batch.timer_ms = 89;
        go(&r);
        CHECK(str_find(buf_str(&r.out), STR("timer key 2 t 60"), 0) != SIZE_MAX);
        CHECK(str_find(buf_str(&r.out), STR("timer key 1"), 0) == SIZE_MAX);
        CHECK(str_find(buf_str(&r.out), STR("timer key 3"), 0) == SIZE_MAX);
        CHECK_EQ(store_next_due(r.s), 90);
    }
}

TEST(a_cell_of_no_bytes_is_gone)
{
    EACH_STORE(r)
    {
        struct order_hit *h = order_add(r.b, r.space, 1, 1);
        h->due_ms = 5;
        h->has_side = true;
        h->side = 100;
        h = order_add(r.b, r.space, 1, 2);
        h->removes = true;
        order_add(r.b, r.space, 2, 2)->removes = true;
        order_add(r.b, r.space, 1, 3);
        r.b->batch.timer_ms = 10;
        go(&r);
        CHECK_STR(buf_str(&r.out), "op key 1 t 1 count 1 n 32 side 100\n"
                                   "op key 1 t 2 count 2 n 32 side 100\n"
                                   "op key 2 t 2 count 1 n 32 side 0\n"
                                   "op key 1 t 3 count 1 n 32 side 0\n");
        CHECK_EQ(store_stats(r.s, r.space).cells, 1);
        CHECK_EQ(store_stats(r.s, r.space).capsule_bytes, 0);
    }
}

TEST(cells_grow_and_shrink_without_harm)
{
    static const uint32_t sizes[] = {33,   100,    128,   129,    4096,   8192, 8193,
                                     9000, 100000, 70000, 900000, 200000, 64,   32};
    EACH_STORE(r)
    {
        for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++) {
            for (uint32_t key = 0; key < 5; key++) {
                struct order_hit *h = order_add(r.b, r.space, key, i);
                h->size = sizes[(i + key) % ARRAY_LEN(sizes)];
                h->has_side = true;
                h->side = h->size % (CELL_SIDE_MAX + 1);
            }
            go(&r); /* the step looks at every byte */
        }
        CHECK_EQ(store_stats(r.s, r.space).cells, 5);
        struct order_hit *h = order_add(r.b, r.space, 1, 100);
        h->size = CELL_BYTES_MAX + 1; /* refused: stays as it is */
        go(&r);
        CHECK_STR(buf_str(&r.out), "op key 1 t 100 count 15 n 33 side 33\n");
    }
}

TEST(spaces_do_not_see_each_other)
{
    EACH_STORE(r)
    {
        uint32_t other = add_space(r.s, 0, 2);
        order_add(r.b, r.space, 1, 1);
        order_add(r.b, other, 1, 2);
        go(&r);
        CHECK_STR(buf_str(&r.out), "op key 1 t 1 count 1 n 32 side 0\n"
                                   "op key 1 t 2 count 1 n 32 side 0\n");
    }
}

TEST(a_look_shows_a_cell_and_changes_nothing)
{
    EACH_STORE(r)
    {
        struct state_key key = order_key(1), absent = order_key(2);
        struct store_glance g;
        struct order_hit *h = order_add(r.b, r.space, 1, 5);
        h->size = 40;
        h->has_side = true;
        h->side = 7;
        h->due_ms = 900;
        h->idle_ms = 1000;
        go(&r);
        for (int again = 0; again < 2; again++) {
            CHECK_EQ(store_look(r.s, r.space, &key, &g, NULL), WEIR_OK);
            CHECK_EQ(g.main.n, 40);
            CHECK_EQ(g.side.n, 7);
            CHECK_EQ(g.due_ms, 900);
            CHECK_EQ(g.idle_ms, 1000);
            CHECK(!g.is_small);
            CHECK_EQ(store_look(r.s, r.space, &absent, &g, NULL), WEIR_OK);
            CHECK(g.main.n == 0 && !g.is_small);
        }
        CHECK_EQ(store_stats(r.s, r.space).cells, 1);
        order_add(r.b, r.space, 1, 6); /* the step looks at every byte */
        go(&r);
        CHECK_STR(buf_str(&r.out), "op key 1 t 6 count 2 n 40 side 7\n");
    }
}

/* ---- the protocol -------------------------------------------------------------------------- */

static char incarnation[STORE_RUN_ID_MAX];

static uint64_t acquire(struct store *s, uint32_t partition)
{
    uint64_t epoch = 0;
    enum store_answer answer;
    struct store_run run;

    CHECK_EQ(store_run(s, &run, NULL), WEIR_OK);
    memcpy(incarnation, run.blessed, sizeof incarnation);
    CHECK_EQ(store_acquire(s, partition, incarnation, &epoch, &answer, NULL), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    return epoch;
}

static struct store_part part(uint64_t epoch, uint64_t upto, uint64_t acked)
{
    return (struct store_part){
        .partition = 7, .epoch = epoch, .upto = {upto, 0}, .acked = {acked, 0}};
}

static void go_part(struct rig *r, struct store_part *p, enum store_answer want)
{
    struct store_at none[STORE_SHARDS] = {0};

    if (!p->last)
        p->last = none;
    buf_clear(&r->out);
    r->b->batch.parts = p;
    r->b->batch.n_parts = 1;
    r->b->batch.incarnation = incarnation;
    order_apply(r->s, r->b, want, &r->out);
    order_batch_clear(r->b);
    if (p->last == none)
        p->last = NULL;
}

static struct store_applied applied(struct store *s, uint32_t round, uint32_t shard)
{
    struct store_applied a[STORE_SHARDS];

    CHECK_EQ(store_applied(s, 7, round, a, NULL), WEIR_OK);
    return a[shard];
}

static enum store_answer lift(struct store *s, uint64_t epoch, uint64_t position)
{
    struct store_applied upto = {{position, 0}, 1000};
    enum store_answer answer;

    CHECK_EQ(store_lift(s, incarnation, 7, epoch, &upto, 2, &answer, NULL), WEIR_OK);
    return answer;
}

TEST(what_was_applied_is_skipped_and_its_emissions_come_again)
{
    EACH_STORE(r)
    {
        struct store_part p = part(acquire(r.s, 7), 2, 0);
        struct store_at last[STORE_SHARDS] = {0};
        p.prefix_ms = 77;
        for (int turn = 0; turn < 3; turn++) { /* a lost reply: the same call again */
            order_add(r.b, r.space, 1, 1)->emits = 2;
            order_add(r.b, r.space, 2, 2);
            go_part(&r, &p, STORE_DONE);
            CHECK_STR(buf_str(&r.out), "op key 1 t 1 count 1 n 32 side 0\n"
                                       "op key 1 t 1 count 1 n 32 side 0\n"
                                       "op key 2 t 2 count 1 n 32 side 0\n");
        }
        CHECK_EQ(store_stats(r.s, r.space).applied, 2);
        CHECK_EQ(store_stats(r.s, r.space).skipped, 4);
        CHECK_EQ(applied(r.s, 0, 1).at.position, 2);
        CHECK_EQ(applied(r.s, 0, 2).at.position, 2);
        CHECK_EQ(applied(r.s, 0, 2).prefix_ms, 77);
        CHECK_EQ(applied(r.s, 0, 3).at.position, 0);
        CHECK_EQ(applied(r.s, 1, 1).at.position, 0);
        /* Published up to 1: the next call drops that, and tells the rest. */
        p = part(p.epoch, 3, 1);
        p.last = last;
        last[1] = last[2] = (struct store_at){2, 0};
        order_add(r.b, r.space, 2, 3);
        go_part(&r, &p, STORE_DONE);
        CHECK_STR(buf_str(&r.out), "op key 2 t 3 count 2 n 32 side 0\n"
                                   "op key 2 t 2 count 1 n 32 side 0\n");
        CHECK_EQ(last[2].position, 3);
        CHECK_EQ(last[3].position, 0);
        p.upto.tick = 1;
        p.acked = (struct store_at){3, 0};
        go_part(&r, &p, STORE_DONE);
        CHECK_STR(buf_str(&r.out), "");
    }
}

TEST(a_part_of_a_batch_that_was_applied_is_skipped)
{
    EACH_STORE(r)
    {
        struct store_part p = part(acquire(r.s, 7), 11, 0);
        order_add(r.b, r.space, 1, 10);
        order_add(r.b, r.space, 1, 11);
        go_part(&r, &p, STORE_DONE);
        p = part(p.epoch, 13, 0);
        order_add(r.b, r.space, 1, 10);
        order_add(r.b, r.space, 1, 11);
        order_add(r.b, r.space, 1, 12);
        order_add(r.b, r.space, 2, 13);
        go_part(&r, &p, STORE_DONE);
        CHECK_STR(buf_str(&r.out), "op key 1 t 10 count 1 n 32 side 0\n"
                                   "op key 1 t 11 count 2 n 32 side 0\n"
                                   "op key 1 t 12 count 3 n 32 side 0\n"
                                   "op key 2 t 13 count 1 n 32 side 0\n");
    }
}

TEST(operations_of_one_event_keep_their_order_when_some_come_again)
{
    EACH_STORE(r)
    {
        /* One event, three keys in three shards; the first call reached one of them. */
        struct store_part p = part(acquire(r.s, 7), 5, 0);
        order_add(r.b, r.space, 2, 5);
        go_part(&r, &p, STORE_DONE);
        struct order_batch *b = r.b;
        order_add(b, r.space, 1, 5);
        order_add(b, r.space, 2, 5);
        order_add(b, r.space, 3, 5);
        for (int i = 0; i < 3; i++)
            b->ops[i].order = 900;
        p.upto.position = 6;
        go_part(&r, &p, STORE_DONE);
        CHECK(str_find(buf_str(&r.out), STR("key 1 "), 0) != SIZE_MAX);
        CHECK(str_find(buf_str(&r.out), STR("key 2 t 5 count 1"), 0) != SIZE_MAX);
        CHECK(str_find(buf_str(&r.out), STR("key 3 "), 0) != SIZE_MAX);
        CHECK_EQ(store_stats(r.s, r.space).skipped, 1);
    }
}

TEST(rounds_have_vectors_of_their_own)
{
    EACH_STORE(r)
    {
        struct store_part p = part(acquire(r.s, 7), 1, 0);
        order_add(r.b, r.space, 1, 1);
        go_part(&r, &p, STORE_DONE);
        order_add(r.b, r.space, 1, 1);
        r.b->batch.round = 1;
        go_part(&r, &p, STORE_DONE);
        CHECK_STR(buf_str(&r.out), "op key 1 t 1 count 2 n 32 side 0\n");
        CHECK_EQ(applied(r.s, 1, 1).at.position, 1);
        CHECK_EQ(applied(r.s, 1, 2).at.position, 0);
    }
}

TEST(timers_run_in_the_round_of_their_level)
{
    EACH_STORE(r)
    {
        struct space_spec spec = {.identity = {9}, .step = order_step, .level = 1};
        uint32_t upper = store_add_space(r.s, &spec);
        order_add(r.b, upper, 1, 1)->due_ms = 10;
        order_add(r.b, r.space, 2, 1)->due_ms = 10;
        go(&r);
        r.b->batch.timer_ms = 20;
        go(&r);
        CHECK_STR(buf_str(&r.out), "timer key 2 t 10 count 1 n 32 side 0\n");
        CHECK_EQ(store_next_due(r.s), 10);
        r.b->batch.round = 1;
        r.b->batch.timer_ms = 20;
        go(&r);
        CHECK_STR(buf_str(&r.out), "timer key 1 t 10 count 1 n 32 side 0\n");
        CHECK_EQ(store_next_due(r.s), INT64_MAX);
    }
}

TEST(timer_emissions_stay_until_their_tick_is_acked)
{
    EACH_STORE(r)
    {
        struct store_part p = part(acquire(r.s, 7), 5, 0);
        p.upto.tick = 1;
        order_add(r.b, r.space, 1, 5)->due_ms = 20;
        go_part(&r, &p, STORE_DONE);
        p.acked = p.upto;
        p.upto.tick = 2;
        for (int turn = 0; turn < 3; turn++) {
            r.b->batch.timer_ms = 20;
            r.b->batch.is_sweep = turn == 2;
            go_part(&r, &p, STORE_DONE);
            CHECK_STR(buf_str(&r.out), "timer key 1 t 20 count 1 n 32 side 0\n");
        }
        p.acked = p.upto;
        p.upto.tick = 3;
        r.b->batch.is_sweep = true;
        go_part(&r, &p, STORE_DONE);
        CHECK_STR(buf_str(&r.out), "");
        CHECK_EQ(applied(r.s, 0, 9).at.tick, 3);
    }
}

TEST(who_acquires_fences_who_was_there)
{
    EACH_STORE(r)
    {
        uint64_t old = acquire(r.s, 7), now = acquire(r.s, 7);
        CHECK(now > old);
        struct store_part p = part(old, 1, 0);
        order_add(r.b, r.space, 1, 1);
        go_part(&r, &p, STORE_FENCED);
        p.epoch = now;
        order_add(r.b, r.space, 1, 1);
        go_part(&r, &p, STORE_DONE);
        CHECK_STR(buf_str(&r.out), "op key 1 t 1 count 1 n 32 side 0\n");
        CHECK_EQ(lift(r.s, old, 9), STORE_FENCED);
        CHECK_EQ(applied(r.s, 0, 1).at.position, 1);
    }
}

TEST(a_gap_is_told_and_a_lift_closes_it)
{
    EACH_STORE(r)
    {
        uint64_t epoch = acquire(r.s, 7);
        struct store_at last[STORE_SHARDS] = {0};
        struct store_part p = part(epoch, 6, 0);
        last[1] = (struct store_at){4, 0};
        p.last = last;
        order_add(r.b, r.space, 1, 5);
        go_part(&r, &p, STORE_GAP);
        order_add(r.b, r.space, 2, 5); /* each shard by itself */
        go_part(&r, &p, STORE_DONE);
        CHECK_EQ(last[2].position, 6);
        CHECK_EQ(lift(r.s, epoch, 4), STORE_DONE);
        CHECK_EQ(applied(r.s, 0, 1).at.position, 4);
        CHECK_EQ(applied(r.s, 1, 1).prefix_ms, 1000);
        CHECK_EQ(applied(r.s, 0, 2).at.position, 6); /* never down */
        CHECK_EQ(applied(r.s, 2, 1).at.position, 0); /* two rounds were lifted */
        order_add(r.b, r.space, 1, 4);               /* counts as applied */
        order_add(r.b, r.space, 1, 5);
        p.acked.position = 5; /* key 2 is published */
        p.upto.position = 7;
        order_add(r.b, r.space, 1, 7);
        go_part(&r, &p, STORE_DONE);
        CHECK_STR(buf_str(&r.out), "op key 1 t 7 count 2 n 32 side 0\n");
    }
}

TEST(marks_give_the_least_watermark_of_all_partitions)
{
    EACH_STORE(r)
    {
        int64_t one[] = {10, 5}, two[] = {7, 20}, back[] = {3, INT64_MIN}, least[2];
        enum store_answer answer;
        uint64_t old = acquire(r.s, 7), a = acquire(r.s, 7), b = acquire(r.s, 8);
        struct store_mark marks[] = {{7, a, one}, {8, b, two}, {7, old, one}, {7, a, back}};
        CHECK_EQ(store_mark(r.s, incarnation, marks, 1, 2, least, &answer, NULL), WEIR_OK);
        CHECK_EQ(answer, STORE_DONE);
        CHECK_EQ(least[0], INT64_MIN); /* partition 8 has told nothing */
        CHECK_EQ(store_mark(r.s, incarnation, marks, 2, 2, least, &answer, NULL), WEIR_OK);
        CHECK_EQ(least[0], 7);
        CHECK_EQ(least[1], 5);
        CHECK_EQ(store_mark(r.s, incarnation, &marks[3], 1, 2, least, &answer, NULL), WEIR_OK);
        CHECK_EQ(answer, STORE_DONE);
        CHECK_EQ(least[0], 7);
        CHECK_EQ(store_mark(r.s, incarnation, &marks[2], 1, 2, least, &answer, NULL), WEIR_OK);
        CHECK_EQ(answer, STORE_FENCED);
        CHECK_EQ(store_mark(r.s, "other", marks, 1, 2, least, &answer, NULL), WEIR_OK);
        CHECK_EQ(answer, STORE_NEWINC);
    }
}

/* ---- what only a store in process can show ------------------------------------------------- */

static bool read_claim(struct str emission, struct store_claim *out)
{
    memset(out->uid, 0, sizeof out->uid);
    memcpy(out->uid, emission.p, 8); /* "op key N" */
    out->sequence = 1;
    out->kind = 1;
    return str_starts(emission, STR("op"));
}

TEST(another_run_must_be_blessed_and_published_records_come_back_marked)
{
    struct rig r;
    enum store_answer answer;
    struct store_applied from = {{0, 0}, 5};
    uint64_t epoch;
    bool has;

    CHECK(rig_open(&r, &makers[0]));
    store_set_claim_reader(r.s, read_claim);
    struct store_part p = part(acquire(r.s, 7), 1, 0);
    struct store *before = store_mem_copy(r.s);
    order_add(r.b, r.space, 1, 1);
    go_part(&r, &p, STORE_DONE);
    CHECK_STR(buf_str(&r.out), "op key 1 t 1 count 1 n 32 side 0\n");

    store_free(r.s); /* the server comes back as it was before */
    r.s = before;
    store_mem_set_run(r.s, "2");
    order_add(r.b, r.space, 1, 1);
    go_part(&r, &p, STORE_NEWINC);
    CHECK_EQ(store_acquire(r.s, 7, "2", &epoch, &answer, NULL), WEIR_OK);
    CHECK_EQ(answer, STORE_NEWINC);

    struct store_lease lease = {.run_id = "2", .token = 5, .ttl_ms = 100};
    struct store_lease other = {.run_id = "2", .token = 6, .ttl_ms = 100};
    struct store_lease late = lease; /* decided before somebody else has recovered */
    memcpy(lease.incarnation, incarnation, sizeof incarnation);
    memcpy(other.incarnation, incarnation, sizeof incarnation);
    struct store_claim claim = {.shard = 1, .uid = "op key 1", .kind = 1, .sequence = 1};
    CHECK_EQ(store_bless(r.s, &lease, NULL, 0, &answer, NULL), WEIR_OK);
    CHECK_EQ(answer, STORE_FENCED);
    CHECK_EQ(store_lease(r.s, &lease, &answer, NULL), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    CHECK_EQ(store_lease(r.s, &other, &answer, NULL), WEIR_OK);
    CHECK_EQ(answer, STORE_FENCED);
    CHECK_EQ(store_restore(r.s, &lease, &claim, 1, &answer, NULL), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    CHECK_EQ(store_set_replay(r.s, &lease, 7, &from, &answer, NULL), WEIR_OK);
    from.at.position = 9;
    CHECK_EQ(store_set_replay(r.s, &lease, 7, &from, &answer, NULL), WEIR_OK);
    CHECK_EQ(store_bless(r.s, &lease, NULL, 0, &answer, NULL), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    CHECK_EQ(store_lease(r.s, &late, &answer, NULL), WEIR_OK);
    CHECK_EQ(answer, STORE_FENCED);
    CHECK_EQ(store_replay_from(r.s, 7, &has, &from, NULL), WEIR_OK);
    CHECK(has);
    CHECK_EQ(from.at.position, 0); /* the earlier one stays */
    CHECK_EQ(from.prefix_ms, 5);

    p = part(acquire(r.s, 7), 2, 0);
    order_add(r.b, r.space, 1, 1);
    order_add(r.b, r.space, 2, 2);
    go_part(&r, &p, STORE_DONE);
    CHECK_STR(buf_str(&r.out), "op key 1 t 1 count 1 n 32 side 0 restored\n"
                               "op key 2 t 2 count 1 n 32 side 0\n");
    CHECK_EQ(store_end_replay(r.s, incarnation, 7, p.epoch, &answer, NULL), WEIR_OK);
    CHECK_EQ(store_replay_from(r.s, 7, &has, &from, NULL), WEIR_OK);
    CHECK(!has);
    rig_close(&r);
}

TEST(the_weakest_and_oldest_goes_first)
{
    struct rig r;

    CHECK(rig_open(&r, &makers[0]));
    uint32_t small = add_space(r.s, 1024, 3); /* a dozen cells */
    for (uint32_t i = 0; i < 8; i++)
        order_add(r.b, small, i, i + 1)->weight = i == 0 ? 9 : 5;
    order_add(r.b, small, 1, 20); /* used again */
    for (uint32_t i = 100; i < 110; i++)
        order_add(r.b, small, i, i)->weight = 5;
    go(&r);
    struct store_stats st = store_stats(r.s, small);
    CHECK(st.bytes <= 1024);
    CHECK(st.evicted > 0);
    CHECK_EQ(st.cells + st.evicted, 18);
    order_add(r.b, small, 0, 200); /* strong: still there */
    go(&r);
    CHECK_STR(buf_str(&r.out), "op key 0 t 200 count 2 n 32 side 0\n");
    order_add(r.b, small, 109, 200); /* the last one in */
    go(&r);
    CHECK_STR(buf_str(&r.out), "op key 109 t 200 count 2 n 32 side 0\n");
    order_add(r.b, small, 2, 200); /* the oldest of the weak: gone */
    go(&r);
    CHECK_STR(buf_str(&r.out), "op key 2 t 200 count 1 n 32 side 0\n");
    rig_close(&r);
}

TEST(what_does_not_fit_is_counted)
{
    struct rig r;

    CHECK(rig_open(&r, &makers[0]));
    struct space_spec spec = {
        .budget_bytes = 4096, .capsule_budget_bytes = 256, .step = order_step};
    uint32_t small = store_add_space(r.s, &spec);
    order_add(r.b, small, 1, 1)->size = 5000;
    struct order_hit *h = order_add(r.b, small, 2, 2);
    h->has_side = true;
    h->side = 200;
    h = order_add(r.b, small, 3, 3);
    h->has_side = true;
    h->side = 200;
    go(&r);
    CHECK_STR(buf_str(&r.out), "op key 1 t 1 count 1 n 0 side 0\n"
                               "op key 2 t 2 count 1 n 32 side 200\n"
                               "op key 3 t 3 count 1 n 32 side 0\n");
    struct store_stats st = store_stats(r.s, small);
    CHECK_EQ(st.cells_refused, 1);
    CHECK_EQ(st.capsules_refused, 1);
    CHECK_EQ(st.cells, 2);
    rig_close(&r);
}

TEST(idle_cells_are_swept)
{
    struct rig r;

    CHECK(rig_open(&r, &makers[0]));
    for (uint32_t i = 0; i < 1000; i++)
        order_add(r.b, r.space, i, i + 1)->idle_ms = i < 900 ? 5000 : 900000;
    go(&r);
    r.b->batch.clock.watermark_ms = 10000;
    for (uint32_t i = 0; i < 4000; i++)
        order_add(r.b, r.space, 5000, 20000)->idle_ms = 900000;
    go(&r);
    CHECK_EQ(store_stats(r.s, r.space).cells, 101);
    CHECK_EQ(store_stats(r.s, r.space).expired, 900);
    rig_close(&r);
}

/* A worker that has just taken over applies operations and runs no timers at first. */
TEST(idle_cells_that_owe_a_timer_stay)
{
    struct rig r;

    CHECK(rig_open(&r, &makers[0]));
    struct order_hit *h = order_add(r.b, r.space, 1, 1);
    h->idle_ms = 5000;
    h->due_ms = 4000;
    go(&r);
    r.b->batch.clock.watermark_ms = 10000;
    for (uint32_t i = 0; i < 200; i++)
        order_add(r.b, r.space, 2, 20000)->idle_ms = 900000;
    go(&r);
    CHECK_EQ(store_stats(r.s, r.space).expired, 0);
    r.b->batch.timer_ms = 10000;
    go(&r);
    CHECK(str_find(buf_str(&r.out), STR("timer key 1 t 4000"), 0) != SIZE_MAX);
    for (uint32_t i = 0; i < 200; i++)
        order_add(r.b, r.space, 2, 20000)->idle_ms = 900000;
    go(&r);
    CHECK_EQ(store_stats(r.s, r.space).expired, 1);
    rig_close(&r);
}

TEST(keys_with_one_hit_become_small_under_pressure_and_come_back)
{
    enum { KEYS = 4000 };
    struct rig r;

    CHECK(rig_open(&r, &makers[0]));
    struct space_spec spec = {.budget_bytes = 256 * 1024,
                              .step = order_step,
                              .shrink = order_shrink,
                              .regrow = order_regrow};
    uint32_t small = store_add_space(r.s, &spec);
    for (uint32_t i = 0; i < KEYS; i++)
        order_add(r.b, small, i, i + 1);
    go(&r);
    struct store_stats st = store_stats(r.s, small);
    CHECK(st.bytes <= spec.budget_bytes);
    CHECK(st.evicted <= KEYS / 500); /* where buckets overflow */
    CHECK_EQ(st.cells + st.small_cells + st.evicted, KEYS);
    CHECK(st.small_cells > KEYS / 2);
    for (uint32_t i = 0; i < KEYS; i += 100) {
        char want[80];
        order_add(r.b, small, i, 9000);
        go(&r);
        snprintf(want, sizeof want, "op key %u t 9000 count 2 n 32 side 0\n", i);
        CHECK_STR(buf_str(&r.out), want);
    }
    rig_close(&r);
}

/* ---- the total ------------------------------------------------------------------------------ */

enum { TOTAL = 2 * 1024 * 1024, FLOODS = 3, BATCH_KEYS = 2000 };

/* A store with this total: its spaces, from 0, are for the flood, the last one is quiet. */
static bool open_full(struct rig *r, const struct maker *m, uint64_t total, bool can_shrink)
{
    *r = (struct rig){.s = m->open()};
    if (!r->s)
        return false;
    r->b = order_batch_new();
    store_set_total(r->s, total);
    for (int i = 0; i <= FLOODS; i++) {
        struct space_spec spec = {.name = STR("test"), .step = order_step};
        memset(spec.identity, i + 1, sizeof spec.identity);
        if (can_shrink) {
            spec.shrink = order_shrink;
            spec.regrow = order_regrow;
        }
        r->space = store_add_space(r->s, &spec);
    }
    return true;
}

/* Each key in [from, from + n) once. */
static void hit_each(struct rig *r, uint32_t space, uint32_t from, uint32_t n, uint32_t side)
{
    for (uint32_t i = 0; i < n; i++) {
        struct order_hit *h = order_add(r->b, space, from + i, 1000);
        h->has_side = side > 0;
        h->side = side;
        if ((i + 1) % BATCH_KEYS == 0)
            go(r);
    }
    go(r);
}

static uint64_t held_bytes(const struct rig *r)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i <= FLOODS; i++) {
        struct store_stats st = store_stats(r->s, i);
        sum += st.bytes + st.capsule_bytes;
    }
    return sum;
}

static uint64_t lost(const struct rig *r, uint32_t space)
{
    struct store_stats st = store_stats(r->s, space);

    return st.evicted + st.cells_refused + st.capsules_refused;
}

static bool gave(const struct rig *r, uint32_t space)
{
    size_t n;
    const uint32_t *list = store_gave(r->s, &n);

    for (size_t i = 0; i < n; i++)
        if (list[i] == space)
            return true;
    return false;
}

static void check_all_there(struct rig *r, uint32_t space, uint32_t n, uint32_t count)
{
    for (uint32_t i = 0; i < n; i += 97) {
        char want[60];
        order_add(r->b, space, i, 2000);
        go(r);
        snprintf(want, sizeof want, "op key %u t 2000 count %u ", i, count);
        CHECK(str_starts(buf_str(&r->out), str_from(want)));
    }
}

#define EACH_FULL(r, total, can_shrink)                           \
    struct rig r;                                                 \
    for (size_t maker_ = 0; maker_ < ARRAY_LEN(makers); maker_++) \
        if (!open_full(&r, &makers[maker_], total, can_shrink))   \
            continue;                                             \
        else                                                      \
            for (bool once_ = true; once_; once_ = false, rig_close(&r))

/* Two tenants have one rule each: two spaces. */
TEST(the_flood_of_some_spaces_leaves_the_cells_of_another_alone)
{
    for (int can_shrink = 0; can_shrink < 2; can_shrink++) {
        EACH_FULL(r, TOTAL, can_shrink)
        {
            hit_each(&r, r.space, 0, 500, 200);
            for (uint32_t part = 0; part < 5; part++)
                for (uint32_t i = 0; i < FLOODS; i++) {
                    hit_each(&r, i, 1000 + part * 10000, 10000, 0);
                    CHECK(held_bytes(&r) <= TOTAL);
                }
            struct store_stats quiet = store_stats(r.s, r.space);
            CHECK_EQ(quiet.cells, 500);
            CHECK_EQ(lost(&r, r.space), 0);
            CHECK(quiet.capsule_bytes >= 500 * 200);
            for (uint32_t i = 0; i < FLOODS; i++)
                CHECK(lost(&r, i) > 0);
            CHECK(held_bytes(&r) > TOTAL / 2); /* it is used, too */
            check_all_there(&r, r.space, 500, 2);
        }
    }
}

TEST(who_comes_when_all_is_taken_gets_its_share)
{
    for (int can_shrink = 0; can_shrink < 2; can_shrink++) {
        EACH_FULL(r, TOTAL, can_shrink)
        {
            for (uint32_t i = 0; i < FLOODS; i++)
                hit_each(&r, i, 1000, 50000, 0);
            CHECK(held_bytes(&r) > TOTAL / 2);
            hit_each(&r, r.space, 0, 1500, 0);
            CHECK_EQ(store_stats(r.s, r.space).cells, 1500);
            CHECK_EQ(lost(&r, r.space), 0);
            CHECK(held_bytes(&r) <= TOTAL);
            CHECK(!gave(&r, r.space));
            check_all_there(&r, r.space, 1500, 2);
        }
    }
}

TEST(spaces_that_gave_something_up_for_others_are_named)
{
    EACH_FULL(r, TOTAL, false)
    {
        for (uint32_t i = 0; i < FLOODS; i++)
            hit_each(&r, i, 1000, 20000, 0);
        uint64_t before[FLOODS];
        for (uint32_t i = 0; i < FLOODS; i++)
            before[i] = lost(&r, i);
        for (uint32_t i = 0; i < 1500; i++)
            order_add(r.b, r.space, i, 1000);
        go(&r);
        for (uint32_t i = 0; i < FLOODS; i++)
            CHECK_EQ(gave(&r, i), lost(&r, i) > before[i]);
        CHECK(gave(&r, 0) || gave(&r, 1) || gave(&r, 2));
        go(&r);
        CHECK(!gave(&r, 0) && !gave(&r, 1) && !gave(&r, 2));
    }
}

TEST(side_parts_go_before_cells_do)
{
    EACH_FULL(r, TOTAL, false)
    {
        hit_each(&r, 0, 1000, 2000, 500);
        struct store_stats was = store_stats(r.s, 0);
        CHECK(was.capsule_bytes > 500 * 1000);
        for (uint32_t i = 1; i < FLOODS; i++)
            hit_each(&r, i, 1000, 8000, 0);
        struct store_stats st = store_stats(r.s, 0);
        CHECK(st.capsule_bytes < was.capsule_bytes / 4 * 3);
        CHECK(st.capsules_refused > was.capsules_refused);
        CHECK_EQ(st.cells, 2000);
        CHECK_EQ(st.evicted, 0);
        CHECK(held_bytes(&r) <= TOTAL);
        for (uint32_t i = 0; i < 2000; i += 97) { /* whole, with what is left */
            order_add(r.b, 0, 1000 + i, 2000);
            go(&r);
            CHECK(str_find(buf_str(&r.out), STR("count 2"), 0) != SIZE_MAX);
        }
    }
}

/* Whatever is asked for, of cells that grow and shrink, the sum stays below. */
TEST(random_floods_stay_within_the_total)
{
    struct rng g = rng_start("total");

    EACH_FULL(r, TOTAL, true)
    {
        for (int batch = 0; batch < 60; batch++) {
            for (uint32_t i = 0; i < 2000; i++) {
                struct order_hit *h =
                    order_add(r.b, rng_below(&g, FLOODS + 1), rng_below(&g, 60000), 1000 + batch);
                h->size = rng_below(&g, 3) ? 0 : 32 + rng_below(&g, rng_below(&g, 50) ? 300 : 9000);
                h->has_side = rng_below(&g, 4) == 0;
                h->side = rng_below(&g, 800);
                h->due_ms = rng_below(&g, 5) ? 0 : 1000 + batch + (int64_t)rng_below(&g, 20);
                h->removes = rng_below(&g, 20) == 0;
            }
            r.b->batch.timer_ms = 1000 + batch;
            go(&r);
            CHECK(held_bytes(&r) <= TOTAL);
        }
        for (uint32_t i = 0; i <= FLOODS; i++)
            CHECK(lost(&r, i) > 0);
    }
}

/* A few large cells in each space: those give theirs in turn, down to the last ones. */
TEST(random_large_cells_of_few_keys_stay_within_the_total)
{
    enum { KEYS = 14, LARGE = 16 * 1024, SIZES = 5, BATCHES = 200, OPS = 20 };
    struct rng g = rng_start("large cells");
    struct rig r;

    CHECK(open_full(&r, &makers[0], TOTAL, true));
    for (int batch = 0; batch < BATCHES; batch++) {
        for (uint32_t i = 0; i < OPS; i++) {
            struct order_hit *h =
                order_add(r.b, rng_below(&g, FLOODS + 1), rng_below(&g, KEYS), 1000 + batch);
            h->size = ORDER_BYTES + rng_below(&g, (uint32_t)LARGE << batch % SIZES);
            h->removes = rng_below(&g, 40) == 0;
        }
        go(&r);
        CHECK(held_bytes(&r) <= TOTAL);
    }
    for (uint32_t i = 0; i <= FLOODS; i++)
        CHECK(lost(&r, i) > 0);
    rig_close(&r);
}

/* ---- random batches against a slow model ---------------------------------------------------- */

static void random_batch(struct rng *g, struct order_batch *b, uint32_t space, int64_t now)
{
    uint32_t n = rng_below(g, 60);

    for (uint32_t i = 0; i < n; i++) {
        struct order_hit *h = order_add(b, space + rng_below(g, 2), rng_below(g, 300), now + i);
        h->emits = rng_below(g, 3);
        if (rng_below(g, 4) == 0)
            h->size = 32 + rng_below(g, rng_below(g, 20) ? 200 : 20000);
        if (rng_below(g, 8) == 0) {
            h->has_side = true;
            h->side = rng_below(g, 500);
        }
        if (rng_below(g, 3) == 0)
            h->due_ms = rng_below(g, 8) ? now + 1 + rng_below(g, 400) : CELL_NEVER;
        if (rng_below(g, 5) == 0)
            h->then_ms = 1 + rng_below(g, 200);
        h->removes = rng_below(g, 10) == 0;
    }
    if (rng_below(g, 3))
        b->batch.timer_ms = now;
}

static void model_apply(struct step_runner *m, const struct order_batch *b, struct buf *out)
{
    size_t n;

    for (size_t i = 0; i < b->batch.n_ops; i++)
        step_runner_apply(m, &b->ops[i]);
    if (b->batch.timer_ms != INT64_MIN)
        step_runner_watermark(m, b->batch.timer_ms);
    const struct emission *e = step_runner_take(m, &n);
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%.*s\n", (int)e[i].bytes.n, e[i].bytes.p);
}

TEST(random_batches_give_what_the_slow_store_gives)
{
    enum { BATCHES = 1500 };

    for (size_t k = 0; k < ARRAY_LEN(makers); k++) {
        struct rng g = rng_start("store");
        struct rig r;
        struct buf want = {0};
        if (!rig_open(&r, &makers[k]))
            continue;
        CHECK_EQ(add_space(r.s, 0, 2), r.space + 1);
        struct step_runner *m = step_runner_new();
        step_runner_add(m, order_step, NULL);
        step_runner_add(m, order_step, NULL);
        for (int64_t i = 1; i <= BATCHES; i++) {
            random_batch(&g, r.b, r.space, i * 100);
            buf_clear(&want);
            model_apply(m, r.b, &want);
            buf_add_char(&want, '\0');
            go(&r);
            CHECK_STR(buf_str(&r.out), want.p);
            if (k == 0 && i % 100 == 0) { /* a copy goes on where the store was */
                struct store *copy = store_mem_copy(r.s);
                store_free(r.s);
                r.s = copy;
            }
        }
        uint64_t cells = store_stats(r.s, 0).cells + store_stats(r.s, 1).cells;
        CHECK_EQ(cells, step_runner_cells(m));
        buf_release(&want);
        step_runner_free(m);
        rig_close(&r);
    }
}

/* ---- a real operator: rows of groups, judged at the watermark ---------------------------------
 */

enum { GROUPS = 12, GROUP_ROWS = 40, GROUP_MET_MAX = 2 * GROUP_ROWS };

struct group_rig {
    struct rig r;
    struct group_rule rule;
    struct hit hits[STORE_OPS_MAX];
    struct buf texts[GROUP_RULE_VALUES];
    int64_t met[GROUPS][GROUP_MET_MAX]; /* times that were told, by group */
    size_t n_met[GROUPS];
    struct signal last; /* without its texts */
};

static bool group_rig_open(struct group_rig *g, const struct maker *m)
{
    if (!rig_open(&g->r, m))
        return false;
    group_rule_init(&g->rule);
    struct space_spec spec = {.name = STR("groups"),
                              .identity = {7},
                              .step = operator_group.steps[0],
                              .context = &g->rule.spec};
    g->r.space = store_add_space(g->r.s, &spec);
    for (uint32_t i = 0; i < GROUP_RULE_VALUES; i++) {
        g->texts[i] = (struct buf){0};
        group_rule_row(i, &g->texts[i]);
    }
    memset(g->n_met, 0, sizeof g->n_met);
    return true;
}

static void group_rig_close(struct group_rig *g)
{
    for (uint32_t i = 0; i < GROUP_RULE_VALUES; i++)
        buf_release(&g->texts[i]);
    rig_close(&g->r);
}

static void add_row(struct group_rig *g, uint32_t group, const struct group_event *e)
{
    size_t i = g->r.b->batch.n_ops;

    (void)order_add(g->r.b, g->r.space, group, e->t_ms);
    g->hits[i] = (struct hit){.count = 1,
                              .value = g->r.b->order,
                              .keys = STR("\0"),
                              .value_text = buf_str(&g->texts[e->value])};
    g->r.b->ops[i].payload = &g->hits[i];
}

/* What was added, then the timers of this watermark; INT64_MIN: none. */
static void apply_rows(struct group_rig *g, int64_t watermark_ms)
{
    const struct emission *e;
    enum store_answer answer;
    struct weir_err err = {0};
    uint32_t group;
    size_t n;

    g->r.b->batch.timer_ms = watermark_ms;
    CHECK_EQ(store_apply(g->r.s, &g->r.b->batch, &e, &n, &answer, &err), WEIR_OK);
    for (size_t i = 0; i < n; i++) {
        CHECK(signal_unpack(e[i].bytes, &g->last));
        memcpy(&group, g->last.key.bytes, sizeof group);
        CHECK(group < GROUPS && g->n_met[group] < GROUP_MET_MAX);
        g->met[group][g->n_met[group]++] = g->last.t_ms;
    }
    order_batch_clear(g->r.b);
    if (watermark_ms != INT64_MIN)
        g->r.b->batch.clock.watermark_ms = watermark_ms;
}

/* Events of all groups in their order; of one batch in any. */
static void random_groups(struct rng *rng, struct group_rig *g)
{
    struct group_event events[GROUPS][GROUP_ROWS];
    int64_t want[GROUP_ROWS], t[GROUPS] = {0};
    size_t n[GROUPS] = {0}, told = 0;

    for (int64_t end_ms = 500; end_ms < 12000; end_ms += 500) {
        uint32_t first = rng_below(rng, GROUPS);
        for (uint32_t i = 0; i < GROUPS; i++) {
            uint32_t k = (first + i) % GROUPS;
            for (; t[k] < end_ms && n[k] < GROUP_ROWS;
                 t[k] += rng_below(rng, 3) ? rng_below(rng, 900) : 0) {
                events[k][n[k]] = (struct group_event){t[k], rng_below(rng, GROUP_RULE_VALUES)};
                add_row(g, k, &events[k][n[k]++]);
            }
        }
        apply_rows(g, rng_below(rng, 3) ? end_ms : INT64_MIN);
    }
    apply_rows(g, INT64_MAX);
    for (uint32_t k = 0; k < GROUPS; k++) {
        CHECK_EQ(g->n_met[k], group_rule_model(events[k], n[k], want));
        CHECK(memcmp(g->met[k], want, g->n_met[k] * sizeof want[0]) == 0);
        told += g->n_met[k];
    }
    CHECK(told > GROUPS);
}

TEST(groups_tell_what_the_model_tells_in_every_store)
{
    static struct group_rig g;

    for (size_t k = 0; k < ARRAY_LEN(makers); k++) {
        struct rng rng = rng_start("store, groups");
        for (int i = 0; i < 30 && group_rig_open(&g, &makers[k]); i++) {
            random_groups(&rng, &g);
            group_rig_close(&g);
        }
    }
}

/* Each time that it is full the oldest give way: the only other value is among them. */
TEST(a_full_group_gives_its_oldest_rows_and_says_so)
{
    enum { ROWS = 5000, FULL = 4096, GIVEN = FULL / 8 + 1 };
    static struct group_rig g;

    for (size_t k = 0; k < ARRAY_LEN(makers); k++) {
        if (!group_rig_open(&g, &makers[k]))
            continue;
        for (int64_t i = 0; i < ROWS; i++) {
            add_row(&g, 0, &(struct group_event){i / 10, i ? 0 : 1});
            if (i % 1000 == 999)
                apply_rows(&g, INT64_MIN);
        }
        apply_rows(&g, ROWS / 10);
        CHECK_EQ(g.n_met[0], 0);
        add_row(&g, 0, &(struct group_event){ROWS / 10 + 100, 1});
        apply_rows(&g, INT64_MAX);
        CHECK_EQ(g.n_met[0], 1);
        CHECK_EQ(g.met[0][0], ROWS / 10 + 100);
        CHECK_EQ(g.last.measured_micro, INT64_C(1000000) * (ROWS - 2 * GIVEN + 1));
        CHECK(g.last.hit.is_inexact);
        group_rig_close(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENTRY(emissions_come_in_order_of_operations_and_timers_behind_them),
        ENTRY(timers_run_in_order_of_time_space_and_key_until_none_is_due),
        ENTRY(a_due_time_can_move_both_ways),
        ENTRY(a_cell_of_no_bytes_is_gone),
        ENTRY(cells_grow_and_shrink_without_harm),
        ENTRY(spaces_do_not_see_each_other),
        ENTRY(a_look_shows_a_cell_and_changes_nothing),
        ENTRY(what_was_applied_is_skipped_and_its_emissions_come_again),
        ENTRY(a_part_of_a_batch_that_was_applied_is_skipped),
        ENTRY(operations_of_one_event_keep_their_order_when_some_come_again),
        ENTRY(rounds_have_vectors_of_their_own),
        ENTRY(timers_run_in_the_round_of_their_level),
        ENTRY(marks_give_the_least_watermark_of_all_partitions),
        ENTRY(timer_emissions_stay_until_their_tick_is_acked),
        ENTRY(who_acquires_fences_who_was_there),
        ENTRY(a_gap_is_told_and_a_lift_closes_it),
        ENTRY(another_run_must_be_blessed_and_published_records_come_back_marked),
        ENTRY(the_weakest_and_oldest_goes_first),
        ENTRY(what_does_not_fit_is_counted),
        ENTRY(idle_cells_are_swept),
        ENTRY(idle_cells_that_owe_a_timer_stay),
        ENTRY(keys_with_one_hit_become_small_under_pressure_and_come_back),
        ENTRY(the_flood_of_some_spaces_leaves_the_cells_of_another_alone),
        ENTRY(who_comes_when_all_is_taken_gets_its_share),
        ENTRY(spaces_that_gave_something_up_for_others_are_named),
        ENTRY(side_parts_go_before_cells_do),
        ENTRY(random_floods_stay_within_the_total),
        ENTRY(random_large_cells_of_few_keys_stay_within_the_total),
        ENTRY(random_batches_give_what_the_slow_store_gives),
        ENTRY(groups_tell_what_the_model_tells_in_every_store),
        ENTRY(a_full_group_gives_its_oldest_rows_and_says_so)};

    /* Without a redis-server the suite is that of the store in process. */
    if (redis_server_is_there() && !redis_server_start(&redis, NULL, false))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_server_stop(&redis);
    return failed;
}
