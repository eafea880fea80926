/* test_store_parts.c - the store in Redis beside the one in process, both as workers use them:
 * three partitions change hands at random between two workers, batches are repeated, given up,
 * committed; timers run; old owners go on. Answers and emissions are the same in both.
 */
#include "state/store_mem.h"
#include "state/store_redis.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"
#include "tests/lib/redis_test.h"
#include "tests/lib/rng.h"
#include "tests/lib/store_steps.h"

#include <stdio.h>
#include <stdlib.h>

enum { PARTS = 3, ROUNDS = 2, KEYS = 10, WORKERS = 2, ACTIONS = 250, GAMES = 3, MANY = 200 };

static struct redis_server server;
static struct rng rng;
static int64_t now_ms;

/* What is true of a partition, whoever has it. */
struct partition {
    uint64_t committed, reached, tick;
    struct store_at acked;
    struct store_at last[ROUNDS][STORE_SHARDS], last_mem[ROUNDS][STORE_SHARDS];
};
static struct partition partitions[PARTS];

struct worker {
    struct store *redis;
    bool owns[PARTS], is_fresh;
    uint64_t epoch[PARTS], position[PARTS];
    struct store_at acked[PARTS];
    struct store_at last[PARTS][ROUNDS][STORE_SHARDS], last_mem[PARTS][ROUNDS][STORE_SHARDS];
};

static struct store *mem;
static char mem_run[STORE_RUN_ID_MAX], redis_run[STORE_RUN_ID_MAX];

static void add_spaces(struct store *s)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct space_spec spec = {
            .identity = {(uint8_t)(i + 1)}, .name = STR("parts"), .level = i, .step = order_step};
        store_add_space(s, &spec);
    }
}

/* ---- batches ------------------------------------------------------------------------------- */

struct made {
    struct state_op ops[MANY];
    struct order_hit hits[MANY];
    struct store_part parts[PARTS];
    size_t n_ops, n_parts;
};

/* What an event brings is a function of its place alone. */
static void add_event(struct made *m, uint32_t part, uint32_t p, uint64_t position, uint32_t round)
{
    uint64_t seed[] = {p, position, round}, h = hash_bytes(seed, sizeof seed);

    for (uint64_t n = h % 3; n > 0; n--, h = h * 0x9E3779B97F4A7C15ull + 1) {
        int64_t t_ms = 1000 + (int64_t)position * 10;
        m->hits[m->n_ops] = (struct order_hit){.emits = (uint32_t)(h >> 20) % 3,
                                               .due_ms = h >> 40 & 1 ? t_ms + 50 : 0};
        m->ops[m->n_ops] = (struct state_op){.space = round,
                                             .part = part,
                                             .key = order_key((uint32_t)(h >> 8) % KEYS),
                                             .t_ms = t_ms,
                                             .order = m->n_ops,
                                             .at = {position, 0},
                                             .payload = &m->hits[m->n_ops]};
        m->n_ops++;
    }
}

static void make_round(struct made *m, const struct worker *w, uint32_t round,
                       const uint64_t upto[static PARTS])
{
    m->n_ops = m->n_parts = 0;
    for (uint32_t p = 0; p < PARTS; p++) {
        if (!w->owns[p])
            continue;
        uint32_t part = (uint32_t)m->n_parts++;
        m->parts[part] = (struct store_part){.partition = p,
                                             .epoch = w->epoch[p],
                                             .upto = {upto[p], partitions[p].tick},
                                             .acked = w->acked[p]};
        for (uint64_t at = w->position[p] + 1; at <= upto[p]; at++)
            add_event(m, part, p, at, round);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The order among what timers tell and what is left over from before is each store's own. */
static void show(const struct emission *e, size_t n, struct buf *out)
{
    char **lines = calloc(n + 1, sizeof *lines);

    CHECK(lines);
    for (size_t i = 0; i < n; i++)
        CHECK(asprintf(&lines[i], "%s%llu part %u shard %u at %llu.%llu space %u%s: %.*s\n",
                       e[i].order == UINT64_MAX ? "z" : "",
                       e[i].order == UINT64_MAX ? 0 : (unsigned long long)e[i].order, e[i].part,
                       e[i].shard, (unsigned long long)e[i].at.position,
                       (unsigned long long)e[i].at.tick, e[i].space,
                       e[i].is_restored ? " again" : "", (int)e[i].bytes.n, e[i].bytes.p) > 0);
    qsort(lines, n, sizeof *lines, by_text);
    for (size_t i = 0; i < n; i++) {
        buf_add(out, str_from(lines[i]));
        free(lines[i]);
    }
    free(lines);
}

static enum store_answer apply_to(struct store *s, struct made *m, uint32_t round, int64_t timer_ms,
                                  bool is_sweep, const char *run,
                                  struct store_at (*last)[ROUNDS][STORE_SHARDS], struct buf *out)
{
    const struct emission *e;
    enum store_answer answer;
    struct weir_err err;
    size_t n;

    for (size_t i = 0; i < m->n_parts; i++)
        m->parts[i].last = last[m->parts[i].partition][round];
    struct store_batch b = {.round = round,
                            .ops = m->ops,
                            .n_ops = m->n_ops,
                            .clock = {INT64_MIN},
                            .timer_ms = timer_ms,
                            .parts = m->parts,
                            .n_parts = m->n_parts,
                            .incarnation = run,
                            .is_sweep = is_sweep};
    CHECK_EQ(store_apply(s, &b, &e, &n, &answer, &err), WEIR_OK);
    if (answer == STORE_DONE)
        show(e, n, out);
    return answer;
}

static enum store_answer apply_both(struct worker *w, struct made *m, uint32_t round,
                                    int64_t timer_ms, bool is_sweep)
{
    struct buf a = {0}, b = {0};
    enum store_answer of_mem =
        apply_to(mem, m, round, timer_ms, is_sweep, mem_run, w->last_mem, &a);
    enum store_answer of_redis =
        apply_to(w->redis, m, round, timer_ms, is_sweep, redis_run, w->last, &b);

    if (!str_eq(buf_str(&a), buf_str(&b)))
        fprintf(stderr, "in process:\n%.*s\nRedis:\n%.*s\n", (int)a.n, a.p ? a.p : "", (int)b.n,
                b.p ? b.p : "");
    /* A call that concerns no shard asks none whether it is fenced. */
    if (of_mem == STORE_FENCED && of_redis == STORE_DONE && m->n_ops == 0)
        CHECK_EQ(b.n, 0);
    else
        CHECK_EQ(of_mem, of_redis);
    CHECK(str_eq(buf_str(&a), buf_str(&b)));
    buf_release(&a);
    buf_release(&b);
    return of_mem;
}

/* ---- what workers do ------------------------------------------------------------------------ */

static void acquire(struct worker *w, uint32_t p)
{
    struct partition *part = &partitions[p];
    enum store_answer answer;
    struct weir_err err;
    uint64_t epoch;

    CHECK_EQ(store_acquire(mem, p, mem_run, &epoch, &answer, &err), WEIR_OK);
    CHECK_EQ(store_acquire(w->redis, p, redis_run, &w->epoch[p], &answer, &err), WEIR_OK);
    CHECK_EQ(epoch, w->epoch[p]);
    w->owns[p] = w->is_fresh = true;
    w->position[p] = part->committed;
    w->acked[p] = part->acked;
    memcpy(w->last[p], part->last, sizeof w->last[p]);
    memcpy(w->last_mem[p], part->last_mem, sizeof w->last_mem[p]);
}

/* As one that has met an error begins again: from what is committed. */
static void begin_again(struct worker *w)
{
    for (uint32_t p = 0; p < PARTS; p++)
        if (w->owns[p])
            acquire(w, p);
}

static void commit(struct worker *w, const uint64_t upto[static PARTS])
{
    for (uint32_t p = 0; p < PARTS; p++) {
        if (!w->owns[p])
            continue;
        w->position[p] = partitions[p].committed = upto[p];
        w->acked[p] = partitions[p].acked = (struct store_at){upto[p], partitions[p].tick};
        memcpy(partitions[p].last, w->last[p], sizeof partitions[p].last);
        memcpy(partitions[p].last_mem, w->last_mem[p], sizeof partitions[p].last_mem);
    }
    w->is_fresh = false;
}

static bool is_sweeping(const struct worker *w)
{
    for (uint32_t p = 0; p < PARTS; p++)
        if (w->owns[p] && w->position[p] < partitions[p].reached)
            return true;
    return w->is_fresh;
}

/* False: somebody else has a partition of its. */
static bool apply_rounds(struct worker *w, const uint64_t upto[static PARTS], int64_t timer_ms)
{
    static struct made m;
    /* Of timers that another one has set a worker hears when it looks. */
    bool is_sweep = is_sweeping(w) || timer_ms != INT64_MIN;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t times = 1 + (rng_below(&rng, 5) == 0); /* an answer was lost */
        make_round(&m, w, round, upto);
        for (; times > 0; times--)
            if (apply_both(w, &m, round, timer_ms, is_sweep) != STORE_DONE)
                return false;
    }
    return true;
}

static void batch(struct worker *w)
{
    uint64_t upto[PARTS];
    int64_t timer_ms = is_sweeping(w) || rng_below(&rng, 3) == 0 ? INT64_MIN : now_ms;
    bool has_any = false;

    for (uint32_t p = 0; p < PARTS; p++) {
        upto[p] = w->position[p] + rng_below(&rng, 6);
        has_any |= w->owns[p];
        partitions[p].tick += w->owns[p];
    }
    if (!has_any)
        return;
    bool is_done = apply_rounds(w, upto, timer_ms);
    for (uint32_t p = 0; p < PARTS; p++)
        if (w->owns[p] && upto[p] > partitions[p].reached)
            partitions[p].reached = upto[p];
    if (!is_done) {
        memset(w->owns, 0, sizeof w->owns); /* fenced: the group gives it others */
        return;
    }
    if (rng_below(&rng, 4))
        commit(w, upto);
    else
        begin_again(w);
}

static void open_worker(struct worker *w)
{
    struct store_redis_options o = {
        .url = str_from(server.url), .patience_ms = 60000, .timeout_ms = 60000};
    struct weir_err err;

    store_free(w->redis);
    *w = (struct worker){0};
    CHECK_EQ(store_redis_new(&o, &w->redis, &err), WEIR_OK);
    add_spaces(w->redis);
}

static void bless(struct store *s)
{
    struct store_lease lease = {.token = 5, .ttl_ms = 60000};
    const uint32_t all[PARTS] = {0, 1, 2};
    enum store_answer answer;
    struct store_run run;
    struct weir_err err;

    CHECK_EQ(store_run(s, &run, &err), WEIR_OK);
    memcpy(lease.run_id, run.run_id, sizeof lease.run_id);
    memcpy(lease.incarnation, run.blessed, sizeof lease.incarnation);
    CHECK_EQ(store_lease(s, &lease, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    CHECK_EQ(store_bless(s, &lease, all, PARTS, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    CHECK_EQ(store_run(s, &run, &err), WEIR_OK);
    memcpy(redis_run, run.blessed, sizeof redis_run);
}

static void start_game(struct worker *workers)
{
    char line[100];
    struct store_run run;
    struct weir_err err;

    snprintf(line, sizeof line, "redis-cli -p %u flushall >/dev/null", server.port);
    CHECK_EQ(system(line), 0);
    memset(partitions, 0, sizeof partitions);
    now_ms = 1000;
    mem = store_mem_new();
    add_spaces(mem);
    CHECK_EQ(store_run(mem, &run, &err), WEIR_OK);
    memcpy(mem_run, run.blessed, sizeof mem_run);
    for (uint32_t i = 0; i < WORKERS; i++)
        open_worker(&workers[i]);
    bless(workers[0].redis);
}

static void play_game(void)
{
    static struct worker workers[WORKERS];

    start_game(workers);
    for (uint32_t i = 0; i < ACTIONS; i++) {
        struct worker *w = &workers[rng_below(&rng, WORKERS)];
        uint32_t what = rng_below(&rng, 14);
        now_ms += rng_below(&rng, 20);
        if (what == 0)
            open_worker(w);
        else if (what < 3)
            acquire(w, rng_below(&rng, PARTS)); /* who had it may go on */
        else
            batch(w);
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        store_free(workers[i].redis);
        workers[i].redis = NULL;
    }
    store_free(mem);
}

TEST(partitions_change_hands_in_both_stores_alike)
{
    rng = rng_start("test_store_parts");
    for (int i = 0; i < GAMES; i++)
        play_game();
}

REDIS_TEST_MAIN(server, ENTRY(partitions_change_hands_in_both_stores_alike))
