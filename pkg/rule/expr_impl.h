/* expr_impl.h - what expr.c shares with the functions on texts.
 *
 * Private to the evaluator. */
#ifndef WEIR_RULE_EXPR_IMPL_H
#define WEIR_RULE_EXPR_IMPL_H

#include "rule/expr.h"

/* Evaluated arguments; none of those that the operator needs is null. */
struct expr_args {
    const struct expr *e;
    const struct expr_value *items;
    size_t n;
    const struct expr_scope *scope;
};

#define EXPR_NOTHING ((struct expr_value){.type = EXPR_VALUE_NULL})

struct expr_value expr_text_call(const struct expr_args *a);

#endif
