/* store_redis.c - how many stateful operations a second go through a Redis on this machine?
 *
 *   make bench-redis [SECONDS=3]
 *
 * Starts a redis-server with an append-only file synced every second. Batches of 4,096
 * operations of a counting step whose cell holds five times (48 bytes), as event_count's does,
 * with a timer: every key of a batch another one, of one million; then the same with each key
 * eight times in a batch, which are folded into one reading and writing. By wall time: server and
 * client share the machine.
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

int main(int argc, char **argv)
{
    const char *keep[] = {"--appendonly", "yes", "--appendfsync", "everysec", NULL};
    double for_s = argc > 1 ? strtod(argv[1], NULL) : 3;
    struct space_spec spec = {.identity = {7}, .name = STR("bench"), .step = step};
    struct redis_server server;
    struct store *s;
    struct weir_err err;

    if (!redis_server_is_there() || !redis_server_start(&server, keep, false))
        return 1;
    struct store_redis_options o = {.url = str_from(server.unix_url)};
    if (argc > 2 && strcmp(argv[2], "tcp") == 0)
        o.url = str_from(server.url);
    if (store_redis_new(&o, &s, &err) != WEIR_OK) {
        fprintf(stderr, "store_redis: %s\n", err.text);
        return 1;
    }
    store_add_space(s, &spec);
    measure(s, "every key another one", 1, for_s);
    measure(s, "each key eight times", 8, for_s);
    store_free(s);
    redis_server_stop(&server);
    return 0;
}
