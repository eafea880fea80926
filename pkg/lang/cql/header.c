/* header.c - what a query cannot say of itself: a file may say it in the comments that it begins
 * with, a line each.
 *
 *     // window: 30m       how far back its groups look
 *     // strict: true      no lenient dialect
 */
#include "lang/cql/scan.h"

#include "base/str.h"

#define HOUR_MS (INT64_C(3600) * 1000)

bool cql_span(struct str text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } UNITS[] = {{"ms", 1},
                 {"millis", 1},
                 {"s", 1000},
                 {"sec", 1000},
                 {"second", 1000},
                 {"m", 60000},
                 {"min", 60000},
                 {"minute", 60000},
                 {"h", HOUR_MS},
                 {"hour", HOUR_MS},
                 {"d", 24 * HOUR_MS},
                 {"day", 24 * HOUR_MS},
                 {"w", 168 * HOUR_MS},
                 {"week", 168 * HOUR_MS}};
    enum { DIGITS_MAX = 6 };
    struct str unit;
    size_t n = 0;
    int64_t count = 1;

    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
        n++;
    if (n > DIGITS_MAX || (n > 0 && (!str_to_i64(str_sub(text, 0, n), &count) || count == 0)))
        return false;
    unit = str_trim(str_sub(text, n, SIZE_MAX));
    if (unit.n > 2 && unit.p[unit.n - 1] == 's' && !str_eq_ci(unit, STR("millis")))
        unit.n--; /* hours */
    for (size_t i = 0; i < ARRAY_LEN(UNITS); i++)
        if (str_eq_ci(unit, str_from(UNITS[i].unit))) {
            *ms = count * UNITS[i].ms;
            return true;
        }
    return false;
}

/* `key: value` of one line. */
static bool read_line(struct cql *x, size_t at, struct str line, int64_t *window_ms)
{
    struct str key, value;

    if (!str_cut(line, ':', &key, &value))
        return true;
    key = str_trim(key);
    value = str_trim(value);
    if (str_eq(key, STR("window")) && !cql_span(value, window_ms))
        return diag_error(x->s->diag, cql_place(x, at), "'%.*s' is no span of time (30s, 5m, 1h)",
                          SHOWN(value));
    if (!str_eq(key, STR("strict")))
        return true;
    x->is_strict = str_eq(value, STR("true"));
    return x->is_strict || str_eq(value, STR("false")) ||
           diag_error(x->s->diag, cql_place(x, at), "expected true or false, found '%.*s'",
                      SHOWN(value));
}

bool cql_header(struct cql *x, int64_t *window_ms)
{
    struct str rest = x->text, line;
    size_t at = 0;

    while (rest.n) {
        size_t n = rest.n;
        (void)str_cut(rest, '\n', &line, &rest);
        struct str trimmed = str_trim(line);
        if (trimmed.n && !str_starts(trimmed, STR("//")))
            return true;
        if (trimmed.n && !read_line(x, at + (size_t)(trimmed.p - line.p),
                                    str_sub(trimmed, 2, SIZE_MAX), window_ms))
            return false;
        at += n - rest.n;
    }
    return true;
}
