/* ratio.c - the value's side counts its actors, the group's side divides.
 *
 * Both freeze their count when the first hit of a day is judged, and only then note the day's
 * actors: so all that is judged on a day sees the same counts. Facts tell these counts, and the
 * days before, which a replay of the same day needs.
 */
#include "correlate/ratio.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "correlate/actor_days.h"
#include "correlate/facts.h"
#include "correlate/final.h"
#include "correlate/span.h"
#include "state/capsule.h"

#include <string.h>

enum { TEXT_MAX = 95 };
#define DAY_MS 86400000ll

/* What waits in the group's cell. */
struct share {
    struct actor_wait head;
    uint64_t value;
    struct state_key term; /* of the value's cell */
    uint32_t with;         /* actors that had the value */
    int32_t with_day;      /* as facts have it */
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
        !actor_days_begin(cell, &d, op, hit->group_key, sizeof w))
        return;
    actor_days_name(cell, &d, hit, sizeof w);
    if (actor_day_of(w.t_ms) < d.day || /* only a replay brings it, and it was judged long ago */
        actor_days_last(cell, &d, w.actor) >= actor_day_of(w.t_ms) ||
        waits_earlier(cell, &d, w.actor, w.t_ms))
        return;
    if (d.n_waiting < RATIO_PENDING_MAX && actor_days_add(cell, &d, &w, sizeof w))
        capsule_book_add(cell, op->t_ms, hit->capsule);
    actor_days_put(cell, &d);
    set_times(cell, &d, days_of(c), sizeof w);
}

/* The actor's day before the one that is judged now; 0: none, or it had one today. */
static int32_t day_before(const struct cell *cell, const struct actor_days *d, uint64_t actor)
{
    int32_t day = actor_days_last(cell, d, actor);

    return day > 0 && day < d->day ? day : 0;
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
                             .number_micro = day_before(cell, &d, w.actor),
                             .group_key = d.own,
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

/* The last day of the actor that the replay will not judge again; 0: none that this fact knows. Of
 * the day that the replay begins in another fact tells. */
static int32_t day_known(const struct fact *f, int32_t day_before)
{
    if (!fact_is_fresh(f))
        return actor_day_of(f->first_ms);
    return day_before < actor_day_of(f->fresh_ms) ? day_before : 0;
}

/* The actor's day (0: none), and the frozen day with its count. A cell of facts alone has no timer
 * and is as old as its newest actor. */
static void restore(struct cell *cell, struct actor_days *d, const struct fact *f, int32_t day,
                    uint32_t before, int32_t n_days, uint32_t entry_bytes)
{
    int64_t idle_ms = ((int64_t)day + n_days + 1) * DAY_MS;

    if (day > 0 && actor_days_last(cell, d, f->number) < day)
        actor_days_set(cell, d, f->number, day, n_days, entry_bytes);
    if (!fact_is_fresh(f) && day > d->day) {
        d->day = day;
        d->before = before;
        d->is_full = false;
    }
    actor_days_put(cell, d);
    if (d->n_waiting)
        return;
    cell->due_ms = CELL_NEVER;
    cell->idle_ms =
        cell->idle_ms == CELL_NEVER || cell->idle_ms < idle_ms ? idle_ms : cell->idle_ms;
}

static void value_restore(const struct correlation *c, const struct state_op *op, struct cell *cell)
{
    const struct hit *hit = op->payload;
    const struct fact *f = hit->fact;
    int32_t day = day_known(f, f->with_day);
    struct actor_days d;

    if (day == 0 || (!actor_days_load(cell, &d, sizeof(struct actor_wait)) &&
                     !actor_days_begin(cell, &d, op, f->group_key, sizeof(struct actor_wait))))
        return;
    restore(cell, &d, f, day, f->with, days_of(c), sizeof(struct actor_wait));
}

void ratio_value_step(void *context, const struct state_op *op, struct cell *cell,
                      const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;

    if (!op)
        value_settle(spec->correlation, cell, clock->watermark_ms, out);
    else if (((const struct hit *)op->payload)->fact)
        value_restore(spec->correlation, op, cell);
    else
        value_take(spec->correlation, op, cell);
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

/* Two days of an actor have facts of their own: a replay may go back over midnight. */
static void tell_fact(const struct cell *cell, const struct actor_days *d, const struct share *s,
                      struct emissions *out)
{
    fact_tell(&(struct fact){.kind = FACT_ACTOR,
                             .term_key = s->term,
                             .group_key = d->group,
                             .term = s->value,
                             .first_ms = s->head.t_ms,
                             .last_ms = s->head.t_ms,
                             .slot = (s->head.actor & ~(uint64_t)1) | (uint64_t)(d->day & 1),
                             .since_ms = d->first_ms,
                             .number = s->head.actor,
                             .with = s->with,
                             .of = d->before,
                             .with_day = s->with_day,
                             .of_day = day_before(cell, d, s->head.actor)},
              out);
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

static bool group_open(const struct state_op *op, struct cell *cell, struct actor_days *d)
{
    struct hit unnamed = *(const struct hit *)op->payload;
    struct state_op unnamed_op = *op;

    unnamed.value_text = STR(""); /* the cell is of all values */
    unnamed_op.payload = &unnamed;
    if (!actor_days_load(cell, d, sizeof(struct share)) &&
        !actor_days_begin(cell, d, &unnamed_op, op->key, sizeof(struct share)))
        return false;
    actor_days_name(cell, d, &unnamed, sizeof(struct share));
    return true;
}

static void group_restore(const struct correlation *c, const struct state_op *op, struct cell *cell)
{
    const struct fact *f = ((const struct hit *)op->payload)->fact;
    int32_t day = day_known(f, f->of_day);
    struct actor_days d;

    if (!group_open(op, cell, &d))
        return;
    /* A group that was silent for long began anew: the last beginning counts. */
    if (f->since_ms < f->fresh_ms && (!d.is_restored || f->since_ms > d.first_ms)) {
        d.first_ms = f->since_ms;
        d.is_restored = true;
    }
    restore(cell, &d, f, day, f->of, days_of(c), sizeof(struct share));
    cell->weight = 200;
}

static void group_take(const struct state_op *op, struct cell *cell, int32_t n_days)
{
    const struct hit *hit = op->payload;
    struct str text = utf8_cut(hit->value_text, TEXT_MAX);
    struct actor_days d;
    struct share s = {.head = {op->t_ms, hit->actor},
                      .value = hit->value,
                      .term = hit->group_key,
                      .with = hit->count,
                      .with_day = (int32_t)hit->number_micro,
                      .text_n = (uint8_t)text.n};

    if (!group_open(op, cell, &d))
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
        tell_fact(cell, &d, &s, out);
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

    if (!op)
        group_settle(spec->correlation, cell, clock->watermark_ms, out);
    else if (((const struct hit *)op->payload)->fact)
        group_restore(spec->correlation, op, cell);
    else
        group_take(op, cell, days_of(spec->correlation));
}

const struct operator_kind_info operator_ratio = {
    .kind = OPERATOR_RATIO,
    .name = "ratio",
    .n_stages = 2,
    .steps = {ratio_value_step, ratio_group_step},
    .always_final = true,
    .fact_kind = FACT_ACTOR,
};
