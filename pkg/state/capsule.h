/* capsule.h - what a window keeps of an event: enough to name and cite it when it is gone.
 *
 * A capsule has the event's reference and time and a few fields (the key's, those the rule names,
 * the profile's entities) with their values in clear: redaction is the alert writer's, for every
 * value that leaves. At most CAPSULE_BYTES packed; what did not fit is marked.
 *
 * The side part of a cell is a capsule book: the first CAPSULES_FIRST and the last CAPSULES_LAST
 * of its key, in order of (t, offset, index, partition, input), and how many came by. Which ones
 * are kept does not depend on the order in which they came, as long as memory is given.
 *
 * Foreign bytes  a damaged capsule is none; a damaged book is empty, and begins anew with the next
 *                capsule.
 *
 * Memory         packed into the caller's buffer; unpacked as slices of the bytes.
 */
#ifndef WEIR_STATE_CAPSULE_H
#define WEIR_STATE_CAPSULE_H

#include "base/base.h"
#include "base/buf.h"
#include "state/cell.h"

enum {
    CAPSULE_BYTES = 512,
    CAPSULE_FIELDS = 8,
    CAPSULE_VALUE_MAX = 128,
    CAPSULE_NAME_MAX = 64,   /* of a field, a profile */
    CAPSULE_INPUT_MAX = 160, /* of an input, a rule uid */
    CAPSULES_FIRST = 3,
    CAPSULES_LAST = 3
};

struct capsule_field {
    struct str name;  /* the event's field */
    struct str value; /* at most CAPSULE_VALUE_MAX, else it is cut when packed */
    bool is_cut;      /* of value: a secret may stand across the cut, the writer takes care */
};

struct capsule {
    struct str input; /* topic or file name */
    uint32_t partition;
    uint64_t offset; /* or record number */
    uint32_t index;
    int64_t t_ms;
    struct str profile; /* name; empty: unknown */
    struct str rule;    /* uid of the rule that the event matched */
    struct capsule_field fields[CAPSULE_FIELDS];
    uint32_t n_fields;
    bool is_cut; /* something did not fit */
};

/* More members of its record came before it than was known when it was packed. */
void capsule_add_index(char *packed, size_t n, uint32_t add);
/* Appends at most CAPSULE_BYTES: fields that do not fit as a whole are left out. */
void capsule_pack(const struct capsule *c, struct buf *out);

/* The same piece by piece, for who packs several capsules of one event: what they share is packed
 * once.
 *
 *     capsule_event_pack(&event, &c);                 once an event
 *     capsule_fields_add(&fields, name, value);       those that all capsules have
 *     capsule_open(&w, buf_reserve(out, CAPSULE_BYTES), &event, rule);
 *     capsule_put(&w, name, value);  capsule_put_range(&w, &fields, 0, n);
 *     out->n += capsule_close(&w);
 */
enum { CAPSULE_HEAD = 4 + 4 + 8 + 4 + 8 };

/* What does not depend on the rule; a plain value. */
struct capsule_event {
    uint32_t n;
    bool is_cut;
    char bytes[CAPSULE_HEAD + 1 + CAPSULE_INPUT_MAX + 1 + CAPSULE_NAME_MAX];
};

/* Fields as they stand in a capsule; begins as zeros; a plain value. */
struct capsule_fields {
    uint32_t n;
    uint8_t cuts;                  /* a bit each: its value is cut */
    uint16_t ends[CAPSULE_FIELDS]; /* in bytes */
    char bytes[CAPSULE_FIELDS * (2 + CAPSULE_NAME_MAX + CAPSULE_VALUE_MAX)];
};

struct capsule_writer {
    char *start, *to;
    uint8_t n_fields, cuts;
    bool is_cut;
};

/* Of c all but the rule and the fields. */
void capsule_event_pack(struct capsule_event *e, const struct capsule *c);
/* False: it is no field of a capsule (its name is too long), or there are CAPSULE_FIELDS. */
MUST_USE bool capsule_fields_add(struct capsule_fields *f, struct str name, struct str value);
/* `to` has room for CAPSULE_BYTES. */
void capsule_open(struct capsule_writer *w, char *to, const struct capsule_event *e,
                  struct str rule);
/* One more of at most CAPSULE_FIELDS. What does not fit as a whole is left out. */
void capsule_put(struct capsule_writer *w, struct str name, struct str value);
/* These from number `from` to before number `to`. False: they do not all fit, nothing happened. */
MUST_USE bool capsule_put_range(struct capsule_writer *w, const struct capsule_fields *f,
                                uint32_t from, uint32_t to);
/* Its bytes. */
size_t capsule_close(struct capsule_writer *w);

/* False: damaged. The texts are slices of `bytes`. */
MUST_USE bool capsule_unpack(struct str bytes, struct capsule *out);
/* Offset and index alone. */
MUST_USE bool capsule_place(struct str bytes, uint64_t *offset, uint32_t *index);

/* Note one capsule in the side part; the same event twice is kept once. When memory is refused it
 * is counted at most. No bytes, or more than CAPSULE_BYTES: nothing happens. `packed` is not part
 * of the side. */
void capsule_book_add(struct cell *c, int64_t t_ms, struct str packed);

/* A capsule at t_ms would not stay in the book: it lies between the first and the last ones, or
 * behind the first ones and CAPSULES_LAST more are sure to come behind it (is_followed). Then it is
 * counted as if it had been noted. False: nothing happened, it must be noted. */
MUST_USE bool capsule_book_pass(struct cell *c, int64_t t_ms, bool is_followed);
/* Note one that passed after all: somebody asks before those behind it have come. Not counted
 * again. */
void capsule_book_recall(struct cell *c, int64_t t_ms, struct str packed);

/* Forget what is older than before_ms: a window has moved on. What came by counts from what is
 * left. */
void capsule_book_trim(struct cell *c, int64_t before_ms);

/* All that the side part has, oldest first: at most CAPSULES_FIRST + CAPSULES_LAST packed
 * capsules (`out` has room for them); *seen: how many came by (an event that came again after it
 * was let go counts again). Slices of the side part. */
size_t capsule_book_list(const struct cell_part *side, struct str *out, uint64_t *seen);

#endif
