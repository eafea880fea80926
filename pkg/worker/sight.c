/* sight.c - a few rules at a time, from the engine to the metrics. */
#include "worker/sight.h"

void sight_init(struct sight *s, int64_t now_ms)
{
    *s = (struct sight){.begun_ms = now_ms, .round_ms = now_ms};
}

static enum metric_sight judge(const struct engine *e, uint32_t rule)
{
    switch (engine_sight(e, rule)) {
    case ENGINE_NO_SOURCE:
        return SIGHT_NO_SOURCE;
    case ENGINE_NO_FIELD:
        return SIGHT_NO_FIELD;
    case ENGINE_SEES:
        break;
    }
    return SIGHT_SEES;
}

static void tell(struct engine *e, uint32_t rule, bool is_early, struct metric_lane *l)
{
    struct engine_rule_use own = engine_take_rule_use(e, rule);
    struct metric_rule_use use = {own.evaluations, own.cycles, SIGHT_SEES};

    if (!own.matches) /* what matches can see */
        use.sight = judge(e, rule);
    if (is_early && use.sight != SIGHT_SEES)
        use.sight = SIGHT_UNKNOWN;
    metric_rule_use(l, rule, &use);
}

void sight_turn(struct sight *s, struct engine *e, size_t n_rules, struct metric_lane *l,
                int64_t now_ms)
{
    bool is_early = now_ms - s->begun_ms < SIGHT_AFTER_MS;

    if (s->next >= n_rules) { /* the round is over */
        if (now_ms - s->round_ms < SIGHT_ROUND_MS)
            return;
        s->round_ms = now_ms;
        s->next = 0;
    }
    for (uint32_t i = 0; i < SIGHT_RULES && s->next < n_rules; i++)
        tell(e, s->next++, is_early, l);
}
