/* glob.c - the pattern is cut at its ANYs into segments of parts that take a fixed number
 * of characters each.
 *
 * The first segment stands at the start of the value (unless an ANY is before it), the last
 * at its end, the others are searched from left to right. Two facts make the greedy search
 * right: a segment takes a fixed number of characters, so an earlier start means an
 * earlier end; and ANY takes whatever is left between.
 */
#include "match/glob.h"

#include "base/str.h"
#include "base/utf8.h"
#include "match/fold.h"

struct segment {
    const struct glob_part *parts;
    size_t n_parts;
    size_t n_before;  /* single characters before the first text */
    size_t text_part; /* index of the first text, n_parts if there is none */
};

struct glob_program {
    const struct segment *segments;
    size_t n_segments;
    bool starts_open, ends_open; /* the pattern starts or ends with ANY */
    struct str required;
};

static struct str fold_copy(struct arena *a, struct str text, enum fold fold)
{
    if (fold == FOLD_SIMPLE) {
        char *out = arena_alloc(a, 2 * text.n + 4);
        return (struct str){out, fold_simple(out, text)};
    }
    char *out = arena_alloc(a, text.n + 1);
    for (size_t i = 0; i < text.n; i++)
        out[i] = fold == FOLD_ASCII ? ascii_lower(text.p[i]) : text.p[i];
    return (struct str){out, text.n};
}

static void segment_finish(struct segment *s)
{
    s->text_part = s->n_parts;
    for (size_t i = 0; i < s->n_parts; i++)
        if (s->parts[i].kind == GLOB_TEXT) {
            s->text_part = i;
            break;
        }
    s->n_before = s->text_part;
}

const struct glob_program *glob_compile(struct arena *a, const struct glob *glob, enum fold fold)
{
    struct glob_program *g = ARENA_NEW(a, struct glob_program);
    struct glob_part *parts = ARENA_ARRAY(a, glob->n_parts, struct glob_part);
    struct segment *segments = ARENA_ARRAY(a, glob->n_parts + 1, struct segment);

    ASSERT(glob->n_parts <= GLOB_PARTS_MAX);
    for (size_t i = 0; i < glob->n_parts; i++) {
        parts[i] = glob->parts[i];
        if (parts[i].kind == GLOB_TEXT || parts[i].kind == GLOB_SET)
            parts[i].text = fold_copy(a, parts[i].text, fold);
        if (parts[i].kind == GLOB_TEXT && parts[i].text.n > g->required.n)
            g->required = parts[i].text;
    }
    for (size_t i = 0; i < glob->n_parts;) {
        if (parts[i].kind == GLOB_ANY) {
            g->starts_open |= i == 0;
            g->ends_open |= i + 1 == glob->n_parts;
            i++;
            continue;
        }
        struct segment *s = &segments[g->n_segments++];
        s->parts = &parts[i];
        while (i < glob->n_parts && parts[i].kind != GLOB_ANY)
            s->n_parts++, i++;
        segment_finish(s);
    }
    g->segments = segments;
    return g;
}

static bool set_has(struct str set, struct str character)
{
    for (size_t at = 0; at < set.n;) {
        size_t n = utf8_char(set, at);
        if (n == character.n && memcmp(set.p + at, character.p, n) == 0)
            return true;
        at += n;
    }
    return false;
}

/* Bytes that a part takes at `at`, which is a boundary; false if it does not match there. */
static bool part_take(const struct glob_part *part, struct str value, size_t at, size_t *taken)
{
    if (part->kind == GLOB_TEXT) {
        *taken = part->text.n;
        return part->text.n <= value.n - at &&
               memcmp(value.p + at, part->text.p, part->text.n) == 0 &&
               utf8_is_boundary(value, at + part->text.n);
    }
    if (at == value.n)
        return false;
    *taken = utf8_char(value, at);
    return part->kind == GLOB_ONE || set_has(part->text, str_sub(value, at, *taken));
}

/* The segment stands at `at`; *end is where it ends. */
static bool segment_at(const struct segment *s, struct str value, size_t at, size_t *end)
{
    for (size_t i = 0; i < s->n_parts; i++) {
        size_t taken;
        if (!part_take(&s->parts[i], value, at, &taken))
            return false;
        at += taken;
    }
    *end = at;
    return true;
}

/* As many characters back as there are before the segment's first text; false if that passes
 * `from`. */
static bool step_back(const struct segment *s, struct str value, size_t from, size_t *at)
{
    for (size_t i = 0; i < s->n_before; i++) {
        if (*at <= from)
            return false;
        *at -= utf8_char_before(value, *at);
    }
    return true;
}

/* The left-most place at or after `from`, a boundary. */
static bool segment_find(const struct segment *s, struct str value, size_t from, size_t *end)
{
    if (s->text_part == s->n_parts) {
        for (size_t at = from;; at += utf8_char(value, at)) {
            if (segment_at(s, value, at, end))
                return true;
            if (at >= value.n)
                return false;
        }
    }
    struct str text = s->parts[s->text_part].text;
    for (size_t at = from; (at = str_find(value, text, at)) != SIZE_MAX; at++) {
        size_t start = at;
        if (utf8_is_boundary(value, at) && step_back(s, value, from, &start) &&
            segment_at(s, value, start, end))
            return true;
    }
    return false;
}

/* The segment ends where the value ends, and starts at or after `from`. */
static bool segment_at_end(const struct segment *s, struct str value, size_t from)
{
    size_t at = value.n, end;

    for (size_t i = s->n_parts; i-- > 0;) {
        const struct glob_part *part = &s->parts[i];
        if (at <= from)
            return false;
        size_t n = part->kind == GLOB_TEXT ? part->text.n : utf8_char_before(value, at);
        if (n > at - from)
            return false;
        at -= n;
        if (!utf8_is_boundary(value, at))
            return false;
    }
    return segment_at(s, value, at, &end) && end == value.n;
}

bool glob_match(const struct glob_program *g, struct str value)
{
    size_t at = 0, first = 0, last = g->n_segments;

    if (g->n_segments == 0)
        return g->starts_open || value.n == 0;
    if (!g->starts_open) {
        if (!segment_at(&g->segments[first++], value, 0, &at))
            return false;
        if (first == last && !g->ends_open)
            return at == value.n;
    }
    if (!g->ends_open && first < last)
        last--;
    for (; first < last; first++)
        if (!segment_find(&g->segments[first], value, at, &at))
            return false;
    return g->ends_open || segment_at_end(&g->segments[last], value, at);
}

struct str glob_required_text(const struct glob_program *g)
{
    return g->required;
}
