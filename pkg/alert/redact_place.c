/* redact_place.c - the event at hand is walked once, for secrets that only their place gives away:
 * a telling key, an option before it, the profile.
 *
 * Its texts are searched on the way, and what was found is remembered by their addresses: mostly
 * nothing, so that most values are shown after one look.
 */
#include "alert/redact_impl.h"

#include <string.h>

#include "base/str.h"

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

    redact_find(r, key);
    out->has_secret = r->n_spans != 0;
    out->is_telling = secret_name(key, &kind);
}

const struct known_key *redact_key(struct redactor *r, struct str key, struct known_key *space)
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

/* ---- the walk ------------------------------------------------------------------------------ */

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
        redact_find(r, text);
    if (r->n_spans > 0) {
        struct secret_span *spans = arena_alloc(r->arena, r->n_spans * sizeof(*spans));
        memcpy(spans, r->spans, r->n_spans * sizeof(*spans));
        s.spans = spans;
        s.n_spans = r->n_spans;
        r->has_hit = true;
    }
    if (!r->is_flooded)
        *redact_searched_slot(r, text) = s;
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
    const struct known_key *key = redact_key(r, m->key, &space);
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

/* ---- events -------------------------------------------------------------------------------- */

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
