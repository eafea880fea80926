/* utf8.c - any bytes as well-formed text. */
#include "base/utf8.h"

#include <string.h>

size_t utf8_clean(struct str s, char *out)
{
    struct str replacement = STR(UTF8_REPLACEMENT);
    size_t n = 0;

    for (size_t i = 0; i < s.n;) {
        size_t bytes = utf8_sequence(s, i);
        const char *from = bytes ? s.p + i : replacement.p;
        size_t n_from = bytes ? bytes : replacement.n;
        memcpy(out + n, from, n_from);
        n += n_from;
        i += bytes ? bytes : 1;
    }
    return n;
}
