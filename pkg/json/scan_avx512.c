/* scan_avx512.c - stage one with a block to a vector.
 *
 * One permutation looks each byte up in a table of 128 classes; the positions of tokens
 * come from compressing 0, 1, 2 ... by their bitmap.
 */
#include "json/block.h"

enum class {
    BLANK = 1,
    OP = 2,
    QUOTE = 4,
    BACKSLASH = 8,
    SIMPLE = 16,
    CONTROL = 32,
};

static const uint8_t CLASS[128] __attribute__((aligned(64))) = {
    [0x00 ... 0x08] = CONTROL,
    [0x0b ... 0x0c] = CONTROL,
    [0x0e ... 0x1f] = CONTROL,
    ['\t'] = CONTROL | BLANK,
    ['\n'] = CONTROL | BLANK,
    ['\r'] = CONTROL | BLANK,
    [' '] = BLANK,
    ['{'] = OP,
    ['}'] = OP,
    ['['] = OP,
    [']'] = OP,
    [':'] = OP,
    [','] = OP,
    ['"'] = QUOTE | SIMPLE,
    ['\\'] = BACKSLASH | SIMPLE,
    ['/'] = SIMPLE,
    ['b'] = SIMPLE,
    ['f'] = SIMPLE,
    ['n'] = SIMPLE,
    ['r'] = SIMPLE,
    ['t'] = SIMPLE,
};

static const uint8_t IOTA[64] __attribute__((aligned(64))) = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

static inline void write_positions(uint32_t *at, uint64_t bits, uint32_t base)
{
    __m512i packed = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(IOTA));
    __m512i bases = _mm512_set1_epi32((int)base);
    int n = __builtin_popcountll(bits);

    /* A block of a usual record has 5 to 20 tokens, so the second store is for free and its
     * branch would be hard to foretell. */
    _mm512_storeu_si512(
        at, _mm512_add_epi32(bases, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    _mm512_storeu_si512(
        at + 16,
        _mm512_add_epi32(bases, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 1))));
    if (n <= 32)
        return;
    _mm512_storeu_si512(
        at + 32,
        _mm512_add_epi32(bases, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 2))));
    _mm512_storeu_si512(
        at + 48,
        _mm512_add_epi32(bases, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 3))));
}

/* Constants of the loop. The compiler would rather make them anew in each round, and do sums on
 * bitmaps in mask registers, where each costs a transfer: the empty asm statements keep it from
 * both (make bench-scan, index of 704 bytes: 147 -> 124 ns, EPYC, gcc 12). */
struct constants {
    __m512i low, high, op, blank, quote, backslash, simple, control, newline;
};

static inline __attribute__((always_inline)) __m512i kept(__m512i v)
{
    __asm__("" : "+v"(v));
    return v;
}

static inline struct constants constants(void)
{
    return (struct constants){
        .low = kept(_mm512_load_si512(CLASS)),
        .high = kept(_mm512_load_si512(CLASS + 64)),
        .op = kept(_mm512_set1_epi8(OP)),
        .blank = kept(_mm512_set1_epi8(BLANK)),
        .quote = kept(_mm512_set1_epi8(QUOTE)),
        .backslash = kept(_mm512_set1_epi8(BACKSLASH)),
        .simple = kept(_mm512_set1_epi8(SIMPLE)),
        .control = kept(_mm512_set1_epi8(CONTROL)),
        .newline = kept(_mm512_set1_epi8('\n')),
    };
}

static inline __attribute__((always_inline)) uint64_t has(__m512i classes, __m512i which)
{
    uint64_t bits = _mm512_test_epi8_mask(classes, which);

    __asm__("" : "+r"(bits));
    return bits;
}

static inline __attribute__((always_inline)) uint32_t *
index_block(const struct constants *c, struct block_state *s, __m512i v, struct str record,
            size_t base, struct json_index *out, uint32_t *at)
{
    uint64_t beyond = _mm512_movepi8_mask(v);
    __m512i classes = _mm512_maskz_permutex2var_epi8(~beyond, c->low, v, c->high);
    struct block_bits bits = {
        .quote = has(classes, c->quote),
        .backslash = has(classes, c->backslash),
        .op = has(classes, c->op),
        .blank = has(classes, c->blank),
        .control = has(classes, c->control),
        .simple = has(classes, c->simple),
    };

    out->care[base / BLOCK] = bits.backslash | beyond;
    uint64_t tokens = block_tokens(s, &bits, record, base);
    write_positions(at, tokens, (uint32_t)base);
    return at + __builtin_popcountll(tokens);
}

static inline __attribute__((always_inline)) size_t index_text(struct str record, bool is_line,
                                                               struct json_index *out)
{
    const struct constants c = constants();
    struct block_state s = {0};
    uint32_t *at = out->at;
    size_t base = 0;

    for (; base < record.n; base += BLOCK) {
        size_t left = record.n - base;
        __mmask64 inside = _bzhi_u64(~0ull, left < BLOCK ? (unsigned)left : BLOCK);
        __m512i v = _mm512_mask_loadu_epi8(_mm512_set1_epi8(' '), inside, record.p + base);
        if (is_line) {
            PREFETCH(record.p + base + LINE_AHEAD);
            __mmask64 newline = _mm512_cmpeq_epi8_mask(v, c.newline);
            if (__builtin_expect(newline != 0, 0)) { /* this is the last block */
                record.n = base + (size_t)_tzcnt_u64(newline);
                v = _mm512_mask_blend_epi8(_blsmsk_u64(newline) >> 1, _mm512_set1_epi8(' '), v);
            }
        }
        at = index_block(&c, &s, v, record, base, out, at);
    }
    out->care[base / BLOCK] = 0;
    out->n = (size_t)(at - out->at);
    out->is_bad = (s.bad | s.in_string | s.is_escaped) != 0;
    return record.n;
}

void json_index_avx512(struct str record, struct json_index *out)
{
    (void)index_text(record, false, out);
}

size_t json_index_line_avx512(struct str text, struct json_index *out)
{
    return index_text(text, true, out);
}
