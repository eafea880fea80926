/* pipeline.c - events from files through the rules on N threads, matches out in input order.
 *
 * Every ring has one thread at each end: for each matching thread there are two that lead there
 * and back from the reader, and two that lead on and back to the collector (the calling thread).
 * Batch k goes to matching thread k modulo N, and the collector asks in the same turn: the order
 * of the input comes back without sorting. What a thread cannot know goes with the batch and is put
 * right by the collector, who has seen everything before: event numbers, and how many members
 * of a record spread over several batches came earlier.
 *
 * It cannot lock up: the collector waits for the batch that is next in turn; all before it are
 * told, so the thread in question has all its batches free for it.
 *
 * Ends travel with the rings: the reader closes `work`, a matching thread then `told`. If the
 * collector fails it closes everything; the rings back never are full, they hold all there is.
 */
#include "app/pipeline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/outcome.h"
#include "app/pipeline_batch.h"
#include "base/ring.h"
#include "base/str.h"
#include "event/decode.h"

/* A matching thread. */
struct matching {
    pthread_t thread;
    struct picker picker;
    struct stream *stream;
    struct match_batch *out; /* being filled; NULL: the next one has to be fetched */
    const struct record_batch *in;
    struct record_batch record_batches[PIPELINE_DEPTH];
    struct match_batch match_batches[PIPELINE_DEPTH];
    struct ring *work, *work_back; /* from the reader, to the reader */
    struct ring *told, *told_back; /* to the collector, from the collector */
};

struct pipeline {
    const struct pipeline_options *options;
    struct pipeline_totals *totals;
    struct matching *threads;

    /* The reader's; the collector reads it when the reader has ended. */
    pthread_t reader;
    struct splitter *splitter;
    struct record_batch *batch; /* being filled; NULL: none is begun */
    size_t turn;                /* who gets the next batch */
    uint32_t input;
    uint64_t record;
    bool has_record;
    uint64_t bytes;
    struct weir_err *damages; /* told at the end: others use stderr meanwhile */
    size_t n_damages, cap_damages;
    enum weir_rc rc;
    struct weir_err err;

    _Atomic uint64_t position; /* bytes on disk that the reader has taken */

    /* The collector's. */
    uint64_t n_numbers;
    uint32_t n_members; /* of the last record, so far */
};

/* ---- the reader --------------------------------------------------------------------------- */

static void begin_input(void *context, uint32_t input)
{
    struct pipeline *p = context;

    splitter_free(p->splitter);
    p->splitter = splitter_new();
    p->input = input;
    p->record = 0;
    p->has_record = false;
}

static enum weir_rc send_batch(struct pipeline *p)
{
    struct record_batch *b = p->batch;

    if (!b)
        return WEIR_OK;
    p->batch = NULL;
    if (!ring_push(p->threads[p->turn].work, b))
        return WEIR_CLOSED;
    p->turn = (p->turn + 1) % p->options->n_threads;
    return WEIR_OK;
}

static enum weir_rc add_record(struct pipeline *p, struct str text, bool is_new,
                               enum event_reject why)
{
    if (is_new && p->has_record)
        p->record++;
    p->has_record = true;
    if (!p->batch) {
        p->batch = ring_pop(p->threads[p->turn].work_back);
        if (!p->batch)
            return WEIR_CLOSED;
        record_batch_begin(p->batch, p->input, p->record, !is_new);
    }
    record_batch_add(p->batch, text, is_new, why);
    return record_batch_is_full(p->batch) ? send_batch(p) : WEIR_OK;
}

/* Everything the splitter has by now. The last batch does not wait for more bytes: they may be
 * long in coming. */
static enum weir_rc cut(struct pipeline *p)
{
    for (;;) {
        struct str text;
        uint32_t index;
        bool is_new = true;
        enum event_reject why = EVENT_OK;
        enum splitter_result got = splitter_next(p->splitter, &text, &index, &is_new, &why);

        if (got == SPLIT_NEED_MORE || got == SPLIT_END)
            return send_batch(p);
        TRY(add_record(p, text, is_new, got == SPLIT_RECORD ? EVENT_OK : why));
    }
}

static enum weir_rc take_bytes(void *context, const char *bytes, size_t n,
                               UNUSED struct weir_err *err)
{
    struct pipeline *p = context;

    p->bytes += n;
    splitter_feed(p->splitter, bytes, n);
    return cut(p);
}

static enum weir_rc add_message(struct pipeline *p, const struct stream_message *m)
{
    if (!p->batch) {
        p->batch = ring_pop(p->threads[p->turn].work_back);
        if (!p->batch)
            return WEIR_CLOSED;
        record_batch_begin(p->batch, p->input, m->offset, false);
    }
    p->bytes += m->text.n;
    record_batch_add_message(p->batch, m);
    return record_batch_is_full(p->batch) ? send_batch(p) : WEIR_OK;
}

static enum weir_rc take_messages(void *context, const struct stream_message *messages, size_t n,
                                  UNUSED struct weir_err *err)
{
    struct pipeline *p = context;

    for (size_t i = 0; i < n; i++)
        TRY(add_message(p, &messages[i]));
    return send_batch(p);
}

static enum weir_rc end_input(void *context, UNUSED struct weir_err *err)
{
    struct pipeline *p = context;

    splitter_end(p->splitter);
    return cut(p);
}

static void keep_damage(void *context, const struct weir_err *err)
{
    struct pipeline *p = context;

    if (p->n_damages == p->cap_damages) {
        p->cap_damages = p->cap_damages ? p->cap_damages * 2 : 8;
        p->damages = reallocarray(p->damages, p->cap_damages, sizeof *p->damages);
        ASSERT(p->damages);
    }
    p->damages[p->n_damages++] = *err;
}

static void tell_position(void *context, uint64_t position)
{
    struct pipeline *p = context;

    /* relaxed: a figure for the progress line, nothing hangs on it. */
    atomic_store_explicit(&p->position, position, memory_order_relaxed);
}

static void *reader_main(void *context)
{
    struct pipeline *p = context;
    struct source_sink sink = {.context = p,
                               .begin = begin_input,
                               .feed = take_bytes,
                               .messages = take_messages,
                               .end = end_input,
                               .damaged = keep_damage,
                               .passed = tell_position};

    p->rc = source_read(p->options->source, &sink, &p->err);
    for (size_t i = 0; i < p->options->n_threads; i++)
        ring_close(p->threads[i].work);
    return NULL;
}

/* ---- matching ------------------------------------------------------------------------------- */

static bool send_matches(struct matching *t)
{
    struct match_batch *b = t->out;

    t->out = NULL;
    return ring_push(t->told, b);
}

static bool begin_matches(struct matching *t)
{
    if (t->out)
        return true;
    t->out = ring_pop(t->told_back);
    if (!t->out)
        return false;
    match_batch_begin(t->out, t->in->input, t->in->first, t->in->is_inside);
    return true;
}

/* A pick_fn: pack the event up for the collector. */
static enum weir_rc pack(void *context, const struct picked *e, UNUSED struct weir_err *err)
{
    struct matching *t = context;

    if (!begin_matches(t))
        return WEIR_CLOSED;
    match_batch_add(t->out, e);
    return match_batch_is_full(t->out) && !send_matches(t) ? WEIR_CLOSED : WEIR_OK;
}

/* A mark_fn. */
static void pack_mark(void *context, UNUSED uint32_t input, const struct profile *profile,
                      int64_t t_ms)
{
    struct matching *t = context;

    if (begin_matches(t)) /* else the run is over, as the next pack() will say */
        match_batch_mark(t->out, profile, t_ms);
}

static enum weir_rc match_piece(struct matching *t, const struct record_batch *b, size_t i,
                                struct weir_err *err)
{
    const struct record_piece *piece = &b->pieces[i];

    if (b->is_topic) {
        struct stream_message m = record_batch_message(b, i);
        return stream_message(t->stream, &m, err);
    }
    return stream_record(t->stream, str_sub(buf_str(&b->bytes), piece->from, piece->n),
                         piece->is_new, piece->why, err);
}

/* One record batch; false: the collector wants no more. */
static bool match_records(struct matching *t, const struct record_batch *b)
{
    struct weir_err err;
    enum weir_rc rc = WEIR_OK;

    t->in = b;
    t->picker.time_standins = t->picker.time_clamped = 0;
    t->picker.has_marked = false;
    stream_begin_at(t->stream, b->input, b->first, b->is_inside);
    for (size_t i = 0; i < b->n && rc == WEIR_OK; i++)
        rc = match_piece(t, b, i, &err);
    if (rc == WEIR_OK)
        rc = stream_flush(t->stream, &err);
    if (rc != WEIR_OK || !begin_matches(t))
        return false;
    t->out->is_last = true;
    t->out->n_numbers = stream_numbers(t->stream);
    t->out->counts = *stream_counts(t->stream);
    t->out->time_standins = t->picker.time_standins;
    t->out->time_clamped = t->picker.time_clamped;
    t->out->at = stream_at(t->stream);
    return send_matches(t);
}

static void *matching_main(void *context)
{
    struct matching *t = context;
    struct record_batch *b;

    while ((b = ring_pop(t->work)) != NULL)
        if (!match_records(t, b) || !ring_push(t->work_back, b))
            break;
    ring_close(t->work);
    ring_close(t->work_back);
    ring_close(t->told);
    return NULL;
}

/* ---- the collector -------------------------------------------------------------------------- */

/* Members of this record that came in earlier batches. */
static uint32_t members_before(const struct pipeline *p, const struct match_batch *b,
                               uint64_t record)
{
    return b->is_inside && record == b->first ? p->n_members : 0;
}

/* The marks that came before matched event number i; returns how many are told. */
static size_t tell_marks(struct pipeline *p, const struct match_batch *b, size_t told, size_t i)
{
    const struct pipeline_options *o = p->options;

    for (; told < b->n_marks && b->marks[told].before <= i; told++)
        o->mark(o->context, b->input, b->marks[told].profile, b->marks[told].t_ms);
    return told;
}

static enum weir_rc tell_events(struct pipeline *p, const struct match_batch *b,
                                struct weir_err *err)
{
    size_t told = 0;

    for (size_t i = 0; i < b->n; i++) {
        const struct matched_event *m = &b->events[i];
        told = tell_marks(p, b, told, i);
        size_t behind = m->from + m->n, gathered = behind + m->transport_n;
        struct event event = {.ref = m->ref,
                              .record = str_sub(buf_str(&b->bytes), m->from, m->n),
                              .transport = str_sub(buf_str(&b->bytes), behind, m->transport_n)};
        uint32_t before = members_before(p, b, m->ref.record);
        if (before)
            gathered_add_index(b->bytes.p + gathered, m->gathered_n, before);
        event.ref.index += before;
        struct picked e = {.event = &event,
                           .profile = m->profile,
                           .number = p->n_numbers + m->number,
                           .time_ms = m->time_ms,
                           .time_is_standin = m->time_is_standin,
                           .matches = b->matches + m->first_match,
                           .n_matches = m->n_matches,
                           .gathered = {b->bytes.p + gathered, m->gathered_n}};
        TRY(p->options->fn(p->options->context, &e, err));
    }
    (void)tell_marks(p, b, told, SIZE_MAX);
    return WEIR_OK;
}

static void add_up(struct pipeline *p, struct match_batch *b)
{
    for (size_t i = 0; i < EVENT_REJECTS; i++)
        if (b->counts.rejected[i])
            b->counts.first_rejected[i].index +=
                members_before(p, b, b->counts.first_rejected[i].record);
    stream_counts_add(&p->totals->counts, &b->counts);
    p->totals->time_standins += b->time_standins;
    p->totals->time_clamped += b->time_clamped;
    p->n_numbers += b->n_numbers;
    p->n_members = b->at.index + members_before(p, b, b->at.record);
}

/* All that came of one record batch; *is_over: there is none. */
static enum weir_rc collect_one(struct pipeline *p, struct matching *t, bool *is_over,
                                struct weir_err *err)
{
    for (bool is_last = false; !is_last;) {
        struct match_batch *b = ring_pop(t->told);
        *is_over = !b;
        if (!b)
            return WEIR_OK;
        is_last = b->is_last;
        TRY(tell_events(p, b, err));
        if (is_last)
            add_up(p, b);
        ASSERT(ring_push(t->told_back, b)); /* there is room for all, and only we close it */
        progress_update(p->options->progress,
                        /* relaxed: see tell_position(). */
                        atomic_load_explicit(&p->position, memory_order_relaxed),
                        p->totals->counts.events);
    }
    return WEIR_OK;
}

/* Batches in the order of the input; the first turn without one is the end. */
static enum weir_rc collect(struct pipeline *p, struct weir_err *err)
{
    enum weir_rc rc = WEIR_OK;
    bool is_over = false;

    for (size_t turn = 0; rc == WEIR_OK && !is_over; turn = (turn + 1) % p->options->n_threads)
        rc = collect_one(p, &p->threads[turn], &is_over, err);
    return rc;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void close_rings(struct pipeline *p)
{
    for (size_t i = 0; i < p->options->n_threads; i++) {
        struct matching *t = &p->threads[i];
        ring_close(t->work);
        ring_close(t->work_back);
        ring_close(t->told);
        ring_close(t->told_back);
    }
}

static void init_picker(struct picker *p, const struct pipeline_options *o, struct engine *engine)
{
    picker_init(p, engine, o->graph, o->profiles, o->extract, o->source->inputs);
    p->time_start_ms = o->time_start_ms;
    p->time_step_ms = o->time_step_ms;
}

/* What the picker has counted, and its end. */
static void end_picker(struct picker *p, struct pipeline_totals *totals)
{
    if (p->gatherer) {
        struct gather_counts counts = gather_counts(p->gatherer);
        gather_counts_add(&totals->gathered, &counts);
    }
    picker_release(p);
}

static void matching_init(struct matching *t, const struct pipeline_options *o,
                          struct engine *engine)
{
    *t = (struct matching){0};
    init_picker(&t->picker, o, engine);
    t->picker.fn = pack;
    t->picker.mark = o->mark ? pack_mark : NULL;
    t->picker.context = t;
    t->stream =
        stream_new(engine_worker(engine), o->profiles, o->source->inputs, pick_batch, &t->picker);
    t->work = ring_new(PIPELINE_DEPTH);
    t->work_back = ring_new(PIPELINE_DEPTH);
    t->told = ring_new(PIPELINE_DEPTH);
    t->told_back = ring_new(PIPELINE_DEPTH);
    for (size_t i = 0; i < PIPELINE_DEPTH; i++)
        ASSERT(ring_push(t->work_back, &t->record_batches[i]) &&
               ring_push(t->told_back, &t->match_batches[i]));
}

static void matching_release(struct matching *t)
{
    stream_free(t->stream);
    ring_free(t->work);
    ring_free(t->work_back);
    ring_free(t->told);
    ring_free(t->told_back);
    for (size_t i = 0; i < PIPELINE_DEPTH; i++) {
        record_batch_release(&t->record_batches[i]);
        match_batch_release(&t->match_batches[i]);
    }
}

static enum weir_rc start(pthread_t *thread, void *(*fn)(void *), void *context,
                          struct weir_err *err)
{
    int code = pthread_create(thread, NULL, fn, context);

    return code == 0 ? WEIR_OK
                     : err_set(err, WEIR_IO, "cannot start a thread: %s (--threads says how many)",
                               strerror(code));
}

/* Start everybody, collect, and wait until all have ended. */
static enum weir_rc run_threads(struct pipeline *p, struct weir_err *err)
{
    size_t n = p->options->n_threads, n_started = 0;
    enum weir_rc rc = WEIR_OK;

    for (; n_started < n && rc == WEIR_OK; n_started += rc == WEIR_OK) {
        struct matching *t = &p->threads[n_started];
        rc = start(&t->thread, matching_main, t, err);
    }
    if (rc == WEIR_OK)
        rc = start(&p->reader, reader_main, p, err);
    bool has_reader = rc == WEIR_OK;
    if (rc == WEIR_OK)
        rc = collect(p, err);
    close_rings(p);
    if (has_reader)
        ASSERT(pthread_join(p->reader, NULL) == 0);
    for (size_t i = 0; i < n_started; i++)
        ASSERT(pthread_join(p->threads[i].thread, NULL) == 0);
    if (rc == WEIR_OK && p->rc != WEIR_OK) {
        rc = p->rc;
        *err = p->err;
    }
    return rc;
}

static enum weir_rc run_many(const struct pipeline_options *o, struct pipeline_totals *out,
                             struct weir_err *err)
{
    struct pipeline p = {.options = o, .totals = out};

    p.threads = calloc(o->n_threads, sizeof *p.threads);
    ASSERT(p.threads);
    for (size_t i = 0; i < o->n_threads; i++)
        matching_init(&p.threads[i], o, i ? engine_sibling(o->engine) : o->engine);
    enum weir_rc rc = run_threads(&p, err);
    out->counts.bytes = p.bytes;
    progress_hide(o->progress);
    for (size_t i = 0; i < p.n_damages; i++)
        source_complain(o->source, &p.damages[i]);
    out->n_damaged = (unsigned)p.n_damages;
    free(p.damages);
    splitter_free(p.splitter);
    for (size_t i = 0; i < o->n_threads; i++) {
        end_picker(&p.threads[i].picker, out);
        matching_release(&p.threads[i]);
    }
    free(p.threads);
    return rc;
}

static enum weir_rc run_one(const struct pipeline_options *o, struct pipeline_totals *out,
                            struct weir_err *err)
{
    struct picker picker;
    init_picker(&picker, o, o->engine);
    picker.fn = o->fn;
    picker.mark = o->mark;
    picker.context = o->context;
    struct stream *stream =
        stream_new(engine_worker(o->engine), o->profiles, o->source->inputs, pick_batch, &picker);
    enum weir_rc rc = source_run(o->source, stream, o->progress, o->pause.fn ? &o->pause : NULL,
                                 &out->n_damaged, err);

    out->counts = *stream_counts(stream);
    out->time_standins = picker.time_standins;
    out->time_clamped = picker.time_clamped;
    end_picker(&picker, out);
    stream_free(stream);
    return rc;
}

enum weir_rc pipeline_run(const struct pipeline_options *o, struct pipeline_totals *out,
                          struct weir_err *err)
{
    ASSERT(o->n_threads >= 1 && o->n_threads <= ENGINE_THREADS_MAX);
    *out = (struct pipeline_totals){0};
    return o->n_threads == 1 ? run_one(o, out, err) : run_many(o, out, err);
}
