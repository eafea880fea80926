/* lex.c - blanks and comments skipped, one token at a time. */
#include "lang/eql/lex.h"

#include "base/str.h"
#include "base/utf8.h"

bool eql_lexer_init(struct eql_lexer *l, struct query_scope *s, struct str text)
{
    *l = (struct eql_lexer){.a = s->scratch, .diag = s->diag};
    return query_reader_init(&l->r, s, text);
}

static struct place place_of(const struct eql_lexer *l, size_t at)
{
    return query_place(&l->r, at);
}

static bool has(const struct eql_lexer *l, size_t at, const char *what)
{
    return query_has(&l->r, at, what);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@';
}

/* ---- what lies between tokens --------------------------------------------------- */

static void skip_line(struct eql_lexer *l)
{
    while (l->r.next < l->r.text.n && l->r.text.p[l->r.next] != '\n')
        l->r.next++;
}

static bool skip_comment(struct eql_lexer *l)
{
    struct place at = place_of(l, l->r.next);

    l->r.next += 2;
    while (l->r.next < l->r.text.n && !has(l, l->r.next, "*/"))
        query_step(&l->r);
    if (l->r.next >= l->r.text.n)
        return diag_error(l->diag, at, "the comment is not closed: '*/' is missing");
    l->r.next += 2;
    return true;
}

static bool skip_blanks(struct eql_lexer *l)
{
    while (l->r.next < l->r.text.n) {
        char c = l->r.text.p[l->r.next];
        if (c == ' ' || (c >= '\t' && c <= '\r'))
            query_step(&l->r);
        else if (has(l, l->r.next, "//"))
            skip_line(l);
        else if (!has(l, l->r.next, "/*"))
            return true;
        else if (!skip_comment(l))
            return false;
    }
    return true;
}

/* ---- strings ------------------------------------------------------------------ */

/* \u{2-8 hex}; at: the byte behind \u. Gives the bytes read, 0 after an error. */
static size_t unicode_escape(struct eql_lexer *l, size_t at, char *out, size_t *n_out)
{
    uint32_t c = 0;
    size_t i = at + 1, n_digits;

    if (at < l->r.text.n && l->r.text.p[at] == '{')
        for (; i < l->r.text.n && i <= at + 8 && query_hex(l->r.text.p[i]) >= 0; i++)
            c = c << 4 | (uint32_t)query_hex(l->r.text.p[i]);
    n_digits = i - at - 1;
    if (n_digits < 2 || i >= l->r.text.n || l->r.text.p[i] != '}') {
        diag_error(l->diag, place_of(l, at - 2),
                   "a character by its number is \\u{2 to 8 hexadecimal digits}");
        return 0;
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        diag_error(l->diag, place_of(l, at - 2), "\\u{%x} is no character", c);
        return 0;
    }
    *n_out = utf8_put(out, c);
    return i + 1 - at;
}

/* The escape at `at` (a backslash); gives the bytes read, 0 after an error. */
static size_t escape(struct eql_lexer *l, size_t at, char *out, size_t *n_out)
{
    static const char NAMES[] = "\\\"'nrt", MEANINGS[] = "\\\"'\n\r\t";
    char c = at + 1 < l->r.text.n ? l->r.text.p[at + 1] : '\n';
    const char *known = c ? strchr(NAMES, c) : NULL;

    if (known) {
        out[0] = MEANINGS[known - NAMES];
        *n_out = 1;
        return 2;
    }
    if (c == 'u') {
        size_t n = unicode_escape(l, at + 2, out, n_out);
        return n ? n + 2 : 0;
    }
    diag_error(
        l->diag, place_of(l, at),
        "unknown escape '\\%.*s': \\\\ \\\" \\' \\n \\r \\t \\u{...} are known, and \"\"\"raw "
        "strings\"\"\" have none",
        c == '\n' ? 0 : (int)utf8_char(l->r.text, at + 1), l->r.text.p + at + 1);
    return 0;
}

static bool lex_string(struct eql_lexer *l, struct eql_token *t)
{
    size_t at = l->r.next + 1, n = 0, room = 0;

    for (size_t i = at; i < l->r.text.n && l->r.text.p[i] != '"' && l->r.text.p[i] != '\n'; i++)
        room += l->r.text.p[i] == '\\' && ++i ? 2 : 1;
    char *out = arena_alloc(l->a, 4 * room + 1);
    while (at < l->r.text.n && l->r.text.p[at] != '"' && l->r.text.p[at] != '\n') {
        size_t read = 1, written = 1;
        out[n] = l->r.text.p[at];
        if (l->r.text.p[at] == '\\' && (read = escape(l, at, out + n, &written)) == 0)
            return false;
        at += read;
        n += written;
    }
    if (at >= l->r.text.n || l->r.text.p[at] != '"')
        return diag_error(l->diag, t->at, "the string is not closed on its line: '\"' is missing");
    l->r.next = at + 1;
    t->kind = EQL_T_STRING;
    t->text = (struct str){out, n};
    return true;
}

/* One or two quotes before the closing three belong to the text. */
static bool lex_raw_string(struct eql_lexer *l, struct eql_token *t)
{
    size_t start = l->r.next + 3, end = str_find(l->r.text, STR("\"\"\""), start);
    size_t line_end = str_find_char(l->r.text, '\n', start);

    if (end == SIZE_MAX || end > line_end)
        return diag_error(l->diag, t->at,
                          "the raw string is not closed on its line: '\"\"\"' is missing");
    for (int extra = 0; extra < 2 && end + 3 < l->r.text.n && l->r.text.p[end + 3] == '"'; extra++)
        end++;
    l->r.next = end + 3;
    t->kind = EQL_T_STRING;
    t->text = str_sub(l->r.text, start, end - start);
    return true;
}

/* ---- names and numbers ------------------------------------------------------------ */

static bool lex_quoted_name(struct eql_lexer *l, struct eql_token *t)
{
    size_t at = l->r.next + 1, n = 0;
    char *out = arena_alloc(l->a, l->r.text.n - l->r.next + 1);

    for (; at < l->r.text.n && l->r.text.p[at] != '\n'; at++) {
        if (l->r.text.p[at] == '`' && !has(l, at, "``"))
            break;
        at += l->r.text.p[at] == '`';
        out[n++] = l->r.text.p[at];
    }
    if (at >= l->r.text.n || l->r.text.p[at] != '`')
        return diag_error(l->diag, t->at, "the name is not closed on its line: '`' is missing");
    if (n == 0)
        return diag_error(l->diag, t->at, "the name between the back-quotes is empty");
    l->r.next = at + 1;
    t->kind = EQL_T_QUOTED;
    t->text = (struct str){out, n};
    return true;
}

static void lex_word(struct eql_lexer *l, struct eql_token *t)
{
    size_t at = l->r.next;

    while (at < l->r.text.n && (is_letter(l->r.text.p[at]) || is_digit(l->r.text.p[at])))
        at++;
    at += at < l->r.text.n && l->r.text.p[at] == '~';
    t->kind = EQL_T_WORD;
    t->text = str_sub(l->r.text, l->r.next, at - l->r.next);
    l->r.next = at;
}

static size_t skip_digits(const struct eql_lexer *l, size_t at)
{
    while (at < l->r.text.n && is_digit(l->r.text.p[at]))
        at++;
    return at;
}

/* 007, .5, 5. and 1e3 in JSON's spelling. */
static bool lex_number(struct eql_lexer *l, struct eql_token *t)
{
    size_t start = l->r.next, whole_end = skip_digits(l, start), at = whole_end, exponent;
    struct str fraction = STR(""), power = STR("");

    if (at < l->r.text.n && l->r.text.p[at] == '.') {
        fraction = str_sub(l->r.text, at + 1, skip_digits(l, at + 1) - at - 1);
        at += 1 + fraction.n;
    }
    exponent = at;
    if (at < l->r.text.n && ascii_lower(l->r.text.p[at]) == 'e') {
        size_t digits = at + 1;
        digits +=
            digits < l->r.text.n && (l->r.text.p[digits] == '+' || l->r.text.p[digits] == '-');
        size_t end = skip_digits(l, digits);
        if (end > digits)
            at = end;
    }
    if (at > exponent)
        power = str_sub(l->r.text, exponent, at - exponent);
    struct str whole = str_sub(l->r.text, start, whole_end - start);
    while (whole.n > 1 && whole.p[0] == '0')
        whole = str_sub(whole, 1, SIZE_MAX);
    t->kind = EQL_T_NUMBER;
    t->text =
        arena_printf(l->a, "%s%.*s%s%.*s%.*s", whole.n ? "" : "0", (int)whole.n, whole.p,
                     fraction.n ? "." : "", (int)fraction.n, fraction.p, (int)power.n, power.p);
    l->r.next = at;
    return true;
}

/* ---- signs -------------------------------------------------------------------- */

static bool refuse(struct eql_lexer *l, const struct eql_token *t)
{
    char c = l->r.text.p[l->r.next];

    if (c == '\'')
        return diag_error(l->diag, t->at, "strings stand in \"double quotes\"");
    if (c == '$')
        return diag_unsupported(l->diag, t->at,
                                "variables ($...): not part of Elasticsearch's EQL");
    return diag_error(l->diag, t->at, "'%.*s' has no meaning here",
                      (int)utf8_char(l->r.text, l->r.next), l->r.text.p + l->r.next);
}

static bool lex_sign(struct eql_lexer *l, struct eql_token *t)
{
    static const char *const SIGNS[] = {"==", "!=", "<=", ">=", "=", "<", ">", "(", ")", "[", "]",
                                        ",",  ".",  ":",  "?",  "|", "!", "+", "-", "*", "/", "%"};

    for (size_t i = 0; i < ARRAY_LEN(SIGNS); i++)
        if (has(l, l->r.next, SIGNS[i])) {
            t->kind = EQL_T_SIGN;
            t->text = str_sub(l->r.text, l->r.next, strlen(SIGNS[i]));
            l->r.next += t->text.n;
            return true;
        }
    return refuse(l, t);
}

static bool lex_token(struct eql_lexer *l, struct eql_token *t)
{
    char c = l->r.text.p[l->r.next],
         after = l->r.next + 1 < l->r.text.n ? l->r.text.p[l->r.next + 1] : '\0';

    if (has(l, l->r.next, "\"\"\""))
        return lex_raw_string(l, t);
    if (c == '"')
        return lex_string(l, t);
    if (c == '?' && (after == '"' || after == '\''))
        return diag_error(l->diag, t->at,
                          "?\"...\" is not part of Elasticsearch's EQL: a raw string is "
                          "\"\"\"...\"\"\"");
    if (c == '`')
        return lex_quoted_name(l, t);
    if (is_digit(c) || (c == '.' && is_digit(after)))
        return lex_number(l, t);
    if (!is_letter(c))
        return lex_sign(l, t);
    lex_word(l, t);
    return true;
}

bool eql_lex(struct eql_lexer *l, struct eql_token *out)
{
    if (!skip_blanks(l))
        return false;
    *out = (struct eql_token){.kind = EQL_T_END, .at = place_of(l, l->r.next)};
    size_t start = l->r.next;
    if (start < l->r.text.n && !lex_token(l, out))
        return false;
    out->raw = str_sub(l->r.text, start, l->r.next - start);
    return true;
}
