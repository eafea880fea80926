/* pipeline_replace.c - replace_string: a regex over what the modifiers have made of a value.
 *
 * As pySigma does it: the regex sees the value in one line, wildcards as `*` and `?`, what is
 * literally one of these behind a backslash; so `contains: x` is `*x*`. What the regex does not
 * touch stays what it was; what takes the place of the rest is read as a value again, where a
 * backslash is itself unless a wildcard stands behind it.
 */
#include "lang/sigma/pipeline_impl.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"

enum { REPLACED_BYTES_MAX = 1024 * 1024 };

/* ---- the replacement: Python's template ---------------------------------------------------- */

struct piece {
    struct str text;
    uint32_t group; /* UINT32_MAX: it is the text */
};

static uint32_t group_named(const struct expr_regex *re, struct str name)
{
    uint64_t n;

    if (str_to_u64(name, &n))
        return n <= expr_regex_groups(re) ? (uint32_t)n : UINT32_MAX;
    for (uint32_t i = 1; i <= expr_regex_groups(re); i++)
        if (name.n && str_eq(expr_regex_group_name(re, i), name))
            return i;
    return UINT32_MAX;
}

static bool is_digit(struct str s, size_t at)
{
    return at < s.n && s.p[at] >= '0' && s.p[at] <= '9';
}

/* What stands behind a backslash; *n bytes of it. False: nothing that is known here. */
static bool read_escape(const struct expr_regex *re, struct str rest, size_t *n, struct piece *out)
{
    static const char LETTERS[] = "nrtafv\\", MEAN[] = "\n\r\t\a\f\v\\";

    *n = 1;
    if (rest.n == 0)
        return false;
    const char *letter = memchr(LETTERS, rest.p[0], sizeof LETTERS - 1);
    if (letter) {
        out->text = (struct str){MEAN + (letter - LETTERS), 1};
        return true;
    }
    struct str name = str_sub(rest, 0, is_digit(rest, 1) ? 2 : 1);
    *n = name.n;
    if (rest.p[0] == 'g' && rest.n > 1 && rest.p[1] == '<') {
        size_t end = str_find_char(rest, '>', 2);
        if (end == SIZE_MAX)
            return false;
        name = str_sub(rest, 2, end - 2);
        *n = end + 1;
    } else if (!is_digit(rest, 0) || rest.p[0] == '0') {
        return false; /* Python has an octal character there, or refuses it */
    }
    out->group = group_named(re, name);
    return out->group != UINT32_MAX;
}

/* The piece at *at, which is in the template, and on to the next. */
static bool next_piece(const struct expr_regex *re, struct str form, size_t *at, struct piece *out)
{
    size_t end = str_find_char(form, '\\', *at), n;

    *out = (struct piece){STR(""), UINT32_MAX};
    if (end != *at) {
        end = end == SIZE_MAX ? form.n : end;
        out->text = str_sub(form, *at, end - *at);
        *at = end;
        return true;
    }
    bool is_good = read_escape(re, str_sub(form, end + 1, SIZE_MAX), &n, out);
    *at = end + 1 + n;
    return is_good;
}

bool pipeline_template_check(const struct expr_regex *re, struct str form, size_t *fault)
{
    struct piece piece;

    for (size_t at = 0; at < form.n;) {
        *fault = at;
        if (!next_piece(re, form, &at, &piece))
            return false;
    }
    return true;
}

static void add_replacement(struct buf *out, const struct transform *t, const struct expr_match *m)
{
    struct piece piece;

    for (size_t at = 0; at < t->text.n;) {
        bool is_good = next_piece(t->regex, t->text, &at, &piece);
        ASSERT(is_good); /* pipeline_template_check() */
        struct str text = piece.group == UINT32_MAX ? piece.text : m->groups[piece.group];
        if (text.n)
            buf_add(out, text);
    }
}

/* ---- a value as one line ------------------------------------------------------------------- */

struct line {
    struct str text;
    const struct sigma_part *
        *parts;     /* of each byte; a backslash that escapes belongs to the next */
    bool *is_start; /* a part or a byte of text begins here */
};

static struct line line_of(struct arena *a, struct sigma_string s)
{
    struct line line;
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += s.parts[i].kind == SIGMA_TEXT ? 2 * s.parts[i].text.n : 1;
    char *p = arena_alloc(a, n);
    line.parts = ARENA_ARRAY(a, n, const struct sigma_part *);
    line.is_start = ARENA_ARRAY(a, n + 1, bool);
    n = 0;
    for (size_t i = 0; i < s.n; i++) {
        const struct sigma_part *part = &s.parts[i];
        struct str text = part->kind == SIGMA_TEXT  ? part->text
                          : part->kind == SIGMA_ANY ? STR("*")
                                                    : STR("?");
        for (size_t k = 0; k < text.n; k++) {
            bool is_escaped = part->kind == SIGMA_TEXT && (text.p[k] == '*' || text.p[k] == '?');
            line.is_start[n] = true;
            line.parts[n] = part;
            if (is_escaped) {
                p[n++] = '\\';
                line.is_start[n] = false;
                line.parts[n] = part;
            }
            p[n++] = text.p[k];
        }
    }
    line.is_start[n] = true;
    line.text = (struct str){p, n};
    return line;
}

/* Texts of a rule: what was replaced collects in `pending` until something that was not comes. */
struct writer {
    struct buf out, pending;
};

static void flush(struct writer *w)
{
    struct str s = buf_str(&w->pending);

    for (size_t i = 0; i < s.n; i++) {
        bool escapes = i + 1 < s.n && (s.p[i + 1] == '*' || s.p[i + 1] == '?');
        if (s.p[i] == '\\' && !escapes)
            buf_add_char(&w->out, '\\');
        buf_add_char(&w->out, s.p[i]);
        if (s.p[i] == '\\' && escapes)
            buf_add_char(&w->out, s.p[++i]);
    }
    buf_clear(&w->pending);
}

/* The bytes [from, to) of the line as they were. */
static void keep(struct writer *w, const struct line *line, size_t from, size_t to)
{
    for (size_t i = from; i < to;) {
        size_t end = i + 1;
        while (!line->is_start[end])
            end++;
        if (!line->is_start[i] || end > to) { /* the match has the other half */
            buf_add_char(&w->pending, line->text.p[i++]);
            continue;
        }
        flush(w);
        char c = line->text.p[end - 1];
        if (line->parts[i]->kind == SIGMA_TEXT && (c == '*' || c == '?' || c == '\\'))
            buf_add_char(&w->out, '\\');
        buf_add_char(&w->out, c);
        i = end;
    }
}

static size_t next_letter(struct str s, size_t at)
{
    do
        at++;
    while (at < s.n && ((unsigned char)s.p[at] & 0xC0) == 0x80);
    return at < s.n ? at : s.n;
}

static struct sigma_string replace_in(struct arena *a, const struct transform *t,
                                      struct sigma_string s)
{
    struct line line = line_of(a, s);
    struct writer w = {0};
    struct expr_match m;
    size_t at = 0, kept = 0;

    while (at <= line.text.n && w.out.n < REPLACED_BYTES_MAX &&
           expr_regex_match(t->regex, a, line.text, at, &m) == EXPR_REGEX_YES) {
        size_t start = (size_t)(m.groups[0].p - line.text.p);
        keep(&w, &line, kept, start);
        add_replacement(&w.pending, t, &m);
        kept = at = m.end;
        if (m.groups[0].n == 0) { /* an empty match: step on */
            if (at == line.text.n)
                break;
            at = next_letter(line.text, at);
            keep(&w, &line, kept, at);
            kept = at;
        }
    }
    keep(&w, &line, kept, line.text.n);
    flush(&w);
    struct sigma_string out = sigma_string_parse(a, arena_str(a, buf_str(&w.out)), false, NULL);
    buf_release(&w.out);
    buf_release(&w.pending);
    return out;
}

/* A number in which something is replaced is a text from then on. */
static void replace_number(struct arena *a, const struct transform *t, struct sigma_value *v)
{
    struct sigma_string s = replace_in(a, t, sigma_string_of(a, v->text));
    struct str text;

    if (sigma_string_literal(a, s, &text) && str_eq(text, v->text))
        return;
    v->kind = SIGMA_STRING;
    v->string = s;
}

bool sigma_values_replace(struct sigma_scope *s, const struct sigma_key *key,
                          struct sigma_values *values)
{
    /* dashes of windash: each of its texts is replaced by itself */
    for (size_t i = 0; key->n_replacements && i < values->n; i++) {
        struct sigma_value v = values->items[i];
        if (v.kind == SIGMA_STRING && !sigma_sets_expand(s, &v, values))
            return false;
        values->items[i] = v;
    }
    for (size_t i = 0; i < values->n; i++) {
        struct sigma_value *v = &values->items[i];
        for (size_t k = 0; k < key->n_replacements; k++) {
            if (v->kind == SIGMA_NUMBER)
                replace_number(s->scratch, key->replacements[k], v);
            else if (v->kind == SIGMA_STRING)
                v->string = replace_in(s->scratch, key->replacements[k], v->string);
        }
    }
    return true;
}
