/* setting.h - the numbers of a correlation that a parameter of a rule may be another name for
 * (rule_parameter.sets): which there are, which correlations have one, where it stands.
 *
 * Units    SPAN milliseconds, DISTANCE metres, SPEED metres an hour, POSITIVE and THRESHOLD
 *          millionths. 0, but for a threshold, is the kind's default.
 * Threads  all of this is constant.
 */
#ifndef WEIR_RULE_SETTING_H
#define WEIR_RULE_SETTING_H

#include "base/base.h"
#include "base/buf.h"
#include "rule/correlation.h"

enum setting_unit {
    SETTING_SPAN,
    SETTING_DISTANCE,
    SETTING_SPEED,
    SETTING_POSITIVE,
    SETTING_THRESHOLD /* of a sole bound: what it compares with */
};

struct setting {
    struct str name;
    bool (*fits)(const struct correlation *c);
    enum setting_unit unit;
    size_t offset; /* of its int64_t in struct correlation */
};

/* NULL if there is none of this name. */
const struct setting *setting_find(struct str name);
/* All of them. */
size_t setting_count(void);
const struct setting *setting_at(size_t i);

void setting_put(const struct setting *s, struct correlation *c, int64_t value);
/* Append what it stands at: "1h", "0.02", "800 km/h". */
void setting_show(struct buf *out, const struct setting *s, const struct correlation *c);

#endif
