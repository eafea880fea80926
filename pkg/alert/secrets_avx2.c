/* secrets_avx2.c - 64 places at once, in two halves. The fold leaves four rows of 16 bytes of each
 * table that are ever asked: a shuffle for each of them, and the byte says which counts.
 */
#include "alert/secrets_grams.h"

#include <immintrin.h>
#include <string.h>

enum { HALF = 32, ROW = 16, SIGN_BYTES = GRAMS_BYTES + 1 };

/* A piece and what of the text follows it, as far as anybody looks; zeros behind the text. */
struct piece {
    const char *p;
    char room[GRAMS_LANES + HALF];
};

static inline void take_piece(struct piece *piece, struct str rest)
{
    piece->p = rest.p;
    if (rest.n >= GRAMS_LANES + SIGN_BYTES)
        return;
    memset(piece->room, 0, sizeof(piece->room));
    memcpy(piece->room, rest.p, rest.n);
    piece->p = piece->room;
}

static inline __m256i bytes_at(const struct piece *piece, size_t at)
{
    return _mm256_loadu_si256((const __m256i *)(piece->p + at));
}

static inline __m256i folded_at(const struct piece *piece, size_t at)
{
    return _mm256_or_si256(bytes_at(piece, at), _mm256_set1_epi8(GRAMS_FOLD));
}

static inline __m256i row_of(const uint8_t groups[static 128], size_t row, __m256i bytes)
{
    __m128i part = _mm_loadu_si128((const __m128i *)(groups + row * ROW));

    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(part), bytes);
}

/* Bytes are folded, so bit 5 is set in all; beyond ASCII they have no groups. */
static inline __m256i groups_of(const uint8_t groups[static 128], __m256i bytes)
{
    __m256i by_bit_4 = _mm256_slli_epi16(bytes, 3), by_bit_6 = _mm256_slli_epi16(bytes, 1);
    __m256i low = _mm256_blendv_epi8(row_of(groups, 2, bytes), row_of(groups, 3, bytes), by_bit_4);
    __m256i high = _mm256_blendv_epi8(row_of(groups, 6, bytes), row_of(groups, 7, bytes), by_bit_4);

    return _mm256_blendv_epi8(low, high, by_bit_6);
}

static inline __m256i shared_groups(const struct grams *g, __m256i a, __m256i b, __m256i c)
{
    return _mm256_and_si256(
        groups_of(g->groups[0], a),
        _mm256_and_si256(groups_of(g->groups[1], b), groups_of(g->groups[2], c)));
}

static inline uint32_t mask_of(__m256i bytes)
{
    return (uint32_t)_mm256_movemask_epi8(bytes);
}

static inline uint32_t eq(__m256i bytes, char c)
{
    return mask_of(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c)));
}

static inline uint32_t any_bit(__m256i bytes)
{
    return ~mask_of(_mm256_cmpeq_epi8(bytes, _mm256_setzero_si256()));
}

/* From `first` on, n of them. */
static inline uint32_t in_range(__m256i bytes, char first, char n)
{
    __m256i at = _mm256_sub_epi8(bytes, _mm256_set1_epi8(first));

    return mask_of(_mm256_cmpeq_epi8(_mm256_min_epu8(at, _mm256_set1_epi8((char)(n - 1))), at));
}

static inline uint64_t first_lanes(size_t n)
{
    return n < GRAMS_LANES ? (1ull << n) - 1 : ~0ull;
}

/* Places that have three bytes. */
static inline uint64_t full_places(struct str text)
{
    return first_lanes(text.n < GRAMS_BYTES ? 0 : text.n - (GRAMS_BYTES - 1));
}

uint64_t secret_grams_avx2(const struct grams *g, struct str text)
{
    struct piece piece;
    uint64_t places = 0;

    take_piece(&piece, text);
    for (size_t at = 0; at < GRAMS_LANES; at += HALF) {
        __m256i a = folded_at(&piece, at), b = folded_at(&piece, at + 1);
        __m256i c = folded_at(&piece, at + 2);
        places |= (uint64_t)any_bit(shared_groups(g, a, b, c)) << at;
    }
    return places & full_places(text);
}

/* As in secrets_avx512.c, which says why. */
static inline uint32_t run_bytes(__m256i bytes, __m256i folded)
{
    uint32_t in_class = in_range(folded, 'a', 26) | in_range(folded, '/', 11) | eq(folded, '+');

    return in_class & ~in_range(bytes, 0, ' ');
}

static inline uint32_t hex_bytes(__m256i folded)
{
    return in_range(folded, '0', 10) | in_range(folded, 'a', 6);
}

static inline uint32_t escapes(__m256i a, __m256i b, __m256i c)
{
    uint32_t next = (eq(b, 'u') & hex_bytes(c)) | eq(b, '/') | (eq(b, 't') & eq(c, '-'));

    return eq(a, '%') | (eq(a, '\\' | GRAMS_FOLD) & next);
}

uint64_t secret_signs_avx2(const struct secret_grams *g, struct str rest,
                           struct secret_signs *signs)
{
    struct piece piece;
    uint64_t places = 0, run = 0;

    take_piece(&piece, rest);
    signs->escapes = 0;
    for (size_t at = 0; at < GRAMS_LANES; at += HALF) {
        __m256i bytes = bytes_at(&piece, at), a = folded_at(&piece, at);
        __m256i b = folded_at(&piece, at + 1), c = folded_at(&piece, at + 2);
        __m256i d = folded_at(&piece, at + GRAMS_BYTES);
        /* Beyond ASCII counts as something, since anchors of three bytes go on with anything. */
        __m256i fourth = groups_of(g->fourth, _mm256_and_si256(d, _mm256_set1_epi8(0x7f)));
        __m256i shared = shared_groups(&g->three, a, b, c);
        places |= (uint64_t)any_bit(_mm256_and_si256(shared, fourth)) << at;
        run |= (uint64_t)run_bytes(bytes, a) << at;
        signs->escapes |= (uint64_t)escapes(a, b, c) << at;
    }
    secret_signs_runs(signs, run);
    return places & full_places(rest);
}
