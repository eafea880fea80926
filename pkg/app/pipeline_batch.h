/* pipeline_batch.h - what goes from thread to thread in a pipeline: records one way, matched
 * events the other. Both are used again and again; one that had to hold something huge lets go
 * of it. Private to pipeline.c. */
#ifndef WEIR_APP_PIPELINE_BATCH_H
#define WEIR_APP_PIPELINE_BATCH_H

#include "app/emit.h"
#include "app/stream.h"
#include "base/buf.h"

/* Whole records of one input, one behind the other. */
struct record_batch {
    uint32_t input;
    uint64_t first; /* number of the first record */
    bool is_inside; /* the first one goes on with the last record of the batch before */
    bool is_topic;  /* pieces are messages */
    struct buf bytes;
    struct record_piece *pieces;
    size_t n, cap;
};

struct record_piece {
    size_t from, n;     /* in bytes */
    size_t transport_n; /* behind them */
    bool is_new;
    enum event_reject why; /* EVENT_OK: a record */
    /* Of a message: */
    uint64_t offset;
    int64_t record_ms;
};

void record_batch_begin(struct record_batch *b, uint32_t input, uint64_t first, bool is_inside);
void record_batch_add(struct record_batch *b, struct str text, bool is_new, enum event_reject why);
void record_batch_add_message(struct record_batch *b, const struct stream_message *m);
struct stream_message record_batch_message(const struct record_batch *b, size_t i);
bool record_batch_is_full(const struct record_batch *b);
void record_batch_release(struct record_batch *b);

/* What came of a record batch, or of a part of it if there is very much. */
struct match_batch {
    struct buf bytes; /* the matched events' */
    struct matched_event *events;
    size_t n, cap;
    struct engine_match *matches;
    size_t n_matches, cap_matches;

    uint32_t input;
    struct time_mark *marks; /* see mark_fn in pick.h */
    size_t n_marks, cap_marks;

    bool is_last; /* of its record batch; what follows is told then only */
    uint64_t
        n_numbers; /* events and rejected records: the next batch's numbers begin behind them */
    struct stream_counts counts;
    uint64_t time_standins, time_clamped;

    /* The record that began in an earlier batch, if is_inside: members count on from there. */
    uint64_t first;
    bool is_inside;
    struct event_ref at; /* stream_at() of the end */
};

struct matched_event {
    struct event_ref ref;
    const struct profile *profile;
    uint64_t number; /* from 0 in each record batch, like ref.index in its first record */
    int64_t time_ms;
    bool time_is_standin;
    size_t from, n;                /* in bytes: the record */
    size_t transport_n;            /* behind it: what else came with the record */
    size_t gathered_n;             /* and then: operations on state */
    size_t first_match, n_matches; /* in matches */
};

struct time_mark {
    const struct profile *profile;
    int64_t t_ms;
    size_t before; /* so many matched events came before it */
};

void match_batch_begin(struct match_batch *b, uint32_t input, uint64_t first, bool is_inside);
void match_batch_add(struct match_batch *b, const struct picked *e);
void match_batch_mark(struct match_batch *b, const struct profile *profile, int64_t t_ms);
bool match_batch_is_full(const struct match_batch *b);
void match_batch_release(struct match_batch *b);

#endif
