/* decimal.c - exact comparison of decimal texts.
 *
 * A number is sign * 0.D * 10^scale, where D are its significant digits without
 * leading and trailing zeros. Compare signs, then scales, then digits: no arithmetic on
 * the value itself, so nothing can overflow or round.
 */
#include "base/decimal.h"

#include <stdio.h>
#include <string.h>

struct decimal {
    bool is_negative;
    int64_t scale;      /* position of the point relative to the first digit */
    const char *digits; /* first significant digit in the text */
    size_t span;        /* bytes up to behind the last significant digit (may hold '.') */
    size_t n_digits;    /* 0: the number is zero */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Length of the run of digits at p. */
static size_t digits_at(const char *p, const char *end)
{
    const char *q = p;

    while (q < end && is_digit(*q))
        q++;
    return (size_t)(q - p);
}

/* Find the significant digits in the mantissa [p, end), whose integer part has int_n
 * digits. */
static void significant(struct decimal *d, const char *p, const char *end, size_t int_n)
{
    const char *first = p;

    while (first < end && (*first == '0' || *first == '.'))
        first++;
    while (end > first && (end[-1] == '0' || end[-1] == '.'))
        end--;
    d->digits = first;
    d->span = (size_t)(end - first);
    const char *point = memchr(p, '.', (size_t)(end > p ? end - p : 0));
    bool has_inner_point = point && point >= first && point < end;
    d->n_digits = d->span - (has_inner_point ? 1 : 0);
    if (first < p + int_n) /* 120.5: the first digit has int_n - skipped places */
        d->scale = (int64_t)(p + int_n - first);
    else /* 0.005: zeros behind the point count down */
        d->scale = -(int64_t)(first - (p + int_n) - 1);
}

static bool parse(struct str s, struct decimal *d)
{
    const char *p = s.p, *end = s.p + s.n;

    d->is_negative = p < end && *p == '-';
    if (d->is_negative)
        p++;
    const char *mantissa = p;
    size_t int_n = digits_at(p, end);
    if (int_n == 0 || (int_n > 1 && *p == '0'))
        return false;
    p += int_n;
    if (p < end && *p == '.') {
        size_t frac_n = digits_at(p + 1, end);
        if (frac_n == 0)
            return false;
        p += 1 + frac_n;
    }
    const char *mantissa_end = p;
    int64_t exponent = 0;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        bool is_minus = p < end && *p == '-';
        if (p < end && (*p == '-' || *p == '+'))
            p++;
        size_t n = digits_at(p, end);
        if (n == 0)
            return false;
        for (size_t i = 0; i < n; i++) {
            exponent = exponent * 10 + (p[i] - '0');
            if (exponent > DECIMAL_EXPONENT_MAX)
                return false;
        }
        p += n;
        if (is_minus)
            exponent = -exponent;
    }
    if (p != end)
        return false;
    significant(d, mantissa, mantissa_end, int_n);
    d->scale += exponent;
    if (d->n_digits == 0) {
        d->is_negative = false;
        d->scale = 0;
    }
    return true;
}

bool decimal_is_number(struct str s)
{
    struct decimal d;

    return parse(s, &d);
}

/* The next digit at *at of a span, skipping the point; '0' behind the end. */
static char next_digit(const struct decimal *d, size_t *at)
{
    if (*at < d->span && d->digits[*at] == '.')
        (*at)++;
    return *at < d->span ? d->digits[(*at)++] : '0';
}

static int cmp_magnitude(const struct decimal *a, const struct decimal *b)
{
    if (a->scale != b->scale)
        return a->scale < b->scale ? -1 : 1;
    size_t n = a->n_digits > b->n_digits ? a->n_digits : b->n_digits;
    for (size_t i = 0, at_a = 0, at_b = 0; i < n; i++) {
        char x = next_digit(a, &at_a), y = next_digit(b, &at_b);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

int decimal_cmp(struct str a, struct str b)
{
    struct decimal x, y;
    bool are_numbers = parse(a, &x) && parse(b, &y);

    ASSERT(are_numbers);
    if (x.n_digits == 0 || y.n_digits == 0) {
        int sign_x = x.n_digits ? (x.is_negative ? -1 : 1) : 0;
        int sign_y = y.n_digits ? (y.is_negative ? -1 : 1) : 0;
        return (sign_x > sign_y) - (sign_x < sign_y);
    }
    if (x.is_negative != y.is_negative)
        return x.is_negative ? -1 : 1;
    int order = cmp_magnitude(&x, &y);
    return x.is_negative ? -order : order;
}

/* Integers up to this many places are written out. */
enum { PLAIN_PLACES_MAX = 20 };

size_t decimal_canonical(struct str s, char *out, size_t size)
{
    struct decimal d;
    size_t n = 0, at = 0;

    if (!parse(s, &d))
        return 0;
    if (d.n_digits == 0) {
        if (size < 1)
            return 0;
        out[0] = '0';
        return 1;
    }
    bool is_plain = d.scale >= (int64_t)d.n_digits && d.scale <= PLAIN_PLACES_MAX;
    size_t places = is_plain ? (size_t)d.scale : d.n_digits;
    if (size < places + 1 + 24) /* sign, 'e' and a 64-bit exponent at most */
        return 0;
    if (d.is_negative)
        out[n++] = '-';
    for (size_t i = 0; i < places; i++)
        out[n++] = next_digit(&d, &at);
    if (!is_plain)
        n += (size_t)snprintf(out + n, size - n, "e%lld",
                              (long long)(d.scale - (int64_t)d.n_digits));
    return n;
}

/* ---- fixed point ------------------------------------------------------------------ */

enum { MICRO_PLACES = 6, INT64_DIGITS = 19 };

bool decimal_to_micro(struct str s, int64_t *micro)
{
    struct decimal d;
    uint64_t value = 0;

    if (!parse(s, &d))
        return false;
    int64_t wanted = d.n_digits ? d.scale + MICRO_PLACES : 0; /* digits of the result */
    if (wanted > INT64_DIGITS)
        return false;
    size_t at = 0;
    for (int64_t i = 0; i < wanted; i++)
        value = value * 10 + (uint64_t)(next_digit(&d, &at) - '0'); /* below 10^19: 64 bits */
    if (wanted >= 0 && d.n_digits && next_digit(&d, &at) >= '5')
        value++;
    if (value > INT64_MAX)
        return false;
    *micro = d.is_negative ? -(int64_t)value : (int64_t)value;
    return true;
}
