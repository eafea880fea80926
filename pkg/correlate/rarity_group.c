/* rarity_group.c - the group's side: is it trained?
 *
 * A group's first hit is of a value that was never seen before, so it is told as seldom: the first
 * time of all that is told is the group's. What is told waits for the timer, since the first need
 * not come first. The cell is kept until the store must evict it: without it the group would train
 * again. Facts go out behind what was judged before them.
 */
#include "correlate/rarity.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "correlate/facts.h"
#include "correlate/final.h"
#include "correlate/kept.h"
#include "correlate/span.h"

#include <string.h>

enum { GROUP_VERSION = 2, TEXT_MAX = 103, WAITING_MAX = 8192 };

struct head {
    uint8_t version;
    uint8_t is_known; /* first_ms */
    uint16_t keys_n;
    uint32_t n;
    int64_t first_ms;
    struct state_key key;
};

struct waiting {
    int64_t t_ms, last_ms, micro;
    uint64_t value, number, slot;
    struct state_key term; /* of the value's cell */
    uint8_t is_kept;       /* a fact, and nothing to judge */
    uint8_t text_n;
    char text[TEXT_MAX];
};

static uint32_t bytes_of(const struct head *h)
{
    return (uint32_t)sizeof *h + h->keys_n + h->n * (uint32_t)sizeof(struct waiting);
}

static bool load(const struct cell_part *p, struct head *h)
{
    if (p->n < sizeof *h)
        return false;
    memcpy(h, p->p, sizeof *h);
    return h->version == GROUP_VERSION && h->n <= WAITING_MAX && p->n == bytes_of(h);
}

static struct waiting get(const struct cell *cell, const struct head *h, uint32_t i)
{
    struct waiting w;

    memcpy(&w, cell->main.p + sizeof *h + h->keys_n + i * sizeof w, sizeof w);
    if (w.text_n > TEXT_MAX) /* not ours */
        w.text_n = 0;
    return w;
}

static void tell(const struct cell *cell, const struct head *h, const struct waiting *w,
                 struct emissions *out)
{
    struct buf text = {0};

    buf_printf(&text, "seldom: %.*s", (int)w->text_n, w->text);
    final_tell(out, cell,
               &(struct final_met){.key = &h->key,
                                   .keys = {(const char *)cell->main.p + sizeof *h, h->keys_n},
                                   .t_ms = w->t_ms,
                                   .value = w->value,
                                   .value_text = {w->text, w->text_n},
                                   .detail = buf_str(&text),
                                   .measured_micro = w->micro,
                                   .has_measured = true,
                                   .capsule = kept_find(cell, w->t_ms, w->value)});
    buf_release(&text);
}

static void tell_fact(const struct head *h, const struct waiting *w, struct emissions *out)
{
    fact_tell(&(struct fact){.kind = FACT_ENTRY,
                             .term_key = w->term,
                             .group_key = h->key,
                             .term = w->value,
                             .first_ms = w->t_ms,
                             .last_ms = w->last_ms,
                             .slot = w->slot,
                             .since_ms = h->first_ms,
                             .number = w->number},
              out);
}

static void settle(const struct correlation *c, struct cell *cell, struct emissions *out)
{
    int64_t training = c->training_ms > c->activation_ms ? c->training_ms : c->activation_ms;
    struct head h;

    cell->due_ms = CELL_NEVER;
    if (!load(&cell->main, &h))
        return;
    for (uint32_t i = 0; i < h.n; i++) {
        struct waiting w = get(cell, &h, i);
        if (!h.is_known || w.t_ms < h.first_ms)
            h.first_ms = w.t_ms;
        h.is_known = true;
    }
    for (uint32_t i = 0; i < h.n; i++) {
        struct waiting w = get(cell, &h, i);
        if (!w.is_kept && w.t_ms >= span_add(h.first_ms, training))
            tell(cell, &h, &w, out);
        tell_fact(&h, &w, out);
    }
    h.n = 0;
    final_shrink(cell, bytes_of(&h));
    memcpy(cell->main.p, &h, sizeof h);
    final_forget_capsules(cell);
}

static bool begin(struct cell *cell, const struct state_op *op, struct head *h)
{
    struct str keys = ((const struct hit *)op->payload)->keys;

    *h = (struct head){.version = GROUP_VERSION, .key = op->key};
    h->keys_n = keys.n <= UINT16_MAX ? (uint16_t)keys.n : 0;
    if (!cell_resize(cell, bytes_of(h)))
        return false;
    if (h->keys_n)
        memcpy(cell->main.p + sizeof *h, keys.p, h->keys_n);
    memcpy(cell->main.p, h, sizeof *h);
    return true;
}

/* A restored cell has no keys until an event brings them. */
static void note_keys(struct cell *cell, struct head *h, struct str keys)
{
    if (h->keys_n || keys.n > UINT16_MAX || !cell_insert(cell, sizeof *h, keys))
        return;
    h->keys_n = (uint16_t)keys.n;
}

static void wait(struct cell *cell, struct head *h, const struct state_op *op)
{
    const struct hit *hit = op->payload;
    struct str text = utf8_cut(hit->value_text, TEXT_MAX);
    bool is_kept = hit->label == RARITY_KEPT;
    struct waiting w = {.t_ms = op->t_ms,
                        .last_ms = is_kept ? hit->number_micro : op->t_ms,
                        .micro = is_kept ? 0 : hit->number_micro,
                        .value = hit->value,
                        .number = hit->actor,
                        .slot = hit->event_id,
                        .term = hit->group_key,
                        .is_kept = is_kept,
                        .text_n = (uint8_t)text.n};

    if (text.n)
        memcpy(w.text, text.p, text.n);
    if (h->n == WAITING_MAX || !cell_resize(cell, bytes_of(h) + (uint32_t)sizeof w))
        return;
    memcpy(cell->main.p + bytes_of(h), &w, sizeof w);
    h->n++;
    if (op->t_ms < cell->due_ms)
        cell->due_ms = span_add(op->t_ms, 1);
    if (!is_kept)
        kept_add(cell, op->t_ms, hit->value, hit->capsule);
}

static void restore(struct head *h, const struct fact *f)
{
    if (f->since_ms >= f->fresh_ms || (h->is_known && h->first_ms <= f->since_ms))
        return;
    h->is_known = true;
    h->first_ms = f->since_ms;
}

void rarity_group_step(void *context, const struct state_op *op, struct cell *cell,
                       const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;
    struct head h;

    (void)clock; /* all that waits is behind the watermark: stage 0 told it for that reason */
    if (!op) {
        settle(spec->correlation, cell, out);
        return;
    }
    const struct hit *hit = op->payload;
    if (!load(&cell->main, &h) && !begin(cell, op, &h))
        return;
    cell->idle_ms = CELL_NEVER;
    cell->weight = 200;
    note_keys(cell, &h, hit->keys);
    if (hit->fact)
        restore(&h, hit->fact);
    else
        wait(cell, &h, op);
    memcpy(cell->main.p, &h, sizeof h);
}
