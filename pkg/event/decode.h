/* decode.h - from the bytes of an input to records, and from records to single events.
 *
 * Inputs are NDJSON (one document a line), documents that follow each other in any layout
 * (concatenated, pretty-printed), or arrays of documents. A record may hold several events: an
 * array, or an envelope that a profile declares (`envelope: records`).
 *
 * The splitter is fed blocks of bytes as they are read and gives back whole records. A line
 * that is no JSON is one bad record of that line alone; the next line is unharmed.
 *
 * Memory   a splitter keeps what is not whole yet, at most JSON_RECORD_MAX and a block.
 * Threads  a splitter belongs to one thread.
 */
#ifndef WEIR_EVENT_DECODE_H
#define WEIR_EVENT_DECODE_H

#include "base/arena.h"
#include "base/base.h"
#include "event/event.h"
#include "event/profile.h"

struct splitter;

struct splitter *splitter_new(void);
void splitter_free(struct splitter *s);

/* Give n more bytes; they are copied. */
void splitter_feed(struct splitter *s, const char *p, size_t n);
/* No more bytes will come: what is left is the last record. */
void splitter_end(struct splitter *s);

/* What lies at the next record, if that may begin where a line does and nothing is known of it yet;
 * else empty. splitter_took(): it was a record of n bytes and is done with. The slice is valid
 * as those of splitter_next(). */
struct str splitter_rest(struct splitter *s);
void splitter_took(struct splitter *s, size_t n);

/* True if nothing is left of what it was fed, and what comes next begins where a line does: those
 * who can may then read lines from their own memory and feed only the rest. */
bool splitter_is_idle(struct splitter *s);

enum splitter_result { SPLIT_RECORD, SPLIT_BAD, SPLIT_NEED_MORE, SPLIT_END };

/* The next record. SPLIT_RECORD: *record is one JSON document, or one NDJSON line as it stands
 * (not yet validated). SPLIT_BAD: *record is text that is no document, *reason says why. Slices
 * are valid until splitter_feed(). Members of a top-level array spread over many lines are records
 * of their own with `index` counting from 0 and the record number of the array. */
enum splitter_result splitter_next(struct splitter *s, struct str *record, uint32_t *index,
                                   bool *is_new_record, enum event_reject *reason);

/* Would decode_record() take this object apart? */
bool decode_is_envelope(const struct profile_set *profiles, struct str record);

/* Unwrap a record that is an array or a declared envelope: calls fn for each member in order.
 * A plain event: fn once with the record itself and index 0. Returns why not, if nothing could be
 * unwrapped. */
enum event_reject decode_record(struct arena *a, const struct profile_set *profiles,
                                struct str record,
                                void (*fn)(void *context, struct str event, uint32_t index),
                                void *context);

#endif
