/* decimal.h - numbers as text, compared exactly.
 *
 * JSON numbers stay text in weir (an id of 19 digits must not pass through a double).
 * Two texts are compared as the decimal numbers they denote: 5, 5.0 and 50e-1 are
 * equal; 9007199254740993 and 9007199254740992 are not. Grammar: RFC 8259 section 6.
 *
 * Memory  none; pure functions.
 */
#ifndef WEIR_BASE_DECIMAL_H
#define WEIR_BASE_DECIMAL_H

#include "base/base.h"

/* Exponents beyond this are not a number weir knows (decimal_is_number says false), so
 * that comparing costs time in the length of the text and not in the exponent. */
enum { DECIMAL_EXPONENT_MAX = 100000 };

/* True if the whole text is a JSON number (no leading zero, no plus, no blanks). */
bool decimal_is_number(struct str s);

/* <0, 0, >0; both must be numbers by decimal_is_number(). -0 equals 0. */
int decimal_cmp(struct str a, struct str b);

/* The one spelling of a number, for hash look-ups: two numbers are equal iff their
 * canonical texts are. Integers below 10^20 print plainly ("5", "-12"), all else as
 * digits, 'e', exponent without trailing zeros ("15e-1"). Writes at most `size` bytes;
 * returns the length, or 0 if it does not fit or is no number. */
size_t decimal_canonical(struct str s, char *out, size_t size);

/* The number in millionths, rounded to the nearest (a half away from zero): fixed point, so that
 * sums do not depend on their order. False if it is no number or does not fit into 63 bits (some
 * 9.2 million millions). */
bool decimal_to_micro(struct str s, int64_t *micro);

#endif
