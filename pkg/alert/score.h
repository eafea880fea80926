/* score.h - how bad, as numbers: severity, base score, risk level.
 *
 * Base scores go by the rule's level (10, 21, 47, 73, 99: rule_level_score());
 * a rule without a level counts as medium, with severity Unknown. The risk level of a score is the
 * highest level whose base score it reaches, so that a rule's score alone gives the rule's level
 * and addends can lift it. Addends come with the finding (state/finding.h), each with its name and
 * why; the total stays within 0 to 100.
 */
#ifndef WEIR_ALERT_SCORE_H
#define WEIR_ALERT_SCORE_H

#include "base/base.h"
#include "rule/rule.h"
#include "state/finding.h"

struct score {
    int base, total; /* 0 to 100 */
};

struct severity {
    int id; /* OCSF severity_id */
    const char *name;
};

/* The rule's level, or that of the finding if it has become worse. */
struct score score_of(const struct rule *rule, const struct finding *f);
struct severity score_severity(const struct rule *rule, const struct finding *f);
/* OCSF risk_level_id and its caption. */
struct severity score_risk_level(int score);

#endif
