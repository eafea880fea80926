/* tail.c - books and group names behind windows.
 */
#include "correlate/tail.h"

#include <string.h>

#include "correlate/cited.h"
#include "correlate/final.h"
#include "correlate/span.h"

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

bool tail_is_valid(const struct tail *t)
{
    struct book b = tail_book(t);
    struct group g;
    uint32_t n = t->cell->main.n;

    if (!t->spec->is_final)
        return book_is_valid(&b);
    if (t->offset > n || n - t->offset < sizeof g)
        return false;
    memcpy(&g, t->cell->main.p + t->offset, sizeof g);
    return g.n_keys == n - t->offset - sizeof g;
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
    cited_note(t->cell, op->t_ms, op->payload);
}

struct str tail_keys(const struct tail *t)
{
    const struct group *g = (const struct group *)(t->cell->main.p + t->offset);

    return (struct str){(const char *)(g + 1), g->n_keys};
}

void tail_send(const struct tail *t, struct signal *s)
{
    const struct group *g = (const struct group *)(t->cell->main.p + t->offset);

    s->stage = SIGNAL_MET;
    s->key = g->key;
    s->hit.count = 1;
    s->hit.group_key = g->key;
    if (!s->hit.keys.n)
        s->hit.keys = (struct str){(const char *)(g + 1), g->n_keys};
    if (!s->hit.capsule.n)
        s->hit.capsule = final_capsule(t->cell, s->t_ms);
    final_signal(t->out, s);
}

void tail_emit(const struct tail *t, int64_t t_ms, int64_t measured, bool is_inexact)
{
    struct signal s = {.t_ms = t_ms,
                       .has_measured = true,
                       .measured_micro = measured * CORRELATION_MICRO,
                       .hit.is_inexact = is_inexact};

    tail_send(t, &s);
}

/* ---- one hit as 32 bits: the phase of its buckets, its label, its level ---------------------- */

enum { LEVEL_BITS = 3, LABEL_BITS = 6, PHASE_BITS = 32 - LEVEL_BITS - LABEL_BITS };

bool tail_shrink(const struct tail *t, uint32_t label, int64_t t_ms, uint32_t *value)
{
    struct book b = tail_book(t);
    struct book_sole sole;

    if (t->spec->fold.period_ms > INT64_C(1) << PHASE_BITS || label >= 1 << LABEL_BITS ||
        !book_is_sole(&b, &sole) || sole.t_ms != t_ms || sole.level >= 1 << LEVEL_BITS)
        return false;
    *value = ((uint32_t)book_phase(&b) << LABEL_BITS | label) << LEVEL_BITS | sole.level;
    return true;
}

struct hit tail_shrunk_hit(uint32_t value)
{
    return (struct hit){.count = 1,
                        .label = value >> LEVEL_BITS & ((1 << LABEL_BITS) - 1),
                        .level = value & ((1 << LEVEL_BITS) - 1)};
}

bool tail_init_shrunk(const struct tail *t, uint32_t value)
{
    struct book b = tail_book(t);

    return book_init_phase(&b, value >> (LEVEL_BITS + LABEL_BITS));
}
