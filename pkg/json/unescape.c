/* unescape.c - escapes become bytes: the plain version, and the choice of the kernel.
 *
 * It runs on nearly every value of a Windows event (paths are full of \\), which is why
 * vector versions exist: unescape_avx2.c and unescape_avx512.c. They deal with runs of
 * ASCII and with escapes that merely drop their backslash, and come here for the rest.
 */
#include "json/scan.h"

#include "base/utf8.h"
#include "json/kernel.h"

#include <string.h>

static json_unescape_fn *chosen;

/* Before main(), hence before any thread; read-only from then on. */
static __attribute__((constructor)) void choose(void)
{
    static json_unescape_fn *const kernels[] = {json_unescape_scalar, json_unescape_avx2,
                                                json_unescape_avx512};

    chosen = kernels[cpu_simd()];
}

size_t json_unescape(struct str in, char *out, unsigned *flags)
{
    return chosen(in, out, flags);
}

/* If \uXXXX is at p: its value. */
static bool unicode_at(const char *p, const char *end, uint32_t *code)
{
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u' || !json_is_hex4(p + 2))
        return false;
    *code = 0;
    for (int i = 2; i < 6; i++) {
        uint32_t digit =
            p[i] <= '9' ? (uint32_t)(p[i] - '0') : (uint32_t)((p[i] | 0x20) - 'a' + 10);
        *code = *code << 4 | digit;
    }
    return true;
}

static size_t unescape_unicode(const char **p, const char *end, uint32_t code, char *out,
                               unsigned *flags)
{
    uint32_t low;

    *p += 6;
    if (code < 0xd800 || code > 0xdfff)
        return utf8_put(out, code);
    if (code < 0xdc00 && unicode_at(*p, end, &low) && low >= 0xdc00 && low <= 0xdfff) {
        *p += 6;
        return utf8_put(out, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
    }
    *flags |= JSON_REPLACED; /* half a pair denotes nothing */
    return utf8_put(out, 0xfffd);
}

size_t json_unescape_one(const char **p, const char *end, char *out, unsigned *flags)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t code;

    if (unicode_at(*p, end, &code))
        return unescape_unicode(p, end, code, out, flags);
    const char *found = end - *p >= 2 ? memchr(from, (*p)[1], sizeof(from) - 1) : NULL;
    if (!found) { /* not from a scan: keep the backslash */
        out[0] = *(*p)++;
        return 1;
    }
    out[0] = to[found - from];
    *p += 2;
    return 1;
}

size_t json_unescape_scalar(struct str in, char *out, unsigned *flags)
{
    const char *p = in.p, *end = in.p + in.n;
    char *to = out;

    while (p < end) {
        if (*p == '\\') {
            to += json_unescape_one(&p, end, to, flags);
            continue;
        }
        size_t n = utf8_sequence((struct str){p, (size_t)(end - p)}, 0);
        if (n == 0) {
            to += utf8_put(to, 0xfffd);
            *flags |= JSON_REPLACED;
            p++;
        }
        for (; n > 0; n--)
            *to++ = *p++;
    }
    return (size_t)(to - out);
}
