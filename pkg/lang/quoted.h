/* quoted.h - places inside a text that a file writes in quotes: escapes, the line break behind
 * """ and lines joined by a backslash move them.
 *
 * Strings as TOML writes them ("...", '...', """...""", three of '), and as JSON does.
 *
 * Memory   slices of the source. Threads: belongs to one.
 */
#ifndef WEIR_LANG_QUOTED_H
#define WEIR_LANG_QUOTED_H

#include "base/base.h"
#include "lang/diag.h"

struct quoted {
    struct str raw; /* from the opening quote on, to the end of the source */
    bool has_escapes;
    /* Where the walk stands: texts are mostly asked from left to right. */
    size_t n_text, i_raw;
    struct place at;
    size_t first_raw; /* of the text's first byte */
    struct place first;
};

/* start: of the opening quote. False: it is not there. */
bool quoted_init(struct quoted *o, const struct diag *d, struct place start);
/* The place of byte `at` of the text. */
struct place quoted_place(struct quoted *o, size_t at);

#endif
