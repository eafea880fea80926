/* columns.c - named values as bytes. */
#include "state/columns.h"

#include "base/pack.h"
#include "base/str.h"

void columns_begin(struct buf *out)
{
    buf_clear(out);
    pack_u8(out, COLUMNS_MARK);
}

static struct str cut(struct str s)
{
    size_t n = s.n > COLUMNS_TEXT_MAX ? COLUMNS_TEXT_MAX : s.n;

    while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return (struct str){s.p, n};
}

bool columns_add(struct buf *out, struct str name, const struct str *values, size_t n)
{
    enum { LENGTH_BYTES = 4 };
    size_t kept = 0, bytes = out->n + LENGTH_BYTES + cut(name).n + 1;

    for (; kept < n && kept < COLUMNS_VALUES_MAX; kept++) {
        bytes += LENGTH_BYTES + cut(values[kept]).n;
        if (bytes > COLUMNS_BYTES_MAX)
            break;
    }
    if (bytes > COLUMNS_BYTES_MAX && kept == 0)
        return false;
    pack_str(out, cut(name));
    pack_u8(out, (uint8_t)kept);
    for (size_t i = 0; i < kept; i++)
        pack_str(out, cut(values[i]));
    return true;
}

bool columns_open(struct str detail, struct str *rest)
{
    *rest = str_sub(detail, 1, SIZE_MAX);
    return detail.n && (uint8_t)detail.p[0] == COLUMNS_MARK;
}

bool columns_next(struct str *rest, struct str *name, struct str *values, size_t *n)
{
    struct unpack u = unpack_from(*rest);

    if (rest->n == 0)
        return false;
    *name = unpack_str(&u);
    *n = unpack_u8(&u);
    if (*n > COLUMNS_VALUES_MAX)
        return false;
    for (size_t i = 0; i < *n; i++)
        values[i] = unpack_str(&u);
    *rest = (struct str){(const char *)u.p, unpack_left(&u)};
    return unpack_ok(&u);
}
