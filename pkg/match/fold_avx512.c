/* fold_avx512.c - 64 bytes at a time; a mask at the end, so that no byte behind the text
 * is read or written. Where there is room behind the text all stores are whole: they are shorter
 * to do, and what they wrote can be read at once.
 */
#include "match/fold_inner.h"

#include <immintrin.h>

static inline __m512i lower(__m512i v)
{
    __m512i from_a = _mm512_sub_epi8(v, _mm512_set1_epi8('A'));
    __mmask64 upper = _mm512_cmplt_epu8_mask(from_a, _mm512_set1_epi8(26));

    return _mm512_mask_add_epi8(v, upper, v, _mm512_set1_epi8(0x20));
}

bool fold_ascii_avx512(char *dst, const char *src, size_t n)
{
    __m512i seen = _mm512_setzero_si512();
    size_t i = 0;

    for (; i + sizeof seen <= n; i += sizeof seen) {
        __m512i v = _mm512_loadu_si512(src + i);
        seen = _mm512_or_si512(seen, v);
        _mm512_storeu_si512(dst + i, lower(v));
    }
    if (i < n) {
        __mmask64 rest = _bzhi_u64(UINT64_MAX, (uint32_t)(n - i));
        __m512i v = _mm512_maskz_loadu_epi8(rest, src + i);
        seen = _mm512_or_si512(seen, v);
        _mm512_mask_storeu_epi8(dst + i, rest, lower(v));
    }
    return _mm512_movepi8_mask(seen) != 0;
}

bool fold_ascii_roomy_avx512(char *dst, const char *src, size_t n)
{
    __m512i seen = _mm512_setzero_si512();
    size_t i = 0;

    for (; i + sizeof seen < n; i += sizeof seen) {
        __m512i v = _mm512_loadu_si512(src + i);
        seen = _mm512_or_si512(seen, v);
        _mm512_storeu_si512(dst + i, lower(v));
    }
    __m512i v = _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, (uint32_t)(n - i)), src + i);
    _mm512_storeu_si512(dst + i, lower(v));
    return _mm512_movepi8_mask(_mm512_or_si512(seen, v)) != 0;
}
