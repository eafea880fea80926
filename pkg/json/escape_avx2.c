/* escape_avx2.c - 32 bytes at a time: stored as they are; where one of them is a quote or a
 * backslash, the bytes from there on are stored again behind the escape. The last bytes go through
 * a room of our own, since nothing behind the text may be read.
 */
#include "json/kernel.h"

#include <immintrin.h>
#include <string.h>

enum { LANES = 32 };

/* Which of the first n bytes of v cannot stay as they are. */
static inline uint32_t to_care_for(__m256i v, size_t n)
{
    __m256i is_plain = _mm256_cmpgt_epi8(v, _mm256_set1_epi8(0x1f)); /* signed: 0x20 to 0x7f */
    __m256i is_escaped = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')),
                                         _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
    uint32_t care = ~(uint32_t)_mm256_movemask_epi8(_mm256_andnot_si256(is_escaped, is_plain));

    return _bzhi_u32(care, n < LANES ? (uint32_t)n : LANES);
}

/* From p, with LANES bytes to be read at every place before `end`, while there are `least`. Returns
 * where it came to. */
static inline const char *escape_lanes(const char *p, const char *end, ptrdiff_t least, char **out)
{
    char *to = *out;

    while (end - p >= least) {
        size_t left = (size_t)(end - p);
        __m256i v = _mm256_loadu_si256((const __m256i *)p);
        uint32_t care = to_care_for(v, left);
        size_t n = care ? _tzcnt_u32(care) : left < LANES ? left : LANES;
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
    *out = to;
    return p;
}

size_t json_escape_avx2(struct str in, char *out, size_t *used)
{
    char room[2 * LANES], *to = out;
    const char *end = in.p + in.n, *p = escape_lanes(in.p, end, LANES, &to);
    size_t left = (size_t)(end - p);

    *used = (size_t)(p - in.p);
    if (left > 0 && left < LANES) {
        memcpy(room, p, left);
        *used += (size_t)(escape_lanes(room, room + left, 1, &to) - room);
    }
    return (size_t)(to - out);
}
