/* field_expr.h - expressions over an event's values, in one place: the compiled matcher and the
 * reference find values their own ways and must compute the same from them.
 */
#ifndef WEIR_MATCH_FIELD_EXPR_H
#define WEIR_MATCH_FIELD_EXPR_H

#include "base/base.h"
#include "json/scan.h"
#include "rule/expr.h"

/* What a JSON value is in an expression; null for objects, lists and null. text: unescaped. */
struct expr_value field_expr_value(enum json_kind kind, struct str text);

#endif
