/* stream.c - from the bytes of inputs to numbered events in batches.
 *
 * Events point into the caller's memory or into the splitter's, which moves when it is fed: so a
 * batch is handed on when it is full, before the splitter is fed again and before a feed ends.
 */
#include "app/stream.h"

#include <stdlib.h>
#include <string.h>

#include "detect/origin.h"
#include "base/arena.h"
#include "base/str.h"
#include "event/decode.h"

struct stream {
    struct extract_worker *worker;
    const struct profile_set *profiles;
    const struct origin_input *inputs;
    stream_fn *on_batch;
    void *context;

    struct splitter *splitter;
    struct arena *arena; /* unwrapped members; reset with the batch */
    struct event_ref at; /* of the next event */
    bool has_record;
    int64_t record_ms; /* of the record at hand, INT64_MIN: none */
    uint64_t number;
    size_t n;
    enum weir_rc rc; /* first failure of on_batch: nothing more is handed on */
    struct weir_err *err;
    struct stream_counts counts;
    struct event events[ENGINE_BATCH_MAX];
    uint64_t numbers[ENGINE_BATCH_MAX];
};

struct stream *stream_new(struct extract_worker *worker, const struct profile_set *profiles,
                          const struct origin_input *inputs, stream_fn *on_batch, void *context)
{
    struct stream *s = calloc(1, sizeof *s);

    ASSERT(s);
    s->worker = worker;
    s->profiles = profiles;
    s->inputs = inputs;
    s->on_batch = on_batch;
    s->context = context;
    s->arena = arena_new(0);
    return s;
}

void stream_free(struct stream *s)
{
    if (!s)
        return;
    splitter_free(s->splitter);
    arena_free(s->arena);
    free(s);
}

static void begin_at(struct stream *s, struct event_ref at, bool has_record)
{
    s->at = at;
    s->has_record = has_record;
    s->record_ms = INT64_MIN;
    struct constant_field fields[ORIGIN_FIELDS_MAX];
    extract_set_pseudo_fields(s->worker, fields, origin_fields(&s->inputs[at.input], fields));
    extract_set_transport(s->worker, STR(""));
}

void stream_begin(struct stream *s, uint32_t input)
{
    splitter_free(s->splitter);
    s->splitter = splitter_new();
    begin_at(s, (struct event_ref){.input = input}, false);
}

void stream_begin_at(struct stream *s, uint32_t input, uint64_t record, bool is_inside)
{
    stream_reset(s);
    begin_at(s, (struct event_ref){.input = input, .record = record}, is_inside);
}

static void flush(struct stream *s)
{
    if (s->n > 0 && s->rc == WEIR_OK) {
        s->counts.events += s->n;
        s->rc = s->on_batch(s->context, s->events, s->numbers, s->n, s->err);
    }
    s->n = 0;
    extract_batch_reset(s->worker);
}

static void reject(struct stream *s, enum event_reject reason)
{
    if (s->counts.rejected[reason]++ == 0)
        s->counts.first_rejected[reason] = s->at;
    s->number++;
    s->at.index++;
}

/* The event behind the last one of the batch is whole. */
static void keep_event(struct stream *s)
{
    s->events[s->n].record_ms = s->record_ms;
    s->numbers[s->n++] = s->number++;
    s->at.index++;
}

static void take_event(void *context, struct str text, uint32_t index)
{
    struct stream *s = context;

    (void)index; /* our own count runs on over the members of a spread array */
    if (s->n == ENGINE_BATCH_MAX)
        flush(s);
    enum event_reject reason = extract_event(s->worker, text, s->at, &s->events[s->n]);
    if (reason != EVENT_OK) {
        reject(s, reason);
        return;
    }
    keep_event(s);
}

static void begin_record(struct stream *s, bool is_new)
{
    if (!is_new)
        return;
    if (s->has_record)
        s->at.record++;
    s->has_record = true;
    s->at.index = 0;
    s->counts.records++;
}

/* The line that `text` begins with, if it plainly is one event; gives the bytes it took, 0: none.
 */
static size_t take_line(struct stream *s, struct str text, bool is_new)
{
    if (text.n == 0 || text.p[0] != '{')
        return 0;
    if (s->n == ENGINE_BATCH_MAX)
        flush(s);
    struct event *e = &s->events[s->n];
    if (!extract_line(s->worker, s->profiles, text, s->at, e))
        return 0;
    begin_record(s, is_new);
    e->ref = s->at;
    keep_event(s);
    return (size_t)(e->record.p + e->record.n - text.p);
}

/* The short way, as long as lines go it. */
static void take_lines(struct stream *s)
{
    size_t n;

    while (s->rc == WEIR_OK && (n = take_line(s, splitter_rest(s->splitter), true)) > 0)
        splitter_took(s->splitter, n);
}

/* The same in the caller's memory; returns what is left of it. */
static struct str take_lines_of(struct stream *s, struct str text)
{
    for (;;) {
        while (text.n > 0 && (*text.p == '\n' || *text.p == '\r')) {
            text.p++;
            text.n--;
        }
        size_t n = s->rc == WEIR_OK ? take_line(s, text, true) : 0;
        if (n == 0)
            return text;
        text = str_sub(text, n, text.n);
    }
}

static void take_record(struct stream *s, struct str text, bool is_new, enum event_reject why)
{
    begin_record(s, is_new);
    if (why == EVENT_OK)
        why = decode_record(s->arena, s->profiles, text, take_event, s);
    if (why != EVENT_OK)
        reject(s, why);
}

/* Everything the splitter has by now. */
static void drain(struct stream *s)
{
    for (;;) {
        take_lines(s);
        if (s->rc != WEIR_OK)
            return;
        struct str text;
        uint32_t index;
        bool is_new = true;
        enum event_reject why = EVENT_OK;
        enum splitter_result got = splitter_next(s->splitter, &text, &index, &is_new, &why);

        if (got == SPLIT_NEED_MORE || got == SPLIT_END)
            return;
        take_record(s, text, is_new, got == SPLIT_RECORD ? EVENT_OK : why);
    }
}

/* Hand on what is left: the splitter's memory is about to move. */
static enum weir_rc settle(struct stream *s)
{
    flush(s);
    arena_reset(s->arena);
    return s->rc;
}

/* Copy bytes into the splitter and take what it then has. */
static void feed_splitter(struct stream *s, struct str bytes)
{
    splitter_feed(s->splitter, bytes.p, bytes.n);
    drain(s);
}

/* What begins in an earlier feed is completed in the splitter's memory; then lines are taken where
 * they lie, up to the first that is not plainly an event (at the latest the one that goes on in the
 * next feed); the rest goes through the splitter. */
enum weir_rc stream_feed(struct stream *s, const char *p, size_t n, struct weir_err *err)
{
    struct str rest = {p, n};

    s->err = err;
    s->counts.bytes += n;
    if (!splitter_is_idle(s->splitter)) {
        const char *newline = n ? memchr(p, '\n', n) : NULL;
        size_t first = newline ? (size_t)(newline - p) + 1 : n;
        feed_splitter(s, (struct str){p, first});
        rest = str_sub(rest, first, n);
        TRY(settle(s));
    }
    if (splitter_is_idle(s->splitter))
        rest = take_lines_of(s, rest);
    if (rest.n > 0 && s->rc == WEIR_OK)
        feed_splitter(s, rest);
    return settle(s);
}

enum weir_rc stream_end(struct stream *s, struct weir_err *err)
{
    s->err = err;
    splitter_end(s->splitter);
    drain(s);
    return settle(s);
}

enum weir_rc stream_record(struct stream *s, struct str text, bool is_new, enum event_reject why,
                           struct weir_err *err)
{
    s->err = err;
    if (why != EVENT_OK || !take_line(s, (struct str){text.p, text.n + 1}, is_new))
        take_record(s, text, is_new, why);
    return s->rc;
}

static void take_message(struct stream *s, struct str text)
{
    if (s->n == ENGINE_BATCH_MAX)
        flush(s);
    if (extract_whole(s->worker, s->profiles, text, s->at, &s->events[s->n])) {
        keep_event(s);
        return;
    }
    enum event_reject why = decode_record(s->arena, s->profiles, text, take_event, s);
    if (why != EVENT_OK)
        reject(s, why);
}

enum weir_rc stream_message(struct stream *s, const struct stream_message *m, struct weir_err *err)
{
    s->err = err;
    s->at = (struct event_ref){.input = s->at.input, .record = m->offset};
    s->record_ms = m->record_ms;
    extract_set_transport(s->worker, m->transport);
    s->counts.records++;
    s->counts.bytes += m->text.n;
    if (m->why == EVENT_OK)
        take_message(s, m->text);
    else
        reject(s, m->why);
    return s->rc;
}

enum weir_rc stream_flush(struct stream *s, struct weir_err *err)
{
    s->err = err;
    return settle(s);
}

struct event_ref stream_at(const struct stream *s)
{
    return s->at;
}

uint64_t stream_numbers(const struct stream *s)
{
    return s->number;
}

void stream_counts_add(struct stream_counts *to, const struct stream_counts *later)
{
    to->bytes += later->bytes;
    to->records += later->records;
    to->events += later->events;
    for (size_t i = 0; i < EVENT_REJECTS; i++) {
        if (!to->rejected[i])
            to->first_rejected[i] = later->first_rejected[i];
        to->rejected[i] += later->rejected[i];
    }
}

const struct stream_counts *stream_counts(const struct stream *s)
{
    return &s->counts;
}

void stream_reset(struct stream *s)
{
    s->counts = (struct stream_counts){0};
    s->number = 0;
    s->rc = WEIR_OK;
}
