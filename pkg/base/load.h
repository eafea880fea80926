/* load.h - numbers of bytes as they lie in memory, at any address, and texts compared by them.
 *
 * The order of bytes is the machine's (x86-64: the first is the lowest): for hashing, masks and
 * comparing, not for formats.
 */
#ifndef WEIR_BASE_LOAD_H
#define WEIR_BASE_LOAD_H

#include "base/base.h"

#include <string.h>

static inline uint32_t load16(const void *p)
{
    uint16_t x;

    memcpy(&x, p, sizeof x);
    return x;
}

static inline uint32_t load32(const void *p)
{
    uint32_t x;

    memcpy(&x, p, sizeof x);
    return x;
}

static inline uint64_t load64(const void *p)
{
    uint64_t x;

    memcpy(&x, p, sizeof x);
    return x;
}

/* memcmp(a, b, n) == 0, where most texts are short: up to 16 bytes by words that overlap, and no
 * call. */
static inline bool same_bytes(const char *a, const char *b, size_t n)
{
    if (n > 16)
        return memcmp(a, b, n) == 0;
    if (n >= 8)
        return load64(a) == load64(b) && load64(a + n - 8) == load64(b + n - 8);
    if (n >= 4)
        return load32(a) == load32(b) && load32(a + n - 4) == load32(b + n - 4);
    return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

#endif
