/* extractor.h - what an extractor is compiled to: between extractor.c, which builds it, and
 * extract.c, which runs it.
 *
 * Slots      every wanted JSON path has a slot; slot 0 is that of all string leaves.
 * Entries    for each profile, first[slot] leads to the entries that say what a hit in the slot is
 *            there: a value of a field, a probe (a value that the extractor itself wants to
 *            know: inputs of the logsource, times), or a text that may be JSON itself.
 * Sources    a field has ordered sources: its paths, each first as a flat key and then nested. A
 *            source is numbered path * 2 + nested; the lowest with a value other than null
 *            wins, else the lowest at all. A field that is called like a path has that as its own
 *            path; the others are its rivals. Dotted names only: they are most fields, and
 *            their rivals are rare.
 * Markers    tests on paths that recognise profiles; each has a bit, and a profile is a few masks.
 */
#ifndef WEIR_EVENT_EXTRACTOR_H
#define WEIR_EVENT_EXTRACTOR_H

#include "event/extract.h"
#include "event/profile_impl.h"

enum {
    MARKER_WORDS = MARKER_TESTS_MAX / 64,
    PROBES_MAX = SOURCE_INPUTS_MAX + TIME_PATHS_MAX, /* of one profile: inputs, then times */
    LEAVES_SLOT = FIELD_ANY
};

enum entry_kind { ENTRY_VALUE, ENTRY_PROBE, ENTRY_EMBEDDED };

/* Marks a slot that has one entry only, a sole value without a map. */
#define PLAIN_FIELD 0x80000000u
/* Marks a slot whose only entry is that of an own path, without a map (is_own). */
#define OWN_PATH 0x40000000u

/* Twelve bytes, since an event's are all over the table. */
struct entry {
    uint32_t target;         /* field, or index of the probe */
    uint16_t source;         /* path * 2 */
    uint16_t treatment;      /* of texts: index into the reader's treatments; 0: as they are */
    uint8_t nested_step;     /* what a nested hit adds to the source: 1, but 0 for leaves */
    uint8_t kind;            /* enum entry_kind */
    uint8_t is_sole : 1,     /* no other source can compete: no ranking needed */
        is_own : 1,          /* the path is the field's own name: mostly nothing competes */
        is_rival : 1,        /* another path of a field that has its own */
        is_last : 1,         /* of its slot */
        is_plain_own : 1,    /* a value as it is, by the field's own path */
        is_plain_ranked : 1; /* a value as it is, of a field without own path, to be ranked */
};

/* What is done with texts: first derived, then mapped. Either may be NULL. */
struct treatment {
    const struct derive *derive;
    const struct value_map *map;
};

/* Which events are of a profile: one alternative. */
struct marker_masks {
    uint64_t all[MARKER_WORDS], none[MARKER_WORDS];
    uint64_t any[MARKER_WORDS], any_absent[MARKER_WORDS];
    bool has_any;
};

struct constant_value {
    uint32_t field;
    struct str value;
};

struct joined_field {
    uint32_t field;
    struct str with;
};

/* How events of one profile are read. */
struct reader {
    const struct profile *profile; /* the fallback for the events of no profile */
    bool is_fallback;
    const struct marker_masks *masks; /* one of these has to hold */
    size_t n_masks;
    const uint32_t *first;              /* per slot: index into entries, 0: not wanted here, with
                                           OWN_PATH perhaps; or the field + PLAIN_FIELD */
    const struct entry *entries;        /* entries[0] is not used */
    const struct treatment *treatments; /* treatments[0] is none */
    uint32_t values_per_hit;            /* at most */
    const struct constant_value *fixed; /* fields that every event of the profile has */
    size_t n_fixed;
    const struct joined_field *joins;
    size_t n_joins;
    uint32_t n_inputs, n_times;           /* probes */
    struct str inputs[SOURCE_INPUTS_MAX]; /* where a constant stands for the event's value */
};

struct marker_value_test {
    uint32_t bit;
    uint64_t lengths; /* marker_length() of its values: most texts are of no such length */
    struct str_list values;
};

static inline uint64_t marker_length(size_t n)
{
    return (uint64_t)1 << (n % 64);
}

/* What to do when a marker path is met. */
struct marker {
    bool has_exists;
    uint32_t exists_bit;
    uint64_t lengths; /* of all its tests */
    const struct marker_value_test *tests;
    size_t n_tests;
};

struct extractor {
    const struct json_paths *paths;
    const struct field_table *fields;
    uint32_t n_fields, n_slots;
    const struct reader *readers; /* in trying order, the fallback last */
    uint32_t n_readers;
    const struct reader *pinned;  /* NULL: classify */
    const struct marker *markers; /* of slots 1 to n_markers, in their order */
    uint32_t n_markers;
    const struct constant_value *constants;
    size_t n_constants;
    bool has_leaves; /* somebody may want them */
    bool no_memo;
};

#endif
