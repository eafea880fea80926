/* redact.c - see redact.h.
 *
 * A text is searched in several views: as it stands, and decoded. A view remembers for each of
 * its bytes where in the text it came from, so a span found in a view is a span of the text.
 * Spans of all views are joined, then replaced.
 */
#include "alert/redact.h"

#include "alert/secrets.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "json/write.h"

#include <stdlib.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum {
    SPANS_MAX = 4096,    /* in one text; a text with more is not shown at all */
    WINDOW_SLACK = 4096, /* bytes looked at behind a cut: no pattern needs more to be seen */
    SEARCHED_SLOTS = 256
};

/* A text of the event that was searched, and its spans. It stays where it is as long as the event.
 */
struct searched {
    const char *p;
    uint32_t n;
    uint32_t event; /* n_events of then */
    const struct secret_span *spans;
    size_t n_spans;
};

struct known {
    struct str value;
    const char *kind;
    enum profile_redact how; /* REDACT_NONE: found by place, not by the profile */
};

struct view {
    struct buf text;
    uint32_t *map; /* map[i]: where byte i came from; one more for the end */
    size_t map_cap;
};

/* What is known of a JSON key, whatever the event: they come again with every record. */
enum { KEYS_KNOWN = 256, KEY_BYTES_MAX = 47 };
struct known_key {
    char text[KEY_BYTES_MAX];
    uint8_t n; /* 0: free */
    bool has_secret;
    bool is_telling; /* secret_name() */
};

struct redactor {
    struct digest *digest;
    struct known_key keys[KEYS_KNOWN];
    struct view views[2]; /* each round decodes one into the other */
    struct secret_span *spans;
    size_t n_spans, spans_cap;
    struct buf out;

    /* the event at hand */
    struct arena *arena;
    const struct event_tree *event; /* NULL: fields that were kept of several */
    const struct profile *profile;  /* of the field at hand; NULL: unknown */
    struct known *known;
    size_t n_known, n_event_known; /* the event's own come first */
    bool is_overflowed, has_hit, is_event_overflowed;
    struct searched searched[SEARCHED_SLOTS]; /* by address */
    uint32_t n_events;
    struct str record; /* that the event was made of; empty: unknown */
    struct secret_places places;
    bool is_flooded; /* the text at hand has more than SPANS_MAX spans */
};

struct redactor *redactor_new(struct digest *digest)
{
    struct redactor *r = calloc(1, sizeof(*r));

    ASSERT(r);
    r->digest = digest;
    r->known = calloc(REDACT_KNOWN_MAX, sizeof(*r->known));
    r->spans_cap = 64;
    r->spans = calloc(r->spans_cap, sizeof(*r->spans));
    ASSERT(r->known && r->spans);
    return r;
}

void redactor_free(struct redactor *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < ARRAY_LEN(r->views); i++) {
        buf_release(&r->views[i].text);
        free(r->views[i].map);
    }
    buf_release(&r->out);
    free(r->spans);
    free(r->known);
    free(r);
}

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

static void span_add(struct redactor *r, struct secret_span span)
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
    span_add(c->r, span);
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
static void find_spans(struct redactor *r, struct str text)
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

static void join_spans(struct redactor *r)
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

static struct str mask_of(const char *kind, struct arena *a)
{
    return arena_printf(a, "[redacted:%s]", kind);
}

/* The text with its spans replaced. */
static struct str replace_spans(struct redactor *r, struct arena *a, struct str text)
{
    size_t at = 0;

    if (r->is_flooded)
        return STR("[redacted:overflow]");
    join_spans(r);
    buf_clear(&r->out);
    for (size_t i = 0; i < r->n_spans; i++) {
        const struct secret_span *span = &r->spans[i];
        buf_add(&r->out, str_sub(text, at, span->from - at));
        buf_printf(&r->out, "[redacted:%s]", secret_kind_name(span->kind));
        at = span->to;
    }
    buf_add(&r->out, str_sub(text, at, text.n - at));
    return arena_str(a, buf_str(&r->out));
}

struct str redact_text(struct redactor *r, struct arena *a, struct str text)
{
    find_spans(r, text);
    if (r->n_spans == 0)
        return text;
    return replace_spans(r, a, text);
}

/* ---- secrets by place --------------------------------------------------------------------- */

static void known_add(struct redactor *r, struct str value, const char *kind,
                      enum profile_redact how)
{
    if (secret_is_trivial(value))
        return;
    for (size_t i = 0; i < r->n_known; i++)
        if (str_eq(r->known[i].value, value))
            return;
    if (r->n_known == REDACT_KNOWN_MAX) {
        r->is_overflowed = true;
        return;
    }
    r->known[r->n_known++] = (struct known){value, kind, how};
}

static bool is_scalar(const struct json_node *node)
{
    return node->type == JSON_T_STRING || node->type == JSON_T_NUMBER;
}

/* The node's own text, or its members' if it is an array, is a secret. */
static void known_add_node(struct redactor *r, const struct json_node *node, enum secret_kind kind)
{
    if (is_scalar(node))
        known_add(r, node->text, secret_kind_name(kind), REDACT_NONE);
    if (node->type != JSON_T_ARRAY)
        return;
    for (const struct json_node *m = node->first; m; m = m->next)
        if (is_scalar(m))
            known_add(r, m->text, secret_kind_name(kind), REDACT_NONE);
}

static bool is_one_of(struct str key, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (key.n == names[i].n && str_eq_ci(key, names[i]))
            return true;
    return false;
}

/* ---- keys ---------------------------------------------------------------------------------- */

enum pair_role { PAIR_NONE, PAIR_NAME, PAIR_VALUE };

/* {"name": "DB_PASSWORD", "value": X} */
static enum pair_role role_of(struct str key)
{
    static const struct str names[] = {STR("name"), STR("key"), STR("#name"), STR("@name"),
                                       STR("id")};
    static const struct str values[] = {STR("value"), STR("#text"), STR("val"), STR("content")};

    if (is_one_of(key, names, ARRAY_LEN(names)))
        return PAIR_NAME;
    return is_one_of(key, values, ARRAY_LEN(values)) ? PAIR_VALUE : PAIR_NONE;
}

static void learn_key(struct redactor *r, struct str key, struct known_key *out)
{
    enum secret_kind kind;

    find_spans(r, key);
    out->has_secret = r->n_spans != 0;
    out->is_telling = secret_name(key, &kind);
}

/* space: for a key that is too long to be kept. */
static const struct known_key *key_of(struct redactor *r, struct str key, struct known_key *space)
{
    if (key.n == 0 || key.n > KEY_BYTES_MAX) {
        learn_key(r, key, space);
        return space;
    }
    uint32_t ends = (uint32_t)(uint8_t)key.p[0] << 16 | (uint32_t)(uint8_t)key.p[key.n / 2] << 8 |
                    (uint8_t)key.p[key.n - 1];
    struct known_key *k = &r->keys[((ends ^ (uint32_t)key.n << 24) * 0x9E3779B1u) >> 24];
    if (!str_eq((struct str){k->text, k->n}, key)) {
        learn_key(r, key, k);
        memcpy(k->text, key.p, key.n);
        k->n = (uint8_t)key.n;
    }
    return k;
}

static struct searched *searched_slot(struct redactor *r, struct str text)
{
    uint64_t hash = (uint64_t)(uintptr_t)text.p * 0x9E3779B97F4A7C15ull;

    return &r->searched[(hash >> 32) % SEARCHED_SLOTS];
}

/* What was found in the event's own text; NULL: it was not searched, or that was forgotten. */
static const struct searched *searched_text(struct redactor *r, struct str text)
{
    const struct searched *s = searched_slot(r, text);

    return s->p == text.p && s->n == text.n && s->event == r->n_events ? s : NULL;
}

static bool is_known_clean(struct redactor *r, struct str text)
{
    const struct searched *s = searched_text(r, text);

    return s && s->n_spans == 0;
}

/* Where in the record a part of the event stands, as far as that is known: from the key's first
 * byte or before, to the last byte of the value or behind. */
struct raw_part {
    const char *from, *to; /* from NULL: unknown */
};

static bool is_in_record(const struct redactor *r, const char *p)
{
    return (uintptr_t)p - (uintptr_t)r->record.p < r->record.n;
}

static struct raw_part part_of_member(const struct redactor *r, const struct json_node *m,
                                      const char *end)
{
    bool is_last = !m->next || !is_in_record(r, m->next->key.p);

    return (struct raw_part){is_in_record(r, m->key.p) ? m->key.p : NULL,
                             is_last ? end : m->next->key.p};
}

/* A text that is written without escapes stands in the record itself. */
static bool is_ruled_out(struct redactor *r, struct str text, struct raw_part part)
{
    if (text.n >= SECRET_RUN_MIN && r->places.has_run)
        return false;
    if (is_in_record(r, text.p))
        part = (struct raw_part){text.p, text.p + text.n};
    if (!part.from)
        return false;
    return secrets_ruled_out(&r->places, (size_t)(part.from - r->record.p),
                             (size_t)(part.to - r->record.p));
}

/* All are searched, even if the record has to be written anew already: what is clean then is known.
 */
static void walk_text(struct redactor *r, struct str text, struct raw_part part)
{
    struct searched s = {.p = text.p, .n = (uint32_t)text.n, .event = r->n_events};

    r->n_spans = 0;
    r->is_flooded = false;
    if (!is_ruled_out(r, text, part))
        find_spans(r, text);
    if (r->n_spans > 0) {
        struct secret_span *spans = arena_alloc(r->arena, r->n_spans * sizeof(*spans));
        memcpy(spans, r->spans, r->n_spans * sizeof(*spans));
        s.spans = spans;
        s.n_spans = r->n_spans;
        r->has_hit = true;
    }
    if (!r->is_flooded)
        *searched_slot(r, text) = s;
}

/* Quick: most keys are too long for a role, or begin otherwise. */
static bool may_have_role(struct str key)
{
    return key.n >= 2 && key.n <= 7 && memchr("nki#@vc", ascii_lower(key.p[0]), 7);
}

static void walk_pair(struct redactor *r, const struct json_node *object)
{
    const struct json_node *value = NULL;
    enum secret_kind kind = SECRET_NAMED;
    bool is_secret = false;

    for (const struct json_node *m = object->first; m; m = m->next) {
        enum pair_role role = may_have_role(m->key) ? role_of(m->key) : PAIR_NONE;
        if (role == PAIR_NAME && m->type == JSON_T_STRING)
            is_secret |= secret_name(m->text, &kind);
        else if (role == PAIR_VALUE)
            value = m;
    }
    if (is_secret && value)
        known_add_node(r, value, kind);
}

static void walk_key(struct redactor *r, const struct json_node *m)
{
    struct known_key space;
    const struct known_key *key = key_of(r, m->key, &space);
    enum secret_kind kind;

    r->has_hit |= key->has_secret;
    if (!key->is_telling || !(is_scalar(m) || m->type == JSON_T_ARRAY))
        return;
    if (is_scalar(m) ? secret_named_value(m->key, m->text, &kind) : secret_name(m->key, &kind))
        known_add_node(r, m, kind);
}

static void walk(struct redactor *r, const struct json_node *node, struct raw_part part);

/* What the object says as a whole, if it is a pair of a name and its value, goes before what its
 * members say. */
static void walk_object(struct redactor *r, const struct json_node *object, const char *end)
{
    walk_pair(r, object);
    for (const struct json_node *m = object->first; m; m = m->next) {
        walk_key(r, m);
        walk(r, m, part_of_member(r, m, end));
    }
}

static void walk(struct redactor *r, const struct json_node *node, struct raw_part part)
{
    enum secret_kind kind;

    if (is_scalar(node)) {
        walk_text(r, node->text, part);
    } else if (node->type == JSON_T_OBJECT) {
        walk_object(r, node, part.to);
    } else {
        for (const struct json_node *m = node->first, *before = NULL; m; before = m, m = m->next) {
            if (before && before->type == JSON_T_STRING && is_scalar(m) &&
                secret_option(before->text, &kind))
                known_add(r, m->text, secret_kind_name(kind), REDACT_NONE);
            walk(r, m, (struct raw_part){NULL, part.to});
        }
    }
}

/* Values of the fields that the profile lists. */
static void walk_profile(struct redactor *r)
{
    const struct profile *p = r->event->reader;
    enum profile_redact how;
    struct str field;

    for (size_t i = 0; p && profile_redaction_at(p, i, &field, &how); i++) {
        struct field_values values = event_lookup(r->arena, r->event, field);
        for (size_t k = 0; k < values.n; k++)
            known_add(r, values.items[k].text, "profile", how);
    }
}

void redactor_begin_without(struct redactor *r, struct arena *a)
{
    r->arena = a;
    r->event = NULL;
    r->profile = NULL;
    r->n_known = 0;
    r->is_overflowed = r->has_hit = false;
    r->record = (struct str){0};
    if (++r->n_events == 0) { /* numbers begin anew */
        memset(r->searched, 0, sizeof(r->searched));
        r->n_events = 1;
    }
}

void redactor_begin(struct redactor *r, struct arena *a, const struct event_tree *event)
{
    redactor_begin_record(r, a, event, (struct str){0});
}

void redactor_begin_record(struct redactor *r, struct arena *a, const struct event_tree *event,
                           struct str record)
{
    redactor_begin_without(r, a);
    r->record = record;
    secrets_places(record, &r->places);
    r->event = event;
    r->profile = event->reader;
    walk_profile(r); /* first: what it says about a value goes before what the place says */
    if (event->root)
        walk(r, event->root, (struct raw_part){NULL, record.p + record.n});
    r->n_event_known = r->n_known;
    r->is_event_overflowed = r->is_overflowed;
}

void redactor_again(struct redactor *r, struct arena *a)
{
    ASSERT(r->event);
    r->arena = a;
    r->profile = r->event->reader;
    r->n_known = r->n_event_known;
    r->is_overflowed = r->is_event_overflowed;
}

void redactor_note(struct redactor *r, const struct profile *profile, struct str field,
                   struct str value)
{
    enum profile_redact how = profile ? profile_redact_of(profile, field) : REDACT_NONE;
    enum secret_kind kind;

    if (how != REDACT_NONE)
        known_add(r, value, "profile", how);
    else if (secret_named_value(field, value, &kind))
        known_add(r, value, secret_kind_name(kind), REDACT_NONE);
}

void redactor_use_profile(struct redactor *r, const struct profile *profile)
{
    r->profile = profile;
}

/* ---- values --------------------------------------------------------------------------------- */

static struct redacted replaced(struct redactor *r, const struct known *k)
{
    char hex[DIGEST_TEXT];

    if (k->how == REDACT_DROP)
        return (struct redacted){.text = STR("[dropped]"), .is_dropped = true, .is_changed = true};
    if (k->how != REDACT_HASH)
        return (struct redacted){.text = mask_of(k->kind, r->arena), .is_changed = true};
    digest_sha256_hex(r->digest, k->value, hex);
    return (struct redacted){.text = arena_printf(r->arena, "[sha256:%.16s]", hex),
                             .is_changed = true};
}

/* Is the whole value to go? */
static bool replace_whole(struct redactor *r, struct str field, struct str value,
                          struct redacted *out)
{
    const struct profile *p = r->profile;
    struct known by_field = {.value = value, .kind = "profile"};
    enum secret_kind kind;

    if (r->is_overflowed) {
        *out = (struct redacted){.text = STR("[redacted:overflow]"), .is_changed = true};
        return true;
    }
    by_field.how = p && field.n ? profile_redact_of(p, field) : REDACT_NONE;
    if (by_field.how != REDACT_NONE) {
        *out = replaced(r, &by_field);
        return true;
    }
    for (size_t i = 0; i < r->n_known; i++) {
        if (str_eq(r->known[i].value, value)) {
            *out = replaced(r, &r->known[i]);
            return true;
        }
    }
    if (secret_named_value(field, value, &kind)) {
        by_field.kind = secret_kind_name(kind);
        *out = replaced(r, &by_field);
        return true;
    }
    return false;
}

/* Known secrets inside a longer text. Short ones would tear up words: they count only whole. */
enum { KNOWN_INSIDE_MIN = 8 };

static void find_known(struct redactor *r, struct str text)
{
    for (size_t i = 0; i < r->n_known; i++) {
        struct str value = r->known[i].value;
        if (value.n < KNOWN_INSIDE_MIN)
            continue;
        for (size_t at = str_find(text, value, 0); at != SIZE_MAX && !r->is_flooded;
             at = str_find(text, value, at + value.n))
            span_add(r, (struct secret_span){at, at + value.n, SECRET_NAMED});
    }
}

/* Quick, for nearly all values: nothing about it or about its event is secret. */
static bool is_harmless(struct redactor *r, struct str field, struct str value)
{
    enum secret_kind kind;

    return r->n_known == 0 && !r->is_overflowed && is_known_clean(r, value) &&
           (!r->profile || profile_redact_of(r->profile, field) == REDACT_NONE) &&
           !secret_named_value(field, value, &kind);
}

/* As find_spans(), which may have seen the text already. */
static void find_spans_again(struct redactor *r, struct str text)
{
    const struct searched *s = searched_text(r, text);

    if (!s) {
        find_spans(r, text);
        return;
    }
    r->n_spans = 0;
    r->is_flooded = false;
    for (size_t i = 0; i < s->n_spans; i++)
        span_add(r, s->spans[i]);
}

struct redacted redact_value(struct redactor *r, struct str field, struct str value, size_t max)
{
    struct redacted out = {0};
    struct str window = str_sub(value, 0, max + 2 * WINDOW_SLACK);

    if (is_harmless(r, field, value) && value.n <= max)
        return (struct redacted){.text = value};
    if (replace_whole(r, field, value, &out))
        return out;
    find_spans_again(r, window);
    find_known(r, window);
    out.text = window;
    if (r->n_spans != 0) {
        join_spans(r);
        /* What begins near the end of the window may not have been recognised: never shown. */
        if (window.n < value.n)
            window.n -= WINDOW_SLACK;
        while (r->n_spans > 0 && r->spans[r->n_spans - 1].from >= window.n)
            r->n_spans--;
        if (r->n_spans > 0 && r->spans[r->n_spans - 1].to > window.n)
            window.n = r->spans[r->n_spans - 1].to;
        out.text = replace_spans(r, r->arena, window);
        out.is_changed = true;
    }
    size_t n = utf8_cut_at(out.text, max);
    out.is_cut = n < out.text.n || window.n < value.n;
    out.text.n = n;
    return out;
}

/* ---- the record ---------------------------------------------------------------------------- */

/* A string that is cut here fills the record, so the record's own cut takes its closing quote. */
static void put_string(struct redactor *r, struct buf *out, struct str field, struct str value,
                       size_t max)
{
    struct redacted text = redact_value(r, field, value, max);

    buf_add_char(out, '"');
    json_escape(out, text.text);
    buf_add_char(out, '"');
}

static void put_key(struct redactor *r, struct buf *out, struct str key, size_t max)
{
    struct known_key space;

    if (r->n_known > 0 || key.n > max || key_of(r, key, &space)->has_secret) {
        put_string(r, out, (struct str){0}, key, max);
        return;
    }
    buf_add_char(out, '"');
    json_escape(out, key);
    buf_add_char(out, '"');
}

/* Write the node anew; stops once there is more than max. */
static void put_node(struct redactor *r, struct buf *out, const struct json_node *node,
                     struct str key, size_t max)
{
    bool is_object = node->type == JSON_T_OBJECT;
    struct redacted whole;

    if (out->n > max)
        return;
    if (node->type == JSON_T_STRING) {
        put_string(r, out, key, node->text, max);
    } else if (node->type == JSON_T_NUMBER && replace_whole(r, key, node->text, &whole)) {
        buf_printf(out, "\"%.*s\"", (int)whole.text.n, whole.text.p);
    } else if (!is_object && node->type != JSON_T_ARRAY) {
        buf_add(out, node->text);
    } else {
        buf_add_char(out, is_object ? '{' : '[');
        for (const struct json_node *m = node->first; m && out->n <= max; m = m->next) {
            if (m != node->first)
                buf_add_char(out, ',');
            if (is_object) {
                put_key(r, out, m->key, max);
                buf_add_char(out, ':');
            }
            put_node(r, out, m, is_object ? m->key : key, max);
        }
        buf_add_char(out, is_object ? '}' : ']');
    }
}

struct redacted redact_record(struct redactor *r, struct str record, size_t max)
{
    struct redacted out = {.text = record};

    if (r->is_overflowed)
        return (struct redacted){.text = STR("[redacted:overflow]"), .is_changed = true};
    if (r->has_hit || r->n_known > 0) {
        struct buf text = {0};
        put_node(r, &text, r->event->root, (struct str){0}, max);
        out.text = arena_str(r->arena, buf_str(&text));
        out.is_changed = true;
        buf_release(&text);
    }
    size_t n = utf8_cut_at(out.text, max);
    out.is_cut = n < out.text.n;
    out.text.n = n;
    return out;
}
