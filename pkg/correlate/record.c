/* record.c - signals as bytes. */
#include "correlate/record.h"

#include "base/pack.h"

enum { SIGNAL_VERSION = 1 };

void signal_pack(const struct signal *s, struct buf *out)
{
    const struct hit *h = &s->hit;

    pack_u8(out, RECORD_SIGNAL);
    pack_u8(out, SIGNAL_VERSION);
    pack_u8(out, s->stage);
    pack_bytes(out, s->key.bytes, sizeof s->key.bytes);
    pack_i64(out, s->t_ms);
    pack_i64(out, s->measured_micro);
    pack_u8(out, s->has_measured);
    pack_u32(out, h->label);
    pack_u32(out, h->count);
    pack_u64(out, h->value);
    pack_u64(out, h->actor);
    pack_u64(out, h->event_id);
    pack_i64(out, h->number_micro);
    pack_u8(out, h->level);
    pack_bytes(out, h->group_key.bytes, sizeof h->group_key.bytes);
    pack_str(out, h->keys);
    pack_str(out, h->value_text);
    pack_str(out, h->capsule);
    pack_str(out, h->addends);
    pack_str(out, s->detail);
}

bool signal_unpack(struct str bytes, struct signal *out)
{
    struct unpack u = unpack_from(bytes);
    struct hit *h = &out->hit;

    *out = (struct signal){0};
    if (unpack_u8(&u) != RECORD_SIGNAL || unpack_u8(&u) != SIGNAL_VERSION)
        return false;
    out->stage = unpack_u8(&u);
    unpack_bytes(&u, out->key.bytes, sizeof out->key.bytes);
    out->t_ms = unpack_i64(&u);
    out->measured_micro = unpack_i64(&u);
    out->has_measured = unpack_u8(&u) != 0;
    h->label = unpack_u32(&u);
    h->count = unpack_u32(&u);
    h->value = unpack_u64(&u);
    h->actor = unpack_u64(&u);
    h->event_id = unpack_u64(&u);
    h->number_micro = unpack_i64(&u);
    h->level = unpack_u8(&u);
    unpack_bytes(&u, h->group_key.bytes, sizeof h->group_key.bytes);
    h->keys = unpack_str(&u);
    h->value_text = unpack_str(&u);
    h->capsule = unpack_str(&u);
    h->addends = unpack_str(&u);
    out->detail = unpack_str(&u);
    return unpack_ok(&u) && unpack_left(&u) == 0;
}

enum record_kind record_kind_of(struct str bytes)
{
    return bytes.n ? (enum record_kind)(uint8_t)bytes.p[0] : 0;
}
