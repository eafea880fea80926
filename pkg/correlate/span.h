/* span.h - arithmetic on event times that cannot overflow: watermarks may be INT64_MIN ("nothing
 * is known") or INT64_MAX ("the end").
 */
#ifndef WEIR_CORRELATE_SPAN_H
#define WEIR_CORRELATE_SPAN_H

#include "base/base.h"

static inline int64_t span_add(int64_t t_ms, int64_t ms)
{
    int64_t sum;

    if (__builtin_add_overflow(t_ms, ms, &sum))
        return ms < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

/* Beyond this no sum or difference of a few times overflows; the times of a calendar are far
 * inside. */
#define SPAN_TIME_MAX (INT64_C(1) << 56)

static inline int64_t span_bounded(int64_t t_ms)
{
    return t_ms > SPAN_TIME_MAX ? SPAN_TIME_MAX : t_ms < -SPAN_TIME_MAX ? -SPAN_TIME_MAX : t_ms;
}

/* t rounded down to a whole number of steps (> 0), below zero too. */
static inline int64_t span_floor(int64_t t, int64_t step)
{
    int64_t rest = t % step;

    return span_add(t - rest, rest < 0 ? -step : 0);
}

#endif
