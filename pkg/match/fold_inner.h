/* fold_inner.h - the kernels and the generated table behind fold.h. Private to
 * pkg/match/fold*.c.
 */
#ifndef WEIR_MATCH_FOLD_INNER_H
#define WEIR_MATCH_FOLD_INNER_H

#include "match/fold.h"

bool fold_ascii_scalar(char *dst, const char *src, size_t n);
bool fold_ascii_avx2(char *dst, const char *src, size_t n);
bool fold_ascii_avx512(char *dst, const char *src, size_t n);
bool fold_ascii_roomy_avx512(char *dst, const char *src, size_t n);

/* Characters first, first + step, ... up to last fold to themselves + delta. */
struct fold_range {
    uint32_t first, last;
    int32_t delta;
    uint32_t step; /* 1 or 2 */
};

extern const struct fold_range FOLD_RANGES[]; /* sorted, without ASCII */
extern const uint32_t FOLD_RANGES_N;

#endif
