/* book_impl.h - the bytes of a book. For pkg/correlate/book*.c alone.
 *
 *     book.c         hits, claims, timers: what becomes of an entry
 *     book_entry.c   entries: where they are, which bucket a time is in, a new book
 *     book_record.c  an entry as a finding, told
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
 * Pointers into a book are valid until the cell grows, which moves it. Where an entry is removed
 * the next one is then.
 */
#ifndef WEIR_CORRELATE_BOOK_IMPL_H
#define WEIR_CORRELATE_BOOK_IMPL_H

#include "correlate/book.h"
#include "state/finding.h"

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

static inline struct head *book_head(const struct book *b)
{
    return (struct head *)(b->cell->main.p + b->offset);
}

static inline struct entry *book_first(const struct book *b)
{
    return (struct entry *)(book_head(b) + 1);
}

static inline uint32_t book_entry_bytes(const struct entry *e)
{
    return (uint32_t)(sizeof *e + (e->flags & ENTRY_CLAIMED ? sizeof(struct claim) : 0));
}

static inline struct entry *book_next(const struct entry *e)
{
    return (struct entry *)((uint8_t *)(uintptr_t)e + book_entry_bytes(e));
}

static inline struct claim *book_claim_of(const struct entry *e)
{
    return (struct claim *)(uintptr_t)(e + 1);
}

static inline uint32_t book_place_of(const struct book *b, const void *p)
{
    return (uint32_t)((const uint8_t *)p - b->cell->main.p);
}

/* Beyond this no sum of times and periods can overflow; the times of a calendar are far inside. */
static inline int64_t book_bounded(int64_t t_ms)
{
    const int64_t limit = INT64_MAX / 4;

    if (t_ms > limit)
        return limit;
    return t_ms < -limit ? -limit : t_ms;
}

static inline bool book_covers(const struct book *b, const struct entry *e, int64_t t_ms)
{
    return t_ms >= e->start_ms && t_ms - e->start_ms < b->fold->period_ms;
}

static inline int64_t book_end_of(const struct book *b, const struct entry *e)
{
    return e->start_ms + b->fold->period_ms;
}

/* ---- entries (book_entry.c) ------------------------------------------------------------------ */

/* Keys and addends; NULL: there are none yet. */
const struct kept *book_kept(const struct book *b);
/* Where the bucket begins that t_ms would open or falls in. */
int64_t book_start_of(const struct book *b, int64_t t_ms);
/* The entry that t falls in. NULL: *at is where it would be. */
struct entry *book_find(const struct book *b, int64_t t_ms, uint32_t *at);
/* A new one for t_ms, which no entry covers; NULL: no room for it. */
struct entry *book_add(const struct book *b, int64_t t_ms);
void book_remove(const struct book *b, struct entry *e);
/* Unclaimed buckets that no hit can come to any more go. */
void book_expire(const struct book *b, int64_t horizon_ms);

static inline struct entry *book_look_up(const struct book *b, int64_t t_ms)
{
    uint32_t at;

    if (book_head(b)->n && book_covers(b, book_first(b), t_ms))
        return book_first(b);
    return book_find(b, t_ms, &at);
}

/* Rule uid and the key's values: what phase and uid are made of. parts: room for
 * 2 + FINDING_KEYS_MAX; tenant first. */
size_t book_name_parts(const struct fold_spec *fold, struct str keys, struct str *parts);

/* ---- records (book_record.c) ----------------------------------------------------------------- */

/* What the finding of the entry counts: its hits, but what was told is not taken back. */
uint64_t book_count(const struct book *b, const struct entry *e);

struct record {
    enum finding_activity activity;
    enum finding_cause cause;
    int64_t at_ms;
    uint32_t sequence;
    int64_t measured_micro;
    const struct hit *hit; /* NULL: a timer */
};

/* One record of the finding goes out. */
void book_tell(const struct book *b, const struct entry *e, const struct record *r);
/* The next Update of a claimed entry; hit NULL: by a timer. */
void book_update(const struct book *b, struct entry *e, enum finding_cause cause, int64_t at_ms,
                 const struct hit *hit);

#endif
