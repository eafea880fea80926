/* pack.h - values one behind the other in a few bytes: what state, journals and findings are
 * kept as.
 *
 * Integers are little-endian and of fixed width; a text is its length (u32) and its bytes. There
 * are no names and no types in it: both sides agree on the order, and whoever stores it puts a
 * version byte in front.
 *
 * Reading foreign bytes is safe: past the end a reader gives zeros and empty texts and remembers
 * that it failed (unpack_ok); texts are slices of the bytes read.
 */
#ifndef WEIR_BASE_PACK_H
#define WEIR_BASE_PACK_H

#include "base/base.h"
#include "base/buf.h"

static inline void pack_bytes(struct buf *out, const void *p, size_t n)
{ /* no length: the reader knows it */
    buf_add(out, (struct str){(const char *)p, n});
}
static inline void pack_u8(struct buf *out, uint8_t v)
{
    pack_bytes(out, &v, sizeof v);
}
static inline void pack_u32(struct buf *out, uint32_t v)
{
    pack_bytes(out, &v, sizeof v);
}
static inline void pack_u64(struct buf *out, uint64_t v)
{
    pack_bytes(out, &v, sizeof v);
}
static inline void pack_i64(struct buf *out, int64_t v)
{
    pack_bytes(out, &v, sizeof v);
}
void pack_str(struct buf *out, struct str s);
void pack_varint(struct buf *out, uint64_t v); /* seven bits a byte, the low ones first */

struct unpack {
    const uint8_t *p, *end;
    bool has_failed;
};

static inline struct unpack unpack_from(struct str bytes)
{
    /* No text is NULL, of which there is no end. */
    const uint8_t *p = (const uint8_t *)(bytes.n ? bytes.p : "");

    return (struct unpack){p, p + bytes.n, false};
}

uint8_t unpack_u8(struct unpack *u);
uint32_t unpack_u32(struct unpack *u);
uint64_t unpack_u64(struct unpack *u);
int64_t unpack_i64(struct unpack *u);
void unpack_bytes(struct unpack *u, void *out, size_t n); /* zeros past the end */
struct str unpack_str(struct unpack *u);
uint64_t unpack_varint(struct unpack *u);

/* Nothing was missing so far. */
static inline bool unpack_ok(const struct unpack *u)
{
    return !u->has_failed;
}
static inline size_t unpack_left(const struct unpack *u)
{
    return (size_t)(u->end - u->p);
}

#endif
