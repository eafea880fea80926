/* letter.h - a few questions about the letters of a text.
 *
 * Tables of Unicode blocks, independent of the locale. On the event path: letter_at(), and
 * match/fold.h.
 */
#ifndef WEIR_BASE_LETTER_H
#define WEIR_BASE_LETTER_H

#include "base/base.h"

/* The character at byte `at` (< s.n) and its length in bytes; a byte that starts no
 * well-formed sequence is a character of its own value. */
uint32_t letter_at(struct str s, size_t at, size_t *n_bytes);

/* True if the text has a letter outside ASCII in a script that has capitals: comparing it case
 * aside needs Unicode folding. May be true of a caseless neighbour of such letters. */
bool letter_has_cased(struct str s);

/* Letter, digit or underscore; outside ASCII everything that is no punctuation or blank. */
bool letter_is_word(uint32_t c);

#endif
