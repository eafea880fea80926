/* pack.c - values one behind the other: little-endian integers, texts with their length. */
#include "base/pack.h"

#include "base/str.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "packed integers are copied as they lie");

void pack_str(struct buf *out, struct str s)
{
    ASSERT(s.n <= UINT32_MAX);
    pack_u32(out, (uint32_t)s.n);
    buf_add(out, s);
}

void pack_varint(struct buf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        pack_u8(out, (uint8_t)(v | 0x80));
    pack_u8(out, (uint8_t)v);
}

void unpack_bytes(struct unpack *u, void *out, size_t n)
{
    if (unpack_left(u) < n) {
        u->has_failed = true;
        u->p = u->end;
        memset(out, 0, n);
        return;
    }
    if (n)
        memcpy(out, u->p, n);
    u->p += n;
}

uint8_t unpack_u8(struct unpack *u)
{
    uint8_t v;

    unpack_bytes(u, &v, sizeof v);
    return v;
}

uint32_t unpack_u32(struct unpack *u)
{
    uint32_t v;

    unpack_bytes(u, &v, sizeof v);
    return v;
}

uint64_t unpack_u64(struct unpack *u)
{
    uint64_t v;

    unpack_bytes(u, &v, sizeof v);
    return v;
}

int64_t unpack_i64(struct unpack *u)
{
    int64_t v;

    unpack_bytes(u, &v, sizeof v);
    return v;
}

struct str unpack_str(struct unpack *u)
{
    uint32_t n = unpack_u32(u);

    if (unpack_left(u) < n) {
        u->has_failed = true;
        u->p = u->end;
        return (struct str){"", 0};
    }
    struct str s = {(const char *)u->p, n};
    u->p += n;
    return s;
}

uint64_t unpack_varint(struct unpack *u)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = unpack_u8(u);
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return v;
    }
    u->has_failed = true;
    return 0;
}
