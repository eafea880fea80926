/* settle.c - counts and numbers that are judged at the watermark.
 *
 *     u8 version, u8 flags, u32 n, u32 room, i64 judged, items[room] in time order, tail
 *
 * Everything older than the watermark is complete. A step of the timer walks the hits that have
 * become so: the window's values go in at its front and out at its back, a running sum and (for
 * min, max and percentile) the values in order are kept along.
 */
#include "correlate/settle.h"

#include <stdlib.h>
#include <string.h>

#include "correlate/hit.h"
#include "correlate/record.h"
#include "correlate/span.h"
#include "correlate/threshold.h"

enum { SETTLE_VERSION = 1, SETTLE_WEIGHT = 96 };
enum { SETTLE_INEXACT = 1 };

__extension__ typedef __int128 wide;

struct front {
    uint8_t version, flags;
    uint32_t n, room;
    int64_t judged_ms; /* hits older than this have been judged */
} __attribute__((packed, may_alias));

struct item {
    int64_t t_ms, micro;
} __attribute__((packed, may_alias));

/* The values of a window. */
struct values {
    enum measure measure;
    uint32_t n;
    wide sum;
    int64_t sorted[AGGREGATE_HITS_MAX];
};

static struct front *front(const struct settle *s)
{
    return (struct front *)s->tail.cell->main.p;
}

static struct item *items(const struct settle *s)
{
    return (struct item *)(front(s) + 1);
}

static void set_offset(struct settle *s)
{
    s->tail.offset = (uint32_t)(sizeof(struct front) + front(s)->room * sizeof(struct item));
}

static void forget(struct cell *cell)
{
    bool is_gone = cell_resize(cell, 0);
    ASSERT(is_gone);
}

/* ---- values of a window -------------------------------------------------------------------- */

static bool wants_order(const struct values *v)
{
    return v->measure >= MEASURE_MIN;
}

/* How many of them are below x. */
static uint32_t rank(const struct values *v, int64_t x)
{
    uint32_t low = 0, high = v->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (v->sorted[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void put(struct values *v, int64_t x)
{
    v->sum += x;
    if (wants_order(v)) {
        uint32_t at = rank(v, x);
        memmove(v->sorted + at + 1, v->sorted + at, (v->n - at) * sizeof *v->sorted);
        v->sorted[at] = x;
    }
    v->n++;
}

static void take(struct values *v, int64_t x)
{
    v->sum -= x;
    v->n--;
    if (wants_order(v)) {
        uint32_t at = rank(v, x);
        memmove(v->sorted + at, v->sorted + at + 1, (v->n - at) * sizeof *v->sorted);
    }
}

static int by_value(const void *x, const void *y)
{
    const int64_t *a = x, *b = y;

    return (*a > *b) - (*a < *b);
}

static void fill(struct values *v, enum measure measure, const struct item *from, uint32_t n)
{
    v->measure = measure;
    v->n = n;
    v->sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        v->sum += from[i].micro;
        if (wants_order(v))
            v->sorted[i] = from[i].micro;
    }
    if (wants_order(v))
        qsort(v->sorted, n, sizeof *v->sorted, by_value);
}

/* Nearest rank, from 0. */
static uint32_t percentile_rank(int64_t percentile_micro, uint32_t n)
{
    const int64_t whole = INT64_C(100) * CORRELATION_MICRO;
    int64_t nth = (percentile_micro * n + whole - 1) / whole;

    nth = nth < 1 ? 1 : nth;
    return (uint32_t)(nth > n ? n : nth) - 1;
}

/* What is compared, as sum / parts: no rounding. */
static wide measured(const struct values *v, const struct correlation *c, uint32_t *parts)
{
    *parts = v->measure == MEASURE_AVG ? v->n : 1;
    switch (v->measure) {
    case MEASURE_COUNT:
        return (wide)v->n * CORRELATION_MICRO;
    case MEASURE_SUM:
    case MEASURE_AVG:
        return v->sum;
    case MEASURE_MIN:
        return v->sorted[0];
    case MEASURE_MAX:
        return v->sorted[v->n - 1];
    case MEASURE_PERCENTILE:
        break;
    }
    return v->sorted[percentile_rank(c->percentile_micro, v->n)];
}

static bool holds(const struct bound *b, wide x, uint32_t parts)
{
    wide bound = (wide)b->micro * parts;

    switch (b->op) {
    case BOUND_GT:
        return x > bound;
    case BOUND_GTE:
        return x >= bound;
    case BOUND_LT:
        return x < bound;
    case BOUND_LTE:
        return x <= bound;
    case BOUND_EQ:
        return x == bound;
    case BOUND_NEQ:
        break;
    }
    return x != bound;
}

/* The window that ends at t_ms has these values. */
static void judge(const struct settle *s, const struct values *v, int64_t t_ms)
{
    const struct correlation *c = s->tail.spec->correlation;
    uint32_t parts;
    wide x = measured(v, c, &parts);

    for (size_t i = 0; i < c->n_bounds; i++)
        if (!holds(&c->bounds[i], x, parts))
            return;
    x /= parts;
    x = x > INT64_MAX ? INT64_MAX : x < INT64_MIN ? INT64_MIN : x;
    struct signal signal = {.t_ms = t_ms, .has_measured = true, .measured_micro = (int64_t)x};
    signal.hit.is_inexact = front(s)->flags & SETTLE_INEXACT;
    tail_send(&s->tail, &signal);
}

/* ---- hits in time order -------------------------------------------------------------------- */

/* The first hit at or behind t_ms. */
static uint32_t first_at(const struct settle *s, int64_t t_ms)
{
    uint32_t low = 0, high = front(s)->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (items(s)[middle].t_ms < t_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void drop_first(const struct settle *s, uint32_t n)
{
    struct front *f = front(s);

    memmove(items(s), items(s) + n, (f->n - n) * sizeof(struct item));
    f->n -= n;
}

static int64_t window(const struct settle *s)
{
    return s->tail.spec->window_ms;
}

/* A cell of this version keeps its hits in order; what a store gave back may be anything. */
static bool is_in_order(const struct settle *s)
{
    for (uint32_t i = 1; i < front(s)->n; i++)
        if (items(s)[i - 1].t_ms > items(s)[i].t_ms)
            return false;
    return true;
}

/* Hits older than upto_ms are complete. */
static void slide(const struct settle *s, int64_t upto_ms)
{
    struct front *f = front(s);

    if (!is_in_order(s)) {
        f->n = 0;
        return;
    }
    uint32_t to = first_at(s, f->judged_ms), n = first_at(s, upto_ms);
    if (to < n) {
        uint32_t from = first_at(s, span_add(items(s)[to].t_ms, -window(s)));
        struct values v;
        fill(&v, s->measure, items(s) + from, to - from);
        while (to < n) {
            int64_t e = items(s)[to].t_ms;
            while (to < n && items(s)[to].t_ms == e)
                put(&v, items(s)[to++].micro);
            while (items(s)[from].t_ms < span_add(e, -window(s)))
                take(&v, items(s)[from++].micro);
            judge(s, &v, e);
        }
    }
    if (upto_ms > f->judged_ms)
        f->judged_ms = upto_ms;
    drop_first(s, first_at(s, span_add(f->judged_ms, -window(s))));
}

static void tumble(const struct settle *s, int64_t upto_ms)
{
    while (front(s)->n) {
        int64_t end = span_add(items(s)[0].t_ms, window(s));
        if (end >= upto_ms)
            return;
        uint32_t to = first_at(s, end + 1);
        struct values v;
        fill(&v, s->measure, items(s), to);
        judge(s, &v, end);
        drop_first(s, to);
    }
}

static bool is_tumbling(const struct settle *s)
{
    return !threshold_is_lower(s->tail.spec->correlation);
}

/* ---- operations ---------------------------------------------------------------------------- */

static bool begin(struct settle *s, const struct state_op *op)
{
    struct cell *cell = s->tail.cell;

    if (!cell_resize(cell, (uint32_t)sizeof(struct front)))
        return false;
    *front(s) = (struct front){.version = SETTLE_VERSION, .judged_ms = INT64_MIN};
    set_offset(s);
    if (tail_init(&s->tail, op))
        return true;
    forget(cell);
    return false;
}

static bool grow(struct settle *s)
{
    struct cell *cell = s->tail.cell;
    uint32_t room = front(s)->room, more = room / 4 > 2 ? room / 4 : 2, was = cell->main.n;
    uint32_t bytes = more * (uint32_t)sizeof(struct item);

    if (!cell_resize(cell, was + bytes))
        return false;
    uint8_t *tail = cell->main.p + s->tail.offset;
    memmove(tail + bytes, tail, was - s->tail.offset);
    front(s)->room += more;
    set_offset(s);
    return true;
}

/* Full. The oldest eighth gives way; tumbling windows must stay whole as far as they are. */
static bool give_way(struct settle *s)
{
    uint32_t n = front(s)->n / 8 + 1;

    front(s)->flags |= SETTLE_INEXACT;
    if (is_tumbling(s) || front(s)->n == 0)
        return false;
    n = n < front(s)->n ? n : front(s)->n;
    slide(s, items(s)[n - 1].t_ms + 1);
    uint32_t left = first_at(s, front(s)->judged_ms);
    drop_first(s, n < left ? n : left);
    return front(s)->n < front(s)->room;
}

/* Counts do not need the number: it is the event's id then, 0 if there is none. */
static bool is_repeat(const struct settle *s, int64_t t_ms, int64_t id)
{
    if (s->measure != MEASURE_COUNT || id == 0)
        return false;
    for (uint32_t i = first_at(s, t_ms); i < front(s)->n && items(s)[i].t_ms == t_ms; i++)
        if (items(s)[i].micro == id)
            return true;
    return false;
}

static void add(struct settle *s, const struct state_op *op, int64_t micro)
{
    struct front *f = front(s);

    if (is_repeat(s, op->t_ms, micro))
        return;
    if (f->n >= s->hits_max || (f->n == f->room && !grow(s)))
        if (!give_way(s))
            return;
    f = front(s);
    uint32_t at = f->n;
    while (at > 0 && items(s)[at - 1].t_ms > op->t_ms)
        at--;
    memmove(items(s) + at + 1, items(s) + at, (f->n - at) * sizeof(struct item));
    items(s)[at] = (struct item){op->t_ms, micro};
    f->n++;
}

static void set_times(struct settle *s)
{
    struct cell *cell = s->tail.cell;
    uint32_t n = front(s)->n, next = is_tumbling(s) ? 0 : first_at(s, front(s)->judged_ms);

    cell->due_ms = CELL_NEVER;
    if (next < n)
        cell->due_ms = span_add(items(s)[next].t_ms, is_tumbling(s) ? window(s) + 1 : 1);
    cell->idle_ms = span_add(items(s)[n - 1].t_ms, window(s) + 1);
    cell->weight = SETTLE_WEIGHT;
}

/* Bytes come from a store: what this version did not write is let go. */
static bool is_valid(struct settle *s)
{
    const struct front *f = front(s);
    uint32_t n = s->tail.cell->main.n;

    if (n < sizeof *f || f->version != SETTLE_VERSION || f->n == 0 || f->n > f->room ||
        f->n > s->hits_max || f->room > (n - sizeof *f) / sizeof(struct item))
        return false;
    set_offset(s);
    return tail_is_valid(&s->tail);
}

void settle_step(struct settle *s, const struct state_op *op, int64_t micro)
{
    struct cell *cell = s->tail.cell;
    int64_t watermark_ms = s->tail.clock->watermark_ms;
    const struct hit *hit = op ? op->payload : NULL;

    if (cell->main.n && !is_valid(s))
        forget(cell);
    if (op && (op->t_ms < watermark_ms || (cell->main.n == 0 && !begin(s, op))))
        return;
    if (cell->main.n == 0)
        return;
    set_offset(s);
    if (op) {
        uint32_t copies = hit->count ? hit->count : 1;
        tail_note(&s->tail, op);
        for (copies = copies < s->hits_max ? copies : s->hits_max; copies > 0; copies--)
            add(s, op, micro);
    } else if (is_tumbling(s)) {
        tumble(s, watermark_ms);
    } else {
        slide(s, watermark_ms);
    }
    if (front(s)->n == 0)
        forget(cell);
    else
        set_times(s);
}
