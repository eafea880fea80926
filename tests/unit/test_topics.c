/* test_topics.c - which topics are fit for a worker, decided from what a broker would say. */
#include "tests/lib/test.h"

#include "worker/topics.h"

#define HOUR_MS (INT64_C(3600) * 1000)

/* A topic as the broker tells it. 0 in sizes: as usual. */
struct told {
    const char *name; /* one of the outputs: replaces the usual one */
    bool is_gone, is_denied, is_compacted, is_append_time, is_unreadable;
    int64_t retention_ms, max_message_bytes;
};

enum { TOLD_MAX = 4, FOUND_MAX = 16, INPUTS_TEXT_MAX = 256 };

struct row {
    const char *inputs; /* YAML of the list */
    struct told told[TOLD_MAX];
    const char *words; /* of the error, NULL: fit */
    const char *warning;
    const char *rest; /* more configuration, NULL: a store */
};

static struct kafka_topic as_told(const struct told *t)
{
    struct kafka_topic out = {.name = str_from(t->name),
                              .exists = !t->is_gone && !t->is_denied,
                              .is_denied = t->is_denied,
                              .n_partitions = 4,
                              .retention_ms = t->retention_ms ? t->retention_ms : 168 * HOUR_MS,
                              .max_message_bytes =
                                  t->max_message_bytes ? t->max_message_bytes : 1048588,
                              .is_compacted = t->is_compacted,
                              .is_deleted = !t->is_compacted,
                              .is_append_time = t->is_append_time};

    if (t->is_unreadable)
        out.retention_ms = out.max_message_bytes = INT64_MIN;
    return out;
}

/* The outputs as they should be, and what the row tells beside or instead. */
static size_t make_found(const struct row *row, struct kafka_topic found[FOUND_MAX])
{
    static const struct told usual[] = {
        {.name = "weir.alerts"},
        {.name = "weir.lifecycle"},
        {.name = "weir.shadow"},
        {.name = "weir.health"},
        {.name = "weir.dead-letters"},
        {.name = "weir.state", .is_compacted = true},
        {.name = "events", .is_append_time = true},
    };
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        found[n++] = as_told(&usual[i]);
    for (size_t i = 0; i < TOLD_MAX && row->told[i].name; i++) {
        struct kafka_topic t = as_told(&row->told[i]);
        size_t at = 0;
        while (at < n && !str_eq(found[at].name, t.name))
            at++;
        found[at] = t;
        n += at == n;
    }
    return n;
}

static struct config *configure(struct arena *a, const char *inputs, const char *rest)
{
    struct config *c = ARENA_NEW(a, struct config);
    char text[INPUTS_TEXT_MAX];
    struct weir_err err;
    const struct str overrides[] = {
        STR("bootstrap.servers=b:1"),
        STR("rules.paths=r"),
        {text, (size_t)snprintf(text, sizeof text, "inputs=%s", inputs)},
        str_from(rest ? rest : "state=redis://h"),
    };

    enum weir_rc rc = config_load(a, STR(""), overrides, ARRAY_LEN(overrides), c, &err);
    CHECK_STR(str_from(rc ? err.text : ""), "");
    return c;
}

static void check_row(const struct row *row)
{
    struct arena *a = arena_new(0);
    struct kafka_topic found[FOUND_MAX];
    struct topics_verdict verdict;
    struct weir_err err = {0};
    const struct config *c = configure(a, row->inputs, row->rest);
    size_t n = make_found(row, found);

    enum weir_rc rc = topics_judge(c, found, n, 24 * HOUR_MS, a, &verdict, &err);
    CHECK_STR(str_from(rc ? err.text : ""), row->words ? row->words : "");
    CHECK_EQ(rc, row->words ? WEIR_BADARG : WEIR_OK);
    if (!row->words) {
        CHECK_EQ(verdict.n_warnings, row->warning ? 1 : 0);
        if (row->warning)
            CHECK_STR(verdict.warnings[0], row->warning);
    }
    arena_free(a);
}

TEST(topics_as_they_should_be_are_fit)
{
    struct row row = {.inputs = "[events]"};
    struct arena *a = arena_new(0);
    struct kafka_topic found[FOUND_MAX];
    struct topics_verdict verdict;
    struct weir_err err;

    size_t n = make_found(&row, found);
    CHECK_EQ(
        topics_judge(configure(a, row.inputs, NULL), found, n, 24 * HOUR_MS, a, &verdict, &err),
        WEIR_OK);
    CHECK_EQ(verdict.n_warnings, 0);
    CHECK_EQ(verdict.n_inputs, 1);
    CHECK_EQ(verdict.n_partitions, 4);
    CHECK_EQ(verdict.alert_bytes_max, 64 * 1024);
    arena_free(a);
}

TEST(inputs_that_are_missing_forbidden_or_taken_twice_are_refused)
{
    static const struct row rows[] = {
        {"[nowhere]",
         {{.name = "nowhere", .is_gone = true}},
         "inputs: topic 'nowhere' does not exist",
         NULL,
         NULL},
        {"[nowhere]", {{.name = NULL}}, "inputs: topic 'nowhere' does not exist", NULL, NULL},
        {"[closed]",
         {{.name = "closed", .is_denied = true}},
         "inputs: no right to topic 'closed' (its user needs DESCRIBE and READ)",
         NULL,
         NULL},
        {"['^later.*']",
         {{.name = NULL}},
         NULL,
         "inputs: no topic fits the pattern '^later.*' yet",
         NULL},
        {"['^ev', '^.*nts$']",
         {{.name = NULL}},
         "inputs: topic 'events' is taken by '^ev' and by '^.*nts$': whose is it?",
         NULL,
         NULL},
        {"[{topics: '^ev'}, {topics: '^even'}]",
         {{.name = NULL}},
         "inputs: topic 'events' is taken by '^ev' and by '^even': whose is it?",
         NULL,
         NULL},
        {"[raw]",
         {{.name = "raw"}},
         NULL,
         "inputs: the times of topic 'raw' are its producers' (message.timestamp.type CreateTime): "
         "how far a recovery reads back depends on their clocks",
         NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(&rows[i]);
}

TEST(outputs_that_are_missing_or_forget_too_early_are_refused)
{
    static const struct row rows[] = {
        {"[events]",
         {{.name = "weir.shadow", .is_gone = true}},
         "topics.shadow: topic 'weir.shadow' does not exist (create it, or set topics.create: "
         "true)",
         NULL,
         NULL},
        {"[events]",
         {{.name = "weir.alerts", .is_denied = true}},
         "topics.alerts: no right to topic 'weir.alerts' (its user needs DESCRIBE and WRITE)",
         NULL,
         NULL},
        {"[events]",
         {{.name = "weir.health", .retention_ms = HOUR_MS}},
         "topics.health: topic 'weir.health' keeps records for 1h (retention.ms): 1d are needed, "
         "the longest dedup period of the rules",
         NULL,
         NULL},
        {"[events]", {{.name = "weir.health", .retention_ms = -1}}, NULL, NULL, NULL},
        {"[events]", {{.name = "weir.health", .retention_ms = 24 * HOUR_MS}}, NULL, NULL, NULL},
        {"[events]", {{.name = "weir.dead-letters", .retention_ms = HOUR_MS}}, NULL, NULL, NULL},
        {"[events]",
         {{.name = "weir.lifecycle", .is_compacted = true}},
         "topics.lifecycle: topic 'weir.lifecycle' has cleanup.policy compact: it must be delete, "
         "since a recovery reads what was published",
         NULL,
         NULL},
        {"[events]",
         {{.name = "weir.state"}},
         "topics.state: topic 'weir.state' must have cleanup.policy compact: the newest of each "
         "fact is kept for ever",
         NULL,
         NULL},
        {"[events]",
         {{.name = "weir.alerts", .is_unreadable = true}},
         NULL,
         "topics.alerts: the configuration of topic 'weir.alerts' cannot be read "
         "(DESCRIBE_CONFIGS): retention, cleanup policy and size are not checked",
         NULL},
        {"[events]",
         {{.name = "weir.alerts", .max_message_bytes = 16384}},
         NULL,
         "alerts.max_bytes: 14336 instead of 65536, since topic 'weir.alerts' takes records of "
         "16384 bytes (max.message.bytes)",
         NULL},
        {"[events]",
         {{.name = "weir.alerts", .max_message_bytes = 4096}},
         "topics.alerts: topic 'weir.alerts' takes records of 4096 bytes (max.message.bytes): at "
         "least 6144 are needed",
         NULL,
         NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(&rows[i]);
}

TEST(the_smallest_of_the_topics_caps_alerts)
{
    static const struct row row = {"[events]",
                                   {{.name = "weir.alerts", .max_message_bytes = 32768},
                                    {.name = "weir.health", .max_message_bytes = 16384},
                                    {.name = "weir.shadow", .max_message_bytes = 20000}},
                                   NULL,
                                   NULL,
                                   NULL};
    struct arena *a = arena_new(0);
    struct kafka_topic found[FOUND_MAX];
    struct topics_verdict verdict;
    struct weir_err err;
    const struct config *c = configure(a, row.inputs, NULL);
    size_t n = make_found(&row, found);

    CHECK_EQ(topics_judge(c, found, n, 0, a, &verdict, &err), WEIR_OK);
    CHECK_EQ(verdict.alert_bytes_max, 16384 - TOPICS_RECORD_OVERHEAD);
    arena_free(a);
}

/* Without a store nothing is recovered and no facts are written. */
TEST(without_a_store_journals_and_facts_are_not_asked_for)
{
    static const struct row rows[] = {
        {"[raw]",
         {{.name = "raw"}, {.name = "weir.state", .is_gone = true}},
         NULL,
         NULL,
         "state=none"},
        {"[events]",
         {{.name = "weir.alerts", .retention_ms = HOUR_MS, .is_compacted = true}},
         NULL,
         NULL,
         "state=none"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(&rows[i]);
}

TEST_MAIN(ENTRY(topics_as_they_should_be_are_fit),
          ENTRY(inputs_that_are_missing_forbidden_or_taken_twice_are_refused),
          ENTRY(outputs_that_are_missing_or_forget_too_early_are_refused),
          ENTRY(the_smallest_of_the_topics_caps_alerts),
          ENTRY(without_a_store_journals_and_facts_are_not_asked_for))
