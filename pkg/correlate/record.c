/* record.c - signals as bytes (findings: state/finding.c). */
#include "correlate/record.h"

#include "base/pack.h"

enum { SIGNAL_VERSION = 2, SIGNAL_UNCITED_VERSION = 1, PASSING_VERSION = 2 };
enum { HAS_MEASURED = 1, HAS_PLACE = 2, IS_INEXACT = 4, FLAGS_ALL = 7 };

static void pack_place(struct buf *out, const struct place *p)
{
    pack_u32(out, (uint32_t)p->lat_e5);
    pack_u32(out, (uint32_t)p->lon_e5);
    pack_u32(out, p->asn);
    pack_bytes(out, p->country, sizeof p->country);
}

static void pack_hit(struct buf *out, const struct hit *h)
{
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
    pack_str(out, h->cited);
    if (h->place.has)
        pack_place(out, &h->place);
}

void signal_pack(const struct signal *s, struct buf *out)
{
    pack_u8(out, RECORD_SIGNAL);
    pack_u8(out, SIGNAL_VERSION);
    pack_u8(out,
            (uint8_t)((s->has_measured ? HAS_MEASURED : 0) | (s->hit.place.has ? HAS_PLACE : 0) |
                      (s->hit.is_inexact ? IS_INEXACT : 0)));
    pack_u8(out, s->stage);
    pack_bytes(out, s->key.bytes, sizeof s->key.bytes);
    pack_i64(out, s->t_ms);
    pack_i64(out, s->measured_micro);
    pack_str(out, s->detail);
    pack_hit(out, &s->hit);
}

static void unpack_hit(struct unpack *u, struct hit *h, uint8_t version, uint8_t flags)
{
    *h = (struct hit){.is_inexact = flags & IS_INEXACT, .place.has = flags & HAS_PLACE};
    h->label = unpack_u32(u);
    h->count = unpack_u32(u);
    h->value = unpack_u64(u);
    h->actor = unpack_u64(u);
    h->event_id = unpack_u64(u);
    h->number_micro = unpack_i64(u);
    h->level = unpack_u8(u);
    unpack_bytes(u, h->group_key.bytes, sizeof h->group_key.bytes);
    h->keys = unpack_str(u);
    h->value_text = unpack_str(u);
    h->capsule = unpack_str(u);
    h->addends = unpack_str(u);
    if (version > SIGNAL_UNCITED_VERSION)
        h->cited = unpack_str(u);
    if (!h->place.has)
        return;
    h->place.lat_e5 = (int32_t)unpack_u32(u);
    h->place.lon_e5 = (int32_t)unpack_u32(u);
    h->place.asn = unpack_u32(u);
    unpack_bytes(u, h->place.country, sizeof h->place.country);
}

bool signal_unpack(struct str bytes, struct signal *out)
{
    struct unpack u = unpack_from(bytes);
    uint8_t kind = unpack_u8(&u), version = unpack_u8(&u);
    bool is_signal =
        kind == RECORD_SIGNAL && (version == SIGNAL_VERSION || version == SIGNAL_UNCITED_VERSION);
    uint8_t flags = unpack_u8(&u);

    if (!is_signal || flags > FLAGS_ALL)
        return false;
    *out = (struct signal){.has_measured = flags & HAS_MEASURED};
    out->stage = unpack_u8(&u);
    unpack_bytes(&u, out->key.bytes, sizeof out->key.bytes);
    out->t_ms = unpack_i64(&u);
    out->measured_micro = unpack_i64(&u);
    out->detail = unpack_str(&u);
    unpack_hit(&u, &out->hit, version, flags);
    return unpack_ok(&u) && unpack_left(&u) == 0;
}

enum record_kind record_kind_of(struct str bytes)
{
    uint8_t kind = bytes.n ? (uint8_t)bytes.p[0] : RECORD_FINDING;

    return kind == RECORD_SIGNAL || kind == RECORD_PASSING ? (enum record_kind)kind
                                                           : RECORD_FINDING;
}

void passing_pack(const struct passing *p, struct buf *out)
{
    pack_u8(out, RECORD_PASSING);
    pack_u8(out, PASSING_VERSION);
    pack_str(out, p->tenant);
    pack_str(out, p->rule_uid);
    pack_str(out, p->finding);
}

bool passing_unpack(struct str bytes, struct passing *out)
{
    struct unpack u = unpack_from(bytes);
    uint8_t kind = unpack_u8(&u), version = unpack_u8(&u);
    bool is_passing = kind == RECORD_PASSING && version == PASSING_VERSION;

    out->tenant = unpack_str(&u);
    out->rule_uid = unpack_str(&u);
    out->finding = unpack_str(&u);
    return is_passing && unpack_ok(&u) && unpack_left(&u) == 0;
}
