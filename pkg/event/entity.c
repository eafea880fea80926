/* entity.c - who and what an event is about, and its evidence, by the profile's lists. */
#include "event/lookup.h"

#include "base/ip.h"
#include "base/str.h"
#include "event/profile_impl.h"
#include "event/way.h"

#include <arpa/inet.h>
#include <string.h>

/* ---- normalising ----------------------------------------------------------------------- */

static struct str upper(struct arena *a, struct str text)
{
    char *out = arena_alloc(a, text.n + 1);

    for (size_t i = 0; i < text.n; i++)
        out[i] = (char)(text.p[i] >= 'a' && text.p[i] <= 'z' ? text.p[i] - 32 : text.p[i]);
    return (struct str){out, text.n};
}

/* The one spelling of an address; an IPv4 address inside IPv6 is the IPv4 address. */
static bool canonical_ip(struct arena *a, struct str text, struct str *out)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char z[INET6_ADDRSTRLEN], printed[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    int family = AF_INET;

    text = str_trim(text);
    if (text.n >= sizeof z || !ip_looks_like(text))
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    if (inet_pton(AF_INET, z, bytes) != 1) {
        if (inet_pton(AF_INET6, z, bytes) != 1)
            return false;
        family = AF_INET6;
        if (memcmp(bytes, mapped, sizeof mapped) == 0) {
            family = AF_INET;
            memmove(bytes, bytes + sizeof mapped, 4);
        }
    }
    if (!inet_ntop(family, bytes, printed, sizeof printed))
        return false;
    *out = arena_str(a, str_from(printed));
    return true;
}

static struct str short_host(struct arena *a, struct str text)
{
    struct str head, rest, ip;

    if (canonical_ip(a, text, &ip))
        return ip;
    (void)str_cut(str_trim(text), '.', &head, &rest);
    return arena_lower(a, head);
}

static struct str normalised(struct arena *a, enum normalise how, struct str text)
{
    struct str out;

    switch (how) {
    case NORMALISE_NONE:
        return text;
    case NORMALISE_LOWER:
        return arena_lower(a, text);
    case NORMALISE_SHORT_HOST:
        return short_host(a, text);
    case NORMALISE_IP:
        return canonical_ip(a, text, &out) ? out : arena_lower(a, text);
    case NORMALISE_SID:
        return upper(a, text);
    }
    return text;
}

/* ---- entities --------------------------------------------------------------------------- */

bool event_entity_says(struct str value)
{
    if (value.n && (unsigned char)value.p[0] > ' ' && value.p[0] != '-') /* nearly always */
        return true;
    value = str_trim(value);
    return value.n > 0 && !str_eq(value, STR("-"));
}

static bool says_something(const struct field_value *value)
{
    return (value->kind == JSON_STRING || value->kind == JSON_NUMBER) &&
           event_entity_says(value->text);
}

struct str event_entity_key(struct arena *a, const struct profile *p, size_t i, struct str value)
{
    return normalised(a, p->entities[i].normalise, value);
}

static bool is_there(const struct event_entity *list, size_t n, const struct event_entity *e)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].role, e->role) && str_eq(list[i].key, e->key))
            return true;
    return false;
}

/* Where values come from: the whole event, or the fields that are left of it. */
struct source {
    const struct event_tree *tree; /* NULL: fields */
    const struct event_field *fields;
    size_t n_fields;
    const struct profile *profile;
};

/* one: room for the only value. */
static struct field_values values_of(struct arena *a, const struct source *s,
                                     const struct field_way *way, struct field_value *one)
{
    struct str field = way->field;

    if (s->tree && way_leads_nowhere(s->tree, way))
        return (struct field_values){0};
    enum way_answer answer = s->tree ? way_value(s->tree, way, one) : WAY_ASK;
    if (answer != WAY_ASK)
        return (struct field_values){one, answer == WAY_ONE};
    if (s->tree)
        return event_lookup(a, s->tree, field);
    struct field_values out = {ARENA_ARRAY(a, s->n_fields, struct field_value), 0};
    for (size_t i = 0; i < s->n_fields; i++)
        if (str_eq(s->fields[i].name, field))
            out.items[out.n++] =
                (struct field_value){.kind = JSON_STRING, .text = s->fields[i].value};
    return out;
}

/* Entities of one field; returns the new count. */
static size_t add_field(struct arena *a, const struct source *s,
                        const struct profile_entity *entity, const struct field_way *way,
                        struct event_entity *list, size_t n)
{
    struct field_value one;
    struct field_values values = values_of(a, s, way, &one);

    for (size_t i = 0; i < values.n && n < ENTITIES_MAX; i++) {
        if (!says_something(&values.items[i]))
            continue;
        struct event_entity e = {.role = entity->role,
                                 .ocsf = entity->ocsf,
                                 .field = way->field,
                                 .value = values.items[i].text,
                                 .key = normalised(a, entity->normalise, values.items[i].text)};
        if (!is_there(list, n, &e))
            list[n++] = e;
    }
    return n;
}

static size_t entities_of(struct arena *a, const struct source *s, struct event_entity **out)
{
    struct event_entity *list = arena_alloc(a, ENTITIES_MAX * sizeof(*list));
    size_t n = 0;

    for (size_t i = 0; i < s->profile->n_entities; i++) {
        const struct profile_entity *entity = &s->profile->entities[i];
        size_t before = n;
        for (size_t f = 0; f < entity->fields.n && n == before; f++)
            n = add_field(a, s, entity, &entity->ways[f], list, n);
    }
    *out = list;
    return n;
}

size_t event_entities(struct arena *a, const struct event_tree *t, struct event_entity **out)
{
    return entities_of(a, &(struct source){.tree = t, .profile = t->reader}, out);
}

size_t event_entities_of_fields(struct arena *a, const struct profile *p,
                                const struct event_field *fields, size_t n,
                                struct event_entity **out)
{
    return entities_of(a, &(struct source){.fields = fields, .n_fields = n, .profile = p}, out);
}

/* ---- evidence --------------------------------------------------------------------------- */

static size_t evidence_of(struct arena *a, const struct source *s, struct event_evidence **out)
{
    const struct profile *p = s->profile;
    struct event_evidence *list = arena_alloc(a, p->n_evidence * sizeof(*list));
    struct field_value one;
    size_t n = 0;

    for (size_t i = 0; i < p->n_evidence; i++) {
        struct field_values values = values_of(a, s, p->evidence[i].way, &one);
        for (size_t v = 0; v < values.n; v++) {
            enum json_kind kind = values.items[v].kind;
            if (kind == JSON_NULL || kind == JSON_OBJECT || kind == JSON_EMPTY_ARRAY)
                continue;
            list[n++] = (struct event_evidence){p->evidence[i].ocsf_path, p->evidence[i].field,
                                                values.items[v]};
            break;
        }
    }
    *out = list;
    return n;
}

size_t event_evidence(struct arena *a, const struct event_tree *t, struct event_evidence **out)
{
    return evidence_of(a, &(struct source){.tree = t, .profile = t->reader}, out);
}

size_t event_evidence_of_fields(struct arena *a, const struct profile *p,
                                const struct event_field *fields, size_t n,
                                struct event_evidence **out)
{
    return evidence_of(a, &(struct source){.fields = fields, .n_fields = n, .profile = p}, out);
}
