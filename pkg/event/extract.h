/* extract.h - from the bytes of a record to an event: recognise its shape and slice out the
 * wanted fields. The fast path; lookup.h is the slow and obvious one that it must equal.
 *
 * An extractor is compiled once per rule set: all wanted paths of all profiles in one trie,
 * the classifier, and for each profile which path is which field. A worker is the
 * per-thread part: scanner, shapes met so far, batch memory.
 *
 * Shapes   a shape is a profile plus the logsource facts of an event; routing is decided
 *          once per shape. Shapes are numbered from 0 in the order met; past SHAPES_MAX events
 *          of new combinations get the last shape, which is unknown in everything (counted).
 * Memory   the extractor lives in the arena given. A worker's batch memory grows until it has
 *          met its largest batch, then stays.
 * Threads  the extractor is immutable and shared; a worker belongs to one thread.
 */
#ifndef WEIR_EVENT_EXTRACT_H
#define WEIR_EVENT_EXTRACT_H

#include "base/arena.h"
#include "base/base.h"
#include "event/event.h"
#include "event/field.h"
#include "event/profile.h"

enum { SHAPES_MAX = 512, PSEUDO_FIELDS_MAX = 64 };

struct shape {
    const struct profile *profile; /* NULL: no profile recognised the event */
    struct logsource_facts facts;
};

/* A constant field of every event of an input (--set, labels), or a pseudo-field (@file). */
struct constant_field {
    struct str name, value;
};

struct extractor;
struct extract_worker;

struct extract_options {
    const struct profile *pinned;           /* NULL: classify */
    const struct constant_field *constants; /* --set: they win over the event's own field */
    size_t n_constants;
    bool no_memo; /* remember nothing of one event for the next; the events are the same */
};

/* Compile for the fields interned in `fields` (FIELD_ANY included: string leaves are collected when
 * wants_leaves). */
const struct extractor *extractor_new(struct arena *a, const struct profile_set *profiles,
                                      const struct field_table *fields, bool wants_leaves,
                                      const struct extract_options *options);

/* Fields whose values are the same bytes of a record in some profile, since one path is theirs: in
 * an event of that profile their values stand one behind the other, in this order. At least two;
 * a value may come without some of them, or with others between. Each set once. */
struct shared_path {
    const uint32_t *fields;
    uint32_t n;
};

/* Returns how many; *out in the arena. */
size_t extractor_shared_paths(const struct extractor *x, struct arena *a,
                              const struct shared_path **out);

struct extract_worker *extract_worker_new(const struct extractor *x);
void extract_worker_free(struct extract_worker *w);

/* The pseudo-fields of the input (@file, @topic, @partition) of the events that follow, until the
 * next call. The slices must stay valid as long as the events do; the array may go. At most
 * PSEUDO_FIELDS_MAX; names that no rule asks about cost nothing. */
void extract_set_pseudo_fields(struct extract_worker *w, const struct constant_field *fields,
                               size_t n);
/* Key and headers of the record whose events follow, packed (transport.h), until the next call. The
 * bytes must stay valid as long as the events do. */
void extract_set_transport(struct extract_worker *w, struct str packed);

/* Does any rule that sees events of this shape ask about keywords? If not, its events come
 * without their string leaves (yes is assumed until told). The values of FIELD_ANY that an event
 * has nevertheless mean nothing. */
void extract_want_leaves(struct extract_worker *w, uint32_t shape, bool wants);

/* Asked of each event of a shape that wants leaves: could a rule find anything in those of this
 * record? If not, the event comes without them (has_no_leaves). */
typedef bool extract_leaves_fn(const void *context, struct str record);
void extract_filter_leaves(struct extract_worker *w, uint32_t shape, extract_leaves_fn *fn,
                           const void *context);

/* One event (one JSON object). The event's slices stay valid until extract_batch_reset(). */
MUST_USE enum event_reject extract_event(struct extract_worker *w, struct str record,
                                         struct event_ref ref, struct event *out);

/* The event of the line that a text begins with, in one go, if that line (with its newline) is
 * plainly one event and no envelope; false: nothing is said, the text must be split and decoded.
 * out->record is the line without blanks around it. Where it says true, splitter, decode_record()
 * and extract_event() would have led to the same event. */
MUST_USE bool extract_line(struct extract_worker *w, const struct profile_set *profiles,
                           struct str text, struct event_ref ref, struct event *out);

/* The event of a whole record (a Kafka message) in one go, if that plainly is one event and no
 * envelope; false: nothing is said, decode_record() must take it apart. Where it says true,
 * decode_record() and extract_event() would have led to the same event. */
MUST_USE bool extract_whole(struct extract_worker *w, const struct profile_set *profiles,
                            struct str record, struct event_ref ref, struct event *out);

/* Forget all events handed out since the last reset. */
void extract_batch_reset(struct extract_worker *w);

uint32_t extract_shape_count(const struct extract_worker *w);
const struct shape *extract_shape(const struct extract_worker *w, uint32_t shape);
/* Events that met a full shape table. */
uint64_t extract_shapes_overflowed(const struct extract_worker *w);

/* Event time in milliseconds since 1970 UTC by the profile's time rules; false if the event
 * has none that parses. */
bool extract_time_ms(const struct extract_worker *w, const struct event *e, int64_t *ms);

#endif
