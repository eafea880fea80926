/* unescape.c - escapes become bytes: the plain version, and the choice of the kernel.
 *
 * It runs on nearly every value of a Windows event (paths are full of \\), which is why
 * vector versions exist: unescape_avx2.c and unescape_avx512.c. They deal with runs of
 * ASCII and with escapes that merely drop their backslash, and come here for the rest.
 */
#include "json/scan.h"

#include "json/kernel.h"
#include "json/utf8.h"

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

static size_t put_utf8(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
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
        return put_utf8(code, out);
    if (code < 0xdc00 && unicode_at(*p, end, &low) && low >= 0xdc00 && low <= 0xdfff) {
        *p += 6;
        return put_utf8(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), out);
    }
    *flags |= JSON_REPLACED; /* half a pair denotes nothing */
    return put_utf8(0xfffd, out);
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
        size_t n = utf8_length(p, (size_t)(end - p));
        if (n == 0) {
            to += put_utf8(0xfffd, to);
            *flags |= JSON_REPLACED;
            p++;
        }
        for (; n > 0; n--)
            *to++ = *p++;
    }
    return (size_t)(to - out);
}
