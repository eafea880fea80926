/* json_random.h - random JSON documents and damaged ones, from a seed.
 *
 * Documents are made to meet: few distinct keys, keys with dots, escaped spellings of the
 * same key, duplicates, long keys, blanks anywhere, every kind of value and escape.
 */
#ifndef WEIR_TESTS_LIB_JSON_RANDOM_H
#define WEIR_TESTS_LIB_JSON_RANDOM_H

#include "base/buf.h"

struct rng {
    uint64_t state;
};

/* The seed: of WEIR_SEED in the environment, else of the clock; printed either way. */
struct rng rng_start(const char *test);
/* 0 .. below - 1 */
uint32_t rng_below(struct rng *r, uint32_t below);

/* An object of random members added to out. With is_tame, strings are valid UTF-8 without
 * lone surrogates or NUL, so that other libraries take them too. */
void json_random_object(struct rng *r, struct buf *out, bool is_tame);

/* Damage: change, drop, repeat or add a few bytes, or cut the end off. */
void json_random_damage(struct rng *r, struct buf *text);

#endif
