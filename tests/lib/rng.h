/* rng.h - random numbers of a test, from a seed that repeats it.
 */
#ifndef WEIR_TESTS_LIB_RNG_H
#define WEIR_TESTS_LIB_RNG_H

#include "base/base.h"

struct rng {
    uint64_t state; /* at first the seed */
};

/* The seed: of WEIR_SEED in the environment, else of the clock; printed either way. */
struct rng rng_start(const char *test);
/* How many times as long the test shall run: WEIR_ROUNDS in the environment, else 1. */
unsigned rng_rounds(void);
/* 0 .. below - 1 */
uint32_t rng_below(struct rng *r, uint32_t below);

#endif
