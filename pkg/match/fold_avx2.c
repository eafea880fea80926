/* fold_avx2.c - 32 bytes at a time. The last 32 overlap those before them: folding a byte
 * twice is folding it once, in place too. Shorter texts go in halves the same way.
 *
 * A byte is upper case if, moved so that 'A' becomes the least signed byte, it is less
 * than 26 above it: one addition and one signed comparison.
 */
#include "match/fold_inner.h"

#include <immintrin.h>

static inline __m256i lower32(__m256i v)
{
    __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(0x80 + 26)),
                                      _mm256_add_epi8(v, _mm256_set1_epi8((char)(0x80 - 'A'))));

    return _mm256_or_si256(v, _mm256_and_si256(upper, _mm256_set1_epi8(0x20)));
}

/* Fold 32 bytes and return them as they were. */
static inline __m256i fold32(char *dst, const char *src)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)src);

    _mm256_storeu_si256((__m256i *)dst, lower32(v));
    return v;
}

static inline __m128i fold16(char *dst, const char *src)
{
    __m128i v = _mm_loadu_si128((const __m128i *)src);

    _mm_storeu_si128((__m128i *)dst, _mm256_castsi256_si128(lower32(_mm256_castsi128_si256(v))));
    return v;
}

/* 8 to 15 bytes: the first and the last eight, in one register. */
static inline bool fold8(char *dst, const char *src, size_t n)
{
    enum { WORD = 8 };
    __m128i first = _mm_loadl_epi64((const __m128i *)src);
    __m128i last = _mm_loadl_epi64((const __m128i *)(src + n - WORD));
    __m128i v = _mm_unpacklo_epi64(first, last);
    __m128i folded = _mm256_castsi256_si128(lower32(_mm256_castsi128_si256(v)));

    _mm_storel_epi64((__m128i *)dst, folded);
    _mm_storel_epi64((__m128i *)(dst + n - WORD), _mm_unpackhi_epi64(folded, folded));
    return _mm_movemask_epi8(v) != 0;
}

/* 4 to 7 bytes. */
static inline bool fold4(char *dst, const char *src, size_t n)
{
    enum { WORD = 4 };
    __m128i v = _mm_unpacklo_epi32(_mm_loadu_si32(src), _mm_loadu_si32(src + n - WORD));
    __m128i folded = _mm256_castsi256_si128(lower32(_mm256_castsi128_si256(v)));

    _mm_storeu_si32(dst, folded);
    _mm_storeu_si32(dst + n - WORD, _mm_srli_epi64(folded, 32));
    return _mm_movemask_epi8(v) != 0;
}

bool fold_ascii_avx2(char *dst, const char *src, size_t n)
{
    enum { VECTOR = sizeof(__m256i), HALF = sizeof(__m128i) };
    __m256i seen = _mm256_setzero_si256();

    if (n < HALF)
        return n >= 8   ? fold8(dst, src, n)
               : n >= 4 ? fold4(dst, src, n)
                        : fold_ascii_scalar(dst, src, n);
    if (n < VECTOR) {
        __m128i first = fold16(dst, src);
        __m128i last = fold16(dst + n - HALF, src + n - HALF);
        return _mm_movemask_epi8(_mm_or_si128(first, last)) != 0;
    }
    for (size_t i = 0; i + VECTOR <= n; i += VECTOR)
        seen = _mm256_or_si256(seen, fold32(dst + i, src + i));
    seen = _mm256_or_si256(seen, fold32(dst + n - VECTOR, src + n - VECTOR));
    return _mm256_movemask_epi8(seen) != 0;
}
