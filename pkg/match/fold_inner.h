/* fold_inner.h - the kernels and the generated table behind fold.h. Private to
 * pkg/match/fold*.c.
 */
#ifndef WEIR_MATCH_FOLD_INNER_H
#define WEIR_MATCH_FOLD_INNER_H

#include "base/case_range.h"
#include "match/fold.h"

bool fold_ascii_scalar(char *dst, const char *src, size_t n);
bool fold_ascii_avx2(char *dst, const char *src, size_t n);
bool fold_ascii_avx512(char *dst, const char *src, size_t n);
bool fold_ascii_roomy_avx512(char *dst, const char *src, size_t n);

/* In order; outside ASCII. */
extern const struct case_range FOLD_RANGES[];
extern const uint32_t FOLD_RANGES_N;

#endif
