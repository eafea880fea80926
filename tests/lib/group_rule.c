/* group_rule.c - see group_rule.h. */
#include "tests/lib/group_rule.h"

#include <string.h>

#include "base/str.h"
#include "correlate/row.h"

static const struct str COLUMN = {"v", 1};

void group_rule_init(struct group_rule *r)
{
    static const enum group_kind KINDS[] = {GROUP_COUNT, GROUP_DISTINCT, GROUP_SUM, GROUP_VALUES};
    static const char *const NUMBERS[] = {"3", "2", "12"};
    static const enum expr_op OPS[] = {EXPR_GE, EXPR_GE, EXPR_LT};

    memset(r, 0, sizeof *r);
    for (size_t i = 0; i < 4; i++) {
        r->leaves[i] = (struct expr){.kind = EXPR_FIELD, .text = STR("x"), .slot = (uint32_t)i};
        r->aggregates[i] = (struct group_aggregate){
            .kind = KINDS[i], .column = i ? 0 : GROUP_NO_COLUMN, .order = GROUP_NO_COLUMN};
    }
    for (size_t i = 0; i < 3; i++) {
        r->numbers[i] = (struct expr){.kind = EXPR_NUMBER, .text = str_from(NUMBERS[i])};
        r->args[i][0] = &r->leaves[i];
        r->args[i][1] = &r->numbers[i];
        r->calls[i] =
            (struct expr){.kind = EXPR_CALL, .op = OPS[i], .args = r->args[i], .n_args = 2};
        r->args[3][i] = &r->calls[i];
    }
    r->calls[3] = (struct expr){.kind = EXPR_CALL, .op = EXPR_AND, .args = r->args[3], .n_args = 3};
    r->output = (struct group_output){STR("values"), &r->leaves[3]};
    r->stats = (struct group_stats){.columns = &COLUMN,
                                    .n_columns = 1,
                                    .aggregates = r->aggregates,
                                    .n_aggregates = 4,
                                    .having = &r->calls[3],
                                    .outputs = &r->output,
                                    .n_outputs = 1};
    r->c = (struct correlation){
        .kind = OPERATOR_GROUP, .window_ms = GROUP_RULE_WINDOW_MS, .stats = &r->stats};
    r->spec = (struct operator_spec){
        .correlation = &r->c, .is_final = true, .window_ms = GROUP_RULE_WINDOW_MS};
}

void group_rule_row(uint32_t value, struct buf *out)
{
    struct expr_value v = expr_value_whole(value);

    row_pack(&v, 1, out);
}

static bool is_met(const struct group_event *events, size_t last)
{
    uint32_t count = 0, sum = 0, distinct = 0, seen = 0;

    for (size_t i = 0; i <= last; i++) {
        if (events[i].t_ms < events[last].t_ms - GROUP_RULE_WINDOW_MS)
            continue;
        count++;
        sum += events[i].value;
        distinct += !(seen >> events[i].value & 1);
        seen |= 1U << events[i].value;
    }
    return count >= 3 && distinct >= 2 && sum < 12;
}

size_t group_rule_model(const struct group_event *events, size_t n, int64_t *met)
{
    size_t n_met = 0;

    for (size_t e = 0; e < n; e++)
        if ((e + 1 == n || events[e + 1].t_ms != events[e].t_ms) && is_met(events, e))
            met[n_met++] = events[e].t_ms;
    return n_met;
}
