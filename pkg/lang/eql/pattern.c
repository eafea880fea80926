/* pattern.c - wildcards: * is any run, ? one character, and neither can be escaped. */
#include "lang/eql/lower.h"

#include "base/str.h"

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

bool eql_glob(struct query_scope *s, struct place at, struct str pattern, struct glob *out)
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

bool eql_pattern_atom(struct query_scope *s, struct place at, struct str pattern, bool is_caseless,
                      struct atom *atom)
{
    struct glob g;

    if (!eql_glob(s, at, pattern, &g))
        return false;
    query_glob_atom(&g, query_fold(pattern, is_caseless), atom);
    return true;
}
