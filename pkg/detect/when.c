/* when.c - when an event happened, as windows count it. */
#include "detect/when.h"

#include "correlate/clock.h"

struct when when_of(const struct extract_worker *w, const struct event *e, int64_t record_ms,
                    int64_t standin_ms)
{
    struct when when = {0};

    when.is_standin = !extract_time_ms(w, e, &when.t_ms);
    if (when.is_standin)
        when.t_ms = record_ms != INT64_MIN ? record_ms : standin_ms;
    when.t_ms = clock_clamp(when.t_ms, record_ms, &when.is_clamped);
    return when;
}
