/* ordered.c - temporal_ordered: one hit of each rule in the order of the list, t1 <= t2 <= ... <=
 * tn, tn - t1 <= W. Equal times pass, also those of one event.
 *
 * Each stage (rule) has a row of times, sorted, each once. A new time t of stage k completes the
 * ends [reach, start + W] of the last stage, where start is the latest first stage that leads to t
 * (backwards: the latest time not behind the one before) and reach is the earliest end that t
 * leads to (forwards: the earliest not before). For k the last stage the end is t itself. Greedy
 * is exact: a later start and an earlier reach never exclude a chain.
 *
 * Below the watermark nothing is added, so little is needed: forwards nothing, since going
 * forwards begins at a new time; backwards from the watermark the latest time of each stage, and
 * from each kept time of a stage the latest of the stage before. The last stage keeps nothing: a
 * chain through a new time ends at or behind it. So behind the watermark stage k of n keeps
 * at most n - k times, and what is older than watermark - W goes as well. Ends in claimed
 * buckets go too. Only what is inside the lateness is bounded by force (ORDERED_STAGE_MAX).
 *
 * Final: an end e below the watermark is complete if its latest start is >= e - W.
 *
 * Layout: head, number of times of each stage (u32), times of all stages (i64), tail.
 */
#include "correlate/operator.h"

#include <string.h>

#include "correlate/book.h"
#include "correlate/hit.h"
#include "correlate/span.h"
#include "correlate/tail.h"

enum { VERSION = 1, ORDERED_STAGE_MAX = 1024, PRUNE_EVERY = 8 };

typedef uint32_t packed_u32 __attribute__((aligned(1), may_alias));
typedef int64_t packed_i64 __attribute__((aligned(1), may_alias));

struct head {
    uint8_t version, n_stages;
    uint8_t is_inexact; /* a row was full */
    uint8_t spare;
    uint32_t n;        /* times of all stages */
    uint32_t prune_at; /* look for needless times when there are so many */
} __attribute__((packed, may_alias));

struct rows {
    struct tail tail;
    struct head *head;
    packed_u32 *count;
    packed_i64 *time;
    const struct hit *hit;
};

static uint32_t bytes_for(uint32_t n_stages, uint32_t n)
{
    return (uint32_t)sizeof(struct head) + n_stages * 4 + n * 8;
}

/* The cell may have moved. */
static void find_parts(struct rows *r)
{
    r->head = (struct head *)r->tail.cell->main.p;
    r->count = (packed_u32 *)(r->head + 1);
    r->time = (packed_i64 *)(r->count + r->head->n_stages);
    r->tail.offset = bytes_for(r->head->n_stages, r->head->n);
}

static packed_i64 *row_of(const struct rows *r, uint32_t stage)
{
    packed_i64 *row = r->time;

    for (uint32_t i = 0; i < stage; i++)
        row += r->count[i];
    return row;
}

/* How many times of the row are below t: the place of the first that is not. */
static uint32_t place(const packed_i64 *row, uint32_t n, int64_t t_ms)
{
    uint32_t low = 0, high = n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (row[middle] < t_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- chains ------------------------------------------------------------------------------ */

/* The latest start of a chain whose time of the stage is t. */
static bool latest_start(const struct rows *r, uint32_t stage, int64_t t_ms, int64_t *start)
{
    while (stage-- > 0) {
        const packed_i64 *row = row_of(r, stage);
        uint32_t n = place(row, r->count[stage], span_add(t_ms, 1));
        if (n == 0)
            return false;
        t_ms = row[n - 1];
    }
    *start = t_ms;
    return true;
}

/* The earliest end of a chain whose time of the stage is t. */
static bool earliest_end(const struct rows *r, uint32_t stage, int64_t t_ms, int64_t *end)
{
    while (++stage < r->head->n_stages) {
        const packed_i64 *row = row_of(r, stage);
        uint32_t i = place(row, r->count[stage], t_ms);
        if (i == r->count[stage])
            return false;
        t_ms = row[i];
    }
    *end = t_ms;
    return true;
}

static void claim(struct rows *r, int64_t t_ms)
{
    struct book b = tail_book(&r->tail);

    if (!book_is_claimed(&b, t_ms))
        book_claim(&b, t_ms, r->hit, (int64_t)r->head->n_stages * CORRELATION_MICRO);
}

/* Claim the ends that became complete with time t of the stage. */
static void complete(struct rows *r, uint32_t stage, int64_t t_ms)
{
    uint32_t last = r->head->n_stages - 1u;
    int64_t start, end;

    if (!latest_start(r, stage, t_ms, &start) || !earliest_end(r, stage, t_ms, &end))
        return;
    int64_t limit = span_add(start, r->tail.spec->window_ms);
    if (end > limit)
        return;
    if (stage == last) {
        claim(r, t_ms);
        return;
    }
    for (uint32_t i = place(row_of(r, last), r->count[last], end); i < r->count[last]; i++) {
        int64_t at = row_of(r, last)[i];
        if (at > limit)
            return;
        claim(r, at);
        find_parts(r); /* the book may have grown, and the cell moved */
    }
}

/* ---- rows -------------------------------------------------------------------------------- */

/* Keep of a row what is at or above the watermark and what may still lead there; wanted: the kept
 * times of the next stage that are below it. Gives how many stay in the front of the row. */
static uint32_t prune_row(packed_i64 *row, uint32_t n, int64_t watermark_ms, int64_t oldest_ms,
                          const packed_i64 *wanted, uint32_t n_wanted)
{
    uint32_t kept = 0, w = 0;

    for (uint32_t i = 0; i < n; i++) {
        int64_t t_ms = row[i];
        if (t_ms < watermark_ms) {
            int64_t next = i + 1 < n && row[i + 1] < watermark_ms ? row[i + 1] : INT64_MAX;
            while (w < n_wanted && wanted[w] < t_ms)
                w++;
            bool is_used = next == INT64_MAX || (w < n_wanted && wanted[w] < next);
            if (t_ms < oldest_ms || !is_used)
                continue;
        }
        row[kept++] = t_ms;
    }
    return kept;
}

static bool is_useful_end(const struct rows *r, int64_t t_ms)
{
    if (t_ms < r->tail.clock->watermark_ms)
        return false;
    if (r->tail.spec->is_final)
        return true;
    struct book b = tail_book(&r->tail);
    return !book_is_claimed(&b, t_ms);
}

static uint32_t prune_ends(const struct rows *r)
{
    uint32_t last = r->head->n_stages - 1u, kept = 0;
    packed_i64 *row = row_of(r, last);

    for (uint32_t i = 0; i < r->count[last]; i++)
        if (is_useful_end(r, row[i]))
            row[kept++] = row[i];
    return kept;
}

/* Drop what no chain can need, without changing any answer. */
static void prune(struct rows *r)
{
    uint32_t kept[CORRELATION_INPUTS_MAX] = {0};
    uint32_t stages = r->head->n_stages, n = 0;
    int64_t watermark_ms = r->tail.clock->watermark_ms;
    int64_t oldest_ms = span_add(watermark_ms, -r->tail.spec->window_ms);

    kept[stages - 1] = prune_ends(r);
    for (uint32_t k = stages - 1; k-- > 0;) {
        const packed_i64 *wanted = row_of(r, k + 1);
        uint32_t n_wanted = k + 1 < stages - 1 ? place(wanted, kept[k + 1], watermark_ms) : 0;
        kept[k] = prune_row(row_of(r, k), r->count[k], watermark_ms, oldest_ms, wanted, n_wanted);
    }
    packed_i64 *from = r->time;
    for (uint32_t k = 0; k < stages; k++) {
        memmove(r->time + n, from, kept[k] * sizeof *from);
        from += r->count[k];
        r->count[k] = kept[k];
        n += kept[k];
    }
    uint32_t was = r->tail.offset, now = bytes_for(stages, n);
    uint32_t tail = r->tail.cell->main.n - was;
    memmove(r->tail.cell->main.p + now, r->tail.cell->main.p + was, tail);
    r->head->n = n;
    r->head->is_inexact &= n > 0; /* nothing of it is left */
    r->head->prune_at = n * 2 > PRUNE_EVERY ? n * 2 : PRUNE_EVERY;
    bool is_smaller = cell_resize(r->tail.cell, now + tail);
    ASSERT(is_smaller);
    find_parts(r);
}

/* A full row loses the time that is closest behind another: what is left covers the same span. */
static void drop_closest(struct rows *r, uint32_t stage)
{
    packed_i64 *row = row_of(r, stage);
    uint32_t n = r->count[stage], closest = 1;

    for (uint32_t i = 2; i < n; i++)
        if (row[i] - row[i - 1] < row[closest] - row[closest - 1])
            closest = i;
    packed_i64 *at = row + closest;
    uint8_t *end = r->tail.cell->main.p + r->tail.cell->main.n;
    memmove(at, at + 1, (size_t)(end - (uint8_t *)(at + 1)));
    r->count[stage]--;
    r->head->n--;
    r->head->is_inexact = true;
    bool is_smaller = cell_resize(r->tail.cell, r->tail.cell->main.n - 8);
    ASSERT(is_smaller);
    find_parts(r);
}

/* False: it is there already, or there is no memory. */
static bool insert(struct rows *r, uint32_t stage, int64_t t_ms)
{
    struct cell *cell = r->tail.cell;
    uint32_t i = place(row_of(r, stage), r->count[stage], t_ms);

    if (i < r->count[stage] && row_of(r, stage)[i] == t_ms)
        return false;
    if (r->count[stage] == ORDERED_STAGE_MAX) {
        drop_closest(r, stage);
        i = place(row_of(r, stage), r->count[stage], t_ms);
    }
    uint32_t n = cell->main.n;
    if (!cell_resize(cell, n + 8)) {
        r->head->is_inexact = true;
        return false;
    }
    find_parts(r);
    packed_i64 *at = row_of(r, stage) + i;
    uint32_t before = (uint32_t)((uint8_t *)at - cell->main.p);
    memmove(at + 1, at, n - before);
    *at = t_ms;
    r->count[stage]++;
    r->head->n++;
    find_parts(r);
    return true;
}

/* ---- steps ------------------------------------------------------------------------------- */

/* Tell the ends below the watermark that are complete; they are then needless. */
static void judge(struct rows *r)
{
    uint32_t last = r->head->n_stages - 1u;
    const packed_i64 *row = row_of(r, last);

    for (uint32_t i = 0; i < r->count[last] && row[i] < r->tail.clock->watermark_ms; i++) {
        int64_t start;
        if (latest_start(r, last, row[i], &start) &&
            start >= span_add(row[i], -r->tail.spec->window_ms))
            tail_emit(&r->tail, row[i], r->head->n_stages, r->head->is_inexact);
    }
}

static void tidy(struct rows *r)
{
    if (r->tail.spec->is_final)
        judge(r);
    prune(r);
}

static void add_hit(struct rows *r, const struct state_op *op)
{
    int64_t t_ms = span_bounded(op->t_ms);

    if (r->head->n >= r->head->prune_at)
        tidy(r);
    bool is_new = insert(r, r->hit->label, t_ms);
    if (r->tail.spec->is_final) {
        tail_note(&r->tail, op);
        return;
    }
    struct hit hit = *r->hit;
    struct book b = tail_book(&r->tail);
    hit.is_inexact |= r->head->is_inexact;
    book_hit(&b, t_ms, &hit);
    find_parts(r);
    if (is_new)
        complete(r, r->hit->label, t_ms);
    find_parts(r);
}

static bool is_valid(struct rows *r, uint32_t n_stages)
{
    const struct cell_part *main = &r->tail.cell->main;
    const struct head *h = (const struct head *)main->p;

    if (main->n < sizeof *h || h->version != VERSION || h->n_stages != n_stages ||
        h->n > CELL_BYTES_MAX / 8 || main->n < bytes_for(n_stages, h->n))
        return false;
    const packed_u32 *count = (const packed_u32 *)(h + 1);
    uint64_t n = 0;
    for (uint32_t i = 0; i < n_stages; i++)
        n += count[i];
    r->tail.offset = bytes_for(n_stages, h->n);
    return n == h->n && tail_is_valid(&r->tail);
}

static bool lay_out(struct rows *r)
{
    uint32_t n_stages = (uint32_t)r->tail.spec->correlation->n_inputs;
    struct head head = {.version = VERSION, .n_stages = (uint8_t)n_stages, .prune_at = PRUNE_EVERY};

    if (!cell_resize(r->tail.cell, bytes_for(n_stages, 0)))
        return false;
    memcpy(r->tail.cell->main.p, &head, sizeof head);
    find_parts(r);
    return true;
}

static bool open_cell(struct rows *r, const struct state_op *op)
{
    struct cell *cell = r->tail.cell;
    uint32_t n_stages = (uint32_t)r->tail.spec->correlation->n_inputs;

    if (cell->main.n && is_valid(r, n_stages)) {
        find_parts(r);
        return true;
    }
    tail_drop(cell);
    if (!op || op->t_ms < r->tail.clock->watermark_ms || r->hit->label >= n_stages || !lay_out(r))
        return false;
    if (tail_init(&r->tail, op)) {
        find_parts(r);
        return true;
    }
    tail_drop(cell);
    return false;
}

static void settle_final(struct rows *r, const struct state_op *op)
{
    struct cell *cell = r->tail.cell;
    uint32_t last = r->head->n_stages - 1u;

    cell->due_ms = r->count[last] ? span_add(row_of(r, last)[0], 1) : CELL_NEVER;
    if (!op)
        return;
    int64_t idle = span_add(span_add(op->t_ms, r->tail.spec->window_ms), 1);
    if (cell->idle_ms == CELL_NEVER || idle > cell->idle_ms)
        cell->idle_ms = idle;
}

static uint8_t weight_of(const struct rows *r)
{
    uint32_t seen = 0;

    for (uint32_t i = 0; i < r->head->n_stages; i++)
        seen += r->count[i] > 0;
    return tail_weight(seen, r->head->n_stages);
}

static void ordered_step(void *context, const struct state_op *op, struct cell *cell,
                         const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;
    struct rows r = {.tail = {.spec = spec, .cell = cell, .clock = clock, .out = out},
                     .hit = op ? op->payload : NULL};

    if (!open_cell(&r, op))
        return;
    if (!op) {
        tidy(&r);
        if (!spec->is_final) {
            struct book b = tail_book(&r.tail);
            book_due(&b, clock->watermark_ms);
            find_parts(&r);
            if (r.head->n == 0 && book_is_empty(&b)) {
                tail_drop(cell);
                return;
            }
        } else if (r.head->n == 0) {
            tail_drop(cell);
            return;
        }
    } else if (r.hit->restored) {
        struct book b = tail_book(&r.tail);
        book_restore(&b, r.hit);
        find_parts(&r);
    } else if (op->t_ms >= clock->watermark_ms && r.hit->label < r.head->n_stages) {
        add_hit(&r, op);
    }
    cell->weight = weight_of(&r);
    if (spec->is_final)
        settle_final(&r, op);
    else
        tail_settle_book(&r.tail, op);
}

static bool ordered_shrink(void *context, const struct cell *cell, int64_t *t_ms, uint32_t *value)
{
    const struct operator_spec *spec = context;
    struct cell copy = *cell;
    struct rows r = {.tail = {.spec = spec, .cell = &copy}};
    uint32_t stage = 0;

    if (spec->is_final || !is_valid(&r, (uint32_t)spec->correlation->n_inputs))
        return false;
    find_parts(&r);
    if (r.head->n != 1 || r.head->is_inexact)
        return false;
    while (r.count[stage] == 0)
        stage++;
    *t_ms = r.time[0];
    return tail_shrink(&r.tail, stage, *t_ms, value);
}

static void ordered_regrow(void *context, int64_t t_ms, uint32_t value, struct cell *cell)
{
    static const struct step_clock no_clock = {INT64_MIN};
    const struct operator_spec *spec = context;
    struct hit hit = tail_shrunk_hit(value);
    struct rows r = {.tail = {.spec = spec, .cell = cell, .clock = &no_clock}, .hit = &hit};

    if (hit.label >= spec->correlation->n_inputs || !lay_out(&r))
        return;
    if (!tail_init_shrunk(&r.tail, value)) {
        tail_drop(cell);
        return;
    }
    (void)insert(&r, hit.label, t_ms);
    struct book b = tail_book(&r.tail);
    book_hit(&b, t_ms, &hit);
}

const struct operator_kind_info operator_ordered = {
    .kind = OPERATOR_ORDERED,
    .name = "temporal_ordered",
    .n_stages = 1,
    .steps = {ordered_step},
    .shrink = ordered_shrink,
    .regrow = ordered_regrow,
};
