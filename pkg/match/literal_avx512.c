/* literal_avx512.c - sixteen windows at a time.
 *
 * The first bitmap is gathered from for every window; what passes is compressed, without a
 * branch, into a queue that runs on over value borders, so that the gathers of many short
 * values overlap. When the queue is full, or the values are at their end, the second bitmap
 * thins the queue out, again sixteen at a time, and only the rest is verified one by one.
 *
 * Sets of a few grams, and literals of 1 to 3 bytes, need no gather: a shuffle filter
 * tests 64 positions at once.
 */
#include "match/literal_set.h"

#include <immintrin.h>

enum { LANES = 16, CHUNK = 256, QUEUE = 2 * CHUNK, OWNERS = 64, SHUFFLED = 64 };

/* Windows that passed the first bitmap, oldest first. */
struct queue {
    uint32_t grams[QUEUE + LANES];
    uint32_t positions[QUEUE + LANES];
    uint32_t n;
    uint32_t ends[OWNERS]; /* those of values[i] end here, for i below n_owners */
    uint32_t n_owners;
};

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

/* Windows `from` to `to` of a value go through the first bitmap; to - from <= CHUNK. */
static inline void queue_windows(struct queue *q, const struct gram_bitmap *first, const char *p,
                                 uint32_t from, uint32_t to)
{
    const __m512i factor = _mm512_set1_epi32(GRAM_HASH_FIRST);
    __m512i position =
        _mm512_add_epi32(_mm512_set1_epi32((int)from),
                         _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
    uint32_t n = q->n;

    for (uint32_t i = from; i < to; i += LANES) {
        __m512i gram = windows_at(p + i);
        __mmask16 m = bitmap_has_16(first, _mm512_mullo_epi32(gram, factor));
        m &= (__mmask16)low_bits(to - i);
        _mm512_storeu_si512(q->grams + n, _mm512_maskz_compress_epi32(m, gram));
        _mm512_storeu_si512(q->positions + n, _mm512_maskz_compress_epi32(m, position));
        n += (uint32_t)_mm_popcnt_u32(m);
        position = _mm512_add_epi32(position, _mm512_set1_epi32(LANES));
    }
    q->n = n;
}

/* values[i] owns the candidates before ends[i]; those behind the last end are of
 * values[n_owners], which is still being read. Empties the queue. */
static void queue_drain(struct queue *q, const struct literal_set *set,
                        const struct literal_value *values, struct literal_hits *hits)
{
    const __m512i factor = _mm512_set1_epi32((int)GRAM_HASH_SECOND);
    uint32_t owner = 0;

    for (uint32_t i = 0; i < q->n; i += LANES) {
        __m512i gram = _mm512_loadu_si512(q->grams + i);
        uint32_t m = bitmap_has_16(&set->second, _mm512_mullo_epi32(gram, factor));
        for (m &= (uint32_t)low_bits(q->n - i); m; m &= m - 1) {
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

static void shuffle_grams(const struct literal_set *set, const struct literal_value *v,
                          struct literal_hits *hits)
{
    uint32_t windows = v->n < GRAM_BYTES ? 0 : v->n - GRAM_BYTES + 1;

    for (uint32_t i = 0; i < windows; i += SHUFFLED) {
        uint64_t m = shuffle_64(&set->gram_shuffle, GRAM_BYTES, v->p + i, v->n - i);
        for (m &= low_bits(windows - i); m; m &= m - 1)
            literal_verify_gram(set, v, i + (uint32_t)__builtin_ctzll(m), hits);
    }
}

static void shuffle_shorts(const struct literal_set *set, const struct literal_value *v,
                           struct literal_hits *hits)
{
    for (uint32_t i = 0; i < v->n; i += SHUFFLED) {
        uint64_t m = shuffle_64(&set->short_shuffle, SHORT_BYTES_MAX, v->p + i, v->n - i);
        for (m &= low_bits(v->n - i); m; m &= m - 1)
            literal_verify_short(set, v, i + (uint32_t)__builtin_ctzll(m), hits);
    }
}

void literal_scan_avx512(const struct literal_set *set, const struct literal_value *values,
                         size_t n, struct literal_hits *hits)
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
