/* uid.c - see uid.h.
 *
 * All hashing is fed part by part into one context that is set up anew each time with a
 * hash function fetched at digest_new(): no copy of the parts, no look-up per alert.
 */
#include "alert/uid.h"

#include "base/str.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct digest {
    EVP_MD *sha1, *sha256;
    EVP_MD_CTX *context;
};

const struct uid uid_namespace = {{0xf0, 0x8b, 0xb7, 0xfd, 0x8e, 0x43, 0x5d, 0xe3, 0xbd, 0x47, 0x0f,
                                   0xf5, 0xaf, 0xb8, 0xb7, 0xc6}};

struct digest *digest_new(void)
{
    struct digest *d = calloc(1, sizeof(*d));

    ASSERT(d);
    d->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    d->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    d->context = EVP_MD_CTX_new();
    ASSERT(d->sha1 && d->sha256 && d->context);
    return d;
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->context);
    EVP_MD_free(d->sha256);
    EVP_MD_free(d->sha1);
    free(d);
}

static void digest_begin(struct digest *d, const EVP_MD *kind)
{
    int ok = EVP_DigestInit_ex2(d->context, kind, NULL);

    ASSERT(ok == 1);
}

static void digest_add(struct digest *d, const void *p, size_t n)
{
    int ok = n == 0 ? 1 : EVP_DigestUpdate(d->context, p, n);

    ASSERT(ok == 1);
}

static void digest_add_parts(struct digest *d, const struct str *parts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t length = (uint32_t)parts[i].n;
        uint8_t prefix[4] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16),
                             (uint8_t)(length >> 8), (uint8_t)length};

        ASSERT(parts[i].n <= UINT32_MAX);
        digest_add(d, prefix, sizeof(prefix));
        digest_add(d, parts[i].p, parts[i].n);
    }
}

static void digest_end(struct digest *d, uint8_t out[static EVP_MAX_MD_SIZE])
{
    unsigned n = 0;
    int ok = EVP_DigestFinal_ex(d->context, out, &n);

    ASSERT(ok == 1 && n <= EVP_MAX_MD_SIZE);
}

void digest_sha256_hex(struct digest *d, struct str s, char out[static DIGEST_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t sum[EVP_MAX_MD_SIZE];

    digest_begin(d, d->sha256);
    digest_add(d, s.p, s.n);
    digest_end(d, sum);
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        out[2 * i] = hex[sum[i] >> 4];
        out[2 * i + 1] = hex[sum[i] & 15];
    }
    out[DIGEST_TEXT - 1] = '\0';
}

/* Version and variant over the first 16 bytes of the SHA-1: RFC 4122 section 4.3. */
static struct uid uid_end(struct digest *d)
{
    uint8_t sum[EVP_MAX_MD_SIZE];
    struct uid uid;

    digest_end(d, sum);
    memcpy(uid.bytes, sum, sizeof(uid.bytes));
    uid.bytes[6] = (uint8_t)((uid.bytes[6] & 0x0f) | 0x50);
    uid.bytes[8] = (uint8_t)((uid.bytes[8] & 0x3f) | 0x80);
    return uid;
}

struct uid uid_v5(struct digest *d, struct uid space, struct str name)
{
    digest_begin(d, d->sha1);
    digest_add(d, space.bytes, sizeof(space.bytes));
    digest_add(d, name.p, name.n);
    return uid_end(d);
}

struct uid uid_of_parts(struct digest *d, const struct str *parts, size_t n)
{
    digest_begin(d, d->sha1);
    digest_add(d, uid_namespace.bytes, sizeof(uid_namespace.bytes));
    digest_add_parts(d, parts, n);
    return uid_end(d);
}

void uid_format(struct uid uid, char out[static UID_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;

    for (size_t i = 0; i < sizeof(uid.bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = hex[uid.bytes[i] >> 4];
        out[at++] = hex[uid.bytes[i] & 15];
    }
    out[at] = '\0';
}

/* Beyond this no sum below can overflow; the times of a calendar are far inside. */
static int64_t bounded_time(int64_t t_ms)
{
    const int64_t limit = INT64_MAX / 4;

    if (t_ms > limit)
        return limit;
    return t_ms < -limit ? -limit : t_ms;
}

int64_t uid_bucket_start(struct digest *d, const struct str *parts, size_t n, int64_t t_ms,
                         int64_t period_ms)
{
    uint8_t sum[EVP_MAX_MD_SIZE];
    uint64_t hash = 0;

    ASSERT(period_ms > 0 && period_ms < INT64_MAX / 4);
    digest_begin(d, d->sha256);
    digest_add_parts(d, parts, n);
    digest_end(d, sum);
    for (int i = 0; i < 8; i++)
        hash = hash << 8 | sum[i];

    int64_t phase = (int64_t)(hash % (uint64_t)period_ms);
    int64_t t = bounded_time(t_ms) + phase;
    int64_t into = t % period_ms; /* C rounds towards zero, a floor is wanted */
    if (into < 0)
        into += period_ms;
    return t - into - phase;
}
