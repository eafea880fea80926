/* risk.h - what adds up: alerts of an entity as a score that decays.
 *
 * The score at t is the sum over the RISK_BUCKETS hours that end with t's of what was added in the
 * hour, times 2^(-hours ago / half life). A rule adds at most RISK_RULE_HOUR_MAX points in an hour,
 * so that one rule that fires all the time does not make a case. Met by an alert at t if the score
 * with all alerts up to t meets the bounds, which are lower ones; told as soon as an alert
 * completes it, whichever of them comes last.
 *
 * All integers: millionths of points, and decay as a fraction of 2^32 computed without floating
 * point, so that every machine and store agrees.
 *
 * An operation of it is an alert: hit.number_micro is its score, hit.value its rule's hash,
 * hit.value_text the rule's uid and its techniques, joined by commas. If hit.addends holds a
 * finding (record.h, passing) it comes out again, and tells in an addend "entity_risk" how far the
 * entity was from the threshold before it: see risk_points().
 */
#ifndef WEIR_CORRELATE_RISK_H
#define WEIR_CORRELATE_RISK_H

#include "correlate/operator.h"

enum {
    RISK_BUCKETS = 48,
    RISK_HOUR_MS = 3600 * 1000,
    RISK_BUCKET_MAX_MS = RISK_HOUR_MS, /* of dedup: an alert of such a one counts from its start */
    RISK_RULE_HOUR_MAX = 100,          /* points */
    RISK_RULES_MAX = 32,               /* that add within one hour; further ones do not */
    RISK_NAMES_MAX = 8,                /* contributing rules that a finding names: the last ones */
    RISK_POINTS_MAX = 20,
    /* Alerts that the watermark has not passed. With more the oldest counts as passed: what comes
     * before it then adds to its hour. */
    RISK_PENDING_MAX = 128
};
#define RISK_HALF_LIFE_MS (24 * 3600000ll) /* if the rule says nothing */

cell_step risk_step;

/* The score at t_ms in millionths, of a cell's main part: what alerts up to t_ms have added, those
 * that wait for the watermark too. 0: a cell that says nothing. */
int64_t risk_level(const struct operator_spec *spec, struct str cell, int64_t t_ms);

/* What the score at hand adds to an alert: RISK_POINTS_MAX by the share of the threshold that it
 * has reached, rounded down. 0 for rules without a lower bound. */
int32_t risk_points(const struct correlation *c, int64_t level_micro);

/* 2^(-hours / half life) as a fraction of 2^32; 0 from RISK_BUCKETS hours on. */
uint64_t risk_decay(int64_t hours, int64_t half_life_ms);

#endif
