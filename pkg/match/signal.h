/* signal.h - what is known of a signal of the event that is evaluated, in one byte.
 *
 * Who asks wants to know, of several signals at once and without a branch for each, whether any is
 * other than wanted, and whether any is not known yet: one load and one AND tell both.
 *
 * Threads  the bytes belong to one matcher.
 */
#ifndef WEIR_MATCH_SIGNAL_H
#define WEIR_MATCH_SIGNAL_H

#include "base/base.h"

/* One of the first three, and whether it wakes rules when it goes up. The upper half of the byte
 * has what the lower one is between events. */
enum {
    SIGNAL_UP = 1,
    SIGNAL_OPEN = 2, /* not known: a value that was not looked at may raise it */
    SIGNAL_DOWN = 4,
    SIGNAL_WAKES = 8,
    SIGNAL_REST_SHIFT = 4,
    SIGNAL_BOTH_HALVES = 0x11
};

static inline uint8_t signal_at_rest(bool is_open, bool wakes)
{
    unsigned rest = (is_open ? SIGNAL_OPEN : SIGNAL_DOWN) | (wakes ? SIGNAL_WAKES : 0u);

    return (uint8_t)(rest * SIGNAL_BOTH_HALVES);
}

/* Up it goes. True, once an event: it wakes rules. */
static inline bool signal_raise(uint8_t *signal)
{
    uint8_t before = *signal;

    *signal = (uint8_t)((before & 0xf0) | SIGNAL_UP);
    return before & SIGNAL_WAKES;
}

static inline void signal_lower(uint8_t *signal)
{
    *signal = (uint8_t)((*signal >> SIGNAL_REST_SHIFT) * SIGNAL_BOTH_HALVES);
}

#endif
