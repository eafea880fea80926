/* suppress.c - dedup: what every rule has whose matches are told.
 *
 *     u8 version, book
 *
 * Each match is a hit and a claim: the first of a bucket is the Create.
 *
 * With `anchor: first` the bucket begins with the first match, and which one is first is only known
 * at the watermark. So matches wait, and those behind the watermark go through the book in time
 * order. Matches of one time and level wait as one.
 *
 *     u8 version, u32 waiting, u32 bytes of keys, of addends, keys, addends, waiting: (t, count,
 *     level, which addends), book
 *
 * Of one key few matches differ in what lifts their score, so each text of addends is kept once, as
 * long as anything waits.
 */
#include "correlate/operator.h"

#include <string.h>

#include "base/buf.h"
#include "base/pack.h"
#include "base/str.h"
#include "correlate/book.h"
#include "correlate/cited.h"
#include "correlate/hit.h"
#include "correlate/span.h"

enum {
    SUPPRESS_VERSION = 1,
    SUPPRESS_ANCHORED_VERSION = 3,
    SUPPRESS_ADDENDS_MAX = 4096, /* bytes of them; what comes behind lifts nothing */
    SUPPRESS_WEIGHT = 224,       /* forgetting it would tell a finding twice */
    SUPPRESS_WAITING_MAX = 4096, /* the oldest is judged before its time; its finding says so */
};

static void rest(struct cell *cell, const struct book *b, int64_t due_ms, int64_t idle_ms)
{
    int64_t book_due_ms = book_next_due(b), book_idle_ms = book_idle(b);

    cell->due_ms = due_ms < book_due_ms ? due_ms : book_due_ms;
    cell->idle_ms = idle_ms > book_idle_ms ? idle_ms : book_idle_ms;
    cell->weight = SUPPRESS_WEIGHT;
}

static void forget(struct cell *cell)
{
    bool is_gone = cell_resize(cell, 0);
    ASSERT(is_gone);
}

static bool begin(struct book *b, const struct hit *hit)
{
    if (!cell_resize(b->cell, 1))
        return false;
    b->cell->main.p[0] = SUPPRESS_VERSION;
    if (book_init(b, hit->keys))
        return true;
    forget(b->cell);
    return false;
}

static void step_plain(const struct state_op *op, struct book *b)
{
    b->offset = 1;
    if (b->cell->main.n && (b->cell->main.p[0] != SUPPRESS_VERSION || !book_is_valid(b)))
        forget(b->cell); /* of another time, when the rule was anchored */
    if (op) {
        const struct hit *hit = op->payload;
        if (b->cell->main.n == 0 && !begin(b, hit))
            return;
        if (hit->restored) {
            book_restore(b, hit);
        } else {
            book_hit(b, op->t_ms, hit);
            book_claim(b, op->t_ms, hit, hit->number_micro);
        }
    } else if (b->cell->main.n) {
        book_due(b, b->clock->watermark_ms);
        if (book_is_empty(b))
            forget(b->cell);
    }
    if (b->cell->main.n)
        rest(b->cell, b, CELL_NEVER, INT64_MIN);
}

/* ---- anchored ------------------------------------------------------------------------------ */

struct front {
    uint8_t version;
    uint32_t n, n_keys, n_addends;
} __attribute__((packed, may_alias));

struct waiting {
    int64_t t_ms;
    uint32_t count;
    uint8_t level;
    uint16_t addends; /* where they begin, from 1; 0: none */
} __attribute__((packed, may_alias));

static struct front *front(const struct cell *cell)
{
    return (struct front *)cell->main.p;
}

static uint32_t waiting_at(const struct cell *cell)
{
    const struct front *f = front(cell);

    return (uint32_t)sizeof *f + f->n_keys + f->n_addends;
}

static struct waiting *waiting(const struct cell *cell)
{
    return (struct waiting *)(cell->main.p + waiting_at(cell));
}

/* Each with its length in front of it; `at` as waiting.addends. */
static struct str addends_at(const struct cell *cell, uint32_t at)
{
    const struct front *f = front(cell);
    const char *all = (const char *)(f + 1) + f->n_keys;

    if (at == 0 || at > f->n_addends)
        return (struct str){0};
    struct unpack u = unpack_from((struct str){all + at - 1, f->n_addends - (at - 1)});
    struct str out = unpack_str(&u);
    return unpack_ok(&u) ? out : (struct str){0};
}

static void set_offset(struct book *b)
{
    b->offset = (uint32_t)((uint8_t *)(waiting(b->cell) + front(b->cell)->n) - b->cell->main.p);
}

static bool is_valid(struct book *b)
{
    const struct front *f = front(b->cell);
    uint32_t n = b->cell->main.n;

    if (n < sizeof *f || f->version != SUPPRESS_ANCHORED_VERSION || f->n_keys > n - sizeof *f ||
        f->n_addends > n - sizeof *f - f->n_keys ||
        f->n > (n - sizeof *f - f->n_keys - f->n_addends) / sizeof(struct waiting))
        return false;
    set_offset(b);
    return book_is_valid(b);
}

static bool begin_anchored(struct book *b, const struct hit *hit)
{
    struct front f = {.version = SUPPRESS_ANCHORED_VERSION, .n_keys = (uint32_t)hit->keys.n};

    if (hit->keys.n > CELL_BYTES_MAX || !cell_resize(b->cell, (uint32_t)sizeof f + f.n_keys))
        return false;
    memcpy(b->cell->main.p, &f, sizeof f);
    if (f.n_keys)
        memcpy(b->cell->main.p + sizeof f, hit->keys.p, f.n_keys);
    b->offset = b->cell->main.n;
    if (book_init(b, hit->keys))
        return true;
    forget(b->cell);
    return false;
}

static bool comes_before(const struct waiting *a, const struct waiting *b)
{
    return a->t_ms < b->t_ms || (a->t_ms == b->t_ms && a->level < b->level);
}

/* Where this text is kept from now on; 0: it is empty, or there is no room. */
static uint16_t keep_addends(struct book *b, struct str text)
{
    struct cell *cell = b->cell;
    uint32_t n = front(cell)->n_addends, more = (uint32_t)(sizeof(uint32_t) + text.n);
    uint32_t end = (uint32_t)sizeof(struct front) + front(cell)->n_keys + n;

    if (!text.n)
        return 0;
    for (uint32_t at = 1; at <= n; at += (uint32_t)(sizeof(uint32_t) + addends_at(cell, at).n))
        if (str_eq(addends_at(cell, at), text))
            return (uint16_t)at;
    if (text.n > SUPPRESS_ADDENDS_MAX || n + more > SUPPRESS_ADDENDS_MAX ||
        !cell_open(cell, end, more))
        return 0;
    uint8_t *to = cell->main.p + end;
    uint32_t length = (uint32_t)text.n;
    memcpy(to, &length, sizeof length);
    memcpy(to + sizeof length, text.p, text.n);
    front(cell)->n_addends += more;
    b->offset += more;
    return (uint16_t)(n + 1);
}

/* Nothing waits that would name one. */
static void forget_addends(struct book *b)
{
    struct cell *cell = b->cell;
    uint32_t n = front(cell)->n_addends;

    if (n == 0 || front(cell)->n > 0)
        return;
    cell_close(cell, (uint32_t)sizeof(struct front) + front(cell)->n_keys, n);
    front(cell)->n_addends = 0;
    set_offset(b);
}

static void insert(struct book *b, struct waiting w)
{
    struct cell *cell = b->cell;
    uint32_t n = front(cell)->n, k = n;

    while (k > 0 && comes_before(&w, &waiting(cell)[k - 1]))
        k--;
    struct waiting *same = k > 0 ? &waiting(cell)[k - 1] : NULL;
    if (same && same->t_ms == w.t_ms && same->level == w.level) {
        same->count = same->count > UINT32_MAX - w.count ? UINT32_MAX : same->count + w.count;
        if (str_cmp(addends_at(cell, w.addends), addends_at(cell, same->addends)) > 0)
            same->addends = w.addends; /* one of the two, whichever came first */
        return;
    }
    uint32_t at = waiting_at(cell) + k * (uint32_t)sizeof w;
    if (!cell_open(cell, at, (uint32_t)sizeof w))
        return;
    waiting(cell)[k] = w;
    front(cell)->n++;
    b->offset += (uint32_t)sizeof w;
}

/* The first n of those that wait go through the book. */
static void settle(struct book *b, uint32_t n, bool is_inexact)
{
    struct cell *cell = b->cell;

    struct buf keys = {0}, addends = {0};

    /* The book moves the cell. */
    buf_add(&keys, (struct str){(const char *)(front(cell) + 1), front(cell)->n_keys});
    for (uint32_t i = 0; i < n; i++) {
        struct waiting w = waiting(cell)[i];
        struct hit hit = {.count = w.count, .level = w.level, .is_inexact = is_inexact};
        hit.keys = buf_str(&keys);
        buf_clear(&addends);
        buf_add(&addends, addends_at(cell, w.addends));
        hit.addends = buf_str(&addends);
        book_hit(b, w.t_ms, &hit);
        book_claim(b, w.t_ms, &hit, 0);
    }
    buf_release(&keys);
    buf_release(&addends);
    cell_close(cell, waiting_at(cell), n * (uint32_t)sizeof(struct waiting));
    front(cell)->n -= n;
    set_offset(b);
    forget_addends(b);
}

static void settle_due(struct book *b)
{
    uint32_t n = 0;

    while (n < front(b->cell)->n && waiting(b->cell)[n].t_ms < b->clock->watermark_ms)
        n++;
    settle(b, n, false);
    book_due(b, b->clock->watermark_ms);
    if (book_is_empty(b) && front(b->cell)->n == 0)
        forget(b->cell);
}

static void wait_in(struct book *b, int64_t t_ms, const struct hit *hit)
{
    cited_note(b->cell, t_ms, hit);
    if (front(b->cell)->n == SUPPRESS_WAITING_MAX)
        settle(b, 1, true);
    uint16_t addends = keep_addends(b, hit->addends);
    insert(b, (struct waiting){t_ms, hit->count ? hit->count : 1, hit->level, addends});
}

static void step_anchored(const struct state_op *op, struct book *b)
{
    struct cell *cell = b->cell;

    if (cell->main.n && !is_valid(b))
        forget(cell);
    if (op) {
        const struct hit *hit = op->payload;
        if (cell->main.n == 0 && !begin_anchored(b, hit))
            return;
        set_offset(b);
        if (hit->restored)
            book_restore(b, hit);
        else
            wait_in(b, op->t_ms, hit);
    } else if (cell->main.n) {
        set_offset(b);
        settle_due(b);
    }
    if (cell->main.n == 0)
        return;
    uint32_t n = front(cell)->n;
    rest(cell, b, n ? span_add(waiting(cell)[0].t_ms, 1) : CELL_NEVER,
         n ? span_add(waiting(cell)[n - 1].t_ms, b->fold->period_ms) : INT64_MIN);
}

void suppress_step(void *context, const struct state_op *op, struct cell *cell,
                   const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;
    struct book b = {.cell = cell, .fold = &spec->fold, .out = out, .clock = clock};

    if (spec->fold.is_anchored)
        step_anchored(op, &b);
    else
        step_plain(op, &b);
}
