/* secrets_grams.h - where could one of the patterns' first three bytes stand? Private to
 * secrets*.c.
 *
 * The three bytes of an anchor, letters folded by one bit, are filed in one of eight groups; a
 * table a place says which groups have the byte there. A place where the three answers share a
 * group is a candidate; mixtures inside a group are told apart by what comes behind.
 */
#ifndef WEIR_ALERT_SECRETS_GRAMS_H
#define WEIR_ALERT_SECRETS_GRAMS_H

#include "base/base.h"

enum { GRAM_BYTES = 3, GRAM_GROUPS = 8, GRAM_LANES = 64, GRAM_FOLD = 0x20 };

struct secret_grams {
    uint8_t groups[GRAM_BYTES][128]; /* by folded byte; beyond ASCII: none */
};

/* Bit i: position i of the text, of the first GRAM_LANES, is a candidate. Reads the text alone. */
typedef uint64_t secret_grams_fn(const struct secret_grams *g, struct str text);
secret_grams_fn secret_grams_avx512;

#endif
