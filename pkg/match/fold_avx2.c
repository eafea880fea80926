/* fold_avx2.c - 32 bytes at a time; the last ones singly.
 *
 * A byte is upper case if, moved so that 'A' becomes the least signed byte, it is less
 * than 26 above it: one addition and one signed comparison.
 */
#include "match/fold_inner.h"

#include <immintrin.h>

bool fold_ascii_avx2(char *dst, const char *src, size_t n)
{
    const __m256i shift = _mm256_set1_epi8((char)(0x80 - 'A'));
    const __m256i limit = _mm256_set1_epi8((char)(0x80 + 26));
    const __m256i bit = _mm256_set1_epi8(0x20);
    __m256i seen = _mm256_setzero_si256();
    size_t i = 0;

    for (; i + sizeof seen <= n; i += sizeof seen) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(src + i));
        __m256i upper = _mm256_cmpgt_epi8(limit, _mm256_add_epi8(v, shift));
        seen = _mm256_or_si256(seen, v);
        v = _mm256_or_si256(v, _mm256_and_si256(upper, bit));
        _mm256_storeu_si256((__m256i *)(dst + i), v);
    }
    bool is_high = fold_ascii_scalar(dst + i, src + i, n - i);
    return is_high || _mm256_movemask_epi8(seen) != 0;
}
