/* keyword_filter_avx512.c - 64 places at once: a table of 128 bytes is two registers and one
 * look-up.
 */
#include "match/keyword_filter.h"

#include <immintrin.h>

/* n bytes at p, folded, at most 64; the others read as the fold of zero. */
static inline __m512i folded(const char *p, size_t n)
{
    uint64_t inside = _bzhi_u64(~0ull, n < GRAMS_LANES ? (unsigned)n : GRAMS_LANES);

    return _mm512_or_si512(_mm512_maskz_loadu_epi8(inside, p), _mm512_set1_epi8(GRAMS_FOLD));
}

size_t keyword_next_avx512(const struct grams *g, struct str text, size_t from)
{
    const __m512i a0 = _mm512_loadu_si512(g->groups[0]), a1 = _mm512_loadu_si512(g->groups[0] + 64);
    const __m512i b0 = _mm512_loadu_si512(g->groups[1]), b1 = _mm512_loadu_si512(g->groups[1] + 64);
    const __m512i c0 = _mm512_loadu_si512(g->groups[2]), c1 = _mm512_loadu_si512(g->groups[2] + 64);

    for (size_t i = from; i < text.n; i += GRAMS_LANES) {
        const char *p = text.p + i;
        size_t left = text.n - i;
        __m512i a = folded(p, left), b = folded(p + 1, left > 1 ? left - 1 : 0);
        __m512i c = folded(p + 2, left > 2 ? left - 2 : 0);
        __m512i shared = _mm512_and_si512(_mm512_permutex2var_epi8(a0, a, a1),
                                          _mm512_and_si512(_mm512_permutex2var_epi8(b0, b, b1),
                                                           _mm512_permutex2var_epi8(c0, c, c1)));
        uint64_t hits = _mm512_test_epi8_mask(shared, shared) | _mm512_movepi8_mask(a);
        if (hits)
            return i + (size_t)__builtin_ctzll(hits);
    }
    return text.n;
}
