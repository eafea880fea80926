/* literal_rarity.c - how rare is a text in telemetry?
 *
 * The level of a 4-byte window is -GRAM_LEVEL_UNIT * log2 of its expected probability at a
 * position. It is estimated as a chain of character pairs; some thousand windows that
 * belong to everyday words ("wind", ".exe") and are far more common than their pairs
 * suggest are listed one by one.
 *
 * A text is at most as common as its rarest window, which is what literal_rarity() and the
 * choice of the window that a literal is filed under are both about.
 */
#include "match/literal_rarity.h"
#include "match/literal_set.h"

#include "base/str.h"

enum {
    WINDOWS_LOOKED_AT = 512, /* of a longer text the beginning is enough */
    /* On the scale 0 to 100: a window in one of 2^6 positions is in nearly every value,
     * one in 2^30 positions is met once in a million events. */
    LEVEL_COMMON = 6 * GRAM_LEVEL_UNIT,
    LEVEL_RARE = 30 * GRAM_LEVEL_UNIT,
    RARITY_MAX = 100
};

static unsigned chain_level(const uint8_t *p, size_t n)
{
    unsigned level = RARITY_BEGIN[RARITY_CLASS[p[0]]];

    for (size_t i = 1; i < n; i++)
        level += RARITY_FOLLOW[RARITY_CLASS[p[i - 1]] * RARITY_CLASSES + RARITY_CLASS[p[i]]];
    return level < UINT8_MAX ? level : UINT8_MAX;
}

/* A window as a number that sorts as its bytes do. */
static uint32_t sort_key(const void *window)
{
    return __builtin_bswap32(load32(window));
}

/* The level of a listed window, UINT8_MAX if it is not listed. The halving does not branch on the
 * comparison, which no processor could guess. */
static unsigned listed_level(uint32_t key)
{
    const char *record = RARITY_WINDOWS;

    for (uint32_t n = RARITY_WINDOWS_N; n > 1;) {
        uint32_t half = n / 2;
        const char *middle = record + (size_t)half * RARITY_RECORD;
        record = sort_key(middle) <= key ? middle : record;
        n -= half;
    }
    if (sort_key(record) != key)
        return UINT8_MAX;
    return (unsigned)(record[GRAM_BYTES] - RARITY_LEVEL_ZERO) * RARITY_LEVEL_STEP;
}

unsigned gram_level_above(uint32_t gram, int floor)
{
    uint8_t window[GRAM_BYTES];
    unsigned listed, chain;

    memcpy(window, &gram, sizeof window);
    chain = chain_level(window, sizeof window);
    if ((int)chain <= floor)
        return chain;
    for (size_t i = 0; i < sizeof window; i++) /* of case-sensitive sets, too */
        window[i] = (uint8_t)ascii_lower((char)window[i]);
    listed = listed_level(sort_key(window));
    return listed < chain ? listed : chain;
}

unsigned literal_rarity(struct str folded)
{
    unsigned level = 0;

    if (folded.n == 0)
        return 0;
    if (folded.n < GRAM_BYTES)
        level = chain_level((const uint8_t *)folded.p, folded.n);
    for (size_t i = 0; i + GRAM_BYTES <= folded.n && i < WINDOWS_LOOKED_AT && level < LEVEL_RARE;
         i++) {
        unsigned here = gram_level_above(load32(folded.p + i), (int)level);
        level = here > level ? here : level;
    }
    if (level <= LEVEL_COMMON)
        return 0;
    if (level >= LEVEL_RARE)
        return RARITY_MAX;
    return (level - LEVEL_COMMON) * RARITY_MAX / (LEVEL_RARE - LEVEL_COMMON);
}
