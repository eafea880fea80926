/* capsule.h - what a window keeps of an event: enough to name and cite it when it is gone.
 *
 * A capsule has the event's reference and time and a few fields (the key's, those the rule names,
 * the profile's entities) with their values in clear: redaction is the alert writer's, for every
 * value that leaves. At most CAPSULE_BYTES packed; what did not fit is marked.
 *
 * The side part of a cell is a capsule book: the first CAPSULES_FIRST and the last CAPSULES_LAST
 * of its key, and how many came by.
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
    CAPSULES_FIRST = 3,
    CAPSULES_LAST = 3
};

struct capsule_field {
    struct str name;  /* the event's field */
    struct str value; /* cut to CAPSULE_VALUE_MAX */
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

void capsule_pack(const struct capsule *c, struct buf *out);
/* False: damaged. The texts are slices of `bytes`. */
MUST_USE bool capsule_unpack(struct str bytes, struct capsule *out);

/* Note one capsule in the side part, in order of (t, offset); the same event twice is kept once.
 * Does nothing when memory is refused. */
void capsule_book_add(struct cell *c, int64_t t_ms, struct str packed);

/* All that the side part has, oldest first: at most CAPSULES_FIRST + CAPSULES_LAST packed
 * capsules; *seen: how many came by. Slices of the side part. */
size_t capsule_book_list(const struct cell_part *side, struct str *out, uint64_t *seen);

#endif
