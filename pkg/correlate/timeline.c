/* timeline.c - one array in two parts: first what is judged (each value once), then, in order of
 * (time, value), the hits that still wait for the watermark.
 *
 * Sliding: the judged part has each value's latest time, in order; a hit takes its value's entry
 * out and goes to the end, entries older than e - W leave at the front: so the judged part is
 * what the window [e - W, e] holds. Tumbling: the judged part has the first of each value in the
 * window that is open.
 */
#include "correlate/timeline.h"

#include <string.h>

#include "correlate/span.h"

enum { VERSION = 1 };

struct head {
    uint8_t version;
    uint8_t is_open;    /* tumbling: a window is open, it began at from_ms */
    uint8_t is_inexact; /* a hit found no room */
    uint8_t spare;
    uint32_t n_judged, n, cap;
    int64_t from_ms;
} __attribute__((packed, may_alias));

static struct head *head_of(const struct timeline *t)
{
    return (struct head *)t->tail.cell->main.p;
}

static struct timeline_item *items_of(const struct timeline *t)
{
    return (struct timeline_item *)(t->tail.cell->main.p + sizeof(struct head));
}

static uint32_t bytes_for(uint32_t cap)
{
    return (uint32_t)(sizeof(struct head) + cap * sizeof(struct timeline_item));
}

static bool attach(struct timeline *t)
{
    const struct cell *c = t->tail.cell;

    if (c->main.n < sizeof(struct head))
        return false;
    const struct head *h = head_of(t);
    if (h->version != VERSION || h->n_judged > h->n || h->n > h->cap ||
        h->cap > CELL_BYTES_MAX / sizeof(struct timeline_item) || c->main.n < bytes_for(h->cap))
        return false;
    t->tail.offset = bytes_for(h->cap);
    return tail_is_valid(&t->tail);
}

static bool create(struct timeline *t, const struct state_op *op)
{
    t->tail.offset = bytes_for(0);
    if (!cell_resize(t->tail.cell, t->tail.offset))
        return false;
    *head_of(t) = (struct head){.version = VERSION};
    return tail_init(&t->tail, op);
}

/* ---- waiting hits ------------------------------------------------------------------------ */

/* The tail follows the items. */
static bool set_cap(struct timeline *t, uint32_t cap)
{
    struct cell *c = t->tail.cell;
    uint32_t was = t->tail.offset, now = bytes_for(cap), tail = c->main.n - was;

    if (now > was && !cell_resize(c, now + tail))
        return false;
    memmove(c->main.p + now, c->main.p + was, tail);
    head_of(t)->cap = cap;
    t->tail.offset = now;
    return now >= was || cell_resize(c, now + tail);
}

static bool is_before(const struct timeline_item *a, const struct timeline_item *b)
{
    return a->t_ms != b->t_ms ? a->t_ms < b->t_ms : a->value < b->value;
}

static void add(struct timeline *t, struct timeline_item item)
{
    struct head *h = head_of(t);

    if (h->n == h->cap && !set_cap(t, h->cap + 1 + h->cap / 4)) {
        head_of(t)->is_inexact = true;
        return;
    }
    h = head_of(t);
    struct timeline_item *items = items_of(t);
    uint32_t low = h->n_judged, high = h->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (is_before(&items[middle], &item))
            low = middle + 1;
        else
            high = middle;
    }
    if (low < h->n && !is_before(&item, &items[low]))
        return; /* the same value at the same time */
    memmove(items + low + 1, items + low, (h->n - low) * sizeof *items);
    items[low] = item;
    h->n++;
}

/* ---- judging ----------------------------------------------------------------------------- */

static uint32_t find(const struct timeline_item *items, uint32_t from, uint32_t to, uint64_t value)
{
    while (from < to && items[from].value != value)
        from++;
    return from;
}

static void tell_if_met(const struct timeline *t, const struct timeline_item *items, uint32_t n,
                        int64_t t_ms)
{
    int64_t measured = 0;

    if (t->is_met(t->tail.spec, items, n, &measured))
        tail_emit(&t->tail, t_ms, measured, head_of(t)->is_inexact);
}

/* Leave items [from, to) as the judged part, [next, n) as the waiting one. */
static void close_gap(const struct timeline *t, uint32_t from, uint32_t to, uint32_t next)
{
    struct head *h = head_of(t);
    struct timeline_item *items = items_of(t);

    memmove(items, items + from, (to - from) * sizeof *items);
    memmove(items + (to - from), items + next, (h->n - next) * sizeof *items);
    h->n = to - from + (h->n - next);
    h->n_judged = to - from;
}

static void judge_sliding(const struct timeline *t, int64_t watermark_ms)
{
    const struct head *h = head_of(t);
    struct timeline_item *items = items_of(t);
    uint32_t from = 0, to = h->n_judged, next = h->n_judged;

    while (next < h->n && items[next].t_ms < watermark_ms) {
        int64_t at = items[next].t_ms;
        for (; next < h->n && items[next].t_ms == at; next++) {
            struct timeline_item item = items[next];
            uint32_t same = find(items, from, to, item.value);
            if (same < to) {
                memmove(items + same, items + same + 1, (to - same - 1) * sizeof *items);
                to--;
            }
            items[to++] = item;
        }
        /* from < to always, unless a store gave back what we did not write. */
        while (from < to && items[from].t_ms < span_add(at, -t->tail.spec->window_ms))
            from++;
        tell_if_met(t, items + from, to - from, at);
    }
    close_gap(t, from, to, next);
}

static void judge_tumbling(const struct timeline *t, int64_t watermark_ms)
{
    struct head *h = head_of(t);
    struct timeline_item *items = items_of(t);
    int64_t window_ms = t->tail.spec->window_ms;
    uint32_t from = 0, to = h->n_judged, next = h->n_judged;

    for (; next < h->n && items[next].t_ms < watermark_ms; next++) {
        struct timeline_item item = items[next];
        if (h->is_open && item.t_ms > span_add(h->from_ms, window_ms)) {
            tell_if_met(t, items + from, to - from, span_add(h->from_ms, window_ms));
            h->is_open = false;
        }
        if (!h->is_open) {
            h->is_open = true;
            h->from_ms = item.t_ms;
            from = to;
        }
        if (find(items, from, to, item.value) == to)
            items[to++] = item;
    }
    if (h->is_open && span_add(h->from_ms, window_ms) < watermark_ms) {
        tell_if_met(t, items + from, to - from, span_add(h->from_ms, window_ms));
        h->is_open = false;
        from = to;
    }
    close_gap(t, from, to, next);
}

/* The next time at which there is something to judge. */
static int64_t next_due(const struct timeline *t)
{
    const struct head *h = head_of(t);
    int64_t window_ms = t->tail.spec->window_ms;

    if (t->is_tumbling && h->is_open)
        return span_add(span_add(h->from_ms, window_ms), 1);
    if (h->n_judged == h->n)
        return CELL_NEVER;
    int64_t first = items_of(t)[h->n_judged].t_ms;
    return span_add(t->is_tumbling ? span_add(first, window_ms) : first, 1);
}

static void settle(struct timeline *t)
{
    struct head *h = head_of(t);
    struct cell *c = t->tail.cell;
    int64_t window_ms = t->tail.spec->window_ms, watermark_ms = t->tail.clock->watermark_ms;

    /* What is judged and cannot be in a window any more; a timeline of nothing is no cell. */
    int64_t newest = h->n ? items_of(t)[h->n - 1].t_ms : INT64_MIN;
    bool is_over = h->n == h->n_judged && !h->is_open;
    if (is_over && (t->is_tumbling || span_add(newest, window_ms) < watermark_ms)) {
        tail_drop(c);
        return;
    }
    if (h->n < h->cap / 4) {
        bool is_smaller = set_cap(t, h->n);
        ASSERT(is_smaller);
    }
    c->due_ms = next_due(t);
    c->idle_ms =
        h->is_open || t->is_tumbling ? CELL_NEVER : span_add(span_add(newest, window_ms), 1);
}

void timeline_step(struct timeline *t, const struct state_op *op, uint64_t value)
{
    struct cell *c = t->tail.cell;
    int64_t watermark_ms = t->tail.clock->watermark_ms;
    bool is_late = op && op->t_ms < watermark_ms;

    if (c->main.n && !attach(t))
        tail_drop(c); /* not ours, or damaged: begin anew */
    if (c->main.n == 0 && (!op || is_late || !create(t, op))) {
        tail_drop(c);
        return;
    }
    if (op && !is_late) {
        tail_note(&t->tail, op);
        if (head_of(t)->n == head_of(t)->cap)
            (t->is_tumbling ? judge_tumbling : judge_sliding)(t, watermark_ms);
        add(t, (struct timeline_item){op->t_ms, value});
    } else if (!op) {
        (t->is_tumbling ? judge_tumbling : judge_sliding)(t, watermark_ms);
    }
    settle(t);
}
