/* lucene.c - Lucene's regexes, rewritten in the internal syntax.
 *
 * A recursive reader of union, concatenation and repeat that writes as it goes. What differs:
 * the whole value must match and `.` is any character (flags of struct regex); ^ and $ are
 * characters; "text" is literal; @ is any text, # matches nothing; a backslash makes the next
 * sign literal, d D s S w W are classes, and any other letter behind it is an error; a repeat of a
 * repeat is one (in the internal syntax it would be lazy or possessive). Complement (~),
 * intersection (&) and number ranges (<1-9>) have no counterpart and are refused by name.
 */
#include "lang/lucene.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "rule/regex_check.h"

enum { GROUPS_MAX = 100 };

struct reader {
    struct query_scope *s;
    struct place at;
    struct str text;
    size_t next;
    struct buf *out;
    unsigned depth;
};

static bool fail(struct reader *r, const char *what)
{
    return diag_error(r->s->diag, r->at, "not a valid regex: %s at character %zu", what,
                      r->next + 1);
}

static bool refuse(struct reader *r, const char *what)
{
    return diag_unsupported(r->s->diag, r->at,
                            "the regex uses %s at character %zu, which weir does not do (a plain "
                            "'%c' is '\\%c')",
                            what, r->next + 1, r->text.p[r->next], r->text.p[r->next]);
}

static bool is_next(const struct reader *r, char c)
{
    return r->next < r->text.n && r->text.p[r->next] == c;
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '_';
}

/* A character that stands for itself. */
static void put_literal(struct reader *r, struct str character)
{
    char c = character.p[0];

    if (character.n == 1 && c > ' ' && c < 127 && !is_alphanumeric(c))
        buf_add_char(r->out, '\\');
    buf_add(r->out, character);
}

static struct str take_character(struct reader *r)
{
    struct str c = str_sub(r->text, r->next, utf8_char(r->text, r->next));

    r->next += c.n;
    return c;
}

/* ---- one piece ---------------------------------------------------------------- */

/* Behind a backslash, in a class or outside. */
static bool read_escape(struct reader *r)
{
    r->next++;
    if (r->next == r->text.n)
        return fail(r, "a backslash with nothing behind it");
    char c = r->text.p[r->next];
    if (strchr("dDsSwW", c) && c) {
        buf_printf(r->out, "\\%c", c);
        r->next++;
    } else if ((ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z')) {
        return diag_error(r->s->diag, r->at,
                          "not a valid regex: '\\%c' at character %zu is no escape of Lucene's "
                          "(\\d \\D \\s \\S \\w \\W, or a sign)",
                          c, r->next);
    } else {
        put_literal(r, take_character(r));
    }
    return true;
}

static bool read_class(struct reader *r)
{
    r->next++;
    buf_add_char(r->out, '[');
    if (is_next(r, '^')) {
        buf_add_char(r->out, '^');
        r->next++;
    }
    if (is_next(r, ']'))
        return fail(r, "an empty class []");
    while (r->next < r->text.n && !is_next(r, ']')) {
        if (is_next(r, '\\')) {
            if (!read_escape(r))
                return false;
        } else if (is_next(r, '-')) { /* a range keeps its sign */
            bool is_last = r->next + 1 < r->text.n && r->text.p[r->next + 1] == ']';
            buf_add(r->out, is_last ? STR("\\-") : STR("-"));
            r->next++;
        } else {
            put_literal(r, take_character(r));
        }
    }
    if (r->next == r->text.n)
        return fail(r, "']' is missing");
    r->next++;
    buf_add_char(r->out, ']');
    return true;
}

static bool read_quoted(struct reader *r)
{
    r->next++;
    buf_add(r->out, STR("(?:"));
    while (r->next < r->text.n && !is_next(r, '"'))
        put_literal(r, take_character(r));
    if (r->next == r->text.n)
        return fail(r, "the closing '\"' of a literal text is missing");
    r->next++;
    buf_add_char(r->out, ')');
    return true;
}

static bool read_union(struct reader *r);

static bool read_group(struct reader *r)
{
    r->next++;
    if (++r->depth > GROUPS_MAX)
        return fail(r, "more than 100 groups inside each other");
    buf_add(r->out, STR("(?:"));
    if (!is_next(r, ')') && !read_union(r))
        return false;
    if (!is_next(r, ')'))
        return fail(r, "')' is missing");
    r->next++;
    r->depth--;
    buf_add_char(r->out, ')');
    return true;
}

static bool read_piece(struct reader *r)
{
    switch (r->text.p[r->next]) {
    case '(':
        return read_group(r);
    case '[':
        return read_class(r);
    case '"':
        return read_quoted(r);
    case '\\':
        return read_escape(r);
    case '.':
        buf_add_char(r->out, '.');
        break;
    case '@':
        buf_add(r->out, STR("(?:.*)"));
        break;
    case '#':
        buf_add(r->out, STR("[^\\s\\S]"));
        break;
    case '~':
        return refuse(r, "the complement operator '~'");
    case '&':
        return refuse(r, "the intersection operator '&'");
    case '<':
        return refuse(r, "a range of numbers <...>");
    case '*':
    case '+':
    case '?':
    case '{': /* Lucene's parser asks for repeats behind a piece only */
        diag_warn(r->s->diag, r->at,
                  "'%c' repeats nothing in the regex: it is the character itself",
                  r->text.p[r->next]);
        put_literal(r, take_character(r));
        return true;
    default:
        put_literal(r, take_character(r));
        return true;
    }
    r->next++;
    return true;
}

/* ---- repeats ------------------------------------------------------------------ */

/* {n} {n,} {n,m}: 0 if it is none of them. */
static size_t counts_length(const struct reader *r)
{
    size_t at = r->next + 1, digits = at;

    while (at < r->text.n && r->text.p[at] >= '0' && r->text.p[at] <= '9')
        at++;
    if (at == digits)
        return 0;
    if (at < r->text.n && r->text.p[at] == ',')
        at++;
    while (at < r->text.n && r->text.p[at] >= '0' && r->text.p[at] <= '9')
        at++;
    return at < r->text.n && r->text.p[at] == '}' ? at + 1 - r->next : 0;
}

static bool is_repeat(const struct reader *r)
{
    return is_next(r, '*') || is_next(r, '+') || is_next(r, '?') || is_next(r, '{');
}

/* What was written since `start` becomes a group of its own. */
static void group_from(struct reader *r, size_t start)
{
    buf_reserve(r->out, 4);
    memmove(r->out->p + start + 3, r->out->p + start, r->out->n - start);
    memcpy(r->out->p + start, "(?:", 3);
    r->out->n += 3;
    buf_add_char(r->out, ')');
}

static bool read_repeated(struct reader *r)
{
    size_t start = r->out->n;

    if (!read_piece(r))
        return false;
    for (bool is_again = false; is_repeat(r); is_again = true) {
        size_t n = is_next(r, '{') ? counts_length(r) : 1;
        if (n == 0)
            return fail(r, "a count that is not {n}, {n,} or {n,m}");
        if (is_again)
            group_from(r, start);
        buf_add(r->out, str_sub(r->text, r->next, n));
        r->next += n;
    }
    return true;
}

static bool read_union(struct reader *r)
{
    for (;;) {
        bool is_empty = true;
        while (r->next < r->text.n && !is_next(r, '|') && !is_next(r, ')')) {
            if (!read_repeated(r))
                return false;
            is_empty = false;
        }
        if (is_empty)
            return fail(r, "an empty alternative");
        if (!is_next(r, '|'))
            return true;
        buf_add_char(r->out, '|');
        r->next++;
    }
}

static bool read_all(struct reader *r)
{
    if (r->text.n && !read_union(r))
        return false;
    return r->next == r->text.n || fail(r, "')' without '('");
}

bool lucene_regex(struct query_scope *s, struct place at, struct str text, bool is_caseless,
                  struct regex *out)
{
    struct buf written = {0};
    struct reader r = {.s = s, .at = at, .text = text, .out = &written};
    struct regex_fault fault;

    if (text.n > REGEX_LENGTH_MAX)
        return diag_error(s->diag, at, "the regex is longer than %d bytes", REGEX_LENGTH_MAX);
    bool is_good = read_all(&r);
    if (is_good)
        *out = (struct regex){.pattern =
                                  names_intern(s->names, written.n ? buf_str(&written) : STR("")),
                              .is_caseless = is_caseless,
                              .is_dotall = true,
                              .is_whole_value = true};
    buf_release(&written);
    if (!is_good)
        return false;
    if (regex_check(out, &fault) != WEIR_OK)
        return diag_error(s->diag, at, "not a valid regex: %s", fault.text);
    return true;
}
