/* escape_avx512.c - 32 bytes at a time: each becomes the pair of a backslash and itself, then the
 * backslashes that nobody needs are squeezed out.
 */
#include "json/kernel.h"

#include <immintrin.h>

enum { LANES = 32 };

size_t json_escape_avx512(struct str in, char *out, size_t *used)
{
    const uint64_t selves = 0xaaaaaaaaaaaaaaaau; /* the second of each pair */
    const __m256i backslash = _mm256_set1_epi8('\\');
    const char *p = in.p, *end = in.p + in.n;
    char *to = out;

    while (p < end) {
        size_t left = (size_t)(end - p);
        uint32_t inside = _bzhi_u32(~0u, left < LANES ? (uint32_t)left : LANES);
        __m256i v = _mm256_maskz_loadu_epi8(inside, p);
        uint32_t is_plain = _mm256_cmpgt_epi8_mask(v, _mm256_set1_epi8(0x1f)); /* 0x20 to 0x7f */
        uint32_t is_escaped =
            _mm256_cmpeq_epi8_mask(v, _mm256_set1_epi8('"')) | _mm256_cmpeq_epi8_mask(v, backslash);
        uint32_t stop = inside & ~is_plain;
        uint32_t n = (uint32_t)__builtin_popcount(inside);
        if (stop) {
            n = (uint32_t)__builtin_ctz(stop);
            inside = _bzhi_u32(inside, n);
        }
        if (is_escaped & inside) {
            uint64_t keep = _pdep_u64(is_escaped & inside, ~selves) | _pdep_u64(inside, selves);
            __m512i bytes = _mm512_or_si512(_mm512_slli_epi16(_mm512_cvtepu8_epi16(v), 8),
                                            _mm512_set1_epi16('\\'));
            _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(keep, bytes));
            to += __builtin_popcountll(keep);
        } else {
            _mm256_storeu_si256((__m256i *)to, v);
            to += n;
        }
        p += n;
        if (stop)
            break;
    }
    *used = (size_t)(p - in.p);
    return (size_t)(to - out);
}
