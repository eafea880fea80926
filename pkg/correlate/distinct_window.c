/* distinct_window.c - firsts and lasts of values in bins.
 *
 * Why it is exact. A bin is at most W long and half open, so [e - W, e] begins in an earlier bin
 * than the one that e is in: it is a suffix of one bin, whole bins, and a prefix of the bin of e.
 * The suffix holds the values with last >= e - W, the prefix those with first <= e, a whole bin
 * all of its values: firsts and lasts say it all.
 *   Of a bin that has more than `keep` values, those with the keep smallest firsts and the keep
 * largest lasts are kept. If fewer than keep values are in the prefix, they are among the kept
 * firsts and the prefix is known exactly; otherwise keep kept ones are in it and the answer is
 * "at least keep" both ways. The same for suffixes and lasts, and for whole bins. A value
 * that was dropped and comes again gets a first that is too late; but when it was dropped
 * keep values had smaller firsts, and still have, so that no answer below keep rests on it.
 *   Candidates. Let the condition hold at a hit e, and let f be the largest first of e's bin that
 * is
 * <= e. The prefix is the same at f and at e, and [f - W ..] begins no later: what is seen at e is
 * seen at f. Bins are cut at bucket edges, so f is in the bucket of e. If f is not kept, keep
 * values have firsts <= f, and the condition holds at the keep-th of them.
 *   Expiry. Adding a time t >= watermark changes windows that end at t or later only: what was last
 * seen before watermark - W is in none of them.
 *
 * Each entry also has the `next` first of its value in a later bin: a window that ends at e
 * counts the entries with last >= e - W, first <= e, next > e, which is each value once, in
 * one pass over three columns without looking anything up. When an entry is dropped whose
 * predecessor points to it, a window over both has keep values of the dropped one's bin.
 *
 * Layout: head, hash u64[cap], first u32[cap], last u32[cap], next u32[cap], index u16 or
 * u32[slots] (open addressing by value; 0 is empty, else number of the entry + 1), then the
 * operator's tail. Times are ticks above head.base.
 */
#include "correlate/distinct_window.h"

#include <string.h>

#include "correlate/span.h"

enum { VERSION = 1, COLUMN_BYTES = 8 + 3 * 4, SECOND_MS = 1000 };
#define NO_TICK UINT32_MAX
#define TICKS_BEFORE (INT64_C(1) << 31) /* room for times before the first, which sets the base */
#define TICKS_MAX (INT64_C(0xfffffffe))

typedef uint16_t packed_u16 __attribute__((aligned(1), may_alias));
enum { NARROW_BITS = 16 }; /* an index of so many bits at most has u16 slots, a larger one u32 */
typedef uint32_t packed_u32 __attribute__((aligned(1), may_alias));
typedef uint64_t packed_u64 __attribute__((aligned(1), may_alias));
typedef uint32_t lanes __attribute__((vector_size(16), aligned(1), may_alias));

struct head {
    uint8_t version;
    uint8_t index_bits; /* 0: no index */
    uint8_t is_inexact;
    uint8_t spare;
    uint32_t n, cap;
    int64_t base;    /* in ticks since 1970 */
    uint32_t newest; /* tick */
    struct distinct_bounds bounds;
} __attribute__((packed, may_alias));

/* The window's parts where they are just now. */
struct parts {
    struct head *head;
    packed_u64 *hash;
    packed_u32 *first, *last, *next;
    uint8_t *index;
};

/* Half open, in ticks. */
struct bin {
    uint32_t from, to;
};

static struct parts parts_of(const struct distinct_window *w)
{
    struct parts p = {.head = (struct head *)w->cell->main.p};
    uint8_t *at = w->cell->main.p + sizeof(struct head);
    size_t cap = p.head->cap;

    p.hash = (packed_u64 *)at;
    p.first = (packed_u32 *)(at + 8 * cap);
    p.last = p.first + cap;
    p.next = p.last + cap;
    p.index = (uint8_t *)(p.next + cap);
    return p;
}

static uint32_t index_bytes(uint8_t index_bits)
{
    if (index_bits == 0)
        return 0;
    return (index_bits <= NARROW_BITS ? 2u : 4u) << index_bits;
}

static uint32_t bytes_for(uint32_t cap, uint8_t index_bits)
{
    return (uint32_t)sizeof(struct head) + cap * COLUMN_BYTES + index_bytes(index_bits);
}

uint32_t distinct_window_bytes(const struct distinct_window *w)
{
    const struct head *h = (const struct head *)w->cell->main.p;

    return bytes_for(h->cap, h->index_bits);
}

/* The smallest index of which a third stays empty. */
static uint8_t index_bits_for(uint32_t cap)
{
    if (cap <= DISTINCT_SMALL)
        return 0;
    return (uint8_t)(32 - __builtin_clz(cap + cap / 2 - 1));
}

/* The columns and the index are not looked through: whatever they hold, nothing outside of them is
 * touched, and every walk ends. */
bool distinct_window_is_valid(const struct distinct_window *w)
{
    const struct head *h = (const struct head *)w->cell->main.p;

    return w->cell->main.n >= sizeof *h && h->version == VERSION && h->n <= h->cap &&
           h->cap <= DISTINCT_VALUES_MAX && h->index_bits == index_bits_for(h->cap) &&
           h->base >= -SPAN_TIME_MAX - TICKS_MAX && h->base <= SPAN_TIME_MAX &&
           w->cell->main.n >= distinct_window_bytes(w);
}

bool distinct_window_init(const struct distinct_window *w)
{
    if (!cell_resize(w->cell, bytes_for(0, 0)))
        return false;
    struct head *h = (struct head *)w->cell->main.p;
    *h = (struct head){.version = VERSION};
    return true;
}

/* ---- times ------------------------------------------------------------------------------- */

static int64_t unit_of(const struct distinct_window *w)
{
    return w->window_ms > DISTINCT_FINE_MS ? SECOND_MS : 1;
}

/* In units since 1970, rounded down. */
static int64_t units(const struct distinct_window *w, int64_t ms)
{
    int64_t unit = unit_of(w);

    ms = span_bounded(ms);
    return unit == 1 ? ms : span_floor(ms, unit) / unit;
}

static int64_t ms_of(const struct distinct_window *w, const struct head *h, uint32_t tick)
{
    return (h->base + tick) * unit_of(w);
}

/* A time as a tick; outside of what ticks can say: the nearest. */
static uint32_t tick_near(const struct head *h, int64_t in_units)
{
    int64_t tick = in_units - h->base;

    return tick < 0 ? 0 : tick > TICKS_MAX ? (uint32_t)TICKS_MAX : (uint32_t)tick;
}

/* span_floor() where t is mostly less than a step behind one that is known. */
static int64_t floor_near(int64_t t, int64_t known, int64_t step)
{
    int64_t since = t - known;

    return since >= 0 && since < step ? known : known + span_floor(since, step);
}

static struct bin bin_of(const struct distinct_window *w, const struct head *h, uint32_t tick)
{
    int64_t unit = unit_of(w), length = unit > 1 ? w->window_ms / unit : w->window_ms;
    int64_t at = h->base + tick;
    int64_t bucket = floor_near(at * unit, w->bucket_zero, w->bucket_ms);
    int64_t from = span_floor(at, length), to = from + length;
    int64_t bucket_from = bucket, bucket_to = bucket + w->bucket_ms;

    if (unit > 1) { /* rounded up: the first whole unit inside the bucket */
        bucket_from = -(span_floor(-bucket, unit) / unit);
        bucket_to = -(span_floor(-(bucket + w->bucket_ms), unit) / unit);
    }
    if (bucket_from > from)
        from = bucket_from;
    if (bucket_to < to)
        to = bucket_to;
    return (struct bin){tick_near(h, from), tick_near(h, to)};
}

/* ---- memory ------------------------------------------------------------------------------ */

static uint32_t slot_of(const struct head *h, uint64_t value)
{
    return (uint32_t)((value * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - h->index_bits));
}

/* Number of the entry in the slot + 1, or 0. */
static inline uint32_t slot_get(const struct parts *p, uint32_t slot)
{
    return p->head->index_bits <= NARROW_BITS ? ((const packed_u16 *)p->index)[slot]
                                              : ((const packed_u32 *)p->index)[slot];
}

static inline void slot_set(const struct parts *p, uint32_t slot, uint32_t to)
{
    if (p->head->index_bits <= NARROW_BITS)
        ((packed_u16 *)p->index)[slot] = (uint16_t)to;
    else
        ((packed_u32 *)p->index)[slot] = to;
}

static void index_add(const struct parts *p, uint32_t i)
{
    uint32_t mask = (UINT32_C(1) << p->head->index_bits) - 1, left = mask;
    uint32_t slot = slot_of(p->head, p->hash[i]);

    while (slot_get(p, slot) && left-- > 0)
        slot = (slot + 1) & mask;
    slot_set(p, slot, i + 1);
}

static void index_rebuild(const struct parts *p)
{
    if (!p->head->index_bits)
        return;
    memset(p->index, 0, index_bytes(p->head->index_bits));
    for (uint32_t i = 0; i < p->head->n; i++)
        index_add(p, i);
}

/* Other room for entries (at least n): the columns and the tail move, the index is made anew. */
static bool set_cap(const struct distinct_window *w, uint32_t cap)
{
    uint8_t bits = index_bits_for(cap);
    uint32_t was = distinct_window_bytes(w), now = bytes_for(cap, bits);
    uint32_t tail = w->cell->main.n - was;

    if (now > was && !cell_resize(w->cell, now + tail))
        return false;
    struct parts old = parts_of(w);
    uint32_t n = old.head->n;
    if (now > was)
        memmove(w->cell->main.p + now, w->cell->main.p + was, tail);
    bool is_growing = cap > old.head->cap;
    old.head->cap = cap;
    old.head->index_bits = bits;
    struct parts new = parts_of(w);
    if (is_growing) {
        memmove(new.next, old.next, n * sizeof(*new.next));
        memmove(new.last, old.last, n * sizeof(*new.last));
        memmove(new.first, old.first, n * sizeof(*new.first));
    } else {
        memmove(new.first, old.first, n * sizeof(*new.first));
        memmove(new.last, old.last, n * sizeof(*new.last));
        memmove(new.next, old.next, n * sizeof(*new.next));
    }
    index_rebuild(&new);
    if (now < was) {
        memmove(w->cell->main.p + now, w->cell->main.p + was, tail);
        return cell_resize(w->cell, now + tail);
    }
    return true;
}

static void copy_entry(const struct parts *p, uint32_t to, uint32_t from)
{
    p->hash[to] = p->hash[from];
    p->first[to] = p->first[from];
    p->last[to] = p->last[from];
    p->next[to] = p->next[from];
}

/* Drop entries last seen before the tick. The index is stale afterwards; true: if it is. */
static bool drop_before(const struct parts *p, uint32_t tick)
{
    uint32_t kept = 0, n = p->head->n;

    for (uint32_t i = 0; i < n; i++) {
        if (p->last[i] < tick)
            continue;
        if (kept != i)
            copy_entry(p, kept, i);
        kept++;
    }
    p->head->n = kept;
    return kept != n;
}

static uint32_t expiry_tick(const struct distinct_window *w, int64_t watermark_ms)
{
    const struct head *h = (const struct head *)w->cell->main.p;

    return tick_near(h, units(w, span_add(watermark_ms, -w->window_ms)));
}

void distinct_window_expire(const struct distinct_window *w, int64_t watermark_ms)
{
    struct parts p = parts_of(w);

    if (!drop_before(&p, expiry_tick(w, watermark_ms)))
        return;
    index_rebuild(&p);
    p.head->is_inexact &= p.head->n > 0; /* nothing of it is left */
    if (p.head->n < p.head->cap / 4)
        set_cap(w, p.head->n); /* shrinking is never refused */
}

/* ---- trimming bins ----------------------------------------------------------------------- */

/* How many of the bin's times in the column are <= tick. */
static uint32_t rank_of(const struct parts *p, const packed_u32 *column, struct bin bin,
                        uint32_t tick)
{
    uint32_t rank = 0;

    for (uint32_t i = 0; i < p->head->n; i++)
        rank += (p->first[i] >= bin.from) & (p->first[i] < bin.to) & (column[i] <= tick);
    return rank;
}

/* The smallest tick of which at least `rank` of the bin's times in the column are at or below. */
static uint32_t tick_at_rank(const struct parts *p, const packed_u32 *column, struct bin bin,
                             uint32_t rank)
{
    uint32_t low = bin.from, high = bin.to - 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (rank_of(p, column, bin, middle) >= rank)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Keep of a bin with n values those with the `keep` smallest firsts and largest lasts; of equal
 * times it does not matter which. */
static void trim_bin(const struct parts *p, struct bin bin, uint32_t n, uint32_t keep)
{
    uint32_t first_max = tick_at_rank(p, p->first, bin, keep);
    uint32_t last_min = tick_at_rank(p, p->last, bin, n - keep + 1);
    uint32_t first_ties =
        keep - (first_max > bin.from ? rank_of(p, p->first, bin, first_max - 1) : 0);
    uint32_t last_ties = keep - (n - rank_of(p, p->last, bin, last_min));
    uint32_t kept = 0, entries = p->head->n;

    for (uint32_t i = 0; i < entries; i++) {
        if (p->first[i] >= bin.from && p->first[i] < bin.to) {
            bool is_first = p->first[i]<first_max, is_last = p->last[i]> last_min;
            if (p->first[i] == first_max && first_ties) {
                first_ties--;
                is_first = true;
            }
            if (p->last[i] == last_min && last_ties) {
                last_ties--;
                is_last = true;
            }
            if (!is_first && !is_last)
                continue;
        }
        if (kept != i)
            copy_entry(p, kept, i);
        kept++;
    }
    p->head->n = kept;
}

/* The earliest first at or behind the tick; NO_TICK if none. */
static uint32_t first_from(const struct parts *p, uint32_t tick)
{
    uint32_t found = NO_TICK;

    for (uint32_t i = 0; i < p->head->n; i++)
        if (p->first[i] >= tick && p->first[i] < found)
            found = p->first[i];
    return found;
}

static void trim(const struct distinct_window *w, const struct parts *p)
{
    uint32_t tick = first_from(p, 0);

    while (tick != NO_TICK) {
        struct bin bin = bin_of(w, p->head, tick);
        uint32_t n = rank_of(p, p->first, bin, NO_TICK);
        if (n / 2 > w->keep)
            trim_bin(p, bin, n, w->keep);
        tick = bin.to > tick ? first_from(p, bin.to) : NO_TICK;
    }
}

/* Room for one more entry: by expiry, by trimming, by growing. */
static bool make_room(const struct distinct_window *w, int64_t watermark_ms)
{
    struct parts p = parts_of(w);
    uint32_t n = p.head->n;

    drop_before(&p, expiry_tick(w, watermark_ms));
    if (p.head->n / 2 > w->keep)
        trim(w, &p);
    if (p.head->n != n)
        index_rebuild(&p);
    uint32_t cap = p.head->cap;
    if (p.head->n < cap - cap / 4)
        return true;
    uint32_t more = cap < 8 ? 1 : cap / 4;
    if (cap + more <= DISTINCT_VALUES_MAX && set_cap(w, cap + more))
        return true;
    return ((struct head *)w->cell->main.p)->n < cap;
}

/* ---- adding ------------------------------------------------------------------------------ */

/* All ticks by `by` lower (negative: higher); entries that then lie outside are forgotten. */
static void shift_ticks(const struct parts *p, int64_t by)
{
    uint32_t kept = 0, n = p->head->n;

    for (uint32_t i = 0; i < n; i++) {
        int64_t first = p->first[i] - by, last = p->last[i] - by;
        if (first < 0 || last > TICKS_MAX)
            continue;
        copy_entry(p, kept, i);
        p->first[kept] = (uint32_t)first;
        p->last[kept] = (uint32_t)last;
        int64_t next = p->next[i] - by;
        p->next[kept] =
            p->next[i] == NO_TICK || next > TICKS_MAX || next < 0 ? NO_TICK : (uint32_t)next;
        kept++;
    }
    int64_t newest = p->head->newest - by;
    p->head->newest = newest < 0 ? 0 : newest > TICKS_MAX ? (uint32_t)TICKS_MAX : (uint32_t)newest;
    p->head->base += by;
    p->head->n = kept;
    p->head->is_inexact |= kept != n;
    index_rebuild(p);
}

/* By how much to raise the base for a time that is out of its reach: so far that this time and all
 * that are kept have room, in the middle; if they have none together, so that the new one has. */
static int64_t base_shift(const struct parts *p, int64_t in_units)
{
    int64_t base = p->head->base, low = in_units, high = in_units;

    for (uint32_t i = 0; i < p->head->n; i++) {
        int64_t first = base + p->first[i], last = base + p->last[i];
        low = first < low ? first : low;
        high = last > high ? last : high;
    }
    if (p->head->n && base + p->head->newest > high)
        high = base + p->head->newest;
    if (high - low > TICKS_MAX)
        return in_units - TICKS_BEFORE - base;
    return low - (TICKS_MAX - (high - low)) / 2 - base;
}

/* The tick of a time; the base is moved when the time is out of reach of it. */
static uint32_t tick_of(const struct distinct_window *w, int64_t in_units, int64_t watermark_ms)
{
    struct parts p = parts_of(w);

    if (p.head->n == 0) {
        p.head->base = in_units - TICKS_BEFORE;
        p.head->newest = 0;
    } else if (in_units < p.head->base || in_units - p.head->base > TICKS_MAX) {
        if (drop_before(&p, expiry_tick(w, watermark_ms)))
            index_rebuild(&p);
        shift_ticks(&p, base_shift(&p, in_units));
    }
    return (uint32_t)(in_units - p.head->base);
}

/* The entries of one value around a bin; NO_TICK where there is none. */
struct around {
    uint32_t same, before, after;
};

static void note_around(const struct parts *p, struct bin bin, uint32_t i, struct around *a)
{
    if (p->first[i] < bin.from) {
        if (a->before == NO_TICK || p->first[i] > p->first[a->before])
            a->before = i;
    } else if (p->first[i] >= bin.to) {
        if (a->after == NO_TICK || p->first[i] < p->first[a->after])
            a->after = i;
    } else {
        a->same = i;
    }
}

static struct around find_around(const struct parts *p, struct bin bin, uint64_t value)
{
    struct around a = {NO_TICK, NO_TICK, NO_TICK};

    if (!p->head->index_bits) {
        for (uint32_t i = 0; i < p->head->n; i++)
            if (p->hash[i] == value)
                note_around(p, bin, i, &a);
        return a;
    }
    uint32_t mask = (UINT32_C(1) << p->head->index_bits) - 1, left = mask;
    for (uint32_t slot = slot_of(p->head, value), i; (i = slot_get(p, slot)) != 0 && left > 0;
         slot = (slot + 1) & mask, left--) {
        i--;
        if (i < p->head->n && p->hash[i] == value)
            note_around(p, bin, i, &a);
    }
    return a;
}

static void insert(const struct parts *p, uint64_t value, uint32_t tick, struct around a)
{
    uint32_t i = p->head->n++;

    p->hash[i] = value;
    p->first[i] = p->last[i] = tick;
    p->next[i] = a.after == NO_TICK ? NO_TICK : p->first[a.after];
    if (a.before != NO_TICK)
        p->next[a.before] = tick;
    if (p->head->index_bits)
        index_add(p, i);
}

/* Windows that did not see the value before and do now: those that end behind `before` + W, and
 * before `after`. */
static void set_reach(const struct distinct_window *w, const struct head *h, uint32_t before,
                      uint32_t after, struct distinct_change *change)
{
    int64_t unit = unit_of(w), length = w->window_ms / unit * unit;

    change->from_ms = change->t_ms;
    change->to_ms = change->t_ms + length;
    if (before != NO_TICK && ms_of(w, h, before) + length + unit > change->from_ms)
        change->from_ms = ms_of(w, h, before) + length + unit;
    if (after != NO_TICK && ms_of(w, h, after) - unit < change->to_ms)
        change->to_ms = ms_of(w, h, after) - unit;
}

/* The value's entry is known: widen it. False: the time lies inside it. */
static bool widen(const struct parts *p, const struct around *a, uint32_t tick, uint32_t *before,
                  uint32_t *after)
{
    if (tick < p->first[a->same]) {
        *before = a->before == NO_TICK ? NO_TICK : p->last[a->before];
        *after = p->first[a->same];
        p->first[a->same] = tick;
        if (a->before != NO_TICK)
            p->next[a->before] = tick;
        return true;
    }
    if (tick > p->last[a->same]) {
        *before = p->last[a->same];
        *after = p->next[a->same];
        p->last[a->same] = tick;
        return true;
    }
    return false;
}

struct distinct_change distinct_window_add(const struct distinct_window *w, int64_t t_ms,
                                           uint64_t value, int64_t watermark_ms)
{
    const struct distinct_change none = {.is_none = true};
    uint32_t tick = tick_of(w, units(w, t_ms), watermark_ms), before = NO_TICK, after = NO_TICK;
    struct parts p = parts_of(w);
    struct bin bin = bin_of(w, p.head, tick);
    struct around a = find_around(&p, bin, value);
    bool is_empty = p.head->n == 0;

    if (a.same == NO_TICK && p.head->n == p.head->cap) {
        if (!make_room(w, watermark_ms)) {
            ((struct head *)w->cell->main.p)->is_inexact = true;
            return none;
        }
        p = parts_of(w);
        a = find_around(&p, bin, value);
    }
    struct distinct_change change = {.t_ms = ms_of(w, p.head, tick),
                                     .is_newest = is_empty || tick >= p.head->newest};
    if (a.same == NO_TICK) {
        before = a.before == NO_TICK ? NO_TICK : p.last[a.before];
        after = a.after == NO_TICK ? NO_TICK : p.first[a.after];
        insert(&p, value, tick, a);
        change.is_candidate = true;
    } else {
        change.is_candidate = tick < p.first[a.same];
        if (!widen(&p, &a, tick, &before, &after))
            return none;
    }
    if (change.is_newest) {
        change.gap_ms = is_empty ? 0 : change.t_ms - ms_of(w, p.head, p.head->newest);
        p.head->newest = tick;
    }
    set_reach(w, p.head, before, after, &change);
    return change;
}

/* ---- asking ------------------------------------------------------------------------------ */

struct ticks {
    uint32_t from, at; /* the window [from, at] */
};

static struct ticks ticks_of(const struct distinct_window *w, const struct head *h, int64_t at_ms)
{
    int64_t at = units(w, at_ms);

    return (struct ticks){tick_near(h, at - w->window_ms / unit_of(w)), tick_near(h, at)};
}

static inline bool is_seen(const struct parts *p, uint32_t i, struct ticks t)
{
    return (p->last[i] >= t.from) & (p->first[i] <= t.at) & (p->next[i] > t.at);
}

uint32_t distinct_window_count(const struct distinct_window *w, int64_t at_ms)
{
    struct parts p = parts_of(w);
    struct ticks t = ticks_of(w, p.head, at_ms);
    uint32_t n = p.head->n, i = 0;
    lanes from = {t.from, t.from, t.from, t.from}, at = {t.at, t.at, t.at, t.at}, sum = {0};

    for (; i + 4 <= n; i += 4) /* a true comparison is -1 */
        sum -= (lanes)((*(const lanes *)(p.last + i) >= from) &
                       (*(const lanes *)(p.first + i) <= at) & (*(const lanes *)(p.next + i) > at));
    uint32_t count = sum[0] + sum[1] + sum[2] + sum[3];
    for (; i < n; i++)
        count += is_seen(&p, i, t);
    return count;
}

uint64_t distinct_window_mask(const struct distinct_window *w, int64_t at_ms)
{
    struct parts p = parts_of(w);
    struct ticks t = ticks_of(w, p.head, at_ms);
    uint64_t mask = 0;

    for (uint32_t i = 0; i < p.head->n; i++)
        if (is_seen(&p, i, t))
            mask |= UINT64_C(1) << (p.hash[i] & 63);
    return mask;
}

uint32_t distinct_window_n(const struct distinct_window *w)
{
    return ((const struct head *)w->cell->main.p)->n;
}

int64_t distinct_window_candidate(const struct distinct_window *w, uint32_t i)
{
    struct parts p = parts_of(w);

    DASSERT(i < p.head->n);
    return ms_of(w, p.head, p.first[i]);
}

int64_t distinct_window_newest(const struct distinct_window *w)
{
    const struct head *h = (const struct head *)w->cell->main.p;

    return ms_of(w, h, h->newest);
}

struct distinct_bounds distinct_window_bounds(const struct distinct_window *w)
{
    return ((const struct head *)w->cell->main.p)->bounds;
}

void distinct_window_set_bounds(const struct distinct_window *w, struct distinct_bounds b)
{
    ((struct head *)w->cell->main.p)->bounds = b;
}

bool distinct_window_is_exact(const struct distinct_window *w)
{
    return !((const struct head *)w->cell->main.p)->is_inexact;
}
