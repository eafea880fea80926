/* book.c - the findings of one dedup key, packed.
 *
 *     u16 entries, u8 has_keys
 *     no entry:  i64 phase
 *     else:      entries, newest bucket first; a claimed one is longer
 *     has_keys:  u32 bytes of keys, u32 bytes of addends, then both
 *
 * The phase of the buckets is a hash of the key: made once, then it is in the start of any entry
 * (start = b * period - phase). Uids are not kept: they follow from keys and start, and are asked
 * for once per record. So a key with one unclaimed bucket costs 25 bytes.
 *
 * States of an entry: unclaimed (book_hit) -> claimed (book_claim, Create) -> gone (book_due,
 * Close). A restored entry is as good as claimed, and its `told` is a floor under the count. If
 * there is no memory to remember a claim, its Create is told all the same and the entry is muted:
 * neither Updates nor Close.
 */
#include "correlate/book.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/pack.h"
#include "base/str.h"
#include "correlate/cited.h"
#include "correlate/span.h"
#include "state/capsule.h"
#include "state/emissions.h"
#include "state/finding.h"
#include "state/uid.h"

enum { BOOK_ENTRIES_MAX = 4096 };

struct head {
    uint16_t n;
    uint8_t has_keys;
} __attribute__((packed, may_alias));

enum { ENTRY_CLAIMED = 1, ENTRY_MUTE = 2, ENTRY_INEXACT = 4, ENTRY_RESTORED = 8 };

struct entry {
    int64_t start_ms;
    uint32_t hits;
    uint32_t first, last; /* ms since start_ms */
    uint8_t level;
    uint8_t flags;
} __attribute__((packed, may_alias));

/* Behind a claimed entry. */
struct claim {
    uint32_t told, next; /* count of the last record; the next that is worth an Update */
    uint32_t sequence;   /* of the last record */
    int64_t update_ms;   /* when the next Update by period is due; CELL_NEVER */
    int64_t measured_micro;
} __attribute__((packed, may_alias));

struct kept {
    uint32_t n_keys, n_addends; /* bytes */
} __attribute__((packed, may_alias));

/* ---- where things are ----------------------------------------------------------------------- */

static struct head *head(const struct book *b)
{
    return (struct head *)(b->cell->main.p + b->offset);
}

static struct entry *first_entry(const struct book *b)
{
    return (struct entry *)(head(b) + 1);
}

static uint32_t entry_bytes(const struct entry *e)
{
    return (uint32_t)(sizeof *e + (e->flags & ENTRY_CLAIMED ? sizeof(struct claim) : 0));
}

static struct entry *next_entry(const struct entry *e)
{
    return (struct entry *)((uint8_t *)(uintptr_t)e + entry_bytes(e));
}

static struct claim *claim_of(const struct entry *e)
{
    return (struct claim *)(uintptr_t)(e + 1);
}

static uint32_t place_of(const struct book *b, const void *p)
{
    return (uint32_t)((const uint8_t *)p - b->cell->main.p);
}

static const struct entry *end_of_entries(const struct book *b)
{
    const struct entry *e = first_entry(b);

    for (uint32_t i = head(b)->n; i > 0; i--)
        e = next_entry(e);
    return e;
}

static const struct kept *kept(const struct book *b)
{
    if (!head(b)->has_keys)
        return NULL;
    const uint8_t *end = (const uint8_t *)end_of_entries(b);
    return (const struct kept *)(end + (head(b)->n == 0 ? sizeof(int64_t) : 0));
}

/* ---- buckets ------------------------------------------------------------------------------- */

/* Beyond this no sum of times and periods can overflow; the times of a calendar are far inside. */
static int64_t bounded(int64_t t_ms)
{
    const int64_t limit = INT64_MAX / 4;

    if (t_ms > limit)
        return limit;
    return t_ms < -limit ? -limit : t_ms;
}

static int64_t phase_of_empty(const struct book *b)
{
    int64_t phase;

    memcpy(&phase, first_entry(b), sizeof phase);
    return phase;
}

int64_t book_phase(const struct book *b)
{
    if (head(b)->n == 0)
        return phase_of_empty(b);
    int64_t start = first_entry(b)->start_ms;
    return span_floor(start + b->fold->period_ms - 1, b->fold->period_ms) - start;
}

static bool covers(const struct book *b, const struct entry *e, int64_t t_ms)
{
    return t_ms >= e->start_ms && t_ms - e->start_ms < b->fold->period_ms;
}

static int64_t start_of(const struct book *b, int64_t t_ms)
{
    if (b->fold->is_anchored)
        return t_ms;
    if (head(b)->n && covers(b, first_entry(b), t_ms)) /* mostly; a division is slow */
        return first_entry(b)->start_ms;
    int64_t zero = head(b)->n ? first_entry(b)->start_ms : -phase_of_empty(b);
    return zero + span_floor(t_ms - zero, b->fold->period_ms);
}

/* The entry that t falls in. NULL: *at is where it would be. */
static struct entry *find(const struct book *b, int64_t t_ms, uint32_t *at)
{
    struct entry *e = first_entry(b);
    uint32_t left = head(b)->n;

    while (left > 0 && e->start_ms > t_ms) {
        e = next_entry(e);
        left--;
    }
    *at = place_of(b, e);
    return left > 0 && covers(b, e, t_ms) ? e : NULL;
}

static struct entry *look_up(const struct book *b, int64_t t_ms)
{
    uint32_t at;

    if (head(b)->n && covers(b, first_entry(b), t_ms))
        return first_entry(b);
    return find(b, t_ms, &at);
}

int64_t book_bucket_start(const struct book *b, int64_t t_ms)
{
    const struct entry *e = b->fold->is_anchored ? look_up(b, bounded(t_ms)) : NULL;

    return e ? e->start_ms : start_of(b, bounded(t_ms));
}

int64_t book_some_start(const struct book *b)
{
    if (b->fold->is_anchored)
        return 0;
    return head(b)->n ? first_entry(b)->start_ms : -phase_of_empty(b);
}

static int64_t end_of(const struct book *b, const struct entry *e)
{
    return e->start_ms + b->fold->period_ms;
}

static void remove_entry(const struct book *b, struct entry *e)
{
    struct head *h = head(b);

    if (h->n > 1) {
        h->n--;
        cell_close(b->cell, place_of(b, e), entry_bytes(e));
        return;
    }
    int64_t phase = book_phase(b);
    h->n = 0;
    cell_close(b->cell, place_of(b, e), entry_bytes(e) - (uint32_t)sizeof phase);
    memcpy(first_entry(b), &phase, sizeof phase);
}

/* Unclaimed buckets that no hit can come to any more. */
static void expire(const struct book *b, int64_t horizon_ms)
{
    struct entry *e = first_entry(b);

    for (uint32_t i = head(b)->n; i > 0; i--)
        if (!(e->flags & ENTRY_CLAIMED) && end_of(b, e) <= horizon_ms)
            remove_entry(b, e); /* the next one is there now; none is left at n == 0 */
        else
            e = next_entry(e);
}

static struct entry *add_entry(const struct book *b, int64_t t_ms)
{
    int64_t start = start_of(b, t_ms);
    uint32_t at;

    expire(b, b->clock->watermark_ms);
    if (head(b)->n == BOOK_ENTRIES_MAX)
        return NULL;
    bool is_only = head(b)->n == 0;
    if (is_only)
        at = b->offset + (uint32_t)sizeof(struct head);
    else
        (void)find(b, t_ms, &at);
    if (!cell_open(b->cell, at, (uint32_t)sizeof(struct entry) - (is_only ? 8 : 0)))
        return NULL;
    struct entry *e = (struct entry *)(b->cell->main.p + at);
    *e = (struct entry){.start_ms = start, .first = UINT32_MAX};
    head(b)->n++;
    return e;
}

/* ---- beginnings ---------------------------------------------------------------------------- */

/* Rule uid and the key's values: what phase and uid are made of. parts: room for
 * 2 + FINDING_KEYS_MAX; tenant first. */
static size_t name_parts(const struct fold_spec *fold, struct str keys, struct str *parts)
{
    struct unpack u = unpack_from(keys);
    size_t n_keys = keys.n ? unpack_u8(&u) : 0, n = 0;

    parts[n++] = fold->tenant;
    parts[n++] = fold->rule_uid;
    for (size_t i = 0; i < n_keys && i < FINDING_KEYS_MAX; i++)
        parts[n++] = unpack_str(&u);
    return n;
}

bool book_init_phase(struct book *b, int64_t phase_ms)
{
    uint32_t n = (uint32_t)sizeof(struct head);

    DASSERT(b->cell->main.n == b->offset);
    if (!cell_resize(b->cell, b->offset + n + (uint32_t)sizeof phase_ms))
        return false;
    *head(b) = (struct head){0};
    memcpy(first_entry(b), &phase_ms, sizeof phase_ms);
    return true;
}

bool book_init(struct book *b, struct str keys)
{
    struct str parts[2 + FINDING_KEYS_MAX];
    struct digest d;

    if (b->fold->is_anchored)
        return book_init_phase(b, 0);
    size_t n = name_parts(b->fold, keys, parts);
    return book_init_phase(b, uid_bucket_phase(&d, parts + 1, n - 1, b->fold->period_ms));
}

static bool holds_keys(const struct book *b, uint32_t at)
{
    uint32_t left = b->cell->main.n - at;
    const struct kept *k = (const struct kept *)(b->cell->main.p + at);

    if (!head(b)->has_keys)
        return left == 0;
    return left >= sizeof *k && (uint64_t)k->n_keys + k->n_addends == left - sizeof *k;
}

bool book_is_valid(const struct book *b)
{
    uint32_t end = b->cell->main.n, at = b->offset + (uint32_t)sizeof(struct head);
    const int64_t limit = INT64_MAX / 2;

    if (b->offset > end || end - b->offset < sizeof(struct head) + sizeof(int64_t))
        return false;
    if (head(b)->n == 0)
        return phase_of_empty(b) >= 0 && phase_of_empty(b) < b->fold->period_ms &&
               holds_keys(b, at + (uint32_t)sizeof(int64_t));
    for (uint32_t i = head(b)->n; i > 0; i--) {
        const struct entry *e = (const struct entry *)(b->cell->main.p + at);
        if (end - at < sizeof *e || end - at < entry_bytes(e) || e->start_ms < -limit ||
            e->start_ms > limit)
            return false;
        if (e->flags & ENTRY_CLAIMED && (claim_of(e)->next == 0 || claim_of(e)->update_ms < -limit))
            return false;
        at += entry_bytes(e);
    }
    return holds_keys(b, at);
}

/* ---- records ------------------------------------------------------------------------------- */

static uint64_t count_of(const struct book *b, const struct entry *e)
{
    uint64_t least = b->fold->threshold;

    if (e->flags & ENTRY_CLAIMED && claim_of(e)->told > least)
        least = claim_of(e)->told;
    return e->hits > least ? e->hits : least;
}

/* A count that was told and that the hits do not reach is one of a cell that was lost. */
static bool is_exact(const struct book *b, const struct entry *e)
{
    bool is_short = e->flags & ENTRY_CLAIMED && claim_of(e)->told > b->fold->threshold &&
                    e->hits < claim_of(e)->told;

    return !(e->flags & ENTRY_INEXACT) && !is_short;
}

static void set_names(const struct book *b, struct finding *f, struct str keys)
{
    struct str parts[2 + FINDING_KEYS_MAX + 1];
    struct digest d;
    char bucket[32];
    size_t n = name_parts(b->fold, keys, parts);

    for (size_t i = 2; i < n; i++) {
        f->key_names[f->n_keys] =
            i - 2 < b->fold->n_key_names ? b->fold->key_names[i - 2] : STR("");
        f->keys[f->n_keys++] = parts[i];
    }
    int len = snprintf(bucket, sizeof bucket, "bucket:%lld", (long long)f->bucket_start_ms);
    parts[n++] = (struct str){bucket, (size_t)len};
    struct uid uid = uid_of_parts(&d, parts, n);
    memcpy(f->uid, uid.bytes, sizeof f->uid);
}

/* Whether it is of this bucket, or of a window that leads into it. Where matches wait for the
 * watermark the cell has later ones, too: what is told is told as of its time (until_ms). */
static bool is_behind(const struct book *b, const struct finding *f, struct str packed,
                      int64_t until_ms)
{
    bool has_start = b->fold->is_anchored && b->fold->is_of_events;
    struct capsule c;

    return capsule_unpack(packed, &c) && c.t_ms < f->bucket_end_ms && c.t_ms <= until_ms &&
           (!has_start || c.t_ms >= f->bucket_start_ms);
}

static int64_t oldest_start(const struct book *b)
{
    const struct entry *e = first_entry(b);
    int64_t start = INT64_MAX;

    for (uint32_t i = head(b)->n; i > 0; i--, e = next_entry(e))
        start = e->start_ms;
    return start;
}

/* Of those that passed the newest are told: this one and what came before it. Not what is older
 * than all buckets: it was applied and trimmed in another life of the batch. */
static void recall_passed(const struct book *b, const struct hit *hit)
{
    const struct hit *newest[CAPSULES_LAST];
    size_t n = 0;

    if (!hit || (!hit->is_passing && !hit->before))
        return;
    for (int64_t from_ms = oldest_start(b);
         hit && n < CAPSULES_LAST && bounded(hit->t_ms) >= from_ms; hit = hit->before)
        newest[n++] = hit;
    while (n-- > 0)
        if (newest[n]->is_passing)
            capsule_book_recall(b->cell, bounded(newest[n]->t_ms), newest[n]->capsule);
}

static void set_capsules(const struct book *b, struct finding *f, const struct hit *hit)
{
    struct str list[FINDING_CAPSULES_MAX];
    int64_t until_ms = b->fold->is_anchored ? f->at_ms : INT64_MAX;
    uint64_t seen;
    size_t n = b->cell->side.n ? capsule_book_list(&b->cell->side, list, &seen) : 0;

    for (;; until_ms = INT64_MAX) {
        for (size_t i = 0; i < n; i++)
            if (is_behind(b, f, list[i], until_ms))
                f->capsules[f->n_capsules++] = list[i];
        if (f->n_capsules || until_ms == INT64_MAX)
            break; /* rather one of its later events than none */
    }
    if (f->n_capsules == 0 && hit)
        f->n_capsules = (uint32_t)cited_list(hit, f->capsules, FINDING_CAPSULES_MAX);
    f->n_events = f->hits > f->n_capsules ? f->hits : f->n_capsules;
}

struct record {
    enum finding_activity activity;
    enum finding_cause cause;
    int64_t at_ms;
    uint32_t sequence;
    int64_t measured_micro;
    const struct hit *hit; /* NULL: a timer */
};

static void tell(const struct book *b, const struct entry *e, const struct record *r)
{
    const struct kept *k = kept(b);
    const char *text = k ? (const char *)(k + 1) : NULL;
    struct str keys = k ? (struct str){text, k->n_keys} : r->hit ? r->hit->keys : STR("");
    struct str addends = r->hit && r->hit->addends.n ? r->hit->addends
                         : k                         ? (struct str){text + k->n_keys, k->n_addends}
                                                     : STR("");
    struct finding f = {.activity = r->activity,
                        .cause = r->cause,
                        .sequence = r->sequence,
                        .has_bucket = true,
                        .bucket_start_ms = e->start_ms,
                        .bucket_end_ms = end_of(b, e),
                        .hits = count_of(b, e),
                        .first_ms = e->start_ms + e->first,
                        .last_ms = e->start_ms + e->last,
                        .at_ms = r->at_ms,
                        .level = e->level,
                        .is_exact = is_exact(b, e),
                        .is_timer = !r->hit,
                        .detail = STR(""),
                        .measured_micro = r->measured_micro,
                        .has_measured = r->measured_micro != 0};
    struct buf bytes = {0};

    if (e->first == UINT32_MAX || (e->hits == 0 && !(e->flags & ENTRY_CLAIMED)))
        f.first_ms = f.last_ms = r->at_ms;
    f.suppressed = f.hits > r->sequence ? f.hits - r->sequence : 0;
    set_names(b, &f, keys);
    recall_passed(b, r->hit);
    set_capsules(b, &f, r->hit);
    f.n_addends = (uint32_t)finding_addends_unpack(addends, f.addends);
    if (r->hit && r->hit->value_text.n)
        f.detail = r->hit->value_text;
    finding_pack(&f, &bytes);
    emissions_add(b->out, buf_str(&bytes));
    buf_release(&bytes);
}

static void update(const struct book *b, struct entry *e, enum finding_cause cause, int64_t at_ms,
                   const struct hit *hit)
{
    struct claim *c = claim_of(e);
    uint64_t count = count_of(b, e);

    c->sequence++;
    c->told = (uint32_t)count;
    while (c->next <= count && c->next < UINT32_MAX) /* both may be saturated */
        c->next = c->next > UINT32_MAX / 2 ? UINT32_MAX : c->next * 2;
    tell(b, e, &(struct record){FINDING_UPDATE, cause, at_ms, c->sequence, c->measured_micro, hit});
}

/* ---- hits ---------------------------------------------------------------------------------- */

static void note_time(struct entry *e, int64_t t_ms)
{
    int64_t ms = t_ms - e->start_ms;
    uint32_t since = (uint32_t)(ms < UINT32_MAX ? ms : UINT32_MAX);

    if (since < e->first)
        e->first = since;
    if (since > e->last)
        e->last = since;
}

void book_hit(struct book *b, int64_t t_ms, const struct hit *hit)
{
    uint32_t count = hit->count ? hit->count : 1;

    t_ms = bounded(t_ms);
    bool is_single = hit->capsule.n && !hit->cited.n;
    if (!is_single || !capsule_book_pass(b->cell, t_ms, hit->is_passing))
        cited_note(b->cell, t_ms, hit);
    struct entry *e = look_up(b, t_ms);
    if (!e && !(e = add_entry(b, t_ms)))
        return; /* the store has counted that it gave no memory */
    e->hits = e->hits > UINT32_MAX - count ? UINT32_MAX : e->hits + count;
    note_time(e, t_ms);
    if (hit->is_inexact)
        e->flags |= ENTRY_INEXACT;
    bool is_worse = hit->level > e->level;
    if (is_worse)
        e->level = hit->level;
    if (!(e->flags & ENTRY_CLAIMED))
        return;
    if (is_worse)
        update(b, e, CAUSE_SEVERITY, t_ms, hit);
    else if (count_of(b, e) >= claim_of(e)->next && claim_of(e)->next < UINT32_MAX)
        update(b, e, CAUSE_HITS, t_ms, hit);
}

void book_mark_inexact(struct book *b, int64_t t_ms)
{
    struct entry *e = look_up(b, bounded(t_ms));

    if (e)
        e->flags |= ENTRY_INEXACT;
}

bool book_is_claimed(const struct book *b, int64_t t_ms)
{
    const struct entry *e = look_up(b, bounded(t_ms));

    return e && (e->flags & (ENTRY_CLAIMED | ENTRY_MUTE)) && !(e->flags & ENTRY_RESTORED);
}

/* Room for the claim and, with the first of the book, for the keys. */
static struct entry *remember(const struct book *b, struct entry *e, const struct hit *hit)
{
    uint32_t at = place_of(b, e);

    if (!head(b)->has_keys) {
        struct kept k = {(uint32_t)hit->keys.n, (uint32_t)hit->addends.n};
        uint32_t end = b->cell->main.n;
        if (hit->keys.n + hit->addends.n > CELL_BYTES_MAX ||
            !cell_open(b->cell, end, (uint32_t)sizeof k + k.n_keys + k.n_addends))
            return NULL;
        uint8_t *p = b->cell->main.p + end;
        memcpy(p, &k, sizeof k);
        if (k.n_keys)
            memcpy(p + sizeof k, hit->keys.p, k.n_keys);
        if (k.n_addends)
            memcpy(p + sizeof k + k.n_keys, hit->addends.p, k.n_addends);
        head(b)->has_keys = 1;
    }
    if (!cell_open(b->cell, at + (uint32_t)sizeof *e, (uint32_t)sizeof(struct claim)))
        return NULL;
    return (struct entry *)(b->cell->main.p + at);
}

void book_claim(struct book *b, int64_t t_ms, const struct hit *hit, int64_t measured_micro)
{
    struct record r = {FINDING_CREATE, CAUSE_NONE, bounded(t_ms), 1, measured_micro, hit};
    struct entry *e = look_up(b, r.at_ms), nothing = {.start_ms = start_of(b, r.at_ms)};

    if (!e && !(e = add_entry(b, r.at_ms))) {
        tell(b, &nothing, &r);
        return;
    }
    if (e->flags & ENTRY_RESTORED) {
        e->flags &= (uint8_t)~ENTRY_RESTORED;
        tell(b, e, &r);
        return;
    }
    if (e->flags & (ENTRY_CLAIMED | ENTRY_MUTE))
        return;
    uint32_t at = place_of(b, e);
    struct entry *with_claim = remember(b, e, hit);
    if (!with_claim) {
        e = (struct entry *)(b->cell->main.p + at);
        e->flags |= ENTRY_MUTE;
        tell(b, e, &r);
        return;
    }
    e = with_claim;
    e->flags |= ENTRY_CLAIMED;
    uint64_t count = count_of(b, e);
    *claim_of(e) =
        (struct claim){.told = (uint32_t)count,
                       .next = count > UINT32_MAX / 2 ? UINT32_MAX : (uint32_t)count * 2,
                       .sequence = 1,
                       .update_ms = b->fold->update_ms ? r.at_ms + b->fold->update_ms : CELL_NEVER,
                       .measured_micro = measured_micro};
    tell(b, e, &r);
}

static struct claim restored_claim(const struct book *b, const struct book_restored *r)
{
    uint32_t count = r->count < UINT32_MAX ? (uint32_t)r->count : UINT32_MAX;

    count += count == 0;
    return (struct claim){.told = count,
                          .next = count > UINT32_MAX / 2 ? UINT32_MAX : count * 2,
                          .sequence = (uint32_t)r->sequence,
                          .update_ms = b->fold->update_ms ? bounded(r->last_ms) + b->fold->update_ms
                                                          : CELL_NEVER,
                          .measured_micro = r->measured_micro};
}

void book_restore(struct book *b, const struct hit *hit)
{
    const struct book_restored *r = hit->restored;
    int64_t start_ms = bounded(r->start_ms);
    struct entry *e = look_up(b, start_ms);

    if (e ? e->start_ms != start_ms || e->flags & (ENTRY_CLAIMED | ENTRY_MUTE)
          : start_of(b, start_ms) != start_ms || !(e = add_entry(b, start_ms)))
        return;
    uint32_t at = place_of(b, e);
    struct entry *with_claim = remember(b, e, hit);
    if (!with_claim) {
        remove_entry(b, (struct entry *)(b->cell->main.p + at));
        return;
    }
    e = with_claim;
    e->flags |= ENTRY_CLAIMED | ENTRY_RESTORED | (r->is_exact ? 0 : ENTRY_INEXACT);
    if (r->level > e->level)
        e->level = r->level;
    note_time(e, bounded(r->first_ms));
    note_time(e, bounded(r->last_ms));
    *claim_of(e) = restored_claim(b, r);
}

/* ---- timers -------------------------------------------------------------------------------- */

static void update_by_period(const struct book *b, struct entry *e)
{
    struct claim *c = claim_of(e);
    int64_t now = b->clock->watermark_ms, period = b->fold->update_ms, due = c->update_ms;

    if (due > now)
        return;
    c->update_ms = period > 0 ? due + ((now - due) / period + 1) * period : CELL_NEVER;
    if (count_of(b, e) > c->told)
        update(b, e, CAUSE_PERIOD, due, NULL);
}

static void close_entry(const struct book *b, struct entry *e)
{
    const struct claim *c = claim_of(e);

    tell(b, e,
         &(struct record){FINDING_CLOSE, CAUSE_NONE, end_of(b, e), c->sequence + 1,
                          c->measured_micro, NULL});
}

static void drop_keys(const struct book *b)
{
    const struct kept *k = kept(b);
    const struct entry *e = first_entry(b);

    for (uint32_t i = head(b)->n; i > 0; i--, e = next_entry(e))
        if (e->flags & ENTRY_CLAIMED)
            return;
    if (!k)
        return;
    uint32_t at = place_of(b, k);
    head(b)->has_keys = 0;
    cell_close(b->cell, at, b->cell->main.n - at);
}

/* Oldest first: entries lie newest first, and those that end are the last ones. */
static int64_t close_all(const struct book *b)
{
    int64_t closed = INT64_MIN;

    for (uint32_t i = head(b)->n; i > 0; i--) {
        struct entry *e = first_entry(b);
        for (uint32_t k = 1; k < i; k++)
            e = next_entry(e);
        if (!(e->flags & ENTRY_CLAIMED))
            continue;
        if (end_of(b, e) > b->clock->watermark_ms) {
            update_by_period(b, e);
            continue;
        }
        close_entry(b, e);
        closed = end_of(b, e);
        remove_entry(b, e);
    }
    return closed;
}

void book_due(struct book *b, int64_t horizon_ms)
{
    int64_t closed = close_all(b);

    expire(b, horizon_ms);
    if (closed == INT64_MIN)
        return;
    drop_keys(b);
    if (b->cell->side.n)
        capsule_book_trim(b->cell, closed);
}

int64_t book_next_due(const struct book *b)
{
    const struct entry *e = first_entry(b);
    int64_t due = CELL_NEVER;

    for (uint32_t i = head(b)->n; i > 0; i--, e = next_entry(e)) {
        if (!(e->flags & ENTRY_CLAIMED))
            continue;
        int64_t end = end_of(b, e), next = claim_of(e)->update_ms;
        if (next < end)
            end = next;
        due = end < due ? end : due;
    }
    return due;
}

int64_t book_idle(const struct book *b)
{
    return head(b)->n ? end_of(b, first_entry(b)) : INT64_MIN;
}

bool book_is_empty(const struct book *b)
{
    return head(b)->n == 0;
}

bool book_is_sole(const struct book *b, struct book_sole *out)
{
    const struct entry *e = first_entry(b);

    if (head(b)->n != 1 || e->hits != 1 || e->flags)
        return false;
    *out = (struct book_sole){e->start_ms + e->first, e->level};
    return true;
}
