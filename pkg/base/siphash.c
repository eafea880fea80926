/* siphash.c - add, rotate, xor: two rounds a word, four at the end. Words are little-endian, as
 * this program's machines are. */
#include "base/siphash.h"

#include "base/load.h"

#include <string.h>

static inline uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static inline void sip_round(uint64_t v[static 4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static inline void take_word(uint64_t v[static 4], uint64_t m)
{
    v[3] ^= m;
    sip_round(v);
    sip_round(v);
    v[0] ^= m;
}

void siphash_init(struct siphash *h, const uint8_t key[static SIPHASH_KEY_BYTES], bool is_wide)
{
    uint64_t k0 = load64(key), k1 = load64(key + 8);

    *h = (struct siphash){.v = {0x736f6d6570736575U ^ k0, 0x646f72616e646f6dU ^ k1,
                                0x6c7967656e657261U ^ k0, 0x7465646279746573U ^ k1}};
    if (is_wide)
        h->v[1] ^= 0xee;
}

/* Up to seven bytes as the low bytes of a word: two loads that overlap. */
static inline uint64_t load_few(const char *p, size_t n)
{
    uint32_t low, high;

    if (n >= 4) {
        memcpy(&low, p, 4);
        memcpy(&high, p + n - 4, 4);
        return low | (uint64_t)high << (8 * (n - 4));
    }
    if (n == 0)
        return 0;
    const unsigned char *u = (const unsigned char *)p;
    return u[0] | (uint64_t)u[n / 2] << (8 * (n / 2)) | (uint64_t)u[n - 1] << (8 * (n - 1));
}

static inline __attribute__((always_inline)) void add(struct siphash *h, struct str bytes)
{
    uint64_t v[4] = {h->v[0], h->v[1], h->v[2], h->v[3]}, tail = h->tail;
    unsigned have = (unsigned)(h->n & 7);
    const char *p = bytes.p, *end = bytes.p + bytes.n;

    h->n += bytes.n;
    for (; end - p >= 8; p += 8) {
        uint64_t x = load64(p);
        take_word(v, have ? tail | x << (8 * have) : x);
        tail = have ? x >> (64 - 8 * have) : 0;
    }
    size_t left = (size_t)(end - p);
    uint64_t x = load_few(p, left);
    if (have + left < 8) {
        tail |= have ? x << (8 * have) : x;
    } else { /* have is 1 at least */
        take_word(v, tail | x << (8 * have));
        tail = x >> (64 - 8 * have);
    }
    memcpy(h->v, v, sizeof v);
    h->tail = tail;
}

static inline void add_u32(struct siphash *h, uint32_t v)
{
    unsigned have = (unsigned)(h->n & 7);
    uint64_t x = v;

    h->n += sizeof v;
    if (have < sizeof v) {
        h->tail |= x << (8 * have);
        return;
    }
    take_word(h->v, h->tail | x << (8 * have));
    h->tail = x >> (64 - 8 * have);
}

void siphash_add(struct siphash *h, struct str bytes)
{
    add(h, bytes);
}

void siphash_add_u32(struct siphash *h, uint32_t v)
{
    add_u32(h, v);
}

static inline uint64_t mix(struct siphash *h, uint64_t marker)
{
    h->v[2] ^= marker;
    for (int i = 0; i < 4; i++)
        sip_round(h->v);
    return h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3];
}

uint64_t siphash_end64(struct siphash *h)
{
    take_word(h->v, h->tail | h->n << 56);
    return mix(h, 0xff);
}

static inline void end128(struct siphash *h, uint8_t out[static 16])
{
    take_word(h->v, h->tail | h->n << 56);
    uint64_t low = mix(h, 0xee);
    h->v[1] ^= 0xdd;
    uint64_t high = mix(h, 0);
    memcpy(out, &low, 8);
    memcpy(out + 8, &high, 8);
}

void siphash_end128(struct siphash *h, uint8_t out[static 16])
{
    end128(h, out);
}

void siphash_texts128(const struct siphash *begun, const struct str *texts, size_t n,
                      uint8_t out[static 16])
{
    struct siphash h = *begun;

    for (size_t i = 0; i < n; i++) {
        add_u32(&h, (uint32_t)texts[i].n);
        add(&h, texts[i]);
    }
    end128(&h, out);
}
