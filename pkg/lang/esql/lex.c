/* lex.c - words, strings, numbers, signs.
 *
 * A dotted name is one word, its parts may be in back quotes. Comments are // and nested
 * slash-star.
 */
#include "lang/esql/parser.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"

#include <stdio.h>

static char next_char(const struct query_reader *r, size_t ahead)
{
    return r->next + ahead < r->text.n ? r->text.p[r->next + ahead] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool starts_word(char c)
{
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '_' || c == '@' || c == '`';
}

static void step(struct query_reader *r, size_t n)
{
    while (n--)
        query_step(r);
}

static bool skip_comment(struct esql_parser *p)
{
    struct query_reader *r = &p->reader;
    struct place at = query_place(r, r->next);
    unsigned depth = 0;

    do {
        if (r->next == r->text.n)
            return diag_error(p->s->diag, at, "the comment does not end");
        bool is_open = query_has(r, r->next, "/*"), is_close = query_has(r, r->next, "*/");
        depth += is_open;
        depth -= is_close;
        step(r, is_open || is_close ? 2 : 1);
    } while (depth);
    return true;
}

static bool skip_blanks(struct esql_parser *p)
{
    struct query_reader *r = &p->reader;

    while (r->next < r->text.n) {
        char c = r->text.p[r->next];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            query_step(r);
        } else if (query_has(r, r->next, "//")) {
            while (r->next < r->text.n && r->text.p[r->next] != '\n')
                query_step(r);
        } else if (query_has(r, r->next, "/*")) {
            if (!skip_comment(p))
                return false;
        } else {
            break;
        }
    }
    return true;
}

/* ---- words ---------------------------------------------------------------------- */

static bool quoted_part(struct esql_parser *p, struct buf *out)
{
    struct query_reader *r = &p->reader;

    query_step(r);
    for (;;) {
        char c = next_char(r, 0);
        if (c == '\0' || c == '\n')
            return diag_error(p->s->diag, p->token.at, "the closing '`' is missing");
        query_step(r);
        if (c == '`' && next_char(r, 0) != '`')
            return true;
        if (c == '`')
            query_step(r);
        buf_add_char(out, c);
    }
}

static bool is_word_char(const struct esql_parser *p, char c)
{
    return starts_word(c) || is_digit(c) || (p->takes_stars && strchr("*-.:{}", c) && c);
}

static bool read_word(struct esql_parser *p)
{
    struct query_reader *r = &p->reader;
    struct buf out = {0};
    bool is_good = true;

    for (char c; is_good && (c = next_char(r, 0)) != '\0';) {
        if (c == '`') {
            p->token.is_quoted = true;
            is_good = quoted_part(p, &out);
        } else if (is_word_char(p, c) ||
                   (c == '.' && (starts_word(next_char(r, 1)) || is_digit(next_char(r, 1))))) {
            buf_add_char(&out, c);
            query_step(r);
        } else {
            break;
        }
    }
    p->token.kind = ESQL_WORD;
    p->token.text = names_intern(p->s->names, out.n ? buf_str(&out) : STR(""));
    buf_release(&out);
    return is_good;
}

/* <logs-{now/d}>: the name of an index that has a date in it. */
static bool read_dated(struct esql_parser *p)
{
    struct query_reader *r = &p->reader;
    size_t end = str_find_char(r->text, '>', r->next);

    if (end == SIZE_MAX)
        return diag_error(p->s->diag, p->token.at, "the closing '>' is missing");
    p->token.kind = ESQL_WORD;
    p->token.text = str_sub(r->text, r->next, end + 1 - r->next);
    step(r, p->token.text.n);
    return true;
}

/* ---- strings --------------------------------------------------------------------- */

static bool read_raw(struct esql_parser *p)
{
    struct query_reader *r = &p->reader;

    step(r, 3);
    p->token.inside = query_place(r, r->next);
    size_t start = r->next, end = str_find(r->text, STR("\"\"\""), r->next);
    if (end == SIZE_MAX)
        return diag_error(p->s->diag, p->token.at, "the closing '\"\"\"' is missing");
    while (query_has(r, end + 1, "\"\"\"")) /* quotes right before the end belong to the text */
        end++;
    p->token.text = str_sub(r->text, start, end - start);
    step(r, end + 3 - start);
    return true;
}

static bool read_string(struct esql_parser *p)
{
    struct query_reader *r = &p->reader;
    char *out;
    size_t n = 0;

    p->token.kind = ESQL_STRING;
    if (query_has(r, r->next, "\"\"\""))
        return read_raw(p);
    out = arena_alloc(p->s->scratch, r->text.n - r->next);
    query_step(r);
    p->token.inside = query_place(r, r->next);
    for (;;) {
        char c = next_char(r, 0);
        if (c == '\0' || c == '\n')
            return diag_error(p->s->diag, p->token.at, "the closing '\"' is missing");
        if (c == '"')
            break;
        if (c == '\\') {
            struct place at = query_place(r, r->next);
            query_step(r);
            p->token.has_escapes = true;
            c = next_char(r, 0);
            const char *escapes = "nrt\"\\", *found = c ? strchr(escapes, c) : NULL;
            if (!found)
                return diag_error(p->s->diag, at,
                                  "'\\%.*s' is no escape in a string; a regex is written in "
                                  "\"\"\"...\"\"\" or with two backslashes",
                                  c ? (int)utf8_char(r->text, r->next) : 0, r->text.p + r->next);
            c = "\n\r\t\"\\"[found - escapes];
        }
        out[n++] = c;
        query_step(r);
    }
    query_step(r);
    p->token.text = (struct str){out, n};
    return true;
}

/* JSON wants digits on both sides of the point. */
static struct str as_json(struct esql_parser *p, struct str number)
{
    size_t point = str_find_char(number, '.', 0);

    if (point == SIZE_MAX || (point > 0 && point + 1 < number.n && is_digit(number.p[point + 1])))
        return number;
    struct str fraction = str_sub(number, point + 1, SIZE_MAX);
    bool has_digits = fraction.n && is_digit(fraction.p[0]);
    return arena_printf(p->s->scratch, "%.*s.%s%.*s", point ? (int)point : 1,
                        point ? number.p : "0", has_digits ? "" : "0", (int)fraction.n, fraction.p);
}

static bool read_number(struct esql_parser *p)
{
    struct query_reader *r = &p->reader;
    size_t start = r->next;

    while (is_digit(next_char(r, 0)))
        query_step(r);
    if (next_char(r, 0) == '.' && !starts_word(next_char(r, 1))) { /* 5. and .5, too */
        query_step(r);
        while (is_digit(next_char(r, 0)))
            query_step(r);
    }
    char sign = next_char(r, 1);
    if (ascii_lower(next_char(r, 0)) == 'e' &&
        (is_digit(sign) || ((sign == '-' || sign == '+') && is_digit(next_char(r, 2))))) {
        step(r, 2);
        while (is_digit(next_char(r, 0)))
            query_step(r);
    }
    p->token.kind = ESQL_NUMBER;
    p->token.text = as_json(p, str_sub(r->text, start, r->next - start));
    return true;
}

static bool unexpected(struct esql_parser *p)
{
    const char *at = p->reader.text.p + p->reader.next;
    const char *hint = *at == '\''  ? ": a text is written in \"...\""
                       : *at == '&' ? ": and is written AND"
                       : *at == '!' ? ": not is written NOT, unlike !="
                                    : "";

    return diag_error(p->s->diag, p->token.at, "unexpected character '%.*s'%s",
                      (int)utf8_char(p->reader.text, p->reader.next), at, hint);
}

static bool read_sign(struct esql_parser *p)
{
    static const char *const LONG[] = {"==", "!=", "<=", ">=", "=~", "::", "<>"};
    static const char SHORT[] = "|,()[]{}=<>+-*/%:?;";
    struct query_reader *r = &p->reader;
    size_t n = 1;

    for (size_t i = 0; i < ARRAY_LEN(LONG); i++)
        if (query_has(r, r->next, LONG[i]))
            n = 2;
    if (n == 1 && !strchr(SHORT, r->text.p[r->next]))
        return unexpected(p);
    p->token.kind = ESQL_SIGN;
    p->token.text = str_sub(r->text, r->next, n);
    step(r, n);
    return true;
}

static bool read_token(struct esql_parser *p)
{
    struct query_reader *r = &p->reader;
    char c = r->text.p[r->next];

    if (c == '"')
        return read_string(p);
    if (c == '<' && p->takes_stars)
        return read_dated(p);
    if (starts_word(c) || (p->takes_stars && is_word_char(p, c)))
        return read_word(p);
    bool is_number = is_digit(c) || (c == '.' && is_digit(next_char(r, 1)));
    return is_number ? read_number(p) : read_sign(p);
}

bool esql_advance(struct esql_parser *p)
{
    struct query_reader *r = &p->reader;

    p->last_end = p->token.end;
    if (!skip_blanks(p))
        return false;
    p->token = (struct esql_token){
        .at = query_place(r, r->next), .text = STR(""), .start = r->next, .end = r->next};
    if (r->next == r->text.n)
        return true;
    bool is_good = read_token(p);
    p->token.end = r->next;
    return is_good;
}

/* ---- asking --------------------------------------------------------------------- */

bool esql_is_sign(const struct esql_parser *p, const char *sign)
{
    return p->token.kind == ESQL_SIGN && str_eq(p->token.text, str_from(sign));
}

bool esql_is_word(const struct esql_parser *p, const char *word)
{
    return p->token.kind == ESQL_WORD && !p->token.is_quoted &&
           str_eq_ci(p->token.text, str_from(word));
}

bool esql_expected(struct esql_parser *p, const char *what)
{
    if (p->token.kind == ESQL_END)
        return diag_error(p->s->diag, p->token.at, "expected %s, found the end of the query", what);
    return diag_error(p->s->diag, p->token.at, "expected %s, found '%.*s'", what,
                      SHOWN(p->token.text));
}

bool esql_expect_sign(struct esql_parser *p, const char *sign, const char *where)
{
    char what[64];

    if (esql_is_sign(p, sign))
        return esql_advance(p);
    snprintf(what, sizeof what, "'%s' %s", sign, where);
    return esql_expected(p, what);
}

int64_t esql_unit_ms(struct str word, int64_t *months)
{
    static const struct {
        const char *name;
        int64_t ms, months;
    } UNITS[] = {{"ms", 1, 0},           {"millisecond", 1, 0},   {"milliseconds", 1, 0},
                 {"s", 1000, 0},         {"sec", 1000, 0},        {"second", 1000, 0},
                 {"seconds", 1000, 0},   {"m", 60000, 0},         {"min", 60000, 0},
                 {"minute", 60000, 0},   {"minutes", 60000, 0},   {"h", 3600000, 0},
                 {"hour", 3600000, 0},   {"hours", 3600000, 0},   {"d", 86400000, 0},
                 {"day", 86400000, 0},   {"days", 86400000, 0},   {"w", 604800000, 0},
                 {"week", 604800000, 0}, {"weeks", 604800000, 0}, {"mo", 0, 1},
                 {"month", 0, 1},        {"months", 0, 1},        {"q", 0, 3},
                 {"quarter", 0, 3},      {"quarters", 0, 3},      {"y", 0, 12},
                 {"yr", 0, 12},          {"year", 0, 12},         {"years", 0, 12}};

    *months = 0;
    for (size_t i = 0; i < ARRAY_LEN(UNITS); i++)
        if (str_eq_ci(word, str_from(UNITS[i].name))) {
            *months = UNITS[i].months;
            return UNITS[i].ms;
        }
    return 0;
}
