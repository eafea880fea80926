/* set.c - temporal: which of its rules a group shows in W, in any order.
 *
 * The values of a distinct window are the numbers of the inputs (at most 64), so a window's content
 * is a word of bits, and the condition (all inputs, so many of them, or a boolean over them) is a
 * function of that word.
 *
 * Early, if more inputs cannot undo the condition: no NOT, no lt, lte, eq, neq. A hit is tested at
 * the candidates of the windows that gained its input by it. Otherwise final, by the timeline:
 * sliding where the condition is of that kind, tumbling where it is not ("a and not b" asks what
 * is absent from a whole window).
 */
#include "correlate/operator.h"

#include "correlate/distinct_cell.h"
#include "correlate/hit.h"
#include "correlate/threshold.h"
#include "correlate/timeline.h"

static bool holds(const struct seen_expr *e, uint64_t seen)
{
    switch (e->kind) {
    case FORMULA_AND:
        for (size_t i = 0; i < e->n_children; i++)
            if (!holds(e->children[i], seen))
                return false;
        return true;
    case FORMULA_OR:
        for (size_t i = 0; i < e->n_children; i++)
            if (holds(e->children[i], seen))
                return true;
        return false;
    case FORMULA_NOT:
        return !holds(e->children[0], seen);
    case FORMULA_ATOM:
        return seen >> e->input & 1;
    case FORMULA_CONST:
        break;
    }
    return false;
}

/* What more inputs can undo is asked of whole windows. */
static bool is_tumbling(const struct correlation *c)
{
    return !threshold_is_lower(c) || (c->seen && seen_has_not(c->seen));
}

/* The bounds, if there are any, and the boolean, if there is one; all inputs if there is neither.
 */
static bool is_condition_met(const struct correlation *c, uint64_t seen)
{
    int n = __builtin_popcountll(seen);

    if (c->n_bounds == 0 && !c->seen)
        return (size_t)n == c->n_inputs;
    return threshold_is_met(c, n) && (!c->seen || holds(c->seen, seen));
}

static void claim_if_met(struct distinct_cell *c, int64_t t_ms)
{
    if (distinct_cell_is_settled(c, t_ms))
        return;
    uint64_t seen = distinct_window_mask(&c->window, t_ms);
    if (is_condition_met(c->tail.spec->correlation, seen))
        distinct_cell_claim(c, t_ms, (uint32_t)__builtin_popcountll(seen));
}

static void judge(struct distinct_cell *c, const struct distinct_change *change)
{
    if (change->is_candidate)
        claim_if_met(c, change->t_ms);
    if (change->is_newest)
        return;
    for (uint32_t i = 0; i < distinct_window_n(&c->window); i++) {
        int64_t t_ms = distinct_window_candidate(&c->window, i);
        if (t_ms >= change->from_ms && t_ms <= change->to_ms)
            claim_if_met(c, t_ms);
    }
}

static bool is_met(const struct operator_spec *spec, const struct timeline_item *items, uint32_t n,
                   int64_t *measured)
{
    uint64_t seen = 0;

    for (uint32_t i = 0; i < n; i++)
        seen |= UINT64_C(1) << (items[i].value & 63);
    *measured = __builtin_popcountll(seen);
    return is_condition_met(spec->correlation, seen);
}

static struct distinct_cell cell_at_hand(const struct tail *tail, const struct hit *hit)
{
    struct distinct_cell c = {.tail = *tail, .hit = hit, .judge = judge};

    c.value = hit ? hit->label : 0;
    c.needed = (uint32_t)tail->spec->correlation->n_inputs;
    c.window.keep = CORRELATION_INPUTS_MAX; /* all of them */
    return c;
}

static void set_step(void *context, const struct state_op *op, struct cell *cell,
                     const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;
    const struct hit *hit = op ? op->payload : NULL;
    struct tail tail = {.spec = spec, .cell = cell, .clock = clock, .out = out};

    if (hit && hit->label >= CORRELATION_INPUTS_MAX)
        return;
    if (spec->is_final) {
        struct timeline t = {tail, is_tumbling(spec->correlation), is_met};
        timeline_step(&t, op, hit ? hit->label : 0);
        return;
    }
    struct distinct_cell c = cell_at_hand(&tail, hit);
    distinct_cell_step(&c, op);
}

static bool set_shrink(void *context, const struct cell *cell, int64_t *t_ms, uint32_t *value)
{
    struct cell copy = *cell;
    struct tail tail = {.spec = context, .cell = &copy};
    struct distinct_cell c = cell_at_hand(&tail, NULL);

    return !tail.spec->is_final && distinct_cell_shrink(&c, t_ms, value);
}

static void set_regrow(void *context, int64_t t_ms, uint32_t value, struct cell *cell)
{
    static const struct step_clock no_clock = {INT64_MIN};
    struct tail tail = {.spec = context, .cell = cell, .clock = &no_clock};
    struct distinct_cell c = cell_at_hand(&tail, NULL);

    distinct_cell_regrow(&c, t_ms, value);
}

static bool set_look(const struct operator_spec *spec, const struct cell *cell, int64_t at_ms,
                     struct operator_look *out)
{
    struct cell copy = *cell;
    struct tail tail = {.spec = spec, .cell = &copy};
    struct distinct_cell c = cell_at_hand(&tail, NULL);

    if (!distinct_cell_look(&c, at_ms, out))
        return false;
    out->steps = distinct_window_mask(&c.window, at_ms);
    return true;
}

const struct operator_kind_info operator_set = {
    .kind = OPERATOR_SET,
    .name = "temporal",
    .n_stages = 1,
    .steps = {set_step},
    .shrink = set_shrink,
    .regrow = set_regrow,
    .look = set_look,
};
