/* rule_part.c - the parts of an alert that come from the rule alone. */
#include "alert/document.h"

#include "alert/attack.h"
#include "alert/score.h"
#include "base/str.h"

#define FINDING "finding_info"
#define RULE "unmapped.weir.rule"

static void put_name(struct json_writer *w, const char *key, struct attack_name name)
{
    if (name.uid.n == 0)
        return;
    json_key(w, str_from(key));
    json_open_object(w);
    json_kv_str(w, "uid", name.uid);
    if (name.name.n > 0)
        json_kv_str(w, "name", name.name);
    json_close_object(w);
}

static void put_attacks(struct document *d)
{
    struct attack attacks[ATTACKS_MAX];
    size_t n = attack_of_tags(d->arena, d->rule->tags, attacks);
    struct json_writer *w = &d->json;

    if (n == 0)
        return;
    json_key_name(w, STR("attacks"));
    json_open_array(w);
    for (size_t i = 0; i < n; i++) {
        json_open_object(w);
        json_kv_str(w, "version", str_from(attacks[i].version));
        put_name(w, "tactic", attacks[i].tactic);
        put_name(w, "technique", attacks[i].technique);
        put_name(w, "sub_technique", attacks[i].sub_technique);
        json_close_object(w);
    }
    json_close_array(w);
}

/* The tags that ATT&CK does not explain, as name and value: cve.2021-44228. */
static void put_tags(struct document *d)
{
    struct str_list tags = d->rule->tags;
    struct json_writer *w = &d->json;
    bool is_open = false;
    size_t n = 0;

    for (size_t i = 0; i < tags.n && n < d->limits->n_list; i++) {
        struct str name, value;
        if (attack_is_tag(tags.items[i]) || tags.items[i].n > d->limits->text)
            continue;
        if (!str_cut(tags.items[i], '.', &name, &value) || name.n == 0 || value.n == 0) {
            name = STR("tag");
            value = tags.items[i];
        }
        if (value.n == 0)
            continue;
        if (!is_open) {
            json_key_name(w, STR("tags"));
            json_open_array(w);
            is_open = true;
        }
        json_open_object(w);
        json_kv_str(w, "name", name);
        json_kv_str(w, "value", value);
        json_close_object(w);
        n++;
    }
    if (is_open)
        json_close_array(w);
}

/* "kubernetes:audit", "windows:process_creation" */
static void put_data_sources(struct document *d)
{
    const struct logsource *l = &d->rule->logsource;
    struct str parts[] = {l->product, l->category, l->service};
    struct buf text = {0};

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (parts[i].n == 0 || parts[i].n > d->limits->text)
            continue;
        if (text.n > 0)
            buf_add_char(&text, ':');
        buf_add(&text, parts[i]);
    }
    if (text.n > 0) {
        json_key_name(&d->json, STR("data_sources"));
        json_open_array(&d->json);
        json_put_str(&d->json, buf_str(&text));
        json_close_array(&d->json);
    }
    buf_release(&text);
}

static void put_analytic(struct document *d)
{
    const struct rule *rule = d->rule;
    struct json_writer *w = &d->json;
    bool is_experimental = rule->status == STATUS_EXPERIMENTAL;
    struct str version = rule->modified.n ? rule->modified : rule->date;

    json_key_name(w, STR("analytic"));
    json_open_object(w);
    json_kv_i64(w, "type_id", 1);
    json_kv_str(w, "type", STR("Rule"));
    document_rule_text(d, "uid", rule->uid, d->limits->text, FINDING ".analytic");
    document_rule_text(d, "name", rule->name.n ? rule->name : rule->title, d->limits->text,
                       FINDING ".analytic");
    if (version.n > 0)
        document_rule_text(d, "version", version, d->limits->text, FINDING ".analytic");
    json_kv_str(w, "category", rule->correlation ? STR("correlation") : STR("event"));
    json_kv_i64(w, "state_id", is_experimental ? 3 : 1);
    json_kv_str(w, "state", is_experimental ? STR("Experimental") : STR("Active"));
    json_close_object(w);
}

/* The rules that a correlation listens to. */
static void put_related(struct document *d)
{
    const struct correlation *c = d->rule->correlation;
    struct json_writer *w = &d->json;
    bool is_cut = false;

    if (!c || c->n_inputs == 0)
        return;
    json_key_name(w, STR("related_analytics"));
    json_open_array(w);
    for (size_t i = 0; i < c->n_inputs; i++) {
        const struct rule *rule = c->inputs[i].rule;
        if (!rule || i >= d->limits->n_list) {
            is_cut |= i >= d->limits->n_list;
            continue;
        }
        json_open_object(w);
        json_kv_i64(w, "type_id", 1);
        json_kv_str(w, "type", STR("Rule"));
        document_rule_text(d, "uid", rule->uid, d->limits->text, FINDING ".related_analytics");
        document_rule_text(d, "name", rule->name.n ? rule->name : rule->title, d->limits->text,
                           FINDING ".related_analytics");
        json_close_object(w);
    }
    json_close_array(w);
    if (is_cut)
        document_cut(d, FINDING ".related_analytics");
}

void rule_finding(struct document *d)
{
    const struct rule *rule = d->rule;
    struct str types[ATTACKS_MAX];
    size_t n_types = attack_tactics(rule->tags, types);
    struct json_writer *w = &d->json;

    if (rule->description.n > 0)
        document_rule_text(d, "desc", rule->description, d->limits->desc, FINDING);
    if (n_types > 0) {
        json_key_name(w, STR("types"));
        json_open_array(w);
        for (size_t i = 0; i < n_types; i++)
            json_put_str(w, types[i]);
        json_close_array(w);
    }
    put_data_sources(d);
    put_tags(d);
    put_analytic(d);
    put_related(d);
    put_attacks(d);
}

void rule_block(struct document *d)
{
    const struct rule *rule = d->rule;
    struct json_writer *w = &d->json;
    size_t max = d->limits->text;

    json_open_object(w);
    document_rule_text(d, "format", rule->language, max, RULE);
    document_rule_text(d, "path", rule->path, max, RULE);
    json_kv_str(w, "sha256", str_from(rule->sha256));
    if (rule->has_level)
        json_kv_str(w, "level", str_from(rule_level_name(rule->level)));
    if (rule->status != STATUS_NONE)
        json_kv_str(w, "status", str_from(rule_status_name(rule->status)));
    document_rule_text(d, "author", rule->author, max, RULE);
    document_rule_text(d, "licence", rule->licence.n ? rule->licence : STR("unspecified"), max,
                       RULE);
    document_rule_list(d, "references", rule->references, RULE);
    document_rule_list(d, "falsepositives", rule->falsepositives, RULE);
    document_rule_list(d, "overlays", (struct str_list){rule->overlays, rule->n_overlays}, RULE);
    if (rule->owner.n)
        document_rule_text(d, "owner", rule->owner, max, RULE);
    if (rule->runbook.n)
        document_rule_text(d, "runbook", rule->runbook, max, RULE);
    if (rule->channel != CHANNEL_ALERT)
        json_kv_str(w, "channel", str_from(rule_channel_name(rule->channel)));
    document_rule_text(d, "generation", d->options->generation, max, RULE);
    json_close_object(w);
}
