/* pattern.c - wildcards: * is any run, ? one character, and neither can be escaped. */
#include "lang/eql/lower.h"

#include "base/letter.h"
#include "base/str.h"

enum fold eql_fold(struct str text, bool is_caseless)
{
    if (!is_caseless)
        return FOLD_NONE;
    return letter_has_cased(text) ? FOLD_SIMPLE : FOLD_ASCII;
}

static enum glob_kind kind_at(struct str s, size_t at)
{
    return s.p[at] == '*' ? GLOB_ANY : s.p[at] == '?' ? GLOB_ONE : GLOB_TEXT;
}

/* The bytes of the part that starts at `at`. */
static size_t part_length(struct str s, size_t at)
{
    enum glob_kind kind = kind_at(s, at);
    size_t end = at + 1;

    while (kind != GLOB_ONE && end < s.n && kind_at(s, end) == kind)
        end++;
    return end - at;
}

bool eql_glob(struct eql_scope *s, struct place at, struct str pattern, struct glob *out)
{
    size_t n = 0;

    for (size_t i = 0; i < pattern.n; i += part_length(pattern, i))
        n++;
    if (n > GLOB_PARTS_MAX)
        return diag_error(s->diag, at, "more than %d wildcards and texts in one pattern",
                          GLOB_PARTS_MAX);
    struct glob_part *parts = ARENA_ARRAY(s->a, n, struct glob_part);
    n = 0;
    for (size_t i = 0; i < pattern.n;) {
        struct str text = str_sub(pattern, i, part_length(pattern, i));
        enum glob_kind kind = kind_at(pattern, i);
        parts[n++] =
            (struct glob_part){kind, kind == GLOB_TEXT ? names_intern(s->names, text) : STR("")};
        i += text.n;
    }
    *out = (struct glob){parts, n};
    return true;
}

bool eql_pattern_atom(struct eql_scope *s, struct place at, struct str pattern, bool is_caseless,
                      struct atom *atom)
{
    struct glob g;

    if (!eql_glob(s, at, pattern, &g))
        return false;
    bool front = g.n_parts && g.parts[0].kind == GLOB_ANY;
    bool back = g.n_parts > front && g.parts[g.n_parts - 1].kind == GLOB_ANY;
    size_t n_middle = g.n_parts - front - back;
    atom->fold = eql_fold(pattern, is_caseless);
    atom->text = n_middle ? g.parts[front].text : STR("");
    if (n_middle > 1 || (n_middle == 1 && g.parts[front].kind != GLOB_TEXT)) {
        atom->op = ATOM_GLOB;
        atom->glob = g;
        atom->text = STR("");
        return true;
    }
    atom->op = front && back            ? ATOM_CONTAINS
               : front && n_middle == 0 ? ATOM_CONTAINS
               : front                  ? ATOM_SUFFIX
               : back                   ? ATOM_PREFIX
                                        : ATOM_EQ;
    return true;
}
