/* score.c - see score.h. */
#include "alert/score.h"

/* A rule without a level tells one only when its finding got one from elsewhere: a correlation's
 * from the rules that it listens to. */
static bool level_of(const struct rule *rule, const struct finding *f, enum rule_level *out)
{
    enum rule_level told = f->level > LEVEL_CRITICAL ? LEVEL_CRITICAL : (enum rule_level)f->level;

    if ((!rule->has_level && rule->correlation) || rule->by_value.n_levels) {
        *out = told;
        return true;
    }
    *out = told > rule->level ? told : rule->level;
    return rule->has_level || told > rule->level;
}

struct score score_of(const struct rule *rule, const struct finding *f)
{
    enum rule_level level;
    bool has_level = level_of(rule, f, &level);
    struct score score = {
        .base = rule->has_score ? rule->score : rule_level_score(has_level ? level : LEVEL_MEDIUM)};
    int64_t total = score.base;

    for (uint32_t i = 0; i < f->n_addends; i++)
        total += f->addends[i].value;
    score.total = total < 0 ? 0 : total > 100 ? 100 : (int)total;
    return score;
}

struct severity score_severity(const struct rule *rule, const struct finding *f)
{
    static const struct severity by_level[] = {[LEVEL_INFORMATIONAL] = {1, "Informational"},
                                               [LEVEL_LOW] = {2, "Low"},
                                               [LEVEL_MEDIUM] = {3, "Medium"},
                                               [LEVEL_HIGH] = {4, "High"},
                                               [LEVEL_CRITICAL] = {5, "Critical"}};
    enum rule_level level;

    if (!level_of(rule, f, &level))
        return (struct severity){0, "Unknown"};
    return by_level[level];
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
