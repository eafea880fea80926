/* alert.c - see alert.h.
 *
 * Identity first (it does not depend on how much is shown), then the document, written again
 * with lower limits while it is too long. The parts that a rule gives alone are the same for all
 * of its alerts: they are kept as text, if nothing in them had to be cut.
 */
#include "alert/alert.h"

#include "alert/document.h"
#include "alert/ocsf.h"
#include "alert/score.h"
#include "base/str.h"
#include "event/time.h"
#include "match/evidence.h"

#include <stdlib.h>

enum { RULE_TEXTS_MAX = 8192, RULE_TEXT_SLOTS = 2 * RULE_TEXTS_MAX };

/* What a document takes over from its rule as text. */
struct rule_members {
    struct str head;    /* members at the top */
    struct str finding; /* members of finding_info */
    struct str block;   /* unmapped.weir.rule */
};

/* What was rendered for a rule. A reload may give the same address to another rule: the
 * digest of its text and its uid tell them apart. */
struct rule_text {
    const struct rule *rule;
    char sha256[DIGEST_TEXT];
    struct buf text; /* holds what is below */
    struct str uid;
    struct rule_members members;
};

struct alert_writer {
    struct alert_options options;
    struct arena *arena;
    struct digest *digest;
    struct redactor *redactor;
    struct ocsf_ways *ways;
    struct evidence_finder *evidence;
    struct sequence_table *sequences;
    struct rule_text *rules;
    size_t n_rules;
    struct buf scratch;
};

struct alert_writer *alert_writer_new(const struct alert_options *options)
{
    struct alert_writer *w = calloc(1, sizeof(*w));

    ASSERT(w);
    w->options = *options;
    w->arena = arena_new(0);
    w->digest = digest_new();
    w->redactor = redactor_new(w->digest);
    w->ways = ocsf_ways_new();
    w->evidence = evidence_finder_new();
    w->sequences = sequence_new(SEQUENCE_FINDINGS_MAX);
    w->rules = calloc(RULE_TEXT_SLOTS, sizeof(*w->rules));
    ASSERT(w->rules);
    return w;
}

static void forget_rules(struct alert_writer *w)
{
    for (size_t i = 0; i < RULE_TEXT_SLOTS; i++) {
        buf_release(&w->rules[i].text);
        w->rules[i] = (struct rule_text){0};
    }
    w->n_rules = 0;
}

void alert_writer_free(struct alert_writer *w)
{
    if (!w)
        return;
    forget_rules(w);
    free(w->rules);
    buf_release(&w->scratch);
    sequence_free(w->sequences);
    evidence_finder_free(w->evidence);
    ocsf_ways_free(w->ways);
    redactor_free(w->redactor);
    digest_free(w->digest);
    arena_free(w->arena);
    free(w);
}

uint64_t alert_findings_forgotten(const struct alert_writer *w)
{
    return sequence_forgotten(w->sequences);
}

/* ---- identity ------------------------------------------------------------------------- */

/* An event without an entity is its own key: by the id it carries, else by its bytes. */
static struct str event_part(struct document *d)
{
    struct str id = event_tree_id(d->arena, d->match->event);

    if (id.n > 0)
        return arena_printf(d->arena, "event:%.*s", (int)id.n, id.p);
    return arena_printf(d->arena, "raw:%s:%u", d->raw_sha256, d->match->index);
}

static struct str bucket_part(struct document *d)
{
    bool is_negative = d->bucket_start < 0;
    uint64_t start = is_negative ? 0 - (uint64_t)d->bucket_start : (uint64_t)d->bucket_start;

    return JOIN(d->arena, STR("bucket:"), is_negative ? STR("-") : STR(""),
                document_number(d->arena, start));
}

static void identify(struct alert_writer *w, struct document *d)
{
    const struct alert_match *m = d->match;
    struct str parts[4] = {w->options.tenant, m->rule->uid};
    size_t n = 2;

    digest_sha256_hex(w->digest, m->record, d->raw_sha256);
    d->has_bucket = d->n_entities > 0;
    if (d->has_bucket) {
        parts[n++] = d->entities[0].key;
        d->bucket_start = uid_bucket_start(w->digest, parts + 1, 2, m->time_ms, UID_PERIOD_MS);
        parts[n++] = bucket_part(d);
    } else {
        parts[n++] = event_part(d);
    }
    struct uid finding = uid_of_parts(w->digest, parts, n);
    uid_format(finding, d->finding_uid);
    d->sequence = sequence_next(w->sequences, finding);
    struct str record[] = {str_from(d->finding_uid), STR("1"),
                           document_number(d->arena, d->sequence)};
    uid_format(uid_of_parts(w->digest, record, ARRAY_LEN(record)), d->record_uid);
}

/* ---- the rule's parts -------------------------------------------------------------------- */

static struct rule_text *rule_slot(struct alert_writer *w, const struct rule *rule)
{
    size_t i = ((uintptr_t)rule >> 4) * 0x9E3779B97F4A7C15ull >> 40;

    for (i %= RULE_TEXT_SLOTS;; i = (i + 1) % RULE_TEXT_SLOTS)
        if (!w->rules[i].rule || w->rules[i].rule == rule)
            return &w->rules[i];
}

static void keep_rule(struct alert_writer *w, const struct rule *rule,
                      const struct rule_members *members)
{
    if (w->n_rules == RULE_TEXTS_MAX)
        forget_rules(w);
    struct rule_text *t = rule_slot(w, rule);

    w->n_rules += t->rule == NULL;
    t->rule = rule;
    memcpy(t->sha256, rule->sha256, sizeof(t->sha256));
    buf_clear(&t->text);
    buf_add(&t->text, rule->uid);
    buf_add(&t->text, members->head);
    buf_add(&t->text, members->finding);
    buf_add(&t->text, members->block);
    struct str all = buf_str(&t->text);
    size_t at = rule->uid.n;
    t->uid = str_sub(all, 0, at);
    t->members.head = str_sub(all, at, members->head.n);
    at += members->head.n;
    t->members.finding = str_sub(all, at, members->finding.n);
    at += members->finding.n;
    t->members.block = str_sub(all, at, members->block.n);
}

/* Render a part into the scratch buffer: its text without what stands around it. */
static struct str render(struct alert_writer *w, struct document *d,
                         void (*part)(struct document *), bool is_members)
{
    struct document side = *d;

    buf_clear(&w->scratch);
    json_writer_init(&side.json, &w->scratch);
    if (is_members)
        json_open_object(&side.json);
    part(&side);
    memcpy(d->truncated, side.truncated, sizeof(d->truncated));
    d->n_truncated = side.n_truncated;
    struct str text = buf_str(&w->scratch);
    return arena_str(d->arena, is_members ? str_sub(text, 1, text.n - 1) : text);
}

static void rule_head(struct document *d)
{
    struct json_writer *w = &d->json;
    struct severity severity = score_severity(d->match->rule);
    struct score score = score_of(d->match->rule);
    struct severity risk = score_risk_level(score.total);

    json_kv_i64(w, "severity_id", severity.id);
    json_kv_str(w, "severity", str_from(severity.name));
    json_kv_i64(w, "status_id", 1);
    json_kv_str(w, "status", STR("New"));
    json_kv_bool(w, "is_alert", true);
    json_kv_i64(w, "risk_score", score.total);
    json_kv_i64(w, "risk_level_id", risk.id);
    json_kv_str(w, "risk_level", str_from(risk.name));
}

static struct rule_members rule_parts(struct alert_writer *w, struct document *d)
{
    const struct rule *rule = d->match->rule;
    struct rule_text *t = rule_slot(w, rule);
    bool is_first = d->limits == document_limits;

    if (is_first && t->rule && str_eq(t->uid, rule->uid) &&
        memcmp(t->sha256, rule->sha256, sizeof(t->sha256)) == 0)
        return t->members;
    size_t before = d->n_truncated;
    struct rule_members members = {.head = render(w, d, rule_head, true)};
    members.finding = render(w, d, rule_finding, true);
    members.block = render(w, d, rule_block, false);
    if (is_first && d->n_truncated == before)
        keep_rule(w, rule, &members);
    return members;
}

/* ---- the document ---------------------------------------------------------------------------- */

/* The time of processing: volatile, so the event's own where a run must be repeatable. */
static int64_t processed_ms(const struct document *d)
{
    return d->options->is_deterministic ? d->match->time_ms : d->match->now_ms;
}

static void put_head(struct document *d, struct str members)
{
    struct json_writer *w = &d->json;

    document_members(
        d, STR("\"class_uid\":2004,\"class_name\":\"Detection Finding\",\"category_uid\":2,"
               "\"category_name\":\"Findings\",\"activity_id\":1,\"activity_name\":\"Create\","
               "\"type_uid\":200401,\"type_name\":\"Detection Finding: Create\""));
    document_members(d, members);
    json_kv_i64(w, "time", processed_ms(d));
    json_kv_i64(w, "timezone_offset", 0);
    json_kv_i64(w, "start_time", d->match->time_ms);
    json_kv_i64(w, "end_time", d->match->time_ms);
    json_kv_i64(w, "count", 1);
    event_message(d);
}

static struct str profile_label(const struct document *d)
{
    const struct profile *p = d->match->event->shape.profile;

    return p ? str_sub(profile_name(p), 0, 64) : STR("unknown");
}

static void put_metadata(struct document *d)
{
    struct json_writer *w = &d->json;
    char time[TIME_TEXT_MAX];
    struct str profile = profile_label(d), format = str_sub(d->match->rule->language, 0, 64);

    json_key_name(w, STR("metadata"));
    json_open_object(w);
    json_kv_str(w, "version", STR("1.8.0"));
    json_kv_str(w, "uid", str_from(d->record_uid));
    json_kv_str(w, "correlation_uid", str_from(d->finding_uid));
    json_key_name(w, STR("sequence"));
    json_put_u64(w, d->sequence);
    if (d->options->tenant.n > 0)
        document_rule_text(d, "tenant_uid", d->options->tenant, d->limits->text, "metadata");
    json_kv_str(w, "log_name", STR("weir.alerts"));
    json_kv_str(w, "original_time", (struct str){time, time_format_ms(d->match->time_ms, time)});
    json_key_name(w, STR("product"));
    json_open_object(w);
    json_kv_str(w, "name", STR("weir"));
    json_kv_str(w, "vendor_name", STR("weir"));
    json_kv_str(w, "version", str_sub(d->options->version, 0, 64));
    json_close_object(w);
    json_key_name(w, STR("labels"));
    json_open_array(w);
    json_put_str(w, JOIN(d->arena, STR("rule.format:"), format));
    json_put_str(w, STR("rule.kind:event"));
    json_put_str(w, JOIN(d->arena, STR("pipeline:"), profile));
    json_close_array(w);
    json_close_object(w);
}

static void put_finding(struct document *d, struct str members)
{
    struct json_writer *w = &d->json;
    int64_t now = processed_ms(d);

    json_key_name(w, STR("finding_info"));
    json_open_object(w);
    json_kv_str(w, "uid", str_from(d->finding_uid));
    json_kv_i64(w, "created_time", now);
    json_kv_i64(w, "modified_time", now);
    json_kv_i64(w, "first_seen_time", d->match->time_ms);
    json_kv_i64(w, "last_seen_time", d->match->time_ms);
    document_members(d, members);
    json_kv_i64(w, "related_events_count", 1);
    json_close_object(w);
}

static void put_risk(struct document *d)
{
    struct json_writer *w = &d->json;
    struct score score = score_of(d->match->rule);

    json_key_name(w, STR("risk"));
    json_open_object(w);
    json_kv_i64(w, "base", score.base);
    json_key_name(w, STR("modifiers"));
    json_open_array(w);
    json_close_array(w);
    json_kv_i64(w, "score", score.total);
    json_close_object(w);
}

static void put_volatile(struct document *d)
{
    struct json_writer *w = &d->json;
    int64_t latency = processed_ms(d) - d->match->time_ms;

    json_key_name(w, STR("volatile"));
    json_open_object(w);
    json_kv_i64(w, "processed_time", processed_ms(d));
    json_kv_str(w, "worker",
                d->options->is_deterministic ? STR("") : str_sub(d->options->worker, 0, 64));
    json_kv_i64(w, "latency_ms", latency > 0 ? latency : 0);
    json_close_object(w);
}

static void put_unmapped(struct document *d, struct str rule_text)
{
    struct json_writer *w = &d->json;

    json_key_name(w, STR("unmapped"));
    json_open_object(w);
    json_key_name(w, STR("weir"));
    json_open_object(w);
    json_kv_str(w, "schema", STR("weir.alert/1"));
    json_key_name(w, STR("dedup"));
    event_dedup(d);
    json_key_name(w, STR("rule"));
    json_put_number(w, rule_text); /* JSON text, made by rule_block() */
    put_risk(d);
    json_kv_str(w, "tenant", str_sub(d->options->tenant, 0, d->limits->text));
    json_key_name(w, STR("truncated"));
    json_open_array(w);
    for (size_t i = 0; i < d->n_truncated; i++)
        json_put_str(w, d->truncated[i]);
    json_close_array(w);
    put_volatile(d);
    json_kv_str(w, "mapping", profile_label(d));
    json_close_object(w);
    json_close_object(w);
}

static void write_document(struct alert_writer *w, struct document *d, struct buf *out)
{
    d->n_truncated = 0;
    d->has_safe_value = d->has_safe_key = 0;
    struct rule_members rule = rule_parts(w, d);
    json_writer_init(&d->json, out);
    json_open_object(&d->json);
    put_head(d, rule.head);
    put_metadata(d);
    put_finding(d, rule.finding);
    event_evidences(d);
    put_unmapped(d, rule.block);
    json_close_object(&d->json);
}

struct alert_ids alert_write(struct alert_writer *w, const struct alert_match *m, struct buf *out)
{
    struct document d = {.arena = w->arena,
                         .redactor = w->redactor,
                         .ways = w->ways,
                         .options = &w->options,
                         .match = m};
    struct alert_ids ids;
    size_t start = out->n;

    arena_reset(w->arena);
    redactor_begin(w->redactor, w->arena, m->event);
    d.n_entities = event_entities(w->arena, m->event, &d.entities);
    evidence_begin(w->evidence, m->event);
    d.n_matched = evidence_of(w->evidence, m->rule, &d.matched);
    identify(w, &d);
    for (size_t row = 0; row < LIMIT_ROWS; row++) {
        d.limits = &document_limits[row];
        out->n = start;
        write_document(w, &d, out);
        if (out->n - start <= ALERT_BYTES_MAX)
            break;
    }
    memcpy(ids.finding_uid, d.finding_uid, sizeof(ids.finding_uid));
    ids.sequence = d.sequence;
    return ids;
}
