/* fuzz_window_cell.c - any bytes as the cell of an operator that keeps the values of a window
 * (distinct, set, ordered: early and final; group, also with its key apart): a step takes them or
 * begins anew, and what it leaves it takes itself.
 *
 *     byte 0: which operator, and early or final, bytes 1 and 2: times, then the cell
 */
#include "correlate/hit.h"
#include "correlate/operator.h"
#include "rule/expr.h"
#include "state/emissions.h"
#include "tests/fuzz/cell_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A row of one column, and each kind of aggregate over it told. */
static const struct str columns[] = {STR("a")};
static struct group_aggregate aggregates[GROUP_KINDS];
static struct expr slots[GROUP_KINDS];
static struct group_output outputs[GROUP_KINDS];
static const struct group_stats stats = {.columns = columns,
                                         .n_columns = ARRAY_LEN(columns),
                                         .aggregates = aggregates,
                                         .n_aggregates = GROUP_KINDS,
                                         .outputs = outputs,
                                         .n_outputs = GROUP_KINDS};

/* The same of rows beside their group's count, by the column itself. */
static const uint32_t first_column[] = {0};
static const struct group_aggregate inner_count = {.kind = GROUP_COUNT, .name = STR("c")};
static const struct expr row_column = {.kind = EXPR_FIELD, .slot = 2};
static const struct expr *const inner_values[] = {&row_column};
static const struct group_inner inner = {.keys = first_column,
                                         .n_keys = 1,
                                         .aggregates = &inner_count,
                                         .n_aggregates = 1,
                                         .values = inner_values,
                                         .n_values = 1,
                                         .is_rows = true,
                                         .apart = first_column};

static void fill_stats(void)
{
    for (uint32_t i = 0; i < GROUP_KINDS; i++) {
        aggregates[i] =
            (struct group_aggregate){.kind = (enum group_kind)i,
                                     .name = STR("n"),
                                     .order = GROUP_NO_COLUMN,
                                     .percentile_micro = INT64_C(90) * CORRELATION_MICRO};
        slots[i] = (struct expr){.kind = EXPR_FIELD, .slot = 1 + i};
        outputs[i] = (struct group_output){STR("n"), &slots[i]};
    }
}

static void step(uint8_t which, const struct state_op *op, struct cell *cell, int64_t watermark_ms)
{
    static const struct operator_kind_info *const kinds[] = {&operator_distinct, &operator_set,
                                                             &operator_ordered, &operator_group};
    static const struct str group[] = {STR("g")};
    static struct correlation_input inputs[3];
    static struct emissions out;
    const struct operator_kind_info *kind = kinds[which % ARRAY_LEN(kinds)];
    struct group_stats own = stats;
    bool is_apart = kind == &operator_group && which & 128;
    own.inner = is_apart ? &inner : NULL;
    struct correlation c = {.kind = kind->kind,
                            .window_ms = 1000,
                            .inputs = inputs,
                            .n_inputs = ARRAY_LEN(inputs),
                            .group = group,
                            .n_group = ARRAY_LEN(group),
                            .n_apart = is_apart,
                            .stats = &own};
    struct operator_spec spec = {
        .correlation = &c,
        .window_ms = 1000,
        .is_final = which & 4 || kind->always_final,
        .fold = {.rule_uid = STR("r"), .period_ms = 3000, .threshold = 2, .update_ms = 500}};
    struct step_clock clock = {watermark_ms};

    if (kind == &operator_distinct) {
        c.n_bounds = 1;
        c.bounds[0] = (struct bound){BOUND_GTE, 2 * CORRELATION_MICRO};
    }
    kind->steps[which / 8 % kind->n_stages](&spec, op, cell, &clock, &out);
    emissions_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cell cell;
    struct hit hit = {
        .count = 1, .value = 1, .keys = STR("\1\1\0\0\0a"), .value_text = STR("\0\4\1\0\0\0v")};

    fill_stats();
    if (!cell_target_begin(&cell, data, size))
        return 0;
    struct state_op op = {.t_ms = data[1] * 100, .payload = &hit};
    for (int i = 0; i < 4; i++) {
        step(data[0], &op, &cell, INT64_MIN);
        op.t_ms += data[2];
        hit.value = (uint64_t)(i + 1) % 3;
        hit.label = (uint32_t)hit.value;
    }
    cell_target_timer(&cell, data, step);
    cell_target_end(&cell);
    return 0;
}
