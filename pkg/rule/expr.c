/* expr.c - evaluating: arguments first, then the operator. Numbers and comparisons are here, texts
 * in expr_text.c. */
#include "rule/expr.h"

#include "base/decimal.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/time.h"
#include "rule/dump.h"
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
                                            [EXPR_BYTES] = "bytes",
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
                                            [EXPR_IS_NULL] = "is_null",
                                            [EXPR_IS_THERE] = "is_there",
                                            [EXPR_AND] = "and",
                                            [EXPR_OR] = "or",
                                            [EXPR_NOT] = "not",
                                            [EXPR_CASE] = "case",
                                            [EXPR_COALESCE] = "coalesce",
                                            [EXPR_IN] = "in",
                                            [EXPR_ANY_OF] = "any_of",
                                            [EXPR_FILTER] = "filter",
                                            [EXPR_MAP] = "map",
                                            [EXPR_LOWER] = "lower",
                                            [EXPR_UPPER] = "upper",
                                            [EXPR_TRIM] = "trim",
                                            [EXPR_TRIM_LEFT] = "trim_left",
                                            [EXPR_TRIM_RIGHT] = "trim_right",
                                            [EXPR_REPLACE_TEXT] = "replace_text",
                                            [EXPR_SPLIT] = "split",
                                            [EXPR_REGEX] = "regex",
                                            [EXPR_CAPTURE] = "capture",
                                            [EXPR_REPLACE] = "replace",
                                            [EXPR_URL_DECODE] = "url_decode",
                                            [EXPR_REVERSE] = "reverse",
                                            [EXPR_URL_ENCODE] = "url_encode",
                                            [EXPR_HASH] = "hash",
                                            [EXPR_BASE64_ENCODE] = "base64_encode",
                                            [EXPR_BASE64_DECODE] = "base64_decode",
                                            [EXPR_ENTROPY] = "entropy",
                                            [EXPR_HAS_TEXT] = "has_text",
                                            [EXPR_GEO] = "geo",
                                            [EXPR_QUOTIENT] = "quotient",
                                            [EXPR_ROUND] = "round",
                                            [EXPR_FLOOR] = "floor",
                                            [EXPR_CEILING] = "ceiling",
                                            [EXPR_ABSOLUTE] = "absolute",
                                            [EXPR_POWER] = "power",
                                            [EXPR_SQUARE_ROOT] = "square_root",
                                            [EXPR_LOGARITHM] = "logarithm",
                                            [EXPR_LEAST] = "least",
                                            [EXPR_GREATEST] = "greatest",
                                            [EXPR_WHOLE] = "whole",
                                            [EXPR_REAL] = "real",
                                            [EXPR_BOOLEAN] = "boolean",
                                            [EXPR_DISTANCE] = "distance",
                                            [EXPR_MATH] = "math",
                                            [EXPR_TIME_OF] = "time_of",
                                            [EXPR_TIME_TEXT] = "time_text",
                                            [EXPR_TIME_FORMAT] = "time_format",
                                            [EXPR_TIME_TRUNC] = "time_trunc",
                                            [EXPR_TIME_DIFF] = "time_diff",
                                            [EXPR_TIME_PART] = "time_part",
                                            [EXPR_LIST] = "list",
                                            [EXPR_LIST_COUNT] = "list_count",
                                            [EXPR_LIST_AT] = "list_at",
                                            [EXPR_LIST_FIND] = "list_find",
                                            [EXPR_LIST_JOIN] = "list_join",
                                            [EXPR_LIST_SUM] = "list_sum",
                                            [EXPR_LIST_AVERAGE] = "list_average",
                                            [EXPR_LIST_MEDIAN] = "list_median",
                                            [EXPR_LIST_PERCENTILE] = "list_percentile",
                                            [EXPR_LIST_DISTINCT] = "list_distinct",
                                            [EXPR_LIST_SORT] = "list_sort",
                                            [EXPR_LIST_INTERSECT] = "list_intersect",
                                            [EXPR_LIST_CAPTURE] = "list_capture",
                                            [EXPR_LIST_LOOKUP] = "list_lookup",
                                            [EXPR_KIND_OF] = "kind_of",
                                            [EXPR_NUMBER_TEXT] = "number_text",
                                            [EXPR_IS_JSON] = "is_json",
                                            [EXPR_JSON_AT] = "json_at",
                                            [EXPR_TIME_READ] = "time_read",
                                            [EXPR_LIST_ZIP] = "list_zip",
                                            [EXPR_LIST_RANGE] = "list_range",
                                            [EXPR_IP_PREFIX] = "ip_prefix"};

static const char *const GEO_NAMES[GEO_PARTS] = {[GEO_CITY] = "city",
                                                 [GEO_REGION] = "region",
                                                 [GEO_REGION_CODE] = "region_code",
                                                 [GEO_COUNTRY] = "country",
                                                 [GEO_COUNTRY_CODE] = "country_code",
                                                 [GEO_CONTINENT] = "continent",
                                                 [GEO_TIME_ZONE] = "time_zone",
                                                 [GEO_LATITUDE] = "latitude",
                                                 [GEO_LONGITUDE] = "longitude"};

const char *expr_op_name(enum expr_op op)
{
    return NAMES[op];
}

/* ---- values ------------------------------------------------------------------- */

struct expr_value expr_value_whole(int64_t n)
{
    return (struct expr_value){.type = EXPR_VALUE_INT, .whole = n, .real = (double)n};
}

struct expr_value expr_value_real(double d)
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
        v = expr_value_whole(n);
    } else {
        memcpy(z, json.p, json.n);
        z[json.n] = '\0';
        v = expr_value_real(strtod(z, NULL));
    }
    v.text = json;
    return v;
}

int expr_value_cmp(const struct expr_value *a, const struct expr_value *b)
{
    bool is_a = expr_is_number(a), is_b = expr_is_number(b);

    if (is_a && is_b) {
        if (a->type == EXPR_VALUE_INT && b->type == EXPR_VALUE_INT)
            return (a->whole > b->whole) - (a->whole < b->whole);
        return (a->real > b->real) - (a->real < b->real);
    }
    if (a->type == EXPR_VALUE_TEXT && b->type == EXPR_VALUE_TEXT)
        return str_cmp(a->text, b->text);
    if (a->type == EXPR_VALUE_BOOL && b->type == EXPR_VALUE_BOOL)
        return (int)a->is_true - (int)b->is_true;
    int rank_a = is_a ? 1 : (int)a->type * 2, rank_b = is_b ? 1 : (int)b->type * 2;
    return (rank_a > rank_b) - (rank_a < rank_b);
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
    case EXPR_VALUE_LIST:
        return expr_join(a, v->items, v->n_items, STR(","), out);
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
    return is_over ? EXPR_NOTHING : expr_value_whole(out);
}

static struct expr_value real_call(enum expr_op op, double x, double y)
{
    switch (op) {
    case EXPR_ADD:
        return expr_value_real(x + y);
    case EXPR_SUBTRACT:
        return expr_value_real(x - y);
    case EXPR_MULTIPLY:
        return expr_value_real(x * y);
    case EXPR_DIVIDE:
        return expr_value_real(x / y); /* by zero: not finite, null */
    default:
        return expr_value_real(fmod(x, y));
    }
}

/* A text that is a number may stand where a number is compared. */
static struct expr_value as_number(struct expr_value v)
{
    return v.type == EXPR_VALUE_TEXT ? expr_value_number(v.text) : v;
}

static struct expr_value arithmetic(const struct expr_args *a)
{
    const struct expr_value *x = &a->items[0], *y = &a->items[1];
    struct expr_value loose[2];

    if (a->e->is_loose) {
        loose[0] = as_number(*x);
        loose[1] = as_number(*y);
        x = &loose[0];
        y = &loose[1];
    }
    if (!expr_is_number(x) || !expr_is_number(y))
        return EXPR_NOTHING;
    bool is_whole = x->type == EXPR_VALUE_INT && y->type == EXPR_VALUE_INT;
    enum expr_op op = a->e->op;
    if (op == EXPR_QUOTIENT) {
        op = EXPR_DIVIDE;
        is_whole = is_whole && y->whole != 0 && y->whole != -1 && x->whole % y->whole == 0;
    }
    return is_whole ? whole_call(op, x->whole, y->whole) : real_call(op, x->real, y->real);
}

static struct expr_value negate(const struct expr_value *x)
{
    if (x->type == EXPR_VALUE_INT)
        return whole_call(EXPR_SUBTRACT, 0, x->whole);
    return x->type == EXPR_VALUE_REAL ? expr_value_real(-x->real) : EXPR_NOTHING;
}

/* ---- comparisons -------------------------------------------------------------- */

/* -1, 0, 1; false: the two do not compare. */
static bool number_order(struct expr_value x, struct expr_value y, int *order)
{
    x = as_number(x);
    y = as_number(y);
    if (!expr_is_number(&x) || !expr_is_number(&y))
        return false;
    if (x.type == EXPR_VALUE_INT && y.type == EXPR_VALUE_INT)
        *order = (x.whole > y.whole) - (x.whole < y.whole);
    else
        *order = (x.real > y.real) - (x.real < y.real);
    return true;
}

static bool order_of(const struct expr_value *x, const struct expr_value *y, const struct expr *e,
                     int *order)
{
    enum fold fold = e->fold;

    if (e->is_loose && number_order(*x, *y, order))
        return true;
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

struct expr_value expr_compare(const struct expr *e, enum expr_op op, const struct expr_value *x,
                               const struct expr_value *y)
{
    int order;

    if (x->type == EXPR_VALUE_LIST || y->type == EXPR_VALUE_LIST)
        return EXPR_NOTHING;
    if (op == EXPR_EQ && x->type == EXPR_VALUE_BOOL)
        return expr_value_bool(bool_equals(x, y));
    if (op == EXPR_EQ && y->type == EXPR_VALUE_BOOL)
        return expr_value_bool(bool_equals(y, x));
    if (!order_of(x, y, e, &order))
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
    case EXPR_IS_THERE:
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_CASE:
    case EXPR_COALESCE:
    case EXPR_LEAST:
    case EXPR_GREATEST:
    case EXPR_LIST:
    case EXPR_KIND_OF:
        return 0;
    case EXPR_NUMBER_OF: /* the base may be null */
    case EXPR_IN:
    case EXPR_ANY_OF:
    case EXPR_FILTER:
    case EXPR_MAP:
        return 1;
    default:
        return e->n_args;
    }
}

static struct expr_value strict_call(const struct expr_args *a)
{
    enum expr_op op = a->e->op;

    switch (op) {
    case EXPR_ADD:
    case EXPR_SUBTRACT:
    case EXPR_MULTIPLY:
    case EXPR_DIVIDE:
    case EXPR_MODULO:
    case EXPR_QUOTIENT:
        return arithmetic(a);
    case EXPR_NEGATE:
        return negate(&a->items[0]);
    case EXPR_EQ:
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
        return expr_compare(a->e, op, &a->items[0], &a->items[1]);
    case EXPR_IS_NULL:
        return expr_value_bool(a->items[0].type == EXPR_VALUE_NULL);
    case EXPR_IS_THERE:
        return expr_value_bool(a->items[0].type != EXPR_VALUE_NULL);
    default:
        break;
    }
    if (op >= EXPR_KIND_OF)
        return expr_form_call(a);
    if (op >= EXPR_LIST)
        return expr_list_call(a);
    if (op >= EXPR_TIME_OF)
        return expr_time_call(a);
    if (op > EXPR_QUOTIENT)
        return expr_number_call(a);
    return op >= EXPR_LOWER ? expr_change_call(a) : expr_text_call(a);
}

/* One member after the other for the first argument. */
static struct expr_value any_call(struct expr_args *a, struct expr_value *values)
{
    struct expr_value list = values[0], out = EXPR_NOTHING;

    for (size_t i = 0; i < list.n_items; i++) {
        values[0] = list.items[i];
        struct expr_value v = strict_call(a);
        if (v.type == EXPR_VALUE_BOOL)
            out = v;
        if (out.type == EXPR_VALUE_BOOL && out.is_true)
            break;
    }
    return out;
}

static struct expr_value each_call(struct expr_args *a, struct expr_value *values)
{
    struct expr_value list = values[0];
    struct expr_value *out = ARENA_ARRAY(a->scope->space, list.n_items, struct expr_value);
    size_t n = 0;

    for (size_t i = 0; i < list.n_items; i++) {
        values[0] = list.items[i];
        out[n] = strict_call(a);
        n += out[n].type != EXPR_VALUE_NULL;
    }
    return expr_value_list(a->scope->space, out, n);
}

/* Of what was computed; 2^53 is where numbers begin to lose their last digits. */
static struct expr_value plain(struct expr_value v)
{
    static const double EXACT = 9007199254740992.0;

    if (v.type == EXPR_VALUE_REAL && v.real == floor(v.real) && fabs(v.real) <= EXACT)
        return expr_value_whole((int64_t)v.real);
    return v;
}

static struct expr_value call(const struct expr *e, const struct expr_scope *scope)
{
    if (e->op >= EXPR_AND && e->op <= EXPR_MAP)
        return expr_logic_call(e, scope);
    struct expr_value *values = ARENA_ARRAY(scope->space, e->n_args, struct expr_value);
    struct expr_args a = {e, values, e->n_args, scope};
    size_t needed = needed_args(e);

    for (size_t i = 0; i < e->n_args; i++) {
        values[i] = expr_eval(e->args[i], scope);
        if (i < needed && values[i].type == EXPR_VALUE_NULL)
            return EXPR_NOTHING;
        if (e->is_single && values[i].type == EXPR_VALUE_LIST)
            return EXPR_NOTHING;
    }
    if (e->is_any && values[0].type == EXPR_VALUE_LIST)
        return any_call(&a, values);
    if (e->is_each && values[0].type == EXPR_VALUE_LIST)
        return each_call(&a, values);
    return e->is_plain ? plain(strict_call(&a)) : strict_call(&a);
}

/* ---- shared nodes ---------------------------------------------------------------- */

enum { MEMO_MAX = 32 }; /* shared nodes beyond are computed each time */

struct expr_memo {
    size_t n;
    const struct expr *nodes[MEMO_MAX];
    struct expr_value values[MEMO_MAX];
};

static struct expr_value call_once(const struct expr *e, const struct expr_scope *scope)
{
    struct expr_memo *memo = e->is_shared ? scope->memo : NULL;

    for (size_t i = 0; memo && i < memo->n; i++)
        if (memo->nodes[i] == e)
            return memo->values[i];
    struct expr_value v = call(e, scope);
    if (e->is_false_on_null && v.type == EXPR_VALUE_NULL)
        v = expr_value_bool(false);
    if (memo && memo->n < MEMO_MAX) {
        memo->nodes[memo->n] = e;
        memo->values[memo->n++] = v;
    }
    return v;
}

/* ---- leaves -------------------------------------------------------------------- */

static struct expr_value field_value(const struct expr *e, const struct expr_scope *scope)
{
    if (e->kind == EXPR_MEMBERS && scope->members)
        return scope->members(scope->context, e->slot);
    return scope->field ? scope->field(scope->context, e->slot) : EXPR_NOTHING;
}

static struct expr_value time_value(const struct expr *e, const struct expr_scope *scope)
{
    int64_t ms;
    struct str text;

    if (scope->has_time)
        return expr_value_whole(scope->time_ms);
    struct expr_value v = e->text.n ? field_value(e, scope) : EXPR_NOTHING;
    if (v.type == EXPR_VALUE_LIST || !expr_value_string(scope->space, &v, &text) ||
        !time_parse_ms(text, &ms))
        return EXPR_NOTHING;
    return expr_value_whole(ms);
}

struct expr_value expr_eval(const struct expr *e, const struct expr_scope *scope)
{
    switch (e->kind) {
    case EXPR_NULL:
    case EXPR_CONDITION:
        return EXPR_NOTHING;
    case EXPR_BOOL:
        return expr_value_bool(e->value);
    case EXPR_NUMBER:
        return expr_value_number(e->text);
    case EXPR_TEXT:
        return expr_value_text(e->text);
    case EXPR_FIELD:
    case EXPR_MEMBERS:
        return field_value(e, scope);
    case EXPR_MEMBER:
        return scope->member ? *scope->member : EXPR_NOTHING;
    case EXPR_TIME:
        return time_value(e, scope);
    case EXPR_CALL:
        break;
    }
    return call_once(e, scope);
}

struct expr_value expr_value_of(const struct expr *e, const struct expr_scope *scope)
{
    struct expr_scope own = *scope;
    struct expr_memo memo;

    memo.n = 0;
    own.memo = &memo;
    return expr_eval(e, &own);
}

enum truth expr_truth(const struct expr *e, const struct expr_scope *scope)
{
    struct expr_value v = expr_value_of(e, scope);

    if (v.type != EXPR_VALUE_BOOL)
        return TRUTH_UNKNOWN;
    return v.is_true ? TRUTH_TRUE : TRUTH_FALSE;
}

static bool is_field(const struct expr *e)
{
    return e->kind == EXPR_FIELD || e->kind == EXPR_MEMBERS;
}

bool expr_needs(const struct expr *e, uint32_t slot)
{
    if (is_field(e))
        return e->slot == slot;
    if (e->kind != EXPR_CALL || e->is_false_on_null)
        return false;
    for (size_t i = 0; i < e->n_args && i < needed_args(e); i++)
        if (expr_needs(e->args[i], slot))
            return true;
    return false;
}

bool expr_requires(const struct expr *e, uint32_t slot)
{
    struct expr root = *e;
    bool is_and = e->kind == EXPR_CALL && e->op == EXPR_AND;

    if (e->kind != EXPR_CALL || (e->op != EXPR_AND && e->op != EXPR_OR)) {
        root.is_false_on_null = false;
        if (e->kind == EXPR_CALL && e->op == EXPR_IS_THERE)
            return expr_needs(e->args[0], slot);
        return expr_needs(&root, slot);
    }
    for (size_t i = 0; i < e->n_args; i++)
        if (expr_requires(e->args[i], slot) == is_and)
            return is_and;
    return !is_and && e->n_args > 0;
}

/* ---- identity ----------------------------------------------------------------- */

static bool same_flags(const struct expr *a, const struct expr *b)
{
    return a->is_greedy == b->is_greedy && a->is_any == b->is_any && a->is_each == b->is_each &&
           a->is_single == b->is_single && a->is_false_on_null == b->is_false_on_null &&
           a->is_loose == b->is_loose && a->is_plain == b->is_plain && a->group == b->group &&
           a->condition == b->condition && a->geo == b->geo && a->geo_part == b->geo_part &&
           a->table == b->table;
}

bool expr_equal(const struct expr *a, const struct expr *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->kind != b->kind || a->value != b->value || a->slot != b->slot ||
        a->op != b->op || a->fold != b->fold || !same_flags(a, b) || a->n_args != b->n_args ||
        !str_eq(a->text, b->text) || !glob_equal(&a->glob, &b->glob) ||
        !regex_equal(&a->regex, &b->regex))
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
    h = hash_str(e->text) + hash_str(e->regex.pattern) +
        ((uint64_t)e->kind << 8 | e->op) * 0x9e3779b97f4a7c15u;
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
    case EXPR_MEMBERS:
        buf_printf(out, "%.*s[]", (int)e->text.n, e->text.p);
        return;
    case EXPR_MEMBER:
        buf_add(out, STR("@member"));
        return;
    case EXPR_TIME:
        buf_add(out, STR("@time"));
        return;
    case EXPR_CONDITION:
        formula_dump(out, e->condition);
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
    if (e->compiled)
        buf_printf(out, "%s/%.*s/%s", e->n_args ? ", " : "", (int)e->regex.pattern.n,
                   e->regex.pattern.p, e->regex.is_caseless ? "i" : "");
    if (e->group)
        buf_printf(out, " group %u", e->group);
    if (e->geo)
        buf_printf(out, ", %s", GEO_NAMES[e->geo_part]);
    buf_add(out, e->fold == FOLD_NONE ? STR(")") : STR(") caseless"));
    buf_add(out, e->is_any ? STR(" any") : e->is_each ? STR(" each") : STR(""));
}
