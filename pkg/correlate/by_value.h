/* by_value.h - the level and the score that values say, in place of those that the rule has
 * (struct rule_by_value).
 *
 * Whose values these are is the caller's: of a rule about single events they are its event's; of
 * one about several events rule.h says which.
 *
 * Threads  pure functions.
 * Memory   texts are slices of what was asked; by_value_added() writes to the arena given.
 */
#ifndef WEIR_CORRELATE_BY_VALUE_H
#define WEIR_CORRELATE_BY_VALUE_H

#include "base/arena.h"
#include "base/base.h"
#include "correlate/hit.h"
#include "rule/rule.h"
#include "state/finding.h"

/* Case i of rule.by_value.levels, or of its scores: its field is asked for. */
struct by_value_case {
    bool is_score;
    size_t i;
    struct str field;
};

struct by_value {
    const struct rule *rule;
    /* The field's values, at most max; 0: there is none. */
    size_t (*values)(void *context, const struct by_value_case *c, struct str *out, size_t max);
    void *context;
};

/* `otherwise`: where no case holds. */
enum rule_level by_value_level(const struct by_value *v, enum rule_level otherwise);
/* 0 or 1: what is to be added to the rule's own score so that it is that of the last case that
 * holds. */
size_t by_value_score(const struct by_value *v, struct finding_addend *out);

/* ---- of what several events made ------------------------------------------------------------ */

/* The value that all events which the hit cites have in that field; false: they differ, or one does
 * not tell. */
bool by_value_shared(const struct hit *hit, struct str field, struct str *out);

/* The first value of a column that the finding's detail tells (state/columns.h). */
bool by_value_column(struct str detail, struct str name, struct str *out);

/* Addends as a hit carries them with one more. */
struct str by_value_added(struct arena *a, struct str addends, const struct finding_addend *more);

#endif
