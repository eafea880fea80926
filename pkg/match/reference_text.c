/* reference_text.c - folding, comparing and globs, written to be read.
 *
 * A glob is played on all ways at once: after each part we know every place in the value where
 * the pattern so far can end.
 */
#include "match/reference_text.h"

#include "base/str.h"
#include "base/utf8.h"
#include "match/fold.h"

struct str reference_fold(struct arena *a, enum fold fold, struct str text)
{
    char *out = arena_alloc(a, 2 * text.n + 4);

    if (fold == FOLD_SIMPLE)
        return (struct str){out, fold_simple(out, text)};
    for (size_t i = 0; i < text.n; i++) {
        out[i] = text.p[i];
        if (fold == FOLD_ASCII && out[i] >= 'A' && out[i] <= 'Z')
            out[i] = (char)(out[i] - 'A' + 'a');
    }
    return (struct str){out, text.n};
}

static bool stands_at(struct str value, size_t at, struct str text)
{
    if (text.n > value.n - at)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (value.p[at + i] != text.p[i])
            return false;
    return true;
}

bool reference_compare(enum atom_op op, struct str value, struct str text)
{
    switch (op) {
    case ATOM_EQ:
        return value.n == text.n && stands_at(value, 0, text);
    case ATOM_PREFIX:
        return stands_at(value, 0, text);
    case ATOM_SUFFIX:
        return value.n >= text.n && stands_at(value, value.n - text.n, text);
    default:
        ASSERT(op == ATOM_CONTAINS);
        for (size_t at = 0; at <= value.n; at++)
            if (stands_at(value, at, text))
                return true;
        return false;
    }
}

/* Is the character of the value one of the set's? */
static bool is_one_of(struct str set, struct str character)
{
    for (size_t at = 0; at < set.n; at += utf8_char(set, at))
        if (reference_compare(ATOM_EQ, str_sub(set, at, utf8_char(set, at)), character))
            return true;
    return false;
}

/* ends[at]: the pattern so far can end at `at`. Write where it can end after one more part. */
static void glob_step(const struct glob_part *part, struct str value, const bool *ends, bool *next)
{
    bool any_before = false;

    for (size_t at = 0; at <= value.n; at++)
        next[at] = false;
    for (size_t at = 0; at <= value.n; at++) {
        if (!utf8_is_boundary(value, at))
            continue;
        any_before |= ends[at];
        if (part->kind == GLOB_ANY)
            next[at] = any_before;
        if (!ends[at])
            continue;
        if (part->kind == GLOB_TEXT && stands_at(value, at, part->text) &&
            utf8_is_boundary(value, at + part->text.n))
            next[at + part->text.n] = true;
        if (at == value.n || (part->kind != GLOB_ONE && part->kind != GLOB_SET))
            continue;
        struct str character = str_sub(value, at, utf8_char(value, at));
        if (part->kind == GLOB_ONE || is_one_of(part->text, character))
            next[at + character.n] = true;
    }
}

bool reference_glob(struct arena *a, const struct glob *glob, enum fold fold, struct str value)
{
    bool *ends = arena_zalloc(a, value.n + 1), *next = arena_zalloc(a, value.n + 1);

    ends[0] = true;
    for (size_t i = 0; i < glob->n_parts; i++) {
        struct glob_part part = glob->parts[i];
        if (part.kind == GLOB_TEXT || part.kind == GLOB_SET)
            part.text = reference_fold(a, fold, part.text);
        glob_step(&part, value, ends, next);
        bool *spare = ends;
        ends = next;
        next = spare;
    }
    return ends[value.n];
}
