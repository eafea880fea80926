/* test_config.c - the configuration: what is taken from file, environment and flags, the words of
 * each refusal and where it points, and that the example file says what the program does. */
#include "tests/lib/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "alert/alert.h"
#include "worker/config.h"
#include "worker/config_key.h"
#include "worker/config_value.h"

/* What every configuration needs: two lines, so that what a row adds begins in line 3. */
#define NEEDED                                         \
    "kafka: {common: {bootstrap.servers: 'b:9092'}}\n" \
    "rules: {paths: [r]}\n"
#define EVENTS "inputs: [events]\n"

enum { OVERRIDES_MAX = 6 };

struct loaded {
    struct arena *arena;
    struct config c;
    struct weir_err err;
    enum weir_rc rc;
};

static char file_path[] = "/tmp/weir-test-config-XXXXXX";

static void write_file(struct str text)
{
    FILE *f = fopen(file_path, "wb");

    CHECK(f);
    CHECK(text.n == 0 || fwrite(text.p, 1, text.n, f) == text.n);
    CHECK_EQ(fclose(f), 0);
}

static void load_with(struct loaded *l, struct str file, const char *const *overrides)
{
    struct str texts[OVERRIDES_MAX];
    size_t n = 0;

    while (overrides && overrides[n]) {
        CHECK(n < OVERRIDES_MAX);
        texts[n] = str_from(overrides[n]);
        n++;
    }
    l->arena = arena_new(0);
    l->rc = config_load(l->arena, file, texts, n, &l->c, &l->err);
}

static void load_text(struct loaded *l, struct str text)
{
    write_file(text);
    load_with(l, str_from(file_path), NULL);
}

static void release(struct loaded *l)
{
    arena_free(l->arena);
}

/* ---- what is taken ---------------------------------------------------------------------------*/

/* A file that sets each key to something that is not its default. */
static const char full_text[] =
    "kafka:\n"
    "  common: {bootstrap.servers: 'b:9092', security.protocol: plaintext}\n"
    "  consumer: {fetch.min.bytes: 7}\n"
    "  producer: {linger.ms: 3}\n"
    "group: {name: g, slots_max: 8, slot: 2}\n"
    "topics: {alerts: a, lifecycle: a, shadow: a, health: h, dead_letters: d, state: s, create: "
    "yes}\n"
    "inputs:\n"
    "  - topics: [t1, '^t2.*']\n"
    "    profile: kubernetes-audit\n"
    "    tenant: {header: x-tenant}\n"
    "    labels: {cluster: prod, rack: 7, is_edge: true}\n"
    "    codec: json\n"
    "    start: earliest\n"
    "  - {topics: t3, tenant: acme, start: 2026-11-01T00:00:00Z}\n"
    "  - t4\n"
    "tenants: [{name: acme, lists: [admins=a.csv]}, globex]\n"
    "rules:\n"
    "  paths: [r1, r2]\n"
    "  lists: [l, x=y.txt]\n"
    "  overlays: o\n"
    "  select: {level: high, except-id: [a*, b*]}\n"
    "  set: {cluster: c1, is_lab: no}\n"
    "  profiles: p\n"
    "  geoip_file: g.mmdb\n"
    "  skip_bad: true\n"
    "  no_routing: true\n"
    "  filters_exclude: true\n"
    "state: {url: 'rediss://u@h:1', password_file: pw, ca_file: ca, secret_file: sec,\n"
    "        budget: 3MiB, replay_max: 90m}\n"
    "alerts: {raw: matched, max_bytes: 16KiB, max_age: 2d, brake: 5}\n"
    "dead_letters: {payload: raw}\n"
    "work: {threads: 3, batch_events: 77, batch_time: 20ms, align_max: 1h, fetch_bytes: 2MiB,\n"
    "       crash_max: 4, crash_dir: c, name: w, no_cache: on, at_least_once: true}\n"
    "http: {address: none}\n"
    "log: {format: json, level: debug}\n";

TEST(each_key_of_a_file_goes_where_it_belongs)
{
    struct loaded l;

    load_text(&l, str_from(full_text));
    CHECK_STR(str_from(l.err.text), "");
    CHECK_EQ(l.rc, WEIR_OK);
    const struct config *c = &l.c;
    CHECK_EQ(c->common.n, 2);
    CHECK_STR(c->consumer.items[0].value, "7");
    CHECK_STR(c->producer.items[0].name, "linger.ms");
    CHECK_STR(c->group, "g");
    CHECK_EQ(c->slots_max, 8);
    CHECK_EQ(c->slot, 2);
    CHECK_STR(c->topics[TOPIC_ALERTS], "a");
    CHECK_STR(c->topics[TOPIC_SHADOW], "a");
    CHECK_STR(c->topics[TOPIC_HEALTH], "h");
    CHECK_STR(c->topics[TOPIC_DEAD_LETTERS], "d");
    CHECK_STR(c->topics[TOPIC_STATE], "s");
    CHECK(c->creates_topics);
    CHECK_EQ(c->n_rules, 2);
    CHECK_STR(c->rules[1], "r2");
    CHECK_EQ(c->n_rule_lists, 2);
    CHECK_STR(c->overlays[0], "o");
    CHECK_EQ(c->n_select, 3);
    CHECK_STR(c->select[2], "except-id=b*");
    CHECK_EQ(c->n_set, 2);
    CHECK_STR(c->set[1], "is_lab=no");
    CHECK_STR(c->profiles_dir, "p");
    CHECK_STR(c->geoip_file, "g.mmdb");
    CHECK(c->skips_bad && c->no_routing && c->filters_exclude);
    CHECK_STR(c->state, "rediss://u@h:1");
    CHECK_STR(c->state_password_file, "pw");
    CHECK_STR(c->state_ca_file, "ca");
    CHECK_STR(c->state_secret_file, "sec");
    CHECK_EQ(c->state_budget_bytes, 3 << 20);
    CHECK_EQ(c->state_replay_max_ms, 90 * 60 * 1000);
    CHECK_EQ(c->alert_raw, ALERT_RAW_MATCHED);
    CHECK_EQ(c->alert_bytes_max, 16 * 1024);
    CHECK_EQ(c->alert_age_max_ms, INT64_C(2) * 24 * 3600 * 1000);
    CHECK_EQ(c->brake_creates, 5);
    CHECK_EQ(c->dead_payload, PAYLOAD_RAW);
    CHECK_EQ(c->threads, 3);
    CHECK_EQ(c->batch_events, 77);
    CHECK_EQ(c->batch_ms, 20);
    CHECK_EQ(c->align_max_ms, 3600 * 1000);
    CHECK_EQ(c->fetch_bytes, 2 << 20);
    CHECK_EQ(c->crash_max, 4);
    CHECK_STR(c->crash_dir, "c");
    CHECK_STR(c->worker_name, "w");
    CHECK(c->no_cache && c->at_least_once);
    CHECK_STR(c->http_address, "");
    CHECK_STR(c->log_format, "json");
    CHECK_STR(c->log_level, "debug");
    CHECK_EQ(c->n_warnings, 0);
    release(&l);
}

TEST(inputs_and_tenants_are_taken_with_all_their_keys)
{
    struct loaded l;

    load_text(&l, str_from(full_text));
    CHECK_EQ(l.rc, WEIR_OK);
    CHECK_EQ(l.c.n_inputs, 3);
    const struct config_input *in = l.c.inputs;
    CHECK_EQ(in[0].n_topics, 2);
    CHECK_STR(str_from(in[0].topics[1]), "^t2.*");
    CHECK_STR(in[0].profile, "kubernetes-audit");
    CHECK_STR(in[0].tenant_header, "x-tenant");
    CHECK_STR(in[0].tenant, "");
    CHECK_EQ(in[0].n_labels, 3);
    CHECK_STR(in[0].labels[1].name, "rack");
    CHECK_STR(in[0].labels[1].value, "7");
    CHECK_STR(in[0].labels[2].value, "true");
    CHECK_EQ(in[0].start, START_EARLIEST);
    CHECK_STR(str_from(in[1].topics[0]), "t3");
    CHECK_STR(in[1].tenant, "acme");
    CHECK_EQ(in[1].start, START_AT);
    CHECK_EQ(in[1].start_ms, INT64_C(1793491200000));
    CHECK_STR(str_from(in[2].topics[0]), "t4");
    CHECK_EQ(in[2].start, START_LATEST);
    CHECK_EQ(l.c.n_tenants, 2);
    CHECK_STR(l.c.tenants[0].lists[0], "admins=a.csv");
    CHECK_STR(l.c.tenants[1].name, "globex");
    CHECK_EQ(l.c.tenants[1].n_lists, 0);
    release(&l);
}

/* A section without keys, and one with comments alone, are as not there. */
TEST(a_section_may_be_empty)
{
    struct loaded l;

    load_text(&l, STR(NEEDED EVENTS "work:\nstate: {}\nlog:\n  # level: debug\n"));
    CHECK_EQ(l.rc, WEIR_OK);
    CHECK_STR(l.c.log_level, "info");
    release(&l);
}

TEST(a_span_as_start_is_that_long_ago)
{
    struct loaded l, earlier;

    load_text(&l, STR(NEEDED "inputs: [{topics: a, start: 24h}]\n"));
    load_text(&earlier, STR(NEEDED "inputs: [{topics: a, start: 25h ago}]\n"));
    CHECK_EQ(l.rc, WEIR_OK);
    CHECK_EQ(earlier.rc, WEIR_OK);
    CHECK_EQ(l.c.inputs[0].start, START_AT);
    int64_t apart = l.c.inputs[0].start_ms - earlier.c.inputs[0].start_ms;
    CHECK(apart > 3590 * 1000 && apart <= 3600 * 1000);
    release(&l);
    release(&earlier);
}

TEST(flag_stands_over_environment_over_file_over_default)
{
    static const char *const flags[] = {"work.threads=4", NULL};
    struct loaded l;

    write_file(STR(NEEDED EVENTS "work: {threads: 2, batch_events: 20}\n"));
    setenv("WEIR_WORK_THREADS", "3", 1);
    setenv("WEIR_WORK_BATCH_EVENTS", "30", 1);
    load_with(&l, str_from(file_path), flags);
    CHECK_EQ(l.rc, WEIR_OK);
    CHECK_EQ(l.c.threads, 4);
    CHECK_EQ(l.c.batch_events, 30);
    release(&l);
    setenv("WEIR_WORK_BATCH_EVENTS", "", 1); /* as not set */
    load_with(&l, str_from(file_path), NULL);
    CHECK_EQ(l.c.threads, 3);
    CHECK_EQ(l.c.batch_events, 20);
    CHECK_EQ(l.c.crash_max, 2);
    release(&l);
    unsetenv("WEIR_WORK_THREADS");
    unsetenv("WEIR_WORK_BATCH_EVENTS");
}

TEST(a_variable_that_is_nearly_a_keys_is_told)
{
    static const char *const others[] = {"WEIR_SERVICE_HOST", "WEIR_PORT", "WEIR_SIMD"};
    static const char *const flags[] = {"group.slot=1", NULL};
    struct loaded l;

    write_file(STR(NEEDED EVENTS));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        setenv(others[i], "x", 1);
    setenv("WEIR_WORK_THREAD", "", 1); /* as not set */
    load_with(&l, str_from(file_path), flags);
    CHECK_EQ(l.c.n_warnings, 0);
    release(&l);
    setenv("WEIR_WORK_THREAD", "3", 1);
    load_with(&l, str_from(file_path), flags);
    CHECK_EQ(l.rc, WEIR_OK);
    CHECK_EQ(l.c.n_warnings, 1);
    CHECK_STR(l.c.warnings[0],
              "WEIR_WORK_THREAD: no key has this variable (did you mean WEIR_WORK_THREADS?)");
    release(&l);
    unsetenv("WEIR_WORK_THREAD");
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        unsetenv(others[i]);
}

TEST(no_file_is_needed)
{
    static const char *const flags[] = {"inputs=[{topics: [a, b], tenant: x}]",
                                        "rules.paths=r1,r2",
                                        "rules.paths=r3",
                                        "tenants=x,y",
                                        "security.protocol=ssl",
                                        NULL};
    struct loaded l;

    setenv("WEIR_KAFKA_COMMON_BOOTSTRAP_SERVERS", "h:1", 1);
    setenv("WEIR_STATE", "redis://h", 1);
    setenv("WEIR_RULES_SELECT", "{level: high}", 1);
    load_with(&l, STR(""), flags);
    CHECK_STR(str_from(l.err.text), "");
    CHECK_EQ(l.rc, WEIR_OK);
    CHECK_EQ(l.c.inputs[0].n_topics, 2);
    CHECK_EQ(l.c.n_rules, 3);
    CHECK_STR(l.c.rules[2], "r3");
    CHECK_EQ(l.c.n_tenants, 2);
    CHECK_STR(l.c.state, "redis://h");
    CHECK_STR(l.c.select[0], "level=high");
    CHECK_EQ(l.c.common.n, 2);
    CHECK_STR(l.c.common.items[0].name, "bootstrap.servers");
    CHECK_STR(l.c.common.items[1].name, "security.protocol");
    release(&l);
    unsetenv("WEIR_KAFKA_COMMON_BOOTSTRAP_SERVERS");
    unsetenv("WEIR_STATE");
    unsetenv("WEIR_RULES_SELECT");
}

TEST(without_a_store_the_slot_is_0_and_that_is_told)
{
    struct loaded l;

    load_text(&l, STR(NEEDED EVENTS));
    CHECK_EQ(l.c.slot, 0);
    CHECK_EQ(l.c.n_warnings, 1);
    CHECK(str_starts(l.c.warnings[0], STR("group.slot: 0, since there is no store")));
    release(&l);
    load_text(&l, STR(NEEDED EVENTS "group: {slot: ordinal}\n"));
    CHECK_EQ(l.c.slot, -2);
    CHECK_EQ(l.c.n_warnings, 0);
    release(&l);
    load_text(&l, STR(NEEDED EVENTS "state: redis://h\n"));
    CHECK_EQ(l.c.slot, -1);
    CHECK_EQ(l.c.n_warnings, 1);
    CHECK(str_starts(l.c.warnings[0], STR("state.secret_file: none is given")));
    release(&l);
}

TEST(secrets_are_read_from_their_files_and_never_shown)
{
    char secret[] = "/tmp/weir-test-secret-XXXXXX", flag[96], where[64];
    const char *const flags[] = {flag, NULL};
    struct buf shown = {0};
    struct loaded l;
    int fd = mkstemp(secret);

    CHECK(fd >= 0);
    CHECK_EQ(write(fd, "hunter2 \n", 9), 9);
    close(fd);
    snprintf(flag, sizeof flag, "kafka.secret_files.sasl.password=%s", secret);
    write_file(STR(NEEDED EVENTS));
    load_with(&l, str_from(file_path), flags);
    CHECK_EQ(l.rc, WEIR_OK);
    CHECK_STR(l.c.common.items[1].name, "sasl.password");
    CHECK_STR(l.c.common.items[1].value, "hunter2");
    config_show(&l.c, &shown);
    CHECK_EQ(str_find(buf_str(&shown), STR("hunter2"), 0), SIZE_MAX);
    snprintf(where, sizeof where, "sasl.password: %s", secret);
    CHECK(str_find(buf_str(&shown), str_from(where), 0) != SIZE_MAX);
    buf_release(&shown);
    release(&l);
    CHECK_EQ(truncate(secret, 0), 0);
    load_with(&l, str_from(file_path), flags);
    CHECK_EQ(l.rc, WEIR_BADARG);
    CHECK_STR(str_from(l.err.file), secret);
    CHECK_STR(str_from(l.err.text), "the file is empty: it should hold sasl.password");
    release(&l);
    unlink(secret);
    load_with(&l, str_from(file_path), flags);
    CHECK_EQ(l.rc, WEIR_NOTFOUND);
    CHECK_STR(str_from(l.err.file), secret);
    release(&l);
}

/* ---- what is refused -------------------------------------------------------------------------*/

struct refusal {
    const char *text; /* behind NEEDED, two lines */
    uint32_t line, col;
    const char *words;
};

static void check_refusals(const struct refusal *rows, size_t n, const char *before)
{
    for (size_t i = 0; i < n; i++) {
        struct loaded l;
        struct buf text = {0};
        buf_add(&text, str_from(before));
        buf_add(&text, str_from(rows[i].text));
        load_text(&l, buf_str(&text));
        if (l.rc == WEIR_OK || strcmp(l.err.text, rows[i].words) != 0 ||
            l.err.line != rows[i].line || l.err.col != rows[i].col)
            print_error("row %zu: %s\n%u:%u: %s\n", i, rows[i].text, l.err.line, l.err.col,
                        l.err.text);
        CHECK(l.rc != WEIR_OK);
        CHECK_EQ(l.rc, l.err.code);
        CHECK_STR(str_from(l.err.file), file_path);
        CHECK_STR(str_from(l.err.text), rows[i].words);
        CHECK_EQ(l.err.line, rows[i].line);
        CHECK_EQ(l.err.col, rows[i].col);
        buf_release(&text);
        release(&l);
    }
}

TEST(wrong_keys_are_refused_with_place_and_nearest_name)
{
    static const struct refusal rows[] = {
        {"wrok: {threads: 2}\n", 3, 1, "wrok: unknown key (did you mean 'work'?)"},
        {"work: {thraeds: 2}\n", 3, 8, "work.thraeds: unknown key (did you mean 'work.threads'?)"},
        {"work:\n  level: debug\n", 4, 3, "work.level: unknown key (did you mean 'log.level'?)"},
        {"threads: 2\n", 3, 1, "threads: unknown key (did you mean 'work.threads'?)"},
        {"qqqqqqqq: 2\n", 3, 1, "qqqqqqqq: unknown key (docs/weir.example.yml has them all)"},
        {"work.threads: 2\n", 3, 1, "work.threads: keys are nested: 'threads:' below 'work:'"},
        {"inputs: [{topic: a}]\n", 3, 11,
         "inputs[0].topic: unknown key (did you mean 'inputs[0].topics'?)"},
        {"inputs: [a, {topics: b, zzzzzz: 1}]\n", 3, 25,
         "inputs[1].zzzzzz: unknown key (docs/weir.example.yml has them all)"},
        {"tenants: [{nam: a}]\n", 3, 12,
         "tenants[0].nam: unknown key (did you mean 'tenants[0].name'?)"},
        {"work: {threads: 2, threads: 3}\n", 3, 20, "the key 'threads' is already given in line 3"},
        {"state: {url: none}\nstate: none\n", 4, 1, "the key 'state' is already given in line 3"},
    };

    check_refusals(rows, ARRAY_LEN(rows), NEEDED);
}

TEST(wrong_values_are_refused_with_place_and_what_is_wanted)
{
    static const struct refusal rows[] = {
        {"work: {threads: many}\n", 3, 17,
         "work.threads: 'many' is not a whole number from 0 to 64"},
        {"work: {threads: 65}\n", 3, 17, "work.threads: '65' is not a whole number from 0 to 64"},
        {"work: {threads: -1}\n", 3, 17, "work.threads: '-1' is not a whole number from 0 to 64"},
        {"work: {threads: 1.5}\n", 3, 17, "work.threads: '1.5' is not a whole number from 0 to 64"},
        {"work: {threads: '2'}\n", 3, 17, "work.threads: '2' is not a whole number from 0 to 64"},
        {"work: {threads: [2]}\n", 3, 17,
         "work.threads: a whole number from 0 to 64 is wanted, not a list"},
        {"work: {threads: }\n", 3, 17,
         "work.threads: a whole number from 0 to 64 is wanted, not nothing"},
        {"work: {batch_time: 100}\n", 3, 20,
         "work.batch_time: '100' is not a span of time with its unit (100ms, 10s, 5m, 24h, 7d)"},
        {"work: {batch_time: 1h30m}\n", 3, 20,
         "work.batch_time: '1h30m' is not a span of time with its unit (100ms, 10s, 5m, 24h, 7d)"},
        {"work: {batch_time: 11s}\n", 3, 20,
         "work.batch_time: '11s' is out of range: from 1ms to 10s"},
        {"work: {batch_time: 0ms}\n", 3, 20,
         "work.batch_time: '0ms' is out of range: from 1ms to 10s"},
        {"work: {align_max: 99999999999999999w}\n", 3, 19,
         "work.align_max: '99999999999999999w' is not a span of time with its unit (100ms, 10s, "
         "5m, 24h, 7d)"},
        {"work: {fetch_bytes: 64MB}\n", 3, 21,
         "work.fetch_bytes: '64MB' is not a size with its unit (512B, 64KiB, 32MiB, 2GiB)"},
        {"alerts: {max_bytes: 1KiB}\n", 3, 21,
         "alerts.max_bytes: '1KiB' is out of range: from 4KiB to 64KiB"},
        {"alerts: {raw: ful}\n", 3, 15,
         "alerts.raw: 'ful' is none of none|matched|full (did you mean 'full'?)"},
        {"dead_letters: {payload: 7}\n", 3, 25,
         "dead_letters.payload: '7' is none of redacted|raw|reference"},
        {"log: {level: loud}\n", 3, 14, "log.level: 'loud' is none of debug|info|warn|error"},
        {"rules2: {}\n", 3, 1, "rules2: unknown key (did you mean 'rules'?)"},
        {"topics: {create: maybe}\n", 3, 18, "topics.create: 'maybe' is not true or false"},
        {"topics: {alerts: 'a b'}\n", 3, 18,
         "topics.alerts: 'a b' is not a legal name (letters, digits, '.', '_', '-', at most 249)"},
        {"topics: {alerts: ..}\n", 3, 18,
         "topics.alerts: '..' is not a legal name (letters, digits, '.', '_', '-', at most 249)"},
        {"topics: {alerts: true}\n", 3, 18,
         "topics.alerts: 'true' is a truth value here: put it in quotes"},
        {"topics: [a]\n", 3, 9, "topics: a map is wanted, not a list"},
        {"work: 4\n", 3, 7, "work: a map is wanted, not a number"},
        {"group: {slot: first}\n", 3, 15,
         "group.slot: 'first' is not leased, ordinal or a number below 4096"},
        {"http: {address: [h]}\n", 3, 17, "http.address: HOST:PORT or none is wanted, not a list"},
        {"http: {address: 'h:70000'}\n", 3, 17,
         "http.address: 'h:70000' is no address (as in 127.0.0.1:9464 or [::1]:9464)"},
        {"state: memory\n", 3, 8,
         "state.url: 'memory' is not none, redis://HOST:PORT, rediss://HOST:PORT or "
         "unix:///SOCKET"},
        {"state: {ca_file: ''}\n", 3, 18, "state.ca_file: the text is empty"},
    };

    check_refusals(rows, ARRAY_LEN(rows), NEEDED);
}

TEST(wrong_inputs_are_refused)
{
    static const struct refusal rows[] = {
        {"", 0, 0, "inputs: none is given: at least one is wanted"},
        {"inputs: []\n", 3, 9, "inputs: none is given: at least one is wanted"},
        {"inputs: events\n", 3, 9, "inputs: a list is wanted, not text"},
        {"inputs: [{profile: x}]\n", 3, 10, "inputs: input 0 has no topics"},
        {"inputs: [{topics: []}]\n", 3, 19, "inputs[0].topics: at least one is wanted"},
        {"inputs: [{topics: [a, a]}]\n", 3, 23, "inputs[0].topics: 'a' is there twice"},
        {"inputs: [{topics: ['a b']}]\n", 3, 20,
         "inputs[0].topics: 'a b' is no legal name of a topic, nor a pattern (^...)"},
        {"inputs: [{topics: ['^a(']}]\n", 3, 20,
         "inputs[0].topics: the pattern '^a(': Unmatched ( or \\("},
        {"inputs: [{topics: a, codec: avro}]\n", 3, 29,
         "inputs[0].codec: avro: not decodable yet (json is)"},
        {"inputs: [{topics: a, codec: Syslog}]\n", 3, 29,
         "inputs[0].codec: syslog: not decodable yet (json is)"},
        {"inputs: [{topics: a, codec: jsom}]\n", 3, 29,
         "inputs[0].codec: unknown codec 'jsom' (json)"},
        {"inputs: [{topics: a, start: soon}]\n", 3, 29,
         "inputs[0].start: 'soon' is not latest, earliest, a time (2026-11-01T00:00:00Z) or a span "
         "ago (24h)"},
        {"inputs: [{topics: a, tenant: {heder: x}}]\n", 3, 30,
         "inputs[0].tenant: NAME or {header: NAME} is wanted"},
        {"inputs: [{topics: a, labels: [x]}]\n", 3, 30,
         "inputs[0].labels: a map is wanted, not a list"},
        {"inputs: [{topics: a, tenant: {header: x}}]\n", 3, 10,
         "inputs: a header names the tenant, but `tenants` is empty"},
        {"inputs: [{topics: a, tenant: acm}]\ntenants: [acme]\n", 3, 10,
         "inputs: tenant 'acm' is not one of `tenants` (did you mean 'acme'?)"},
        {"inputs: [{topics: a, tenant: zzz}]\n", 3, 10,
         "inputs: tenant 'zzz' is not one of `tenants`"},
        {"inputs: [a, b, a]\n", 3, 16, "inputs: 'a' is an input twice"},
        {"inputs: [ab, '^a.*']\n", 3, 14,
         "inputs: 'ab' is an input twice: the pattern '^a.*' takes it, too"},
        {"inputs: ['^a.*', '^a.*']\n", 3, 18, "inputs: '^a.*' is an input twice"},
        {"inputs: [weir.alerts]\n", 3, 10,
         "inputs: weir.alerts is a topic that weir writes to (topics.alerts)"},
        {"inputs: ['^weir\\.dead']\n", 3, 10,
         "inputs: the pattern '^weir\\.dead' takes weir.dead-letters, which weir writes to "
         "(topics.dead_letters)"},
        {"inputs: [a]\ntenants: [x, x]\n", 4, 14, "tenants: 'x' is there twice"},
        {"inputs: [a]\ntenants: ['x|y']\n", 4, 11,
         "tenants: 'x|y' is no name of a tenant (letters, digits, '.', '_', '-', at most 64)"},
        {"inputs: [a]\ntenants: [{lists: [l=f]}]\n", 4, 11, "tenants: tenant 0 has no name"},
    };

    check_refusals(rows, ARRAY_LEN(rows), NEEDED);
}

TEST(what_does_not_fit_together_is_refused)
{
    static const struct refusal rows[] = {
        {"topics: {dead_letters: weir.alerts}\n", 4, 24,
         "topics.dead_letters: 'weir.alerts' is also topics.alerts: this one must be a topic of "
         "its own"},
        {"topics: {alerts: x, state: x}\n", 4, 28,
         "topics.state: 'x' is also topics.alerts: this one must be a topic of its own"},
        {"state: {url: none, password_file: p}\n", 4, 35,
         "state.password_file: has no meaning without a store (state: none)"},
        {"state: {secret_file: p}\n", 4, 22,
         "state.secret_file: has no meaning without a store (state: none)"},
        {"state: {url: 'redis://h', ca_file: p}\n", 4, 36,
         "state.ca_file: needs a store that is reached by TLS: rediss://..."},
        {"group: {slot: 60}\nwork: {threads: 5}\n", 0, 0,
         "group.slots_max: 5 threads from slot 60 on do not fit below 64"},
        {"group: {slots_max: 2}\nwork: {threads: 5}\n", 4, 20,
         "group.slots_max: 5 threads from slot 0 on do not fit below 2"},
    };

    check_refusals(rows, ARRAY_LEN(rows), NEEDED EVENTS);
}

TEST(wrong_properties_and_rule_options_are_refused)
{
    static const struct refusal rows[] = {
        {"kafka: {common: {sasl.password: x}}\n", 1, 33,
         "kafka.common.sasl.password: a secret: write it to a file, and name that in "
         "kafka.secret_files"},
        {"kafka: {secret_files: {client.id: x}}\n", 1, 35,
         "kafka.secret_files.client.id: this is no secret: it stands in kafka.common"},
        {"kafka: {common: {group.id: x}}\n", 1, 28,
         "kafka.common: kafka property group.id is set by weir: it is the key group.name"},
        {"kafka: {common: {ssl.ca.location: /nowhere}}\n", 1, 35,
         "kafka.common.ssl.ca.location: cannot read '/nowhere': No such file or directory"},
        {"kafka: {common: [a]}\n", 1, 17,
         "kafka.common: a map of properties is wanted, not a list"},
        {"kafka: {common: {client.id: }}\n", 1, 29,
         "kafka.common.client.id: text is wanted, not nothing"},
        {"kafka: {common: {client.id: x}}\n", 1, 17, "kafka.common: bootstrap.servers is missing"},
        {"rules: {select: {levle: high}}\n", 1, 25,
         "rules.select: unknown selection 'levle' (did you mean 'level'?)"},
        {"rules: {select: [level]}\n", 1, 18, "rules.select: 'level' is not NAME=VALUE"},
        {"rules: {set: x}\n", 1, 14, "rules.set: 'x' is not a map"},
        {"rules: {paths: [a, a]}\n", 1, 20, "rules.paths: 'a' is there twice"},
        {"kafka: {common: {bootstrap.servers: h}}\ninputs: [a]\n", 0, 0,
         "rules.paths: none is given: at least one is wanted"},
    };

    check_refusals(rows, ARRAY_LEN(rows), "");
}

TEST(a_property_that_librdkafka_does_not_know_is_refused_with_the_nearest)
{
    struct loaded l;

    load_text(&l, STR("kafka: {common: {bootstrap.server: x}}\n"));
    CHECK_EQ(l.rc, WEIR_BADARG);
    CHECK_EQ(l.err.col, 36);
    CHECK(str_ends(str_from(l.err.text), STR("(did you mean 'bootstrap.servers'?)")));
    release(&l);
}

TEST(a_file_that_is_no_configuration_is_refused)
{
    static const struct refusal rows[] = {
        {"", 0, 0, "no configuration in it: the file is empty"},
        {"# nothing\n", 0, 0, "no configuration in it: the file is empty"},
        {"just text\n", 1, 1, "a map is wanted, not text"},
        {"- a\n", 1, 1, "a map is wanted, not a list"},
        {"a: 1\n---\nb: 2\n", 3, 1, "one document is wanted"},
    };

    check_refusals(rows, ARRAY_LEN(rows), "");
}

TEST(a_key_of_one_value_is_given_once)
{
    static const struct {
        const char *flags[3];
        const char *words; /* NULL: fine */
    } rows[] = {
        {{"work.threads=1", "work.threads=1"}, "-X work.threads is given twice"},
        {{"rules.skip_bad=true", "rules.skip_bad=false"}, "-X rules.skip_bad is given twice"},
        {{"inputs=[{topics: a}]", "inputs=[{topics: b}]"}, "-X inputs is given twice"},
        {{"linger.ms=1", "linger.ms=2"}, "-X linger.ms is given twice"},
        {{"kafka.common.linger.ms=1", "linger.ms=2"}, "-X linger.ms is given twice"},
        {{"rules.set.cluster=a", "rules.set.cluster=b"}, "-X rules.set.cluster is given twice"},
        {{"kafka.consumer.linger.ms=1", "linger.ms=2"}, NULL},
        {{"rules.paths=a", "rules.paths=b"}, NULL},
        {{"rules.select.level=high", "rules.select.level=low"}, NULL},
    };
    struct loaded l;

    write_file(STR(NEEDED EVENTS "work: {threads: 2}\n"));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        load_with(&l, str_from(file_path), rows[i].flags);
        CHECK_STR(str_from(l.rc == WEIR_OK ? "" : l.err.text), rows[i].words ? rows[i].words : "");
        release(&l);
    }
}

TEST(texts_of_environment_and_flags_are_refused_by_their_names)
{
    static const struct {
        const char *flag, *words;
    } rows[] = {
        {"work.threads=x", "-X work.threads: 'x' is not a whole number from 0 to 64"},
        {"work.threads", "-X 'work.threads' is not KEY=VALUE"},
        {"work.thraeds=1", "-X work.thraeds: unknown key (did you mean 'work.threads'?)"},
        {"work.zzzzzzz=1", "-X work.zzzzzzz: unknown key (docs/weir.example.yml has them all)"},
        {"inputs=[{topic: a}]",
         "-X inputs[0].topic: unknown key (did you mean 'inputs[0].topics'?)"},
        {"inputs=[a",
         "-X inputs: did not find expected ',' or ']' (while parsing a flow sequence in line 1)"},
        {"sasl.password=x", "-X kafka.common.sasl.password: a secret: write it to a file, and name "
                            "that in kafka.secret_files"},
        {"rules.select.levle=high",
         "-X rules.select: unknown selection 'levle' (did you mean 'level'?)"},
    };
    struct loaded l;

    write_file(STR(NEEDED EVENTS));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *const flags[] = {rows[i].flag, NULL};
        load_with(&l, str_from(file_path), flags);
        CHECK(l.rc != WEIR_OK);
        CHECK_STR(str_from(l.err.text), rows[i].words);
        CHECK_STR(str_from(l.err.file), "");
        release(&l);
    }
    setenv("WEIR_HTTP_ADDRESS", "nowhere", 1);
    load_with(&l, str_from(file_path), NULL);
    CHECK_STR(str_from(l.err.text),
              "WEIR_HTTP_ADDRESS: 'nowhere' is no address (as in 127.0.0.1:9464 or [::1]:9464)");
    unsetenv("WEIR_HTTP_ADDRESS");
    release(&l);
}

TEST(a_file_that_cannot_be_read_is_refused)
{
    struct loaded l;

    load_with(&l, STR("/nowhere/weir.yml"), NULL);
    CHECK_EQ(l.rc, WEIR_NOTFOUND);
    CHECK_STR(str_from(l.err.file), "/nowhere/weir.yml");
    CHECK_STR(str_from(l.err.text), "cannot read: No such file or directory");
    release(&l);
    load_with(&l, STR("/tmp"), NULL);
    CHECK_EQ(l.rc, WEIR_IO);
    CHECK_STR(str_from(l.err.text), "cannot read: Is a directory");
    release(&l);
}

/* ---- what is shown ---------------------------------------------------------------------------*/

/* `text` without what stands behind " # ". */
static void cut_origins(struct str text, struct buf *out)
{
    struct str line, rest = text;

    while (rest.n) {
        str_cut(rest, '\n', &line, &rest);
        size_t at = str_find(line, STR(" # "), 0);
        buf_add(out, at == SIZE_MAX ? line : str_sub(line, 0, at));
        buf_add_char(out, '\n');
    }
}

TEST(what_is_shown_loads_to_the_same)
{
    struct loaded l, again;
    struct buf first = {0}, second = {0}, a = {0}, b = {0};

    load_text(&l, str_from(full_text));
    CHECK_EQ(l.rc, WEIR_OK);
    config_show(&l.c, &first);
    load_text(&again, buf_str(&first));
    CHECK_STR(str_from(again.err.text), "");
    CHECK_EQ(again.rc, WEIR_OK);
    config_show(&again.c, &second);
    cut_origins(buf_str(&first), &a);
    cut_origins(buf_str(&second), &b);
    buf_add_char(&b, '\0');
    CHECK_STR(buf_str(&a), b.p);
    buf_release(&first);
    buf_release(&second);
    buf_release(&a);
    buf_release(&b);
    release(&l);
    release(&again);
}

TEST(each_value_is_shown_with_its_origin)
{
    static const char *const flags[] = {"http.address=none", "client.id=x", NULL};
    static const char *const wanted[] = {
        "  threads: 7                                    # WEIR_WORK_THREADS\n",
        "  address: none                                 # flag\n",
        "    client.id: x                                # flag\n",
        "  level: info                                   # default\n",
        ":4\n  batch_events: 8 ",
    };
    struct loaded l;
    struct buf shown = {0};

    write_file(STR(NEEDED EVENTS "work: {threads: 3, batch_events: 8, batch_time: 9ms}\n"));
    setenv("WEIR_WORK_THREADS", "7", 1);
    load_with(&l, str_from(file_path), flags);
    unsetenv("WEIR_WORK_THREADS");
    CHECK_EQ(l.rc, WEIR_OK);
    config_show(&l.c, &shown);
    for (size_t i = 0; i + 1 < ARRAY_LEN(wanted); i++)
        CHECK(str_find(buf_str(&shown), str_from(wanted[i]), 0) != SIZE_MAX);
    CHECK(str_find(buf_str(&shown), STR(":4\n"), 0) != SIZE_MAX);
    buf_release(&shown);
    release(&l);
}

TEST(a_property_of_several_layers_is_shown_once)
{
    static const char *const flags[] = {"client.id=b", NULL};
    struct loaded l;
    struct buf shown = {0};

    write_file(STR("kafka: {common: {bootstrap.servers: 'b:9092', client.id: a}}\n"
                   "rules: {paths: [r]}\n" EVENTS));
    load_with(&l, str_from(file_path), flags);
    CHECK_EQ(l.rc, WEIR_OK);
    config_show(&l.c, &shown);
    size_t at = str_find(buf_str(&shown), STR("client.id: "), 0);
    CHECK(str_starts(str_sub(buf_str(&shown), at, SIZE_MAX), STR("client.id: b ")));
    CHECK_EQ(str_find(buf_str(&shown), STR("client.id: "), at + 1), SIZE_MAX);
    buf_release(&shown);
    release(&l);
}

TEST(units_are_read_and_written_in_the_largest_that_fits)
{
    static const struct {
        const char *text;
        int64_t ms;
        const char *again;
    } spans[] = {
        {"0ms", 0, "0ms"},       {"1500ms", 1500, "1500ms"},
        {"60s", 60000, "1m"},    {"90m", 5400000, "90m"},
        {"24h", 86400000, "1d"}, {"14d", 1209600000, "2w"},
        {"1.5h", -1, NULL},      {"h", -1, NULL},
        {"-1s", -1, NULL},       {"5", -1, NULL},
        {"5 s", -1, NULL},       {"", -1, NULL},
        {"1h30m", -1, NULL},     {"99999999999999w", -1, NULL},
    };
    struct buf out = {0};

    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        int64_t ms = -1;
        CHECK_EQ(config_span_parse(str_from(spans[i].text), &ms), spans[i].again != NULL);
        CHECK_EQ(ms, spans[i].ms);
        buf_clear(&out);
        if (!spans[i].again)
            continue;
        config_span_write(&out, ms);
        CHECK_STR(buf_str(&out), spans[i].again);
    }
    int64_t bytes;
    CHECK(config_size_parse(STR("3MiB"), &bytes));
    CHECK_EQ(bytes, 3 << 20);
    CHECK(!config_size_parse(STR("3MB"), &bytes));
    buf_release(&out);
}

/* ---- the example -----------------------------------------------------------------------------*/

static void read_example(struct buf *out)
{
    FILE *f = fopen("docs/weir.example.yml", "rb");

    CHECK(f);
    out->n = fread(buf_reserve(out, 1 << 20), 1, 1 << 20, f);
    fclose(f);
}

TEST(the_example_file_is_what_the_program_writes)
{
    struct buf file = {0}, made = {0};

    read_example(&file);
    config_example(&made);
    buf_add_char(&made, '\0');
    CHECK_STR(buf_str(&file), made.p); /* make weir.example.yml: build/weir config example */
    buf_release(&file);
    buf_release(&made);
}

/* Loading it gives what a configuration with nothing but the needed keys gives. */
TEST(the_example_file_holds_the_defaults)
{
    static const char *const flags[] = {"bootstrap.servers=127.0.0.1:9092", "inputs=events",
                                        "rules.paths=/etc/weir/rules", "work.name=w", NULL};
    struct loaded bare, example;
    struct buf a = {0}, b = {0}, c = {0}, d = {0};

    load_with(&bare, STR(""), flags);
    CHECK_EQ(bare.rc, WEIR_OK);
    load_with(&example, STR("docs/weir.example.yml"), flags + 3);
    CHECK_STR(str_from(example.err.text), "");
    CHECK_EQ(example.rc, WEIR_OK);
    config_show(&bare.c, &a);
    config_show(&example.c, &b);
    cut_origins(buf_str(&a), &c);
    cut_origins(buf_str(&b), &d);
    buf_add_char(&d, '\0');
    CHECK_STR(buf_str(&c), d.p);
    buf_release(&a);
    buf_release(&b);
    buf_release(&c);
    buf_release(&d);
    release(&bare);
    release(&example);
}

TEST(every_key_is_in_the_example_file)
{
    const struct config_keys *const tables[] = {&config_keys, &config_input_keys,
                                                &config_tenant_keys};
    struct buf file = {0};
    char wanted[64];

    read_example(&file);
    for (size_t t = 0; t < ARRAY_LEN(tables); t++)
        for (size_t i = 0; i < tables[t]->n; i++) {
            const char *path = tables[t]->rows[i].path, *dot = strrchr(path, '.');
            snprintf(wanted, sizeof wanted, " %s:", dot ? dot + 1 : path);
            if (!dot && tables[t] == &config_keys)
                wanted[0] = '\n';
            CHECK(str_find(buf_str(&file), str_from(wanted), 0) != SIZE_MAX);
        }
    buf_release(&file);
}

/* The contract of struct config: these numbers are told to users elsewhere. */
TEST(defaults_are_those_of_the_contract)
{
    struct loaded l;

    load_text(&l, STR(NEEDED EVENTS));
    CHECK_EQ(l.rc, WEIR_OK);
    CHECK_STR(l.c.group, "weir");
    CHECK_STR(l.c.topics[TOPIC_DEAD_LETTERS], "weir.dead-letters");
    CHECK_STR(l.c.state, "none");
    CHECK_EQ(l.c.state_replay_max_ms, 3600 * 1000);
    CHECK_EQ(l.c.alert_bytes_max, 64 * 1024);
    CHECK_EQ(l.c.alert_raw, ALERT_RAW_FULL);
    CHECK_EQ(l.c.alert_age_max_ms, 24 * 3600 * 1000);
    CHECK_EQ(l.c.batch_events, 10000);
    CHECK_EQ(l.c.batch_ms, 100);
    CHECK_EQ(l.c.align_max_ms, 10 * 60 * 1000);
    CHECK_EQ(l.c.crash_max, 2);
    CHECK_EQ(l.c.brake_creates, 100);
    CHECK_EQ(l.c.dead_payload, PAYLOAD_REDACTED);
    CHECK_STR(l.c.http_address, "127.0.0.1:9464");
    CHECK(l.c.worker_name.n > 0);
    release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENTRY(each_key_of_a_file_goes_where_it_belongs),
        ENTRY(inputs_and_tenants_are_taken_with_all_their_keys),
        ENTRY(a_section_may_be_empty),
        ENTRY(a_span_as_start_is_that_long_ago),
        ENTRY(flag_stands_over_environment_over_file_over_default),
        ENTRY(a_variable_that_is_nearly_a_keys_is_told),
        ENTRY(no_file_is_needed),
        ENTRY(without_a_store_the_slot_is_0_and_that_is_told),
        ENTRY(secrets_are_read_from_their_files_and_never_shown),
        ENTRY(wrong_keys_are_refused_with_place_and_nearest_name),
        ENTRY(wrong_values_are_refused_with_place_and_what_is_wanted),
        ENTRY(wrong_inputs_are_refused),
        ENTRY(what_does_not_fit_together_is_refused),
        ENTRY(wrong_properties_and_rule_options_are_refused),
        ENTRY(a_property_that_librdkafka_does_not_know_is_refused_with_the_nearest),
        ENTRY(a_file_that_is_no_configuration_is_refused),
        ENTRY(a_key_of_one_value_is_given_once),
        ENTRY(texts_of_environment_and_flags_are_refused_by_their_names),
        ENTRY(a_file_that_cannot_be_read_is_refused),
        ENTRY(what_is_shown_loads_to_the_same),
        ENTRY(each_value_is_shown_with_its_origin),
        ENTRY(a_property_of_several_layers_is_shown_once),
        ENTRY(units_are_read_and_written_in_the_largest_that_fits),
        ENTRY(the_example_file_is_what_the_program_writes),
        ENTRY(the_example_file_holds_the_defaults),
        ENTRY(every_key_is_in_the_example_file),
        ENTRY(defaults_are_those_of_the_contract),
    };
    int fd = mkstemp(file_path);

    if (fd < 0)
        return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(file_path);
    return failed;
}
