/* event_part.c - the parts of an alert that come from the event: evidence, entities, message.
 *
 * Every value goes through document_safe(); nothing else in here may write what an event says.
 */
#include "alert/document.h"

#include "alert/ocsf.h"
#include "base/str.h"

/* ---- what matched ------------------------------------------------------------------- */

static void glob_text(struct buf *out, const struct glob *glob)
{
    for (size_t i = 0; i < glob->n_parts; i++) {
        const struct glob_part *part = &glob->parts[i];
        switch (part->kind) {
        case GLOB_TEXT:
            buf_add(out, part->text);
            break;
        case GLOB_ONE:
            buf_add_char(out, '?');
            break;
        case GLOB_ANY:
            buf_add_char(out, '*');
            break;
        case GLOB_SET:
            buf_printf(out, "[%.*s]", (int)part->text.n, part->text.p);
            break;
        }
    }
}

/* What the rule compared with; nothing where the value says it all (eq, exists, null). */
static void put_pattern(struct document *d, const struct atom *atom, const char *path)
{
    struct str pattern = atom->text;
    struct buf text = {0};

    switch (atom->op) {
    case ATOM_EQ:
    case ATOM_BOOL:
    case ATOM_EXISTS:
    case ATOM_IS_NULL:
        return;
    case ATOM_GLOB:
        glob_text(&text, &atom->glob);
        pattern = buf_str(&text);
        break;
    case ATOM_REGEX:
        pattern = atom->regex.pattern;
        break;
    case ATOM_FIELD_CMP:
        pattern = atom->other;
        break;
    default:
        break;
    }
    if (pattern.n > 0)
        document_rule_text(d, "pattern", pattern, d->limits->value, path);
    buf_release(&text);
}

static void put_match(struct document *d, const struct match_evidence *e, size_t i)
{
    struct json_writer *w = &d->json;
    static const char path[] = "evidences[0].data.matched[]";

    json_open_object(w);
    if (e->selection.n > 0)
        document_rule_text(d, "selection", e->selection, d->limits->text, path);
    document_rule_text(d, "field", e->field, d->limits->text, path);
    json_kv_str(w, "op", str_from(atom_op_name(e->atom->op)));
    put_pattern(d, e->atom, path);
    if (e->is_missing) {
        json_kv_bool(w, "missing", true);
    } else if (d->options->raw != ALERT_RAW_NONE) {
        struct safe value = document_safe(d, e->field, e->value, d->limits->value);
        document_put(d, "value", value);
        if (value.is_cut)
            document_cut(d, "evidences[0].data.matched[%zu].value", i);
    }
    json_close_object(w);
}

static void put_matched(struct document *d)
{
    json_key_name(&d->json, STR("matched"));
    json_open_array(&d->json);
    for (size_t i = 0; i < d->n_matched && i < d->limits->n_matched; i++)
        put_match(d, &d->matched[i], i);
    json_close_array(&d->json);
    if (d->n_matched > d->limits->n_matched)
        document_cut(d, "evidences[0].data.matched");
}

static void put_raw(struct document *d)
{
    if (d->options->raw != ALERT_RAW_FULL)
        return;
    if (d->limits->raw == 0) {
        document_cut(d, "evidences[0].data.raw");
        return;
    }
    struct redacted raw = redact_record(d->redactor, d->match->record, d->limits->raw);
    document_put(d, "raw", (struct safe){.text = raw.text});
    if (raw.is_cut)
        document_cut(d, "evidences[0].data.raw");
}

/* ---- evidence -------------------------------------------------------------------------- */

/* The event's values at the profile's OCSF paths, redacted. */
static size_t evidence_leaves(struct document *d, struct ocsf_leaf *leaves)
{
    struct event_evidence *evidence;
    size_t n = event_evidence(d->arena, d->match->event, &evidence), kept = 0;
    size_t max = d->limits->n_evidence < OCSF_LEAVES_MAX ? d->limits->n_evidence : OCSF_LEAVES_MAX;

    for (size_t i = 0; i < n; i++) {
        if (kept == max) {
            document_cut(d, "evidences[0]");
            break;
        }
        if (evidence[i].value.kind == JSON_OBJECT || evidence[i].value.kind == JSON_NULL ||
            evidence[i].value.text.n == 0 || evidence[i].ocsf_path.n > d->limits->text)
            continue;
        struct safe value =
            document_safe(d, evidence[i].field, evidence[i].value.text, d->limits->evidence);
        if (value.is_cut)
            document_cut(d, "evidences[0].%.*s", (int)evidence[i].ocsf_path.n,
                         evidence[i].ocsf_path.p);
        if (!value.is_dropped)
            leaves[kept++] = (struct ocsf_leaf){evidence[i].ocsf_path, value.text};
    }
    return kept;
}

static size_t entity_count(const struct document *d)
{
    size_t max = d->limits->n_list < RESOURCES_MAX ? d->limits->n_list : RESOURCES_MAX;

    return d->n_entities < max ? d->n_entities : max;
}

static struct safe entity_value(struct document *d, size_t i)
{
    const struct event_entity *e = &d->entities[i];

    ASSERT(i < RESOURCES_MAX);
    if (!(d->has_safe_value >> i & 1))
        d->safe_values[i] =
            document_safe(d, e->field, e->value, d->limits->evidence < 1024 ? 64 : 1024);
    d->has_safe_value |= 1ull << i;
    return d->safe_values[i];
}

/* Where evidence has room for an entity, by its OCSF type. */
static struct str entity_path(const struct event_entity *e)
{
    if (str_eq(e->ocsf, STR("endpoint")))
        return str_starts(e->role, STR("dest")) ? STR("dst_endpoint.ip") : STR("src_endpoint.ip");
    if (str_eq(e->ocsf, STR("process")) && str_eq(e->role, STR("process")))
        return STR("process.name");
    return str_eq(e->ocsf, STR("file")) ? STR("file.path") : STR("");
}

static bool has_object(const struct ocsf_leaf *leaves, size_t n, struct str path)
{
    struct str object, rest;

    str_cut(path, '.', &object, &rest);
    for (size_t i = 0; i < n; i++)
        if (str_starts(leaves[i].path, object) && leaves[i].path.n > object.n &&
            leaves[i].path.p[object.n] == '.')
            return true;
    return false;
}

/* Entities that are no resources must show as well: a profile that maps no evidence names an
 * address, process or file only here. */
static size_t entity_leaves(struct document *d, struct ocsf_leaf *leaves, size_t n)
{
    for (size_t i = 0; i < entity_count(d) && n < OCSF_LEAVES_MAX; i++) {
        struct str path = entity_path(&d->entities[i]);
        if (!path.n || has_object(leaves, n, path))
            continue;
        struct safe value = entity_value(d, i);
        if (!value.is_dropped)
            leaves[n++] = (struct ocsf_leaf){path, value.text};
    }
    return n;
}

/* Values that OCSF has no place for, by the path that the profile asked for. */
static void put_fields(struct document *d, const struct ocsf_leaf *rejected, size_t n)
{
    if (n == 0)
        return;
    json_key_name(&d->json, STR("fields"));
    json_open_object(&d->json);
    for (size_t i = 0; i < n; i++) {
        json_key(&d->json, rejected[i].path);
        json_put_str(&d->json, rejected[i].text);
    }
    json_close_object(&d->json);
}

static void put_data(struct document *d, const struct ocsf_leaf *rejected, size_t n_rejected)
{
    const struct alert_match *m = d->match;
    struct json_writer *w = &d->json;

    json_key_name(w, STR("data"));
    json_open_object(w);
    document_rule_text(d, m->is_topic ? "topic" : "file", m->input, d->limits->text,
                       "evidences[0].data");
    json_kv_i64(w, "partition", m->partition);
    json_key_name(w, STR("offset"));
    json_put_u64(w, m->offset);
    json_kv_i64(w, "index", m->index);
    json_kv_i64(w, "event_time", m->time_ms);
    if (m->time_is_standin)
        json_kv_bool(w, "event_time_is_standin", true);
    json_kv_str(w, "raw_sha256", str_from(d->raw_sha256));
    put_matched(d);
    put_fields(d, rejected, n_rejected);
    put_raw(d);
    json_close_object(w);
}

/* ---- entities ----------------------------------------------------------------------------- */

/* The normalised text. If the value had to be redacted, so has this: folding its letters may
 * have hidden a secret from the patterns. */
static struct safe entity_key(struct document *d, size_t i)
{
    struct safe value = entity_value(d, i);

    if (value.is_changed || str_eq(d->entities[i].key, d->entities[i].value))
        return value;
    if (!(d->has_safe_key >> i & 1))
        d->safe_keys[i] = document_safe(d, d->entities[i].field, d->entities[i].key,
                                        d->limits->evidence < 1024 ? 64 : 1024);
    d->has_safe_key |= 1ull << i;
    return d->safe_keys[i];
}

/* What OCSF would call a resource: who and what is affected, not addresses or processes. */
static bool is_resource(const struct event_entity *e)
{
    static const char *const kinds[] = {"user", "device", "resource_details", "cloud"};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(e->ocsf, str_from(kinds[i])))
            return true;
    return false;
}

static void put_resource(struct document *d, size_t i)
{
    const struct event_entity *e = &d->entities[i];
    bool is_user = str_eq(e->ocsf, STR("user"));
    struct json_writer *w = &d->json;

    json_open_object(w);
    json_kv_str(w, "type", str_sub(e->role, 0, 64));
    document_put(d, "name", entity_value(d, i));
    document_put(d, "uid", entity_key(d, i));
    json_kv_i64(w, "role_id", is_user ? 2 : 3);
    json_kv_str(w, "role", is_user ? STR("Actor") : STR("Affected"));
    json_close_object(w);
}

static void put_resources(struct document *d)
{
    bool is_open = false;

    if (entity_count(d) < d->n_entities)
        document_cut(d, "resources");
    for (size_t i = 0; i < entity_count(d); i++) {
        if (!is_resource(&d->entities[i]) || entity_value(d, i).is_dropped)
            continue;
        if (!is_open) {
            json_key_name(&d->json, STR("resources"));
            json_open_array(&d->json);
            is_open = true;
        }
        put_resource(d, i);
    }
    if (is_open)
        json_close_array(&d->json);
}

static void put_observables(struct document *d, const struct ocsf_node *root)
{
    struct ocsf_observable list[OBSERVABLES_MAX + 1]; /* one more, to know that there are more */
    size_t n = ocsf_observables(d->arena, root, list, OBSERVABLES_MAX + 1);
    struct json_writer *w = &d->json;

    if (n == 0)
        return;
    if (n > OBSERVABLES_MAX) {
        document_cut(d, "observables");
        n = OBSERVABLES_MAX;
    }
    json_key_name(w, STR("observables"));
    json_open_array(w);
    for (size_t i = 0; i < n; i++) {
        json_open_object(w);
        json_kv_str(w, "name", JOIN(d->arena, STR("evidences[0]."), list[i].name));
        json_kv_i64(w, "type_id", list[i].type_id);
        json_kv_str(w, "type", str_from(list[i].type));
        json_kv_str(w, "value", list[i].value);
        json_close_object(w);
    }
    json_close_array(w);
}

/* ---- the parts ---------------------------------------------------------------------------- */

void event_evidences(struct document *d)
{
    const struct alert_match *m = d->match;
    struct ocsf_leaf leaves[OCSF_LEAVES_MAX], rejected[OCSF_LEAVES_MAX];
    size_t n_rejected, n = entity_leaves(d, leaves, evidence_leaves(d, leaves));
    const struct ocsf_node *root = ocsf_build(d->arena, d->ways, leaves, n, rejected, &n_rejected);
    struct json_writer *w = &d->json;

    json_key_name(w, STR("evidences"));
    json_open_array(w);
    json_open_object(w);
    json_kv_str(w, "name", STR("trigger"));
    struct str input = str_sub(m->input, 0, d->limits->text);
    json_kv_str(w, "uid",
                JOIN(d->arena, input, STR("/"), document_number(d->arena, m->partition), STR("/"),
                     document_number(d->arena, m->offset), STR("/"),
                     document_number(d->arena, m->index)));
    json_kv_i64(w, "verdict_id", 4);
    json_kv_str(w, "verdict", STR("Suspicious"));
    if (root)
        ocsf_write(w, root);
    put_data(d, rejected, n_rejected);
    json_close_object(w);
    json_close_array(w);
    put_resources(d);
    put_observables(d, root);
}

/* Title, and whom it is about. */
void event_message(struct document *d)
{
    struct str title = str_sub(d->match->rule->title, 0, d->limits->text);
    struct safe about = {0};

    if (d->n_entities > 0)
        about = entity_value(d, 0);
    if (about.text.n == 0 || about.is_dropped) {
        json_kv_str(&d->json, "message", title);
        return;
    }
    json_kv_str(
        &d->json, "message",
        JOIN(d->arena, title, STR(" ("), d->entities[0].role, STR(" "), about.text, STR(")")));
}

void event_dedup(struct document *d)
{
    struct json_writer *w = &d->json;

    json_open_object(w);
    json_key_name(w, STR("fields"));
    json_open_object(w);
    if (d->has_bucket) {
        json_key(w, str_sub(d->entities[0].role, 0, 64));
        json_put_str(w, entity_key(d, 0).text);
    }
    json_close_object(w);
    if (d->has_bucket) {
        json_kv_i64(w, "bucket_start", d->bucket_start);
        json_kv_i64(w, "period_seconds", UID_PERIOD_MS / 1000);
    }
    json_kv_str(w, "state", STR("open"));
    json_key_name(w, STR("count"));
    json_put_u64(w, d->sequence);
    json_kv_i64(w, "suppressed", 0);
    json_kv_bool(w, "exact", true);
    json_close_object(w);
}
