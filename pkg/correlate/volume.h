/* volume.h - much more than a group's own baseline.
 *
 * Time is cut into windows of length W (whole multiples of W since 1970). A window's value is its
 * events, or the sum of condition.field. Its baseline is the mean of the windows before it, as many
 * as fit into the baseline period, those without events counting as 0, but none before the group's
 * first. Met at a window's last millisecond if value >= factor x baseline and value >= minimum.
 */
#ifndef WEIR_CORRELATE_VOLUME_H
#define WEIR_CORRELATE_VOLUME_H

#include "correlate/operator.h"

enum {
    VOLUME_WINDOWS_MAX = 1024, /* that a baseline has at most */
    VOLUME_PENDING_MAX = 512   /* windows not decided yet, besides */
};
#define VOLUME_BASELINE_MS (7 * 86400000ll) /* if the rule says nothing */

cell_step volume_step;

#endif
