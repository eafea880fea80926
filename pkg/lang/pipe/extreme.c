/* extreme.c - conditions on rows beside aggregates of all of them: "some row has more than the
 * average and three deviations".
 *
 * What is asked of a column of the rows is asked of its greatest value in the group. That says the
 * same where a condition that holds of a value holds of every greater one, too; whether it does is
 * read off its form.
 */
#include "lang/pipe/pipe_impl.h"

#include "base/str.h"

/* How a value goes with the column: not at all, up with it, down, or nobody knows. */
enum way { WAY_NONE, WAY_UP, WAY_DOWN, WAY_UNKNOWN };

static enum way both(enum way a, enum way b)
{
    if (a == WAY_NONE || b == WAY_NONE)
        return a == WAY_NONE ? b : a;
    return a == b ? a : WAY_UNKNOWN;
}

static enum way opposite(enum way a)
{
    return a == WAY_UP ? WAY_DOWN : a == WAY_DOWN ? WAY_UP : a;
}

static bool is_numeric(enum group_kind kind)
{
    return kind == GROUP_COUNT || kind == GROUP_COUNT_TRUE || kind == GROUP_DISTINCT ||
           kind == GROUP_SUM || kind == GROUP_AVERAGE || kind == GROUP_DEVIATION ||
           kind == GROUP_PERCENTILE;
}

/* A number or nothing, whatever the events hold. */
static bool is_number(const struct pipe *p, const struct expr *e, uint32_t slot)
{
    struct expr_value v;

    if (pipe_constant(e, &v))
        return v.type == EXPR_VALUE_INT || v.type == EXPR_VALUE_REAL;
    if (e->kind == EXPR_FIELD)
        return e->slot == slot ||
               (e->slot >= p->n_keys && is_numeric(p->aggregates[e->slot - p->n_keys].kind));
    if (e->kind != EXPR_CALL)
        return false;
    switch (e->op) {
    case EXPR_ADD:
    case EXPR_SUBTRACT:
    case EXPR_MULTIPLY:
    case EXPR_QUOTIENT:
    case EXPR_NEGATE:
    case EXPR_ROUND:
    case EXPR_FLOOR:
    case EXPR_CEILING:
    case EXPR_ABSOLUTE:
    case EXPR_SQUARE_ROOT:
    case EXPR_POWER:
    case EXPR_LENGTH:
        return true;
    case EXPR_CASE:
        for (size_t i = 1; i < e->n_args; i += 2)
            if (!is_number(p, e->args[i], slot))
                return false;
        return e->n_args % 2 == 0 || is_number(p, e->args[e->n_args - 1], slot);
    default:
        return false;
    }
}

static enum way way_of(const struct pipe *p, const struct expr *e, uint32_t slot);

static bool is_constant_from_0(const struct expr *e)
{
    struct expr_value v;

    return pipe_constant(e, &v) && ((v.type == EXPR_VALUE_INT && v.whole >= 0) ||
                                    (v.type == EXPR_VALUE_REAL && v.real >= 0));
}

/* 0 or more, or nothing: counts, deviations, roots, and what is made of these. */
static bool is_from_0(const struct pipe *p, const struct expr *e)
{
    if (e->kind == EXPR_FIELD && e->slot >= p->n_keys) {
        enum group_kind kind = p->aggregates[e->slot - p->n_keys].kind;
        return kind == GROUP_COUNT || kind == GROUP_COUNT_TRUE || kind == GROUP_DISTINCT ||
               kind == GROUP_DEVIATION;
    }
    if (e->kind != EXPR_CALL)
        return is_constant_from_0(e);
    switch (e->op) {
    case EXPR_SQUARE_ROOT:
    case EXPR_ABSOLUTE:
        return true;
    case EXPR_ROUND:
    case EXPR_FLOOR:
    case EXPR_CEILING:
        return is_from_0(p, e->args[0]);
    case EXPR_ADD:
    case EXPR_MULTIPLY:
    case EXPR_QUOTIENT:
        return is_from_0(p, e->args[0]) && is_from_0(p, e->args[1]);
    case EXPR_CASE: /* conditions and values in turn, and the value of all others */
        for (size_t i = 1; i < e->n_args; i += 2)
            if (!is_from_0(p, e->args[i]))
                return false;
        return e->n_args % 2 == 0 || is_from_0(p, e->args[e->n_args - 1]);
    default:
        return is_constant_from_0(e);
    }
}

/* A product or quotient of the column goes with it if the other factor is none below 0. */
static enum way way_of_product(const struct pipe *p, const struct expr *e, uint32_t slot)
{
    enum way a = way_of(p, e->args[0], slot), b = way_of(p, e->args[1], slot);

    if (a == WAY_NONE && b == WAY_NONE)
        return WAY_NONE;
    if (b == WAY_NONE && is_from_0(p, e->args[1]))
        return a;
    return a == WAY_NONE && e->op == EXPR_MULTIPLY && is_from_0(p, e->args[0]) ? b : WAY_UNKNOWN;
}

static enum way way_of_order(const struct pipe *p, const struct expr *e, uint32_t slot)
{
    enum way a = way_of(p, e->args[0], slot), b = way_of(p, e->args[1], slot);
    bool is_less = e->op == EXPR_LT || e->op == EXPR_LE;

    if (a == WAY_NONE && b == WAY_NONE)
        return WAY_NONE;
    if (!is_number(p, e->args[0], slot) || !is_number(p, e->args[1], slot))
        return WAY_UNKNOWN;
    a = both(a, opposite(b));
    return is_less ? opposite(a) : a;
}

static bool same_constant(struct arena *a, const struct expr *x, const struct expr *y)
{
    struct expr_value v, w;
    struct str left, right;

    return pipe_constant(x, &v) && pipe_constant(y, &w) && expr_value_string(a, &v, &left) &&
           expr_value_string(a, &w, &right) && str_eq(left, right);
}

/* `case(condition, 1, 0) = 1` is the condition, `... = 0` its opposite. */
static enum way way_of_equal(const struct pipe *p, const struct expr *e, uint32_t slot)
{
    const struct expr *flag = e->args[0], *wanted = e->args[1];

    if (!pipe_is_call(flag, EXPR_CASE)) {
        flag = e->args[1];
        wanted = e->args[0];
    }
    enum way other = way_of(p, wanted, slot), of_flag = WAY_UNKNOWN;
    if (other == WAY_NONE && way_of(p, flag, slot) == WAY_NONE)
        return WAY_NONE;
    struct expr_value v;
    bool has_else = pipe_is_call(flag, EXPR_CASE) && flag->n_args == 3;
    bool is_plain = has_else || (pipe_is_call(flag, EXPR_CASE) && flag->n_args == 2) ||
                    (pipe_is_call(flag, EXPR_CASE) && flag->n_args == 4 &&
                     pipe_constant(flag->args[2], &v) && v.type == EXPR_VALUE_BOOL && v.is_true);
    if (!is_plain || other != WAY_NONE)
        return WAY_UNKNOWN;
    const struct expr *rest = flag->n_args > 2 ? flag->args[flag->n_args - 1] : NULL;
    bool is_then = same_constant(p->s->scratch, flag->args[1], wanted);
    bool is_rest = rest && same_constant(p->s->scratch, rest, wanted);
    if (is_then != is_rest && pipe_constant(flag->args[1], &v) &&
        (!rest || pipe_constant(rest, &v)))
        of_flag = way_of(p, flag->args[0], slot);
    return is_then ? of_flag : opposite(of_flag);
}

static enum way way_of_any(const struct pipe *p, const struct expr *e, uint32_t slot)
{
    enum way way = WAY_NONE;

    for (size_t i = 0; i < e->n_args; i++)
        way = both(way, way_of(p, e->args[i], slot));
    return way;
}

static enum way way_of(const struct pipe *p, const struct expr *e, uint32_t slot)
{
    if (e->kind == EXPR_FIELD)
        return e->slot == slot ? WAY_UP : WAY_NONE;
    if (e->kind != EXPR_CALL)
        return WAY_NONE;
    switch (e->op) {
    case EXPR_ADD:
    case EXPR_AND:
    case EXPR_OR:
        return way_of_any(p, e, slot);
    case EXPR_SUBTRACT:
        return both(way_of(p, e->args[0], slot), opposite(way_of(p, e->args[1], slot)));
    case EXPR_NEGATE:
    case EXPR_NOT:
        return opposite(way_of(p, e->args[0], slot));
    case EXPR_MULTIPLY:
    case EXPR_QUOTIENT:
        return way_of_product(p, e, slot);
    case EXPR_ROUND:
    case EXPR_FLOOR:
    case EXPR_CEILING:
        return e->n_args == 1 || way_of(p, e->args[1], slot) == WAY_NONE
                   ? way_of(p, e->args[0], slot)
                   : WAY_UNKNOWN;
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
        return way_of_order(p, e, slot);
    case EXPR_EQ:
        return way_of_equal(p, e, slot);
    default:
        return way_of_any(p, e, slot) == WAY_NONE ? WAY_NONE : WAY_UNKNOWN;
    }
}

/* What is no number is no value: all that is compared with it is null, as it is of the row. */
bool pipe_row_greatest(struct pipe *p, struct place at, struct str name, struct expr *value)
{
    ASSERT(p->is_grouped);
    struct expr *zero = pipe_whole(p, 0), *number;

    if (p->has_inner)
        number = pipe_call2(p, at, EXPR_ADD, value, zero);
    else /* of a field with several values each */
        number =
            pipe_call2(p, at, EXPR_MAP, value, pipe_call2(p, at, EXPR_ADD, pipe_member(p), zero));
    struct pipe_aggregate a = {.kind = GROUP_MAX, .name = name, .at = at};
    a.arg = number ? pipe_without_conditions(p, number) : NULL;
    struct expr *e = a.arg ? pipe_one_more(p, &a) : NULL;
    return e && pipe_env_set(p, at, &p->env, name, e);
}

bool pipe_row_of_greatest(struct pipe *p, struct place at, struct str name, struct expr *value,
                          struct expr *order)
{
    struct pipe_aggregate a = {.kind = GROUP_LAST, .name = name, .at = at};

    ASSERT(p->is_grouped);
    a.arg = pipe_without_conditions(p, value);
    a.order = pipe_without_conditions(p, order);
    struct expr *e = a.arg && a.order ? pipe_one_more(p, &a) : NULL;
    return e && pipe_env_set(p, at, &p->env, name, e);
}

bool pipe_rises_with(const struct pipe *p, struct str name, struct place *where)
{
    for (size_t i = 0; i < p->n_aggregates; i++) {
        if (!str_eq(p->aggregates[i].name, name))
            continue;
        for (size_t k = 0; k < p->having.n; k++) {
            enum way way = way_of(p, p->having.items[k], (uint32_t)(p->n_keys + i));
            *where = pipe_place(p->having.items[k]);
            if (way == WAY_DOWN || way == WAY_UNKNOWN)
                return false;
        }
    }
    return true;
}
