/* grok.c - patterns of GROK and DISSECT as regexes with named groups.
 *
 * Columns may have dots in their names, groups may not: groups are named by number and renamed
 * afterwards. */
#include "lang/esql/parser.h"

#include "base/buf.h"
#include "base/str.h"

enum { FIELDS_MAX = 60 };

struct reader {
    struct esql_parser *p;
    struct place at;
    struct buf regex;
    struct str fields[FIELDS_MAX];
    size_t n;
};

static const struct {
    const char *name, *regex;
} PATTERNS[] = {
    {"DATA", ".*?"},
    {"GREEDYDATA", ".*"},
    {"NOTSPACE", "\\S+"},
    {"SPACE", "\\s*"},
    {"WORD", "\\b\\w+\\b"},
    {"INT", "[+-]?\\d+"},
    {"POSINT", "\\b[1-9]\\d*\\b"},
    {"NONNEGINT", "\\b\\d+\\b"},
    {"NUMBER", "[+-]?(?:\\d+(?:\\.\\d+)?|\\.\\d+)"},
    {"BASE10NUM", "[+-]?(?:\\d+(?:\\.\\d+)?|\\.\\d+)"},
    {"BASE16NUM", "(?:0[xX])?[0-9A-Fa-f]+"},
    {"USERNAME", "[a-zA-Z0-9._-]+"},
    {"USER", "[a-zA-Z0-9._-]+"},
    {"HOSTNAME", "\\b[0-9A-Za-z][0-9A-Za-z-]{0,62}(?:\\.[0-9A-Za-z][0-9A-Za-z-]{0,62})*\\.?"},
    {"IPV4", "\\d{1,3}(?:\\.\\d{1,3}){3}"},
    {"IPV6", "[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+"},
    {"IP", "(?:\\d{1,3}(?:\\.\\d{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+)"},
    {"IPORHOST", "[0-9A-Za-z:][0-9A-Za-z.:-]*"},
    {"UUID", "[A-Fa-f0-9]{8}-(?:[A-Fa-f0-9]{4}-){3}[A-Fa-f0-9]{12}"},
    {"QUOTEDSTRING", "(?:\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*')"},
    {"QS", "(?:\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*')"},
    {"UNIXPATH", "(?:/[\\w_%!$@:.,+~-]*)+"},
    {"WINPATH", "(?:[A-Za-z]+:|\\\\)(?:\\\\[^\\\\?*]*)+"},
    {"PATH", "(?:(?:/[\\w_%!$@:.,+~-]*)+|(?:[A-Za-z]+:|\\\\)(?:\\\\[^\\\\?*]*)+)"},
    {"EMAILADDRESS", "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]+@[0-9A-Za-z.-]+"},
    {"URIPROTO", "[A-Za-z]+(?:\\+[A-Za-z+]+)?"},
    {"URIHOST", "[0-9A-Za-z:][0-9A-Za-z.:-]*"},
    {"URIPATHPARAM", "(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_-]*)+(?:\\?\\S*)?"},
    {"URIPATH", "(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_-]*)+"},
};

static const char *pattern_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(PATTERNS); i++)
        if (str_eq(name, str_from(PATTERNS[i].name)))
            return PATTERNS[i].regex;
    return NULL;
}

static bool open_group(struct reader *r, struct str field)
{
    if (r->n == FIELDS_MAX)
        return diag_error(r->p->s->diag, r->at, "more than %d fields in one pattern", FIELDS_MAX);
    r->fields[r->n] = names_intern(r->p->s->names, field);
    buf_printf(&r->regex, "(?<esql%zu>", ++r->n);
    return true;
}

/* What the groups found becomes columns, null where the pattern does not match. */
static bool set_columns(struct reader *r, struct expr *subject)
{
    struct regex re = {.pattern = names_intern(r->p->s->names, buf_str(&r->regex)),
                       .is_dotall = true};
    bool is_good = pipe_capture(r->p->pipe, r->at, subject, &re, false, NULL);

    for (size_t i = 0; is_good && i < r->n; i++)
        is_good = pipe_rename(r->p->pipe, r->at, arena_printf(r->p->s->scratch, "esql%zu", i + 1),
                              r->fields[i]);
    buf_release(&r->regex);
    return is_good;
}

/* A regex, whose own named groups may have dots in their names. */
static bool add_regex(struct reader *r, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool is_named = str_starts(str_sub(text, i, SIZE_MAX), STR("(?<")) && i + 3 < text.n &&
                        text.p[i + 3] != '=' && text.p[i + 3] != '!';
        size_t end = is_named ? str_find_char(text, '>', i) : SIZE_MAX;
        if (end == SIZE_MAX) {
            buf_add_char(&r->regex, text.p[i]);
            if (text.p[i] == '\\' && i + 1 < text.n)
                buf_add_char(&r->regex, text.p[++i]);
            continue;
        }
        if (!open_group(r, str_sub(text, i + 3, end - i - 3)))
            return false;
        i = end;
    }
    return true;
}

/* %{NAME}, %{NAME:field}, %{NAME:field:type}; what is around is a regex. */
bool esql_grok(struct esql_parser *p, struct place at, struct expr *subject, struct str pattern)
{
    struct reader r = {.p = p, .at = at};
    size_t next = 0;
    bool is_good = true;

    while (is_good && next < pattern.n) {
        size_t start = str_find(pattern, STR("%{"), next);
        is_good =
            add_regex(&r, str_sub(pattern, next, start == SIZE_MAX ? SIZE_MAX : start - next));
        if (start == SIZE_MAX || !is_good)
            break;
        size_t end = str_find_char(pattern, '}', start);
        struct str inner = str_sub(pattern, start + 2, end - start - 2), name, field, type;
        if (end == SIZE_MAX) {
            is_good = diag_error(p->s->diag, at, "'}' is missing in the pattern");
            break;
        }
        bool has_field = str_cut(inner, ':', &name, &field);
        (void)str_cut(field, ':', &field, &type);
        const char *regex = pattern_of(name);
        if (!regex)
            is_good = diag_unsupported(
                p->s->diag, at, "the GROK pattern %%{%.*s}: not in this version", SHOWN(name));
        else if (has_field)
            is_good = open_group(&r, field);
        if (is_good)
            buf_printf(&r.regex, has_field ? "%s)" : "(?:%s)", regex);
        next = end + 1;
    }
    if (is_good)
        return set_columns(&r, subject);
    buf_release(&r.regex);
    return false;
}

static void add_literal(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] > ' ' && (unsigned char)text.p[i] < 127 && !strchr("_", text.p[i]) &&
            !((ascii_lower(text.p[i]) >= 'a' && ascii_lower(text.p[i]) <= 'z') ||
              (text.p[i] >= '0' && text.p[i] <= '9')))
            buf_add_char(out, '\\');
        buf_add_char(out, text.p[i]);
    }
}

/* %{field}, %{field->} (any number of what follows), %{?field}, %{}. */
bool esql_dissect(struct esql_parser *p, struct place at, struct expr *subject, struct str pattern)
{
    struct reader r = {.p = p, .at = at};
    size_t next = 0;
    bool is_good = true;

    buf_add_char(&r.regex, '^');
    while (is_good && next < pattern.n) {
        size_t start = str_find(pattern, STR("%{"), next);
        add_literal(&r.regex, str_sub(pattern, next, start == SIZE_MAX ? SIZE_MAX : start - next));
        if (start == SIZE_MAX)
            break;
        size_t end = str_find_char(pattern, '}', start);
        struct str field = str_sub(pattern, start + 2, end - start - 2);
        if (end == SIZE_MAX || (field.n && strchr("+*&", field.p[0]))) {
            is_good = diag_unsupported(p->s->diag, at, "this DISSECT pattern: not in this version");
            break;
        }
        bool is_padded = str_ends(field, STR("->")), is_skipped = !field.n || field.p[0] == '?';
        field = is_padded ? str_sub(field, 0, field.n - 2) : field;
        is_skipped |= !field.n;
        const char *any = end + 1 == pattern.n ? ".*" : ".*?";
        if (is_skipped)
            buf_printf(&r.regex, "(?:%s)", any);
        else if ((is_good = open_group(&r, field)))
            buf_printf(&r.regex, "%s)", any);
        next = end + 1;
        if (is_padded && next < pattern.n) {
            buf_add(&r.regex, STR("(?:"));
            add_literal(&r.regex, str_sub(pattern, next, 1));
            buf_add(&r.regex, STR(")*"));
        }
    }
    if (is_good)
        return set_columns(&r, subject);
    buf_release(&r.regex);
    return false;
}
