/* correlation.c - names of the stateful operators, and what their conditions say. */
#include "rule/correlation.h"

const char *correlation_type_name(const struct correlation *c)
{
    static const char *const AGGREGATES[] = {[AGGREGATE_SUM] = "value_sum",
                                             [AGGREGATE_AVG] = "value_avg",
                                             [AGGREGATE_MIN] = "value_min",
                                             [AGGREGATE_MAX] = "value_max",
                                             [AGGREGATE_PERCENTILE] = "value_percentile"};
    static const char *const KINDS[] = {[OPERATOR_COUNT] = "event_count",
                                        [OPERATOR_DISTINCT] = "value_count",
                                        [OPERATOR_AGGREGATE] = "value",
                                        [OPERATOR_SET] = "temporal",
                                        [OPERATOR_ORDERED] = "temporal_ordered",
                                        [OPERATOR_FIRST_SEEN] = "first_seen",
                                        [OPERATOR_RARITY] = "rarity",
                                        [OPERATOR_RATIO] = "ratio",
                                        [OPERATOR_VOLUME] = "volume",
                                        [OPERATOR_GEO_VELOCITY] = "geo_velocity",
                                        [OPERATOR_RISK] = "risk",
                                        [OPERATOR_SEQUENCE] = "sequence",
                                        [OPERATOR_GROUP] = "group"};

    return c->kind == OPERATOR_AGGREGATE ? AGGREGATES[c->aggregate] : KINDS[c->kind];
}

bool bound_holds(const struct bound *b, int64_t micro)
{
    switch (b->op) {
    case BOUND_GT:
        return micro > b->micro;
    case BOUND_GTE:
        return micro >= b->micro;
    case BOUND_LT:
        return micro < b->micro;
    case BOUND_LTE:
        return micro <= b->micro;
    case BOUND_EQ:
        return micro == b->micro;
    case BOUND_NEQ:
        break;
    }
    return micro != b->micro;
}

bool seen_has_not(const struct seen_expr *e)
{
    if (e->kind == FORMULA_NOT)
        return true;
    for (size_t i = 0; i < e->n_children; i++)
        if (seen_has_not(e->children[i]))
            return true;
    return false;
}
