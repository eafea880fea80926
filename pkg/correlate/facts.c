/* facts.c - facts: packed, read off signals, turned into operations.
 *
 * The first byte of a packed one is its kind, and so its version.
 */
#include "correlate/facts.h"

#include "base/pack.h"
#include "correlate/final.h"
#include "correlate/span.h"

#include <string.h>

bool fact_of_signal(const struct signal *s, const uint8_t identity[FACT_IDENTITY_BYTES],
                    struct fact *out)
{
    if (s->stage != SIGNAL_FACT)
        return false;
    if (s->detail.n) {
        if (!fact_unpack(s->detail, out))
            return false;
        memcpy(out->identity, identity, sizeof out->identity);
        return true;
    }
    *out = (struct fact){.kind = FACT_TERM,
                         .term_key = s->hit.group_key, /* of the term's cell */
                         .group_key = s->key,
                         .term = s->hit.value,
                         .first_ms = s->hit.number_micro,
                         .last_ms = s->t_ms};
    memcpy(out->identity, identity, sizeof out->identity);
    return true;
}

void fact_tell(const struct fact *f, struct emissions *out)
{
    struct buf packed = {0};

    fact_pack(f, &packed);
    struct signal s = {
        .stage = SIGNAL_FACT, .key = f->group_key, .t_ms = f->last_ms, .detail = buf_str(&packed)};
    final_signal(out, &s);
    buf_release(&packed);
}

/* Keys are keyed hashes: half of one tells the cells of a space apart, the other takes the slot. */
void fact_name(const struct fact *f, uint8_t out[FACT_NAME_BYTES])
{
    uint8_t *slot = out + FACT_NAME_BYTES - sizeof f->slot;

    memcpy(out, f->identity, FACT_IDENTITY_BYTES);
    memcpy(out + FACT_IDENTITY_BYTES, f->term_key.bytes, STATE_KEY_BYTES);
    for (size_t i = 0; i < sizeof f->slot; i++)
        slot[i] ^= (uint8_t)(f->slot >> (8 * i));
}

void fact_pack(const struct fact *f, struct buf *out)
{
    pack_u8(out, (uint8_t)f->kind);
    pack_bytes(out, f->identity, sizeof f->identity);
    pack_bytes(out, f->term_key.bytes, sizeof f->term_key.bytes);
    pack_bytes(out, f->group_key.bytes, sizeof f->group_key.bytes);
    pack_u64(out, f->term);
    pack_i64(out, f->first_ms);
    pack_i64(out, f->last_ms);
    if (f->kind == FACT_TERM)
        return;
    pack_u64(out, f->slot);
    pack_i64(out, f->since_ms);
    pack_u64(out, f->number);
    if (f->kind != FACT_ACTOR)
        return;
    pack_u32(out, f->with);
    pack_u32(out, f->of);
    pack_u32(out, (uint32_t)f->with_day);
    pack_u32(out, (uint32_t)f->of_day);
}

static void unpack_more(struct unpack *u, struct fact *out)
{
    out->slot = unpack_u64(u);
    out->since_ms = unpack_i64(u);
    out->number = unpack_u64(u);
    if (out->kind != FACT_ACTOR)
        return;
    out->with = unpack_u32(u);
    out->of = unpack_u32(u);
    out->with_day = (int32_t)unpack_u32(u);
    out->of_day = (int32_t)unpack_u32(u);
}

bool fact_unpack(struct str bytes, struct fact *out)
{
    struct unpack u = unpack_from(bytes);
    uint8_t kind = unpack_u8(&u);

    if (kind < FACT_TERM || kind > FACT_WINDOW)
        return false;
    *out = (struct fact){.kind = kind, .fresh_ms = INT64_MAX};
    unpack_bytes(&u, out->identity, sizeof out->identity);
    unpack_bytes(&u, out->term_key.bytes, sizeof out->term_key.bytes);
    unpack_bytes(&u, out->group_key.bytes, sizeof out->group_key.bytes);
    out->term = unpack_u64(&u);
    out->first_ms = unpack_i64(&u);
    out->last_ms = unpack_i64(&u);
    if (kind != FACT_TERM)
        unpack_more(&u, out);
    return unpack_ok(&u) && unpack_left(&u) == 0 && out->first_ms <= out->last_ms &&
           final_is_time(out->first_ms) && final_is_time(out->last_ms) &&
           final_is_time(out->since_ms);
}

bool fact_is_fresh(const struct fact *f)
{
    return f->first_ms >= f->fresh_ms;
}

int64_t fact_part(int64_t t_ms, int64_t history_ms)
{
    int64_t part_ms = history_ms / FACT_PARTS + 1;

    return span_floor(t_ms, part_ms) / part_ms;
}

/* One may be begun, and one has begun before the history does. */
int64_t fact_steps(int64_t n_steps, int64_t step_ms)
{
    return n_steps + 2 + FACT_REPLAY_MS / step_ms;
}

size_t fact_ops(const struct fact *f, bool is_counted, struct hit *hit, struct state_op *term,
                struct state_op *group)
{
    *hit =
        (struct hit){.count = is_counted, .value = f->term, .group_key = f->group_key, .fact = f};
    *term = (struct state_op){.key = f->term_key, .t_ms = f->last_ms, .payload = hit};
    *group = (struct state_op){.key = f->group_key, .t_ms = f->last_ms, .payload = hit};
    return f->kind == FACT_WINDOW ? 1 : 2;
}
