/* config.h - the configuration of a worker: one YAML file, flags and environment over it.
 *
 * flag > environment (WEIR_...) > file > default. Unknown keys are errors with file:line:col and
 * the nearest name; so are values of the wrong kind or out of range. Every key is documented in
 * docs/weir.example.yml, which is a valid file, and its defaults are tested to be those here. All
 * of it is made from the table in config_key.c.
 *
 * Environment  WEIR_ and the path of the key in capitals with underscores: WEIR_WORK_THREADS=4,
 *              WEIR_RULES_PATHS=a,b, WEIR_INPUTS='[{topics: [events]}]', WEIR_STATE=redis://...;
 *              properties of librdkafka: WEIR_KAFKA_COMMON_BOOTSTRAP_SERVERS. Empty ones are as
 *              not set; names that are no key are left alone (orchestrators set some), with a
 *              warning where one is nearly a key's.
 * Secrets      come from files: no key holds one. kafka.secret_files are read here.
 *
 * Memory   everything lives in the arena given.
 */
#ifndef WEIR_WORKER_CONFIG_H
#define WEIR_WORKER_CONFIG_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "kafka/props.h"

enum { CONFIG_INPUTS_MAX = 64, CONFIG_TENANTS_MAX = 32, CONFIG_LANES_MAX = 64 };

enum config_start { START_LATEST, START_EARLIEST, START_AT };
enum config_topic {
    TOPIC_ALERTS,
    TOPIC_LIFECYCLE,
    TOPIC_SHADOW,
    TOPIC_HEALTH,
    TOPIC_DEAD_LETTERS,
    TOPIC_STATE,
    CONFIG_TOPICS
};
enum config_payload { PAYLOAD_REDACTED, PAYLOAD_RAW, PAYLOAD_REFERENCE };

struct config_label {
    struct str name, value;
};

struct config_input {
    const char *const *topics; /* names, or a pattern ^... */
    size_t n_topics;
    struct str profile;          /* pinned; empty: classify */
    struct str tenant;           /* fixed; or: */
    struct str tenant_header;    /* a header names it: one of config.tenants, else a dead letter */
    struct config_label *labels; /* constant fields, as --set */
    size_t n_labels;
    enum config_start start; /* of a partition that the group has no offset for */
    int64_t start_ms;        /* START_AT */
};

struct config_tenant {
    struct str name;
    struct str *lists; /* NAME=FILE over the common ones */
    size_t n_lists;
};

struct config {
    struct arena *arena;
    struct str file; /* for errors */

    /* kafka */
    struct kafka_props common, consumer, producer;
    struct kafka_props secret_files; /* property = file; the values are in common */
    struct str group;
    uint32_t slots_max; /* of the group: threads of all workers together */
    int32_t
        slot; /* first slot of this worker; -1: leased in the store; -2: ordinal of the host name */
    struct str topics[CONFIG_TOPICS]; /* two may be the same, but for dead letters and state */
    bool creates_topics;

    struct config_input inputs[CONFIG_INPUTS_MAX];
    size_t n_inputs;
    struct config_tenant tenants[CONFIG_TENANTS_MAX];
    size_t n_tenants;

    /* rules: the options of app/rules.h by the same names */
    struct str *rules, *overlays, *pipelines;
    struct str *rule_lists; /* NAME=FILE[:COLUMN], or a directory of lists */
    struct str *set;        /* FIELD=VALUE */
    struct str *select;     /* flag=value as given to flags: level=high, except-id=... */
    size_t n_rules, n_rule_lists, n_overlays, n_pipelines, n_set, n_select;
    struct str profiles_dir;
    bool skips_bad, no_routing, filters_exclude;

    /* state */
    struct str state; /* none, or redis://... */
    struct str state_password_file, state_ca_file, state_secret_file, geoip_file;
    uint64_t state_budget_bytes;
    int64_t state_replay_max_ms; /* 1 h */
    uint32_t brake_creates;

    /* alerts */
    uint32_t alert_raw;       /* enum alert_raw */
    uint32_t alert_bytes_max; /* 64 KiB, at most what the topic takes */
    int64_t alert_age_max_ms; /* 24 h: older events alert with is_alert=false, label backfill */
    enum config_payload dead_payload;

    /* work */
    uint32_t threads;      /* lanes; 0: one per core */
    uint32_t batch_events; /* 10,000 */
    uint32_t batch_ms;     /* 100: a commit at least so often */
    int64_t align_max_ms;  /* 10 min */
    uint64_t fetch_bytes;
    bool no_cache;
    bool at_least_once;   /* bench only: no transactions */
    uint32_t crash_max;   /* 2 */
    struct str crash_dir; /* state none: where notes of crashes lie */

    /* service */
    struct str http_address; /* 127.0.0.1:9464; empty: none */
    struct str log_format;   /* logfmt | json */
    struct str log_level;
    struct str worker_name; /* default: host name and process id */

    /* of the loading itself */
    const struct config_origins *origins; /* where each value comes from */
    const struct str *warnings;           /* a line each, for who loads it to tell once */
    size_t n_warnings;
};

/* file empty: no file, all from environment and overrides. overrides: KEY=VALUE as -X and flags of
 * the command give them: the dotted path in the file ("http.address=V", "kafka.consumer.NAME=V";
 * NAME alone, if it is no key, is a property of kafka.common). Of a list, values given so add up.
 * WEIR_NOTFOUND, WEIR_IO, WEIR_SYNTAX, WEIR_BADARG, WEIR_UNSUPPORTED, WEIR_LIMIT: one line. */
MUST_USE enum weir_rc config_load(struct arena *a, struct str file, const struct str *overrides,
                                  size_t n_overrides, struct config *out, struct weir_err *err);

/* What is in force, as YAML with the origin of each value behind it (file:line, environment, flag,
 * default), secrets' values never. */
void config_show(const struct config *c, struct buf *out);

/* A commented file with all keys and their defaults: docs/weir.example.yml. */
void config_example(struct buf *out);

#endif
