/* publish.c - what a batch says to the world.
 *
 * Everything goes into one buffer, places are offsets; a record as Kafka takes it is put together
 * when it is asked for.
 */
#include "worker/publish.h"

#include "alert/alert.h"
#include "base/slack.h"
#include "base/str.h"
#include "base/time.h"
#include "correlate/claim.h"
#include "correlate/reopen.h"
#include "json/tree.h"
#include "json/write.h"
#include "state/uid.h"
#include "worker/crash.h"
#include "worker/dead_letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slice {
    size_t at, n;
};

struct outgoing {
    enum config_topic topic;
    struct slice key, value;
    const char *names[PUBLISH_HEADERS];
    struct slice headers[PUBLISH_HEADERS];
    uint32_t n_headers;
    uint32_t rule;     /* as the matcher has it; UINT32_MAX: none */
    int64_t record_ms; /* of the event that made it; INT64_MIN: none */
    bool is_create, is_backfill, is_braked;
};

struct publisher {
    struct publish_options options;
    struct arena *names;
    const char *topics[CONFIG_TOPICS]; /* zero-terminated; NULL: not configured */
    size_t caps[CONFIG_TOPICS];
    const struct ruleset *ruleset;
    struct alert_writer *alerts;
    struct dead_writer *dead;
    struct digest *digest;
    struct arena *arena; /* the tree of the event at hand */
    const struct batch *batch;
    const struct scene *scene;
    int64_t now_ms;
    struct event_tree tree;
    uint64_t n_trees;
    uint32_t tree_event; /* UINT32_MAX: none */
    bool has_tree;
    struct buf bytes;
    struct buf cell; /* a header on its way into bytes */
    struct outgoing *out;
    size_t n, cap;
    struct slack slack; /* of bytes and out */
    uint64_t n_cut;     /* by writers before this one, and counted */
    struct kafka_record record;
    struct kafka_header headers[PUBLISH_HEADERS];
};

enum { MESSAGE_BYTES_DEFAULT = 1000000 }; /* message.max.bytes of librdkafka */

/* What librdkafka takes of a record, as the configuration has it. */
static size_t client_takes(const struct config *c)
{
    const struct kafka_props *lists[] = {&c->common, &c->producer};
    uint64_t bytes = MESSAGE_BYTES_DEFAULT;

    for (size_t l = 0; l < ARRAY_LEN(lists); l++)
        for (size_t i = 0; i < lists[l]->n; i++)
            if (str_eq(lists[l]->items[i].name, STR("message.max.bytes")))
                (void)str_to_u64(lists[l]->items[i].value, &bytes);
    return bytes;
}

/* A record's own bytes go out whole if they can at all; every other document is one of ours. */
static size_t cap_of(const struct publish_options *o, enum config_topic topic)
{
    bool is_raw = topic == TOPIC_DEAD_LETTERS && o->config->dead_payload == PAYLOAD_RAW;
    size_t takes = client_takes(o->config), cap = o->config->alert_bytes_max;

    if (is_raw && takes > cap + PUBLISH_SLACK)
        cap = takes - PUBLISH_SLACK;
    if (o->topic_bytes[topic] && o->topic_bytes[topic] < cap + PUBLISH_SLACK)
        cap = o->topic_bytes[topic] > PUBLISH_CAP_MIN + PUBLISH_SLACK
                  ? o->topic_bytes[topic] - PUBLISH_SLACK
                  : PUBLISH_CAP_MIN;
    return cap;
}

struct publisher *publisher_new(const struct publish_options *o)
{
    struct publisher *p = calloc(1, sizeof *p);

    ASSERT(p);
    p->options = *o;
    p->names = arena_new(0);
    for (size_t i = 0; i < CONFIG_TOPICS; i++) {
        struct str name = o->config->topics[i];
        if (name.n)
            p->topics[i] = arena_printf(p->names, "%.*s", (int)name.n, name.p).p;

        p->caps[i] = cap_of(o, (enum config_topic)i);
    }
    p->digest = digest_new();
    p->arena = arena_new(0);
    return p;
}

static void free_writers(struct publisher *p)
{
    alert_writer_free(p->alerts);
    dead_writer_free(p->dead);
}

void publisher_free(struct publisher *p)
{
    if (!p)
        return;
    free_writers(p);
    digest_free(p->digest);
    arena_free(p->arena);
    arena_free(p->names);
    buf_release(&p->bytes);
    buf_release(&p->cell);
    free(p->out);
    free(p);
}

void publisher_use(struct publisher *p, const struct ruleset *r)
{
    const struct publish_options *o = &p->options;
    struct alert_options alert = {.raw = (enum alert_raw)o->config->alert_raw,
                                  .generation = r->generation,
                                  .worker = o->worker,
                                  .version = o->version,
                                  .profiles = r->profiles};

    free_writers(p);
    p->n_cut = 0;
    p->ruleset = r;
    p->alerts = alert_writer_new(&alert);
    p->dead = dead_writer_new(o->config->dead_payload, (uint32_t)p->caps[TOPIC_DEAD_LETTERS],
                              r->generation, o->worker);
}

/* The documents of the batch before, as far as such ones are no longer made. */
static void release_slack(struct publisher *p)
{
    if (!slack_is_too_much(&p->slack, p->bytes.n + p->n * sizeof *p->out,
                           p->bytes.cap + p->cap * sizeof *p->out))
        return;
    buf_release(&p->bytes);
    free(p->out);
    p->out = NULL;
    p->cap = 0;
}

void publisher_begin(struct publisher *p, const struct batch *b, const struct scene *s,
                     int64_t now_ms)
{
    release_slack(p);
    p->batch = b;
    p->scene = s;
    p->now_ms = now_ms;
    p->n = 0;
    p->tree_event = UINT32_MAX;
    buf_clear(&p->bytes);
}

/* ---- records ------------------------------------------------------------------------------- */

static struct outgoing *add(struct publisher *p, enum config_topic topic)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 64;
        p->out = reallocarray(p->out, p->cap, sizeof *p->out);
        ASSERT(p->out);
    }
    struct outgoing *o = &p->out[p->n++];
    *o = (struct outgoing){.topic = topic, .rule = UINT32_MAX, .record_ms = INT64_MIN};
    return o;
}

static struct slice keep(struct publisher *p, struct str text)
{
    struct slice s = {p->bytes.n, text.n};

    buf_add(&p->bytes, text);
    return s;
}

static void add_header(struct publisher *p, struct outgoing *o, const char *name, struct str value)
{
    ASSERT(o->n_headers < PUBLISH_HEADERS);
    o->names[o->n_headers] = name;
    o->headers[o->n_headers++] = keep(p, value);
}

static const char *activity_name(enum finding_activity a)
{
    return a == FINDING_CREATE ? "create" : a == FINDING_UPDATE ? "update" : "close";
}

static void add_headers(struct publisher *p, struct outgoing *o, const struct finding *f,
                        const struct rule *rule, struct str tenant)
{
    char text[CLAIM_TEXT_MAX], record_uid[UID_TEXT], uid_text[UID_TEXT], sequence[24];
    struct store_claim claim;
    struct uid uid;

    memcpy(uid.bytes, f->uid, sizeof uid.bytes);
    uid_format(uid, uid_text);
    snprintf(sequence, sizeof sequence, "%" PRIu64, f->sequence);
    char kind[2] = {(char)('0' + f->activity), '\0'};
    struct str parts[] = {str_from(uid_text), str_from(kind), str_from(sequence)};
    uid_format(uid_of_parts(p->digest, parts, ARRAY_LEN(parts)), record_uid);
    o->key = keep(p, str_from(uid_text));
    add_header(p, o, "weir-record", str_from(record_uid));
    add_header(p, o, "weir-activity", str_from(activity_name(f->activity)));
    add_header(p, o, "weir-rule", rule->uid);
    add_header(p, o, "weir-severity", str_from(rule_level_name((enum rule_level)f->level)));
    add_header(p, o, "weir-tenant", tenant);
    add_header(p, o, "weir-ruleset", p->ruleset->generation);
    if (!claim_of(f, &claim))
        return;
    claim_format(&claim, text);
    add_header(p, o, CLAIM_HEADER, str_from(text));
    buf_clear(&p->cell);
    if (reopen_format(f, &p->cell))
        add_header(p, o, REOPEN_HEADER, buf_str(&p->cell));
}

enum config_topic publish_topic_of(const struct finding *f, enum rule_channel channel)
{
    if (f->is_flood || f->is_full)
        return TOPIC_HEALTH;
    if (channel == CHANNEL_SHADOW)
        return TOPIC_SHADOW;
    if (f->activity == FINDING_CREATE)
        return f->is_braked ? TOPIC_LIFECYCLE : TOPIC_ALERTS;
    return f->activity == FINDING_UPDATE && f->cause == CAUSE_SEVERITY ? TOPIC_ALERTS
                                                                       : TOPIC_LIFECYCLE;
}

/* ---- documents ----------------------------------------------------------------------------- */

/* The event as a tree, made once for all that it brings about; NULL: there is none. */
static const struct event_tree *tree_of(struct publisher *p, uint32_t event)
{
    const struct batch_event *e = &p->batch->events[event];
    struct json_node *root;

    if (p->tree_event == event)
        return p->has_tree ? &p->tree : NULL;
    arena_reset(p->arena);
    p->tree_event = event;
    p->has_tree =
        json_tree_parse_lent(p->arena, batch_str(p->batch, e->record), &root, NULL) == JSON_OK;
    if (p->has_tree) {
        event_tree_init_known(&p->tree, p->ruleset->profiles, root,
                              &p->scene->parts[e->part].options, e->profile);
        p->tree.transport = batch_str(p->batch, e->transport);
        p->tree.serial = ++p->n_trees;
    }
    return p->has_tree ? &p->tree : NULL;
}

static bool is_backfill(const struct publisher *p, int64_t t_ms)
{
    return t_ms < p->now_ms - p->options.config->alert_age_max_ms;
}

/* A writer that dies of an event dies of its record. */
static void tell_place(const struct publisher *p, uint32_t event)
{
    const struct batch_event *e = &p->batch->events[event];
    const struct scene_part *part = &p->scene->parts[e->part];

    crash_at(part->topic, part->partition, (int64_t)e->offset, (int64_t)e->offset);
}

static bool fill_match(struct publisher *p, uint32_t event, const struct rule *rule,
                       struct str tenant, struct alert_match *out)
{
    const struct batch_event *e = &p->batch->events[event];
    const struct scene_part *part = &p->scene->parts[e->part];

    *out = (struct alert_match){.rule = rule,
                                .tenant = tenant,
                                .event = tree_of(p, event),
                                .record = batch_str(p->batch, e->record),
                                .input = part->name,
                                .partition = (uint32_t)part->partition,
                                .offset = e->offset,
                                .index = e->index,
                                .is_topic = true,
                                .time_ms = e->t_ms,
                                .time_is_standin = e->is_standin,
                                .now_ms = p->now_ms,
                                .is_backfill = is_backfill(p, e->t_ms)};
    return out->event != NULL;
}

enum weir_rc publisher_finding(void *publisher, const struct finding *f, uint32_t event,
                               struct weir_err *err)
{
    struct publisher *p = publisher;
    const struct graph *g = p->ruleset->graph;
    const struct rule *rule = g->rules[f->rule].rule;
    struct alert_finding told = {.rule = rule,
                                 .finding = f,
                                 .now_ms = p->now_ms,
                                 .tenant = graph_tenant_of(g, f->rule),
                                 .is_backfill = !f->is_flood && is_backfill(p, f->at_ms)};
    struct alert_match trigger;
    struct outgoing *o = add(p, publish_topic_of(f, rule->channel));

    (void)err;
    if (event != UINT32_MAX)
        tell_place(p, event);
    if (event != UINT32_MAX && fill_match(p, event, rule, told.tenant, &trigger)) {
        told.trigger = &trigger;
        o->record_ms = p->batch->events[event].record_ms;
    }
    o->rule = f->rule % (uint32_t)g->n_base_rules;
    o->is_create = f->activity == FINDING_CREATE;
    o->is_backfill = told.is_backfill;
    o->is_braked = f->is_braked;
    add_headers(p, o, f, rule, told.tenant);
    o->value.at = p->bytes.n;
    alert_writer_limit(p->alerts, p->caps[o->topic]);
    alert_writer_use_lists(p->alerts, p->ruleset->lists[f->rule / (uint32_t)g->n_base_rules]);
    alert_write_finding(p->alerts, &told, &p->bytes);
    crash_nowhere();
    o->value.n = p->bytes.n - o->value.at;
    return WEIR_OK;
}

/* The finding's uid is in its document alone; the key is found there, so that both agree. */
static struct str uid_in(struct str document)
{
    struct str name = STR("\"correlation_uid\":\"");
    size_t at = str_find(document, name, 0);

    return at == SIZE_MAX ? STR("") : str_sub(document, at + name.n, UID_TEXT - 1);
}

static void tell_match(struct publisher *p, uint32_t event, uint32_t rule_index)
{
    const struct batch_event *e = &p->batch->events[event];
    const struct rule *rule =
        p->ruleset->graph->rules[e->tenant * p->ruleset->n_rules + rule_index].rule;
    struct str tenant = p->ruleset->tenants[e->tenant];
    struct finding f = {.shard = FINDING_NO_SHARD,
                        .activity = FINDING_CREATE,
                        .sequence = 1,
                        .level = (uint8_t)rule->level};
    struct alert_match m;
    struct uid uid = {{0}};

    if (rule->channel > CHANNEL_SHADOW || !fill_match(p, event, rule, tenant, &m))
        return;
    struct outgoing *o = add(p, publish_topic_of(&f, rule->channel));
    o->rule = rule_index;
    o->is_create = true;
    o->is_backfill = m.is_backfill;
    o->record_ms = e->record_ms;
    o->value.at = p->bytes.n;
    alert_writer_limit(p->alerts, p->caps[o->topic]);
    alert_writer_use_lists(p->alerts, p->ruleset->lists[e->tenant]);
    alert_write(p->alerts, &m, &p->bytes);
    o->value.n = p->bytes.n - o->value.at;
    struct str text = uid_in((struct str){p->bytes.p + o->value.at, o->value.n});
    if (uid_parse(text, &uid))
        memcpy(f.uid, uid.bytes, sizeof f.uid);
    add_headers(p, o, &f, rule, tenant);
}

void publisher_matches(struct publisher *p)
{
    for (uint32_t i = 0; i < p->batch->n_events; i++) {
        const struct batch_event *e = &p->batch->events[i];
        tell_place(p, i);
        for (uint32_t k = 0; k < e->n_rules; k++)
            tell_match(p, i, p->batch->rules[e->first_rule + k]);
    }
    crash_nowhere();
}

void publisher_dead(struct publisher *p, const uint64_t *from)
{
    for (size_t i = 0; i < p->batch->n_dead; i++) {
        const struct batch_dead *d = &p->batch->dead[i];
        if ((uint64_t)d->offset < from[d->part])
            continue;
        const struct scene_part *part = &p->scene->parts[d->part];
        struct kafka_message m = {.value = batch_str(p->batch, d->value),
                                  .has_value = d->has_value,
                                  .offset = d->offset,
                                  .timestamp_ms = d->timestamp_ms,
                                  .is_append_time = d->is_append_time};
        struct dead_letter letter = {.reason = d->reason,
                                     .topic = part->topic,
                                     .partition = part->partition,
                                     .message = &m,
                                     .tenant = batch_str(p->batch, d->tenant)};
        struct kafka_record r;
        dead_write(p->dead, &letter, &r);
        struct outgoing *o = add(p, TOPIC_DEAD_LETTERS);
        o->key = keep(p, r.key);
        o->value = keep(p, r.value);
        for (size_t h = 0; h < r.n_headers; h++)
            add_header(p, o, r.headers[h].name, r.headers[h].value);
    }
}

/* What a finding about weir itself says before its own members, which go into unmapped.weir. */
struct health {
    const char *record, *finding; /* uids */
    struct str title, message, kind;
    int severity;
};

static void open_health(struct publisher *p, struct json_writer *w, const struct health *h)
{
    json_writer_init(w, &p->bytes);
    json_open_object(w);
    json_kv_i64(w, "activity_id", 1);
    json_kv_i64(w, "category_uid", 2);
    json_kv_i64(w, "class_uid", 2004);
    json_kv_i64(w, "type_uid", 200401);
    json_kv_i64(w, "severity_id", h->severity);
    json_kv_bool(w, "is_alert", false);
    json_kv_i64(w, "time", p->now_ms);
    json_kv_str(w, "message", h->message);
    json_key_name(w, STR("metadata"));
    json_open_object(w);
    json_kv_str(w, "version", STR("1.8.0"));
    json_kv_str(w, "uid", str_from(h->record));
    json_close_object(w);
    json_key_name(w, STR("finding_info"));
    json_open_object(w);
    json_kv_str(w, "uid", str_from(h->finding));
    json_kv_str(w, "title", h->title);
    json_close_object(w);
    json_key_name(w, STR("unmapped"));
    json_open_object(w);
    json_key_name(w, STR("weir"));
    json_open_object(w);
    json_kv_str(w, "schema", STR("weir.health/1"));
    json_kv_str(w, "kind", h->kind);
}

static void close_health(struct json_writer *w)
{
    json_close_object(w);
    json_close_object(w);
    json_close_object(w);
}

static void write_gap(struct publisher *p, const char *uid, const char *topic, int32_t partition,
                      uint64_t from, uint64_t to)
{
    struct json_writer w;

    open_health(p, &w,
                &(struct health){
                    .record = uid,
                    .finding = uid,
                    .title = STR("Input lost: offsets are gone unread"),
                    .message = STR("weir could not read part of its input: the log had moved on"),
                    .kind = STR("gap"),
                    .severity = 4});
    json_kv_str(&w, "topic", str_from(topic));
    json_kv_i64(&w, "partition", partition);
    json_kv_i64(&w, "from_offset", (int64_t)from);
    json_kv_i64(&w, "to_offset", (int64_t)to);
    close_health(&w);
}

void publisher_gap(struct publisher *p, const char *topic, int32_t partition, uint64_t from,
                   uint64_t to)
{
    char place[64], text[UID_TEXT];

    snprintf(place, sizeof place, "%" PRId32 "/%" PRIu64 "/%" PRIu64, partition, from, to);
    struct str parts[] = {STR("gap"), str_from(topic), str_from(place)};
    uid_format(uid_of_parts(p->digest, parts, ARRAY_LEN(parts)), text);
    struct outgoing *o = add(p, TOPIC_HEALTH);
    o->key = keep(p, str_from(text));
    add_header(p, o, "weir-record", str_from(text));
    add_header(p, o, "weir-activity", STR("create"));
    o->value.at = p->bytes.n;
    write_gap(p, text, topic, partition, from, to);
    o->value.n = p->bytes.n - o->value.at;
}

static void write_end(struct publisher *p, const struct ruleset_end *e, const struct health *h)
{
    char when[TIME_TEXT_MAX];
    struct json_writer w;

    open_health(p, &w, h);
    json_kv_str(&w, "overlay", e->overlay);
    json_kv_str(&w, "rule", e->target);
    json_kv_str(&w, "file", e->path);
    json_kv_i64(&w, "line", e->line);
    json_kv_str(&w, "reason", e->reason);
    json_kv_str(&w, "expires", (struct str){when, time_format_ms(e->expires_ms, when)});
    json_kv_bool(&w, "excludes", e->is_exclusion);
    close_health(&w);
}

/* Told once a day: one finding, a record for each time. */
void publisher_end(struct publisher *p, const struct ruleset_end *e)
{
    char record[UID_TEXT], finding[UID_TEXT], expires[TIME_TEXT_MAX], now[TIME_TEXT_MAX];
    struct str when = {expires, time_format_ms(e->expires_ms, expires)};
    struct str parts[] = {
        STR("overlay_ends"), e->overlay, e->target, when, {now, time_format_ms(p->now_ms, now)}};
    bool is_over = e->expires_ms <= p->now_ms;

    uid_format(uid_of_parts(p->digest, parts, ARRAY_LEN(parts) - 1), finding);
    uid_format(uid_of_parts(p->digest, parts, ARRAY_LEN(parts)), record);
    struct outgoing *o = add(p, TOPIC_HEALTH);
    o->key = keep(p, str_from(finding));
    add_header(p, o, "weir-record", str_from(record));
    add_header(p, o, "weir-activity", STR("create"));
    o->value.at = p->bytes.n;
    write_end(
        p, e,
        &(struct health){
            .record = record,
            .finding = finding,
            .title = is_over ? STR("An overlay has ended") : STR("An overlay is about to end"),
            .message = e->is_exclusion
                           ? STR("what an overlay excludes will match again, or does already")
                           : STR("settings of an overlay are to be looked at again"),
            .kind = STR("overlay_ends"),
            .severity = 2});
    o->value.n = p->bytes.n - o->value.at;
}

void publisher_fact(struct publisher *p, struct str key, struct str value)
{
    struct outgoing *o = add(p, TOPIC_STATE);

    o->key = keep(p, key);
    o->value = keep(p, value);
}

/* ---- on their way -------------------------------------------------------------------------- */

const char *publisher_topic(const struct publisher *p, enum config_topic topic)
{
    return p->topics[topic];
}

size_t publisher_count(const struct publisher *p)
{
    return p->n;
}

static struct str text_of(const struct publisher *p, struct slice s)
{
    return (struct str){p->bytes.p + s.at, s.n};
}

const struct kafka_record *publisher_record(struct publisher *p, size_t i)
{
    const struct outgoing *o = &p->out[i];

    for (uint32_t h = 0; h < o->n_headers; h++)
        p->headers[h] = (struct kafka_header){o->names[h], text_of(p, o->headers[h])};
    p->record = (struct kafka_record){.topic = p->topics[o->topic],
                                      .key = text_of(p, o->key),
                                      .value = text_of(p, o->value),
                                      .headers = p->headers,
                                      .n_headers = o->n_headers};
    return &p->record;
}

bool publisher_shrink(struct publisher *p, size_t i)
{
    enum config_topic topic = i < p->n ? p->out[i].topic : TOPIC_ALERTS;
    size_t cap = p->caps[topic];

    if (cap <= PUBLISH_CAP_MIN)
        return false;
    /* What was refused may be shorter than the cap by far. */
    if (i < p->n && p->out[i].value.n < cap)
        cap = p->out[i].value.n;
    cap = cap / 2 > PUBLISH_CAP_MIN ? cap / 2 : PUBLISH_CAP_MIN;
    for (size_t t = 0; t < CONFIG_TOPICS; t++)
        if (p->topics[t] && strcmp(p->topics[t], p->topics[topic]) == 0 && cap < p->caps[t])
            p->caps[t] = cap;
    publisher_use(p, p->ruleset);
    return true;
}

void publisher_count_published(struct publisher *p, int64_t now_ms)
{
    struct metric_lane *l = p->options.metrics;
    uint64_t n_cut = alert_writer_cuts(p->alerts);

    for (size_t i = 0; i < p->n; i++) {
        const struct outgoing *o = &p->out[i];
        metric_add_by(l, METRIC_ALERTS, o->topic, 1);
        metric_add(l, METRIC_BACKFILL, o->is_backfill);
        metric_add(l, METRIC_BRAKED, o->is_braked);
        if (o->is_create && o->rule != UINT32_MAX)
            metric_rule_finding(l, o->rule);
        if (o->record_ms != INT64_MIN && now_ms >= o->record_ms)
            metric_latency(l, (uint64_t)(now_ms - o->record_ms));
    }
    metric_add(l, METRIC_ALERTS_CUT, n_cut - p->n_cut);
    p->n_cut = n_cut;
}
