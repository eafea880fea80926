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

static inline bool expr_is_number(const struct expr_value *v)
{
    return v->type == EXPR_VALUE_INT || v->type == EXPR_VALUE_REAL;
}

/* op: EXPR_EQ to EXPR_GE; what folds and how comes from e. */
struct expr_value expr_compare(const struct expr *e, enum expr_op op, const struct expr_value *x,
                               const struct expr_value *y);

struct expr_value expr_text_call(const struct expr_args *a); /* up to EXPR_GLOB */
struct expr_value expr_logic_call(const struct expr *e, const struct expr_scope *scope);
struct expr_value expr_change_call(const struct expr_args *a);             /* EXPR_LOWER ... */
struct expr_value expr_hash_call(const struct expr_args *a, struct str s); /* EXPR_HASH */
/* EXPR_BASE64_DECODE with a character set */
struct expr_value expr_base64_text(struct arena *space, struct str s, struct str charset);
struct expr_value expr_number_call(const struct expr_args *a); /* EXPR_ROUND ... */
struct expr_value expr_time_call(const struct expr_args *a);   /* EXPR_TIME_OF ... */
struct expr_value expr_list_call(const struct expr_args *a);   /* EXPR_LIST ... */
struct expr_value expr_form_call(const struct expr_args *a);   /* EXPR_KIND_OF ... */

/* Texts of scalars one behind the other; false: one has none, or it is too long. */
bool expr_join(struct arena *space, const struct expr_value *items, size_t n, struct str between,
               struct str *out);

/* Where `part` is in s at `from` or behind it, SIZE_MAX if it is not. */
size_t expr_find(struct str s, struct str part, size_t from, enum fold fold);

/* All of the text is of the pattern. fold: ASCII at most. */
bool expr_glob_fits(const struct glob *g, struct str s, enum fold fold);

/* Where %N (nine digits), %Q (three) or one with a digit between, parts of a second in a format of
 * times, begins; *digits: how many it has, *n: its bytes. The format's length if there is none. */
size_t expr_find_parts(struct str format, unsigned *digits, size_t *n);

#endif
