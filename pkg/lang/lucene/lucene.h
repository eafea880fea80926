/* lucene.h - the front end for Lucene's query syntax, as Kibana keeps it in old filters and rules.
 *
 *     event.action:(exec OR fork) AND NOT user.name:"root" AND _exists_:host.name
 *     +process.name:cmd* -host.name:/dev.*\/ destination.port:[1024 TO *}
 *
 * There: field:value, field:(...), "phrases", the wildcards * and ?, _exists_:field, field:*,
 * ranges of numbers ([ ] includes, { } excludes, > >= < <=), /regexes/, AND OR NOT && || ! + -,
 * parentheses, backslash before any character. Case counts; what is missing is false, and true
 * under NOT.
 *
 * Clauses side by side are alternatives; + and - take part as there: what has + must hold, what
 * has - or NOT must not, and others only count where nothing has +. AND beside OR without
 * parentheses is refused: Lucene's own reading of it is no logic.
 *
 * Refused by name: text without a field, fuzzy and near (~), boosts (^), ranges of texts.
 *
 * Memory   as query.h.
 */
#ifndef WEIR_LANG_LUCENE_LUCENE_H
#define WEIR_LANG_LUCENE_LUCENE_H

#include "lang/query.h"

/* NULL: see scope->diag. */
struct formula *lucene_condition(struct query_scope *s, struct str query);

bool lucene_load(struct query_scope *s, struct str query, const struct query_options *options,
                 struct rule *rule);

#endif
