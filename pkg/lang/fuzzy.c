/* fuzzy.c - those that are one change away are texts, and patterns where a character may be any;
 * the latter are one regex, which is asked once. */
#include "lang/fuzzy.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "lang/lucene.h"

#include <string.h>

/* Where the characters of the text begin, and its end; 0: too many. */
static size_t characters(struct str text, size_t *at)
{
    size_t n = 0, i = 0;

    for (; i < text.n && n < FUZZY_TEXT_MAX; i += utf8_char(text, i))
        at[n++] = i;
    at[n] = text.n;
    return i == text.n ? n : 0;
}

struct near {
    struct query_scope *s;
    struct place at;
    struct str field;
    struct formula **parts;
    size_t n;
    struct buf changed; /* a regex: all texts with some one character in them, as alternatives */
};

static void add_text(struct near *n, struct str before, struct str behind)
{
    struct query_scope *s = n->s;
    struct glob_part *part = ARENA_NEW(s->a, struct glob_part);
    struct atom atom = {.miss = MISS_FALSE, .array = ARRAY_ANY};
    struct str whole =
        arena_printf(s->scratch, "%.*s%.*s", (int)before.n, before.p, (int)behind.n, behind.p);

    *part = (struct glob_part){GLOB_TEXT, names_intern(s->names, whole)};
    query_glob_atom(&(struct glob){part, 1}, FOLD_NONE, &atom);
    n->parts[n->n++] = query_atom(s, n->at, n->field, atom);
}

static void add_quoted(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (strchr("\\.?+*|{}[]()\"#@&<>~^$-", text.p[i]))
            buf_add(out, STR("\\"));
        buf_add_char(out, text.p[i]);
    }
}

/* before, some one character, behind. */
static void add_changed(struct near *n, struct str before, struct str behind)
{
    buf_add(&n->changed, n->changed.n ? STR("|") : STR(""));
    add_quoted(&n->changed, before);
    buf_add(&n->changed, STR("."));
    add_quoted(&n->changed, behind);
}

/* All that is at most one change behind the prefix away from the text: a few dozen texts that are
 * looked up, and one regex. */
static bool add_changes(struct near *n, struct str text, const size_t *at, size_t length,
                        const struct fuzzy *how)
{
    struct arena *a = n->s->scratch;
    struct atom regex = {.op = ATOM_REGEX, .miss = MISS_FALSE, .array = ARRAY_ANY};

    add_text(n, text, STR(""));
    for (size_t i = how->prefix; i <= length; i++) {
        struct str before = str_sub(text, 0, at[i]), rest = str_sub(text, at[i], text.n);
        add_changed(n, before, rest);
        if (i == length)
            break;
        struct str behind = str_sub(text, at[i + 1], text.n);
        add_changed(n, before, behind);
        add_text(n, before, behind);
        if (i + 1 == length || how->has_no_swaps)
            continue;
        struct str last = str_sub(text, at[i + 2], text.n);
        struct str first = str_sub(text, at[i], at[i + 1] - at[i]);
        struct str second = str_sub(text, at[i + 1], at[i + 2] - at[i + 1]);
        struct str swapped = arena_printf(a, "%.*s%.*s%.*s", (int)second.n, second.p, (int)first.n,
                                          first.p, (int)last.n, last.p);
        add_text(n, before, swapped);
    }
    if (!lucene_regex(n->s, n->at, buf_str(&n->changed), false, &regex.regex))
        return false;
    n->parts[n->n++] = query_atom(n->s, n->at, n->field, regex);
    return true;
}

size_t fuzzy_length(struct str text)
{
    size_t at[FUZZY_TEXT_MAX + 1];

    return characters(text, at);
}

int64_t fuzzy_auto(size_t n)
{
    return n == 0 || n > 5 ? 2 : n > 2 ? 1 : 0;
}

static struct formula *near_one(struct query_scope *s, struct place at, struct str field,
                                struct str text, const struct fuzzy *how)
{
    size_t starts[FUZZY_TEXT_MAX + 1], n = characters(text, starts);
    struct near near = {.s = s, .at = at, .field = field};

    ASSERT(n > how->prefix);
    near.parts = ARENA_ARRAY(s->a, 2 * n + 2, struct formula *);
    bool is_ok = add_changes(&near, names_intern(s->names, text), starts, n, how);
    buf_release(&near.changed);
    return is_ok ? formula_join(s->a, FORMULA_OR, near.parts, near.n) : NULL;
}

struct formula *fuzzy_formula(struct query_scope *s, struct place at, struct str field,
                              struct str text, const struct fuzzy *how)
{
    struct query_field f;
    struct formula *parts[ARRAY_LEN(f.names)];

    query_field_read(field, &f);
    for (size_t i = 0; i < f.n_names; i++) {
        parts[i] = near_one(s, at, f.names[i], text, how);
        if (!parts[i])
            return NULL;
    }
    return formula_join(s->a, FORMULA_OR, parts, f.n_names);
}
