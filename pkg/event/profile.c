/* profile.c - questions to profiles that are loaded; profile_load.c reads them. */
#include "event/profile.h"

#include <limits.h>

#include "base/str.h"
#include "event/profile_impl.h"

struct str_list profile_set_texts(const struct profile_set *set)
{
    return set->texts;
}

uint32_t profile_count(const struct profile_set *set)
{
    return set->n;
}

const struct profile *profile_at(const struct profile_set *set, uint32_t i)
{
    ASSERT(i < set->n);
    return set->items[i];
}

const struct profile *profile_find(const struct profile_set *set, struct str name)
{
    for (uint32_t i = 0; i < set->n; i++)
        if (str_eq(set->items[i]->name, name))
            return set->items[i];
    return NULL;
}

const struct profile *profile_reader(const struct profile_set *set, struct str name)
{
    const struct profile *p = profile_find(set, name);

    return p ? p : set->fallback;
}

struct str profile_name(const struct profile *p)
{
    return p->name;
}

struct str profile_description(const struct profile *p)
{
    return p->description;
}

uint32_t profile_field_count(const struct profile *p)
{
    return (uint32_t)p->n_fields;
}

struct str profile_field_at(const struct profile *p, uint32_t i)
{
    ASSERT(i < p->n_fields);
    return p->fields[i].name;
}

enum profile_redact profile_redact_of(const struct profile *p, struct str field)
{
    for (size_t i = 0; i < p->n_redactions; i++)
        if (str_eq(p->redactions[i].field, field))
            return p->redactions[i].how;
    return REDACT_NONE;
}

bool profile_redaction_at(const struct profile *p, size_t i, struct str *field,
                          enum profile_redact *how)
{
    if (i >= p->n_redactions)
        return false;
    *field = p->redactions[i].field;
    *how = p->redactions[i].how;
    return true;
}

bool profile_entity_at(const struct profile *p, size_t i, struct str_list *fields)
{
    if (i >= p->n_entities)
        return false;
    *fields = p->entities[i].fields;
    return true;
}

int64_t profile_lateness_ms(const struct profile *p)
{
    return p->lateness_ms;
}

/* ---- fields -------------------------------------------------------------------- */

static const struct profile_field *listed_field(const struct profile *p, struct str name)
{
    for (size_t i = 0; i < p->n_fields; i++)
        if (str_eq(p->fields[i].name, name))
            return &p->fields[i];
    return NULL;
}

const struct str_list *profile_constants(const struct profile *p, struct str field)
{
    const struct profile_field *listed = listed_field(p, field);

    return listed && listed->constants.n ? &listed->constants : NULL;
}

struct str profile_join(const struct profile *p, struct str field)
{
    for (size_t i = 0; i < p->n_joins; i++)
        if (str_eq(p->joins[i].field, field))
            return p->joins[i].with;
    return (struct str){0};
}

/* The longest prefix decides. */
static const struct field_prefix *prefix_of(const struct profile *p, struct str field)
{
    const struct field_prefix *best = NULL;

    for (size_t i = 0; i < p->n_prefixes; i++)
        if (str_starts(field, p->prefixes[i].from) &&
            (!best || p->prefixes[i].from.n > best->from.n))
            best = &p->prefixes[i];
    return best;
}

struct str profile_name_below_roots(struct arena *a, const struct profile *p, struct str field)
{
    const struct field_prefix *prefix = prefix_of(p, field);

    if (!prefix)
        return field;
    struct str rest = str_sub(field, prefix->from.n, field.n);
    return arena_printf(a, "%.*s%.*s", (int)prefix->to.n, prefix->to.p, (int)rest.n, rest.p);
}

size_t profile_field_sources(struct arena *a, const struct profile *p, struct str field,
                             struct field_source *out)
{
    const struct profile_field *listed = listed_field(p, field);

    if (listed) {
        for (size_t i = 0; i < listed->n_sources; i++)
            out[i] = listed->sources[i];
        return listed->n_sources;
    }
    field = profile_name_below_roots(a, p, field);
    for (size_t i = 0; i < p->roots.n; i++) {
        struct str root = p->roots.items[i];
        out[i] = (struct field_source){field, NULL};
        if (root.n)
            out[i].path = arena_printf(a, "%.*s.%.*s", (int)root.n, root.p, (int)field.n, field.p);
    }
    return p->roots.n;
}

const struct value_map *profile_value_map(const struct profile *p, struct str field)
{
    for (size_t i = 0; i < p->n_maps; i++)
        if (str_eq(p->maps[i].field, field))
            return &p->maps[i];
    return NULL;
}

struct str value_map_apply(const struct value_map *map, struct str value)
{
    for (size_t i = 0; i < map->n_pairs; i++)
        if (str_eq_ci(map->pairs[i].from, value))
            return map->pairs[i].to;
    return value;
}

/* ---- logsource ------------------------------------------------------------------- */

static bool list_has(const struct str_list *list, struct str text)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq_ci(list->items[i], text))
            return true;
    return false;
}

static bool rule_holds(const struct source_rule *rule, const struct str *values)
{
    for (size_t i = 0; i < rule->n_conditions; i++) {
        const struct source_condition *c = &rule->conditions[i];
        struct str value = values[c->input];
        if (!value.p || (c->values.n > 0 && !list_has(&c->values, value)))
            return false;
    }
    return true;
}

static void key_from_event(const struct profile *p, enum source_key key, const struct str *values,
                           struct logsource_values *out)
{
    for (size_t i = 0; i < p->n_from[key] && !out->is_known; i++) {
        struct str value = values[p->from[key][i]];
        if (!value.p || value.n == 0)
            continue;
        out->values[0] = value;
        out->n = 1;
        out->is_known = true;
    }
}

void profile_facts(const struct profile *p, const struct str *values, struct logsource_facts *facts)
{
    struct logsource_values known[SOURCE_KEYS] = {0};

    for (size_t i = 0; i < p->n_rules; i++) {
        const struct source_rule *rule = &p->rules[i];
        if (!rule_holds(rule, values))
            continue;
        for (int key = 0; key < SOURCE_KEYS; key++)
            if (rule->sets[key] && !known[key].is_known)
                known[key] = rule->values[key];
    }
    for (int key = 0; key < SOURCE_KEYS; key++) {
        if (!known[key].is_known)
            key_from_event(p, (enum source_key)key, values, &known[key]);
        if (!known[key].is_known)
            known[key] = p->constants[key];
    }
    facts->product = known[SOURCE_PRODUCT];
    facts->category = known[SOURCE_CATEGORY];
    facts->service = known[SOURCE_SERVICE];
    facts->streams = (struct stream_facts){.patterns = p->streams, .n = p->n_streams};
    for (uint32_t i = 0; i < p->n_stream_slots; i++)
        facts->streams.slots[i] = values[p->stream_slots[i]];
}

static bool values_hold(const struct logsource_values *known, struct str wanted)
{
    for (uint32_t i = 0; i < known->n; i++)
        if (str_eq_ci(known->values[i], wanted))
            return true;
    return false;
}

static bool key_allows(const struct logsource_values *known, struct str wanted)
{
    return wanted.n == 0 || !known->is_known || values_hold(known, wanted);
}

bool logsource_allows(const struct logsource_facts *facts, const struct logsource *wanted)
{
    return key_allows(&facts->product, wanted->product) &&
           key_allows(&facts->category, wanted->category) &&
           key_allows(&facts->service, wanted->service) &&
           stream_allows(&facts->streams, &wanted->streams);
}

bool logsource_values_eq(const struct logsource_values *a, const struct logsource_values *b)
{
    if (a->is_known != b->is_known || a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!str_eq_ci(a->values[i], b->values[i]))
            return false;
    return true;
}

/* ---- the lint --------------------------------------------------------------------- */

/* True if the profile names this value for the key: in its constant or in one of its rules. */
static bool names(const struct profile *p, enum source_key key, struct str value)
{
    if (values_hold(&p->constants[key], value))
        return true;
    for (size_t i = 0; i < p->n_rules; i++)
        if (p->rules[i].sets[key] && values_hold(&p->rules[i].values[key], value))
            return true;
    return false;
}

static bool is_about(const struct profile *p, struct str product)
{
    return names(p, SOURCE_PRODUCT, product);
}

/* True if events of the profile may have this value for the key: it is known to, or nothing is. */
static bool can_be(const struct profile *p, enum source_key key, struct str wanted)
{
    return wanted.n == 0 || p->n_from[key] > 0 || !p->constants[key].is_known ||
           names(p, key, wanted);
}

/* True if events of the profile can be what a rule with this source is for. A rule without a
 * product is told by its streams, else by its category. */
static bool concerns(const struct profile *p, const struct logsource *source)
{
    const struct stream_facts streams = {.patterns = p->streams, .n = p->n_streams};

    if (source->product.n)
        return is_about(p, source->product) && can_be(p, SOURCE_CATEGORY, source->category) &&
               can_be(p, SOURCE_SERVICE, source->service);
    if (source->streams.n)
        return p->n_streams > 0 && stream_may_allow(&streams, &source->streams);
    return source->category.n && names(p, SOURCE_CATEGORY, source->category);
}

/* A known name, one below a known "a.*", or one that begins as a known "cs-*". */
static bool name_matches(struct str known, struct str field)
{
    if (str_ends(known, STR(".*")))
        return str_starts(field, str_sub(known, 0, known.n - 1)) ||
               str_eq(field, str_sub(known, 0, known.n - 2));
    if (str_ends(known, STR("*")))
        return str_starts(field, str_sub(known, 0, known.n - 1));
    return str_eq(known, field);
}

bool profile_has_field(const struct profile *p, struct str field)
{
    if (p->is_open || listed_field(p, field))
        return true;
    for (size_t i = 0; i < p->known.n; i++)
        if (name_matches(p->known.items[i], field))
            return true;
    return prefix_of(p, field) != NULL; /* what stands behind it is taken on trust */
}

bool profile_set_knows_field(const struct profile_set *set, const struct logsource *source,
                             struct str field)
{
    bool has_profile = false;

    /* Pseudo-fields and keywords are of every event. A rule without a source, or for one that
     * no profile is about, may be for anything: the lint has nothing to say. */
    if (field.n == 0 || (field.p[0] == '@' && !str_eq(field, STR("@timestamp"))) ||
        source->product.n + source->streams.n + source->category.n == 0)
        return true;
    for (uint32_t i = 0; i < set->n; i++) {
        const struct profile *p = set->items[i];
        if (!concerns(p, source))
            continue;
        has_profile = true;
        if (profile_has_field(p, field))
            return true;
    }
    return !has_profile;
}

static bool is_of_entity(const struct profile *p, struct str field)
{
    for (size_t i = 0; i < p->n_entities; i++)
        for (size_t k = 0; k < p->entities[i].fields.n; k++)
            if (str_eq(p->entities[i].fields.items[k], field))
                return true;
    return false;
}

bool profile_set_names_entity(const struct profile_set *set, const struct logsource *source,
                              struct str field)
{
    for (uint32_t i = 0; i < set->n; i++)
        if (concerns(set->items[i], source) && is_of_entity(set->items[i], field))
            return true;
    return false;
}

/* It takes its product from the event: it may be about anything. */
static bool is_about_anything(const struct profile *p)
{
    return p->n_from[SOURCE_PRODUCT] > 0;
}

bool profile_set_names_anywhere(const struct profile_set *set, struct str field)
{
    for (uint32_t i = 0; i < set->n; i++) {
        const struct profile *p = set->items[i];
        if (!is_about_anything(p))
            continue;
        if (is_of_entity(p, field) || listed_field(p, field))
            return true;
        for (size_t k = 0; k < p->known.n; k++)
            if (name_matches(p->known.items[k], field))
                return true;
        for (size_t k = 0; k < p->n_evidence; k++)
            if (str_eq(p->evidence[k].field, field))
                return true;
    }
    return false;
}

/* ---- words that look like others ---------------------------------------------------- */

/* The nearest of many names, met one by one. */
struct nearest {
    struct str wrong, best;
    unsigned distance;
};

/* Of two equally near names the one that begins alike is meant. */
static size_t same_start(struct str a, struct str b)
{
    size_t n = 0;

    while (n < a.n && n < b.n && a.p[n] == b.p[n])
        n++;
    return n;
}

static void meet(struct nearest *n, struct str name)
{
    unsigned distance = str_distance(n->wrong, name);

    /* Stricter than a hint needs to be: 'syslog' is no slip of 'sysmon'. */
    if (distance * 3 >= name.n)
        return;
    if (distance < n->distance ||
        (distance == n->distance && same_start(n->wrong, name) > same_start(n->wrong, n->best))) {
        n->distance = distance;
        n->best = name;
    }
}

struct str profile_set_nearest_field(const struct profile_set *set, const struct logsource *source,
                                     struct str field)
{
    struct nearest near = {.wrong = field, .best = STR(""), .distance = UINT_MAX};

    for (uint32_t i = 0; i < set->n; i++) {
        const struct profile *p = set->items[i];
        if (!concerns(p, source))
            continue;
        for (size_t k = 0; k < p->n_fields; k++)
            meet(&near, p->fields[k].name);
        for (size_t k = 0; k < p->known.n; k++)
            if (!str_ends(p->known.items[k], STR("*")))
                meet(&near, p->known.items[k]);
    }
    return near.best;
}

static void meet_values(struct nearest *n, const struct logsource_values *v)
{
    for (uint32_t i = 0; i < v->n; i++)
        meet(n, v->values[i]);
}

/* The known word nearest to `wrong`: that word itself if it is one. */
static struct str nearest_word(const struct profile_set *set, enum source_key key,
                               struct str product, struct str wrong)
{
    struct nearest near = {.wrong = wrong, .best = STR(""), .distance = UINT_MAX};

    for (uint32_t i = 0; i < set->n; i++) {
        const struct profile *p = set->items[i];
        if (product.n && !is_about(p, product))
            continue;
        meet_values(&near, &p->constants[key]);
        for (size_t k = 0; k < p->n_rules; k++)
            if (p->rules[k].sets[key])
                meet_values(&near, &p->rules[k].values[key]);
    }
    return near.best;
}

bool profile_set_doubtful_source(const struct profile_set *set, const struct logsource *source,
                                 const char **key, struct str *wrong, struct str *right)
{
    static const char *const NAMES[] = {"product", "category", "service"};
    const struct str words[] = {source->product, source->category, source->service};

    for (int k = 0; k < SOURCE_KEYS; k++) {
        struct str product = k == SOURCE_PRODUCT ? STR("") : source->product;
        *key = NAMES[k];
        *wrong = words[k];
        *right = nearest_word(set, (enum source_key)k, product, words[k]);
        if (right->n && !str_eq_ci(*wrong, *right))
            return true;
    }
    return false;
}

/* before VALUE after, with any value. */
static bool can_be_stream(const struct stream_pattern *pattern, struct str name)
{
    char text[STREAM_NAME_MAX + 1];
    size_t n = pattern->before.n;

    if (n == 0 || n + pattern->after.n > STREAM_NAME_MAX)
        return false;
    memcpy(text, pattern->before.p, n);
    if (pattern->slot != STREAM_NO_SLOT)
        text[n++] = '*';
    if (pattern->after.n)
        memcpy(text + n, pattern->after.p, pattern->after.n);
    return stream_names_meet((struct str){text, n + pattern->after.n}, name);
}

bool profile_set_names_stream(const struct profile_set *set, struct str name)
{
    for (uint32_t i = 0; i < profile_count(set); i++) {
        const struct profile *p = profile_at(set, i);
        for (size_t k = 0; k < p->n_streams; k++)
            if (can_be_stream(&p->streams[k], name))
                return true;
    }
    return false;
}
