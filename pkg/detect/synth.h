/* synth.h - events made from a rule's own words: to reach the branches that real telemetry
 * never shows. For verify.h, and for tests.
 *
 * For one rule an event is built that its formula should like (one branch of each OR, texts
 * put together from the atoms of each field, or several as the members of a list), then changed at
 * random: letters flip case, characters go or come, a value becomes an array, a number or null, a
 * key appears twice. Whether it still matches does not matter: the engines must agree about it.
 */
#ifndef WEIR_DETECT_SYNTH_H
#define WEIR_DETECT_SYNTH_H

#include "base/buf.h"
#include "rule/rule.h"

struct synth {
    uint64_t state; /* of the generator: the seed is its first value */
};

/* Uniform in [0, n). */
uint32_t synth_below(struct synth *s, uint32_t n);

/* Append one JSON object (no newline). mutations: how many random changes; with any of them a value
 * may also become an array, an object or null. */
void synth_event(struct synth *s, const struct rule *rule, unsigned mutations, struct buf *out);

#endif
