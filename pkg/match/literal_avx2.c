/* literal_avx2.c - eight windows at a time.
 *
 * The same way as literal_avx512.c, which explains it: a first bitmap for every window, a
 * queue that runs on over value borders, a second bitmap for what is in the queue, exact
 * verification of the rest. AVX2 has no compress instruction; BMI2 makes the permutation
 * for one.
 */
#include "match/literal_set.h"

#include <immintrin.h>

enum { LANES = 8, CHUNK = 256, QUEUE = 2 * CHUNK, OWNERS = 64, SHUFFLED = 32 };

/* Windows that passed the first bitmap, oldest first. */
struct queue {
    uint32_t grams[QUEUE + LANES];
    uint32_t positions[QUEUE + LANES];
    uint32_t n;
    uint32_t ends[OWNERS]; /* those of values[i] end here, for i below n_owners */
    uint32_t n_owners;
};

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

/* Windows `from` to `to` of a value go through the first bitmap; to - from <= CHUNK. */
static inline void queue_windows(struct queue *q, const struct gram_bitmap *first, const char *p,
                                 uint32_t from, uint32_t to)
{
    const __m256i factor = _mm256_set1_epi32((int)GRAM_HASH_FIRST);
    __m256i position =
        _mm256_add_epi32(_mm256_set1_epi32((int)from), _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0));
    uint32_t n = q->n;

    for (uint32_t i = from; i < to; i += LANES) {
        __m256i gram = windows_at(p + i);
        uint32_t m = bitmap_has_8(first, _mm256_mullo_epi32(gram, factor));
        m &= low_bits(to - i);
        __m256i order = front_order(m);
        _mm256_storeu_si256((__m256i *)(q->grams + n), _mm256_permutevar8x32_epi32(gram, order));
        _mm256_storeu_si256((__m256i *)(q->positions + n),
                            _mm256_permutevar8x32_epi32(position, order));
        n += (uint32_t)_mm_popcnt_u32(m);
        position = _mm256_add_epi32(position, _mm256_set1_epi32(LANES));
    }
    q->n = n;
}

/* values[i] owns the candidates before ends[i]; those behind the last end are of
 * values[n_owners], which is still being read. Empties the queue. */
static void queue_drain(struct queue *q, const struct literal_set *set,
                        const struct literal_value *values, struct literal_hits *hits)
{
    const __m256i factor = _mm256_set1_epi32((int)GRAM_HASH_SECOND);
    uint32_t owner = 0;

    for (uint32_t i = 0; i < q->n; i += LANES) {
        __m256i gram = _mm256_loadu_si256((const __m256i *)(q->grams + i));
        uint32_t m = bitmap_has_8(&set->second, _mm256_mullo_epi32(gram, factor));
        for (m &= low_bits(q->n - i); m; m &= m - 1) {
            uint32_t k = i + (uint32_t)__builtin_ctz(m);
            while (owner < q->n_owners && k >= q->ends[owner])
                owner++;
            literal_verify_gram(set, &values[owner], q->positions[k], hits);
        }
    }
    q->n = q->n_owners = 0;
}

/* No room for one more owner or one more chunk. */
static inline bool queue_is_full(const struct queue *q)
{
    return q->n > QUEUE - CHUNK || q->n_owners == OWNERS;
}

static void scan_grams(const struct literal_set *set, const struct literal_value *values, size_t n,
                       struct literal_hits *hits)
{
    const struct literal_value *first = values; /* the one that ends[0] is about */
    struct queue q;

    q.n = q.n_owners = 0;
    for (const struct literal_value *v = values; v < values + n; v++) {
        uint32_t windows = v->n < GRAM_BYTES ? 0 : v->n - GRAM_BYTES + 1;
        uint32_t from = 0;
        do {
            if (queue_is_full(&q)) {
                queue_drain(&q, set, first, hits);
                first = v;
            }
            uint32_t to = windows - from < CHUNK ? windows : from + CHUNK;
            queue_windows(&q, &set->first, v->p, from, to);
            from = to;
        } while (from < windows);
        q.ends[q.n_owners++] = q.n;
    }
    queue_drain(&q, set, first, hits);
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

static void shuffle_grams(const struct literal_set *set, const struct literal_value *v,
                          struct literal_hits *hits)
{
    uint32_t windows = v->n < GRAM_BYTES ? 0 : v->n - GRAM_BYTES + 1;

    for (uint32_t i = 0; i < windows; i += SHUFFLED) {
        uint32_t m = shuffle_32(&set->gram_shuffle, GRAM_BYTES, v->p + i);
        for (m &= low_bits(windows - i); m; m &= m - 1)
            literal_verify_gram(set, v, i + (uint32_t)__builtin_ctz(m), hits);
    }
}

static void shuffle_shorts(const struct literal_set *set, const struct literal_value *v,
                           struct literal_hits *hits)
{
    for (uint32_t i = 0; i < v->n; i += SHUFFLED) {
        uint32_t m = shuffle_32(&set->short_shuffle, SHORT_BYTES_MAX, v->p + i);
        for (m &= low_bits(v->n - i); m; m &= m - 1)
            literal_verify_short(set, v, i + (uint32_t)__builtin_ctz(m), hits);
    }
}

void literal_scan_avx2(const struct literal_set *set, const struct literal_value *values, size_t n,
                       struct literal_hits *hits)
{
    if (set->is_shuffled)
        for (size_t i = 0; i < n; i++)
            shuffle_grams(set, &values[i], hits);
    else if (set->grams.n > 0)
        scan_grams(set, values, n, hits);
    if (set->has_shorts)
        for (size_t i = 0; i < n; i++)
            shuffle_shorts(set, &values[i], hits);
}
