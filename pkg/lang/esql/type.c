/* type.c - of what type a value is, as far as the query itself says, and from one to another.
 *
 * A field's type is that of an event's value: nothing is known of it. What is known is checked as
 * Elasticsearch does, so that a slip is an error and no rule that never matches. */
#include "lang/esql/call.h"

#include "base/str.h"

static enum esql_type first_known(const struct expr *e, size_t from, size_t step)
{
    for (size_t i = from; i < e->n_args; i += step) {
        enum esql_type t = esql_type_of(e->args[i]);
        if (t != ESQL_TYPE_ANY && t != ESQL_TYPE_NULL)
            return t;
    }
    return ESQL_TYPE_ANY;
}

static enum esql_type sum_type(const struct expr *e)
{
    enum esql_type a = esql_type_of(e->args[0]), b = esql_type_of(e->args[1]);

    if (a == ESQL_TYPE_SPAN && b == ESQL_TYPE_SPAN)
        return ESQL_TYPE_SPAN;
    /* What a length of time is added to is a time. */
    return a >= ESQL_TYPE_TIME || b >= ESQL_TYPE_TIME ? ESQL_TYPE_TIME : ESQL_TYPE_NUMBER;
}

static enum esql_type call_type(const struct expr *e)
{
    enum expr_op op = e->op;

    if (op == EXPR_ADD || op == EXPR_SUBTRACT)
        return sum_type(e);
    if (op == EXPR_CASE) { /* condition, value, condition, value ... [else] */
        enum esql_type t = first_known(e, 1, 2);
        return t == ESQL_TYPE_ANY && e->n_args % 2 ? esql_type_of(e->args[e->n_args - 1]) : t;
    }
    if (op == EXPR_COALESCE || op == EXPR_LEAST || op == EXPR_GREATEST || op == EXPR_LIST)
        return first_known(e, 0, 1);
    if (op == EXPR_MAP)
        return esql_type_of(e->args[1]);
    if (op == EXPR_TIME_OF || op == EXPR_TIME_READ || op == EXPR_TIME_TRUNC)
        return ESQL_TYPE_TIME;
    if ((op >= EXPR_STARTS && op <= EXPR_NOT) || (op >= EXPR_IN && op <= EXPR_ANY_OF) ||
        op == EXPR_REGEX || op == EXPR_HAS_TEXT || op == EXPR_BOOLEAN)
        return ESQL_TYPE_BOOL;
    if (op == EXPR_CONCAT || op == EXPR_STRING || op == EXPR_SUBSTRING ||
        (op >= EXPR_LOWER && op <= EXPR_BASE64_DECODE) || op == EXPR_TIME_TEXT ||
        op == EXPR_TIME_FORMAT || op == EXPR_LIST_JOIN || op == EXPR_LIST_ZIP ||
        op == EXPR_JSON_AT || op == EXPR_IP_PREFIX)
        return ESQL_TYPE_TEXT;
    if (op <= EXPR_NEGATE || op == EXPR_LENGTH || op == EXPR_BYTES || op == EXPR_INDEX_OF ||
        (op >= EXPR_QUOTIENT && op <= EXPR_MATH) || op == EXPR_TIME_DIFF || op == EXPR_TIME_PART ||
        op == EXPR_LIST_COUNT || op == EXPR_LIST_SUM || op == EXPR_LIST_AVERAGE ||
        op == EXPR_LIST_MEDIAN || op == EXPR_LIST_PERCENTILE)
        return ESQL_TYPE_NUMBER;
    if (op == EXPR_LIST_AT || op == EXPR_LIST_DISTINCT || op == EXPR_LIST_SORT)
        return esql_type_of(e->args[0]);
    return ESQL_TYPE_ANY;
}

enum esql_type esql_type_of(const struct expr *e)
{
    switch (e ? e->kind : EXPR_FIELD) {
    case EXPR_NULL:
        return ESQL_TYPE_NULL;
    case EXPR_BOOL:
    case EXPR_CONDITION:
        return ESQL_TYPE_BOOL;
    case EXPR_NUMBER:
        return e->group == ESQL_SPAN     ? ESQL_TYPE_SPAN
               : e->group == ESQL_MONTHS ? ESQL_TYPE_MONTHS
               : e->group == ESQL_MOMENT ? ESQL_TYPE_TIME
                                         : ESQL_TYPE_NUMBER;
    case EXPR_TEXT:
        return ESQL_TYPE_TEXT;
    case EXPR_TIME:
        return ESQL_TYPE_TIME;
    case EXPR_FIELD: /* a column of groups */
        return e && e->group == ESQL_MOMENT ? ESQL_TYPE_TIME : ESQL_TYPE_ANY;
    case EXPR_CALL:
        return call_type(e);
    default:
        return ESQL_TYPE_ANY;
    }
}

bool esql_type_fits(char letter, enum esql_type type)
{
    if (type == ESQL_TYPE_ANY || type == ESQL_TYPE_NULL)
        return true;
    switch (letter) {
    case 't':
        return type == ESQL_TYPE_TEXT;
    case 'n':
        return type == ESQL_TYPE_NUMBER;
    case 'b':
        return type == ESQL_TYPE_BOOL;
    case 'd':
        return type == ESQL_TYPE_TIME || type == ESQL_TYPE_TEXT;
    default:
        return true;
    }
}

const char *esql_type_name(char letter)
{
    return letter == 't'   ? "a text"
           : letter == 'n' ? "a number"
           : letter == 'b' ? "a condition"
                           : "a time";
}

const char *esql_type_shown(enum esql_type type)
{
    static const char *const NAMES[] = {
        [ESQL_TYPE_ANY] = "a value",           [ESQL_TYPE_NULL] = "null",
        [ESQL_TYPE_TEXT] = "a text",           [ESQL_TYPE_NUMBER] = "a number",
        [ESQL_TYPE_BOOL] = "a truth value",    [ESQL_TYPE_TIME] = "a time",
        [ESQL_TYPE_SPAN] = "a length of time", [ESQL_TYPE_MONTHS] = "a length of time"};

    return NAMES[type];
}

bool esql_is_condition(struct esql_parser *p, struct place at, const struct expr *e,
                       const char *what)
{
    if (!e)
        return false;
    if (esql_type_fits('b', esql_type_of(e)))
        return true;
    return diag_error(p->s->diag, at, "%s, not %s", what, esql_type_shown(esql_type_of(e)));
}

bool esql_types_compare(struct esql_parser *p, struct place at, const struct expr *a,
                        const struct expr *b)
{
    enum esql_type x = esql_type_of(a), y = esql_type_of(b);

    if (x <= ESQL_TYPE_NULL || y <= ESQL_TYPE_NULL || x == y)
        return true;
    return diag_error(p->s->diag, at, "%s does not compare with %s", esql_type_shown(x),
                      esql_type_shown(y));
}

/* ---- from one to another ----------------------------------------------------------- */

static struct expr *each(struct esql_parser *p, struct place at, enum expr_op op, struct expr *e)
{
    return pipe_call(p->pipe, at, &(struct expr){.op = op, .is_each = true}, &e, 1);
}

/* "2 hours" as a literal. */
static struct expr *span_of(struct esql_parser *p, struct place at, const struct expr *e)
{
    struct expr_value v;
    struct str number, unit;
    int64_t n;

    if (esql_type_of(e) == ESQL_TYPE_SPAN || esql_type_of(e) == ESQL_TYPE_MONTHS)
        return (struct expr *)(uintptr_t)e;
    if (pipe_constant(e, &v) && v.type == EXPR_VALUE_TEXT &&
        str_cut(str_trim(v.text), ' ', &number, &unit) && str_to_i64(number, &n)) {
        struct expr *span = esql_span(p, at, n, str_trim(unit));
        if (span || diag_failed(p->s->diag))
            return span;
    }
    diag_error(p->s->diag, at, "a length of time is written as \"2 hours\", in a literal");
    return NULL;
}

/* What `one`, made of EXPR_MEMBER, is of each value of e. */
static struct expr *of_each(struct esql_parser *p, struct place at, struct expr *e,
                            struct expr *one)
{
    return pipe_call2(p->pipe, at, EXPR_MAP, e, one);
}

/* 1 or 0; null: it is no truth value. */
static struct expr *number_of_truth(struct esql_parser *p, struct place at, struct expr *e)
{
    struct expr *args[] = {e, pipe_whole(p->pipe, 1), pipe_call1(p->pipe, at, EXPR_NOT, e),
                           pipe_whole(p->pipe, 0)};

    return pipe_call(p->pipe, at, &(struct expr){.op = EXPR_CASE}, args, ARRAY_LEN(args));
}

/* The operator of a number or a truth value, or of a text that is a number, also with zeros or a
 * plus before ("03"). */
static struct expr *of_number(struct esql_parser *p, struct place at, enum expr_op op,
                              struct expr *e)
{
    struct expr *args[] = {e, pipe_null(p->pipe)}, *member = pipe_member(p->pipe);
    struct expr *read =
        pipe_call(p->pipe, at, &(struct expr){.op = EXPR_NUMBER_OF, .is_each = true}, args, 2);

    if (esql_type_of(e) == ESQL_TYPE_NUMBER)
        return each(p, at, op, e);
    if (esql_type_of(e) == ESQL_TYPE_TEXT)
        return each(p, at, op, read);
    struct expr *truth = pipe_call1(p->pipe, at, op, number_of_truth(p, at, member));
    if (esql_type_of(e) == ESQL_TYPE_BOOL)
        return of_each(p, at, e, truth);
    read = pipe_call2(p->pipe, at, EXPR_NUMBER_OF, member, pipe_null(p->pipe));
    return of_each(p, at, e,
                   pipe_call3(p->pipe, at, EXPR_COALESCE, pipe_call1(p->pipe, at, op, member),
                              pipe_call1(p->pipe, at, op, read), truth));
}

static struct expr *whole_of(struct esql_parser *p, struct place at, struct expr *e)
{
    /* A time is its milliseconds. */
    return esql_type_of(e) == ESQL_TYPE_TIME ? each(p, at, EXPR_WHOLE, e)
                                             : of_number(p, at, EXPR_ROUND, e);
}

/* Whatever is not "true" is false. */
static struct expr *truth_of(struct esql_parser *p, struct place at, struct expr *e)
{
    if (esql_type_of(e) == ESQL_TYPE_BOOL)
        return e;
    return of_each(p, at, e,
                   pipe_call2(p->pipe, at, EXPR_COALESCE,
                              pipe_call1(p->pipe, at, EXPR_BOOLEAN, pipe_member(p->pipe)),
                              pipe_bool(p->pipe, false)));
}

struct expr *esql_convert(struct esql_parser *p, struct place at, const char *type, struct expr *e)
{
    struct str name = str_from(type);

    if (str_eq_ci(name, STR("string")))
        return each(p, at, esql_type_of(e) == ESQL_TYPE_TIME ? EXPR_TIME_TEXT : EXPR_STRING, e);
    if (str_eq_ci(name, STR("long")))
        return whole_of(p, at, e);
    if (str_eq_ci(name, STR("double")))
        return of_number(p, at, EXPR_REAL, e);
    if (str_eq_ci(name, STR("boolean")))
        return truth_of(p, at, e);
    if (str_eq_ci(name, STR("datetime")))
        return esql_moment(each(p, at, EXPR_TIME_OF, e));
    if (str_eq_ci(name, STR("ip")) || str_eq_ci(name, STR("version"))) {
        if (e->kind == EXPR_TEXT)
            e->group = ESQL_RANKED;
        return e;
    }
    return span_of(p, at, e);
}

struct expr *esql_moment(struct expr *e)
{
    if (e && e->kind == EXPR_NUMBER)
        e->group = ESQL_MOMENT;
    return e;
}

struct expr *esql_as_time(struct esql_parser *p, struct expr *e)
{
    struct place at;

    if (!e || esql_type_of(e) == ESQL_TYPE_TIME)
        return e;
    at = (struct place){e->line, e->col};
    if (e->kind != EXPR_TEXT)
        return pipe_is_grouped(p->pipe) ? e : pipe_call1(p->pipe, at, EXPR_TIME_OF, e);
    struct expr *out = esql_moment(pipe_call1(p->pipe, at, EXPR_TIME_OF, e));
    if (!out || out->kind == EXPR_NUMBER)
        return out;
    diag_error(p->s->diag, p->token.at, "'%.*s' is no time: as \"2026-01-31T12:00:00Z\"",
               SHOWN(e->text));
    return NULL;
}
