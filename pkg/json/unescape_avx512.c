/* unescape_avx512.c - 64 bytes of a string at a time.
 *
 * Active backslashes are the 1st, 3rd, 5th ... of each run. Where all of them escape a
 * quote, a backslash or a slash, the answer is the vector with these lanes squeezed out.
 */
#include "json/kernel.h"

#include <immintrin.h>

enum { LANES = 64, GROWTH = 3 /* an invalid byte becomes U+FFFD */ };

static inline uint64_t active_backslashes(uint64_t backslash)
{
    const uint64_t even = 0x5555555555555555u;
    uint64_t starts = backslash & ~(backslash << 1);
    /* Adding their first bit clears the runs that begin at an even place. */
    uint64_t even_runs = backslash & ~(backslash + (starts & even));

    return (even_runs & even) | (backslash & ~even_runs & ~even);
}

size_t json_unescape_avx512(struct str in, char *out, unsigned *flags)
{
    const char *p = in.p, *end = in.p + in.n;
    char *to = out;

    while (p < end) {
        size_t left = (size_t)(end - p), n = left < LANES ? left : LANES;
        uint64_t inside = _bzhi_u64(~0ull, (unsigned)n);
        __m512i v = _mm512_maskz_loadu_epi8(inside, p);
        uint64_t backslash = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\'));
        if (_mm512_movepi8_mask(v))
            return (size_t)(to - out) + json_unescape_scalar((struct str){p, left}, to, flags);
        /* A backslash in the last lane waits for the byte behind it. */
        uint64_t active = active_backslashes(backslash);
        if (left > LANES && active >> 63)
            n = LANES - 1;
        active &= inside >> 1;
        uint64_t self = backslash | _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"')) |
                        _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('/'));
        uint64_t other = active << 1 & ~self;
        if (other)
            n = (size_t)__builtin_ctzll(other) - 1;
        uint64_t keep = _bzhi_u64(~active, (unsigned)n);
        unsigned kept = (unsigned)__builtin_popcountll(keep);
        /* There is room for three times what is left. What a masked store wrote, nobody could read
         * before it is through. */
        if (GROWTH * left >= LANES)
            _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(keep, v));
        else
            _mm512_mask_storeu_epi8(to, _bzhi_u64(~0ull, kept),
                                    _mm512_maskz_compress_epi8(keep, v));
        to += kept;
        p += n;
        if (other)
            to += json_unescape_one(&p, end, to, flags);
    }
    return (size_t)(to - out);
}
