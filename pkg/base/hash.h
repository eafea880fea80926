/* hash.h - one 64-bit hash for tables in memory (XXH3 of libxxhash).
 *
 * For table slots only: it is neither keyed nor stable across versions of the library,
 * so nothing that is stored or published may depend on it.
 */
#ifndef WEIR_BASE_HASH_H
#define WEIR_BASE_HASH_H

#include "base/base.h"

uint64_t hash_bytes(const void *p, size_t n);
static inline uint64_t hash_str(struct str s)
{
    return hash_bytes(s.p, s.n);
}

#endif
