/* hex.c - see hex.h. */
#include "base/hex.h"

struct str hex_encode(struct str bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.n; i++) {
        out[2 * i] = digits[(unsigned char)bytes.p[i] >> 4];
        out[2 * i + 1] = digits[(unsigned char)bytes.p[i] & 15];
    }
    return (struct str){out, HEX_SIZE(bytes.n)};
}
