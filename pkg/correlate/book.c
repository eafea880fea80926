/* book.c - the findings of one dedup key: what becomes of an entry.
 *
 * States of an entry: unclaimed (book_hit) -> claimed (book_claim, Create) -> gone (book_due,
 * Close). A restored entry is as good as claimed, and its `told` is a floor under the count. If
 * there is no memory to remember a claim, its Create is told all the same and the entry is muted:
 * neither Updates nor Close.
 */
#include "correlate/book.h"

#include <string.h>

#include "correlate/book_impl.h"
#include "correlate/cited.h"
#include "state/capsule.h"

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

    t_ms = book_bounded(t_ms);
    bool is_single = hit->capsule.n && !hit->cited.n;
    if (!is_single || !capsule_book_pass(b->cell, t_ms, hit->is_passing))
        cited_note(b->cell, t_ms, hit);
    struct entry *e = book_look_up(b, t_ms);
    if (!e && !(e = book_add(b, t_ms)))
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
        book_update(b, e, CAUSE_SEVERITY, t_ms, hit);
    else if (book_count(b, e) >= book_claim_of(e)->next && book_claim_of(e)->next < UINT32_MAX)
        book_update(b, e, CAUSE_HITS, t_ms, hit);
}

void book_mark_inexact(struct book *b, int64_t t_ms)
{
    struct entry *e = book_look_up(b, book_bounded(t_ms));

    if (e)
        e->flags |= ENTRY_INEXACT;
}

bool book_is_claimed(const struct book *b, int64_t t_ms)
{
    const struct entry *e = book_look_up(b, book_bounded(t_ms));

    return e && (e->flags & (ENTRY_CLAIMED | ENTRY_MUTE)) && !(e->flags & ENTRY_RESTORED);
}

/* ---- claims --------------------------------------------------------------------------------- */

/* Room for the claim and, with the first of the book, for the keys. */
static struct entry *remember(const struct book *b, struct entry *e, const struct hit *hit)
{
    uint32_t at = book_place_of(b, e);

    if (!book_head(b)->has_keys) {
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
        book_head(b)->has_keys = 1;
    }
    if (!cell_open(b->cell, at + (uint32_t)sizeof *e, (uint32_t)sizeof(struct claim)))
        return NULL;
    return (struct entry *)(b->cell->main.p + at);
}

void book_claim(struct book *b, int64_t t_ms, const struct hit *hit, int64_t measured_micro)
{
    struct record r = {FINDING_CREATE, CAUSE_NONE, book_bounded(t_ms), 1, measured_micro, hit};
    struct entry *e = book_look_up(b, r.at_ms), nothing = {.start_ms = book_start_of(b, r.at_ms)};

    if (!e && !(e = book_add(b, r.at_ms))) {
        book_tell(b, &nothing, &r);
        return;
    }
    if (e->flags & ENTRY_RESTORED) {
        e->flags &= (uint8_t)~ENTRY_RESTORED;
        book_tell(b, e, &r);
        return;
    }
    if (e->flags & (ENTRY_CLAIMED | ENTRY_MUTE))
        return;
    uint32_t at = book_place_of(b, e);
    struct entry *with_claim = remember(b, e, hit);
    if (!with_claim) {
        e = (struct entry *)(b->cell->main.p + at);
        e->flags |= ENTRY_MUTE;
        book_tell(b, e, &r);
        return;
    }
    e = with_claim;
    e->flags |= ENTRY_CLAIMED;
    uint64_t count = book_count(b, e);
    *book_claim_of(e) =
        (struct claim){.told = (uint32_t)count,
                       .next = count > UINT32_MAX / 2 ? UINT32_MAX : (uint32_t)count * 2,
                       .sequence = 1,
                       .update_ms = b->fold->update_ms ? r.at_ms + b->fold->update_ms : CELL_NEVER,
                       .measured_micro = measured_micro};
    book_tell(b, e, &r);
}

static struct claim restored_claim(const struct book *b, const struct book_restored *r)
{
    uint32_t count = r->count < UINT32_MAX ? (uint32_t)r->count : UINT32_MAX;

    count += count == 0;
    return (struct claim){.told = count,
                          .next = count > UINT32_MAX / 2 ? UINT32_MAX : count * 2,
                          .sequence = (uint32_t)r->sequence,
                          .update_ms = b->fold->update_ms
                                           ? book_bounded(r->last_ms) + b->fold->update_ms
                                           : CELL_NEVER,
                          .measured_micro = r->measured_micro};
}

void book_restore(struct book *b, const struct hit *hit)
{
    const struct book_restored *r = hit->restored;
    int64_t start_ms = book_bounded(r->start_ms);
    struct entry *e = book_look_up(b, start_ms);

    if (e ? e->start_ms != start_ms || e->flags & (ENTRY_CLAIMED | ENTRY_MUTE)
          : book_start_of(b, start_ms) != start_ms || !(e = book_add(b, start_ms)))
        return;
    uint32_t at = book_place_of(b, e);
    struct entry *with_claim = remember(b, e, hit);
    if (!with_claim) {
        book_remove(b, (struct entry *)(b->cell->main.p + at));
        return;
    }
    e = with_claim;
    e->flags |= ENTRY_CLAIMED | ENTRY_RESTORED | (r->is_exact ? 0 : ENTRY_INEXACT);
    if (r->level > e->level)
        e->level = r->level;
    note_time(e, book_bounded(r->first_ms));
    note_time(e, book_bounded(r->last_ms));
    *book_claim_of(e) = restored_claim(b, r);
}

/* ---- timers -------------------------------------------------------------------------------- */

static void update_by_period(const struct book *b, struct entry *e)
{
    struct claim *c = book_claim_of(e);
    int64_t now = b->clock->watermark_ms, period = b->fold->update_ms, due = c->update_ms;

    if (due > now)
        return;
    c->update_ms = period > 0 ? due + ((now - due) / period + 1) * period : CELL_NEVER;
    if (book_count(b, e) > c->told)
        book_update(b, e, CAUSE_PERIOD, due, NULL);
}

static void close_entry(const struct book *b, struct entry *e)
{
    const struct claim *c = book_claim_of(e);

    book_tell(b, e,
              &(struct record){FINDING_CLOSE, CAUSE_NONE, book_end_of(b, e), c->sequence + 1,
                               c->measured_micro, NULL});
}

static void drop_keys(const struct book *b)
{
    const struct kept *k = book_kept(b);
    const struct entry *e = book_first(b);

    for (uint32_t i = book_head(b)->n; i > 0; i--, e = book_next(e))
        if (e->flags & ENTRY_CLAIMED)
            return;
    if (!k)
        return;
    uint32_t at = book_place_of(b, k);
    book_head(b)->has_keys = 0;
    cell_close(b->cell, at, b->cell->main.n - at);
}

/* Oldest first: entries lie newest first, and those that end are the last ones. */
static int64_t close_all(const struct book *b)
{
    int64_t closed = INT64_MIN;

    for (uint32_t i = book_head(b)->n; i > 0; i--) {
        struct entry *e = book_first(b);
        for (uint32_t k = 1; k < i; k++)
            e = book_next(e);
        if (!(e->flags & ENTRY_CLAIMED))
            continue;
        if (book_end_of(b, e) > b->clock->watermark_ms) {
            update_by_period(b, e);
            continue;
        }
        close_entry(b, e);
        closed = book_end_of(b, e);
        book_remove(b, e);
    }
    return closed;
}

void book_due(struct book *b, int64_t horizon_ms)
{
    int64_t closed = close_all(b);

    book_expire(b, horizon_ms);
    if (closed == INT64_MIN)
        return;
    drop_keys(b);
    if (b->cell->side.n)
        capsule_book_trim(b->cell, closed);
}

int64_t book_next_due(const struct book *b)
{
    const struct entry *e = book_first(b);
    int64_t due = CELL_NEVER;

    for (uint32_t i = book_head(b)->n; i > 0; i--, e = book_next(e)) {
        if (!(e->flags & ENTRY_CLAIMED))
            continue;
        int64_t end = book_end_of(b, e), next = book_claim_of(e)->update_ms;
        if (next < end)
            end = next;
        due = end < due ? end : due;
    }
    return due;
}

int64_t book_idle(const struct book *b)
{
    return book_head(b)->n ? book_end_of(b, book_first(b)) : INT64_MIN;
}

bool book_is_empty(const struct book *b)
{
    return book_head(b)->n == 0;
}

bool book_is_sole(const struct book *b, struct book_sole *out)
{
    const struct entry *e = book_first(b);

    if (book_head(b)->n != 1 || e->hits != 1 || e->flags)
        return false;
    *out = (struct book_sole){e->start_ms + e->first, e->level};
    return true;
}
