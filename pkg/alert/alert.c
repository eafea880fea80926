/* alert.c - see alert.h.
 *
 * Identity first (it does not depend on how much is shown), then the document, written again
 * with lower limits while it is too long. What a rule gives alone is the same for all of its
 * plain documents: it is kept as a stencil (stencil.h), if nothing in it had to be cut.
 */
#include "alert/alert.h"

#include "alert/document.h"
#include "alert/ocsf.h"
#include "alert/stencil.h"
#include "base/str.h"
#include "match/evidence.h"

#include <stdlib.h>

enum { RULE_TEXTS_MAX = 8192, RULE_TEXT_SLOTS = 2 * RULE_TEXTS_MAX };

/* What a document takes over from its rule as text. */
struct rule_members {
    struct str head;    /* members at the top */
    struct str finding; /* members of finding_info */
    struct str block;   /* unmapped.weir.rule */
};

/* What is kept for a rule. A reload may give the same address to another rule: the digest of its
 * text, its uid and what overlays may have changed tell them apart. */
struct rule_text {
    const struct rule *rule;
    /* As it was: for is_same_rule() alone, the pointers may lead nowhere. */
    enum rule_level level;
    enum rule_channel channel;
    bool has_level;
    const struct correlation *correlation;
    const struct str *overlays;
    size_t n_overlays;
    char sha256[DIGEST_TEXT];
    struct buf uid;
    struct stencil stencil;
};

struct alert_writer {
    struct alert_options options;
    struct arena *arena;
    struct told_event told;
    struct document_room room;
    struct digest *digest;
    struct redactor *redactor;
    struct ocsf_ways *ways;
    struct evidence_finder *evidence;
    struct rule_text **rules; /* NULL: not met yet */
    size_t n_rules;
    struct buf scratch;
    struct stencil_marks marks;
    size_t bytes_max;
    uint64_t n_cut;
};

struct alert_writer *alert_writer_new(const struct alert_options *options)
{
    struct alert_writer *w = calloc(1, sizeof(*w));

    ASSERT(w);
    w->options = *options;
    w->bytes_max = ALERT_BYTES_MAX;
    w->arena = arena_new(0);
    w->told.arena = arena_new(0);
    w->digest = digest_new();
    w->redactor = redactor_new(w->digest);
    w->ways = ocsf_ways_new();
    w->evidence = evidence_finder_new();
    evidence_use_lists(w->evidence, options->lists);
    w->rules = calloc(RULE_TEXT_SLOTS, sizeof(*w->rules));
    ASSERT(w->rules);
    return w;
}

void alert_writer_limit(struct alert_writer *w, size_t bytes_max)
{
    w->bytes_max = bytes_max < ALERT_BYTES_MAX ? bytes_max : ALERT_BYTES_MAX;
}

void alert_writer_use_lists(struct alert_writer *w, const struct list_view *lists)
{
    evidence_use_lists(w->evidence, lists);
}

uint64_t alert_writer_cuts(const struct alert_writer *w)
{
    return w->n_cut;
}

static void forget_rules(struct alert_writer *w)
{
    for (size_t i = 0; i < RULE_TEXT_SLOTS; i++) {
        if (!w->rules[i])
            continue;
        buf_release(&w->rules[i]->uid);
        stencil_release(&w->rules[i]->stencil);
        free(w->rules[i]);
        w->rules[i] = NULL;
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
    buf_release(&w->told.text);
    arena_free(w->told.arena);
    evidence_finder_free(w->evidence);
    ocsf_ways_free(w->ways);
    redactor_free(w->redactor);
    digest_free(w->digest);
    arena_free(w->arena);
    free(w);
}

/* ---- identity ------------------------------------------------------------------------- */

static void name_record(struct alert_writer *w, struct document *d)
{
    const struct finding *f = d->finding;
    struct uid uid;

    memcpy(uid.bytes, f->uid, sizeof(uid.bytes));
    uid_format(uid, d->finding_uid);
    struct str record[] = {str_from(d->finding_uid), document_number(d->arena, f->activity),
                           document_number(d->arena, f->sequence)};
    uid_format(uid_of_parts(w->digest, record, ARRAY_LEN(record)), d->record_uid);
}

/* ---- the rule's parts -------------------------------------------------------------------- */

static struct rule_text **rule_slot(struct alert_writer *w, const struct rule *rule)
{
    size_t i = ((uintptr_t)rule >> 4) * 0x9E3779B97F4A7C15ull >> 40;

    for (i %= RULE_TEXT_SLOTS;; i = (i + 1) % RULE_TEXT_SLOTS)
        if (!w->rules[i] || w->rules[i]->rule == rule)
            return &w->rules[i];
}

/* The place of a rule's stencil, for the rule as it is. */
static struct stencil *stencil_for(struct alert_writer *w, const struct rule *rule)
{
    if (w->n_rules == RULE_TEXTS_MAX)
        forget_rules(w);
    struct rule_text **slot = rule_slot(w, rule), *t = *slot;

    if (!t) {
        *slot = t = calloc(1, sizeof(*t));
        ASSERT(t);
        w->n_rules++;
    }
    t->rule = rule;
    t->level = rule->level;
    t->channel = rule->channel;
    t->has_level = rule->has_level;
    t->correlation = rule->correlation;
    t->overlays = rule->overlays;
    t->n_overlays = rule->n_overlays;
    memcpy(t->sha256, rule->sha256, sizeof(t->sha256));
    buf_clear(&t->uid);
    buf_add(&t->uid, rule->uid);
    return &t->stencil;
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
    d->n_truncated = side.n_truncated;
    struct str text = buf_str(&w->scratch);
    return arena_str(d->arena, is_members ? str_sub(text, 1, text.n - 1) : text);
}

static bool is_same_rule(const struct rule_text *t, const struct rule *rule)
{
    return t && str_eq(buf_str(&t->uid), rule->uid) &&
           memcmp(t->sha256, rule->sha256, sizeof(t->sha256)) == 0 && t->level == rule->level &&
           t->has_level == rule->has_level && t->channel == rule->channel &&
           t->correlation == rule->correlation && t->overlays == rule->overlays &&
           t->n_overlays == rule->n_overlays;
}

/* A plain document under the first limits, of what is no flood: all that differs from another one
 * stands in holes. */
static bool has_stencil(const struct document *d)
{
    return d->limits == document_limits && finding_is_plain(d) && !d->finding->is_flood;
}

/* NULL: none was kept yet. */
static struct stencil *kept_stencil(struct alert_writer *w, const struct rule *rule)
{
    struct rule_text *t = *rule_slot(w, rule);

    return is_same_rule(t, rule) && t->stencil.n > 0 ? &t->stencil : NULL;
}

/* ---- the document ---------------------------------------------------------------------------- */

static void put_head(struct document *d, struct str members)
{
    static const struct str activities[] = {
        [FINDING_CREATE] = STR("\"activity_id\":1,\"activity_name\":\"Create\",\"type_uid\":"
                               "200401,\"type_name\":\"Detection Finding: Create\""),
        [FINDING_UPDATE] = STR("\"activity_id\":2,\"activity_name\":\"Update\",\"type_uid\":"
                               "200402,\"type_name\":\"Detection Finding: Update\""),
        [FINDING_CLOSE] = STR("\"activity_id\":3,\"activity_name\":\"Close\",\"type_uid\":"
                              "200403,\"type_name\":\"Detection Finding: Close\"")};

    document_members(
        d, STR("\"class_uid\":2004,\"class_name\":\"Detection Finding\",\"category_uid\":2,"
               "\"category_name\":\"Findings\""));
    document_members(d, activities[d->finding->activity]);
    document_members(d, members);
    TEXT(d, ",\"time\":");
    document_hole(d, HOLE_PROCESSED);
    TEXT(d, ",\"timezone_offset\":0");
    document_hole(d, HOLE_TIMES);
}

static void put_metadata(struct document *d)
{
    struct json_writer *w = &d->json;

    json_key_name(w, STR("metadata"));
    json_open_object(w);
    json_kv_str(w, "version", STR("1.8.0"));
    TEXT(d, ",\"uid\":\"");
    document_hole(d, HOLE_RECORD_UID);
    TEXT(d, "\",\"correlation_uid\":\"");
    document_hole(d, HOLE_FINDING_UID);
    TEXT(d, "\",\"sequence\":");
    document_hole(d, HOLE_SEQUENCE);
    document_hole(d, HOLE_TENANT_UID);
    TEXT(d, ",\"log_name\":\"weir.alerts\",\"original_time\":\"");
    document_hole(d, HOLE_EVENT_TIME);
    TEXT(d, "\",\"product\":{\"name\":\"weir\",\"vendor_name\":\"weir\"");
    json_kv_str(w, "version", str_sub(d->options->version, 0, 64));
    TEXT(d, "}");
    json_key_name(w, STR("labels"));
    finding_labels(d);
    json_close_object(w);
}

static void put_finding(struct document *d, struct str members)
{
    struct json_writer *w = &d->json;

    json_key_name(w, STR("finding_info"));
    json_open_object(w);
    document_members(d, STR("\"uid\":\""));
    document_hole(d, HOLE_FINDING_UID);
    TEXT(d, "\"");
    if (d->finding->activity == FINDING_CREATE) {
        TEXT(d, ",\"created_time\":");
        document_hole(d, HOLE_PROCESSED);
    }
    TEXT(d, ",\"modified_time\":");
    document_hole(d, HOLE_PROCESSED);
    TEXT(d, ",\"first_seen_time\":");
    document_hole(d, HOLE_FIRST);
    TEXT(d, ",\"last_seen_time\":");
    document_hole(d, HOLE_LAST);
    if (d->rule->by_value.title_field.n)
        document_hole(d, HOLE_TITLE);
    else
        finding_put_title(d);
    document_members(d, members);
    document_hole(d, HOLE_RELATED);
    json_close_object(w);
}

static void put_volatile(struct document *d)
{
    TEXT(d, ",\"volatile\":{\"processed_time\":");
    document_hole(d, HOLE_PROCESSED);
    json_kv_str(&d->json, "worker",
                d->options->is_deterministic ? STR("") : str_sub(d->options->worker, 0, 64));
    TEXT(d, ",\"latency_ms\":");
    document_hole(d, HOLE_LATENCY);
    TEXT(d, "}");
}

static void put_unmapped(struct document *d, struct str rule_text)
{
    struct json_writer *w = &d->json;

    json_key_name(w, STR("unmapped"));
    json_open_object(w);
    json_key_name(w, STR("weir"));
    json_open_object(w);
    json_kv_str(w, "schema", STR("weir.alert/1"));
    json_kv_str(w, "channel", finding_channel(d));
    document_hole(d, HOLE_DEDUP);
    TEXT(d, ",\"rule\":");
    document_text(d, rule_text); /* made by rule_block() */
    if (d->rule->correlation)
        document_hole(d, HOLE_CORRELATION);
    finding_flood(d);
    finding_risk(d);
    document_hole(d, HOLE_TENANT);
    document_hole(d, HOLE_TRUNCATED);
    put_volatile(d);
    TEXT(d, ",\"mapping\":\"");
    document_hole(d, HOLE_MAPPING);
    TEXT(d, "\"");
    json_close_object(w);
    json_close_object(w);
}

static void write_parts(struct alert_writer *w, struct document *d, struct buf *out)
{
    struct rule_members rule = {.head = render(w, d, finding_head, true)};

    rule.finding = render(w, d, rule_finding, true);
    rule.block = render(w, d, rule_block, false);
    json_writer_init(&d->json, out);
    json_open_object(&d->json);
    put_head(d, rule.head);
    finding_message(d);
    put_metadata(d);
    put_finding(d, rule.finding);
    document_hole(d, HOLE_EVIDENCES);
    put_unmapped(d, rule.block);
    json_close_object(&d->json);
}

static void write_document(struct alert_writer *w, struct document *d, struct buf *out)
{
    struct stencil *s = has_stencil(d) ? kept_stencil(w, d->rule) : NULL;
    size_t start = out->n;

    d->n_truncated = 0;
    d->has_safe_value = d->has_safe_key = 0;
    if (s) {
        /* Those of another rule may have changed where this one has not. */
        d->atoms = d->trigger_rule == d->rule ? &s->atoms : NULL;
        stencil_write(s, d, out);
        d->atoms = NULL;
        return;
    }
    w->marks = (struct stencil_marks){.start = start};
    d->marks = has_stencil(d) ? &w->marks : NULL;
    write_parts(w, d, out);
    if (d->marks && d->n_truncated == 0)
        stencil_keep(stencil_for(w, d->rule), d->marks, str_sub(buf_str(out), start, out->n));
    d->marks = NULL;
}

/* What is left when nothing else fits: enough to know which finding it is and what to look for. */
static void write_minimal(struct document *d, struct buf *out)
{
    enum { TEXT_MAX = 128 };
    struct json_writer *w = &d->json;

    d->n_truncated = 0;
    document_cut(d, "*");
    d->tenant = str_sub(d->tenant, 0, TEXT_MAX);
    json_writer_init(w, out);
    json_open_object(w);
    put_head(d, STR(""));
    /* The title alone: the keys that a message names have no bound as small. */
    json_kv_str(w, "message", str_sub(d->rule->title, 0, TEXT_MAX));
    json_key_name(w, STR("metadata"));
    json_open_object(w);
    json_kv_str(w, "version", STR("1.8.0"));
    json_kv_str(w, "uid", str_from(d->record_uid));
    json_kv_str(w, "correlation_uid", str_from(d->finding_uid));
    json_close_object(w);
    json_key_name(w, STR("finding_info"));
    json_open_object(w);
    json_kv_str(w, "uid", str_from(d->finding_uid));
    json_kv_str(w, "title", str_sub(d->rule->title, 0, TEXT_MAX));
    json_close_object(w);
    json_key_name(w, STR("unmapped"));
    json_open_object(w);
    json_key_name(w, STR("weir"));
    json_open_object(w);
    json_kv_str(w, "schema", STR("weir.alert/1"));
    json_key_name(w, STR("rule"));
    json_open_object(w);
    json_kv_str(w, "uid", str_sub(d->rule->uid, 0, TEXT_MAX));
    json_close_object(w);
    json_kv_str(w, "tenant", d->tenant);
    json_key_name(w, STR("truncated"));
    json_open_array(w);
    json_put_str(w, STR("*"));
    json_close_array(w);
    json_close_object(w);
    json_close_object(w);
    json_close_object(w);
}

/* With lower limits while it is too long. */
static void write_fitting(struct alert_writer *w, struct document *d, struct buf *out)
{
    size_t start = out->n;

    for (size_t row = 0; row < LIMIT_ROWS; row++) {
        d->limits = &document_limits[row];
        out->n = start;
        write_document(w, d, out);
        if (out->n - start <= w->bytes_max) {
            w->n_cut += d->n_truncated > 0;
            return;
        }
    }
    out->n = start;
    write_minimal(d, out);
    DASSERT(out->n - start <= ALERT_MINIMAL_BYTES);
    w->n_cut++;
}

/* The rule whose atoms the trigger matched: that of the finding, or one that a correlation listens
 * to; NULL if that cannot be told. */
static const struct rule *matched_rule(const struct document *d)
{
    const struct correlation *c = d->rule->correlation;

    if (!c)
        return d->rule;
    struct str uid = document_trigger_rule(d);
    for (size_t i = 0; i < c->n_inputs; i++)
        if (c->inputs[i].rule && str_eq(c->inputs[i].rule->uid, uid))
            return c->inputs[i].rule->correlation ? NULL : c->inputs[i].rule;
    return NULL;
}

/* What the event alone says. Mostly several rules match one event, one after the other. */
static void take_event(struct alert_writer *w, const struct alert_match *m)
{
    struct told_event *t = &w->told;
    const struct event_tree *event = m->event;

    if (t->event != event || !event->serial || t->serial != event->serial) {
        arena_reset(t->arena);
        t->event = event;
        t->serial = event->serial;
        t->has_text = t->is_cut = false;
        t->n_values = 0;
        digest_sha256_hex(w->digest, m->record, t->raw_sha256);
        redactor_begin_record(w->redactor, t->arena, event, m->record);
        evidence_begin(w->evidence, event);
        t->n_entities = event_entities(t->arena, event, &t->entities);
        t->n_evidence = event_evidence(t->arena, event, &t->evidence);
    }
    redactor_again(w->redactor, w->arena);
}

static void begin(struct alert_writer *w, struct document *d, const struct alert_finding *f)
{
    *d = (struct document){.arena = w->arena,
                           .capsules = w->room.capsules,
                           .witnesses = w->room.witnesses,
                           .safe_values = w->room.safe_values,
                           .safe_keys = w->room.safe_keys,
                           .truncated = w->room.truncated,
                           .redactor = w->redactor,
                           .ways = w->ways,
                           .options = &w->options,
                           .rule = f->rule,
                           .tenant = f->tenant,
                           .finding = f->finding,
                           .trigger = f->trigger,
                           .now_ms = f->now_ms,
                           .is_backfill = f->is_backfill};
    if (f->trigger) {
        take_event(w, f->trigger);
        d->told = &w->told;
    } else {
        redactor_begin_without(w->redactor, w->arena);
        w->told.event = NULL;
    }
    document_gather(d);
    redactor_use_profile(w->redactor, document_profile(d));
    const struct rule *rule = d->trigger_rule = f->trigger ? matched_rule(d) : NULL;
    if (rule)
        d->n_matched = evidence_of(w->evidence, rule, &d->matched);
}

void alert_write_finding(struct alert_writer *w, const struct alert_finding *f, struct buf *out)
{
    struct document d;

    arena_reset(w->arena);
    begin(w, &d, f);
    name_record(w, &d);
    write_fitting(w, &d, out);
}

/* ---- a match without state ----------------------------------------------------------------- */

/* Its own key: by the id that the event carries, else by its bytes. */
static struct str event_part(struct document *d)
{
    struct str id = event_tree_id(d->arena, d->trigger->event);

    if (id.n > 0)
        return JOIN(d->arena, STR("event:"), str_sub(id, 0, strnlen(id.p, id.n)));
    return JOIN(d->arena, STR("raw:"), (struct str){d->told->raw_sha256, DIGEST_TEXT - 1}, STR(":"),
                document_number(d->arena, d->trigger->index));
}

void alert_write(struct alert_writer *w, const struct alert_match *m, struct buf *out)
{
    struct finding finding = {.activity = FINDING_CREATE,
                              .cause = CAUSE_NONE,
                              .sequence = 1,
                              .hits = 1,
                              .first_ms = m->time_ms,
                              .last_ms = m->time_ms,
                              .at_ms = m->time_ms,
                              .level = (uint8_t)m->rule->level,
                              .is_exact = true,
                              .n_events = 1};
    struct alert_finding told = {m->rule, &finding, m, m->now_ms, m->tenant, m->is_backfill};
    struct document d;

    arena_reset(w->arena);
    begin(w, &d, &told);
    struct str parts[] = {m->tenant, m->rule->uid, event_part(&d)};
    struct uid uid = uid_of_parts(w->digest, parts, ARRAY_LEN(parts));
    memcpy(finding.uid, uid.bytes, sizeof(finding.uid));
    name_record(w, &d);
    write_fitting(w, &d, out);
}
