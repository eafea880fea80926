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

void literal_anchored_avx512(const struct literal_set *set, const struct literal_value *values,
                             size_t n, struct literal_hits *hits)
{
    const struct anchor_table *t = &set->anchors;
    const __m512i shifts = _mm512_set_epi64(0, 8, 16, 24, 32, 40, 48, 56);
    const __m512i start_seeds = seeds_of(LITERAL_AT_START), end_seeds = seeds_of(LITERAL_AT_END);

    for (const struct literal_value *v = values; v < values + n; v++) {
        if (v->n == 0)
            continue;
        uint64_t last = last_word(v->p, v->n);
        uint32_t ask_starts = t->starts & classes_of(v->n), ask_ends = t->ends & classes_of(v->n);
        uint32_t starts = starts_passing(t, v, ask_starts & ~(uint32_t)ONE_WORD);
        uint32_t ends = ends_passing(t, v, last, ask_ends & ~(uint32_t)ONE_WORD);
        if (t->starts & ONE_WORD) {
            __m512i word = _mm512_set1_epi64((int64_t)load64(v->p));
            starts |= ask_starts & passing(t, _mm512_sllv_epi64(word, shifts), start_seeds);
        }
        if (t->ends & ONE_WORD) {
            __m512i word = _mm512_set1_epi64((int64_t)last);
            ends |= ask_ends & passing(t, _mm512_srlv_epi64(word, shifts), end_seeds);
        }
        literal_verify_anchors(set, v, starts, ends, hits);
    }
}
