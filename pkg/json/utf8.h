/* utf8.h - is there a well-formed UTF-8 sequence here? */
#ifndef WEIR_JSON_UTF8_H
#define WEIR_JSON_UTF8_H

#include "base/base.h"

/* U+FFFD, which stands for what is no text. */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

static inline bool utf8_is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Bytes of the well-formed sequence at p (n > 0 readable), 0 if there is none. The table is
 * the Unicode Standard's 3-7: no overlong forms, no surrogates, nothing past U+10FFFF. */
static inline size_t utf8_length(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    if (p[0] < 0xe0)
        return n >= 2 && utf8_is_tail(p[1]) ? 2 : 0;
    if (p[0] < 0xf0) {
        unsigned char low = p[0] == 0xe0 ? 0xa0 : 0x80, high = p[0] == 0xed ? 0x9f : 0xbf;
        return n >= 3 && p[1] >= low && p[1] <= high && utf8_is_tail(p[2]) ? 3 : 0;
    }
    unsigned char low = p[0] == 0xf0 ? 0x90 : 0x80, high = p[0] == 0xf4 ? 0x8f : 0xbf;
    return n >= 4 && p[1] >= low && p[1] <= high && utf8_is_tail(p[2]) && utf8_is_tail(p[3]) ? 4
                                                                                             : 0;
}

#endif
