/* script.c - a value against the text of a script: a field of words whose words are not those of
 * prose.
 *
 * The Windows integration and Winlogbeat give powershell.file.script_block_text an analyzer of its
 * own, which takes whatever is matched by `[\W&&[^-]]+` as what stands between words: words are
 * runs of ASCII letters, digits, '_' and '-', and compare case aside. So New-Object is one word,
 * and -Enc is not found by Enc. What is asked becomes a regex that says so.
 */
#include "lang/kql/lower.h"

#include "base/str.h"

enum { RUNS_MAX = 1000 }; /* of one value */

#define WORD_CLASS "A-Za-z0-9_-"
#define BEFORE "(?:^|[^" WORD_CLASS "])"
#define BETWEEN "[^" WORD_CLASS "]+"
#define BEHIND "(?:$|[^" WORD_CLASS "])"

static bool is_of_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* The next word of the text at *at; false: there is none. */
static bool next_word(struct str text, size_t *at, struct str *out)
{
    size_t from = *at;

    while (from < text.n && !is_of_word(text.p[from]))
        from++;
    *at = from;
    while (*at < text.n && is_of_word(text.p[*at]))
        ++*at;
    *out = str_sub(text, from, *at - from);
    return out->n > 0;
}

static struct formula *found(struct query_scope *s, const struct kql_token *value, struct str field,
                             const struct buf *inner)
{
    struct atom atom = {.op = ATOM_REGEX, .regex.is_caseless = true};
    struct str pattern =
        arena_printf(s->scratch, BEFORE "%.*s" BEHIND, (int)inner->n, inner->n ? inner->p : "");

    atom.regex.pattern = names_intern(s->names, pattern);
    return query_atom(s, value->at, field, atom);
}

/* Its words, one behind the other. */
static struct formula *phrase(struct query_scope *s, const struct kql_token *value,
                              struct str field)
{
    struct buf inner = {0};
    struct str word;
    size_t at = 0;

    while (next_word(value->text, &at, &word)) {
        if (inner.n)
            buf_add(&inner, STR(BETWEEN));
        buf_add(&inner, word);
    }
    struct formula *f = inner.n ? found(s, value, field, &inner) : formula_const(s->a, false);
    buf_release(&inner);
    return f;
}

/* A word with stars for any characters of a word; no word has others. */
static struct formula *word_like(struct query_scope *s, const struct kql_token *value,
                                 struct str field, struct str run)
{
    struct buf inner = {0};
    bool is_word = true;

    for (size_t i = 0; i < run.n; i++) {
        is_word &= run.p[i] == '*' || is_of_word(run.p[i]);
        if (run.p[i] == '*')
            buf_add(&inner, STR("[" WORD_CLASS "]*"));
        else
            buf_add_char(&inner, run.p[i]);
    }
    struct formula *f = is_word ? found(s, value, field, &inner) : formula_const(s->a, false);
    buf_release(&inner);
    return f;
}

/* Any of the words of a run without blanks. */
static void add_words(struct query_scope *s, const struct kql_token *value, struct str field,
                      struct str run, struct formula **all, size_t *n)
{
    struct str word;
    size_t at = 0;

    if (value->glob.n_parts && str_find_char(run, '*', 0) != SIZE_MAX) {
        all[(*n)++] = word_like(s, value, field, run);
        return;
    }
    while (*n < RUNS_MAX && next_word(run, &at, &word)) {
        struct buf inner = {0};
        buf_add(&inner, word);
        all[(*n)++] = found(s, value, field, &inner);
        buf_release(&inner);
    }
}

struct formula *kql_script(struct query_scope *s, const struct kql_token *value, struct str field)
{
    struct str rest = value->text, run;
    size_t n = 0;

    if (value->kind != KQL_T_TEXT)
        return phrase(s, value, field);
    struct formula **all = ARENA_ARRAY(s->scratch, RUNS_MAX, struct formula *);
    while (rest.n && n < RUNS_MAX) {
        str_cut(rest, ' ', &run, &rest);
        if (run.n)
            add_words(s, value, field, run, all, &n);
    }
    if (n == RUNS_MAX) {
        diag_error(s->diag, value->at, "%d words or more in one value", RUNS_MAX);
        return NULL;
    }
    return n ? formula_join(s->a, FORMULA_OR, all, n) : formula_const(s->a, false);
}
