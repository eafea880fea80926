/* kafka_layer.c - pkg/kafka on a real broker: what its headers promise.
 *
 * Run by tests/kafka/test_layer, which starts the broker: BOOTSTRAP, SASL_SSL and TLS name it,
 * KAFKA_DIR is where tools/kafka-local keeps it. `kafka_layer bench RECORDS` measures instead how
 * fast a consumer that does nothing reads.
 */
#include "tests/lib/test.h"

#include "kafka/client.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "kafka/reader.h"
#include "kafka/topic.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 240000, ASK_MS = 120000, BATCH = 2000 };

static struct arena *memory;
static struct kafka_props common;
static struct kafka_admin *admin;
static struct weir_err err;

/* Both show what err says when a step that should succeed did not. */
#define OK(step) check_ok((step), #step, __LINE__)
#define DONE(step) check_done((step), #step, __LINE__)

static void check_ok(enum weir_rc rc, const char *what, int line)
{
    if (rc != WEIR_OK)
        print_error("%s: %s\n", what, err.text);
    _assert_int_equal((uintmax_t)rc, WEIR_OK, __FILE__, line);
}

static void check_done(enum kafka_outcome o, const char *what, int line)
{
    if (o != KAFKA_DONE)
        print_error("%s: outcome %d: %s\n", what, (int)o, err.text);
    _assert_int_equal((uintmax_t)o, KAFKA_DONE, __FILE__, line);
}

static void set(struct kafka_props *p, const char *name, const char *value)
{
    OK(kafka_props_add(p, KAFKA_COMMON, str_from(name), str_from(value), &err));
}

static int64_t wall_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The controller says that it made it before brokers know. */
static void wait_topic(const char *name)
{
    int64_t end = kafka_now_ms() + PATIENCE_MS;
    struct kafka_topic *list;
    size_t n;

    do
        OK(kafka_admin_describe(admin, &name, 1, ASK_MS, memory, &list, &n, &err));
    while (!list[0].exists && kafka_now_ms() < end);
    CHECK(list[0].exists);
}

static void make_topic(const char *name, uint32_t partitions)
{
    static const char *const configs[] = {"retention.ms", "86400000", NULL};

    OK(kafka_admin_create(
        admin,
        &(struct kafka_topic_wish){.name = name, .n_partitions = partitions, .configs = configs},
        ASK_MS, &err));
    wait_topic(name);
}

/* ---- producers ----------------------------------------------------------------------------- */

static struct kafka_producer *producer_with(const char *id, const char *topic,
                                            const struct kafka_props *own, uint32_t call_ms)
{
    static const char *topics[1];
    struct kafka_producer *p;

    topics[0] = topic;
    OK(kafka_producer_new(&(struct kafka_producer_options){.common = &common,
                                                           .own = own,
                                                           .transactional_id = str_from(id),
                                                           .topics = topics,
                                                           .n_topics = topic ? 1 : 0,
                                                           .call_ms = call_ms},
                          &p, &err));
    return p;
}

static bool was_slow; /* since it was cleared a call timed out: a taint is right then */

static enum kafka_outcome until_not_again(enum kafka_outcome (*call)(struct kafka_producer *,
                                                                     struct weir_err *),
                                          struct kafka_producer *p)
{
    int64_t end = kafka_now_ms() + PATIENCE_MS;
    enum kafka_outcome o;

    do {
        o = call(p, &err);
        was_slow |= o == KAFKA_AGAIN;
    } while (o == KAFKA_AGAIN && kafka_now_ms() < end);
    return o;
}

static struct kafka_producer *producer(const char *id, const char *topic)
{
    struct kafka_producer *p = producer_with(id, topic, NULL, 0);

    DONE(until_not_again(kafka_producer_init, p));
    return p;
}

static void produce(struct kafka_producer *p, const char *topic, const char *value)
{
    DONE(kafka_producer_produce(p, &(struct kafka_record){.topic = topic, .value = str_from(value)},
                                &err));
}

static void produce_all(struct kafka_producer *p, const char *topic, size_t n, bool commits)
{
    char value[32];

    DONE(kafka_producer_begin(p, &err));
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(value, sizeof value, "%s %zu", commits ? "kept" : "aborted", i);
        produce(p, topic, value);
    }
    DONE(until_not_again(commits ? kafka_producer_commit : kafka_producer_abort, p));
}

/* ---- consumers ----------------------------------------------------------------------------- */

static struct kafka_consumer *consumer(const char *group, const char *topic)
{
    struct kafka_consumer *c;
    const char *topics[] = {topic};

    OK(kafka_consumer_new(
        &(struct kafka_consumer_options){
            .common = &common, .group = str_from(group), .topics = topics, .n_topics = 1},
        &c, &err));
    return c;
}

static enum kafka_event wait_event(struct kafka_consumer *c)
{
    int64_t end = kafka_now_ms() + PATIENCE_MS;
    enum kafka_event e = KAFKA_NOTHING;

    while (e == KAFKA_NOTHING && kafka_now_ms() < end)
        e = kafka_consumer_serve(c, 100, &err);
    if (e == KAFKA_TROUBLE)
        print_message("# trouble: %s\n", err.text);
    return e;
}

static size_t n_owned(const struct kafka_consumer *c)
{
    const struct kafka_partition *list;

    return kafka_consumer_partitions(c, &list);
}

struct seen {
    size_t n;
    int64_t first, last, last_ms;
    bool is_gone, has_aborted, is_ordered;
};

static void see(struct seen *s, const struct kafka_message *m)
{
    if (s->n == 0) {
        s->first = m->offset;
        s->is_ordered = true;
    } else if (m->offset <= s->last) {
        s->is_ordered = false;
    }
    s->last = m->offset;
    s->last_ms = m->timestamp_ms;
    s->has_aborted |= str_starts(m->value, STR("aborted"));
    s->n++;
}

/* Partition i from an offset to its end. */
static struct seen read_from(struct kafka_consumer *c, size_t i, int64_t offset)
{
    static struct kafka_message batch[BATCH];
    struct seen s = {0};
    int64_t patience = kafka_now_ms() + PATIENCE_MS;
    bool is_end = false;

    OK(kafka_consumer_seek(c, i, offset, &err));
    while (!is_end && !s.is_gone && kafka_now_ms() < patience) {
        size_t n = kafka_consumer_read(c, i, batch, BATCH, &is_end, &s.is_gone);
        for (size_t k = 0; k < n; k++)
            see(&s, &batch[k]);
        kafka_messages_release(batch, n);
        if (n < BATCH && !is_end && !s.is_gone)
            (void)kafka_consumer_serve(c, 100, &err);
    }
    CHECK(is_end || s.is_gone);
    return s;
}

static enum weir_rc open_reader(const struct kafka_reader_options *o, const char *topic,
                                struct kafka_reader **r)
{
    const char *topics[] = {topic};
    struct kafka_reader_options full = *o;

    full.common = &common;
    full.topics = topics;
    full.n_topics = 1;
    return kafka_reader_new(&full, r, &err);
}

static struct seen read_whole(const struct kafka_reader_options *o, const char *topic)
{
    static struct kafka_message batch[BATCH];
    struct kafka_reader *r;
    struct seen s = {0};
    bool is_end = false;
    int64_t patience = kafka_now_ms() + PATIENCE_MS;

    OK(open_reader(o, topic, &r));
    while (!is_end && kafka_now_ms() < patience) {
        size_t n;
        const char *name;
        int32_t partition;
        OK(kafka_reader_next(r, 100, batch, BATCH, &n, &name, &partition, &is_end, &err));
        for (size_t k = 0; k < n; k++)
            see(&s, &batch[k]);
        kafka_messages_release(batch, n);
    }
    CHECK(is_end);
    kafka_reader_free(r);
    return s;
}

static const struct kafka_reader_options everything = {
    .partition = -1, .from_ms = INT64_MIN, .to_ms = INT64_MAX, .from_offset = -1};

/* ---- topics -------------------------------------------------------------------------------- */

static const struct kafka_topic *find(const struct kafka_topic *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].name, str_from(name)))
            return &list[i];
    return NULL;
}

TEST(topics_are_created_and_described)
{
    static const char *const configs[] = {"retention.ms",
                                          "7200000",
                                          "cleanup.policy",
                                          "compact,delete",
                                          "message.timestamp.type",
                                          "LogAppendTime",
                                          "max.message.bytes",
                                          "12345",
                                          NULL};
    const struct kafka_topic_wish wish = {
        .name = "described", .n_partitions = 3, .replication = 1, .configs = configs};
    static const char *const names[] = {"described", "is-missing", "^descr"};
    struct kafka_topic *list;
    size_t n;

    OK(kafka_admin_create(admin, &wish, ASK_MS, &err));
    OK(kafka_admin_create(admin, &wish, ASK_MS, &err)); /* an existing one is fine */
    wait_topic("described");
    OK(kafka_admin_describe(admin, names, 3, ASK_MS, memory, &list, &n, &err));
    CHECK_EQ(n, 2); /* the pattern adds none that was named */

    const struct kafka_topic *t = find(list, n, "described");
    CHECK(t && t->exists && !t->is_denied);
    CHECK_EQ(t->n_partitions, 3);
    CHECK_EQ(t->retention_ms, 7200000);
    CHECK_EQ(t->max_message_bytes, 12345);
    CHECK(t->is_compacted && t->is_deleted && t->is_append_time);
    t = find(list, n, "is-missing");
    CHECK(t && !t->exists && !t->is_denied);
    CHECK_EQ(t->retention_ms, INT64_MIN);
}

TEST(a_topic_that_cannot_be_created_says_why)
{
    const struct kafka_topic_wish wish = {.name = "too-wide", .n_partitions = 1, .replication = 9};

    CHECK(kafka_admin_create(admin, &wish, ASK_MS, &err) != WEIR_OK);
    CHECK(str_find(str_from(err.text), STR("too-wide"), 0) != SIZE_MAX);
    CHECK(str_find(str_from(err.text), STR("eplication factor"), 0) != SIZE_MAX);
}

/* ---- transactions -------------------------------------------------------------------------- */

TEST(aborted_records_are_not_read)
{
    make_topic("txn", 1);
    struct kafka_producer *p = producer("txn-1", "txn");
    was_slow = false;
    produce_all(p, "txn", 3, true);
    produce_all(p, "txn", 2, false);
    produce_all(p, "txn", 1, true);
    CHECK(was_slow || !kafka_producer_is_tainted(p));
    kafka_producer_free(p);

    struct kafka_reader_options raw = everything;
    raw.is_uncommitted = true;
    struct seen kept = read_whole(&everything, "txn"), all = read_whole(&raw, "txn");
    CHECK_EQ(kept.n, 4);
    CHECK(!kept.has_aborted && kept.is_ordered);
    /* librdkafka purges what it has not sent when it aborts, so the aborted two may be absent */
    CHECK(all.n >= 4);

    struct kafka_consumer *c = consumer("txn-group", "txn");
    CHECK_EQ(wait_event(c), KAFKA_ASSIGNED);
    CHECK_EQ(n_owned(c), 1);
    struct seen s = read_from(c, 0, 0);
    CHECK_EQ(s.n, 4);
    CHECK(!s.has_aborted && s.is_ordered);
    s = read_from(c, 0, 2); /* back, and from the middle */
    CHECK_EQ(s.n, 2);
    CHECK_EQ(s.first, 2);
    kafka_consumer_free(c);
}

TEST(keys_headers_and_tombstones_arrive)
{
    static const struct kafka_header headers[] = {{"weir-tenant", {NULL, 0}},
                                                  {"weir-rule", {"r1", 2}}};
    struct kafka_message m[2];
    struct kafka_reader *r;
    struct str value;
    const char *topic;
    int32_t partition;
    bool is_end;
    size_t n;
    int64_t began_ms = wall_ms();

    make_topic("keyed", 1);
    struct kafka_producer *p = producer("keyed-1", "keyed");
    DONE(kafka_producer_begin(p, &err));
    DONE(kafka_producer_produce(p,
                                &(struct kafka_record){.topic = "keyed",
                                                       .key = STR("k"),
                                                       .value = STR("v"),
                                                       .headers = headers,
                                                       .n_headers = 2},
                                &err));
    DONE(
        kafka_producer_produce(p, &(struct kafka_record){.topic = "keyed", .key = STR("k")}, &err));
    DONE(until_not_again(kafka_producer_commit, p));
    kafka_producer_free(p);

    OK(open_reader(&everything, "keyed", &r));
    OK(kafka_reader_next(r, ASK_MS, m, 2, &n, &topic, &partition, &is_end, &err));
    CHECK_EQ(n, 2);
    CHECK_STR(m[0].key, "k");
    CHECK_STR(m[0].value, "v");
    CHECK(kafka_message_header(&m[0], "weir-rule", &value));
    CHECK_STR(value, "r1");
    CHECK(kafka_message_header(&m[0], "weir-tenant", &value));
    CHECK_STR(value, "");
    CHECK(!kafka_message_header(&m[0], "absent", &value));
    CHECK(m[0].has_value && !m[1].has_value);
    CHECK(!m[0].is_append_time && m[0].timestamp_ms >= began_ms);
    CHECK(!kafka_message_header(&m[1], "weir-rule", &value));
    kafka_messages_release(m, n);
    kafka_reader_free(r);
}

TEST(a_second_producer_fences_the_first)
{
    make_topic("fence", 1);
    struct kafka_producer *p = producer("fence-1", "fence");
    DONE(kafka_producer_begin(p, &err));
    produce(p, "fence", "of a zombie");
    DONE(kafka_fence(
        &(struct kafka_producer_options){.common = &common, .transactional_id = STR("fence-1")},
        &err));
    CHECK_EQ(until_not_again(kafka_producer_commit, p), KAFKA_FENCED);
    kafka_producer_free(p);
    CHECK_EQ(read_whole(&everything, "fence").n, 0);
}

TEST(a_record_too_large_is_told_apart)
{
    static char big[2 * 1024 * 1024];
    struct kafka_props own = {.arena = memory};
    uint64_t number, x = 88172645463325252ull;
    bool too_large;

    for (size_t i = 0; i < sizeof big; i++) { /* gzip finds nothing in it */
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        big[i] = (char)x;
    }
    const struct kafka_record record = {.topic = "large", .value = {big, sizeof big}};
    make_topic("large", 1);
    struct kafka_producer *p = producer("large-1", "large");
    DONE(kafka_producer_begin(p, &err));
    CHECK_EQ(kafka_producer_produce(p, &record, &err), KAFKA_TOO_LARGE);
    produce(p, "large", "the transaction goes on");
    DONE(until_not_again(kafka_producer_commit, p));
    kafka_producer_free(p);

    set(&own, "message.max.bytes", "4000000"); /* the client takes it, the broker does not */
    p = producer_with("large-1", "large", &own, 0);
    DONE(until_not_again(kafka_producer_init, p));
    DONE(kafka_producer_begin(p, &err));
    produce(p, "large", "small");
    DONE(until_not_again(kafka_producer_commit, p));
    DONE(kafka_producer_begin(p, &err));
    DONE(kafka_producer_produce(p, &record, &err));
    CHECK(!kafka_producer_refused(p, &number, &too_large));
    CHECK_EQ(until_not_again(kafka_producer_commit, p), KAFKA_ABORTABLE);
    CHECK(kafka_producer_refused(p, &number, &too_large));
    CHECK_EQ(number, 0);
    CHECK(too_large);
    DONE(until_not_again(kafka_producer_abort, p));
    CHECK(kafka_producer_is_tainted(p));
    OK(kafka_producer_renew(p, &err));
    DONE(until_not_again(kafka_producer_init, p));
    produce_all(p, "large", 1, true);
    kafka_producer_free(p);
    CHECK_EQ(read_whole(&everything, "large").n, 3);
}

static void broker(const char *what)
{
    char command[512];

    (void)snprintf(command, sizeof command, "tools/kafka-local %s 1 --dir '%s' >/dev/null", what,
                   getenv("KAFKA_DIR"));
    CHECK_EQ(system(command), 0);
}

TEST(a_commit_that_hangs_taints_and_a_new_client_goes_on)
{
    make_topic("taint", 1);
    struct kafka_producer *p = producer_with("taint-1", "taint", NULL, 300);
    DONE(until_not_again(kafka_producer_init, p));
    was_slow = false;
    produce_all(p, "taint", 1, true);
    CHECK(was_slow || !kafka_producer_is_tainted(p));

    DONE(kafka_producer_begin(p, &err));
    produce(p, "taint", "kept");
    broker("pause");
    enum kafka_outcome o = kafka_producer_commit(p, &err);
    bool is_tainted = kafka_producer_is_tainted(p);
    broker("resume");
    CHECK_EQ(o, KAFKA_AGAIN);
    CHECK(is_tainted);
    DONE(until_not_again(kafka_producer_commit, p));
    CHECK(kafka_producer_is_tainted(p));

    int64_t start = kafka_now_ms();
    OK(kafka_producer_renew(p, &err));
    CHECK(!kafka_producer_is_tainted(p));
    was_slow = false;
    DONE(until_not_again(kafka_producer_init, p));
    print_message("# renew and init: %lld ms\n", (long long)(kafka_now_ms() - start));
    CHECK(was_slow || !kafka_producer_is_tainted(p));
    start = kafka_now_ms();
    for (int i = 0; i < 20; i++)
        produce_all(p, "taint", 1, true);
    print_message("# a transaction: %.1f ms\n", (double)(kafka_now_ms() - start) / 20);
    CHECK(was_slow || !kafka_producer_is_tainted(p));
    kafka_producer_free(p);
    CHECK_EQ(read_whole(&everything, "taint").n, 22);
}

/* ---- the group ----------------------------------------------------------------------------- */

static enum kafka_outcome commit_to(struct kafka_producer *p, struct kafka_consumer *c,
                                    const struct kafka_offset *o)
{
    int64_t end = kafka_now_ms() + PATIENCE_MS;
    enum kafka_outcome out;

    do
        out = kafka_producer_send_offsets(p, c, o, 1, &err);
    while (out == KAFKA_AGAIN && kafka_now_ms() < end);
    return out;
}

static enum kafka_outcome send_offset(struct kafka_producer *p, struct kafka_consumer *c,
                                      int64_t offset, struct str metadata)
{
    const struct kafka_offset o = {
        .topic = "offsets", .partition = 0, .offset = offset, .metadata = metadata};

    return commit_to(p, c, &o);
}

TEST(offsets_and_metadata_belong_to_the_transaction)
{
    char metadata[200];
    struct kafka_committed is;

    memset(metadata, 'm', sizeof metadata);
    make_topic("offsets", 1);
    struct kafka_producer *p = producer("offsets-1", "offsets");
    struct kafka_consumer *c = consumer("offsets-group", "offsets");
    CHECK_EQ(wait_event(c), KAFKA_ASSIGNED);
    OK(kafka_consumer_committed(c, "offsets", 0, ASK_MS, &is, &err));
    CHECK(!is.has && !is.is_unstable);

    DONE(kafka_producer_begin(p, &err));
    DONE(send_offset(p, c, 7, (struct str){metadata, sizeof metadata}));
    int64_t start = kafka_now_ms();
    OK(kafka_consumer_committed(c, "offsets", 0, 2000, &is, &err));
    print_message("# unstable: told after %lld ms\n", (long long)(kafka_now_ms() - start));
    CHECK(is.is_unstable && !is.has);
    DONE(until_not_again(kafka_producer_commit, p));
    kafka_consumer_free(c);

    c = consumer("offsets-group", "offsets"); /* another client */
    CHECK_EQ(wait_event(c), KAFKA_ASSIGNED);
    OK(kafka_consumer_committed(c, "offsets", 0, ASK_MS, &is, &err));
    CHECK(is.has && !is.is_unstable);
    CHECK_EQ(is.offset, 7);
    CHECK(str_eq(is.metadata, (struct str){metadata, sizeof metadata}));

    DONE(kafka_producer_begin(p, &err));
    DONE(send_offset(p, c, 9, STR("aborted")));
    DONE(until_not_again(kafka_producer_abort, p));
    int64_t end = kafka_now_ms() + PATIENCE_MS;
    do
        OK(kafka_consumer_committed(c, "offsets", 0, ASK_MS, &is, &err));
    while (is.is_unstable && kafka_now_ms() < end);
    CHECK_EQ(is.offset, 7);
    kafka_consumer_free(c);
    kafka_producer_free(p);
}

/* Both serve until each has seen what it waits for. */
static void serve_both(struct kafka_consumer *a, enum kafka_event of_a, struct kafka_consumer *b,
                       enum kafka_event of_b)
{
    int64_t end = kafka_now_ms() + PATIENCE_MS;
    bool has_a = false, has_b = false;

    while ((!has_a || !has_b) && kafka_now_ms() < end) {
        enum kafka_event e = has_a ? KAFKA_NOTHING : kafka_consumer_serve(a, 20, &err);
        has_a |= e == of_a;
        e = has_b ? KAFKA_NOTHING : kafka_consumer_serve(b, 20, &err);
        has_b |= e == of_b;
    }
    CHECK(has_a);
    CHECK(has_b);
}

TEST(partitions_go_only_when_the_owner_lets_them)
{
    make_topic("shared", 4);
    struct kafka_producer *p = producer("shared-1", "shared");
    struct kafka_consumer *a = consumer("shared-group", "shared");
    CHECK_EQ(wait_event(a), KAFKA_ASSIGNED);
    CHECK_EQ(n_owned(a), 4);

    struct kafka_consumer *b = consumer("shared-group", "shared");
    serve_both(a, KAFKA_REVOKED, b, KAFKA_NOTHING);
    CHECK_EQ(n_owned(a), 4);
    /* still the owner: a commit under its generation is taken */
    DONE(kafka_producer_begin(p, &err));
    const struct kafka_offset o = {.topic = "shared", .partition = 1, .offset = 3};
    DONE(commit_to(p, a, &o));
    DONE(until_not_again(kafka_producer_commit, p));
    for (int i = 0; i < 5; i++) /* and nobody gets them before it accepts */
        CHECK(kafka_consumer_serve(b, 50, &err) != KAFKA_ASSIGNED);

    kafka_consumer_accept(a);
    CHECK_EQ(n_owned(a), 0);
    serve_both(a, KAFKA_ASSIGNED, b, KAFKA_ASSIGNED);
    CHECK_EQ(n_owned(a), 2);
    CHECK_EQ(n_owned(b), 2);

    kafka_consumer_free(b);
    CHECK_EQ(wait_event(a), KAFKA_REVOKED);
    kafka_consumer_accept(a);
    CHECK_EQ(wait_event(a), KAFKA_ASSIGNED);
    CHECK_EQ(n_owned(a), 4);
    produce_all(p, "shared", 100, true); /* all are read as before */
    size_t n = 0;
    for (size_t i = 0; i < 4; i++)
        n += read_from(a, i, 0).n;
    CHECK_EQ(n, 100);
    kafka_consumer_free(a);
    kafka_producer_free(p);
}

/* The broker forgets nothing while it is stopped, but the member's session ends by its own clock.
 */
TEST(partitions_are_lost_when_the_session_ends)
{
    struct kafka_props own = {.arena = memory};
    const char *topics[] = {"lost"};
    struct kafka_consumer *c;

    set(&own, "session.timeout.ms", "1000");
    set(&own, "heartbeat.interval.ms", "200");
    make_topic("lost", 2);
    OK(kafka_consumer_new(&(struct kafka_consumer_options){.common = &common,
                                                           .own = &own,
                                                           .group = STR("lost-group"),
                                                           .topics = topics,
                                                           .n_topics = 1},
                          &c, &err));
    CHECK_EQ(wait_event(c), KAFKA_ASSIGNED);
    broker("pause");
    enum kafka_event e = KAFKA_NOTHING;
    int64_t end = kafka_now_ms() + PATIENCE_MS;
    while (e != KAFKA_LOST && kafka_now_ms() < end)
        e = kafka_consumer_serve(c, 100, &err);
    broker("resume");
    CHECK_EQ(e, KAFKA_LOST);
    CHECK_EQ(n_owned(c), 2); /* till it is accepted */
    /* A commit goes under the old generation, which the broker has ended by now or has not. */
    struct kafka_producer *p = producer("lost-1", "lost");
    const struct kafka_offset o = {.topic = "lost", .partition = 1, .offset = 3};
    DONE(kafka_producer_begin(p, &err));
    enum kafka_outcome sent = commit_to(p, c, &o);
    print_message("# a commit of what was lost: %s\n", sent ? err.text : "taken");
    CHECK(sent == KAFKA_ABORTABLE || sent == KAFKA_DONE);
    DONE(until_not_again(kafka_producer_abort, p));
    kafka_consumer_accept(c);
    DONE(kafka_producer_begin(p, &err));
    CHECK_EQ(commit_to(p, c, &o), KAFKA_ABORTABLE);
    DONE(until_not_again(kafka_producer_abort, p));
    kafka_producer_free(p);
    CHECK_EQ(n_owned(c), 0);
    do
        e = wait_event(c);
    while (e == KAFKA_TROUBLE);
    CHECK_EQ(e, KAFKA_ASSIGNED);
    CHECK_EQ(n_owned(c), 2);
    kafka_consumer_free(c);
}

TEST(a_wake_ends_the_wait)
{
    make_topic("wake", 1);
    struct kafka_consumer *c = consumer("wake-group", "wake");
    CHECK_EQ(wait_event(c), KAFKA_ASSIGNED);
    kafka_consumer_wake(c);
    int64_t start = kafka_now_ms();
    CHECK_EQ(kafka_consumer_serve(c, PATIENCE_MS, &err), KAFKA_NOTHING);
    CHECK(kafka_now_ms() - start < PATIENCE_MS / 2);
    kafka_consumer_free(c);
}

/* ---- positions ----------------------------------------------------------------------------- */

static void delete_before(const char *topic, int64_t offset)
{
    const struct kafka_setting none[] = {{NULL, NULL}};
    rd_kafka_conf_t *conf;
    rd_kafka_t *rk;

    OK(kafka_client_conf(&common, NULL, none, none, &conf, &err));
    OK(kafka_client_new(RD_KAFKA_PRODUCER, conf, &rk, &err));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = offset;
    rd_kafka_DeleteRecords_t *d = rd_kafka_DeleteRecords_new(list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
    rd_kafka_DeleteRecords(rk, &d, 1, NULL, q);
    rd_kafka_event_t *e = rd_kafka_queue_poll(q, PATIENCE_MS);
    CHECK(e && !rd_kafka_event_error(e));
    rd_kafka_event_destroy(e);
    rd_kafka_queue_destroy(q);
    rd_kafka_DeleteRecords_destroy(d);
    rd_kafka_destroy(rk);
}

TEST(a_position_that_was_deleted_is_told)
{
    int64_t low, high;

    make_topic("gone", 1);
    struct kafka_producer *p = producer("gone-1", "gone");
    produce_all(p, "gone", 100, true);
    kafka_producer_free(p);
    delete_before("gone", 50);
    struct kafka_consumer *c = consumer("gone-group", "gone");
    CHECK_EQ(wait_event(c), KAFKA_ASSIGNED);

    struct seen s = read_from(c, 0, 10);
    CHECK(s.is_gone);
    CHECK_EQ(s.n, 0);
    OK(kafka_consumer_bounds(c, "gone", 0, ASK_MS, &low, &high, &err));
    CHECK_EQ(low, 50);
    CHECK_EQ(high, 101); /* the marker of the transaction */
    s = read_from(c, 0, low);
    CHECK_EQ(s.n, 50);
    CHECK(!s.is_gone);
    CHECK(read_from(c, 0, 5000).is_gone);

    int64_t end = kafka_now_ms() + PATIENCE_MS;
    while (kafka_consumer_end(c, 0) != high && kafka_now_ms() < end)
        (void)kafka_consumer_serve(c, 20, &err);
    CHECK_EQ(kafka_consumer_end(c, 0), high);
    struct kafka_reader_options o = everything;
    o.from_offset = 10;
    o.partition = 0;
    CHECK_EQ(read_whole(&o, "gone").n, 50); /* from where the log begins */
    kafka_consumer_free(c);
}

TEST(records_are_found_by_time)
{
    int64_t offset;

    make_topic("timed", 1);
    struct kafka_producer *p = producer("timed-1", "timed");
    produce_all(p, "timed", 3, true);
    int64_t edge = read_whole(&everything, "timed").last_ms + 1;
    while (wall_ms() <= edge) {
    }
    produce_all(p, "timed", 2, true);
    kafka_producer_free(p);

    struct kafka_reader_options o = everything;
    o.from_ms = edge;
    CHECK_EQ(read_whole(&o, "timed").n, 2);
    o = everything;
    o.to_ms = edge;
    CHECK_EQ(read_whole(&o, "timed").n, 3);
    o.from_ms = wall_ms() + 1000000;
    o.to_ms = INT64_MAX;
    CHECK_EQ(read_whole(&o, "timed").n, 0);

    struct kafka_consumer *c = consumer("timed-group", "timed");
    CHECK_EQ(wait_event(c), KAFKA_ASSIGNED);
    OK(kafka_consumer_offset_at(c, "timed", 0, edge, ASK_MS, &offset, &err));
    CHECK(offset == 3 || offset == 4); /* behind three records; the marker has a time, too */
    OK(kafka_consumer_offset_at(c, "timed", 0, wall_ms() + 1000000, ASK_MS, &offset, &err));
    CHECK_EQ(offset, 7);
    kafka_consumer_free(c);
}

TEST(a_reader_waits_for_what_is_open_below_its_end)
{
    struct kafka_message batch[8];
    struct kafka_reader *r;
    const char *topic;
    int32_t partition;
    bool is_end;
    size_t n, total = 0;

    make_topic("open", 1);
    struct kafka_producer *p = producer("open-1", "open"), *q = producer("open-2", "open");
    DONE(kafka_producer_begin(p, &err));
    produce(p, "open", "of an open transaction");
    int64_t end = kafka_now_ms() + PATIENCE_MS, high = 0;
    struct kafka_reader_options raw = everything;
    raw.is_uncommitted = true;
    while (high == 0 && kafka_now_ms() < end) /* until it is in the log */
        high = (int64_t)read_whole(&raw, "open").n;
    produce_all(q, "open", 2, true);

    OK(open_reader(&everything, "open", &r));
    OK(kafka_reader_next(r, 300, batch, 8, &n, &topic, &partition, &is_end, &err));
    CHECK_EQ(n, 0);
    CHECK(!is_end);
    DONE(until_not_again(kafka_producer_abort, p));
    for (is_end = false; !is_end && kafka_now_ms() < end; total += n) {
        OK(kafka_reader_next(r, 100, batch, 8, &n, &topic, &partition, &is_end, &err));
        kafka_messages_release(batch, n);
    }
    CHECK(is_end);
    CHECK_EQ(total, 2);
    kafka_reader_free(r);
    kafka_producer_free(p);
    kafka_producer_free(q);
}

/* ---- troubles ------------------------------------------------------------------------------ */

TEST(a_topic_that_is_missing_is_named)
{
    struct kafka_reader *r;

    CHECK_EQ(open_reader(&everything, "no-such-topic", &r), WEIR_NOTFOUND);
    CHECK_STR(str_from(err.text), "kafka: there is no topic 'no-such-topic'");
    struct kafka_consumer *c = consumer("missing-group", "no-such-topic");
    enum kafka_event e;
    while ((e = wait_event(c)) == KAFKA_ASSIGNED)
        CHECK_EQ(n_owned(c), 0);
    CHECK_EQ(e, KAFKA_TROUBLE);
    CHECK(str_find(str_from(err.text), STR("no such topic"), 0) != SIZE_MAX);
    CHECK(str_find(str_from(err.text), STR("no-such-topic"), 0) != SIZE_MAX);
    kafka_consumer_free(c);
}

/* It takes all its time: little, unless the machine is too busy to hear why in it. */
static void describe_in_vain(struct kafka_admin *a, const char *const *topics, const char *why)
{
    struct kafka_topic *list;
    bool is_told = false;
    size_t n;

    for (uint32_t ms = 2000; ms <= ASK_MS && !is_told; ms *= 4) {
        CHECK_EQ(kafka_admin_describe(a, topics, 1, ms, memory, &list, &n, &err), WEIR_IO);
        is_told = str_find(str_from(err.text), str_from(why), 0) != SIZE_MAX;
    }
    if (!is_told)
        print_error("%s\n", err.text);
    CHECK(is_told);
}

TEST(a_broker_out_of_reach_is_one_line)
{
    struct kafka_props nowhere = {.arena = memory};
    const char *topics[] = {"t"};
    struct kafka_consumer *c;
    struct kafka_admin *a;
    size_t n_troubles = 0;

    set(&nowhere, "bootstrap.servers", "127.0.0.1:1");
    OK(kafka_consumer_new(
        &(struct kafka_consumer_options){.common = &nowhere,
                                         .group = STR("g"),
                                         .topics = topics,
                                         .n_topics = 1,
                                         .fetch_bytes =
                                             1 << 30 /* the most that work.fetch_bytes may say */},
        &c, &err));
    CHECK_EQ(wait_event(c), KAFKA_TROUBLE);
    CHECK_STR(str_from(err.text),
              "kafka: broker out of reach: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 "
              "failed: Connection refused (is it up, and the address right?)");
    int64_t end = kafka_now_ms() + 1500; /* more attempts: no more lines of the same */
    while (kafka_now_ms() < end)
        n_troubles += kafka_consumer_serve(c, 100, &err) == KAFKA_TROUBLE;
    CHECK_EQ(n_troubles, 0);
    kafka_consumer_free(c);

    OK(kafka_admin_new(&nowhere, &a, &err));
    describe_in_vain(a, topics, "127.0.0.1:1");
    print_message("# %s\n", err.text);
    kafka_admin_free(a);
}

/* What the secure listener answers to a user. */
static struct kafka_props as_user(const char *user, const char *password)
{
    struct kafka_props p = {.arena = memory};
    char ca[512];

    (void)snprintf(ca, sizeof ca, "%s/ca.pem", getenv("TLS"));
    set(&p, "bootstrap.servers", getenv("SASL_SSL"));
    set(&p, "security.protocol", "sasl_ssl");
    set(&p, "ssl.ca.location", ca);
    set(&p, "sasl.mechanism", "PLAIN");
    set(&p, "sasl.username", user);
    set(&p, "sasl.password", password);
    return p;
}

TEST(a_wrong_password_is_named_and_not_shown)
{
    struct kafka_props wrong = as_user("weir", "hunter2");
    const char *topics[] = {"t"};
    struct kafka_admin *a;

    OK(kafka_admin_new(&wrong, &a, &err));
    describe_in_vain(a, topics, "kafka: authentication failed: sasl_ssl://127.0.0.1");
    CHECK(str_find(str_from(err.text), STR("hunter2"), 0) == SIZE_MAX);
    print_message("# %s\n", err.text);
    kafka_admin_free(a);
}

TEST(rights_that_are_missing_are_told)
{
    struct kafka_props guest = as_user("guest", "guest-secret");
    const char *topics[] = {"secret"};
    struct kafka_topic *list;
    struct kafka_admin *a;
    struct kafka_producer *p;
    size_t n;

    make_topic("secret", 1);
    OK(kafka_admin_new(&guest, &a, &err));
    OK(kafka_admin_describe(a, topics, 1, ASK_MS, memory, &list, &n, &err));
    CHECK_EQ(n, 1);
    CHECK(list[0].is_denied && !list[0].exists);
    kafka_admin_free(a);

    OK(kafka_producer_new(
        &(struct kafka_producer_options){.common = &guest, .transactional_id = STR("guest-1")}, &p,
        &err));
    CHECK_EQ(until_not_again(kafka_producer_init, p), KAFKA_DENIED);
    CHECK(str_find(str_from(err.text), STR("Transactional Id authorization"), 0) != SIZE_MAX);
    kafka_producer_free(p);
}

/* ---- speed --------------------------------------------------------------------------------- */

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill_topic(const char *topic, size_t n)
{
    struct kafka_props own = {.arena = memory};
    char value[700];
    uint64_t x = 88172645463325252ull;

    set(&own, "compression.type", "none");
    set(&own, "linger.ms", "20");
    struct kafka_producer *p = producer_with("", topic, &own, 0);
    DONE(kafka_producer_init(p, &err));
    for (size_t i = 0; i < n;) {
        for (size_t k = 0; k < sizeof value; k++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            value[k] = (char)('a' + x % 26);
        }
        enum kafka_outcome o = KAFKA_DONE;
        for (size_t k = 0; k < 1000 && i < n && o != KAFKA_AGAIN; k++) {
            o = kafka_producer_produce(
                p, &(struct kafka_record){.topic = topic, .value = {value, sizeof value}}, &err);
            i += o == KAFKA_DONE;
        }
    }
    DONE(until_not_again(kafka_producer_commit, p));
    kafka_producer_free(p);
}

static void measure(const char *topic, size_t n)
{
    make_topic(topic, 1);
    fill_topic(topic, n);
    struct kafka_consumer *c = consumer("speed-group", topic);
    CHECK_EQ(wait_event(c), KAFKA_ASSIGNED);
    double cpu = cpu_s();
    int64_t start = kafka_now_ms();
    struct seen s = read_from(c, 0, 0);
    int64_t ms = kafka_now_ms() - start;
    print_message("# %zu records of 700 B in %lld ms: %.0f/s, %.2f us of CPU each\n", s.n,
                  (long long)ms, (double)s.n * 1000 / (double)(ms ? ms : 1),
                  (cpu_s() - cpu) * 1e6 / (double)n);
    CHECK_EQ(s.n, n);
    CHECK(s.is_ordered);
    kafka_consumer_free(c);
}

TEST(many_records_are_read_in_order)
{
    measure("many", 50000);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        ENTRY(topics_are_created_and_described),
        ENTRY(a_topic_that_cannot_be_created_says_why),
        ENTRY(aborted_records_are_not_read),
        ENTRY(keys_headers_and_tombstones_arrive),
        ENTRY(a_second_producer_fences_the_first),
        ENTRY(a_record_too_large_is_told_apart),
        ENTRY(a_commit_that_hangs_taints_and_a_new_client_goes_on),
        ENTRY(offsets_and_metadata_belong_to_the_transaction),
        ENTRY(partitions_go_only_when_the_owner_lets_them),
        ENTRY(partitions_are_lost_when_the_session_ends),
        ENTRY(a_wake_ends_the_wait),
        ENTRY(a_position_that_was_deleted_is_told),
        ENTRY(records_are_found_by_time),
        ENTRY(a_reader_waits_for_what_is_open_below_its_end),
        ENTRY(a_topic_that_is_missing_is_named),
        ENTRY(a_broker_out_of_reach_is_one_line),
        ENTRY(a_wrong_password_is_named_and_not_shown),
        ENTRY(rights_that_are_missing_are_told),
        ENTRY(many_records_are_read_in_order),
    };
    const char *bootstrap = getenv("BOOTSTRAP");
    int rc = 0;

    ASSERT(bootstrap);
    memory = arena_new(0);
    common.arena = memory;
    if (kafka_props_add(&common, KAFKA_COMMON, STR("bootstrap.servers"), str_from(bootstrap),
                        &err) != WEIR_OK ||
        kafka_admin_new(&common, &admin, &err) != WEIR_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    if (argc > 2 && strcmp(argv[1], "bench") == 0)
        measure("bench", strtoul(argv[2], NULL, 10));
    else
        rc = cmocka_run_group_tests(tests, NULL, NULL);
    kafka_admin_free(admin);
    arena_free(memory);
    return rc;
}
