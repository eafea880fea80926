/* log_clock.h - how far event time has come in one partition, in the order of its log.
 *
 * A source is a profile on this partition, since sources on one topic are late in their own ways.
 * Its watermark is its newest time less its lateness; an event is late if it is older than the
 * watermark that its own source had before it. The partition's prefix watermark is the least of its
 * sources'; it never falls. A source that is LOG_CLOCK_HOLD_MS of event time behind the foremost
 * one holds it no more: it has fallen silent, though the partition goes on. When it comes back its
 * watermark is at least the prefix that it finds: what is older may have been judged.
 *
 * All of it depends on the log alone, so a replay calls the same events late: the clock travels in
 * the metadata of the committed offset (log_clock_pack). Where only the prefix is known (a replay
 * from a noted place) every source begins at it: among several sources those that were ahead of it
 * call fewer events late than the first time.
 *
 * Memory   a plain value: LOG_CLOCK_SOURCES sources, further ones share the last place (counted).
 * Threads  belongs to one.
 */
#ifndef WEIR_WORKER_LOG_CLOCK_H
#define WEIR_WORKER_LOG_CLOCK_H

#include "base/base.h"
#include "base/buf.h"
#include "correlate/clock.h"
#include "event/profile.h"

struct log_clock;

enum {
    LOG_CLOCK_SOURCES = 24,
    LOG_CLOCK_HOLD_MS = 3600 * 1000,
    LOG_CLOCK_MARGIN_MS =
        5 * 1000, /* between the clocks of an owner and of who writes record times */
    LOG_CLOCK_UNKNOWN_MS = 5 * 60 * 1000, /* lateness of events of no known shape */
    LOG_CLOCK_BYTES_MAX = 10 + LOG_CLOCK_SOURCES * (4 + 10 + 5 + 10)
};

struct log_source {
    const struct profile *profile; /* NULL: no known shape, or not met in this process yet */
    bool is_met;
    uint32_t name; /* hash of the profile's name: the same in all rule sets and processes */
    int64_t newest_ms, lateness_ms;
    int64_t floor_ms; /* its watermark is at least this; INT64_MIN: none */
};

struct log_clock {
    struct log_source sources[LOG_CLOCK_SOURCES];
    uint32_t n;
    uint32_t last;     /* of the event before */
    int64_t floor_ms;  /* of sources that are new; INT64_MIN: none */
    int64_t prefix_ms; /* INT64_MIN before the first event */
    int64_t newest_ms; /* of all sources; INT64_MIN: none */
    uint64_t late, overflow;
};

/* Behind a place of which only this is known (INT64_MIN: nothing). */
void log_clock_init(struct log_clock *c, int64_t prefix_ms);

/* The event at t_ms, the next one of the log. */
struct clock_lateness log_clock_note(struct log_clock *c, const struct profile *profile,
                                     int64_t t_ms);
/* Nothing came for so long before the next event, by the record times of the log: beyond
 * CLOCK_IDLE_MS of it time goes on by as much. So an owner at the end of the partition may say no
 * more about time than the next event will say here (log_clock_idle). */
void log_clock_silence(struct log_clock *c, int64_t silence_ms);
/* The prefix that an owner may assert who has been at the end for so long; the clock stays as it
 * is. INT64_MIN: nothing is known. */
int64_t log_clock_idle(const struct log_clock *c, int64_t silence_ms);

/* What it comes to after the events noted so far: once a batch. */
int64_t log_clock_prefix(struct log_clock *c);

/* Append to out, at most LOG_CLOCK_BYTES_MAX. */
void log_clock_pack(const struct log_clock *c, struct buf *out);
/* False: damaged or empty; *c is then as log_clock_init() with this prefix. */
bool log_clock_unpack(struct log_clock *c, struct str bytes, int64_t prefix_ms);

/* Another rule set's profiles: the same sources by name. */
void log_clock_forget_profiles(struct log_clock *c);

#endif
