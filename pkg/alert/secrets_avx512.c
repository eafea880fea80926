/* secrets_avx512.c - 64 places at once: a table of 128 bytes is two registers and one look-up. */
#include "alert/secrets_grams.h"

#include <immintrin.h>

static inline __m512i groups_of(const uint8_t groups[static 128], __m512i bytes)
{
    return _mm512_permutex2var_epi8(_mm512_loadu_si512(groups), bytes,
                                    _mm512_loadu_si512(groups + 64));
}

/* n bytes at p, folded, at most 64; the others read as the fold of zero. */
static inline __m512i folded(const char *p, size_t n)
{
    uint64_t inside = _bzhi_u64(~0ull, n < GRAMS_LANES ? (unsigned)n : GRAMS_LANES);

    return _mm512_or_si512(_mm512_maskz_loadu_epi8(inside, p), _mm512_set1_epi8(GRAMS_FOLD));
}

uint64_t secret_grams_avx512(const struct grams *g, struct str text)
{
    if (text.n < GRAMS_BYTES)
        return 0;
    size_t places = text.n - (GRAMS_BYTES - 1);
    uint64_t inside = _bzhi_u64(~0ull, places < GRAMS_LANES ? (unsigned)places : GRAMS_LANES);
    __m512i a = folded(text.p, text.n), b = folded(text.p + 1, text.n - 1);
    __m512i c = folded(text.p + 2, text.n - 2);
    __m512i shared =
        _mm512_and_si512(groups_of(g->groups[0], a),
                         _mm512_and_si512(groups_of(g->groups[1], b), groups_of(g->groups[2], c)));
    uint64_t foreign = _mm512_movepi8_mask(_mm512_or_si512(a, _mm512_or_si512(b, c)));

    return _mm512_test_epi8_mask(shared, shared) & inside & ~foreign;
}
