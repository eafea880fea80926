/* witness.c - the events behind a finding: the one that completed it and the capsules of others,
 * who they are about, and what of them is secret.
 *
 * What a capsule cut may end in the middle of a secret, which no pattern would then know: its last
 * word is left out.
 */
#include "alert/document.h"

#include "base/str.h"

/* A cut value without its last word; nothing if it is one word. */
static struct str whole_words(struct str text)
{
    while (text.n > 0 && (uint8_t)text.p[text.n - 1] > ' ')
        text.n--;
    return str_trim(text);
}

/* The event that completed the finding has a capsule too, mostly. */
static bool is_trigger(const struct document *d, const struct capsule *c)
{
    const struct alert_match *t = d->trigger;

    return t && t->offset == c->offset && t->index == c->index && t->partition == c->partition &&
           str_starts(t->input, c->input);
}

static void unpack_capsules(struct document *d)
{
    const struct finding *f = d->finding;

    for (uint32_t i = 0; i < f->n_capsules; i++) {
        struct capsule *c = &d->capsules[d->n_capsules];
        if (!capsule_unpack(f->capsules[i], c))
            continue;
        for (uint32_t k = 0; k < c->n_fields; k++)
            if (c->fields[k].is_cut)
                c->fields[k].value = whole_words(c->fields[k].value);
        d->n_capsules++;
    }
}

static void add_capsule(struct document *d, const struct capsule *c)
{
    struct witness *w = &d->witnesses[d->n_witnesses++];
    struct event_field fields[CAPSULE_FIELDS];
    const struct profile_set *set = d->options->profiles;

    *w = (struct witness){.capsule = c};
    for (uint32_t i = 0; i < c->n_fields; i++)
        fields[i] = (struct event_field){c->fields[i].name, c->fields[i].value};
    if (set) {
        const struct profile *reader = profile_reader(set, c->profile);
        w->profile = reader;
        w->n_entities =
            event_entities_of_fields(d->arena, reader, fields, c->n_fields, &w->entities);
        w->n_evidence =
            event_evidence_of_fields(d->arena, reader, fields, c->n_fields, &w->evidence);
    }
    for (uint32_t i = 0; i < c->n_fields; i++)
        redactor_note(d->redactor, w->profile, c->fields[i].name, c->fields[i].value);
}

static bool has_entity(const struct document *d, const struct event_entity *e)
{
    for (size_t i = 0; i < d->n_entities; i++)
        if (str_eq(d->entities[i].role, e->role) && str_eq(d->entities[i].key, e->key))
            return true;
    return false;
}

static void join_entities(struct document *d)
{
    d->entity_profiles = arena_alloc(d->arena, ENTITIES_MAX * sizeof(struct profile *));
    if (d->n_witnesses == 1) { /* each once already */
        d->entities = d->witnesses[0].entities;
        d->n_entities = d->witnesses[0].n_entities;
        for (size_t i = 0; i < d->n_entities; i++)
            d->entity_profiles[i] = d->witnesses[0].profile;
        return;
    }
    d->entities = arena_alloc(d->arena, ENTITIES_MAX * sizeof(struct event_entity));
    for (size_t i = 0; i < d->n_witnesses; i++)
        for (size_t k = 0; k < d->witnesses[i].n_entities; k++) {
            const struct event_entity *e = &d->witnesses[i].entities[k];
            if (d->n_entities == ENTITIES_MAX || has_entity(d, e))
                continue;
            d->entity_profiles[d->n_entities] = d->witnesses[i].profile;
            d->entities[d->n_entities++] = *e;
        }
}

uint32_t document_step(const struct document *d, const struct capsule *c)
{
    const struct correlation *of = d->rule->correlation;

    if (!of || of->kind != OPERATOR_SEQUENCE)
        return 0;
    for (uint32_t i = 0; i < of->n_inputs; i++)
        if (str_eq(of->inputs[i].reference, c->rule))
            return i + 1;
    return 0;
}

/* Steps of a sequence are told in their order; else what completed the finding comes first. */
static bool is_in_order(const struct document *d)
{
    return !d->trigger && d->n_capsules > 0 && document_step(d, &d->capsules[0]) > 0;
}

int64_t document_first_ms(const struct document *d)
{
    int64_t first_ms = d->finding->first_ms;

    return is_in_order(d) && d->capsules[0].t_ms < first_ms ? d->capsules[0].t_ms : first_ms;
}

void document_gather(struct document *d)
{
    size_t newest;

    unpack_capsules(d);
    newest = d->n_capsules;
    if (d->trigger) {
        d->witnesses[d->n_witnesses++] = (struct witness){.profile = d->trigger->event->reader,
                                                          .evidence = d->told->evidence,
                                                          .n_evidence = d->told->n_evidence,
                                                          .entities = d->told->entities,
                                                          .n_entities = d->told->n_entities};
    } else if (newest > 0 && !is_in_order(d)) {
        add_capsule(d, &d->capsules[--newest]);
    }
    for (size_t i = 0; i < newest; i++)
        if (!is_trigger(d, &d->capsules[i]))
            add_capsule(d, &d->capsules[i]);
    join_entities(d);
}

struct str document_trigger_rule(const struct document *d)
{
    for (size_t i = 0; i < d->n_capsules; i++)
        if (is_trigger(d, &d->capsules[i]))
            return d->capsules[i].rule;
    return (struct str){0};
}

const struct profile *document_profile(const struct document *d)
{
    return d->n_witnesses > 0 ? d->witnesses[0].profile : NULL;
}

/* ---- entities as they may be shown ---------------------------------------------------------- */

size_t document_entity_count(const struct document *d)
{
    size_t max = d->limits->n_list < RESOURCES_MAX ? d->limits->n_list : RESOURCES_MAX;

    return d->n_entities < max ? d->n_entities : max;
}

static struct safe entity_text(struct document *d, size_t i, struct str text)
{
    redactor_use_profile(d->redactor, d->entity_profiles[i]);
    struct safe out =
        document_safe(d, d->entities[i].field, text, d->limits->evidence < 1024 ? 64 : 1024);
    redactor_use_profile(d->redactor, document_profile(d));
    return out;
}

struct safe document_entity_value(struct document *d, size_t i)
{
    ASSERT(i < RESOURCES_MAX);
    if (!(d->has_safe_value >> i & 1))
        d->safe_values[i] = entity_text(d, i, d->entities[i].value);
    d->has_safe_value |= 1ull << i;
    return d->safe_values[i];
}

/* The normalised text. If the value had to be redacted, so has this: folding its letters may
 * have hidden a secret from the patterns. */
struct safe document_entity_key(struct document *d, size_t i)
{
    struct safe value = document_entity_value(d, i);

    if (value.is_changed || str_eq(d->entities[i].key, d->entities[i].value))
        return value;
    if (!(d->has_safe_key >> i & 1))
        d->safe_keys[i] = entity_text(d, i, d->entities[i].key);
    d->has_safe_key |= 1ull << i;
    return d->safe_keys[i];
}

/* ---- the finding's key --------------------------------------------------------------------- */

enum { KEY_SHOWN_MAX = 512, KEY_SHOWN_LEAST = 64 };

/* The default key of rules about single events is the first entity; which one that was tells
 * a witness. -1: none of them. */
static int key_entity(const struct document *d, size_t i)
{
    const struct finding *f = d->finding;

    if (f->n_keys != 1 || !str_eq(f->key_names[i], STR("entity")))
        return -1;
    for (size_t k = 0; k < d->n_entities && k < RESOURCES_MAX; k++)
        if (str_eq(d->entities[k].key, f->keys[i]))
            return (int)k;
    return -1;
}

struct safe document_key(struct document *d, size_t i)
{
    int entity = key_entity(d, i);

    if (entity >= 0)
        return document_entity_key(d, (size_t)entity);
    return document_safe(d, d->finding->key_names[i], d->finding->keys[i],
                         d->limits->evidence < 1024 ? KEY_SHOWN_LEAST : KEY_SHOWN_MAX);
}

struct str document_key_name(const struct document *d, size_t i)
{
    int entity = key_entity(d, i);

    return str_sub(entity < 0 ? d->finding->key_names[i] : d->entities[entity].role, 0, 64);
}
