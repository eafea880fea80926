/* recase.c - ASCII by arithmetic, all else by binary search in a table of ranges. */
#include "base/recase.h"
#include "base/recase_inner.h"

#include "base/letter.h"

#include <string.h>

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

#define EACH_BYTE UINT64_C(0x0101010101010101)

/* Eight bytes of ASCII at once: the top bit of a byte says whether it is past `first - 1`, and past
 * `last`; where the two differ it is a letter, whose other case is 0x20 away. */
static uint64_t recase_eight(uint64_t eight, char first, char last)
{
    uint64_t past_first = eight + EACH_BYTE * (uint64_t)(0x80 - first);
    uint64_t past_last = eight + EACH_BYTE * (uint64_t)(0x7f - last);

    return eight ^ (((past_first ^ past_last) & EACH_BYTE * 0x80) >> 2);
}

/* The bytes of ASCII from `at` on; how many. */
static size_t recase_ascii(char *dst, struct str s, size_t at, bool to_upper)
{
    char first = to_upper ? 'a' : 'A', last = to_upper ? 'z' : 'Z';
    uint64_t eight;
    size_t n = 0;

    for (; at + n + sizeof eight <= s.n; n += sizeof eight) {
        memcpy(&eight, s.p + at + n, sizeof eight);
        if (eight & EACH_BYTE * 0x80)
            break;
        eight = recase_eight(eight, first, last);
        memcpy(dst + n, &eight, sizeof eight);
    }
    for (; at + n < s.n && (unsigned char)s.p[at + n] < 0x80; n++) {
        char c = s.p[at + n];
        dst[n] = (char)(c ^ (c >= first && c <= last ? 0x20 : 0));
    }
    return n;
}

size_t recase(char *dst, struct str s, bool to_upper)
{
    size_t out = 0, n;

    for (size_t i = 0; i < s.n;) {
        n = recase_ascii(dst + out, s, i, to_upper);
        out += n;
        i += n;
        if (i == s.n)
            break;
        uint32_t c = letter_at(s, i, &n);
        if (n > 1)
            out += write_character(dst + out, recased(c, to_upper));
        else
            dst[out++] = s.p[i];
        i += n;
    }
    return out;
}
