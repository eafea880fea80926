/* lag.c - a step whose clock is behind. The ends of time stay what they are. */
#include "correlate/lag.h"

static int64_t earlier(int64_t t_ms, int64_t by_ms)
{
    return t_ms == INT64_MAX || t_ms < INT64_MIN + by_ms ? t_ms : t_ms - by_ms;
}

static int64_t later(int64_t t_ms, int64_t by_ms)
{
    return t_ms == INT64_MIN || t_ms > INT64_MAX - by_ms ? t_ms : t_ms + by_ms;
}

void lag_step(void *context, const struct state_op *op, struct cell *cell,
              const struct step_clock *clock, struct emissions *out)
{
    const struct lag *l = context;
    struct step_clock behind = {earlier(clock->watermark_ms, l->behind_ms)};

    cell->due_ms = earlier(cell->due_ms, l->behind_ms);
    cell->idle_ms = earlier(cell->idle_ms, l->behind_ms);
    l->step(l->context, op, cell, &behind, out);
    cell->due_ms = later(cell->due_ms, l->behind_ms);
    cell->idle_ms = later(cell->idle_ms, l->behind_ms);
}
