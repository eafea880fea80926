/* scan_avx2.c - stage one with 32-byte vectors, two to a block. */
#include "json/block.h"

#include <string.h>

static inline uint64_t join(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

/* One half of each bitmap, still as bytes of 0 or 0xff. The classes are found by looking
 * up the low four bits of a byte: the entry is the one byte of the class with these bits,
 * so equality means membership. */
struct half {
    __m256i quote, backslash, op, blank, control, simple;
};

static inline struct half classify(__m256i v)
{
    const __m256i blanks = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(' ', 2, 1, 1, 1, 1, 1, 1, 1, '\t', '\n', 1, 1, '\r', 1, 1));
    /* Bit 0x20 makes { and } of [ and ]; it would also make comma and colon of 0x0c and
     * 0x1a, which is why control bytes are taken out again. */
    const __m256i ops = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0));
    /* " 22, / 2f, \ 5c, b 62, f 66, n 6e, r 72, t 74: by low bits, a bit per high nibble. */
    const __m256i low = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 1 | 4 | 8, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1));
    const __m256i high =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i nibble = _mm256_set1_epi8(0x0f);
    struct half h;

    h.quote = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('"'));
    h.backslash = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\'));
    h.control = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v);
    h.blank = _mm256_cmpeq_epi8(v, _mm256_shuffle_epi8(blanks, v));
    __m256i curled = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
    h.op = _mm256_andnot_si256(h.control, _mm256_cmpeq_epi8(curled, _mm256_shuffle_epi8(ops, v)));
    __m256i groups = _mm256_and_si256(
        _mm256_shuffle_epi8(low, _mm256_and_si256(v, nibble)),
        _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble)));
    h.simple = _mm256_cmpeq_epi8(groups, _mm256_setzero_si256()); /* inverted */
    return h;
}

static inline void write_positions(uint32_t *at, uint64_t bits, uint32_t base)
{
    /* Eight at a time whether there are so many or not: the bits are hard to foretell. */
    for (; bits; at += 8)
        for (int i = 0; i < 8; i++, bits &= bits - 1)
            at[i] = base + (uint32_t)_tzcnt_u64(bits);
}

static inline __attribute__((always_inline)) uint32_t *
index_block(struct block_state *s, const char *p, struct str record, size_t base,
            struct json_index *out, uint32_t *at)
{
    __m256i v0 = _mm256_loadu_si256((const __m256i *)p);
    __m256i v1 = _mm256_loadu_si256((const __m256i *)(p + 32));
    struct half a = classify(v0), b = classify(v1);
    struct block_bits bits = {
        .quote = join(a.quote, b.quote),
        .backslash = join(a.backslash, b.backslash),
        .op = join(a.op, b.op),
        .blank = join(a.blank, b.blank),
        .control = join(a.control, b.control),
        .simple = ~join(a.simple, b.simple),
    };

    out->care[base / BLOCK] = bits.backslash | join(v0, v1);
    uint64_t tokens = block_tokens(s, &bits, record, base);
    write_positions(at, tokens, (uint32_t)base);
    return at + __builtin_popcountll(tokens);
}

/* Bytes of the block that are newlines. */
static inline uint64_t newlines(const char *p)
{
    const __m256i newline = _mm256_set1_epi8('\n');

    return join(_mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)p), newline),
                _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(p + 32)), newline));
}

static inline __attribute__((always_inline)) size_t index_text(struct str record, bool is_line,
                                                               struct json_index *out)
{
    struct block_state s = {0};
    uint32_t *at = out->at;
    size_t base = 0;
    char tail[BLOCK];

    for (; base < record.n; base += BLOCK) {
        const char *p = record.p + base;
        if (is_line)
            PREFETCH(record.p + base + LINE_AHEAD);
        if (is_line && record.n - base >= BLOCK) {
            uint64_t found = newlines(p);
            if (__builtin_expect(found != 0, 0)) /* this is the last block */
                record.n = base + (size_t)_tzcnt_u64(found);
        } else if (is_line) {
            const char *found = memchr(p, '\n', record.n - base);
            record.n = found ? (size_t)(found - record.p) : record.n;
        }
        if (record.n - base < BLOCK) {
            memset(tail, ' ', sizeof(tail));
            p = memcpy(tail, p, record.n - base);
        }
        at = index_block(&s, p, record, base, out, at);
    }
    out->care[base / BLOCK] = 0;
    out->n = (size_t)(at - out->at);
    out->is_bad = (s.bad | s.in_string | s.is_escaped) != 0;
    return record.n;
}

void json_index_avx2(struct str record, struct json_index *out)
{
    (void)index_text(record, false, out);
}

size_t json_index_line_avx2(struct str text, struct json_index *out)
{
    return index_text(text, true, out);
}
