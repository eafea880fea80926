/* recase.c - ASCII by arithmetic, all else by binary search in a table of ranges. */
#include "base/recase.h"
#include "base/recase_inner.h"

#include "base/letter.h"
#include "base/str.h"

static uint32_t recased(uint32_t c, bool to_upper)
{
    const struct recase_range *ranges = to_upper ? RECASE_UPPER : RECASE_LOWER;
    uint32_t from = 0, to = to_upper ? RECASE_UPPER_N : RECASE_LOWER_N;

    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        const struct recase_range *r = &ranges[middle];
        if (c > r->last)
            from = middle + 1;
        else if (c < r->first)
            to = middle;
        else
            return (c - r->first) % r->step ? c : (uint32_t)((int32_t)c + r->delta);
    }
    return c;
}

/* A character outside ASCII. */
static size_t write_character(char *dst, uint32_t c)
{
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char LEADS[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        dst[i] = (char)(0x80 | (c & 0x3f));
    dst[0] = (char)(LEADS[n] | c);
    return n;
}

static char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

size_t recase(char *dst, struct str s, bool to_upper)
{
    size_t out = 0, n;

    for (size_t i = 0; i < s.n; i += n) {
        uint32_t c = (unsigned char)s.p[i];
        if (c >= 0x80)
            c = letter_at(s, i, &n);
        else
            n = 1;
        if (n > 1)
            out += write_character(dst + out, recased(c, to_upper));
        else
            dst[out++] = to_upper ? ascii_upper(s.p[i]) : ascii_lower(s.p[i]);
    }
    return out;
}
