/* utf8.c - any bytes as well-formed text. */
#include "base/utf8.h"

#include <string.h>

size_t utf8_clean(struct str s, char *out)
{
    static const char replacement[] = {'\xef', '\xbf', '\xbd'};
    size_t n = 0;

    for (size_t i = 0; i < s.n;) {
        size_t bytes = utf8_sequence(s, i);
        const char *from = bytes ? s.p + i : replacement;
        size_t n_from = bytes ? bytes : sizeof replacement;
        memcpy(out + n, from, n_from);
        n += n_from;
        i += bytes ? bytes : 1;
    }
    return n;
}
