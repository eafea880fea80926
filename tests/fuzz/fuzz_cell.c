/* fuzz_cell.c - any bytes as the cell of a count, dedup, a sum or the storm brake: a step takes
 * them or lets them go, and what it leaves it takes itself.
 *
 *     byte 0: which step and whether it is anchored or final, bytes 1 and 2: times, then the cell
 */
#include "correlate/brake.h"
#include "correlate/hit.h"
#include "correlate/operator.h"
#include "state/emissions.h"
#include "tests/fuzz/cell_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct correlation correlation = {
    .window_ms = 1000, .n_bounds = 1, .bounds = {{BOUND_GTE, 3 * CORRELATION_MICRO}}};

static void step(uint8_t which, const struct state_op *op, struct cell *cell, int64_t watermark_ms)
{
    static struct emissions out;
    struct operator_spec spec = {.correlation = &correlation,
                                 .window_ms = 1000,
                                 .is_final = which & 4,
                                 .fold = {.rule_uid = STR("r"),
                                          .period_ms = 3000,
                                          .threshold = 3,
                                          .update_ms = 500,
                                          .is_anchored = which & 4}};
    struct brake_spec brake = {STR("r"), STR("t"), 2, BRAKE_PERIOD_MS};
    struct step_clock clock = {watermark_ms};

    switch (which & 3) {
    case 0:
        operator_count.steps[0](&spec, op, cell, &clock, &out);
        break;
    case 1:
        suppress_step(&spec, op, cell, &clock, &out);
        break;
    case 2:
        spec.is_final = true;
        operator_aggregate.steps[0](&spec, op, cell, &clock, &out);
        break;
    default:
        brake_step(&brake, op, cell, &clock, &out);
    }
    emissions_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cell cell;
    struct hit hit = {.count = 1, .keys = STR("\1\1\0\0\0a"), .number_micro = 7};
    struct brake_hit nothing = {STR("")};

    if (!cell_target_begin(&cell, data, size))
        return 0;
    struct state_op op = {.t_ms = data[1] * 100,
                          .payload = (data[0] & 3) == 3 ? (void *)&nothing : (void *)&hit};
    for (int i = 0; i < 4; i++) {
        step(data[0], &op, &cell, INT64_MIN);
        op.t_ms += data[2];
    }
    cell_target_timer(&cell, data, step);
    cell_target_end(&cell);
    return 0;
}
