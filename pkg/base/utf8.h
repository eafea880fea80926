/* utf8.h - where does a character end, and how is one written?
 *
 * Text in weir is any bytes. A character is one well-formed UTF-8 sequence (Unicode 15,
 * table 3-7: no overlong forms, no surrogates) or else one single byte, so that every
 * text falls into characters in exactly one way and none is ever rejected.
 */
#ifndef WEIR_BASE_UTF8_H
#define WEIR_BASE_UTF8_H

#include "base/base.h"

#include <string.h>

/* U+FFFD, which stands for what is no text. */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

static inline bool utf8_is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Bytes of the well-formed sequence at `at` (< s.n), 0 if the byte starts none. */
static inline size_t utf8_sequence(struct str s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.p + at;
    size_t left = s.n - at;
    unsigned char c = p[0];

    if (c < 0x80)
        return 1;
    if (c < 0xC2 || c > 0xF4 || left < 2)
        return 0;
    if (c < 0xE0)
        return utf8_is_tail(p[1]) ? 2 : 0;
    /* The second byte has a narrower range after E0, ED, F0 and F4. */
    unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high || left < 3 || !utf8_is_tail(p[2]))
        return 0;
    if (c < 0xF0)
        return 3;
    return left >= 4 && utf8_is_tail(p[3]) ? 4 : 0;
}

/* Bytes of the character at `at` (< s.n): at least 1. */
static inline size_t utf8_char(struct str s, size_t at)
{
    size_t n = utf8_sequence(s, at);

    return n ? n : 1;
}

/* Bytes of the character that ends before `at` (> 0, a boundary). */
static inline size_t utf8_char_before(struct str s, size_t at)
{
    for (size_t n = 1; n <= 4 && n <= at; n++) {
        if (utf8_is_tail((unsigned char)s.p[at - n]))
            continue;
        return utf8_sequence(s, at - n) == n ? n : 1;
    }
    return 1;
}

/* Writes the character, whose bytes it returns: at most UTF8_CHARACTER_MAX. */
enum { UTF8_CHARACTER_MAX = 4 };
static inline size_t utf8_put(char *out, uint32_t c)
{
    static const unsigned char LEADS[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(LEADS[n] | c);
    return n;
}

/* True if a character starts at `at` (<= s.n) or the text ends there. A byte that can start
 * a sequence is never inside one, so looking back three bytes settles it. */
static inline bool utf8_is_boundary(struct str s, size_t at)
{
    if (at == s.n || !utf8_is_tail((unsigned char)s.p[at]))
        return true;
    for (size_t n = 1; n <= 3 && n <= at; n++)
        if (!utf8_is_tail((unsigned char)s.p[at - n]))
            return utf8_sequence(s, at - n) <= n;
    return true;
}

/* The text with each byte that starts no sequence as U+FFFD, written to `out` (room for
 * UTF8_CLEAN_GROWTH bytes for each of the text's); how many bytes. */
enum { UTF8_CLEAN_GROWTH = 3 };
size_t utf8_clean(struct str s, char *out);

/* At most max bytes, no character split: how many. */
static inline size_t utf8_cut_at(struct str s, size_t max)
{
    size_t n = s.n < max ? s.n : max;

    while (!utf8_is_boundary(s, n))
        n--;
    return n;
}

/* The same as a text. */
static inline struct str utf8_cut(struct str s, size_t max)
{
    return (struct str){s.p, utf8_cut_at(s, max)};
}

/* Without the byte order mark that editors put before a text; it would be read as part of the first
 * word. */
static inline struct str utf8_without_mark(struct str s)
{
    bool has_mark = s.n >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0;

    return has_mark ? (struct str){s.p + 3, s.n - 3} : s;
}

#endif
