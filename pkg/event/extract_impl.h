/* extract_impl.h - the inside of an extract worker: for the extract_*.c files alone.
 *
 * One event's way: extract.c scans it, extract_profile.c says by which profile it is read,
 * extract_embedded.c puts texts that are JSON in place, extract_value.c makes values of hits, and
 * extract_shape.c finds the number of its shape. Each of them keeps what it knows of the event in
 * the worker, until the next one.
 */
#ifndef WEIR_EVENT_EXTRACT_IMPL_H
#define WEIR_EVENT_EXTRACT_IMPL_H

#include "event/extractor.h"

enum {
    PROFILE_CACHE = 64,     /* marker bits -> profile */
    SHAPE_CACHE = 1024,     /* profile and logsource inputs -> shape */
    SHAPE_KEY_MAX = 200,    /* longer inputs are worked out each time */
    EMBEDDED_TEXTS_MAX = 16 /* of a record; the rest stays text */
};

/* How a path is written: as one key, or as objects in objects. */
enum { FORM_FLAT = 1, FORM_NESTED = 2 };

/* The best source of a field in the event of that number. */
struct best {
    uint32_t epoch;
    uint16_t rank;
    bool is_alone; /* the field has one value so far */
    uint32_t at;   /* where it is */
};

/* A value that the extractor itself asks for: the first scalar of the best source. */
struct probe {
    uint16_t rank;
    bool has_value;
    uint8_t flags;
    struct str text;
};

struct profile_slot {
    uint64_t seen[MARKER_WORDS];
    uint32_t reader; /* index + 1; 0: free */
};

struct shape_slot {
    uint32_t n; /* bytes of key; 0: free */
    uint32_t shape;
    char key[SHAPE_KEY_MAX];
};

struct extract_worker {
    const struct extractor *x;
    struct json_scanner *scanner;
    struct arena *batch; /* values of the events handed out */
    struct arena *kept;  /* texts of shapes */

    struct event_value *values; /* of the event being read, in batch memory */
    uint16_t *sources;          /* where values[i] came from, if it was ranked */
    uint32_t n_values;
    size_t values_cap, sources_cap;
    const struct treatment *treatments; /* of the profile's reader */
    bool has_conflict;                  /* some value has lost to a better source */
    bool ranks_all;    /* something may compete with own paths: they are ranked, too */
    unsigned forms;    /* of own paths met: FORM_FLAT, FORM_NESTED; both if a rival was */
    struct best *best; /* per field */
    uint32_t epoch;
    struct probe probes[PROBES_MAX];
    struct str embedded[EMBEDDED_TEXTS_MAX]; /* slices of the record that may be JSON */
    uint32_t n_embedded;
    size_t n_hits_left; /* room that the hits from the current one on may need */

    struct constant_value pseudo[PSEUDO_FIELDS_MAX];
    size_t n_pseudo;
    struct str transport; /* of the record at hand */

    struct shape shapes[SHAPES_MAX];
    struct {
        const struct reader *reader; /* NULL: nothing is remembered */
        uint32_t shape, n;
        char key[SHAPE_KEY_MAX];
    } last;                     /* the last event's source */
    bool no_leaves[SHAPES_MAX]; /* nobody asks about keywords of this shape */
    struct {
        extract_leaves_fn *fn; /* NULL: always */
        const void *context;
    } leaves_filter[SHAPES_MAX];
    bool leaves_guess;         /* the next event will want its leaves */
    uint32_t n_wanting_always; /* shapes that were said to want leaves, and have no filter */
    uint32_t n_shapes;
    uint64_t n_overflowed;
    struct profile_slot profile_cache[PROFILE_CACHE];
    struct shape_slot shape_cache[SHAPE_CACHE];
};

static inline bool extract_is_scalar(uint8_t kind)
{
    return kind == JSON_STRING || kind == JSON_NUMBER || kind == JSON_TRUE || kind == JSON_FALSE;
}

/* The text without escapes and invalid bytes; in batch memory if there were any. */
struct str extract_plain_text(struct extract_worker *w, struct str text, uint8_t flags);

/* Which profile's reader is for the record of these hits. */
const struct reader *extract_recognise(struct extract_worker *w, const struct json_hit *hits,
                                       size_t n);

/* Room for the sources of n values of an event. */
void extract_sources_grow(struct extract_worker *w, size_t n);
/* w->values, w->probes and w->embedded of the hits. */
void extract_read_values(struct extract_worker *w, const struct reader *r,
                         const struct json_hit *hits, size_t n);
/* What is no value of the record: joined texts, constants, pseudo-fields, the transport's. */
void extract_add_values(struct extract_worker *w, const struct reader *r);

/* By the probes. */
uint32_t extract_find_shape(struct extract_worker *w, const struct reader *r);

/* The record with the documents in place of the texts that hold them; the same if there are none.
 * Texts are in document order, each between its quotes. */
struct str extract_put_in_place(struct extract_worker *w, struct str record);

#endif
