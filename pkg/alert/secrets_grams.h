/* secrets_grams.h - where could one of the patterns' first three bytes stand (base/grams.h)?
 * Private to secrets*.c.
 */
#ifndef WEIR_ALERT_SECRETS_GRAMS_H
#define WEIR_ALERT_SECRETS_GRAMS_H

#include "alert/secrets.h"
#include "base/grams.h"

/* The grams, and which of their groups go on with a byte; those of three bytes with any. */
struct secret_grams {
    struct grams three;
    uint8_t fourth[128];
};

/* Bit i: position i of the text, of the first GRAMS_LANES, is a candidate. Reads the text alone. */
typedef uint64_t secret_grams_fn(const struct grams *g, struct str text);
secret_grams_fn secret_grams_avx512;

/* What secrets_possible() asks of a text beside that, piece by piece. */
struct secret_signs {
    unsigned run;     /* letters, digits, + / = right before the next piece */
    bool has_run;     /* SECRET_RUN_MIN of them in a row were met */
    uint64_t escapes; /* bit i: at position i of the piece is one that may become anything */
};

/* As secret_grams_fn, but with the fourth byte asked too, and the signs of the piece; all pieces
 * but the last have GRAMS_LANES bytes, and `rest` goes on to the text's end. */
typedef uint64_t secret_signs_fn(const struct secret_grams *g, struct str rest,
                                 struct secret_signs *signs);
secret_signs_fn secret_signs_avx512;

#endif
