/* unescape_avx2.c - 32 bytes of a string at a time; see unescape_avx512.c for the idea.
 * Lanes are squeezed out eight at a time by PEXT. */
#include "json/kernel.h"

#include <immintrin.h>
#include <string.h>

enum { LANES = 32 };

static inline uint32_t active_backslashes(uint32_t backslash)
{
    const uint32_t even = 0x55555555u;
    uint32_t starts = backslash & ~(backslash << 1);
    uint32_t even_runs = backslash & ~(backslash + (starts & even));

    return (even_runs & even) | (backslash & ~even_runs & ~even);
}

/* Write the bytes of p[0 .. 32) named by keep to out, which has room for 32. */
static inline size_t squeeze(const char *p, uint32_t keep, char *out)
{
    char *to = out;

    for (int i = 0; i < LANES; i += 8) {
        uint64_t lanes = keep >> i & 0xff, word;
        uint64_t bytes = _pdep_u64(lanes, 0x0101010101010101u) * 0xff;
        memcpy(&word, p + i, 8);
        word = _pext_u64(word, bytes);
        memcpy(to, &word, 8);
        to += __builtin_popcountll(lanes);
    }
    return (size_t)(to - out);
}

static inline uint32_t equal(__m256i v, char c)
{
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(c)));
}

size_t json_unescape_avx2(struct str in, char *out, unsigned *flags)
{
    const char *p = in.p, *end = in.p + in.n;
    char *to = out;

    while (p < end) {
        char tail[LANES] = {0}, squeezed[LANES];
        size_t left = (size_t)(end - p), n = left < LANES ? left : LANES;
        const char *from = p;
        if (n < LANES)
            from = memcpy(tail, p, n);
        __m256i v = _mm256_loadu_si256((const __m256i *)from);
        if (_mm256_movemask_epi8(v))
            return (size_t)(to - out) + json_unescape_scalar((struct str){p, left}, to, flags);
        uint32_t inside = _bzhi_u32(~0u, (unsigned)n);
        uint32_t backslash = equal(v, '\\');
        uint32_t active = active_backslashes(backslash);
        if (left > LANES && active >> 31)
            n = LANES - 1;
        active &= inside >> 1;
        uint32_t other = active << 1 & ~(backslash | equal(v, '"') | equal(v, '/'));
        if (other)
            n = (size_t)__builtin_ctz(other) - 1;
        uint32_t keep = _bzhi_u32(~active, (unsigned)n);
        if (left >= LANES) { /* out has room for as much as is left */
            to += squeeze(from, keep, to);
        } else {
            size_t kept = squeeze(from, keep, squeezed);
            memcpy(to, squeezed, kept);
            to += kept;
        }
        p += n;
        if (other)
            to += json_unescape_one(&p, end, to, flags);
    }
    return (size_t)(to - out);
}
