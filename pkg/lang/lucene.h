/* lucene.h - Lucene's regular expressions (EQL's regex, RLIKE of ES|QL) in the internal syntax.
 *
 * They are of the whole value and . is any character. Intersection (&) and complement (~) are
 * refused by name where they have no counterpart: where something follows that they do not match,
 * unless all they are about has one length.
 *
 * Memory   the pattern is interned in the scope's names.
 */
#ifndef WEIR_LANG_LUCENE_H
#define WEIR_LANG_LUCENE_H

#include "lang/query.h"
#include "rule/rule.h"

/* False after an error (or what weir does not do) at `at`. */
bool lucene_regex(struct query_scope *s, struct place at, struct str text, bool is_caseless,
                  struct regex *out);

/* Some value of the field matches the regex. NULL: see scope->diag; of a field that is searched by
 * word it would be one of its words, which is refused. */
struct formula *lucene_field_regex(struct query_scope *s, struct place at, struct str field,
                                   struct str text, bool is_caseless);

#endif
