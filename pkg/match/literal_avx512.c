/* literal_avx512.c - sixteen windows at a time.
 *
 * The first bitmap is gathered from for every window; what passes is compressed, without a
 * branch, into a list that runs on over value borders, so that the gathers of many short
 * values overlap. When the list is full, or the values are at their end, the second bitmap
 * thins it out, again sixteen at a time, and only the rest is verified one by one.
 *
 * Literals of two and three bytes go the same way by their first two bytes. Where there are
 * few of either kind no gather is needed: a shuffle filter tests 64 positions at once. For
 * single bytes that filter is exact.
 */
#include "match/literal_set.h"

#include <immintrin.h>

enum { LANES = 16, CHUNK = 256, SHUFFLED = 64 };

/* The low n bits, or all. BZHI alone would look at the low byte of n only. */
static inline uint64_t low_bits(uint32_t n)
{
    return _bzhi_u64(UINT64_MAX, n < 64 ? n : 64);
}

/* Sixteen windows that begin at p, p + 1, ...; reads 32 bytes. */
static inline __m512i windows_at(const char *p)
{
    const __m512i order =
        _mm512_set_epi32(0x1211100f, 0x11100f0e, 0x100f0e0d, 0x0f0e0d0c, 0x0e0d0c0b, 0x0d0c0b0a,
                         0x0c0b0a09, 0x0b0a0908, 0x0a090807, 0x09080706, 0x08070605, 0x07060504,
                         0x06050403, 0x05040302, 0x04030201, 0x03020100);

    return _mm512_permutexvar_epi8(order,
                                   _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)p)));
}

static inline __mmask16 bitmap_has_16(const struct gram_bitmap *b, __m512i hash)
{
    __m512i bit = _mm512_srl_epi32(hash, _mm_cvtsi32_si128((int)b->shift));
    __m512i word = _mm512_i32gather_epi32(_mm512_srli_epi32(bit, 5), b->words, 4);

    return _mm512_test_epi32_mask(word, _mm512_rolv_epi32(_mm512_set1_epi32(1), bit));
}

/* Append the windows of a value whose bit is set in m. */
static inline void push(struct candidates *c, __mmask16 m, __m512i gram, __m512i position,
                        uint32_t owner)
{
    _mm512_storeu_si512(c->grams + c->n, _mm512_maskz_compress_epi32(m, gram));
    _mm512_storeu_si512(c->positions + c->n, _mm512_maskz_compress_epi32(m, position));
    _mm512_storeu_si512(c->owners + c->n, _mm512_set1_epi32((int)owner));
    c->n += (uint32_t)_mm_popcnt_u32(m);
}

/* Sixteen positions: at, at + 1 ... */
static inline __m512i positions_from(uint32_t at)
{
    return _mm512_add_epi32(_mm512_set1_epi32((int)at),
                            _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}

/* Keep those whose gram, masked and hashed, is in the bitmap; `to` may be `from`. */
static void thin(struct candidates *to, const struct candidates *from, const struct gram_bitmap *b,
                 uint32_t mask, uint32_t factor)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < from->n; i += LANES) {
        __m512i gram = _mm512_loadu_si512(from->grams + i);
        __m512i key = _mm512_and_si512(gram, _mm512_set1_epi32((int)mask));
        __m512i hash = _mm512_mullo_epi32(key, _mm512_set1_epi32((int)factor));
        __mmask16 m = bitmap_has_16(b, hash) & (__mmask16)low_bits(from->n - i);
        __m512i position = _mm512_loadu_si512(from->positions + i);
        __m512i owner = _mm512_loadu_si512(from->owners + i);
        _mm512_storeu_si512(to->grams + n, _mm512_maskz_compress_epi32(m, gram));
        _mm512_storeu_si512(to->positions + n, _mm512_maskz_compress_epi32(m, position));
        _mm512_storeu_si512(to->owners + n, _mm512_maskz_compress_epi32(m, owner));
        n += (uint32_t)_mm_popcnt_u32(m);
    }
    to->n = n;
}

/* Windows `from` to `to` of a value, masked and hashed, go through a bitmap;
 * to - from <= CHUNK. Reads 32 bytes from a window on. */
static inline void collect(struct candidates *c, const struct gram_bitmap *b, uint32_t mask,
                           const struct literal_value *v, uint32_t owner, uint32_t from,
                           uint32_t to)
{
    const __m512i factor = _mm512_set1_epi32((int)GRAM_HASH_FIRST);
    __m512i position = positions_from(from);

    for (uint32_t i = from; i < to; i += LANES) {
        __m512i gram = windows_at(v->p + i);
        __m512i key = _mm512_and_si512(gram, _mm512_set1_epi32((int)mask));
        __mmask16 m = bitmap_has_16(b, _mm512_mullo_epi32(key, factor));
        push(c, m & (__mmask16)low_bits(to - i), gram, position, owner);
        position = _mm512_add_epi32(position, _mm512_set1_epi32(LANES));
    }
}

/* ---- shuffle filters -------------------------------------------------------------------- */

/* The buckets that byte j of a window allows, for 64 windows at once. */
static inline __m512i shuffle_allows(const struct shuffle_filter *f, uint32_t j, __m512i bytes)
{
    const __m512i nibble = _mm512_set1_epi8(15);
    __m512i lo = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)f->lo[j]));
    __m512i hi = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)f->hi[j]));
    __m512i high = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble);

    return _mm512_and_si512(_mm512_shuffle_epi8(lo, _mm512_and_si512(bytes, nibble)),
                            _mm512_shuffle_epi8(hi, high));
}

/* Which of the 64 windows that begin at p pass. Loads are masked to what may be read: the
 * pad ends LITERAL_PAD bytes behind the value, of which `left` bytes are left at p. */
static inline uint64_t shuffle_64(const struct shuffle_filter *f, uint32_t width, const char *p,
                                  uint32_t left)
{
    __mmask64 readable = low_bits(left);
    __m512i allowed = shuffle_allows(f, 0, _mm512_loadu_si512(p));

    for (uint32_t j = 1; j < width; j++) {
        __m512i bytes = _mm512_maskz_loadu_epi8(readable, p + j);
        allowed = _mm512_and_si512(allowed, shuffle_allows(f, j, bytes));
    }
    return _mm512_test_epi8_mask(allowed, allowed);
}

/* Windows `from` to `to` of a value go through the filters; to - from <= CHUNK. */
static inline void collect_shuffled(struct candidates *c, const struct shuffle_group *g,
                                    uint32_t width, const struct literal_value *v, uint32_t owner,
                                    uint32_t from, uint32_t to)
{
    for (; from < to; from += SHUFFLED) {
        uint64_t m = 0;
        uint32_t at = from;
        for (uint32_t k = 0; k < g->n; k++)
            m |= shuffle_64(&g->filters[k], width, v->p + from, v->n - from);
        for (m &= low_bits(to - from); m; m >>= LANES, at += LANES)
            push(c, (__mmask16)m, windows_at(v->p + at), positions_from(at), owner);
    }
}

/* ---- literals of 4 bytes and more -------------------------------------------------------- */

static void verify_grams(struct candidates *c, const struct literal_set *set,
                         const struct literal_value *values, struct literal_hits *hits)
{
    thin(c, c, &set->second, UINT32_MAX, (uint32_t)GRAM_HASH_SECOND);
    literal_verify_grams(set, values, c, hits);
    c->n = 0;
}

static void scan_grams(const struct literal_set *set, const struct literal_value *values, size_t n,
                       struct literal_hits *hits)
{
    struct candidates c;

    c.n = 0;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t windows = values[k].n < GRAM_BYTES ? 0 : values[k].n - GRAM_BYTES + 1;
        for (uint32_t from = 0; from < windows; from += CHUNK) {
            uint32_t to = windows - from < CHUNK ? windows : from + CHUNK;
            if (c.n > CANDIDATES_MAX - CHUNK)
                verify_grams(&c, set, values, hits);
            if (set->gram_shuffles.n > 0)
                collect_shuffled(&c, &set->gram_shuffles, GRAM_BYTES, &values[k], k, from, to);
            else
                collect(&c, &set->first, UINT32_MAX, &values[k], k, from, to);
        }
    }
    verify_grams(&c, set, values, hits);
}

/* ---- literals of 1 to 3 bytes ------------------------------------------------------------ */

/* Which of the bits of a one-byte filter occur in the value. */
static uint32_t ones_in(const struct ones_filter *f, const struct literal_value *v)
{
    const __m512i nibble = _mm512_set1_epi8(15);
    __m512i lo = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)f->lo));
    __m512i hi = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)f->hi));
    __m512i found = _mm512_setzero_si512();

    for (uint32_t i = 0; i < v->n; i += SHUFFLED) {
        __m512i bytes = _mm512_loadu_si512(v->p + i);
        __m512i high = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble);
        __m512i low = _mm512_shuffle_epi8(lo, _mm512_and_si512(bytes, nibble));
        low = _mm512_maskz_mov_epi8(low_bits(v->n - i), low);
        found = _mm512_or_si512(found, _mm512_and_si512(low, _mm512_shuffle_epi8(hi, high)));
    }
    uint64_t bits = (uint64_t)_mm512_reduce_or_epi64(found);
    bits |= bits >> 32;
    bits |= bits >> 16;
    bits |= bits >> 8;
    return bits & UINT8_MAX;
}

static void verify_shorts(struct candidates *c, const struct literal_set *set,
                          const struct literal_value *values, struct literal_hits *hits)
{
    struct candidates kept;

    if (set->shorts[1].n > 0) {
        thin(&kept, c, &set->pairs, PAIR_MASK, (uint32_t)GRAM_HASH_FIRST);
        literal_verify_shorts(set, values, &kept, 2, hits);
    }
    if (set->shorts[2].n > 0) {
        thin(&kept, c, &set->triples, TRIPLE_MASK, (uint32_t)GRAM_HASH_FIRST);
        literal_verify_shorts(set, values, &kept, 3, hits);
    }
    c->n = 0;
}

static void scan_shorts(const struct literal_set *set, const struct literal_value *values, size_t n,
                        struct literal_hits *hits)
{
    struct candidates c;

    c.n = 0;
    for (uint32_t k = 0; k < n; k++)
        for (uint32_t from = 0; from < values[k].n; from += CHUNK) {
            uint32_t to = values[k].n - from < CHUNK ? values[k].n : from + CHUNK;
            if (c.n > CANDIDATES_MAX - CHUNK)
                verify_shorts(&c, set, values, hits);
            if (set->short_shuffles.n > 0)
                collect_shuffled(&c, &set->short_shuffles, SHORT_BYTES_MAX, &values[k], k, from,
                                 to);
            else
                collect(&c, &set->heads, PAIR_MASK, &values[k], k, from, to);
        }
    verify_shorts(&c, set, values, hits);
}

void literal_scan_avx512(const struct literal_set *set, const struct literal_value *values,
                         size_t n, struct literal_hits *hits)
{
    if (set->grams.n > 0)
        scan_grams(set, values, n, hits);
    if (set->has_shorts)
        scan_shorts(set, values, n, hits);
    for (uint32_t k = 0; k < set->n_ones; k++)
        for (size_t i = 0; i < n; i++)
            literal_report_ones(set, &values[i], k, ones_in(&set->ones[k], &values[i]), hits);
}
