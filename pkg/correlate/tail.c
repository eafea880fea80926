/* tail.c - books and group names behind windows.
 */
#include "correlate/tail.h"

#include <string.h>

#include "correlate/record.h"
#include "correlate/span.h"
#include "state/capsule.h"
#include "state/emissions.h"

/* Then the packed values of the group in clear. */
struct group {
    struct state_key key;
    uint32_t n_keys;
} __attribute__((packed, may_alias));

struct book tail_book(const struct tail *t)
{
    return (struct book){t->cell, t->offset, &t->spec->fold, t->out, t->clock};
}

bool tail_init(const struct tail *t, const struct state_op *op)
{
    const struct hit *hit = op->payload;

    if (!t->spec->is_final) {
        struct book b = tail_book(t);
        return book_init(&b, hit->keys);
    }
    struct group g = {.key = op->key, .n_keys = (uint32_t)hit->keys.n};
    if (hit->keys.n > CELL_BYTES_MAX)
        return false;
    if (!cell_resize(t->cell, t->offset + (uint32_t)sizeof g + g.n_keys))
        return false;
    uint8_t *at = t->cell->main.p + t->offset;
    memcpy(at, &g, sizeof g);
    if (g.n_keys)
        memcpy(at + sizeof g, hit->keys.p, g.n_keys);
    return true;
}

void tail_settle_book(const struct tail *t, const struct state_op *op)
{
    struct book b = tail_book(t);

    t->cell->due_ms = book_next_due(&b);
    if (!op)
        return;
    int64_t bucket_end = span_add(book_bucket_start(&b, op->t_ms), t->spec->fold.period_ms);
    int64_t idle = span_add(op->t_ms, t->spec->window_ms);
    if (bucket_end > idle)
        idle = bucket_end;
    idle = span_add(idle, 1);
    if (t->cell->idle_ms == CELL_NEVER || idle > t->cell->idle_ms)
        t->cell->idle_ms = idle;
}

void tail_note(const struct tail *t, const struct state_op *op)
{
    const struct hit *hit = op->payload;

    if (hit->capsule.n)
        capsule_book_add(t->cell, op->t_ms, hit->capsule);
}

/* The latest capsule that is not behind t_ms; empty if none was kept. */
static struct str capsule_at(const struct cell *cell, int64_t t_ms)
{
    struct str packed[CAPSULES_FIRST + CAPSULES_LAST], found = {0};
    uint64_t seen;
    size_t n = capsule_book_list(&cell->side, packed, &seen);
    struct capsule c;

    for (size_t i = 0; i < n; i++)
        if (capsule_unpack(packed[i], &c) && c.t_ms <= t_ms)
            found = packed[i];
    return found;
}

void tail_send(const struct tail *t, struct signal *s)
{
    const struct group *g = (const struct group *)(t->cell->main.p + t->offset);
    struct buf bytes = {0};

    s->stage = SIGNAL_MET;
    s->key = g->key;
    s->hit.count = 1;
    s->hit.keys = (struct str){(const char *)(g + 1), g->n_keys};
    if (t->cell->side.n)
        s->hit.capsule = capsule_at(t->cell, s->t_ms);
    signal_pack(s, &bytes);
    emissions_add(t->out, buf_str(&bytes));
    buf_release(&bytes);
}

void tail_emit(const struct tail *t, int64_t t_ms, int64_t measured)
{
    struct signal s = {.t_ms = t_ms, .has_measured = measured >= 0};

    s.measured_micro = s.has_measured ? measured * CORRELATION_MICRO : 0;
    tail_send(t, &s);
}
