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
secret_grams_fn secret_grams_avx2, secret_grams_avx512;

/* What secrets_possible() asks of a text beside that, piece by piece. */
struct secret_signs {
    uint64_t escapes; /* bit i: at position i of the piece is one that may become anything */
    uint64_t keys;    /* bit i: there ends a run that is as long as a key (secret_signs_runs()) */
    bool has_key_before; /* one ended with the piece before */
    uint32_t run;        /* bytes of a run right before the next piece */
};

/* As secret_grams_fn, but with the fourth byte asked too, and the signs of the piece; all pieces
 * but the last have GRAMS_LANES bytes, and `rest` goes on to the text's end. */
typedef uint64_t secret_signs_fn(const struct secret_grams *g, struct str rest,
                                 struct secret_signs *signs);
secret_signs_fn secret_signs_avx2, secret_signs_avx512;

/* So long is a key without a name (secret_next_aws_key()). A letter that belongs to the escape
 * before it makes its run one longer. */
enum { SECRET_RUN = 40 };
static inline bool secret_is_key_run(uint32_t n)
{
    return n == SECRET_RUN || n == SECRET_RUN + 1;
}

/* Bit i: in this piece ends a run that began in it and is as long as a key. */
static inline uint64_t secret_keys_inside(uint64_t run, bool is_begun)
{
    const uint64_t inside = (1ull << (GRAMS_LANES - SECRET_RUN)) - 1; /* else it may go on */
    uint64_t of = run;

    for (int step = 1; step <= 8; step *= 2)
        of &= of >> step; /* 2, 4, 8, 16 in a row */
    if (!of)              /* nearly always */
        return 0;
    of &= of >> 16;
    of &= of >> (SECRET_RUN - 32);
    uint64_t from = of & ~(run << 1 | is_begun) & inside, longer = from & run >> SECRET_RUN;
    uint64_t one_longer = longer & ~(run >> (SECRET_RUN + 1)) & inside >> 1;
    return (from & ~longer) << (SECRET_RUN - 1) | one_longer << SECRET_RUN;
}

/* run: which bytes of the piece are letters, digits, + or /. */
static inline void secret_signs_runs(struct secret_signs *signs, uint64_t run)
{
    uint32_t first = ~run ? (uint32_t)__builtin_ctzll(~run) : GRAMS_LANES;

    signs->keys = secret_keys_inside(run, signs->run > 0);
    signs->has_key_before = first == 0 && secret_is_key_run(signs->run);
    if (first > 0 && first < GRAMS_LANES && secret_is_key_run(signs->run + first))
        signs->keys |= 1ull << (first - 1);
    if (~run == 0)
        signs->run = signs->run < SECRET_RUN + 2 ? signs->run + GRAMS_LANES : signs->run;
    else
        signs->run = (uint32_t)__builtin_clzll(~run);
}

#endif
