/* key.c - the tenant and the values, each behind its length, through SipHash: so that ("ab", "c")
 * and ("a", "bc") are two keys. */
#include "state/key.h"

#include "base/str.h"

#include <openssl/evp.h>
#include <stdio.h>

const struct state_secret state_secret_test = {"weir test secret"};

enum { SHA256_BYTES = 32 };

enum weir_rc state_secret_from(struct str text, struct state_secret *out)
{
    uint8_t digest[SHA256_BYTES];

    text = str_trim(text); /* an editor's newline is not part of a secret */
    if (text.n < STATE_SECRET_BYTES)
        return WEIR_BADARG;
    ASSERT(EVP_Digest(text.p, text.n, digest, NULL, EVP_sha256(), NULL) == 1);
    memcpy(out->bytes, digest, STATE_SECRET_BYTES);
    return WEIR_OK;
}

void state_secret_fingerprint(const struct state_secret *s, char out[static 17])
{
    struct siphash h;

    siphash_init(&h, s->bytes, false);
    siphash_add(&h, STR("weir: fingerprint of the state secret"));
    snprintf(out, 17, "%016llx", (unsigned long long)siphash_end64(&h));
}

static void add_value(struct siphash *h, struct str value)
{
    siphash_add_u32(h, (uint32_t)value.n);
    siphash_add(h, value);
}

struct state_key state_key_of(const struct state_secret *s, struct str tenant,
                              const struct str *values, size_t n)
{
    struct siphash begun = state_key_begin(s, tenant);

    return state_key_end(&begun, values, n);
}

struct siphash state_key_begin(const struct state_secret *s, struct str tenant)
{
    struct siphash h;

    siphash_init(&h, s->bytes, true);
    add_value(&h, tenant);
    return h;
}

struct state_key state_key_end(const struct siphash *begun, const struct str *values, size_t n)
{
    struct state_key key;

    siphash_texts128(begun, values, n, key.bytes);
    return key;
}

uint64_t state_value_of(const struct state_secret *s, const struct str *values, size_t n)
{
    struct siphash h;

    siphash_init(&h, s->bytes, false);
    for (size_t i = 0; i < n; i++)
        add_value(&h, values[i]);
    return siphash_end64(&h);
}
