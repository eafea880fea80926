/* literal_anchor_avx512.c - the keys of all one-word classes of a value at once: eight
 * shifts, eight products, eight bits of the filter. The two longer classes and what passes
 * go the scalar way.
 */
#include "match/literal_anchor.h"

#include <immintrin.h>

enum { ONE_WORD = (1 << CLASSES_OF_ONE_WORD) - 1 };

/* What key_of() adds, for classes 0 to 7. */
static inline __m512i seeds_of(enum literal_where where)
{
    const __m512i classes = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    __m512i number =
        _mm512_add_epi64(_mm512_slli_epi64(classes, 2), _mm512_set1_epi64((int64_t)where + 1));

    return _mm512_mullo_epi64(number, _mm512_set1_epi64((int64_t)ANCHOR_SEED));
}

static inline uint32_t passing(const struct anchor_table *t, __m512i words, __m512i seeds)
{
    __m512i key = _mm512_mullo_epi64(_mm512_add_epi64(words, seeds),
                                     _mm512_set1_epi64((int64_t)ANCHOR_FACTOR));
    __m512i bit = _mm512_srl_epi64(key, _mm_cvtsi32_si128((int)t->filter_shift));
    __m256i word = _mm512_i64gather_epi32(_mm512_srli_epi64(bit, 5), t->filter, 4);
    __m256i one = _mm256_rolv_epi32(_mm256_set1_epi32(1), _mm512_cvtepi64_epi32(bit));

    return _mm256_test_epi32_mask(word, one);
}

/* The two longer classes, asked without a branch: which of the next values are so long can not be
 * predicted. What the value has no bytes for is masked away by the caller. */
static inline uint32_t long_starts_passing(const struct anchor_table *t,
                                           const struct literal_value *v)
{
    uint32_t pass = 0;

    for (unsigned c = CLASSES_OF_ONE_WORD; c < ANCHOR_CLASSES; c++)
        if (t->starts >> c & 1) /* the same for all values */
            pass |= filter_has(t, start_key(v->p, c)) << c;
    return pass;
}

static inline uint32_t long_ends_passing(const struct anchor_table *t,
                                         const struct literal_value *v)
{
    uint32_t pass = 0;

    for (unsigned c = CLASSES_OF_ONE_WORD; c < ANCHOR_CLASSES; c++)
        if (t->ends >> c & 1) {
            uint32_t n = v->n > CLASS_BYTES[c] ? v->n : CLASS_BYTES[c];
            pass |= filter_has(t, end_key(v->p, n, 0, c)) << c;
        }
    return pass;
}

/* Words of which the low (at the start: the high) bytes are the keys of classes 0 to 7. */
static inline __m512i words_of(const struct literal_value *v, bool is_end)
{
    const __m512i shifts = _mm512_set_epi64(0, 8, 16, 24, 32, 40, 48, 56);
    __m512i word = _mm512_set1_epi64((int64_t)(is_end ? last_word_of(v) : load64(v->p)));

    return is_end ? _mm512_srlv_epi64(word, shifts) : _mm512_sllv_epi64(word, shifts);
}

/* The classes that pass, for all that the gate let through, before the first is looked up: gathers
 * overlap, and what a wrong guess throws away is little. */
static inline void ask(const struct literal_set *set, const struct literal_value *values,
                       struct gated *gated, struct literal_hits *hits, bool is_end)
{
    const struct anchor_table *t = &set->anchors;
    const __m512i seeds = seeds_of(is_end ? LITERAL_AT_END : LITERAL_AT_START);
    uint32_t passed[GATED_MAX], n = 0;

    for (uint32_t i = 0; i < gated->n; i++) {
        const struct literal_value *v = &values[gated->at[i]];
        uint32_t pass = passing(t, words_of(v, is_end), seeds);
        pass |= is_end ? long_ends_passing(t, v) : long_starts_passing(t, v);
        gated->at[n] = gated->at[i];
        passed[n] = pass & (is_end ? t->ends : t->starts) & classes_of(v->n);
        n += passed[n] != 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct literal_value *v = &values[gated->at[i]];
        if (is_end)
            literal_verify_ends(set, v, last_word_of(v), passed[i], hits);
        else
            literal_verify_starts(set, v, passed[i], hits);
    }
}

static void ask_starts(const struct literal_set *set, const struct literal_value *values,
                       struct gated *gated, struct literal_hits *hits)
{
    ask(set, values, gated, hits, false);
}

static void ask_ends(const struct literal_set *set, const struct literal_value *values,
                     struct gated *gated, struct literal_hits *hits)
{
    ask(set, values, gated, hits, true);
}

void literal_anchored_avx512(const struct literal_set *set, const struct literal_value *values,
                             size_t n, struct literal_hits *hits)
{
    anchored_by(set, values, n, ask_starts, ask_ends, hits);
}
