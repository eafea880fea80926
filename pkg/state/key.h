/* key.h - names of keys: a keyed hash instead of values in clear.
 *
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012) under the deployment's
 * secret: nobody who can choose values can choose where they land, and a store holds no user
 * names. The tenant and the values of the group or dedup key go in, each with its length.
 */
#ifndef WEIR_STATE_KEY_H
#define WEIR_STATE_KEY_H

#include "base/siphash.h"

enum { STATE_SECRET_BYTES = 16, STATE_KEY_BYTES = 16 };

struct state_secret {
    uint8_t bytes[STATE_SECRET_BYTES];
};

struct state_key {
    uint8_t bytes[STATE_KEY_BYTES];
};

/* The key of a replay without a secret: fixed, named in the documents, worthless. */
extern const struct state_secret state_secret_test;

/* From the text of a secret file: at least 16 bytes of it, hashed; WEIR_BADARG if shorter. */
MUST_USE enum weir_rc state_secret_from(struct str text, struct state_secret *out);
/* Tells two secrets apart without showing either: 16 hex digits. */
void state_secret_fingerprint(const struct state_secret *s, char out[static 17]);

struct state_key state_key_of(const struct state_secret *s, struct str tenant,
                              const struct str *values, size_t n);
/* The same in two steps, for many keys of one tenant: what is the same in all of them, then one. */
struct siphash state_key_begin(const struct state_secret *s, struct str tenant);
struct state_key state_key_end(const struct siphash *begun, const struct str *values, size_t n);
/* 64 bits of the same, for values inside a cell (distinct values, terms). */
uint64_t state_value_of(const struct state_secret *s, const struct str *values, size_t n);

static inline uint32_t state_key_shard(const struct state_key *k)
{
    return k->bytes[0] & 63;
}

#endif
