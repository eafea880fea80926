/* value_cache.h - what the vector stages found in a value, remembered beyond the event.
 *
 * Real telemetry repeats itself: the same images, users, command lines. The key is the field and
 * the value's bytes as they stand in the record, so a hit saves unescaping, folding, look-ups and
 * the scan. What is remembered is a pure function of key and net: a cache can never change an
 * answer, and `--no-cache` switches it off.
 *
 * Admission  a value is taken in when it is met for the second time (a small filter remembers
 *            the first), so that a stream of unique values does not wash the cache out.
 * Bounds     VALUE_CACHE_BYTES of stored values, VALUE_CACHE_SLOTS entries, values up to
 *            VALUE_CACHE_VALUE_MAX bytes with at most VALUE_CACHE_FOUND_MAX finds. When full it
 *            is emptied and starts anew (counted).
 * Memory     taken at start, nothing later.
 * Threads    belongs to one matcher.
 */
#ifndef WEIR_MATCH_VALUE_CACHE_H
#define WEIR_MATCH_VALUE_CACHE_H

#include "base/base.h"

enum {
    VALUE_CACHE_BYTES = 1024 * 1024,
    VALUE_CACHE_SLOTS = 1 << 13,
    VALUE_CACHE_VALUE_MAX = 1024,
    VALUE_CACHE_FOUND_MAX = 256
};

struct value_cache;

struct value_key {
    struct str raw; /* as in the record */
    uint32_t field;
    uint8_t kind, flags;
};

struct value_found {
    const uint32_t *all; /* as tables tell (net.h) */
    uint32_t n;
};

struct value_cache *value_cache_new(void);
void value_cache_free(struct value_cache *c);

/* True on a hit. On a miss *wants says whether the value should be put. */
bool value_cache_find(struct value_cache *c, const struct value_key *key, struct value_found *out,
                      bool *wants);

/* Remember. Values beyond the bounds are left out. */
void value_cache_put(struct value_cache *c, const struct value_key *key, const uint32_t *found,
                     uint32_t n);

struct value_cache_stats {
    uint64_t hits, misses, resets;
};
struct value_cache_stats value_cache_stats(const struct value_cache *c);

#endif
