/* finding_part.c - the parts of an alert that come from the finding: its life, how it folded, its
 * score, what a correlation measured.
 *
 * Whether it is an alert (somebody should look now) or only says that one goes on:
 *
 *   Create   is_alert, unless braked, on another channel than alert, or too old (backfill)
 *   Update   not, unless it became worse
 *   Close    not. Its status is no verdict (Resolved would be one): the period is over
 *
 * A flood is told of a rule whose Creates the storm brake held back: a finding about weir itself.
 */
#include "alert/document.h"

#include "alert/score.h"
#include "base/str.h"
#include "state/columns.h"

#include <inttypes.h>

enum { KEYS_IN_MESSAGE = 3 };

/* OCSF counts are 32-bit; the exact number is in unmapped.weir.dedup. */
static int64_t count_of(uint64_t n)
{
    return n > INT32_MAX ? INT32_MAX : (int64_t)n;
}

static bool is_alert(const struct document *d)
{
    const struct finding *f = d->finding;

    if (d->rule->channel != CHANNEL_ALERT || f->is_braked || d->is_backfill)
        return false;
    return f->activity == FINDING_CREATE ||
           (f->activity == FINDING_UPDATE && f->cause == CAUSE_SEVERITY);
}

bool finding_is_plain(const struct document *d)
{
    const struct finding *f = d->finding;
    bool is_level_heard =
        (d->rule->correlation && !d->rule->has_level) || d->rule->by_value.n_levels; /* score.c */
    bool is_level_plain =
        is_level_heard ? f->level == (uint8_t)d->rule->level : f->level <= (uint8_t)d->rule->level;

    return f->activity == FINDING_CREATE && !f->is_braked && !d->is_backfill && f->n_addends == 0 &&
           is_level_plain;
}

void finding_head(struct document *d)
{
    struct json_writer *w = &d->json;
    struct severity severity = score_severity(d->rule, d->finding);
    struct score score = score_of(d->rule, d->finding);
    struct severity risk = score_risk_level(score.total);
    bool is_closed = d->finding->activity == FINDING_CLOSE;

    json_kv_i64(w, "severity_id", severity.id);
    json_kv_str(w, "severity", str_from(severity.name));
    json_kv_i64(w, "status_id", is_closed ? 99 : 1);
    json_kv_str(w, "status", is_closed ? STR("Closed") : STR("New"));
    json_kv_bool(w, "is_alert", is_alert(d));
    json_kv_i64(w, "risk_score", score.total);
    json_kv_i64(w, "risk_level_id", risk.id);
    json_kv_str(w, "risk_level", str_from(risk.name));
}

void finding_times(struct document *d)
{
    TEXT_I64(d, ",\"start_time\":", document_first_ms(d));
    TEXT_I64(d, ",\"end_time\":", d->finding->last_ms);
    TEXT_I64(d, ",\"count\":", count_of(d->finding->hits));
}

/* ---- in words ----------------------------------------------------------------------------- */

static struct str span_text(struct arena *a, int64_t ms)
{
    static const struct {
        int64_t ms;
        char unit;
    } units[] = {{86400000, 'd'}, {3600000, 'h'}, {60000, 'm'}, {1000, 's'}};

    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (ms > 0 && ms % units[i].ms == 0)
            return arena_printf(a, "%" PRId64 "%c", ms / units[i].ms, units[i].unit);
    return arena_printf(a, "%" PRId64 "ms", ms);
}

/* A number in millionths, without zeros at its end. */
static struct str micro_text(struct arena *a, int64_t micro)
{
    uint64_t size = micro < 0 ? 0 - (uint64_t)micro : (uint64_t)micro;
    uint64_t whole = size / CORRELATION_MICRO, rest = size % CORRELATION_MICRO;
    struct str out = arena_printf(a, "%s%" PRIu64 ".%06" PRIu64, micro < 0 ? "-" : "", whole, rest);

    while (out.n > 0 && out.p[out.n - 1] == '0')
        out.n--;
    if (out.n > 0 && out.p[out.n - 1] == '.')
        out.n--;
    return out;
}

static struct str what_measured(const struct document *d, const struct correlation *c)
{
    struct str field = c->n_fields > 0 ? str_sub(c->fields[0], 0, 64) : STR("");

    switch (c->kind) {
    case OPERATOR_COUNT:
    case OPERATOR_GROUP:
        return STR(" events");
    case OPERATOR_DISTINCT:
        return JOIN(d->arena, STR(" distinct "), field);
    case OPERATOR_AGGREGATE:
        return JOIN(d->arena, STR(" = "), str_from(correlation_type_name(c)), STR(" of "), field);
    case OPERATOR_SET:
    case OPERATOR_ORDERED:
        return STR(" rules");
    case OPERATOR_SEQUENCE:
        return STR(" events in order");
    case OPERATOR_RISK:
        return STR(" points of risk");
    default:
        return JOIN(d->arena, STR(" "), str_from(correlation_type_name(c)));
    }
}

/* " (5 events in 10m)"; empty for rules about single events. */
static struct str measured_text(struct document *d)
{
    const struct correlation *c = d->rule->correlation;
    const struct finding *f = d->finding;

    if (!c || !f->has_measured)
        return STR("");
    struct str in =
        c->window_ms > 0 ? JOIN(d->arena, STR(" in "), span_text(d->arena, c->window_ms)) : STR("");
    return JOIN(d->arena, STR(" ("), f->is_exact ? STR("") : STR("at least "),
                micro_text(d->arena, f->measured_micro), what_measured(d, c), in, STR(")"));
}

/* ": User=bob, Host=ws1" */
static struct str keys_text(struct document *d)
{
    const struct finding *f = d->finding;
    struct str text = STR("");

    for (size_t i = 0; i < f->n_keys && i < KEYS_IN_MESSAGE; i++) {
        struct safe value = document_key(d, i);
        if (value.is_dropped)
            continue;
        text = JOIN(d->arena, text, text.n ? STR(", ") : STR(": "), document_key_name(d, i),
                    STR("="), value.text);
    }
    if (f->n_keys > KEYS_IN_MESSAGE)
        text = JOIN(d->arena, text, STR(", ..."));
    return text;
}

/* " (user bob)": whom a single event is about. */
static struct str about_text(struct document *d)
{
    struct safe about = {0};

    if (d->n_entities > 0)
        about = document_entity_value(d, 0);
    if (about.text.n == 0 || about.is_dropped)
        return STR("");
    return JOIN(d->arena, STR(" ("), d->entities[0].role, STR(" "), about.text, STR(")"));
}

static struct str life_text(struct document *d)
{
    const struct finding *f = d->finding;
    struct str hits = document_number(d->arena, f->hits);
    struct str noun = f->hits == 1 ? STR(" hit") : STR(" hits");

    if (f->activity == FINDING_CREATE)
        return STR("");
    if (f->activity == FINDING_CLOSE)
        return JOIN(d->arena, STR("; closed after "), hits, noun);
    return f->cause == CAUSE_SEVERITY
               ? JOIN(d->arena, STR("; became worse, "), hits, noun, STR(" so far"))
               : JOIN(d->arena, STR("; "), hits, noun, STR(" so far"));
}

/* Whether a profile wants the values of a field masked: then their like is not shown where nobody
 * knows which event they came from. The default key is any profile's first entity. */
static bool is_masked_somewhere(const struct document *d)
{
    const struct rule *rule = d->rule;
    const struct dedup *dedup = rule->state ? &rule->state->dedup : NULL;
    const struct profile_set *set = d->options->profiles;
    struct str name = {0}, field;
    enum profile_redact how;

    if (dedup && dedup->is_set && dedup->n_fields > 0)
        name = dedup->fields[0];
    else if (rule->correlation && rule->correlation->n_group > 0)
        name = rule->correlation->group[0];
    for (uint32_t i = 0; set && i < profile_count(set); i++)
        for (size_t k = 0; profile_redaction_at(profile_at(set, i), k, &field, &how); k++)
            if (name.n == 0 || str_eq(name, field))
                return true;
    return false;
}

static struct str flood_top(struct document *d)
{
    if (is_masked_somewhere(d))
        return STR("");
    return document_safe(d, (struct str){0}, d->finding->detail, d->limits->text).text;
}

static struct str flood_text(struct document *d, struct str title)
{
    if (d->finding->is_full)
        return JOIN(d->arena, STR("State of rule is full: "), title, STR(": "), d->finding->detail);
    struct str top = flood_top(d);
    return JOIN(d->arena, STR("Rule flooding: "), title, STR(": "),
                document_number(d->arena, d->finding->hits), STR(" findings in a minute, "),
                document_number(d->arena, d->finding->suppressed), STR(" of them braked"),
                top.n ? STR(": ") : STR(""), top);
}

void finding_flood(struct document *d)
{
    struct json_writer *w = &d->json;

    if (!d->finding->is_flood)
        return;
    json_key_name(w, STR("flood"));
    json_open_object(w);
    json_key_name(w, d->finding->is_full ? STR("keys") : STR("findings"));
    json_put_u64(w, d->finding->hits);
    json_key_name(w, d->finding->is_full ? STR("lost") : STR("braked"));
    json_put_u64(w, d->finding->suppressed);
    if (d->finding->is_full)
        json_kv_str(w, "state", d->finding->detail);
    else
        json_kv_str(w, "top", flood_top(d));
    json_close_object(w);
}

struct str finding_channel(const struct document *d)
{
    return d->finding->is_flood ? STR("health") : str_from(rule_channel_name(d->rule->channel));
}

/* The newest event that has the field, as far as capsules tell. */
static struct str titled_by_event(struct document *d)
{
    struct str field = d->rule->by_value.title_field;

    for (size_t i = d->n_capsules; field.n && i > 0; i--)
        for (uint32_t k = 0; k < d->capsules[i - 1].n_fields; k++) {
            const struct capsule_field *f = &d->capsules[i - 1].fields[k];
            if (!str_eq(f->name, field) || f->value.n == 0)
                continue;
            struct safe safe = document_safe(d, field, f->value, d->limits->text);
            if (!safe.is_dropped)
                return safe.text;
        }
    return STR("");
}

struct str finding_title(struct document *d, bool *is_own)
{
    struct str title = titled_by_event(d);

    *is_own = title.n == 0;
    return title.n ? title : d->rule->title;
}

void finding_put_title(struct document *d)
{
    bool is_own;
    struct str title = finding_title(d, &is_own);

    if (is_own)
        document_rule_text(d, "title", title, d->limits->text, "finding_info");
    else
        json_kv_str(&d->json, "title", title);
}

struct str finding_about(struct document *d)
{
    struct str about;

    if (d->rule->correlation)
        about = JOIN(d->arena, keys_text(d), measured_text(d));
    else
        about = d->n_entities > 0 ? about_text(d) : keys_text(d);
    struct str life = life_text(d);
    return life.n ? JOIN(d->arena, about, life) : about;
}

void finding_put_message(struct document *d)
{
    bool is_own;
    struct str title = str_sub(finding_title(d, &is_own), 0, d->limits->text);

    if (d->finding->is_flood) {
        json_kv_str(&d->json, "message", flood_text(d, title));
        return;
    }
    if (d->rule->message.n) {
        json_kv_str(&d->json, "message", JOIN(d->arena, message_text(d), life_text(d)));
        return;
    }
    json_kv_str(&d->json, "message", JOIN(d->arena, title, finding_about(d)));
}

void finding_message(struct document *d)
{
    const struct rule *rule = d->rule;

    if (d->finding->is_flood || rule->message.n || rule->by_value.title_field.n) {
        document_hole(d, HOLE_MESSAGE);
        return;
    }
    TEXT(d, ",\"message\":\"");
    json_escape(d->json.out, str_sub(rule->title, 0, d->limits->text));
    document_hole(d, HOLE_ABOUT);
    TEXT(d, "\"");
}

struct str finding_mapping(const struct document *d)
{
    struct str profile = {0};

    if (d->trigger && d->trigger->event->shape.profile)
        profile = profile_name(d->trigger->event->shape.profile);
    else if (!d->trigger && d->n_witnesses > 0)
        profile = d->witnesses[0].capsule->profile;
    return profile.n > 0 ? str_sub(profile, 0, 64) : STR("unknown");
}

void finding_labels(struct document *d)
{
    const struct rule *rule = d->rule;
    struct json_writer *w = &d->json;

    json_open_array(w);
    json_put_str(w, JOIN(d->arena, STR("rule.format:"), str_sub(rule->language, 0, 64)));
    if (rule->correlation)
        json_put_str(w, JOIN(d->arena, STR("rule.kind:correlation/"),
                             str_from(correlation_type_name(rule->correlation))));
    else
        json_put_str(w, STR("rule.kind:event"));
    TEXT(d, ",\"pipeline:");
    document_hole(d, HOLE_MAPPING);
    TEXT(d, "\"");
    if (rule->channel != CHANNEL_ALERT)
        json_put_str(w,
                     JOIN(d->arena, STR("channel:"), str_from(rule_channel_name(rule->channel))));
    if (d->finding->is_braked)
        json_put_str(w, STR("braked"));
    if (d->finding->is_flood)
        json_put_str(w, STR("flood"));
    if (d->is_backfill)
        json_put_str(w, STR("backfill"));
    json_close_array(w);
}

/* ---- events behind it ------------------------------------------------------------------------ */

/* The rule by which the event got here, in words. */
static struct str title_of(const struct document *d, struct str uid)
{
    const struct correlation *c = d->rule->correlation;

    if (str_eq(uid, d->rule->uid))
        return d->rule->title;
    for (size_t i = 0; c && i < c->n_inputs; i++)
        if (c->inputs[i].rule && str_eq(c->inputs[i].rule->uid, uid))
            return c->inputs[i].rule->title;
    return STR("");
}

static void put_related(struct document *d, const struct capsule *c)
{
    struct json_writer *w = &d->json;
    struct str title = title_of(d, c->rule);

    json_open_object(w);
    json_kv_str(w, "uid", document_reference(d, c->input, c->partition, c->offset, c->index));
    if (c->profile.n > 0)
        json_kv_str(w, "type", c->profile);
    json_kv_i64(w, "first_seen_time", c->t_ms);
    json_kv_i64(w, "last_seen_time", c->t_ms);
    json_kv_i64(w, "count", 1);
    if (title.n > 0)
        json_kv_str(w, "title", str_sub(title, 0, d->limits->text));
    json_close_object(w);
}

void finding_related_events(struct document *d)
{
    uint64_t n = d->finding->n_events;
    bool is_alone = d->n_capsules == 0 || (d->n_capsules == 1 && d->trigger && d->n_witnesses == 1);

    if (n < d->n_witnesses)
        n = d->n_witnesses;
    json_kv_i64(&d->json, "related_events_count", count_of(n ? n : 1));
    if (is_alone)
        return; /* the trigger says it all */
    json_key_name(&d->json, STR("related_events"));
    json_open_array(&d->json);
    for (size_t i = 0; i < d->n_capsules; i++)
        put_related(d, &d->capsules[i]);
    json_close_array(&d->json);
}

/* ---- unmapped.weir ------------------------------------------------------------------------- */

void finding_keys(struct document *d, const char *key)
{
    json_key(&d->json, str_from(key));
    json_open_object(&d->json);
    for (size_t i = 0; i < d->finding->n_keys; i++) {
        json_key(&d->json, document_key_name(d, i));
        json_put_str(&d->json, document_key(d, i).text);
    }
    json_close_object(&d->json);
}

void finding_dedup(struct document *d)
{
    const struct finding *f = d->finding;
    struct json_writer *w = &d->json;

    json_key_name(w, STR("dedup"));
    json_open_object(w);
    finding_keys(d, "fields");
    if (f->has_bucket) {
        json_kv_i64(w, "bucket_start", f->bucket_start_ms);
        json_kv_i64(w, "bucket_end", f->bucket_end_ms);
        /* unsigned: what came out of a store may be anything */
        uint64_t period_ms = (uint64_t)f->bucket_end_ms - (uint64_t)f->bucket_start_ms;
        json_kv_i64(w, "period_seconds", (int64_t)(period_ms / 1000));
    }
    document_text(d, f->activity == FINDING_CLOSE ? STR(",\"state\":\"closed\",\"count\":")
                                                  : STR(",\"state\":\"open\",\"count\":"));
    document_text(d, document_number(d->arena, f->hits));
    TEXT(d, ",\"suppressed\":");
    document_text(d, document_number(d->arena, f->suppressed));
    document_text(d, f->is_exact ? STR(",\"exact\":true") : STR(",\"exact\":false"));
    json_close_object(w);
}

static void put_steps(struct document *d, const struct correlation *c)
{
    struct json_writer *w = &d->json;

    json_key_name(w, STR("rules"));
    json_open_array(w);
    for (size_t i = 0; i < c->n_inputs && i < d->limits->n_list; i++)
        json_put_str(w, str_sub(c->inputs[i].reference, 0, d->limits->text));
    json_close_array(w);
    if (c->n_inputs > d->limits->n_list)
        document_cut(d, "unmapped.weir.correlation.rules");
}

/* Columns of a group, each a list of texts. */
static void put_columns(struct document *d, struct str rest)
{
    struct str name, values[COLUMNS_VALUES_MAX];
    size_t n;

    json_key_name(&d->json, STR("columns"));
    json_open_object(&d->json);
    while (columns_next(&rest, &name, values, &n)) {
        json_key(&d->json, document_safe(d, (struct str){0}, name, d->limits->text).text);
        json_open_array(&d->json);
        for (size_t i = 0; i < n; i++)
            json_put_str(&d->json, document_safe(d, name, values[i], d->limits->text).text);
        json_close_array(&d->json);
    }
    json_close_object(&d->json);
}

void finding_correlation(struct document *d)
{
    const struct correlation *c = d->rule->correlation;
    const struct finding *f = d->finding;
    struct json_writer *w = &d->json;

    if (!c || f->is_flood)
        return;
    json_key_name(w, STR("correlation"));
    json_open_object(w);
    json_kv_str(w, "type", str_from(correlation_type_name(c)));
    json_kv_i64(w, "timespan_seconds", c->window_ms / 1000);
    finding_keys(d, "group_by");
    put_steps(d, c);
    json_kv_bool(w, "by_timer", f->is_timer);
    if (f->has_measured) {
        json_key_name(w, STR("measured"));
        json_put_number(w, micro_text(d->arena, f->measured_micro));
    }
    struct str columns;
    if (columns_open(f->detail, &columns)) {
        put_columns(d, columns);
    } else if (f->detail.n > 0) {
        /* Often a value of the field that is measured: what is said of that holds for it. */
        struct str field = c->n_fields > 0 ? c->fields[0] : (struct str){0};
        struct safe detail = document_safe(d, field, f->detail, d->limits->text);
        document_put(d, "detail", detail);
        if (detail.is_cut)
            document_cut(d, "unmapped.weir.correlation.detail");
    }
    json_close_object(w);
}

void finding_risk(struct document *d)
{
    const struct finding *f = d->finding;
    struct json_writer *w = &d->json;
    struct score score = score_of(d->rule, f);

    if (f->n_addends == 0) {
        TEXT_I64(d, ",\"risk\":{\"base\":", score.base);
        TEXT_I64(d, ",\"modifiers\":[],\"score\":", score.total);
        TEXT(d, "}");
        return;
    }
    json_key_name(w, STR("risk"));
    json_open_object(w);
    json_kv_i64(w, "base", score.base);
    json_key_name(w, STR("modifiers"));
    json_open_array(w);
    for (uint32_t i = 0; i < f->n_addends; i++) {
        json_open_object(w);
        json_kv_str(w, "name", str_sub(f->addends[i].name, 0, 64));
        document_put(d, "why",
                     document_safe(d, (struct str){0}, f->addends[i].why, d->limits->text));
        json_kv_i64(w, "add", f->addends[i].value);
        json_close_object(w);
    }
    json_close_array(w);
    json_kv_i64(w, "score", score.total);
    json_close_object(w);
}
