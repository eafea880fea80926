/* call_time.c - functions about times. */
#include "lang/esql/call.h"

#include "base/buf.h"
#include "base/str.h"

#define DAY_MS (INT64_C(86400) * 1000)
#define WEEK_MS (7 * DAY_MS)
/* Steps of rounding begin with 1970, a Thursday; those of one week alone with a Monday. */
#define MONDAY_BEFORE_1970_MS (3 * DAY_MS)

/* NOW(): marked, so that comparisons with the event's own time can be told. */
static struct expr *now(const struct esql_call *c)
{
    struct expr *e = pipe_time(c->p->pipe, c->at, STR("@timestamp"));

    e->group = ESQL_NOW;
    return e;
}

static struct expr *time_arg(const struct esql_call *c, size_t i)
{
    return esql_as_time(c->p, c->args[i]);
}

/* ---- rounding ---------------------------------------------------------------------- */

static struct expr *truncated(const struct esql_call *c, struct expr *span, struct expr *time)
{
    struct expr_value step;
    enum esql_type type = esql_type_of(span);

    if (!span)
        return NULL;
    if (!pipe_constant(span, &step) || step.type != EXPR_VALUE_INT || step.whole < 1 ||
        (type != ESQL_TYPE_SPAN && type != ESQL_TYPE_MONTHS)) {
        diag_error(c->p->s->diag, c->at,
                   "times are rounded to a length of time as a literal (1 hour), more than 0");
        return NULL;
    }
    time = esql_as_time(c->p, time);
    if (type == ESQL_TYPE_MONTHS)
        return esql_moment(esql_call3(c, EXPR_TIME_TRUNC, time, esql_whole(c, step.whole),
                                      pipe_text(c->p->pipe, STR("month"))));
    int64_t shift = step.whole == WEEK_MS ? MONDAY_BEFORE_1970_MS : 0;
    if (shift == 0)
        return esql_moment(esql_call2(c, EXPR_TIME_TRUNC, time, esql_whole(c, step.whole)));
    struct expr *later =
        esql_call2(c, EXPR_ADD, esql_call1(c, EXPR_TIME_OF, time), esql_whole(c, shift));
    return esql_moment(esql_call2(c, EXPR_SUBTRACT,
                                  esql_call2(c, EXPR_TIME_TRUNC, later, esql_whole(c, step.whole)),
                                  esql_whole(c, shift)));
}

/* "1 hour" as 1 hour. */
static struct expr *span_arg(const struct esql_call *c, size_t i)
{
    return c->args[i]->kind == EXPR_TEXT ? esql_convert(c->p, c->at, "time_duration", c->args[i])
                                         : c->args[i];
}

/* DATE_TRUNC(interval, time) */
static struct expr *date_trunc(const struct esql_call *c)
{
    return truncated(c, span_arg(c, 0), c->args[1]);
}

/* BUCKET(time, interval), BUCKET(number, width) */
static struct expr *bucket(const struct esql_call *c)
{
    struct expr_value width;

    if (c->n != 2)
        return esql_unsupported(c, "BUCKET() with a number of buckets between two bounds");
    if (esql_type_of(c->args[1]) != ESQL_TYPE_NUMBER)
        return truncated(c, span_arg(c, 1), c->args[0]);
    if (!pipe_constant(c->args[1], &width) || width.real <= 0 ||
        esql_type_of(c->args[0]) == ESQL_TYPE_TIME)
        return esql_unsupported(c, "BUCKET() by anything but a length of time, or of a number by a "
                                   "literal above 0");
    struct expr *nth =
        esql_call1(c, EXPR_FLOOR, esql_call2(c, EXPR_QUOTIENT, c->args[0], c->args[1]));
    return esql_call2(c, EXPR_MULTIPLY, nth, c->args[1]);
}

/* TBUCKET(interval) */
static struct expr *tbucket(const struct esql_call *c)
{
    if (pipe_is_grouped(c->p->pipe))
        return esql_unsupported(c, "TBUCKET() behind STATS");
    return truncated(c, span_arg(c, 0), pipe_time(c->p->pipe, c->at, STR("@timestamp")));
}

/* TRANGE(length of time): an event comes when it happens, so it is within it. */
static struct expr *trange(const struct esql_call *c)
{
    enum esql_type type = esql_type_of(c->args[0]);

    if (c->n != 1 || (type != ESQL_TYPE_SPAN && type != ESQL_TYPE_MONTHS) ||
        pipe_is_grouped(c->p->pipe))
        return esql_unsupported(c, "TRANGE() with anything but a length of time, or behind STATS");
    return pipe_bool(c->p->pipe, true);
}

/* ---- differences --------------------------------------------------------------------- */

/* Their names are not those of lengths of time: "m" is a month here. */
static const struct unit {
    const char *names[4];
    int64_t ms; /* 0: months */
    int64_t divisor, factor;
} UNITS[] = {{{"year", "years", "yy", "yyyy"}, 0, 12, 1},
             {{"quarter", "quarters", "qq", "q"}, 0, 3, 1},
             {{"month", "months", "mm", "m"}, 0, 1, 1},
             {{"dayofyear", "dy", "y", NULL}, DAY_MS, 1, 1},
             {{"day", "days", "dd", "d"}, DAY_MS, 1, 1},
             {{"week", "weeks", "wk", "ww"}, WEEK_MS, 1, 1},
             {{"weekday", "weekdays", "dw", NULL}, DAY_MS, 1, 1},
             {{"hour", "hours", "hh", NULL}, INT64_C(3600000), 1, 1},
             {{"minute", "minutes", "mi", "n"}, 60000, 1, 1},
             {{"second", "seconds", "ss", "s"}, 1000, 1, 1},
             {{"millisecond", "milliseconds", "ms", NULL}, 1, 1, 1},
             {{"microsecond", "microseconds", "mcs", NULL}, 1, 1, 1000},
             {{"nanosecond", "nanoseconds", "ns", NULL}, 1, 1, 1000000}};

static const struct unit *unit_of(const struct expr *e)
{
    struct expr_value v;

    if (!pipe_constant(e, &v) || v.type != EXPR_VALUE_TEXT)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(UNITS); i++)
        for (size_t k = 0; k < ARRAY_LEN(UNITS[i].names) && UNITS[i].names[k]; k++)
            if (str_eq_ci(v.text, str_from(UNITS[i].names[k])))
                return &UNITS[i];
    return NULL;
}

/* DATE_DIFF(unit, from, to) */
static struct expr *date_diff(const struct esql_call *c)
{
    const struct unit *u = unit_of(c->args[0]);

    if (!u) {
        diag_error(c->p->s->diag, c->at,
                   "the unit of DATE_DIFF() is one of \"year\", \"quarter\", \"month\", \"week\", "
                   "\"day\", \"hour\", \"minute\", \"second\", \"millisecond\" ... as a literal");
        return NULL;
    }
    struct expr *unit = u->ms ? esql_whole(c, u->ms) : pipe_text(c->p->pipe, STR("month"));
    struct expr *e = esql_call3(c, EXPR_TIME_DIFF, time_arg(c, 1), time_arg(c, 2), unit);
    if (u->divisor > 1)
        e = esql_call2(c, EXPR_DIVIDE, e, esql_whole(c, u->divisor));
    return u->factor > 1 ? esql_call2(c, EXPR_MULTIPLY, e, esql_whole(c, u->factor)) : e;
}

/* ---- parts --------------------------------------------------------------------------- */

static struct expr *part(const struct esql_call *c, struct expr *time, const char *name)
{
    return esql_call2(c, EXPR_TIME_PART, time, pipe_text(c->p->pipe, str_from(name)));
}

/* Whole units of `unit` since the last multiple of `step`. */
static struct expr *since(const struct esql_call *c, struct expr *time, int64_t step, int64_t unit)
{
    return esql_call3(c, EXPR_TIME_DIFF, esql_call2(c, EXPR_TIME_TRUNC, time, esql_whole(c, step)),
                      time, esql_whole(c, unit));
}

/* Whole units since 1970. */
static struct expr *since_1970(const struct esql_call *c, struct expr *time, int64_t unit)
{
    return esql_call2(c, EXPR_DIVIDE, esql_call2(c, EXPR_TIME_TRUNC, time, esql_whole(c, unit)),
                      esql_whole(c, unit));
}

/* DATE_EXTRACT(part, time) */
static struct expr *date_extract(const struct esql_call *c)
{
    static const char *const PARTS[][2] = {{"HOUR_OF_DAY", "hour"},
                                           {"DAY_OF_WEEK", "weekday"},
                                           {"DAY_OF_MONTH", "day"},
                                           {"MONTH_OF_YEAR", "month"},
                                           {"YEAR", "year"},
                                           {"YEAR_OF_ERA", "year"},
                                           {"DAY_OF_YEAR", "yearday"},
                                           {"MINUTE_OF_HOUR", "minute"},
                                           {"SECOND_OF_MINUTE", "second"}};
    static const struct {
        const char *name;
        int64_t step, unit; /* step 0: since 1970 */
    } COUNTED[] = {{"MINUTE_OF_DAY", DAY_MS, 60000},
                   {"SECOND_OF_DAY", DAY_MS, 1000},
                   {"MILLI_OF_DAY", DAY_MS, 1},
                   {"MILLI_OF_SECOND", 1000, 1},
                   {"EPOCH_DAY", 0, DAY_MS},
                   {"INSTANT_SECONDS", 0, 1000},
                   {"AMPM_OF_DAY", DAY_MS, DAY_MS / 2},
                   {"HOUR_OF_AMPM", DAY_MS / 2, INT64_C(3600000)}};
    struct expr_value v;
    struct expr *time = time_arg(c, 1);

    if (!pipe_constant(c->args[0], &v) || v.type != EXPR_VALUE_TEXT)
        return esql_unsupported(c, "a part of DATE_EXTRACT() that is no literal");
    for (size_t i = 0; i < ARRAY_LEN(PARTS); i++)
        if (str_eq_ci(v.text, str_from(PARTS[i][0])))
            return part(c, time, PARTS[i][1]);
    for (size_t i = 0; i < ARRAY_LEN(COUNTED); i++)
        if (str_eq_ci(v.text, str_from(COUNTED[i].name)))
            return COUNTED[i].step ? since(c, time, COUNTED[i].step, COUNTED[i].unit)
                                   : since_1970(c, time, COUNTED[i].unit);
    /* Weeks of seven days from the first of January on. */
    if (str_eq_ci(v.text, STR("ALIGNED_WEEK_OF_YEAR")))
        return esql_call2(c, EXPR_DIVIDE,
                          esql_call2(c, EXPR_ADD, part(c, time, "yearday"), esql_whole(c, 6)),
                          esql_whole(c, 7));
    diag_unsupported(c->p->s->diag, c->at, "the part '%.*s' of DATE_EXTRACT(): not in this version",
                     SHOWN(v.text));
    return NULL;
}

static struct expr *year(const struct esql_call *c)
{
    return part(c, time_arg(c, 0), "year");
}

static struct expr *month(const struct esql_call *c)
{
    return part(c, time_arg(c, 0), "month");
}

static struct expr *day(const struct esql_call *c)
{
    return part(c, time_arg(c, 0), "day");
}

static struct expr *hour(const struct esql_call *c)
{
    return part(c, time_arg(c, 0), "hour");
}

static struct expr *day_name(const struct esql_call *c)
{
    return esql_call2(c, EXPR_TIME_FORMAT, time_arg(c, 0), pipe_text(c->p->pipe, STR("%A")));
}

static struct expr *month_name(const struct esql_call *c)
{
    return esql_call2(c, EXPR_TIME_FORMAT, time_arg(c, 0), pipe_text(c->p->pipe, STR("%B")));
}

/* ---- formats ------------------------------------------------------------------------- */

/* Java's letters of dates as strftime and strptime have them; a time is one of UTC. */
static const struct {
    const char *letters, *written, *read; /* NULL: not that way */
} DATE_LETTERS[] = {{"yyyy", "%Y", "%Y"},
                    {"uuuu", "%Y", "%Y"},
                    {"y", "%Y", "%Y"},
                    {"u", "%Y", "%Y"},
                    {"yy", "%y", "%y"},
                    {"MMMM", "%B", "%B"},
                    {"MMM", "%b", "%b"},
                    {"MM", "%m", "%m"},
                    {"M", "%-m", "%m"},
                    {"dd", "%d", "%d"},
                    {"d", "%-d", "%d"},
                    {"DDD", "%j", "%j"},
                    {"EEEE", "%A", "%A"},
                    {"EEE", "%a", "%a"},
                    {"E", "%a", "%a"},
                    {"HH", "%H", "%H"},
                    {"H", "%-H", "%H"},
                    {"hh", "%I", "%I"},
                    {"h", "%-I", "%I"},
                    {"mm", "%M", "%M"},
                    {"m", "%-M", "%M"},
                    {"ss", "%S", "%S"},
                    {"s", "%-S", "%S"},
                    {"a", "%p", "%p"},
                    {"S", "%1N", "%1N"},
                    {"SS", "%2N", "%2N"},
                    {"SSS", "%3N", "%3N"},
                    {"SSSSSS", "%6N", "%6N"},
                    {"SSSSSSSSS", "%9N", "%9N"},
                    {"XXX", "Z", "%z"},
                    {"XX", "Z", "%z"},
                    {"X", "Z", "%z"},
                    {"Z", "%z", "%z"}};

static bool is_letter(char c)
{
    return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

/* The letters at the front of *rest, all alike; NULL: no conversion says that. */
static const char *take_letters(struct str *rest, bool is_read)
{
    size_t n = 1;

    while (n < rest->n && rest->p[n] == rest->p[0])
        n++;
    struct str letters = str_sub(*rest, 0, n);
    *rest = str_sub(*rest, n, SIZE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(DATE_LETTERS); i++)
        if (str_eq(letters, str_from(DATE_LETTERS[i].letters)))
            return is_read ? DATE_LETTERS[i].read : DATE_LETTERS[i].written;
    return NULL;
}

/* 'T' is T, '' is a quote. False: never closed, or of a sign that strftime takes for its own. */
static bool take_quoted(struct str *rest, struct buf *out)
{
    size_t end = str_find_char(*rest, '\'', 1);

    if (end == SIZE_MAX || str_find_char(str_sub(*rest, 0, end), '%', 0) != SIZE_MAX)
        return false;
    buf_add(out, end == 1 ? STR("'") : str_sub(*rest, 1, end - 1));
    *rest = str_sub(*rest, end + 1, SIZE_MAX);
    return true;
}

/* A format of Java as one of strftime; NULL after "unsupported". */
static struct expr *date_pattern(const struct esql_call *c, struct expr *pattern, bool is_read)
{
    struct expr_value v;
    struct buf out = {0};
    bool is_ok = pipe_constant(pattern, &v) && v.type == EXPR_VALUE_TEXT;

    for (struct str rest = is_ok ? v.text : STR(""); is_ok && rest.n;) {
        if (rest.p[0] == '\'') {
            is_ok = take_quoted(&rest, &out);
        } else if (is_letter(rest.p[0])) {
            const char *conversion = take_letters(&rest, is_read);
            is_ok = conversion != NULL;
            buf_add(&out, is_ok ? str_from(conversion) : STR(""));
        } else {
            is_ok = rest.p[0] != '%' && rest.p[0] != '[' && rest.p[0] != ']';
            buf_add_char(&out, rest.p[0]);
            rest = str_sub(rest, 1, SIZE_MAX);
        }
    }
    struct expr *e = is_ok ? pipe_text(c->p->pipe, arena_str(c->p->s->a, buf_str(&out)))
                           : esql_unsupported(c, "this format of dates");
    buf_release(&out);
    return e;
}

/* DATE_PARSE([format,] text) */
static struct expr *date_parse(const struct esql_call *c)
{
    if (c->n == 1)
        return esql_moment(esql_call1(c, EXPR_TIME_OF, c->args[0]));
    return esql_moment(
        esql_call2(c, EXPR_TIME_READ, c->args[1], date_pattern(c, c->args[0], true)));
}

/* DATE_FORMAT([format,] time) */
static struct expr *date_format(const struct esql_call *c)
{
    if (c->n == 1)
        return esql_call1(c, EXPR_TIME_TEXT, time_arg(c, 0));
    return esql_call2(c, EXPR_TIME_FORMAT, time_arg(c, 1), date_pattern(c, c->args[0], false));
}

static const struct esql_function FUNCTIONS[] = {
    {"now", EXPR_TIME_OF, 0, 0, now, NULL},
    {"date_trunc", EXPR_TIME_TRUNC, 2, 2, date_trunc, NULL},
    {"bucket", EXPR_TIME_TRUNC, 2, 4, bucket, NULL},
    {"tbucket", EXPR_TIME_TRUNC, 1, 1, tbucket, NULL},
    {"trange", EXPR_GE, 1, 2, trange, NULL},
    {"date_diff", EXPR_TIME_DIFF, 3, 3, date_diff, "td"},
    {"date_extract", EXPR_TIME_PART, 2, 2, date_extract, "td"},
    {"date_parse", EXPR_TIME_OF, 1, 2, date_parse, "t"},
    {"date_format", EXPR_TIME_FORMAT, 1, 2, date_format, NULL},
    {"day_name", EXPR_TIME_FORMAT, 1, 1, day_name, "d"},
    {"month_name", EXPR_TIME_FORMAT, 1, 1, month_name, "d"},
    {"year", EXPR_TIME_PART, 1, 1, year, "d"},
    {"month", EXPR_TIME_PART, 1, 1, month, "d"},
    {"day", EXPR_TIME_PART, 1, 1, day, "d"},
    {"hour", EXPR_TIME_PART, 1, 1, hour, "d"},
};

const struct esql_functions ESQL_TIME_FUNCTIONS = {FUNCTIONS, ARRAY_LEN(FUNCTIONS)};
