/* book_entry.c - the entries of a book: where they are, which bucket a time is in, a new book. */
#include "correlate/book_impl.h"

#include <string.h>

#include "base/pack.h"
#include "correlate/span.h"
#include "state/uid.h"

enum { BOOK_ENTRIES_MAX = 4096 };

static const struct entry *end_of_entries(const struct book *b)
{
    const struct entry *e = book_first(b);

    for (uint32_t i = book_head(b)->n; i > 0; i--)
        e = book_next(e);
    return e;
}

const struct kept *book_kept(const struct book *b)
{
    if (!book_head(b)->has_keys)
        return NULL;
    const uint8_t *end = (const uint8_t *)end_of_entries(b);
    return (const struct kept *)(end + (book_head(b)->n == 0 ? sizeof(int64_t) : 0));
}

/* ---- buckets ------------------------------------------------------------------------------- */

static int64_t phase_of_empty(const struct book *b)
{
    int64_t phase;

    memcpy(&phase, book_first(b), sizeof phase);
    return phase;
}

int64_t book_phase(const struct book *b)
{
    if (book_head(b)->n == 0)
        return phase_of_empty(b);
    int64_t start = book_first(b)->start_ms;
    return span_floor(start + b->fold->period_ms - 1, b->fold->period_ms) - start;
}

int64_t book_start_of(const struct book *b, int64_t t_ms)
{
    if (b->fold->is_anchored)
        return t_ms;
    if (book_head(b)->n && book_covers(b, book_first(b), t_ms)) /* mostly; a division is slow */
        return book_first(b)->start_ms;
    int64_t zero = book_head(b)->n ? book_first(b)->start_ms : -phase_of_empty(b);
    return zero + span_floor(t_ms - zero, b->fold->period_ms);
}

struct entry *book_find(const struct book *b, int64_t t_ms, uint32_t *at)
{
    struct entry *e = book_first(b);
    uint32_t left = book_head(b)->n;

    while (left > 0 && e->start_ms > t_ms) {
        e = book_next(e);
        left--;
    }
    *at = book_place_of(b, e);
    return left > 0 && book_covers(b, e, t_ms) ? e : NULL;
}

int64_t book_bucket_start(const struct book *b, int64_t t_ms)
{
    const struct entry *e = b->fold->is_anchored ? book_look_up(b, book_bounded(t_ms)) : NULL;

    return e ? e->start_ms : book_start_of(b, book_bounded(t_ms));
}

int64_t book_some_start(const struct book *b)
{
    if (b->fold->is_anchored)
        return 0;
    return book_head(b)->n ? book_first(b)->start_ms : -phase_of_empty(b);
}

void book_remove(const struct book *b, struct entry *e)
{
    struct head *h = book_head(b);

    if (h->n > 1) {
        h->n--;
        cell_close(b->cell, book_place_of(b, e), book_entry_bytes(e));
        return;
    }
    int64_t phase = book_phase(b);
    h->n = 0;
    cell_close(b->cell, book_place_of(b, e), book_entry_bytes(e) - (uint32_t)sizeof phase);
    memcpy(book_first(b), &phase, sizeof phase);
}

void book_expire(const struct book *b, int64_t horizon_ms)
{
    struct entry *e = book_first(b);

    for (uint32_t i = book_head(b)->n; i > 0; i--)
        if (!(e->flags & ENTRY_CLAIMED) && book_end_of(b, e) <= horizon_ms)
            book_remove(b, e); /* the next one is there now; none is left at n == 0 */
        else
            e = book_next(e);
}

struct entry *book_add(const struct book *b, int64_t t_ms)
{
    int64_t start = book_start_of(b, t_ms);
    uint32_t at;

    book_expire(b, b->clock->watermark_ms);
    if (book_head(b)->n == BOOK_ENTRIES_MAX)
        return NULL;
    bool is_only = book_head(b)->n == 0;
    if (is_only)
        at = b->offset + (uint32_t)sizeof(struct head);
    else
        (void)book_find(b, t_ms, &at);
    if (!cell_open(b->cell, at, (uint32_t)sizeof(struct entry) - (is_only ? 8 : 0)))
        return NULL;
    struct entry *e = (struct entry *)(b->cell->main.p + at);
    *e = (struct entry){.start_ms = start, .first = UINT32_MAX};
    book_head(b)->n++;
    return e;
}

/* ---- beginnings ---------------------------------------------------------------------------- */

size_t book_name_parts(const struct fold_spec *fold, struct str keys, struct str *parts)
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
    *book_head(b) = (struct head){0};
    memcpy(book_first(b), &phase_ms, sizeof phase_ms);
    return true;
}

bool book_init(struct book *b, struct str keys)
{
    struct str parts[2 + FINDING_KEYS_MAX];
    struct digest d;

    if (b->fold->is_anchored)
        return book_init_phase(b, 0);
    size_t n = book_name_parts(b->fold, keys, parts);
    return book_init_phase(b, uid_bucket_phase(&d, parts + 1, n - 1, b->fold->period_ms));
}

static bool holds_keys(const struct book *b, uint32_t at)
{
    uint32_t left = b->cell->main.n - at;
    const struct kept *k = (const struct kept *)(b->cell->main.p + at);

    if (!book_head(b)->has_keys)
        return left == 0;
    return left >= sizeof *k && (uint64_t)k->n_keys + k->n_addends == left - sizeof *k;
}

bool book_is_valid(const struct book *b)
{
    uint32_t end = b->cell->main.n, at = b->offset + (uint32_t)sizeof(struct head);
    const int64_t limit = INT64_MAX / 2;

    if (b->offset > end || end - b->offset < sizeof(struct head) + sizeof(int64_t))
        return false;
    if (book_head(b)->n == 0)
        return phase_of_empty(b) >= 0 && phase_of_empty(b) < b->fold->period_ms &&
               holds_keys(b, at + (uint32_t)sizeof(int64_t));
    for (uint32_t i = book_head(b)->n; i > 0; i--) {
        const struct entry *e = (const struct entry *)(b->cell->main.p + at);
        if (end - at < sizeof *e || end - at < book_entry_bytes(e) || e->start_ms < -limit ||
            e->start_ms > limit)
            return false;
        if (e->flags & ENTRY_CLAIMED &&
            (book_claim_of(e)->next == 0 || book_claim_of(e)->update_ms < -limit))
            return false;
        at += book_entry_bytes(e);
    }
    return holds_keys(b, at);
}
