/* scan.c - reading byte by byte.
 *
 * What a slash is depends on where it stands: a regex where a value may begin, a division behind
 * one, a part of a word inside it; two of them, or one and a star, begin a comment everywhere.
 */
#include "lang/cql/scan.h"

#include "base/str.h"
#include "base/vec.h"

/* A place inside a YAML scalar is found by walking to it: of longer ones the scalar's own is told.
 */
enum { PLACES_MAX = 64 * 1024 };

/* ---- places ------------------------------------------------------------------- */

bool cql_start(struct cql *x, struct str query)
{
    size_t cap = 0;

    if (query.n > QUERY_BYTES_MAX)
        return diag_error(x->s->diag, x->s->at, "the query is larger than 1 MiB");
    x->text = query;
    x->next = 0;
    x->end = query.n;
    for (size_t at = 0;;) {
        x->lines = vec_room(x->s->scratch, x->lines, x->n_lines, &cap, sizeof *x->lines);
        x->lines[x->n_lines++] = at;
        size_t newline = str_find_char(query, '\n', at);
        if (newline == SIZE_MAX)
            return true;
        at = newline + 1;
    }
}

struct place cql_place(const struct cql *x, size_t at)
{
    size_t low = 0, high = x->n_lines;

    if (x->outer.line)
        return x->outer;
    if (x->s->quoted)
        return quoted_place(x->s->quoted, at);
    if (x->options && x->options->is_scalar)
        return x->text.n > PLACES_MAX ? x->s->at : diag_inside(x->s->diag, x->s->at, x->text, at);
    while (high - low > 1) { /* lines[low] <= at < lines[high] */
        size_t middle = low + (high - low) / 2;
        *(x->lines[middle] <= at ? &low : &high) = middle;
    }
    uint32_t col = (uint32_t)(at - x->lines[low]);
    return (struct place){x->s->at.line + (uint32_t)low, col + (low ? 1 : x->s->at.col)};
}

struct place cql_here(const struct cql *x)
{
    return cql_place(x, x->next);
}

/* ---- blanks, signs, words ------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char byte_at(const struct cql *x, size_t at)
{
    return at < x->end ? x->text.p[at] : '\0';
}

/* Past the comment that begins here; false: none does. */
static bool skip_comment(struct cql *x)
{
    if (cql_peek(x) != '/' || (byte_at(x, x->next + 1) != '/' && byte_at(x, x->next + 1) != '*'))
        return false;
    bool is_line = byte_at(x, x->next + 1) == '/';
    size_t begin = x->next,
           end = str_find(x->text, is_line ? STR("\n") : STR("*/"), begin + (is_line ? 0 : 2));
    if (end == SIZE_MAX || end >= x->end) {
        x->next = x->end;
        if (!is_line)
            diag_error(x->s->diag, cql_place(x, begin), "a comment that is never closed");
        return true;
    }
    x->next = end + (is_line ? 1 : 2);
    return true;
}

void cql_blanks(struct cql *x)
{
    for (;;) {
        while (is_blank(cql_peek(x)))
            x->next++;
        if (!skip_comment(x))
            return;
    }
}

char cql_peek(const struct cql *x)
{
    return byte_at(x, x->next);
}

bool cql_is_end(struct cql *x)
{
    cql_blanks(x);
    return x->next >= x->end;
}

bool cql_is_step_end(struct cql *x)
{
    return cql_is_end(x) || strchr("|;})", cql_peek(x));
}

bool cql_is_at(struct cql *x, const char *sign)
{
    cql_blanks(x);
    return str_starts(str_sub(x->text, x->next, x->end - x->next), str_from(sign));
}

bool cql_take(struct cql *x, const char *sign)
{
    if (!cql_is_at(x, sign))
        return false;
    x->next += strlen(sign);
    return true;
}

static bool is_letter(char c)
{
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool cql_take_word(struct cql *x, const char *word)
{
    size_t n = strlen(word);

    cql_blanks(x);
    char behind = byte_at(x, x->next + n);
    if (!str_eq_ci(str_sub(x->text, x->next, n), str_from(word)) || x->next + n > x->end ||
        is_letter(behind) || is_digit(behind) || (behind && strchr(".#@*-\\[", behind)))
        return false;
    x->next += n;
    return true;
}

bool cql_expected(struct cql *x, const char *what)
{
    cql_blanks(x);
    if (diag_failed(x->s->diag)) /* of one fault one message */
        return false;
    if (x->next >= x->text.n)
        return diag_error(x->s->diag, cql_here(x), "expected %s, found the end of the query", what);
    size_t n = x->text.n - x->next, newline = str_find_char(x->text, '\n', x->next);
    n = newline == SIZE_MAX ? n : newline - x->next;
    return diag_error(x->s->diag, cql_here(x), "expected %s, found '%.*s'", what,
                      (int)(n > 20 ? 20 : n), x->text.p + x->next);
}

/* ---- texts ----------------------------------------------------------------------- */

static char escaped(char c)
{
    return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == '"' || c == '\\' ? c : '\0';
}

static size_t closing(const struct cql *x, char close, bool has_classes)
{
    bool is_in_class = false;

    for (size_t i = x->next + 1; i < x->end && (!has_classes || x->text.p[i] != '\n'); i++) {
        char c = x->text.p[i];
        if (c == close && !is_in_class)
            return i;
        if (has_classes && (c == '[' || c == ']'))
            is_in_class = c == '[' || (is_in_class && strchr("[^", x->text.p[i - 1]));
        i += c == '\\';
    }
    return SIZE_MAX;
}

/* A slash among the brackets of a regex does not end it, if one behind them does. */
size_t cql_closing(const struct cql *x, char close)
{
    size_t end = close == '/' ? closing(x, close, true) : SIZE_MAX;

    return end != SIZE_MAX ? end : closing(x, close, false);
}

bool cql_quoted(struct cql *x, struct str *out)
{
    size_t n = 0, close = cql_closing(x, '"');

    if (close == SIZE_MAX)
        return diag_error(x->s->diag, cql_here(x), "a \" that is never closed");
    char *p = arena_alloc(x->s->scratch, close - x->next);
    for (x->next++; x->next < close; x->next++) {
        char c = cql_peek(x), meant = c == '\\' ? escaped(byte_at(x, x->next + 1)) : '\0';
        if (meant) { /* others are a backslash and what is behind it */
            c = meant;
            x->next++;
        }
        p[n++] = c;
    }
    x->next = close + 1;
    *out = names_intern(x->s->names, (struct str){p, n});
    return true;
}

/* Bytes of "[0]" that begin here; 0: it is something else. */
static size_t index_length(const struct cql *x)
{
    size_t i = x->next + 1;

    while (is_digit(byte_at(x, i)))
        i++;
    return byte_at(x, i) == ']' ? i + 1 - x->next : 0;
}

static size_t bare_length(const struct cql *x, size_t begin)
{
    char c = cql_peek(x), behind = byte_at(x, x->next + 1);

    if (c == '\0' || is_blank(c) || strchr("|(){},;\"=<>]", c))
        return 0;
    if (c == '[')
        return index_length(x);
    if ((c == '!' || c == ':') && behind == '=')
        return 0;
    if (c == '/' && (x->next == begin || behind == '/' || behind == '*'))
        return 0;
    return 1;
}

struct str cql_bare(struct cql *x)
{
    size_t begin, n;

    cql_blanks(x);
    begin = x->next;
    while ((n = bare_length(x, begin)) > 0)
        x->next += n;
    bool is_address = x->next > begin && x->text.p[x->next - 1] == ':' && cql_peek(x) == '/';
    if (is_address)
        diag_error(x->s->diag, cql_here(x),
                   "'//' begins a comment: a text with it stands in quotes");
    return str_sub(x->text, begin, x->next - begin);
}

static size_t word_length(const struct cql *x)
{
    char c = cql_peek(x);

    if (c == '[')
        return index_length(x);
    if (c == ':')
        return byte_at(x, x->next + 1) != '=';
    return is_letter(c) || is_digit(c) || (c && strchr("#@.$\\", c));
}

struct str cql_word(struct cql *x)
{
    size_t begin, n;

    cql_blanks(x);
    begin = x->next;
    while ((n = word_length(x)) > 0)
        x->next += n;
    return str_sub(x->text, begin, x->next - begin);
}

bool cql_name(struct cql *x, struct str *out)
{
    cql_blanks(x);
    if (cql_peek(x) == '"')
        return cql_quoted(x, out);
    *out = cql_bare(x);
    return (out->n > 0 && !diag_failed(x->s->diag)) || cql_expected(x, "the name of a field");
}

/* ---- regexes ----------------------------------------------------------------------- */

bool cql_regex_flags(struct cql *x, size_t at, struct str flags, struct regex *re)
{
    for (size_t i = 0; i < flags.n; i++) {
        char c = flags.p[i];
        re->is_caseless |= c == 'i';
        re->is_multiline |= c == 'm';
        re->is_dotall |= c == 'd';
        if (!strchr("imdgF", c)) /* g: all matches, which is the same to a filter; F: an engine */
            return diag_error(x->s->diag, cql_place(x, at + i),
                              "'%c' is no flag of a regex (i, m, d, g, F)", c);
    }
    return true;
}

bool cql_regex_literal(struct cql *x, struct regex *out)
{
    size_t n = 0, close = cql_closing(x, '/');

    *out = (struct regex){0};
    if (close == SIZE_MAX || str_find_char(x->text, '\n', x->next) < close)
        return diag_error(x->s->diag, cql_here(x), "a regex that is never closed");
    char *p = arena_alloc(x->s->scratch, close - x->next);
    for (x->next++; x->next < close; x->next++) {
        bool is_escape = cql_peek(x) == '\\';
        if (is_escape && byte_at(x, x->next + 1) != '/')
            p[n++] = '\\';
        x->next += is_escape;
        p[n++] = cql_peek(x);
    }
    out->pattern = names_intern(x->s->names, (struct str){p, n});
    size_t flags = ++x->next;
    while (is_letter(cql_peek(x)) || is_digit(cql_peek(x)))
        x->next++;
    return cql_count_value(x) &&
           cql_regex_flags(x, flags, str_sub(x->text, flags, x->next - flags), out);
}

/* ---- limits, dialect ---------------------------------------------------------------- */

bool cql_count_value(struct cql *x)
{
    if (x->n_values++ < QUERY_VALUES_MAX)
        return true;
    return diag_error(x->s->diag, cql_here(x), "more than %d values", QUERY_VALUES_MAX);
}

bool cql_enter(struct cql *x)
{
    if (x->depth++ < QUERY_DEPTH_MAX)
        return true;
    return diag_error(x->s->diag, cql_here(x), "nested deeper than %d", QUERY_DEPTH_MAX);
}

bool cql_lenient(struct cql *x, size_t at, enum cql_lenient what)
{
    static const char *const TOLD[CQL_LENIENTS] = {
        [CQL_INFIX_IN] = "'field in (...)' is no CQL: taken as in(field, values=[...])",
        [CQL_NOT_LIKE] = "'field not like x' is no CQL: taken as not (field like x)",
        [CQL_WHERE] = "'where' is no word of CQL: taken as a filter",
        [CQL_EVAL_CASE] = ("case() is no function of CQL: taken as the value of the first "
                           "condition that is true"),
        [CQL_EVAL_IF] = "if() without then= and else=: taken in this order",
        [CQL_DROP_ALL] = "drop() without fields is no CQL: taken as dropEvent()",
        [CQL_COLLECT_AS] = "collect() has no parameter 'as' in CQL: taken as a rename",
        [CQL_LEADING_BAR] = "a query that begins with '|': taken as one without it"};

    if (x->is_strict)
        return diag_error(x->s->diag, cql_place(x, at), "strict: %s", TOLD[what]);
    if (!x->was_lenient[what])
        diag_warn(x->s->diag, cql_place(x, at), "lenient: %s", TOLD[what]);
    x->was_lenient[what] = true;
    return true;
}
