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
    uint32_t one_word = (UINT32_C(1) << (n < WORD ? n : WORD)) - 1;

    return one_word | (uint32_t)(n >= 16) << 8 | (uint32_t)(n >= 32) << 9;
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

/* ---- the gates ----------------------------------------------------------------------------
 *
 * A small bitmap an end: of the keys' outermost four bytes, hashed, and of two bytes where a key
 * has no more. Short values mostly have none of them.
 */

static inline uint32_t gate_pair_hash(uint32_t pair)
{
    return gram_hash_second(pair);
}

static inline uint32_t gate_quad_hash(uint32_t quad)
{
    return gram_hash(quad);
}

/* last_word() of a value that is not empty, without a branch: which lengths come next can not be
 * predicted. */
static inline uint64_t last_word_of(const struct literal_value *v)
{
    uint32_t is_short = v->n < WORD, at = is_short ? 0 : v->n - WORD;

    return load64(v->p + at) << (is_short ? WORD_BITS - 8 * v->n : 0) % WORD_BITS;
}

/* Values (by number, in order) that a gate lets through: all that have a key of its end, and few
 * others. Bytes that are no more of the value may let it through; what is asked then knows its
 * length. */
enum { GATED_MAX = 128 };
struct gated {
    uint32_t at[GATED_MAX];
    uint32_t n;
};

/* 1: a key may begin (end) so. */
static inline uint32_t gate_passes(const struct gram_bitmap *g, uint32_t quad, uint32_t pair)
{
    uint32_t has_quad = bitmap_has(g, gate_quad_hash(quad));
    uint32_t has_pair = bitmap_has(g, gate_pair_hash(pair));

    return has_quad | has_pair;
}

static inline void gate_starts(const struct anchor_table *t, const struct literal_value *values,
                               uint32_t n, struct gated *out)
{
    uint32_t passed = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t quad = load32(values[i].p);
        out->at[passed] = i;
        passed += gate_passes(&t->start_gate, quad, quad & PAIR_MASK) & (values[i].n > 0);
    }
    out->n = passed;
}

static inline void gate_ends(const struct anchor_table *t, const struct literal_value *values,
                             uint32_t n, struct gated *out)
{
    uint32_t passed = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t quad = (uint32_t)(last_word_of(&values[i]) >> 32);
        out->at[passed] = i;
        passed += gate_passes(&t->end_gate, quad, quad >> 16) & (values[i].n > 0);
    }
    out->n = passed;
}

/* ---- what passed everything --------------------------------------------------------------- */

/* Look up the keys of these classes, a bit each. */
void literal_verify_starts(const struct literal_set *set, const struct literal_value *v,
                           uint32_t classes, struct literal_hits *hits);
void literal_verify_ends(const struct literal_set *set, const struct literal_value *v,
                         uint64_t last, uint32_t classes, struct literal_hits *hits);
/* Look up the whole of each value. */
void literal_verify_wholes(const struct literal_set *set, const struct literal_value *values,
                           size_t n, struct literal_hits *hits);

/* Ask for keys of all lengths at the start (end) of the values that the gate let through; may use
 * up `gated`. */
typedef void anchor_ask(const struct literal_set *, const struct literal_value *, struct gated *,
                        struct literal_hits *);

/* A kernel, by how it asks. */
static inline void anchored_by(const struct literal_set *set, const struct literal_value *values,
                               size_t n, anchor_ask *starts, anchor_ask *ends,
                               struct literal_hits *hits)
{
    const struct anchor_table *t = &set->anchors;
    struct gated gated;

    for (size_t i = 0; i < n; i += GATED_MAX) {
        uint32_t few = n - i < GATED_MAX ? (uint32_t)(n - i) : GATED_MAX;
        if (t->starts) {
            gate_starts(t, values + i, few, &gated);
            starts(set, values + i, &gated, hits);
        }
        if (t->ends) {
            gate_ends(t, values + i, few, &gated);
            ends(set, values + i, &gated, hits);
        }
    }
    if (t->has_whole)
        literal_verify_wholes(set, values, n, hits);
}

#endif
