/* first_seen.c - the term's side: runs of hits, told when the watermark is behind their start.
 *
 * The cell: version, runs, whether the first run is told; the runs' ends; and as long as a run is
 * not told, what telling it needs: keys, texts. Only the last told run is kept: whatever comes is
 * behind the watermark that told it, so nothing can join the runs before it any more.
 */
#include "correlate/first_seen.h"

#include "base/utf8.h"
#include "correlate/facts.h"
#include "correlate/final.h"
#include "correlate/kept.h"
#include "correlate/span.h"

#include <string.h>

enum { TERM_VERSION = 1, HEAD_BYTES = 3 };

struct run {
    int64_t start, end;
};

/* What must be known when the event is gone. Behind it: keys, then text. */
struct origin {
    struct state_key group, own;
    uint64_t value;
    uint16_t keys_n, text_n;
    uint32_t pad;
};

struct term {
    bool has_told; /* runs[0] is told */
    uint32_t n;
    struct run runs[FIRST_SEEN_RUNS_MAX + 1];
};

int64_t first_seen_history_ms(const struct correlation *c)
{
    return c->history_ms > 0 ? c->history_ms : FIRST_SEEN_HISTORY_MS;
}

/* ---- bytes --------------------------------------------------------------------------------- */

static uint32_t runs_end(const struct term *t)
{
    return HEAD_BYTES + t->n * (uint32_t)sizeof(struct run);
}

/* Anything that this code did not write is an empty cell. */
static void load(const struct cell_part *p, struct term *t)
{
    t->has_told = false;
    t->n = 0;
    if (p->n < HEAD_BYTES || p->p[0] != TERM_VERSION || p->p[1] > FIRST_SEEN_RUNS_MAX)
        return;
    t->n = p->p[1];
    if (p->n < runs_end(t)) {
        t->n = 0;
        return;
    }
    t->has_told = p->p[2] != 0;
    memcpy(t->runs, p->p + HEAD_BYTES, t->n * sizeof *t->runs);
    for (uint32_t i = 0; i < t->n; i++)
        if (!final_is_time(t->runs[i].start) || !final_is_time(t->runs[i].end))
            t->n = 0;
}

static bool load_origin(const struct cell_part *p, const struct term *t, struct origin *o,
                        struct str *keys, struct str *text)
{
    uint32_t at = runs_end(t);

    if (p->n < at + sizeof *o)
        return false;
    memcpy(o, p->p + at, sizeof *o);
    at += (uint32_t)sizeof *o;
    if (p->n < at + o->keys_n + o->text_n)
        return false;
    *keys = (struct str){(const char *)p->p + at, o->keys_n};
    *text = (struct str){(const char *)p->p + at + o->keys_n, o->text_n};
    return true;
}

static void put_runs(struct cell *cell, const struct term *t)
{
    cell->main.p[0] = TERM_VERSION;
    cell->main.p[1] = (uint8_t)t->n;
    cell->main.p[2] = t->has_told;
    memcpy(cell->main.p + HEAD_BYTES, t->runs, t->n * sizeof *t->runs);
}

/* Runs only: nothing waits to be told. */
static void store_told(struct cell *cell, const struct term *t)
{
    if (cell_resize(cell, runs_end(t)))
        put_runs(cell, t);
}

/* was: runs that the cell has now, so where its origin lies (if it has one). */
static void store_untold(struct cell *cell, const struct term *t, const struct term *was,
                         const struct state_op *op, const struct hit *hit)
{
    struct origin o;
    struct str keys, text;
    uint32_t at = runs_end(t);

    if (load_origin(&cell->main, was, &o, &keys, &text)) {
        uint32_t tail = (uint32_t)sizeof o + o.keys_n + o.text_n, from = runs_end(was);
        if (at > from && !cell_resize(cell, at + tail))
            return;
        memmove(cell->main.p + at, cell->main.p + from, tail);
        if (!cell_resize(cell, at + tail))
            return;
        put_runs(cell, t);
        return;
    }
    if (!hit || hit->keys.n > UINT16_MAX)
        return;
    text = utf8_cut(hit->value_text, FINAL_TEXT_MAX);
    o = (struct origin){.group = hit->group_key,
                        .own = op->key,
                        .value = hit->value,
                        .keys_n = (uint16_t)hit->keys.n,
                        .text_n = (uint16_t)text.n};
    if (!cell_resize(cell, at + (uint32_t)sizeof o + o.keys_n + o.text_n))
        return;
    put_runs(cell, t);
    memcpy(cell->main.p + at, &o, sizeof o);
    at += (uint32_t)sizeof o;
    if (o.keys_n)
        memcpy(cell->main.p + at, hit->keys.p, o.keys_n);
    if (o.text_n)
        memcpy(cell->main.p + at + o.keys_n, text.p, o.text_n);
}

/* ---- runs ---------------------------------------------------------------------------------- */

static uint32_t n_told(const struct term *t)
{
    return t->has_told && t->n > 0 ? 1 : 0;
}

/* Let runs k and k + 1 be one if no gap over `history` is between them any more. */
static void join(struct term *t, uint32_t k, int64_t history)
{
    if (k + 1 >= t->n || t->runs[k + 1].start > span_add(t->runs[k].end, history))
        return;
    if (t->runs[k + 1].end > t->runs[k].end)
        t->runs[k].end = t->runs[k + 1].end;
    t->n--;
    memmove(&t->runs[k + 1], &t->runs[k + 2], (t->n - k - 1) * sizeof *t->runs);
}

/* Index of the run that the hit is now in; UINT32_MAX: a run too many. */
static uint32_t add(struct term *t, int64_t start, int64_t end, int64_t history)
{
    uint32_t k = 0;

    while (k < t->n && span_add(t->runs[k].end, history) < start)
        k++;
    if (k < t->n && t->runs[k].start <= span_add(end, history)) {
        if (start < t->runs[k].start)
            t->runs[k].start = start;
        if (end > t->runs[k].end)
            t->runs[k].end = end;
        join(t, k, history);
        return k;
    }
    if (t->n == FIRST_SEEN_RUNS_MAX || k < n_told(t))
        return UINT32_MAX; /* the latter: older than what was told, so a late hit */
    memmove(&t->runs[k + 1], &t->runs[k], (t->n - k) * sizeof *t->runs);
    t->runs[k] = (struct run){start, end};
    t->n++;
    return k;
}

static void set_times(struct cell *cell, const struct term *t, int64_t history)
{
    uint32_t told = n_told(t);

    cell->due_ms = told < t->n ? span_add(t->runs[told].start, 1) : CELL_NEVER;
    cell->idle_ms = t->n ? span_add(span_add(t->runs[t->n - 1].end, history), 1) : INT64_MIN;
    /* A term that is told is worth more the longer it has been there. */
    int64_t days = t->n && told ? (t->runs[0].end - t->runs[0].start) / 86400000 : 0;
    cell->weight = told < t->n ? 128 : days > 100 ? 100 : (uint8_t)days;
}

/* ---- steps --------------------------------------------------------------------------------- */

/* The term is there in another part of the history than was told before. */
static bool is_further(int64_t was_ms, int64_t t_ms, int64_t history)
{
    return fact_part(t_ms, history) > fact_part(was_ms, history);
}

static void tell_still(const struct state_key *group, const struct state_key *own, uint64_t value,
                       const struct run *run, struct emissions *out)
{
    struct signal s = {.stage = 1, .key = *group, .t_ms = run->end};

    s.hit = (struct hit){
        .label = FIRST_SEEN_STILL, .value = value, .number_micro = run->start, .group_key = *own};
    final_signal(out, &s);
}

static void restore(struct term *t, const struct state_op *op, const struct fact *f,
                    int64_t history)
{
    int64_t first = f->first_ms;

    if (t->n == 0) {
        t->runs[t->n++] = (struct run){first, op->t_ms};
        t->has_told = true;
        return;
    }
    add(t, first, op->t_ms, history);
    if (n_told(t) == 0) /* what waits was there before: it joined the fact or is behind it */
        t->has_told = t->runs[0].start <= first;
}

static void take(const struct operator_spec *spec, const struct state_op *op, struct cell *cell,
                 struct emissions *out)
{
    const struct hit *hit = op->payload;
    int64_t history = first_seen_history_ms(spec->correlation);
    struct term t, was;

    load(&cell->main, &t);
    was = t;
    if (hit->fact) {
        restore(&t, op, hit->fact, history);
    } else {
        uint32_t k = add(&t, op->t_ms, op->t_ms, history);
        if (k == UINT32_MAX)
            return;
        bool is_known = k == 0 && t.has_told;
        if (is_known && is_further(was.runs[0].end, t.runs[0].end, history))
            tell_still(&hit->group_key, &op->key, hit->value, &t.runs[0], out);
        if (!is_known && t.runs[k].start == op->t_ms)
            kept_add(cell, op->t_ms, hit->value, hit->capsule);
    }
    if (n_told(&t) == t.n)
        store_told(cell, &t);
    else
        store_untold(cell, &t, &was, op, hit->fact ? NULL : hit);
    load(&cell->main, &t); /* what was kept, if memory was refused */
    set_times(cell, &t, history);
}

static void tell_new(const struct cell *cell, const struct origin *o, struct str keys,
                     struct str text, int64_t t_ms, struct emissions *out)
{
    struct signal s = {.stage = 1, .key = o->group, .t_ms = t_ms};

    s.hit = (struct hit){.label = FIRST_SEEN_NEW,
                         .count = 1,
                         .value = o->value,
                         .number_micro = t_ms,
                         .group_key = o->own,
                         .keys = keys,
                         .value_text = text,
                         .capsule = kept_find(cell, t_ms, o->value)};
    final_signal(out, &s);
}

/* Runs whose start is behind the watermark are told; only the last of them stays. */
static void settle(const struct operator_spec *spec, struct cell *cell, int64_t watermark_ms,
                   struct emissions *out)
{
    int64_t history = first_seen_history_ms(spec->correlation);
    struct term t, was;
    struct origin o;
    struct str keys, text;

    load(&cell->main, &t);
    was = t;
    bool has_origin = load_origin(&cell->main, &t, &o, &keys, &text);
    uint32_t done = n_told(&t);
    for (; done < t.n && t.runs[done].start < watermark_ms; done++) {
        const struct run *r = &t.runs[done];
        if (!has_origin) /* memory was refused: nothing to tell it with */
            continue;
        tell_new(cell, &o, keys, text, r->start, out);
        if (is_further(r->start, r->end, history))
            tell_still(&o.group, &o.own, o.value, r, out);
    }
    if (done > 1) {
        t.n -= done - 1;
        memmove(t.runs, t.runs + done - 1, t.n * sizeof *t.runs);
    }
    t.has_told = done > 0;
    if (n_told(&t) == t.n) {
        store_told(cell, &t);
        final_forget_capsules(cell);
    } else {
        store_untold(cell, &t, &was, NULL, NULL);
        kept_forget(cell, watermark_ms);
    }
    set_times(cell, &t, history);
}

void first_seen_term_step(void *context, const struct state_op *op, struct cell *cell,
                          const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;

    if (op)
        take(spec, op, cell, out);
    else
        settle(spec, cell, clock->watermark_ms, out);
}

/* Of the term: since when the group has shown it without a gap of H, and when last. */
static bool term_look(const struct operator_spec *spec, const struct cell *cell, int64_t at_ms,
                      struct operator_look *out)
{
    struct term t;

    (void)spec;
    load(&cell->main, &t);
    for (uint32_t i = t.n; i > 0; i--) {
        const struct run *r = &t.runs[i - 1];
        if (r->start > at_ms)
            continue;
        *out = (struct operator_look){
            .n = 1, .first_ms = r->start, .last_ms = r->end, .is_exact = true};
        return true;
    }
    return false;
}

const struct operator_kind_info operator_first_seen = {
    .kind = OPERATOR_FIRST_SEEN,
    .name = "first_seen",
    .n_stages = 2,
    .steps = {first_seen_term_step, first_seen_group_step},
    .always_final = true,
    .look = term_look,
    .fact_kind = FACT_TERM,
};
