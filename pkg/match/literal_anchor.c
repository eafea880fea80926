/* literal_anchor.c - literals at the start or the end of a value, or all of it.
 *
 * They need no scan: the first (last) bytes of a value are hashed and looked up. A literal
 * is filed under its first (last) 1 to 8, 16 or 32 bytes, whichever is the most that it
 * has; a value is asked once per such length (class) that occurs in the set. Long keys keep
 * apart what begins alike, as paths do. A whole literal is filed under its length, first and
 * last bytes.
 *
 * A bitmap is asked first, for all classes without a branch: most values have none of the
 * keys, and which class passes can not be predicted.
 */
#include "match/literal_set.h"

enum { WORD = sizeof(uint64_t), WORD_BITS = 64, CLASS_WHOLE = 31 };

static const uint8_t CLASS_BYTES[ANCHOR_CLASSES] = {1, 2, 3, 4, 5, 6, 7, 8, 16, 32};

unsigned anchor_class(size_t n)
{
    unsigned c = ANCHOR_CLASSES - 1;

    while (CLASS_BYTES[c] > n)
        c--;
    return c;
}

/* Reversible for a given class and place, so that keys of up to 8 bytes are exact. */
static inline uint64_t key_of(uint64_t x, unsigned class, enum literal_where where)
{
    uint64_t seed = (class * 4 + (unsigned)where + 1) * UINT64_C(0xd6e8feb86659fd93);

    return (x + seed) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * UINT64_C(0xff51afd7ed558ccd);
    return h ^ (h >> 29);
}

/* 2 or 4 words in one. */
static inline uint64_t words_at(const char *p, unsigned n_words)
{
    uint64_t h = load64(p);

    for (unsigned i = 1; i < n_words; i++)
        h = mix(h, load64(p + i * WORD));
    return h;
}

/* The first bytes of a text that has those of the class. Its word's other bytes go. */
static inline uint64_t start_key(const char *p, unsigned class)
{
    if (class >= WORD)
        return key_of(words_at(p, CLASS_BYTES[class] / WORD), class, LITERAL_AT_START);
    return key_of(load64(p) << (WORD_BITS - 8 * (class + 1)), class, LITERAL_AT_START);
}

/* The last eight bytes; of a shorter text all, in the high bytes. */
static inline uint64_t last_word(const char *p, size_t n)
{
    return n >= WORD ? load64(p + n - WORD) : n == 0 ? 0 : load64(p) << (WORD_BITS - 8 * n);
}

static inline uint64_t end_key(const char *p, size_t n, uint64_t last, unsigned class)
{
    if (class >= WORD) {
        size_t bytes = CLASS_BYTES[class];
        return key_of(words_at(p + n - bytes, (unsigned)(bytes / WORD)), class, LITERAL_AT_END);
    }
    return key_of(last >> (WORD_BITS - 8 * (class + 1)), class, LITERAL_AT_END);
}

static inline uint64_t whole_key(const char *p, size_t n, uint64_t last)
{
    return key_of(mix(mix(n, low_bytes(load64(p), n)), last), CLASS_WHOLE, LITERAL_WHOLE);
}

uint64_t anchor_key(const char *p, size_t n, enum literal_where where)
{
    uint64_t last = last_word(p, n);

    if (where == LITERAL_WHOLE)
        return whole_key(p, n, last);
    if (where == LITERAL_AT_END)
        return end_key(p, n, last, anchor_class(n));
    return start_key(p, anchor_class(n));
}

static inline uint32_t filter_has(const struct anchor_table *t, uint64_t key)
{
    uint64_t bit = key >> t->filter_shift;

    return t->filter[bit >> 5] >> (bit & 31) & 1;
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
        if (fits && entry_is_at(e, e->where == LITERAL_AT_END ? v->p + v->n - e->n : v->p))
            hits_add(hits, v->tag, e->id);
        if (e->is_last)
            return;
    }
}

void literal_verify_anchored(const struct literal_set *set, const struct literal_value *v,
                             struct literal_hits *hits)
{
    const struct anchor_table *t = &set->anchors;
    uint32_t starts = 0, ends = 0;

    if (v->n == 0)
        return;
    uint64_t last = last_word(v->p, v->n);
    uint32_t possible = (UINT32_C(2) << anchor_class(v->n)) - 1;
    for (uint32_t m = t->starts & possible; m; m &= m - 1) {
        unsigned c = (unsigned)__builtin_ctz(m);
        starts |= filter_has(t, start_key(v->p, c)) << c;
    }
    for (uint32_t m = t->ends & possible; m; m &= m - 1) {
        unsigned c = (unsigned)__builtin_ctz(m);
        ends |= filter_has(t, end_key(v->p, v->n, last, c)) << c;
    }
    for (; starts; starts &= starts - 1)
        verify_key(set, v, start_key(v->p, (unsigned)__builtin_ctz(starts)), hits);
    for (; ends; ends &= ends - 1)
        verify_key(set, v, end_key(v->p, v->n, last, (unsigned)__builtin_ctz(ends)), hits);
    if (t->has_whole && filter_has(t, whole_key(v->p, v->n, last)))
        verify_key(set, v, whole_key(v->p, v->n, last), hits);
}
