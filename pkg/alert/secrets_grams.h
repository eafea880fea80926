/* secrets_grams.h - where could one of the patterns' first three bytes stand (base/grams.h)?
 * Private to secrets*.c.
 */
#ifndef WEIR_ALERT_SECRETS_GRAMS_H
#define WEIR_ALERT_SECRETS_GRAMS_H

#include "base/grams.h"

/* Bit i: position i of the text, of the first GRAMS_LANES, is a candidate. Reads the text alone. */
typedef uint64_t secret_grams_fn(const struct grams *g, struct str text);
secret_grams_fn secret_grams_avx512;

#endif
