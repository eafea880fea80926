/* bench.c - `weir bench`: what rounds over bytes in memory took, in figures. */
#include "app/bench.h"

#include <stdlib.h>
#include <unistd.h>

#include "app/bench_literal.h"
#include "app/bench_rounds.h"
#include "app/bench_sample.h"
#include "app/measure.h"
#include "app/output.h"
#include "app/source.h"
#include "app/stream.h"
#include "app/summary.h"
#include "base/cpu.h"
#include "base/str.h"
#include "json/write.h"

struct bench {
    const struct bench_options *options;
    struct rule_book book;
    struct engine_options engine_options;
    struct engine *engine;
    struct source source;
    struct buf *texts; /* one per input */
    struct bench_totals totals;
    double load_seconds;
    uint64_t rss_rules;
    size_t n_visible; /* rules that can see the inputs, with rules_sample */
    /* Seconds of a thread for all measured rounds. */
    double evaluate_seconds; /* of matching; by sampling */
};

/* Estimate from one batch in ENGINE_SAMPLE_EVERY: share of all the time that formulas took. */
static void time_evaluating(struct bench *b)
{
    uint64_t cycles = 0;

    for (uint32_t r = 0; r < b->book.n_rules; r++)
        cycles += engine_rule_use(b->engine, r).cycles;
    if (b->totals.all_cycles)
        b->evaluate_seconds = (double)cycles * ENGINE_SAMPLE_EVERY / (double)b->totals.all_cycles *
                              b->totals.thread_seconds;
}

static enum weir_rc run_rounds(struct bench *b, struct weir_err *err)
{
    const struct bench_options *o = b->options;
    struct bench_rounds_options rounds = {.book = &b->book,
                                          .engine = &b->engine_options,
                                          .source = &b->source,
                                          .texts = b->texts,
                                          .threads = o->threads,
                                          .seconds = o->seconds,
                                          .rounds = o->rounds,
                                          .is_alerting = o->is_alerting,
                                          .version = o->version};

    TRY(bench_rounds(b->engine, &rounds, &b->totals, err));
    time_evaluating(b);
    return WEIR_OK;
}

/* ---- figures ---------------------------------------------------------------------- */

struct figures {
    uint64_t events, bytes, rejected;
    double per_second, bytes_per_second, median, slowest, fastest;
    double per_cpu_second;
    double extract_ns, match_ns, evaluate_ns, alert_ns; /* an event */
};

static struct figures figures_of(const struct bench *b)
{
    const struct bench_totals *t = &b->totals;
    double seconds = t->seconds > 0 ? t->seconds : 1e-9;
    double threads = (double)b->options->threads;
    struct figures f = {.events = t->counts.events, .bytes = t->counts.bytes};
    double all_events = (double)f.events * (double)t->n_rounds;

    for (size_t i = 0; i < EVENT_REJECTS; i++)
        f.rejected += t->counts.rejected[i];
    f.per_second = all_events / seconds;
    f.per_cpu_second = all_events / (t->cpu_seconds > 0 ? t->cpu_seconds : seconds);
    f.bytes_per_second = (double)f.bytes * (double)t->n_rounds / seconds;
    f.median = threads * t->rates[t->n_rounds / 2];
    f.slowest = threads * t->rates[0];
    f.fastest = threads * t->rates[t->n_rounds - 1];
    double to_ns = 1e9 / all_events;
    f.match_ns = t->stages.match * to_ns;
    f.evaluate_ns = b->evaluate_seconds * to_ns;
    f.alert_ns = t->stages.alert * to_ns;
    f.extract_ns = t->thread_seconds * to_ns - f.match_ns - f.alert_ns;
    return f;
}

/* Whole events a second: fractions of one are noise. */
static int64_t whole(double d)
{
    return (int64_t)(d + 0.5);
}

/* A tenth of a nanosecond is noise already. */
static void put_ns(struct json_writer *w, const char *key, double ns)
{
    json_key(w, str_from(key));
    json_put_double(w, (double)whole(ns * 10) / 10);
}

static void put_stages(struct json_writer *w, const struct figures *f)
{
    json_key(w, STR("ns_per_event"));
    json_open_object(w);
    put_ns(w, "extract", f->extract_ns);
    put_ns(w, "match", f->match_ns);
    put_ns(w, "match_evaluate", f->evaluate_ns);
    put_ns(w, "alert", f->alert_ns);
    json_close_object(w);
}

/* ---- the costly rules ----------------------------------------------------------------- */

struct costly {
    uint32_t rule;
    struct engine_rule_use use;
};

static int by_cycles(const void *a, const void *b)
{
    const struct costly *x = a, *y = b;

    if (x->use.cycles != y->use.cycles)
        return x->use.cycles < y->use.cycles ? 1 : -1;
    if (x->use.matches != y->use.matches)
        return x->use.matches < y->use.matches ? 1 : -1;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* All rules, the costliest first; *total is the sum of their cycles. */
static struct costly *rules_by_cost(const struct bench *b, uint64_t *total)
{
    struct costly *all = ARENA_ARRAY(b->book.arena, b->book.n_rules, struct costly);

    *total = 0;
    for (uint32_t r = 0; r < b->book.n_rules; r++) {
        all[r] = (struct costly){r, engine_rule_use(b->engine, r)};
        *total += all[r].use.cycles;
    }
    qsort(all, b->book.n_rules, sizeof *all, by_cycles);
    return all;
}

/* A rule that matched is named even if no sampled batch met it: short runs have few of those. */
static bool is_costly(const struct costly *c)
{
    return c->use.cycles || c->use.matches;
}

static double share_of(uint64_t cycles, uint64_t total)
{
    return total ? (double)cycles / (double)total : 0;
}

/* Share of all the time of the run, by sampling. */
static double share_of_run(const struct bench *b, uint64_t cycles)
{
    uint64_t all = b->totals.all_cycles;

    return all ? (double)cycles * ENGINE_SAMPLE_EVERY / (double)all : 0;
}

static void put_costly_rules(const struct bench *b, struct json_writer *w)
{
    uint64_t total;
    const struct costly *all = rules_by_cost(b, &total);

    json_key(w, STR("costly_rules"));
    json_open_array(w);
    for (size_t i = 0; i < b->book.n_rules && i < BENCH_COSTLY_RULES && is_costly(&all[i]); i++) {
        const struct rule *rule = b->book.rules[all[i].rule];
        json_open_object(w);
        json_kv_str(w, "uid", rule->uid);
        json_kv_str(w, "title", rule->title);
        json_key(w, STR("share_of_rules"));
        json_put_double(w, share_of(all[i].use.cycles, total));
        json_key(w, STR("share_of_time"));
        json_put_double(w, share_of_run(b, all[i].use.cycles));
        json_kv_i64(w, "evaluations_sampled", (int64_t)all[i].use.evaluations);
        json_kv_i64(w, "matches", (int64_t)all[i].use.matches);
        json_close_object(w);
    }
    json_close_array(w);
}

static void print_costly_rules(const struct bench *b, struct buf *out)
{
    uint64_t total;
    const struct costly *all = rules_by_cost(b, &total);

    buf_add(out, STR("\ncostliest rules (sampled, outliers bounded): of all rules, of all time\n"));
    for (size_t i = 0; i < b->book.n_rules && i < BENCH_COSTLY_RULES && is_costly(&all[i]); i++) {
        const struct rule *rule = b->book.rules[all[i].rule];
        buf_printf(out, "%6.2f %% %6.2f %%  ", 100 * share_of(all[i].use.cycles, total),
                   100 * share_of_run(b, all[i].use.cycles));
        add_printable(out, rule->uid);
        buf_add(out, STR("  "));
        add_printable(out, rule->title);
        buf_add_char(out, '\n');
    }
}

/* ---- printing ------------------------------------------------------------------------- */

/* Of the first thread, all its rounds and the one that warms up. */
static void put_state(const struct bench_state_totals *s, struct json_writer *w)
{
    json_key(w, STR("state"));
    json_open_object(w);
    json_kv_i64(w, "operations", (int64_t)s->counts.operations);
    json_kv_i64(w, "creates", (int64_t)s->counts.creates);
    json_kv_i64(w, "updates", (int64_t)s->counts.updates);
    json_kv_i64(w, "closes", (int64_t)s->counts.closes);
    json_kv_i64(w, "cells", (int64_t)s->cells);
    json_kv_i64(w, "cell_bytes", (int64_t)s->cell_bytes);
    json_kv_i64(w, "capsule_bytes", (int64_t)s->capsule_bytes);
    json_kv_i64(w, "events", (int64_t)s->events);
    json_key(w, STR("cpu_seconds"));
    json_put_double(w, s->cpu_seconds);
    json_close_object(w);
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
    json_kv_i64(&w, "rounds", (int64_t)b->totals.n_rounds);
    json_key(&w, STR("seconds"));
    json_put_double(&w, b->totals.seconds);
    json_key(&w, STR("cpu_seconds"));
    json_put_double(&w, b->totals.cpu_seconds);
    json_kv_i64(&w, "events_per_second", whole(f->per_second));
    json_kv_i64(&w, "events_per_second_median", whole(f->median));
    json_kv_i64(&w, "events_per_second_slowest", whole(f->slowest));
    json_kv_i64(&w, "events_per_second_fastest", whole(f->fastest));
    json_kv_i64(&w, "events_per_cpu_second", whole(f->per_cpu_second));
    json_kv_i64(&w, "bytes_per_second", whole(f->bytes_per_second));
    json_kv_i64(&w, "matches", (int64_t)b->totals.n_matches);
    json_kv_bool(&w, "alerts", b->options->is_alerting);
    if (b->options->is_alerting) {
        json_kv_i64(&w, "alerts_written", (int64_t)b->totals.n_alerts);
        json_kv_i64(&w, "alert_bytes", (int64_t)b->totals.alert_bytes);
    }
    if (b->totals.has_state)
        put_state(&b->totals.state, &w);
    json_kv_i64(&w, "threads", (int64_t)b->options->threads);
    json_kv_str(&w, "simd", str_from(cpu_simd_name(cpu_simd())));
    json_kv_bool(&w, "cache", engine_has_cache(b->engine));
    json_kv_bool(&w, "routing", !b->options->rules.no_routing);
    json_key(&w, STR("load_seconds"));
    json_put_double(&w, b->load_seconds);
    json_kv_i64(&w, "rss_rules_bytes", (int64_t)b->rss_rules);
    json_kv_i64(&w, "rss_peak_bytes", (int64_t)rss_peak_bytes());
    put_stages(&w, f);
    if (b->options->rules_sample) {
        json_kv_i64(&w, "rules_visible", (int64_t)b->n_visible);
        json_kv_i64(&w, "seed", (int64_t)b->options->seed);
    }
    if (b->options->is_profiling_rules)
        put_costly_rules(b, &w);
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

static void print_state_lines(const struct bench *b, struct buf *out)
{
    const struct bench_state_totals *s = &b->totals.state;

    add_line(out, "state", s->counts.operations,
             "operations in all rounds and the one before them");
    add_line(out, "  findings", s->counts.creates, "new");
    add_line(out, "  cells", s->cells, "live");
    buf_printf(out, "%-14s ", "  memory");
    add_bytes(out, s->cell_bytes);
    buf_add(out, STR(" and of events "));
    add_bytes(out, s->capsule_bytes);
    buf_add_char(out, '\n');
}

static void print_lines(const struct bench *b, const struct figures *f, struct buf *out)
{
    add_line(out, "rules", b->book.n_rules, "");
    if (b->options->rules_sample)
        add_line(out, "  of", b->n_visible, "that can see the inputs");
    add_line(out, "events", f->events, "a round");
    if (f->rejected)
        add_line(out, "rejected", f->rejected, "a round");
    add_line(out, "bytes", f->bytes, "a round");
    buf_printf(out, "%-14s %zu in %.2f s\n", "rounds", b->totals.n_rounds, b->totals.seconds);
    add_line(out, "rate", (uint64_t)f->per_second, "events/s");
    add_line(out, "  median", (uint64_t)f->median, "events/s");
    add_line(out, "  slowest", (uint64_t)f->slowest, "events/s");
    add_line(out, "  fastest", (uint64_t)f->fastest, "events/s");
    buf_printf(out, "%-14s ", "throughput");
    add_bytes(out, (uint64_t)f->bytes_per_second);
    buf_add(out, STR("/s\n"));
    add_line(out, "matches", b->totals.n_matches, "a round");
    if (b->options->is_alerting) {
        add_line(out, "alerts", b->totals.n_alerts, "a round");
        add_line(out, "  bytes", b->totals.alert_bytes, "a round");
    }
    if (b->totals.has_state)
        print_state_lines(b, out);
    buf_printf(out, "%-14s extract %.0f, match %.0f (formulas %.0f), alert %.0f\n", "ns an event",
               f->extract_ns, f->match_ns, f->evaluate_ns, f->alert_ns);
    buf_printf(out, "%-14s alerts %s, simd %s, cache %s, routing %s, %llu thread%s\n", "with",
               b->options->is_alerting ? "written" : "not written", cpu_simd_name(cpu_simd()),
               engine_has_cache(b->engine) ? "on" : "off",
               b->options->rules.no_routing ? "off" : "on", (unsigned long long)b->options->threads,
               b->options->threads == 1 ? "" : "s");
    buf_printf(out, "%-14s %.2f s, memory grew by ", "rules loaded", b->load_seconds);
    add_bytes(out, b->rss_rules);
    buf_printf(out, "\n%-14s ", "peak memory");
    add_bytes(out, rss_peak_bytes());
    buf_add_char(out, '\n');
    if (b->options->is_profiling_rules)
        print_costly_rules(b, out);
}

static bool wants_table(const struct bench *b)
{
    if (b->options->format != FORMAT_AUTO)
        return b->options->format == FORMAT_TABLE;
    return isatty(STDOUT_FILENO);
}

static enum weir_rc write_out(const struct buf *text, struct weir_err *err)
{
    struct output *out;

    TRY(output_open(STR(""), &out, err));
    enum weir_rc rc = output_write(out, buf_str(text), err);
    if (rc == WEIR_OK)
        rc = output_commit(out, err);
    output_free(out);
    return rc;
}

static enum weir_rc print_figures(const struct bench *b, struct weir_err *err)
{
    struct figures f = figures_of(b);
    struct buf text = {0};

    if (wants_table(b))
        print_lines(b, &f, &text);
    else
        print_json(b, &f, &text);
    enum weir_rc rc = write_out(&text, err);
    buf_release(&text);
    return rc;
}

/* ---- the command -------------------------------------------------------------------- */

/* Inputs first: which rules are in the sample depends on them. */
static enum weir_rc prepare_inputs(struct bench *b, struct weir_err *err)
{
    const struct bench_options *o = b->options;

    TRY(rule_book_engine_options(&b->book, &o->rules, o->profile, &b->engine_options, err));
    b->engine_options.kind = o->engine;
    b->engine_options.no_cache = o->no_cache;
    TRY(source_open(&o->inputs, NULL, &b->source, err));
    b->engine_options.inputs = b->source.inputs;
    b->texts = calloc(b->source.n_inputs, sizeof *b->texts);
    ASSERT(b->texts);
    return WEIR_OK;
}

/* What loading took is known before the inputs take memory, unless a sample needs them first. */
static enum weir_rc prepare(struct bench *b, double start, uint64_t rss_before,
                            struct weir_err *err)
{
    const struct bench_options *o = b->options;
    const struct graph *graph;

    TRY(state_graph(b->book.arena, b->book.rules, b->book.n_rules,
                    &(struct state_options){.profiles = b->book.profiles}, &graph, err));
    b->engine_options.fields = graph->fields;
    b->engine_options.n_fields = graph->has_operators ? graph->n_fields : 0;
    if (o->rules_sample) {
        double loaded = now_seconds() - start;
        TRY(source_slurp(&b->source, b->texts, err));
        TRY(bench_sample(&b->book, &b->engine_options.extract, &b->source, b->texts,
                         o->rules_sample, o->seed, &b->n_visible, err));
        start = now_seconds() - loaded;
        rss_before = rss_bytes();
    }
    TRY(engine_new(b->book.rules, b->book.n_rules, b->book.profiles, &b->engine_options, &b->engine,
                   err));
    b->load_seconds = now_seconds() - start;
    uint64_t rss = rss_bytes();
    b->rss_rules = rss > rss_before ? rss - rss_before : 0;
    if (!o->rules_sample)
        TRY(source_slurp(&b->source, b->texts, err));
    return WEIR_OK;
}

static void release(struct bench *b)
{
    for (size_t i = 0; b->texts && i < b->source.n_inputs; i++)
        buf_release(&b->texts[i]);
    free(b->texts);
    bench_totals_release(&b->totals);
    engine_free(b->engine);
    source_release(&b->source);
    rule_book_release(&b->book);
}

static enum weir_rc measure_rules(struct bench *b, double start, uint64_t rss_before,
                                  struct weir_err *err)
{
    TRY(prepare(b, start, rss_before, err));
    TRY(run_rounds(b, err));
    rejects_tell(&b->totals.counts, b->source.inputs);
    return print_figures(b, err);
}

static enum weir_rc measure_literals(struct bench *b, enum exit_code *code, struct weir_err *err)
{
    struct bench_literal_options o = {.seconds = b->options->seconds,
                                      .is_json = !wants_table(b),
                                      .extract = &b->engine_options.extract};
    struct buf text = {0};
    bool is_exact;

    TRY(source_slurp(&b->source, b->texts, err));
    enum weir_rc rc = bench_literals(&b->book, &o, &b->source, b->texts, &text, &is_exact, err);
    if (rc == WEIR_OK)
        rc = write_out(&text, err);
    buf_release(&text);
    *code = is_exact ? EXIT_FINE : EXIT_FINDINGS;
    return rc;
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
        rc = prepare_inputs(&b, &err);
        if (rc == WEIR_OK && o->is_literals)
            rc = measure_literals(&b, &code, &err);
        else if (rc == WEIR_OK)
            rc = measure_rules(&b, start, rss_before, &err);
        if (rc != WEIR_OK)
            code = end_with(rc, &err);
    }
    release(&b);
    return code;
}
