/* literal_avx512.c - sixteen windows at a time.
 *
 * Most values are shorter than a vector or two, so they are copied one behind the other first: the
 * loops over their windows are then long, and no branch depends on how long a value is. Windows
 * that begin in one value and end in the next are thrown out where all that passed is verified.
 *
 * The first bitmap is gathered from for every window; the places of what passes are compressed,
 * without a branch, into a list. When the list is full, or the text is at its end, the second
 * bitmap thins it out, again sixteen at a time, and only the rest is verified one by one.
 *
 * Literals of two and three bytes go the same way by their first two bytes. Where there are
 * few of either kind no gather is needed: tables of bytes test 64 positions at once. For
 * single bytes the filter is one of nibbles, and exact. Figures: docs/decisions/0029.
 */
#include "match/literal_set.h"

#include <immintrin.h>

enum { LANES = 16, SHUFFLED = 64 };

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

/* Sixteen positions: at, at + 1 ... */
static inline __m512i positions_from(uint32_t at)
{
    return _mm512_add_epi32(_mm512_set1_epi32((int)at),
                            _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}

/* ---- the text that is scanned -------------------------------------------------------------- */

enum {
    PACKED_BYTES = 4096, /* with what is looked up, well inside the first-level cache */
    PACKED_VALUES = 256, /* a byte numbers them */
    PACKED_LONGEST = 512 /* a longer value is a text of its own, where it is */
};

/* One value or several, and LITERAL_PAD readable bytes. */
struct text {
    const char *p;
    uint32_t n;
    const uint32_t *starts;  /* value i has the bytes from starts[i] to starts[i + 1] */
    const uint32_t *owners;  /* its number */
    const uint8_t *value_of; /* which i a byte belongs to; NULL: there is one value */
};

struct pack {
    char bytes[PACKED_BYTES + LITERAL_PAD];
    uint8_t value_of[PACKED_BYTES + LITERAL_PAD];
    uint32_t starts[PACKED_VALUES + 1];
    uint32_t owners[PACKED_VALUES];
    uint32_t n;
};

static inline void pack_add(struct pack *pack, const struct literal_value *v, uint32_t number)
{
    uint32_t at = pack->starts[pack->n];

    for (uint32_t i = 0; i < v->n; i += SHUFFLED) { /* whole vectors: the pad, too */
        _mm512_storeu_si512(pack->bytes + at + i, _mm512_loadu_si512(v->p + i));
        _mm512_storeu_si512(pack->value_of + at + i, _mm512_set1_epi8((char)pack->n));
    }
    pack->owners[pack->n] = number;
    pack->starts[++pack->n] = at + v->n;
}

/* Where in the text there are windows that passed a filter, in order. */
enum { PLACES_MAX = 512 };
struct places {
    uint32_t at[PLACES_MAX + LANES]; /* a vector is stored whole */
    uint32_t n;
};

static inline void places_add(struct places *p, __mmask16 m, __m512i position)
{
    _mm512_storeu_si512(p->at + p->n, _mm512_maskz_compress_epi32(m, position));
    p->n += (uint32_t)_mm_popcnt_u32(m);
}

/* Of 64 windows from `at` on the first sixteen whose bit is set in m; true: there are more. */
static inline bool places_add_64(struct places *p, uint64_t m, uint32_t at)
{
    const __m512i order = _mm512_set_epi8(
        63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
        40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
        17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m128i first = _mm512_castsi512_si128(_mm512_maskz_compress_epi8(m, order));
    __m512i position = _mm512_add_epi32(_mm512_set1_epi32((int)at), _mm512_cvtepu8_epi32(first));
    uint32_t n = (uint32_t)_mm_popcnt_u64(m);

    _mm512_storeu_si512(p->at + p->n, position);
    p->n += n < LANES ? n : LANES;
    return n > LANES;
}

/* Keep those whose window, masked and hashed, is in the bitmap. */
static void thin(struct candidates *to, const struct places *from, const struct text *text,
                 const struct gram_bitmap *b, uint32_t mask, uint32_t factor)
{
    to->n = 0;
    for (uint32_t i = 0; i < from->n; i += LANES) {
        __mmask16 inside = (__mmask16)low_bits(from->n - i);
        __m512i position = _mm512_maskz_loadu_epi32(inside, from->at + i);
        __m512i gram = _mm512_i32gather_epi32(position, text->p, 1);
        __m512i key = _mm512_and_si512(gram, _mm512_set1_epi32((int)mask));
        __m512i hash = _mm512_mullo_epi32(key, _mm512_set1_epi32((int)factor));
        __mmask16 m = bitmap_has_16(b, hash) & inside;
        _mm512_storeu_si512(to->grams + to->n, _mm512_maskz_compress_epi32(m, gram));
        _mm512_storeu_si512(to->positions + to->n, _mm512_maskz_compress_epi32(m, position));
        to->n += (uint32_t)_mm_popcnt_u32(m);
    }
}

/* From places in the text to values and places in them, without a search: where the next candidate
 * is can not be predicted. */
static void find_owners(struct candidates *c, const struct text *text)
{
    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t value = text->value_of ? text->value_of[c->positions[i]] : 0;
        c->owners[i] = text->owners[value];
        c->positions[i] -= text->starts[value];
    }
}

/* What all steps of a scan have in hand. */
struct scan {
    const struct literal_set *set;
    const struct literal_value *values;
    struct literal_hits *hits;
    struct places places;
};

typedef void verify_fn(struct scan *s, const struct text *text);

/* The first `windows` windows of a text, masked and hashed, go through a bitmap. */
static inline void collect(struct scan *s, const struct text *text, uint32_t windows,
                           const struct gram_bitmap *b, uint32_t mask, verify_fn *verify)
{
    const __m512i factor = _mm512_set1_epi32((int)GRAM_HASH_FIRST);
    __m512i position = positions_from(0);

    for (uint32_t i = 0; i < windows; i += LANES) {
        __m512i key = _mm512_and_si512(windows_at(text->p + i), _mm512_set1_epi32((int)mask));
        __mmask16 m = bitmap_has_16(b, _mm512_mullo_epi32(key, factor));
        places_add(&s->places, m & (__mmask16)low_bits(windows - i), position);
        position = _mm512_add_epi32(position, _mm512_set1_epi32(LANES));
        if (s->places.n > PLACES_MAX - LANES)
            verify(s, text);
    }
}

/* ---- filters of bytes -------------------------------------------------------------------- */

/* The buckets that a table allows, for byte j of 64 windows at once. */
static inline __m512i bytes_allow(const uint8_t table[static 128], const char *p)
{
    return _mm512_permutex2var_epi8(_mm512_loadu_si512(table), _mm512_loadu_si512(p),
                                    _mm512_loadu_si512(table + SHUFFLED));
}

/* Which of the 64 windows that begin at p pass. Reads to 64 + width - 1. */
static inline uint64_t filter_64(const struct byte_filter *f, uint32_t width, const char *p)
{
    __m512i allowed = bytes_allow(f->allows[0], p);

    for (uint32_t j = 1; j < width; j++)
        allowed = _mm512_and_si512(allowed, bytes_allow(f->allows[j], p + j));
    return _mm512_test_epi8_mask(allowed, allowed);
}

/* The first `windows` windows of a text go through the filters. The last vector begins with a
 * window of at least two bytes inside the text, so that nothing behind the pad is read. */
static inline void collect_filtered(struct scan *s, const struct text *text, uint32_t windows,
                                    const struct byte_group *g, uint32_t width, verify_fn *verify)
{
    for (uint32_t i = 0; i < windows; i += SHUFFLED) {
        uint64_t m = 0;
        for (uint32_t k = 0; k < g->n; k++)
            m |= filter_64(&g->filters[k], width, text->p + i);
        m &= low_bits(windows - i);
        while (places_add_64(&s->places, m, i)) /* seldom more than once */
            m &= ~_pdep_u64(UINT16_MAX, m);
        if (s->places.n > PLACES_MAX - SHUFFLED)
            verify(s, text);
    }
}

/* ---- literals of 4 bytes and more -------------------------------------------------------- */

static void verify_grams(struct scan *s, const struct text *text)
{
    struct candidates c;

    thin(&c, &s->places, text, &s->set->second, UINT32_MAX, (uint32_t)GRAM_HASH_SECOND);
    find_owners(&c, text);
    literal_verify_grams(s->set, s->values, &c, s->hits);
    s->places.n = 0;
}

static void scan_grams(struct scan *s, const struct text *text)
{
    const struct literal_set *set = s->set;

    if (text->n < GRAM_BYTES)
        return;
    uint32_t windows = text->n - GRAM_BYTES + 1;
    if (set->gram_bytes.n > 0)
        collect_filtered(s, text, windows, &set->gram_bytes, GRAM_BYTES, verify_grams);
    else
        collect(s, text, windows, &set->first, UINT32_MAX, verify_grams);
    verify_grams(s, text);
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

static void verify_shorts(struct scan *s, const struct text *text)
{
    const struct literal_set *set = s->set;
    struct candidates c;

    if (set->shorts[1].n > 0) {
        thin(&c, &s->places, text, &set->pairs, PAIR_MASK, (uint32_t)GRAM_HASH_FIRST);
        find_owners(&c, text);
        literal_verify_shorts(set, s->values, &c, 2, s->hits);
    }
    if (set->shorts[2].n > 0) {
        thin(&c, &s->places, text, &set->triples, TRIPLE_MASK, (uint32_t)GRAM_HASH_FIRST);
        find_owners(&c, text);
        literal_verify_shorts(set, s->values, &c, 3, s->hits);
    }
    s->places.n = 0;
}

static void scan_shorts(struct scan *s, const struct text *text)
{
    const struct literal_set *set = s->set;

    if (text->n < 2)
        return;
    if (set->short_bytes.n > 0)
        collect_filtered(s, text, text->n - 1, &set->short_bytes, SHORT_BYTES_MAX, verify_shorts);
    else
        collect(s, text, text->n - 1, &set->heads, PAIR_MASK, verify_shorts);
    verify_shorts(s, text);
}

static void scan_text(struct scan *s, const struct text *text)
{
    if (s->set->grams.n > 0)
        scan_grams(s, text);
    if (s->set->has_shorts)
        scan_shorts(s, text);
}

static void scan_pack(struct scan *s, struct pack *pack)
{
    scan_text(s, &(struct text){pack->bytes, pack->starts[pack->n], pack->starts, pack->owners,
                                pack->value_of});
    pack->n = 0;
}

static void scan_alone(struct scan *s, uint32_t number)
{
    const struct literal_value *v = &s->values[number];
    uint32_t starts[] = {0, v->n};

    scan_text(s, &(struct text){v->p, v->n, starts, &number, NULL});
}

static void scan_windows(const struct literal_set *set, const struct literal_value *values,
                         size_t n, struct literal_hits *hits)
{
    struct scan s;
    struct pack pack;

    s.set = set;
    s.values = values;
    s.hits = hits;
    s.places.n = 0;
    pack.starts[0] = 0;
    pack.n = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (values[i].n > PACKED_LONGEST) {
            scan_alone(&s, i);
            continue;
        }
        if (pack.n == PACKED_VALUES || pack.starts[pack.n] + values[i].n > PACKED_BYTES)
            scan_pack(&s, &pack);
        pack_add(&pack, &values[i], i);
    }
    scan_pack(&s, &pack);
}

void literal_scan_avx512(const struct literal_set *set, const struct literal_value *values,
                         size_t n, struct literal_hits *hits)
{
    if (set->grams.n > 0 || set->has_shorts)
        scan_windows(set, values, n, hits);
    for (uint32_t k = 0; k < set->n_ones; k++)
        for (size_t i = 0; i < n; i++)
            literal_report_ones(set, &values[i], k, ones_in(&set->ones[k], &values[i]), hits);
}
