/* macro.h - a search with its macros put in, and where each byte of it comes from. */
#ifndef WEIR_LANG_SPL_MACRO_H
#define WEIR_LANG_SPL_MACRO_H

#include "lang/spl/spl.h"

/* Bytes from `begin` on: of the search itself from `source` on, or of a macro that is called at
 * `source`. */
struct spl_piece {
    size_t begin, source;
    bool is_macro;
};

struct spl_text {
    struct str text;
    struct str original;
    struct spl_piece *pieces;
    size_t n_pieces, cap_pieces;
};

/* Comments are blanks; a macro NAME_filter that nobody defines is no condition. False: an unknown
 * macro, too much text. */
bool spl_expand(struct query_scope *s, const struct spl_macros *macros, struct str query,
                struct spl_text *out);

/* A text that stands in another one as a value: all its places are that of byte `at` there. */
struct spl_text spl_text_inside(const struct query_scope *s, const struct spl_text *t, size_t at,
                                struct str text);

/* Where byte `at` of the expanded text stands in the file; of a macro, where it is called. */
struct place spl_place(const struct query_scope *s, const struct spl_text *t, size_t at);

#endif
