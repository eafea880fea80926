/* test_store_redis.c - the store in Redis: what it does when Redis goes away, forgets, is full,
 * is shared. What all stores have in common stands in test_store.c.
 */
#include "state/store_redis.h"

#include "base/embed.h"
#include "base/str.h"
#include "state/emissions.h"
#include "tests/lib/redis_test.h"
#include "tests/lib/resident.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OPS = 1000, KEYS = 100 };

static struct redis_server server;

/* ---- a step that counts: emits "key:count" on every hit, and a timer 1000 ms after the last ----
 */

struct counter {
    uint8_t version;
    uint32_t count;
} __attribute__((packed));

static void count_step(UNUSED void *context, const struct state_op *op, struct cell *cell,
                       UNUSED const struct step_clock *clock, struct emissions *out)
{
    struct counter c = {1, 0};
    char text[40];

    if (cell->main.n > 0)
        memcpy(&c, cell->main.p, sizeof c);
    if (op) {
        c.count++;
        cell->due_ms = op->t_ms + 1000;
        cell->idle_ms = op->t_ms + 5000;
        cell->weight = c.count > 100 ? 100 : (uint8_t)c.count;
        if (!cell_resize(cell, sizeof c))
            return;
        memcpy(cell->main.p, &c, sizeof c);
    } else {
        cell->due_ms = CELL_NEVER;
    }
    snprintf(text, sizeof text, "%s%u", op ? "" : "end ", c.count);
    emissions_add(out, str_from(text));
}

static struct space_spec counting(uint8_t identity)
{
    return (struct space_spec){
        .identity = {identity, 2, 3}, .name = STR("counting"), .step = count_step};
}

/* What is to succeed may take its time on a machine that is busy; what is to fail fails after it.
 */
enum { PATIENT_MS = 60000, IMPATIENT_MS = 3000, ANSWER_MS = 60000 };

static struct store *open_with(const char *url, struct store *before, uint32_t patience_ms)
{
    struct store_redis_options o = {.url = str_from(url),
                                    .patience_ms = patience_ms,
                                    .timeout_ms = ANSWER_MS,
                                    .before = before};
    struct space_spec spec = counting(1);
    struct weir_err err = {0};
    struct store *s = NULL;

    if (store_redis_new(&o, &s, &err) != WEIR_OK)
        print_error("%s\n", err.text);
    CHECK(s);
    CHECK_EQ(store_add_space(s, &spec), 0);
    return s;
}

static struct store *open_behind(const char *url, struct store *before)
{
    return open_with(url, before, PATIENT_MS);
}

static struct store *open_store(const char *url)
{
    return open_with(url, NULL, PATIENT_MS);
}

static struct state_key key_of(uint32_t i)
{
    char text[16];

    snprintf(text, sizeof text, "k%u", i);
    struct str value = str_from(text);
    return state_key_of(&state_secret_test, STR(""), &value, 1);
}

static struct state_op ops[OPS];

static struct store_batch batch_of(uint32_t n_keys, size_t n, int64_t t_ms)
{
    for (size_t i = 0; i < n; i++)
        ops[i] = (struct state_op){.key = key_of((uint32_t)i % n_keys), .t_ms = t_ms, .order = i};
    return (struct store_batch){
        .ops = ops, .n_ops = n, .clock = {INT64_MIN}, .timer_ms = INT64_MIN};
}

struct outcome {
    enum weir_rc rc;
    const struct emission *e;
    size_t n;
    enum store_answer answer;
    struct weir_err err;
};

static struct outcome apply(struct store *s, const struct store_batch *b)
{
    struct outcome o = {0};

    o.rc = store_apply(s, b, &o.e, &o.n, &o.answer, &o.err);
    if (o.rc != WEIR_OK)
        printf("  (%s)\n", o.err.text);
    return o;
}

static bool is_text(const struct emission *e, const char *text)
{
    return str_eq(e->bytes, str_from(text));
}

static void empty_server(void)
{
    char line[200];

    snprintf(line, sizeof line, "redis-cli -p %u flushall >/dev/null", server.port);
    CHECK_EQ(system(line), 0);
}

static void ask_server(const char *words)
{
    char line[300];

    snprintf(line, sizeof line, "redis-cli -p %u %s >/dev/null", server.port, words);
    CHECK_EQ(system(line), 0);
}

static uint64_t number_of(const char *words)
{
    char line[300], answer[32], *end;

    snprintf(line, sizeof line, "redis-cli -p %u %s", server.port, words);
    FILE *f = popen(line, "r");
    CHECK(f && fgets(answer, sizeof answer, f));
    pclose(f);
    uint64_t n = strtoull(answer, &end, 10);
    CHECK(end > answer);
    return n;
}

/* ---- tests --------------------------------------------------------------------------------- */

TEST(emissions_come_in_order_of_operations)
{
    empty_server();
    struct store *s = open_store(server.url);
    struct store_batch b = batch_of(KEYS, OPS, 1000);
    struct outcome o = apply(s, &b);

    CHECK_EQ(o.rc, WEIR_OK);
    CHECK_EQ(o.answer, STORE_DONE);
    CHECK_EQ(o.n, OPS);
    for (size_t i = 0; i < OPS; i++) {
        char text[16];
        snprintf(text, sizeof text, "%zu", i / KEYS + 1);
        CHECK_EQ(o.e[i].order, i);
        CHECK(is_text(&o.e[i], text));
    }
    CHECK_EQ(store_stats(s, 0).cells, KEYS);
    CHECK_EQ(store_stats(s, 0).applied, OPS);
    store_free(s);
}

TEST(cells_outlive_the_store)
{
    empty_server();
    for (uint32_t round = 1; round <= 3; round++) {
        struct store *s = open_store(round == 2 ? server.unix_url : server.url);
        struct store_batch b = batch_of(KEYS, KEYS, 1000);
        struct outcome o = apply(s, &b);
        char text[16];
        snprintf(text, sizeof text, "%u", round);
        CHECK_EQ(o.n, KEYS);
        for (size_t i = 0; i < o.n; i++)
            CHECK(is_text(&o.e[i], text));
        store_free(s);
    }
}

TEST(timers_are_called_once_and_in_order)
{
    empty_server();
    struct store *s = open_store(server.url);
    struct store_batch b = batch_of(KEYS, KEYS, 0);
    for (size_t i = 0; i < KEYS; i++)
        ops[i].t_ms = 1000 + (int64_t)(i * 7 % KEYS);
    CHECK_EQ(apply(s, &b).n, KEYS);
    CHECK_EQ(store_next_due(s), 2000);

    b = (struct store_batch){.clock = {INT64_MIN}, .timer_ms = 2049};
    struct outcome o = apply(s, &b);
    CHECK_EQ(o.n, 50);
    for (size_t i = 0; i < o.n; i++) {
        CHECK_EQ(o.e[i].order, UINT64_MAX);
        CHECK(is_text(&o.e[i], "end 1"));
    }
    CHECK_EQ(store_next_due(s), 2050);
    b.timer_ms = INT64_MAX;
    CHECK_EQ(apply(s, &b).n, 50);
    CHECK_EQ(apply(s, &b).n, 0);
    CHECK_EQ(store_next_due(s), INT64_MAX);
    store_free(s);
}

TEST(a_timer_set_in_a_batch_is_called_in_it)
{
    empty_server();
    struct store *s = open_store(server.url);
    struct store_batch b = batch_of(1, 1, 1000);
    b.timer_ms = 2000;
    struct outcome o = apply(s, &b);
    CHECK_EQ(o.n, 2);
    CHECK(is_text(&o.e[1], "end 1"));
    store_free(s);
}

TEST(many_timers_of_one_shard_are_all_called)
{
    empty_server();
    struct store *s = open_store(server.url);
    static struct state_op many[9000]; /* of them and of their keys more than Lua unpacks at once */
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        many[i] = (struct state_op){.key = key_of((uint32_t)i), .t_ms = 1000, .order = i};
        many[i].key.bytes[0] = 5; /* one shard */
    }
    struct store_batch b = {
        .ops = many, .n_ops = ARRAY_LEN(many), .clock = {INT64_MIN}, .timer_ms = INT64_MIN};
    CHECK_EQ(apply(s, &b).n, ARRAY_LEN(many));
    b = (struct store_batch){.clock = {INT64_MIN}, .timer_ms = INT64_MAX};
    CHECK_EQ(apply(s, &b).n, ARRAY_LEN(many));
    store_free(s);
}

/* Two stores that never see each other's connection, on the same keys in turns. */
TEST(two_stores_on_the_same_keys_count_exactly)
{
    empty_server();
    struct store *s[2] = {open_store(server.url), open_store(server.url)};
    struct outcome o = {0};

    for (uint32_t i = 0; i < 20; i++) {
        struct store_batch b = batch_of(KEYS, KEYS, 1000);
        o = apply(s[i % 2], &b);
        CHECK_EQ(o.rc, WEIR_OK);
        CHECK_EQ(o.n, KEYS);
    }
    CHECK(is_text(&o.e[0], "20"));
    store_free(s[0]);
    store_free(s[1]);
}

/* Besides the one that asks. */
static int n_connections(void)
{
    char line[200];
    int n = 0;

    snprintf(line, sizeof line, "redis-cli -p %u client list", server.port);
    FILE *f = popen(line, "r");
    CHECK(f);
    while (fgets(line, sizeof line, f))
        n += strncmp(line, "id=", 3) == 0;
    CHECK_EQ(pclose(f), 0);
    return n - 1;
}

static int n_keys(void)
{
    char command[256], line[64];

    snprintf(command, sizeof command, "redis-cli -p %u dbsize", server.port);
    FILE *f = popen(command, "r");
    CHECK(f && fgets(line, sizeof line, f));
    CHECK_EQ(pclose(f), 0);
    return (int)strtol(line, NULL, 10);
}

TEST(a_store_goes_on_with_the_connection_of_the_one_before)
{
    empty_server();
    struct store_batch b = batch_of(KEYS, KEYS, 1000);
    struct store *first = open_store(server.url);
    CHECK_EQ(apply(first, &b).n, KEYS);
    int n = n_connections();
    struct store *second = open_behind(server.url, first);
    CHECK(is_text(&apply(second, &b).e[0], "2"));
    CHECK_EQ(n_connections(), n);
    CHECK(is_text(&apply(first, &b).e[0], "3")); /* a new one of its own */
    CHECK_EQ(n_connections(), n + 1);
    /* Without a connection there is none to be had. */
    ask_server("client kill type normal skipme yes");
    store_free(first);
    struct store *third = open_behind(server.url, second);
    CHECK(is_text(&apply(third, &b).e[0], "4"));
    store_free(second);
    store_free(third);
}

/* A worker has a new store with each rule set. */
TEST(stores_that_follow_one_another_leave_the_marks_of_one)
{
    empty_server();
    struct store_batch b = batch_of(KEYS, KEYS, 1000);
    struct store *s = open_store(server.url);
    CHECK_EQ(apply(s, &b).n, KEYS);
    int n = n_keys();
    for (int round = 2; round < 6; round++) {
        struct store *next = open_behind(server.url, s);
        char count[12];
        store_free(s);
        s = next;
        snprintf(count, sizeof count, "%d", round);
        CHECK(is_text(&apply(s, &b).e[0], count));
        CHECK_EQ(n_keys(), n);
    }
    store_free(s);
}

TEST(library_that_was_flushed_is_loaded_again)
{
    empty_server();
    struct store *s = open_store(server.url);
    struct store_batch b = batch_of(KEYS, KEYS, 1000);
    CHECK_EQ(apply(s, &b).n, KEYS);
    ask_server("function flush");
    struct outcome o = apply(s, &b);
    CHECK_EQ(o.n, KEYS);
    CHECK(is_text(&o.e[0], "2"));
    store_free(s);
}

/* The server has a library that says `revision`: does a worker that comes replace it? */
static bool is_replaced(const char *revision)
{
    struct str code = embed_libraries[0].text, mark = STR("local REVISION = ");
    size_t at = str_find(code, mark, 0);
    char line[100];

    empty_server();
    ask_server("function flush");
    CHECK(at != SIZE_MAX);
    snprintf(line, sizeof line, "redis-cli -p %u -x function load >/dev/null", server.port);
    FILE *f = popen(line, "w");
    CHECK(f);
    fprintf(f, "%.*s%s -- of another weir, not %.*s", (int)at, code.p, revision,
            (int)(code.n - at - 6), code.p + at + 6);
    CHECK_EQ(pclose(f), 0);
    CHECK_EQ(number_of("function list withcode | grep -c 'of another weir'"), 1);
    struct store *s = open_store(server.url);
    struct store_batch b = batch_of(KEYS, KEYS, 1000);
    CHECK_EQ(apply(s, &b).n, KEYS);
    store_free(s);
    return number_of("function list withcode | grep -c 'of another weir'") == 0;
}

TEST(a_library_of_an_older_weir_is_replaced_and_a_later_one_stays)
{
    CHECK(is_replaced("")); /* from before they were counted */
    CHECK(is_replaced("local REVISION = 1"));
    CHECK(!is_replaced("local REVISION = 999"));
}

TEST(an_outage_loses_nothing_and_doubles_nothing)
{
    const char *keep[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};
    struct redis_server own;

    CHECK(redis_server_start(&own, keep, false));
    struct store *s = open_with(own.url, NULL, IMPATIENT_MS);
    struct store_batch b = batch_of(KEYS, OPS, 1000);
    struct outcome o = apply(s, &b);
    CHECK_EQ(o.rc, WEIR_OK);
    redis_server_kill(&own);
    o = apply(s, &b);
    CHECK_EQ(o.rc, WEIR_IO); /* after its patience */
    CHECK(redis_server_restart(&own, keep));
    o = apply(s, &b);
    CHECK_EQ(o.rc, WEIR_OK);
    CHECK_EQ(o.n, OPS);
    CHECK(is_text(&o.e[OPS - 1], "20"));
    store_free(s);
    redis_server_stop(&own);
}

/* What happens between the reading and the writing of a batch, once: done by its first step. */
struct meanwhile {
    bool again;                       /* before each step, not only before the first */
    uint32_t timeout_ms, patience_ms; /* 0: long enough for a machine that is busy */
    struct store *other;              /* applies the same keys; or NULL */
    const struct state_op *same;      /* n_same of these then; NULL: those of batch_of() */
    size_t n_same;
    int64_t call_ms; /* it calls its timers up to here instead; 0: it does not */
    struct redis_server *stop;
    pid_t child;
};

static void meanwhile_step(void *context, const struct state_op *op, struct cell *cell,
                           const struct step_clock *clock, struct emissions *out)
{
    struct meanwhile *m = context;
    struct meanwhile now = *m;

    if (!now.again)
        *m = (struct meanwhile){.child = m->child};
    if (now.other) {
        struct state_op same[KEYS];
        size_t n = now.same ? now.n_same : KEYS;
        memcpy(same, now.same ? now.same : ops, n * sizeof *same);
        struct store_batch b = {
            .ops = same, .n_ops = n, .clock = {INT64_MIN}, .timer_ms = INT64_MIN};
        if (now.call_ms)
            b = (struct store_batch){.clock = {INT64_MIN}, .timer_ms = now.call_ms};
        CHECK_EQ(apply(now.other, &b).rc, WEIR_OK);
    }
    if (now.stop) {
        kill(now.stop->pid, SIGSTOP);
        m->child = fork();
        if (m->child == 0) {
            poll(NULL, 0, 60);
            kill(now.stop->pid, SIGCONT);
            _exit(0);
        }
    }
    count_step(NULL, op, cell, clock, out);
}

static struct store *open_meanwhile(const char *url, struct meanwhile *m)
{
    struct store_redis_options o = {.url = str_from(url),
                                    .timeout_ms = m->timeout_ms ? m->timeout_ms : ANSWER_MS,
                                    .patience_ms = m->patience_ms ? m->patience_ms : PATIENT_MS};
    struct space_spec spec = counting(1);
    struct weir_err err;
    struct store *s = NULL;

    spec.step = meanwhile_step;
    spec.context = m;
    CHECK_EQ(store_redis_new(&o, &s, &err), WEIR_OK);
    store_add_space(s, &spec);
    return s;
}

TEST(what_others_change_between_reading_and_writing_is_not_lost)
{
    empty_server();
    struct meanwhile m = {.other = open_store(server.url)};
    struct store *other = m.other, *s = open_meanwhile(server.url, &m);
    struct store_batch b = batch_of(KEYS, KEYS, 1000);
    struct outcome o = apply(s, &b);

    CHECK_EQ(o.n, KEYS);
    for (size_t i = 0; i < KEYS; i++)
        CHECK(is_text(&o.e[i], "2"));
    store_free(s);
    store_free(other);
}

static struct store *open_stranger(const char *url)
{
    struct store_redis_options o = {.url = str_from(url), .timeout_ms = ANSWER_MS};
    struct space_spec spec = counting(9);
    struct weir_err err;
    struct store *s = NULL;

    CHECK_EQ(store_redis_new(&o, &s, &err), WEIR_OK);
    store_add_space(s, &spec);
    return s;
}

/* Its timers stand behind ours in the order of the shard, and are none of our business; ours are
 * read twice, since somebody else changes their cells before we write. */
TEST(timers_of_another_rule_set_hide_none_of_ours_that_are_read_again)
{
    enum { N = 5, SHARD = 5 };

    empty_server();
    struct store *stranger = open_stranger(server.url), *other = open_store(server.url);
    struct meanwhile m = {0};
    struct store *s = open_meanwhile(server.url, &m);
    struct state_op mine[N];
    for (uint32_t i = 0; i < N; i++) {
        mine[i] = (struct state_op){.key = key_of(i), .t_ms = 1000, .order = i};
        mine[i].key.bytes[0] = SHARD;
    }
    struct store_batch b = {.ops = mine, .n_ops = N, .clock = {INT64_MIN}, .timer_ms = INT64_MIN};
    CHECK_EQ(apply(s, &b).n, N);
    for (uint32_t i = 0; i < N; i++)
        mine[i].t_ms = 1100;
    CHECK_EQ(apply(stranger, &b).n, N);

    m.other = other;
    m.same = mine;
    m.n_same = N;
    for (uint32_t i = 0; i < N; i++)
        mine[i].t_ms = 1000;
    b = (struct store_batch){.clock = {INT64_MIN}, .timer_ms = 5000};
    struct outcome o = apply(s, &b);
    CHECK_EQ(o.n, N);
    for (size_t i = 0; i < o.n; i++)
        CHECK(is_text(&o.e[i], "end 2"));
    CHECK_EQ(apply(stranger, &b).n, N); /* and its own are there still */
    store_free(s);
    store_free(other);
    store_free(stranger);
}

/* ---- timers of rules that the reader does not have (docs/decisions/0031) --------------------- */

enum { ASIDE_SHARD = 5, ASIDE_KEYS = 5000 };

/* n keys of one shard, each in one of the spaces. */
static const struct state_op *keys_of_a_shard(size_t n, uint32_t n_spaces, int64_t t_ms)
{
    static struct state_op list[ASIDE_KEYS];

    for (uint32_t i = 0; i < n; i++) {
        list[i] =
            (struct state_op){.key = key_of(i), .space = i % n_spaces, .t_ms = t_ms, .order = i};
        list[i].key.bytes[0] = ASIDE_SHARD;
    }
    return list;
}

static struct store *open_strangers(uint32_t n_spaces)
{
    struct store *s = open_stranger(server.url);

    for (uint32_t i = 1; i < n_spaces; i++) {
        struct space_spec spec = counting(9);
        memcpy(spec.identity + 4, &i, sizeof i);
        store_add_space(s, &spec);
    }
    return s;
}

static struct store_batch timers_at(int64_t ms)
{
    return (struct store_batch){.clock = {INT64_MIN}, .timer_ms = ms};
}

static void check_all_told(struct store *s, size_t n, int64_t ms)
{
    struct store_batch b = timers_at(ms);
    struct outcome o = apply(s, &b);

    CHECK_EQ(o.n, n);
    for (size_t i = 0; i < o.n; i++)
        CHECK(is_text(&o.e[i], "end 1"));
    CHECK_EQ(apply(s, &b).n, 0);
}

/* More than one reading, one turn of taking back and one list of spaces hold. */
static void put_aside_and_bring_back(uint32_t n_spaces, bool is_reloaded)
{
    empty_server();
    struct store *stranger = open_strangers(n_spaces), *s = open_store(server.url);
    struct store_batch b = {.ops = keys_of_a_shard(ASIDE_KEYS, n_spaces, 1000),
                            .n_ops = ASIDE_KEYS,
                            .clock = {INT64_MIN},
                            .timer_ms = INT64_MIN};
    CHECK_EQ(apply(stranger, &b).n, ASIDE_KEYS);

    b = timers_at(5000);
    CHECK_EQ(apply(s, &b).n, 0);
    CHECK_EQ(store_timers(s).set_aside, ASIDE_KEYS);
    CHECK_EQ(number_of("zcard '{w:5}:t:0'"), 0);
    /* From now on they cost nothing: one call that reads, one that writes. */
    b = (struct store_batch){
        .ops = keys_of_a_shard(1, 1, 3000), .n_ops = 1, .clock = {INT64_MIN}, .timer_ms = 3500};
    uint64_t commands = store_redis_commands(s);
    CHECK_EQ(apply(s, &b).n, 1);
    CHECK_EQ(store_redis_commands(s) - commands, 2);

    if (is_reloaded) {
        store_free(stranger);
        stranger = open_strangers(n_spaces);
    }
    check_all_told(stranger, ASIDE_KEYS, 3000); /* and not the other's */
    CHECK_EQ(store_timers(stranger).taken_back, ASIDE_KEYS);
    CHECK_EQ(number_of("exists '{w:5}:f'"), 0);
    check_all_told(s, 1, 5000);
    store_free(s);
    store_free(stranger);
}

TEST(timers_of_a_rule_that_is_gone_are_read_once_and_come_back_with_it)
{
    put_aside_and_bring_back(1, true);
    put_aside_and_bring_back(1500, true);
}

TEST(two_rule_sets_take_turns_and_each_calls_its_timers)
{
    put_aside_and_bring_back(1, false);
    put_aside_and_bring_back(1500, false);
}

/* Ours stand behind as many of another rule set's as one reading takes, and more, whose worker
 * calls them while we are at it. */
TEST(no_timer_is_passed_over_while_others_take_theirs)
{
    enum { N = 300 };

    empty_server();
    struct store *stranger = open_stranger(server.url);
    struct meanwhile m = {0};
    struct store *s = open_meanwhile(server.url, &m);
    struct store_batch b = {.ops = keys_of_a_shard(N, 1, 1000),
                            .n_ops = N,
                            .clock = {INT64_MIN},
                            .timer_ms = INT64_MIN};
    CHECK_EQ(apply(stranger, &b).n, N);
    b.ops = keys_of_a_shard(N, 1, 1100);
    CHECK_EQ(apply(s, &b).n, N);
    m.other = stranger;
    m.call_ms = 5000;
    check_all_told(s, N, 5000);
    store_free(s);
    store_free(stranger);
}

/* What is found aside is what the cell says: gone with it, or due at another time. */
TEST(timers_aside_follow_their_cells)
{
    empty_server();
    struct store *stranger = open_stranger(server.url), *s = open_store(server.url);
    struct state_op two[2];
    struct store_batch b = {.ops = two, .n_ops = 2, .clock = {INT64_MIN}, .timer_ms = INT64_MIN};
    memcpy(two, keys_of_a_shard(2, 1, 1000), sizeof two);
    CHECK_EQ(apply(stranger, &b).n, 2);
    b = timers_at(5000);
    CHECK_EQ(apply(s, &b).n, 0);
    CHECK_EQ(store_timers(s).set_aside, 2);
    two[0].t_ms = 8000; /* one of them is put off; who does it has not looked yet */
    b = (struct store_batch){.ops = two, .n_ops = 1, .clock = {INT64_MIN}, .timer_ms = INT64_MIN};
    CHECK_EQ(apply(stranger, &b).n, 1);
    b = timers_at(5000);
    struct outcome o = apply(stranger, &b);
    CHECK_EQ(o.n, 1);
    CHECK(is_text(o.e, "end 1"));
    store_free(s);
    s = open_store(server.url);
    b = timers_at(9000);
    CHECK_EQ(apply(s, &b).n, 0); /* aside again */
    CHECK_EQ(store_timers(s).set_aside, 1);
    o = apply(stranger, &b);
    CHECK_EQ(o.n, 1);
    CHECK(is_text(o.e, "end 2"));
    CHECK_EQ(number_of("zcard '{w:5}:t:0'"), 0);
    store_free(s);
    store_free(stranger);
}

/* FLUSHALL without a new run: numbers begin anew, and who has seen higher ones must not take the
 * next for known. With as many as were seen it is the sweep behind a recovery that asks for all. */
TEST(timers_aside_are_found_where_their_numbers_began_anew)
{
    empty_server();
    struct store *stranger = open_stranger(server.url);
    struct store_batch set = {.ops = keys_of_a_shard(1, 1, 1000),
                              .n_ops = 1,
                              .clock = {INT64_MIN},
                              .timer_ms = INT64_MIN};
    struct store_batch call = timers_at(5000);
    for (int turn = 0; turn < 4; turn++) {
        struct store *s = open_store(server.url);
        CHECK_EQ(apply(stranger, &set).n, 1);
        CHECK_EQ(apply(s, &call).n, 0);
        store_free(s);
        CHECK_EQ(number_of("hget '{w:5}:m' f"), turn < 2 ? (uint64_t)turn + 1 : 1);
        call.is_sweep = turn == 3;
        CHECK_EQ(apply(stranger, &call).n, 1);
        if (turn > 0)
            ask_server("hset '{w:5}:m' f 0");
    }
    store_free(stranger);
}

/* An older weir does not know of what is aside: its cells bring theirs back when it writes them. */
TEST(timers_aside_come_back_to_an_older_weir)
{
    empty_server();
    struct store_redis_options o = {.url = str_from(server.url), .timeout_ms = ANSWER_MS};
    struct space_spec spec = {
        .identity = "older-weir-space", .name = STR("older"), .step = count_step};
    struct store *stranger, *s = open_store(server.url);
    struct weir_err err;
    CHECK_EQ(store_redis_new(&o, &stranger, &err), WEIR_OK);
    store_add_space(stranger, &spec);
    struct store_batch b = {.ops = keys_of_a_shard(3, 1, 1000),
                            .n_ops = 3,
                            .clock = {INT64_MIN},
                            .timer_ms = INT64_MIN};
    CHECK_EQ(apply(stranger, &b).n, 3);
    b = timers_at(5000);
    CHECK_EQ(apply(s, &b).n, 0);
    CHECK_EQ(number_of("zcard '{w:5}:t:0'"), 0);
    CHECK_EQ(number_of("fcall weir_v3_read 1 '{w:5}' -inf 0 256 0 run 0 0 | wc -l"), 10);
    ask_server("fcall weir_v3_commit 1 '{w:5}' older 1 0 -inf 0 run '' 1000000 0 "
               "1 older-weir-space 0 0 0 0 0 0 0 0 0 0 0 0 0");
    CHECK_EQ(number_of("zcard '{w:5}:t:0'"), 3);
    check_all_told(stranger, 3, 5000);
    store_free(s);
    store_free(stranger);
}

/* However many spaces have timers there, one call stands for so many alone: Redis does nothing else
 * meanwhile. */
TEST(one_call_takes_back_so_many_timers_of_all_spaces)
{
    static const uint64_t there[] = {2000, 4000, ASIDE_KEYS, ASIDE_KEYS};

    empty_server();
    struct store_redis_options o = {.url = str_from(server.url), .timeout_ms = ANSWER_MS};
    struct space_spec specs[] = {
        {.identity = "the-first-space!", .name = STR("first"), .step = count_step},
        {.identity = "the-second-space", .name = STR("second"), .step = count_step}};
    struct store *stranger, *s = open_store(server.url);
    struct weir_err err;
    CHECK_EQ(store_redis_new(&o, &stranger, &err), WEIR_OK);
    store_add_space(stranger, &specs[0]);
    store_add_space(stranger, &specs[1]);
    struct store_batch b = {.ops = keys_of_a_shard(ASIDE_KEYS, 2, 1000),
                            .n_ops = ASIDE_KEYS,
                            .clock = {INT64_MIN},
                            .timer_ms = INT64_MIN};
    CHECK_EQ(apply(stranger, &b).n, ASIDE_KEYS);
    b = timers_at(5000);
    CHECK_EQ(apply(s, &b).n, 0);
    CHECK_EQ(number_of("zcard '{w:5}:t:0'"), 0);
    for (size_t i = 0; i < ARRAY_LEN(there); i++) {
        char words[160];
        snprintf(words, sizeof words,
                 "fcall weir_v3_commit 1 '{w:5}' raw %zu 0 -inf 0 run '' 1000000000 0 0 0 0 0 "
                 "2 the-first-space! the-second-space",
                 i);
        ask_server(words);
        CHECK_EQ(number_of("zcard '{w:5}:t:0'"), there[i]);
        CHECK_EQ(number_of("exists '{w:5}:f'"), there[i] < ASIDE_KEYS);
    }
    check_all_told(stranger, ASIDE_KEYS, 5000);
    store_free(s);
    store_free(stranger);
}

/* It is asked some times a second, for minutes while it loads its data. */
TEST(an_outage_with_answers_takes_no_more_memory_the_longer_it_lasts)
{
    enum { TRIES = 100 };

    empty_server();
    struct store *s = open_store(server.url);
    struct store_batch b = batch_of(OPS, OPS, 1000);
    size_t first = 0, most = 0;
    ask_server("acl setuser default -fcall");
    for (int i = 0; i < TRIES; i++) {
        CHECK_EQ(apply(s, &b).rc, WEIR_IO);
        size_t now = resident_bytes();
        first = i == TRIES / 10 ? now : first;
        most = now > most ? now : most;
    }
    ask_server("acl setuser default +fcall");
    CHECK(TEST_IS_SANITIZED || most < first + 4 * 1024 * 1024);
    CHECK_EQ(apply(s, &b).n, OPS);
    store_free(s);
}

/* It answers: whoever reads the log must not look for a Redis that is away. */
TEST(keys_that_others_always_change_first_are_told_as_busy)
{
    empty_server();
    struct meanwhile m = {.again = true, .patience_ms = 100, .other = open_store(server.url)};
    struct store *other = m.other, *s = open_meanwhile(server.url, &m);
    struct store_batch b = batch_of(KEYS, KEYS, 1000);
    struct outcome o = apply(s, &b);

    CHECK_EQ(o.rc, WEIR_BUSY);
    CHECK_STR(str_from(o.err.text), "Redis: too many others change the same keys");
    store_free(s);
    store_free(other);
}

/* The server is stopped before the writing and goes on when nobody waits any more: it finds the
 * same commit on two connections. */
TEST(late_and_lost_answers_are_not_applied_twice)
{
    empty_server();
    struct meanwhile m = {.stop = &server, .timeout_ms = 20};
    struct store *s = open_meanwhile(server.url, &m);
    struct store_batch b = batch_of(KEYS, KEYS, 1000);
    struct outcome o = apply(s, &b);

    waitpid(m.child, NULL, 0);
    CHECK_EQ(o.rc, WEIR_OK);
    CHECK_EQ(o.n, KEYS);
    o = apply(s, &b);
    for (size_t i = 0; i < KEYS; i++)
        CHECK(is_text(&o.e[i], "2"));
    store_free(s);
}

TEST(full_redis_recovers_unaided)
{
    empty_server();
    struct store *s = open_with(server.url, NULL, IMPATIENT_MS);
    struct store_batch b = batch_of(OPS, OPS, 1000);

    CHECK_EQ(apply(s, &b).n, OPS);
    ask_server("config set maxmemory 1");
    b = batch_of(OPS, OPS, 20000);
    b.clock.watermark_ms = 15000; /* all that is there is idle */
    struct outcome o = apply(s, &b);
    CHECK_EQ(o.rc, WEIR_IO);
    CHECK(strstr(o.err.text, "OOM"));
    ask_server("config set maxmemory 100mb");
    o = apply(s, &b);
    CHECK_EQ(o.rc, WEIR_OK);
    CHECK_EQ(o.n, OPS);
    ask_server("config set maxmemory 0");
    store_free(s);
}

TEST(idle_cells_go_and_budgets_hold)
{
    struct space_spec small = counting(9);
    struct weir_err err;
    struct store *s;

    empty_server();
    s = open_store(server.url);
    small.budget_bytes = STORE_SHARDS * 16384; /* about 59 cells with timers a shard */
    CHECK_EQ(store_add_space(s, &small), 1);
    for (uint32_t round = 0; round < 10; round++) {
        struct store_batch b = batch_of(OPS, OPS, 1000);
        for (size_t i = 0; i < OPS; i++) {
            ops[i].space = 1;
            ops[i].key = key_of((uint32_t)(round * OPS + i));
        }
        CHECK_EQ(apply(s, &b).n, OPS);
    }
    struct store_stats st = store_stats(s, 1);
    CHECK(st.bytes <= small.budget_bytes);
    CHECK(st.cells > STORE_SHARDS * 40);
    CHECK_EQ(st.cells + st.evicted, 10 * OPS);
    CHECK_EQ(store_redis_check_budget(s, &err), WEIR_OK);
    store_free(s);
}

/* ---- small cells: a step without timers whose first hit fits into a record ----------------- */

static void plain_step(UNUSED void *context, const struct state_op *op, struct cell *cell,
                       UNUSED const struct step_clock *clock, struct emissions *out)
{
    struct counter c = {1, 0};
    char text[16];

    if (cell->main.n > 0)
        memcpy(&c, cell->main.p, sizeof c);
    c.count++;
    cell->idle_ms = op->t_ms + 600000;
    cell->weight = (uint8_t)c.count;
    if (!cell_resize(cell, sizeof c))
        return;
    memcpy(cell->main.p, &c, sizeof c);
    snprintf(text, sizeof text, "%u", c.count);
    if (c.count > 1)
        emissions_add(out, str_from(text));
}

static bool plain_shrink(UNUSED void *context, const struct cell *cell, int64_t *t_ms,
                         uint32_t *value)
{
    struct counter c;

    memcpy(&c, cell->main.p, sizeof c);
    *t_ms = cell->idle_ms - 600000;
    *value = c.count;
    return c.count == 1;
}

static void plain_regrow(UNUSED void *context, int64_t t_ms, uint32_t value, struct cell *cell)
{
    struct counter c = {1, value};

    cell->idle_ms = t_ms + 600000;
    cell->weight = 1;
    if (cell_resize(cell, sizeof c))
        memcpy(cell->main.p, &c, sizeof c);
}

enum { FLOOD_BUDGET = STORE_SHARDS * 64 * 1024, FLOOD_KEYS = 100000, PLANTED = 50 };

static uint32_t add_plain(struct store *s)
{
    struct space_spec spec = {.identity = {77},
                              .name = STR("plain"),
                              .budget_bytes = FLOOD_BUDGET,
                              .step = plain_step,
                              .shrink = plain_shrink,
                              .regrow = plain_regrow};
    return store_add_space(s, &spec);
}

/* One hit of each key in [from, from + n); *twice: how many came again. */
static void hit_keys(struct store *s, uint32_t from, uint32_t n, int64_t t_ms, size_t *twice)
{
    while (n > 0) {
        uint32_t now = n < OPS ? n : OPS;
        struct store_batch b = batch_of(OPS, now, t_ms);
        for (uint32_t i = 0; i < now; i++) {
            ops[i].space = 1;
            ops[i].key = key_of(from + i);
        }
        struct outcome o = apply(s, &b);
        CHECK_EQ(o.rc, WEIR_OK);
        *twice += o.n;
        from += now;
        n -= now;
    }
}

TEST(keys_with_one_hit_become_small_and_are_found_again)
{
    size_t twice = 0;

    empty_server();
    struct store *s = open_store(server.url);
    CHECK_EQ(add_plain(s), 1);
    hit_keys(s, 0, 40000, 1000, &twice); /* 5 MB as cells, and they have 4 */
    CHECK_EQ(twice, 0);
    struct store_stats st = store_stats(s, 1);
    CHECK(st.small_cells > 20000);
    CHECK_EQ(st.cells + st.small_cells, 40000);
    CHECK_EQ(st.evicted, 0);
    CHECK(st.bytes <= FLOOD_BUDGET);
    store_free(s);
    /* A store that has never seen these pages. */
    s = open_store(server.url);
    CHECK_EQ(add_plain(s), 1);
    hit_keys(s, 30000, 2000, 2000, &twice);
    CHECK_EQ(twice, 2000);
    store_free(s);
}

/* What who only looks sees, and does not leave. */
TEST(a_look_finds_cells_and_small_ones_and_leaves_no_mark)
{
    struct store_redis_options o = {
        .url = str_from(server.url), .secret = &state_secret_test, .is_looking = true};
    struct state_key small = key_of(39999), none = key_of(50000);
    struct space_spec spec = counting(1);
    struct weir_err err = {0};
    struct store_glance g;
    struct store *s = NULL;
    size_t twice = 0;

    empty_server();
    ask_server("function flush");
    CHECK_EQ(store_redis_new(&o, &s, &err), WEIR_NOTFOUND);
    CHECK(strstr(err.text, "holds no state of a replay"));
    CHECK_EQ(number_of("dbsize"), 0);
    CHECK_EQ(number_of("function list | wc -l"), 1); /* an empty line */

    s = open_store(server.url);
    CHECK_EQ(add_plain(s), 1);
    hit_keys(s, 0, 40000, 1000, &twice);
    store_free(s);
    o.secret = NULL; /* the tests' stores leave no fingerprint */
    uint64_t keys = number_of("dbsize");
    ask_server("config resetstat");
    CHECK_EQ(store_redis_new(&o, &s, &err), WEIR_OK);
    CHECK_EQ(store_add_space(s, &spec), 0);
    CHECK_EQ(add_plain(s), 1);
    uint32_t n_small = 0, n_cells = 0;
    for (uint32_t i = 0; i < 40000; i += 400) {
        struct state_key key = key_of(i);
        CHECK_EQ(store_look(s, 1, &key, &g, &err), WEIR_OK);
        n_small += g.is_small && g.small_ms == 1000;
        n_cells += g.main.n > 0;
    }
    CHECK_EQ(n_small + n_cells, 100);
    CHECK(n_small > 40);
    CHECK_EQ(store_look(s, 1, &none, &g, &err), WEIR_OK);
    CHECK(g.main.n == 0 && !g.is_small);
    CHECK_EQ(store_look(s, 0, &small, &g, &err), WEIR_OK); /* in the other space it is not */
    CHECK(g.main.n == 0 && !g.is_small);
    CHECK_EQ(number_of("dbsize"), keys);
    CHECK_EQ(number_of("info commandstats | grep -c -i 'cmdstat_[hs]set\\|fcall\\|incr\\|unlink'"),
             0);
    store_free(s);
}

TEST(a_flood_of_keys_does_not_hide_slow_ones)
{
    size_t twice = 0;

    empty_server();
    struct store *s = open_store(server.url);
    CHECK_EQ(add_plain(s), 1);
    for (uint32_t round = 0; round < 4; round++) {
        hit_keys(s, 1000000, PLANTED, round + 1, &twice);
        hit_keys(s, round * (FLOOD_KEYS / 4), FLOOD_KEYS / 4, round + 1, &twice);
        CHECK(store_stats(s, 1).bytes <= FLOOD_BUDGET);
    }
    CHECK_EQ(twice, 3 * PLANTED);
    store_free(s);
}

/* ---- workers ------------------------------------------------------------------------------- */

struct worker {
    struct store *s;
    struct store_run run;
    struct store_part part;
    struct store_at last[STORE_SHARDS];
};

static void worker_start(struct worker *w, const char *url)
{
    enum store_answer answer;
    struct weir_err err;

    *w = (struct worker){.s = open_store(url)};
    CHECK_EQ(store_run(w->s, &w->run, &err), WEIR_OK);
    w->part.partition = 7;
    w->part.last = w->last;
    if (!store_is_whole(&w->run)) {
        struct store_lease lease = {.token = 5, .ttl_ms = 10000};
        memcpy(lease.run_id, w->run.run_id, sizeof lease.run_id);
        memcpy(lease.incarnation, w->run.blessed, sizeof lease.incarnation);
        CHECK_EQ(store_lease(w->s, &lease, &answer, &err), WEIR_OK);
        CHECK_EQ(answer, STORE_DONE);
        CHECK_EQ(store_bless(w->s, &lease, &w->part.partition, 1, &answer, &err), WEIR_OK);
        CHECK_EQ(answer, STORE_DONE);
        CHECK_EQ(store_run(w->s, &w->run, &err), WEIR_OK);
    }
    CHECK_EQ(store_acquire(w->s, 7, w->run.blessed, &w->part.epoch, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
}

/* So many operations, `each` of them of one event: positions (from, from + n / each]. A key each,
 * some of them again and again. */
static struct outcome worker_apply_events(struct worker *w, uint64_t from, size_t n, size_t each,
                                          uint64_t tick, uint64_t acked)
{
    struct store_batch b = batch_of(KEYS, n, 1000);

    for (size_t i = 0; i < n; i++)
        ops[i].at.position = from + i / each + 1;
    w->part.upto = (struct store_at){from + n / each, tick};
    w->part.acked = (struct store_at){acked, UINT64_MAX};
    b.parts = &w->part;
    b.n_parts = 1;
    b.incarnation = w->run.blessed;
    return apply(w->s, &b);
}

static struct outcome worker_apply(struct worker *w, uint64_t from, size_t n, uint64_t tick,
                                   uint64_t acked)
{
    return worker_apply_events(w, from, n, 1, tick, acked);
}

static bool same_emissions(const struct outcome *o, uint64_t first_count)
{
    for (size_t i = 0; i < o->n; i++) {
        char text[24];
        snprintf(text, sizeof text, "%llu", (unsigned long long)(first_count + i / KEYS));
        if (!is_text(&o->e[i], text) || o->e[i].order != i)
            return false;
    }
    return true;
}

TEST(what_was_applied_comes_out_of_the_outbox)
{
    struct worker w, next;
    struct outcome o;

    empty_server();
    worker_start(&w, server.url);
    o = worker_apply(&w, 0, OPS, 1, 0);
    CHECK_EQ(o.answer, STORE_DONE);
    CHECK_EQ(o.n, OPS);
    CHECK(same_emissions(&o, 1));
    /* The worker is gone before it could publish; the next one gets the same again. */
    worker_start(&next, server.url);
    CHECK(next.part.epoch > w.part.epoch);
    o = worker_apply(&next, 0, OPS, 2, 0);
    CHECK_EQ(o.n, OPS);
    CHECK(same_emissions(&o, 1));
    CHECK_EQ(store_stats(next.s, 0).skipped, OPS);
    /* Published: what comes now is new. */
    o = worker_apply(&next, OPS, OPS, 3, OPS);
    CHECK_EQ(o.n, OPS);
    CHECK(same_emissions(&o, 11));
    CHECK_EQ(worker_apply(&w, OPS, OPS, 4, 0).answer, STORE_FENCED);
    store_free(w.s);
    store_free(next.s);
}

/* They are read and written some hundred at a time, and what the first of them told lies in the
 * outbox when the next are read. */
TEST(many_timers_of_one_shard_are_told_once)
{
    enum { N = 1000, SHARD = 5 };
    static struct state_op many[N];
    struct worker w;

    empty_server();
    worker_start(&w, server.url);
    for (uint32_t i = 0; i < N; i++) {
        many[i] =
            (struct state_op){.key = key_of(i), .t_ms = 1000, .order = i, .at.position = i + 1};
        many[i].key.bytes[0] = SHARD;
    }
    w.part.upto = (struct store_at){N, 1};
    struct store_batch b = {.ops = many,
                            .n_ops = N,
                            .clock = {INT64_MIN},
                            .timer_ms = INT64_MIN,
                            .parts = &w.part,
                            .n_parts = 1,
                            .incarnation = w.run.blessed};
    CHECK_EQ(apply(w.s, &b).n, N);
    w.part.acked = w.part.upto;
    for (uint64_t turn = 0; turn < 2; turn++) { /* as it comes, and once more from the outbox */
        w.part.upto = (struct store_at){N, 2 + turn};
        b.ops = NULL;
        b.n_ops = 0;
        b.timer_ms = 5000;
        struct outcome o = apply(w.s, &b);
        CHECK_EQ(o.n, N);
        for (size_t i = 0; i < o.n; i++)
            CHECK(is_text(&o.e[i], "end 1"));
    }
    store_free(w.s);
}

/* Some shards of an empty batch answer, one does not; then the partition is acquired anew, and the
 * next batch is an empty one, too. */
TEST(a_batch_of_another_owner_is_not_taken_for_the_one_before)
{
    enum { DAMAGED = 5 };
    struct worker w;
    enum store_answer answer;
    struct weir_err err;

    empty_server();
    worker_start(&w, server.url);
    CHECK_EQ(worker_apply(&w, 0, KEYS, 1, 0).n, KEYS);
    ask_server("rename '{w:5}:m' kept");
    ask_server("set '{w:5}:m' text");
    struct store_batch b = {.clock = {INT64_MIN},
                            .timer_ms = INT64_MIN,
                            .parts = &w.part,
                            .n_parts = 1,
                            .is_sweep = true,
                            .incarnation = w.run.blessed};
    w.part.upto = (struct store_at){KEYS, 2};
    CHECK_EQ(apply(w.s, &b).rc, WEIR_IO);
    ask_server("rename kept '{w:5}:m'");
    CHECK_EQ(store_acquire(w.s, 7, w.run.blessed, &w.part.epoch, &answer, &err), WEIR_OK);
    memset(w.last, 0, sizeof w.last);
    struct outcome o = apply(w.s, &b);
    CHECK_EQ(o.rc, WEIR_OK);
    CHECK_EQ(o.answer, STORE_DONE);
    for (size_t k = 0; k < STORE_SHARDS; k++)
        CHECK_EQ(w.last[k].tick, 2);
    store_free(w.s);
}

TEST(operations_of_an_event_come_out_of_the_outbox_in_their_order)
{
    struct worker w, next;
    struct outcome o;

    empty_server();
    worker_start(&w, server.url);
    o = worker_apply_events(&w, 0, OPS, 5, 1, 0);
    CHECK(same_emissions(&o, 1));
    worker_start(&next, server.url);
    o = worker_apply_events(&next, 0, OPS, 5, 2, 0);
    CHECK_EQ(o.n, OPS);
    CHECK(same_emissions(&o, 1));
    CHECK_EQ(store_stats(next.s, 0).skipped, OPS);
    store_free(w.s);
    store_free(next.s);
}

/* Another token has it at once, not when the time is over; nobody else can give it back. */
TEST(a_lease_is_given_back_by_taking_it_for_a_moment)
{
    static const struct {
        uint64_t token, ttl_ms;
        enum store_answer want;
    } steps[] = {
        {5, 30000, STORE_DONE}, {6, 1, STORE_FENCED}, {6, 30000, STORE_FENCED}, {5, 1, STORE_DONE}};
    struct store *s;
    struct store_run run;
    struct weir_err err;
    enum store_answer answer = STORE_FENCED;

    empty_server();
    s = open_store(server.url);
    CHECK_EQ(store_run(s, &run, &err), WEIR_OK);
    struct store_lease lease = {.token = 0};
    memcpy(lease.run_id, run.run_id, sizeof lease.run_id);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        lease.token = steps[i].token;
        lease.ttl_ms = steps[i].ttl_ms;
        CHECK_EQ(store_lease(s, &lease, &answer, &err), WEIR_OK);
        CHECK_EQ(answer, steps[i].want);
    }
    lease.token = 6;
    answer = STORE_FENCED;
    for (int tries = 0; tries < 10000 && answer != STORE_DONE; tries++) /* a millisecond */
        CHECK_EQ(store_lease(s, &lease, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    store_free(s);
}

TEST(a_batch_that_reaches_further_is_applied_in_part)
{
    struct worker w;
    struct outcome o;

    empty_server();
    worker_start(&w, server.url);
    CHECK_EQ(worker_apply(&w, 0, OPS / 2, 1, 0).n, OPS / 2);
    o = worker_apply(&w, 0, OPS, 2, 0);
    CHECK_EQ(o.n, OPS);
    CHECK(same_emissions(&o, 1));
    CHECK_EQ(store_stats(w.s, 0).applied, OPS);
    CHECK_EQ(store_stats(w.s, 0).skipped, OPS / 2);
    store_free(w.s);
}

TEST(lost_writes_and_other_lives_are_told)
{
    struct worker w;
    struct store_applied at[STORE_SHARDS];
    struct weir_err err;
    enum store_answer answer;

    empty_server();
    worker_start(&w, server.url);
    CHECK_EQ(worker_apply(&w, 0, OPS, 1, 0).answer, STORE_DONE);
    CHECK_EQ(store_applied(w.s, 7, 0, at, &err), WEIR_OK);
    for (size_t k = 0; k < STORE_SHARDS; k++)
        CHECK(at[k].at.position == OPS || at[k].at.position == 0);
    struct store_applied upto = {{2 * OPS, 1}, 5};
    CHECK_EQ(store_lift(w.s, w.run.blessed, 7, w.part.epoch, &upto, 2, &answer, &err), WEIR_OK);
    CHECK_EQ(store_applied(w.s, 7, 1, at, &err), WEIR_OK);
    CHECK_EQ(at[3].at.position, 2 * OPS);
    CHECK_EQ(at[3].prefix_ms, 5);
    for (size_t k = 0; k < STORE_SHARDS; k++)
        w.last[k] = (struct store_at){3 * OPS, 0};
    CHECK_EQ(worker_apply(&w, 3 * OPS, OPS, 2, 0).answer, STORE_GAP);
    memset(w.last, 0, sizeof w.last);
    w.run.blessed[0] ^= 1; /* as if acquired in another life */
    CHECK_EQ(worker_apply(&w, 3 * OPS, OPS, 2, 0).answer, STORE_NEWINC);
    store_free(w.s);
}

TEST(marks_tell_the_least_of_all_partitions)
{
    struct worker w;
    struct weir_err err;
    enum store_answer answer;
    int64_t marks[2] = {100, 50}, least[2];

    empty_server();
    worker_start(&w, server.url);
    struct store_mark m = {7, w.part.epoch, marks};
    CHECK_EQ(store_mark(w.s, w.run.blessed, &m, 1, 2, least, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    CHECK_EQ(least[0], 100);
    CHECK_EQ(least[1], 50);
    uint64_t epoch;
    CHECK_EQ(store_acquire(w.s, 8, w.run.blessed, &epoch, &answer, &err), WEIR_OK);
    CHECK_EQ(store_mark(w.s, w.run.blessed, &m, 1, 2, least, &answer, &err), WEIR_OK);
    CHECK_EQ(least[0], INT64_MIN); /* the new partition holds all back */
    marks[0] = INT64_MAX;
    marks[1] = INT64_MIN;
    m = (struct store_mark){8, epoch, marks};
    CHECK_EQ(store_mark(w.s, w.run.blessed, &m, 1, 2, least, &answer, &err), WEIR_OK);
    CHECK_EQ(least[0], 100);
    CHECK_EQ(least[1], INT64_MIN);
    m.epoch = 0;
    CHECK_EQ(store_mark(w.s, w.run.blessed, &m, 1, 2, least, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_FENCED);
    store_free(w.s);
}

/* More than Lua unpacks at once. */
TEST(a_group_may_have_very_many_partitions)
{
    enum { N = 20000, MARKED = 12000 };
    static uint32_t partitions[N];
    static struct store_mark marks[MARKED];
    struct store_lease lease = {.token = 5, .ttl_ms = 600000};
    struct store *s;
    struct store_run run;
    enum store_answer answer;
    struct weir_err err;
    int64_t mark = 100, least = 0;

    empty_server();
    s = open_store(server.url);
    for (uint32_t i = 0; i < N; i++)
        partitions[i] = i;
    CHECK_EQ(store_run(s, &run, &err), WEIR_OK);
    memcpy(lease.run_id, run.run_id, sizeof lease.run_id);
    memcpy(lease.incarnation, run.blessed, sizeof lease.incarnation);
    CHECK_EQ(store_lease(s, &lease, &answer, &err), WEIR_OK);
    CHECK_EQ(store_bless(s, &lease, partitions, N, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    CHECK_EQ(store_run(s, &run, &err), WEIR_OK);
    for (uint32_t i = 0; i < MARKED; i++)
        marks[i] = (struct store_mark){i, 0, &mark};
    CHECK_EQ(store_mark(s, run.blessed, marks, MARKED, 1, &least, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    CHECK_EQ(least, INT64_MIN); /* the others hold all back */
    CHECK_EQ(store_retire(s, partitions + MARKED, N - MARKED, &err), WEIR_OK);
    CHECK_EQ(store_mark(s, run.blessed, marks, 1, 1, &least, &answer, &err), WEIR_OK);
    CHECK_EQ(least, 100);
    store_free(s);
}

/* Emissions are counts of a key: the record "1" of any key is published, says the claim. */
static bool read_claim(struct str emission, struct store_claim *out)
{
    uint64_t n;

    if (!str_to_u64(emission, &n))
        return false;
    memset(out->uid, 9, sizeof out->uid);
    out->sequence = n;
    out->kind = 1;
    return true;
}

TEST(published_records_come_back_marked)
{
    struct worker w;
    struct weir_err err;
    enum store_answer answer;
    struct store_claim claims[STORE_SHARDS];
    struct outcome o;

    empty_server();
    worker_start(&w, server.url);
    store_set_claim_reader(w.s, read_claim);
    CHECK_EQ(worker_apply(&w, 0, KEYS, 1, 0).n, KEYS);
    struct store_lease lease = {.token = 9, .ttl_ms = 10000}, other = {.token = 8, .ttl_ms = 10};
    memcpy(lease.run_id, w.run.run_id, sizeof lease.run_id);
    memcpy(other.run_id, w.run.run_id, sizeof other.run_id);
    memcpy(lease.incarnation, w.run.blessed, sizeof lease.incarnation);
    memcpy(other.incarnation, w.run.blessed, sizeof other.incarnation);
    CHECK_EQ(store_lease(w.s, &lease, &answer, &err), WEIR_OK);
    CHECK_EQ(store_lease(w.s, &other, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_FENCED);
    for (uint32_t k = 0; k < STORE_SHARDS; k++) {
        claims[k] = (struct store_claim){.shard = k, .kind = 1, .sequence = 2};
        memset(claims[k].uid, 9, sizeof claims[k].uid);
    }
    CHECK_EQ(store_restore(w.s, &lease, claims, STORE_SHARDS, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    o = worker_apply(&w, 0, 3 * KEYS, 2, 0);
    CHECK_EQ(o.n, 3 * KEYS);
    for (size_t i = 0; i < o.n; i++)
        CHECK_EQ(o.e[i].is_restored, i < 2 * KEYS);
    bool has;
    struct store_applied from = {{5, 6}, 7}, got;
    CHECK_EQ(store_replay_from(w.s, 7, &has, &got, &err), WEIR_OK);
    CHECK(!has);
    CHECK_EQ(store_set_replay(w.s, &lease, 7, &from, &answer, &err), WEIR_OK);
    CHECK_EQ(store_replay_from(w.s, 7, &has, &got, &err), WEIR_OK);
    CHECK(has);
    CHECK_EQ(got.at.tick, 6);
    CHECK_EQ(store_end_replay(w.s, w.run.blessed, 7, w.part.epoch, &answer, &err), WEIR_OK);
    CHECK_EQ(store_replay_from(w.s, 7, &has, &got, &err), WEIR_OK);
    CHECK(!has);
    store_free(w.s);
}

REDIS_TEST_MAIN(
    server, ENTRY(emissions_come_in_order_of_operations), ENTRY(cells_outlive_the_store),
    ENTRY(timers_are_called_once_and_in_order), ENTRY(a_timer_set_in_a_batch_is_called_in_it),
    ENTRY(many_timers_of_one_shard_are_all_called),
    ENTRY(two_stores_on_the_same_keys_count_exactly),
    ENTRY(a_store_goes_on_with_the_connection_of_the_one_before),
    ENTRY(stores_that_follow_one_another_leave_the_marks_of_one),
    ENTRY(library_that_was_flushed_is_loaded_again),
    ENTRY(a_library_of_an_older_weir_is_replaced_and_a_later_one_stays),
    ENTRY(an_outage_loses_nothing_and_doubles_nothing),
    ENTRY(an_outage_with_answers_takes_no_more_memory_the_longer_it_lasts),
    ENTRY(keys_that_others_always_change_first_are_told_as_busy),
    ENTRY(what_others_change_between_reading_and_writing_is_not_lost),
    ENTRY(timers_of_another_rule_set_hide_none_of_ours_that_are_read_again),
    ENTRY(timers_of_a_rule_that_is_gone_are_read_once_and_come_back_with_it),
    ENTRY(two_rule_sets_take_turns_and_each_calls_its_timers),
    ENTRY(no_timer_is_passed_over_while_others_take_theirs), ENTRY(timers_aside_follow_their_cells),
    ENTRY(timers_aside_are_found_where_their_numbers_began_anew),
    ENTRY(timers_aside_come_back_to_an_older_weir),
    ENTRY(one_call_takes_back_so_many_timers_of_all_spaces),
    ENTRY(late_and_lost_answers_are_not_applied_twice), ENTRY(full_redis_recovers_unaided),
    ENTRY(idle_cells_go_and_budgets_hold),
    ENTRY(keys_with_one_hit_become_small_and_are_found_again),
    ENTRY(a_look_finds_cells_and_small_ones_and_leaves_no_mark),
    ENTRY(a_flood_of_keys_does_not_hide_slow_ones), ENTRY(what_was_applied_comes_out_of_the_outbox),
    ENTRY(many_timers_of_one_shard_are_told_once),
    ENTRY(a_batch_of_another_owner_is_not_taken_for_the_one_before),
    ENTRY(operations_of_an_event_come_out_of_the_outbox_in_their_order),
    ENTRY(a_lease_is_given_back_by_taking_it_for_a_moment),
    ENTRY(a_batch_that_reaches_further_is_applied_in_part),
    ENTRY(lost_writes_and_other_lives_are_told), ENTRY(marks_tell_the_least_of_all_partitions),
    ENTRY(a_group_may_have_very_many_partitions), ENTRY(published_records_come_back_marked))
