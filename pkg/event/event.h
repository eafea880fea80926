/* event.h - one event as the matcher sees it: where it came from, what shape it has, and
 * the values of the fields that somebody wants.
 *
 * A record (a line, a Kafka message) holds one event, or several in an envelope or array.
 * The event never becomes a tree on the event path: values are slices of the record.
 *
 * Memory   slices point into the record or the extract worker's batch memory; both stay
 *          until extract_batch_reset().
 */
#ifndef WEIR_EVENT_EVENT_H
#define WEIR_EVENT_EVENT_H

#include "base/base.h"
#include "json/scan.h"

/* Identity of an event: all references use it. */
struct event_ref {
    uint32_t input;  /* index of the input (file, partition) */
    uint32_t index;  /* position after unwrapping an envelope or array, 0 otherwise */
    uint64_t record; /* record number in the input, or Kafka offset */
};

struct event_value {
    const char *p; /* as json_hit: still escaped if JSON_ESCAPED is set */
    uint32_t n;
    uint32_t field; /* number in the plan's field_table */
    uint8_t kind;   /* enum json_kind */
    uint8_t flags;  /* JSON_ESCAPED */
};

struct event {
    struct event_ref ref;
    /* The bytes of this event alone: after unwrapping, and with texts that are JSON themselves put
     * in place as JSON (profiles say where). */
    struct str record;
    uint32_t shape; /* number in the worker's shape table */
    /* No rule would find anything in the string leaves (extract_filter_leaves()): what values has
     * of FIELD_ANY means nothing. */
    bool has_no_leaves;
    uint32_t n_values;
    const struct event_value *values; /* several of one field are its members, in document order */
    /* The first of the profile's times that parses; else the first that is there, as it is. */
    struct str time_text; /* empty: the event has none */
    int64_t time_ms;      /* since 1970 UTC, if has_time */
    uint8_t time_rule;    /* which of the profile's time paths it is */
    bool has_time;
    int64_t record_ms; /* of the record by its transport; INT64_MIN: none, and so by extraction */
    struct str transport; /* what else came with the record and rules ask about (transport.h) */
};

/* When it happened, for atoms about time; INT64_MIN: it has no time at all. */
static inline int64_t event_at_ms(const struct event *e)
{
    return e->has_time ? e->time_ms : e->record_ms;
}

/* Why a record gave no event. Append only: the order is part of metrics. */
enum event_reject {
    EVENT_OK,
    EVENT_NOT_JSON,   /* bad syntax */
    EVENT_NOT_OBJECT, /* JSON, but no object (nor an array of objects) */
    EVENT_TRUNCATED,  /* the input ends inside the document */
    EVENT_TOO_LARGE,
    EVENT_TOO_DEEP,
    EVENT_TOO_MANY_KEYS,
    EVENT_TOO_MANY_VALUES,
    EVENT_EMPTY_ENVELOPE, /* an envelope or array without a single event */
    EVENT_TOMBSTONE,      /* a Kafka record without a value */
    EVENT_REJECTS
};

const char *event_reject_name(enum event_reject reason);
enum event_reject event_reject_of(enum json_reason reason);

#endif
