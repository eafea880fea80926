/* exact.h - whole texts by hash look-up: which number does this value have, if any?
 *
 * For `field equals text` and for numbers in their canonical spelling: a rule set has tens of
 * thousands of them, one look-up answers all of a field.
 *
 * Memory   built in an arena, immutable afterwards; texts are not copied.
 * Threads  shared by all.
 */
#ifndef WEIR_MATCH_EXACT_H
#define WEIR_MATCH_EXACT_H

#include "base/arena.h"
#include "base/base.h"

struct exact_table;

enum { EXACT_NONE = UINT32_MAX, EXACT_FOLDED_MAX = 64 };

struct exact_entry {
    struct str text; /* each text at most once */
    uint32_t id;
};

const struct exact_table *exact_new(struct arena *a, const struct exact_entry *entries, size_t n);

/* The id of the text, EXACT_NONE if it is not in the table. */
uint32_t exact_find(const struct exact_table *t, struct str text);

/* The same for a text of at most EXACT_FOLDED_MAX bytes after ASCII case folding (fold.h); false if
 * it has bytes beyond ASCII. */
bool exact_find_folded(const struct exact_table *t, struct str text, uint32_t *id);

#endif
