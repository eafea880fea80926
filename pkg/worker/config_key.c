/* config_key.c - the table of all keys of the configuration, and how to find a row. A walk over
 * some seventy rows at start is no cost. */
#include "worker/config_key.h"

#include "alert/alert.h"
#include "base/str.h"
#include "kafka/consumer.h"
#include "worker/config.h"
#include "worker/http_address.h"
#include "worker/slot.h"

enum { BATCH_EVENTS_MAX = 1000 * 1000, CRASHES_MAX = 100 };
#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

#define IN(type, member) \
    .at = offsetof(struct type, member), .width = sizeof(((struct type *)0)->member)
#define LIST_IN(type, member, count) \
    .at = offsetof(struct type, member), .n_at = offsetof(struct type, count)
#define ONE(member) IN(config, member)
#define MANY(member) LIST_IN(config, member, n_##member)
#define TOPIC(name, which, value, text)                                                 \
    {                                                                                   \
        "topics." name, CONFIG_NAME, ONE(topics[which]), .without = value, .help = text \
    }

const char *const config_sections[][2] = {
    {"kafka",
     "librdkafka's properties by their own names, passed through. weir owns some (group.id,\n"
     "transactional.id, isolation.level, ...): those are refused with the reason.\n"
     "Passwords stand in files, see secret_files."},
    {"group", "Workers with one group name share the partitions of the inputs."},
    {"topics", "What weir writes: docs/topics.md. The first four may be one topic."},
    {"inputs", NULL},
    {"tenants", NULL},
    {"rules", "Which rules, and what changes them. Options of `weir replay` by the same names."},
    {"state",
     "Windows, counts, dedup. `state: none` for none at all: then dedup is off, and rules\n"
     "that need state are refused by name."},
    {"alerts", "What is published."},
    {"dead_letters", "Records that give no event."},
    {"work", "How it is worked off."},
    {"http", "/healthz /readyz /metrics"},
    {"log", "Lines on stderr."},
    {NULL, NULL},
};

static const struct config_key rows[] = {
    {"kafka.common", CONFIG_PROPS, ONE(common), .example = "bootstrap.servers: 127.0.0.1:9092",
     .help = "Properties of every client. bootstrap.servers must be among them."},
    {"kafka.consumer", CONFIG_PROPS, ONE(consumer), .help = "Properties of consumers alone."},
    {"kafka.producer", CONFIG_PROPS, ONE(producer), .help = "Properties of producers alone."},
    {"kafka.secret_files", CONFIG_SECRETS, ONE(secret_files),
     .example = "# sasl.password: /run/secrets/kafka-password",
     .help = "Properties whose values are secrets, and the file that holds each."},

    {"group.name", CONFIG_NAME, ONE(group), .without = "weir",
     .help = "Kafka's group.id. Also part of transactional ids and of the keys in the store."},
    {"group.slots_max", CONFIG_COUNT, ONE(slots_max), .without = "64", .least = 1,
     .most = SLOTS_MAX,
     .help = "Threads of all workers of the group together, at most. Same in all of them."},
    {"group.slot", CONFIG_SLOT, ONE(slot), .without = "leased", .least = 0, .most = SLOTS_MAX - 1,
     .help =
         "leased: free ones, by leases in the store. ordinal: by the number that the host name\n"
         "ends in (StatefulSet). Or the number of this worker's first thread."},

    TOPIC("alerts", TOPIC_ALERTS, "weir.alerts", "New findings, and raises of their severity."),
    TOPIC("lifecycle", TOPIC_LIFECYCLE, "weir.lifecycle",
          "Other updates, closes, braked findings."),
    TOPIC("shadow", TOPIC_SHADOW, "weir.shadow", "All records of rules in the shadow channel."),
    TOPIC("health", TOPIC_HEALTH, "weir.health", "Findings about weir itself."),
    TOPIC("dead_letters", TOPIC_DEAD_LETTERS, "weir.dead-letters",
          "Records that gave no event. A topic of its own."),
    TOPIC("state", TOPIC_STATE, "weir.state",
          "Facts of long training (compacted). A topic of its own."),
    {"topics.create", CONFIG_SWITCH, ONE(creates_topics), .without = "false",
     .help = "Create those that are missing."},

    {"inputs", CONFIG_INPUT_LIST, LIST_IN(config, inputs, n_inputs),
     .help = "What is read: at least one."},
    {"tenants", CONFIG_TENANT_LIST, LIST_IN(config, tenants, n_tenants),
     .help = "Names that inputs may give to their events; state, dedup and lists are apart."},

    {"rules.paths", CONFIG_TEXTS, MANY(rules), .example = "[/etc/weir/rules]",
     .help = "Files and directories: at least one."},
    {"rules.lists", CONFIG_TEXTS, MANY(rule_lists), .without = "[]",
     .example = "[/etc/weir/lists, admins=/etc/weir/admins.csv:name]",
     .help = "Lists that rules name: NAME=FILE[:COLUMN], or a directory of them."},
    {"rules.overlays", CONFIG_TEXTS, MANY(overlays), .without = "[]",
     .example = "[/etc/weir/overlays]", .help = "Your changes to rules (docs/overlays.md)."},
    {"rules.pipelines", CONFIG_TEXTS, MANY(pipelines), .without = "[]",
     .example = "[/etc/weir/fields.yml]",
     .help = "Processing pipelines of pySigma: other names for fields (docs/pipelines.md)."},
    {"rules.select", CONFIG_SELECT, MANY(select), .without = "{}",
     .example = "{level: medium, except-status: deprecated}",
     .words = "level|status|tag|product|id|path|except-level|except-status|except-tag|"
              "except-product|except-id|except-path",
     .help = "Which of them take part: level, status, tag, product, id, path and except-..."},
    {"rules.set", CONFIG_SET, MANY(set), .without = "{}", .example = "{cluster: prod-eu}",
     .help = "Constant fields of every event."},
    {"rules.profiles", CONFIG_PATH, ONE(profiles_dir), .example = "/etc/weir/profiles",
     .help = "A directory of source profiles of your own."},
    {"rules.geoip_file", CONFIG_PATH, ONE(geoip_file), .example = "/usr/share/GeoIP/city.mmdb",
     .help = "GeoIP database (MMDB) for rules about places."},
    {"rules.skip_bad", CONFIG_SWITCH, ONE(skips_bad), .without = "false",
     .help = "Go on without the rules that do not load."},
    {"rules.no_routing", CONFIG_SWITCH, ONE(no_routing), .without = "false",
     .help = "Every rule sees every event, whatever its source."},
    {"rules.filters_exclude", CONFIG_SWITCH, ONE(filters_exclude), .without = "false",
     .help = "Sigma filters exclude what they describe (default: they are AND-ed as written)."},

    {"state.url", CONFIG_STATE, ONE(state), .without = "none", .alias = "state",
     .example = "redis://127.0.0.1:6379",
     .help = "none, redis://[USER@]HOST[:PORT][,HOST...], rediss://... (TLS), unix:///SOCKET"},
    {"state.password_file", CONFIG_PATH, ONE(state_password_file),
     .example = "/run/secrets/redis-password", .help = "Password of the store."},
    {"state.ca_file", CONFIG_PATH, ONE(state_ca_file), .example = "/etc/weir/redis-ca.pem",
     .help = "Certificates that the store's must come from (default: the system's)."},
    {"state.secret_file", CONFIG_PATH, ONE(state_secret_file), .example = "/run/secrets/weir-state",
     .help = "Secret that keys are hashed with, the same in all workers of a store."},
    {"state.budget", CONFIG_SIZE, ONE(state_budget_bytes), .without = "1GiB", .least = MIB,
     .most = 1024 * GIB,
     .help = "Memory of all rules' state, evidence included; at most 0.8 of Redis' maxmemory."},
    {"state.replay_max", CONFIG_SPAN, ONE(state_replay_max_ms), .without = "1h", .least = 0,
     .most = 7 * DAY, .help = "Input that is read again when the store was lost, at most."},

    {"alerts.raw", CONFIG_CHOICE, ONE(alert_raw), .without = "full", .words = "none|matched|full",
     .help = "The record that completed a finding: left out, matched fields, all of it redacted."},
    {"alerts.max_bytes", CONFIG_SIZE, ONE(alert_bytes_max), .without = "64KiB",
     .least = ALERT_MINIMAL_BYTES, .most = ALERT_BYTES_MAX,
     .help = "Larger documents are cut. Less if the topic's max.message.bytes is less."},
    {"alerts.max_age", CONFIG_SPAN, ONE(alert_age_max_ms), .without = "24h", .least = MINUTE,
     .most = 3650 * DAY,
     .help = "Findings on older events are published with is_alert=false, label backfill."},
    {"alerts.brake", CONFIG_COUNT, ONE(brake_creates), .without = "100", .least = 1,
     .most = 1000 * 1000,
     .help = "New findings of one rule and tenant in a minute; the others go to lifecycle."},

    {"dead_letters.payload", CONFIG_CHOICE, ONE(dead_payload), .without = "redacted",
     .words = "redacted|raw|reference",
     .help = "An excerpt without secrets, the record's own bytes, or only where it is."},

    {"work.threads", CONFIG_COUNT, ONE(threads), .without = "0", .least = 0,
     .most = CONFIG_LANES_MAX, .help = "0: one per core."},
    {"work.batch_events", CONFIG_COUNT, ONE(batch_events), .without = "10000", .least = 1,
     .most = BATCH_EVENTS_MAX,
     .help = "Events between two commits; eight times as many of a backlog."},
    {"work.batch_time", CONFIG_SPAN, ONE(batch_ms), .without = "100ms", .least = 1,
     .most = 10 * SECOND,
     .help = "Time between two commits, eight times that in a backlog. Shorter: less latency, more "
             "transactions."},
    {"work.align_max", CONFIG_SPAN, ONE(align_max_ms), .without = "10m", .least = SECOND,
     .most = 365 * DAY,
     .help = "How far in event time one partition may run ahead of the slowest."},
    {"work.fetch_bytes", CONFIG_SIZE, ONE(fetch_bytes), .without = "16MiB", .least = MIB,
     .most = GIB, .help = "Records that wait in the memory of one thread."},
    {"work.crash_max", CONFIG_COUNT, ONE(crash_max), .without = "2", .least = 1,
     .most = CRASHES_MAX, .help = "Crashes until the record that brings them is put aside."},
    {"work.crash_dir", CONFIG_PATH, ONE(crash_dir), .example = "/var/lib/weir",
     .help = "Where notes of crashes lie with `state: none`."},
    {"work.name", CONFIG_TEXT, ONE(worker_name), .example = "worker-1",
     .help = "Of this worker in logs and alerts (default: host name and process id)."},
    {"work.no_cache", CONFIG_SWITCH, ONE(no_cache), .without = "false",
     .help = "For measurements: nothing is remembered from event to event."},
    {"work.at_least_once", CONFIG_SWITCH, ONE(at_least_once), .without = "false",
     .help = "For measurements: no transactions. Alerts may be lost or doubled."},

    {"http.address", CONFIG_ADDRESS, ONE(http_address), .without = HTTP_ADDRESS_DEFAULT,
     .help = "HOST:PORT, or none."},

    {"log.format", CONFIG_WORD, ONE(log_format), .without = "logfmt", .words = "logfmt|json",
     .help = "logfmt or json."},
    {"log.level", CONFIG_WORD, ONE(log_level), .without = "info", .words = "debug|info|warn|error",
     .help = "debug, info, warn or error."},
};
_Static_assert(ARRAY_LEN(rows) <= CONFIG_KEYS_MAX, "room for the origins of all keys");

static const struct config_key input_rows[] = {
    {"topics", CONFIG_TOPIC_LIST, LIST_IN(config_input, topics, n_topics), .example = "[events]",
     .help = "Names, or patterns (POSIX extended) that begin with ^."},
    {"profile", CONFIG_TEXT, IN(config_input, profile), .example = "kubernetes_audit",
     .help = "The shape of its records (default: each is recognised)."},
    {"codec", CONFIG_CODEC, .words = "json", .without = "json",
     .help = "How records are written. No other yet."},
    {"tenant", CONFIG_TENANT, IN(config_input, tenant), .example = "{header: x-tenant}",
     .help = "NAME, or the record's header that names it: one of `tenants`, else a dead letter."},
    {"labels", CONFIG_LABELS, LIST_IN(config_input, labels, n_labels), .without = "{}",
     .example = "{cluster: prod-eu}", .help = "Constant fields of its events."},
    {"start", CONFIG_START, IN(config_input, start), .without = "latest", .example = "24h",
     .help = "Where a partition begins that the group has not read yet: latest, earliest, a time\n"
             "(2026-11-01T00:00:00Z), or a span before now (24h)."},
};

static const struct config_key tenant_rows[] = {
    {"name", CONFIG_TEXT, IN(config_tenant, name), .example = "acme", .help = "Its name."},
    {"lists", CONFIG_TEXTS, LIST_IN(config_tenant, lists, n_lists), .without = "[]",
     .example = "[admins=/etc/weir/acme/admins.csv:name]",
     .help = "NAME=FILE[:COLUMN] in place of the common list of that name."},
};

const struct config_keys config_keys = {rows, ARRAY_LEN(rows)};
const struct config_keys config_input_keys = {input_rows, ARRAY_LEN(input_rows)};
const struct config_keys config_tenant_keys = {tenant_rows, ARRAY_LEN(tenant_rows)};

const struct config_key *config_key_find(const struct config_keys *keys, struct str path)
{
    for (size_t i = 0; i < keys->n; i++) {
        const struct config_key *k = &keys->rows[i];
        if (str_eq(str_from(k->path), path) || (k->alias && str_eq(str_from(k->alias), path)))
            return k;
    }
    return NULL;
}

/* The part of the path behind "section.", empty if it is not in there. */
static struct str below(struct str path, struct str section)
{
    if (!str_starts(path, section) || path.n <= section.n + 1 || path.p[section.n] != '.')
        return (struct str){"", 0};
    return str_sub(path, section.n + 1, path.n);
}

const struct config_key *config_key_entry(struct str path, struct str *name)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum config_kind kind = rows[i].kind;
        if (kind != CONFIG_PROPS && kind != CONFIG_SECRETS && kind != CONFIG_SET &&
            kind != CONFIG_SELECT)
            continue;
        *name = below(path, str_from(rows[i].path));
        if (name->n)
            return &rows[i];
    }
    return NULL;
}

bool config_key_is_section(struct str section)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (below(str_from(rows[i].path), section).n)
            return true;
    return false;
}

static struct str last_part(struct str path)
{
    size_t at = path.n;

    while (at > 0 && path.p[at - 1] != '.')
        at--;
    return str_sub(path, at, path.n);
}

struct str config_key_nearest(const struct config_keys *keys, struct str path)
{
    struct str names[CONFIG_KEYS_MAX + ARRAY_LEN(config_sections)];
    size_t n = 0;

    for (size_t i = 0; i < keys->n; i++)
        names[n++] = str_from(keys->rows[i].path);
    if (keys == &config_keys)
        for (size_t i = 0; config_sections[i][0]; i++)
            names[n++] = str_from(config_sections[i][0]);
    struct str near = str_nearest(path, names, n);
    if (near.n)
        return near;
    /* The right name in the wrong section. */
    for (size_t i = 0; i < keys->n; i++)
        if (str_eq(last_part(str_from(keys->rows[i].path)), last_part(path)))
            return str_from(keys->rows[i].path);
    return (struct str){"", 0};
}

const char *config_topic_path(enum config_topic topic)
{
    size_t at = offsetof(struct config, topics) + (size_t)topic * sizeof(struct str);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].at == at)
            return rows[i].path;
    return "topics";
}

void config_key_variable(const char *path, char out[CONFIG_VARIABLE_MAX])
{
    size_t n = 0;

    for (const char *p = "WEIR_"; *p; p++)
        out[n++] = *p;
    for (const char *p = path; *p && n + 1 < CONFIG_VARIABLE_MAX; p++)
        out[n++] = *p == '.' ? '_' : (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
    out[n] = '\0';
}
