/* value.c - values of the tree to expressions. What needs no field is computed here, so that
 * whoever asks next sees a literal: `length > 3 + 4` and `substring("abc", 1)` cost nothing. */
#include "lang/eql/lower.h"

#include "base/decimal.h"
#include "base/str.h"
#include "base/vec.h"

#include <stdio.h>

static struct expr *new_expr(struct query_scope *s, struct expr e)
{
    struct expr *out = ARENA_NEW(s->a, struct expr);

    *out = e;
    if (!out->text.p)
        out->text = STR("");
    return out;
}

enum eql_type eql_type_of(const struct expr *e)
{
    switch (e->kind) {
    case EXPR_BOOL:
        return EQL_TYPE_BOOL;
    case EXPR_NUMBER:
        return EQL_TYPE_NUMBER;
    case EXPR_TEXT:
        return EQL_TYPE_TEXT;
    case EXPR_NULL:
    case EXPR_FIELD:
        return EQL_TYPE_ANY;
    case EXPR_MEMBERS: /* EQL makes none of these */
    case EXPR_MEMBER:
    case EXPR_TIME:
    case EXPR_CONDITION:
        return EQL_TYPE_ANY;
    case EXPR_CALL:
        break;
    }
    if (e->op <= EXPR_NEGATE || e->op == EXPR_NUMBER_OF || e->op == EXPR_LENGTH ||
        e->op == EXPR_INDEX_OF)
        return EQL_TYPE_NUMBER;
    return e->op < EXPR_STARTS ? EQL_TYPE_TEXT : EQL_TYPE_BOOL;
}

/* ---- fields ------------------------------------------------------------------- */

static struct expr *field(struct query_scope *s, const struct eql_node *n,
                          struct eql_fields *fields)
{
    struct str name = names_intern(s->names, n->text);
    uint32_t slot = 0;

    while (slot < fields->n && !str_eq(fields->items[slot], name))
        slot++;
    if (slot == fields->n) {
        fields->items =
            vec_room(s->a, fields->items, fields->n, &fields->cap, sizeof *fields->items);
        fields->items[fields->n++] = name;
    }
    return new_expr(s, (struct expr){.kind = EXPR_FIELD, .text = name, .slot = slot});
}

/* ---- calls -------------------------------------------------------------------- */

struct expr *eql_call(struct query_scope *s, struct expr call, struct expr *const *args, size_t n)
{
    bool is_constant = call.op != EXPR_IN_NETWORK; /* networks are the matcher's business */

    call.kind = EXPR_CALL;
    call.args = ARENA_ARRAY(s->a, n, struct expr *);
    call.n_args = n;
    for (size_t i = 0; i < n; i++) {
        call.args[i] = args[i];
        is_constant &= eql_is_literal(args[i]);
    }
    if (!is_constant)
        return new_expr(s, call);
    struct expr_value v = expr_eval(&call, &(struct expr_scope){.space = s->scratch});
    return new_expr(s, query_constant(s, &v));
}

static bool check_type(struct query_scope *s, const struct eql_node *n, const struct expr *arg,
                       enum eql_type wanted, const char *of)
{
    enum eql_type type = eql_type_of(arg);

    if (wanted == EQL_TYPE_ANY || type == EQL_TYPE_ANY || type == wanted)
        return true;
    return diag_error(s->diag, n->at, "%s takes %s here, not %s", of, eql_type_name(wanted),
                      eql_type_name(type));
}

/* The flag of between() is part of the operator. */
static bool take_greedy(struct query_scope *s, const struct eql_node *n, struct expr *call,
                        struct expr **args, size_t *n_args)
{
    if (call->op != EXPR_BETWEEN || *n_args < 4)
        return true;
    if (args[3]->kind != EXPR_BOOL)
        return diag_error(s->diag, n->children[3]->at,
                          "the fourth argument of between() is true or false");
    call->is_greedy = args[3]->value;
    *n_args = 3;
    return true;
}

/* An offset that is null is none, except that the call is null then. */
static struct expr *function(struct query_scope *s, const struct eql_node *n,
                             struct eql_fields *fields)
{
    const struct eql_function *f = eql_function_of(s, n);
    size_t n_args = n->n_children;
    struct expr **args = ARENA_ARRAY(s->scratch, n_args, struct expr *);
    char of[32];

    if (!f)
        return NULL;
    snprintf(of, sizeof of, "%s()", f->name);
    for (size_t i = 0; i < n_args; i++) {
        enum eql_type wanted = f->args[i < ARRAY_LEN(f->args) ? i : ARRAY_LEN(f->args) - 1];
        if (f->max_args > ARRAY_LEN(f->args) && i > 1)
            wanted = f->args[1];
        args[i] = eql_value(s, n->children[i], fields);
        if (!args[i] || !check_type(s, n->children[i], args[i], wanted, of))
            return NULL;
    }
    struct expr call = {.op = f->op, .fold = n->is_caseless ? FOLD_ASCII : FOLD_NONE};
    if (!take_greedy(s, n, &call, args, &n_args))
        return NULL;
    return eql_call(s, call, args, n_args);
}

static struct expr *arithmetic(struct query_scope *s, const struct eql_node *n,
                               struct eql_fields *fields)
{
    static const enum expr_op OPS[] = {[EQL_ADD] = EXPR_ADD,
                                       [EQL_SUBTRACT] = EXPR_SUBTRACT,
                                       [EQL_MULTIPLY] = EXPR_MULTIPLY,
                                       [EQL_DIVIDE] = EXPR_DIVIDE,
                                       [EQL_MODULO] = EXPR_MODULO};
    struct expr *args[2];
    struct expr call = {.op = n->kind == EQL_NEGATIVE ? EXPR_NEGATE : OPS[n->op]};

    for (size_t i = 0; i < n->n_children; i++) {
        args[i] = eql_value(s, n->children[i], fields);
        if (!args[i] || !check_type(s, n->children[i], args[i], EQL_TYPE_NUMBER, "arithmetic"))
            return NULL;
    }
    if (n->op == EQL_DIVIDE || n->op == EQL_MODULO) {
        bool is_zero = args[1]->kind == EXPR_NUMBER && decimal_cmp(args[1]->text, STR("0")) == 0;
        if (is_zero) {
            diag_error(s->diag, n->at, "a division by zero");
            return NULL;
        }
    }
    return eql_call(s, call, args, n->n_children);
}

struct expr *eql_value(struct query_scope *s, const struct eql_node *n, struct eql_fields *fields)
{
    switch (n->kind) {
    case EQL_NULL:
        return new_expr(s, (struct expr){.kind = EXPR_NULL});
    case EQL_BOOL:
        return new_expr(s, (struct expr){.kind = EXPR_BOOL, .value = n->value});
    case EQL_STRING:
        return new_expr(s,
                        (struct expr){.kind = EXPR_TEXT, .text = names_intern(s->names, n->text)});
    case EQL_NUMBER:
        if (decimal_is_number(n->text))
            return new_expr(
                s, (struct expr){.kind = EXPR_NUMBER, .text = names_intern(s->names, n->text)});
        diag_error(s->diag, n->at, "the number is too large");
        return NULL;
    case EQL_FIELD:
        return field(s, n, fields);
    case EQL_CALL:
        return function(s, n, fields);
    case EQL_NEGATIVE:
    case EQL_ARITHMETIC:
        return arithmetic(s, n, fields);
    default:
        break;
    }
    diag_error(s->diag, n->at, "a condition stands where a value is needed");
    return NULL;
}
