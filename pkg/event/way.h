/* way.h - the fields that alerts read of every event, quickly: for pkg/event alone.
 *
 * event_lookup() starts anew with each field: what the profile says of it, then a walk through the
 * tree. What the profile says is worked out once here, when profiles load, and the keys of an
 * event's root are filed once, so that a field which is one scalar member of the root is found at
 * once. All else (nested paths that may lead on, arrays, derived values, constants) is left to
 * event_lookup(), which this must equal.
 */
#ifndef WEIR_EVENT_WAY_H
#define WEIR_EVENT_WAY_H

#include "event/lookup.h"
#include "event/profile_impl.h"

/* A path's beginning before one of its dots: a root may have it for a key. */
struct way_head {
    uint32_t n, slot; /* bytes of the path; as below */
};

struct way_source {
    struct str path;
    uint32_t slot; /* of the whole path among the keys of a root */
    bool is_derived;
    const struct way_head *heads;
    size_t n_heads;
};

struct field_way {
    struct str field;
    bool is_asked; /* always event_lookup()'s */
    const struct value_map *map;
    const struct way_source *sources;
    size_t n_sources;
    uint64_t slots[ROOT_SLOTS / 64]; /* of the field, of its paths and of their beginnings */
};

/* Work out the ways of a profile's entities and evidence; the profile is complete otherwise. */
void profile_find_ways(struct arena *a, struct profile *p);

/* File the keys of the root; more than ROOT_KEYS_MAX are not filed. */
void event_tree_file_root(struct event_tree *t);

enum way_answer { WAY_NOTHING, WAY_ONE, WAY_ASK };

/* Quick, for most fields that an event does not have: way_value() has nothing. */
static inline bool way_leads_nowhere(const struct event_tree *t, const struct field_way *way)
{
    uint64_t shared = 0;

    for (size_t i = 0; i < ROOT_SLOTS / 64; i++)
        shared |= way->slots[i] & t->filed_at[i];
    return t->is_filed && !way->is_asked && !shared;
}

/* The field's only value, a scalar; nothing; or: ask event_lookup(). */
enum way_answer way_value(const struct event_tree *t, const struct field_way *way,
                          struct field_value *out);

#endif
