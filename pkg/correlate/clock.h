/* clock.h - how far event time has come: watermarks of sources.
 *
 * A source is a (partition, profile) pair, since sources on one topic are late in their own ways.
 * Its watermark is the newest time it has shown less its lateness; the watermark of a set of
 * sources is the least among those that are not idle. An event is late if it is older than the
 * watermark of its own source, never of another's.
 *
 * Clamping  a time far in the future would make everything else late: clock_clamp() bounds it by
 *           what the transport says (record time + CLOCK_SKEW_MS) where there is such a time.
 * Memory    bounded by CLOCK_SOURCES_MAX; further sources share one entry.
 * Threads   belongs to one thread.
 */
#ifndef WEIR_CORRELATE_CLOCK_H
#define WEIR_CORRELATE_CLOCK_H

#include "base/base.h"
#include "event/profile.h"

enum { CLOCK_SOURCES_MAX = 65536, CLOCK_SKEW_MS = 5 * 60 * 1000, CLOCK_IDLE_MS = 10 * 1000 };

struct clock;

struct clock *clock_new(void);
void clock_free(struct clock *c);
/* What a worker publishes with its offsets and goes on from: what was late stays late. */
struct clock *clock_copy(const struct clock *c);

/* t, or transport_ms + CLOCK_SKEW_MS if that is less (transport_ms INT64_MIN: unknown). */
int64_t clock_clamp(int64_t t_ms, int64_t transport_ms, bool *is_clamped);

/* An event of the source at t_ms was read that nobody asks further about. */
void clock_advance(struct clock *c, uint32_t partition, const struct profile *profile,
                   int64_t t_ms);

/* The same for one that means something to state. profile NULL: unknown shape, lateness 5 minutes.
 * How late it is: 0 in time, else so many milliseconds older than its source's watermark before it;
 * the source's lateness beside it, since a rule may wait for longer (lag.h). */
struct clock_lateness {
    int64_t late_by_ms, source_ms;
};
struct clock_lateness clock_note(struct clock *c, uint32_t partition, const struct profile *profile,
                                 int64_t t_ms);

/* The partition is at its end: it holds nothing up until it shows an event again. */
void clock_idle(struct clock *c, uint32_t partition);

/* No event that is not late will be older. INT64_MIN before the first event. */
int64_t clock_watermark(const struct clock *c);

uint64_t clock_late(const struct clock *c); /* events that came late */

#endif
