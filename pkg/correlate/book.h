/* book.h - the findings of one dedup key: buckets with their counts, claims and sequence.
 *
 * A book is a packed run of entries inside a cell, kept by early operators and by suppress. Every
 * hit is counted in the bucket of its time; a claim says that the condition was met at a time and
 * makes that time's bucket a finding. The count of a finding is the number of hits in its bucket,
 * at least fold_spec.threshold: so it depends on the hits alone, not on their order.
 *
 * With fold_spec.is_anchored a bucket is what the first hit of it opens: [t, t + period). The hits
 * must then come in time order.
 *
 * Passing  most events that come to a busy key push an older one out of its capsule book, to be
 *          pushed out in turn by the next. Those of which a batch knows that it will be so
 *          (hit.is_passing) leave the book alone; if one of them makes something to tell, it and
 *          the two before it are noted first. So what is told and what stays is the same.
 *
 * Create at the claim, Update when the count reaches 2, 4, 8 ... times what the Create told (and
 * each update_ms, by timer), a severity raise at once, Close when the watermark passes the
 * bucket's end. Entries go when they are closed, or unclaimed and behind horizon.
 */
#ifndef WEIR_CORRELATE_BOOK_H
#define WEIR_CORRELATE_BOOK_H

#include "base/base.h"
#include "correlate/hit.h"
#include "correlate/operator.h"
#include "state/cell.h"
#include "state/store.h"

/* Where the book is inside the main part: an operator gives it the tail of its cell. */
struct book {
    struct cell *cell;
    uint32_t offset; /* of the book's first byte in cell->main */
    const struct fold_spec *fold;
    struct emissions *out;
    const struct step_clock *clock;
};

/* Lay out an empty book at offset of the cell (main.n == offset). `keys` (packed as in
 * hit.keys) gives the phase of the buckets. False: no memory. */
MUST_USE bool book_init(struct book *b, struct str keys);

/* The same without keys, for a phase (book_phase()) that was kept elsewhere. */
MUST_USE bool book_init_phase(struct book *b, int64_t phase_ms);
/* 0 .. period - 1 */
int64_t book_phase(const struct book *b);

/* The bytes from offset to the end of the cell can be a book. */
bool book_is_valid(const struct book *b);

/* Count a hit in its bucket, and note its capsule. An Update that becomes due is emitted. */
void book_hit(struct book *b, int64_t t_ms, const struct hit *hit);

/* A bound bit: what the bucket of t_ms tells from now on is a lower bound. */
void book_mark_inexact(struct book *b, int64_t t_ms);

/* The condition is met at t_ms; first claim of the bucket: a Create is emitted. `hit` is what is
 * at hand now: its keys give the uid and are kept until the Close. */
void book_claim(struct book *b, int64_t t_ms, const struct hit *hit, int64_t measured_micro);

/* What a published record says of a finding whose cell is lost: its Close is still owed. */
struct book_restored {
    int64_t start_ms, first_ms, last_ms;
    uint64_t count, sequence; /* of its last record */
    int64_t measured_micro;
    uint8_t level;
    bool is_exact; /* all hits of its bucket come again */
};
/* Its bucket is a finding again, of that count at least: hits that come (again) are counted from 0,
 * and what the bucket tells is the greater of the two. The Create is not told; the next claim tells
 * it once, for those who hear of Creates (it was published, and is not again). No effect on a
 * bucket that has a claim, or if the buckets of the rule lie elsewhere by now. hit: keys, addends,
 * restored. */
void book_restore(struct book *b, const struct hit *hit);

/* True: claimed already, so that the operator can save itself the test. */
bool book_is_claimed(const struct book *b, int64_t t_ms);
/* Start of the bucket that t_ms falls in. */
int64_t book_bucket_start(const struct book *b, int64_t t_ms);
/* Start of any one bucket: the others are whole periods away. With is_anchored: 0. */
int64_t book_some_start(const struct book *b);

/* Timers: Updates by period, Closes. Entries that are over are dropped, unclaimed ones when
 * their bucket ends at or before horizon_ms; so are capsules of what is closed. */
void book_due(struct book *b, int64_t horizon_ms);
/* The book's own next due time, CELL_NEVER if none. */
int64_t book_next_due(const struct book *b);
/* From this watermark on the book means nothing: the end of its last bucket. INT64_MIN if empty. */
int64_t book_idle(const struct book *b);
/* No entries any more. */
bool book_is_empty(const struct book *b);

/* ---- for one entry at a time: what a cell with one unclaimed hit can be made again from. ---- */

struct book_sole {
    int64_t t_ms;
    uint8_t level;
};
/* One entry, unclaimed, with one hit. */
bool book_is_sole(const struct book *b, struct book_sole *out);

#endif
