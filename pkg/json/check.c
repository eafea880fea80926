/* check.c - the grammar of RFC 8259, a byte at a time.
 *
 * A recursive descent whose functions move p over what they accept; the first one that
 * cannot notes the reason and returns false, and p stays at the place.
 */
#include "json/check.h"

#include "base/str.h"

struct check {
    const char *p;
    const char *end;
    enum json_reason reason;
    size_t keys_left;
    unsigned depth;
};

static bool check_value(struct check *c);

static bool fail(struct check *c, enum json_reason reason)
{
    c->reason = reason;
    return false;
}

/* The byte at p is not what the grammar wants; or there is none. */
static bool unexpected(struct check *c)
{
    return fail(c, c->p == c->end ? JSON_TRUNCATED : JSON_BAD_SYNTAX);
}

static void skip_blanks(struct check *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\r' || *c->p == '\t'))
        c->p++;
}

static bool accept(struct check *c, char want)
{
    if (c->p == c->end || *c->p != want)
        return false;
    c->p++;
    return true;
}

static bool is_one_of(char byte, struct str set)
{
    return memchr(set.p, byte, set.n) != NULL;
}

static bool check_escape(struct check *c)
{
    if (c->p == c->end || !is_one_of(*c->p, STR("\"\\/bfnrtu")))
        return unexpected(c);
    if (*c->p++ != 'u')
        return true;
    for (int i = 0; i < 4; i++, c->p++)
        if (c->p == c->end || !is_one_of(*c->p, STR("0123456789abcdefABCDEF")))
            return unexpected(c);
    return true;
}

static bool check_string(struct check *c)
{
    if (!accept(c, '"'))
        return unexpected(c);
    while (!accept(c, '"')) {
        if (c->p == c->end || (unsigned char)*c->p < 0x20)
            return unexpected(c);
        if (*c->p++ == '\\' && !check_escape(c))
            return false;
    }
    return true;
}

static bool check_digits(struct check *c)
{
    if (c->p == c->end || *c->p < '0' || *c->p > '9')
        return unexpected(c);
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
        c->p++;
    return true;
}

static bool check_number(struct check *c)
{
    accept(c, '-');
    if (!accept(c, '0') && !check_digits(c))
        return false;
    if (accept(c, '.') && !check_digits(c))
        return false;
    if (accept(c, 'e') || accept(c, 'E')) {
        if (!accept(c, '+'))
            accept(c, '-');
        return check_digits(c);
    }
    return true;
}

static bool check_literal(struct check *c, struct str literal)
{
    for (size_t i = 0; i < literal.n; i++)
        if (!accept(c, literal.p[i]))
            return unexpected(c);
    return true;
}

/* A number or literal must not run on into more letters: 01, 1.2.3, nullx. */
static bool check_plain(struct check *c)
{
    bool is_ok = *c->p == 't'   ? check_literal(c, STR("true"))
                 : *c->p == 'f' ? check_literal(c, STR("false"))
                 : *c->p == 'n' ? check_literal(c, STR("null"))
                                : check_number(c);

    if (is_ok && c->p < c->end && !is_one_of(*c->p, STR(" \t\r\n,:[]{}\"")))
        return unexpected(c);
    return is_ok;
}

static bool check_member(struct check *c)
{
    skip_blanks(c);
    if (!check_string(c))
        return false;
    if (c->keys_left-- == 0)
        return fail(c, JSON_TOO_MANY_KEYS);
    skip_blanks(c);
    if (!accept(c, ':'))
        return unexpected(c);
    return check_value(c);
}

/* Members up to the closing bracket; p is behind the opening one. */
static bool check_members(struct check *c, bool is_object)
{
    char close = is_object ? '}' : ']';

    skip_blanks(c);
    if (accept(c, close))
        return true;
    do {
        if (!(is_object ? check_member(c) : check_value(c)))
            return false;
        skip_blanks(c);
    } while (accept(c, ','));
    return accept(c, close) || unexpected(c);
}

static bool check_value(struct check *c)
{
    skip_blanks(c);
    if (c->p == c->end)
        return fail(c, JSON_TRUNCATED);
    if (*c->p == '"')
        return check_string(c);
    if (*c->p != '{' && *c->p != '[')
        return check_plain(c);
    if (c->depth == JSON_DEPTH_MAX)
        return fail(c, JSON_TOO_DEEP);
    c->depth++;
    bool is_ok = check_members(c, *c->p++ == '{');
    c->depth--;
    return is_ok;
}

enum json_reason json_check(struct str text, size_t *at)
{
    struct check c = {text.p, text.p + text.n, JSON_OK, JSON_KEYS_MAX, 0};

    *at = 0;
    if (text.n > JSON_RECORD_MAX)
        return JSON_TOO_LARGE;
    if (check_value(&c)) {
        skip_blanks(&c);
        if (c.p < c.end)
            c.reason = JSON_BAD_SYNTAX;
    }
    *at = (size_t)(c.p - text.p);
    return c.reason;
}

size_t json_document_length(struct str text, enum json_reason *reason)
{
    struct check c = {text.p, text.p + text.n, JSON_OK, SIZE_MAX, 0};
    bool is_ok = check_value(&c);

    *reason = c.reason;
    return is_ok ? (size_t)(c.p - text.p) : 0;
}

const char *json_reason_name(enum json_reason reason)
{
    static const char *const names[] = {
        "ok",        "not_object",    "bad_syntax",      "too_deep",
        "too_large", "too_many_keys", "too_many_values", "truncated",
    };

    ASSERT((size_t)reason < ARRAY_LEN(names));
    return names[reason];
}
