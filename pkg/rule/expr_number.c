/* expr_number.c - numbers: rounding, powers, conversions, and distances on a sphere. */
#include "rule/expr_impl.h"

#include <math.h>

#include "base/decimal.h"
#include "base/str.h"

static struct expr_value as_number(const struct expr_value *v)
{
    if (v->type == EXPR_VALUE_TEXT)
        return expr_value_number(str_trim(v->text));
    return expr_is_number(v) ? *v : EXPR_NOTHING;
}

/* A whole number again if it fits. */
static struct expr_value whole_of(double d)
{
    if (d >= -9.2e18 && d <= 9.2e18)
        return expr_value_whole((int64_t)d);
    return expr_value_real(d);
}

static struct expr_value rounded(const struct expr_value *x, int64_t digits)
{
    enum { DIGITS_MAX = 15 };

    if (x->type == EXPR_VALUE_INT && digits >= 0)
        return expr_value_whole(x->whole);
    if (digits > DIGITS_MAX || digits < -DIGITS_MAX)
        return *x;
    double scale = pow(10, (double)digits), d = round(x->real * scale) / scale;
    return digits > 0 ? expr_value_real(d) : whole_of(d);
}

static struct expr_value boolean(const struct expr_value *x)
{
    if (x->type == EXPR_VALUE_BOOL)
        return *x;
    if (expr_is_number(x))
        return expr_value_bool(x->real != 0);
    if (str_eq_ci(x->text, STR("true")) || str_eq_ci(x->text, STR("false")))
        return expr_value_bool(x->text.n == 4);
    return EXPR_NOTHING;
}

/* Least or greatest of all members that there are. */
static struct expr_value extreme(const struct expr_args *a)
{
    struct expr_value all = expr_value_list(a->scope->space, a->items, a->n);
    size_t n, best = 0;
    const struct expr_value *items = expr_value_items(&all, &n);

    for (size_t i = 1; i < n; i++) {
        int order = expr_value_cmp(&items[i], &items[best]);
        if (a->e->op == EXPR_LEAST ? order < 0 : order > 0)
            best = i;
    }
    return n ? items[best] : EXPR_NOTHING;
}

/* Haversine on the mean radius. */
static struct expr_value distance(const double *degrees)
{
    static const double EARTH_M = 6371008.8, TO_RADIANS = 3.14159265358979323846 / 180;
    double lat1 = degrees[0] * TO_RADIANS, lat2 = degrees[2] * TO_RADIANS;
    double dlat = sin((lat2 - lat1) / 2), dlon = sin((degrees[3] - degrees[1]) * TO_RADIANS / 2);
    double h = dlat * dlat + cos(lat1) * cos(lat2) * dlon * dlon;

    return expr_value_real(2 * EARTH_M * asin(sqrt(h > 1 ? 1 : h)));
}

static struct expr_value all_numbers(const struct expr_args *a)
{
    enum { ARGS_MAX = 4 };
    double x[ARGS_MAX] = {0};

    for (size_t i = 0; i < a->n && i < ARGS_MAX; i++) {
        struct expr_value v = as_number(&a->items[i]);
        if (v.type == EXPR_VALUE_NULL)
            return v;
        x[i] = v.real;
    }
    switch (a->e->op) {
    case EXPR_POWER:
        return expr_value_real(pow(x[0], x[1]));
    case EXPR_LOGARITHM:
        return expr_value_real(a->n > 1 ? log(x[0]) / log(x[1]) : log(x[0]));
    case EXPR_DISTANCE:
        return distance(x);
    default:
        return expr_value_real(sqrt(x[0]));
    }
}

/* ---- by name -------------------------------------------------------------------- */

static double to_degrees(double x)
{
    return x * (180 / M_PI);
}

static double to_radians(double x)
{
    return x * (M_PI / 180);
}

/* That of 27 is 3: libraries may be off by a trace. */
static double cube_root(double x)
{
    double root = cbrt(x), whole = round(root);

    return whole * whole * whole == x ? whole : root;
}

/* x * 2^y for a whole y, whatever its size. */
static double scaled(double x, double y)
{
    return scalbn(x, (int)fmax(-5000, fmin(5000, y)));
}

static const struct {
    const char *name;
    double (*of_one)(double);
    double (*of_two)(double, double);
} MATH[] = {{"sin", sin, NULL},
            {"cos", cos, NULL},
            {"tan", tan, NULL},
            {"asin", asin, NULL},
            {"acos", acos, NULL},
            {"atan", atan, NULL},
            {"sinh", sinh, NULL},
            {"cosh", cosh, NULL},
            {"tanh", tanh, NULL},
            {"asinh", asinh, NULL},
            {"acosh", acosh, NULL},
            {"atanh", atanh, NULL},
            {"cbrt", cube_root, NULL},
            {"degrees", to_degrees, NULL},
            {"radians", to_radians, NULL},
            {"atan2", NULL, atan2},
            {"copysign", NULL, copysign},
            {"scalb", NULL, scaled}};

bool expr_has_math(struct str name, size_t n)
{
    for (size_t i = 0; i < ARRAY_LEN(MATH); i++)
        if (str_eq(name, str_from(MATH[i].name)))
            return n == (MATH[i].of_two ? 2 : 1);
    return false;
}

static struct expr_value math(const struct expr_args *a)
{
    struct expr_value x = as_number(&a->items[1]), y = as_number(&a->items[a->n - 1]);

    if (a->items[0].type != EXPR_VALUE_TEXT || !expr_has_math(a->items[0].text, a->n - 1) ||
        x.type == EXPR_VALUE_NULL || y.type == EXPR_VALUE_NULL)
        return EXPR_NOTHING;
    for (size_t i = 0; i < ARRAY_LEN(MATH); i++)
        if (str_eq(a->items[0].text, str_from(MATH[i].name)))
            return expr_value_real(MATH[i].of_one ? MATH[i].of_one(x.real)
                                                  : MATH[i].of_two(x.real, y.real));
    return EXPR_NOTHING;
}

struct expr_value expr_number_call(const struct expr_args *a)
{
    enum expr_op op = a->e->op;

    if (op == EXPR_LEAST || op == EXPR_GREATEST)
        return extreme(a);
    if (op == EXPR_POWER || op == EXPR_SQUARE_ROOT || op == EXPR_LOGARITHM || op == EXPR_DISTANCE)
        return all_numbers(a);
    if (op == EXPR_MATH)
        return math(a);
    if (op == EXPR_BOOLEAN)
        return a->items[0].type == EXPR_VALUE_LIST ? EXPR_NOTHING : boolean(&a->items[0]);
    struct expr_value x = as_number(&a->items[0]);
    if (x.type == EXPR_VALUE_NULL)
        return x;
    switch (op) {
    case EXPR_ROUND:
        if (a->n > 1 && a->items[1].type != EXPR_VALUE_INT)
            return EXPR_NOTHING;
        return rounded(&x, a->n > 1 ? a->items[1].whole : 0);
    case EXPR_FLOOR:
        return x.type == EXPR_VALUE_INT ? expr_value_whole(x.whole) : whole_of(floor(x.real));
    case EXPR_CEILING:
        return x.type == EXPR_VALUE_INT ? expr_value_whole(x.whole) : whole_of(ceil(x.real));
    case EXPR_ABSOLUTE:
        if (x.type == EXPR_VALUE_REAL || x.whole == INT64_MIN)
            return expr_value_real(fabs(x.real));
        return expr_value_whole(x.whole < 0 ? -x.whole : x.whole);
    case EXPR_WHOLE:
        return x.type == EXPR_VALUE_INT ? expr_value_whole(x.whole) : whole_of(trunc(x.real));
    default: /* EXPR_REAL */
        return expr_value_real(x.real);
    }
}
