/* final.h - what operators that decide at the watermark have in common: bounds, and telling that
 * the condition was met at a time when the event is long gone.
 *
 * A time t is decided by the first timer whose watermark is above t: so such an operator asks to
 * be called at t + 1, and what it tells is never older than the watermark that was known before.
 */
#ifndef WEIR_CORRELATE_FINAL_H
#define WEIR_CORRELATE_FINAL_H

#include "correlate/record.h"
#include "rule/correlation.h"
#include "state/store.h"

enum { FINAL_TEXT_MAX = 128 }; /* of a value in clear that a cell keeps */

/* A time that a cell may hold: sums and differences of two of them do not overflow. Anything else
 * in a cell was written by somebody else. */
static inline bool final_is_time(int64_t t_ms)
{
    return t_ms > -((int64_t)1 << 61) && t_ms < (int64_t)1 << 61;
}

/* All bounds of the correlation hold; true if there are none. */
bool final_bounds_hold(const struct correlation *c, int64_t micro);

/* The capsule of the event at t_ms if the cell has it, else the last one, else empty. A slice of
 * the side part. */
struct str final_capsule(const struct cell *cell, int64_t t_ms);

void final_signal(struct emissions *out, const struct signal *s);

/* The condition was met. key, keys: the group's. */
struct final_met {
    const struct state_key *key;
    struct str keys;
    int64_t t_ms;
    uint64_t value;
    struct str value_text, detail;
    int64_t measured_micro;
    bool has_measured;
    struct str capsule; /* of its event; empty: what the cell has */
};
void final_tell(struct emissions *out, const struct cell *cell, const struct final_met *m);

/* Nothing waits any more: the side part goes. */
void final_forget_capsules(struct cell *cell);
/* The main part gets n bytes, fewer than now: no store may refuse that. */
void final_shrink(struct cell *cell, uint32_t n);

#endif
