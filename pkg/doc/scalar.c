/* scalar.c - the type of a plain YAML scalar, as PyYAML's safe loader resolves it.
 *
 * The patterns are those of YAML 1.1 as PyYAML 6 has them (yaml/resolver.py): there is no
 * y/n boolean, a float needs a dot, an exponent needs a sign. They are matched by hand: a
 * first-character test sends nearly every text away at once.
 */
#include "doc/doc.h"

#include "base/str.h"

#include <inttypes.h>

struct scan {
    const char *p, *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool at_end(const struct scan *s)
{
    return s->p == s->end;
}

static bool take(struct scan *s, char c)
{
    if (at_end(s) || *s->p != c)
        return false;
    s->p++;
    return true;
}

static bool is_one_of(struct str text, const char *const *words)
{
    for (; *words; words++)
        if (text.n == strlen(*words) && memcmp(text.p, *words, text.n) == 0)
            return true;
    return false;
}

static bool is_null(struct str text)
{
    static const char *const WORDS[] = {"~", "null", "Null", "NULL", NULL};

    return text.n == 0 || is_one_of(text, WORDS);
}

static bool is_bool(struct str text, bool *is_true)
{
    static const char *const YES[] = {"yes",  "Yes", "YES", "true", "True",
                                      "TRUE", "on",  "On",  "ON",   NULL};
    static const char *const NO[] = {"no",    "No",  "NO",  "false", "False",
                                     "FALSE", "off", "Off", "OFF",   NULL};

    if (text.n < 2 || text.n > 5)
        return false;
    *is_true = is_one_of(text, YES);
    return *is_true || is_one_of(text, NO);
}

/* ---- numbers ------------------------------------------------------------------ */

/* Digits of the base and underscores, at least one character; *digits counts the digits. */
static bool take_digits(struct scan *s, unsigned base, size_t *digits)
{
    const char *from = s->p;

    *digits = 0;
    for (; s->p < s->end; s->p++) {
        char c = ascii_lower(*s->p);
        unsigned v = is_digit(c)            ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                            : 99;
        if (v < base)
            ++*digits;
        else if (c != '_')
            break;
    }
    return s->p > from;
}

/* A whole number in another base; false if it does not fit 64 bits. */
static bool parse_base(struct str digits, unsigned base, uint64_t *out)
{
    uint64_t v = 0;

    for (size_t i = 0; i < digits.n; i++) {
        char c = ascii_lower(digits.p[i]);
        if (c == '_')
            continue;
        unsigned d = is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
        if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
            __builtin_add_overflow(v, (uint64_t)d, &v))
            return false;
    }
    *out = v;
    return true;
}

static struct str signed_number(struct arena *a, bool is_negative, uint64_t v)
{
    return arena_printf(a, "%s%" PRIu64, is_negative && v ? "-" : "", v);
}

/* 0b101, 0x1f and 017. A value beyond 64 bits stays text. */
static bool based_number(struct arena *a, struct str body, bool is_negative, struct str *number)
{
    unsigned base = 8;
    size_t skip = 1, n_digits;
    uint64_t v;

    if (body.n < 2 || body.p[0] != '0')
        return false;
    if (body.p[1] == 'b' || body.p[1] == 'x') {
        base = body.p[1] == 'b' ? 2 : 16;
        skip = 2;
    }
    struct str digits = str_sub(body, skip, SIZE_MAX);
    struct scan s = {digits.p, digits.p + digits.n};
    if (!take_digits(&s, base, &n_digits) || !at_end(&s) || (n_digits == 0 && base != 8))
        return false;
    if (!parse_base(digits, base, &v))
        return false;
    *number = signed_number(a, is_negative, v);
    return true;
}

/* The decimal digits of `from` to `to` without underscores and leading zeros. */
static char *copy_digits(char *out, const char *from, const char *to)
{
    char *start = out;

    for (; from < to; from++)
        if (*from != '_' && !(*from == '0' && out == start))
            *out++ = *from;
    if (out == start)
        *out++ = '0';
    return out;
}

/* 1:30:15 (sexagesimal); `whole` is before a fraction. False if it is none or too large. */
static bool sexagesimal(struct str whole, uint64_t *out)
{
    uint64_t v = 0;
    struct str part, rest = whole;
    size_t n_parts = 0;

    for (bool more = true; more; n_parts++) {
        uint64_t digit = 0;
        more = str_cut(rest, ':', &part, &rest);
        if (n_parts == 0) {
            size_t n_digits;
            struct scan s = {part.p, part.p + part.n};
            if (part.n == 0 || !is_digit(part.p[0]) || !take_digits(&s, 10, &n_digits) ||
                !at_end(&s) || !parse_base(part, 10, &digit))
                return false;
        } else if (part.n > 2 || !str_to_u64(part, &digit) || digit > 59) {
            return false;
        }
        if (__builtin_mul_overflow(v, (uint64_t)60, &v) || __builtin_add_overflow(v, digit, &v))
            return false;
    }
    *out = v;
    return n_parts > 1;
}

/* [eE][-+][0-9]+ at the scan's place, if anything is there. */
static bool take_exponent(struct scan *s)
{
    if (at_end(s))
        return true;
    if (!take(s, 'e') && !take(s, 'E'))
        return false;
    if (!take(s, '+') && !take(s, '-'))
        return false;
    const char *from = s->p;
    while (!at_end(s) && is_digit(*s->p))
        s->p++;
    return s->p > from && at_end(s);
}

/* A JSON number from the pieces of a float; empty fractions and wholes become 0. */
static struct str float_text(struct arena *a, bool is_negative, struct str whole,
                             struct str fraction, struct str exponent)
{
    char *p = arena_alloc(a, whole.n + fraction.n + exponent.n + 5), *out = p;

    if (is_negative)
        *out++ = '-';
    out = copy_digits(out, whole.p, whole.p + whole.n);
    *out++ = '.';
    char *start = out;
    for (size_t i = 0; i < fraction.n; i++)
        if (fraction.p[i] != '_')
            *out++ = fraction.p[i];
    if (out == start)
        *out++ = '0';
    if (exponent.n)
        memcpy(out, exponent.p, exponent.n);
    out += exponent.n;
    return (struct str){p, (size_t)(out - p)};
}

/* 1.5, .5, 1., 1.5e+3, 1:30.5; `is_signed` because `.5` may not have a sign in PyYAML. */
static bool float_number(struct arena *a, struct str body, bool is_negative, bool is_signed,
                         struct str *number)
{
    size_t dot = str_find_char(body, '.', 0), n_digits = 0;
    uint64_t v;

    if (dot == SIZE_MAX)
        return false;
    struct str whole = str_sub(body, 0, dot);
    struct scan s = {body.p + dot + 1, body.p + body.n};
    take_digits(&s, 10, &n_digits);
    struct str fraction = {body.p + dot + 1, (size_t)(s.p - body.p) - dot - 1};
    struct str exponent = {s.p, (size_t)(s.end - s.p)};

    if (str_find_char(whole, ':', 0) != SIZE_MAX) {
        if (exponent.n || !sexagesimal(whole, &v))
            return false;
        struct str text = arena_printf(a, "%" PRIu64, v);
        *number = float_text(a, is_negative, text, fraction, exponent);
        return true;
    }
    if (!take_exponent(&s))
        return false;
    if (whole.n == 0) {
        if (is_signed || fraction.n == 0 || !is_digit(fraction.p[0]))
            return false;
    } else {
        struct scan w = {whole.p, whole.p + whole.n};
        if (!is_digit(whole.p[0]) || !take_digits(&w, 10, &n_digits) || !at_end(&w))
            return false;
    }
    *number = float_text(a, is_negative, whole, fraction, exponent);
    return true;
}

/* 0 or [1-9][0-9_]*, of any length. */
static bool decimal_number(struct arena *a, struct str text, struct str body, bool is_negative,
                           struct str *number)
{
    size_t n_digits;
    struct scan s = {body.p, body.p + body.n};

    if (!is_digit(body.p[0]) || (body.p[0] == '0' && body.n > 1))
        return false;
    if (!take_digits(&s, 10, &n_digits) || !at_end(&s))
        return false;
    if (n_digits == body.n && text.p[0] != '+' && body.p[0] != '0') {
        *number = text;
        return true;
    }
    char *p = arena_alloc(a, body.n + 2), *out = p;
    if (is_negative && body.p[0] != '0')
        *out++ = '-';
    out = copy_digits(out, body.p, body.p + body.n);
    *number = (struct str){p, (size_t)(out - p)};
    return true;
}

static bool is_special_float(struct str text, struct str body)
{
    static const char *const INF[] = {".inf", ".Inf", ".INF", NULL};
    static const char *const NOT_A_NUMBER[] = {".nan", ".NaN", ".NAN", NULL};

    return is_one_of(body, INF) || is_one_of(text, NOT_A_NUMBER);
}

static enum doc_type number_type(struct arena *a, struct str text, struct str *number)
{
    bool is_negative = text.p[0] == '-', is_signed = is_negative || text.p[0] == '+';
    struct str body = str_sub(text, is_signed, SIZE_MAX);
    uint64_t v;

    if (body.n == 0)
        return DOC_STRING;
    if (decimal_number(a, text, body, is_negative, number) ||
        based_number(a, body, is_negative, number))
        return DOC_INT;
    if (body.p[0] != '0' && sexagesimal(body, &v)) {
        *number = signed_number(a, is_negative, v);
        return DOC_INT;
    }
    if (float_number(a, body, is_negative, is_signed, number))
        return DOC_FLOAT;
    if (is_special_float(text, body)) {
        *number = STR("");
        return DOC_FLOAT;
    }
    return DOC_STRING;
}

enum doc_type doc_scalar_type(struct arena *a, struct str text, struct str *number, bool *is_true)
{
    *number = STR("");
    *is_true = false;
    if (is_null(text))
        return DOC_NULL;
    if (is_bool(text, is_true))
        return DOC_BOOL;
    if (is_digit(text.p[0]) || text.p[0] == '-' || text.p[0] == '+' || text.p[0] == '.')
        return number_type(a, text, number);
    return DOC_STRING;
}
