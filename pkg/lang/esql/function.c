/* function.c - functions by name: most are an operator of expressions, the others a few lines. */
#include "lang/esql/parser.h"

#include "base/str.h"

enum { ARGS_MAX = 500 };

struct call {
    struct esql_parser *p;
    struct place at;
    struct expr **args;
    size_t n;
};

struct function {
    const char *name;
    enum expr_op op;
    size_t least, most;                         /* arguments */
    struct expr *(*make)(const struct call *c); /* NULL: the operator itself */
};

static struct expr *self(const struct call *c)
{
    return c->args[0];
}

struct expr *esql_as_time(struct esql_parser *p, struct expr *e)
{
    if (!e || e->kind == EXPR_TIME || pipe_is_grouped(p->pipe))
        return e;
    return pipe_call1(p->pipe, (struct place){e->line, e->col}, EXPR_TIME_OF, e);
}

static struct expr *whole(const struct call *c, int64_t n)
{
    return pipe_whole(c->p->pipe, n);
}

static struct expr *call2(const struct call *c, enum expr_op op, struct expr *a, struct expr *b)
{
    return pipe_call2(c->p->pipe, c->at, op, a, b);
}

/* ---- texts ------------------------------------------------------------------------ */

/* SUBSTRING(text, start from 1[, length]) */
static struct expr *substring(const struct call *c)
{
    struct expr *from = call2(c, EXPR_SUBTRACT, c->args[1], whole(c, 1));

    if (c->n == 2)
        return call2(c, EXPR_SUBSTRING, c->args[0], from);
    return pipe_call3(c->p->pipe, c->at, EXPR_SUBSTRING, c->args[0], from,
                      call2(c, EXPR_ADD, from, c->args[2]));
}

static struct expr *left(const struct call *c)
{
    return pipe_call3(c->p->pipe, c->at, EXPR_SUBSTRING, c->args[0], whole(c, 0), c->args[1]);
}

static struct expr *right(const struct call *c)
{
    return call2(c, EXPR_SUBSTRING, c->args[0],
                 pipe_call1(c->p->pipe, c->at, EXPR_NEGATE, c->args[1]));
}

/* From 1; 0: it is not there. */
static struct expr *locate(const struct call *c)
{
    struct expr *at = pipe_call(c->p->pipe, c->at, &(struct expr){.op = EXPR_INDEX_OF}, c->args, 2);
    struct expr *there = call2(c, EXPR_COALESCE, call2(c, EXPR_ADD, at, whole(c, 1)), whole(c, 0));
    struct expr *known = pipe_call1(c->p->pipe, c->at, EXPR_IS_THERE, c->args[0]);

    return call2(c, EXPR_CASE, known, there);
}

/* REPLACE(text, regex, new): Java's regexes are near enough to PCRE's. */
static struct expr *replace(const struct call *c)
{
    struct expr_value pattern;
    struct regex re = {0};

    if (!pipe_constant(c->args[1], &pattern) || pattern.type != EXPR_VALUE_TEXT) {
        diag_unsupported(c->p->s->diag, c->at, "REPLACE() with a regex that is no literal");
        return NULL;
    }
    re.pattern = pattern.text;
    struct expr *args[] = {c->args[0], c->args[2]};
    return pipe_regex(c->p->pipe, c->at, EXPR_REPLACE, &re, 0, args, 2);
}

static struct expr *space(const struct call *c)
{
    enum { BLANKS_MAX = 1000 };
    struct expr_value n;

    if (!pipe_constant(c->args[0], &n) || n.type != EXPR_VALUE_INT || n.whole < 0 ||
        n.whole > BLANKS_MAX) {
        diag_unsupported(c->p->s->diag, c->at, "SPACE() of more than %d or of no literal",
                         BLANKS_MAX);
        return NULL;
    }
    char *blanks = arena_alloc(c->p->s->a, (size_t)n.whole + 1);
    memset(blanks, ' ', (size_t)n.whole);
    return pipe_text(c->p->pipe, (struct str){blanks, (size_t)n.whole});
}

static struct expr *cidr(const struct call *c)
{
    struct str *networks = ARENA_ARRAY(c->p->s->scratch, c->n, struct str);

    for (size_t i = 1; i < c->n; i++) {
        struct expr_value v;
        if (!pipe_constant(c->args[i], &v) || v.type != EXPR_VALUE_TEXT) {
            diag_unsupported(c->p->s->diag, c->at,
                             "CIDR_MATCH() with networks that are no literals");
            return NULL;
        }
        networks[i - 1] = v.text;
    }
    return pipe_in_networks(c->p->pipe, c->at, c->args[0], networks, c->n - 1);
}

/* ---- numbers ---------------------------------------------------------------------- */

#define EULER "2.718281828459045"

static struct expr *number(const struct call *c, const char *json)
{
    return pipe_number(c->p->pipe, c->at, str_from(json));
}

static struct expr *euler(const struct call *c)
{
    return number(c, EULER);
}

static struct expr *pi(const struct call *c)
{
    return number(c, "3.141592653589793");
}

static struct expr *tau(const struct call *c)
{
    return number(c, "6.283185307179586");
}

static struct expr *exponential(const struct call *c)
{
    return call2(c, EXPR_POWER, number(c, EULER), c->args[0]);
}

/* LOG([base,] number) */
static struct expr *logarithm(const struct call *c)
{
    return c->n == 1 ? pipe_call1(c->p->pipe, c->at, EXPR_LOGARITHM, c->args[0])
                     : call2(c, EXPR_LOGARITHM, c->args[1], c->args[0]);
}

static struct expr *log10_of(const struct call *c)
{
    return call2(c, EXPR_LOGARITHM, c->args[0], whole(c, 10));
}

/* ---- lists ------------------------------------------------------------------------ */

/* MV_ZIP(list, list[, between]) */
static struct expr *mv_zip(const struct call *c)
{
    return pipe_call3(c->p->pipe, c->at, EXPR_LIST_ZIP, c->args[0], c->args[1],
                      c->n > 2 ? c->args[2] : pipe_text(c->p->pipe, STR(",")));
}

static struct expr *mv_first(const struct call *c)
{
    return call2(c, EXPR_LIST_AT, c->args[0], whole(c, 0));
}

static struct expr *mv_last(const struct call *c)
{
    return call2(c, EXPR_LIST_AT, c->args[0], whole(c, -1));
}

/* Of null: null. */
static struct expr *mv_count(const struct call *c)
{
    return pipe_call1(c->p->pipe, c->at, EXPR_LIST_COUNT, c->args[0]);
}

static struct expr *mv_slice(const struct call *c)
{
    return pipe_call3(c->p->pipe, c->at, EXPR_LIST_AT, c->args[0], c->args[1],
                      c->n > 2 ? c->args[2] : c->args[1]);
}

/* All members of the second are in the first. */
static struct expr *mv_contains(const struct call *c)
{
    struct pipe *p = c->p->pipe;
    struct expr *both = call2(c, EXPR_LIST_INTERSECT,
                              pipe_call1(p, c->at, EXPR_LIST_DISTINCT, c->args[1]), c->args[0]);
    struct expr *n =
        pipe_call1(p, c->at, EXPR_LIST_COUNT, pipe_call1(p, c->at, EXPR_LIST_DISTINCT, c->args[1]));
    struct expr *found =
        call2(c, EXPR_COALESCE, pipe_call1(p, c->at, EXPR_LIST_COUNT, both), whole(c, 0));

    return call2(c, EXPR_EQ, found, n);
}

/* ---- times ------------------------------------------------------------------------ */

/* NOW(): marked, so that comparisons with the event's own time can be told. */
static struct expr *now(const struct call *c)
{
    struct expr *e = pipe_time(c->p->pipe, c->at, STR("@timestamp"));

    e->group = 1;
    return e;
}

static struct expr *unsupported(const struct call *c, const char *what)
{
    diag_unsupported(c->p->s->diag, c->at, "%s: not in this version", what);
    return NULL;
}

/* DATE_TRUNC(interval, time) */
static struct expr *date_trunc(const struct call *c)
{
    struct expr_value step;

    if (!pipe_constant(c->args[0], &step) || step.type != EXPR_VALUE_INT || step.whole < 1)
        return unsupported(c, "DATE_TRUNC() by anything but a length of time up to weeks");
    return call2(c, EXPR_TIME_TRUNC, esql_as_time(c->p, c->args[1]), c->args[0]);
}

static struct expr *bucket(const struct call *c)
{
    struct call turned = *c;
    struct expr *args[] = {c->args[1], c->args[0]};

    turned.args = args;
    return date_trunc(&turned);
}

/* DATE_DIFF(unit, from, to) */
static struct expr *date_diff(const struct call *c)
{
    struct expr_value unit;
    int64_t ms = 0;

    if (pipe_constant(c->args[0], &unit) && unit.type == EXPR_VALUE_TEXT)
        ms = esql_unit_ms(unit.text);
    if (!ms)
        return unsupported(c, "DATE_DIFF() in anything but milliseconds to weeks");
    return pipe_call3(c->p->pipe, c->at, EXPR_TIME_DIFF, esql_as_time(c->p, c->args[1]),
                      esql_as_time(c->p, c->args[2]), whole(c, ms));
}

/* DATE_EXTRACT(part, time) */
static struct expr *date_extract(const struct call *c)
{
    static const char *const PARTS[][2] = {{"HOUR_OF_DAY", "hour"},
                                           {"DAY_OF_WEEK", "weekday"},
                                           {"DAY_OF_MONTH", "day"},
                                           {"MONTH_OF_YEAR", "month"},
                                           {"YEAR", "year"},
                                           {"DAY_OF_YEAR", "yearday"},
                                           {"MINUTE_OF_HOUR", "minute"},
                                           {"SECOND_OF_MINUTE", "second"},
                                           {"ALIGNED_WEEK_OF_YEAR", "week"}};
    struct expr_value v;

    for (size_t i = 0; pipe_constant(c->args[0], &v) && i < ARRAY_LEN(PARTS); i++)
        if (str_eq_ci(v.text, str_from(PARTS[i][0])))
            return call2(c, EXPR_TIME_PART, esql_as_time(c->p, c->args[1]),
                         pipe_text(c->p->pipe, str_from(PARTS[i][1])));
    return unsupported(c, "this part of DATE_EXTRACT()");
}

/* Java's letters of dates as strftime has them. */
static const struct {
    const char *letters, *conversion;
} DATE_LETTERS[] = {{"yyyy", "%Y"}, {"uuuu", "%Y"}, {"yy", "%y"},  {"MMMM", "%B"}, {"MMM", "%b"},
                    {"MM", "%m"},   {"dd", "%d"},   {"DDD", "%j"}, {"EEEE", "%A"}, {"EEE", "%a"},
                    {"HH", "%H"},   {"hh", "%I"},   {"mm", "%M"},  {"ss", "%S"},   {"a", "%p"},
                    {"XX", "%z"},   {"Z", "%z"}};

static bool is_letter(char c)
{
    return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

/* The letters at the front of *rest, all alike; NULL: no conversion says that. */
static const char *take_letters(struct str *rest)
{
    size_t n = 1;

    while (n < rest->n && rest->p[n] == rest->p[0])
        n++;
    struct str letters = str_sub(*rest, 0, n);
    *rest = str_sub(*rest, n, SIZE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(DATE_LETTERS); i++)
        if (str_eq(letters, str_from(DATE_LETTERS[i].letters)))
            return DATE_LETTERS[i].conversion;
    return NULL;
}

/* 'T' is T, '' is a quote. False: never closed. */
static bool take_quoted(struct str *rest, struct buf *out)
{
    size_t end = str_find_char(*rest, '\'', 1);

    if (end == SIZE_MAX)
        return false;
    buf_add(out, end == 1 ? STR("'") : str_sub(*rest, 1, end - 1));
    *rest = str_sub(*rest, end + 1, SIZE_MAX);
    return true;
}

/* A format of Java as one of strftime; NULL after "unsupported". */
static struct expr *date_pattern(const struct call *c, struct expr *pattern)
{
    struct expr_value v;
    struct buf out = {0};
    bool is_ok = pipe_constant(pattern, &v) && v.type == EXPR_VALUE_TEXT;

    for (struct str rest = is_ok ? v.text : STR(""); is_ok && rest.n;) {
        if (rest.p[0] == '\'') {
            is_ok = take_quoted(&rest, &out);
        } else if (is_letter(rest.p[0])) {
            const char *conversion = take_letters(&rest);
            is_ok = conversion != NULL;
            buf_add(&out, is_ok ? str_from(conversion) : STR(""));
        } else {
            is_ok = rest.p[0] != '%' && rest.p[0] != '[' && rest.p[0] != ']';
            buf_add_char(&out, rest.p[0]);
            rest = str_sub(rest, 1, SIZE_MAX);
        }
    }
    struct expr *e = is_ok ? pipe_text(c->p->pipe, arena_str(c->p->s->a, buf_str(&out)))
                           : unsupported(c, "this format of dates");
    buf_release(&out);
    return e;
}

/* DATE_PARSE([format,] text) */
static struct expr *date_parse(const struct call *c)
{
    if (c->n == 1)
        return pipe_call1(c->p->pipe, c->at, EXPR_TIME_OF, c->args[0]);
    return call2(c, EXPR_TIME_READ, c->args[1], date_pattern(c, c->args[0]));
}

/* DATE_FORMAT([format,] time) */
static struct expr *date_format(const struct call *c)
{
    if (c->n == 1)
        return pipe_call1(c->p->pipe, c->at, EXPR_TIME_TEXT, esql_as_time(c->p, c->args[0]));
    return call2(c, EXPR_TIME_FORMAT, esql_as_time(c->p, c->args[1]), date_pattern(c, c->args[0]));
}

/* ---- places ----------------------------------------------------------------------- */

/* A point is an object {lat, lon}; one of its numbers is asked for. */
static struct expr *coordinate(const struct call *c, const char *part)
{
    struct expr *point = c->args[0];

    if (point->kind != EXPR_MEMBERS)
        return unsupported(c, "a point that is computed");
    return pipe_column(
        c->p->pipe, c->at,
        arena_printf(c->p->s->scratch, "%.*s.%s", (int)point->text.n, point->text.p, part));
}

static struct expr *st_x(const struct call *c)
{
    return coordinate(c, "lon");
}

static struct expr *st_y(const struct call *c)
{
    return coordinate(c, "lat");
}

/* "POINT(lon lat)": the number behind the parenthesis, or the one behind the blank. */
static struct expr *number_in(const struct call *c, struct expr *point, bool is_lat)
{
    struct regex re = {.pattern = is_lat ? STR("POINT\\s*\\(\\s*\\S+\\s+([^\\s)]+)")
                                         : STR("POINT\\s*\\(\\s*([^\\s)]+)")};

    return pipe_call1(c->p->pipe, c->at, EXPR_REAL,
                      pipe_regex(c->p->pipe, c->at, EXPR_CAPTURE, &re, 1, &point, 1));
}

static struct expr *st_distance(const struct call *c)
{
    struct expr *args[] = {number_in(c, c->args[0], true), number_in(c, c->args[0], false),
                           number_in(c, c->args[1], true), number_in(c, c->args[1], false)};

    return pipe_call(c->p->pipe, c->at, &(struct expr){.op = EXPR_DISTANCE}, args, 4);
}

/* ---- JSON ------------------------------------------------------------------------- */

/* "$.a.b[0]" as the path "a.b{0}"; false: it is no such path. */
static bool json_path(const struct call *c, struct str path, struct str *out)
{
    char *to = arena_alloc(c->p->s->scratch, path.n + 1);
    size_t n = 0;

    if (str_starts(path, STR("$")))
        path = str_sub(path, path.n > 1 && path.p[1] == '.' ? 2 : 1, SIZE_MAX);
    for (size_t i = 0; i < path.n; i++) {
        char ch = path.p[i];
        if (ch == '\'' || ch == '"' || ch == '*' || ch == '?' || ch == '{' || ch == '}')
            return false;
        to[n++] = (char)(ch == '[' ? '{' : ch == ']' ? '}' : ch);
    }
    *out = (struct str){to, n};
    return n > 0;
}

/* JSON_EXTRACT(text, path); of _source the event's own field. */
static struct expr *json_extract(const struct call *c)
{
    struct expr_value v;
    struct str path;

    if (!pipe_constant(c->args[1], &v) || v.type != EXPR_VALUE_TEXT || !json_path(c, v.text, &path))
        return unsupported(c, "JSON_EXTRACT() with a path that is more than names and places");
    if (c->args[0]->kind == EXPR_MEMBERS && str_eq(c->args[0]->text, STR("_source")) &&
        str_find_char(path, '{', 0) == SIZE_MAX)
        return pipe_call1(c->p->pipe, c->at, EXPR_STRING, pipe_field(c->p->pipe, path));
    return pipe_call1(c->p->pipe, c->at, EXPR_STRING,
                      call2(c, EXPR_JSON_AT, c->args[0], pipe_text(c->p->pipe, path)));
}

/* ---- the table -------------------------------------------------------------------- */

static const struct function FUNCTIONS[] = {
    {"to_lower", EXPR_LOWER, 1, 1, NULL},
    {"to_upper", EXPR_UPPER, 1, 1, NULL},
    {"trim", EXPR_TRIM, 1, 1, NULL},
    {"ltrim", EXPR_TRIM_LEFT, 1, 1, NULL},
    {"rtrim", EXPR_TRIM_RIGHT, 1, 1, NULL},
    {"length", EXPR_LENGTH, 1, 1, NULL},
    {"concat", EXPR_CONCAT, 2, ARGS_MAX, NULL},
    {"substring", EXPR_SUBSTRING, 2, 3, substring},
    {"left", EXPR_SUBSTRING, 2, 2, left},
    {"right", EXPR_SUBSTRING, 2, 2, right},
    {"locate", EXPR_INDEX_OF, 2, 2, locate},
    {"space", EXPR_STRING, 1, 1, space},
    {"starts_with", EXPR_STARTS, 2, 2, NULL},
    {"ends_with", EXPR_ENDS, 2, 2, NULL},
    {"contains", EXPR_HAS_TEXT, 2, 2, NULL},
    {"replace", EXPR_REPLACE, 3, 3, replace},
    {"split", EXPR_SPLIT, 2, 2, NULL},
    {"url_decode", EXPR_URL_DECODE, 1, 1, NULL},
    {"from_base64", EXPR_BASE64_DECODE, 1, 1, NULL},
    {"to_string", EXPR_STRING, 1, 1, NULL},
    {"to_str", EXPR_STRING, 1, 1, NULL},
    {"to_integer", EXPR_WHOLE, 1, 1, NULL},
    {"to_int", EXPR_WHOLE, 1, 1, NULL},
    {"to_long", EXPR_WHOLE, 1, 1, NULL},
    {"to_double", EXPR_REAL, 1, 1, NULL},
    {"to_dbl", EXPR_REAL, 1, 1, NULL},
    {"to_boolean", EXPR_BOOLEAN, 1, 1, NULL},
    {"to_bool", EXPR_BOOLEAN, 1, 1, NULL},
    {"to_ip", EXPR_STRING, 1, 1, self},
    {"to_version", EXPR_STRING, 1, 1, self},
    {"to_geopoint", EXPR_STRING, 1, 1, self},
    {"to_datetime", EXPR_TIME_OF, 1, 1, NULL},
    {"to_dt", EXPR_TIME_OF, 1, 1, NULL},
    {"to_unsigned_long", EXPR_WHOLE, 1, 1, NULL},
    {"to_ul", EXPR_WHOLE, 1, 1, NULL},
    {"to_ulong", EXPR_WHOLE, 1, 1, NULL},
    {"date_parse", EXPR_TIME_OF, 1, 2, date_parse},
    {"date_format", EXPR_TIME_FORMAT, 1, 2, date_format},
    {"abs", EXPR_ABSOLUTE, 1, 1, NULL},
    {"ceil", EXPR_CEILING, 1, 1, NULL},
    {"floor", EXPR_FLOOR, 1, 1, NULL},
    {"round", EXPR_ROUND, 1, 2, NULL},
    {"pow", EXPR_POWER, 2, 2, NULL},
    {"sqrt", EXPR_SQUARE_ROOT, 1, 1, NULL},
    {"exp", EXPR_POWER, 1, 1, exponential},
    {"log", EXPR_LOGARITHM, 1, 2, logarithm},
    {"log10", EXPR_LOGARITHM, 1, 1, log10_of},
    {"e", EXPR_REAL, 0, 0, euler},
    {"pi", EXPR_REAL, 0, 0, pi},
    {"tau", EXPR_REAL, 0, 0, tau},
    {"greatest", EXPR_GREATEST, 1, ARGS_MAX, NULL},
    {"least", EXPR_LEAST, 1, ARGS_MAX, NULL},
    {"coalesce", EXPR_COALESCE, 1, ARGS_MAX, NULL},
    {"case", EXPR_CASE, 2, ARGS_MAX, NULL},
    {"mv_first", EXPR_LIST_AT, 1, 1, mv_first},
    {"mv_last", EXPR_LIST_AT, 1, 1, mv_last},
    {"mv_count", EXPR_LIST_COUNT, 1, 1, mv_count},
    {"mv_dedupe", EXPR_LIST_DISTINCT, 1, 1, NULL},
    {"mv_sort", EXPR_LIST_SORT, 1, 1, NULL},
    {"mv_min", EXPR_LEAST, 1, 1, NULL},
    {"mv_max", EXPR_GREATEST, 1, 1, NULL},
    {"mv_sum", EXPR_LIST_SUM, 1, 1, NULL},
    {"mv_avg", EXPR_LIST_AVERAGE, 1, 1, NULL},
    {"mv_concat", EXPR_LIST_JOIN, 2, 2, NULL},
    {"mv_append", EXPR_LIST, 2, 2, NULL},
    {"mv_zip", EXPR_LIST_ZIP, 2, 3, mv_zip},
    {"mv_slice", EXPR_LIST_AT, 2, 3, mv_slice},
    {"mv_contains", EXPR_EQ, 2, 2, mv_contains},
    {"mv_intersection", EXPR_LIST_INTERSECT, 2, 2, NULL},
    {"cidr_match", EXPR_IN_NETWORK, 2, ARGS_MAX, cidr},
    {"now", EXPR_TIME_OF, 0, 0, now},
    {"date_trunc", EXPR_TIME_TRUNC, 2, 2, date_trunc},
    {"bucket", EXPR_TIME_TRUNC, 2, 2, bucket},
    {"date_diff", EXPR_TIME_DIFF, 3, 3, date_diff},
    {"date_extract", EXPR_TIME_PART, 2, 2, date_extract},
    {"st_x", EXPR_REAL, 1, 1, st_x},
    {"st_y", EXPR_REAL, 1, 1, st_y},
    {"st_distance", EXPR_DISTANCE, 2, 2, st_distance},
    {"json_extract", EXPR_EQ, 2, 2, json_extract},
};

static const struct function *function_of(struct esql_parser *p, struct place at, struct str name)
{
    struct str names[ARRAY_LEN(FUNCTIONS)];

    for (size_t i = 0; i < ARRAY_LEN(FUNCTIONS); i++) {
        names[i] = str_from(FUNCTIONS[i].name);
        if (str_eq_ci(name, names[i]))
            return &FUNCTIONS[i];
    }
    struct str hint = diag_hint(p->s->diag, name, names, ARRAY_LEN(FUNCTIONS));
    diag_unsupported(p->s->diag, at, "the function %.*s() is not known%.*s", SHOWN(name),
                     (int)hint.n, hint.p);
    return NULL;
}

/* ---- calls ------------------------------------------------------------------------- */

static bool read_args(struct esql_parser *p, struct call *c)
{
    c->args = ARENA_ARRAY(p->s->scratch, ARGS_MAX, struct expr *);
    if (!esql_advance(p))
        return false;
    if (esql_is_sign(p, ")"))
        return esql_advance(p);
    for (;;) {
        if (c->n == ARGS_MAX)
            return diag_error(p->s->diag, c->at, "more than %d arguments", ARGS_MAX);
        c->args[c->n] = esql_expression(p);
        if (!c->args[c->n++])
            return false;
        if (!esql_is_sign(p, ","))
            return esql_expect_sign(p, ")", "behind the arguments");
        if (!esql_advance(p))
            return false;
    }
}

struct expr *esql_call(struct esql_parser *p, struct place at, struct str name)
{
    struct call c = {.p = p, .at = at};
    bool is_aggregate = false, is_search;

    if (p->is_in_stats) {
        struct expr *e = esql_aggregate(p, at, name, &is_aggregate);
        if (is_aggregate)
            return e;
    }
    struct expr *search = esql_search(p, at, name, &is_search);
    if (is_search)
        return search;
    const struct function *f = function_of(p, at, name);
    if (!f)
        return NULL;
    if (++p->depth > QUERY_DEPTH_MAX) {
        diag_error(p->s->diag, at, "more than %d calls inside each other", QUERY_DEPTH_MAX);
        return NULL;
    }
    if (!read_args(p, &c))
        return NULL;
    p->depth--;
    if (c.n < f->least || c.n > f->most) {
        diag_error(p->s->diag, at, "%s() takes %zu%s arguments, not %zu", f->name, f->least,
                   f->most == ARGS_MAX  ? " or more"
                   : f->most > f->least ? " or one more"
                                        : "",
                   c.n);
        return NULL;
    }
    if (f->make)
        return f->make(&c);
    return pipe_call(p->pipe, at, &(struct expr){.op = f->op}, c.args, c.n);
}
