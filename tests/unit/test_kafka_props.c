/* test_kafka_props.c - which properties of librdkafka may be passed through (kafka/props.h). */
#include "tests/lib/test.h"

#include "kafka/props.h"

static struct weir_err err;

/* The refusal of NAME=VALUE, or "taken". */
static const char *add(const char *name, const char *value)
{
    struct kafka_props p = {.arena = arena_new(0)};

    memset(&err, 0, sizeof err);
    enum weir_rc rc = kafka_props_add(&p, KAFKA_COMMON, str_from(name), str_from(value), &err);
    CHECK_EQ(p.n, rc == WEIR_OK);
    CHECK(rc == WEIR_OK || rc == WEIR_BADARG);
    CHECK_EQ(err.code, rc);
    arena_free(p.arena);
    return rc == WEIR_OK ? "taken" : err.text;
}

static void refused(const char *name, const char *value, const char *part)
{
    const char *text = add(name, value);

    if (str_find(str_from(text), str_from(part), 0) == SIZE_MAX)
        print_error("%s=%s: \"%s\" has no \"%s\"\n", name, value, text, part);
    CHECK(str_find(str_from(text), str_from(part), 0) != SIZE_MAX);
}

TEST(what_users_need_is_taken)
{
    static const char *const taken[][2] = {
        {"bootstrap.servers", "a:9092,b:9092"},
        {"security.protocol", "sasl_ssl"},
        {"sasl.mechanism", "SCRAM-SHA-512"},
        {"sasl.username", "weir"},
        {"sasl.password", "p=w:d \"'"},
        {"ssl.ca.location", "/etc/ssl/ca.pem"},
        {"client.rack", "r1"},
        {"session.timeout.ms", "10000"},
        {"transaction.timeout.ms", "20000"},
        {"compression.type", "zstd"},
        {"linger.ms", "5"},
        {"partition.assignment.strategy", "range"},
        {"partition.assignment.strategy", "roundrobin"},
        {"fetch.wait.max.ms", "50"},
        {"max.partition.fetch.bytes", "2000000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(taken); i++)
        CHECK_STR(str_from(add(taken[i][0], taken[i][1])), "taken");
}

TEST(what_weir_owns_is_refused_with_the_reason)
{
    static const char *const owned[] = {"transactional.id",        "group.id",
                                        "group.instance.id",       "enable.auto.commit",
                                        "isolation.level",         "enable.auto.offset.store",
                                        "auto.offset.reset",       "acks",
                                        "enable.idempotence",      "auto.commit.interval.ms",
                                        "enable.partition.eof",    "plugin.library.paths",
                                        "allow.auto.create.topics"};

    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        refused(owned[i], "x", "is set by weir: ");
    refused("group.id", "x", "kafka property group.id is set by weir: it is the key group.name");
    refused("rebalance_cb", "x", "it is a pointer");
    refused("opaque", "x", "it is a pointer");
    refused("default_topic_conf", "x", "it is a pointer");
    refused("partition.assignment.strategy", "cooperative-sticky", "range or roundrobin, not");
    refused("partition.assignment.strategy", "range,roundrobin", "range or roundrobin, not");
}

TEST(what_librdkafka_does_not_know_is_refused_with_the_nearest_name)
{
    refused("bootstrap.server", "x", "(did you mean 'bootstrap.servers'?)");
    refused("sasl.mecanism", "PLAIN", "(did you mean 'sasl.mechanism'?)");
    refused("request.timeout.mss", "1", "(did you mean 'request.timeout.ms'?)"); /* of topics */
    refused("completely.unknown.thing", "1", "has none of that name");
    CHECK(str_find(str_from(err.text), STR("did you mean"), 0) == SIZE_MAX);
    refused("session.timeout.ms", "soon", "session.timeout.ms");
    refused("session.timeout.ms", "-4", "session.timeout.ms");
    refused("compression.type", "brotli", "compression.type");
    refused("", "x", "no name");
}

TEST(a_secret_is_never_in_a_refusal)
{
    static const char *const secrets[] = {"sasl.password",
                                          "ssl.key.password",
                                          "ssl.keystore.password",
                                          "ssl.key.pem",
                                          "sasl.oauthbearer.config",
                                          "ssl.certificate.pem",
                                          "sasl.oauthbearer.client.secret"};
    static const char *const open[] = {"sasl.username",   "bootstrap.servers", "ssl.key.location",
                                       "ssl.ca.location", "sasl.mechanism",    "client.id"};

    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        CHECK(kafka_prop_is_secret(str_from(secrets[i])));
        const char *text = add(secrets[i], "hunter2 is no PEM");
        CHECK(str_find(str_from(text), STR("hunter2"), 0) == SIZE_MAX);
    }
    for (size_t i = 0; i < ARRAY_LEN(open); i++)
        CHECK(!kafka_prop_is_secret(str_from(open[i])));
    refused("sasl.pasword", "hunter2", "(did you mean 'sasl.password'?)");
    CHECK(str_find(str_from(err.text), STR("hunter2"), 0) == SIZE_MAX);
}

TEST(a_list_keeps_order_and_texts)
{
    struct kafka_props p = {.arena = arena_new(0)};
    char value[] = "first";

    CHECK_EQ(kafka_props_add(&p, KAFKA_CONSUMER, STR("client.id"), str_from(value), &err), WEIR_OK);
    value[0] = 'x';
    for (int i = 0; i < 20; i++)
        CHECK_EQ(kafka_props_add(&p, KAFKA_PRODUCER, STR("client.rack"), STR("r"), &err), WEIR_OK);
    CHECK_EQ(p.n, 21);
    CHECK_STR(p.items[0].name, "client.id");
    CHECK_STR(p.items[0].value, "first");
    arena_free(p.arena);
}

TEST_MAIN(ENTRY(what_users_need_is_taken), ENTRY(what_weir_owns_is_refused_with_the_reason),
          ENTRY(what_librdkafka_does_not_know_is_refused_with_the_nearest_name),
          ENTRY(a_secret_is_never_in_a_refusal), ENTRY(a_list_keeps_order_and_texts))
