/* when.h - when an event happened, as windows count it: the same in a worker and in a replay.
 *
 * Its own time, at most CLOCK_SKEW_MS ahead of its record's: a clock far in the future would make
 * everything else late. Without one of its own the record's, and where records have none the
 * caller's stand-in.
 */
#ifndef WEIR_DETECT_WHEN_H
#define WEIR_DETECT_WHEN_H

#include "base/base.h"
#include "event/extract.h"

struct when {
    int64_t t_ms;
    bool is_standin, is_clamped;
};

/* record_ms INT64_MIN: the transport tells no time. */
struct when when_of(const struct extract_worker *w, const struct event *e, int64_t record_ms,
                    int64_t standin_ms);

#endif
