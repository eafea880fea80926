/* escape_scalar.c - byte by byte: what the vector kernels must equal. */
#include "json/kernel.h"

size_t json_escape_scalar(struct str in, char *out, size_t *used)
{
    char *to = out;
    size_t i = 0;

    for (; i < in.n; i++) {
        unsigned char c = (unsigned char)in.p[i];
        if (c < 0x20 || c >= 0x80)
            break;
        if (c == '"' || c == '\\')
            *to++ = '\\';
        *to++ = (char)c;
    }
    *used = i;
    return (size_t)(to - out);
}
