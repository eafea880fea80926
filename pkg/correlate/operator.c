/* operator.c - the table of kinds. A kind that is not there is NULL: rules that want it are refused
 * by name. */
#include "correlate/operator.h"

#include "correlate/threshold.h"

static const struct operator_kind_info *const kinds[OPERATOR_KINDS] = {
    /* how often */
    [OPERATOR_COUNT] = &operator_count,
    /* how many values */
    [OPERATOR_DISTINCT] = &operator_distinct,
    /* numbers */
    [OPERATOR_AGGREGATE] = &operator_aggregate,
    /* which rules */
    [OPERATOR_SET] = &operator_set,
    /* in which order */
    [OPERATOR_ORDERED] = &operator_ordered,
    /* new terms */
    [OPERATOR_FIRST_SEEN] = &operator_first_seen,
    /* seldom terms */
    [OPERATOR_RARITY] = &operator_rarity,
    /* how large a part */
    [OPERATOR_RATIO] = &operator_ratio,
    /* against its own baseline */
    [OPERATOR_VOLUME] = &operator_volume,
    /* how far, how fast */
    [OPERATOR_GEO_VELOCITY] = &operator_geo_velocity,
    /* what adds up */
    [OPERATOR_RISK] = &operator_risk,
    /* in which order, each once */
    [OPERATOR_SEQUENCE] = &operator_sequence,
    /* aggregates and a condition on them */
    [OPERATOR_GROUP] = &operator_group,
};

const struct operator_kind_info *operator_info(enum operator_kind kind)
{
    return (unsigned)kind < OPERATOR_KINDS ? kinds[kind] : NULL;
}

bool operator_is_final(const struct correlation *c)
{
    const struct operator_kind_info *info = operator_info(c->kind);

    return (info && info->always_final) || !threshold_is_lower(c) ||
           (c->seen && seen_has_not(c->seen));
}
