/* rarity.h - values that a group shows seldom.
 *
 * Stage 0 has a cell per (group, value), stage 1 one per group. How often a value was shown in the
 * history H before a hit at t is, by rarity_by:
 *
 *   count   hits in [t - H, t); each time with a hit is judged
 *   days    UTC days with a hit among the H / 1 d days before t's; the first hit of a day is judged
 *   actors  actors with a hit in [t - H, t); the first hit of an actor is judged, and again after
 *           a gap of more than H
 *
 * Met if that number meets the bounds (lt or lte) and the group's first hit is at least the
 * training older. Decided at the watermark, in time order.
 *
 * All three are one thing: a list of entries (first, last, who) that is judged once the watermark
 * is behind `first`. Bounded, because what is above the largest frequency that can be met needs no
 * further evidence: the newest of RARITY_LIMIT_MAX + 1 settled entries are enough.
 *
 * What was judged is what a fact journal is made of (facts.h), for the same reason of each
 * FACT_PARTS-th of H the first limit + 1 entries of a value, and all days: what a restore knows
 * reaches back by at most such a part less. Facts go through the group, which judges.
 */
#ifndef WEIR_CORRELATE_RARITY_H
#define WEIR_CORRELATE_RARITY_H

#include "correlate/operator.h"

enum {
    RARITY_LIMIT_MAX = 100,   /* largest frequency that a rule may ask for */
    RARITY_PENDING_MAX = 1024 /* entries of a value not decided yet; further hits are lost */
};
#define RARITY_HISTORY_MS (30 * 86400000ll) /* if the rule says nothing */

/* hit.label of signals to stage 1, which have the entry's number in `actor`, its slot (facts.h) in
 * event_id, and the key of the value's cell in group_key. */
enum rarity_label {
    RARITY_SELDOM = 0,       /* number_micro: how often */
    RARITY_KEPT = 0x52410001 /* not to be judged, only a fact; number_micro: its last time, in ms */
};

cell_step rarity_value_step, rarity_group_step;

#endif
