/* align.h - which partitions may be read, so that event time goes on together.
 *
 * Windows are bounded by event time: while catching up, a partition that runs far ahead of another
 * would close windows that the other still has events for. So one whose time is more than max_ms
 * ahead of the slowest waits. The slowest is always read, and so is whatever nobody can be behind
 * of: one without a time yet. What an earlier owner had read before is read again without waiting:
 * its marks in the store (store_mark) do not rise before it has passed that, so that it may be what
 * the group waits for. An idle or empty partition holds nobody up (also one that was not
 * read yet whose position is its end): nothing is known to come
 * from it. The group's level-0 watermark counts as one more slow partition, owned elsewhere; where
 * one of these here may be what holds it, it says nothing. Nor does it say whether anything is left
 * to be read there, so it is waited for as long as it catches up: one that in ALIGN_PATIENCE_MS
 * goes no faster than ALIGN_FASTER times the clock is an idle partition's, or that of a source
 * which is late for good.
 *
 * Threads  pure.
 */
#ifndef WEIR_WORKER_ALIGN_H
#define WEIR_WORKER_ALIGN_H

#include "base/base.h"

struct align_part {
    int64_t time_ms; /* its prefix watermark; INT64_MIN: none yet */
    bool is_at_end;  /* nothing to be read as of now */
    bool is_again;   /* an earlier owner has read on from here */
};

/* Beyond this time partitions wait; INT64_MAX: none does. group_ms: INT64_MIN: not known.
 * *is_by_group: it is the group that holds, not one of these. */
int64_t align_limit(const struct align_part *parts, size_t n, int64_t group_ms, int64_t max_ms,
                    bool *is_by_group);

enum { ALIGN_PATIENCE_MS = 20 * 1000, ALIGN_FASTER = 2 };

/* With a group's watermark; all 0 at the beginning of an assignment. */
struct align_patience {
    int64_t since_ms, group_ms; /* where this look at it began; since_ms 0: not yet */
    bool is_over;
};

/* is_waiting: something is there that would be read without the group. False: the group holds no
 * more. */
bool align_is_patient(struct align_patience *p, bool is_waiting, int64_t group_ms, int64_t now_ms);

static inline bool align_may_read(const struct align_part *p, int64_t limit_ms)
{
    return p->is_again || p->time_ms <= limit_ms;
}

#endif
