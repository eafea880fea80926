/* expr_change.c - operators that make another text of one, or take it apart. */
#include "rule/expr_impl.h"

#include "base/base64.h"
#include "base/cluster.h"
#include "base/recase.h"
#include "base/str.h"
#include "base/utf8.h"
#include "rule/expr_regex.h"

#include <math.h>
#include <stdlib.h>

/* A text in the making. */
struct made {
    struct arena *space;
    char *p;
    size_t n, cap;
};

static void add(struct made *m, struct str s)
{
    if (m->n + s.n > m->cap) {
        char *was = m->p;
        m->cap = 2 * (m->n + s.n) + 64;
        m->p = arena_alloc(m->space, m->cap);
        if (m->n)
            memcpy(m->p, was, m->n);
    }
    if (s.n)
        memcpy(m->p + m->n, s.p, s.n);
    m->n += s.n;
}

static struct expr_value text_of(const struct made *m)
{
    return m->n > EXPR_TEXT_MAX ? EXPR_NOTHING
                                : expr_value_text(m->n ? (struct str){m->p, m->n} : STR(""));
}

static struct expr_value recased(const struct expr_args *a, struct str s)
{
    char *out = arena_alloc(a->scope->space, RECASE_GROWTH * s.n + 1);

    return expr_value_text((struct str){out, recase(out, s, a->e->op == EXPR_UPPER)});
}

static struct expr_value reversed(struct arena *space, struct str s)
{
    char *out = arena_alloc(space, s.n + 1);

    for (size_t at = 0, n; at < s.n; at += n) {
        n = cluster_size(s, at);
        memcpy(out + s.n - at - n, s.p + at, n);
    }
    return expr_value_text((struct str){out, s.n});
}

static struct expr_value trimmed(const struct expr_args *a, struct str s)
{
    struct str chars = a->n > 1 ? a->items[1].text : STR(" \t\r\n");

    if (a->n > 1 && a->items[1].type != EXPR_VALUE_TEXT)
        return EXPR_NOTHING;
    while (a->e->op != EXPR_TRIM_RIGHT && s.n && str_find_char(chars, s.p[0], 0) != SIZE_MAX)
        s = str_sub(s, 1, SIZE_MAX);
    while (a->e->op != EXPR_TRIM_LEFT && s.n && str_find_char(chars, s.p[s.n - 1], 0) != SIZE_MAX)
        s.n--;
    return expr_value_text(s);
}

static struct expr_value replaced_text(const struct expr_args *a, struct str s)
{
    struct str old = a->items[1].text, new = a->items[2].text;
    struct made out = {.space = a->scope->space};
    size_t at = 0, next;

    if (a->items[1].type != EXPR_VALUE_TEXT || a->items[2].type != EXPR_VALUE_TEXT)
        return EXPR_NOTHING;
    while (old.n && out.n <= EXPR_TEXT_MAX &&
           (next = expr_find(s, old, at, a->e->fold)) != SIZE_MAX) {
        add(&out, str_sub(s, at, next - at));
        add(&out, new);
        at = next + old.n;
    }
    add(&out, str_sub(s, at, SIZE_MAX));
    return text_of(&out);
}

static struct expr_value split(const struct expr_args *a, struct str s)
{
    struct arena *space = a->scope->space;
    struct str by = a->items[1].text;
    struct expr_value *out;
    size_t n = 0, at = 0;

    if (a->items[1].type != EXPR_VALUE_TEXT)
        return EXPR_NOTHING;
    out = ARENA_ARRAY(space, EXPR_LIST_MAX, struct expr_value);
    while (n < EXPR_LIST_MAX && (by.n || at < s.n)) {
        size_t end = by.n ? str_find(s, by, at) : at + utf8_char(s, at);
        out[n++] = expr_value_text(str_sub(s, at, end == SIZE_MAX ? SIZE_MAX : end - at));
        if (end == SIZE_MAX)
            break;
        at = end + by.n;
    }
    return expr_value_list(space, out, n);
}

/* ---- regexes ----------------------------------------------------------------- */

static bool matches(const struct expr_args *a, struct str s, size_t from, struct expr_match *m)
{
    enum expr_regex_result r = expr_regex_match(a->e->compiled, a->scope->space, s, from, m);

    if (r == EXPR_REGEX_OVER_LIMIT && a->scope->n_over_limit)
        (*a->scope->n_over_limit)++;
    return r == EXPR_REGEX_YES;
}

static struct expr_value capture(const struct expr_args *a, struct str s)
{
    struct expr_match m;

    if (!matches(a, s, 0, &m) || !m.groups[a->e->group].p)
        return EXPR_NOTHING;
    return expr_value_text(m.groups[a->e->group]);
}

/* $1 or \1 is a group, $$ and \x are $ and x. */
static void add_new(struct made *out, struct str new, const struct expr_match *m, uint32_t n_groups)
{
    for (size_t i = 0; i < new.n; i++) {
        char c = new.p[i], next = i + 1 < new.n ? new.p[i + 1] : '\0';
        if (c != '$' && c != '\\') {
            add(out, (struct str){&new.p[i], 1});
        } else if (next >= '0' && next <= '9') {
            uint32_t group = (uint32_t)(next - '0');
            if (group <= n_groups && m->groups[group].p)
                add(out, m->groups[group]);
            i++;
        } else if (c == '\\' && next) {
            add(out, (struct str){&new.p[i + 1], 1});
            i++;
        } else {
            i += c == '$' && next == '$';
            add(out, (struct str){&new.p[i], 1});
        }
    }
}

static struct expr_value replaced(const struct expr_args *a, struct str s)
{
    struct made out = {.space = a->scope->space};
    struct expr_match m;
    size_t at = 0;

    if (a->items[1].type != EXPR_VALUE_TEXT)
        return EXPR_NOTHING;
    while (at <= s.n && out.n <= EXPR_TEXT_MAX && matches(a, s, at, &m)) {
        size_t start = m.end - m.groups[0].n;
        add(&out, str_sub(s, at, start - at));
        add_new(&out, a->items[1].text, &m, expr_regex_groups(a->e->compiled));
        at = m.end;
        if (a->n > 2) /* no more than the first */
            break;
        if (m.groups[0].n)
            continue;
        if (at == s.n) { /* an empty match: the next character stays and is stepped over */
            at++;
            break;
        }
        size_t n = utf8_char(s, at);
        add(&out, str_sub(s, at, n));
        at += n;
    }
    if (at < s.n)
        add(&out, str_sub(s, at, SIZE_MAX));
    return text_of(&out);
}

/* ---- coding ----------------------------------------------------------------- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %xx and +; a % that begins nothing stays. */
static struct expr_value url_decoded(struct arena *space, struct str s)
{
    char *out = arena_alloc(space, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        int high = i + 2 < s.n ? hex(s.p[i + 1]) : -1, low = high < 0 ? -1 : hex(s.p[i + 2]);
        if (s.p[i] == '%' && low >= 0) {
            out[n++] = (char)(high * 16 + low);
            i += 2;
        } else {
            out[n++] = s.p[i] == '+' ? ' ' : s.p[i];
        }
    }
    return expr_value_text((struct str){out, n});
}

static struct expr_value url_encoded(struct arena *space, struct str s)
{
    char *out = arena_alloc(space, 3 * s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i], low = (unsigned char)ascii_lower(s.p[i]);
        if ((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
            str_find_char(STR("-._~"), (char)c, 0) != SIZE_MAX) {
            out[n++] = (char)c;
            continue;
        }
        out[n++] = '%';
        out[n++] = "0123456789ABCDEF"[c >> 4];
        out[n++] = "0123456789ABCDEF"[c & 15];
    }
    return n > EXPR_TEXT_MAX ? EXPR_NOTHING : expr_value_text((struct str){out, n});
}

static struct expr_value base64_encoded(struct arena *space, struct str s)
{
    if (BASE64_SIZE(s.n) > EXPR_TEXT_MAX)
        return EXPR_NOTHING;
    return expr_value_text(base64_encode(s, arena_alloc(space, BASE64_SIZE(s.n) + 1)));
}

static struct expr_value base64_decoded(const struct expr_args *a, struct str s)
{
    struct arena *space = a->scope->space;
    char *out = arena_alloc(space, s.n + 1);
    size_t n;

    if (a->n == 2)
        return a->items[1].type == EXPR_VALUE_TEXT ? expr_base64_text(space, s, a->items[1].text)
                                                   : EXPR_NOTHING;
    return base64_decode(s, out, &n) ? expr_value_text((struct str){out, n}) : EXPR_NOTHING;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Characters in order, so that the sum is the same however they stand. */
static struct expr_value entropy(struct arena *space, struct str s)
{
    uint32_t *all = arena_alloc(space, (s.n + 1) * sizeof *all);
    size_t n = 0, same = 0;
    double bits = 0;

    for (size_t i = 0; i < s.n; n++) {
        size_t length = utf8_char(s, i);
        all[n] = 0;
        for (size_t k = 0; k < length; k++)
            all[n] = all[n] << 8 | (unsigned char)s.p[i + k];
        i += length;
    }
    qsort(all, n, sizeof *all, by_number);
    for (size_t i = 0; i < n; i += same) {
        for (same = 1; i + same < n && all[i + same] == all[i]; same++)
            ;
        double share = (double)same / (double)n;
        bits -= share * log2(share);
    }
    return expr_value_real(bits);
}

/* Numbers and truth values are texts here, too. */
struct expr_value expr_change_call(const struct expr_args *a)
{
    struct arena *space = a->scope->space;
    struct str s;

    if (a->items[0].type == EXPR_VALUE_LIST || !expr_value_string(space, &a->items[0], &s))
        return EXPR_NOTHING;
    switch (a->e->op) {
    case EXPR_LOWER:
    case EXPR_UPPER:
        return recased(a, s);
    case EXPR_TRIM:
    case EXPR_TRIM_LEFT:
    case EXPR_TRIM_RIGHT:
        return trimmed(a, s);
    case EXPR_REPLACE_TEXT:
        return replaced_text(a, s);
    case EXPR_SPLIT:
        return split(a, s);
    case EXPR_REGEX:
        return expr_value_bool(matches(a, s, 0, NULL));
    case EXPR_CAPTURE:
        return capture(a, s);
    case EXPR_REPLACE:
        return replaced(a, s);
    case EXPR_URL_DECODE:
        return url_decoded(space, s);
    case EXPR_REVERSE:
        return reversed(space, s);
    case EXPR_URL_ENCODE:
        return url_encoded(space, s);
    case EXPR_HASH:
        return expr_hash_call(a, s);
    case EXPR_BASE64_ENCODE:
        return base64_encoded(space, s);
    case EXPR_BASE64_DECODE:
        return base64_decoded(a, s);
    case EXPR_ENTROPY:
        return entropy(space, s);
    case EXPR_GEO:
        return a->e->geo->find(a->e->geo->context, s, a->e->geo_part);
    default: /* EXPR_HAS_TEXT */
        return a->items[1].type == EXPR_VALUE_TEXT
                   ? expr_value_bool(expr_find(s, a->items[1].text, 0, a->e->fold) != SIZE_MAX)
                   : EXPR_NOTHING;
    }
}
