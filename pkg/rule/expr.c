/* expr.c - evaluating: arguments first, then the operator. Numbers and comparisons are here, texts
 * in expr_text.c. */
#include "rule/expr.h"

#include "base/decimal.h"
#include "base/hash.h"
#include "base/str.h"
#include "rule/expr_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const NAMES[EXPR_OPS] = {[EXPR_ADD] = "add",
                                            [EXPR_SUBTRACT] = "subtract",
                                            [EXPR_MULTIPLY] = "multiply",
                                            [EXPR_DIVIDE] = "divide",
                                            [EXPR_MODULO] = "modulo",
                                            [EXPR_NEGATE] = "negate",
                                            [EXPR_CONCAT] = "concat",
                                            [EXPR_STRING] = "string",
                                            [EXPR_NUMBER_OF] = "number",
                                            [EXPR_LENGTH] = "length",
                                            [EXPR_SUBSTRING] = "substring",
                                            [EXPR_BETWEEN] = "between",
                                            [EXPR_INDEX_OF] = "index_of",
                                            [EXPR_STARTS] = "startswith",
                                            [EXPR_ENDS] = "endswith",
                                            [EXPR_CONTAINS] = "contains",
                                            [EXPR_IN_NETWORK] = "cidr",
                                            [EXPR_GLOB] = "glob",
                                            [EXPR_EQ] = "eq",
                                            [EXPR_LT] = "lt",
                                            [EXPR_LE] = "lte",
                                            [EXPR_GT] = "gt",
                                            [EXPR_GE] = "gte",
                                            [EXPR_IS_NULL] = "is_null"};

const char *expr_op_name(enum expr_op op)
{
    return NAMES[op];
}

/* ---- values ------------------------------------------------------------------- */

static struct expr_value whole_value(int64_t n)
{
    return (struct expr_value){.type = EXPR_VALUE_INT, .whole = n, .real = (double)n};
}

static struct expr_value real_value(double d)
{
    if (!isfinite(d))
        return EXPR_NOTHING;
    return (struct expr_value){.type = EXPR_VALUE_REAL, .real = d};
}

struct expr_value expr_value_bool(bool is_true)
{
    return (struct expr_value){.type = EXPR_VALUE_BOOL, .is_true = is_true};
}

struct expr_value expr_value_text(struct str text)
{
    return (struct expr_value){.type = EXPR_VALUE_TEXT, .text = text};
}

struct expr_value expr_value_number(struct str json)
{
    enum { DIGITS_MAX = 400 };
    char z[DIGITS_MAX + 1];
    struct expr_value v;
    int64_t n;

    if (!decimal_is_number(json) || json.n > DIGITS_MAX)
        return EXPR_NOTHING;
    if (str_to_i64(json, &n)) {
        v = whole_value(n);
    } else {
        memcpy(z, json.p, json.n);
        z[json.n] = '\0';
        v = real_value(strtod(z, NULL));
    }
    v.text = json;
    return v;
}

static bool is_number(const struct expr_value *v)
{
    return v->type == EXPR_VALUE_INT || v->type == EXPR_VALUE_REAL;
}

/* The shortest digits that read back as the same number; a whole one keeps its ".0". */
static struct str real_text(struct arena *a, double d)
{
    char z[64];

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(z, sizeof z, "%.*g", digits, d);
        if (strtod(z, NULL) == d)
            break;
    }
    return arena_printf(a, strpbrk(z, ".e") ? "%s" : "%s.0", z);
}

bool expr_value_string(struct arena *a, const struct expr_value *v, struct str *out)
{
    switch (v->type) {
    case EXPR_VALUE_NULL:
        return false;
    case EXPR_VALUE_BOOL:
        *out = v->is_true ? STR("true") : STR("false");
        return true;
    case EXPR_VALUE_INT:
        *out = v->text.n ? v->text : arena_printf(a, "%lld", (long long)v->whole);
        return true;
    case EXPR_VALUE_REAL:
        *out = v->text.n ? v->text : real_text(a, v->real);
        return true;
    case EXPR_VALUE_TEXT:
        break;
    }
    *out = v->text;
    return true;
}

/* ---- numbers ------------------------------------------------------------------ */

static struct expr_value whole_call(enum expr_op op, int64_t x, int64_t y)
{
    int64_t out = 0;
    bool is_over = false;

    switch (op) {
    case EXPR_ADD:
        is_over = __builtin_add_overflow(x, y, &out);
        break;
    case EXPR_SUBTRACT:
        is_over = __builtin_sub_overflow(x, y, &out);
        break;
    case EXPR_MULTIPLY:
        is_over = __builtin_mul_overflow(x, y, &out);
        break;
    default: /* divide, modulo: INT64_MIN / -1 is the one that does not fit */
        if (y == 0)
            return EXPR_NOTHING;
        is_over = y == -1 && x == INT64_MIN;
        out = is_over ? 0 : op == EXPR_DIVIDE ? x / y : x % y;
        break;
    }
    return is_over ? EXPR_NOTHING : whole_value(out);
}

static struct expr_value real_call(enum expr_op op, double x, double y)
{
    switch (op) {
    case EXPR_ADD:
        return real_value(x + y);
    case EXPR_SUBTRACT:
        return real_value(x - y);
    case EXPR_MULTIPLY:
        return real_value(x * y);
    case EXPR_DIVIDE:
        return real_value(x / y); /* by zero: not finite, null */
    default:
        return real_value(fmod(x, y));
    }
}

static struct expr_value arithmetic(const struct expr_args *a)
{
    const struct expr_value *x = &a->items[0], *y = &a->items[1];

    if (!is_number(x) || !is_number(y))
        return EXPR_NOTHING;
    if (x->type == EXPR_VALUE_INT && y->type == EXPR_VALUE_INT)
        return whole_call(a->e->op, x->whole, y->whole);
    return real_call(a->e->op, x->real, y->real);
}

static struct expr_value negate(const struct expr_value *x)
{
    if (x->type == EXPR_VALUE_INT)
        return whole_call(EXPR_SUBTRACT, 0, x->whole);
    return x->type == EXPR_VALUE_REAL ? real_value(-x->real) : EXPR_NOTHING;
}

/* ---- comparisons -------------------------------------------------------------- */

/* A text that is a number may stand where a number is compared. */
static struct expr_value as_number(struct expr_value v)
{
    return v.type == EXPR_VALUE_TEXT ? expr_value_number(v.text) : v;
}

/* -1, 0, 1; false: the two do not compare. */
static bool number_order(struct expr_value x, struct expr_value y, int *order)
{
    x = as_number(x);
    y = as_number(y);
    if (!is_number(&x) || !is_number(&y))
        return false;
    if (x.type == EXPR_VALUE_INT && y.type == EXPR_VALUE_INT)
        *order = (x.whole > y.whole) - (x.whole < y.whole);
    else
        *order = (x.real > y.real) - (x.real < y.real);
    return true;
}

static bool order_of(const struct expr_value *x, const struct expr_value *y, enum fold fold,
                     int *order)
{
    if (x->type == EXPR_VALUE_TEXT && y->type == EXPR_VALUE_TEXT) {
        bool is_equal = fold == FOLD_NONE ? str_eq(x->text, y->text) : str_eq_ci(x->text, y->text);
        *order = is_equal ? 0 : str_cmp(x->text, y->text) < 0 ? -1 : 1;
        return true;
    }
    return number_order(*x, *y, order);
}

/* A truth value and its text are the same. */
static bool bool_equals(const struct expr_value *b, const struct expr_value *other)
{
    if (other->type == EXPR_VALUE_BOOL)
        return b->is_true == other->is_true;
    return other->type == EXPR_VALUE_TEXT &&
           str_eq_ci(other->text, b->is_true ? STR("true") : STR("false"));
}

static struct expr_value compare(const struct expr_args *a)
{
    const struct expr_value *x = &a->items[0], *y = &a->items[1];
    enum expr_op op = a->e->op;
    int order;

    if (op == EXPR_EQ && x->type == EXPR_VALUE_BOOL)
        return expr_value_bool(bool_equals(x, y));
    if (op == EXPR_EQ && y->type == EXPR_VALUE_BOOL)
        return expr_value_bool(bool_equals(y, x));
    if (!order_of(x, y, a->e->fold, &order))
        return op == EXPR_EQ ? expr_value_bool(false) : EXPR_NOTHING;
    switch (op) {
    case EXPR_EQ:
        return expr_value_bool(order == 0);
    case EXPR_LT:
        return expr_value_bool(order < 0);
    case EXPR_LE:
        return expr_value_bool(order <= 0);
    case EXPR_GT:
        return expr_value_bool(order > 0);
    default:
        return expr_value_bool(order >= 0);
    }
}

/* ---- calls -------------------------------------------------------------------- */

/* How many leading arguments make the call null if they are. */
static size_t needed_args(const struct expr *e)
{
    switch (e->op) {
    case EXPR_IS_NULL:
        return 0;
    case EXPR_NUMBER_OF: /* the base may be null */
        return 1;
    default:
        return e->n_args;
    }
}

static struct expr_value call(const struct expr *e, const struct expr_scope *scope)
{
    struct expr_value *values = ARENA_ARRAY(scope->space, e->n_args, struct expr_value);
    struct expr_args a = {e, values, e->n_args, scope};
    size_t needed = needed_args(e);

    for (size_t i = 0; i < e->n_args; i++) {
        values[i] = expr_eval(e->args[i], scope);
        if (i < needed && values[i].type == EXPR_VALUE_NULL)
            return EXPR_NOTHING;
    }
    switch (e->op) {
    case EXPR_ADD:
    case EXPR_SUBTRACT:
    case EXPR_MULTIPLY:
    case EXPR_DIVIDE:
    case EXPR_MODULO:
        return arithmetic(&a);
    case EXPR_NEGATE:
        return negate(&values[0]);
    case EXPR_EQ:
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
        return compare(&a);
    case EXPR_IS_NULL:
        return expr_value_bool(values[0].type == EXPR_VALUE_NULL);
    default:
        return expr_text_call(&a);
    }
}

struct expr_value expr_eval(const struct expr *e, const struct expr_scope *scope)
{
    switch (e->kind) {
    case EXPR_NULL:
        return EXPR_NOTHING;
    case EXPR_BOOL:
        return expr_value_bool(e->value);
    case EXPR_NUMBER:
        return expr_value_number(e->text);
    case EXPR_TEXT:
        return expr_value_text(e->text);
    case EXPR_FIELD:
        return scope->field ? scope->field(scope->context, e->slot) : EXPR_NOTHING;
    case EXPR_CALL:
        break;
    }
    return call(e, scope);
}

enum truth expr_truth(const struct expr *e, const struct expr_scope *scope)
{
    struct expr_value v = expr_eval(e, scope);

    if (v.type != EXPR_VALUE_BOOL)
        return TRUTH_UNKNOWN;
    return v.is_true ? TRUTH_TRUE : TRUTH_FALSE;
}

bool expr_needs(const struct expr *e, uint32_t slot)
{
    if (e->kind == EXPR_FIELD)
        return e->slot == slot;
    if (e->kind != EXPR_CALL)
        return false;
    for (size_t i = 0; i < e->n_args && i < needed_args(e); i++)
        if (expr_needs(e->args[i], slot))
            return true;
    return false;
}

/* ---- identity ----------------------------------------------------------------- */

static bool same_glob(const struct glob *a, const struct glob *b)
{
    if (a->n_parts != b->n_parts)
        return false;
    for (size_t i = 0; i < a->n_parts; i++)
        if (a->parts[i].kind != b->parts[i].kind || !str_eq(a->parts[i].text, b->parts[i].text))
            return false;
    return true;
}

bool expr_equal(const struct expr *a, const struct expr *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->kind != b->kind || a->value != b->value || a->slot != b->slot ||
        a->op != b->op || a->fold != b->fold || a->is_greedy != b->is_greedy ||
        a->n_args != b->n_args || !str_eq(a->text, b->text) || !same_glob(&a->glob, &b->glob))
        return false;
    for (size_t i = 0; i < a->n_args; i++)
        if (!expr_equal(a->args[i], b->args[i]))
            return false;
    return true;
}

uint64_t expr_hash(const struct expr *e)
{
    uint64_t h = 0;

    if (!e)
        return 0;
    h = hash_str(e->text) + ((uint64_t)e->kind << 8 | e->op) * 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < e->n_args; i++)
        h = (h ^ expr_hash(e->args[i])) * 0xff51afd7ed558ccdu;
    return h;
}

/* ---- for people --------------------------------------------------------------- */

void expr_dump(struct buf *out, const struct expr *e)
{
    switch (e->kind) {
    case EXPR_NULL:
        buf_add(out, STR("null"));
        return;
    case EXPR_BOOL:
        buf_add(out, e->value ? STR("true") : STR("false"));
        return;
    case EXPR_TEXT:
        buf_printf(out, "\"%.*s\"", (int)e->text.n, e->text.p);
        return;
    case EXPR_NUMBER:
    case EXPR_FIELD:
        buf_add(out, e->text);
        return;
    case EXPR_CALL:
        break;
    }
    buf_printf(out, "%s%s(", NAMES[e->op], e->is_greedy ? "_greedy" : "");
    for (size_t i = 0; i < e->n_args; i++) {
        buf_add(out, i ? STR(", ") : STR(""));
        expr_dump(out, e->args[i]);
    }
    for (size_t i = 0; i < e->glob.n_parts; i++) {
        const struct glob_part *p = &e->glob.parts[i];
        buf_add_char(out, i ? ' ' : ',');
        if (p->kind == GLOB_TEXT)
            buf_printf(out, "\"%.*s\"", (int)p->text.n, p->text.p);
        else
            buf_add_char(out, p->kind == GLOB_ONE ? '?' : '*');
    }
    buf_add(out, e->fold == FOLD_NONE ? STR(")") : STR(") caseless"));
}
