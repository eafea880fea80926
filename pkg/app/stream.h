/* stream.h - from the bytes of inputs to numbered events in batches.
 *
 * Joins splitter, unwrapping and extraction, and keeps the count of everything that came
 * by: each record becomes events or is rejected with a reason, nothing vanishes. Of topics the
 * bytes are those of whole records, as they were sent.
 *
 * Numbers  an event's number is its 0-based position over all inputs after unwrapping; a
 *          rejected record takes a number too.
 * Memory   what a batch points to is valid during the call of on_batch only.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_APP_STREAM_H
#define WEIR_APP_STREAM_H

#include "base/base.h"
#include "base/err.h"
#include "event/event.h"
#include "detect/engine.h"
#include "detect/origin.h"
#include "event/extract.h"

/* Called with at least one event. Anything but WEIR_OK ends the stream with that code. */
typedef enum weir_rc stream_fn(void *context, const struct event *events, const uint64_t *numbers,
                               size_t n, struct weir_err *err);

struct stream_counts {
    uint64_t bytes, records, events; /* events: those that reached on_batch */
    uint64_t rejected[EVENT_REJECTS];
    struct event_ref first_rejected[EVENT_REJECTS];
};

/* Add what was counted later in the inputs. */
void stream_counts_add(struct stream_counts *to, const struct stream_counts *later);

struct stream;

/* `inputs`: by number, the fields @file, @topic and @partition. */
struct stream *stream_new(struct extract_worker *worker, const struct profile_set *profiles,
                          const struct origin_input *inputs, stream_fn *on_batch, void *context);
void stream_free(struct stream *s);

/* Bytes of one input in order, between begin and end. */
void stream_begin(struct stream *s, uint32_t input);
MUST_USE enum weir_rc stream_feed(struct stream *s, const char *p, size_t n, struct weir_err *err);
MUST_USE enum weir_rc stream_end(struct stream *s, struct weir_err *err);

/* Instead of bytes: records that someone else has split, from anywhere in an input. Counts and
 * numbers begin at 0. `record` is the number of the first one; is_inside: it goes on with a record
 * whose beginning went elsewhere, and members are counted from 0 again. */
void stream_begin_at(struct stream *s, uint32_t input, uint64_t record, bool is_inside);
/* What splitter_next() gave: `why` is EVENT_OK for a record. A newline follows the text, and both
 * stay until the flush. */
MUST_USE enum weir_rc stream_record(struct stream *s, struct str text, bool is_new,
                                    enum event_reject why, struct weir_err *err);
/* Instead of both: a record of a topic, which is one event, an array or an envelope. Its number is
 * its offset. Text and transport stay until the flush. */
struct stream_message {
    struct str text;
    struct str transport; /* packed key and headers (transport.h) that rules ask about */
    uint64_t offset;
    int64_t record_ms;     /* INT64_MIN: none */
    enum event_reject why; /* EVENT_OK, or there is no text */
};
MUST_USE enum weir_rc stream_message(struct stream *s, const struct stream_message *m,
                                     struct weir_err *err);
/* Hand on what waits for a full batch. */
MUST_USE enum weir_rc stream_flush(struct stream *s, struct weir_err *err);

/* Where the next event would be, but for a new record. */
struct event_ref stream_at(const struct stream *s);
/* Numbers given so far: events and rejected records. */
uint64_t stream_numbers(const struct stream *s);

const struct stream_counts *stream_counts(const struct stream *s);
/* Forget counts and numbers: for the next round of a benchmark. */
void stream_reset(struct stream *s);

#endif
