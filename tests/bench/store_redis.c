/* store_redis.c - how many stateful operations a second go through a Redis on this machine?
 *
 *   make bench-redis [SECONDS=3]
 *   build/bench/store_redis flood [KEYS]       (default 1,000,000; without the append-only file)
 *   build/bench/store_redis timers             (without the append-only file)
 *
 * Starts a redis-server with an append-only file synced every second. Batches of 4,096
 * operations of a counting step whose cell holds five times (48 bytes), as event_count's does,
 * with a timer: every key of a batch another one, of one million; then the same with each key
 * eight times in a batch, which are folded into one reading and writing. By wall time: server and
 * client share the machine.
 *
 * The flood: so many keys of one hit each against a budget of 25.6 bytes a key, with 100 keys
 * among them that come five times: how many of those are found, what is forgotten, and what
 * Redis says it holds.
 *
 * The timers: what a batch of 1,000 operations takes beside due timers of a rule that is gone: the
 * first batch that meets them, and those behind it (the median of 50).
 */
#include "base/hash.h"
#include "base/str.h"
#include "state/emissions.h"
#include "state/store_redis.h"
#include "tests/lib/redis_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCH = 4096, KEYS = 1000000, TIMES = 5, WARM_BATCHES = 20 };

struct cell_layout {
    uint64_t version;
    int64_t times[TIMES];
};

static void step(UNUSED void *context, const struct state_op *op, struct cell *cell,
                 UNUSED const struct step_clock *clock, UNUSED struct emissions *out)
{
    if (!op || !cell_resize(cell, sizeof(struct cell_layout)))
        return;
    struct cell_layout *c = (struct cell_layout *)(void *)cell->main.p;
    memmove(c->times, c->times + 1, sizeof c->times - sizeof c->times[0]);
    c->version = 1;
    c->times[TIMES - 1] = op->t_ms;
    cell->idle_ms = op->t_ms + 600000;
    cell->weight = 1;
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double own_cpu(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

static struct state_op ops[BATCH];
static uint64_t n_made;

static void make_batch(uint32_t repeats)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        uint64_t number = (n_made + i / repeats) % KEYS, half[2];
        half[0] = hash_bytes(&number, sizeof number);
        half[1] = hash_bytes(half, sizeof *half);
        memcpy(ops[i].key.bytes, half, sizeof half);
        ops[i].t_ms = (int64_t)(n_made / 100) + 1;
        ops[i].order = i;
    }
    n_made += BATCH / repeats;
}

static void one(struct store *s, uint32_t repeats)
{
    struct store_batch b = {
        .ops = ops, .n_ops = BATCH, .clock = {INT64_MIN}, .timer_ms = INT64_MIN};
    const struct emission *e;
    size_t n;
    enum store_answer answer;
    struct weir_err err;

    make_batch(repeats);
    if (store_apply(s, &b, &e, &n, &answer, &err) != WEIR_OK) {
        fprintf(stderr, "store_redis: %s\n", err.text);
        exit(1);
    }
}

static void measure(struct store *s, const char *name, uint32_t repeats, double for_s)
{
    uint64_t n = 0, commands;
    double start, cpu;

    for (int i = 0; i < WARM_BATCHES; i++)
        one(s, repeats);
    commands = store_redis_commands(s);
    start = seconds();
    cpu = own_cpu();
    do {
        one(s, repeats);
        n += BATCH;
    } while (seconds() - start < for_s);
    double took = seconds() - start;
    printf("%-24s %9.0f operations/s  %.4f commands/operation  %.2f us of our CPU/operation\n",
           name, (double)n / took, (double)(store_redis_commands(s) - commands) / (double)n,
           (own_cpu() - cpu) * 1e6 / (double)n);
}

/* ---- the flood ----------------------------------------------------------------------------- */

enum { SLOW_KEYS = 100, SLOW_HITS = 5 };

static uint32_t found;

static void flood_step(UNUSED void *context, const struct state_op *op, struct cell *cell,
                       UNUSED const struct step_clock *clock, UNUSED struct emissions *out)
{
    uint64_t layout[1 + SLOW_HITS] = {0};

    if (!op)
        return;
    memcpy(layout, cell->main.p ? cell->main.p : (uint8_t *)"", cell->main.n);
    layout[0]++;
    layout[layout[0] <= SLOW_HITS ? layout[0] : SLOW_HITS] = (uint64_t)op->t_ms;
    found += layout[0] == SLOW_HITS;
    cell->weight = (uint8_t)(layout[0] < 200 ? layout[0] : 200);
    cell->idle_ms = op->t_ms + 600000;
    uint32_t n = (uint32_t)(layout[0] < SLOW_HITS ? layout[0] : SLOW_HITS);
    if (cell_resize(cell, (1 + n) * (uint32_t)sizeof layout[0]))
        memcpy(cell->main.p, layout, cell->main.n);
}

static bool flood_shrink(UNUSED void *context, const struct cell *cell, int64_t *t_ms,
                         uint32_t *value)
{
    uint64_t head[2];

    if (cell->main.n != sizeof head)
        return false;
    memcpy(head, cell->main.p, sizeof head);
    *t_ms = (int64_t)head[1];
    *value = 0;
    return true;
}

static void flood_regrow(UNUSED void *context, int64_t t_ms, UNUSED uint32_t value,
                         struct cell *cell)
{
    uint64_t head[2] = {1, (uint64_t)t_ms};

    cell->weight = 1;
    cell->idle_ms = t_ms + 600000;
    if (cell_resize(cell, sizeof head))
        memcpy(cell->main.p, head, sizeof head);
}

static void show_memory(const struct redis_server *server)
{
    char line[200];

    snprintf(
        line, sizeof line,
        "redis-cli -p %u info memory | grep -E '^used_memory(_rss)?:' | tr -d '\\r' | tr '\\n' ' '",
        server->port);
    fflush(stdout);
    if (system(line) != 0)
        printf("(no redis-cli)");
    printf("\n");
}

static void flood(struct store *s, const struct redis_server *server, uint64_t n_keys)
{
    struct space_spec spec = {.identity = {8},
                              .name = STR("flood"),
                              .budget_bytes = n_keys * 256 / 10,
                              .step = flood_step,
                              .shrink = flood_shrink,
                              .regrow = flood_regrow};
    uint64_t n_batches = (n_keys + BATCH - 1) / BATCH, most = 0;
    uint32_t space = store_add_space(s, &spec);
    double start = seconds();

    show_memory(server);
    for (uint64_t k = 0; k < n_batches; k++) {
        struct store_batch b = {
            .ops = ops, .n_ops = BATCH, .clock = {INT64_MIN}, .timer_ms = INT64_MIN};
        const struct emission *e;
        size_t n;
        enum store_answer answer;
        struct weir_err err;
        for (uint64_t i = 0; i < BATCH; i++) {
            uint64_t number = k * BATCH + i, half[2];
            /* Slow keys come in every fifth part of the flood, each with its own place. */
            uint64_t part = k * SLOW_HITS / n_batches, first = part * n_batches / SLOW_HITS;
            if (i < SLOW_KEYS && k == first + (part ? 0 : 1))
                number = UINT64_MAX - i;
            half[0] = hash_bytes(&number, sizeof number);
            half[1] = hash_bytes(half, sizeof *half);
            memcpy(ops[i].key.bytes, half, sizeof half);
            ops[i].space = space;
            ops[i].t_ms = (int64_t)(1000000 + k);
            ops[i].order = i;
        }
        if (store_apply(s, &b, &e, &n, &answer, &err) != WEIR_OK) {
            fprintf(stderr, "store_redis: %s\n", err.text);
            exit(1);
        }
        uint64_t bytes = store_stats(s, space).bytes;
        most = bytes > most ? bytes : most;
    }
    struct store_stats st = store_stats(s, space);
    printf(
        "%.0f operations/s; budget %.1f MB, at most %.1f MB; %llu cells, %llu small, %llu evicted; "
        "%u of %u slow keys found\n",
        (double)(n_batches * BATCH) / (seconds() - start), (double)spec.budget_bytes / 1e6,
        (double)most / 1e6, (unsigned long long)st.cells, (unsigned long long)st.small_cells,
        (unsigned long long)st.evicted, found, SLOW_KEYS);
    show_memory(server);
}

/* ---- timers of a rule that is gone --------------------------------------------------------- */

enum { TIMER_OPS = 1000, TIMER_BATCHES = 51 };

static void timer_step(UNUSED void *context, const struct state_op *op, struct cell *cell,
                       UNUSED const struct step_clock *clock, UNUSED struct emissions *out)
{
    cell->due_ms = op ? op->t_ms + 1000 : CELL_NEVER;
    if (cell_resize(cell, sizeof(struct cell_layout)))
        memset(cell->main.p, 1, sizeof(struct cell_layout));
}

static struct store *open_rule(const struct redis_server *server, uint8_t identity)
{
    struct store_redis_options o = {.url = str_from(server->unix_url)};
    struct space_spec spec = {.identity = {identity}, .name = STR("timers"), .step = timer_step};
    struct weir_err err;
    struct store *s;

    if (store_redis_new(&o, &s, &err) != WEIR_OK) {
        fprintf(stderr, "store_redis: %s\n", err.text);
        exit(1);
    }
    store_add_space(s, &spec);
    return s;
}

static double apply_some(struct store *s, size_t n, int64_t timer_ms)
{
    struct store_batch b = {.ops = ops, .n_ops = n, .clock = {INT64_MIN}, .timer_ms = timer_ms};
    const struct emission *e;
    enum store_answer answer;
    struct weir_err err;
    size_t n_emissions;
    double start = seconds();

    make_batch(1);
    if (store_apply(s, &b, &e, &n_emissions, &answer, &err) != WEIR_OK) {
        fprintf(stderr, "store_redis: %s\n", err.text);
        exit(1);
    }
    return seconds() - start;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void measure_timers(const struct redis_server *server, uint32_t n)
{
    enum { OLD_RULE = 9, NEW_RULE = 7 };
    double took[TIMER_BATCHES];
    struct store *s = open_rule(server, OLD_RULE);

    for (uint32_t i = 0; i < n; i += BATCH)
        apply_some(s, n - i < BATCH ? n - i : BATCH, INT64_MIN);
    store_free(s);
    s = open_rule(server, NEW_RULE);
    apply_some(s, TIMER_OPS, INT64_MIN);
    for (int i = 0; i < TIMER_BATCHES; i++)
        took[i] = apply_some(s, TIMER_OPS, (int64_t)(n_made / 100) + 100000);
    qsort(took + 1, TIMER_BATCHES - 1, sizeof *took, by_size);
    printf("%6u timers: the first batch %6.1f ms, those behind it %6.1f ms\n", n, took[0] * 1e3,
           took[TIMER_BATCHES / 2] * 1e3);
    store_free(s);
}

static int all_timers(void)
{
    static const uint32_t counts[] = {0, 1000, 16384, 65536};

    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct redis_server server;
        if (!redis_server_start(&server, NULL, false))
            return 1;
        measure_timers(&server, counts[i]);
        redis_server_stop(&server);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *keep[] = {"--appendonly", "yes", "--appendfsync", "everysec", NULL};
    bool is_flood = argc > 1 && strcmp(argv[1], "flood") == 0;
    double for_s = argc > 1 ? strtod(argv[1], NULL) : 3;
    struct space_spec spec = {.identity = {7}, .name = STR("bench"), .step = step};
    struct redis_server server;
    struct store *s;
    struct weir_err err;

    if (argc > 1 && strcmp(argv[1], "timers") == 0)
        return redis_server_is_there() ? all_timers() : 1;
    if (!redis_server_is_there() || !redis_server_start(&server, is_flood ? NULL : keep, false))
        return 1;
    struct store_redis_options o = {.url = str_from(server.unix_url)};
    if (argc > 2 && strcmp(argv[2], "tcp") == 0)
        o.url = str_from(server.url);
    if (store_redis_new(&o, &s, &err) != WEIR_OK) {
        fprintf(stderr, "store_redis: %s\n", err.text);
        return 1;
    }
    if (is_flood) {
        flood(s, &server, argc > 2 ? strtoull(argv[2], NULL, 10) : KEYS);
        store_free(s);
        redis_server_stop(&server);
        return 0;
    }
    store_add_space(s, &spec);
    measure(s, "every key another one", 1, for_s);
    measure(s, "each key eight times", 8, for_s);
    store_free(s);
    redis_server_stop(&server);
    return 0;
}
