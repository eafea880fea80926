/* due.h - when does a batch go to the lane?
 *
 * A transaction costs a broker some milliseconds of a core whatever is in it, so few of them; and
 * an alert waits for its transaction, so soon. What is worth more depends on who waits:
 *
 *   few events    all is read: nothing would come in, so it goes; but not more often than
 *                 DUE_PACE times in work.batch_time
 *   more          work.batch_time after its first record, or when it holds work.batch_events
 *   a backlog     DUE_BACKLOG times that. Its records have been in the log for more than DUE_OLD_MS
 *                 already, or say no time, and no partition has come to its end: nobody can say
 *                 that it comes at once
 *
 * Threads  pure.
 */
#ifndef WEIR_WORKER_DUE_H
#define WEIR_WORKER_DUE_H

#include "base/base.h"

/* DUE_BACKLOG: with 2,814 rules, 20 transactions a second instead of 12 cost broker, Redis and
 * worker 0.24 us an event more, at 519,000 and 579,000 events a second (`tools/bench worker`,
 * work.batch_time 20ms beside 100ms, 5 times as much in a backlog): the fewer the better. The
 * memory of a batch is the limit. */
enum { DUE_PACE = 4, DUE_BACKLOG = 8, DUE_OLD_MS = 1000 };

struct due {
    uint32_t batch_ms;   /* work.batch_time */
    int64_t age_ms;      /* since its first record was read */
    int64_t pushed_ms;   /* since the batch before went */
    int64_t waited_ms;   /* its first record's, in the log; INT64_MAX: not known */
    bool has_caught_up;  /* a partition that gave it records has been read to its end */
    bool is_all_read;    /* as of now, all have */
    bool has_to_publish; /* something in it is to be told, or changes state */
};

/* Times work.batch_events and work.batch_time. */
static inline uint32_t due_times(const struct due *d)
{
    return !d->has_caught_up && d->waited_ms > DUE_OLD_MS ? DUE_BACKLOG : 1;
}

/* Of a batch with records that could take more. */
static inline bool due_is(const struct due *d)
{
    if (d->age_ms >= (int64_t)d->batch_ms * due_times(d))
        return true;
    return d->has_to_publish && d->is_all_read && d->pushed_ms >= d->batch_ms / DUE_PACE;
}

#endif
