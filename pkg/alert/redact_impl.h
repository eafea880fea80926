/* redact_impl.h - the inside of a redactor. For pkg/alert/redact*.c alone.
 *
 *     redact.c        values and records, shown without what is secret
 *     redact_place.c  the event at hand is walked once: secrets that their place gives away
 *     redact_span.c   secrets that a text itself gives away, as it stands and decoded
 */
#ifndef WEIR_ALERT_REDACT_IMPL_H
#define WEIR_ALERT_REDACT_IMPL_H

#include "alert/redact.h"
#include "alert/secrets.h"
#include "base/buf.h"

enum {
    SPANS_MAX = 4096, /* in one text; a text with more is not shown at all */
    SEARCHED_SLOTS = 256
};

/* A text of the event that was searched, and its spans. It stays where it is as long as the event.
 */
struct searched {
    const char *p;
    uint32_t n;
    uint32_t event; /* n_events of then */
    const struct secret_span *spans;
    size_t n_spans;
};

struct known {
    struct str value;
    const char *kind;
    enum profile_redact how; /* REDACT_NONE: found by place, not by the profile */
};

struct view {
    struct buf text;
    uint32_t *map; /* map[i]: where byte i came from; one more for the end */
    size_t map_cap;
};

/* What is known of a JSON key, whatever the event: they come again with every record. */
enum { KEYS_KNOWN = 256, KEY_BYTES_MAX = 47 };
struct known_key {
    char text[KEY_BYTES_MAX];
    uint8_t n; /* 0: free */
    bool has_secret;
    bool is_telling; /* secret_name() */
};

struct redactor {
    struct digest *digest;
    struct known_key keys[KEYS_KNOWN];
    struct view views[2]; /* each round decodes one into the other */
    struct secret_span *spans;
    size_t n_spans, spans_cap;
    struct buf out;

    /* the event at hand */
    struct arena *arena;
    const struct event_tree *event; /* NULL: fields that were kept of several */
    const struct profile *profile;  /* of the field at hand; NULL: unknown */
    struct known *known;
    size_t n_known, n_event_known; /* the event's own come first */
    bool is_overflowed, has_hit, is_event_overflowed;
    struct searched searched[SEARCHED_SLOTS]; /* by address */
    uint32_t n_events;
    struct str record; /* that the event was made of; empty: unknown */
    struct secret_places places;
    bool is_flooded; /* the text at hand has more than SPANS_MAX spans */
};

/* ---- spans of a text (redact_span.c): r->spans and r->is_flooded ----------------------------- */

/* All spans of the text in all views, instead of those that were there. */
void redact_find(struct redactor *r, struct str text);
void redact_add_span(struct redactor *r, struct secret_span span);
/* Sorted, without overlap. */
void redact_join(struct redactor *r);
/* The text with its spans replaced, in that arena. */
struct str redact_replace(struct redactor *r, struct arena *a, struct str text);

/* ---- the event at hand (redact_place.c) -------------------------------------------------------
 */

static inline struct searched *redact_searched_slot(struct redactor *r, struct str text)
{
    uint64_t hash = (uint64_t)(uintptr_t)text.p * 0x9E3779B97F4A7C15ull;

    return &r->searched[(hash >> 32) % SEARCHED_SLOTS];
}

/* What was found in the event's own text; NULL: it was not searched, or that was forgotten. */
static inline const struct searched *redact_searched(struct redactor *r, struct str text)
{
    const struct searched *s = redact_searched_slot(r, text);

    return s->p == text.p && s->n == text.n && s->event == r->n_events ? s : NULL;
}

/* What is known of a JSON key. space: for one that is too long to be kept. */
const struct known_key *redact_key(struct redactor *r, struct str key, struct known_key *space);

#endif
