/* test_two_sets.c - two rule sets on one store: a batch that a worker with one set has applied,
 * wholly or in part, and not committed, is swept by a worker with another. Nothing is lost, nothing
 * told twice. Needs a redis-server. */
#include "correlate/claim.h"
#include "correlate/graph.h"

#include <stdio.h>

#include "base/str.h"
#include "state/store_mem.h"
#include "state/store_redis.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/rule_rig.h"
#include "tests/lib/test.h"

enum { PARTITION = 7, EVENTS = 8 };

static struct redis_server server;
static int n_groups;

#define BASE(name)                                                      \
    "---\ntitle: " name "\nid: " name "\nname: " name "\nlevel: high\n" \
    "logsource: {}\ndetection:\n  s: {act: " name "}\n  condition: s\n" \
    "weir: {dedup: {fields: [user], period: 1h}}\n"
#define MORE(name, act)                                                 \
    "---\ntitle: " name "\nid: " name "\nname: " name "\nlevel: high\n" \
    "logsource: {}\ndetection:\n  s: {act: " act "}\n  condition: s\n"  \
    "weir: {dedup: {fields: [user], period: 1h}}\n"
#define BURST(inputs, group, n)                                               \
    "---\ntitle: burst\nid: burst\nname: burst\nlevel: high\n"                \
    "correlation: {type: event_count, rules: [" inputs "], group-by: [" group \
    "], timespan: 5m, condition: {gte: " n "}}\nweir: {dedup: {period: 1h}}\n"
#define RISK(name, group)                                               \
    "---\ntitle: " name "\nid: " name "\nname: " name "\nlevel: high\n" \
    "correlation: {type: risk, group-by: [" group "], condition: {gte: 10000}}\n"
#define SEEN(name, input)                                                                  \
    "---\ntitle: " name "\nid: " name "\nname: " name "\ncorrelation: {type: first_seen, " \
    "rules: [" input "], group-by: [user], condition: {field: host}, history: 30d}\n"
#define DEEP BASE("d") SEEN("seen1", "d") SEEN("seen2", "seen1") SEEN("seen3", "seen2")

/* What set A has, besides BASE(a), BASE(b), BURST("b", "user", "3"). */
static const struct row {
    const char *name, *a, *b;
    int n_burst; /* Creates of rule burst that B tells; -1: 0 or 1, see the row's comment */
    bool has_foreign;
} ROWS[] = {
    {"the same set", BASE("a") BASE("b") BURST("b", "user", "3"),
     BASE("a") BASE("b") BURST("b", "user", "3"), 1, false},
    {"other order", BASE("a") BASE("b") BURST("b", "user", "3"),
     BURST("b", "user", "3") BASE("b") BASE("a"), 1, false},
    {"a rule more", BASE("a") BASE("b") BURST("b", "user", "3"),
     MORE("c", "a") BASE("a") BASE("b") BURST("b", "user", "3"), 1, false},
    {"a rule less", MORE("c", "a") BASE("a") BASE("b") BURST("b", "user", "3"),
     BASE("a") BASE("b") BURST("b", "user", "3"), 1, true},
    {"an input more", BASE("a") BASE("b") BASE("d") BURST("b", "user", "3"),
     BASE("a") BASE("b") BASE("d") BURST("b, d", "user", "3"), 1, false},
    {"a higher threshold", BASE("a") BASE("b") BURST("b", "user", "3"),
     BASE("a") BASE("b") BURST("b", "user", "4"), -1, false}, /* by whom it is applied */
    {"a risk more", BASE("a") BASE("b") BURST("b", "user", "3"),
     BASE("a") BASE("b") BURST("b", "user", "3") RISK("r", "user"), 1, false},
    {"a risk less", BASE("a") BASE("b") BURST("b", "user", "3") RISK("r", "user"),
     BASE("a") BASE("b") BURST("b", "user", "3"), 1, false},
    {"another risk", BASE("a") BASE("b") BURST("b", "user", "3") RISK("r", "user"),
     BASE("a") BASE("b") BURST("b", "user", "3") RISK("q", "host"), 1, false},
    {"a risk before it", BASE("a") BASE("b") BURST("b", "user", "3") RISK("r", "user"),
     BASE("a") BASE("b") BURST("b", "user", "3") RISK("q", "host") RISK("r", "user"), 1, false},
    {"deeper rules", BASE("a") BASE("b") BURST("b", "user", "3") RISK("r", "user"),
     BASE("a") BASE("b") BURST("b", "user", "3") DEEP RISK("r", "user"), 1, false},
};

struct worker {
    struct rule_rig *rig;
    struct store_run run;
    struct store_part part;
    struct store_at last[STORE_ROUNDS_MAX][STORE_SHARDS];
};

static struct store *open_store(void)
{
    char group[16];
    struct weir_err err = {0};
    struct store *s = NULL;

    snprintf(group, sizeof group, "g%d", n_groups);
    struct store_redis_options o = {
        .url = str_from(server.url), .group = str_from(group), .secret = &state_secret_test};
    CHECK_EQ(store_redis_new(&o, &s, &err), WEIR_OK);
    store_set_claim_reader(s, claim_read);
    return s;
}

static void bless(struct worker *w)
{
    struct store_lease lease = {.token = 5, .ttl_ms = 10000};
    enum store_answer answer;
    struct weir_err err;

    if (store_is_whole(&w->run))
        return;
    memcpy(lease.run_id, w->run.run_id, sizeof lease.run_id);
    memcpy(lease.incarnation, w->run.blessed, sizeof lease.incarnation);
    CHECK_EQ(store_lease(w->rig->store, &lease, &answer, &err), WEIR_OK);
    CHECK_EQ(store_bless(w->rig->store, &lease, &w->part.partition, 1, &answer, &err), WEIR_OK);
    CHECK_EQ(store_run(w->rig->store, &w->run, &err), WEIR_OK);
}

/* A worker with these rules; it begins anew with each start(). */
static struct rule_rig *load(const char *rules)
{
    const struct graph_options options = {
        .secret = state_secret_test, .is_once = true, .brake_creates = 100};

    return rule_rig_new(rules, &options, store_mem_new());
}

/* The worker acquires the partition. */
static void start(struct worker *w, struct rule_rig *rig)
{
    enum store_answer answer;
    struct weir_err err;

    *w = (struct worker){.rig = rig, .part = {.partition = PARTITION}};
    rule_rig_restart(rig, open_store());
    CHECK_EQ(store_run(w->rig->store, &w->run, &err), WEIR_OK);
    bless(w);
    CHECK_EQ(store_acquire(w->rig->store, PARTITION, w->run.blessed, &w->part.epoch, &answer, &err),
             WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
}

/* Positions 1 to EVENTS: rule a tells once per user, b three times for ann. */
static void add_events(struct worker *w)
{
    static const char *const acts[EVENTS] = {"a", "b", "a", "b", "a", "b", "a", "a"};

    for (int i = 0; i < EVENTS; i++) {
        char json[128];
        snprintf(json, sizeof json, "{\"act\":\"%s\",\"user\":\"%s\",\"host\":\"h%d\"}", acts[i],
                 acts[i][0] == 'b' ? "ann"
                 : i % 4           ? "bob"
                                   : "eve",
                 i % 3);
        rule_rig_event(w->rig, 0, 1000 + i, (uint64_t)i + 1, json);
    }
}

static void apply(struct worker *w, uint64_t tick, bool is_sweep, uint32_t n_levels)
{
    w->part.upto = (struct store_at){EVENTS, tick};
    struct correlator_frame frame = {.watermark_ms = INT64_MIN,
                                     .timer_ms = INT64_MIN,
                                     .parts = &w->part,
                                     .n_parts = 1,
                                     .incarnation = w->run.blessed,
                                     .is_sweep = is_sweep};
    add_events(w);
    rule_rig_apply(w->rig, &frame, w->last, n_levels);
}

static void check_no_doubles(const struct rule_rig *r, const char *what, uint32_t levels)
{
    for (size_t i = 0; i < r->n_told; i++)
        for (size_t k = 0; k < i; k++)
            if (r->told[i].activity == FINDING_CREATE && r->told[k].activity == FINDING_CREATE &&
                memcmp(r->told[i].uid, r->told[k].uid, 16) == 0) {
                print_error("%s, %u levels: %s is told twice\n", what, levels, r->told[i].rule);
                CHECK(false);
            }
}

/* A applies so many levels of the batch and dies; B takes over, and commits. */
static void hand_over(const struct row *row, struct rule_rig *rig_a, struct rule_rig *rig_b,
                      uint32_t levels)
{
    static struct worker a, b;

    n_groups++;
    start(&a, rig_a);
    apply(&a, 1, false, levels);
    start(&b, rig_b);
    apply(&b, 2, true, STORE_ROUNDS_MAX);
    size_t n_a = rule_rig_count(b.rig, "a", NULL, FINDING_CREATE);
    size_t n_burst = rule_rig_count(b.rig, "burst", NULL, FINDING_CREATE);
    if (n_a != 2 || (row->n_burst >= 0 && n_burst != (size_t)row->n_burst))
        print_error("%s, %u levels: %zu of a, %zu of burst\n", row->name, levels, n_a, n_burst);
    CHECK_EQ(n_a, 2);
    if (row->n_burst >= 0)
        CHECK_EQ(n_burst, row->n_burst);
    check_no_doubles(b.rig, row->name, levels);
    CHECK_EQ(correlator_counts(b.rig->correlator).damaged, 0);
    if (levels >= a.rig->graph->n_levels &&
        row->has_foreign != (correlator_counts(b.rig->correlator).foreign > 0))
        print_error("%s: foreign\n", row->name);
    if (levels >= a.rig->graph->n_levels)
        CHECK_EQ(correlator_counts(b.rig->correlator).foreign > 0, row->has_foreign);
}

TEST(a_batch_that_another_set_has_begun_is_told_once)
{
    static const uint32_t levels[] = {0, 1, 2, 7, 8, 9, 10, STORE_ROUNDS_MAX};

    if (!server.pid)
        skip();
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct rule_rig *a = load(ROWS[i].a), *b = load(ROWS[i].b);
        for (size_t k = 0; k < ARRAY_LEN(levels); k++)
            hand_over(&ROWS[i], a, b, levels[k]);
        rule_rig_free(a);
        rule_rig_free(b);
    }
}

/* Counts go on: A commits two of b, B's third makes the burst. */
TEST(windows_go_on_under_another_set)
{
    static struct worker a, b;

    if (!server.pid)
        skip();
    n_groups++;
    start(&a, load(BASE("a") BASE("b") BURST("b", "user", "3")));
    struct correlator_frame frame = {.watermark_ms = INT64_MIN,
                                     .timer_ms = INT64_MIN,
                                     .parts = &a.part,
                                     .n_parts = 1,
                                     .incarnation = a.run.blessed};
    rule_rig_event(a.rig, 0, 1000, 1, "{\"act\":\"b\",\"user\":\"ann\"}");
    rule_rig_event(a.rig, 0, 1001, 2, "{\"act\":\"b\",\"user\":\"ann\"}");
    a.part.upto = (struct store_at){2, 1};
    rule_rig_apply(a.rig, &frame, a.last, STORE_ROUNDS_MAX);
    start(&b, load(MORE("c", "x") BURST("b", "user", "3") BASE("b")));
    frame.parts = &b.part;
    frame.incarnation = b.run.blessed;
    frame.is_sweep = true;
    rule_rig_event(b.rig, 0, 1002, 3, "{\"act\":\"b\",\"user\":\"ann\"}");
    b.part.upto = (struct store_at){3, 2};
    b.part.acked = (struct store_at){2, 1};
    rule_rig_apply(b.rig, &frame, b.last, STORE_ROUNDS_MAX);
    CHECK_EQ(rule_rig_count(b.rig, "burst", NULL, FINDING_CREATE), 1);
    rule_rig_free(a.rig);
    rule_rig_free(b.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {ENTRY(a_batch_that_another_set_has_begun_is_told_once),
                                       ENTRY(windows_go_on_under_another_set)};

    if (redis_server_is_there() && !redis_server_start(&server, NULL, false))
        return 1;
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (server.pid)
        redis_server_stop(&server);
    return n_failed;
}
