/* bench_scan.c - what a record costs before the matcher sees it, step by step.
 *
 *   bench_scan RULES EVENTS [ROUNDS [memo|no-memo [NAME=FILE ...]]]     (lists of placeholders)
 *
 * The extraction is that of the rules; the matcher runs once at the start, so that shapes are
 * known. Each step is timed alone over a batch of records that lies in the cache, by the time
 * this thread had on a core:
 *   split    input to records and events (splitter, unwrapping), as odd input needs it
 *   index    stage one of the scan
 *   walk     stage two: the scan less the index
 *   extract  recognising, values, shape and time: extract_event() less the scan
 *   stream   all of it, as a replay does
 *   all      the same over memory that is not in the cache
 * Printed are nanoseconds a record: the median of the rounds, the lowest and the highest.
 */
#include "app/measure.h"
#include "app/rules.h"
#include "app/stream.h"
#include "base/cpu.h"
#include "base/str.h"
#include "event/decode.h"
#include "event/extractor.h"
#include "json/kernel.h"
#include "match/matcher.h"
#include "match/net.h"
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>

enum { FEED_BYTES = 1024 * 1024, ROUNDS = 9, ROUNDS_MAX = 1000 };

enum step { SPLIT, INDEX, SCAN, WALK, EVENT, EXTRACT, STREAM, ALL, STEPS };

struct bench {
    struct rule_book book;
    struct arena *arena;
    const struct plan *plan;
    struct extract_worker *worker;
    struct matcher *matcher;
    bool is_matching;
    struct stream *stream;
    struct buf text;
    struct str *records;
    size_t n_records;
    struct json_scanner *scanner;
    struct json_index index;
    uint64_t n_hits, n_values, touched;
    struct splitter *splitter;
    double ns[STEPS][ROUNDS_MAX];
};

static void die(const char *what)
{
    fprintf(stderr, "bench_scan: %s\n", what);
    exit(1);
}

static void ignore_event(void *context, struct str event, uint32_t index)
{
    (void)context, (void)event, (void)index;
}

/* The records of a batch lie one behind the other in the text. */
static struct str batch_text(const struct bench *b, size_t from, size_t to)
{
    const char *p = b->records[from].p, *end = b->records[to - 1].p + b->records[to - 1].n;

    return (struct str){p, (size_t)(end - p)};
}

static void split(struct bench *b, size_t from, size_t to)
{
    struct str record, text = batch_text(b, from, to);
    enum splitter_result got;
    uint32_t index;
    bool is_new;
    enum event_reject why;

    splitter_feed(b->splitter, text.p, text.n);
    splitter_feed(b->splitter, "\n", 1);
    while ((got = splitter_next(b->splitter, &record, &index, &is_new, &why)) != SPLIT_NEED_MORE)
        if (got == SPLIT_RECORD)
            (void)decode_record(b->arena, b->book.profiles, record, ignore_event, NULL);
}

static void index_records(struct bench *b, size_t from, size_t to)
{
    static json_index_fn *const kernels[] = {json_index_scalar, json_index_avx2, json_index_avx512};

    for (size_t i = from; i < to; i++)
        kernels[cpu_simd()](b->records[i], &b->index);
}

static void scan_records(struct bench *b, size_t from, size_t to)
{
    size_t n;

    for (size_t i = from; i < to; i++) {
        if (json_scan(b->scanner, b->plan->extractor->paths, b->records[i], NULL) != JSON_OK)
            continue;
        json_scan_hits(b->scanner, &n);
        b->n_hits += n;
    }
}

static void extract_records(struct bench *b, size_t from, size_t to)
{
    struct event event;

    extract_batch_reset(b->worker);
    for (size_t i = from; i < to; i++)
        if (extract_event(b->worker, b->records[i], (struct event_ref){0}, &event) == EVENT_OK)
            b->n_values += event.n_values;
}

static enum weir_rc on_batch(void *context, const struct event *events, const uint64_t *numbers,
                             size_t n, struct weir_err *err)
{
    struct bench *b = context;
    const struct match *found;

    (void)numbers, (void)err;
    if (b->is_matching)
        (void)matcher_run(b->matcher, events, n, &found);
    return WEIR_OK;
}

static void stream_all(struct bench *b)
{
    struct str rest = buf_str(&b->text);
    struct weir_err err;

    stream_begin(b->stream, 0);
    while (rest.n) {
        size_t n = rest.n < FEED_BYTES ? rest.n : FEED_BYTES;
        if (stream_feed(b->stream, rest.p, n, &err) != WEIR_OK)
            die(err.text);
        rest = str_sub(rest, n, rest.n);
    }
    if (stream_end(b->stream, &err) != WEIR_OK)
        die(err.text);
}

/* All of it; the text between the records goes with the record before. */
static void feed_records(struct bench *b, size_t from, size_t to)
{
    const char *end = to < b->n_records ? b->records[to].p : b->text.p + b->text.n;
    struct weir_err err;

    if (stream_feed(b->stream, b->records[from].p, (size_t)(end - b->records[from].p), &err) !=
        WEIR_OK)
        die(err.text);
}

static double timed(struct bench *b, size_t from, size_t to,
                    void (*run)(struct bench *b, size_t from, size_t to))
{
    double start = cpu_seconds();

    run(b, from, to);
    return (cpu_seconds() - start) * 1e9 / (double)b->n_records;
}

/* Bring the batch into the cache, as reading it from a file has done. */
static void touch(struct bench *b, size_t from, size_t to)
{
    struct str text = batch_text(b, from, to);

    for (size_t i = 0; i < text.n; i += 64)
        b->touched += (unsigned char)text.p[i];
}

static void measure_round(struct bench *b, size_t round)
{
    double sums[STEPS] = {0};

    b->n_hits = b->n_values = 0;
    stream_begin(b->stream, 0);
    for (size_t from = 0; from < b->n_records; from += ENGINE_BATCH_MAX) {
        size_t left = b->n_records - from;
        size_t to = from + (left < ENGINE_BATCH_MAX ? left : ENGINE_BATCH_MAX);
        touch(b, from, to);
        sums[SPLIT] += timed(b, from, to, split);
        sums[INDEX] += timed(b, from, to, index_records);
        sums[SCAN] += timed(b, from, to, scan_records);
        sums[EVENT] += timed(b, from, to, extract_records);
        sums[STREAM] += timed(b, from, to, feed_records);
    }
    double start = cpu_seconds();
    stream_all(b);
    sums[ALL] = (cpu_seconds() - start) * 1e9 / (double)b->n_records;
    sums[WALK] = sums[SCAN] - sums[INDEX];
    sums[EXTRACT] = sums[EVENT] - sums[SCAN];
    for (size_t i = 0; i < STEPS; i++)
        b->ns[i][round] = sums[i];
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void print(struct bench *b, size_t rounds)
{
    static const struct {
        enum step step;
        const char *name;
    } shown[] = {{SPLIT, "split"},     {INDEX, "index"},   {WALK, "walk"},
                 {EXTRACT, "extract"}, {STREAM, "stream"}, {ALL, "all"}};

    printf("%zu records of %zu bytes, %.1f hits and %.1f values each, %s\n", b->n_records,
           b->text.n / b->n_records, (double)b->n_hits / (double)b->n_records,
           (double)b->n_values / (double)b->n_records, cpu_simd_name(cpu_simd()));
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        double *ns = b->ns[shown[i].step];
        qsort(ns, rounds, sizeof *ns, by_value);
        printf("%-8s %7.1f ns  (%.1f to %.1f)\n", shown[i].name, ns[rounds / 2], ns[0],
               ns[rounds - 1]);
    }
}

/* ---- set-up ------------------------------------------------------------------------- */

static void read_events(struct bench *b, const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t n, longest = 0;

    if (!f)
        die("the events cannot be read");
    do {
        n = fread(buf_reserve(&b->text, 1 << 20), 1, 1 << 20, f);
        b->text.n += n;
    } while (n > 0);
    fclose(f);
    for (size_t i = 0; i < b->text.n; i++)
        b->n_records += b->text.p[i] == '\n';
    b->records = calloc(b->n_records + 1, sizeof *b->records);
    if (b->n_records == 0 || !b->records)
        die("no lines in the events");
    struct str rest = buf_str(&b->text);
    for (size_t i = 0; i < b->n_records; i++) {
        (void)str_cut(rest, '\n', &b->records[i], &rest);
        longest = b->records[i].n > longest ? b->records[i].n : longest;
    }
    b->index.at = calloc(longest + JSON_INDEX_SLACK, sizeof *b->index.at);
    b->index.care = calloc(longest / 64 + 2, sizeof *b->index.care);
    if (!b->index.at || !b->index.care)
        die("no memory");
}

static void load(struct bench *b, struct rule_options *o, bool no_memo)
{
    struct plan_options options = {.extract.no_memo = no_memo};
    const struct net *net;
    struct weir_err err;

    if (rule_book_load(o, &b->book, &err) != WEIR_OK)
        die(err.text);
    b->plan = plan_new(b->arena, b->book.rules, b->book.n_rules, b->book.profiles, &options);
    if (net_new(b->arena, b->plan, &net, &err) != WEIR_OK)
        die(err.text);
    b->worker = extract_worker_new(b->plan->extractor);
    b->matcher = matcher_new(net, b->worker, false);
    b->scanner = json_scanner_new();
    json_scan_remember(b->scanner, no_memo ? NULL : b->plan->extractor->paths);
    b->splitter = splitter_new();
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct rule_options o = {.skip_bad = true};
    size_t rounds = argc > 3 ? (size_t)strtoul(argv[3], NULL, 10) : ROUNDS;

    if (argc < 3 || rounds == 0 || rounds > ROUNDS_MAX)
        die("usage: bench_scan RULES EVENTS [ROUNDS [memo|no-memo [NAME=FILE ...]]]");
    b.arena = arena_new(1 << 20);
    text_list_add(&o.paths, str_from(argv[1]));
    for (int i = 5; i < argc; i++)
        text_list_add(&o.lists, str_from(argv[i]));
    load(&b, &o, argc <= 4 || strcmp(argv[4], "memo") != 0);
    read_events(&b, argv[2]);
    struct origin_input name = {.name = str_from(argv[2])};
    b.stream = stream_new(b.worker, b.book.profiles, &name, on_batch, &b);
    b.is_matching = true;
    stream_all(&b); /* warms up, and shapes become known to the matcher */
    b.is_matching = false;
    for (size_t i = 0; i < rounds; i++)
        measure_round(&b, i);
    print(&b, rounds);
    return 0;
}
