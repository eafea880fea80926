/* escape_avx2.c - 32 bytes at a time: stored as they are; where one of them is a quote or a
 * backslash, the bytes from there on are stored again behind the escape.
 */
#include "json/kernel.h"

#include <immintrin.h>

enum { LANES = 32 };

size_t json_escape_avx2(struct str in, char *out, size_t *used)
{
    const char *p = in.p, *end = in.p + in.n;
    char *to = out;

    while (end - p >= LANES) {
        __m256i v = _mm256_loadu_si256((const __m256i *)p);
        __m256i is_plain = _mm256_cmpgt_epi8(v, _mm256_set1_epi8(0x1f)); /* signed: 0x20 to 0x7f */
        __m256i is_escaped = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')),
                                             _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
        uint32_t care = ~(uint32_t)_mm256_movemask_epi8(_mm256_andnot_si256(is_escaped, is_plain));
        uint32_t n = care ? (uint32_t)__builtin_ctz(care) : LANES;
        _mm256_storeu_si256((__m256i *)to, v);
        p += n;
        to += n;
        if (!care)
            continue;
        if (*p != '"' && *p != '\\')
            break;
        *to++ = '\\';
        *to++ = *p++;
    }
    size_t tail;
    to += json_escape_scalar((struct str){p, (size_t)(end - p)}, to, &tail);
    *used = (size_t)(p - in.p) + tail;
    return (size_t)(to - out);
}
