/* secrets_avx512.c - 64 places at once: a table of 128 bytes is two registers and one look-up. */
#include "alert/secrets_grams.h"

#include <immintrin.h>

static inline __m512i groups_of(const uint8_t groups[static 128], __m512i bytes)
{
    return _mm512_permutex2var_epi8(_mm512_loadu_si512(groups), bytes,
                                    _mm512_loadu_si512(groups + 64));
}

/* n bytes at p, at most 64; the others read as zero. */
static inline __m512i bytes_at(const char *p, size_t n)
{
    uint64_t inside = _bzhi_u64(~0ull, n < GRAMS_LANES ? (unsigned)n : GRAMS_LANES);

    return _mm512_maskz_loadu_epi8(inside, p);
}

static inline __m512i fold(__m512i bytes)
{
    return _mm512_or_si512(bytes, _mm512_set1_epi8(GRAMS_FOLD));
}

static inline __m512i folded(const char *p, size_t n)
{
    return fold(bytes_at(p, n));
}

/* The groups that three bytes share; none beyond ASCII. */
static inline __m512i shared_groups(const struct grams *g, __m512i a, __m512i b, __m512i c)
{
    __m512i shared =
        _mm512_and_si512(groups_of(g->groups[0], a),
                         _mm512_and_si512(groups_of(g->groups[1], b), groups_of(g->groups[2], c)));
    uint64_t foreign = _mm512_movepi8_mask(_mm512_or_si512(a, _mm512_or_si512(b, c)));

    return _mm512_maskz_mov_epi8(~foreign, shared);
}

static inline uint64_t first_lanes(size_t n)
{
    return _bzhi_u64(~0ull, n < GRAMS_LANES ? (unsigned)n : GRAMS_LANES);
}

uint64_t secret_grams_avx512(const struct grams *g, struct str text)
{
    if (text.n < GRAMS_BYTES)
        return 0;
    __m512i a = folded(text.p, text.n), b = folded(text.p + 1, text.n - 1);
    __m512i c = folded(text.p + 2, text.n - 2);
    __m512i shared = shared_groups(g, a, b, c);

    return _mm512_test_epi8_mask(shared, shared) & first_lanes(text.n - (GRAMS_BYTES - 1));
}

/* Letters, digits and + /. Control bytes fold to some of them. */
static inline uint64_t run_bytes(__m512i bytes, __m512i folded)
{
    __m512i letter = _mm512_sub_epi8(folded, _mm512_set1_epi8('a'));
    __m512i digit = _mm512_sub_epi8(folded, _mm512_set1_epi8('/')); /* / stands before 0 */
    uint64_t in_class = _mm512_cmplt_epu8_mask(letter, _mm512_set1_epi8(26)) |
                        _mm512_cmplt_epu8_mask(digit, _mm512_set1_epi8(11)) |
                        _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8('+'));

    return _mm512_mask_cmpge_epu8_mask(in_class, bytes, _mm512_set1_epi8(' '));
}

/* Letters and digits of a hex number (and the control bytes that fold to digits). */
static inline uint64_t hex_bytes(__m512i folded)
{
    __m512i digit = _mm512_sub_epi8(folded, _mm512_set1_epi8('0'));
    __m512i letter = _mm512_sub_epi8(folded, _mm512_set1_epi8('a'));

    return _mm512_cmplt_epu8_mask(digit, _mm512_set1_epi8(10)) |
           _mm512_cmplt_epu8_mask(letter, _mm512_set1_epi8(6));
}

/* %XX, \uXXXX and \/ may become anything that anchors have; \t before a dash begins an option. The
 * bytes are folded: | before them counts too. C:\Users is no \uXXXX: what decoding makes of other
 * escapes is no digit, so that one must stand there already. */
static inline uint64_t escapes(__m512i a, __m512i b, __m512i c)
{
    uint64_t backslash = _mm512_cmpeq_epi8_mask(a, _mm512_set1_epi8('\\' | GRAMS_FOLD));
    uint64_t tab = _mm512_cmpeq_epi8_mask(b, _mm512_set1_epi8('t')) &
                   _mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8('-'));
    uint64_t next = (_mm512_cmpeq_epi8_mask(b, _mm512_set1_epi8('u')) & hex_bytes(c)) |
                    _mm512_cmpeq_epi8_mask(b, _mm512_set1_epi8('/')) | tab;

    return _mm512_cmpeq_epi8_mask(a, _mm512_set1_epi8('%')) | (backslash & next);
}

/* Bytes from `at` on, folded, if there are any. */
static inline __m512i folded_from(struct str text, size_t at)
{
    return at < text.n ? folded(text.p + at, text.n - at) : _mm512_set1_epi8(GRAMS_FOLD);
}

uint64_t secret_signs_avx512(const struct secret_grams *g, struct str rest,
                             struct secret_signs *signs)
{
    __m512i bytes = bytes_at(rest.p, rest.n), a = fold(bytes);
    __m512i b = folded_from(rest, 1), c = folded_from(rest, 2);

    signs->escapes = escapes(a, b, c);
    secret_signs_runs(signs, run_bytes(bytes, a));
    __m512i shared = shared_groups(&g->three, a, b, c);
    uint64_t places = _mm512_test_epi8_mask(shared, groups_of(g->fourth, folded_from(rest, 3)));
    return places & first_lanes(rest.n < GRAMS_BYTES ? 0 : rest.n - (GRAMS_BYTES - 1));
}
