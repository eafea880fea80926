/* bench_literal.c - the literal engine alone.
 *
 * A run is what the matcher hands to literal_scan() in one call: the values of one field in one
 * batch of events. Their texts lie one behind the other in one block, runs in the order in which
 * the matcher would come by them, so that tables and values take turns in the caches as they do
 * there.
 */
#include "app/bench_literal.h"

#include <stdlib.h>
#include <string.h>

#include "app/bench_sample.h"
#include "app/measure.h"
#include "base/cpu.h"
#include "base/str.h"
#include "json/write.h"
#include "match/fold.h"
#include "match/literal.h"
#include "plan/plan.h"
#include "plan/route.h"

enum {
    RUNS_MAX = 1 << 20,
    VALUES_MAX = 1 << 22,
    CHECKED_VALUES = 1000,
    HITS_CAP = 1024,
    TEXT_GROWTH = 3 /* of an invalid byte, by unescaping */
};

struct field_literals {
    struct literal *items;
    size_t n;
    const struct literal_set *set; /* NULL: the field has none */
};

struct run {
    uint32_t field;
    uint32_t n;
    size_t first; /* in values */
};

struct bench_literal {
    struct arena *arena;
    const struct plan *plan;
    const struct route *route;
    struct extract_worker *worker;
    uint64_t *wanted[SHAPES_MAX]; /* bitmaps of fields; NULL: shape not met yet */
    struct field_literals *fields;
    size_t n_literals;
    char *block, *block_at, *block_end;
    struct literal_value *values;
    size_t n_values;
    struct run *runs;
    size_t n_runs;
    uint64_t bytes;
    bool is_full; /* what came later is left out */

    uint64_t n_events, n_rounds, n_hits;
    double seconds;
    uint64_t n_checked, n_differences;
    uint8_t *found;       /* per literal of a field: bit 0 by the engine, bit 1 by the plain way */
    uint32_t checked_tag; /* hits of this value only are taken */
};

/* ---- literals ----------------------------------------------------------------------- */

static bool where_of(enum atom_op op, enum literal_where *where)
{
    switch (op) {
    case ATOM_CONTAINS:
        *where = LITERAL_ANYWHERE;
        return true;
    case ATOM_PREFIX:
        *where = LITERAL_AT_START;
        return true;
    case ATOM_SUFFIX:
        *where = LITERAL_AT_END;
        return true;
    default:
        return false;
    }
}

static bool is_literal(const struct atom *a)
{
    enum literal_where where;

    return where_of(a->op, &where) && a->text.n > 0 && a->text.n <= LITERAL_BYTES_MAX;
}

static void add_literal(struct bench_literal *b, struct field_literals *f, const struct atom *atom)
{
    struct literal *l = &f->items[f->n];
    char *text = arena_alloc(b->arena, atom->text.n);

    fold_ascii(text, atom->text.p, atom->text.n);
    l->text = (struct str){text, atom->text.n};
    l->id = (uint32_t)f->n++;
    (void)where_of(atom->op, &l->where);
    b->n_literals++;
}

static void collect_literals(struct bench_literal *b)
{
    const struct plan *p = b->plan;
    uint32_t n_fields = field_count(p->fields);
    size_t *count = ARENA_ARRAY(b->arena, n_fields, size_t), most = 0;

    b->fields = ARENA_ARRAY(b->arena, n_fields, struct field_literals);
    for (uint32_t i = 0; i < p->n_atoms; i++)
        count[p->atoms[i].field] += is_literal(p->atoms[i].atom);
    for (uint32_t f = 0; f < n_fields; f++)
        b->fields[f].items = ARENA_ARRAY(b->arena, count[f], struct literal);
    for (uint32_t i = 0; i < p->n_atoms; i++)
        if (is_literal(p->atoms[i].atom))
            add_literal(b, &b->fields[p->atoms[i].field], p->atoms[i].atom);
    for (uint32_t f = 0; f < n_fields; f++) {
        if (b->fields[f].n)
            b->fields[f].set = literal_set_new(b->arena, b->fields[f].items, b->fields[f].n);
        if (b->fields[f].n > most)
            most = b->fields[f].n;
    }
    b->found = ARENA_ARRAY(b->arena, most, uint8_t);
}

/* ---- values ------------------------------------------------------------------------- */

static bool has_text(const struct event_value *v)
{
    return v->kind == JSON_STRING || v->kind == JSON_NUMBER || v->kind == JSON_TRUE ||
           v->kind == JSON_FALSE;
}

static void add_value(struct bench_literal *b, const struct event_value *v, uint32_t tag)
{
    struct str text = {v->p, v->n};
    unsigned replaced = 0;

    if (b->n_values == VALUES_MAX || text.n * TEXT_GROWTH > (size_t)(b->block_end - b->block_at)) {
        b->is_full = true;
        return;
    }
    if (v->kind == JSON_STRING && (v->flags & JSON_ESCAPED))
        text = (struct str){b->block_at, json_unescape(text, b->block_at, &replaced)};
    fold_ascii(b->block_at, text.p, text.n);
    b->values[b->n_values++] = (struct literal_value){b->block_at, (uint32_t)text.n, tag};
    b->block_at += text.n;
    b->bytes += text.n;
}

/* Does some rule that can see the event ask for the field? */
static bool is_wanted(struct bench_literal *b, uint32_t shape, uint32_t field)
{
    if (!b->wanted[shape]) {
        uint64_t *rules = ARENA_ARRAY(b->arena, route_rule_words(b->route), uint64_t);
        b->wanted[shape] = ARENA_ARRAY(b->arena, route_field_words(b->route), uint64_t);
        (void)route_shape(b->route, &extract_shape(b->worker, shape)->facts, rules,
                          b->wanted[shape]);
    }
    return b->wanted[shape][field / 64] >> (field % 64) & 1;
}

/* The values of one field in this batch, if it has any. */
static void add_run(struct bench_literal *b, uint32_t field, const struct event *events, size_t n)
{
    struct run *run = &b->runs[b->n_runs];

    if (b->n_runs == RUNS_MAX || b->is_full)
        return;
    *run = (struct run){.field = field, .first = b->n_values};
    for (size_t e = 0; e < n; e++)
        for (uint32_t i = 0; is_wanted(b, events[e].shape, field) && i < events[e].n_values; i++)
            if (events[e].values[i].field == field && has_text(&events[e].values[i]))
                add_value(b, &events[e].values[i], run->n++);
    run->n = (uint32_t)(b->n_values - run->first);
    b->n_runs += run->n > 0;
}

static enum weir_rc take_batch(void *context, const struct event *events, const uint64_t *numbers,
                               size_t n, struct weir_err *err)
{
    struct bench_literal *b = context;

    (void)numbers, (void)err;
    b->n_events += n;
    for (uint32_t f = 0; f < field_count(b->plan->fields); f++)
        if (b->fields[f].set)
            add_run(b, f, events, n);
    return WEIR_OK;
}

static enum weir_rc collect_values(struct bench_literal *b, const struct rule_book *book,
                                   const struct source *source, const struct buf *texts,
                                   struct weir_err *err)
{
    b->worker = extract_worker_new(b->plan->extractor);
    struct stream *stream = stream_new(b->worker, book->profiles, source->inputs, take_batch, b);
    size_t size = LITERAL_PAD;

    for (size_t i = 0; i < source->n_inputs; i++)
        size += texts[i].n * TEXT_GROWTH;
    b->block = b->block_at = calloc(size, 1);
    b->values = calloc(VALUES_MAX, sizeof *b->values);
    b->runs = calloc(RUNS_MAX, sizeof *b->runs);
    ASSERT(b->block && b->values && b->runs);
    b->block_end = b->block + size - LITERAL_PAD;
    enum weir_rc rc = bench_feed(stream, source, texts, err);
    stream_free(stream);
    extract_worker_free(b->worker);
    if (rc == WEIR_OK && b->n_values == 0)
        rc = err_set(err, WEIR_NOTFOUND, "no value of the inputs is searched for a literal");
    return rc;
}

/* ---- speed -------------------------------------------------------------------------- */

static void count_hits(void *context, const struct literal_hit *hits, uint32_t n)
{
    struct bench_literal *b = context;

    (void)hits;
    b->n_hits += n;
}

static void scan_run(struct bench_literal *b, const struct run *run,
                     void (*flush)(void *context, const struct literal_hit *hits, uint32_t n))
{
    struct literal_hit space[HITS_CAP];
    struct literal_hits hits = {.at = space, .cap = HITS_CAP, .flush = flush, .context = b};

    literal_scan(b->fields[run->field].set, b->values + run->first, run->n, &hits);
}

static void scan_all(struct bench_literal *b)
{
    b->n_hits = 0;
    for (size_t i = 0; i < b->n_runs; i++)
        scan_run(b, &b->runs[i], count_hits);
}

static void time_scans(struct bench_literal *b, double seconds)
{
    scan_all(b);
    double start = now_seconds();
    do {
        scan_all(b);
        b->n_rounds++;
        b->seconds = now_seconds() - start;
    } while (b->seconds < seconds);
}

/* ---- truth -------------------------------------------------------------------------- */

static void mark_hits(void *context, const struct literal_hit *hits, uint32_t n)
{
    struct bench_literal *b = context;

    for (uint32_t i = 0; i < n; i++)
        if (hits[i].tag == b->checked_tag)
            b->found[hits[i].id] |= 1;
}

static bool plain_find(const struct literal *l, const struct literal_value *v)
{
    if (l->text.n > v->n)
        return false;
    switch (l->where) {
    case LITERAL_AT_START:
        return memcmp(v->p, l->text.p, l->text.n) == 0;
    case LITERAL_AT_END:
        return memcmp(v->p + v->n - l->text.n, l->text.p, l->text.n) == 0;
    default:
        return memmem(v->p, v->n, l->text.p, l->text.n) != NULL;
    }
}

static void check_value(struct bench_literal *b, const struct run *run, size_t at)
{
    const struct field_literals *f = &b->fields[run->field];
    const struct literal_value *v = &b->values[run->first + at];

    memset(b->found, 0, f->n);
    b->checked_tag = v->tag;
    scan_run(b, run, mark_hits);
    for (size_t i = 0; i < f->n; i++)
        b->n_differences += plain_find(&f->items[i], v) != (b->found[i] != 0);
    b->n_checked++;
}

static void check_values(struct bench_literal *b)
{
    size_t step = b->n_runs / CHECKED_VALUES + 1;

    for (size_t i = 0; i < b->n_runs; i += step)
        check_value(b, &b->runs[i], i / step % b->runs[i].n);
}

/* ---- printing ----------------------------------------------------------------------- */

static void print(const struct bench_literal *b, bool is_json, struct buf *out)
{
    double rounds = (double)b->n_rounds, rate = (double)b->bytes * rounds / b->seconds;
    double ns = b->seconds * 1e9 / rounds / (double)b->n_events;
    struct json_writer w;

    if (!is_json) {
        buf_printf(out, "%zu literals, %zu values, %.1f MB of text%s\n", b->n_literals, b->n_values,
                   (double)b->bytes * 1e-6, b->is_full ? " (not all)" : "");
        buf_printf(out, "%.3f GB/s, %.1f ns an event, simd %s\n", rate * 1e-9, ns,
                   cpu_simd_name(cpu_simd()));
        buf_printf(out, "%llu values checked by plain search: %llu differences\n",
                   (unsigned long long)b->n_checked, (unsigned long long)b->n_differences);
        return;
    }
    json_writer_init(&w, out);
    json_open_object(&w);
    json_kv_i64(&w, "literals", (int64_t)b->n_literals);
    json_kv_i64(&w, "events", (int64_t)b->n_events);
    json_kv_i64(&w, "values", (int64_t)b->n_values);
    json_kv_i64(&w, "bytes", (int64_t)b->bytes);
    json_kv_bool(&w, "complete", !b->is_full);
    json_kv_i64(&w, "rounds", (int64_t)b->n_rounds);
    json_key(&w, STR("seconds"));
    json_put_double(&w, b->seconds);
    json_kv_i64(&w, "bytes_per_second", (int64_t)rate);
    json_key(&w, STR("ns_per_event"));
    json_put_double(&w, (double)(int64_t)(ns * 10) / 10);
    json_kv_i64(&w, "hits", (int64_t)b->n_hits);
    json_kv_i64(&w, "checked", (int64_t)b->n_checked);
    json_kv_i64(&w, "differences", (int64_t)b->n_differences);
    json_kv_str(&w, "simd", str_from(cpu_simd_name(cpu_simd())));
    json_close_object(&w);
    buf_add_char(out, '\n');
}

enum weir_rc bench_literals(const struct rule_book *book,
                            const struct bench_literal_options *options,
                            const struct source *source, const struct buf *texts, struct buf *out,
                            bool *is_exact, struct weir_err *err)
{
    struct bench_literal b = {.arena = arena_new(1024 * 1024)};
    struct plan_options plan = {.extract = *options->extract};

    b.plan = plan_new(b.arena, book->rules, book->n_rules, book->profiles, &plan);
    b.route = route_new(b.arena, b.plan);
    collect_literals(&b);
    enum weir_rc rc = collect_values(&b, book, source, texts, err);
    if (rc == WEIR_OK) {
        time_scans(&b, options->seconds);
        check_values(&b);
        print(&b, options->is_json, out);
    }
    *is_exact = b.n_differences == 0;
    free(b.block);
    free(b.values);
    free(b.runs);
    arena_free(b.arena);
    return rc;
}
