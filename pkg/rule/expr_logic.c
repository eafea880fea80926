/* expr_logic.c - operators that compute their arguments as they need them: Kleene's and, or, not;
 * choices; and those that go through a list. */
#include "base/str.h"
#include "rule/expr_impl.h"

/* ---- and, or ---------------------------------------------------------------------- */

/* `stop` decides alone; what is no truth value is unknown. */
static struct expr_value join(const struct expr *e, const struct expr_scope *scope, bool stop)
{
    bool is_known = true;

    for (size_t i = 0; i < e->n_args; i++) {
        struct expr_value v = expr_eval(e->args[i], scope);
        if (v.type == EXPR_VALUE_BOOL && v.is_true == stop)
            return v;
        is_known &= v.type == EXPR_VALUE_BOOL;
    }
    return is_known ? expr_value_bool(!stop) : EXPR_NOTHING;
}

static bool is_true(const struct expr *e, const struct expr_scope *scope)
{
    struct expr_value v = expr_eval(e, scope);

    return v.type == EXPR_VALUE_BOOL && v.is_true;
}

/* ---- choices ------------------------------------------------------------------------ */

static struct expr_value choose(const struct expr *e, const struct expr_scope *scope)
{
    size_t i = 0;

    for (; i + 1 < e->n_args; i += 2)
        if (is_true(e->args[i], scope))
            return expr_eval(e->args[i + 1], scope);
    return i < e->n_args ? expr_eval(e->args[i], scope) : EXPR_NOTHING;
}

static struct expr_value first_there(const struct expr *e, const struct expr_scope *scope)
{
    for (size_t i = 0; i < e->n_args; i++) {
        struct expr_value v = expr_eval(e->args[i], scope);
        if (v.type != EXPR_VALUE_NULL)
            return v;
    }
    return EXPR_NOTHING;
}

static struct expr_value in_items(const struct expr *e, const struct expr_scope *scope,
                                  const struct expr_value *x)
{
    bool is_known = x->type != EXPR_VALUE_LIST;

    for (size_t i = 1; i < e->n_args; i++) {
        struct expr_value item = expr_eval(e->args[i], scope);
        struct expr_value v =
            item.type == EXPR_VALUE_NULL ? EXPR_NOTHING : expr_compare(e, EXPR_EQ, x, &item);
        if (v.type == EXPR_VALUE_BOOL && v.is_true)
            return v;
        is_known &= v.type == EXPR_VALUE_BOOL;
    }
    return is_known ? expr_value_bool(false) : EXPR_NOTHING;
}

static struct expr_value in_list(const struct expr *e, const struct expr_scope *scope)
{
    struct expr_value x = expr_eval(e->args[0], scope), out = EXPR_NOTHING;

    if (x.type != EXPR_VALUE_LIST || !e->is_any)
        return x.type == EXPR_VALUE_NULL ? EXPR_NOTHING : in_items(e, scope, &x);
    for (size_t i = 0; i < x.n_items; i++) {
        struct expr_value v = in_items(e, scope, &x.items[i]);
        if (v.type == EXPR_VALUE_BOOL && v.is_true)
            return v;
        out = v.type == EXPR_VALUE_BOOL ? v : out;
    }
    return out;
}

/* ---- through a list ------------------------------------------------------------------- */

/* Shared nodes may be remembered all the same: none of them depends on the member. */
static struct expr_value walk(const struct expr *e, const struct expr_scope *scope)
{
    struct expr_value list = expr_eval(e->args[0], scope);
    struct expr_scope own = *scope;
    size_t n, n_kept = 0;
    const struct expr_value *items = expr_value_items(&list, &n);
    struct expr_value *kept = ARENA_ARRAY(scope->space, n, struct expr_value);
    bool is_known = true;

    if (n == 0)
        return EXPR_NOTHING;
    for (size_t i = 0; i < n; i++) {
        own.member = &items[i];
        struct expr_value v = expr_eval(e->args[1], &own);
        bool holds = v.type == EXPR_VALUE_BOOL && v.is_true;
        if (e->op == EXPR_ANY_OF && holds)
            return v;
        is_known &= v.type == EXPR_VALUE_BOOL;
        if (e->op == EXPR_MAP)
            kept[n_kept++] = v;
        else if (holds)
            kept[n_kept++] = items[i];
    }
    if (e->op == EXPR_ANY_OF)
        return is_known ? expr_value_bool(false) : EXPR_NOTHING;
    return expr_value_list(scope->space, kept, n_kept);
}

struct expr_value expr_logic_call(const struct expr *e, const struct expr_scope *scope)
{
    struct expr_value v;

    switch (e->op) {
    case EXPR_AND:
        return join(e, scope, false);
    case EXPR_OR:
        return join(e, scope, true);
    case EXPR_NOT:
        v = expr_eval(e->args[0], scope);
        return v.type == EXPR_VALUE_BOOL ? expr_value_bool(!v.is_true) : EXPR_NOTHING;
    case EXPR_CASE:
        return choose(e, scope);
    case EXPR_COALESCE:
        return first_there(e, scope);
    case EXPR_IN:
        return in_list(e, scope);
    default:
        return walk(e, scope);
    }
}
