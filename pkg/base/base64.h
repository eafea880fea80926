/* base64.h - base64 of RFC 4648, both ways.
 *
 * Memory  the caller's.
 * Threads any.
 */
#ifndef WEIR_BASE_BASE64_H
#define WEIR_BASE_BASE64_H

#include "base/base.h"
#include "base/str.h"

/* Letters that n bytes need, padding included. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4)

/* Standard alphabet, padded with '='; out takes BASE64_SIZE(bytes.n) letters. */
struct str base64_encode(struct str bytes, char *out);

/* Both alphabets (+/ and -_), padding at the end or none, bits left over at the end dropped. out
 * takes text.n bytes and may be the text itself. False: another letter, or a length that no bytes
 * give. */
bool base64_decode(struct str text, char *out, size_t *n);

#endif
