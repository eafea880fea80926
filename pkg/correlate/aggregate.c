/* aggregate.c - value_sum, value_avg, value_min, value_max, value_percentile, value_median: numbers
 * of the hits in W, judged at the watermark (settle.h): one more hit can undo any of them.
 */
#include "correlate/operator.h"

#include "correlate/hit.h"
#include "correlate/settle.h"

static enum measure measure_of(enum aggregate aggregate)
{
    switch (aggregate) {
    case AGGREGATE_SUM:
        return MEASURE_SUM;
    case AGGREGATE_AVG:
        return MEASURE_AVG;
    case AGGREGATE_MIN:
        return MEASURE_MIN;
    case AGGREGATE_MAX:
        return MEASURE_MAX;
    case AGGREGATE_PERCENTILE:
        break;
    }
    return MEASURE_PERCENTILE;
}

static void aggregate_step(void *context, const struct state_op *op, struct cell *cell,
                           const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;
    const struct hit *hit = op ? op->payload : NULL;
    struct settle s = {.tail = {.spec = spec, .cell = cell, .clock = clock, .out = out},
                       .measure = measure_of(spec->correlation->aggregate),
                       .hits_max = AGGREGATE_HITS_MAX};

    settle_step(&s, op, hit ? hit->number_micro : 0);
}

const struct operator_kind_info operator_aggregate = {
    .kind = OPERATOR_AGGREGATE,
    .name = "value_sum", /* and the others: rule/correlation.h, enum aggregate */
    .n_stages = 1,
    .steps = {aggregate_step},
    .always_final = true,
};
