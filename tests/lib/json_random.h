/* json_random.h - random JSON documents and damaged ones, from a seed.
 *
 * Documents are made to meet: few distinct keys, keys with dots, escaped spellings of the
 * same key, duplicates, long keys, blanks anywhere, every kind of value and escape.
 */
#ifndef WEIR_TESTS_LIB_JSON_RANDOM_H
#define WEIR_TESTS_LIB_JSON_RANDOM_H

#include "base/buf.h"
#include "tests/lib/rng.h"

/* An object of random members added to out. With is_tame, strings are valid UTF-8 without
 * lone surrogates or NUL, so that other libraries take them too. */
void json_random_object(struct rng *r, struct buf *out, bool is_tame);

/* Damage: change, drop, repeat or add a few bytes, or cut the end off. */
void json_random_damage(struct rng *r, struct buf *text);

#endif
