/* protocol_meta.c - packed with variable-length integers, equal neighbours once, then as base64.
 *
 * Shards move together under load (each batch calls them all) and stand together without it, so
 * runs of equal pairs are what there is. One batch can at most double the number of runs, and
 * the protocol lifts at PROTOCOL_LIFT_BYTES, a quarter of what a broker takes.
 */
#include "worker/protocol_meta.h"

#include "base/pack.h"

#include <string.h>

enum { VERSION = 1, BYTES_MAX = 16 * 1024 };

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put(struct buf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        pack_u8(out, (uint8_t)(v | 0x80));
    pack_u8(out, (uint8_t)v);
}

static uint64_t get(struct unpack *u)
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

/* Shards lag a little behind the foremost: differences are short. */
static struct store_at foremost(const struct store_at *last, size_t n)
{
    struct store_at top = {0, 0};

    for (size_t i = 0; i < n; i++) {
        if (last[i].position > top.position)
            top.position = last[i].position;
        if (last[i].tick > top.tick)
            top.tick = last[i].tick;
    }
    return top;
}

static void put_runs(struct buf *out, const struct store_at *last, uint32_t n, struct store_at top)
{
    for (uint32_t i = 0; i < n;) {
        uint32_t k = i + 1;
        while (k < n && last[k].position == last[i].position && last[k].tick == last[i].tick)
            k++;
        put(out, k - i);
        put(out, top.position - last[i].position);
        put(out, top.tick - last[i].tick);
        i = k;
    }
}

static void encode(struct buf *out, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16;
        if (i + 1 < n)
            v |= (uint32_t)p[i + 1] << 8;
        if (i + 2 < n)
            v |= p[i + 2];
        size_t digits = n - i < 3 ? n - i + 1 : 4;
        for (size_t d = 0; d < digits; d++)
            buf_add_char(out, letters[v >> (18 - 6 * d) & 63]);
    }
}

void protocol_meta_pack(const struct protocol_meta *m, const struct store_at *last,
                        uint32_t n_rounds, struct buf *out)
{
    struct buf raw = {0};

    pack_u8(&raw, VERSION);
    put(&raw, m->slot);
    pack_str(&raw, (struct str){m->incarnation, strlen(m->incarnation)});
    put(&raw, m->tick);
    pack_i64(&raw, m->prefix_ms);
    pack_u8(&raw, m->is_replay);
    put(&raw, m->replay_position);
    put(&raw, n_rounds);
    struct store_at top = foremost(last, (size_t)n_rounds * STORE_SHARDS);
    put(&raw, top.position);
    put(&raw, top.tick);
    for (uint32_t r = 0; r < n_rounds; r++)
        put_runs(&raw, last + (size_t)r * STORE_SHARDS, STORE_SHARDS, top);
    encode(out, (const uint8_t *)raw.p, raw.n);
    buf_release(&raw);
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* False: a letter that is none. Bits left over at the end are dropped. */
static bool decode(struct str text, struct buf *out)
{
    uint32_t v = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < text.n; i++) {
        int digit = value_of(text.p[i]);
        if (digit < 0)
            return false;
        v = (v << 6 | (uint32_t)digit) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            pack_u8(out, (uint8_t)(v >> bits));
        }
    }
    return true;
}

static void get_runs(struct unpack *u, struct store_at *last, struct store_at top)
{
    for (uint32_t i = 0; i < STORE_SHARDS && unpack_ok(u);) {
        uint64_t run = get(u);
        struct store_at at = {.position = top.position - get(u)};
        at.tick = top.tick - get(u);
        if (run == 0 || run > STORE_SHARDS - i || at.position > top.position ||
            at.tick > top.tick) {
            u->has_failed = true;
            return;
        }
        for (; run > 0; run--)
            last[i++] = at;
    }
}

static bool unpack_all(struct unpack *u, struct protocol_meta *m, struct store_at *last,
                       uint32_t n_rounds)
{
    struct store_at spare[STORE_SHARDS];

    *m = (struct protocol_meta){0};
    if (unpack_u8(u) != VERSION)
        return false;
    m->slot = (uint32_t)get(u);
    struct str incarnation = unpack_str(u);
    if (incarnation.n >= sizeof m->incarnation)
        return false;
    if (incarnation.n)
        memcpy(m->incarnation, incarnation.p, incarnation.n);
    m->tick = get(u);
    m->prefix_ms = unpack_i64(u);
    m->is_replay = unpack_u8(u) != 0;
    m->replay_position = get(u);
    uint64_t rounds = get(u);
    if (rounds > STORE_ROUNDS_MAX)
        return false;
    struct store_at top = {.position = get(u)};
    top.tick = get(u);
    for (uint64_t r = 0; r < rounds && unpack_ok(u); r++)
        get_runs(u, r < n_rounds ? last + r * STORE_SHARDS : spare, top);
    return unpack_ok(u) && unpack_left(u) == 0;
}

bool protocol_meta_unpack(struct str text, struct protocol_meta *m, struct store_at *last,
                          uint32_t n_rounds)
{
    struct buf raw = {0};
    size_t bytes = (size_t)n_rounds * STORE_SHARDS * sizeof *last;

    memset(last, 0, bytes);
    bool ok = text.n > 0 && text.n <= BYTES_MAX && decode(text, &raw) && raw.n > 0;
    if (ok) {
        struct unpack u = unpack_from(buf_str(&raw));
        ok = unpack_all(&u, m, last, n_rounds);
    }
    buf_release(&raw);
    if (!ok) {
        memset(last, 0, bytes);
        *m = (struct protocol_meta){.prefix_ms = INT64_MIN};
    }
    return ok;
}
