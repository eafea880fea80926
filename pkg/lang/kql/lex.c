/* lex.c - blanks skipped, one token at a time; where a literal without quotes ends. */
#include "lang/kql/lex.h"

#include "base/str.h"
#include "base/utf8.h"

static const char SIGNS[] = "():<>\"{}";

bool kql_lexer_init(struct kql_lexer *l, struct query_scope *s, struct str text)
{
    *l = (struct kql_lexer){.s = s};
    return query_reader_init(&l->r, s, text);
}

static bool is_end(const struct kql_lexer *l, size_t at)
{
    return at >= l->r.text.n;
}

static char byte_at(const struct kql_lexer *l, size_t at)
{
    return is_end(l, at) ? '\0' : l->r.text.p[at];
}

/* Bytes of the blank at `at` (a no-break space is one), 0 if there is none. */
static size_t blank_at(const struct kql_lexer *l, size_t at)
{
    char c = byte_at(l, at);

    if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
        return 1;
    return query_has(&l->r, at, "\xC2\xA0") ? 2 : 0;
}

static void skip_to(struct kql_lexer *l, size_t end)
{
    while (l->r.next < end)
        query_step(&l->r);
}

static void skip_blanks(struct kql_lexer *l)
{
    size_t n;

    while ((n = blank_at(l, l->r.next)) > 0)
        skip_to(l, l->r.next + n);
}

static bool is_sign(char c)
{
    return c != '\0' && strchr(SIGNS, c) != NULL;
}

/* ---- keywords ----------------------------------------------------------------- */

struct keyword {
    enum kql_token_kind kind; /* KQL_T_END: none */
    size_t n;                 /* bytes */
};

/* The word and, or, not in any case, with something behind it that is no part of a word. */
static struct keyword keyword_at(const struct kql_lexer *l, size_t at)
{
    static const struct {
        struct str word;
        enum kql_token_kind kind;
    } WORDS[] = {
        {{"and", 3}, KQL_T_AND},
        {{"or", 2}, KQL_T_OR},
        {{"not", 3}, KQL_T_NOT},
    };

    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        size_t n = WORDS[i].word.n, end = at + n;
        if (str_eq_ci(str_sub(l->r.text, at, n), WORDS[i].word) &&
            (is_end(l, end) || blank_at(l, end) || is_sign(byte_at(l, end))))
            return (struct keyword){WORDS[i].kind, n};
    }
    return (struct keyword){.kind = KQL_T_END};
}

static bool is_after_blank(const struct kql_lexer *l, size_t at)
{
    return at > 0 && (blank_at(l, at - 1) || (at > 1 && blank_at(l, at - 2) == 2));
}

/* Kibana wants blanks around `and` and `or`, and one behind `not`; without them it reads a text,
 * which nobody means. */
static bool lex_keyword(struct kql_lexer *l, const struct keyword *k, struct kql_token *t)
{
    size_t end = l->r.next + k->n;
    struct str word = str_sub(l->r.text, l->r.next, k->n);

    if (!blank_at(l, end) || (k->kind != KQL_T_NOT && !is_after_blank(l, l->r.next)))
        return diag_error(l->s->diag, t->at, "'%.*s' needs a blank %s (as a plain word: \\%.*s)",
                          SHOWN(word), k->kind == KQL_T_NOT ? "behind it" : "on either side",
                          SHOWN(word));
    t->kind = k->kind;
    l->r.next = end;
    return true;
}

/* ---- escapes ------------------------------------------------------------------ */

/* \uXXXX at `at`: its character in *c; false if it is none. */
static bool unicode_escape(const struct kql_lexer *l, size_t at, uint32_t *c)
{
    *c = 0;
    if (byte_at(l, at + 1) != 'u')
        return false;
    for (size_t i = at + 2; i < at + 6; i++) {
        int digit = query_hex(byte_at(l, i));
        if (digit < 0)
            return false;
        *c = *c << 4 | (uint32_t)digit;
    }
    return true;
}

/* \t, \r, \n and \uXXXX, which all literals have. Gives the bytes read, 0: it is none of these.
 * Two halves of a pair are one character; a lone half is U+FFFD. */
static size_t common_escape(const struct kql_lexer *l, size_t at, char *out, size_t *n_out)
{
    static const char NAMES[] = "trn", MEANINGS[] = "\t\r\n";
    char c = byte_at(l, at + 1);
    const char *known = c ? strchr(NAMES, c) : NULL;
    uint32_t code, low;
    size_t n = 6;

    if (known) {
        *out = MEANINGS[known - NAMES];
        *n_out = 1;
        return 2;
    }
    if (!unicode_escape(l, at, &code))
        return 0;
    if (code >= 0xD800 && code < 0xDC00 && byte_at(l, at + 6) == '\\' &&
        unicode_escape(l, at + 6, &low) && low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        n = 12;
    }
    if (code >= 0xD800 && code < 0xE000)
        code = 0xFFFD;
    *n_out = utf8_put(out, code);
    return n;
}

/* ---- quoted ------------------------------------------------------------------- */

/* A backslash that escapes nothing is itself: Kibana takes "C:\Users" so. */
static bool lex_quoted(struct kql_lexer *l, struct kql_token *t)
{
    size_t at = l->r.next + 1, n = 0;
    size_t end = at;

    while (!is_end(l, end) && byte_at(l, end) != '"')
        end += byte_at(l, end) == '\\' && end + 1 < l->r.text.n ? 2 : 1;
    if (is_end(l, end))
        return diag_error(l->s->diag, t->at, "the text is not closed: '\"' is missing");
    char *out = arena_alloc(l->s->scratch, end - at + 4);
    while (at < end) {
        size_t read = 1, written = 1;
        char c = byte_at(l, at), after = byte_at(l, at + 1);
        out[n] = c;
        if (c == '\\' && (after == '\\' || after == '"')) {
            out[n] = after;
            read = 2;
        } else if (c == '\\' && (read = common_escape(l, at, out + n, &written)) == 0) {
            read = 1;
            written = 1;
        }
        at += read;
        n += written;
    }
    skip_to(l, end + 1);
    t->kind = KQL_T_QUOTED;
    t->text = (struct str){out, n};
    return true;
}

/* ---- without quotes ------------------------------------------------------------- */

/* Where the literal that begins here ends: at a sign, a keyword behind a blank, or the end. */
static size_t literal_end(const struct kql_lexer *l, size_t at)
{
    size_t end = at; /* behind the last byte that is no blank */

    while (!is_end(l, at) && !is_sign(byte_at(l, at))) {
        size_t blank = blank_at(l, at);
        if (blank == 0 && is_after_blank(l, at) && at > end && keyword_at(l, at).kind != KQL_T_END)
            break;
        if (blank == 0 && byte_at(l, at) == '\\' && at + 1 < l->r.text.n)
            at++;
        at += blank ? blank : 1;
        if (!blank)
            end = at;
    }
    return end;
}

/* Bytes of the escape at `at`, resolved into out; 0 after an error. */
static size_t literal_escape(struct kql_lexer *l, size_t at, char *out, size_t *n_out)
{
    char c = byte_at(l, at + 1);
    struct keyword k = keyword_at(l, at + 1);
    size_t n;

    if (c != '\0' && strchr("\\():<>\"*{}", c)) {
        *out = c;
        *n_out = 1;
        return 2;
    }
    if (k.kind != KQL_T_END) { /* \or: the word */
        memcpy(out, l->r.text.p + at + 1, k.n);
        *n_out = k.n;
        return k.n + 1;
    }
    n = common_escape(l, at, out, n_out);
    if (n == 0)
        diag_error(l->s->diag, query_place(&l->r, at),
                   "unknown escape '\\%.*s': \\\\ \\( \\) \\: \\< \\> \\\" \\* \\{ \\} \\and \\or "
                   "\\not \\t \\r \\n \\uXXXX are known",
                   is_end(l, at + 1) ? 0 : (int)utf8_char(l->r.text, at + 1), l->r.text.p + at + 1);
    return n;
}

struct literal {
    char *text;
    size_t n;
    size_t part_start; /* of the part at hand, in text */
    struct glob_part *parts;
    size_t n_parts, cap_parts;
};

static void end_part(struct kql_lexer *l, struct literal *x)
{
    if (x->n > x->part_start && x->n_parts < x->cap_parts)
        x->parts[x->n_parts++] = (struct glob_part){
            GLOB_TEXT,
            names_intern(l->s->names, (struct str){x->text + x->part_start, x->n - x->part_start})};
    x->part_start = x->n;
}

/* Stars in a row are one. */
static void add_star(struct kql_lexer *l, struct literal *x)
{
    end_part(l, x);
    if ((x->n_parts == 0 || x->parts[x->n_parts - 1].kind != GLOB_ANY) && x->n_parts < x->cap_parts)
        x->parts[x->n_parts++] = (struct glob_part){GLOB_ANY, STR("")};
    x->text[x->n++] = '*';
    x->part_start = x->n;
}

static size_t count_stars(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '*';
    return n;
}

static bool lex_literal(struct kql_lexer *l, struct kql_token *t)
{
    size_t at = l->r.next, end = literal_end(l, at);
    struct str raw = str_sub(l->r.text, at, end - at);
    struct literal x = {.text = arena_alloc(l->s->scratch, raw.n + 4),
                        .cap_parts = 2 * count_stars(raw) + 1};

    x.parts = ARENA_ARRAY(l->s->a, x.cap_parts, struct glob_part);
    while (at < end) {
        size_t read = 1, written = 1;
        char c = byte_at(l, at);
        if (c == '*') {
            add_star(l, &x);
            written = 0;
        } else if (c != '\\') {
            x.text[x.n] = c;
            t->has_break |= c == '\n';
        } else if ((read = literal_escape(l, at, x.text + x.n, &written)) == 0) {
            return false;
        }
        at += read;
        x.n += written;
    }
    bool has_star = x.n_parts > 0;
    end_part(l, &x);
    if (x.n_parts > GLOB_PARTS_MAX)
        return diag_error(l->s->diag, t->at, "more than %d wildcards and texts in one pattern",
                          GLOB_PARTS_MAX);
    skip_to(l, end);
    t->kind = KQL_T_TEXT;
    t->text = (struct str){x.text, x.n};
    if (has_star)
        t->glob = (struct glob){x.parts, x.n_parts};
    return true;
}

/* ---- tokens ------------------------------------------------------------------- */

static bool lex_token(struct kql_lexer *l, struct kql_token *t)
{
    char c = byte_at(l, l->r.next);
    struct keyword k = keyword_at(l, l->r.next);

    if (k.kind != KQL_T_END)
        return lex_keyword(l, &k, t);
    if (c == '"')
        return lex_quoted(l, t);
    if (!is_sign(c))
        return lex_literal(l, t);
    t->kind = KQL_T_SIGN;
    t->text = str_sub(l->r.text, l->r.next,
                      (c == '<' || c == '>') && byte_at(l, l->r.next + 1) == '=' ? 2 : 1);
    l->r.next += t->text.n;
    return true;
}

bool kql_lex(struct kql_lexer *l, struct kql_token *out)
{
    skip_blanks(l);
    size_t start = l->r.next;
    *out = (struct kql_token){.kind = KQL_T_END, .at = query_place(&l->r, start)};
    if (!is_end(l, start) && !lex_token(l, out))
        return false;
    out->raw = str_sub(l->r.text, start, l->r.next - start);
    return true;
}
