/* keyword_filter_avx2.c - 32 places at once. Folded bytes of ASCII all have the fold's bit, so half
 * of a table of 128 bytes counts: four registers, of which two bits of the byte choose one.
 */
#include "match/keyword_filter.h"

#include <immintrin.h>
#include <string.h>

enum { LANES = 32, SLACK = GRAMS_BYTES - 1 };

struct table {
    __m256i at20, at30, at60, at70;
};

static inline __m256i part(const uint8_t *p)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p));
}

static inline struct table table_of(const uint8_t groups[static 128])
{
    return (struct table){part(groups + 0x20), part(groups + 0x30), part(groups + 0x60),
                          part(groups + 0x70)};
}

static inline __m256i folded(const char *p)
{
    return _mm256_or_si256(_mm256_loadu_si256((const __m256i *)p), _mm256_set1_epi8(GRAMS_FOLD));
}

/* No group where the byte is beyond ASCII. */
static inline __m256i groups_of(const struct table *t, __m256i bytes)
{
    __m256i bit4 = _mm256_slli_epi16(bytes, 3), bit6 = _mm256_slli_epi16(bytes, 1);
    __m256i low = _mm256_blendv_epi8(_mm256_shuffle_epi8(t->at20, bytes),
                                     _mm256_shuffle_epi8(t->at30, bytes), bit4);
    __m256i high = _mm256_blendv_epi8(_mm256_shuffle_epi8(t->at60, bytes),
                                      _mm256_shuffle_epi8(t->at70, bytes), bit4);

    return _mm256_blendv_epi8(low, high, bit6);
}

size_t keyword_next_avx2(const struct grams *g, struct str text, size_t from)
{
    const struct table first = table_of(g->groups[0]), second = table_of(g->groups[1]);
    const struct table third = table_of(g->groups[2]);
    char end[LANES + SLACK];

    for (size_t i = from; i < text.n; i += LANES) {
        const char *p = text.p + i;
        if (text.n - i < sizeof(end)) { /* the bytes behind the text read as zero */
            memset(end, 0, sizeof(end));
            p = memcpy(end, p, text.n - i);
        }
        __m256i a = folded(p);
        __m256i shared = _mm256_and_si256(
            groups_of(&first, a),
            _mm256_and_si256(groups_of(&second, folded(p + 1)), groups_of(&third, folded(p + 2))));
        uint32_t none =
            (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(shared, _mm256_setzero_si256()));
        uint32_t hits = ~none | (uint32_t)_mm256_movemask_epi8(a);
        if (hits)
            return i + (size_t)__builtin_ctz(hits);
    }
    return text.n;
}
