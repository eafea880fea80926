/* expr_hash.c - digests of texts.
 *
 * By the plain functions of libcrypto with a context on the stack: those that do it in one call ask
 * EVP, which takes memory each time. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "rule/expr_impl.h"

#include "base/hex.h"
#include "base/str.h"

#include <openssl/md5.h>
#include <openssl/sha.h>

static bool md5(const void *p, size_t n, unsigned char *out)
{
    MD5_CTX c;

    return MD5_Init(&c) == 1 && MD5_Update(&c, p, n) == 1 && MD5_Final(out, &c) == 1;
}

static bool sha1(const void *p, size_t n, unsigned char *out)
{
    SHA_CTX c;

    return SHA1_Init(&c) == 1 && SHA1_Update(&c, p, n) == 1 && SHA1_Final(out, &c) == 1;
}

static bool sha224(const void *p, size_t n, unsigned char *out)
{
    SHA256_CTX c;

    return SHA224_Init(&c) == 1 && SHA224_Update(&c, p, n) == 1 && SHA224_Final(out, &c) == 1;
}

static bool sha256(const void *p, size_t n, unsigned char *out)
{
    SHA256_CTX c;

    return SHA256_Init(&c) == 1 && SHA256_Update(&c, p, n) == 1 && SHA256_Final(out, &c) == 1;
}

static bool sha384(const void *p, size_t n, unsigned char *out)
{
    SHA512_CTX c;

    return SHA384_Init(&c) == 1 && SHA384_Update(&c, p, n) == 1 && SHA384_Final(out, &c) == 1;
}

static bool sha512(const void *p, size_t n, unsigned char *out)
{
    SHA512_CTX c;

    return SHA512_Init(&c) == 1 && SHA512_Update(&c, p, n) == 1 && SHA512_Final(out, &c) == 1;
}

/* Names as Java has them, and without the hyphen. */
static const struct algorithm {
    const char *name;
    size_t size;
    bool (*sum)(const void *p, size_t n, unsigned char *out);
} ALGORITHMS[] = {
    {"md5", MD5_DIGEST_LENGTH, md5},          {"sha", SHA_DIGEST_LENGTH, sha1},
    {"sha1", SHA_DIGEST_LENGTH, sha1},        {"sha-1", SHA_DIGEST_LENGTH, sha1},
    {"sha224", SHA224_DIGEST_LENGTH, sha224}, {"sha-224", SHA224_DIGEST_LENGTH, sha224},
    {"sha256", SHA256_DIGEST_LENGTH, sha256}, {"sha-256", SHA256_DIGEST_LENGTH, sha256},
    {"sha384", SHA384_DIGEST_LENGTH, sha384}, {"sha-384", SHA384_DIGEST_LENGTH, sha384},
    {"sha512", SHA512_DIGEST_LENGTH, sha512}, {"sha-512", SHA512_DIGEST_LENGTH, sha512},
};

static const struct algorithm *algorithm_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(ALGORITHMS); i++)
        if (str_eq_ci(name, str_from(ALGORITHMS[i].name)))
            return &ALGORITHMS[i];
    return NULL;
}

bool expr_has_hash(struct str name)
{
    return algorithm_of(name) != NULL;
}

struct expr_value expr_hash_call(const struct expr_args *a, struct str s)
{
    unsigned char sum[SHA512_DIGEST_LENGTH];

    if (a->items[1].type != EXPR_VALUE_TEXT)
        return EXPR_NOTHING;
    const struct algorithm *how = algorithm_of(a->items[1].text);
    if (!how || !how->sum(s.n ? s.p : "", s.n, sum))
        return EXPR_NOTHING;
    char *out = arena_alloc(a->scope->space, HEX_SIZE(how->size));
    return expr_value_text(hex_encode((struct str){(const char *)sum, how->size}, out));
}
