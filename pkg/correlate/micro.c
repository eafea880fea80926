/* micro.c - decimal text to millionths, digit by digit; powers of ten by strtold. */
#include "correlate/micro.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { FRACTION_DIGITS = 6, TEXT_MAX = 63 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* With an exponent: rare, and exact enough for millionths of what fits. */
static bool parse_wide(struct str text, int64_t *out)
{
    char z[TEXT_MAX + 1], *end;

    if (text.n > TEXT_MAX)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    for (size_t i = 0; i < text.n; i++)
        if (!is_digit(z[i]) && !memchr("+-.eE", z[i], 5))
            return false;
    long double v = strtold(z, &end);
    if (*end || end == z || !isfinite(v) || fabsl(v) > (long double)MICRO_VALUE_MAX)
        return false;
    *out = llroundl(v * 1000000.0L);
    return true;
}

bool micro_parse(struct str text, int64_t *out)
{
    int64_t whole = 0;
    size_t i = 0, digits = 0, fraction = 0;

    text = str_trim(text);
    bool is_negative = text.n && text.p[0] == '-';
    i += is_negative;
    for (; i < text.n && is_digit(text.p[i]); i++, digits++) {
        whole = whole * 10 + (text.p[i] - '0');
        if (whole > MICRO_VALUE_MAX)
            return false;
    }
    if (digits == 0)
        return false;
    whole *= 1000000;
    if (i < text.n && text.p[i] == '.') {
        int64_t unit = 100000;
        for (i++; i < text.n && is_digit(text.p[i]); i++, fraction++) {
            whole += fraction < FRACTION_DIGITS ? (text.p[i] - '0') * unit : 0;
            whole += fraction == FRACTION_DIGITS && text.p[i] >= '5';
            unit /= 10;
        }
        if (fraction == 0)
            return false;
    }
    if (i < text.n)
        return parse_wide(text, out);
    *out = is_negative ? -whole : whole;
    return true;
}
