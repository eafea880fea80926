/* event_part.c - the parts of an alert that come from its events: evidence, entities, observables.
 *
 * Every value goes through document_safe(); nothing else in here may write what an event says.
 */
#include "alert/document.h"

#include "alert/ocsf.h"
#include "alert/told_atoms.h"
#include "base/str.h"
#include "match/derived.h"
#include "rule/dump.h"
#include "rule/expr.h"

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
    case ATOM_HAS_VALUE:
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
    case ATOM_LIST:
        pattern = atom->list->name;
        break;
    case ATOM_SOME_FIELD:
    case ATOM_SOME_MEMBER:
        formula_dump(&text, atom->inner);
        pattern = buf_str(&text);
        break;
    case ATOM_TEXT_CMP:
    case ATOM_TIME_CMP:
        atom_dump(&text, atom);
        pattern = buf_str(&text);
        break;
    case ATOM_WORDS:
        if (atom->glob.n_parts)
            glob_text(&text, &atom->glob);
        else
            buf_add(&text, atom->text);
        pattern = buf_str(&text);
        break;
    case ATOM_EXPR:
        expr_dump(&text, atom->expr);
        pattern = buf_str(&text);
        break;
    default:
        break;
    }
    if (pattern.n > 0)
        document_rule_text(d, "pattern", pattern, d->limits->value, path);
    buf_release(&text);
}

/* Where the value stands: the entry's columns are the user's own words, not the event's. */
static void put_list(struct document *d, const struct match_evidence *e, const char *path)
{
    struct json_writer *w = &d->json;

    json_key_name(w, STR("list"));
    json_open_object(w);
    document_rule_text(d, "name", e->list->name, d->limits->text, path);
    for (size_t i = 0; i < e->list->copied.n; i++) {
        struct str cell = list_cell(e->list, e->row, i);
        if (i == 0) {
            json_key_name(w, STR("columns"));
            json_open_object(w);
        }
        if (cell.n)
            document_rule_text(d, arena_str(d->arena, e->list->copied.items[i]).p, cell,
                               d->limits->value, path);
    }
    if (e->list->copied.n)
        json_close_object(w);
    json_close_object(w);
}

/* What the rule says of it. Its atoms come again with every event: their texts are kept. */
static void put_match_head(struct document *d, const struct match_evidence *e, const char *path)
{
    size_t n_truncated = d->n_truncated, before;
    struct str told = told_atom(d->atoms, e);

    if (told.n > 0) {
        document_members(d, told);
        return;
    }
    before = d->json.out->n;
    if (e->selection.n > 0)
        document_rule_text(d, "selection", e->selection, d->limits->text, path);
    document_rule_text(d, "field", e->field, d->limits->text, path);
    json_kv_str(&d->json, "op", str_from(atom_op_name(e->atom->op)));
    put_pattern(d, e->atom, path);
    if (d->n_truncated == n_truncated)
        told_atoms_keep(d->atoms, e, str_sub(buf_str(d->json.out), before, d->json.out->n));
}

/* Mostly it is a text that the evidence shows, too: then it is copied as it was written there. */
static void put_match_value(struct document *d, struct str value)
{
    const struct told_event *told = d->told;

    TEXT(d, ",\"value\":\"");
    for (size_t i = 0; told && i < told->n_values; i++) {
        const struct ocsf_value *v = &told->values[i];
        if (v->text.p == value.p && v->text.n == value.n && v->n > 0) {
            document_text(d, (struct str){told->text.p + v->at, v->n});
            TEXT(d, "\"");
            return;
        }
    }
    json_escape(d->json.out, value);
    TEXT(d, "\"");
}

static void put_match(struct document *d, const struct match_evidence *e, size_t i)
{
    struct json_writer *w = &d->json;
    static const char path[] = "evidences[0].data.matched[]";

    json_open_object(w);
    put_match_head(d, e, path);
    if (e->is_missing) {
        json_kv_bool(w, "missing", true);
    } else if (d->options->raw != ALERT_RAW_NONE) {
        struct safe value = document_safe(d, e->field, e->value, d->limits->value);
        put_match_value(d, value.text);
        if (value.is_cut)
            document_cut(d, "evidences[0].data.matched[%zu].value", i);
    }
    if (e->list)
        put_list(d, e, path);
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

static void put_values(struct document *d, struct str field, const struct field_values *values)
{
    struct json_writer *w = &d->json;
    bool is_open = false;

    for (size_t i = 0; i < values->n && i < d->limits->n_list; i++) {
        struct safe value = document_safe(d, field, values->items[i].text, d->limits->evidence);
        if (value.is_dropped || values->items[i].kind == JSON_OBJECT || !value.text.n)
            continue;
        if (!is_open) {
            json_key(w, field);
            json_open_array(w);
        }
        is_open = true;
        json_put_str(w, value.text);
    }
    if (is_open)
        json_close_array(w);
}

/* What the rule wants to be looked at, of the triggering event: each field with its values. */
static void put_shown(struct document *d)
{
    const struct rule *r = d->trigger_rule;

    if (!r || !r->shows_fields)
        return;
    json_key_name(&d->json, STR("shown"));
    json_open_object(&d->json);
    for (size_t i = 0; i < r->fields.n && i < d->limits->n_list; i++) {
        struct field_values values = event_lookup(d->arena, d->trigger->event, r->fields.items[i]);
        put_values(d, r->fields.items[i], &values);
    }
    json_close_object(&d->json);
    if (r->fields.n > d->limits->n_list)
        document_cut(d, "evidences[0].data.shown");
}

static void put_raw(struct document *d)
{
    if (d->options->raw != ALERT_RAW_FULL)
        return;
    if (d->limits->raw == 0) {
        document_cut(d, "evidences[0].data.raw");
        return;
    }
    struct redacted raw = redact_record(d->redactor, d->trigger->record, d->limits->raw);
    document_put(d, "raw", (struct safe){.text = raw.text});
    if (raw.is_cut)
        document_cut(d, "evidences[0].data.raw");
}

/* ---- evidence -------------------------------------------------------------------------- */

/* The event's values at the profile's OCSF paths, redacted. i: which witness. */
static size_t evidence_leaves(struct document *d, size_t i, struct ocsf_leaf *leaves)
{
    const struct event_evidence *evidence = d->witnesses[i].evidence;
    size_t n = d->witnesses[i].n_evidence, kept = 0;
    size_t max = d->limits->n_evidence < OCSF_LEAVES_MAX ? d->limits->n_evidence : OCSF_LEAVES_MAX;

    for (size_t k = 0; k < n; k++) {
        if (kept == max) {
            document_cut(d, "evidences[%zu]", i);
            break;
        }
        if (evidence[k].value.kind == JSON_OBJECT || evidence[k].value.kind == JSON_NULL ||
            evidence[k].value.text.n == 0 || evidence[k].ocsf_path.n > d->limits->text)
            continue;
        struct safe value =
            document_safe(d, evidence[k].field, evidence[k].value.text, d->limits->evidence);
        if (value.is_cut)
            document_cut(d, "evidences[%zu].%.*s", i, (int)evidence[k].ocsf_path.n,
                         evidence[k].ocsf_path.p);
        if (!value.is_dropped)
            leaves[kept++] = (struct ocsf_leaf){evidence[k].ocsf_path, value.text};
    }
    return kept;
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
static size_t entity_leaves(struct document *d, const struct witness *witness,
                            struct ocsf_leaf *leaves, size_t n)
{
    size_t max = d->limits->n_list < RESOURCES_MAX ? d->limits->n_list : RESOURCES_MAX;

    for (size_t i = 0; i < witness->n_entities && i < max && n < OCSF_LEAVES_MAX; i++) {
        const struct event_entity *e = &witness->entities[i];
        struct str path = entity_path(e);
        if (!path.n || has_object(leaves, n, path))
            continue;
        struct safe value =
            document_safe(d, e->field, e->value, d->limits->evidence < 1024 ? 64 : 1024);
        if (!value.is_dropped)
            leaves[n++] = (struct ocsf_leaf){path, value.text};
    }
    return n;
}

/* True if the field's value stands among the objects of OCSF already. */
static bool is_mapped(const struct witness *witness, struct str field)
{
    for (size_t i = 0; i < witness->n_evidence; i++)
        if (str_eq(witness->evidence[i].field, field))
            return true;
    return false;
}

/* What a capsule kept and no profile maps. */
static void put_kept(struct document *d, const struct witness *witness)
{
    const struct capsule *c = witness->capsule;

    for (uint32_t i = 0; c && i < c->n_fields; i++) {
        if (is_mapped(witness, c->fields[i].name) || c->fields[i].value.n == 0)
            continue;
        struct safe value =
            document_safe(d, c->fields[i].name, c->fields[i].value, d->limits->evidence);
        if (value.is_dropped)
            continue;
        json_key(&d->json, c->fields[i].name);
        json_put_str(&d->json, value.text);
    }
}

/* What the rule computes and shows, of the triggering event. */
static void put_computed(struct document *d)
{
    const struct rule *r = d->trigger_rule;

    for (size_t i = 0; r && i < r->n_derived; i++) {
        const struct derived *x = &r->derived[i];
        struct str text;
        struct expr_value v =
            derived_of_event(d->arena, r, x, d->trigger->event, d->trigger->time_ms);
        if (!expr_value_string(d->arena, &v, &text))
            continue;
        struct safe value = document_safe(d, x->name, text, d->limits->evidence);
        if (value.is_dropped)
            continue;
        json_key(&d->json, x->name);
        json_put_str(&d->json, value.text);
    }
}

/* Values that OCSF has no place for, by the path that the profile asked for, or by field. */
static void put_fields(struct document *d, const struct witness *witness,
                       const struct ocsf_leaf *rejected, size_t n)
{
    bool is_computed = !witness->capsule && d->trigger_rule && d->trigger_rule->n_derived;

    if (n == 0 && !witness->capsule && !is_computed)
        return;
    json_key_name(&d->json, STR("fields"));
    json_open_object(&d->json);
    for (size_t i = 0; i < n; i++) {
        json_key(&d->json, rejected[i].path);
        json_put_str(&d->json, rejected[i].text);
    }
    put_kept(d, witness);
    if (is_computed)
        put_computed(d);
    json_close_object(&d->json);
}

static void put_number(struct document *d, uint64_t number)
{
    char digits[STR_DIGITS_MAX], *end = digits + sizeof(digits), *from = str_digits(end, number);

    document_text(d, (struct str){from, (size_t)(end - from)});
}

static void put_trigger(struct document *d)
{
    const struct alert_match *m = d->trigger;

    document_rule_text(d, m->is_topic ? "topic" : "file", m->input, d->limits->text,
                       "evidences[0].data");
    TEXT(d, ",\"partition\":");
    put_number(d, m->partition);
    TEXT(d, ",\"offset\":");
    put_number(d, m->offset);
    TEXT(d, ",\"index\":");
    put_number(d, m->index);
    TEXT_I64(d, ",\"event_time\":", m->time_ms);
    if (m->time_is_standin)
        TEXT(d, ",\"event_time_is_standin\":true");
    TEXT(d, ",\"raw_sha256\":\"");
    document_text(d, (struct str){d->told->raw_sha256, DIGEST_TEXT - 1});
    TEXT(d, "\"");
}

static void put_capsule(struct document *d, const struct capsule *c)
{
    struct json_writer *w = &d->json;

    document_rule_text(d, "input", c->input, d->limits->text, "evidences[].data");
    json_kv_i64(w, "partition", c->partition);
    json_key_name(w, STR("offset"));
    json_put_u64(w, c->offset);
    json_kv_i64(w, "index", c->index);
    json_kv_i64(w, "event_time", c->t_ms);
    document_rule_text(d, "rule", c->rule, d->limits->text, "evidences[].data");
    if (c->is_cut)
        json_kv_bool(w, "cut", true);
}

static void put_data(struct document *d, const struct witness *witness,
                     const struct ocsf_leaf *rejected, size_t n_rejected)
{
    json_key_name(&d->json, STR("data"));
    json_open_object(&d->json);
    if (witness->capsule)
        put_capsule(d, witness->capsule);
    else {
        put_trigger(d);
        put_matched(d);
        put_shown(d);
    }
    if (d->rule->correlation && witness == d->witnesses)
        finding_keys(d, "key");
    put_fields(d, witness, rejected, n_rejected);
    if (!witness->capsule)
        put_raw(d);
    json_close_object(&d->json);
}

/* ---- entities ----------------------------------------------------------------------------- */

/* What OCSF would call a resource: who and what is affected, not addresses or processes. */
static bool is_resource(const struct event_entity *e)
{
    static const struct str kinds[] = {STR("user"), STR("device"), STR("resource_details"),
                                       STR("cloud")};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(e->ocsf, kinds[i]))
            return true;
    return false;
}

static void put_resource(struct document *d, size_t i)
{
    const struct event_entity *e = &d->entities[i];
    bool is_user = str_eq(e->ocsf, STR("user"));
    struct buf *out = d->json.out;

    json_open_object(&d->json);
    document_members(d, STR("\"type\":\""));
    json_escape(out, str_sub(e->role, 0, 64));
    TEXT(d, "\",\"name\":\"");
    json_escape(out, document_entity_value(d, i).text);
    TEXT(d, "\",\"uid\":\"");
    json_escape(out, document_entity_key(d, i).text);
    document_text(d, is_user ? STR("\",\"role_id\":2,\"role\":\"Actor\"")
                             : STR("\",\"role_id\":3,\"role\":\"Affected\""));
    json_close_object(&d->json);
}

static void put_resources(struct document *d)
{
    bool is_open = false;

    if (document_entity_count(d) < d->n_entities)
        document_cut(d, "resources");
    for (size_t i = 0; i < document_entity_count(d); i++) {
        if (!is_resource(&d->entities[i]) || document_entity_value(d, i).is_dropped)
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

struct observables {
    struct ocsf_observable items[OBSERVABLES_MAX + 1]; /* one more, to know that there are more */
    size_t n;
};

/* Those of evidence number i; names are completed. */
static void add_observables(struct document *d, struct observables *o, size_t i,
                            const struct ocsf_node *root)
{
    size_t before = o->n;
    struct str number = document_number(d->arena, i);

    o->n += ocsf_observables(d->arena, root, o->items + o->n, OBSERVABLES_MAX + 1 - o->n);
    for (size_t k = before; k < o->n; k++)
        o->items[k].name = JOIN(d->arena, STR("evidences["), number, STR("]."), o->items[k].name);
}

static void put_observables(struct document *d, struct observables *o)
{
    struct json_writer *w = &d->json;

    if (o->n == 0)
        return;
    if (o->n > OBSERVABLES_MAX) {
        document_cut(d, "observables");
        o->n = OBSERVABLES_MAX;
    }
    json_key_name(w, STR("observables"));
    json_open_array(w);
    for (size_t i = 0; i < o->n; i++) {
        json_open_object(w);
        json_kv_str(w, "name", o->items[i].name);
        json_kv_i64(w, "type_id", o->items[i].type_id);
        json_kv_str(w, "type", str_from(o->items[i].type));
        json_kv_str(w, "value", o->items[i].value);
        json_close_object(w);
    }
    json_close_array(w);
}

/* ---- the parts ---------------------------------------------------------------------------- */

struct str document_reference(struct document *d, struct str input, uint32_t partition,
                              uint64_t offset, uint32_t index)
{
    return JOIN(d->arena, str_sub(input, 0, d->limits->text), STR("/"),
                document_number(d->arena, partition), STR("/"), document_number(d->arena, offset),
                STR("/"), document_number(d->arena, index));
}

/* As document_reference() names it. */
static void put_trigger_head(struct document *d)
{
    const struct alert_match *m = d->trigger;

    document_members(d, STR("\"name\":\"trigger\",\"uid\":\""));
    json_escape(d->json.out, str_sub(m->input, 0, d->limits->text));
    TEXT(d, "/");
    put_number(d, m->partition);
    TEXT(d, "/");
    put_number(d, m->offset);
    TEXT(d, "/");
    put_number(d, m->index);
    TEXT(d, "\"");
}

static void put_head(struct document *d, size_t i)
{
    const struct capsule *c = d->witnesses[i].capsule;

    if (c) {
        uint32_t step = document_step(d, c);
        json_kv_str(&d->json, "name",
                    JOIN(d->arena, step ? STR("step-") : STR("event-"),
                         document_number(d->arena, step ? step : (size_t)(c - d->capsules) + 1)));
        json_kv_str(&d->json, "uid",
                    document_reference(d, c->input, c->partition, c->offset, c->index));
    } else {
        put_trigger_head(d);
    }
    TEXT(d, ",\"verdict_id\":4,\"verdict\":\"Suspicious\"");
}

static void put_evidence(struct document *d, size_t i, struct observables *o)
{
    const struct witness *witness = &d->witnesses[i];
    struct ocsf_leaf leaves[OCSF_LEAVES_MAX], rejected[OCSF_LEAVES_MAX];
    size_t n_rejected;

    redactor_use_profile(d->redactor, witness->profile);
    size_t n = entity_leaves(d, witness, leaves, evidence_leaves(d, i, leaves));
    const struct ocsf_node *root = ocsf_build(d->arena, d->ways, leaves, n, rejected, &n_rejected);
    json_open_object(&d->json);
    put_head(d, i);
    if (root)
        ocsf_write(&d->json, root);
    put_data(d, witness, rejected, n_rejected);
    json_close_object(&d->json);
    if (root)
        add_observables(d, o, i, root);
    redactor_use_profile(d->redactor, document_profile(d));
}

/* Nobody kept an event: the key is all there is. */
static void put_key_evidence(struct document *d)
{
    struct json_writer *w = &d->json;

    json_open_object(w);
    json_kv_str(w, "name", STR("key"));
    json_kv_i64(w, "verdict_id", 4);
    json_kv_str(w, "verdict", STR("Suspicious"));
    json_key_name(w, STR("data"));
    json_open_object(w);
    finding_keys(d, "key");
    json_close_object(w);
    json_close_object(w);
}

/* ---- the same for every rule ---------------------------------------------------------------- */

/* Evidence that is one event, of which no rule wants something of its own. */
static bool is_common(const struct document *d)
{
    return d->trigger && d->n_witnesses == 1 && d->limits == document_limits &&
           !(d->trigger_rule && d->trigger_rule->n_derived);
}

/* Texts of the event itself stay where they are as long as the event: these are known again. */
static void keep_values(struct told_event *told, const struct witness *witness, size_t n)
{
    size_t at = 0;

    told->n_values = n;
    for (size_t i = 0; i < n; i++) { /* both in the order of the profile */
        size_t k = at;
        while (k < witness->n_evidence &&
               witness->evidence[k].value.text.p != told->values[i].text.p)
            k++;
        if (k < witness->n_evidence)
            at = k + 1;
        else
            told->values[i].n = 0;
    }
}

/* Written as event_evidences() does, with a mark where the atoms of a rule go. */
static void make_common(struct document *d)
{
    struct document side = *d;
    struct told_event *told = d->told;
    struct json_writer *w = &side.json;
    struct ocsf_leaf leaves[OCSF_LEAVES_MAX], rejected[OCSF_LEAVES_MAX];
    struct observables observables = {.n = 0};
    const struct witness *witness = &side.witnesses[0];
    const struct ocsf_node *root = NULL;
    struct ocsf_value *values = told->values;
    size_t n_rejected = 0;

    buf_clear(&told->text);
    json_writer_init(w, &told->text);
    json_open_object(w);
    json_key_name(w, STR("evidences"));
    json_open_array(w);
    size_t n = entity_leaves(&side, witness, leaves, evidence_leaves(&side, 0, leaves));
    const struct ocsf_form *form = ocsf_form_of(d->arena, d->ways, leaves, n, values);
    if (!form)
        root = ocsf_build(d->arena, d->ways, leaves, n, rejected, &n_rejected);
    json_open_object(w);
    put_head(&side, 0);
    if (form)
        ocsf_form_members(form, values, w);
    else if (root)
        ocsf_write(w, root);
    json_key_name(w, STR("data"));
    json_open_object(w);
    put_trigger(&side);
    told->tail_at = told->text.n;
    put_fields(&side, witness, rejected, n_rejected);
    put_raw(&side);
    json_close_object(w);
    json_close_object(w);
    json_close_array(w);
    if (root)
        add_observables(&side, &observables, 0, root);
    put_resources(&side);
    if (form)
        ocsf_form_observables(form, values, w);
    else
        put_observables(&side, &observables);
    told->has_text = true;
    keep_values(told, witness, form ? n : 0);
    told->is_cut = side.n_truncated > d->n_truncated;
    d->has_safe_value = side.has_safe_value;
    d->has_safe_key = side.has_safe_key;
}

/* True: done. The writer stands in the document's object while the texts and the atoms between them
 * are put one behind the other. */
static bool put_common(struct document *d)
{
    struct told_event *told = d->told;

    if (!is_common(d))
        return false;
    if (!told->has_text)
        make_common(d);
    if (told->is_cut)
        return false;
    struct str text = buf_str(&told->text);
    document_members(d, str_sub(text, 1, told->tail_at - 1));
    put_matched(d);
    put_shown(d);
    if (d->rule->correlation)
        finding_keys(d, "key");
    buf_add(d->json.out, str_sub(text, told->tail_at, text.n));
    return true;
}

void event_evidences(struct document *d)
{
    if (put_common(d))
        return;

    struct observables observables = {.n = 0};

    json_key_name(&d->json, STR("evidences"));
    json_open_array(&d->json);
    if (d->n_witnesses == 0)
        put_key_evidence(d);
    for (size_t i = 0; i < d->n_witnesses && i <= d->limits->n_others; i++)
        put_evidence(d, i, &observables);
    json_close_array(&d->json);
    if (d->n_witnesses > d->limits->n_others + 1)
        document_cut(d, "evidences");
    put_resources(d);
    put_observables(d, &observables);
}
