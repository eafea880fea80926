/* lex.c - blanks and comments skipped, one token at a time. */
#include "lang/eql/lex.h"

#include "base/str.h"
#include "base/utf8.h"

void eql_lexer_init(struct eql_lexer *l, struct arena *a, struct diag *diag, struct str text,
                    uint32_t line)
{
    *l = (struct eql_lexer){.a = a, .diag = diag, .text = text, .line = line};
}

static struct place place_of(const struct eql_lexer *l, size_t at)
{
    return (struct place){l->line, (uint32_t)(at - l->line_start + 1)};
}

static bool has(const struct eql_lexer *l, size_t at, const char *what)
{
    return str_starts(str_sub(l->text, at, SIZE_MAX), str_from(what));
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

static void end_line(struct eql_lexer *l)
{
    l->line++;
    l->line_start = l->next;
}

static void skip_line(struct eql_lexer *l)
{
    while (l->next < l->text.n && l->text.p[l->next] != '\n')
        l->next++;
}

static bool skip_comment(struct eql_lexer *l)
{
    struct place at = place_of(l, l->next);

    l->next += 2;
    while (l->next < l->text.n && !has(l, l->next, "*/"))
        if (l->text.p[l->next++] == '\n')
            end_line(l);
    if (l->next >= l->text.n)
        return diag_error(l->diag, at, "the comment is not closed: '*/' is missing");
    l->next += 2;
    return true;
}

static bool skip_blanks(struct eql_lexer *l)
{
    while (l->next < l->text.n) {
        char c = l->text.p[l->next];
        if (c == '\n') {
            l->next++;
            end_line(l);
        } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
            l->next++;
        } else if (has(l, l->next, "//")) {
            skip_line(l);
        } else if (!has(l, l->next, "/*")) {
            return true;
        } else if (!skip_comment(l)) {
            return false;
        }
    }
    return true;
}

/* ---- strings ------------------------------------------------------------------ */

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

static int hex_of(char c)
{
    if (is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \u{2-8 hex}; at: the byte behind \u. Gives the bytes read, 0 after an error. */
static size_t unicode_escape(struct eql_lexer *l, size_t at, char *out, size_t *n_out)
{
    uint32_t c = 0;
    size_t i = at + 1, n_digits;

    if (at < l->text.n && l->text.p[at] == '{')
        for (; i < l->text.n && i <= at + 8 && hex_of(l->text.p[i]) >= 0; i++)
            c = c << 4 | (uint32_t)hex_of(l->text.p[i]);
    n_digits = i - at - 1;
    if (n_digits < 2 || i >= l->text.n || l->text.p[i] != '}') {
        diag_error(l->diag, place_of(l, at - 2),
                   "a character by its number is \\u{2 to 8 hexadecimal digits}");
        return 0;
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        diag_error(l->diag, place_of(l, at - 2), "\\u{%x} is no character", c);
        return 0;
    }
    *n_out = put_utf8(out, c);
    return i + 1 - at;
}

/* The escape at `at` (a backslash); gives the bytes read, 0 after an error. */
static size_t escape(struct eql_lexer *l, size_t at, char *out, size_t *n_out)
{
    static const char NAMES[] = "\\\"'nrt", MEANINGS[] = "\\\"'\n\r\t";
    char c = at + 1 < l->text.n ? l->text.p[at + 1] : '\n';
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
        c == '\n' ? 0 : (int)utf8_char(l->text, at + 1), l->text.p + at + 1);
    return 0;
}

static bool lex_string(struct eql_lexer *l, struct eql_token *t)
{
    size_t at = l->next + 1, n = 0, room = 0;

    for (size_t i = at; i < l->text.n && l->text.p[i] != '"' && l->text.p[i] != '\n'; i++)
        room += l->text.p[i] == '\\' && ++i ? 2 : 1;
    char *out = arena_alloc(l->a, 4 * room + 1);
    while (at < l->text.n && l->text.p[at] != '"' && l->text.p[at] != '\n') {
        size_t read = 1, written = 1;
        out[n] = l->text.p[at];
        if (l->text.p[at] == '\\' && (read = escape(l, at, out + n, &written)) == 0)
            return false;
        at += read;
        n += written;
    }
    if (at >= l->text.n || l->text.p[at] != '"')
        return diag_error(l->diag, t->at, "the string is not closed on its line: '\"' is missing");
    l->next = at + 1;
    t->kind = EQL_T_STRING;
    t->text = (struct str){out, n};
    return true;
}

/* One or two quotes before the closing three belong to the text. */
static bool lex_raw_string(struct eql_lexer *l, struct eql_token *t)
{
    size_t start = l->next + 3, end = str_find(l->text, STR("\"\"\""), start);
    size_t line_end = str_find_char(l->text, '\n', start);

    if (end == SIZE_MAX || end > line_end)
        return diag_error(l->diag, t->at,
                          "the raw string is not closed on its line: '\"\"\"' is missing");
    for (int extra = 0; extra < 2 && end + 3 < l->text.n && l->text.p[end + 3] == '"'; extra++)
        end++;
    l->next = end + 3;
    t->kind = EQL_T_STRING;
    t->text = str_sub(l->text, start, end - start);
    return true;
}

/* ---- names and numbers ------------------------------------------------------------ */

static bool lex_quoted_name(struct eql_lexer *l, struct eql_token *t)
{
    size_t at = l->next + 1, n = 0;
    char *out = arena_alloc(l->a, l->text.n - l->next + 1);

    for (; at < l->text.n && l->text.p[at] != '\n'; at++) {
        if (l->text.p[at] == '`' && !has(l, at, "``"))
            break;
        at += l->text.p[at] == '`';
        out[n++] = l->text.p[at];
    }
    if (at >= l->text.n || l->text.p[at] != '`')
        return diag_error(l->diag, t->at, "the name is not closed on its line: '`' is missing");
    if (n == 0)
        return diag_error(l->diag, t->at, "the name between the back-quotes is empty");
    l->next = at + 1;
    t->kind = EQL_T_QUOTED;
    t->text = (struct str){out, n};
    return true;
}

static void lex_word(struct eql_lexer *l, struct eql_token *t)
{
    size_t at = l->next;

    while (at < l->text.n && (is_letter(l->text.p[at]) || is_digit(l->text.p[at])))
        at++;
    at += at < l->text.n && l->text.p[at] == '~';
    t->kind = EQL_T_WORD;
    t->text = str_sub(l->text, l->next, at - l->next);
    l->next = at;
}

static size_t skip_digits(const struct eql_lexer *l, size_t at)
{
    while (at < l->text.n && is_digit(l->text.p[at]))
        at++;
    return at;
}

/* 007, .5, 5. and 1e3 in JSON's spelling. */
static bool lex_number(struct eql_lexer *l, struct eql_token *t)
{
    size_t start = l->next, whole_end = skip_digits(l, start), at = whole_end, exponent;
    struct str fraction = STR(""), power = STR("");

    if (at < l->text.n && l->text.p[at] == '.') {
        fraction = str_sub(l->text, at + 1, skip_digits(l, at + 1) - at - 1);
        at += 1 + fraction.n;
    }
    exponent = at;
    if (at < l->text.n && ascii_lower(l->text.p[at]) == 'e') {
        size_t digits = at + 1;
        digits += digits < l->text.n && (l->text.p[digits] == '+' || l->text.p[digits] == '-');
        size_t end = skip_digits(l, digits);
        if (end > digits)
            at = end;
    }
    if (at > exponent)
        power = str_sub(l->text, exponent, at - exponent);
    struct str whole = str_sub(l->text, start, whole_end - start);
    while (whole.n > 1 && whole.p[0] == '0')
        whole = str_sub(whole, 1, SIZE_MAX);
    t->kind = EQL_T_NUMBER;
    t->text =
        arena_printf(l->a, "%s%.*s%s%.*s%.*s", whole.n ? "" : "0", (int)whole.n, whole.p,
                     fraction.n ? "." : "", (int)fraction.n, fraction.p, (int)power.n, power.p);
    l->next = at;
    return true;
}

/* ---- signs -------------------------------------------------------------------- */

static bool refuse(struct eql_lexer *l, const struct eql_token *t)
{
    char c = l->text.p[l->next];

    if (c == '\'')
        return diag_error(l->diag, t->at, "strings stand in \"double quotes\"");
    if (c == '$')
        return diag_unsupported(l->diag, t->at,
                                "variables ($...): not part of Elasticsearch's EQL");
    return diag_error(l->diag, t->at, "'%.*s' has no meaning here",
                      (int)utf8_char(l->text, l->next), l->text.p + l->next);
}

static bool lex_sign(struct eql_lexer *l, struct eql_token *t)
{
    static const char *const SIGNS[] = {"==", "!=", "<=", ">=", "=", "<", ">", "(", ")", "[", "]",
                                        ",",  ".",  ":",  "?",  "|", "!", "+", "-", "*", "/", "%"};

    for (size_t i = 0; i < ARRAY_LEN(SIGNS); i++)
        if (has(l, l->next, SIGNS[i])) {
            t->kind = EQL_T_SIGN;
            t->text = str_sub(l->text, l->next, strlen(SIGNS[i]));
            l->next += t->text.n;
            return true;
        }
    return refuse(l, t);
}

static bool lex_token(struct eql_lexer *l, struct eql_token *t)
{
    char c = l->text.p[l->next], after = l->next + 1 < l->text.n ? l->text.p[l->next + 1] : '\0';

    if (has(l, l->next, "\"\"\""))
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
    *out = (struct eql_token){.kind = EQL_T_END, .at = place_of(l, l->next)};
    size_t start = l->next;
    if (start < l->text.n && !lex_token(l, out))
        return false;
    out->raw = str_sub(l->text, start, l->next - start);
    return true;
}
