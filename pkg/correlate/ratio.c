/* ratio.c - the value's side counts its actors, the group's side divides.
 *
 * Both freeze their count when the first hit of a day is judged, and only then note the day's
 * actors: so all that is judged on a day sees the same counts.
 */
#include "correlate/ratio.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "correlate/actor_days.h"
#include "correlate/final.h"
#include "correlate/span.h"
#include "state/capsule.h"

#include <string.h>

enum { TEXT_MAX = 91 };
#define DAY_MS 86400000ll

/* What waits in the group's cell. */
struct share {
    struct actor_wait head;
    uint64_t value;
    uint32_t with; /* actors that had the value */
    uint8_t text_n;
    char text[TEXT_MAX];
};

static int32_t days_of(const struct correlation *c)
{
    int64_t ms = c->history_ms > 0 ? c->history_ms : RATIO_HISTORY_MS;

    return ms < DAY_MS ? 1 : ms / DAY_MS > UINT16_MAX ? UINT16_MAX : (int32_t)(ms / DAY_MS);
}

static void set_times(struct cell *cell, const struct actor_days *d, int32_t n_days,
                      uint32_t entry_bytes)
{
    struct actor_wait first;

    cell->due_ms = CELL_NEVER;
    cell->idle_ms = d->day ? ((int64_t)d->day + n_days + 1) * DAY_MS : INT64_MIN;
    cell->weight = d->n_actors > 100 ? 100 : (uint8_t)d->n_actors;
    if (d->n_waiting == 0)
        return;
    memcpy(&first, actor_days_waiting(cell, d, 0, entry_bytes), sizeof first);
    cell->due_ms = span_add(first.t_ms, 1);
    cell->idle_ms = CELL_NEVER;
}

/* ---- the value ----------------------------------------------------------------------------- */

/* True: a hit of the actor on that day waits already, not later than t. A later one goes. */
static bool waits_earlier(struct cell *cell, struct actor_days *d, uint64_t actor, int64_t t_ms)
{
    struct actor_wait w;

    for (uint32_t i = d->n_waiting; i-- > 0;) {
        memcpy(&w, actor_days_waiting(cell, d, i, sizeof w), sizeof w);
        if (w.actor != actor || actor_day_of(w.t_ms) != actor_day_of(t_ms))
            continue;
        if (w.t_ms <= t_ms)
            return true;
        actor_days_drop(cell, d, i, 1, sizeof w);
        return false;
    }
    return false;
}

static void value_take(const struct correlation *c, const struct state_op *op, struct cell *cell)
{
    const struct hit *hit = op->payload;
    struct actor_wait w = {op->t_ms, hit->actor};
    struct actor_days d;

    if (!actor_days_load(cell, &d, sizeof w) &&
        !actor_days_begin(cell, &d, hit, hit->group_key, sizeof w))
        return;
    if (actor_days_last(cell, &d, w.actor) >= actor_day_of(w.t_ms) ||
        waits_earlier(cell, &d, w.actor, w.t_ms))
        return;
    if (d.n_waiting < RATIO_PENDING_MAX && actor_days_add(cell, &d, &w, sizeof w))
        capsule_book_add(cell, op->t_ms, hit->capsule);
    actor_days_put(cell, &d);
    set_times(cell, &d, days_of(c), sizeof w);
}

static void value_settle(const struct correlation *c, struct cell *cell, int64_t watermark_ms,
                         struct emissions *out)
{
    int32_t n_days = days_of(c);
    struct actor_wait w;
    struct actor_days d;
    uint32_t done = 0;

    cell->due_ms = CELL_NEVER;
    if (!actor_days_load(cell, &d, sizeof w))
        return;
    for (; done < d.n_waiting; done++) {
        memcpy(&w, actor_days_waiting(cell, &d, done, sizeof w), sizeof w);
        if (w.t_ms >= watermark_ms)
            break;
        actor_days_turn(cell, &d, actor_day_of(w.t_ms), n_days);
        struct signal s = {.stage = 1, .key = d.group, .t_ms = w.t_ms};
        s.hit = (struct hit){.count = d.before,
                             .value = d.value,
                             .actor = w.actor,
                             .keys = actor_days_keys(cell, &d),
                             .value_text = actor_days_text(cell, &d),
                             .capsule = final_capsule(cell, w.t_ms)};
        final_signal(out, &s);
        actor_days_set(cell, &d, w.actor, actor_day_of(w.t_ms), n_days, sizeof w);
    }
    actor_days_drop(cell, &d, 0, done, sizeof w);
    actor_days_put(cell, &d);
    if (d.n_waiting == 0)
        final_forget_capsules(cell);
    set_times(cell, &d, n_days, sizeof w);
}

void ratio_value_step(void *context, const struct state_op *op, struct cell *cell,
                      const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;

    if (op)
        value_take(spec->correlation, op, cell);
    else
        value_settle(spec->correlation, cell, clock->watermark_ms, out);
}

/* ---- the group ----------------------------------------------------------------------------- */

static void tell(const struct cell *cell, const struct actor_days *d, const struct share *s,
                 int64_t ratio, struct emissions *out)
{
    struct buf text = {0};

    buf_printf(&text, "%.*s: %u of %u actors", (int)s->text_n, s->text, s->with, d->before);
    final_tell(out, cell,
               &(struct final_met){.key = &d->group,
                                   .keys = actor_days_keys(cell, d),
                                   .t_ms = s->head.t_ms,
                                   .value = s->value,
                                   .value_text = {s->text, s->text_n},
                                   .detail = buf_str(&text),
                                   .measured_micro = ratio,
                                   .has_measured = true});
    buf_release(&text);
}

static void judge(const struct correlation *c, struct cell *cell, struct actor_days *d,
                  const struct share *s, struct emissions *out)
{
    int64_t training = c->training_ms > c->activation_ms ? c->training_ms : c->activation_ms;

    bool is_day = d->day != actor_day_of(s->head.t_ms);

    actor_days_turn(cell, d, actor_day_of(s->head.t_ms), days_of(c));
    if (is_day && d->before == 0) /* new, or silent for so long that it is as good as new */
        d->first_ms = s->head.t_ms;
    if (d->before == 0 || d->before * (int64_t)CORRELATION_MICRO < c->minimum_micro ||
        s->head.t_ms < span_add(d->first_ms, training))
        return;
    int64_t ratio = s->with * (int64_t)CORRELATION_MICRO / d->before;
    if (final_bounds_hold(c, ratio))
        tell(cell, d, s, ratio, out);
}

static void group_take(const struct state_op *op, struct cell *cell, int32_t n_days)
{
    const struct hit *hit = op->payload;
    struct str text = utf8_cut(hit->value_text, TEXT_MAX);
    struct hit unnamed = *hit;
    struct actor_days d;
    struct share s = {.head = {op->t_ms, hit->actor},
                      .value = hit->value,
                      .with = hit->count,
                      .text_n = (uint8_t)text.n};

    unnamed.value_text = STR(""); /* the cell is of all values */
    if (!actor_days_load(cell, &d, sizeof s) &&
        !actor_days_begin(cell, &d, &unnamed, op->key, sizeof s))
        return;
    if (text.n)
        memcpy(s.text, text.p, text.n);
    if (d.n_waiting < RATIO_PENDING_MAX && actor_days_add(cell, &d, &s, sizeof s))
        capsule_book_add(cell, op->t_ms, hit->capsule);
    actor_days_put(cell, &d);
    set_times(cell, &d, n_days, sizeof s);
}

static void group_settle(const struct correlation *c, struct cell *cell, int64_t watermark_ms,
                         struct emissions *out)
{
    struct actor_days d;
    struct share s;
    uint32_t done = 0;

    cell->due_ms = CELL_NEVER;
    if (!actor_days_load(cell, &d, sizeof s))
        return;
    for (; done < d.n_waiting; done++) {
        memcpy(&s, actor_days_waiting(cell, &d, done, sizeof s), sizeof s);
        if (s.text_n > TEXT_MAX) /* not ours */
            s.text_n = 0;
        if (s.head.t_ms >= watermark_ms)
            break;
        judge(c, cell, &d, &s, out);
        actor_days_set(cell, &d, s.head.actor, d.day, days_of(c), sizeof s);
    }
    actor_days_drop(cell, &d, 0, done, sizeof s);
    actor_days_put(cell, &d);
    if (d.n_waiting == 0)
        final_forget_capsules(cell);
    set_times(cell, &d, days_of(c), sizeof s);
    cell->weight = 200;
}

void ratio_group_step(void *context, const struct state_op *op, struct cell *cell,
                      const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;

    if (op)
        group_take(op, cell, days_of(spec->correlation));
    else
        group_settle(spec->correlation, cell, clock->watermark_ms, out);
}

const struct operator_kind_info operator_ratio = {
    .kind = OPERATOR_RATIO,
    .name = "ratio",
    .n_stages = 2,
    .steps = {ratio_value_step, ratio_group_step},
    .always_final = true,
};
