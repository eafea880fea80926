/* test_store_shared.c - rule sets that share a Redis: at random, on few keys, in any order, one of
 * them in the middle of another's step, reloaded now and then; what each calls is what a plain list
 * of due times says (docs/decisions/0031).
 */
#include "state/store_redis.h"

#include "base/str.h"
#include "state/emissions.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENTRY(rule_sets_that_share_a_store_call_each_timer_once),
    };

    if (!redis_server_is_there())
        return 0;
    if (!redis_server_start(&server, NULL, false))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_server_stop(&server);
    return failed;
}
