/* lower.h - the tree of a condition to a formula over atoms: what its files share.
 *
 * Functions return NULL after an error in the diag.
 */
#ifndef WEIR_LANG_EQL_LOWER_H
#define WEIR_LANG_EQL_LOWER_H

#include "lang/eql/tree.h"
#include "rule/expr.h"

/* ---- function.c ----------------------------------------------------------------- */

enum eql_type { EQL_TYPE_ANY, EQL_TYPE_BOOL, EQL_TYPE_NUMBER, EQL_TYPE_TEXT };

struct eql_function {
    const char *name;
    enum expr_op op;
    enum eql_type result;
    enum eql_type args[4]; /* the last one stands for all that follow */
    size_t min_args, max_args;
    bool has_caseless; /* the form with ~ */
};

/* By name in any case, the count and kind of arguments checked. */
const struct eql_function *eql_function_of(struct query_scope *s, const struct eql_node *call);
const char *eql_type_name(enum eql_type type);

/* ---- pattern.c ---------------------------------------------------------- */

/* The text with * and ? as parts. False after an error. */
bool eql_glob(struct query_scope *s, struct place at, struct str pattern, struct glob *out);
/* The cheapest atom that says the same; op and operand only. */
bool eql_pattern_atom(struct query_scope *s, struct place at, struct str pattern, bool is_caseless,
                      struct atom *atom);
/* ---- value.c ------------------------------------------------------------------ */

/* Fields of one computed atom, by slot. */
struct eql_fields {
    struct str *items;
    size_t n, cap;
};

/* A value as an expression; what needs no field is computed now and is a literal then. */
struct expr *eql_value(struct query_scope *s, const struct eql_node *n, struct eql_fields *fields);
enum eql_type eql_type_of(const struct expr *e);
static inline bool eql_is_literal(const struct expr *e)
{
    return e->kind != EXPR_FIELD && e->kind != EXPR_CALL;
}
/* A call, computed at once if it needs no field. */
struct expr *eql_call(struct query_scope *s, struct expr call, struct expr *const *args, size_t n);

/* ---- load.c, sequence.c ------------------------------------------------------------- */

/* category where condition; NULL after an error. */
struct formula *eql_item_formula(struct query_scope *s, const struct query_options *options,
                                 const struct eql_item *item);
bool eql_sequence_load(struct query_scope *s, const struct eql_query *q,
                       const struct query_options *options, struct rule *rule);

/* ---- lower.c ------------------------------------------------------------------ */

struct formula *eql_condition_lower(struct query_scope *s, const struct eql_node *condition);

#endif
