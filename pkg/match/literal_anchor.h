/* literal_anchor.h - the keys of anchored literals, and of values. Private to
 * literal_anchor*.c, which say what they are for.
 */
#ifndef WEIR_MATCH_LITERAL_ANCHOR_H
#define WEIR_MATCH_LITERAL_ANCHOR_H

#include "match/literal_set.h"

enum { WORD = sizeof(uint64_t), WORD_BITS = 64, CLASS_WHOLE = 31, CLASSES_OF_ONE_WORD = 8 };

/* How many bytes of a text are its key, by class. */
static const uint8_t CLASS_BYTES[ANCHOR_CLASSES] = {1, 2, 3, 4, 5, 6, 7, 8, 16, 32};

/* Keys are made of a word by one addition and one multiplication. */
#define ANCHOR_SEED UINT64_C(0xd6e8feb86659fd93)
#define ANCHOR_FACTOR UINT64_C(0x9e3779b97f4a7c15)

/* Reversible for a given class and place, so that keys of up to 8 bytes are exact. */
static inline uint64_t key_of(uint64_t x, unsigned class, enum literal_where where)
{
    uint64_t seed = (class * 4 + (unsigned)where + 1) * ANCHOR_SEED;

    return (x + seed) * ANCHOR_FACTOR;
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
    if (class >= CLASSES_OF_ONE_WORD)
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
    if (class >= CLASSES_OF_ONE_WORD) {
        size_t bytes = CLASS_BYTES[class];
        return key_of(words_at(p + n - bytes, (unsigned)(bytes / WORD)), class, LITERAL_AT_END);
    }
    return key_of(last >> (WORD_BITS - 8 * (class + 1)), class, LITERAL_AT_END);
}

static inline uint64_t whole_key(const char *p, size_t n, uint64_t last)
{
    return key_of(mix(mix(n, low_bytes(load64(p), n)), last), CLASS_WHOLE, LITERAL_WHOLE);
}

static inline uint32_t filter_has(const struct anchor_table *t, uint64_t key)
{
    uint64_t bit = key >> t->filter_shift;

    return t->filter[bit >> 5] >> (bit & 31) & 1;
}

/* Which classes a value of n bytes (at least 1) is long enough for. */
static inline uint32_t classes_of(uint32_t n)
{
    return n >= 32 ? 0x3ff : n >= 16 ? 0x1ff : n >= WORD ? 0xff : (UINT32_C(1) << n) - 1;
}

/* Bits of the classes in `ask` whose start (end) key passes the filter. */
static inline uint32_t starts_passing(const struct anchor_table *t, const struct literal_value *v,
                                      uint32_t ask)
{
    uint32_t pass = 0;

    for (; ask; ask &= ask - 1) {
        unsigned c = (unsigned)__builtin_ctz(ask);
        pass |= filter_has(t, start_key(v->p, c)) << c;
    }
    return pass;
}

static inline uint32_t ends_passing(const struct anchor_table *t, const struct literal_value *v,
                                    uint64_t last, uint32_t ask)
{
    uint32_t pass = 0;

    for (; ask; ask &= ask - 1) {
        unsigned c = (unsigned)__builtin_ctz(ask);
        pass |= filter_has(t, end_key(v->p, v->n, last, c)) << c;
    }
    return pass;
}

/* Look up what passed, and the whole value. */
void literal_verify_anchors(const struct literal_set *set, const struct literal_value *v,
                            uint32_t starts, uint32_t ends, struct literal_hits *hits);

#endif
