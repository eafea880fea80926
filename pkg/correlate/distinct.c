/* distinct.c - value_count: how many distinct values (tuples: their hash) a group shows in W.
 *
 * Early: gt and gte. Each hit goes into the window (distinct_window.h) and the book; what it
 * changed is tested at the candidates that it can have changed. A full count of a large window
 * is a pass over some thousand entries, so two upper bounds are kept with the window and a
 * count is only made when they allow the threshold to be reached:
 *
 *   at_newest  the count at the newest time. A later hit at t sees at most one value more than the
 *              hit before it did; none more if its value was seen in [t - W, t] already.
 *   elsewhere  the count at any other candidate that is not below the watermark and not in a
 *              claimed bucket. One more value makes it at most one more.
 *
 * A bound is never below the count it bounds, as long as that is below the threshold; a full
 * count makes it exact again.
 *
 * Final: the timeline (timeline.h).
 */
#include "correlate/operator.h"

#include "correlate/distinct_cell.h"
#include "correlate/hit.h"
#include "correlate/threshold.h"
#include "correlate/timeline.h"

enum { BOUND_MAX = INT32_MAX }; /* where a bound that nobody makes exact stops rising */

/* The count at a candidate; a claim if it is enough. */
static uint32_t count_and_claim(struct distinct_cell *c, int64_t t_ms)
{
    uint32_t count = distinct_window_count(&c->window, t_ms);

    if (count >= c->window.keep)
        distinct_cell_claim(c, t_ms, count);
    return count;
}

/* Count at every candidate that is still of interest; gives the largest count that is too small.
 * Nothing is claimed before from_ms, where no window has changed: what holds there was claimed when
 * it came to hold, and its bucket may be closed since, although our watermark (that of an owner who
 * has just begun) does not say so. */
static uint32_t sweep(struct distinct_cell *c, int64_t from_ms)
{
    uint32_t most = 0, n = distinct_window_n(&c->window);

    for (uint32_t i = 0; i < n; i++) {
        int64_t t_ms = distinct_window_candidate(&c->window, i);
        if (distinct_cell_is_settled(c, t_ms))
            continue;
        uint32_t count =
            t_ms < from_ms ? distinct_window_count(&c->window, t_ms) : count_and_claim(c, t_ms);
        if (count < c->window.keep && count > most)
            most = count;
    }
    return most;
}

static uint32_t max_of(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The usual case: no later time is known, so only windows that end at this very time are new. */
static void judge_newest(struct distinct_cell *c, const struct distinct_change *change)
{
    struct distinct_bounds b = distinct_window_bounds(&c->window);

    if (change->gap_ms > c->window.window_ms)
        b.at_newest = 1;
    else if (b.at_newest < BOUND_MAX)
        b.at_newest += change->from_ms <= change->t_ms;
    if (change->is_candidate && !distinct_cell_is_settled(c, change->t_ms)) {
        if (b.at_newest >= c->window.keep)
            b.at_newest = count_and_claim(c, change->t_ms);
        if (b.at_newest < c->window.keep)
            b.elsewhere = max_of(b.elsewhere, b.at_newest);
    }
    distinct_window_set_bounds(&c->window, b);
}

static void judge_between(struct distinct_cell *c, const struct distinct_change *change)
{
    struct distinct_bounds b = distinct_window_bounds(&c->window);

    if (b.at_newest < BOUND_MAX)
        b.at_newest++;
    if (change->is_candidate && !distinct_cell_is_settled(c, change->t_ms)) {
        uint32_t count = count_and_claim(c, change->t_ms);
        if (count < c->window.keep)
            b.elsewhere = max_of(b.elsewhere, count);
    }
    if (change->from_ms <= change->to_ms && ++b.elsewhere >= c->window.keep)
        b.elsewhere = sweep(c, change->from_ms);
    distinct_window_set_bounds(&c->window, b);
}

static void judge(struct distinct_cell *c, const struct distinct_change *change)
{
    if (change->is_newest)
        judge_newest(c, change);
    else
        judge_between(c, change);
}

static bool is_met(const struct operator_spec *spec, const struct timeline_item *items, uint32_t n,
                   int64_t *measured)
{
    (void)items;
    *measured = n;
    return threshold_is_met(spec->correlation, n);
}

static void distinct_step(void *context, const struct state_op *op, struct cell *cell,
                          const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;
    const struct hit *hit = op ? op->payload : NULL;
    struct tail tail = {.spec = spec, .cell = cell, .clock = clock, .out = out};

    if (spec->is_final) {
        struct timeline t = {tail, !threshold_is_lower(spec->correlation), is_met};
        timeline_step(&t, op, hit ? hit->value : 0);
        return;
    }
    struct distinct_cell c = {.tail = tail, .hit = hit, .judge = judge};
    c.value = hit ? hit->value : 0;
    c.window.keep = c.needed = threshold_least(spec->correlation);
    distinct_cell_step(&c, op);
}

static bool distinct_look(const struct operator_spec *spec, const struct cell *cell, int64_t at_ms,
                          struct operator_look *out)
{
    struct cell copy = *cell;
    struct distinct_cell c = {.tail = {.spec = spec, .cell = &copy}};

    c.window.keep = threshold_least(spec->correlation);
    return distinct_cell_look(&c, at_ms, out);
}

const struct operator_kind_info operator_distinct = {
    .kind = OPERATOR_DISTINCT,
    .name = "value_count",
    .n_stages = 1,
    .steps = {distinct_step},
    .look = distinct_look,
};
