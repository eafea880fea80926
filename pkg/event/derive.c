/* derive.c - the steps that make a field of a value. Each takes a text and says what it becomes; a
 * chain passes on what the step before has made. */
#include "event/derive.h"

#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

/* What a step has made so far. */
struct made {
    struct str *items;
    size_t n;
};

static void add(struct made *m, struct str text)
{
    if (m->n < DERIVE_VALUES_MAX)
        m->items[m->n++] = text;
}

static struct str basename_of(struct str text)
{
    size_t at = text.n;

    while (at > 0 && text.p[at - 1] != '/' && text.p[at - 1] != '\\')
        at--;
    return str_sub(text, at, text.n);
}

/* Behind the last dot of a name; empty if there is none, or only one at the start. */
static struct str extension_of(struct str text)
{
    struct str name = basename_of(text);
    size_t at = name.n;

    while (at > 0 && name.p[at - 1] != '.')
        at--;
    return at > 1 ? str_sub(name, at, name.n) : STR("");
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes that are no UTF-8 become U+FFFD, as in any text of an event. */
static struct str as_utf8(struct arena *a, struct str text)
{
    size_t n, i = 0;

    while (i < text.n && utf8_sequence(text, i))
        i += utf8_sequence(text, i);
    if (i == text.n)
        return text;
    char *out = arena_alloc(a, text.n * UTF8_CLEAN_GROWTH);
    n = utf8_clean(text, out);
    return (struct str){out, n};
}

static struct str url_decode(struct arena *a, struct str text)
{
    if (str_find_char(text, '%', 0) == SIZE_MAX)
        return text;
    char *out = arena_alloc(a, text.n);
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        int high = -1, low = -1;
        if (text.p[i] == '%' && text.n - i > 2) {
            high = hex_digit(text.p[i + 1]);
            low = hex_digit(text.p[i + 2]);
        }
        if (high < 0 || low < 0) {
            out[n++] = text.p[i];
            continue;
        }
        out[n++] = (char)(high * 16 + low);
        i += 2;
    }
    return as_utf8(a, (struct str){out, n});
}

static struct str hex_decode(struct arena *a, struct str text)
{
    if (text.n == 0 || text.n % 2)
        return text;
    char *out = arena_alloc(a, text.n / 2);

    for (size_t i = 0; i < text.n; i += 2) {
        int high = hex_digit(text.p[i]), low = hex_digit(text.p[i + 1]);
        if (high < 0 || low < 0)
            return text;
        char c = (char)(high * 16 + low);
        out[i / 2] = c ? c : ' ';
    }
    return as_utf8(a, (struct str){out, text.n / 2});
}

/* The part up to the next separator; false if there was none left. */
static bool next_part(struct str *rest, struct str by, struct str *part)
{
    if (!rest->p)
        return false;
    size_t at = str_find(*rest, by, 0);
    *part = str_sub(*rest, 0, at);
    *rest = at == SIZE_MAX ? (struct str){0} : str_sub(*rest, at + by.n, rest->n);
    return true;
}

static void split(struct made *m, struct str text, struct str by)
{
    struct str rest = text, part;

    while (m->n < DERIVE_VALUES_MAX && next_part(&rest, by, &part)) {
        part = str_trim(part);
        if (part.n)
            add(m, part);
    }
}

static bool list_has(const struct str_list *list, struct str text)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq_ci(list->items[i], text))
            return true;
    return false;
}

static void take_part(struct made *m, struct str text, const struct derive_step *s)
{
    struct str rest = text, part, counted;
    int64_t n = 0, at = s->at;

    if (s->after.n)
        do {
            if (!next_part(&rest, s->by, &part))
                return;
        } while (!list_has(&s->after, part));
    counted = rest;
    while (next_part(&rest, s->by, &part))
        n++;
    if (at < 0)
        at += n;
    if (at < 0 || at >= n || (s->of && s->of != n))
        return;
    for (int64_t i = 0; i <= at; i++)
        (void)next_part(&counted, s->by, &part);
    if (part.n)
        add(m, part);
}

static struct str prefixed(struct arena *a, struct str prefix, struct str text)
{
    char *out = arena_alloc(a, prefix.n + text.n);

    memcpy(out, prefix.p, prefix.n);
    if (text.n)
        memcpy(out + prefix.n, text.p, text.n);
    return (struct str){out, prefix.n + text.n};
}

static void add_if_any(struct made *m, struct str text)
{
    if (text.n)
        add(m, text);
}

static void step(struct arena *a, const struct derive_step *s, struct str text, struct made *m)
{
    switch (s->kind) {
    case DERIVE_BASENAME:
        add_if_any(m, basename_of(text));
        break;
    case DERIVE_EXTENSION:
        add_if_any(m, extension_of(text));
        break;
    case DERIVE_URL_DECODE:
        add(m, url_decode(a, text));
        break;
    case DERIVE_LOWER:
        add(m, arena_lower(a, text));
        break;
    case DERIVE_HEX_DECODE:
        add(m, hex_decode(a, text));
        break;
    case DERIVE_SPLIT:
        split(m, text, s->by);
        break;
    case DERIVE_PART:
        take_part(m, text, s);
        break;
    case DERIVE_PREFIX:
        add(m, prefixed(a, s->by, text));
        break;
    }
}

size_t derive_apply(struct arena *a, const struct derive *d, struct str value,
                    struct str out[DERIVE_VALUES_MAX])
{
    struct str before[DERIVE_VALUES_MAX];
    size_t n = 1;

    out[0] = value;
    for (size_t i = 0; i < d->n; i++) {
        struct made m = {out, 0};
        memcpy(before, out, n * sizeof *out);
        for (size_t k = 0; k < n; k++)
            step(a, &d->steps[i], before[k], &m);
        n = m.n;
    }
    return n;
}
