/* uid.c - see uid.h.
 *
 * All hashing is fed part by part into one context: no copy of the parts. The contexts are those
 * of libcrypto's plain functions: the same kernels as behind EVP, without its provider's way in
 * and out, which costs more than hashing the hundred bytes of a name.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "state/uid.h"

#include "base/str.h"

#include <emmintrin.h> /* SSE2 is part of x86-64, so there is no choice of kernels here */
#include <openssl/sha.h>
#include <stdlib.h>

struct contexts {
    SHA_CTX sha1;
    SHA256_CTX sha256;
};
_Static_assert(sizeof(struct contexts) <= sizeof(struct digest), "uid.h gives them enough room");

static struct contexts *contexts(struct digest *d)
{
    return (struct contexts *)(void *)d->room;
}

const struct uid uid_namespace = {{0xf0, 0x8b, 0xb7, 0xfd, 0x8e, 0x43, 0x5d, 0xe3, 0xbd, 0x47, 0x0f,
                                   0xf5, 0xaf, 0xb8, 0xb7, 0xc6}};

struct digest *digest_new(void)
{
    struct digest *d = calloc(1, sizeof(*d));

    ASSERT(d);
    return d;
}

void digest_free(struct digest *d)
{
    free(d);
}

static void sha1_begin(struct digest *d)
{
    int ok = SHA1_Init(&contexts(d)->sha1);

    ASSERT(ok == 1);
}

static void sha1_add(struct digest *d, const void *p, size_t n)
{
    int ok = n == 0 ? 1 : SHA1_Update(&contexts(d)->sha1, p, n);

    ASSERT(ok == 1);
}

static void sha256_begin(struct digest *d)
{
    int ok = SHA256_Init(&contexts(d)->sha256);

    ASSERT(ok == 1);
}

static void sha256_add(struct digest *d, const void *p, size_t n)
{
    int ok = n == 0 ? 1 : SHA256_Update(&contexts(d)->sha256, p, n);

    ASSERT(ok == 1);
}

static void sha256_end(struct digest *d, uint8_t out[static SHA256_DIGEST_LENGTH])
{
    int ok = SHA256_Final(out, &contexts(d)->sha256);

    ASSERT(ok == 1);
}

enum { LENGTH_BYTES = 4 };

static void put_length(uint8_t out[static LENGTH_BYTES], struct str part)
{
    uint32_t length = (uint32_t)part.n;

    ASSERT(part.n <= UINT32_MAX);
    for (int i = 0; i < LENGTH_BYTES; i++)
        out[i] = (uint8_t)(length >> (24 - 8 * i));
}

/* Mostly all of it is short enough to be hashed in one go: a call costs as much as some 50 bytes.
 */
static void add_parts(struct digest *d, const struct str *parts, size_t n,
                      void (*add)(struct digest *, const void *, size_t))
{
    uint8_t room[256];
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        if (at + LENGTH_BYTES + parts[i].n > sizeof(room)) {
            add(d, room, at);
            at = 0;
        }
        put_length(room + at, parts[i]);
        at += LENGTH_BYTES;
        if (at + parts[i].n > sizeof(room)) {
            add(d, room, at);
            add(d, parts[i].p, parts[i].n);
            at = 0;
        } else if (parts[i].n > 0) {
            memcpy(room + at, parts[i].p, parts[i].n);
            at += parts[i].n;
        }
    }
    add(d, room, at);
}

enum { HEX_BYTES = 16 };

/* Two lower-case digits for each of 16 bytes. */
static void put_hex(char out[static 2 * HEX_BYTES], const uint8_t bytes[static HEX_BYTES])
{
    const __m128i four_bits = _mm_set1_epi8(15), nine = _mm_set1_epi8(9);
    __m128i both = _mm_loadu_si128((const __m128i *)(const void *)bytes);
    __m128i high = _mm_and_si128(_mm_srli_epi16(both, 4), four_bits);
    __m128i low = _mm_and_si128(both, four_bits);
    __m128i digits[] = {_mm_unpacklo_epi8(high, low), _mm_unpackhi_epi8(high, low)};

    for (size_t i = 0; i < ARRAY_LEN(digits); i++) {
        __m128i is_letter = _mm_cmpgt_epi8(digits[i], nine);
        __m128i first = _mm_or_si128(_mm_and_si128(is_letter, _mm_set1_epi8('a' - 10)),
                                     _mm_andnot_si128(is_letter, _mm_set1_epi8('0')));
        _mm_storeu_si128((__m128i *)(void *)(out + i * HEX_BYTES), _mm_add_epi8(digits[i], first));
    }
}

void digest_sha256_hex(struct digest *d, struct str s, char out[static DIGEST_TEXT])
{
    uint8_t sum[SHA256_DIGEST_LENGTH];

    sha256_begin(d);
    sha256_add(d, s.p, s.n);
    sha256_end(d, sum);
    put_hex(out, sum);
    put_hex(out + 2 * HEX_BYTES, sum + HEX_BYTES);
    out[DIGEST_TEXT - 1] = '\0';
}

/* Version and variant over the first 16 bytes of the SHA-1: RFC 4122 section 4.3. */
static struct uid uid_end(struct digest *d)
{
    uint8_t sum[SHA_DIGEST_LENGTH];
    struct uid uid;
    int ok = SHA1_Final(sum, &contexts(d)->sha1);

    ASSERT(ok == 1);
    memcpy(uid.bytes, sum, sizeof(uid.bytes));
    uid.bytes[6] = (uint8_t)((uid.bytes[6] & 0x0f) | 0x50);
    uid.bytes[8] = (uint8_t)((uid.bytes[8] & 0x3f) | 0x80);
    return uid;
}

struct uid uid_v5(struct digest *d, struct uid space, struct str name)
{
    sha1_begin(d);
    sha1_add(d, space.bytes, sizeof(space.bytes));
    sha1_add(d, name.p, name.n);
    return uid_end(d);
}

struct uid uid_of_parts(struct digest *d, const struct str *parts, size_t n)
{
    sha1_begin(d);
    sha1_add(d, uid_namespace.bytes, sizeof(uid_namespace.bytes));
    add_parts(d, parts, n, sha1_add);
    return uid_end(d);
}

void uid_format(struct uid uid, char out[static UID_TEXT])
{
    char hex[2 * HEX_BYTES];

    put_hex(hex, uid.bytes);
    memcpy(out, hex, 8);
    memcpy(out + 9, hex + 8, 4);
    memcpy(out + 14, hex + 12, 4);
    memcpy(out + 19, hex + 16, 4);
    memcpy(out + 24, hex + 20, 12);
    out[8] = out[13] = out[18] = out[23] = '-';
    out[UID_TEXT - 1] = '\0';
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool uid_parse(struct str text, struct uid *out)
{
    size_t at = 0;

    if (text.n != UID_TEXT - 1)
        return false;
    for (size_t i = 0; i < sizeof(out->bytes); i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && text.p[at++] != '-')
            return false;
        int high = hex_value(text.p[at++]), low = hex_value(text.p[at++]);
        if (high < 0 || low < 0)
            return false;
        out->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Beyond this no sum below can overflow; the times of a calendar are far inside. */
static int64_t bounded_time(int64_t t_ms)
{
    const int64_t limit = INT64_MAX / 4;

    if (t_ms > limit)
        return limit;
    return t_ms < -limit ? -limit : t_ms;
}

int64_t uid_bucket_phase(struct digest *d, const struct str *parts, size_t n, int64_t period_ms)
{
    uint8_t sum[SHA256_DIGEST_LENGTH];
    uint64_t hash = 0;

    ASSERT(period_ms > 0 && period_ms < INT64_MAX / 4);
    sha256_begin(d);
    add_parts(d, parts, n, sha256_add);
    sha256_end(d, sum);
    for (int i = 0; i < 8; i++)
        hash = hash << 8 | sum[i];
    return (int64_t)(hash % (uint64_t)period_ms);
}

int64_t uid_bucket_at(int64_t phase_ms, int64_t t_ms, int64_t period_ms)
{
    int64_t t = bounded_time(t_ms) + phase_ms;
    int64_t into = t % period_ms; /* C rounds towards zero, a floor is wanted */

    if (into < 0)
        into += period_ms;
    return t - into - phase_ms;
}

int64_t uid_bucket_start(struct digest *d, const struct str *parts, size_t n, int64_t t_ms,
                         int64_t period_ms)
{
    return uid_bucket_at(uid_bucket_phase(d, parts, n, period_ms), t_ms, period_ms);
}
