/* test_alert_finding.c - findings as state tells them become documents: the life of a finding,
 * with and without the event that completed it, valid OCSF, no secret of a capsule visible. */
#include "tests/lib/rng.h"
#include "tests/lib/shared.h"
#include "tests/lib/test.h"

#include "alert/alert.h"
#include "json/tree.h"
#include "rule/correlation.h"
#include "state/capsule.h"
#include "state/finding.h"

#include <stdlib.h>
#include <unistd.h>

static struct arena *arena, *keep;
static const struct profile_set *profiles;
static struct alert_writer *writer;

#define T0 INT64_C(1767323045000)

/* ---- rules ---------------------------------------------------------------------------------- */

static struct rule base_rule = {.uid = STR("base-1"),
                                .language = STR("sigma"),
                                .path = STR("rules/base.yml"),
                                .title = STR("Failed logon"),
                                .level = LEVEL_LOW,
                                .has_level = true};
static const struct str user_field = STR("TargetUserName"), address_field = STR("IpAddress");
static const struct str tags[] = {STR("attack.t1110"), STR("attack.credential_access")};
static const struct str overlays[] = {STR("quiet.yml")};
static struct correlation_input input = {
    .reference = STR("failed_logon"), .rule = &base_rule, .group_fields = &user_field};
static struct correlation count = {.kind = OPERATOR_COUNT,
                                   .inputs = &input,
                                   .n_inputs = 1,
                                   .group = &user_field,
                                   .n_group = 1,
                                   .window_ms = 600000};
static struct rule correlation_rule = {.uid = STR("corr-1"),
                                       .language = STR("sigma"),
                                       .path = STR("rules/corr.yml"),
                                       .title = STR("Many failed logons"),
                                       .level = LEVEL_MEDIUM,
                                       .has_level = true,
                                       .tags = {tags, 2},
                                       .correlation = &count,
                                       .overlays = overlays,
                                       .n_overlays = 1};

/* ---- findings ------------------------------------------------------------------------------- */

static struct str packed(const struct capsule *c)
{
    struct buf out = {0};

    capsule_pack(c, &out);
    struct str copy = arena_str(arena, buf_str(&out));
    buf_release(&out);
    return copy;
}

static struct capsule capsule_of(uint64_t offset, struct str user)
{
    struct capsule c = {.input = STR("logons.ndjson"),
                        .offset = offset,
                        .t_ms = T0 + (int64_t)offset * 1000,
                        .profile = STR("windows_flat"),
                        .rule = STR("base-1"),
                        .n_fields = 3};

    c.fields[0] = (struct capsule_field){.name = user_field, .value = user};
    c.fields[1] = (struct capsule_field){.name = STR("Computer"), .value = STR("DC1.corp.example")};
    c.fields[2] = (struct capsule_field){.name = address_field, .value = STR("203.0.113.9")};
    return c;
}

/* The finding of a count: five failed logons of bob. */
static struct finding finding_of(enum finding_activity activity)
{
    struct finding f = {.activity = activity,
                        .cause = activity == FINDING_UPDATE ? CAUSE_HITS : CAUSE_NONE,
                        .sequence = (uint64_t)activity,
                        .has_bucket = true,
                        .bucket_start_ms = T0 - 1000000,
                        .bucket_end_ms = T0 - 1000000 + 3600000,
                        .hits = 5,
                        .suppressed = 2,
                        .first_ms = T0 + 1000,
                        .last_ms = T0 + 5000,
                        .at_ms = T0 + 5000,
                        .level = LEVEL_MEDIUM,
                        .is_exact = true,
                        .is_timer = activity == FINDING_CLOSE,
                        .has_measured = true,
                        .measured_micro = 5 * CORRELATION_MICRO,
                        .n_events = 5,
                        .n_keys = 1};

    memset(f.uid, 0x5a, sizeof f.uid);
    f.key_names[0] = user_field;
    f.keys[0] = STR("bob");
    for (uint64_t i = 1; i <= 5; i++) {
        struct capsule c = capsule_of(i, STR("bob"));
        f.capsules[f.n_capsules++] = packed(&c);
    }
    return f;
}

static const char TRIGGER[] =
    "{\"EventID\":4625,\"Channel\":\"Security\",\"Computer\":\"DC1.corp.example\","
    "\"TargetUserName\":\"bob\",\"IpAddress\":\"203.0.113.9\","
    "\"TimeCreated\":\"2026-01-02T03:04:10Z\"}";

static void write_finding(const struct rule *rule, const struct finding *f, bool has_trigger,
                          struct buf *out)
{
    struct alert_match m = {.rule = rule,
                            .record = str_from(TRIGGER),
                            .input = STR("logons.ndjson"),
                            .offset = 5,
                            .time_ms = T0 + 5000};
    struct event_tree tree;
    struct json_node *root;

    CHECK_EQ(json_tree_parse(arena, m.record, &root, NULL), JSON_OK);
    event_tree_init(&tree, profiles, root, NULL);
    m.event = &tree;
    alert_write_finding(
        writer,
        &(struct alert_finding){
            .rule = rule, .finding = f, .trigger = has_trigger ? &m : NULL, .now_ms = T0 + 6000},
        out);
}

/* ---- documents ----------------------------------------------------------------------------- */

static bool has_schema(char *schema)
{
    shared_path(schema, "ocsf/detection_finding-1.8.0.json");
    if (access(schema, R_OK) == 0)
        return true;
    shared_absent();
    return false;
}

static void check_valid(const struct buf *documents)
{
    static char report[8192];
    char path[] = "/tmp/weir-findings-XXXXXX", schema[SHARED_PATH_MAX], command[2048];

    if (!has_schema(schema))
        return;
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, documents->p, documents->n) == (ssize_t)documents->n);
    close(fd);
    snprintf(command, sizeof(command), "python3 tests/e2e/ocsf.py '%s' %s", schema, path);
    FILE *f = popen(command, "r");
    CHECK(f != NULL);
    report[fread(report, 1, sizeof(report) - 1, f)] = '\0';
    int rc = pclose(f);
    unlink(path);
    if (rc != 0)
        fail_msg("%s", report);
}

/* The text at the path, "" if there is none; arrays and objects as their number of members. */
static struct str at_path(const struct buf *document, const char *path)
{
    struct json_node *root;

    if (json_tree_parse(arena, buf_str(document), &root, NULL) != JSON_OK)
        fail_msg("no JSON: %.*s", (int)document->n, document->p);
    const struct json_node *node = root;
    struct str rest = str_from(path), head;
    while (node && rest.n > 0) {
        (void)str_cut(rest, '.', &head, &rest);
        uint64_t index;
        const struct json_node *m = node->first;
        if (node->type == JSON_T_ARRAY && str_to_u64(head, &index))
            for (; m && index > 0; index--)
                m = m->next;
        else
            while (m && !str_eq(m->key, head))
                m = m->next;
        node = m;
    }
    if (!node)
        return STR("");
    if (node->type != JSON_T_ARRAY && node->type != JSON_T_OBJECT)
        return node->text;
    int n = 0;
    for (const struct json_node *m = node->first; m; m = m->next)
        n++;
    return arena_printf(arena, "%d members", n);
}

struct expect {
    const char *path, *text;
};

static void check_at(const struct buf *document, const char *what, const struct expect *list,
                     size_t n)
{
    for (size_t i = 0; i < n && list[i].path; i++) {
        struct str got = at_path(document, list[i].path);
        if (!str_eq(got, str_from(list[i].text)))
            fail_msg("%s: %s is \"%.*s\", expected \"%s\" in\n%.*s", what, list[i].path, (int)got.n,
                     got.p, list[i].text, (int)document->n, document->p);
    }
}

/* ---- the life of a finding ------------------------------------------------------------------- */

static void to_shadow(struct rule *r, struct finding *f)
{
    (void)f;
    r->channel = CHANNEL_SHADOW;
}
static void to_braked(struct rule *r, struct finding *f)
{
    (void)r;
    f->is_braked = true;
}
static void to_worse(struct rule *r, struct finding *f)
{
    (void)r;
    f->cause = CAUSE_SEVERITY;
    f->level = LEVEL_CRITICAL;
}
static void to_inexact(struct rule *r, struct finding *f)
{
    (void)r;
    f->is_exact = false;
    f->hits = UINT64_C(10000000000);
}
static void to_scored(struct rule *r, struct finding *f)
{
    (void)r;
    f->addends[0] =
        (struct finding_addend){STR("asset_criticality"), 60, STR("host on list critical_assets")};
    f->addends[1] = (struct finding_addend){STR("entity_risk"), -5, STR("password=hunter22")};
    f->n_addends = 2;
}
static void to_event_rule(struct rule *r, struct finding *f)
{
    *r = base_rule;
    f->key_names[0] = STR("entity");
    f->keys[0] = STR("dc1");
    f->level = LEVEL_LOW;
    f->has_measured = false;
}
static void to_capsuleless(struct rule *r, struct finding *f)
{
    (void)r;
    f->n_capsules = 0;
}
static void to_damaged(struct rule *r, struct finding *f)
{
    (void)r;
    f->capsules[0] = STR("no capsule");
}

static void to_flood(struct rule *r, struct finding *f)
{
    (void)r;
    f->is_flood = true;
    f->n_keys = f->n_capsules = 0;
    f->hits = 1200;
    f->suppressed = 1100;
    f->bucket_start_ms = f->first_ms = T0;
    f->bucket_end_ms = T0 + 60000;
    f->last_ms = T0 + 59999;
    f->has_measured = false;
    f->detail = STR("bob (700), eve (500)");
}

static void to_full(struct rule *r, struct finding *f)
{
    to_flood(r, f);
    f->is_full = true;
    f->detail = STR("1100 keys evicted, 100 keys kept small");
}

static const struct row {
    const char *what;
    enum finding_activity activity;
    bool has_trigger;
    void (*change)(struct rule *, struct finding *);
    struct expect expect[24];
} rows[] = {
    {"create",
     FINDING_CREATE,
     true,
     NULL,
     {{"activity_id", "1"},
      {"type_uid", "200401"},
      {"is_alert", "true"},
      {"status_id", "1"},
      {"severity", "Medium"},
      {"risk_score", "47"},
      {"count", "5"},
      {"start_time", "1767323046000"},
      {"end_time", "1767323050000"},
      {"message", "Many failed logons: TargetUserName=bob (5 events in 10m)"},
      {"metadata.sequence", "1"},
      {"metadata.correlation_uid", "5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a"},
      {"metadata.labels.1", "rule.kind:correlation/event_count"},
      {"finding_info.analytic.category", "correlation"},
      {"finding_info.related_analytics.0.uid", "base-1"},
      {"finding_info.attacks.0.technique.uid", "T1110"},
      {"finding_info.related_events_count", "5"},
      {"finding_info.related_events.0.uid", "logons.ndjson/0/1/0"},
      {"finding_info.related_events.0.title", "Failed logon"},
      {"evidences", "5 members"},
      {"evidences.0.name", "trigger"},
      {"evidences.1.uid", "logons.ndjson/0/1/0"},
      {"unmapped.weir.rule.overlays.0", "quiet.yml"}}},
    {"create, the block of weir",
     FINDING_CREATE,
     true,
     NULL,
     {{"unmapped.weir.channel", "alert"},
      {"unmapped.weir.dedup.fields.TargetUserName", "bob"},
      {"unmapped.weir.dedup.bucket_start", "1767322045000"},
      {"unmapped.weir.dedup.bucket_end", "1767325645000"},
      {"unmapped.weir.dedup.period_seconds", "3600"},
      {"unmapped.weir.dedup.count", "5"},
      {"unmapped.weir.dedup.suppressed", "2"},
      {"unmapped.weir.dedup.exact", "true"},
      {"unmapped.weir.dedup.state", "open"},
      {"unmapped.weir.correlation.type", "event_count"},
      {"unmapped.weir.correlation.timespan_seconds", "600"},
      {"unmapped.weir.correlation.measured", "5"},
      {"unmapped.weir.correlation.rules.0", "failed_logon"},
      {"unmapped.weir.mapping", "windows_flat"},
      {"evidences.0.data.raw_sha256",
       "30ec9c7ad1eb8d1190ba360c3433e2d89e1606c2f43d26b36a28b10c3d7e0753"}}},
    {"told by a timer",
     FINDING_CREATE,
     false,
     NULL,
     {{"is_alert", "true"},
      {"metadata.original_time", "2026-01-02T03:04:10.000Z"},
      {"message", "Many failed logons: TargetUserName=bob (5 events in 10m)"},
      {"evidences", "5 members"},
      {"evidences.0.name", "event-5"},
      {"evidences.0.uid", "logons.ndjson/0/5/0"},
      {"evidences.0.data.input", "logons.ndjson"},
      {"evidences.0.data.raw_sha256", ""},
      {"unmapped.weir.mapping", "windows_flat"},
      {"metadata.labels.2", "pipeline:windows_flat"}}},
    {"update",
     FINDING_UPDATE,
     true,
     NULL,
     {{"activity_name", "Update"},
      {"type_uid", "200402"},
      {"type_name", "Detection Finding: Update"},
      {"is_alert", "false"},
      {"status", "New"},
      {"finding_info.created_time", ""},
      {"metadata.sequence", "2"},
      {"message", "Many failed logons: TargetUserName=bob (5 events in 10m); 5 hits so far"}}},
    {"it became worse",
     FINDING_UPDATE,
     true,
     to_worse,
     {{"is_alert", "true"}, {"severity_id", "5"}, {"risk_score", "99"}, {"activity_id", "2"}}},
    {"close",
     FINDING_CLOSE,
     false,
     NULL,
     {{"activity_name", "Close"},
      {"type_uid", "200403"},
      {"is_alert", "false"},
      {"status_id", "99"},
      {"status", "Closed"},
      {"unmapped.weir.dedup.state", "closed"},
      {"unmapped.weir.correlation.by_timer", "true"}}},
    {"shadow",
     FINDING_CREATE,
     true,
     to_shadow,
     {{"is_alert", "false"},
      {"unmapped.weir.channel", "shadow"},
      {"metadata.labels.3", "channel:shadow"}}},
    {"braked",
     FINDING_CREATE,
     true,
     to_braked,
     {{"is_alert", "false"}, {"activity_id", "1"}, {"metadata.labels.3", "braked"}}},
    {"a bound bit",
     FINDING_UPDATE,
     true,
     to_inexact,
     {{"count", "2147483647"},
      {"unmapped.weir.dedup.count", "10000000000"},
      {"unmapped.weir.dedup.exact", "false"},
      {"message",
       "Many failed logons: TargetUserName=bob (at least 5 events in 10m); 10000000000 hits so "
       "far"}}},
    {"addends lift the score",
     FINDING_CREATE,
     true,
     to_scored,
     {{"risk_score", "100"},
      {"risk_level", "Critical"},
      {"severity", "Medium"},
      {"unmapped.weir.risk.base", "47"},
      {"unmapped.weir.risk.score", "100"},
      {"unmapped.weir.risk.modifiers", "2 members"},
      {"unmapped.weir.risk.modifiers.0.name", "asset_criticality"},
      {"unmapped.weir.risk.modifiers.0.add", "60"},
      {"unmapped.weir.risk.modifiers.1.add", "-5"},
      {"unmapped.weir.risk.modifiers.1.why", "password=[redacted:password]"}}},
    {"a rule about single events",
     FINDING_CREATE,
     true,
     to_event_rule,
     {{"severity", "Low"},
      {"metadata.labels.1", "rule.kind:event"},
      {"finding_info.analytic.category", "event"},
      {"unmapped.weir.correlation", ""},
      {"unmapped.weir.dedup.fields.host", "dc1"},
      {"message", "Failed logon (host DC1.corp.example)"}}},
    {"no capsules",
     FINDING_CREATE,
     false,
     to_capsuleless,
     {{"evidences", "1 members"},
      {"evidences.0.name", "key"},
      {"evidences.0.data.key.TargetUserName", "bob"},
      {"finding_info.related_events", ""},
      {"finding_info.related_events_count", "5"},
      {"unmapped.weir.mapping", "unknown"}}},
    {"a storm",
     FINDING_CREATE,
     false,
     to_flood,
     {{"is_alert", "true"},
      {"message",
       "Rule flooding: Many failed logons: 1200 findings in a minute, 1100 of them braked: bob "
       "(700), eve (500)"},
      {"finding_info.title", "Many failed logons"},
      {"count", "1200"},
      {"unmapped.weir.channel", "health"},
      {"metadata.labels.3", "flood"},
      {"unmapped.weir.flood.findings", "1200"},
      {"unmapped.weir.flood.braked", "1100"},
      {"unmapped.weir.flood.top", "bob (700), eve (500)"}}},
    {"a rule without memory",
     FINDING_CREATE,
     false,
     to_full,
     {{"message",
       "State of rule is full: Many failed logons: 1100 keys evicted, 100 keys kept small"},
      {"metadata.labels.3", "flood"},
      {"unmapped.weir.flood.keys", "1200"},
      {"unmapped.weir.flood.lost", "1100"},
      {"unmapped.weir.flood.state", "1100 keys evicted, 100 keys kept small"}}},
    {"a damaged capsule",
     FINDING_CREATE,
     false,
     to_damaged,
     {{"evidences", "4 members"}, {"evidences.1.uid", "logons.ndjson/0/2/0"}}},
};

TEST(the_life_of_a_finding)
{
    struct buf out = {0}, all = {0};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rule rule = correlation_rule;
        arena_reset(arena);
        struct finding f = finding_of(rows[i].activity);
        if (rows[i].change)
            rows[i].change(&rule, &f);
        buf_clear(&out);
        write_finding(&rule, &f, rows[i].has_trigger, &out);
        check_at(&out, rows[i].what, rows[i].expect, ARRAY_LEN(rows[i].expect));
        buf_add(&all, buf_str(&out));
        buf_add_char(&all, '\n');
    }
    check_valid(&all);
    buf_release(&out);
    buf_release(&all);
}

/* ---- who it is about ----------------------------------------------------------------------- */

TEST(a_timer_names_entities_from_its_capsules)
{
    struct finding f;
    struct buf out = {0};
    static const struct expect expect[] = {
        {"resources.0.type", "host"},
        {"resources.0.uid", "dc1"},
        {"resources.1.type", "user"},
        {"resources.1.name", "bob"},
    };

    arena_reset(arena);
    f = finding_of(FINDING_CLOSE);
    write_finding(&correlation_rule, &f, false, &out);
    check_at(&out, "timer", expect, ARRAY_LEN(expect));
    CHECK(str_find(buf_str(&out), STR("\"value\":\"203.0.113.9\""), 0) != SIZE_MAX);
    buf_release(&out);
}

TEST(no_secret_of_a_capsule_is_visible)
{
    static const char token[] = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    static char across[200]; /* a token across the cut */
    struct buf out = {0};

    memset(across, 'a', sizeof across - 1);
    memcpy(across, "run ", 4);
    across[CAPSULE_VALUE_MAX - 20] = ' ';
    memcpy(across + CAPSULE_VALUE_MAX - 19, token, sizeof token - 1);
    for (int has_trigger = 0; has_trigger < 2; has_trigger++) {
        arena_reset(arena);
        struct finding f = finding_of(FINDING_UPDATE);
        struct capsule c = capsule_of(1, STR("bob"));
        c.fields[1] = (struct capsule_field){.name = STR("CommandLine"), .value = str_from(across)};
        c.fields[2] = (struct capsule_field){.name = STR("password"), .value = STR("opensesame9")};
        f.capsules[0] = packed(&c);
        c = capsule_of(2, str_from(token));
        f.capsules[1] = packed(&c);
        f.keys[0] = str_from(token);
        f.detail = STR("saw opensesame9 and ghp_0123456789abcdefghijABCDEFGHIJ012345");
        buf_clear(&out);
        write_finding(&correlation_rule, &f, has_trigger, &out);
        CHECK(str_find(buf_str(&out), STR("ghp_01"), 0) == SIZE_MAX);
        CHECK(str_find(buf_str(&out), STR("opensesame9"), 0) == SIZE_MAX);
        CHECK(str_find(buf_str(&out), STR("run aaa"), 0) != SIZE_MAX);
        check_valid(&out);
    }
    buf_release(&out);
}

TEST(the_largest_finding_stays_under_the_cap)
{
    static char text[FINDING_TEXT_MAX];
    struct buf out = {0};

    memset(text, 1, sizeof text); /* six bytes each in JSON */
    struct str long_text = {text, sizeof text};
    struct finding f;
    struct rule rule = correlation_rule;
    arena_reset(arena);
    f = finding_of(FINDING_CREATE);
    f.n_keys = FINDING_KEYS_MAX;
    for (size_t i = 0; i < FINDING_KEYS_MAX; i++)
        f.keys[i] = f.key_names[i] = long_text;
    f.n_capsules = 0;
    for (uint64_t i = 0; i < FINDING_CAPSULES_MAX; i++) {
        struct capsule c = capsule_of(i, long_text);
        c.input = c.rule = long_text;
        f.capsules[f.n_capsules++] = packed(&c);
    }
    for (; f.n_addends < FINDING_ADDENDS_MAX; f.n_addends++)
        f.addends[f.n_addends] = (struct finding_addend){long_text, 1, long_text};
    f.detail = long_text;
    rule.title = rule.description = rule.author = rule.path = long_text;
    write_finding(&rule, &f, true, &out);
    CHECK(out.n <= ALERT_BYTES_MAX);
    CHECK(!str_eq(at_path(&out, "unmapped.weir.truncated"), STR("0 members")));
    alert_writer_limit(writer, 1); /* so that only the minimal form is left */
    buf_clear(&out);
    write_finding(&rule, &f, true, &out);
    alert_writer_limit(writer, ALERT_BYTES_MAX);
    CHECK(out.n <= ALERT_MINIMAL_BYTES);
    CHECK_STR(at_path(&out, "unmapped.weir.truncated"), "1 members");
    buf_release(&out);
}

TEST(the_record_uid_names_activity_and_sequence)
{
    static const struct {
        enum finding_activity activity;
        uint64_t sequence;
    } ids[] = {{FINDING_CREATE, 1}, {FINDING_UPDATE, 1}, {FINDING_UPDATE, 2}, {FINDING_CLOSE, 1}};
    struct str uids[ARRAY_LEN(ids)];
    struct buf out = {0};

    arena_reset(arena);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct finding f = finding_of(ids[i].activity);
        f.sequence = ids[i].sequence;
        buf_clear(&out);
        write_finding(&correlation_rule, &f, true, &out);
        uids[i] = arena_str(arena, at_path(&out, "metadata.uid"));
        for (size_t k = 0; k < i; k++)
            CHECK(!str_eq(uids[i], uids[k]));
    }
    buf_release(&out);
}

/* ---- what is kept of a rule ------------------------------------------------------------------ */

static struct alert_writer *writer_of_now(void)
{
    return alert_writer_new(&(struct alert_options){.raw = ALERT_RAW_FULL,
                                                    .generation = STR("7"),
                                                    .worker = STR("w1"),
                                                    .version = STR("0.1.0"),
                                                    .profiles = profiles});
}

/* Mostly what a Create looks like; each part of it other than the last time. */
static struct finding random_finding(struct rng *rng, const struct rule *rule)
{
    static const struct str users[] = {STR("bob"), STR("eve \"x\""), STR("password=hunter22"),
                                       STR("ghp_0123456789abcdefghijABCDEFGHIJ012345")};
    struct finding f = finding_of(rng_below(rng, 8) ? FINDING_CREATE : FINDING_UPDATE);

    f.sequence = rng_below(rng, 1000);
    f.hits = rng_below(rng, 3) ? 1 : rng_below(rng, UINT32_MAX);
    f.suppressed = rng_below(rng, 5000);
    f.first_ms = T0 - (int64_t)rng_below(rng, 1000000);
    f.last_ms = T0 + (int64_t)rng_below(rng, 1000000);
    f.at_ms = rng_below(rng, 2) ? f.last_ms : -1;
    f.n_events = rng_below(rng, 9);
    f.n_capsules = (uint32_t)rng_below(rng, f.n_capsules + 1);
    f.level = rng_below(rng, 8) ? (uint8_t)rule->level : LEVEL_HIGH;
    f.is_exact = rng_below(rng, 2);
    f.is_braked = !rng_below(rng, 16);
    f.has_bucket = rng_below(rng, 2);
    f.n_keys = (uint32_t)rng_below(rng, 2);
    f.keys[0] = users[rng_below(rng, ARRAY_LEN(users))];
    f.has_measured = rng_below(rng, 2);
    f.measured_micro = (int64_t)rng_below(rng, 1000000000);
    f.detail = rng_below(rng, 2) ? users[rng_below(rng, ARRAY_LEN(users))] : STR("");
    f.is_flood = !rng_below(rng, 16);
    memset(f.uid, (int)rng_below(rng, 256), sizeof f.uid);
    return f;
}

static struct str random_record(struct rng *rng)
{
    static const char *const users[] = {"bob", "eve", "~b\\\"ob~"};

    return arena_printf(
        arena,
        "{\"EventID\":%d,\"Channel\":\"%s\",\"Computer\":\"DC%d\",\"password\":\"%s\","
        "\"TargetUserName\":\"%s\",\"TimeCreated\":\"2026-01-02T03:04:10Z\"}",
        (int)rng_below(rng, 3) + 4624, rng_below(rng, 4) ? "Security" : "Odd",
        (int)rng_below(rng, 100), rng_below(rng, 3) ? "" : "opensesame9",
        users[rng_below(rng, ARRAY_LEN(users))]);
}

static struct alert_finding random_told(struct rng *rng, const struct rule *rule,
                                        const struct finding *f, struct alert_match *m)
{
    static const struct str tenants[] = {STR(""), STR(""), STR("north"), STR("so\"uth")};
    struct alert_finding told = {.rule = rule, .finding = f, .is_backfill = !rng_below(rng, 16)};

    told.tenant = tenants[rng_below(rng, ARRAY_LEN(tenants))];
    told.now_ms = rng_below(rng, 8) ? T0 + 6000 + (int64_t)rng_below(rng, 100000) : -1;
    m->time_ms = rng_below(rng, 8) ? f->last_ms : -(int64_t)rng_below(rng, 100000);
    m->offset = rng_below(rng, 9);
    if (rng_below(rng, 4))
        told.trigger = m;
    return told;
}

static void check_as_alone(struct alert_writer *keeps, const struct alert_finding *told)
{
    struct alert_writer *fresh = writer_of_now();
    struct buf got = {0}, want = {0};

    alert_write_finding(keeps, told, &got);
    alert_write_finding(fresh, told, &want);
    if (!str_eq(buf_str(&got), buf_str(&want)))
        fail_msg("got %.*s\nwanted %.*s", (int)got.n, got.p, (int)want.n, want.p);
    buf_release(&got);
    buf_release(&want);
    alert_writer_free(fresh);
}

/* A writer that knows the rule says of a finding what one says that never met it. */
TEST(a_rule_that_was_met_before_is_told_as_at_first)
{
    struct rule rules[] = {correlation_rule, base_rule, base_rule, base_rule, correlation_rule};
    struct alert_writer *keeps = writer_of_now();
    struct rng rng = rng_start("rules met before");

    rules[2].message = STR("{TargetUserName|nobody}: {count} times, {title}");
    rules[3].by_value.title_field = STR("Computer");
    rules[4].channel = CHANNEL_SHADOW;
    for (size_t i = 0; i < 400; i++) {
        struct rule *rule = &rules[rng_below(&rng, ARRAY_LEN(rules))];
        struct alert_match m = {.rule = rule, .input = STR("logons.ndjson")};
        struct event_tree tree;
        struct json_node *root;

        arena_reset(arena);
        if (rng_below(&rng, 50) == 0) /* another rule at the same address */
            rule->sha256[0] = (char)('a' + rng_below(&rng, 26));
        struct finding f = random_finding(&rng, rule);
        m.record = random_record(&rng);
        CHECK_EQ(json_tree_parse(arena, m.record, &root, NULL), JSON_OK);
        event_tree_init(&tree, profiles, root, NULL);
        m.event = &tree;
        struct alert_finding told = random_told(&rng, rule, &f, &m);
        check_as_alone(keeps, &told);
    }
    alert_writer_free(keeps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENTRY(the_life_of_a_finding),
        ENTRY(a_timer_names_entities_from_its_capsules),
        ENTRY(no_secret_of_a_capsule_is_visible),
        ENTRY(the_largest_finding_stays_under_the_cap),
        ENTRY(the_record_uid_names_activity_and_sequence),
        ENTRY(a_rule_that_was_met_before_is_told_as_at_first),
    };
    struct weir_err err = {0};

    arena = arena_new(0);
    keep = arena_new(0);
    if (profile_set_load(keep, (struct str){0}, &profiles, &err) != WEIR_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    memset(base_rule.sha256, 'b', 64);
    memset(correlation_rule.sha256, 'c', 64);
    base_rule.formula = formula_const(keep, true);
    correlation_rule.formula = formula_const(keep, false);
    writer = alert_writer_new(&(struct alert_options){.is_deterministic = true,
                                                      .raw = ALERT_RAW_FULL,
                                                      .version = STR("0.1.0"),
                                                      .profiles = profiles});
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    alert_writer_free(writer);
    arena_free(keep);
    arena_free(arena);
    return rc;
}
