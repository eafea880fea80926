/* bench_store.c - what an operation costs in the store in process.
 *
 *     build/bench/bench_store [GROUPS=1000000] [CELL BYTES=100] [OPERATIONS=4000000]
 *
 * One space, keys at random among GROUPS, batches of 4096. The step changes a few bytes of its
 * cell and sets its times, so nearly all of the cost is the store's. Prints the nanoseconds of
 * an operation (filling, then steady), and the bytes of a group: as the budget counts them, and
 * as the process has grown.
 */
#include "app/measure.h"
#include "state/store_mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 4096 };

static uint32_t cell_bytes = 100;

static void touch_step(void *context, const struct state_op *op, struct cell *c,
                       const struct step_clock *clock, struct emissions *out)
{
    uint64_t n;

    (void)context;
    (void)clock;
    (void)out;
    if (!op || (c->main.n == 0 && !cell_resize(c, cell_bytes)))
        return;
    memcpy(&n, c->main.p, sizeof n);
    n++;
    memcpy(c->main.p, &n, sizeof n);
    c->idle_ms = op->t_ms + 600000;
    c->weight = 1;
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t resident(void)
{
    return rss_bytes();
}

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

static struct state_key key_of(uint64_t i)
{
    struct state_key k;
    uint64_t state = i * 2, a = next(&state), b = next(&state);

    memcpy(k.bytes, &a, 8);
    memcpy(k.bytes + 8, &b, 8);
    return k;
}

/* Nanoseconds an operation; keys in order or at random. */
static double run(struct store *s, uint64_t groups, uint64_t n, bool is_random)
{
    static struct state_op ops[BATCH];
    static uint64_t order, seed = 1;
    const struct emission *out;
    size_t n_out;
    enum store_answer answer;
    double spent = 0;

    for (uint64_t at = 0; at < n; at += BATCH) {
        for (size_t i = 0; i < BATCH; i++) {
            uint64_t k = is_random ? next(&seed) % groups : (at + i) % groups;
            ops[i] = (struct state_op){
                .key = key_of(k), .t_ms = (int64_t)(1000000 + order / 1000), .order = order};
            order++;
        }
        struct store_batch b = {.ops = ops,
                                .n_ops = BATCH,
                                .clock = {(int64_t)(990000 + order / 1000)},
                                .timer_ms = (int64_t)(990000 + order / 1000)};
        double begin = now_ns();
        if (store_apply(s, &b, &out, &n_out, &answer, NULL) != WEIR_OK)
            exit(1);
        spent += now_ns() - begin;
    }
    return spent / (double)n;
}

int main(int argc, char **argv)
{
    uint64_t groups = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    uint64_t n = argc > 3 ? strtoull(argv[3], NULL, 10) : 4000000;
    struct store *s = store_mem_new();
    struct space_spec spec = {.budget_bytes = (uint64_t)1 << 32, .step = touch_step};

    if (argc > 2)
        cell_bytes = (uint32_t)strtoul(argv[2], NULL, 10);
    store_set_total(s, spec.budget_bytes);
    store_add_space(s, &spec);
    uint64_t before = resident();
    double fill = run(s, groups, groups, false);
    uint64_t grown = resident() - before;
    double steady = run(s, groups, n, true);
    struct store_stats st = store_stats(s, 0);
    printf("groups %llu cell %u: fill %.0f ns, steady %.0f ns an operation; a group %.1f bytes "
           "counted, %.1f resident\n",
           (unsigned long long)st.cells, cell_bytes, fill, steady,
           (double)st.bytes / (double)st.cells, (double)grown / (double)st.cells);
    store_free(s);
    return 0;
}
