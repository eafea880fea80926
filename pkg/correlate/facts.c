/* facts.c - facts of first_seen: packed, read off signals, turned into operations. */
#include "correlate/facts.h"

#include "base/pack.h"
#include "correlate/first_seen.h"

enum { FACT_VERSION = 1 };

bool fact_of_signal(const struct signal *s, const uint8_t identity[FACT_IDENTITY_BYTES],
                    struct fact *out)
{
    if (s->stage != SIGNAL_FACT)
        return false;
    memcpy(out->identity, identity, sizeof out->identity);
    out->term_key = s->hit.group_key; /* of the term's cell */
    out->group_key = s->key;
    out->term = s->hit.value;
    out->first_ms = s->hit.number_micro;
    out->last_ms = s->t_ms;
    return true;
}

void fact_name(const struct fact *f, uint8_t out[FACT_NAME_BYTES])
{
    memcpy(out, f->identity, FACT_IDENTITY_BYTES);
    memcpy(out + FACT_IDENTITY_BYTES, f->term_key.bytes, STATE_KEY_BYTES);
}

void fact_pack(const struct fact *f, struct buf *out)
{
    pack_u8(out, FACT_VERSION);
    pack_bytes(out, f->identity, sizeof f->identity);
    pack_bytes(out, f->term_key.bytes, sizeof f->term_key.bytes);
    pack_bytes(out, f->group_key.bytes, sizeof f->group_key.bytes);
    pack_u64(out, f->term);
    pack_i64(out, f->first_ms);
    pack_i64(out, f->last_ms);
}

bool fact_unpack(struct str bytes, struct fact *out)
{
    struct unpack u = unpack_from(bytes);

    if (unpack_u8(&u) != FACT_VERSION)
        return false;
    unpack_bytes(&u, out->identity, sizeof out->identity);
    unpack_bytes(&u, out->term_key.bytes, sizeof out->term_key.bytes);
    unpack_bytes(&u, out->group_key.bytes, sizeof out->group_key.bytes);
    out->term = unpack_u64(&u);
    out->first_ms = unpack_i64(&u);
    out->last_ms = unpack_i64(&u);
    return unpack_ok(&u) && unpack_left(&u) == 0 && out->first_ms <= out->last_ms;
}

void fact_ops(const struct fact *f, bool is_counted, struct hit *hit, struct state_op *term,
              struct state_op *group)
{
    *hit = (struct hit){.label = FIRST_SEEN_FACT,
                        .count = is_counted,
                        .value = f->term,
                        .number_micro = f->first_ms,
                        .group_key = f->group_key};
    *term = (struct state_op){.key = f->term_key, .t_ms = f->last_ms, .payload = hit};
    *group = (struct state_op){.key = f->group_key, .t_ms = f->last_ms, .payload = hit};
}
