/* pipeline_batch.c - what goes from thread to thread in a pipeline. */
#include "app/pipeline_batch.h"

#include <stdlib.h>

#include "app/pipeline.h"
#include "base/str.h"

/* Room that a batch keeps for its next use. */
enum { KEPT_BYTES_MAX = 4 * PIPELINE_BATCH_BYTES, KEPT_MATCHES_MAX = 4 * PIPELINE_BATCH_MATCHES };

static void clear_bytes(struct buf *b)
{
    if (b->cap > KEPT_BYTES_MAX)
        buf_release(b);
    buf_clear(b);
}

/* Room for n items in all: the array itself or a larger one. */
static void *room_for(void *items, size_t n, size_t *cap, size_t item_bytes)
{
    if (n <= *cap)
        return items;
    *cap = n * 2;
    items = reallocarray(items, *cap, item_bytes);
    ASSERT(items);
    return items;
}

/* ---- records ---------------------------------------------------------------------------- */

void record_batch_begin(struct record_batch *b, uint32_t input, uint64_t first, bool is_inside)
{
    b->input = input;
    b->first = first;
    b->is_inside = is_inside;
    b->is_topic = false;
    b->n = 0;
    clear_bytes(&b->bytes);
}

void record_batch_add(struct record_batch *b, struct str text, bool is_new, enum event_reject why)
{
    size_t from = b->bytes.n;

    if (why == EVENT_OK) {
        buf_add(&b->bytes, text);
        buf_add_char(&b->bytes, '\n'); /* stream_record() wants it */
    }
    b->pieces = room_for(b->pieces, b->n + 1, &b->cap, sizeof *b->pieces);
    b->pieces[b->n++] = (struct record_piece){
        .from = from, .n = why == EVENT_OK ? text.n : 0, .is_new = is_new, .why = why};
}

void record_batch_add_message(struct record_batch *b, const struct stream_message *m)
{
    record_batch_add(b, m->text, true, m->why);
    b->is_topic = true;
    buf_add(&b->bytes, m->transport);
    b->pieces[b->n - 1].transport_n = m->transport.n;
    b->pieces[b->n - 1].offset = m->offset;
    b->pieces[b->n - 1].record_ms = m->record_ms;
}

struct stream_message record_batch_message(const struct record_batch *b, size_t i)
{
    const struct record_piece *p = &b->pieces[i];
    size_t behind = p->from + p->n + (p->why == EVENT_OK); /* its newline */

    return (struct stream_message){
        .text = str_sub(buf_str(&b->bytes), p->from, p->n),
        .transport = str_sub(buf_str(&b->bytes), behind, p->transport_n),
        .offset = p->offset,
        .record_ms = p->record_ms,
        .why = p->why,
    };
}

bool record_batch_is_full(const struct record_batch *b)
{
    return b->bytes.n >= PIPELINE_BATCH_BYTES || b->n >= PIPELINE_BATCH_RECORDS;
}

void record_batch_release(struct record_batch *b)
{
    buf_release(&b->bytes);
    free(b->pieces);
}

/* ---- matched events ------------------------------------------------------------------------ */

void match_batch_begin(struct match_batch *b, uint32_t input, uint64_t first, bool is_inside)
{
    b->input = input;
    b->n = b->n_matches = b->n_marks = 0;
    b->is_last = false;
    b->first = first;
    b->is_inside = is_inside;
    clear_bytes(&b->bytes);
    if (b->cap_matches > KEPT_MATCHES_MAX) {
        free(b->matches);
        b->matches = NULL;
        b->cap_matches = 0;
    }
}

void match_batch_add(struct match_batch *b, const struct picked *e)
{
    size_t from = b->bytes.n, first = b->n_matches;

    buf_add(&b->bytes, e->event->record);
    buf_add(&b->bytes, e->event->transport);
    buf_add(&b->bytes, e->gathered);
    b->matches = room_for(b->matches, first + e->n_matches, &b->cap_matches, sizeof *b->matches);
    for (size_t i = 0; i < e->n_matches; i++)
        b->matches[b->n_matches++] = e->matches[i];
    b->events = room_for(b->events, b->n + 1, &b->cap, sizeof *b->events);
    b->events[b->n++] = (struct matched_event){.ref = e->event->ref,
                                               .profile = e->profile,
                                               .number = e->number,
                                               .time_ms = e->time_ms,
                                               .time_is_standin = e->time_is_standin,
                                               .from = from,
                                               .n = e->event->record.n,
                                               .transport_n = e->event->transport.n,
                                               .gathered_n = e->gathered.n,
                                               .first_match = first,
                                               .n_matches = e->n_matches};
}

void match_batch_mark(struct match_batch *b, const struct profile *profile, int64_t t_ms)
{
    b->marks = room_for(b->marks, b->n_marks + 1, &b->cap_marks, sizeof *b->marks);
    b->marks[b->n_marks++] = (struct time_mark){profile, t_ms, b->n};
}

bool match_batch_is_full(const struct match_batch *b)
{
    return b->bytes.n >= PIPELINE_BATCH_BYTES || b->n_matches >= PIPELINE_BATCH_MATCHES;
}

void match_batch_release(struct match_batch *b)
{
    buf_release(&b->bytes);
    free(b->events);
    free(b->matches);
    free(b->marks);
}
