/* test_store_shared.c - rule sets that share a Redis: at random, on few keys, in any order, one of
 * them in the middle of another's step, reloaded now and then; what each calls is what a plain list
 * of due times says (docs/decisions/0031).
 */
#include "state/store_redis.h"

#include "base/str.h"
#include "state/emissions.h"
#include "tests/lib/redis_test.h"
#include "tests/lib/rng.h"

#include <stdio.h>
#include <stdlib.h>

enum { SPACES = 5, KEYS = 6, SHARDS_USED = 2, OPS = 4, DELAY_MS = 60, ACTIONS = 400, GAMES = 6 };

static struct redis_server server;
static struct rng rng;
static int64_t now_ms;

/* The slow truth: when each key's timer is due. Space 4 is the intruder's, 1 is of both sets. */
static int64_t due[SPACES][KEYS];

struct told {
    uint8_t space, key;
    int64_t due_ms;
};

struct set {
    struct store *s;
    uint8_t spaces[2]; /* by their numbers in the store */
    uint32_t levels[2];
    uint32_t n;
    struct set *intruder; /* plays in the middle of our steps; or NULL */
};

struct space_of {
    struct set *set;
    uint8_t space;
};
static struct space_of contexts[3][2];

static void play(struct set *t, bool has_timers);

static void step(void *context, const struct state_op *op, struct cell *cell,
                 UNUSED const struct step_clock *clock, struct emissions *out)
{
    const struct space_of *c = context;
    struct told t = {c->space, 0, 0};

    if (c->set->intruder && rng_below(&rng, 5) == 0)
        play(c->set->intruder, true);
    if (!op) {
        CHECK_EQ(cell->main.n, sizeof t);
        memcpy(&t, cell->main.p, sizeof t);
        CHECK_EQ(t.due_ms, cell->due_ms);
        emissions_add(out, (struct str){(const char *)&t, sizeof t});
        cell->due_ms = CELL_NEVER;
        return;
    }
    memcpy(&t.key, op->payload, 1);
    t.due_ms = cell->due_ms = op->t_ms;
    cell->idle_ms = INT64_MAX;
    if (cell_resize(cell, sizeof t))
        memcpy(cell->main.p, &t, sizeof t);
}

static void open_set(struct set *t, struct space_of *c, bool keeps_connection)
{
    struct store_redis_options o = {.url = str_from(server.url),
                                    .patience_ms = 60000,
                                    .timeout_ms = 60000,
                                    .before = keeps_connection ? t->s : NULL};
    struct store *s = NULL;
    struct weir_err err;

    CHECK_EQ(store_redis_new(&o, &s, &err), WEIR_OK);
    for (uint32_t i = 0; i < t->n; i++) {
        c[i] = (struct space_of){t, t->spaces[i]};
        struct space_spec spec = {.identity = {(uint8_t)(t->spaces[i] + 1)},
                                  .name = STR("shared"),
                                  .level = t->levels[i],
                                  .step = step,
                                  .context = &c[i]};
        store_add_space(s, &spec);
    }
    store_free(t->s);
    t->s = s;
}

static void take(const struct emission *e, int64_t timer_ms)
{
    struct told t;

    CHECK_EQ(e->bytes.n, sizeof t);
    memcpy(&t, e->bytes.p, sizeof t);
    CHECK(due[t.space][t.key] <= timer_ms);
    CHECK_EQ(due[t.space][t.key], t.due_ms);
    due[t.space][t.key] = INT64_MAX;
}

static void apply(struct set *t, uint32_t round, const struct state_op *ops, size_t n,
                  int64_t timer_ms)
{
    struct store_batch b = {.round = round,
                            .ops = ops,
                            .n_ops = n,
                            .clock = {INT64_MIN},
                            .timer_ms = timer_ms,
                            .is_sweep = rng_below(&rng, 30) == 0};
    const struct emission *e;
    size_t n_told;
    enum store_answer answer;
    struct weir_err err;

    CHECK_EQ(store_apply(t->s, &b, &e, &n_told, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    for (size_t i = 0; i < n; i++)
        due[t->spaces[ops[i].space]][*(const uint8_t *)ops[i].payload] = ops[i].t_ms;
    for (size_t i = 0; i < n_told; i++)
        take(&e[i], timer_ms);
}

/* Some timers are set, then those that are due are called, in each round. */
static void play(struct set *t, bool has_timers)
{
    static const uint8_t numbers[KEYS] = {0, 1, 2, 3, 4, 5};
    struct state_op ops[OPS];
    int64_t timer_ms = has_timers ? now_ms : INT64_MIN;

    for (uint32_t round = 0; round < 2; round++) {
        size_t n = 0;
        for (uint32_t i = rng_below(&rng, OPS + 1); i > 0; i--) {
            uint32_t space = rng_below(&rng, t->n), key = rng_below(&rng, KEYS);
            if (t->levels[space] != round)
                continue;
            ops[n] = (struct state_op){.space = space,
                                       .t_ms = now_ms + 1 + rng_below(&rng, DELAY_MS),
                                       .order = n,
                                       .payload = &numbers[key]};
            ops[n].key.bytes[0] = (uint8_t)(key % SHARDS_USED);
            ops[n++].key.bytes[15] = (uint8_t)key;
        }
        apply(t, round, ops, n, timer_ms);
    }
}

/* What only this set has: all that is due was called. */
static void check_called(const struct set *t)
{
    for (uint32_t i = 0; i < t->n; i++)
        for (uint32_t key = 0; t->spaces[i] != 1 && key < KEYS; key++)
            CHECK(due[t->spaces[i]][key] > now_ms);
}

static void call_the_rest(struct set *sets)
{
    now_ms += DELAY_MS;
    for (uint32_t i = 0; i < 3; i++) {
        open_set(&sets[i], contexts[i], false);
        for (uint32_t round = 0; round < 4; round++)
            apply(&sets[i], round % 2, NULL, 0, now_ms);
        check_called(&sets[i]);
    }
    for (uint32_t key = 0; key < KEYS; key++)
        CHECK_EQ(due[1][key], INT64_MAX);
}

static void play_game(void)
{
    struct set sets[3] = {{.spaces = {0, 1}, .levels = {0, 0}, .n = 2},
                          {.spaces = {1, 2}, .levels = {1, 1}, .n = 2},
                          {.spaces = {4}, .levels = {0}, .n = 1}};
    char line[100];

    snprintf(line, sizeof line, "redis-cli -p %u flushall >/dev/null", server.port);
    CHECK_EQ(system(line), 0);
    for (uint32_t space = 0; space < SPACES; space++)
        for (uint32_t key = 0; key < KEYS; key++)
            due[space][key] = INT64_MAX;
    sets[0].intruder = sets[1].intruder = &sets[2];
    for (uint32_t i = 0; i < 3; i++)
        open_set(&sets[i], contexts[i], false);
    for (uint32_t i = 0; i < ACTIONS; i++) {
        uint32_t who = rng_below(&rng, 3), what = rng_below(&rng, 12);
        now_ms += rng_below(&rng, DELAY_MS / 2);
        if (what == 0)
            open_set(&sets[who], contexts[who], rng_below(&rng, 2));
        play(&sets[who], what > 3);
        if (what > 3)
            check_called(&sets[who]);
    }
    call_the_rest(sets);
    for (uint32_t i = 0; i < 3; i++)
        store_free(sets[i].s);
}

TEST(rule_sets_that_share_a_store_call_each_timer_once)
{
    rng = rng_start("test_store_shared");
    for (int i = 0; i < GAMES; i++)
        play_game();
}

/* ---- small cells ----------------------------------------------------------------------------- */

/* Two workers on the keys of one shard that is under pressure, so that keys with one hit lie in
 * pages; few pages, and keys that end with their last hit. */
enum {
    SMALL_KEYS = 24,
    SMALL_SHARD = 7,
    SMALL_HITS = 4, /* the last one ends it */
    SMALL_OPS = 6,
    SMALL_BUDGET = STORE_SHARDS * 64 * 1024,
    FILLER = 300,
    SMALL_ACTIONS = 100,
    SMALL_GAMES = 8
};

struct hits {
    uint32_t n;
    int64_t t_ms;
};

struct client {
    struct store *s;
    struct client *other;
    uint32_t depth;
};
static uint32_t hits_of[SMALL_KEYS];

static void hit_some(struct client *c);

static void small_step(void *context, const struct state_op *op, struct cell *cell,
                       UNUSED const struct step_clock *clock, struct emissions *out)
{
    struct client *c = context;
    struct hits h = {0};

    if (op->payload && c->other && c->other->depth == 0 && rng_below(&rng, 8) == 0)
        hit_some(c->other);
    if (cell->main.n > 0)
        memcpy(&h, cell->main.p, sizeof h);
    h = (struct hits){h.n + 1, op->t_ms};
    emissions_add(out, (struct str){(const char *)&h.n, sizeof h.n});
    cell->idle_ms = INT64_MAX;
    cell->weight = (uint8_t)h.n;
    if (cell_resize(cell, h.n == SMALL_HITS && op->payload ? 0 : sizeof h) && cell->main.n > 0)
        memcpy(cell->main.p, &h, sizeof h);
}

static bool small_shrink(UNUSED void *context, const struct cell *cell, int64_t *t_ms,
                         uint32_t *value)
{
    struct hits h;

    memcpy(&h, cell->main.p, sizeof h);
    *t_ms = h.t_ms;
    *value = h.n;
    return h.n == 1;
}

static void small_regrow(UNUSED void *context, int64_t t_ms, uint32_t value, struct cell *cell)
{
    struct hits h = {value, t_ms};

    cell->idle_ms = INT64_MAX;
    cell->weight = 1;
    if (cell_resize(cell, sizeof h))
        memcpy(cell->main.p, &h, sizeof h);
}

static void open_client(struct client *c)
{
    struct store_redis_options o = {
        .url = str_from(server.url), .patience_ms = 60000, .timeout_ms = 60000};
    struct space_spec spec = {.identity = {77},
                              .name = STR("small"),
                              .budget_bytes = SMALL_BUDGET,
                              .step = small_step,
                              .shrink = small_shrink,
                              .regrow = small_regrow,
                              .context = c};
    struct weir_err err;

    store_free(c->s);
    CHECK_EQ(store_redis_new(&o, &c->s, &err), WEIR_OK);
    store_add_space(c->s, &spec);
}

/* Keys 0 ... lie in the same few pages. */
static struct state_key small_key(uint32_t i, bool is_filler)
{
    struct state_key key = {{SMALL_SHARD, 0, 0, is_filler}};
    uint32_t page = is_filler ? i : i % 2;

    memcpy(key.bytes + 4, &i, sizeof i);
    key.bytes[8] = is_filler;
    memcpy(key.bytes + 12, &page, sizeof page);
    return key;
}

static struct store_batch hits_batch(struct state_op *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        list[i].order = i;
    return (struct store_batch){
        .ops = list, .n_ops = n, .clock = {INT64_MIN}, .timer_ms = INT64_MIN};
}

static const struct emission *apply_hits(struct client *c, struct state_op *list, size_t n)
{
    struct store_batch b = hits_batch(list, n);
    const struct emission *e;
    enum store_answer answer;
    struct weir_err err;
    size_t n_told;

    c->depth++;
    CHECK_EQ(store_apply(c->s, &b, &e, &n_told, &answer, &err), WEIR_OK);
    c->depth--;
    CHECK_EQ(n_told, n);
    return e;
}

/* Two hits of each, so that they stay cells. */
static void fill_shard(struct client *c)
{
    static struct state_op list[2 * FILLER];

    for (uint32_t i = 0; i < 2 * FILLER; i++)
        list[i] = (struct state_op){.key = small_key(i % FILLER, true), .t_ms = now_ms};
    (void)apply_hits(c, list, ARRAY_LEN(list));
}

static void hit_some(struct client *c)
{
    static const uint32_t numbers[SMALL_KEYS] = {0};
    struct state_op list[SMALL_OPS];
    uint32_t keys[SMALL_OPS];
    size_t n = 1 + rng_below(&rng, SMALL_OPS);

    for (size_t i = 0; i < n; i++) {
        keys[i] = rng_below(&rng, SMALL_KEYS);
        list[i] = (struct state_op){
            .key = small_key(keys[i], false), .t_ms = now_ms, .payload = &numbers[keys[i]]};
    }
    const struct emission *e = apply_hits(c, list, n);
    for (size_t i = 0; i < n; i++) {
        uint32_t told;
        CHECK_EQ(e[i].bytes.n, sizeof told);
        memcpy(&told, e[i].bytes.p, sizeof told);
        uint32_t *model = &hits_of[keys[i]];
        CHECK_EQ(told, ++*model);
        *model = *model == SMALL_HITS ? 0 : *model;
    }
    CHECK_EQ(store_stats(c->s, 0).evicted, 0);
}

static uint32_t count_model(void)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < SMALL_KEYS; i++)
        n += hits_of[i] > 0;
    return n;
}

static void play_small_cells(void)
{
    struct client c[2] = {{.other = &c[1]}, {.other = &c[0]}};
    char line[100];
    uint64_t most_small = 0;

    snprintf(line, sizeof line, "redis-cli -p %u flushall >/dev/null", server.port);
    CHECK_EQ(system(line), 0);
    memset(hits_of, 0, sizeof hits_of);
    open_client(&c[0]);
    open_client(&c[1]);
    fill_shard(&c[0]);
    for (uint32_t i = 0; i < SMALL_ACTIONS; i++) {
        uint32_t who = rng_below(&rng, 2);
        if (rng_below(&rng, 20) == 0)
            open_client(&c[who]);
        now_ms++;
        hit_some(&c[who]);
        uint64_t small = store_stats(c[who].s, 0).small_cells;
        most_small = small > most_small ? small : most_small;
    }
    CHECK(most_small > 0);
    c[0].other = NULL; /* who writes alone knows what there is */
    hit_some(&c[0]);
    struct store_stats st = store_stats(c[0].s, 0);
    CHECK_EQ(st.cells + st.small_cells, FILLER + count_model());
    store_free(c[0].s);
    store_free(c[1].s);
}

TEST(workers_that_share_small_cells_forget_no_hit)
{
    rng = rng_start("test_store_shared");
    for (int i = 0; i < SMALL_GAMES; i++)
        play_small_cells();
}

REDIS_TEST_MAIN(server, ENTRY(rule_sets_that_share_a_store_call_each_timer_once),
                ENTRY(workers_that_share_small_cells_forget_no_hit))
