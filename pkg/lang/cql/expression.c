/* expression.c - what stands behind := and inside test() and if(), by precedence.
 *
 *     compare  := add (("==" | "!=" | "<" | "<=" | ">" | ">=") add)?
 *     add      := multiply (("+" | "-") multiply)*
 *     multiply := unary (("*" | "/" | "%") unary)*
 *     unary    := ("-" | "!") unary | one
 *     one      := "(" compare ")" | "text" | number | true | false | ?name | function(...) | field
 *
 * A bare word is a field, a text stands in quotes. Everything is text that counts as a number where
 * it reads as one; < and its like compare numbers alone.
 */
#include "lang/cql/scan.h"

#include "base/decimal.h"
#include "base/str.h"

static struct expr *expression(struct cql *x);

static struct expr *call2(struct cql *x, struct place at, enum expr_op op, struct expr *a,
                          struct expr *b)
{
    return pipe_call2(x->pipe, at, op, a, b);
}

/* ---- leaves ------------------------------------------------------------------------------- */

static struct expr *one_value(struct cql *x, struct place at)
{
    struct str_list values;

    if (!cql_parameter(x, &values))
        return NULL;
    if (values.n != 1)
        return (void)diag_error(x->s->diag, at, "a parameter with %zu values where one is wanted",
                                values.n),
               NULL;
    return pipe_text(x->pipe, values.items[0]);
}

static struct expr *function(struct cql *x, size_t begin, struct str name)
{
    struct cql_call call;
    struct str as;

    if (!cql_read_call(x, begin, name, &call))
        return NULL;
    if (cql_is_condition(name))
        return cql_condition(x, &call, STR(""));
    if (cql_is_value(name))
        return cql_value(x, &call, &as);
    if (cql_is_step(name) || cql_is_group(name))
        return (void)diag_unsupported(x->s->diag, call.at, "%.*s() inside a value", SHOWN(name)),
               NULL;
    return (void)cql_unknown(x, &call), NULL;
}

static struct expr *word(struct cql *x, struct place at)
{
    size_t begin = x->next;
    struct str name = cql_word(x);

    if (name.n == 0)
        return (void)cql_expected(x, "a value"), NULL;
    if (name.p[0] == '$')
        return (void)diag_unsupported(x->s->diag, at, "a saved query (%.*s)", SHOWN(name)), NULL;
    if (cql_is_at(x, "("))
        return function(x, begin, name);
    if (str_eq(name, STR("true")) || str_eq(name, STR("false")))
        return pipe_text(x->pipe, name);
    if (decimal_is_number(name))
        return pipe_number(x->pipe, at, name);
    return cql_column(x, at, name);
}

static struct expr *one(struct cql *x)
{
    struct str text;

    cql_blanks(x);
    struct place at = cql_here(x);
    if (!cql_count_value(x))
        return NULL;
    if (cql_peek(x) == '"')
        return cql_quoted(x, &text) ? pipe_text(x->pipe, text) : NULL;
    if (cql_peek(x) == '?')
        return one_value(x, at);
    if (!cql_take(x, "("))
        return word(x, at);
    struct expr *e = cql_expression(x);
    if (e && !cql_take(x, ")"))
        return (void)cql_expected(x, "')' or an operator"), NULL;
    return e;
}

/* ---- operators ------------------------------------------------------------------------------- */

static struct expr *unary(struct cql *x)
{
    cql_blanks(x);
    struct place at = cql_here(x);
    bool is_minus = cql_peek(x) == '-', is_not = cql_peek(x) == '!';

    if (!is_minus && !is_not)
        return one(x);
    x->next++;
    if (!cql_enter(x))
        return NULL;
    struct expr *e = unary(x);
    cql_leave(x);
    return is_minus ? pipe_call1(x->pipe, at, EXPR_NEGATE, e) : cql_not(x, at, e);
}

/* The next byte is one of these signs, which is taken. */
static char take_sign(struct cql *x, const char *signs)
{
    cql_blanks(x);
    char c = cql_peek(x);
    if (!c || !strchr(signs, c))
        return '\0';
    x->next++;
    return c;
}

static struct expr *multiply(struct cql *x)
{
    struct expr *e = unary(x);
    char sign;

    while (e && (sign = take_sign(x, "*/%")) != '\0') {
        struct place at = cql_here(x);
        e = call2(x, at,
                  sign == '*'   ? EXPR_MULTIPLY
                  : sign == '/' ? EXPR_QUOTIENT
                                : EXPR_MODULO,
                  e, unary(x));
    }
    return e;
}

static struct expr *add(struct cql *x)
{
    struct expr *e = multiply(x);
    char sign;

    while (e && (sign = take_sign(x, "+-")) != '\0') {
        struct place at = cql_here(x);
        e = call2(x, at, sign == '+' ? EXPR_ADD : EXPR_SUBTRACT, e, multiply(x));
    }
    return e;
}

/* A number, or null. */
static struct expr *as_number(struct cql *x, struct place at, struct expr *e)
{
    if (!e || e->kind == EXPR_NUMBER || e->kind == EXPR_TIME)
        return e;
    if (e->kind == EXPR_TEXT)
        return decimal_is_number(e->text) ? pipe_number(x->pipe, at, e->text) : pipe_null(x->pipe);
    return call2(x, at, EXPR_ADD, e, pipe_whole(x->pipe, 0));
}

/* Beside a number a field needs nothing done to it: what is none compares with no number. */
static struct expr *in_order(struct cql *x, struct place at, enum expr_op op, struct expr *a,
                             struct expr *b)
{
    struct expr call = {.op = op, .is_any = true, .is_false_on_null = x->is_condition};

    if (!a || !b)
        return NULL;
    struct expr *args[] = {a, b};
    bool is_plain = a->kind == EXPR_MEMBERS && b->kind == EXPR_NUMBER;
    if (!is_plain) {
        args[0] = as_number(x, at, a);
        args[1] = as_number(x, at, b);
    }
    return pipe_call_exactly(x->pipe, at, &call, args, 2);
}

static struct expr *expression(struct cql *x)
{
    static const struct {
        const char *sign;
        enum expr_op op;
    } SIGNS[] = {{"==", EXPR_EQ}, {"!=", EXPR_EQ}, {"<=", EXPR_LE},
                 {">=", EXPR_GE}, {"<", EXPR_LT},  {">", EXPR_GT}};
    struct expr *e = add(x);

    for (size_t i = 0; e && i < ARRAY_LEN(SIGNS); i++) {
        cql_blanks(x);
        struct place at = cql_here(x);
        if (!cql_take(x, SIGNS[i].sign))
            continue;
        struct expr *b = add(x);
        if (SIGNS[i].op != EXPR_EQ)
            return in_order(x, at, SIGNS[i].op, e, b);
        struct expr call = {
            .op = EXPR_EQ, .is_any = true, .is_loose = true, .is_false_on_null = x->is_condition};
        struct expr *args[] = {e, b};
        e = pipe_call_exactly(x->pipe, at, &call, args, 2);
        return SIGNS[i].sign[0] == '!' ? cql_not(x, at, e) : e;
    }
    return e;
}

struct expr *cql_expression(struct cql *x)
{
    if (!cql_enter(x))
        return NULL;
    struct expr *e = expression(x);
    cql_leave(x);
    return e;
}
