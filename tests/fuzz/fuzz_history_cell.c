/* fuzz_history_cell.c - any bytes as the cell of an operator that remembers (first_seen, rarity,
 * ratio, volume, geo_velocity, risk, sequence): a step takes them or begins anew, and what it
 * leaves it takes itself.
 *
 *     byte 0: which step, bytes 1 and 2: times, then the cell
 */
#include "correlate/hit.h"
#include "correlate/operator.h"
#include "state/emissions.h"
#include "tests/fuzz/cell_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct correlation correlation = {.window_ms = 1000,
                                         .baseline_ms = 5000,
                                         .factor_micro = 2 * CORRELATION_MICRO,
                                         .n_bounds = 1,
                                         .bounds = {{BOUND_LTE, 3 * CORRELATION_MICRO}}};
/* [a] with runs=2 ![b] [c] ![d] */
static const struct sequence_item items[] = {
    {SEQUENCE_STAGE, 2}, {SEQUENCE_MISSING, 1}, {SEQUENCE_STAGE, 1}, {SEQUENCE_MISSING, 1}};
static struct correlation sequence = {
    .kind = OPERATOR_SEQUENCE, .window_ms = 1000, .n_inputs = ARRAY_LEN(items), .items = items};

static void step(uint8_t which, const struct state_op *op, struct cell *cell, int64_t watermark_ms)
{
    static const struct operator_kind_info *const kinds[] = {
        &operator_first_seen,   &operator_rarity, &operator_ratio,   &operator_volume,
        &operator_geo_velocity, &operator_risk,   &operator_sequence};
    static struct emissions out;
    struct operator_spec spec = {.correlation = &correlation, .window_ms = 1000, .is_final = true};
    struct step_clock clock = {watermark_ms};
    const struct operator_kind_info *kind = kinds[which % ARRAY_LEN(kinds)];

    if (kind == &operator_sequence)
        spec.correlation = &sequence;
    correlation.rarity_by = which / 64 % 3;
    kind->steps[which / 8 % kind->n_stages](&spec, op, cell, &clock, &out);
    emissions_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cell cell;
    struct hit hit = {.count = 1,
                      .value = 7,
                      .actor = 8,
                      .keys = STR("\1\1\0\0\0a"),
                      .value_text = STR("value"),
                      .number_micro = 7,
                      .place = {.lat_e5 = 1, .has = true}};

    if (!cell_target_begin(&cell, data, size))
        return 0;
    struct state_op op = {.t_ms = data[1] * 100, .payload = &hit};
    for (int i = 0; i < 4; i++) {
        step(data[0], &op, &cell, INT64_MIN);
        op.t_ms += data[2];
        hit.value++;
        hit.label = (uint32_t)i / 2 * 2;
    }
    cell_target_timer(&cell, data, step);
    cell_target_end(&cell);
    return 0;
}
