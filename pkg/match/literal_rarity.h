/* literal_rarity.h - the generated frequency tables behind gram_level_above(). Private to
 * literal_rarity.c and its generated table.
 */
#ifndef WEIR_MATCH_LITERAL_RARITY_H
#define WEIR_MATCH_LITERAL_RARITY_H

#include "base/base.h"

enum {
    RARITY_CLASSES = 64,
    RARITY_RECORD = 5, /* a window's four characters and one for its level */
    RARITY_LEVEL_ZERO = '0',
    RARITY_LEVEL_STEP = 2
};

extern const uint8_t RARITY_CLASS[256];            /* character -> class, case folded */
extern const uint8_t RARITY_BEGIN[RARITY_CLASSES]; /* level of a character by itself */
/* Level of the second character after the first. */
extern const uint8_t RARITY_FOLLOW[RARITY_CLASSES * RARITY_CLASSES];
/* Windows far more common than that estimate: RARITY_WINDOWS_N records, sorted. */
extern const char RARITY_WINDOWS[];
extern const uint32_t RARITY_WINDOWS_N;

#endif
