/* recase.h - a text in lower or upper case, letters of all scripts.
 *
 * One letter becomes one letter (Unicode's simple mapping): what would become several stays as it
 * is (ß), as do the letters whose other case is one of ASCII or not the same letter case aside
 * (the Turkish i without a dot, K of Kelvin). So texts that are equal here are equal case aside,
 * and letters of ASCII come of letters of ASCII alone. Bytes of no character are copied.
 */
#ifndef WEIR_BASE_RECASE_H
#define WEIR_BASE_RECASE_H

#include "base/base.h"

/* dst has room for RECASE_GROWTH bytes for each of the text's. Returns how many are used. */
enum { RECASE_GROWTH = 2 };
size_t recase(char *dst, struct str s, bool to_upper);

#endif
