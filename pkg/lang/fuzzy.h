/* fuzzy.h - values that are at most one change away from a text (MATCH() of ES|QL, ~1 of Lucene).
 *
 * A change is a character more, less or another one, or two beside each other that changed places.
 *
 * Memory   the formula in the scope's arena.
 */
#ifndef WEIR_LANG_FUZZY_H
#define WEIR_LANG_FUZZY_H

#include "lang/query.h"
#include "rule/rule.h"

enum { FUZZY_TEXT_MAX = 64 /* characters */ };

struct fuzzy {
    size_t prefix;     /* so many characters at the front are as they are */
    bool has_no_swaps; /* two that changed places are two changes */
};

/* Characters of the text; 0: it is empty, or there are more than FUZZY_TEXT_MAX. */
size_t fuzzy_length(struct str text);
/* How many changes Elasticsearch allows in a text of n characters (0: too many to count) where the
 * query does not say. */
int64_t fuzzy_auto(size_t n);
/* The field, which is asked under each of its names, is one of whole values (query_analysis_of());
 * fuzzy_length(text) is more than the prefix. NULL: see scope->diag. */
struct formula *fuzzy_formula(struct query_scope *s, struct place at, struct str field,
                              struct str text, const struct fuzzy *how);

#endif
