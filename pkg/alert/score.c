/* score.c - see score.h. */
#include "alert/score.h"

struct score score_of(const struct rule *rule)
{
    int base = rule_level_score(rule->has_level ? rule->level : LEVEL_MEDIUM);

    return (struct score){.base = base, .total = base};
}

struct severity score_severity(const struct rule *rule)
{
    static const struct severity by_level[] = {[LEVEL_INFORMATIONAL] = {1, "Informational"},
                                               [LEVEL_LOW] = {2, "Low"},
                                               [LEVEL_MEDIUM] = {3, "Medium"},
                                               [LEVEL_HIGH] = {4, "High"},
                                               [LEVEL_CRITICAL] = {5, "Critical"}};

    if (!rule->has_level)
        return (struct severity){0, "Unknown"};
    ASSERT((size_t)rule->level < ARRAY_LEN(by_level));
    return by_level[rule->level];
}

struct severity score_risk_level(int score)
{
    static const struct severity levels[] = {
        {0, "Info"}, {1, "Low"}, {2, "Medium"}, {3, "High"}, {4, "Critical"}};
    int level = LEVEL_CRITICAL;

    while (level > LEVEL_INFORMATIONAL && score < rule_level_score((enum rule_level)level))
        level--;
    return levels[level];
}
