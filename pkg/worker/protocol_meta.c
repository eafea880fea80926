/* protocol_meta.c - packed with variable-length integers, equal neighbours once, then as base64.
 *
 * Shards move together under load (each batch calls them all) and stand together without it, so
 * runs of equal pairs are what there is, and few different pairs: a table of these comes first, a
 * run is its length and a place in the table, two bytes. One batch brings one new pair, and at
 * most as many runs as there are shards and rounds. The protocol lifts at PROTOCOL_LIFT_BYTES, a
 * quarter of what a broker takes.
 */
#include "worker/protocol_meta.h"

#include "base/base64.h"
#include "base/pack.h"

#include <string.h>

enum { VERSION = 3, BYTES_MAX = 16 * 1024 };

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

/* The different pairs, in the order in which they come first. */
struct pairs {
    struct store_at at[STORE_ROUNDS_MAX * STORE_SHARDS];
    uint32_t n;
};

static bool is_same(struct store_at a, struct store_at b)
{
    return a.position == b.position && a.tick == b.tick;
}

static uint32_t place_of(struct pairs *t, struct store_at at)
{
    uint32_t i = 0;

    while (i < t->n && !is_same(t->at[i], at))
        i++;
    if (i == t->n)
        t->at[t->n++] = at;
    return i;
}

static void put_runs(struct buf *out, const struct store_at *last, uint32_t n)
{
    struct pairs table = {.n = 0};
    struct buf runs = {0};

    for (uint32_t i = 0; i < n;) {
        uint32_t k = i + 1;
        while (k < n && is_same(last[k], last[i]))
            k++;
        pack_varint(&runs, k - i);
        pack_varint(&runs, place_of(&table, last[i]));
        i = k;
    }
    struct store_at top = foremost(table.at, table.n);
    pack_varint(out, table.n);
    pack_varint(out, top.position);
    pack_varint(out, top.tick);
    for (uint32_t i = 0; i < table.n; i++) {
        pack_varint(out, top.position - table.at[i].position);
        pack_varint(out, top.tick - table.at[i].tick);
    }
    buf_add(out, buf_str(&runs));
    buf_release(&runs);
}

void protocol_meta_pack(const struct protocol_meta *m, const struct store_at *last,
                        uint32_t n_rounds, struct buf *out)
{
    struct buf raw = {0};

    pack_u8(&raw, VERSION);
    pack_varint(&raw, m->slot);
    pack_str(&raw, (struct str){m->incarnation, strlen(m->incarnation)});
    pack_varint(&raw, m->tick);
    pack_i64(&raw, m->prefix_ms);
    pack_i64(&raw, m->group_ms);
    pack_u8(&raw, m->is_replay);
    pack_varint(&raw, m->replay_position);
    ASSERT(m->n_extra <= PROTOCOL_EXTRA_MAX);
    pack_str(&raw, (struct str){(const char *)m->extra, m->n_extra});
    pack_varint(&raw, n_rounds);
    put_runs(&raw, last, n_rounds * STORE_SHARDS);
    /* Padding says nothing that the length does not. */
    struct buf text = {0};
    buf_reserve(&text, BASE64_SIZE(raw.n));
    buf_add(out, str_trim_end(base64_encode(buf_str(&raw), text.p), STR("=")));
    buf_release(&text);
    buf_release(&raw);
}

static void get_table(struct unpack *u, struct pairs *table, uint64_t n_pairs)
{
    uint64_t n = unpack_varint(u);
    struct store_at top = {.position = unpack_varint(u)};

    top.tick = unpack_varint(u);
    if (n > n_pairs)
        u->has_failed = true;
    for (table->n = 0; table->n < n && unpack_ok(u); table->n++) {
        struct store_at at = {.position = top.position - unpack_varint(u)};
        at.tick = top.tick - unpack_varint(u);
        if (at.position > top.position || at.tick > top.tick)
            u->has_failed = true;
        table->at[table->n] = at;
    }
}

/* n pairs were packed; those beyond n_wanted are of rounds that went with the rules. */
static void get_runs(struct unpack *u, struct store_at *last, uint64_t n, uint64_t n_wanted)
{
    struct pairs table;

    get_table(u, &table, n);
    for (uint64_t i = 0; i < n && unpack_ok(u);) {
        uint64_t run = unpack_varint(u), place = unpack_varint(u);
        if (run == 0 || run > n - i || place >= table.n) {
            u->has_failed = true;
            return;
        }
        for (; run > 0; run--, i++)
            if (i < n_wanted)
                last[i] = table.at[place];
    }
}

static bool get_extra(struct unpack *u, struct protocol_meta *m)
{
    struct str extra = unpack_str(u);

    if (extra.n > sizeof m->extra)
        return false;
    if (extra.n)
        memcpy(m->extra, extra.p, extra.n);
    m->n_extra = extra.n;
    return true;
}

static bool unpack_all(struct unpack *u, struct protocol_meta *m, struct store_at *last,
                       uint32_t n_rounds)
{
    *m = (struct protocol_meta){0};
    if (unpack_u8(u) != VERSION)
        return false;
    m->slot = (uint32_t)unpack_varint(u);
    struct str incarnation = unpack_str(u);
    if (incarnation.n >= sizeof m->incarnation)
        return false;
    if (incarnation.n)
        memcpy(m->incarnation, incarnation.p, incarnation.n);
    m->tick = unpack_varint(u);
    m->prefix_ms = unpack_i64(u);
    m->group_ms = unpack_i64(u);
    m->is_replay = unpack_u8(u) != 0;
    m->replay_position = unpack_varint(u);
    if (!get_extra(u, m))
        return false;
    uint64_t rounds = unpack_varint(u);
    if (rounds > STORE_ROUNDS_MAX)
        return false;
    get_runs(u, last, rounds * STORE_SHARDS, (uint64_t)n_rounds * STORE_SHARDS);
    return unpack_ok(u) && unpack_left(u) == 0;
}

bool protocol_meta_unpack(struct str text, struct protocol_meta *m, struct store_at *last,
                          uint32_t n_rounds)
{
    struct buf raw = {0};
    size_t bytes = (size_t)n_rounds * STORE_SHARDS * sizeof *last;

    memset(last, 0, bytes);
    bool ok = text.n > 0 && text.n <= BYTES_MAX;
    if (ok) {
        buf_reserve(&raw, text.n);
        ok = base64_decode(text, raw.p, &raw.n) && raw.n > 0;
    }
    if (ok) {
        struct unpack u = unpack_from(buf_str(&raw));
        ok = unpack_all(&u, m, last, n_rounds);
    }
    buf_release(&raw);
    if (!ok) {
        memset(last, 0, bytes);
        *m = (struct protocol_meta){.prefix_ms = INT64_MIN, .group_ms = INT64_MIN};
    }
    return ok;
}

static struct protocol_meta read(struct str text)
{
    struct store_at last[STORE_SHARDS];
    struct protocol_meta meta;

    (void)!protocol_meta_unpack(text, &meta, last, 1); /* not ours: nothing is known */
    return meta;
}

int64_t protocol_meta_prefix_ms(struct str text)
{
    return read(text).prefix_ms;
}

int64_t protocol_meta_replay_ms(struct str text)
{
    struct protocol_meta m = read(text);

    return m.group_ms != INT64_MIN && m.group_ms < m.prefix_ms ? m.group_ms : m.prefix_ms;
}
