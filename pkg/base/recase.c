/* recase.c - ASCII by arithmetic, all else by binary search in a table of ranges. */
#include "base/recase.h"
#include "base/recase_inner.h"

#include "base/letter.h"
#include "base/load.h"
#include "base/utf8.h"

#include <string.h>

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
    size_t n = 0;

    for (; at + n + sizeof(uint64_t) <= s.n; n += sizeof(uint64_t)) {
        uint64_t eight = load64(s.p + at + n);
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
    const struct case_range *ranges = to_upper ? RECASE_UPPER : RECASE_LOWER;
    uint32_t n_ranges = to_upper ? RECASE_UPPER_N : RECASE_LOWER_N;
    size_t out = 0, n;

    for (size_t i = 0; i < s.n;) {
        n = recase_ascii(dst + out, s, i, to_upper);
        out += n;
        i += n;
        if (i == s.n)
            break;
        uint32_t c = letter_at(s, i, &n);
        if (n > 1)
            out += utf8_put(dst + out, case_range_map(ranges, n_ranges, c));
        else
            dst[out++] = s.p[i];
        i += n;
    }
    return out;
}
