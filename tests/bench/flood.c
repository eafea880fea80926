/* flood.c - ten million hostile keys against one counting rule, and slow attacks among them.
 *
 *     build/bench/flood [KEYS=10000000] [BUDGET MB=256] [SEED=1]
 *
 * event_count >= 5 in 10 minutes, the real operator in the store in process. Each hostile key comes
 * once, all within 10 minutes of event time; 100 attacks of exactly five hits, 110 seconds apart,
 * begin in the first 150 seconds. Prints how many attacks were found, what was evicted, the most
 * bytes that the space had, and the time of an operation. Fails if an attack was missed, a hostile
 * key was found, or the budget was passed.
 */
#include "app/measure.h"
#include "base/pack.h"
#include "base/str.h"
#include "correlate/operator.h"
#include "correlate/record.h"
#include "state/finding.h"
#include "state/store_mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 4096,
    ATTACKS = 100,
    HITS = 5,
    SPAN_MS = 600000,
    STEP_MS = 110000,
    START_MS = 150000
};

static const int64_t BEGIN_MS = 1700000000000;

struct attack {
    int64_t start_ms;
    uint32_t n_sent;
    bool is_found;
};

static struct attack attacks[ATTACKS];
static struct state_op ops[BATCH];
static struct hit hits[BATCH];
static struct buf texts; /* packed keys of the batch's attack hits */
static uint64_t random_state;
static uint64_t order, n_false, n_found, spent_ns, most_bytes;

static uint64_t next(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15U;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static unsigned long resident_mb(void)
{
    return (unsigned long)(rss_bytes() >> 20);
}

static void note_findings(const struct emission *e, size_t n)
{
    struct finding f;

    for (size_t i = 0; i < n; i++) {
        if (record_kind_of(e[i].bytes) != RECORD_FINDING || !finding_unpack(e[i].bytes, &f) ||
            f.activity != FINDING_CREATE)
            continue;
        uint64_t a = 0;
        if (f.n_keys == 1 && str_starts(f.keys[0], STR("attack ")) &&
            str_to_u64(str_sub(f.keys[0], 7, 20), &a) && a < ATTACKS) {
            n_found += !attacks[a].is_found;
            attacks[a].is_found = true;
        } else {
            n_false++;
        }
    }
}

static void apply(struct store *s, size_t n, int64_t watermark_ms)
{
    struct store_batch b = {
        .ops = ops, .n_ops = n, .clock = {watermark_ms}, .timer_ms = watermark_ms};
    const struct emission *out;
    size_t n_out;
    enum store_answer answer;

    uint64_t begin = now_ns();
    if (store_apply(s, &b, &out, &n_out, &answer, NULL) != WEIR_OK)
        exit(1);
    spent_ns += now_ns() - begin;
    note_findings(out, n_out);
    uint64_t bytes = store_stats(s, 0).bytes;
    most_bytes = bytes > most_bytes ? bytes : most_bytes;
}

static void put(size_t i, int64_t t_ms, const char *text)
{
    struct str value = str_from(text);
    struct buf packed = {0};

    /* A hit's keys: how many, then each. Kept until the batch is applied. */
    pack_u8(&packed, 1);
    pack_str(&packed, value);
    memcpy(texts.p + i * 48, packed.p, packed.n);
    hits[i] = (struct hit){.count = 1, .keys = {texts.p + i * 48, packed.n}};
    buf_release(&packed);
    ops[i] = (struct state_op){.key = state_key_of(&state_secret_test, STR(""), &value, 1),
                               .t_ms = t_ms,
                               .order = order++,
                               .payload = &hits[i]};
}

/* The attack that has a hit due at t, ATTACKS: none. */
static uint32_t attack_at(int64_t t_ms)
{
    for (uint32_t a = 0; a < ATTACKS; a++)
        if (attacks[a].n_sent < HITS &&
            attacks[a].start_ms + (int64_t)attacks[a].n_sent * STEP_MS <= t_ms)
            return a;
    return ATTACKS;
}

static void flood(struct store *s, uint64_t n_keys)
{
    char text[40];
    size_t n = 0;
    int64_t t = 0;

    for (uint64_t k = 0; k < n_keys; n++) {
        if (n == BATCH) {
            apply(s, n, BEGIN_MS + t - 60000);
            n = 0;
        }
        t = (int64_t)(k * SPAN_MS / n_keys);
        uint32_t a = n % 64 == 0 ? attack_at(t) : ATTACKS;
        if (a < ATTACKS) {
            attacks[a].n_sent++;
            snprintf(text, sizeof text, "attack %u", a);
        } else {
            snprintf(text, sizeof text, "%llx-%llx", (unsigned long long)k++,
                     (unsigned long long)next());
        }
        put(n, BEGIN_MS + t, text);
    }
    apply(s, n, BEGIN_MS + t - 60000);
}

int main(int argc, char **argv)
{
    uint64_t n_keys = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    uint64_t budget = (argc > 2 ? strtoull(argv[2], NULL, 10) : 256) << 20;
    static const struct str names[] = {{"SourceIp", 8}};
    struct bound at_least = {.op = BOUND_GTE, .micro = HITS * 1000000};
    struct correlation c = {
        .kind = OPERATOR_COUNT, .window_ms = SPAN_MS, .bounds = {at_least}, .n_bounds = 1};
    struct operator_spec spec = {.correlation = &c,
                                 .window_ms = SPAN_MS,
                                 .lateness_ms = 60000,
                                 .fold = {.rule_uid = STR("flood"),
                                          .period_ms = 3600000,
                                          .threshold = HITS,
                                          .key_names = names,
                                          .n_key_names = 1}};
    const struct operator_kind_info *info = operator_info(OPERATOR_COUNT);
    struct space_spec space = {.budget_bytes = budget,
                               .step = info->steps[0],
                               .shrink = info->shrink,
                               .regrow = info->regrow,
                               .context = &spec};
    struct store *s = store_mem_new();

    random_state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    buf_reserve(&texts, (size_t)BATCH * 48);
    store_set_total(s, 2 * budget); /* cells, and as much of capsules */
    store_add_space(s, &space);
    for (int a = 0; a < ATTACKS; a++)
        attacks[a].start_ms = (int64_t)(next() % START_MS);
    unsigned long before = resident_mb();
    flood(s, n_keys);
    struct store_stats st = store_stats(s, 0);
    printf(
        "flood: %llu keys, %llu of %d attacks found, %llu others; evicted %llu; cells %llu, small "
        "%llu; at most %.1f MB counted, %lu MB resident grown; %.0f ns an operation\n",
        (unsigned long long)n_keys, (unsigned long long)n_found, ATTACKS,
        (unsigned long long)n_false, (unsigned long long)st.evicted, (unsigned long long)st.cells,
        (unsigned long long)st.small_cells, (double)most_bytes / 1048576, resident_mb() - before,
        (double)spent_ns / (double)st.applied);
    store_free(s);
    buf_release(&texts);
    return n_found == ATTACKS && n_false == 0 && most_bytes <= budget ? 0 : 1;
}
