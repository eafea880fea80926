/* synth_regex.c - walks a pattern once per choice: alternatives are chosen at random, classes give
 * their first character, repeats a small number.
 */
#include "detect/synth_regex.h"

#include "base/str.h"
#include "base/utf8.h"

#include <string.h>

enum { DEPTH_MAX = 16, REPEATS_MAX = 64 };

struct sampler {
    struct synth *s;
    struct str pattern;
    size_t at;
    char *out;
    size_t *n;
    size_t max;
    bool is_silent; /* step over, give nothing */
    unsigned depth;
};

static void sample_alternatives(struct sampler *r);

static bool is_more(const struct sampler *r)
{
    return r->at < r->pattern.n;
}

static char look(const struct sampler *r)
{
    return is_more(r) ? r->pattern.p[r->at] : '\0';
}

static void give(struct sampler *r, char c)
{
    if (!r->is_silent && *r->n < r->max)
        r->out[(*r->n)++] = c;
}

/* What an escape stands for; the backslash has been read. */
static char escaped(struct sampler *r)
{
    char c = look(r);

    r->at += is_more(r);
    switch (c) {
    case 'd':
        return '7';
    case 'w':
    case 'S':
    case 'D':
        return 'w';
    case 's':
        return ' ';
    case 'W':
        return '-';
    case 'n':
        return '\n';
    case 't':
        return '\t';
    default:
        return c;
    }
}

/* Does the class from `from` to `to`, without its brackets, hold the character? Ranges and plain
 * characters only. */
static bool is_in_class(struct str set, char c)
{
    for (size_t i = 0; i < set.n; i++) {
        if (i + 2 < set.n && set.p[i + 1] == '-') {
            if (c >= set.p[i] && c <= set.p[i + 2])
                return true;
            i += 2;
        } else if (set.p[i] == c) {
            return true;
        }
    }
    return false;
}

static void sample_class(struct sampler *r)
{
    static const char OTHERS[] = "xX5 -_~";
    bool is_negated = look(r) == '^';
    size_t start;

    r->at += is_negated;
    start = r->at;
    while (is_more(r) && (look(r) != ']' || r->at == start))
        r->at += look(r) == '\\' ? 2 : 1;
    struct str set = str_sub(r->pattern, start, r->at - start);
    r->at += is_more(r);
    if (!is_negated && set.n && set.p[0] == '\\') {
        struct sampler inside = *r;
        inside.at = start + 1;
        give(r, escaped(&inside));
    } else if (!is_negated && set.n) {
        size_t first = utf8_char(set, 0);
        bool is_range = first + 1 < set.n && set.p[first] == '-';
        size_t at = is_range && synth_below(r->s, 2) ? first + 1 : 0;
        for (size_t end = at + utf8_char(set, at); at < end; at++)
            give(r, set.p[at]);
    } else {
        for (size_t i = 0; i < sizeof OTHERS - 1; i++)
            if (!is_in_class(set, OTHERS[i])) {
                give(r, OTHERS[i]);
                return;
            }
    }
}

static void sample_group(struct sampler *r)
{
    if (look(r) == '?') { /* (?: and flags */
        while (is_more(r) && look(r) != ':' && look(r) != ')')
            r->at++;
        if (look(r) == ':')
            r->at++;
    }
    if (++r->depth <= DEPTH_MAX)
        sample_alternatives(r);
    r->depth--;
    r->at += look(r) == ')';
}

/* One character, class or group. */
static void sample_one(struct sampler *r)
{
    char c = look(r);

    r->at += is_more(r);
    if (c == '(')
        sample_group(r);
    else if (c == '[')
        sample_class(r);
    else if (c == '\\')
        give(r, escaped(r));
    else if (c == '.')
        give(r, 'x');
    else if (c != '^' && c != '$')
        give(r, c);
}

/* How often: of a quantifier at the place, which is stepped over. */
static unsigned repeats(struct sampler *r)
{
    unsigned least = 0;
    char c = look(r);

    if (c == '?' || c == '*' || c == '+') {
        r->at++;
        unsigned n = c == '?' ? synth_below(r->s, 2) : synth_below(r->s, 3) + (c == '+');
        r->at += look(r) == '?' || look(r) == '+';
        return n;
    }
    if (c != '{' || r->at + 1 >= r->pattern.n || r->pattern.p[r->at + 1] < '0' ||
        r->pattern.p[r->at + 1] > '9')
        return 1;
    for (r->at++; look(r) >= '0' && look(r) <= '9'; r->at++)
        if (least < REPEATS_MAX)
            least = least * 10 + (unsigned)(look(r) - '0');
    bool is_open = look(r) == ',';
    while (is_more(r) && look(r) != '}')
        r->at++;
    r->at += is_more(r);
    if (least == 0 && is_open)
        least = synth_below(r->s, 2);
    return least < REPEATS_MAX ? least : REPEATS_MAX;
}

/* The place behind the part that begins here. */
static size_t end_of_one(const struct sampler *r)
{
    struct sampler dry = *r;

    dry.is_silent = true;
    sample_one(&dry);
    return dry.at;
}

static void sample_sequence(struct sampler *r)
{
    while (is_more(r) && look(r) != '|' && look(r) != ')') {
        struct sampler behind = *r;
        behind.at = end_of_one(r);
        unsigned n = repeats(&behind);
        for (unsigned i = 0; i < n && !r->is_silent; i++) {
            struct sampler again = *r;
            sample_one(&again);
        }
        r->at = behind.at;
    }
}

/* Up to the closing parenthesis or the end: one alternative is given, the others are passed. */
static void sample_alternatives(struct sampler *r)
{
    bool was_silent = r->is_silent;
    size_t start = r->at;
    unsigned n = 0;

    r->is_silent = true;
    do {
        r->at += n > 0; /* the bar */
        sample_sequence(r);
        n++;
    } while (look(r) == '|');
    size_t end = r->at;
    r->is_silent = was_silent;
    if (was_silent)
        return;
    unsigned chosen = synth_below(r->s, n);
    r->at = start;
    for (unsigned i = 0; i <= chosen; i++) {
        r->is_silent = i < chosen;
        r->at += i > 0;
        sample_sequence(r);
    }
    r->is_silent = false;
    r->at = end;
}

void synth_regex(struct synth *s, struct str pattern, char *out, size_t *n, size_t max)
{
    struct sampler r = {.s = s, .pattern = pattern, .out = out, .n = n, .max = max};

    sample_alternatives(&r);
}
