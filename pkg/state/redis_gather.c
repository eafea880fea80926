/* redis_gather.c - the emissions of all shards in one order, and outbox entries.
 *
 * The order is that of store.h, a function of the batch alone: by operation, then those of timers
 * by (due, space, key). An entry of the outbox remembers which of the operations of its position
 * made it (the ordinal), so it finds its place among the new ones.
 *
 * An entry: position(8) tick(8), big-endian: what the library trims by; kind(1) uid(16)
 * sequence(8): what it knows published ones by; version(1) ordinal(4) due(8) space(16) key(16),
 * bytes.
 */
#include "state/store_redis_impl.h"

#include "base/pack.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_VERSION = 1 };

struct gathered {
    struct redis_note note;
    struct emission e;
    size_t sequence;
};

static bool is_same(const struct state_op *op, uint32_t part, struct store_at at)
{
    return op->part == part && op->at.position == at.position && op->at.tick == at.tick;
}

/* ---- operations of an event ------------------------------------------------------------------ */

/* Of each operation of the batch how many of the same event stand before it, and which is the one
 * before; the last of each event is found by a hash. */
struct redis_ordinals {
    const struct store_batch *batch;
    uint32_t *of, *before;
    uint32_t *last, mask; /* the table: UINT32_MAX: free */
};

static uint32_t *place_of(const struct redis_ordinals *o, uint32_t part, struct store_at at)
{
    uint64_t h = (at.position * 0x9E3779B97F4A7C15ull) ^ (at.tick + part) * 0xC2B2AE3Dull;

    for (h ^= h >> 32;; h++) {
        uint32_t *last = &o->last[h & o->mask];
        if (*last == UINT32_MAX || is_same(&o->batch->ops[*last], part, at))
            return last;
    }
}

/* Counted when somebody asks first: most batches have few that do, large ones have thousands. */
static const struct redis_ordinals *ordinals(struct store_redis *s)
{
    const struct store_batch *b = s->batch;
    uint32_t size = 16;

    if (s->ordinals)
        return s->ordinals;
    while (size < b->n_ops * 2)
        size *= 2;
    struct redis_ordinals *o = ARENA_NEW(s->arena, struct redis_ordinals);
    *o = (struct redis_ordinals){.batch = b,
                                 .of = ARENA_ARRAY(s->arena, b->n_ops, uint32_t),
                                 .before = ARENA_ARRAY(s->arena, b->n_ops, uint32_t),
                                 .last = ARENA_ARRAY(s->arena, size, uint32_t),
                                 .mask = size - 1};
    memset(o->last, 0xFF, size * sizeof *o->last);
    for (uint32_t i = 0; i < b->n_ops; i++) {
        uint32_t *last = place_of(o, b->ops[i].part, b->ops[i].at);
        o->of[i] = *last == UINT32_MAX ? 0 : o->of[*last] + 1;
        o->before[i] = *last;
        *last = i;
    }
    return s->ordinals = o;
}

static uint32_t ordinal_of(struct store_redis *s, uint32_t op)
{
    return op == UINT32_MAX ? op : ordinals(s)->of[op];
}

/* The operation that made it, or the last one of its event; UINT32_MAX if none is in the batch:
 * then it stands before the timers. */
static uint32_t op_of(struct store_redis *s, const struct redis_restored *r, uint32_t ordinal)
{
    if (ordinal == UINT32_MAX)
        return UINT32_MAX;
    const struct redis_ordinals *o = ordinals(s);
    uint32_t op = *place_of(o, r->part, r->at);
    while (op != UINT32_MAX && o->of[op] > ordinal)
        op = o->before[op];
    return op;
}

/* ---- the outbox ------------------------------------------------------------------------------ */

static void pack_claim(const struct store_redis *s, struct str emission, struct buf *out)
{
    struct store_claim claim = {0};
    bool has = s->claim_reader && s->claim_reader(emission, &claim);

    pack_u8(out, has);
    pack_bytes(out, claim.uid, sizeof claim.uid);
    pack_u8(out, claim.kind);
    pack_u64(out, claim.sequence);
}

void redis_outbox_pack(struct store_redis *s, const struct redis_shard *sh, size_t i,
                       struct buf *out)
{
    const struct emission *e = &sh->fired.items[i];
    const struct redis_note *note = &sh->notes[i];
    uint64_t head[2] = {htobe64(e->at.position), htobe64(e->at.tick)};
    struct str bytes = {sh->fired.bytes.p + sh->fired.offsets[i], e->bytes.n};

    pack_bytes(out, head, sizeof head);
    pack_claim(s, bytes, out);
    pack_u8(out, ENTRY_VERSION);
    pack_u32(out, ordinal_of(s, note->op));
    pack_i64(out, note->due_ms);
    pack_bytes(out, s->spaces[e->space].spec.identity, 16);
    pack_bytes(out, note->key.bytes, STATE_KEY_BYTES);
    buf_add(out, bytes);
}

static void read_entry(struct store_redis *s, struct redis_shard *sh, uint32_t part,
                       struct str bytes, bool is_published)
{
    const struct store_part *p = &s->batch->parts[part];
    struct unpack u = unpack_from(bytes);
    struct redis_restored r = {.part = part};
    uint64_t head[2];
    uint8_t identity[16], claim[26];

    unpack_bytes(&u, head, sizeof head);
    unpack_bytes(&u, claim, sizeof claim);
    r.at = (struct store_at){be64toh(head[0]), be64toh(head[1])};
    if (unpack_u8(&u) != ENTRY_VERSION)
        return;
    uint32_t ordinal = unpack_u32(&u);
    r.note.due_ms = unpack_i64(&u);
    unpack_bytes(&u, identity, sizeof identity);
    unpack_bytes(&u, r.note.key.bytes, STATE_KEY_BYTES);
    r.space = redis_space_of(s, identity);
    r.bytes = (struct str){(const char *)u.p, unpack_left(&u)};
    r.note.op = op_of(s, &r, ordinal);
    r.note.is_published = is_published;
    if (r.note.op == UINT32_MAX && ordinal != UINT32_MAX)
        r.note.due_ms = INT64_MIN;
    if (!unpack_ok(&u))
        return;
    if (store_at_less(p->acked, r.at) && !store_at_less(p->upto, r.at))
        sh->restored[sh->n_restored++] = r;
}

void redis_outbox_read(struct store_redis *s, struct redis_shard *sh, uint32_t part,
                       const struct redis_reply *entries, const struct redis_reply *flags)
{
    struct redis_restored *more =
        ARENA_ARRAY(s->arena, sh->n_restored + entries->n, struct redis_restored);

    if (sh->n_restored > 0)
        memcpy(more, sh->restored, sh->n_restored * sizeof *more);
    sh->restored = more;
    for (size_t i = 0; i < entries->n; i++)
        read_entry(s, sh, part, entries->items[i]->text,
                   i < flags->n && flags->items[i]->number != 0);
}

/* ---- the order ------------------------------------------------------------------------------- */

static int in_order(const void *a, const void *b)
{
    const struct gathered *x = a, *y = b;

    if (x->note.op != y->note.op)
        return x->note.op < y->note.op ? -1 : 1;
    if (x->note.op == UINT32_MAX) {
        if (x->note.due_ms != y->note.due_ms)
            return x->note.due_ms < y->note.due_ms ? -1 : 1;
        if (x->e.space != y->e.space)
            return x->e.space < y->e.space ? -1 : 1;
        int key = memcmp(x->note.key.bytes, y->note.key.bytes, STATE_KEY_BYTES);
        if (key != 0)
            return key;
    }
    return x->sequence < y->sequence ? -1 : 1;
}

static size_t count_all(const struct store_redis *s)
{
    size_t n = 0;

    for (size_t k = 0; k < STORE_SHARDS; k++)
        if (s->shards[k].state != SHARD_IDLE)
            n += s->shards[k].n_restored + s->shards[k].fired.n;
    return n;
}

static uint64_t order_of(const struct store_batch *b, uint32_t op)
{
    return op == UINT32_MAX ? UINT64_MAX : op < b->n_ops ? b->ops[op].order : 0;
}

static size_t take_shard(const struct store_redis *s, const struct redis_shard *sh,
                         struct gathered *all, size_t n)
{
    const struct store_batch *b = s->batch;
    uint32_t shard = (uint32_t)(sh - s->shards);

    for (size_t i = 0; i < sh->n_restored; i++, n++) {
        const struct redis_restored *r = &sh->restored[i];
        all[n] = (struct gathered){r->note, {0}, n};
        all[n].e = (struct emission){.order = order_of(b, r->note.op),
                                     .space = r->space,
                                     .part = r->part,
                                     .shard = shard,
                                     .at = r->at,
                                     .is_restored = r->note.is_published,
                                     .bytes = r->bytes};
    }
    for (size_t i = 0; i < sh->fired.n; i++) {
        struct emission e = sh->fired.items[i];
        if (b->parts && !store_at_less(b->parts[e.part].acked, e.at))
            continue; /* published by who applied it in another life */
        e.is_restored = sh->notes[i].is_published;
        e.shard = shard;
        e.bytes.p = sh->fired.bytes.p + sh->fired.offsets[i];
        all[n] = (struct gathered){sh->notes[i], e, n};
        n++;
    }
    return n;
}

void redis_gather(struct store_redis *s)
{
    struct gathered *all = ARENA_ARRAY(s->arena, count_all(s), struct gathered);
    size_t n = 0;

    for (size_t k = 0; k < STORE_SHARDS; k++)
        if (s->shards[k].state != SHARD_IDLE)
            n = take_shard(s, &s->shards[k], all, n);
    qsort(all, n, sizeof *all, in_order);
    emissions_clear(&s->out);
    for (size_t i = 0; i < n; i++) {
        s->out.head = all[i].e;
        emissions_add(&s->out, all[i].e.bytes);
    }
    emissions_settle(&s->out);
}
