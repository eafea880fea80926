/* literal_avx2.c - eight windows at a time.
 *
 * The same way as literal_avx512.c, which explains it: a first bitmap for every window, a
 * list that runs on over value borders, a second bitmap for what is in the list, exact
 * verification of the rest. AVX2 has no compress instruction; BMI2 makes the permutation
 * for one.
 */
#include "match/literal_set.h"

#include <immintrin.h>

enum { LANES = 8, CHUNK = 256, SHUFFLED = 32 };

/* The low n bits, or all. BZHI alone would look at the low byte of n only. */
static inline uint32_t low_bits(uint32_t n)
{
    return _bzhi_u32(UINT32_MAX, n < 32 ? n : 32);
}

/* Eight windows that begin at p, p + 1, ...; reads 16 bytes. */
static inline __m256i windows_at(const char *p)
{
    const __m256i order = _mm256_set_epi32(0x0a090807, 0x09080706, 0x08070605, 0x07060504,
                                           0x06050403, 0x05040302, 0x04030201, 0x03020100);

    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p)),
                               order);
}

/* A bit for each of eight hashes: is it a member? */
static inline uint32_t bitmap_has_8(const struct gram_bitmap *b, __m256i hash)
{
    __m256i bit = _mm256_srl_epi32(hash, _mm_cvtsi32_si128((int)b->shift));
    __m256i word = _mm256_i32gather_epi32((const int *)b->words, _mm256_srli_epi32(bit, 5), 4);
    /* Bit k of the word becomes its sign: shifted left by 31 - k. */
    __m256i left = _mm256_andnot_si256(bit, _mm256_set1_epi32(31));

    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_sllv_epi32(word, left)));
}

/* The lanes whose bit is set in m, moved to the front. */
static inline __m256i front_order(uint32_t m)
{
    uint64_t lanes = _pdep_u64(m, UINT64_C(0x0101010101010101)) * 0xff;
    uint64_t order = _pext_u64(UINT64_C(0x0706050403020100), lanes);

    return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((int64_t)order));
}

static inline void store(uint32_t *to, __m256i lanes, __m256i order)
{
    _mm256_storeu_si256((__m256i *)to, _mm256_permutevar8x32_epi32(lanes, order));
}

/* Append the windows of a value whose bit is set in m. */
static inline void push(struct candidates *c, uint32_t m, __m256i gram, __m256i position,
                        uint32_t owner)
{
    __m256i order = front_order(m);

    store(c->grams + c->n, gram, order);
    store(c->positions + c->n, position, order);
    _mm256_storeu_si256((__m256i *)(c->owners + c->n), _mm256_set1_epi32((int)owner));
    c->n += (uint32_t)_mm_popcnt_u32(m);
}

/* Eight positions: at, at + 1 ... */
static inline __m256i positions_from(uint32_t at)
{
    return _mm256_add_epi32(_mm256_set1_epi32((int)at), _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0));
}

/* Keep those whose gram, masked and hashed, is in the bitmap; `to` may be `from`. */
static void thin(struct candidates *to, const struct candidates *from, const struct gram_bitmap *b,
                 uint32_t mask, uint32_t factor)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < from->n; i += LANES) {
        __m256i gram = _mm256_loadu_si256((const __m256i *)(from->grams + i));
        __m256i key = _mm256_and_si256(gram, _mm256_set1_epi32((int)mask));
        __m256i hash = _mm256_mullo_epi32(key, _mm256_set1_epi32((int)factor));
        uint32_t m = bitmap_has_8(b, hash) & low_bits(from->n - i);
        __m256i position = _mm256_loadu_si256((const __m256i *)(from->positions + i));
        __m256i owner = _mm256_loadu_si256((const __m256i *)(from->owners + i));
        __m256i order = front_order(m);
        store(to->grams + n, gram, order);
        store(to->positions + n, position, order);
        store(to->owners + n, owner, order);
        n += (uint32_t)_mm_popcnt_u32(m);
    }
    to->n = n;
}

/* Windows `from` to `to` of a value, masked and hashed, go through a bitmap;
 * to - from <= CHUNK. Reads 16 bytes from a window on. */
static inline void collect(struct candidates *c, const struct gram_bitmap *b, uint32_t mask,
                           const struct literal_value *v, uint32_t owner, uint32_t from,
                           uint32_t to)
{
    const __m256i factor = _mm256_set1_epi32((int)GRAM_HASH_FIRST);
    __m256i position = positions_from(from);

    for (uint32_t i = from; i < to; i += LANES) {
        __m256i gram = windows_at(v->p + i);
        __m256i key = _mm256_and_si256(gram, _mm256_set1_epi32((int)mask));
        uint32_t m = bitmap_has_8(b, _mm256_mullo_epi32(key, factor));
        push(c, m & low_bits(to - i), gram, position, owner);
        position = _mm256_add_epi32(position, _mm256_set1_epi32(LANES));
    }
}

/* ---- shuffle filters -------------------------------------------------------------------- */

/* The buckets that byte j of a window allows, for 32 windows at once. */
static inline __m256i shuffle_allows(const struct shuffle_filter *f, uint32_t j, const char *p)
{
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i bytes = _mm256_loadu_si256((const __m256i *)p);
    __m256i lo = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)f->lo[j]));
    __m256i hi = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)f->hi[j]));
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);

    return _mm256_and_si256(_mm256_shuffle_epi8(lo, _mm256_and_si256(bytes, nibble)),
                            _mm256_shuffle_epi8(hi, high));
}

/* Which of the 32 windows that begin at p pass; reads 32 + width - 1 bytes. */
static inline uint32_t shuffle_32(const struct shuffle_filter *f, uint32_t width, const char *p)
{
    __m256i allowed = shuffle_allows(f, 0, p);

    for (uint32_t j = 1; j < width; j++)
        allowed = _mm256_and_si256(allowed, shuffle_allows(f, j, p + j));
    __m256i refused = _mm256_cmpeq_epi8(allowed, _mm256_setzero_si256());
    return ~(uint32_t)_mm256_movemask_epi8(refused);
}

/* Windows `from` to `to` of a value go through the filters; to - from <= CHUNK. */
static inline void collect_shuffled(struct candidates *c, const struct shuffle_group *g,
                                    uint32_t width, const struct literal_value *v, uint32_t owner,
                                    uint32_t from, uint32_t to)
{
    for (; from < to; from += SHUFFLED) {
        uint32_t m = 0;
        uint32_t at = from;
        for (uint32_t k = 0; k < g->n; k++)
            m |= shuffle_32(&g->filters[k], width, v->p + from);
        for (m &= low_bits(to - from); m; m >>= LANES, at += LANES)
            push(c, m & UINT8_MAX, windows_at(v->p + at), positions_from(at), owner);
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
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i lo = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)f->lo));
    __m256i hi = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)f->hi));
    __m256i found = _mm256_setzero_si256();
    uint32_t i = 0;

    for (; i + SHUFFLED <= v->n; i += SHUFFLED) {
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(v->p + i));
        __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
        __m256i low = _mm256_shuffle_epi8(lo, _mm256_and_si256(bytes, nibble));
        found = _mm256_or_si256(found, _mm256_and_si256(low, _mm256_shuffle_epi8(hi, high)));
    }
    __m128i half = _mm_or_si128(_mm256_castsi256_si128(found), _mm256_extracti128_si256(found, 1));
    uint64_t bits = (uint64_t)(_mm_extract_epi64(half, 0) | _mm_extract_epi64(half, 1));
    bits |= bits >> 32;
    bits |= bits >> 16;
    bits |= bits >> 8;
    for (; i < v->n; i++) {
        uint8_t c = (uint8_t)v->p[i];
        bits |= f->lo[c & 15] & f->hi[c >> 4];
    }
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

void literal_scan_avx2(const struct literal_set *set, const struct literal_value *values, size_t n,
                       struct literal_hits *hits)
{
    if (set->grams.n > 0)
        scan_grams(set, values, n, hits);
    if (set->has_shorts)
        scan_shorts(set, values, n, hits);
    for (uint32_t k = 0; k < set->n_ones; k++)
        for (size_t i = 0; i < n; i++)
            literal_report_ones(set, &values[i], k, ones_in(&set->ones[k], &values[i]), hits);
}
