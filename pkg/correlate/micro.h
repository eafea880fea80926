/* micro.h - numbers of events as fixed-point millionths: sums that do not depend on the order.
 *
 * A value beyond +-MICRO_VALUE_MAX is no number here (counted by the caller), so that an int64
 * holds it; digits behind the sixth are rounded half away from zero.
 */
#ifndef WEIR_CORRELATE_MICRO_H
#define WEIR_CORRELATE_MICRO_H

#include "base/base.h"

#define MICRO_VALUE_MAX 9000000000000ll /* 9 * 10^12 */

/* A JSON number, or a text that is one. */
MUST_USE bool micro_parse(struct str text, int64_t *out);

#endif
