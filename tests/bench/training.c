/* training.c - thirty days and a million terms through first_seen: memory, speed, restore.
 *
 *     build/bench/training [TERMS=1000000] [EVENTS=5000000] [GROUPS=2000]
 *
 * Events are evenly spread over thirty days; each shows the next new term, or (four of five) an old
 * one. Keys are made as in a replay, on one thread with the store. Facts go to a file, the last
 * of each term, as a compacted topic would hold them. Then a second store is made from the file,
 * and one more day goes through both: they must tell the same.
 */
#include "app/measure.h"
#include "base/hash.h"
#include "correlate/facts.h"
#include "correlate/first_seen.h"
#include "state/store_mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 4096, DAYS = 30, LATENESS_MS = 300000 };
#define DAY_MS 86400000ll

static struct correlation correlation = {
    .kind = OPERATOR_FIRST_SEEN, .history_ms = DAYS * DAY_MS, .training_ms = 7 * DAY_MS};
static struct operator_spec spec = {.correlation = &correlation, .is_final = true};
static const uint8_t identity[FACT_IDENTITY_BYTES] = "training";

struct engine {
    struct store *store;
    struct state_op *ops;
    struct hit *hits;
    size_t n;
    int64_t watermark_ms;
    uint64_t order, met, met_hash, operations;
};

struct journal {
    struct fact *facts; /* the last of each term; term_number - 1 */
    uint64_t records;
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long rss_kb(void)
{
    return (long)(rss_bytes() >> 10);
}

static void engine_start(struct engine *e)
{
    *e = (struct engine){.store = store_mem_new(), .watermark_ms = INT64_MIN};
    for (uint32_t stage = 0; stage < 2; stage++) {
        struct space_spec space = {.name = STR("training"),
                                   .step = operator_first_seen.steps[stage],
                                   .level = stage,
                                   .context = &spec};
        space.identity[0] = (uint8_t)stage;
        uint32_t number = store_add_space(e->store, &space);
        ASSERT(number == stage);
    }
    e->ops = calloc(STORE_OPS_MAX, sizeof *e->ops);
    e->hits = calloc(STORE_OPS_MAX, sizeof *e->hits);
    ASSERT(e->ops && e->hits);
}

static void engine_end(struct engine *e)
{
    store_free(e->store);
    free(e->ops);
    free(e->hits);
}

static const struct emission *apply(struct engine *e, uint32_t round, int64_t timer_ms, size_t *n)
{
    struct store_batch batch = {.round = round,
                                .ops = e->ops,
                                .n_ops = e->n,
                                .clock = {e->watermark_ms},
                                .timer_ms = timer_ms};
    const struct emission *out;
    enum store_answer answer;
    struct weir_err err;
    enum weir_rc rc = store_apply(e->store, &batch, &out, n, &answer, &err);

    ASSERT(rc == WEIR_OK && answer == STORE_DONE);
    e->operations += e->n;
    e->n = 0;
    return out;
}

static void take_told(struct engine *e, const struct emission *told, struct journal *journal)
{
    struct signal s;
    struct fact f;
    bool is_sound = signal_unpack(told->bytes, &s);

    ASSERT(is_sound);
    if (!fact_of_signal(&s, identity, &f)) {
        e->met_hash += hash_str(told->bytes);
        e->met++;
    } else if (journal) {
        journal->facts[f.term] = f;
        journal->records++;
    }
}

/* Signals of the terms to the group's stage; what it learns to the journal. */
static void run(struct engine *e, int64_t watermark_ms, struct journal *journal)
{
    static struct signal signals[STORE_OPS_MAX];
    static struct buf bytes;
    size_t n;
    const struct emission *out = apply(e, 0, watermark_ms, &n);

    ASSERT(n <= STORE_OPS_MAX);
    buf_clear(&bytes);
    for (size_t i = 0; i < n; i++)
        buf_add(&bytes, out[i].bytes);
    for (size_t i = 0, at = 0; i < n; at += out[i++].bytes.n) {
        bool is_sound = signal_unpack((struct str){bytes.p + at, out[i].bytes.n}, &signals[i]);
        ASSERT(is_sound);
    }
    for (size_t i = 0; i < n; i++)
        e->ops[e->n++] = (struct state_op){.space = 1,
                                           .key = signals[i].key,
                                           .t_ms = signals[i].t_ms,
                                           .order = e->order++,
                                           .payload = &signals[i].hit};
    out = apply(e, 1, watermark_ms, &n);
    for (size_t i = 0; i < n; i++)
        take_told(e, &out[i], journal);
    e->watermark_ms = watermark_ms;
}

/* Term number of the term as its value, so that the journal can be an array. */
static void add_event(struct engine *e, uint32_t group, uint32_t term, int64_t t_ms)
{
    static char texts[BATCH][2][24];
    char(*text)[24] = texts[e->n];
    struct str parts[2];
    struct hit *hit = &e->hits[e->n];

    for (int i = 0; i < 2; i++) {
        int n =
            snprintf(text[i], sizeof text[i], i ? "process-%u.exe" : "_host-%u", i ? term : group);
        parts[i] = (struct str){text[i], (size_t)n};
    }
    *hit = (struct hit){.count = 1,
                        .value = term,
                        .group_key = state_key_of(&state_secret_test, STR(""), parts, 1),
                        .keys = parts[0],
                        .value_text = parts[1]};
    e->ops[e->n++] = (struct state_op){.key = state_key_of(&state_secret_test, STR(""), parts, 2),
                                       .t_ms = t_ms,
                                       .order = e->order++,
                                       .payload = hit};
}

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Events of the stream: as many new terms as make `terms` in all after `events`. */
struct stream {
    uint32_t terms, groups, shown;
    uint64_t events, at, random;
};

static void next_events(struct engine *e, struct stream *s, uint64_t n, struct journal *journal)
{
    int64_t t_ms = 0;

    for (; n > 0; n--, s->at++) {
        bool is_new = s->shown < s->terms && s->at * s->terms >= (uint64_t)s->shown * s->events;
        uint32_t term = is_new ? s->shown++ : (uint32_t)(random_next(&s->random) % s->shown);
        t_ms = (int64_t)(s->at * (uint64_t)(DAYS * DAY_MS) / s->events);
        add_event(e, term % s->groups, term, t_ms);
        if (e->n == BATCH)
            run(e, t_ms - LATENESS_MS, journal);
    }
    run(e, t_ms - LATENESS_MS, journal);
}

static uint64_t write_facts(const char *path, const struct journal *j, uint32_t terms)
{
    struct buf b = {0};
    uint64_t bytes = 0;
    FILE *f = fopen(path, "wb");

    ASSERT(f);
    for (uint32_t i = 0; i < terms; i++) {
        buf_clear(&b);
        fact_pack(&j->facts[i], &b);
        size_t written = fwrite(b.p, 1, b.n, f);
        ASSERT(written == b.n);
        bytes += b.n;
    }
    fclose(f);
    buf_release(&b);
    return bytes;
}

static void apply_facts(struct engine *e, struct fact *facts, size_t n)
{
    size_t emitted;

    for (uint32_t stage = 0; stage < 2; stage++) {
        for (size_t i = 0; i < n; i++) {
            struct state_op op[2];
            fact_ops(&facts[i], true, &e->hits[i], &op[0], &op[1]);
            op[stage].space = stage;
            op[stage].order = e->order++;
            e->ops[e->n++] = op[stage];
        }
        apply(e, stage, INT64_MIN, &emitted);
        ASSERT(emitted == 0);
    }
}

static void restore(struct engine *e, const char *path)
{
    static struct fact facts[BATCH];
    struct buf b = {0};
    FILE *f = fopen(path, "rb");
    size_t n = 0, got;

    ASSERT(f);
    fact_pack(&facts[0], &b);
    size_t size = b.n;
    char bytes[256];
    while ((got = fread(bytes, 1, size, f)) == size) {
        bool is_sound = fact_unpack((struct str){bytes, size}, &facts[n]);
        ASSERT(is_sound);
        if (++n == BATCH) {
            apply_facts(e, facts, n);
            n = 0;
        }
    }
    apply_facts(e, facts, n);
    fclose(f);
    buf_release(&b);
}

static uint32_t argument(int argc, char **argv, int i, uint32_t otherwise)
{
    return i < argc ? (uint32_t)strtoul(argv[i], NULL, 10) : otherwise;
}

static void print_store(const char *what, const struct engine *e, double seconds, long kb)
{
    struct store_stats terms = store_stats(e->store, 0), groups = store_stats(e->store, 1);

    printf("%s: %.2f s, %llu operations, %.0f a second\n", what, seconds,
           (unsigned long long)e->operations, (double)e->operations / seconds);
    printf("  terms: %llu cells, %.1f bytes each; groups: %llu cells, %.1f bytes each; "
           "evicted %llu; process grew by %ld MB\n",
           (unsigned long long)terms.cells,
           (double)terms.bytes / (double)(terms.cells | !terms.cells),
           (unsigned long long)groups.cells,
           (double)groups.bytes / (double)(groups.cells | !groups.cells),
           (unsigned long long)(terms.evicted + groups.evicted), kb / 1024);
}

int main(int argc, char **argv)
{
    struct stream s = {.terms = argument(argc, argv, 1, 1000000),
                       .events = argument(argc, argv, 2, 5000000),
                       .groups = argument(argc, argv, 3, 2000),
                       .random = 1};
    struct journal j = {.facts = calloc(s.terms, sizeof *j.facts)};
    struct engine live, again;
    char path[] = "/tmp/weir-facts-XXXXXX";
    int fd = mkstemp(path);

    ASSERT(j.facts && fd >= 0 && s.terms && s.groups && s.events >= s.terms);
    engine_start(&live);
    long kb = rss_kb() + (long)(s.terms * sizeof *j.facts / 1024);
    double t = now_s();
    next_events(&live, &s, s.events, &j);
    print_store("training", &live, now_s() - t, rss_kb() - kb);
    printf("  told after training: %llu; facts: %llu records\n", (unsigned long long)live.met,
           (unsigned long long)j.records);
    /* What still waits for the watermark is no fact yet: five more minutes settle it. */
    run(&live, live.watermark_ms + 2 * LATENESS_MS, &j);
    uint64_t bytes = write_facts(path, &j, s.terms);

    engine_start(&again);
    kb = rss_kb();
    t = now_s();
    restore(&again, path);
    print_store("restore", &again, now_s() - t, rss_kb() - kb);
    printf("  journal: %llu bytes, %.1f per term\n", (unsigned long long)bytes,
           (double)bytes / s.terms);

    again.watermark_ms = live.watermark_ms;
    live.met = live.met_hash = again.met_hash = 0;
    struct stream more = s;
    s.terms += s.terms / 30;
    more.terms = s.terms;
    next_events(&live, &s, s.events / 30, NULL);
    next_events(&again, &more, s.events / 30, NULL);
    bool is_equal = live.met == again.met && live.met_hash == again.met_hash;
    printf("one more day: %llu told, by the restored store %llu: %s\n",
           (unsigned long long)live.met, (unsigned long long)again.met,
           is_equal ? "the same" : "NOT the same");
    engine_end(&live);
    engine_end(&again);
    free(j.facts);
    remove(path);
    return is_equal ? 0 : 1;
}
