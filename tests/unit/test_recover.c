/* test_recover.c - what a recovery reads back: claims, and what training has taught. Topics are
 * arrays here; the store is a Redis of the test's own.
 */
#include "worker/recover.h"

#include "base/str.h"
#include "correlate/correlator.h"
#include "correlate/facts.h"
#include "event/extract.h"
#include "lang/lang.h"
#include "state/store_redis.h"
#include "state/uid.h"
#include "tests/lib/redis_test.h"
#include "worker/fact_batch.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { RECORDS_MAX = 4096, USERS = 3, VERBS = 5 };
#define DAY_MS INT64_C(86400000)

static struct redis_server server;

/* ---- a topic --------------------------------------------------------------------------------- */

struct record {
    struct str key, value, claim; /* claim.p NULL: no such header */
};

struct topic {
    struct arena *arena;
    struct record records[RECORDS_MAX];
    size_t n, at;
    int idle;       /* so many times nothing comes before it begins */
    size_t n_lent;  /* not released */
    size_t at_once; /* 0: as many as are wanted */
};

static void topic_add(struct topic *t, struct str key, struct str value, const char *claim)
{
    if (!t->arena)
        t->arena = arena_new(0);
    CHECK(t->n < RECORDS_MAX);
    t->records[t->n++] = (struct record){arena_str(t->arena, key), arena_str(t->arena, value),
                                         claim ? str_from(claim) : (struct str){0}};
}

static void topic_end(struct topic *t)
{
    CHECK_EQ(t->n_lent, 0);
    if (t->arena)
        arena_free(t->arena);
}

static struct topic *lender; /* messages know their record alone */

static enum weir_rc topic_next(void *context, struct kafka_message *out, size_t max, size_t *n,
                               bool *is_end, UNUSED struct weir_err *err)
{
    struct topic *t = context;

    CHECK_EQ(t->n_lent, 0);
    lender = t;
    *n = 0;
    if (t->idle-- > 0) {
        poll(NULL, 0, 20);
        return WEIR_OK;
    }
    for (; t->at < t->n && *n < max && (t->at_once == 0 || *n < t->at_once); t->at++)
        out[(*n)++] = (struct kafka_message){.key = t->records[t->at].key,
                                             .value = t->records[t->at].value,
                                             .has_value = true,
                                             .handle = &t->records[t->at]};
    t->n_lent = *n;
    *is_end = *n == 0;
    return WEIR_OK;
}

static bool topic_header(const struct kafka_message *m, const char *name, struct str *value)
{
    *value = ((const struct record *)m->handle)->claim;
    return strcmp(name, "weir-claim") == 0 && value->p != NULL;
}

static void topic_release(UNUSED struct kafka_message *m, size_t n)
{
    CHECK_EQ(n, lender->n_lent);
    lender->n_lent = 0;
}

static struct recover_source source_of(struct topic *t)
{
    t->at = 0;
    return (struct recover_source){topic_next, topic_header, topic_release, t};
}

/* ---- a store -------------------------------------------------------------------------------- */

static void ask(const char *words)
{
    char line[300];

    snprintf(line, sizeof line, "redis-cli -p %u %s >/dev/null 2>&1", server.port, words);
    CHECK_EQ(system(line), 0);
}

static struct store *open_store(const struct graph *g)
{
    struct store_redis_options o = {.url = str_from(server.url), .patience_ms = 60000};
    struct weir_err err = {0};
    struct store *s = NULL;

    if (store_redis_new(&o, &s, &err) != WEIR_OK)
        print_error("%s\n", err.text);
    CHECK(s);
    if (g)
        graph_attach(g, s);
    return s;
}

static struct recover recovery(struct store *s, uint64_t ttl_ms)
{
    struct recover r = {.store = s, .lease = {.token = 99, .ttl_ms = ttl_ms}};
    struct store_run run;
    struct weir_err err;
    enum store_answer answer;

    CHECK_EQ(store_run(s, &run, &err), WEIR_OK);
    memcpy(r.lease.run_id, run.run_id, sizeof run.run_id);
    memcpy(r.lease.incarnation, run.blessed, sizeof run.blessed);
    CHECK_EQ(store_lease(s, &r.lease, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    return r;
}

/* ---- claims --------------------------------------------------------------------------------- */

#define UID_A "01234567-89ab-5def-8123-456789abcdef"
#define UID_B "11234567-89ab-5def-8123-456789abcdef"

static void fill_claims(struct topic *t)
{
    topic_add(t, STR(UID_A), STR("{}"), "5 1 0");
    topic_add(t, STR(UID_A), STR("{}"), "5 2 3");
    topic_add(t, STR(UID_B), STR("{}"), "63 3 0");
    topic_add(t, STR(UID_B), STR("{}"), NULL); /* about memory, or somebody else's */
    topic_add(t, STR(UID_B), STR("{}"), "64 1 0");
    topic_add(t, STR("no uid"), STR("{}"), "5 1 0");
    topic_add(t, STR(UID_B), STR("{}"), "");
}

TEST(claims_go_to_their_shards_and_damaged_ones_are_counted)
{
    struct topic t = {.at_once = 2};
    struct weir_err err = {0};
    enum store_answer answer;

    ask("flushall");
    fill_claims(&t);
    struct store *s = open_store(NULL);
    struct recover r = recovery(s, 10000);
    struct recover_source source = source_of(&t);
    CHECK_EQ(recover_claims(&r, &source, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    CHECK_EQ(r.records, 7);
    CHECK_EQ(r.claims, 3);
    CHECK_EQ(r.foreign, 4);
    ask("hlen '{w:5}:l' | grep -qx 2");
    ask("hlen '{w:63}:l' | grep -qx 1");
    store_free(s);
    topic_end(&t);
}

TEST(the_lease_is_renewed_while_a_topic_is_slow)
{
    struct topic t = {.idle = 150};
    struct weir_err err = {0};
    enum store_answer answer;

    ask("flushall");
    fill_claims(&t);
    struct store *s = open_store(NULL);
    struct recover r = recovery(s, 2000); /* it is slow for half as long again */
    struct recover_source source = source_of(&t);
    CHECK_EQ(recover_claims(&r, &source, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    CHECK_EQ(r.claims, 3);
    store_free(s);
    topic_end(&t);
}

static bool at_once(UNUSED void *context)
{
    return true;
}

TEST(a_lost_lease_and_a_wish_to_end_are_obeyed)
{
    struct topic t = {.n = 0};
    struct weir_err err = {0};
    enum store_answer answer;

    ask("flushall");
    fill_claims(&t);
    struct store *s = open_store(NULL);
    struct recover r = recovery(s, 10000);
    ask("set '{w:lease}' 1111111111111111");
    struct recover_source source = source_of(&t);
    CHECK_EQ(recover_claims(&r, &source, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_FENCED);
    r.must_end = at_once;
    source = source_of(&t);
    CHECK_EQ(recover_claims(&r, &source, &answer, &err), WEIR_CLOSED);
    store_free(s);
    topic_end(&t);
}

/* ---- facts: rules, events, a correlator ----------------------------------------------------- */

static const char rules_text[] =
    "title: call\nid: call\nname: call\nlogsource: {product: api}\n"
    "detection: {s: {act: call}, condition: s}\n"
    "---\ntitle: new verb\nid: new_verb\ncorrelation: {type: first_seen, rules: [call], "
    "group-by: [user], condition: {field: verb}, history: 30d, training: 2d}\nlevel: low\n";

static struct rig {
    struct arena *arena;
    const struct graph *graph;
    struct field_table *fields;
    struct gatherer *gatherer;
    struct extract_worker *extractor;
    struct correlator *correlator;
    struct fact_batch *facts;
    struct topic *journal;
    struct buf gathered;
    uint32_t n_events;
    size_t n_creates;
} rig;

static void load_rules(struct loaded_rules *loaded)
{
    struct rule_loader *l = rule_loader_new(rig.arena, NULL, NULL);

    rule_loader_add(l, STR("first.yml"), str_from(rules_text));
    rule_loader_finish(l, loaded);
    for (size_t i = 0; i < loaded->n_verdicts; i++)
        for (size_t k = 0; k < loaded->verdicts[i].n_messages; k++)
            if (loaded->verdicts[i].messages[k].is_error)
                print_error("%.*s\n", (int)loaded->verdicts[i].messages[k].text.n,
                            loaded->verdicts[i].messages[k].text.p);
    CHECK_EQ(loaded->n_rules, 2);
}

static void rig_start(void)
{
    const struct graph_tenant tenant = {.name = STR("")};
    struct graph_options options = {
        .tenants = &tenant, .n_tenants = 1, .secret = state_secret_test, .is_once = true};
    const struct profile_set *profiles;
    struct loaded_rules loaded;
    struct weir_err err;

    rig = (struct rig){.arena = arena_new(0), .facts = fact_batch_new()};
    load_rules(&loaded);
    CHECK_EQ(graph_new(rig.arena, loaded.rules, loaded.n_rules, &options, &rig.graph, &err),
             WEIR_OK);
    rig.fields = field_table_new(rig.arena);
    for (size_t i = 0; i < rig.graph->n_fields; i++)
        (void)field_intern(rig.fields, rig.graph->fields[i]);
    CHECK_EQ(profile_set_load_texts(rig.arena, NULL, 0, &profiles, &err), WEIR_OK);
    rig.gatherer = gatherer_new(rig.graph, rig.fields, profiles);
    rig.extractor = extract_worker_new(
        extractor_new(rig.arena, profiles, rig.fields, false, &(struct extract_options){0}));
}

static void rig_end(void)
{
    fact_batch_free(rig.facts);
    gatherer_free(rig.gatherer);
    extract_worker_free(rig.extractor);
    buf_release(&rig.gathered);
    arena_free(rig.arena);
}

static enum weir_rc keep(UNUSED void *context, const struct finding *f, UNUSED uint32_t event,
                         UNUSED struct weir_err *err)
{
    rig.n_creates += f->activity == FINDING_CREATE;
    return WEIR_OK;
}

static void call(const char *user, const char *verb, int64_t t_ms)
{
    char text[120];
    struct event event;
    uint32_t rule = 0;

    int n = snprintf(text, sizeof text, "{\"act\":\"call\",\"user\":\"%s\",\"verb\":\"%s\"}", user,
                     verb);
    CHECK_EQ(
        extract_event(rig.extractor, (struct str){text, (size_t)n}, (struct event_ref){0}, &event),
        EVENT_OK);
    struct gather_event at = {.event = &event, .t_ms = t_ms, .input = STR("log")};
    buf_clear(&rig.gathered);
    gather(rig.gatherer, &at, &rule, 1, &rig.gathered);
    extract_batch_reset(rig.extractor);
    correlator_add(rig.correlator, buf_str(&rig.gathered),
                   &(struct correlator_event){.event = rig.n_events++, .t_ms = t_ms});
}

/* The batch ends; what it taught goes to the topic with what it tells. */
static void commit(int64_t watermark_ms)
{
    struct str key, value;
    struct weir_err err = {0};

    fact_batch_clear(rig.facts);
    CHECK_EQ(correlator_run(rig.correlator, watermark_ms, keep, NULL, &err), WEIR_OK);
    for (size_t i = 0; i < fact_batch_count(rig.facts); i++) {
        fact_batch_record(rig.facts, i, &key, &value);
        topic_add(rig.journal, key, value, NULL);
    }
    rig.n_events = 0;
}

static void work_on(struct store *s, int64_t watermark_ms)
{
    correlator_free(rig.correlator);
    rig.correlator = correlator_new(rig.graph, s);
    correlator_set_watermark(rig.correlator, watermark_ms);
    fact_batch_listen(rig.facts, rig.graph, rig.correlator);
}

static void day_of_old_verbs(int64_t day)
{
    char user[16], verb[16];

    for (int u = 0; u < USERS; u++)
        for (int v = 0; v < VERBS; v++) {
            snprintf(user, sizeof user, "u%d", u);
            snprintf(verb, sizeof verb, "v%d", v);
            call(user, verb, day * DAY_MS + u * 100 + v);
        }
    commit(day * DAY_MS + 3600000);
}

static void day_of_a_new_verb(int64_t day, const char *verb)
{
    char user[16];

    for (int u = 0; u < USERS; u++) {
        snprintf(user, sizeof user, "u%d", u);
        call(user, verb, day * DAY_MS + 7200000);
    }
    commit(day * DAY_MS + 10800000);
    commit(day * DAY_MS + 10800001); /* the group judges behind its terms */
}

enum { LOST_DAY = 20 };

/* Twenty days of work, then the store loses all. */
static struct store *train_and_lose(struct topic *journal)
{
    rig_start();
    rig.journal = journal;
    ask("flushall");
    struct store *s = open_store(rig.graph);
    work_on(s, INT64_MIN);
    for (int64_t day = 1; day < LOST_DAY; day++)
        day_of_old_verbs(day);
    CHECK_EQ(rig.n_creates, 0);
    day_of_a_new_verb(LOST_DAY - 1, "drop");
    CHECK_EQ(rig.n_creates, USERS);
    CHECK(journal->n >= USERS * (VERBS + 1));
    rig.n_creates = 0;
    ask("flushall");
    return s;
}

static void begin_anew(struct store *old)
{
    store_free(old);
    struct store *s = open_store(rig.graph);
    work_on(s, LOST_DAY * DAY_MS);
    day_of_old_verbs(LOST_DAY);
    CHECK_EQ(rig.n_creates, 0); /* no flood, in any case */
    call("u0", "drop", LOST_DAY * DAY_MS + 3700000);
    commit(LOST_DAY * DAY_MS + 3800000);
    commit(LOST_DAY * DAY_MS + 3800001);
    CHECK_EQ(rig.n_creates, 0);
    day_of_a_new_verb(LOST_DAY, "truncate");
    correlator_free(rig.correlator);
    rig.correlator = NULL;
    store_free(s);
    rig_end();
}

TEST(without_facts_a_flushed_store_is_blind)
{
    struct topic journal = {.n = 0};
    struct store *s = train_and_lose(&journal);

    begin_anew(s);
    CHECK_EQ(rig.n_creates, 0);
    topic_end(&journal);
}

TEST(facts_bring_a_flushed_store_neither_flood_nor_blindness)
{
    static struct topic journal; /* many records */
    struct weir_err err = {0};
    enum store_answer answer;

    struct store *s = train_and_lose(&journal);
    topic_add(&journal, STR("x"), STR("no fact"), NULL);
    struct recover r = recovery(s, 10000); /* by a worker that knew the store before */
    for (int i = 0; i < 2; i++) {          /* somebody died in the midst of it */
        struct recover_source source = source_of(&journal);
        r.records = r.facts = r.foreign = 0;
        CHECK_EQ(recover_facts(&r, rig.graph, INT64_MAX, &source, &answer, &err), WEIR_OK);
        CHECK_EQ(answer, STORE_DONE);
        CHECK_EQ(r.facts, journal.n - 1);
        CHECK_EQ(r.foreign, 1);
        CHECK_EQ(r.unknown, 0);
    }
    begin_anew(s);
    CHECK_EQ(rig.n_creates, USERS);
    topic_end(&journal);
}

TEST(what_the_replay_teaches_again_is_left_to_it)
{
    static struct topic journal;
    struct weir_err err = {0};
    enum store_answer answer;

    struct store *s = train_and_lose(&journal);
    struct recover r = recovery(s, 10000);
    struct recover_source source = source_of(&journal);
    CHECK_EQ(
        recover_facts(&r, rig.graph, (LOST_DAY - 1) * DAY_MS + 7200000, &source, &answer, &err),
        WEIR_OK);
    CHECK_EQ(r.fresh, USERS); /* drop */
    correlator_free(rig.correlator);
    rig.correlator = NULL;
    store_free(s);
    s = open_store(rig.graph);
    work_on(s, (LOST_DAY - 1) * DAY_MS + 3600000);
    day_of_a_new_verb(LOST_DAY - 1, "drop"); /* the replay */
    CHECK_EQ(rig.n_creates, USERS);          /* claims would say whether they are out */
    correlator_free(rig.correlator);
    rig.correlator = NULL;
    store_free(s);
    rig_end();
    topic_end(&journal);
}

TEST(facts_of_other_rules_and_without_the_lease_change_nothing)
{
    static struct topic journal;
    struct fact f = {.kind = FACT_TERM, .identity = "another rule's", .first_ms = 1, .last_ms = 2};
    struct weir_err err = {0};
    enum store_answer answer;
    struct buf b = {0};

    struct store *s = train_and_lose(&journal);
    struct topic other = {.n = 0};
    fact_pack(&f, &b);
    topic_add(&other, STR("k"), buf_str(&b), NULL);
    struct recover r = recovery(s, 10000);
    struct recover_source source = source_of(&other);
    CHECK_EQ(recover_facts(&r, rig.graph, INT64_MAX, &source, &answer, &err), WEIR_OK);
    CHECK_EQ(r.unknown, 1);
    CHECK_EQ(r.facts, 0);
    ask("set '{w:lease}' 1111111111111111");
    source = source_of(&journal);
    CHECK_EQ(recover_facts(&r, rig.graph, INT64_MAX, &source, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_FENCED);
    ask("--scan --pattern '*:c:*' | grep -c . | grep -qx 0 || exit 1");
    correlator_free(rig.correlator);
    rig.correlator = NULL;
    store_free(s);
    rig_end();
    buf_release(&b);
    topic_end(&other);
    topic_end(&journal);
}

TEST(other_logs_are_known_by_their_ends)
{
    static const struct store_applied none[2], some[2] = {{{0, 0}, 0}, {{50, 1}, 0}};
    static const struct {
        struct recover_log log;
        bool is_other;
    } rows[] = {
        {{.has_committed = false, .end = 100, .applied = none, .n = 2}, false},
        {{.has_committed = false, .end = 100, .applied = some, .n = 2}, true},
        {{.has_committed = true, .committed = 40, .end = 100, .applied = some, .n = 2}, false},
        {{.has_committed = true, .committed = 100, .end = 100, .applied = some, .n = 2}, false},
        {{.has_committed = true, .committed = 101, .end = 100, .applied = none, .n = 2}, true},
        {{.has_committed = true, .committed = 40, .end = 49, .applied = some, .n = 2}, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_EQ(recover_is_other_log(&rows[i].log), rows[i].is_other);
    CHECK_EQ(recover_fresh_ms(INT64_MIN, 3600000), INT64_MAX);
    CHECK_EQ(recover_fresh_ms(10 * DAY_MS, 3600000), 10 * DAY_MS - 1800000);
}

TEST(a_replay_begins_where_claims_are_read_back)
{
    static const struct {
        int64_t reach, claimed, committed, start;
    } rows[] = {
        {100, 50, 200, 100},  /* the usual: claims go further back */
        {100, 150, 200, 150}, /* a silence, and something behind it */
        {100, 200, 200, 200}, /* silent since */
        {100, 201, 200, 100}, /* what comes next is as old: a backlog */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_EQ(recover_replay_start(rows[i].reach, rows[i].claimed, rows[i].committed),
                 rows[i].start);
}

int main(void)
{
    static const struct CMUnitTest alone[] = {ENTRY(other_logs_are_known_by_their_ends),
                                              ENTRY(a_replay_begins_where_claims_are_read_back)};
    static const struct CMUnitTest tests[] = {
        ENTRY(claims_go_to_their_shards_and_damaged_ones_are_counted),
        ENTRY(the_lease_is_renewed_while_a_topic_is_slow),
        ENTRY(a_lost_lease_and_a_wish_to_end_are_obeyed),
        ENTRY(without_facts_a_flushed_store_is_blind),
        ENTRY(facts_bring_a_flushed_store_neither_flood_nor_blindness),
        ENTRY(what_the_replay_teaches_again_is_left_to_it),
        ENTRY(facts_of_other_rules_and_without_the_lease_change_nothing),
    };

    return cmocka_run_group_tests(alone, NULL, NULL) +
           redis_tests(&server, false, tests, ARRAY_LEN(tests));
}
