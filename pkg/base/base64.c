/* base64.c - base64 of RFC 4648, sections 4 and 5. */
#include "base/base64.h"

struct str base64_encode(struct str bytes, char *out)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *p = out;

    for (size_t i = 0; i < bytes.n; i += 3) {
        uint32_t group = 0;
        size_t n = bytes.n - i < 3 ? bytes.n - i : 3;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < n ? (unsigned char)bytes.p[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            *p++ = k <= n ? DIGITS[group >> (18 - 6 * k) & 63] : '=';
    }
    return (struct str){out, (size_t)(p - out)};
}

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

bool base64_decode(struct str text, char *out, size_t *n)
{
    uint32_t bits = 0, n_bits = 0;

    *n = 0;
    while (text.n && text.p[text.n - 1] == '=')
        text.n--;
    if (text.n % 4 == 1)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        int six = sextet(text.p[i]);
        if (six < 0)
            return false;
        bits = bits << 6 | (uint32_t)six;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            out[(*n)++] = (char)(bits >> n_bits & 0xff);
        }
    }
    return true;
}
