/* bench.c - `weir bench`: rounds over bytes in memory, on one thread.
 *
 * The alerts of a round go to /dev/null through the same writer that a replay uses; a new one per
 * round, so that counting occurrences starts afresh and rounds are alike.
 */
#include "app/bench.h"

#include <stdlib.h>

#include "app/measure.h"
#include "app/output.h"
#include "app/source.h"
#include "app/stream.h"
#include "app/summary.h"
#include "base/cpu.h"
#include "base/str.h"
#include "json/write.h"

enum { FEED_BYTES = 1024 * 1024 /* as a replay reads */ };

struct bench {
    const struct bench_options *options;
    struct rule_book book;
    struct engine_options engine_options;
    struct engine *engine;
    struct source source;
    struct stream *stream;
    struct emitter *emitter; /* of this round; NULL without alerts */
    struct buf *texts;       /* one per input */
    double *rates;           /* events a second of each round, sorted at the end */
    size_t n_rounds;
    uint64_t n_matches; /* of this round */
    double seconds, load_seconds;
    uint64_t rss_rules;
};

static enum weir_rc on_batch(void *context, const struct event *events, const uint64_t *numbers,
                             size_t n, struct weir_err *err)
{
    struct bench *b = context;
    const struct engine_match *matches;
    size_t n_matches = engine_run(b->engine, events, n, &matches);

    b->n_matches += n_matches;
    for (size_t at = 0; b->emitter && at < n_matches;) {
        uint32_t i = matches[at].event;
        struct emit_event e = {.event = &events[i], .number = numbers[i], .matches = matches + at};
        e.time_is_standin = !extract_time_ms(engine_worker(b->engine), &events[i], &e.time_ms);
        for (; at < n_matches && matches[at].event == i; at++)
            e.n_matches++;
        TRY(emitter_add(b->emitter, &e, err));
    }
    return WEIR_OK;
}

static enum weir_rc feed_all(struct bench *b, struct weir_err *err)
{
    for (size_t i = 0; i < b->source.files.n; i++) {
        struct str rest = buf_str(&b->texts[i]);
        stream_begin(b->stream, (uint32_t)i);
        while (rest.n) {
            size_t n = rest.n < FEED_BYTES ? rest.n : FEED_BYTES;
            TRY(stream_feed(b->stream, rest.p, n, err));
            rest = str_sub(rest, n, rest.n);
        }
        TRY(stream_end(b->stream, err));
    }
    return WEIR_OK;
}

static enum weir_rc open_emitter(struct bench *b, struct weir_err *err)
{
    struct emit_options emit = {
        .kind = EMIT_ALERTS,
        .format = FORMAT_JSON,
        .path = STR("/dev/null"),
        .rules = b->book.rules,
        .profiles = b->book.profiles,
        .extract = &b->engine_options.extract,
        .inputs = b->source.files.items,
        .alert = {.raw = ALERT_RAW_FULL,
                  .generation = b->book.generation,
                  .worker = STR("bench"),
                  .version = b->options->version},
    };

    return emitter_new(&emit, &b->emitter, err);
}

/* One round; *seconds is what it took. */
static enum weir_rc run_round(struct bench *b, double *seconds, struct weir_err *err)
{
    stream_reset(b->stream);
    b->n_matches = 0;
    if (b->options->is_alerting)
        TRY(open_emitter(b, err));
    double start = now_seconds();
    enum weir_rc rc = feed_all(b, err);
    *seconds = now_seconds() - start;
    emitter_free(b->emitter);
    b->emitter = NULL;
    return rc;
}

static bool is_enough(const struct bench *b)
{
    if (b->options->rounds)
        return b->n_rounds >= b->options->rounds;
    return b->n_rounds > 0 && b->seconds >= b->options->seconds;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static enum weir_rc run_rounds(struct bench *b, struct weir_err *err)
{
    double seconds;

    TRY(run_round(b, &seconds, err)); /* warms caches, tables and scratch memory */
    if (stream_counts(b->stream)->events == 0)
        return err_set(err, WEIR_NOTFOUND, "the inputs hold no event");
    while (!is_enough(b) && b->n_rounds < BENCH_ROUNDS_MAX) {
        TRY(run_round(b, &seconds, err));
        b->seconds += seconds;
        b->rates[b->n_rounds++] =
            (double)stream_counts(b->stream)->events / (seconds > 0 ? seconds : 1e-9);
    }
    qsort(b->rates, b->n_rounds, sizeof *b->rates, by_value);
    return WEIR_OK;
}

/* ---- figures ---------------------------------------------------------------------- */

struct figures {
    uint64_t events, bytes, rejected;
    double per_second, bytes_per_second, median, slowest, fastest;
};

static struct figures figures_of(const struct bench *b)
{
    const struct stream_counts *counts = stream_counts(b->stream);
    double seconds = b->seconds > 0 ? b->seconds : 1e-9;
    struct figures f = {.events = counts->events, .bytes = counts->bytes};

    for (size_t i = 0; i < EVENT_REJECTS; i++)
        f.rejected += counts->rejected[i];
    f.per_second = (double)f.events * (double)b->n_rounds / seconds;
    f.bytes_per_second = (double)f.bytes * (double)b->n_rounds / seconds;
    f.median = b->rates[b->n_rounds / 2];
    f.slowest = b->rates[0];
    f.fastest = b->rates[b->n_rounds - 1];
    return f;
}

/* Whole events a second: fractions of one are noise. */
static int64_t whole(double d)
{
    return (int64_t)(d + 0.5);
}

static void print_json(const struct bench *b, const struct figures *f, struct buf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_open_object(&w);
    json_kv_i64(&w, "rules", (int64_t)b->book.n_rules);
    json_kv_i64(&w, "events", (int64_t)f->events);
    json_kv_i64(&w, "rejected", (int64_t)f->rejected);
    json_kv_i64(&w, "bytes", (int64_t)f->bytes);
    json_kv_i64(&w, "rounds", (int64_t)b->n_rounds);
    json_key(&w, STR("seconds"));
    json_put_double(&w, b->seconds);
    json_kv_i64(&w, "events_per_second", whole(f->per_second));
    json_kv_i64(&w, "events_per_second_median", whole(f->median));
    json_kv_i64(&w, "events_per_second_slowest", whole(f->slowest));
    json_kv_i64(&w, "events_per_second_fastest", whole(f->fastest));
    json_kv_i64(&w, "bytes_per_second", whole(f->bytes_per_second));
    json_kv_i64(&w, "matches", (int64_t)b->n_matches);
    json_kv_bool(&w, "alerts", b->options->is_alerting);
    json_kv_i64(&w, "threads", 1);
    json_kv_str(&w, "simd", str_from(cpu_simd_name(cpu_simd())));
    json_kv_bool(&w, "cache", engine_has_cache(b->engine));
    json_kv_bool(&w, "routing", !b->options->rules.no_routing);
    json_key(&w, STR("load_seconds"));
    json_put_double(&w, b->load_seconds);
    json_kv_i64(&w, "rss_rules_bytes", (int64_t)b->rss_rules);
    json_kv_i64(&w, "rss_peak_bytes", (int64_t)rss_peak_bytes());
    json_kv_str(&w, "version", b->options->version);
    json_close_object(&w);
    buf_add_char(out, '\n');
}

static void add_line(struct buf *out, const char *name, uint64_t n, const char *unit)
{
    buf_printf(out, "%-14s ", name);
    add_count(out, n);
    buf_printf(out, "%s%s\n", *unit ? " " : "", unit);
}

static void print_lines(const struct bench *b, const struct figures *f, struct buf *out)
{
    add_line(out, "rules", b->book.n_rules, "");
    add_line(out, "events", f->events, "a round");
    if (f->rejected)
        add_line(out, "rejected", f->rejected, "a round");
    add_line(out, "bytes", f->bytes, "a round");
    buf_printf(out, "%-14s %zu in %.2f s\n", "rounds", b->n_rounds, b->seconds);
    add_line(out, "rate", (uint64_t)f->per_second, "events/s");
    add_line(out, "  median", (uint64_t)f->median, "events/s");
    add_line(out, "  slowest", (uint64_t)f->slowest, "events/s");
    add_line(out, "  fastest", (uint64_t)f->fastest, "events/s");
    buf_printf(out, "%-14s ", "throughput");
    add_bytes(out, (uint64_t)f->bytes_per_second);
    buf_add(out, STR("/s\n"));
    add_line(out, "matches", b->n_matches, "a round");
    buf_printf(out, "%-14s alerts %s, simd %s, cache %s, routing %s, 1 thread\n", "with",
               b->options->is_alerting ? "written" : "not written", cpu_simd_name(cpu_simd()),
               engine_has_cache(b->engine) ? "on" : "off",
               b->options->rules.no_routing ? "off" : "on");
    buf_printf(out, "%-14s %.2f s, memory grew by ", "rules loaded", b->load_seconds);
    add_bytes(out, b->rss_rules);
    buf_printf(out, "\n%-14s ", "peak memory");
    add_bytes(out, rss_peak_bytes());
    buf_add_char(out, '\n');
}

static enum weir_rc print_figures(const struct bench *b, struct weir_err *err)
{
    struct figures f = figures_of(b);
    struct output *out;
    struct buf text = {0};

    TRY(output_open(STR(""), &out, err));
    bool is_table = b->options->format == FORMAT_TABLE ||
                    (b->options->format == FORMAT_AUTO && output_is_terminal(out));
    if (is_table)
        print_lines(b, &f, &text);
    else
        print_json(b, &f, &text);
    enum weir_rc rc = output_write(out, buf_str(&text), err);
    if (rc == WEIR_OK)
        rc = output_commit(out, err);
    output_free(out);
    buf_release(&text);
    return rc;
}

/* ---- the command -------------------------------------------------------------------- */

static enum weir_rc prepare(struct bench *b, double start, uint64_t rss_before,
                            struct weir_err *err)
{
    const struct bench_options *o = b->options;

    TRY(rule_book_engine_options(&b->book, &o->rules, o->profile, &b->engine_options, err));
    b->engine_options.kind = o->engine;
    b->engine_options.no_cache = o->no_cache;
    TRY(source_open(&o->inputs, &b->source, err));
    b->engine_options.inputs = b->source.files.items;
    TRY(engine_new(b->book.rules, b->book.n_rules, b->book.profiles, &b->engine_options, &b->engine,
                   err));
    b->load_seconds = now_seconds() - start;
    uint64_t rss = rss_bytes();
    b->rss_rules = rss > rss_before ? rss - rss_before : 0;
    b->texts = calloc(b->source.files.n, sizeof *b->texts);
    b->rates = calloc(BENCH_ROUNDS_MAX, sizeof *b->rates);
    ASSERT(b->texts && b->rates);
    TRY(source_slurp(&b->source, b->texts, err));
    b->stream =
        stream_new(engine_worker(b->engine), b->book.profiles, b->source.files.items, on_batch, b);
    return WEIR_OK;
}

static void print_rejects(const struct bench *b)
{
    struct buf text = {0};

    rejects_print(stream_counts(b->stream), b->source.files.items, &text);
    tell(&text);
    buf_release(&text);
}

static void release(struct bench *b)
{
    stream_free(b->stream);
    for (size_t i = 0; b->texts && i < b->source.files.n; i++)
        buf_release(&b->texts[i]);
    free(b->texts);
    free(b->rates);
    engine_free(b->engine);
    source_release(&b->source);
    rule_book_release(&b->book);
}

enum exit_code bench_run(const struct bench_options *o)
{
    struct bench b = {.options = o};
    struct weir_err err;
    double start = now_seconds();
    uint64_t rss_before = rss_bytes();

    enum weir_rc rc = rule_book_load(&o->rules, &b.book, &err);
    if (rc != WEIR_OK)
        return end_with(rc, &err);
    enum exit_code code = rule_book_report(&b.book, &o->rules);
    if (code == EXIT_FINE) {
        rc = prepare(&b, start, rss_before, &err);
        if (rc == WEIR_OK)
            rc = run_rounds(&b, &err);
        if (rc == WEIR_OK) {
            print_rejects(&b);
            rc = print_figures(&b, &err);
        }
        code = end_with(rc, &err);
    }
    release(&b);
    return code;
}
