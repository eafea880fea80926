/* call_value.c - functions about numbers, lists, conditions, and from one type to another. */
#include "lang/esql/call.h"

#include "base/str.h"

/* ---- numbers ---------------------------------------------------------------------- */

#define EULER "2.718281828459045"

static struct expr *number(const struct esql_call *c, const char *json)
{
    return pipe_number(c->p->pipe, c->at, str_from(json));
}

static struct expr *euler(const struct esql_call *c)
{
    return number(c, EULER);
}

static struct expr *pi(const struct esql_call *c)
{
    return number(c, "3.141592653589793");
}

static struct expr *tau(const struct esql_call *c)
{
    return number(c, "6.283185307179586");
}

static struct expr *exponential(const struct esql_call *c)
{
    return esql_call2(c, EXPR_POWER, number(c, EULER), c->args[0]);
}

/* LOG([base,] number) */
static struct expr *logarithm(const struct esql_call *c)
{
    return c->n == 1 ? esql_call1(c, EXPR_LOGARITHM, c->args[0])
                     : esql_call2(c, EXPR_LOGARITHM, c->args[1], c->args[0]);
}

static struct expr *log10_of(const struct esql_call *c)
{
    return esql_call2(c, EXPR_LOGARITHM, c->args[0], esql_whole(c, 10));
}

/* A whole number that was made of a fraction is a fraction still: FLOOR(2.5) / 2 is 1.0. */
static struct expr *made_whole(const struct esql_call *c, enum expr_op op)
{
    struct expr *e = pipe_call(c->p->pipe, c->at, &(struct expr){.op = op}, c->args, c->n);
    struct expr *is_real = esql_call2(c, EXPR_EQ, esql_call1(c, EXPR_KIND_OF, c->args[0]),
                                      pipe_text(c->p->pipe, STR("real")));

    return esql_call3(c, EXPR_CASE, is_real, esql_call1(c, EXPR_REAL, e), e);
}

static struct expr *ceiling(const struct esql_call *c)
{
    return made_whole(c, EXPR_CEILING);
}

static struct expr *floor_of(const struct esql_call *c)
{
    return made_whole(c, EXPR_FLOOR);
}

static struct expr *round_of(const struct esql_call *c)
{
    return made_whole(c, EXPR_ROUND);
}

static struct expr *square(const struct esql_call *c, struct expr *e)
{
    return esql_call2(c, EXPR_MULTIPLY, e, e);
}

static struct expr *hypot_of(const struct esql_call *c)
{
    return esql_call1(c, EXPR_SQUARE_ROOT,
                      esql_call2(c, EXPR_ADD, square(c, c->args[0]), square(c, c->args[1])));
}

static struct expr *signum(const struct esql_call *c)
{
    struct expr *zero = esql_whole(c, 0);
    struct expr *args[] = {esql_call2(c, EXPR_GT, c->args[0], zero), number(c, "1.0"),
                           esql_call2(c, EXPR_LT, c->args[0], zero), number(c, "-1.0"),
                           esql_call2(c, EXPR_EQ, c->args[0], zero), number(c, "0.0")};

    return pipe_call(c->p->pipe, c->at, &(struct expr){.op = EXPR_CASE}, args, ARRAY_LEN(args));
}

/* ---- one of several values ---------------------------------------------------------- */

/* What may come out is of one type, as far as that is known. */
static bool are_alike(const struct esql_call *c, const struct expr *a, const struct expr *b)
{
    enum esql_type x = esql_type_of(a), y = esql_type_of(b);

    if (x <= ESQL_TYPE_NULL || y <= ESQL_TYPE_NULL || x == y || x > ESQL_TYPE_BOOL ||
        y > ESQL_TYPE_BOOL)
        return true;
    return diag_error(c->p->s->diag, c->at, "the result would be %s or %s: it has one type",
                      esql_type_shown(x), esql_type_shown(y));
}

/* CASE(condition, value, condition, value ... [else]) */
static struct expr *case_of(const struct esql_call *c)
{
    const struct expr *last = c->args[c->n - 1];

    for (size_t i = 0; i + 1 < c->n; i += 2)
        if (!esql_is_condition(c->p, c->at, c->args[i], "CASE() asks conditions") ||
            !are_alike(c, c->args[i + 1], i + 3 < c->n ? c->args[i + 3] : last))
            return NULL;
    return pipe_call(c->p->pipe, c->at, &(struct expr){.op = EXPR_CASE}, c->args, c->n);
}

static bool are_all_alike(const struct esql_call *c)
{
    for (size_t i = 1; i < c->n; i++)
        if (!are_alike(c, c->args[i - 1], c->args[i]))
            return false;
    return true;
}

static struct expr *coalesce(const struct esql_call *c)
{
    return are_all_alike(c)
               ? pipe_call(c->p->pipe, c->at, &(struct expr){.op = EXPR_COALESCE}, c->args, c->n)
               : NULL;
}

/* e, or null if one of the arguments is. */
static struct expr *if_all_there(const struct esql_call *c, struct expr *e)
{
    struct expr **there = ARENA_ARRAY(c->p->s->scratch, c->n, struct expr *);

    for (size_t i = 0; i < c->n; i++)
        there[i] = esql_call1(c, EXPR_IS_THERE, c->args[i]);
    return esql_call2(c, EXPR_CASE,
                      pipe_call(c->p->pipe, c->at, &(struct expr){.op = EXPR_AND}, there, c->n), e);
}

static struct expr *extreme(const struct esql_call *c, enum expr_op op)
{
    if (!are_all_alike(c))
        return NULL;
    return if_all_there(c, pipe_call(c->p->pipe, c->at, &(struct expr){.op = op}, c->args, c->n));
}

static struct expr *greatest(const struct esql_call *c)
{
    return extreme(c, EXPR_GREATEST);
}

static struct expr *least(const struct esql_call *c)
{
    return extreme(c, EXPR_LEAST);
}

static struct expr *clamp(const struct esql_call *c)
{
    return if_all_there(c, esql_call2(c, EXPR_LEAST,
                                      esql_call2(c, EXPR_GREATEST, c->args[0], c->args[1]),
                                      c->args[2]));
}

/* Functions of mathematics that have the name of EXPR_MATH's here, too. */
static struct expr *math_of(const struct esql_call *c, struct str name)
{
    struct expr *args[3] = {pipe_text(c->p->pipe, name), c->args[0], c->n > 1 ? c->args[1] : NULL};

    return pipe_call(c->p->pipe, c->at, &(struct expr){.op = EXPR_MATH}, args, c->n + 1);
}

static struct expr *math(const struct esql_call *c)
{
    return math_of(c, c->name);
}

/* TO_DEGREES(x), TO_RADIANS(x) */
static struct expr *to_angle(const struct esql_call *c)
{
    return math_of(c, str_sub(c->name, strlen("to_"), SIZE_MAX));
}

/* COPY_SIGN(x, sign) */
static struct expr *copy_sign(const struct esql_call *c)
{
    return math_of(c, STR("copysign"));
}

/* ROUND_TO(x, a, b ...): the greatest of these that is not above x, or the least one. */
static struct expr *round_to(const struct esql_call *c)
{
    struct expr_value before = {.type = EXPR_VALUE_NULL}, v;
    size_t n = c->n - 1, n_ways = 0;
    bool is_time = esql_type_of(c->args[0]) == ESQL_TYPE_TIME;
    struct expr **points = c->args + 1,
                **ways = ARENA_ARRAY(c->p->s->scratch, 2 * n, struct expr *);

    for (size_t i = 0; i < n; i++) {
        points[i] = is_time ? esql_as_time(c->p, points[i]) : points[i];
        if (!points[i] || !pipe_constant(points[i], &v) ||
            (v.type != EXPR_VALUE_INT && v.type != EXPR_VALUE_REAL))
            return esql_unsupported(c, "ROUND_TO() with anything but literals");
        if (i && expr_value_cmp(&before, &v) > 0)
            return esql_unsupported(c, "ROUND_TO() with points that do not rise");
        before = v;
        if (i) {
            ways[n_ways++] = esql_call2(c, EXPR_LT, c->args[0], points[i]);
            ways[n_ways++] = points[i - 1];
        }
    }
    ways[n_ways++] = points[n - 1];
    struct expr *e =
        n == 1 ? points[0]
               : pipe_call(c->p->pipe, c->at, &(struct expr){.op = EXPR_CASE}, ways, n_ways);
    e = esql_call2(c, EXPR_CASE, esql_call1(c, EXPR_IS_THERE, c->args[0]), e);
    return is_time ? esql_moment(e) : e;
}

/* ---- types ------------------------------------------------------------------------ */

static struct expr *self(const struct esql_call *c)
{
    return c->args[0];
}

/* An address or a version: its text. */
static struct expr *to_ranked(const struct esql_call *c)
{
    return esql_convert(c->p, c->at, "ip", c->args[0]);
}

/* The nearest whole number; of a truth value 1 or 0. */
static struct expr *to_whole(const struct esql_call *c)
{
    return esql_convert(c->p, c->at, "long", c->args[0]);
}

static struct expr *to_string(const struct esql_call *c)
{
    return esql_convert(c->p, c->at, "string", c->args[0]);
}

static struct expr *to_boolean(const struct esql_call *c)
{
    return esql_convert(c->p, c->at, "boolean", c->args[0]);
}

static struct expr *to_datetime(const struct esql_call *c)
{
    return esql_convert(c->p, c->at, "datetime", c->args[0]);
}

static struct expr *to_double(const struct esql_call *c)
{
    return esql_convert(c->p, c->at, "double", c->args[0]);
}

static struct expr *to_span(const struct esql_call *c)
{
    return esql_convert(c->p, c->at, "time_duration", c->args[0]);
}

/* ---- lists ------------------------------------------------------------------------ */

static struct expr *count_of(const struct esql_call *c, struct expr *list)
{
    return esql_call2(c, EXPR_COALESCE, esql_call1(c, EXPR_LIST_COUNT, list), esql_whole(c, 0));
}

/* The members of a list behind as many as another has. */
static struct expr *rest_of(const struct esql_call *c, struct expr *list, struct expr *other)
{
    struct expr *n = count_of(c, other);

    return esql_call2(c, EXPR_CASE, esql_call2(c, EXPR_GT, count_of(c, list), n),
                      esql_call3(c, EXPR_LIST_AT, list, n, esql_whole(c, -1)));
}

/* MV_ZIP(list, list[, between]): what the longer one has more of stands alone behind. */
static struct expr *mv_zip(const struct esql_call *c)
{
    struct expr *a = c->args[0], *b = c->args[1];
    struct expr *between = c->n > 2 ? c->args[2] : pipe_text(c->p->pipe, STR(","));

    return esql_call3(c, EXPR_LIST, esql_call3(c, EXPR_LIST_ZIP, a, b, between), rest_of(c, a, b),
                      rest_of(c, b, a));
}

static struct expr *mv_first(const struct esql_call *c)
{
    return esql_call2(c, EXPR_LIST_AT, c->args[0], esql_whole(c, 0));
}

static struct expr *mv_last(const struct esql_call *c)
{
    return esql_call2(c, EXPR_LIST_AT, c->args[0], esql_whole(c, -1));
}

static struct expr *mv_slice(const struct esql_call *c)
{
    return esql_call3(c, EXPR_LIST_AT, c->args[0], c->args[1], c->n > 2 ? c->args[2] : c->args[1]);
}

static struct expr *mv_append(const struct esql_call *c)
{
    return if_all_there(c, esql_call2(c, EXPR_LIST, c->args[0], c->args[1]));
}

static struct expr *mv_union(const struct esql_call *c)
{
    return esql_call1(c, EXPR_LIST_DISTINCT, esql_call2(c, EXPR_LIST, c->args[0], c->args[1]));
}

/* MV_SORT(list[, "ASC" or "DESC"]) */
static struct expr *mv_sort(const struct esql_call *c)
{
    struct expr_value order;

    if (c->n == 1)
        return esql_call1(c, EXPR_LIST_SORT, c->args[0]);
    if (!pipe_constant(c->args[1], &order) || order.type != EXPR_VALUE_TEXT ||
        (!str_eq_ci(order.text, STR("asc")) && !str_eq_ci(order.text, STR("desc")))) {
        diag_error(c->p->s->diag, c->at, "the order of MV_SORT() is \"ASC\" or \"DESC\"");
        return NULL;
    }
    return esql_call2(c, EXPR_LIST_SORT, c->args[0],
                      pipe_bool(c->p->pipe, str_eq_ci(order.text, STR("desc"))));
}

/* How many members both have; of null none. */
static struct expr *n_common(const struct esql_call *c)
{
    return count_of(c, esql_call2(c, EXPR_LIST_INTERSECT,
                                  esql_call1(c, EXPR_LIST_DISTINCT, c->args[1]), c->args[0]));
}

/* All members of the second are in the first; there are none in null. */
static struct expr *mv_contains(const struct esql_call *c)
{
    return esql_call2(c, EXPR_EQ, n_common(c),
                      count_of(c, esql_call1(c, EXPR_LIST_DISTINCT, c->args[1])));
}

/* MV_DIFFERENCE(list, list): members of the first that the second has not, which stand behind those
 * of the second among the distinct ones of both. */
static struct expr *mv_difference(const struct esql_call *c)
{
    struct expr *all =
        esql_call1(c, EXPR_LIST_DISTINCT, esql_call2(c, EXPR_LIST, c->args[1], c->args[0]));

    return rest_of(c, all, esql_call1(c, EXPR_LIST_DISTINCT, c->args[1]));
}

/* The median of how far the members are from their median. */
static struct expr *mv_deviation(const struct esql_call *c)
{
    struct expr *far = esql_call2(c, EXPR_SUBTRACT, pipe_member(c->p->pipe),
                                  esql_call1(c, EXPR_LIST_MEDIAN, c->args[0]));

    if (c->args[0] && pipe_has_member(c->args[0]))
        return esql_unsupported(c, "MV_MEDIAN_ABSOLUTE_DEVIATION() of what MV_EXPAND made");
    return esql_call1(c, EXPR_LIST_MEDIAN,
                      esql_call2(c, EXPR_MAP, c->args[0], esql_call1(c, EXPR_ABSOLUTE, far)));
}

static struct expr *mv_intersects(const struct esql_call *c)
{
    return esql_call2(c, EXPR_GT, n_common(c), esql_whole(c, 0));
}

static const struct esql_function FUNCTIONS[] = {
    {"to_string", EXPR_STRING, 1, 1, to_string, NULL},
    {"to_str", EXPR_STRING, 1, 1, to_string, NULL},
    {"to_integer", EXPR_ROUND, 1, 1, to_whole, NULL},
    {"to_int", EXPR_ROUND, 1, 1, to_whole, NULL},
    {"to_long", EXPR_ROUND, 1, 1, to_whole, NULL},
    {"to_unsigned_long", EXPR_ROUND, 1, 1, to_whole, NULL},
    {"to_ul", EXPR_ROUND, 1, 1, to_whole, NULL},
    {"to_ulong", EXPR_ROUND, 1, 1, to_whole, NULL},
    {"to_double", EXPR_REAL, 1, 1, to_double, NULL},
    {"to_dbl", EXPR_REAL, 1, 1, to_double, NULL},
    {"to_boolean", EXPR_BOOLEAN, 1, 1, to_boolean, NULL},
    {"to_bool", EXPR_BOOLEAN, 1, 1, to_boolean, NULL},
    {"to_datetime", EXPR_TIME_OF, 1, 1, to_datetime, NULL},
    {"to_dt", EXPR_TIME_OF, 1, 1, to_datetime, NULL},
    {"to_date_nanos", EXPR_TIME_OF, 1, 1, to_datetime, NULL},
    {"to_timeduration", EXPR_STRING, 1, 1, to_span, NULL},
    {"to_dateperiod", EXPR_STRING, 1, 1, to_span, NULL},
    {"to_ip", EXPR_STRING, 1, 1, to_ranked, "t"},
    {"to_version", EXPR_STRING, 1, 1, to_ranked, "t"},
    {"to_ver", EXPR_STRING, 1, 1, to_ranked, "t"},
    {"to_geopoint", EXPR_STRING, 1, 1, self, "t"},
    {"abs", EXPR_ABSOLUTE, 1, 1, NULL, "n"},
    {"ceil", EXPR_CEILING, 1, 1, ceiling, "n"},
    {"floor", EXPR_FLOOR, 1, 1, floor_of, "n"},
    {"round", EXPR_ROUND, 1, 2, round_of, "n"},
    {"pow", EXPR_POWER, 2, 2, NULL, "n"},
    {"sqrt", EXPR_SQUARE_ROOT, 1, 1, NULL, "n"},
    {"exp", EXPR_POWER, 1, 1, exponential, "n"},
    {"log", EXPR_LOGARITHM, 1, 2, logarithm, "n"},
    {"log10", EXPR_LOGARITHM, 1, 1, log10_of, "n"},
    {"hypot", EXPR_SQUARE_ROOT, 2, 2, hypot_of, "n"},
    {"signum", EXPR_CASE, 1, 1, signum, "n"},
    {"sin", EXPR_MATH, 1, 1, math, "n"},
    {"cos", EXPR_MATH, 1, 1, math, "n"},
    {"tan", EXPR_MATH, 1, 1, math, "n"},
    {"asin", EXPR_MATH, 1, 1, math, "n"},
    {"acos", EXPR_MATH, 1, 1, math, "n"},
    {"atan", EXPR_MATH, 1, 1, math, "n"},
    {"sinh", EXPR_MATH, 1, 1, math, "n"},
    {"cosh", EXPR_MATH, 1, 1, math, "n"},
    {"tanh", EXPR_MATH, 1, 1, math, "n"},
    {"asinh", EXPR_MATH, 1, 1, math, "n"},
    {"acosh", EXPR_MATH, 1, 1, math, "n"},
    {"atanh", EXPR_MATH, 1, 1, math, "n"},
    {"atan2", EXPR_MATH, 2, 2, math, "n"},
    {"cbrt", EXPR_MATH, 1, 1, math, "n"},
    {"scalb", EXPR_MATH, 2, 2, math, "n"},
    {"copy_sign", EXPR_MATH, 2, 2, copy_sign, "n"},
    {"to_degrees", EXPR_MATH, 1, 1, to_angle, "n"},
    {"to_radians", EXPR_MATH, 1, 1, to_angle, "n"},
    {"round_to", EXPR_CASE, 2, ESQL_ARGS_MAX, round_to, NULL},
    {"e", EXPR_REAL, 0, 0, euler, NULL},
    {"pi", EXPR_REAL, 0, 0, pi, NULL},
    {"tau", EXPR_REAL, 0, 0, tau, NULL},
    {"greatest", EXPR_GREATEST, 1, ESQL_ARGS_MAX, greatest, NULL},
    {"least", EXPR_LEAST, 1, ESQL_ARGS_MAX, least, NULL},
    {"clamp", EXPR_LEAST, 3, 3, clamp, NULL},
    {"clamp_min", EXPR_GREATEST, 2, 2, greatest, NULL},
    {"clamp_max", EXPR_LEAST, 2, 2, least, NULL},
    {"coalesce", EXPR_COALESCE, 1, ESQL_ARGS_MAX, coalesce, NULL},
    {"case", EXPR_CASE, 2, ESQL_ARGS_MAX, case_of, NULL},
    {"mv_first", EXPR_LIST_AT, 1, 1, mv_first, NULL},
    {"mv_last", EXPR_LIST_AT, 1, 1, mv_last, NULL},
    {"mv_count", EXPR_LIST_COUNT, 1, 1, NULL, NULL},
    {"mv_dedupe", EXPR_LIST_DISTINCT, 1, 1, NULL, NULL},
    {"mv_sort", EXPR_LIST_SORT, 1, 2, mv_sort, NULL},
    {"mv_min", EXPR_LEAST, 1, 1, NULL, NULL},
    {"mv_max", EXPR_GREATEST, 1, 1, NULL, NULL},
    {"mv_sum", EXPR_LIST_SUM, 1, 1, NULL, "n"},
    {"mv_median", EXPR_LIST_MEDIAN, 1, 1, NULL, "n"},
    {"mv_percentile", EXPR_LIST_PERCENTILE, 2, 2, NULL, "n"},
    {"mv_median_absolute_deviation", EXPR_LIST_MEDIAN, 1, 1, mv_deviation, "n"},
    {"mv_difference", EXPR_FILTER, 2, 2, mv_difference, NULL},
    {"mv_avg", EXPR_LIST_AVERAGE, 1, 1, NULL, "n"},
    {"mv_concat", EXPR_LIST_JOIN, 2, 2, NULL, "t"},
    {"mv_append", EXPR_LIST, 2, 2, mv_append, NULL},
    {"mv_union", EXPR_LIST, 2, 2, mv_union, NULL},
    {"mv_zip", EXPR_LIST_ZIP, 2, 3, mv_zip, "t"},
    {"mv_slice", EXPR_LIST_AT, 2, 3, mv_slice, "*n"},
    {"mv_contains", EXPR_EQ, 2, 2, mv_contains, NULL},
    {"mv_intersects", EXPR_GT, 2, 2, mv_intersects, NULL},
    {"mv_intersection", EXPR_LIST_INTERSECT, 2, 2, NULL, NULL},
};

const struct esql_functions ESQL_VALUE_FUNCTIONS = {FUNCTIONS, ARRAY_LEN(FUNCTIONS)};
