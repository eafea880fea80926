/* expr_time.c - times: milliseconds since 1970 UTC, as whole numbers. */
#include "rule/expr_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "base/time.h"

static bool as_ms(const struct expr_args *a, size_t i, int64_t *ms)
{
    struct str text;

    if (a->items[i].type == EXPR_VALUE_INT && !a->items[i].text.n) {
        *ms = a->items[i].whole; /* a time already */
        return true;
    }
    return a->items[i].type != EXPR_VALUE_LIST &&
           expr_value_string(a->scope->space, &a->items[i], &text) && time_parse_ms(text, ms);
}

static int64_t floor_to(int64_t t, int64_t step)
{
    int64_t rest = t % step;

    return t - (rest < 0 ? rest + step : rest);
}

/* The second's parts, which strftime does not know, as digits in the format. */
static struct str with_parts(struct arena *space, struct str format, int64_t ms)
{
    enum { DIGITS = 9, GROWTH = 5 /* %N: two characters */, PARTS_OF_MS = 1000000 };
    char *out = arena_alloc(space, format.n * GROWTH + 1), all[DIGITS + 1];
    size_t n = 0, length;
    unsigned digits;

    snprintf(all, sizeof all, "%09" PRId64, (ms - floor_to(ms, 1000)) * PARTS_OF_MS);
    while (format.n) {
        size_t at = expr_find_parts(format, &digits, &length);
        memcpy(out + n, format.p, at);
        n += at;
        if (at == format.n)
            break;
        memcpy(out + n, all, digits);
        n += digits;
        format = str_sub(format, at + length, SIZE_MAX);
    }
    out[n] = '\0';
    return (struct str){out, n};
}

static struct expr_value format(struct arena *space, int64_t ms, struct str wanted)
{
    enum { FORMATTED_MAX = 256 };
    char z[FORMATTED_MAX];
    struct str zero = with_parts(space, wanted, ms);
    time_t seconds = (time_t)(floor_to(ms, 1000) / 1000);
    struct tm tm;

    if (!gmtime_r(&seconds, &tm))
        return EXPR_NOTHING;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size_t n = strftime(z, sizeof z, zero.p, &tm); /* the format is the rule's */
#pragma GCC diagnostic pop
    return expr_value_text(arena_str(space, (struct str){z, n}));
}

static struct expr_value part(int64_t ms, struct str name)
{
    char z[TIME_TEXT_MAX];
    struct time_fields f;
    time_t seconds = (time_t)(floor_to(ms, 1000) / 1000);
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) || !time_parse_fields((struct str){z, time_format_ms(ms, z)}, &f))
        return EXPR_NOTHING;
    const struct {
        struct str name;
        int value;
    } PARTS[] = {{STR("year"), f.year},
                 {STR("month"), f.month},
                 {STR("day"), f.day},
                 {STR("hour"), f.hour},
                 {STR("minute"), f.minute},
                 {STR("second"), f.second},
                 {STR("week"), f.week},
                 {STR("weekday"), tm.tm_wday ? tm.tm_wday : 7},
                 {STR("yearday"), tm.tm_yday + 1}};
    for (size_t i = 0; i < ARRAY_LEN(PARTS); i++)
        if (str_eq(name, PARTS[i].name))
            return expr_value_whole(PARTS[i].value);
    return EXPR_NOTHING;
}

enum { MONTHS = 12 };
#define DAY_MS (INT64_C(86400) * 1000)

/* Months since the year 0, and what of the month is over. */
static bool month_of(int64_t ms, int64_t *month, int64_t *rest)
{
    time_t seconds = (time_t)(floor_to(ms, 1000) / 1000);
    struct tm tm;

    if (!gmtime_r(&seconds, &tm))
        return false;
    *month = ((int64_t)tm.tm_year + 1900) * MONTHS + tm.tm_mon;
    *rest = ms - floor_to(ms, DAY_MS) + (tm.tm_mday - 1) * DAY_MS;
    return true;
}

static struct expr_value months_between(int64_t from, int64_t to)
{
    int64_t from_month, from_rest, to_month, to_rest;

    if (!month_of(from, &from_month, &from_rest) || !month_of(to, &to_month, &to_rest))
        return EXPR_NOTHING;
    int64_t n = to_month - from_month;
    n -= n > 0 && to_rest < from_rest;
    n += n < 0 && to_rest > from_rest;
    return expr_value_whole(n);
}

/* The first millisecond of n months, counted from the year 0. */
static struct expr_value truncated_to_months(int64_t ms, int64_t n)
{
    int64_t month, rest, first;
    char z[TIME_TEXT_MAX];

    if (n < 1 || !month_of(ms, &month, &rest))
        return EXPR_NOTHING;
    month = floor_to(month, n);
    int got = snprintf(z, sizeof z, "%04lld-%02lld-01T00:00:00Z", (long long)(month / MONTHS),
                       (long long)(month % MONTHS + 1));
    if (!time_parse_ms((struct str){z, (size_t)got}, &first))
        return EXPR_NOTHING;
    return expr_value_whole(first);
}

static struct expr_value truncated(const struct expr_args *a, int64_t ms)
{
    const struct expr_value *step = &a->items[1];

    if (step->type != EXPR_VALUE_INT || step->whole < 1)
        return EXPR_NOTHING;
    return a->n > 2 ? truncated_to_months(ms, step->whole)
                    : expr_value_whole(floor_to(ms, step->whole));
}

static struct expr_value between(const struct expr_args *a, int64_t from)
{
    int64_t to, span;

    if (a->items[2].type == EXPR_VALUE_TEXT)
        return as_ms(a, 1, &to) ? months_between(from, to) : EXPR_NOTHING;
    if (!as_ms(a, 1, &to) || a->items[2].type != EXPR_VALUE_INT || a->items[2].whole <= 0 ||
        __builtin_sub_overflow(to, from, &span))
        return EXPR_NOTHING;
    return expr_value_whole(span / a->items[2].whole);
}

struct expr_value expr_time_call(const struct expr_args *a)
{
    char z[TIME_TEXT_MAX];
    struct str text;
    int64_t ms;

    if (a->e->op == EXPR_TIME_OF)
        return a->items[0].type != EXPR_VALUE_LIST &&
                       expr_value_string(a->scope->space, &a->items[0], &text) &&
                       time_parse_ms(text, &ms)
                   ? expr_value_whole(ms)
                   : EXPR_NOTHING;
    if (!as_ms(a, 0, &ms))
        return EXPR_NOTHING;
    switch (a->e->op) {
    case EXPR_TIME_TEXT:
        return expr_value_text(arena_str(a->scope->space, (struct str){z, time_format_ms(ms, z)}));
    case EXPR_TIME_FORMAT:
        return a->items[1].type == EXPR_VALUE_TEXT ? format(a->scope->space, ms, a->items[1].text)
                                                   : EXPR_NOTHING;
    case EXPR_TIME_TRUNC:
        return truncated(a, ms);
    case EXPR_TIME_DIFF:
        return between(a, ms);
    default:
        return a->items[1].type == EXPR_VALUE_TEXT ? part(ms, a->items[1].text) : EXPR_NOTHING;
    }
}
