/* count.c - event_count: how often in W?
 *
 *     u8 version, u8 flags, u32 n, u32 room, times[room] ascending, ids[room] if asked for, book
 *
 * Early (gt, gte N). Which hits must be kept? Cut time into bins of length W. The window [e - W, e]
 * of a hit e is a suffix of one bin and a prefix of the next, for e - W and e are in neighbours.
 * A suffix with N hits or more decides by itself, so the last N of a bin are enough for it;
 * likewise the first N for a prefix. So hits that are neither among the first nor the last N of
 * their bin are dropped, and the answer is exact in any order. And where e itself would be such a
 * hit, its window holds N others of its bin: it was claimed when that became true, at the
 * latest with the insert that made the Nth, before which e was among the first N.
 *
 * What is kept is one ascending array, and window [e - W, e] is full if the (N-1)th before e in it
 * is not older than e - W: either none was dropped between the two, or N of the same bin are there.
 *
 * An insert at p can only complete windows of hits from p to p + N - 1 (later ones have N between
 * them and it), not more than W behind it: those are tested, each claimed bucket at one stroke.
 *
 * Dropping is put off until the array is full, and then leaves a quarter free, so that it costs
 * little per hit; a group that is far from N is as long as its hits.
 *
 * Final: settle.h.
 */
#include "correlate/operator.h"

#include <string.h>

#include "correlate/book.h"
#include "correlate/hit.h"
#include "correlate/settle.h"
#include "correlate/span.h"
#include "state/capsule.h"

enum { COUNT_VERSION = 1, COUNT_WEIGHT_MAX = 223, COUNT_CLAIMED_WEIGHT = 255 };
enum { COUNT_HAS_IDS = 1 };

struct front {
    uint8_t version, flags;
    uint32_t n, room;
} __attribute__((packed, may_alias));

typedef int64_t loose_i64 __attribute__((aligned(1), may_alias));
typedef uint64_t loose_u64 __attribute__((aligned(1), may_alias));

/* All that a step has at hand. */
struct count {
    const struct operator_spec *spec;
    struct book book;
    uint32_t threshold;
    int64_t window_ms;
};

static struct front *front(const struct count *c)
{
    return (struct front *)c->book.cell->main.p;
}

static loose_i64 *times(const struct count *c)
{
    return (loose_i64 *)(c->book.cell->main.p + sizeof(struct front));
}

static loose_u64 *ids(const struct count *c)
{
    return (loose_u64 *)(times(c) + front(c)->room);
}

static uint32_t slot_bytes(const struct front *f)
{
    return f->flags & COUNT_HAS_IDS ? 16 : 8;
}

static uint32_t front_bytes(const struct front *f)
{
    return (uint32_t)sizeof *f + f->room * slot_bytes(f);
}

static void forget(struct cell *cell)
{
    bool is_gone = cell_resize(cell, 0);
    ASSERT(is_gone);
}

/* ---- what is kept -------------------------------------------------------------------------- */

/* Keep [0, n) less [from, upto). */
static void cut(const struct count *c, uint32_t from, uint32_t upto)
{
    struct front *f = front(c);

    memmove(times(c) + from, times(c) + upto, (f->n - upto) * sizeof(int64_t));
    if (f->flags & COUNT_HAS_IDS)
        memmove(ids(c) + from, ids(c) + upto, (f->n - upto) * sizeof(uint64_t));
    f->n -= upto - from;
}

static void drop_old(const struct count *c)
{
    int64_t oldest = span_add(c->book.clock->watermark_ms, -c->window_ms);
    uint32_t k = 0, n = front(c)->n;

    while (k < n && times(c)[k] < oldest)
        k++;
    if (k)
        cut(c, 0, k);
}

/* The first and the last N of each bin stay. */
static void thin(const struct count *c)
{
    uint32_t from = 0;

    while (from < front(c)->n) {
        int64_t end = span_add(span_floor(times(c)[from], c->window_ms), c->window_ms);
        uint32_t upto = from;
        while (upto < front(c)->n && times(c)[upto] < end)
            upto++;
        if (upto - from > 2 * c->threshold) {
            cut(c, from + c->threshold, upto - c->threshold);
            upto = from + 2 * c->threshold;
        }
        from = upto;
    }
}

static bool set_room(struct count *c, uint32_t room)
{
    struct cell *cell = c->book.cell;
    struct front *f = front(c);
    uint32_t more = (room - f->room) * slot_bytes(f), was = cell->main.n, from = front_bytes(f);

    if (more > CELL_BYTES_MAX || !cell_resize(cell, was + more))
        return false;
    f = front(c);
    memmove(cell->main.p + from + more, cell->main.p + from, was - from);
    if (f->flags & COUNT_HAS_IDS) {
        loose_u64 *to = (loose_u64 *)(times(c) + room);
        memmove(to, ids(c), f->n * sizeof *to);
    }
    f->room = room;
    c->book.offset = front_bytes(f);
    return true;
}

static bool make_room(struct count *c)
{
    drop_old(c);
    if (front(c)->n > 2 * c->threshold)
        thin(c);
    uint32_t n = front(c)->n, spare = n / 4 > 1 ? n / 4 : 1;
    if (front(c)->room - n >= spare)
        return true;
    return set_room(c, n + spare) || front(c)->room > n;
}

/* No memory (the store counts that): the oldest eighth gives way, and the finding says so. */
static bool give_way(struct count *c, int64_t t_ms)
{
    uint32_t n = front(c)->n;

    book_mark_inexact(&c->book, t_ms);
    cut(c, 0, n / 8 + 1 < n ? n / 8 + 1 : n);
    return front(c)->n < front(c)->room;
}

/* ---- hits ---------------------------------------------------------------------------------- */

/* Where a hit of that time goes: behind its equals. */
static uint32_t place(const struct count *c, int64_t t_ms)
{
    const loose_i64 *t = times(c);
    uint32_t low = 0, high = front(c)->n;

    if (high == 0 || t[high - 1] <= t_ms)
        return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (t[middle] <= t_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* An event that came as several records of one time counts once. */
static bool is_known(const struct count *c, uint32_t at, int64_t t_ms, uint64_t id)
{
    for (uint32_t k = at; k > 0 && times(c)[k - 1] == t_ms; k--)
        if (ids(c)[k - 1] == id)
            return true;
    return false;
}

static void put(const struct count *c, uint32_t at, int64_t t_ms, uint64_t id)
{
    struct front *f = front(c);

    if (at < f->n)
        memmove(times(c) + at + 1, times(c) + at, (f->n - at) * sizeof(int64_t));
    times(c)[at] = t_ms;
    if (f->flags & COUNT_HAS_IDS) {
        memmove(ids(c) + at + 1, ids(c) + at, (f->n - at) * sizeof(uint64_t));
        ids(c)[at] = id;
    }
    f->n++;
}

/* Claim the buckets of the hits from `at` on whose windows are full. */
static void test(struct count *c, uint32_t at, const struct hit *hit)
{
    uint32_t need = c->threshold - 1, i = at > need ? at : need;
    int64_t last = span_add(times(c)[at], c->window_ms);

    while (i < front(c)->n && i <= at + need && times(c)[i] <= last) {
        int64_t e = times(c)[i];
        if (e - times(c)[i - need] > c->window_ms) {
            i++;
            continue;
        }
        if (!book_is_claimed(&c->book, e))
            book_claim(&c->book, e, hit, (int64_t)c->threshold * CORRELATION_MICRO);
        int64_t end = book_bucket_start(&c->book, e) + c->spec->fold.period_ms;
        while (i < front(c)->n && times(c)[i] < end)
            i++;
    }
}

static bool begin(struct count *c, const struct hit *hit, const int64_t *phase_ms)
{
    struct cell *cell = c->book.cell;
    uint32_t n = (uint32_t)sizeof(struct front);

    if (!cell_resize(cell, n))
        return false;
    *front(c) =
        (struct front){.version = COUNT_VERSION, .flags = hit && hit->event_id ? COUNT_HAS_IDS : 0};
    c->book.offset = n;
    if (phase_ms ? book_init_phase(&c->book, *phase_ms) : book_init(&c->book, hit->keys))
        return true;
    forget(cell);
    return false;
}

/* From now on with room for ids: the rule's option or the source has changed. */
static bool want_ids(struct count *c)
{
    struct cell *cell = c->book.cell;
    uint32_t more = front(c)->room * 8, from = front_bytes(front(c));

    if (!cell_open(cell, from, more))
        return false;
    front(c)->flags |= COUNT_HAS_IDS;
    c->book.offset = from + more;
    return true;
}

static void set_times(struct count *c, int64_t t_ms)
{
    struct cell *cell = c->book.cell;
    uint32_t n = front(c)->n < c->threshold ? front(c)->n : c->threshold;
    int64_t idle = span_add(t_ms, c->window_ms + 1), book_ms = book_idle(&c->book);

    cell->due_ms = book_next_due(&c->book);
    uint64_t weight = (uint64_t)n * COUNT_WEIGHT_MAX / c->threshold;
    cell->weight = (uint8_t)(cell->due_ms < CELL_NEVER ? COUNT_CLAIMED_WEIGHT : weight);
    idle = idle > book_ms ? idle : book_ms;
    if (cell->idle_ms == CELL_NEVER || idle > cell->idle_ms)
        cell->idle_ms = idle;
}

static void add(struct count *c, const struct state_op *op)
{
    const struct hit *hit = op->payload;
    struct cell *cell = c->book.cell;
    uint32_t copies = hit->count ? hit->count : 1;

    if (op->t_ms < c->book.clock->watermark_ms || (cell->main.n == 0 && !begin(c, hit, NULL)))
        return;
    if (hit->event_id && !(front(c)->flags & COUNT_HAS_IDS) && !want_ids(c))
        return;
    uint32_t at = place(c, op->t_ms);
    if (hit->event_id && is_known(c, at, op->t_ms, hit->event_id))
        return;
    book_hit(&c->book, op->t_ms, hit);
    copies = copies < c->threshold ? copies : c->threshold;
    for (; copies > 0; copies--) {
        if (front(c)->n == front(c)->room && !make_room(c) && !give_way(c, op->t_ms))
            break;
        at = place(c, op->t_ms);
        put(c, at, op->t_ms, hit->event_id);
    }
    if (front(c)->n == 0 && book_is_empty(&c->book))
        forget(cell);
    else if (at < front(c)->n && times(c)[at] == op->t_ms)
        test(c, at, hit);
    if (cell->main.n)
        set_times(c, op->t_ms);
}

static void restore(struct count *c, const struct state_op *op)
{
    const struct hit *hit = op->payload;
    struct cell *cell = c->book.cell;

    if (cell->main.n == 0 && !begin(c, hit, NULL))
        return;
    book_restore(&c->book, hit);
    if (front(c)->n == 0 && book_is_empty(&c->book))
        forget(cell);
    else
        set_times(c, op->t_ms);
}

static void due(struct count *c)
{
    struct cell *cell = c->book.cell;

    drop_old(c);
    book_due(&c->book, c->book.clock->watermark_ms);
    if (front(c)->n == 0 && book_is_empty(&c->book)) {
        forget(cell);
        return;
    }
    cell->due_ms = book_next_due(&c->book);
}

/* Sets the book's offset. Bytes come from a store: what this version did not write is let go. */
static bool is_valid(struct count *c)
{
    const struct front *f = front(c);
    uint32_t n = c->book.cell->main.n;

    if (n < sizeof *f || f->version != COUNT_VERSION || f->flags > COUNT_HAS_IDS ||
        f->n > f->room || f->room > (n - sizeof *f) / slot_bytes(f))
        return false;
    c->book.offset = front_bytes(f);
    return book_is_valid(&c->book);
}

static struct count at_hand(const struct operator_spec *spec, struct cell *cell)
{
    struct count c = {.spec = spec,
                      .book = {.cell = cell, .fold = &spec->fold},
                      .threshold = (uint32_t)spec->fold.threshold,
                      .window_ms = spec->window_ms};

    DASSERT(spec->fold.threshold > 0 && spec->fold.threshold <= CORRELATION_COUNT_MAX + 1);
    if (cell->main.n && !is_valid(&c))
        forget(cell);
    return c;
}

static void early_step(const struct operator_spec *spec, const struct state_op *op,
                       struct cell *cell, const struct step_clock *clock, struct emissions *out)
{
    struct count c = at_hand(spec, cell);

    c.book.clock = clock;
    c.book.out = out;
    if (op && ((const struct hit *)op->payload)->restored)
        restore(&c, op);
    else if (op)
        add(&c, op);
    else if (cell->main.n)
        due(&c);
}

static void count_step(void *context, const struct state_op *op, struct cell *cell,
                       const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;
    const struct hit *hit = op ? op->payload : NULL;
    struct settle s = {.tail = {.spec = spec, .cell = cell, .clock = clock, .out = out},
                       .measure = MEASURE_COUNT,
                       .hits_max = SETTLE_COUNT_MAX};

    if (spec->is_final)
        settle_step(&s, op, hit ? (int64_t)hit->event_id : 0);
    else
        early_step(spec, op, cell, clock, out);
}

/* ---- a cell with one hit ------------------------------------------------------------------- */

/* The value: phase of the buckets and level of the hit. */
enum { SHRINK_LEVEL_BITS = 3, SHRINK_PHASE_BITS = 32 - SHRINK_LEVEL_BITS };

static bool count_shrink(void *context, const struct cell *cell, int64_t *t_ms, uint32_t *value)
{
    const struct operator_spec *spec = context;
    struct cell copy = *cell;
    struct count c = at_hand(spec, &copy);
    struct book_sole sole;

    if (spec->is_final || cell->main.n == 0 || front(&c)->n != 1 || front(&c)->flags ||
        spec->fold.period_ms > INT64_C(1) << SHRINK_PHASE_BITS || !book_is_sole(&c.book, &sole) ||
        sole.t_ms != times(&c)[0] || sole.level >= 1 << SHRINK_LEVEL_BITS)
        return false;
    *t_ms = sole.t_ms;
    *value = (uint32_t)book_phase(&c.book) << SHRINK_LEVEL_BITS | sole.level;
    return true;
}

static void count_regrow(void *context, int64_t t_ms, uint32_t value, struct cell *cell)
{
    static const struct step_clock no_clock = {INT64_MIN};
    struct count c = at_hand(context, cell);
    int64_t phase_ms = value >> SHRINK_LEVEL_BITS;
    struct hit hit = {.count = 1, .level = value & ((1 << SHRINK_LEVEL_BITS) - 1)};
    struct state_op op = {.t_ms = t_ms, .payload = &hit};

    c.book.clock = &no_clock;
    if (begin(&c, NULL, &phase_ms) && c.threshold > 1)
        add(&c, &op);
}

/* ---- a look -------------------------------------------------------------------------------- */

static bool count_look(const struct operator_spec *spec, const struct cell *cell, int64_t at_ms,
                       struct operator_look *out)
{
    struct cell copy = *cell;
    struct count c = {.spec = spec, .book = {.cell = &copy, .fold = &spec->fold}};
    int64_t from_ms = span_add(at_ms, -spec->window_ms);

    if (spec->is_final || cell->main.n == 0 || !is_valid(&c))
        return false;
    *out = (struct operator_look){.first_ms = INT64_MAX, .last_ms = INT64_MIN, .is_exact = true};
    for (uint32_t i = 0; i < front(&c)->n; i++) {
        int64_t t_ms = times(&c)[i];
        out->last_ms = t_ms;
        if (t_ms < from_ms || t_ms > at_ms)
            continue;
        out->n++;
        out->first_ms = t_ms < out->first_ms ? t_ms : out->first_ms;
    }
    return true;
}

const struct operator_kind_info operator_count = {
    .kind = OPERATOR_COUNT,
    .name = "event_count",
    .n_stages = 1,
    .steps = {count_step},
    .shrink = count_shrink,
    .regrow = count_regrow,
    .look = count_look,
};
