/* now.h - what time it is.
 *
 * Wall clock for what people and other machines read, the monotonic one for spans. Neither is
 * event time, which comes from events alone.
 *
 * Threads  any.
 */
#ifndef WEIR_BASE_NOW_H
#define WEIR_BASE_NOW_H

#include <stdint.h>
#include <time.h>

static inline int64_t now_wall_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline uint64_t now_monotonic_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static inline int64_t now_monotonic_ms(void)
{
    return (int64_t)(now_monotonic_ns() / 1000000);
}

#endif
