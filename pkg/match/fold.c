/* fold.c - which fold kernel, the scalar one, and Unicode simple folding.
 *
 * Simple folding maps one character to one, so text is walked character by character:
 * ASCII by arithmetic, the rest by binary search in a table of ranges. A byte that does
 * not begin a well-formed UTF-8 character is copied, and the walk goes on behind it.
 */
#include "match/fold.h"
#include "match/fold_inner.h"

#include "base/str.h"

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

static bool is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* The character at the start of s (not empty) and its length; 0 if it is not well formed:
 * truncated, overlong, a surrogate, or above U+10FFFF. */
static size_t utf8_read(struct str s, uint32_t *character)
{
    static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char c = (unsigned char)s.p[0];
    size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

    if (n == 0 || n > s.n)
        return 0;
    *character = n == 1 ? c : c & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (!is_continuation((unsigned char)s.p[i]))
            return 0;
        *character = *character << 6 | ((unsigned char)s.p[i] & 0x3f);
    }
    if (*character < LEAST[n] || *character > 0x10ffff ||
        (*character >= 0xd800 && *character <= 0xdfff))
        return 0;
    return n;
}

static size_t utf8_write(char *dst, uint32_t c)
{
    static const unsigned char LEADS[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    if (n == 1) {
        dst[0] = (char)c;
        return 1;
    }
    for (size_t i = n - 1; i > 0; i--) {
        dst[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    dst[0] = (char)(LEADS[n] | c);
    return n;
}

/* What a character outside ASCII folds to. */
static uint32_t fold_character(uint32_t c)
{
    uint32_t from = 0, to = FOLD_RANGES_N;

    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        const struct fold_range *r = &FOLD_RANGES[middle];
        if (c > r->last)
            from = middle + 1;
        else if (c < r->first)
            to = middle;
        else if ((c - r->first) % r->step != 0)
            return c;
        else
            return (uint32_t)((int32_t)c + r->delta);
    }
    return c;
}

/* Bytes of ASCII from here on, eight at a time. */
static size_t ascii_run(struct str s, size_t at)
{
    size_t from = at;
    uint64_t eight;

    for (; at + sizeof(eight) <= s.n; at += sizeof(eight)) {
        memcpy(&eight, s.p + at, sizeof(eight));
        if (eight & 0x8080808080808080u)
            break;
    }
    return at - from;
}

size_t fold_simple(char *dst, struct str src)
{
    size_t out = 0;

    for (size_t i = 0; i < src.n;) {
        uint32_t c;
        size_t run = ascii_run(src, i);
        if (run) {
            (void)fold_ascii(dst + out, src.p + i, run);
            out += run;
            i += run;
            continue;
        }
        size_t n = utf8_read((struct str){src.p + i, src.n - i}, &c);
        if (n <= 1) { /* ASCII, or a byte of no character */
            dst[out++] = ascii_lower(src.p[i]);
            i++;
            continue;
        }
        out += utf8_write(dst + out, fold_character(c));
        i += n;
    }
    return out;
}

/* ---- does a text have case outside ASCII? ------------------------------------------------ */

/* True if some other character folds to this one, which is then a lower-case letter. */
static bool is_fold_target(uint32_t c)
{
    for (uint32_t i = 0; i < FOLD_RANGES_N; i++) {
        const struct fold_range *r = &FOLD_RANGES[i];
        int64_t from = (int64_t)c - r->delta;
        if (from >= r->first && from <= r->last && ((uint32_t)from - r->first) % r->step == 0)
            return true;
    }
    return false;
}

bool fold_needs_simple(struct str text)
{
    for (size_t i = 0; i < text.n;) {
        uint32_t c;
        size_t n = utf8_read((struct str){text.p + i, text.n - i}, &c);
        if (n > 1 && (fold_character(c) != c || is_fold_target(c)))
            return true;
        i += n > 0 ? n : 1;
    }
    return false;
}
