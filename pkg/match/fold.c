/* fold.c - which fold kernel, the scalar one, and Unicode simple folding.
 *
 * Simple folding maps one character to one, so text is walked character by character:
 * ASCII by arithmetic, the rest by binary search in a table of ranges. A byte that does
 * not begin a well-formed UTF-8 character is copied, and the walk goes on behind it.
 */
#include "match/fold.h"
#include "match/fold_inner.h"

#include "base/letter.h"
#include "base/load.h"
#include "base/str.h"
#include "base/utf8.h"

#include <string.h>

enum { ASCII_END = 0x80 };

bool fold_ascii_scalar(char *dst, const char *src, size_t n)
{
    unsigned char seen = 0;

    for (size_t i = 0; i < n; i++) {
        seen |= (unsigned char)src[i];
        dst[i] = ascii_lower(src[i]);
    }
    return seen >= ASCII_END;
}

bool (*fold_ascii_kernel(enum simd_level level))(char *, const char *, size_t)
{
    ASSERT(level <= cpu_simd_max());
    switch (level) {
    case SIMD_AVX512:
        return fold_ascii_avx512;
    case SIMD_AVX2:
        return fold_ascii_avx2;
    case SIMD_SCALAR:
        break;
    }
    return fold_ascii_scalar;
}

/* Only there a masked store can be spared. */
bool (*fold_ascii_roomy_kernel(enum simd_level level))(char *, const char *, size_t)
{
    return level == SIMD_AVX512 ? fold_ascii_roomy_avx512 : fold_ascii_kernel(level);
}

/* Set before main(): the choice reads the environment, which is too slow per value. */
static bool (*fold_kernel)(char *, const char *, size_t) = fold_ascii_scalar;
static bool (*fold_roomy_kernel)(char *, const char *, size_t) = fold_ascii_scalar;

__attribute__((constructor)) static void fold_choose(void)
{
    fold_kernel = fold_ascii_kernel(cpu_simd());
    fold_roomy_kernel = fold_ascii_roomy_kernel(cpu_simd());
}

bool fold_ascii(char *dst, const char *src, size_t n)
{
    return fold_kernel(dst, src, n);
}

bool fold_ascii_roomy(char *dst, const char *src, size_t n)
{
    return fold_roomy_kernel(dst, src, n);
}

/* ---- Unicode -------------------------------------------------------------------------- */

/* What a character outside ASCII folds to. */
static uint32_t fold_character(uint32_t c)
{
    return case_range_map(FOLD_RANGES, FOLD_RANGES_N, c);
}

/* Bytes of ASCII from here on, eight at a time. */
static size_t ascii_run(struct str s, size_t at)
{
    size_t from = at;

    while (at + sizeof(uint64_t) <= s.n && !(load64(s.p + at) & 0x8080808080808080u))
        at += sizeof(uint64_t);
    return at - from;
}

size_t fold_simple(char *dst, struct str src)
{
    size_t out = 0;

    for (size_t i = 0; i < src.n;) {
        size_t run = ascii_run(src, i);
        if (run) {
            (void)fold_ascii(dst + out, src.p + i, run);
            out += run;
            i += run;
            continue;
        }
        size_t n;
        uint32_t c = letter_at(src, i, &n);
        if (n == 1) { /* ASCII, or a byte of no character */
            dst[out++] = ascii_lower(src.p[i]);
            i++;
            continue;
        }
        out += utf8_put(dst + out, fold_character(c));
        i += n;
    }
    return out;
}

/* ---- does a text have case outside ASCII? ------------------------------------------------ */

/* True if some other character folds to this one, which is then a lower-case letter. */
static bool is_fold_target(uint32_t c)
{
    for (uint32_t i = 0; i < FOLD_RANGES_N; i++) {
        const struct case_range *r = &FOLD_RANGES[i];
        int64_t from = (int64_t)c - r->delta;
        if (from >= r->first && from <= r->last && ((uint32_t)from - r->first) % r->step == 0)
            return true;
    }
    return false;
}

bool fold_needs_simple(struct str text)
{
    size_t n;

    for (size_t i = 0; i < text.n; i += n) {
        uint32_t c = letter_at(text, i, &n);
        if (n > 1 && (fold_character(c) != c || is_fold_target(c)))
            return true;
    }
    return false;
}
