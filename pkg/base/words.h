/* words.h - the words of a text, as full-text search cuts them.
 *
 * A word is a run of letters, digits and underscores (letter_is_word()); a single . ' or : between
 * two letters, and a single . , ' or ; between two digits, do not part it. So "cmd.exe", "10.0.0.1"
 * and "don't" are one word each, "a-b" and "C:\x" are two.
 *
 * Memory   none; pure functions.
 */
#ifndef WEIR_BASE_WORDS_H
#define WEIR_BASE_WORDS_H

#include "base/base.h"

/* The next word at or behind byte *at, which then is the byte behind it; false if there is none. */
bool words_next(struct str text, size_t *at, struct str *word);

/* The words of `part` stand in `text` one behind the other, byte by byte; false if it has none. */
bool words_contain(struct str text, struct str part);

#endif
