/* value.c - YAML scalars to Sigma values.
 *
 * The escape machine has two states and one pass: behind a backslash, `*`, `?` and `\` stand
 * for themselves and swallow it; before anything else the backslash is a character like any
 * other. There are no C escapes. (Sigma rules specification, "Escaping".)
 */
#include "lang/sigma/value.h"

#include "base/letter.h"
#include "base/str.h"

/* ---- building strings -------------------------------------------------------------- */

struct writer {
    struct sigma_part *parts;
    size_t n;
    char *first; /* of all text */
    char *run;   /* start of the text run that is being written */
    char *out;   /* its end */
};

static void end_run(struct writer *w)
{
    if (w->out == w->run)
        return;
    w->parts[w->n++] = (struct sigma_part){SIGMA_TEXT, {w->run, (size_t)(w->out - w->run)}};
    w->run = w->out;
}

static void put_part(struct writer *w, enum sigma_part_kind kind, struct str text)
{
    end_run(w);
    w->parts[w->n++] = (struct sigma_part){kind, text};
}

struct str sigma_placeholder_at(struct str text, size_t at)
{
    if (text.p[at] != '%')
        return STR("");
    size_t end = str_find_char(text, '%', at + 1), n;

    if (end == SIZE_MAX || end == at + 1)
        return STR("");
    for (size_t i = at + 1; i < end; i += n)
        if (!letter_is_word(letter_at(text, i, &n)))
            return STR("");
    return str_sub(text, at + 1, end - at - 1);
}

static size_t count_parts(struct str text, bool has_placeholders)
{
    size_t n = 1;

    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '*' || text.p[i] == '?' || (has_placeholders && text.p[i] == '%'))
            n += 2;
    return n;
}

static bool is_escapable(char c, bool has_placeholders)
{
    return c == '*' || c == '?' || c == '\\' || (has_placeholders && c == '%');
}

/* C:\Windows\* : the author meant a folder and got a file named "*". A star that ends the value
 * behind a path with other backslashes is the sign. */
static bool is_eaten_star(const struct writer *w, struct str text, size_t backslash)
{
    bool is_last = text.p[backslash + 1] == '*' && backslash + 2 == text.n;

    return is_last && memchr(w->first, '\\', (size_t)(w->out - w->first)) != NULL;
}

struct sigma_string sigma_string_parse(struct arena *a, struct str text, bool has_placeholders,
                                       bool *has_eaten_star)
{
    struct writer w = {.parts =
                           ARENA_ARRAY(a, count_parts(text, has_placeholders), struct sigma_part)};

    w.first = w.run = w.out = arena_alloc(a, text.n);
    if (has_eaten_star)
        *has_eaten_star = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        struct str name;
        if (c == '\\' && i + 1 < text.n && is_escapable(text.p[i + 1], has_placeholders)) {
            if (has_eaten_star && is_eaten_star(&w, text, i))
                *has_eaten_star = true;
            *w.out++ = text.p[++i];
        } else if (c == '*') {
            put_part(&w, SIGMA_ANY, STR(""));
        } else if (c == '?') {
            put_part(&w, SIGMA_ONE, STR(""));
        } else if (has_placeholders && (name = sigma_placeholder_at(text, i)).n) {
            put_part(&w, SIGMA_PLACEHOLDER, name);
            i += name.n + 1;
        } else {
            *w.out++ = c;
        }
    }
    end_run(&w);
    return (struct sigma_string){w.parts, w.n};
}

struct sigma_string sigma_string_of(struct arena *a, struct str literal)
{
    struct sigma_part *part = ARENA_NEW(a, struct sigma_part);

    part->kind = SIGMA_TEXT;
    part->text = literal;
    return (struct sigma_string){part, literal.n ? 1 : 0};
}

bool sigma_string_has(struct sigma_string s, enum sigma_part_kind kind)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.parts[i].kind == kind)
            return true;
    return false;
}

static struct str join(struct arena *a, struct str x, struct str y)
{
    char *p = arena_alloc(a, x.n + y.n);

    if (x.n)
        memcpy(p, x.p, x.n);
    if (y.n)
        memcpy(p + x.n, y.p, y.n);
    return (struct str){p, x.n + y.n};
}

static bool is_tidy(struct sigma_string s)
{
    for (size_t i = 0; i < s.n; i++) {
        enum sigma_part_kind kind = s.parts[i].kind;
        if (kind == SIGMA_TEXT && s.parts[i].text.n == 0)
            return false;
        if (i && kind == s.parts[i - 1].kind && (kind == SIGMA_TEXT || kind == SIGMA_ANY))
            return false;
    }
    return true;
}

struct sigma_string sigma_string_tidy(struct arena *a, struct sigma_string s)
{
    size_t n = 0;

    if (is_tidy(s))
        return s;
    struct sigma_part *parts = ARENA_ARRAY(a, s.n, struct sigma_part);
    for (size_t i = 0; i < s.n; i++) {
        struct sigma_part part = s.parts[i];
        struct sigma_part *last = n ? &parts[n - 1] : NULL;
        if (part.kind == SIGMA_TEXT && part.text.n == 0)
            continue;
        if (last && last->kind == part.kind && part.kind == SIGMA_TEXT)
            last->text = join(a, last->text, part.text);
        else if (!last || last->kind != part.kind || part.kind != SIGMA_ANY)
            parts[n++] = part;
    }
    return (struct sigma_string){parts, n};
}

bool sigma_string_literal(struct arena *a, struct sigma_string s, struct str *out)
{
    s = sigma_string_tidy(a, s);
    if (s.n > 1 || (s.n == 1 && s.parts[0].kind != SIGMA_TEXT))
        return false;
    *out = s.n ? s.parts[0].text : STR("");
    return true;
}

/* ---- typing ---------------------------------------------------------------------------- */

/* Typographic quotes, as word processors put them: to YAML they are letters. */
static bool is_in_letter_quotes(struct str text)
{
    static const struct str QUOTES[] = {
        {"\xE2\x80\x98", 3}, {"\xE2\x80\x99", 3}, {"\xE2\x80\x9C", 3}, {"\xE2\x80\x9D", 3}};
    bool starts = false, ends = false;

    for (size_t i = 0; i < ARRAY_LEN(QUOTES); i++) {
        starts |= str_starts(text, QUOTES[i]);
        ends |= str_ends(text, QUOTES[i]);
    }
    return starts && ends && text.n > 3;
}

/* YAML took the text otherwise than it looks. */
static void warn_of_text(struct sigma_scope *s, const struct sigma_value *v)
{
    for (size_t i = 0; i < v->raw.n; i++)
        if ((unsigned char)v->raw.p[i] < ' ') {
            diag_warn(s->diag, v->at,
                      "the value holds a control character: in double quotes a backslash begins an "
                      "escape (single quotes take it as it is)");
            break;
        }
    if (is_in_letter_quotes(v->raw))
        diag_warn(s->diag, v->at, "the quotes around %.*s are letters to YAML: write ' or \"",
                  SHOWN(v->raw));
}

bool sigma_value_read(struct sigma_scope *s, const struct doc_node *node, enum sigma_reading how,
                      struct sigma_value *out)
{
    *out = (struct sigma_value){.at = sigma_at(node), .raw = node->text, .text = node->text};
    switch (node->type) {
    case DOC_NULL:
        out->kind = SIGMA_NULL;
        return true;
    case DOC_BOOL:
        out->kind = SIGMA_BOOL;
        out->is_true = node->is_true;
        return true;
    case DOC_INT:
    case DOC_FLOAT:
        out->kind = SIGMA_NUMBER;
        out->text = node->number;
        if (node->number.n == 0)
            return diag_error(s->diag, out->at, "'%.*s' is not a finite number", SHOWN(node->text));
        return true;
    default:
        out->kind = SIGMA_STRING;
        warn_of_text(s, out);
        if (how != SIGMA_READ_RAW)
            out->string = sigma_string_parse(s->scratch, node->text, how == SIGMA_READ_PLACEHOLDERS,
                                             &out->has_eaten_star);
        return true;
    }
}

const char *sigma_value_name(const struct sigma_value *v)
{
    static const char *const NAMES[] = {[SIGMA_STRING] = "text",
                                        [SIGMA_NUMBER] = "a number",
                                        [SIGMA_BOOL] = "true or false",
                                        [SIGMA_NULL] = "nothing (null)",
                                        [SIGMA_REGEX] = "a regex",
                                        [SIGMA_CIDR] = "a network",
                                        [SIGMA_EXISTS] = "a test for existence",
                                        [SIGMA_FIELDREF] = "a field",
                                        [SIGMA_COMPARE] = "a comparison",
                                        [SIGMA_TIME] = "a part of a time",
                                        [SIGMA_LIST] = "a list",
                                        [SIGMA_NEVER] = "an empty list"};

    return NAMES[v->kind];
}
