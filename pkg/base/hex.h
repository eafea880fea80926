/* hex.h - bytes as hexadecimal digits.
 *
 * Memory  the caller's.
 * Threads any.
 */
#ifndef WEIR_BASE_HEX_H
#define WEIR_BASE_HEX_H

#include "base/base.h"

/* Digits that n bytes need. */
#define HEX_SIZE(n) (2 * (n))

/* Two lower-case digits for each byte; out takes HEX_SIZE(bytes.n). */
struct str hex_encode(struct str bytes, char *out);

#endif
