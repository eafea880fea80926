/* siphash.h - a keyed hash of short texts: who does not know the key cannot choose where values
 * land.
 *
 * SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) with 64 bits of
 * output as in the paper, and with the 128 bits of its authors' reference code. Own code instead
 * of libcrypto's: docs/decisions/0012.
 *
 *     struct siphash h;
 *     siphash_init(&h, key, true);
 *     siphash_add(&h, text);      any number of times
 *     siphash_end128(&h, out);    once
 */
#ifndef WEIR_BASE_SIPHASH_H
#define WEIR_BASE_SIPHASH_H

#include "base/base.h"

enum { SIPHASH_KEY_BYTES = 16 };

struct siphash {
    uint64_t v[4];
    uint64_t tail; /* bytes that do not fill a word yet */
    uint64_t n;    /* bytes so far */
};

/* is_wide: for siphash_end128, else for siphash_end64. */
void siphash_init(struct siphash *h, const uint8_t key[static SIPHASH_KEY_BYTES], bool is_wide);
void siphash_add(struct siphash *h, struct str bytes);
/* The length of what follows as four bytes: texts one behind the other stay apart. */
void siphash_add_u32(struct siphash *h, uint32_t v);
uint64_t siphash_end64(struct siphash *h);
void siphash_end128(struct siphash *h, uint8_t out[static 16]);
/* What has begun goes on with each of these texts behind its length, and ends: the same in one go,
 * with the state in registers. */
void siphash_texts128(const struct siphash *begun, const struct str *texts, size_t n,
                      uint8_t out[static 16]);

#endif
