/* esql_model.c - see esql_model.h. */
#include "tests/lib/esql_model.h"

#include "base/str.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { TEXT_MOST = 200 };

static void give(struct esql_value *out, union esql_item item)
{
    out->items[out->n++] = item;
}

static void give_long(struct esql_value *out, int64_t n)
{
    give(out, (union esql_item){.n = n});
}

/* What is no number is null. */
static void give_real(struct esql_value *out, double d)
{
    if (isfinite(d))
        give(out, (union esql_item){.d = d});
}

static void give_text(const struct esql_call *c, struct esql_value *out, struct str s)
{
    *c->is_open |= s.n > TEXT_MOST;
    give(out, (union esql_item){.s = arena_printf(c->arena, "%.*s", (int)s.n, s.p).p});
}

static struct str text(const struct esql_call *c, unsigned i)
{
    return str_from(c->args[i].items[0].s);
}

static int64_t number(const struct esql_call *c, unsigned i)
{
    return c->args[i].items[0].n;
}

static double real_of(const struct esql_value *v, unsigned i)
{
    return v->type == ESQL_REAL ? v->items[i].d : (double)v->items[i].n;
}

static double real(const struct esql_call *c, unsigned i)
{
    return real_of(&c->args[i], 0);
}

/* ---- logic ------------------------------------------------------------------------------ */

static int truth(const struct esql_value *v) /* -1: unknown */
{
    return v->n == 1 ? (int)v->items[0].n : -1;
}

static void run_and(const struct esql_call *c, struct esql_value *out)
{
    int a = truth(&c->args[0]), b = truth(&c->args[1]);

    if (a == 0 || b == 0)
        give_long(out, 0);
    else if (a == 1 && b == 1)
        give_long(out, 1);
}

static void run_or(const struct esql_call *c, struct esql_value *out)
{
    int a = truth(&c->args[0]), b = truth(&c->args[1]);

    if (a == 1 || b == 1)
        give_long(out, 1);
    else if (a == 0 && b == 0)
        give_long(out, 0);
}

static void run_not(const struct esql_call *c, struct esql_value *out)
{
    give_long(out, !number(c, 0));
}

static void run_null(const struct esql_call *c, struct esql_value *out)
{
    give_long(out, (c->args[0].n == 0) == (c->with == NULL));
}

/* ---- comparisons ------------------------------------------------------------------------ */

static int order(enum esql_type type, union esql_item a, union esql_item b)
{
    switch (type) {
    case ESQL_TEXT: {
        int way = strcmp(a.s, b.s);
        return (way > 0) - (way < 0);
    }
    case ESQL_REAL:
        return (a.d > b.d) - (a.d < b.d);
    default:
        return (a.n > b.n) - (a.n < b.n);
    }
}

static void run_compare(const struct esql_call *c, struct esql_value *out)
{
    const struct esql_value *a = &c->args[0], *b = &c->args[1];
    bool is_mixed = a->type != b->type;
    union esql_item x = is_mixed ? (union esql_item){.d = real(c, 0)} : a->items[0];
    union esql_item y = is_mixed ? (union esql_item){.d = real(c, 1)} : b->items[0];
    int way = order(is_mixed ? ESQL_REAL : a->type, x, y);
    bool is_or_equal = c->with[1] == '=';

    switch (c->with[0]) {
    case '=':
        give_long(out, way == 0);
        break;
    case '!':
        give_long(out, way != 0);
        break;
    case '<':
        give_long(out, way < 0 || (is_or_equal && way == 0));
        break;
    default:
        give_long(out, way > 0 || (is_or_equal && way == 0));
        break;
    }
}

/* A null, or several values, among the others: unknown, if none of them is it. */
static void run_in(const struct esql_call *c, struct esql_value *out)
{
    bool is_unknown = false, is_in = false;

    if (c->args[0].n != 1)
        return;
    for (unsigned i = 1; i < 3; i++) {
        bool is_one = c->args[i].n == 1;
        is_unknown |= !is_one;
        is_in |= is_one && order(c->args[0].type, c->args[0].items[0], c->args[i].items[0]) == 0;
    }
    if (is_in || !is_unknown)
        give_long(out, is_in != (c->with != NULL));
}

static size_t character(const char *s) /* its bytes */
{
    size_t n = *s != '\0';

    while (n && ((unsigned char)s[n] & 0xC0) == 0x80)
        n++;
    return n;
}

static bool like(const char *s, const char *pattern)
{
    if (*pattern == '\0')
        return *s == '\0';
    if (*pattern == '*')
        return like(s, pattern + 1) || (*s && like(s + character(s), pattern));
    if (*pattern == '?')
        return *s && like(s + character(s), pattern + 1);
    pattern += *pattern == '\\' && pattern[1];
    return *s == *pattern && like(s + 1, pattern + 1);
}

static void run_like(const struct esql_call *c, struct esql_value *out)
{
    give_long(out, like(text(c, 0).p, c->with));
}

static void run_not_like(const struct esql_call *c, struct esql_value *out)
{
    give_long(out, !like(text(c, 0).p, c->with));
}

static bool rlike(const char *s, const char *pattern)
{
    char whole[100];
    regex_t r;

    snprintf(whole, sizeof whole, "^(%s)$", pattern);
    if (regcomp(&r, whole, REG_EXTENDED | REG_NOSUB))
        abort();
    bool is_match = regexec(&r, s, 0, NULL, 0) == 0;
    regfree(&r);
    return is_match;
}

static void run_rlike(const struct esql_call *c, struct esql_value *out)
{
    give_long(out, rlike(text(c, 0).p, c->with));
}

/* ---- numbers ---------------------------------------------------------------------------- */

/* What is divided by zero is null. Weir goes on with fractions where whole numbers end. */
static void run_whole(const struct esql_call *c, struct esql_value *out)
{
    int64_t a = number(c, 0), b = number(c, 1), sum = 0;
    bool is_null = false, is_over = false;

    switch (c->with[0]) {
    case '+':
        is_over = __builtin_add_overflow(a, b, &sum);
        break;
    case '-':
        is_over = __builtin_sub_overflow(a, b, &sum);
        break;
    case '*':
        is_over = __builtin_mul_overflow(a, b, &sum);
        break;
    default:
        *c->is_open |= a == INT64_MIN;
        is_null = b == 0;
        if (!is_null && a != INT64_MIN)
            sum = c->with[0] == '/' ? a / b : a % b;
    }
    *c->is_open |= is_over;
    if (!is_null)
        give_long(out, sum);
}

static void run_real(const struct esql_call *c, struct esql_value *out)
{
    double a = real(c, 0), b = real(c, 1);

    switch (c->with[0]) {
    case '+':
        give_real(out, a + b);
        break;
    case '-':
        give_real(out, a - b);
        break;
    case '*':
        give_real(out, a * b);
        break;
    case '/':
        give_real(out, a / b);
        break;
    default:
        give_real(out, fmod(a, b));
    }
}

static void run_negate(const struct esql_call *c, struct esql_value *out)
{
    int64_t n;

    if (c->args[0].type == ESQL_REAL)
        give_real(out, -real(c, 0));
    else if (!__builtin_sub_overflow((int64_t)0, number(c, 0), &n))
        give_long(out, n);
}

static void run_abs(const struct esql_call *c, struct esql_value *out)
{
    if (c->args[0].type == ESQL_REAL)
        give_real(out, fabs(real(c, 0)));
    else if (number(c, 0) == INT64_MIN)
        *c->is_open = true;
    else
        give_long(out, llabs(number(c, 0)));
}

static void run_ceil(const struct esql_call *c, struct esql_value *out)
{
    give_real(out, ceil(real(c, 0)));
}

static void run_floor(const struct esql_call *c, struct esql_value *out)
{
    give_real(out, floor(real(c, 0)));
}

static void run_round(const struct esql_call *c, struct esql_value *out)
{
    give_real(out, round(real(c, 0)));
}

static void run_sqrt(const struct esql_call *c, struct esql_value *out)
{
    give_real(out, sqrt(real(c, 0)));
}

static void run_square(const struct esql_call *c, struct esql_value *out)
{
    give_real(out, real(c, 0) * real(c, 0));
}

static void run_signum(const struct esql_call *c, struct esql_value *out)
{
    give_real(out, (real(c, 0) > 0) - (real(c, 0) < 0));
}

/* ---- choices ---------------------------------------------------------------------------- */

/* Of all values of both. */
static void run_extreme(const struct esql_call *c, struct esql_value *out)
{
    for (unsigned k = 0; c->args[0].n && c->args[1].n && k < 2; k++)
        for (unsigned i = 0; i < c->args[k].n; i++) {
            union esql_item item = c->args[k].items[i];
            int way = out->n ? order(out->type, item, out->items[0]) : 0;
            if (out->n == 0)
                give(out, item);
            else if (c->with[0] == '<' ? way < 0 : way > 0)
                out->items[0] = item;
        }
}

static void run_coalesce(const struct esql_call *c, struct esql_value *out)
{
    *out = c->args[c->args[0].n ? 0 : 1];
}

static void run_case(const struct esql_call *c, struct esql_value *out)
{
    *out = c->args[truth(&c->args[0]) == 1 ? 1 : 2];
}

static void run_case_without_else(const struct esql_call *c, struct esql_value *out)
{
    if (truth(&c->args[0]) == 1)
        *out = c->args[1];
}

static void run_case_of_two(const struct esql_call *c, struct esql_value *out)
{
    *out = c->args[truth(&c->args[0]) == 1 ? 1 : truth(&c->args[2]) == 1 ? 3 : 4];
}

/* ---- texts ------------------------------------------------------------------------------ */

static int64_t length(struct str s)
{
    int64_t n = 0;

    for (const char *p = s.p; p < s.p + s.n; p += character(p))
        n++;
    return n;
}

/* n characters from the one at `start`. */
static struct str part(struct str s, int64_t start, int64_t n)
{
    const char *p = s.p, *end;

    for (; *p && start > 0; start--)
        p += character(p);
    for (end = p; *end && n > 0; n--)
        end += character(end);
    return (struct str){p, (size_t)(end - p)};
}

static void run_length(const struct esql_call *c, struct esql_value *out)
{
    give_long(out, length(text(c, 0)));
}

static void run_byte_length(const struct esql_call *c, struct esql_value *out)
{
    give_long(out, (int64_t)text(c, 0).n);
}

static int64_t start_of(const struct esql_call *c)
{
    int64_t at = number(c, 1);

    return at > 0 ? at - 1 : at < 0 && length(text(c, 0)) + at > 0 ? length(text(c, 0)) + at : 0;
}

static void run_substring(const struct esql_call *c, struct esql_value *out)
{
    give_text(c, out, part(text(c, 0), start_of(c), INT64_MAX));
}

static void run_substring_of(const struct esql_call *c, struct esql_value *out)
{
    if (number(c, 2) >= 0)
        give_text(c, out, part(text(c, 0), start_of(c), number(c, 2)));
    else
        *c->is_open = true;
}

static void run_left(const struct esql_call *c, struct esql_value *out)
{
    *c->is_open |= number(c, 1) < 0;
    give_text(c, out, part(text(c, 0), 0, number(c, 1)));
}

static void run_right(const struct esql_call *c, struct esql_value *out)
{
    int64_t n = length(text(c, 0));

    *c->is_open |= number(c, 1) < 0;
    give_text(c, out, part(text(c, 0), number(c, 1) < n ? n - number(c, 1) : 0, INT64_MAX));
}

/* with: l, r or both */
static void run_trim(const struct esql_call *c, struct esql_value *out)
{
    struct str s = text(c, 0);

    while (strchr(c->with, 'l') && s.n && s.p[0] == ' ')
        s = str_sub(s, 1, s.n - 1);
    while (strchr(c->with, 'r') && s.n && s.p[s.n - 1] == ' ')
        s.n--;
    give_text(c, out, s);
}

static void run_concat(const struct esql_call *c, struct esql_value *out)
{
    give_text(c, out, arena_printf(c->arena, "%s%s%s", text(c, 0).p, c->with, text(c, 1).p));
}

static void run_locate(const struct esql_call *c, struct esql_value *out)
{
    const char *at = strstr(text(c, 0).p, text(c, 1).p);

    *c->is_open |= text(c, 1).n == 0;
    give_long(out, at ? length((struct str){text(c, 0).p, (size_t)(at - text(c, 0).p)}) + 1 : 0);
}

static void run_starts(const struct esql_call *c, struct esql_value *out)
{
    give_long(out, str_starts(text(c, 0), text(c, 1)));
}

static void run_ends(const struct esql_call *c, struct esql_value *out)
{
    give_long(out, str_ends(text(c, 0), text(c, 1)));
}

static void run_contains(const struct esql_call *c, struct esql_value *out)
{
    give_long(out, strstr(text(c, 0).p, text(c, 1).p) != NULL);
}

static void run_replace(const struct esql_call *c, struct esql_value *out)
{
    char made[4 * TEXT_MOST], *to = made;

    *c->is_open |= text(c, 0).n > TEXT_MOST;
    for (const char *p = text(c, 0).p; *p && to < made + sizeof made - 4; p++)
        if (*p == c->with[0])
            to = stpcpy(to, "zz");
        else
            *to++ = *p;
    give_text(c, out, (struct str){made, (size_t)(to - made)});
}

static void run_repeat(const struct esql_call *c, struct esql_value *out)
{
    give_text(c, out, arena_printf(c->arena, "%s%s", text(c, 0).p, text(c, 0).p));
}

static void run_reverse(const struct esql_call *c, struct esql_value *out)
{
    struct str s = text(c, 0), made = STR("");

    for (const char *p = s.p; *p; p += character(p))
        made = arena_printf(c->arena, "%.*s%s", (int)character(p), p, made.n ? made.p : "");
    give_text(c, out, made);
}

/* Of each value; the letters that the test has. */
static void run_case_of_letters(const struct esql_call *c, struct esql_value *out)
{
    for (unsigned i = 0; i < c->args[0].n; i++) {
        struct str s = arena_printf(c->arena, "%s", c->args[0].items[i].s);
        char *p = (char *)(uintptr_t)s.p;
        for (; *p; p++) {
            bool is_accent = (unsigned char)p[0] == 0xC3 && (p[1] & 0x1F) == 0x09;
            if (c->with[0] == 'u' && *p >= 'a' && *p <= 'z')
                *p -= 32;
            else if (c->with[0] == 'l' && *p >= 'A' && *p <= 'Z')
                *p += 32;
            else if (is_accent) /* É and é */
                p[1] = (char)(c->with[0] == 'u' ? 0x89 : 0xA9);
        }
        give_text(c, out, s);
    }
}

static void run_split(const struct esql_call *c, struct esql_value *out)
{
    struct str piece, rest = text(c, 0);

    for (bool is_more = true; is_more && out->n < ESQL_VALUES;) {
        is_more = memchr(rest.p, c->with[0], rest.n) != NULL;
        str_cut(rest, c->with[0], &piece, &rest);
        *c->is_open |= is_more && out->n + 1 == ESQL_VALUES;
        give_text(c, out, piece);
    }
}

/* ---- other types ------------------------------------------------------------------------ */

static struct str shown(const struct esql_call *c, enum esql_type type, union esql_item v)
{
    if (type == ESQL_TEXT)
        return str_from(v.s);
    if (type == ESQL_BOOL)
        return v.n ? STR("true") : STR("false");
    if (type == ESQL_LONG)
        return arena_printf(c->arena, "%lld", (long long)v.n);
    *c->is_open |= v.d != 0 && (fabs(v.d) >= 1e7 || fabs(v.d) < 1e-3); /* with an exponent */
    *c->is_open |= v.d == 0 && signbit(v.d);
    for (int digits = 1;; digits++) {
        struct str s = arena_printf(c->arena, "%.*f", digits, v.d);
        if (digits > 20 || strtod(s.p, NULL) == v.d)
            return s;
    }
}

static void run_to_text(const struct esql_call *c, struct esql_value *out)
{
    for (unsigned i = 0; i < c->args[0].n; i++)
        give_text(c, out, shown(c, c->args[0].type, c->args[0].items[i]));
}

static bool read_real(const struct esql_call *c, const char *s, double *d)
{
    char *end;

    *d = strtod(s, &end);
    *c->is_open |= end > s && (strspn(end, " \tdfDF") == strlen(end) || *s == ' ') && *end;
    *c->is_open |= !isfinite(*d) || strpbrk(s, "xXpP") || *s == ' ';
    return end > s && *end == '\0';
}

static void run_to_long(const struct esql_call *c, struct esql_value *out)
{
    for (unsigned i = 0; i < c->args[0].n; i++) {
        const struct esql_value *v = &c->args[0];
        double d = 0;
        if (v->type != ESQL_REAL && v->type != ESQL_TEXT) {
            give_long(out, v->items[i].n);
            continue;
        }
        if (v->type == ESQL_REAL)
            d = v->items[i].d;
        else if (!read_real(c, v->items[i].s, &d))
            continue;
        *c->is_open |= fabs(d - trunc(d)) == 0.5 || fabs(d) > 1e15;
        give_long(out, llround(d));
    }
}

static void run_to_real(const struct esql_call *c, struct esql_value *out)
{
    for (unsigned i = 0; i < c->args[0].n; i++) {
        double d = 0;
        if (c->args[0].type != ESQL_TEXT)
            give_real(out, real_of(&c->args[0], i));
        else if (read_real(c, c->args[0].items[i].s, &d))
            give_real(out, d);
    }
}

static void run_to_bool(const struct esql_call *c, struct esql_value *out)
{
    for (unsigned i = 0; i < c->args[0].n; i++)
        give_long(out, c->args[0].type == ESQL_TEXT ? strcasecmp(c->args[0].items[i].s, "true") == 0
                                                    : real_of(&c->args[0], i) != 0);
}

/* ---- times ------------------------------------------------------------------------------ */

#define DAY INT64_C(86400000)

/* Rounded down, also before 1970. */
static int64_t floor_to(int64_t n, int64_t step)
{
    int64_t rest = n % step;

    return n - rest - (rest < 0 ? step : 0);
}

static struct tm calendar(int64_t ms)
{
    time_t seconds = (time_t)(floor_to(ms, 1000) / 1000);
    struct tm t;

    gmtime_r(&seconds, &t);
    return t;
}

struct str esql_time_text(struct arena *a, int64_t ms)
{
    struct tm t = calendar(ms);

    return arena_printf(a, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900, t.tm_mon + 1,
                        t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (int)(ms - floor_to(ms, 1000)));
}

static void run_time_text(const struct esql_call *c, struct esql_value *out)
{
    for (unsigned i = 0; i < c->args[0].n; i++)
        give_text(c, out, esql_time_text(c->arena, c->args[0].items[i].n));
}

/* with: a format of strftime */
static void run_time_format(const struct esql_call *c, struct esql_value *out)
{
    struct tm t = calendar(number(c, 0));
    char made[100];

    give_text(
        c, out,
        (struct str){
            made, strftime(made, sizeof made,
                           strcmp(c->with, "yyyy-MM-dd HH:mm") ? c->with : "%Y-%m-%d %H:%M", &t)});
}

static void run_time_part(const struct esql_call *c, struct esql_value *out)
{
    struct tm t = calendar(number(c, 0));
    int64_t day = number(c, 0) - floor_to(number(c, 0), DAY);
    const struct {
        const char *name;
        int64_t n;
    } parts[] = {{"YEAR", t.tm_year + 1900},     {"MONTH_OF_YEAR", t.tm_mon + 1},
                 {"DAY_OF_MONTH", t.tm_mday},    {"HOUR_OF_DAY", t.tm_hour},
                 {"MINUTE_OF_DAY", day / 60000}, {"DAY_OF_WEEK", t.tm_wday ? t.tm_wday : 7},
                 {"DAY_OF_YEAR", t.tm_yday + 1}, {"EPOCH_DAY", floor_to(number(c, 0), DAY) / DAY}};

    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (strcmp(parts[i].name, c->with) == 0)
            give_long(out, parts[i].n);
}

static int64_t length_of(const char *unit)
{
    return strstr(unit, "week")     ? 7 * DAY
           : strstr(unit, "day")    ? DAY
           : strstr(unit, "hour")   ? 3600000
           : strstr(unit, "minute") ? 60000
           : strstr(unit, "second") ? 1000
                                    : 0;
}

static int64_t months_of(const char *unit)
{
    return strstr(unit, "year") ? 12 : strstr(unit, "quarter") ? 3 : 1;
}

/* "2 hours", "1 month": weeks begin on Monday, all others are counted from 1970, or the year 0. */
static void run_time_trunc(const struct esql_call *c, struct esql_value *out)
{
    int64_t n = strtol(c->with, NULL, 10), step = n * length_of(c->with), ms = number(c, 0);
    int64_t monday = strstr(c->with, "week") ? 4 * DAY : 0;
    struct tm t = calendar(ms);

    if (step) {
        give_long(out, floor_to(ms - monday, step) + monday);
        return;
    }
    int64_t months = (t.tm_year + 1900) * INT64_C(12) + t.tm_mon;
    months = floor_to(months, n * months_of(c->with));
    t = (struct tm){
        .tm_year = (int)(months / 12) - 1900, .tm_mon = (int)(months % 12), .tm_mday = 1};
    give_long(out, (int64_t)timegm(&t) * 1000);
}

static void run_time_move(const struct esql_call *c, struct esql_value *out)
{
    int64_t span = strtol(c->with + 2, NULL, 10) * length_of(c->with);

    give_long(out, number(c, 0) + (c->with[0] == '-' ? -span : span));
}

/* Whole units, towards zero. */
static void run_time_diff(const struct esql_call *c, struct esql_value *out)
{
    int64_t from = number(c, 0), to = number(c, 1), unit = length_of(c->with);
    struct tm a = calendar(from), b = calendar(to);

    if (unit) {
        give_long(out, (to - from) / unit);
        return;
    }
    int64_t months = (b.tm_year - a.tm_year) * INT64_C(12) + b.tm_mon - a.tm_mon;
    int64_t rest_a = (a.tm_mday - 1) * DAY + from - floor_to(from, DAY);
    int64_t rest_b = (b.tm_mday - 1) * DAY + to - floor_to(to, DAY);
    months -= months > 0 && rest_b < rest_a;
    months += months < 0 && rest_b > rest_a;
    give_long(out, months / months_of(c->with));
}

/* ---- several values --------------------------------------------------------------------- */

static void sort(struct esql_value *v, bool is_down)
{
    for (unsigned i = 1; i < v->n; i++)
        for (unsigned k = i;
             k && order(v->type, v->items[k - 1], v->items[k]) * (is_down ? -1 : 1) > 0; k--) {
            union esql_item item = v->items[k];
            v->items[k] = v->items[k - 1];
            v->items[k - 1] = item;
        }
}

static void run_mv_count(const struct esql_call *c, struct esql_value *out)
{
    give_long(out, c->args[0].n);
}

static bool is_there(const struct esql_value *v)
{
    return v->n > 0;
}

static void run_mv_count_of(const struct esql_call *c, struct esql_value *out)
{
    if (is_there(&c->args[0]))
        run_mv_count(c, out);
}

static void run_mv_extreme(const struct esql_call *c, struct esql_value *out)
{
    struct esql_value v = c->args[0];

    sort(&v, c->with[0] == '>');
    if (v.n)
        give(out, v.items[0]);
}

static void run_mv_first(const struct esql_call *c, struct esql_value *out)
{
    if (c->args[0].n)
        give(out, c->args[0].items[0]);
}

static void run_mv_last(const struct esql_call *c, struct esql_value *out)
{
    if (c->args[0].n)
        give(out, c->args[0].items[c->args[0].n - 1]);
}

static void run_mv_sum(const struct esql_call *c, struct esql_value *out)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < c->args[0].n; i++)
        *c->is_open |= __builtin_add_overflow(sum, c->args[0].items[i].n, &sum);
    if (c->args[0].n)
        give_long(out, sum);
}

static void run_mv_avg(const struct esql_call *c, struct esql_value *out)
{
    double sum = 0;

    for (unsigned i = 0; i < c->args[0].n; i++) {
        *c->is_open |= fabs(real_of(&c->args[0], i)) > 1e15;
        sum += real_of(&c->args[0], i);
    }
    if (c->args[0].n)
        give_real(out, sum / c->args[0].n);
}

/* Rounded down between two whole numbers. */
static void run_mv_median(const struct esql_call *c, struct esql_value *out)
{
    struct esql_value v = c->args[0];
    unsigned half = v.n / 2;

    sort(&v, false);
    if (v.n % 2)
        give(out, v.items[half]);
    else if (v.n && v.type == ESQL_LONG)
        give_long(out, (int64_t)(((__int128)v.items[half].n + v.items[half - 1].n) >> 1));
    else if (v.n)
        give_real(out, (v.items[half].d + v.items[half - 1].d) / 2);
}

static void run_mv_concat(const struct esql_call *c, struct esql_value *out)
{
    struct str s = STR("");

    for (unsigned i = 0; i < c->args[0].n; i++)
        s = arena_printf(c->arena, "%s%s%s", s.n ? s.p : "", i ? c->with : "",
                         c->args[0].items[i].s);
    if (c->args[0].n)
        give_text(c, out, s);
}

static bool has(const struct esql_value *v, union esql_item item)
{
    for (unsigned i = 0; i < v->n; i++)
        if (order(v->type, v->items[i], item) == 0)
            return true;
    return false;
}

/* Their order is not said. */
static void run_mv_dedupe(const struct esql_call *c, struct esql_value *out)
{
    for (unsigned i = 0; i < c->args[0].n; i++)
        if (!has(out, c->args[0].items[i]))
            give(out, c->args[0].items[i]);
    sort(out, false);
}

static void run_mv_sort(const struct esql_call *c, struct esql_value *out)
{
    *out = c->args[0];
    sort(out, c->with != NULL);
}

/* Places from 0, negative ones from the end; beyond either end is null. */
static void run_mv_slice(const struct esql_call *c, struct esql_value *out)
{
    int64_t n = c->args[0].n, from = strtol(c->with, NULL, 10),
            to = strtol(strchr(c->with, ',') + 1, NULL, 10);

    from += from < 0 ? n : 0;
    to += to < 0 ? n : 0;
    *c->is_open |= n && (from < 0 || to < from); /* an error there, or cut off: not said */
    for (int64_t i = from; i >= 0 && i <= to && i < n; i++)
        give(out, c->args[0].items[i]);
}

static void run_mv_append(const struct esql_call *c, struct esql_value *out)
{
    if (c->args[0].n == 0 || c->args[1].n == 0)
        return;
    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < c->args[k].n; i++) {
            *c->is_open |= out->n == ESQL_VALUES;
            if (out->n < ESQL_VALUES)
                give(out, c->args[k].items[i]);
        }
}

static void run_mv_contains(const struct esql_call *c, struct esql_value *out)
{
    bool are_all = true;

    for (unsigned i = 0; i < c->args[1].n; i++)
        are_all &= has(&c->args[0], c->args[1].items[i]);
    give_long(out, are_all);
}

static void run_mv_intersects(const struct esql_call *c, struct esql_value *out)
{
    bool is_any = false;

    for (unsigned i = 0; i < c->args[1].n; i++)
        is_any |= has(&c->args[0], c->args[1].items[i]);
    give_long(out, is_any);
}

/* with: those that both have, or the second has not; their order is not said. */
static void run_mv_set(const struct esql_call *c, struct esql_value *out)
{
    for (unsigned i = 0; i < c->args[0].n; i++)
        if (has(&c->args[1], c->args[0].items[i]) == (c->with[0] == 'b') &&
            !has(out, c->args[0].items[i]))
            give(out, c->args[0].items[i]);
    sort(out, false);
}

static void run_mv_zip(const struct esql_call *c, struct esql_value *out)
{
    const struct esql_value *a = &c->args[0], *b = &c->args[1];

    for (unsigned i = 0; i < a->n || i < b->n; i++)
        give_text(c, out,
                  arena_printf(c->arena, "%s%s%s", i < a->n ? a->items[i].s : "",
                               i < a->n && i < b->n ? c->with : "", i < b->n ? b->items[i].s : ""));
}

/* ---- the table -------------------------------------------------------------------------- */

#define L ESQL_LONG
#define R ESQL_REAL
#define T ESQL_TEXT
#define B ESQL_BOOL
#define D ESQL_TIME
#define CALL(form, with, result, ...) \
    {                                 \
        form, with, ESQL_CALL, result, {__VA_ARGS__}, false,
#define WHOLE(form, with, result, ...) \
    {                                  \
        form, with, ESQL_CALL, result, {__VA_ARGS__}, true,
#define COMPARE(sign, a, b)                                            \
    {                                                                  \
        "{5} @ {5}", sign, ESQL_COMPARE, B, {a, b}, false, run_compare \
    }
#define SUM(sign, a, b, r, run)                            \
    {                                                      \
        "{5} @ {6}", sign, ESQL_SUM, r, {a, b}, false, run \
    }
#define PRODUCT(sign, a, b, r, run)                            \
    {                                                          \
        "{6} @ {7}", sign, ESQL_PRODUCT, r, {a, b}, false, run \
    }

/* clang-format off */
const struct esql_function ESQL_FUNCTIONS[] = {
    {"{1} OR {2}", "", ESQL_OR, B, {B, B}, true, run_or},
    {"{1} or {2}", "", ESQL_OR, B, {B, B}, true, run_or},
    {"{2} AND {3}", "", ESQL_AND, B, {B, B}, true, run_and},
    {"{2} and {3}", "", ESQL_AND, B, {B, B}, true, run_and},
    {"NOT {3}", "", ESQL_NOT, B, {B}, false, run_not},
    {"not {3}", "", ESQL_NOT, B, {B}, false, run_not},
    {"{5} IS NULL", NULL, ESQL_COMPARE, B, {T}, true, run_null},
    {"{5} IS NULL", NULL, ESQL_COMPARE, B, {L}, true, run_null},
    {"{5} is null", NULL, ESQL_COMPARE, B, {R}, true, run_null},
    {"{9} IS NULL", NULL, ESQL_COMPARE, B, {B}, true, run_null},
    {"{5} IS NOT NULL", "", ESQL_COMPARE, B, {T}, true, run_null},
    {"{5} IS NOT NULL", "", ESQL_COMPARE, B, {L}, true, run_null},
    COMPARE("==", T, T), COMPARE("!=", T, T), COMPARE("<", T, T), COMPARE(">=", T, T),
    COMPARE("==", L, L), COMPARE("!=", L, L), COMPARE(">", L, L), COMPARE("<=", L, L),
    COMPARE("==", R, R), COMPARE("!=", R, R), COMPARE("<", R, R), COMPARE(">=", R, R),
    COMPARE("==", L, R), COMPARE(">", R, L), COMPARE("!=", L, R),
    {"{9} @ {9}", "==", ESQL_COMPARE, B, {B, B}, false, run_compare},
    {"{9} @ {9}", "!=", ESQL_COMPARE, B, {B, B}, false, run_compare},
    {"{5} IN ({0}, {0})", NULL, ESQL_COMPARE, B, {T, T, T}, true, run_in},
    {"{5} IN ({0}, {0})", NULL, ESQL_COMPARE, B, {L, L, L}, true, run_in},
    {"{5} IN ({0}, {0})", NULL, ESQL_COMPARE, B, {R, R, R}, true, run_in},
    {"{5} NOT IN ({0}, {0})", "", ESQL_COMPARE, B, {T, T, T}, true, run_in},
    {"{5} not in ({0}, {0})", "", ESQL_COMPARE, B, {L, L, L}, true, run_in},
    {"{5} LIKE \"@\"", "a*", ESQL_COMPARE, B, {T}, false, run_like},
    {"{5} LIKE \"@\"", "*b?", ESQL_COMPARE, B, {T}, false, run_like},
    {"{5} LIKE \"@\"", "?", ESQL_COMPARE, B, {T}, false, run_like},
    {"{5} LIKE \"a\\\\*\"", "a\\*", ESQL_COMPARE, B, {T}, false, run_like},
    {"{5} LIKE \"\"\"@\"\"\"", "a\\*", ESQL_COMPARE, B, {T}, false, run_like},
    {"{5} LIKE \"@\"", "*", ESQL_COMPARE, B, {T}, false, run_like},
    {"{5} NOT LIKE \"@\"", "*b*", ESQL_COMPARE, B, {T}, false, run_not_like},
    {"{5} RLIKE \"@\"", "a.*", ESQL_COMPARE, B, {T}, false, run_rlike},
    {"{5} RLIKE \"@\"", "[a-c]+", ESQL_COMPARE, B, {T}, false, run_rlike},
    {"{5} RLIKE \"@\"", "a|.b", ESQL_COMPARE, B, {T}, false, run_rlike},
    {"{5} RLIKE \"@\"", "(a|A)?[^b]*", ESQL_COMPARE, B, {T}, false, run_rlike},
    {"{5} RLIKE \"@\"", "b", ESQL_COMPARE, B, {T}, false, run_rlike},
    CALL("STARTS_WITH({0}, {0})", "", B, T, T) run_starts},
    CALL("ENDS_WITH({0}, {0})", "", B, T, T) run_ends},
    CALL("CONTAINS({0}, {0})", "", B, T, T) run_contains},
    WHOLE("TO_BOOLEAN({0})", "", B, T) run_to_bool},
    WHOLE("TO_BOOLEAN({0})", "", B, L) run_to_bool},
    WHOLE("MV_CONTAINS({0}, {0})", "", B, T, T) run_mv_contains},
    WHOLE("MV_CONTAINS({0}, {0})", "", B, L, L) run_mv_contains},
    WHOLE("MV_MAX({0})", ">", B, B) run_mv_extreme},
    WHOLE("COALESCE({0}, {0})", "", B, B, B) run_coalesce},
    WHOLE("CASE({0}, {0}, {0})", "", B, B, B, B) run_case},

    SUM("+", L, L, L, run_whole), SUM("-", L, L, L, run_whole),
    PRODUCT("*", L, L, L, run_whole), PRODUCT("/", L, L, L, run_whole), PRODUCT("%", L, L, L, run_whole),
    SUM("+", R, R, R, run_real), SUM("-", R, L, R, run_real), SUM("-", R, R, R, run_real),
    PRODUCT("*", R, R, R, run_real), PRODUCT("/", L, R, R, run_real), PRODUCT("/", R, L, R, run_real), PRODUCT("%", R, R, R, run_real),
    {"-{9}", "", ESQL_SIGN, L, {L}, false, run_negate},
    {"-{9}", "", ESQL_SIGN, R, {R}, false, run_negate},
    CALL("ABS({0})", "", L, L) run_abs},
    CALL("ABS({0})", "", R, R) run_abs},
    CALL("CEIL({0})", "", R, R) run_ceil},
    CALL("FLOOR({0})", "", R, R) run_floor},
    CALL("ROUND({0})", "", R, R) run_round},
    CALL("SQRT({0})", "", R, L) run_sqrt},
    CALL("POW({0}, 2)", "", R, R) run_square},
    CALL("SIGNUM({0})", "", R, L) run_signum},
    WHOLE("GREATEST({0}, {0})", ">", L, L, L) run_extreme},
    WHOLE("LEAST({0}, {0})", "<", L, L, L) run_extreme},
    WHOLE("GREATEST({0}, {0})", ">", T, T, T) run_extreme},
    WHOLE("LEAST({0}, {0})", "<", R, R, R) run_extreme},
    WHOLE("COALESCE({0}, {0})", "", T, T, T) run_coalesce},
    WHOLE("COALESCE({0}, {0})", "", L, L, L) run_coalesce},
    WHOLE("COALESCE({0}, {0})", "", R, R, R) run_coalesce},
    WHOLE("CASE({0}, {0}, {0})", "", T, B, T, T) run_case},
    WHOLE("CASE({0}, {0}, {0})", "", L, B, L, L) run_case},
    WHOLE("CASE({0}, {0}, {0})", "", R, B, R, R) run_case},
    WHOLE("CASE({0}, {0})", "", T, B, T) run_case_without_else},
    WHOLE("CASE({0}, {0})", "", L, B, L) run_case_without_else},
    WHOLE("CASE({0}, {0}, {0}, {0}, {0})", "", T, B, T, B, T, T) run_case_of_two},
    WHOLE("CASE({0}, {0}, {0}, {0}, {0})", "", L, B, L, B, L, L) run_case_of_two},

    CALL("LENGTH({0})", "", L, T) run_length},
    CALL("BYTE_LENGTH({0})", "", L, T) run_byte_length},
    CALL("LOCATE({0}, {0})", "", L, T, T) run_locate},
    CALL("SUBSTRING({0}, {0})", "", T, T, L) run_substring},
    CALL("SUBSTRING({0}, {0}, {0})", "", T, T, L, L) run_substring_of},
    CALL("LEFT({0}, {0})", "", T, T, L) run_left},
    CALL("RIGHT({0}, {0})", "", T, T, L) run_right},
    CALL("TRIM({0})", "lr", T, T) run_trim},
    CALL("LTRIM({0})", "l", T, T) run_trim},
    CALL("RTRIM({0})", "r", T, T) run_trim},
    CALL("CONCAT({0}, {0})", "", T, T, T) run_concat},
    CALL("CONCAT({0}, \"@\", {0})", "-", T, T, T) run_concat},
    CALL("REPLACE({0}, \"@\", \"zz\")", "b", T, T) run_replace},
    CALL("REPEAT({0}, @)", "2", T, T) run_repeat},
    CALL("REVERSE({0})", "", T, T) run_reverse},
    WHOLE("TO_UPPER({0})", "u", T, T) run_case_of_letters},
    WHOLE("TO_LOWER({0})", "l", T, T) run_case_of_letters},
    CALL("SPLIT({0}, \"@\")", ",", T, T) run_split},
    WHOLE("TO_STRING({0})", "", T, L) run_to_text},
    WHOLE("TO_STRING({0})", "", T, R) run_to_text},
    WHOLE("TO_STRING({0})", "", T, B) run_to_text},
    {"{8}::string", "", ESQL_CAST, T, {L}, true, run_to_text},
    {"{8}::keyword", "", ESQL_CAST, T, {T}, true, run_to_text},
    WHOLE("TO_LONG({0})", "", L, T) run_to_long},
    WHOLE("TO_LONG({0})", "", L, R) run_to_long},
    WHOLE("TO_LONG({0})", "", L, B) run_to_long},
    {"{8}::long", "", ESQL_CAST, L, {T}, true, run_to_long},
    WHOLE("TO_DOUBLE({0})", "", R, L) run_to_real},
    WHOLE("TO_DOUBLE({0})", "", R, T) run_to_real},
    {"{8}::double", "", ESQL_CAST, R, {L}, true, run_to_real},

    COMPARE("==", D, D), COMPARE("!=", D, D), COMPARE("<", D, D), COMPARE(">=", D, D),
    {"{5} IS NULL", NULL, ESQL_COMPARE, B, {D}, true, run_null},
    CALL("DATE_EXTRACT(\"@\", {0})", "YEAR", L, D) run_time_part},
    CALL("DATE_EXTRACT(\"@\", {0})", "MONTH_OF_YEAR", L, D) run_time_part},
    CALL("DATE_EXTRACT(\"@\", {0})", "DAY_OF_MONTH", L, D) run_time_part},
    CALL("DATE_EXTRACT(\"@\", {0})", "HOUR_OF_DAY", L, D) run_time_part},
    CALL("DATE_EXTRACT(\"@\", {0})", "MINUTE_OF_DAY", L, D) run_time_part},
    CALL("DATE_EXTRACT(\"@\", {0})", "DAY_OF_WEEK", L, D) run_time_part},
    CALL("DATE_EXTRACT(\"@\", {0})", "DAY_OF_YEAR", L, D) run_time_part},
    CALL("DATE_EXTRACT(\"@\", {0})", "EPOCH_DAY", L, D) run_time_part},
    CALL("DATE_DIFF(\"@\", {0}, {0})", "years", L, D, D) run_time_diff},
    CALL("DATE_DIFF(\"@\", {0}, {0})", "quarters", L, D, D) run_time_diff},
    CALL("DATE_DIFF(\"@\", {0}, {0})", "months", L, D, D) run_time_diff},
    CALL("DATE_DIFF(\"@\", {0}, {0})", "weeks", L, D, D) run_time_diff},
    CALL("DATE_DIFF(\"@\", {0}, {0})", "days", L, D, D) run_time_diff},
    CALL("DATE_DIFF(\"@\", {0}, {0})", "hours", L, D, D) run_time_diff},
    CALL("DATE_DIFF(\"@\", {0}, {0})", "seconds", L, D, D) run_time_diff},
    CALL("DATE_TRUNC(@, {0})", "1 year", D, D) run_time_trunc},
    CALL("DATE_TRUNC(@, {0})", "1 quarter", D, D) run_time_trunc},
    CALL("DATE_TRUNC(@, {0})", "1 month", D, D) run_time_trunc},
    CALL("DATE_TRUNC(@, {0})", "1 week", D, D) run_time_trunc},
    CALL("DATE_TRUNC(@, {0})", "1 day", D, D) run_time_trunc},
    CALL("DATE_TRUNC(@, {0})", "2 hours", D, D) run_time_trunc},
    CALL("DATE_TRUNC(@, {0})", "30 minutes", D, D) run_time_trunc},
    {"{5} @", "+ 1 day", ESQL_SUM, D, {D}, false, run_time_move},
    {"{5} @", "- 90 minutes", ESQL_SUM, D, {D}, false, run_time_move},
    WHOLE("CASE({0}, {0}, {0})", "", D, B, D, D) run_case},
    WHOLE("COALESCE({0}, {0})", "", D, D, D) run_coalesce},
    WHOLE("GREATEST({0}, {0})", ">", D, D, D) run_extreme},
    WHOLE("MV_MIN({0})", "<", D, D) run_mv_extreme},
    WHOLE("TO_STRING({0})", "", T, D) run_time_text},
    CALL("DATE_FORMAT(\"@\", {0})", "yyyy-MM-dd HH:mm", T, D) run_time_format},
    CALL("DAY_NAME({0})", "%A", T, D) run_time_format},
    CALL("MONTH_NAME({0})", "%B", T, D) run_time_format},
    WHOLE("TO_LONG({0})", "", L, D) run_to_long},

    WHOLE("MV_COUNT({0})", "", L, T) run_mv_count_of},
    WHOLE("MV_COUNT({0})", "", L, L) run_mv_count_of},
    WHOLE("MV_MIN({0})", "<", T, T) run_mv_extreme},
    WHOLE("MV_MAX({0})", ">", T, T) run_mv_extreme},
    WHOLE("MV_MIN({0})", "<", L, L) run_mv_extreme},
    WHOLE("MV_MAX({0})", ">", R, R) run_mv_extreme},
    WHOLE("MV_FIRST({0})", "", T, T) run_mv_first},
    WHOLE("MV_LAST({0})", "", T, T) run_mv_last},
    WHOLE("MV_LAST({0})", "", L, L) run_mv_last},
    WHOLE("MV_SUM({0})", "", L, L) run_mv_sum},
    WHOLE("MV_AVG({0})", "", R, L) run_mv_avg},
    WHOLE("MV_AVG({0})", "", R, R) run_mv_avg},
    WHOLE("MV_MEDIAN({0})", "", L, L) run_mv_median},
    WHOLE("MV_MEDIAN({0})", "", R, R) run_mv_median},
    WHOLE("MV_CONCAT({0}, \"@\")", "+", T, T) run_mv_concat},
    WHOLE("MV_SORT(MV_DEDUPE({0}))", "", T, T) run_mv_dedupe},
    WHOLE("MV_SORT(MV_DEDUPE({0}))", "", L, L) run_mv_dedupe},
    WHOLE("MV_SORT({0})", NULL, T, T) run_mv_sort},
    WHOLE("MV_SORT({0}, \"DESC\")", "", L, L) run_mv_sort},
    WHOLE("MV_SLICE({0}, @)", "0,1", T, T) run_mv_slice},
    WHOLE("MV_SLICE({0}, @)", "1,2", L, L) run_mv_slice},
    WHOLE("MV_SLICE({0}, @)", "-2,-1", T, T) run_mv_slice},
    WHOLE("MV_SLICE({0}, 1)", "1,1", T, T) run_mv_slice},
    WHOLE("MV_APPEND({0}, {0})", "", T, T, T) run_mv_append},
    WHOLE("MV_APPEND({0}, {0})", "", L, L, L) run_mv_append},
    WHOLE("MV_SORT(MV_INTERSECTION({0}, {0}))", "both", T, T, T) run_mv_set},
    WHOLE("MV_SORT(MV_DIFFERENCE({0}, {0}))", "", T, T, T) run_mv_set},
    WHOLE("MV_SORT(MV_DIFFERENCE({0}, {0}))", "", L, L, L) run_mv_set},
    WHOLE("MV_INTERSECTS({0}, {0})", "", B, L, L) run_mv_intersects},
    WHOLE("MV_ZIP({0}, {0}, \"@\")", "-", T, T, T) run_mv_zip},
};
/* clang-format on */

const unsigned ESQL_N_FUNCTIONS = ARRAY_LEN(ESQL_FUNCTIONS);

unsigned esql_operands(const struct esql_function *f)
{
    unsigned n = 0;

    for (const char *p = f->form; *p; p++)
        n += *p == '{';
    return n;
}

struct esql_value esql_run(struct arena *a, const struct esql_function *f,
                           const struct esql_value *args, bool *is_open)
{
    struct esql_value out = {.type = f->result};
    const struct esql_call c = {a, args, f->with, is_open};

    for (unsigned i = 0; !f->sees_all && i < esql_operands(f); i++)
        if (args[i].n != 1)
            return out;
    f->run(&c, &out);
    return out;
}
