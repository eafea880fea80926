/* field_expr.c - JSON kinds to the types of expressions. */
#include "match/field_expr.h"

struct expr_value field_expr_value(enum json_kind kind, struct str text)
{
    switch (kind) {
    case JSON_STRING:
        return expr_value_text(text);
    case JSON_NUMBER:
        return expr_value_number(text);
    case JSON_TRUE:
    case JSON_FALSE:
        return expr_value_bool(kind == JSON_TRUE);
    default:
        return (struct expr_value){.type = EXPR_VALUE_NULL};
    }
}
