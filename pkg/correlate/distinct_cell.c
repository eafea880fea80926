/* distinct_cell.c - a window, and a book behind it. */
#include "correlate/distinct_cell.h"

#include "correlate/book.h"
#include "correlate/hit.h"
#include "correlate/span.h"

bool distinct_cell_is_settled(const struct distinct_cell *c, int64_t t_ms)
{
    struct book b = tail_book(&c->tail);

    return t_ms < c->tail.clock->watermark_ms || book_is_claimed(&b, t_ms);
}

void distinct_cell_claim(struct distinct_cell *c, int64_t t_ms, uint32_t n)
{
    struct book b = tail_book(&c->tail);

    book_claim(&b, t_ms, c->hit, (int64_t)n * CORRELATION_MICRO);
}

/* The cell's window, made if this is the first hit. */
static bool open_cell(struct distinct_cell *c, const struct state_op *op)
{
    struct cell *cell = c->tail.cell;

    if (cell->main.n && distinct_window_is_valid(&c->window)) {
        c->tail.offset = distinct_window_bytes(&c->window);
        if (tail_is_valid(&c->tail))
            return true;
    }
    tail_drop(cell);
    if (!op || op->t_ms < c->tail.clock->watermark_ms || !distinct_window_init(&c->window))
        return false;
    c->tail.offset = distinct_window_bytes(&c->window);
    if (tail_init(&c->tail, op))
        return true;
    tail_drop(cell);
    return false;
}

static void add_hit(struct distinct_cell *c, const struct state_op *op)
{
    struct distinct_change change =
        distinct_window_add(&c->window, op->t_ms, c->value, c->tail.clock->watermark_ms);

    c->tail.offset = distinct_window_bytes(&c->window);
    struct book b = tail_book(&c->tail);
    struct hit hit = *c->hit;
    hit.is_inexact |= !distinct_window_is_exact(&c->window);
    book_hit(&b, op->t_ms, &hit);
    if (!change.is_none)
        c->judge(c, &change);
}

/* False: nothing is left, the cell is gone. */
static bool expire(struct distinct_cell *c)
{
    distinct_window_expire(&c->window, c->tail.clock->watermark_ms);
    c->tail.offset = distinct_window_bytes(&c->window);
    struct book b = tail_book(&c->tail);
    book_due(&b, c->tail.clock->watermark_ms);
    if (distinct_window_n(&c->window) || !book_is_empty(&b))
        return true;
    tail_drop(c->tail.cell);
    return false;
}

static void set_window(struct distinct_cell *c)
{
    c->window.cell = c->tail.cell;
    c->window.window_ms = c->tail.spec->window_ms;
}

static void set_buckets(struct distinct_cell *c)
{
    struct book b = tail_book(&c->tail);

    c->window.bucket_ms = c->tail.spec->fold.period_ms;
    c->window.bucket_zero = book_some_start(&b);
}

void distinct_cell_step(struct distinct_cell *c, const struct state_op *op)
{
    set_window(c);
    if (!open_cell(c, op))
        return;
    set_buckets(c);
    if (!op && !expire(c))
        return;
    if (op && c->hit->restored) {
        struct book b = tail_book(&c->tail);
        book_restore(&b, c->hit);
    } else if (op && op->t_ms >= c->tail.clock->watermark_ms)
        add_hit(c, op);
    c->tail.cell->weight = tail_weight(distinct_window_n(&c->window), c->needed);
    tail_settle_book(&c->tail, op);
}

bool distinct_cell_look(struct distinct_cell *c, int64_t at_ms, struct operator_look *out)
{
    int64_t from_ms = span_add(at_ms, -c->tail.spec->window_ms);

    set_window(c);
    if (c->tail.spec->is_final || !distinct_window_is_valid(&c->window) ||
        distinct_window_n(&c->window) == 0)
        return false;
    c->tail.offset = distinct_window_bytes(&c->window);
    if (!tail_is_valid(&c->tail))
        return false;
    set_buckets(c);
    *out = (struct operator_look){.n = distinct_window_count(&c->window, at_ms),
                                  .first_ms = INT64_MAX,
                                  .last_ms = distinct_window_newest(&c->window),
                                  .is_exact = distinct_window_is_exact(&c->window)};
    for (uint32_t i = 0; i < distinct_window_n(&c->window); i++) {
        int64_t t_ms = distinct_window_candidate(&c->window, i);
        if (t_ms >= from_ms && t_ms <= at_ms && t_ms < out->first_ms)
            out->first_ms = t_ms;
    }
    return true;
}

bool distinct_cell_shrink(struct distinct_cell *c, int64_t *t_ms, uint32_t *value)
{
    set_window(c);
    if (!distinct_window_is_valid(&c->window) || distinct_window_n(&c->window) != 1 ||
        !distinct_window_is_exact(&c->window) || c->window.window_ms > DISTINCT_FINE_MS)
        return false;
    c->tail.offset = distinct_window_bytes(&c->window);
    *t_ms = distinct_window_candidate(&c->window, 0);
    uint64_t label = distinct_window_mask(&c->window, *t_ms);
    return tail_shrink(&c->tail, (uint32_t)__builtin_ctzll(label), *t_ms, value);
}

void distinct_cell_regrow(struct distinct_cell *c, int64_t t_ms, uint32_t value)
{
    struct hit hit = tail_shrunk_hit(value);

    set_window(c);
    if (!distinct_window_init(&c->window))
        return;
    c->tail.offset = distinct_window_bytes(&c->window);
    if (!tail_init_shrunk(&c->tail, value)) {
        tail_drop(c->tail.cell);
        return;
    }
    set_buckets(c);
    distinct_window_add(&c->window, t_ms, hit.label, c->tail.clock->watermark_ms);
    c->tail.offset = distinct_window_bytes(&c->window);
    struct book b = tail_book(&c->tail);
    book_hit(&b, t_ms, &hit);
}
