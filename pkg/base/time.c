/* time.c - reading and writing times.
 *
 * One pass over the text into its parts, then days by the civil calendar (proleptic Gregorian,
 * counted in years that begin in March so that the leap day is the last of its year). Nothing
 * here knows time zones but as offsets that the text states.
 */
#include "base/time.h"

#include "base/str.h"

#include <stdio.h>

enum {
    YEAR_FIRST = 1970,
    YEAR_LAST = 2200,
    OFFSET_HOURS_MAX = 23,
    EPOCH_DIGITS_MAX = 19 /* digits of the largest int64 */
};

static const int64_t MS_PER_DAY = 86400000;
static const int64_t MS_END = 7289654400000; /* 2201-01-01T00:00:00Z */

/* Up to here digits are seconds, milliseconds, microseconds, beyond it nanoseconds: each range
 * holds all of the years that we take, and no two overlap in them. */
static const int64_t SECONDS_BELOW = 100000000000;
static const int64_t MILLIS_BELOW = 100000000000000;
static const int64_t MICROS_BELOW = 100000000000000000;

/* ---- the calendar ------------------------------------------------------------ */

static int64_t days_of_date(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468; /* 719468 days from 0000-03-01 to 1970-01-01 */
}

static void date_of_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = yoe + era * 400 + (*month <= 2);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* ISO 8601: a week belongs to the year that holds its Thursday. */
static int iso_week(int year, int month, int day)
{
    int64_t days = days_of_date(year, month, day);
    int64_t weekday = ((days + 3) % 7 + 7) % 7; /* 0 is Monday; 1970-01-01 was a Thursday */
    int64_t thursday = days - weekday + 3;
    int64_t thursday_year;
    int m, d;

    date_of_days(thursday, &thursday_year, &m, &d);
    return (int)((thursday - days_of_date(thursday_year, 1, 1)) / 7) + 1;
}

/* ---- reading ----------------------------------------------------------------- */

struct reader {
    const char *p, *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take(struct reader *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static bool take_digits(struct reader *r, int n, int *out)
{
    int value = 0;

    if (r->end - r->p < n)
        return false;
    for (int i = 0; i < n; i++) {
        if (!is_digit(r->p[i]))
            return false;
        value = value * 10 + (r->p[i] - '0');
    }
    r->p += n;
    *out = value;
    return true;
}

/* ".919432": any number of digits, cut (not rounded) to milliseconds. */
static bool take_fraction(struct reader *r, int *millisecond)
{
    int weight = 100;

    *millisecond = 0;
    if (!take(r, '.') && !take(r, ','))
        return true;
    if (r->p == r->end || !is_digit(*r->p))
        return false;
    for (; r->p < r->end && is_digit(*r->p); r->p++, weight /= 10)
        *millisecond += (*r->p - '0') * weight;
    return true;
}

/* Z, UTC, +hh, +hhmm, +hh:mm, or nothing, which is UTC. */
static bool take_offset(struct reader *r, int *minutes)
{
    int hour, minute = 0;

    *minutes = 0;
    take(r, ' ');
    if (r->p == r->end || take(r, 'Z') || take(r, 'z'))
        return true;
    if (str_eq((struct str){r->p, (size_t)(r->end - r->p)}, STR("UTC"))) {
        r->p = r->end;
        return true;
    }
    bool is_negative = *r->p == '-';
    if (!take(r, '+') && !take(r, '-'))
        return false;
    if (!take_digits(r, 2, &hour))
        return false;
    take(r, ':');
    if (r->p < r->end && !take_digits(r, 2, &minute))
        return false;
    if (hour > OFFSET_HOURS_MAX || minute > 59)
        return false;
    *minutes = (hour * 60 + minute) * (is_negative ? -1 : 1);
    return true;
}

static bool take_date(struct reader *r, struct time_fields *f)
{
    if (!take_digits(r, 4, &f->year) || !take(r, '-') || !take_digits(r, 2, &f->month) ||
        !take(r, '-') || !take_digits(r, 2, &f->day))
        return false;
    return f->month >= 1 && f->month <= 12 && f->day >= 1 &&
           f->day <= days_in_month(f->year, f->month);
}

static bool take_clock(struct reader *r, struct time_fields *f)
{
    if (!take_digits(r, 2, &f->hour) || !take(r, ':') || !take_digits(r, 2, &f->minute))
        return false;
    if (take(r, ':') && !(take_digits(r, 2, &f->second) && take_fraction(r, &f->millisecond)))
        return false;
    /* RFC 3339 writes a leap second as :60; it counts as the first of the next minute. */
    return f->hour <= 23 && f->minute <= 59 && f->second <= 60;
}

static bool parse_iso(struct str text, struct time_fields *f, int64_t *ms)
{
    struct reader r = {text.p, text.p + text.n};
    int offset = 0;

    *f = (struct time_fields){0};
    if (!take_date(&r, f))
        return false;
    if (r.p < r.end) {
        if (!take(&r, 'T') && !take(&r, ' ') && !take(&r, 't'))
            return false;
        if (!take_clock(&r, f) || !take_offset(&r, &offset) || r.p != r.end)
            return false;
    }
    int64_t minutes = (int64_t)f->hour * 60 + f->minute - offset;
    *ms = days_of_date(f->year, f->month, f->day) * MS_PER_DAY + minutes * 60000 +
          (int64_t)f->second * 1000 + f->millisecond;
    return true;
}

/* Digits, with a fraction if they are seconds. */
static bool parse_epoch(struct str text, int64_t *ms)
{
    struct reader r = {text.p, text.p + text.n};
    int64_t value = 0;
    int millisecond = 0;

    while (r.p < r.end && is_digit(*r.p)) {
        if (r.p - text.p == EPOCH_DIGITS_MAX - 1 && value > (INT64_MAX - 9) / 10)
            return false;
        if (r.p - text.p == EPOCH_DIGITS_MAX)
            return false;
        value = value * 10 + (*r.p++ - '0');
    }
    if (r.p == text.p || !take_fraction(&r, &millisecond) || r.p != r.end)
        return false;

    if (value < SECONDS_BELOW)
        *ms = value * 1000 + millisecond;
    else if (value < MILLIS_BELOW)
        *ms = value;
    else if (value < MICROS_BELOW)
        *ms = value / 1000;
    else
        *ms = value / 1000000;
    return true;
}

static bool looks_iso(struct str text)
{
    return text.n > 4 && text.p[4] == '-';
}

bool time_parse_ms(struct str text, int64_t *ms)
{
    struct time_fields f;
    int64_t value;

    text = str_trim(text);
    if (!(looks_iso(text) ? parse_iso(text, &f, &value) : parse_epoch(text, &value)))
        return false;
    if (value < 0 || value >= MS_END)
        return false;
    *ms = value;
    return true;
}

static void fields_of_ms(int64_t ms, struct time_fields *f)
{
    int64_t days = ms / MS_PER_DAY - (ms % MS_PER_DAY < 0);
    int64_t in_day = (ms % MS_PER_DAY + MS_PER_DAY) % MS_PER_DAY;
    int64_t year;

    date_of_days(days, &year, &f->month, &f->day);
    f->year = (int)year;
    f->hour = (int)(in_day / 3600000);
    f->minute = (int)(in_day / 60000 % 60);
    f->second = (int)(in_day / 1000 % 60);
    f->millisecond = (int)(in_day % 1000);
}

bool time_parse_fields(struct str text, struct time_fields *out)
{
    struct time_fields f = {0};
    int64_t ms;

    text = str_trim(text);
    if (!time_parse_ms(text, &ms))
        return false;
    if (looks_iso(text))
        (void)parse_iso(text, &f, &ms); /* it has just been read */
    else
        fields_of_ms(ms, &f);
    f.week = iso_week(f.year, f.month, f.day);
    *out = f;
    return true;
}

/* ---- counting in units ------------------------------------------------------- */

/* Milliseconds of the units that have always the same; 0: months and years. */
static int64_t unit_ms(char unit)
{
    switch (unit) {
    case 's':
        return 1000;
    case 'm':
        return 60000;
    case 'h':
        return 3600000;
    case 'd':
        return MS_PER_DAY;
    case 'w':
        return 7 * MS_PER_DAY;
    default:
        ASSERT(unit == 'M' || unit == 'y');
        return 0;
    }
}

static int64_t add_months(int64_t ms, int64_t n)
{
    struct time_fields f;

    fields_of_ms(ms, &f);
    int64_t month = (int64_t)f.year * 12 + f.month - 1 + n;
    int year = (int)(month / 12), last;
    f.month = (int)(month % 12) + 1;
    last = days_in_month(year, f.month);
    return days_of_date(year, f.month, f.day < last ? f.day : last) * MS_PER_DAY + ms % MS_PER_DAY;
}

bool time_add_units(int64_t *ms, char unit, int64_t n)
{
    int64_t step = unit_ms(unit), months = unit == 'y' ? 12 : 1, result;

    if (step) {
        if (n > MS_END / step || n < -MS_END / step)
            return false;
        result = *ms + n * step;
    } else {
        if (n > (YEAR_LAST + 1) * 12 || n < -(YEAR_LAST + 1) * 12)
            return false;
        int64_t year = YEAR_FIRST + *ms / (366 * MS_PER_DAY);
        if (year * 12 + n * months < 12) /* before the calendar that days_of_date() counts */
            return false;
        result = add_months(*ms, n * months);
    }
    if (result < 0 || result >= MS_END)
        return false;
    *ms = result;
    return true;
}

static int64_t start_of_unit(int64_t ms, char unit)
{
    struct time_fields f;
    int64_t step = unit_ms(unit);
    const int64_t monday = 4 * MS_PER_DAY; /* 1970-01-05 */

    if (unit == 'w')
        return ms - ((ms - monday) % step + step) % step;
    if (step)
        return ms - ms % step;
    fields_of_ms(ms, &f);
    return days_of_date(f.year, unit == 'y' ? 1 : f.month, 1) * MS_PER_DAY;
}

void time_round(int64_t *ms, char unit, bool is_up)
{
    int64_t start = start_of_unit(*ms, unit), step = unit_ms(unit);

    if (!is_up)
        *ms = start < 0 ? 0 : start; /* the week of 1970-01-01 began before */
    else
        *ms = (step ? start + step : add_months(start, unit == 'y' ? 12 : 1)) - 1;
}

/* ---- writing ----------------------------------------------------------------- */

/* The number in so many digits, and what follows it. */
static inline char *put_number(char *to, unsigned number, int digits, char then)
{
    for (int i = digits; i > 0; i--, number /= 10)
        to[i - 1] = (char)('0' + number % 10);
    to[digits] = then;
    return to + digits + 1;
}

size_t time_format_ms(int64_t ms, char out[TIME_TEXT_MAX])
{
    struct time_fields f;

    fields_of_ms(ms, &f);
    if (f.year < 0 || f.year > 9999) { /* a year that its four digits cannot say */
        int n = snprintf(out, TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", f.year, f.month,
                         f.day, f.hour, f.minute, f.second, f.millisecond);
        ASSERT(n > 0 && n < TIME_TEXT_MAX);
        return (size_t)n;
    }
    char *to = put_number(out, (unsigned)f.year, 4, '-');
    to = put_number(to, (unsigned)f.month, 2, '-');
    to = put_number(to, (unsigned)f.day, 2, 'T');
    to = put_number(to, (unsigned)f.hour, 2, ':');
    to = put_number(to, (unsigned)f.minute, 2, ':');
    to = put_number(to, (unsigned)f.second, 2, '.');
    to = put_number(to, (unsigned)f.millisecond, 3, 'Z');
    *to = '\0';
    return (size_t)(to - out);
}
