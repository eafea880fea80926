/* profile_keys.c - all keys of a profile, and those of them that need little reading. */
#include "event/profile_read.h"

#include "base/str.h"
#include "event/profile_alias.h"

/* ---- envelope ----------------------------------------------------------------------------- */

static enum weir_rc read_envelope_when(struct profile_reader *r, const struct doc_node *node)
{
    struct profile *p = r->p;

    if (node->type != DOC_MAP)
        return profile_wrong_type(r, node, "when", "a map of key: values");
    if (node->n_items > ENVELOPE_WHEN_MAX)
        return err_at(r->err, WEIR_LIMIT, node->line, node->col,
                      "an envelope has at most %d conditions", ENVELOPE_WHEN_MAX);
    struct source_condition *c = ARENA_ARRAY(r->arena, node->n_items, struct source_condition);
    struct str *fields = ARENA_ARRAY(r->arena, node->n_items, struct str);

    for (size_t i = 0; i < node->n_items; i++) {
        fields[i] = node->keys[i].text;
        c[i].input = (uint32_t)i;
        TRY(profile_read_texts(r, &node->items[i], "the value", &c[i].values));
    }
    p->envelope_when = c;
    p->n_envelope_when = node->n_items;
    p->envelope_fields = (struct str_list){fields, node->n_items};
    return WEIR_OK;
}

static enum weir_rc read_envelope(struct profile_reader *r, const struct doc_node *node)
{
    static const struct str names[] = {{"path", 4}, {"when", 4}};

    r->p->n_envelope_when = 0;
    if (node->type != DOC_MAP)
        return profile_read_text(r, node, "envelope", &r->p->envelope);
    TRY(profile_check_keys(r, node, "key of envelope", names, ARRAY_LEN(names)));
    const struct doc_node *path = doc_get(node, STR("path"));
    const struct doc_node *when = doc_get(node, STR("when"));
    if (!path)
        return profile_fail(r, node, "`path` is missing");
    TRY(profile_read_text(r, path, "path", &r->p->envelope));
    return when ? read_envelope_when(r, when) : WEIR_OK;
}

/* ---- entities, evidence, redaction ---------------------------------------------------------- */

/* Index of a name among names; an error that names the nearest if it is none. */
static enum weir_rc read_choice(struct profile_reader *r, const struct doc_node *node,
                                const char *what, const struct str *names, size_t n, size_t *out)
{
    struct str text;

    TRY(profile_read_text(r, node, what, &text));
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], text)) {
            *out = i;
            return WEIR_OK;
        }
    return profile_unknown_name(r, node->line, node->col, what, text, names, n);
}

static enum weir_rc read_entity(struct profile_reader *r, const struct doc_node *node,
                                struct profile_entity *out)
{
    static const struct str names[] = {{"role", 4}, {"ocsf", 4}, {"fields", 6}, {"normalise", 9}};
    static const struct str ways[] = {
        {"none", 4}, {"lower", 5}, {"short_host", 10}, {"ip", 2}, {"sid", 3}};
    /* Those that an alert has a place for. */
    static const struct str types[] = {
        {"user", 4}, {"device", 6}, {"endpoint", 8},         {"process", 7},
        {"file", 4}, {"cloud", 5},  {"resource_details", 16}};
    size_t way = NORMALISE_NONE, type = 0;

    if (node->type != DOC_MAP)
        return profile_wrong_type(r, node, "an entity", "a map with role, ocsf, fields");
    TRY(profile_check_keys(r, node, "key of an entity", names, ARRAY_LEN(names)));
    const struct doc_node *role = doc_get(node, STR("role"));
    const struct doc_node *ocsf = doc_get(node, STR("ocsf"));
    const struct doc_node *fields = doc_get(node, STR("fields"));
    const struct doc_node *normalise = doc_get(node, STR("normalise"));
    if (!role || !ocsf || !fields)
        return profile_fail(r, node, "an entity needs role, ocsf and fields");
    TRY(profile_read_text(r, role, "role", &out->role));
    TRY(read_choice(r, ocsf, "OCSF type of an entity", types, ARRAY_LEN(types), &type));
    out->ocsf = types[type];
    TRY(profile_read_texts(r, fields, "fields", &out->fields));
    if (normalise)
        TRY(read_choice(r, normalise, "normalise", ways, ARRAY_LEN(ways), &way));
    out->normalise = (enum normalise)way;
    return WEIR_OK;
}

static enum weir_rc read_entities(struct profile_reader *r, const struct doc_node *node)
{
    if (node->type != DOC_LIST)
        return profile_wrong_type(r, node, "entities", "a list");
    struct profile_entity *entities = ARENA_ARRAY(r->arena, node->n_items, struct profile_entity);

    for (size_t i = 0; i < node->n_items; i++)
        TRY(read_entity(r, &node->items[i], &entities[i]));
    r->p->entities = entities;
    r->p->n_entities = node->n_items;
    return WEIR_OK;
}

static enum weir_rc read_evidence(struct profile_reader *r, const struct doc_node *node)
{
    struct profile *p = r->p;

    if (node->type != DOC_MAP)
        return profile_wrong_type(r, node, "evidence", "a map of OCSF path: field");
    struct profile_evidence *list =
        ARENA_ARRAY(r->arena, p->n_evidence + node->n_items, struct profile_evidence);
    size_t n = p->n_evidence;
    for (size_t i = 0; i < n; i++)
        list[i] = p->evidence[i];

    for (size_t i = 0; i < node->n_items; i++) {
        size_t at = 0;
        while (at < n && !str_eq(list[at].ocsf_path, node->keys[i].text))
            at++;
        n += at == n;
        list[at].ocsf_path = node->keys[i].text;
        TRY(profile_read_text(r, &node->items[i], "the field", &list[at].field));
    }
    p->evidence = list;
    p->n_evidence = n;
    return WEIR_OK;
}

static enum weir_rc read_redact(struct profile_reader *r, const struct doc_node *node)
{
    static const struct str ways[] = {{"none", 4}, {"mask", 4}, {"hash", 4}, {"drop", 4}};
    struct profile *p = r->p;
    size_t way = REDACT_NONE;

    if (node->type != DOC_MAP)
        return profile_wrong_type(r, node, "redact", "a map of field: mask, hash or drop");
    struct profile_redaction *list =
        ARENA_ARRAY(r->arena, p->n_redactions + node->n_items, struct profile_redaction);
    for (size_t i = 0; i < node->n_items; i++) {
        TRY(read_choice(r, &node->items[i], "redaction", ways, ARRAY_LEN(ways), &way));
        list[i].field = node->keys[i].text;
        list[i].how = (enum profile_redact)way;
    }
    /* Own entries first: they are found before those of the extended profile. */
    for (size_t i = 0; i < p->n_redactions; i++)
        list[node->n_items + i] = p->redactions[i];
    p->redactions = list;
    p->n_redactions += node->n_items;
    return WEIR_OK;
}

/* ---- the other keys ------------------------------------------------------------------------ */

static enum weir_rc read_ignored(struct profile_reader *r, const struct doc_node *node)
{
    struct str text;

    return profile_read_text(r, node, "the value", &text); /* name, extends: read before */
}

static enum weir_rc read_description(struct profile_reader *r, const struct doc_node *node)
{
    return profile_read_text(r, node, "description", &r->p->description);
}

static enum weir_rc read_abstract(struct profile_reader *r, const struct doc_node *node)
{
    return profile_read_bool(r, node, "abstract", &r->p->is_abstract);
}

static enum weir_rc read_open(struct profile_reader *r, const struct doc_node *node)
{
    return profile_read_bool(r, node, "open", &r->p->is_open);
}

static enum weir_rc read_staged(struct profile_reader *r, const struct doc_node *node)
{
    return profile_read_bool(r, node, "staged", &r->p->is_staged);
}

static enum weir_rc read_priority(struct profile_reader *r, const struct doc_node *node)
{
    if (node->type != DOC_INT || !str_to_i64(node->text, &r->p->priority))
        return profile_wrong_type(r, node, "priority", "a number");
    return WEIR_OK;
}

static enum weir_rc read_message(struct profile_reader *r, const struct doc_node *node)
{
    return profile_read_paths(r, node, "message", PATHS_PER_FIELD_MAX, &r->p->message);
}

static enum weir_rc read_time(struct profile_reader *r, const struct doc_node *node)
{
    return profile_read_paths(r, node, "time", TIME_PATHS_MAX, &r->p->time);
}

static enum weir_rc read_id(struct profile_reader *r, const struct doc_node *node)
{
    return profile_read_paths(r, node, "id", PATHS_PER_FIELD_MAX, &r->p->id);
}

static enum weir_rc read_lateness(struct profile_reader *r, const struct doc_node *node)
{
    return profile_read_duration(r, node, &r->p->lateness_ms);
}

static enum weir_rc read_embedded(struct profile_reader *r, const struct doc_node *node)
{
    return profile_read_paths(r, node, "embedded", EMBEDDED_PATHS_MAX, &r->p->embedded);
}

static enum weir_rc read_known(struct profile_reader *r, const struct doc_node *node)
{
    struct str_list own, inherited = r->p->known;

    TRY(profile_read_texts(r, node, "known_fields", &own));
    struct str *all = ARENA_ARRAY(r->arena, own.n + inherited.n, struct str);
    for (size_t i = 0; i < own.n; i++)
        all[i] = own.items[i];
    for (size_t i = 0; i < inherited.n; i++)
        all[own.n + i] = inherited.items[i];
    r->p->known = (struct str_list){all, own.n + inherited.n};
    return WEIR_OK;
}

static enum weir_rc read_aliases(struct profile_reader *r, const struct doc_node *node)
{
    return profile_read_aliases(r->arena, node, r->p, r->err);
}

static enum weir_rc read_vocabulary(struct profile_reader *r, const struct doc_node *node)
{
    return profile_read_paths(r, node, "vocabulary", PATHS_PER_FIELD_MAX, &r->p->vocabularies);
}

/* ---- one profile --------------------------------------------------------------------------- */

struct profile_key {
    const char *name;
    enum weir_rc (*read)(struct profile_reader *r, const struct doc_node *node);
};

static const struct profile_key KEYS[] = {
    {"name", read_ignored},
    {"extends", read_ignored},
    {"description", read_description},
    {"abstract", read_abstract},
    {"open", read_open},
    {"staged", read_staged},
    {"priority", read_priority},
    {"match", profile_read_match},
    {"roots", profile_read_roots},
    {"fields", profile_read_fields},
    {"values", profile_read_values},
    {"logsource", profile_read_logsource},
    {"message", read_message},
    {"time", read_time},
    {"id", read_id},
    {"envelope", read_envelope},
    {"entities", read_entities},
    {"evidence", read_evidence},
    {"redact", read_redact},
    {"lateness", read_lateness},
    {"known_fields", read_known},
    {"streams", profile_read_streams},
    {"embedded", read_embedded},
    {"prefixes", profile_read_prefixes},
    {"join", profile_read_join},
    {"aliases", read_aliases},
    {"vocabulary", read_vocabulary},
};

static const struct profile_key *find_key(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++)
        if (str_eq(str_from(KEYS[i].name), name))
            return &KEYS[i];
    return NULL;
}

/* Where fields that are not listed are looked for, unless the profile says otherwise. */
static const struct str AT_THE_EVENT = {"", 0};

enum weir_rc profile_read_body(struct profile_reader *r, const struct doc_node *doc)
{
    struct str names[ARRAY_LEN(KEYS)];

    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++)
        names[i] = str_from(KEYS[i].name);
    TRY(profile_check_keys(r, doc, "key of a profile", names, ARRAY_LEN(KEYS)));
    for (size_t i = 0; i < doc->n_items; i++)
        TRY(find_key(doc->keys[i].text)->read(r, &doc->items[i]));
    if (!r->p->is_abstract && r->p->roots.n == 0)
        r->p->roots = (struct str_list){&AT_THE_EVENT, 1};
    if (!r->p->is_abstract && r->p->n_matches == 0)
        return profile_fail(r, doc, "a profile needs `match` (or `abstract: true`)");
    return WEIR_OK;
}
