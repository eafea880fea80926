/* eval.h - the formulas of one event's candidate rules.
 *
 * Works on the event's signals and, for atoms that only their values can decide, on its
 * prepared values. Answers of shared nodes and of lazy atoms are kept for the event.
 *
 * Threads  an evaluator belongs to one matcher.
 * Memory   net, blocks and lists must outlive it; signals and values are lent for one event.
 */
#ifndef WEIR_MATCH_EVAL_H
#define WEIR_MATCH_EVAL_H

#include "base/base.h"
#include "event/event.h"
#include "event/profile.h"
#include "match/list_view.h"
#include "match/net.h"
#include "match/prepare.h"

struct evaluator;

/* Looks at a value of a lazy field: raises the signals of what is found in it. */
struct evaluator_look {
    void (*fn)(void *context, struct prepared_value *v);
    void *context;
};

/* Signals of an event (signal.h). Of those that are open a look at the values of fields in `lazy`
 * tells more, or at whether there are any. */
struct evaluator_signals {
    const uint8_t *at;
    const uint64_t *lazy;
};

/* Values of an event that any eligible rule wants, with room to link those of one field. */
struct evaluator_values {
    struct prepared_value *all;
    struct value_place *places;
    uint32_t n;
};

/* blocks: where texts of values go that are made ready only now; the matcher keeps it up to date.
 */
struct evaluator *evaluator_new(const struct net *net, struct text_blocks *blocks,
                                struct evaluator_look look);
void evaluator_free(struct evaluator *e);

/* What stands on lists, from now on; NULL: nothing. Must outlive its use. */
void evaluator_use_lists(struct evaluator *e, const struct list_view *lists);

/* Turn to the next event. What few atoms ask (the event's time, its objects) is read from `event`,
 * of this profile (NULL: none). */
void evaluator_begin(struct evaluator *e, const struct event *event, const struct profile *profile,
                     struct evaluator_signals signals, struct evaluator_values values);
bool evaluator_rule(struct evaluator *e, uint32_t rule);

uint64_t evaluator_regex_limits(const struct evaluator *e);

#endif
