/* redis_value.c - packing of cells for Redis. */
#include "state/redis_value.h"

#include "base/pack.h"

void redis_value_pack(const struct redis_value *v, struct buf *out)
{
    pack_u8(out, REDIS_VALUE_VERSION);
    pack_u8(out, v->weight);
    pack_u64(out, v->stamp);
    pack_i64(out, v->due_ms);
    pack_i64(out, v->idle_ms);
    pack_u32(out, (uint32_t)v->main.n);
    pack_u32(out, (uint32_t)v->side.n);
    buf_add(out, v->main);
    buf_add(out, v->side);
}

bool redis_value_unpack(struct str bytes, struct redis_value *out)
{
    struct unpack u = unpack_from(bytes);

    if (unpack_u8(&u) != REDIS_VALUE_VERSION)
        return false;
    out->weight = unpack_u8(&u);
    out->stamp = unpack_u64(&u);
    out->due_ms = unpack_i64(&u);
    out->idle_ms = unpack_i64(&u);
    uint32_t main_bytes = unpack_u32(&u), side_bytes = unpack_u32(&u);
    if (!unpack_ok(&u) || main_bytes > CELL_BYTES_MAX || side_bytes > CELL_SIDE_MAX ||
        unpack_left(&u) != (size_t)main_bytes + side_bytes)
        return false;
    out->main = (struct str){(const char *)u.p, main_bytes};
    out->side = (struct str){(const char *)u.p + main_bytes, side_bytes};
    return true;
}

uint32_t redis_value_cost(size_t main_bytes, int64_t due_ms)
{
    return (uint32_t)main_bytes + REDIS_CELL_OVERHEAD +
           (due_ms != CELL_NEVER ? REDIS_TIMER_OVERHEAD : 0);
}
