/* cluster.c - see cluster.h. */
#include "base/cluster.h"

#include "base/cluster_inner.h"
#include "base/utf8.h"

enum { JOINER = 0x200d, NONE = 0 };

/* The character of n bytes at `at`; NONE: a byte of no character. */
static uint32_t character(struct str s, size_t at, size_t n)
{
    static const unsigned char LEAD_BITS[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = (unsigned char)s.p[at];

    if (n == 1)
        return c < 0x80 ? c : NONE;
    c &= LEAD_BITS[n];
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)s.p[at + i] & 0x3f);
    return c;
}

static bool belongs_to_last(uint32_t c)
{
    uint32_t from = 0, to = CLUSTER_RANGES_N;

    while (c >= 0x80 && from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (c > CLUSTER_RANGES[middle].last)
            from = middle + 1;
        else if (c < CLUSTER_RANGES[middle].first)
            to = middle;
        else
            return true;
    }
    return false;
}

/* Letters of flags, of which two are one. */
static bool is_flag_letter(uint32_t c)
{
    return c >= 0x1f1e6 && c <= 0x1f1ff;
}

static bool is_picture(uint32_t c)
{
    return (c >= 0x2190 && c <= 0x2bff) || (c >= 0x1f000 && c <= 0x1faff);
}

size_t cluster_size(struct str s, size_t at)
{
    size_t n = utf8_char(s, at), end = at + n;
    uint32_t first = character(s, at, n), last = first;
    bool is_flag = false;

    /* Nothing belongs to a control character but LF to CR. */
    if (first < ' ')
        return first == '\r' && end < s.n && s.p[end] == '\n' ? n + 1 : n;
    for (; end < s.n; end += n) {
        n = utf8_char(s, end);
        uint32_t c = character(s, end, n);
        bool is_second = is_flag_letter(last) && is_flag_letter(c) && !is_flag;
        bool is_joined = last == JOINER && is_picture(first) && is_picture(c);
        if (!is_second && !is_joined && !belongs_to_last(c))
            break;
        is_flag |= is_second;
        last = c;
    }
    return end - at;
}
