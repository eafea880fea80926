/* block.h - what the vector kernels of stage one share: from bitmaps to tokens.
 *
 * A kernel turns 64 bytes into bitmaps (bit i is byte i); the steps here are the same for
 * every instruction set. Included by kernels only, which are compiled with PCLMUL.
 *
 * The method is that of Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (VLDB
 * Journal 2019), section 3.1: odd runs of backslashes by carries of an addition, insides
 * of strings by a carry-less product. What differs: both quotes are tokens, escapes and
 * control bytes are judged here, and bytes needing care are kept as a bitmap.
 */
#ifndef WEIR_JSON_BLOCK_H
#define WEIR_JSON_BLOCK_H

#include "json/kernel.h"

#include <immintrin.h>

enum { BLOCK = 64 };

/* How far ahead of a line's block memory is asked for (a hint only, which may lie behind the end):
 * lines are read from memory that nobody has touched, with pauses in which the processor's own
 * prefetching loses its way. */
enum { LINE_AHEAD = 4096 };

struct block_bits {
    uint64_t quote;
    uint64_t backslash;
    uint64_t op;      /* { } [ ] : , */
    uint64_t blank;   /* space, tab, LF, CR */
    uint64_t control; /* below 0x20 */
    uint64_t simple;  /* may follow a backslash: " \ / b f n r t, not u */
};

/* What one block tells the next. */
struct block_state {
    uint64_t is_escaped;  /* 1: the next byte follows an active backslash */
    uint64_t in_string;   /* all ones: the next byte is inside a string */
    uint64_t after_other; /* 1: the last byte belonged to a run of other bytes */
    uint64_t bad;         /* not 0: an error was seen */
};

/* Bytes that follow an active backslash. Backslashes at even and odd places are told apart by one
 * subtraction: a run of potential escapes taken from the same run shifted by one leaves every
 * second bit, from the run's beginning, whatever its parity; setting the odd places first makes
 * borrows end there. (The way of simdjson's escape scanner since 2023, by John Keiser.) */
static inline uint64_t block_escaped(struct block_state *s, uint64_t backslash)
{
    const uint64_t odd = 0xaaaaaaaaaaaaaaaau;
    uint64_t potential = backslash & ~s->is_escaped;
    uint64_t codes = ((potential << 1 | odd) - potential) ^ odd;
    uint64_t escaped = codes ^ (backslash | s->is_escaped);

    s->is_escaped = (codes & backslash) >> 63;
    return escaped;
}

/* True if each of the bytes named by `escaped` is the u of \uXXXX. */
static __attribute__((noinline)) bool block_unicode_ok(struct str record, size_t base,
                                                       uint64_t escaped)
{
    for (; escaped; escaped &= escaped - 1) {
        size_t at = base + (size_t)__builtin_ctzll(escaped);
        if (record.n < 5 || at >= record.n - 4 || record.p[at] != 'u' ||
            !json_is_hex4(record.p + at + 1))
            return false;
    }
    return true;
}

/* The tokens of the block at `base`. */
static inline uint64_t block_tokens(struct block_state *s, const struct block_bits *b,
                                    struct str record, size_t base)
{
    uint64_t escaped = block_escaped(s, b->backslash);
    uint64_t quote = b->quote & ~escaped;
    /* From each opening quote up to the byte before the closing one. */
    __m128i product =
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)quote), _mm_set1_epi8((char)0xff), 0);
    uint64_t in_string = (uint64_t)_mm_cvtsi128_si64(product) ^ s->in_string;
    s->in_string = (uint64_t)((int64_t)in_string >> 63);
    s->bad |= b->control & in_string;
    uint64_t strange = escaped & ~b->simple;
    if (__builtin_expect(strange != 0, 0))
        s->bad |= !block_unicode_ok(record, base, strange);
    uint64_t other = ~(b->op | b->blank | in_string | quote);
    uint64_t other_starts = other & ~(other << 1 | s->after_other);
    s->after_other = other >> 63;
    return (b->op & ~in_string) | quote | other_starts;
}

#endif
