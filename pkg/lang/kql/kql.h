/* kql.h - the KQL front end: Kibana's query language, to the rule IR.
 *
 *     event.action: exec and (user.name: root or process.args: (-c or --login)) and not host.name:
 * dev*
 *
 * Sources of the meaning: Kibana's grammar of KQL and the behaviour of Elasticsearch behind it;
 * facts only (docs/languages.md has the readings). Inside the folder:
 *
 *     lex.c     text to tokens with places, escapes resolved
 *     tree.h    the tree of a query
 *     parse.c   not before and before or; lists behind a field; nested
 *     lower.c   the tree to a formula; value.c: a field beside a value
 *
 * Logic is two-valued: whatever is asked of a missing field is false, and true under `not`.
 *
 * Memory   as query.h.
 */
#ifndef WEIR_LANG_KQL_KQL_H
#define WEIR_LANG_KQL_KQL_H

#include "lang/query.h"

/* The query as a formula; the empty query is true of every event. NULL: see scope->diag. */
struct formula *kql_condition(struct query_scope *s, struct str query);

/* The same as the formula of `rule`; no option means anything to KQL. */
bool kql_load(struct query_scope *s, struct str query, const struct query_options *options,
              struct rule *rule);

#endif
