/* ledger.c - plain lists: partitions are few, and an outbox holds what is not published yet. */
#include "state/ledger.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

void ledger_init(struct ledger *l)
{
    *l = (struct ledger){0};
    l->run = (struct store_run){"1", "1-0000000000000000"};
}

void ledger_release(struct ledger *l)
{
    for (size_t i = 0; i < l->n_entries; i++)
        free((void *)(uintptr_t)l->entries[i].bytes.p);
    for (size_t i = 0; i < l->n_parts; i++)
        for (int r = 0; r < STORE_ROUNDS_MAX; r++)
            free(l->parts[i].applied[r]);
    free(l->entries);
    free(l->parts);
    free(l->claims);
    free(l->order);
    emissions_release(&l->told);
    *l = (struct ledger){0};
}

static void *room_for(void *items, size_t n, size_t *cap, size_t bytes)
{
    if (n < *cap)
        return items;
    *cap = *cap ? *cap * 2 : 16;
    items = reallocarray(items, *cap, bytes);
    ASSERT(items);
    return items;
}

static void *copy_of(const void *p, size_t bytes)
{
    void *to = malloc(bytes ? bytes : 1);

    ASSERT(to);
    if (bytes)
        memcpy(to, p, bytes);
    return to;
}

void ledger_copy(struct ledger *to, const struct ledger *from)
{
    *to = *from;
    to->told = (struct emissions){0};
    to->order = NULL;
    to->cap_order = 0;
    to->parts = copy_of(from->parts, from->n_parts * sizeof *to->parts);
    for (size_t i = 0; i < to->n_parts; i++)
        for (int r = 0; r < STORE_ROUNDS_MAX; r++)
            if (to->parts[i].applied[r])
                to->parts[i].applied[r] =
                    copy_of(to->parts[i].applied[r], STORE_SHARDS * sizeof(struct store_applied));
    to->entries = copy_of(from->entries, from->n_entries * sizeof *to->entries);
    to->cap_entries = from->n_entries;
    to->claims = copy_of(from->claims, from->n_claims * sizeof *to->claims);
    to->cap_claims = from->n_claims;
    for (size_t i = 0; i < to->n_entries; i++) {
        struct str *s = &to->entries[i].bytes;
        s->p = copy_of(s->p, s->n);
    }
}

static struct ledger_part *find_part(const struct ledger *l, uint32_t partition)
{
    for (size_t i = 0; i < l->n_parts; i++)
        if (l->parts[i].partition == partition)
            return &l->parts[i];
    return NULL;
}

static struct ledger_part *add_part(struct ledger *l, uint32_t partition)
{
    struct ledger_part *p = find_part(l, partition);

    if (p)
        return p;
    l->parts = reallocarray(l->parts, l->n_parts + 1, sizeof *l->parts);
    ASSERT(l->parts);
    p = &l->parts[l->n_parts++];
    *p = (struct ledger_part){.partition = partition};
    return p;
}

static void give_marks(struct ledger_part *p)
{
    if (p->has_marks)
        return;
    p->has_marks = true;
    for (int i = 0; i < STORE_ROUNDS_MAX; i++)
        p->marks[i] = INT64_MIN;
}

static struct store_applied applied_of(const struct ledger_part *p, uint32_t round, uint32_t shard)
{
    return p && p->applied[round] ? p->applied[round][shard]
                                  : (struct store_applied){{0, 0}, INT64_MIN};
}

/* At least `upto` counts as applied. */
static void raise_applied(struct ledger_part *p, uint32_t round, uint32_t shard,
                          struct store_applied upto)
{
    if (!p->applied[round]) {
        p->applied[round] = reallocarray(NULL, STORE_SHARDS, sizeof(struct store_applied));
        ASSERT(p->applied[round]);
        for (int s = 0; s < STORE_SHARDS; s++)
            p->applied[round][s] = (struct store_applied){{0, 0}, INT64_MIN};
    }
    if (store_at_less(p->applied[round][shard].at, upto.at))
        p->applied[round][shard] = upto;
}

/* The incarnation is the one that the caller means, and it is whole. */
static bool is_run(const struct ledger *l, const char *incarnation)
{
    return store_is_whole(&l->run) && strcmp(l->run.blessed, incarnation) == 0;
}

/* ---- the calls of a batch ------------------------------------------------------------------ */

static bool lacks(const struct ledger_part *have, const struct store_batch *b,
                  const struct store_part *p, const bool calls[static STORE_SHARDS])
{
    for (uint32_t s = 0; p->last && s < STORE_SHARDS; s++)
        if (calls[s] && store_at_less(applied_of(have, b->round, s).at, p->last[s]))
            return true;
    return false;
}

enum store_answer ledger_check(struct ledger *l, const struct store_batch *b,
                               const bool calls[static STORE_SHARDS])
{
    if (!is_run(l, b->incarnation))
        return STORE_NEWINC;
    for (size_t i = 0; i < b->n_parts; i++) {
        const struct ledger_part *have = find_part(l, b->parts[i].partition);
        if (have && b->parts[i].epoch < have->epoch)
            return STORE_FENCED;
    }
    for (size_t i = 0; i < b->n_parts; i++)
        if (lacks(find_part(l, b->parts[i].partition), b, &b->parts[i], calls))
            return STORE_GAP;
    return STORE_DONE;
}

static const struct store_part *part_of(const struct store_batch *b, uint32_t partition,
                                        uint32_t *index)
{
    for (size_t i = 0; i < b->n_parts; i++)
        if (b->parts[i].partition == partition) {
            *index = (uint32_t)i;
            return &b->parts[i];
        }
    return NULL;
}

void ledger_outbox_shards(const struct ledger *l, const struct store_batch *b,
                          bool calls[static STORE_SHARDS])
{
    uint32_t index;

    for (size_t i = 0; i < l->n_entries; i++)
        if (l->entries[i].round == b->round && part_of(b, l->entries[i].partition, &index))
            calls[l->entries[i].shard] = true;
}

bool ledger_has_applied(const struct ledger *l, const struct store_batch *b,
                        const struct state_op *op)
{
    const struct ledger_part *have = find_part(l, b->parts[op->part].partition);

    return !store_at_less(applied_of(have, b->round, state_key_shard(&op->key)).at, op->at);
}

/* ---- the outbox ---------------------------------------------------------------------------- */

static bool same_at(struct store_at a, struct store_at b)
{
    return a.position == b.position && a.tick == b.tick;
}

/* Which of the operations at its place: they lie side by side. */
static uint32_t nth_of(const struct store_batch *b, uint32_t op)
{
    const struct state_op *o = &b->ops[op];
    uint32_t nth = 0;

    while (nth < op && same_at(b->ops[op - nth - 1].at, o->at) &&
           b->ops[op - nth - 1].part == o->part)
        nth++;
    return nth;
}

static bool was_published(const struct ledger *l, uint32_t shard, struct str bytes)
{
    struct store_claim c;

    if (!l->n_claims || !l->reader || !l->reader(bytes, &c))
        return false;
    for (size_t i = 0; i < l->n_claims; i++)
        if (l->claims[i].shard == shard && l->claims[i].kind == c.kind &&
            memcmp(l->claims[i].uid, c.uid, sizeof c.uid) == 0)
            return c.sequence <= l->claims[i].sequence;
    return false;
}

void ledger_keep(struct ledger *l, const struct store_batch *b, const struct emissions *made,
                 const struct ledger_origin *origins)
{
    for (size_t i = 0; i < made->n; i++) {
        const struct emission *e = &made->items[i];
        const char *bytes = made->bytes.p + made->offsets[i];
        uint32_t op = origins[i].op;
        l->entries = room_for(l->entries, l->n_entries, &l->cap_entries, sizeof *l->entries);
        struct outbox_entry *entry = &l->entries[l->n_entries++];
        *entry = (struct outbox_entry){.partition = b->parts[e->part].partition,
                                       .round = b->round,
                                       .shard = origins[i].shard,
                                       .space = e->space,
                                       .at = e->at,
                                       .nth = op == UINT32_MAX ? UINT32_MAX : nth_of(b, op),
                                       .bytes = {copy_of(bytes, e->bytes.n), e->bytes.n}};
        entry->is_published = was_published(l, entry->shard, entry->bytes);
    }
}

static void trim(struct ledger *l, const struct store_batch *b)
{
    size_t n = 0;
    uint32_t index;

    for (size_t i = 0; i < l->n_entries; i++) {
        struct outbox_entry *e = &l->entries[i];
        const struct store_part *p = part_of(b, e->partition, &index);
        if (p && e->round == b->round && !store_at_less(p->acked, e->at))
            free((void *)(uintptr_t)e->bytes.p);
        else
            l->entries[n++] = *e;
    }
    l->n_entries = n;
}

/* The operation that made an entry, if it came again; UINT32_MAX: it did not, or a timer. */
static uint32_t op_now(const struct store_batch *b, const struct outbox_entry *e, uint32_t part)
{
    if (e->nth == UINT32_MAX)
        return UINT32_MAX;
    for (uint32_t i = 0; i < b->n_ops; i++)
        if (b->ops[i].part == part && same_at(b->ops[i].at, e->at)) {
            uint32_t k = i + e->nth;
            bool is_same = k < b->n_ops && b->ops[k].part == part && same_at(b->ops[k].at, e->at);
            return is_same ? k : i;
        }
    return UINT32_MAX;
}

static int by_op_and_entry(const void *a, const void *b)
{
    const struct ledger_told *x = a, *y = b;

    if (x->op != y->op)
        return x->op < y->op ? -1 : 1;
    return x->entry < y->entry ? -1 : 1;
}

/* What lies in (acked, upto] in the shards that were called. */
static size_t select_told(struct ledger *l, const struct store_batch *b,
                          const bool calls[static STORE_SHARDS])
{
    size_t n = 0;

    for (size_t i = 0; i < l->n_entries; i++) {
        const struct outbox_entry *e = &l->entries[i];
        uint32_t index = 0;
        const struct store_part *p = part_of(b, e->partition, &index);
        if (!p || e->round != b->round || !calls[e->shard] || store_at_less(p->upto, e->at))
            continue;
        l->order = room_for(l->order, n, &l->cap_order, sizeof *l->order);
        l->order[n++] = (struct ledger_told){op_now(b, e, index), (uint32_t)i};
    }
    if (n > 1)
        qsort(l->order, n, sizeof *l->order, by_op_and_entry);
    return n;
}

static void tell(struct ledger *l, const struct store_batch *b, struct ledger_told t)
{
    const struct outbox_entry *e = &l->entries[t.entry];
    uint32_t index = 0;

    (void)part_of(b, e->partition, &index);
    l->told.head = (struct emission){.order = t.op == UINT32_MAX ? UINT64_MAX : b->ops[t.op].order,
                                     .space = e->space,
                                     .part = index,
                                     .shard = e->shard,
                                     .at = e->at,
                                     .is_restored = e->is_published};
    emissions_add(&l->told, e->bytes);
}

static void raise_part(struct ledger *l, const struct store_batch *b, const struct store_part *p,
                       const bool calls[static STORE_SHARDS])
{
    struct ledger_part *have = add_part(l, p->partition);

    if (have->epoch < p->epoch) /* an owner of before a loss */
        have->epoch = p->epoch;
    for (uint32_t s = 0; s < STORE_SHARDS; s++) {
        if (!calls[s])
            continue;
        raise_applied(have, b->round, s, (struct store_applied){p->upto, p->prefix_ms});
        if (p->last && store_at_less(p->last[s], p->upto))
            p->last[s] = p->upto;
    }
}

void ledger_settle(struct ledger *l, const struct store_batch *b,
                   const bool calls[static STORE_SHARDS], const struct emission **out, size_t *n)
{
    trim(l, b);
    emissions_clear(&l->told);
    size_t n_told = select_told(l, b, calls);
    for (size_t i = 0; i < n_told; i++)
        tell(l, b, l->order[i]);
    for (size_t i = 0; i < b->n_parts; i++)
        raise_part(l, b, &b->parts[i], calls);
    emissions_settle(&l->told);
    *out = l->told.items;
    *n = l->told.n;
}

/* ---- the other calls ----------------------------------------------------------------------- */

enum store_answer ledger_acquire(struct ledger *l, uint32_t partition, const char *incarnation,
                                 uint64_t *epoch)
{
    if (!is_run(l, incarnation))
        return STORE_NEWINC;
    struct ledger_part *p = add_part(l, partition);
    give_marks(p);
    *epoch = ++p->epoch;
    return STORE_DONE;
}

void ledger_applied(const struct ledger *l, uint32_t partition, uint32_t round,
                    struct store_applied out[static STORE_SHARDS])
{
    const struct ledger_part *p = find_part(l, partition);

    for (uint32_t s = 0; s < STORE_SHARDS; s++)
        out[s] = applied_of(p, round, s);
}

/* Whoever owns a partition, in a run that is whole. */
static enum store_answer owner_check(const struct ledger *l, const char *incarnation,
                                     const struct ledger_part *p, uint64_t epoch)
{
    if (!is_run(l, incarnation))
        return STORE_NEWINC;
    return p && epoch < p->epoch ? STORE_FENCED : STORE_DONE;
}

enum store_answer ledger_lift(struct ledger *l, const char *incarnation, uint32_t partition,
                              uint64_t epoch, const struct store_applied *upto, uint32_t n_rounds)
{
    enum store_answer answer = owner_check(l, incarnation, find_part(l, partition), epoch);

    ASSERT(n_rounds <= STORE_ROUNDS_MAX);
    if (answer != STORE_DONE)
        return answer;
    for (uint32_t r = 0; r < n_rounds; r++)
        for (uint32_t s = 0; s < STORE_SHARDS; s++)
            raise_applied(add_part(l, partition), r, s, *upto);
    return STORE_DONE;
}

enum store_answer ledger_mark(struct ledger *l, const char *incarnation,
                              const struct store_mark *marks, size_t n, uint32_t n_levels,
                              int64_t *least_ms)
{
    ASSERT(n_levels <= STORE_ROUNDS_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct ledger_part *p = find_part(l, marks[i].partition);
        enum store_answer answer = owner_check(l, incarnation, p, marks[i].epoch);
        if (answer != STORE_DONE)
            return answer;
    }
    if (!is_run(l, incarnation))
        return STORE_NEWINC;
    for (size_t i = 0; i < n; i++) {
        struct ledger_part *p = add_part(l, marks[i].partition);
        give_marks(p);
        for (uint32_t k = 0; k < n_levels; k++)
            if (p->marks[k] < marks[i].watermark_ms[k])
                p->marks[k] = marks[i].watermark_ms[k];
    }
    for (uint32_t k = 0; k < n_levels; k++) {
        int64_t least = INT64_MAX;
        bool has_any = false;
        for (size_t i = 0; i < l->n_parts; i++) {
            if (!l->parts[i].has_marks)
                continue;
            has_any = true;
            least = l->parts[i].marks[k] < least ? l->parts[i].marks[k] : least;
        }
        least_ms[k] = has_any ? least : INT64_MIN;
    }
    return STORE_DONE;
}

bool ledger_holds(const struct ledger *l, const struct store_lease *lease)
{
    return lease->token != 0 && lease->token == l->lease_token && l->now_ms < l->lease_ends_ms &&
           strcmp(lease->run_id, l->run.run_id) == 0;
}

enum store_answer ledger_lease(struct ledger *l, const struct store_lease *lease)
{
    bool is_free = l->lease_token == 0 || l->now_ms >= l->lease_ends_ms;

    ASSERT(lease->token);
    if (strcmp(lease->run_id, l->run.run_id) != 0 || (!is_free && !ledger_holds(l, lease)) ||
        strcmp(lease->incarnation, l->run.blessed) != 0)
        return STORE_FENCED;
    l->lease_token = lease->token;
    l->lease_ends_ms = l->now_ms + lease->ttl_ms;
    return STORE_DONE;
}

enum store_answer ledger_bless(struct ledger *l, const struct store_lease *lease,
                               const uint32_t *partitions, size_t n)
{
    if (!ledger_holds(l, lease))
        return STORE_FENCED;
    for (size_t i = 0; i < n; i++)
        give_marks(add_part(l, partitions[i]));
    store_incarnation(lease, l->run.blessed);
    l->lease_token = 0;
    return STORE_DONE;
}

static void restore_claim(struct ledger *l, const struct store_claim *c)
{
    for (size_t i = 0; i < l->n_claims; i++) {
        struct store_claim *have = &l->claims[i];
        if (have->shard == c->shard && have->kind == c->kind &&
            memcmp(have->uid, c->uid, sizeof c->uid) == 0) {
            if (have->sequence < c->sequence)
                have->sequence = c->sequence;
            return;
        }
    }
    l->claims = room_for(l->claims, l->n_claims, &l->cap_claims, sizeof *l->claims);
    l->claims[l->n_claims++] = *c;
}

enum store_answer ledger_restore(struct ledger *l, const struct store_lease *lease,
                                 const struct store_claim *claims, size_t n)
{
    if (!ledger_holds(l, lease))
        return STORE_FENCED;
    for (size_t i = 0; i < n; i++)
        restore_claim(l, &claims[i]);
    for (size_t i = 0; i < l->n_entries; i++)
        if (was_published(l, l->entries[i].shard, l->entries[i].bytes))
            l->entries[i].is_published = true;
    return STORE_DONE;
}

bool ledger_replay_from(const struct ledger *l, uint32_t partition, struct store_applied *from)
{
    const struct ledger_part *p = find_part(l, partition);

    if (!p || !p->has_replay)
        return false;
    *from = p->replay;
    return true;
}

enum store_answer ledger_set_replay(struct ledger *l, const struct store_lease *lease,
                                    uint32_t partition, const struct store_applied *from)
{
    if (!ledger_holds(l, lease))
        return STORE_FENCED;
    struct ledger_part *p = add_part(l, partition);
    if (!p->has_replay || store_at_less(from->at, p->replay.at))
        p->replay = *from;
    p->has_replay = true;
    return STORE_DONE;
}

enum store_answer ledger_end_replay(struct ledger *l, const char *incarnation, uint32_t partition,
                                    uint64_t epoch)
{
    struct ledger_part *p = find_part(l, partition);
    enum store_answer answer = owner_check(l, incarnation, p, epoch);

    if (answer != STORE_DONE || !p)
        return answer;
    p->has_replay = false; /* claims stay: timers may run again long after the replay */
    return STORE_DONE;
}
