/* value.c - functions that make a value. A field that is missing makes no value, unless the
 * function says what stands for it; what is set to no value stays as it was.
 */
#include "lang/cql/value.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"

#include <ctype.h>

struct expr *cql_need(struct cql *x, const struct cql_call *call, const char *what)
{
    diag_error(x->s->diag, call->at, "%.*s() without %s", SHOWN(call->name), what);
    return NULL;
}

struct expr *cql_refuse(struct cql *x, const struct cql_call *call, const char *what)
{
    diag_unsupported(x->s->diag, call->at, "%.*s() %s", SHOWN(call->name), what);
    return NULL;
}

static struct expr *column_of(struct cql *x, const struct cql_argument *a)
{
    struct str name;

    return cql_field_of(x, a, &name) ? cql_column(x, cql_place(x, a->begin), name) : NULL;
}

/* The field of the first parameter. */
struct expr *cql_subject(struct cql *x, const struct cql_call *call)
{
    return call->bound[0] ? column_of(x, call->bound[0]) : cql_need(x, call, "a field");
}

/* A text that counts as a number where it is one. */
struct expr *cql_as_number(struct cql *x, struct place at, struct expr *e)
{
    if (!e || e->kind == EXPR_TIME || e->kind == EXPR_NUMBER)
        return e;
    return pipe_call2(x->pipe, at, EXPR_ADD, e, pipe_whole(x->pipe, 0));
}

/* ---- one field, one operator --------------------------------------------------------------- */

static struct expr *build_text(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    return pipe_call1(x->pipe, call->at, f->op, cql_subject(x, call));
}

static struct expr *build_number(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    return pipe_call1(x->pipe, call->at, f->op, cql_as_number(x, call->at, cql_subject(x, call)));
}

static struct expr *build_round(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    (void)f;
    struct str how = STR("round");

    if (call->bound[2] && !cql_text_of(x, call->bound[2], &how))
        return NULL;
    struct expr *e = cql_as_number(x, call->at, cql_subject(x, call));
    if (str_eq(how, STR("round")))
        return pipe_call2(x->pipe, call->at, EXPR_ROUND, e, pipe_whole(x->pipe, 0));
    if (str_eq(how, STR("ceil")) || str_eq(how, STR("floor")))
        return pipe_call1(x->pipe, call->at, how.p[0] == 'c' ? EXPR_CEILING : EXPR_FLOOR, e);
    return cql_need(x, call, "how=round, ceil or floor");
}

/* A whole number that a parameter is; `otherwise` if it is not given. */
bool cql_whole_of(struct cql *x, const struct cql_argument *a, int64_t otherwise, int64_t *out)
{
    struct str text;

    *out = otherwise;
    if (!a)
        return true;
    return cql_text_of(x, a, &text) &&
           (str_to_i64(text, out) ||
            diag_error(x->s->diag, cql_place(x, a->begin), "expected a whole number, found '%.*s'",
                       SHOWN(text)));
}

static struct expr *build_logarithm(struct cql *x, const struct cql_function *f,
                                    struct cql_call *call)
{
    return pipe_call2(x->pipe, call->at, EXPR_LOGARITHM,
                      cql_as_number(x, call->at, cql_subject(x, call)),
                      pipe_whole(x->pipe, (int64_t)f->op));
}

/* math:deg2rad(field), math:rad2deg(field) */
static struct expr *build_degrees(struct cql *x, const struct cql_function *f,
                                  struct cql_call *call)
{
    bool is_rad = str_eq(str_from(f->name), STR("math:rad2deg"));
    struct expr *e = cql_as_number(x, call->at, cql_subject(x, call));
    struct expr *half = pipe_whole(x->pipe, 180);
    struct expr *pi = pipe_number(x->pipe, call->at, STR("3.141592653589793"));

    e = pipe_call2(x->pipe, call->at, EXPR_MULTIPLY, e, is_rad ? half : pi);
    return pipe_call2(x->pipe, call->at, EXPR_QUOTIENT, e, is_rad ? pi : half);
}

/* math:exp(field), math:pow(field, exp=number or field) */
static struct expr *build_power(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    bool is_pow = str_eq(str_from(f->name), STR("math:pow"));
    struct expr *e = cql_as_number(x, call->at, cql_subject(x, call));

    if (!is_pow)
        return pipe_call2(x->pipe, call->at, EXPR_POWER,
                          pipe_number(x->pipe, call->at, STR("2.718281828459045")), e);
    if (!call->bound[1])
        return cql_need(x, call, "exp");
    return pipe_call2(x->pipe, call->at, EXPR_POWER, e,
                      cql_as_number(x, call->at, cql_expression_of(x, call->bound[1])));
}

/* math:mod(field, divisor): the floor modulus of both rounded down. */
static struct expr *build_modulo(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    struct place at = call->at;
    struct expr *e =
        pipe_call1(x->pipe, at, EXPR_FLOOR, cql_as_number(x, at, cql_subject(x, call)));

    (void)f;
    if (!call->bound[1])
        return cql_need(x, call, "divisor");
    struct expr *by = pipe_call1(x->pipe, at, EXPR_FLOOR,
                                 cql_as_number(x, at, cql_expression_of(x, call->bound[1])));
    struct expr *times =
        pipe_call1(x->pipe, at, EXPR_FLOOR, pipe_call2(x->pipe, at, EXPR_QUOTIENT, e, by));
    return pipe_call2(x->pipe, at, EXPR_SUBTRACT, e,
                      pipe_call2(x->pipe, at, EXPR_MULTIPLY, by, times));
}

/* math:sin(field) ..., math:arctan2(y, x) */
static struct expr *build_math(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    struct str name = str_sub(str_from(f->name), strlen("math:"), SIZE_MAX);
    bool is_arc = str_starts(name, STR("arc")), has_two = str_eq(name, STR("arctan2"));
    struct expr *args[] = {NULL, NULL, NULL};

    if (is_arc)
        name = arena_printf(x->s->a, "a%.*s", (int)(name.n - 3), name.p + 3);
    if (has_two && !call->bound[1])
        return cql_need(x, call, "two fields");
    args[0] = pipe_text(x->pipe, name);
    args[1] = cql_as_number(x, call->at, cql_subject(x, call));
    if (has_two)
        args[2] = cql_as_number(x, call->at, column_of(x, call->bound[1]));
    return pipe_call(x->pipe, call->at, &(struct expr){.op = EXPR_MATH}, args, has_two ? 3 : 2);
}

static struct expr *build_parse_int(struct cql *x, const struct cql_function *f,
                                    struct cql_call *call)
{
    int64_t radix;

    if (call->bound[3])
        return cql_refuse(x, call, "with 'endian='");
    if (!cql_whole_of(x, call->bound[2], 10, &radix))
        return NULL;
    if (radix == 10)
        return build_text(x, f, call);
    if (radix < 2 || radix > 36)
        return cql_need(x, call, "a radix between 2 and 36");
    return pipe_call2(x->pipe, call->at, EXPR_NUMBER_OF, cql_subject(x, call),
                      pipe_whole(x->pipe, radix));
}

static struct expr *build_array_length(struct cql *x, const struct cql_function *f,
                                       struct cql_call *call)
{
    (void)f;
    return cql_array_length(x, call);
}

/* duration("1h"): in milliseconds. */
static struct expr *build_duration(struct cql *x, const struct cql_function *f,
                                   struct cql_call *call)
{
    struct str text;
    int64_t ms;

    (void)f;
    if (!call->bound[0])
        return cql_need(x, call, "a duration");
    if (!cql_text_of(x, call->bound[0], &text))
        return NULL;
    return cql_span(text, &ms) ? pipe_whole(x->pipe, ms)
                               : cql_need(x, call, "a span of time (5m, 1h)");
}

static struct expr *build_now(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    (void)f;
    return pipe_time(x->pipe, call->at, STR("@timestamp"));
}

/* start(), end(): of the time that the query looks at, which ends with the event. */
static struct expr *build_start(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    struct expr *now = pipe_time(x->pipe, call->at, STR("@timestamp"));

    (void)f;
    if (!x->window_ms) {
        x->window_ms = PIPE_WINDOW_DEFAULT_MS;
        diag_warn(x->s->diag, call->at,
                  "the query says nothing of how far back it looks: start() is an hour ago");
    }
    return pipe_call2(x->pipe, call->at, EXPR_SUBTRACT, now, pipe_whole(x->pipe, x->window_ms));
}

/* ---- several fields -------------------------------------------------------------------------- */

static struct expr *or_text(struct cql *x, struct place at, struct expr *e, struct str text)
{
    return pipe_call2(x->pipe, at, EXPR_COALESCE, e, pipe_text(x->pipe, text));
}

static struct expr *build_concat(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    struct str_list fields;

    (void)f;
    if (!call->bound[0])
        return cql_need(x, call, "fields");
    if (!cql_fields_of(x, call->bound[0], &fields))
        return NULL;
    struct expr **items = ARENA_ARRAY(x->s->scratch, fields.n + 1, struct expr *);
    for (size_t i = 0; i < fields.n; i++)
        items[i] = or_text(x, call->at, cql_column(x, call->at, fields.items[i]), STR(""));
    items[fields.n] = pipe_text(x->pipe, STR(""));
    return pipe_call(x->pipe, call->at, &(struct expr){.op = EXPR_CONCAT}, items, fields.n + 1);
}

static struct expr *build_concat_array(struct cql *x, const struct cql_function *f,
                                       struct cql_call *call)
{
    struct str separator = STR(""), name;

    (void)f;
    if (!call->bound[0])
        return cql_need(x, call, "a field");
    if (!cql_text_of(x, call->bound[0], &name) ||
        (call->bound[1] && !cql_text_of(x, call->bound[1], &separator)))
        return NULL;
    if (str_ends(name, STR("[]")))
        name.n -= 2;
    return pipe_call2(x->pipe, call->at, EXPR_LIST_JOIN, cql_column(x, call->at, name),
                      pipe_text(x->pipe, separator));
}

static struct expr *build_coalesce(struct cql *x, const struct cql_function *f,
                                   struct cql_call *call)
{
    struct expr *items[CQL_ARGUMENTS_MAX];
    size_t n = 0;
    struct cql_window w;

    (void)f;
    if (!call->bound[0])
        return cql_need(x, call, "values");
    w = cql_open(x, call->bound[0]->begin, call->bound[0]->end);
    bool is_list = cql_take(x, "[");
    do {
        if (n == CQL_ARGUMENTS_MAX)
            return cql_need(x, call, "so many values");
        items[n] = cql_expression(x);
        if (!items[n++])
            return NULL;
    } while (is_list && cql_take(x, ","));
    if (is_list && !cql_take(x, "]"))
        return (void)cql_expected(x, "',' or ']'"), NULL;
    if (!cql_close(x, w))
        return NULL;
    return pipe_call(x->pipe, call->at, &(struct expr){.op = EXPR_COALESCE}, items, n);
}

enum { DISTANCE_ARGUMENTS = 4 };
static struct expr *build_distance(struct cql *x, const struct cql_function *f,
                                   struct cql_call *call)
{
    struct expr *items[DISTANCE_ARGUMENTS];

    (void)f;
    for (size_t i = 0; i < DISTANCE_ARGUMENTS; i++) {
        if (!call->bound[i])
            return cql_need(x, call, "lat1, lon1, lat2 and lon2");
        items[i] = cql_as_number(x, call->at, column_of(x, call->bound[i]));
    }
    return pipe_call(x->pipe, call->at, &(struct expr){.op = EXPR_DISTANCE}, items,
                     DISTANCE_ARGUMENTS);
}

static struct expr *build_format(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    (void)f;
    return cql_format(x, call);
}

/* ---- units ----------------------------------------------------------------------------------- */

/* What a prefix is worth: k, M, G ... (of 1000, or of 1024), Ki, Mi ...; false: it is none. */
static bool factor_of(struct str unit, bool is_binary, int64_t *out)
{
    static const char PREFIXES[] = "kMGTPE";
    bool has_i = unit.n == 2 && unit.p[1] == 'i';

    *out = 1;
    if (unit.n == 0)
        return true;
    char c = unit.p[0] == 'K' ? 'k' : unit.p[0];
    const char *found = strchr(PREFIXES, c);
    if ((unit.n != 1 && !has_i) || !found)
        return false;
    for (const char *p = PREFIXES; p <= found; p++)
        *out *= is_binary || has_i ? 1024 : 1000;
    return true;
}

enum { UNIT_FIELD, UNIT_TO, UNIT_FROM, UNIT_BINARY, UNIT_AS };
/* Of numbers that have no unit behind them. */
static struct expr *build_convert(struct cql *x, const struct cql_function *f,
                                  struct cql_call *call)
{
    struct str units[2] = {STR(""), STR("")};
    int64_t factors[2];
    bool is_binary = false;
    struct expr *e = cql_as_number(x, call->at, cql_subject(x, call));

    (void)f;
    if (!e || (call->bound[UNIT_BINARY] && !cql_flag_of(x, call->bound[UNIT_BINARY], &is_binary)))
        return NULL;
    for (size_t i = 0; i < 2; i++)
        if ((call->bound[UNIT_TO + i] && !cql_text_of(x, call->bound[UNIT_TO + i], &units[i])) ||
            !factor_of(units[i], is_binary, &factors[i]))
            return cql_refuse(x, call,
                              "between other units than k, M, G, T, P, E, Ki ... and none");
    e = pipe_call2(x->pipe, call->at, EXPR_MULTIPLY, e, pipe_whole(x->pipe, factors[1]));
    return pipe_call2(x->pipe, call->at, EXPR_QUOTIENT, e, pipe_whole(x->pipe, factors[0]));
}

/* ---- replace, splitString -------------------------------------------------------------------- */

enum { REPLACE_REGEX, REPLACE_WITH, REPLACE_FIELD, REPLACE_FLAGS };
static struct expr *build_replace(struct cql *x, const struct cql_function *f,
                                  struct cql_call *call)
{
    const struct cql_argument *flags = call->bound[REPLACE_FLAGS];
    struct regex re = {0};
    struct str with = STR(""), letters, field = STR("@rawstring");

    (void)f;
    if (!call->bound[REPLACE_REGEX])
        return cql_need(x, call, "a regex");
    if (!cql_text_of(x, call->bound[REPLACE_REGEX], &re.pattern) ||
        (call->bound[REPLACE_WITH] && !cql_text_of(x, call->bound[REPLACE_WITH], &with)) ||
        (call->bound[REPLACE_FIELD] && !cql_field_of(x, call->bound[REPLACE_FIELD], &field)) ||
        (flags &&
         (!cql_text_of(x, flags, &letters) || !cql_regex_flags(x, flags->begin, letters, &re))))
        return NULL;
    struct expr *args[] = {cql_column(x, call->at, field), pipe_text(x->pipe, with)};
    return pipe_regex(x->pipe, call->at, EXPR_REPLACE, &re, 0, args, 2);
}

/* The text that the regex is, if it is one: "\|" is "|". */
static bool literal_of(struct cql *x, struct str regex, struct str *out)
{
    char *p = arena_alloc(x->s->scratch, regex.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < regex.n; i++) {
        bool is_escape = regex.p[i] == '\\' && i + 1 < regex.n;
        i += is_escape;
        if (is_escape ? isalnum((unsigned char)regex.p[i]) != 0
                      : strchr("\\^$.|?*+()[]{}", regex.p[i]) != NULL)
            return false;
        p[n++] = regex.p[i];
    }
    *out = (struct str){p, n};
    return n > 0;
}

/* Takes the place of what a regex splits by: no text has it. */
#define MARK "\x1f\x1e\x1f"

enum { SPLIT_FIELD, SPLIT_BY, SPLIT_INDEX };
static struct expr *build_split(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    struct str by, index = STR("");
    struct expr *e = cql_subject(x, call);
    int64_t n;

    (void)f;
    if (!e)
        return NULL;
    if (!call->bound[SPLIT_BY])
        return cql_need(x, call, "'by'");
    if (!cql_text_of(x, call->bound[SPLIT_BY], &by) ||
        (call->bound[SPLIT_INDEX] && !cql_text_of(x, call->bound[SPLIT_INDEX], &index)))
        return NULL;
    struct regex re = {.pattern = by};
    if (!literal_of(x, by, &by)) {
        struct expr *args[] = {e, pipe_text(x->pipe, by = STR(MARK))};
        e = pipe_regex(x->pipe, call->at, EXPR_REPLACE, &re, 0, args, 2);
    }
    e = pipe_call2(x->pipe, call->at, EXPR_SPLIT, e, pipe_text(x->pipe, by));
    if (index.n == 0)
        return e;
    if (!str_to_i64(index, &n))
        return cql_need(x, call, "a whole number for an index");
    return pipe_call2(x->pipe, call->at, EXPR_LIST_AT, e, pipe_whole(x->pipe, n));
}

/* ---- conditions ------------------------------------------------------------------------------ */

static struct expr *asked(struct cql *x, const struct cql_argument *a)
{
    bool was_condition = x->is_condition;

    x->is_condition = true;
    struct expr *e = cql_expression_of(x, a);
    x->is_condition = was_condition;
    return e;
}

enum { IF_CONDITION, IF_THEN, IF_ELSE };
static struct expr *build_if(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    struct expr *items[3];

    (void)f;
    for (size_t i = 0; i < 3; i++) {
        if (!call->bound[i])
            return cql_need(x, call, "condition, then and else");
        if (i > 0 && call->bound[i]->name.n == 0 &&
            !cql_lenient(x, call->bound[i]->whole, CQL_EVAL_IF))
            return NULL;
    }
    items[0] = asked(x, call->bound[IF_CONDITION]);
    items[1] = cql_expression_of(x, call->bound[IF_THEN]);
    items[2] = cql_expression_of(x, call->bound[IF_ELSE]);
    return pipe_call(x->pipe, call->at, &(struct expr){.op = EXPR_CASE}, items, 3);
}

/* A filter, in a place where nothing may be captured. */
static struct expr *filtered(struct cql *x, const struct cql_argument *a)
{
    bool was_condition = x->is_condition;
    struct cql_window w = cql_open(x, a->whole, a->end);

    x->is_condition = true;
    struct expr *e = cql_filter(x);
    x->is_condition = was_condition;
    return cql_close(x, w) ? e : NULL;
}

/* case(condition, value, condition, value, else) */
static struct expr *build_case(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    struct expr *items[CQL_ARGUMENTS_MAX];

    (void)f;
    if (!cql_lenient(x, call->items[0].whole, CQL_EVAL_CASE))
        return NULL;
    if (call->n < 2)
        return cql_need(x, call, "a condition and a value");
    for (size_t i = 0; i < call->n; i++) {
        bool is_value = i % 2 == 1 || i + 1 == call->n;
        items[i] = is_value ? cql_expression_of(x, &call->items[i]) : filtered(x, &call->items[i]);
        if (!items[i])
            return NULL;
    }
    return pipe_call(x->pipe, call->at, &(struct expr){.op = EXPR_CASE}, items, call->n);
}

/* ---- times ----------------------------------------------------------------------------------- */

static struct expr *time_field(struct cql *x, const struct cql_call *call,
                               const struct cql_argument *a)
{
    return cql_as_number(x, call->at,
                         a ? column_of(x, a) : cql_column(x, call->at, STR("@timestamp")));
}

/* The time by the clocks of the zone, as if they were UTC's; NULL after an error, and of a place's
 * clocks, where the value is only shown. */
static struct expr *local_time(struct cql *x, const struct cql_call *call,
                               const struct cql_argument *field, const struct cql_argument *zone)
{
    int64_t ms;

    if (cql_zone_of(x, call, zone, &ms) != CQL_ZONE_FIXED)
        return NULL;
    struct expr *e = time_field(x, call, field);
    return ms ? pipe_call2(x->pipe, call->at, EXPR_ADD, e, pipe_whole(x->pipe, ms)) : e;
}

/* LogScale's letters as strftime has them: %L is a second's milliseconds, %Q those since 1970. %z
 * is the zone's, which strftime() does not know. */
static bool read_time_format(struct cql *x, const struct cql_call *call,
                             const struct cql_argument *a, int64_t offset_ms, struct str *out)
{
    enum { HOUR_MS = 3600000, MINUTE_MS = 60000 };
    int64_t distance = offset_ms < 0 ? -offset_ms : offset_ms;
    struct str format, zone;
    struct buf text = {0};
    bool is_good = true;

    if (!cql_text_of(x, a, &format))
        return false;
    zone = arena_printf(x->s->scratch, "%c%02d%02d", offset_ms < 0 ? '-' : '+',
                        (int)(distance / HOUR_MS), (int)(distance % HOUR_MS / MINUTE_MS));
    for (size_t i = 0; i < format.n && is_good; i++) {
        char next = format.p[i] == '%' && i + 1 < format.n ? format.p[i + 1] : '\0';
        if (next == 'Q' || (offset_ms && (next == 's' || next == 'Z')))
            is_good = diag_unsupported(x->s->diag, call->at,
                                       next == 'Q' ? "%.*s() with %%Q"
                                                   : "%.*s() with %%s or %%Z in a time zone",
                                       SHOWN(call->name));
        buf_add(&text, next == 'L'                ? STR("%3N")
                       : next == 'z' && offset_ms ? zone
                                                  : str_sub(format, i, next ? 2 : 1));
        i += next != '\0';
    }
    *out = arena_str(x->s->a, buf_str(&text));
    buf_release(&text);
    return is_good;
}

enum { TIME_FORMAT, TIME_FIELD, TIME_AS, TIME_ZONE, TIME_UNIT };
static struct expr *build_format_time(struct cql *x, const struct cql_function *f,
                                      struct cql_call *call)
{
    struct str format;
    int64_t offset_ms;

    (void)f;
    if (!call->bound[TIME_FORMAT])
        return cql_need(x, call, "a format");
    if (cql_zone_of(x, call, call->bound[TIME_ZONE], &offset_ms) != CQL_ZONE_FIXED ||
        !read_time_format(x, call, call->bound[TIME_FORMAT], offset_ms, &format))
        return NULL;
    struct expr *e = time_field(x, call, call->bound[TIME_FIELD]);
    if (call->bound[TIME_UNIT]) {
        struct str unit;
        if (!cql_text_of(x, call->bound[TIME_UNIT], &unit))
            return NULL;
        if (str_starts(unit, STR("s")))
            e = pipe_call2(x->pipe, call->at, EXPR_MULTIPLY, e, pipe_whole(x->pipe, 1000));
        else if (!str_starts(unit, STR("milli")))
            return cql_refuse(x, call, "in this unit");
    }
    if (offset_ms)
        e = pipe_call2(x->pipe, call->at, EXPR_ADD, e, pipe_whole(x->pipe, offset_ms));
    return pipe_call2(x->pipe, call->at, EXPR_TIME_FORMAT, e, pipe_text(x->pipe, format));
}

/* Milliseconds of a text: ISO 8601, another format, or a number of seconds or milliseconds. */
static struct expr *build_parse_time(struct cql *x, const struct cql_function *f,
                                     struct cql_call *call)
{
    struct str format = STR("yyyy-MM-dd'T'HH:mm:ss");
    int64_t offset_ms;
    struct expr *e;

    (void)f;
    if (!call->bound[TIME_FIELD])
        return cql_need(x, call, "a field");
    if ((call->bound[TIME_FORMAT] && !cql_text_of(x, call->bound[TIME_FORMAT], &format)) ||
        cql_zone_of(x, call, call->bound[TIME_ZONE], &offset_ms) != CQL_ZONE_FIXED)
        return NULL;
    e = column_of(x, call->bound[TIME_FIELD]);
    if (str_eq(format, STR("millis")))
        return cql_as_number(x, call->at, e);
    if (str_eq(format, STR("seconds")) || str_eq(format, STR("unixtime")) ||
        str_eq(format, STR("unixtimeMillis")))
        return pipe_call2(x->pipe, call->at, EXPR_MULTIPLY, e,
                          pipe_whole(x->pipe, str_eq(format, STR("unixtimeMillis")) ? 1 : 1000));
    if (str_starts(format, STR("yyyy-MM-dd'T'HH:mm:ss")) && !offset_ms)
        return pipe_call1(x->pipe, call->at, EXPR_TIME_OF, e);
    return cql_read_time(x, call, e, format, offset_ms);
}

/* time:hour() ...: the part of this name. */
static struct expr *build_time_part(struct cql *x, const struct cql_function *f,
                                    struct cql_call *call)
{
    static const char *const PARTS[][2] = {
        {"time:hour", "hour"},         {"time:minute", "minute"},     {"time:second", "second"},
        {"time:dayOfMonth", "day"},    {"time:month", "month"},       {"time:year", "year"},
        {"time:dayOfWeek", "weekday"}, {"time:dayOfYear", "yearday"}, {"time:weekOfYear", "week"}};

    struct expr *time = local_time(x, call, call->bound[0], call->bound[2]);
    for (size_t i = 0; time && i < ARRAY_LEN(PARTS); i++)
        if (str_eq(str_from(f->name), str_from(PARTS[i][0])))
            return pipe_call2(x->pipe, call->at, EXPR_TIME_PART, time,
                              pipe_text(x->pipe, str_from(PARTS[i][1])));
    return NULL;
}

static struct expr *build_millisecond(struct cql *x, const struct cql_function *f,
                                      struct cql_call *call)
{
    (void)f;
    struct expr *time = local_time(x, call, call->bound[0], call->bound[2]);
    return time ? pipe_call2(x->pipe, call->at, EXPR_MODULO, time, pipe_whole(x->pipe, 1000))
                : NULL;
}

/* time:dayOfWeekName(), time:monthName(): by the format of strftime. */
static struct expr *build_time_name(struct cql *x, const struct cql_function *f,
                                    struct cql_call *call)
{
    struct str format = str_eq(str_from(f->name), STR("time:monthName")) ? STR("%B") : STR("%A");

    struct expr *time = local_time(x, call, call->bound[0], call->bound[2]);
    return time ? pipe_call2(x->pipe, call->at, EXPR_TIME_FORMAT, time, pipe_text(x->pipe, format))
                : NULL;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct cql_function FUNCTIONS[] = {
    {"array:length", "array as", "_length", 0, build_array_length},
    {"base64Decode", "field as charset", "_base64Decode", EXPR_BASE64_DECODE, cql_build_base64},
    {"base64Encode", "field as", "_base64Encode", EXPR_BASE64_ENCODE, build_text},
    {"case", "", "_case", 0, build_case},
    {"coalesce", "expressions as", "_coalesce", 0, build_coalesce},
    {"concat", "field as", "_concat", 0, build_concat},
    {"concatArray", "field separator as", "_concatArray", 0, build_concat_array},
    {"crypto:md5", "field as", "_md5", EXPR_HASH, cql_build_digest},
    {"crypto:sha1", "field as", "_sha1", EXPR_HASH, cql_build_digest},
    {"crypto:sha256", "field as", "_sha256", EXPR_HASH, cql_build_digest},
    {"duration", "duration as", "_duration", 0, build_duration},
    {"end", "", "_end", 0, build_now},
    {"format", "format field as", "_format", 0, build_format},
    {"formatTime", "format field as timezone unit locale", "_formatTime", 0, build_format_time},
    {"geography:distance", "lat1 lon1 lat2 lon2 as", "_distance", 0, build_distance},
    {"getField", "source as", "_getField", 0, cql_build_get_field},
    {"if", "condition then else as", "_if", 0, build_if},
    {"length", "field as", "_length", EXPR_LENGTH, build_text},
    {"lower", "field as type locale", "_lower", EXPR_LOWER, build_text},
    {"math:abs", "field as", "_abs", EXPR_ABSOLUTE, build_number},
    {"math:arccos", "field as", "_arccos", 0, build_math},
    {"math:arcsin", "field as", "_arcsin", 0, build_math},
    {"math:arctan", "field as", "_arctan", 0, build_math},
    {"math:arctan2", "y x as", "_arctan2", 0, build_math},
    {"math:ceil", "field as", "_ceil", EXPR_CEILING, build_number},
    {"math:cos", "field as", "_cos", 0, build_math},
    {"math:cosh", "field as", "_cosh", 0, build_math},
    {"math:deg2rad", "field as", "_deg2rad", 0, build_degrees},
    {"math:exp", "field as", "_exp", 0, build_power},
    {"math:floor", "field as", "_floor", EXPR_FLOOR, build_number},
    {"math:log", "field as", "_log", EXPR_LOGARITHM, build_number},
    {"math:log10", "field as", "_log10", 10, build_logarithm},
    {"math:log2", "field as", "_log2", 2, build_logarithm},
    {"math:mod", "field divisor as", "_mod", 0, build_modulo},
    {"math:pow", "field exp as", "_pow", 0, build_power},
    {"math:rad2deg", "field as", "_rad2deg", 0, build_degrees},
    {"math:sin", "field as", "_sin", 0, build_math},
    {"math:sinh", "field as", "_sinh", 0, build_math},
    {"math:sqrt", "field as", "_sqrt", EXPR_SQUARE_ROOT, build_number},
    {"math:tan", "field as", "_tan", 0, build_math},
    {"math:tanh", "field as", "_tanh", 0, build_math},
    {"now", "as", "_now", 0, build_now},
    {"parseInt", "field as radix endian", NULL, EXPR_WHOLE, build_parse_int},
    {"parseTimestamp", "format field as timezone", "@timestamp", 0, build_parse_time},
    {"replace", "regex with field flags as", NULL, 0, build_replace},
    {"round", "field as how", "_round", 0, build_round},
    {"shannonEntropy", "field as", "_shannonentropy", EXPR_ENTROPY, build_text},
    {"splitString", "field by index as", "_splitstring", 0, build_split},
    {"start", "", "_start", 0, build_start},
    {"subnet", "field bits as", "_subnet", EXPR_IP_PREFIX, cql_build_subnet},
    {"text:length", "string as", "_length", EXPR_LENGTH, cql_build_of_text},
    {"text:positionOf", "string character as", "_positionOf", EXPR_INDEX_OF, cql_build_position},
    {"text:substring", "string begin end as", "_substring", EXPR_SUBSTRING, cql_build_substring},
    {"text:trim", "string as", "_trim", EXPR_TRIM, cql_build_of_text},
    {"time:dayOfMonth", "field as timezone", "_dayOfMonth", 0, build_time_part},
    {"time:dayOfWeek", "field as timezone", "_dayOfWeek", 0, build_time_part},
    {"time:dayOfWeekName", "field as timezone locale", "_dayOfWeekName", 0, build_time_name},
    {"time:dayOfYear", "field as timezone", "_dayOfYear", 0, build_time_part},
    {"time:hour", "field as timezone", "_hour", 0, build_time_part},
    {"time:millisecond", "field as timezone", "_millisecond", 0, build_millisecond},
    {"time:minute", "field as timezone", "_minute", 0, build_time_part},
    {"time:month", "field as timezone", "_month", 0, build_time_part},
    {"time:monthName", "field as timezone locale", "_monthName", 0, build_time_name},
    {"time:second", "field as timezone", "_second", 0, build_time_part},
    {"time:weekOfYear", "field as timezone", "_weekOfYear", 0, build_time_part},
    {"time:year", "field as timezone", "_year", 0, build_time_part},
    {"unit:convert", "field to from binary as", NULL, 0, build_convert},
    {"upper", "field as type locale", "_upper", EXPR_UPPER, build_text},
    {"urlDecode", "field as", "_urldecode", EXPR_URL_DECODE, build_text},
    {"urlEncode", "field as", "_urlencode", EXPR_URL_ENCODE, build_text},
};

static const struct cql_function *function_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(FUNCTIONS); i++)
        if (str_eq_ci(name, str_from(FUNCTIONS[i].name)))
            return &FUNCTIONS[i];
    return NULL;
}

bool cql_is_value(struct str name)
{
    return function_of(name) != NULL;
}

/* The number of a parameter, or SIZE_MAX. */
static size_t parameter(const struct cql_function *f, const char *name)
{
    struct str rest = str_from(f->parameters), one;

    for (size_t i = 0; rest.n; i++) {
        (void)str_cut(rest, ' ', &one, &rest);
        if (str_eq(one, str_from(name)))
            return i;
    }
    return SIZE_MAX;
}

static bool target(struct cql *x, const struct cql_function *f, const struct cql_call *call,
                   struct str *as)
{
    size_t given = parameter(f, "as"), field = parameter(f, "field");

    if (given != SIZE_MAX && call->bound[given])
        return cql_field_of(x, call->bound[given], as);
    *as = f->as ? str_from(f->as) : STR("@rawstring");
    if (!f->as && field != SIZE_MAX && call->bound[field])
        return cql_field_of(x, call->bound[field], as);
    return true;
}

struct expr *cql_value(struct cql *x, struct cql_call *call, struct str *as)
{
    const struct cql_function *f = function_of(call->name);

    ASSERT(f);
    if (f->build != build_case &&
        (!cql_bind(x, call, f->parameters, SIZE_MAX) || !target(x, f, call, as)))
        return NULL;
    if (f->build == build_case)
        *as = str_from(f->as);
    return f->build(x, f, call);
}

const char *cql_value_name(size_t i)
{
    return i < ARRAY_LEN(FUNCTIONS) ? FUNCTIONS[i].name : NULL;
}
