/* lookup_impl.h - values at a path of an event's tree, for the lookup_*.c files. */
#ifndef WEIR_EVENT_LOOKUP_IMPL_H
#define WEIR_EVENT_LOOKUP_IMPL_H

#include "event/lookup.h"

struct found {
    struct field_value value;
    bool is_flat; /* the whole path was one key of the root */
};

struct found_list {
    struct arena *arena;
    struct found *items;
    size_t n, cap;
};

void lookup_add(struct found_list *list, enum json_kind kind, struct str text, bool is_flat);
/* What stands at the end of a path: members of arrays one by one. */
void lookup_add_node(struct found_list *list, const struct json_node *node, bool is_flat);
/* All values at a path, in document order. */
struct found_list lookup_path(struct arena *a, const struct json_node *root, struct str path);

/* root.field */
struct str lookup_below(struct arena *a, struct str root, struct str field);

#endif
