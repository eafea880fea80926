/* ratio.h - values that only a small (or large) part of a group's actors has.
 *
 * Stage 0 has a cell per (group, value), stage 1 one per group. Both keep the last day of each
 * actor in a table (8 bytes an actor). With a hit of actor a and value v on day d (UTC), over the H
 * / 1 d days before d:
 *
 *     ratio = distinct actors with v / distinct actors of the group
 *
 * The first hit of (v, a) on a day is judged: met if the ratio meets the bounds, the group had at
 * least `minimum` actors (and one), and its first hit is at least the training older. Decided at
 * the watermark, in time order: at the first time of a day the counts of the days before are taken.
 */
#ifndef WEIR_CORRELATE_RATIO_H
#define WEIR_CORRELATE_RATIO_H

#include "correlate/operator.h"

enum {
    RATIO_PENDING_MAX = 2048 /* (actor, day) of a cell not decided yet; further ones are lost */
};
#define RATIO_HISTORY_MS (30 * 86400000ll) /* if the rule says nothing */

cell_step ratio_value_step, ratio_group_step;

#endif
