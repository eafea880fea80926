/* align.c - which partitions may be read. */
#include "worker/align.h"

static int64_t plus(int64_t a, int64_t b)
{
    int64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

int64_t align_limit(const struct align_part *parts, size_t n, int64_t group_ms, int64_t max_ms,
                    bool *is_by_group)
{
    int64_t slowest = INT64_MAX, least = INT64_MAX;

    for (size_t i = 0; i < n; i++) {
        if (parts[i].time_ms < least)
            least = parts[i].time_ms;
        if (!parts[i].is_at_end && parts[i].time_ms != INT64_MIN && parts[i].time_ms < slowest)
            slowest = parts[i].time_ms;
    }
    *is_by_group = group_ms != INT64_MIN && group_ms < least && slowest != INT64_MAX;
    if (*is_by_group)
        slowest = group_ms;
    return slowest == INT64_MAX ? INT64_MAX : plus(slowest, max_ms);
}

static void look(struct align_patience *p, int64_t group_ms, int64_t now_ms)
{
    p->since_ms = now_ms;
    p->group_ms = group_ms;
}

bool align_is_patient(struct align_patience *p, bool is_waiting, int64_t group_ms, int64_t now_ms)
{
    int64_t took_ms = now_ms - p->since_ms;

    if (!is_waiting || p->since_ms == 0) {
        p->is_over = false;
        look(p, group_ms, now_ms);
    } else if (took_ms >= ALIGN_PATIENCE_MS) {
        p->is_over = group_ms - p->group_ms <= took_ms * ALIGN_FASTER;
        look(p, group_ms, now_ms);
    }
    return !p->is_over;
}
