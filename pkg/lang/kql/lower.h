/* lower.h - the tree of a query to a formula: what its files share.
 *
 * Functions return NULL after an error in the diag.
 */
#ifndef WEIR_LANG_KQL_LOWER_H
#define WEIR_LANG_KQL_LOWER_H

#include "lang/kql/tree.h"

/* A leaf: KQL_IS, KQL_RANGE, KQL_BARE. */
struct formula *kql_leaf(struct query_scope *s, const struct kql_node *n);

/* A value beside a field that holds a script's text. */
struct formula *kql_script(struct query_scope *s, const struct kql_token *value, struct str field);

/* The value of a comparison as a time. has_epoch: more than four digits are milliseconds since
 * 1970. */
enum kql_time { KQL_TIME_NONE, KQL_TIME_READ, KQL_TIME_BAD };
enum kql_time kql_time(struct query_scope *s, const struct kql_node *n, bool has_epoch,
                       struct rule_time *out);

#endif
