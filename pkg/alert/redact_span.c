/* redact_span.c - secrets that a text itself gives away.
 *
 * A text is searched in several views: as it stands, and decoded. A view remembers for each of
 * its bytes where in the text it came from, so a span found in a view is a span of the text.
 * Spans of all views are joined, then replaced.
 */
#include "alert/redact_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* ---- views ---------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode the escape at `at`: its bytes to out (at most 3), its length returned; 0: none here. */
static size_t decode_percent(struct str s, size_t at, char *out)
{
    if (at + 2 >= s.n || hex_digit(s.p[at + 1]) < 0 || hex_digit(s.p[at + 2]) < 0)
        return 0;
    *out = (char)(hex_digit(s.p[at + 1]) << 4 | hex_digit(s.p[at + 2]));
    return 3;
}

static size_t decode_backslash(struct str s, size_t at, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    int code = 0;

    if (at + 1 >= s.n)
        return 0;
    const char *known = s.p[at + 1] ? strchr(from, s.p[at + 1]) : NULL;
    if (known) {
        *out = to[known - from];
        return 2;
    }
    if (s.p[at + 1] != 'u' || at + 5 >= s.n)
        return 0;
    for (size_t i = at + 2; i < at + 6; i++) {
        if (hex_digit(s.p[i]) < 0)
            return 0;
        code = code << 4 | hex_digit(s.p[i]);
    }
    *out = code < 0x80 ? (char)code : '?'; /* secrets are ASCII */
    return 6;
}

static size_t decode_one(struct str s, size_t at, char *out)
{
    if (s.p[at] == '%')
        return decode_percent(s, at, out);
    return s.p[at] == '\\' ? decode_backslash(s, at, out) : 0;
}

/* The next place where an escape could begin; s.n if there is none. */
static size_t next_escape(struct str s, size_t at)
{
#if defined(__SSE2__)
    for (; at + 16 <= s.n; at += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(s.p + at));
        unsigned hits = (unsigned)_mm_movemask_epi8(_mm_or_si128(
            _mm_cmpeq_epi8(v, _mm_set1_epi8('%')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));
        if (hits)
            return at + (size_t)__builtin_ctz(hits);
    }
#endif
    while (at < s.n && s.p[at] != '%' && s.p[at] != '\\')
        at++;
    return at;
}

static bool has_escape(struct str s)
{
    char ignored;

    for (size_t i = next_escape(s, 0); i < s.n; i = next_escape(s, i + 1))
        if (decode_one(s, i, &ignored))
            return true;
    return false;
}

/* `from` decoded into v; map is that of `from` (NULL: it is the text itself). */
static void view_decode(struct view *v, struct str from, const uint32_t *map)
{
    size_t n = 0;

    buf_clear(&v->text);
    char *out = buf_reserve(&v->text, from.n + 1);
    if (v->map_cap < from.n + 1) {
        v->map_cap = from.n + 1 + from.n / 2;
        v->map = realloc(v->map, v->map_cap * sizeof(*v->map));
        ASSERT(v->map);
    }
    for (size_t i = 0; i < from.n;) {
        size_t to = next_escape(from, i);
        memcpy(out + n, from.p + i, to - i);
        for (; i < to; i++)
            v->map[n++] = map ? map[i] : (uint32_t)i;
        if (i == from.n)
            break;
        size_t used = decode_one(from, i, &out[n]);
        if (used == 0)
            out[n] = from.p[i];
        v->map[n++] = map ? map[i] : (uint32_t)i;
        i += used ? used : 1;
    }
    v->map[n] = map ? map[from.n] : (uint32_t)from.n;
    v->text.n = n;
}

/* ---- spans ---------------------------------------------------------------------------- */

struct collect {
    struct redactor *r;
    const uint32_t *map;
};

void redact_add_span(struct redactor *r, struct secret_span span)
{
    if (r->n_spans == SPANS_MAX) {
        r->is_flooded = true;
        return;
    }
    if (r->n_spans == r->spans_cap) {
        r->spans_cap *= 2;
        r->spans = realloc(r->spans, r->spans_cap * sizeof(*r->spans));
        ASSERT(r->spans);
    }
    r->spans[r->n_spans++] = span;
}

static void collect_span(void *context, struct secret_span span)
{
    struct collect *c = context;

    if (c->map) {
        span.from = c->map[span.from];
        span.to = c->map[span.to];
    }
    redact_add_span(c->r, span);
}

static int span_order(const void *a, const void *b)
{
    const struct secret_span *x = a, *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    if (x->to != y->to)
        return x->to < y->to ? 1 : -1;
    return (int)y->kind - (int)x->kind; /* the later kind: a name says more than a shape */
}

/* All spans of the text in all views; sorted, without overlap. */
void redact_find(struct redactor *r, struct str text)
{
    struct collect c = {r, NULL};
    struct str now = text;

    r->n_spans = 0;
    r->is_flooded = false;
    ASSERT(text.n < UINT32_MAX);
    if (!secrets_possible(text))
        return;
    secrets_find(text, collect_span, &c);
    for (size_t round = 0; round < REDACT_ROUNDS && has_escape(now); round++) {
        struct view *v = &r->views[round % 2];
        view_decode(v, now, c.map);
        now = buf_str(&v->text);
        c.map = v->map;
        secrets_find(now, collect_span, &c);
    }
}

void redact_join(struct redactor *r)
{
    size_t n = 0;

    if (r->n_spans > 1)
        qsort(r->spans, r->n_spans, sizeof(*r->spans), span_order);
    for (size_t i = 0; i < r->n_spans; i++) {
        struct secret_span span = r->spans[i];
        if (n > 0 && span.from < r->spans[n - 1].to) {
            if (span.to > r->spans[n - 1].to)
                r->spans[n - 1].to = span.to;
        } else if (span.to > span.from) {
            r->spans[n++] = span;
        }
    }
    r->n_spans = n;
}

/* The text with its spans replaced. */
struct str redact_replace(struct redactor *r, struct arena *a, struct str text)
{
    size_t at = 0;

    if (r->is_flooded)
        return STR("[redacted:overflow]");
    redact_join(r);
    buf_clear(&r->out);
    for (size_t i = 0; i < r->n_spans; i++) {
        const struct secret_span *span = &r->spans[i];
        buf_add(&r->out, str_sub(text, at, span->from - at));
        buf_add(&r->out, STR("[redacted:"));
        buf_add(&r->out, str_from(secret_kind_name(span->kind)));
        buf_add_char(&r->out, ']');
        at = span->to;
    }
    buf_add(&r->out, str_sub(text, at, text.n - at));
    return arena_str(a, buf_str(&r->out));
}

struct str redact_text(struct redactor *r, struct arena *a, struct str text)
{
    redact_find(r, text);
    if (r->n_spans == 0)
        return text;
    return redact_replace(r, a, text);
}
