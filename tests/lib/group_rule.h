/* group_rule.h - a rule about groups, and what it must tell of one from the whole list: for tests
 * of the operator and of the stores that keep its cells.
 *
 *     count >= 3 and distinct(v) >= 2 and sum(v) < 12 within a second; it shows values(v)
 */
#ifndef WEIR_TESTS_LIB_GROUP_RULE_H
#define WEIR_TESTS_LIB_GROUP_RULE_H

#include "base/buf.h"
#include "correlate/operator.h"
#include "rule/expr.h"

enum { GROUP_RULE_WINDOW_MS = 1000, GROUP_RULE_VALUES = 5 };

/* Points into itself. */
struct group_rule {
    struct expr leaves[4], numbers[3], calls[4];
    struct expr *args[4][3];
    struct group_aggregate aggregates[4];
    struct group_output output;
    struct group_stats stats;
    struct correlation c;
    struct operator_spec spec;
};

void group_rule_init(struct group_rule *r);

/* A row with this v, as a hit carries it (value_text). */
void group_rule_row(uint32_t value, struct buf *out);

struct group_event {
    int64_t t_ms;
    uint32_t value; /* below GROUP_RULE_VALUES */
};

/* The times at which the condition holds, each once; events in order of time. */
size_t group_rule_model(const struct group_event *events, size_t n, int64_t *met);

#endif
