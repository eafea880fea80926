/* literal_anchor.c - literals at the start or the end of a value, or all of it.
 *
 * They need no scan: the first (last) bytes of a value are hashed and looked up. A literal
 * is filed under its first (last) 1 to 8, 16 or 32 bytes, whichever is the most that it
 * has; a value is asked once per such length that occurs in the set. Long keys keep apart
 * what begins alike, as paths do. A whole literal is filed under its length, first and
 * last bytes.
 */
#include "match/literal_set.h"

static const uint8_t CLASS_BYTES[ANCHOR_CLASSES] = {1, 2, 3, 4, 5, 6, 7, 8, 16, 32};

unsigned anchor_class(size_t n)
{
    unsigned c = ANCHOR_CLASSES - 1;

    while (CLASS_BYTES[c] > n)
        c--;
    return c;
}

static inline uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ (h >> 29);
}

/* n is a class length: 1 to 7, or a multiple of 8. Reads CHECK_BYTES at least. */
static inline uint64_t bytes_key(const char *p, size_t n, uint64_t seed)
{
    uint64_t h = seed;

    if (n < CHECK_BYTES)
        return mix(mix(h, low_bytes(load64(p), n)), n) * UINT64_C(0xff51afd7ed558ccd);
    for (size_t i = 0; i < n; i += CHECK_BYTES)
        h = mix(h, load64(p + i));
    return mix(h, n) * UINT64_C(0xff51afd7ed558ccd);
}

uint64_t anchor_key(const char *p, size_t n, enum literal_where where)
{
    size_t length = CLASS_BYTES[anchor_class(n)];

    if (where == LITERAL_WHOLE)
        return bytes_key(p, length, bytes_key(p + n - length, length, where + 8 * n));
    return bytes_key(where == LITERAL_AT_END ? p + n - length : p, length, where);
}

static void verify_key(const struct literal_set *set, const struct literal_value *v, uint64_t key,
                       struct literal_hits *hits)
{
    const struct anchor_table *t = &set->anchors;
    uint64_t mask = UINT64_MAX >> t->shift;
    uint64_t i = key >> t->shift;

    while (t->slots[i].entry != 0 && t->slots[i].key != key)
        i = (i + 1) & mask;
    if (t->slots[i].entry == 0)
        return;
    for (const struct literal_entry *e = &set->entries[t->slots[i].entry - 1];; e++) {
        bool fits = e->where == LITERAL_WHOLE ? e->n == v->n : e->n <= v->n;
        const char *start = e->where == LITERAL_AT_END ? v->p + v->n - e->n : v->p;
        if (fits && entry_is_at(e, start))
            hits_add(hits, v->tag, e->id);
        if (e->is_last)
            return;
    }
}

void literal_verify_anchored(const struct literal_set *set, const struct literal_value *v,
                             struct literal_hits *hits)
{
    const struct anchor_table *t = &set->anchors;

    if (v->n == 0)
        return;
    uint32_t possible = (UINT32_C(2) << anchor_class(v->n)) - 1;
    for (uint32_t m = t->starts & possible; m; m &= m - 1) {
        size_t n = CLASS_BYTES[__builtin_ctz(m)];
        verify_key(set, v, bytes_key(v->p, n, LITERAL_AT_START), hits);
    }
    for (uint32_t m = t->ends & possible; m; m &= m - 1) {
        size_t n = CLASS_BYTES[__builtin_ctz(m)];
        verify_key(set, v, bytes_key(v->p + v->n - n, n, LITERAL_AT_END), hits);
    }
    if (t->has_whole)
        verify_key(set, v, anchor_key(v->p, v->n, LITERAL_WHOLE), hits);
}
