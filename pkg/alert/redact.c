/* redact.c - values and records, shown without what is secret. */
#include "alert/redact.h"

#include <stdlib.h>
#include <string.h>

#include "alert/redact_impl.h"
#include "base/str.h"
#include "base/utf8.h"
#include "json/write.h"

enum { WINDOW_SLACK = 4096 }; /* bytes looked at behind a cut: no pattern needs more to be seen */

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

/* ---- values --------------------------------------------------------------------------------- */

static struct str mask_of(const char *kind, struct arena *a)
{
    return arena_printf(a, "[redacted:%s]", kind);
}

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
            redact_add_span(r, (struct secret_span){at, at + value.n, SECRET_NAMED});
    }
}

static bool is_known_clean(struct redactor *r, struct str text)
{
    const struct searched *s = redact_searched(r, text);

    return s && s->n_spans == 0;
}

/* Quick, for nearly all values: nothing about it or about its event is secret. */
static bool is_harmless(struct redactor *r, struct str field, struct str value)
{
    enum secret_kind kind;

    return r->n_known == 0 && !r->is_overflowed && is_known_clean(r, value) &&
           (!r->profile || profile_redact_of(r->profile, field) == REDACT_NONE) &&
           !secret_named_value(field, value, &kind);
}

/* As redact_find(), which may have seen the text already. */
static void find_spans_again(struct redactor *r, struct str text)
{
    const struct searched *s = redact_searched(r, text);

    if (!s) {
        redact_find(r, text);
        return;
    }
    r->n_spans = 0;
    r->is_flooded = false;
    for (size_t i = 0; i < s->n_spans; i++)
        redact_add_span(r, s->spans[i]);
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
        redact_join(r);
        /* What begins near the end of the window may not have been recognised: never shown. */
        if (window.n < value.n)
            window.n -= WINDOW_SLACK;
        while (r->n_spans > 0 && r->spans[r->n_spans - 1].from >= window.n)
            r->n_spans--;
        if (r->n_spans > 0 && r->spans[r->n_spans - 1].to > window.n)
            window.n = r->spans[r->n_spans - 1].to;
        out.text = redact_replace(r, r->arena, window);
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

    if (r->n_known > 0 || key.n > max || redact_key(r, key, &space)->has_secret) {
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
