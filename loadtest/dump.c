/* dump.c - topics as lines of JSON, for the checker: an own reader, so that a fault of weir's does
 * not hide itself.
 *
 *     build/loadtest/dump --brokers HOST:PORT --topic alerts --topic lifecycle > dump.ndjson
 *     build/loadtest/dump --brokers HOST:PORT --topic in --planted
 *     build/loadtest/dump --brokers HOST:PORT --topic in --topic alerts --offsets GROUP
 *
 *     build/loadtest/dump --brokers HOST:PORT --topic alerts --from OFFSETS
 *
 * All records from the beginning (--from: the ends in a file that --offsets wrote) to the end as of
 * now, read_committed, line.h's form; --planted: those alone that generate planted. --offsets: per
 * partition one line {"topic", "partition", "low", "high", "stable", "committed"} instead: end of
 * the log, end of what is committed (less than the high one: a transaction is open), and what the
 * group has committed (-1: nothing). Exit code 1 and one line if it is not done within --seconds
 * (60).
 */
#include "base/str.h"
#include "loadtest/line.h"

#include <getopt.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TOPICS_MAX = 64, PROPS_MAX = 64, TEXT_MAX = 512, CALL_MS = 10000, BATCH = 1000 };

struct options {
    const char *topics[TOPICS_MAX], *props[PROPS_MAX], *group, *from;
    size_t n_topics, n_props;
    bool is_planted_only, is_uncommitted;
    uint32_t seconds;
};

static const char *const usage = "usage: dump --brokers HOST:PORT --topic NAME... [--planted] "
                                 "[--uncommitted] [--offsets GROUP]\n"
                                 "            [--from FILE] [--seconds N] [-X NAME=VALUE...]\n";

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "dump: %s: %s\n", what, why);
    exit(1);
}

/* ---- clients -------------------------------------------------------------------------------- */

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[TEXT_MAX];

    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK)
        fail(name, text);
}

static rd_kafka_t *client(const struct options *o, bool is_uncommitted)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[TEXT_MAX], name[TEXT_MAX];

    set(conf, "group.id", o->group ? o->group : "weir-loadtest-dump");
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.partition.eof", "true");
    set(conf, "isolation.level", is_uncommitted ? "read_uncommitted" : "read_committed");
    for (size_t i = 0; i < o->n_props; i++) {
        const char *is = strchr(o->props[i], '=');
        if (!is)
            fail("not NAME=VALUE", o->props[i]);
        snprintf(name, sizeof name, "%.*s", (int)(is - o->props[i]), o->props[i]);
        set(conf, name, is + 1);
    }
    rd_kafka_t *c = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (!c)
        fail("no client", text);
    return c;
}

/* All partitions of the topics. */
static rd_kafka_topic_partition_list_t *partitions(rd_kafka_t *c, const struct options *o)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);

    for (size_t t = 0; t < o->n_topics; t++) {
        const rd_kafka_metadata_t *m = NULL;
        rd_kafka_topic_t *topic = rd_kafka_topic_new(c, o->topics[t], NULL);
        rd_kafka_resp_err_t e = rd_kafka_metadata(c, 0, topic, &m, CALL_MS);
        if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
            e = m->topics[0].err;
        if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
            fail(o->topics[t], rd_kafka_err2str(e));
        for (int p = 0; p < m->topics[0].partition_cnt; p++)
            rd_kafka_topic_partition_list_add(list, o->topics[t], p)->offset =
                RD_KAFKA_OFFSET_BEGINNING;
        rd_kafka_metadata_destroy(m);
        rd_kafka_topic_destroy(topic);
    }
    return list;
}

/* The number behind a name in a line of put_offsets(); -1: there is none. */
static long long number_of(const char *line, const char *name)
{
    const char *at = strstr(line, name);
    char *end;

    if (!at)
        return -1;
    at += strlen(name);
    long long n = strtoll(at, &end, 10);
    return end == at ? -1 : n;
}

/* Its topic; false: none. */
static bool topic_of(const char *line, char *topic, size_t size)
{
    static const char name[] = "\"topic\":\"";
    const char *at = strstr(line, name), *end = at ? strchr(at + strlen(name), '"') : NULL;

    if (!end)
        return false;
    at += strlen(name);
    snprintf(topic, size, "%.*s", (int)(end - at), at);
    return true;
}

/* Where an earlier --offsets ended. */
static void begin_at(rd_kafka_topic_partition_list_t *list, const char *path)
{
    char text[TEXT_MAX], topic[TEXT_MAX];
    FILE *f = fopen(path, "r");

    if (!f)
        fail(path, "cannot be read");
    while (fgets(text, sizeof text, f)) {
        long long partition = number_of(text, "\"partition\":"),
                  high = number_of(text, "\"high\":");
        if (partition < 0 || partition > INT32_MAX || high < 0 ||
            !topic_of(text, topic, sizeof topic))
            continue;
        rd_kafka_topic_partition_t *p =
            rd_kafka_topic_partition_list_find(list, topic, (int32_t)partition);
        if (p)
            p->offset = high;
    }
    fclose(f);
}

/* ---- records -------------------------------------------------------------------------------- */

static bool is_planted(rd_kafka_headers_t *h)
{
    const void *value;
    size_t n;

    return h && (rd_kafka_header_get_last(h, LINE_ATTACK, &value, &n) == 0 ||
                 rd_kafka_header_get_last(h, LINE_BAD, &value, &n) == 0);
}

static void put_headers(rd_kafka_headers_t *h)
{
    const char *name;
    const void *value;
    size_t n;

    for (size_t i = 0; h && rd_kafka_header_get_all(h, i, &name, &value, &n) == 0; i++) {
        if (i > 0)
            putchar(',');
        line_bytes(stdout, str_from(name));
        putchar(':');
        line_bytes(stdout, (struct str){value ? value : "", n});
    }
}

static void put_record(const rd_kafka_message_t *m, const struct options *o)
{
    rd_kafka_headers_t *headers = NULL;
    rd_kafka_timestamp_type_t type;
    struct line line = {
        .topic = rd_kafka_topic_name(m->rkt),
        .partition = m->partition,
        .offset = m->offset,
        .time_ms = rd_kafka_message_timestamp(m, &type),
        .key = {m->key ? m->key : "", m->key_len},
        .value = {m->payload ? m->payload : "", m->len},
        .has_key = m->key != NULL,
        .has_value = m->payload != NULL,
    };

    (void)rd_kafka_message_headers(m, &headers);
    if (o->is_planted_only && !is_planted(headers))
        return;
    line_begin(stdout, &line);
    put_headers(headers);
    line_end(stdout, &line);
}

static void dump(const struct options *o)
{
    rd_kafka_t *c = client(o, o->is_uncommitted);
    rd_kafka_topic_partition_list_t *list = partitions(c, o);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(c);
    rd_kafka_message_t **batch = calloc(BATCH, sizeof(rd_kafka_message_t *));
    int left = list->cnt;
    time_t end = time(NULL) + (time_t)o->seconds;

    ASSERT(batch);
    if (o->from)
        begin_at(list, o->from);
    if (rd_kafka_assign(c, list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail("assign", "refused");
    while (left > 0) {
        if (time(NULL) > end)
            fail("the end was not reached", "in time (--seconds)");
        ssize_t n = rd_kafka_consume_batch_queue(queue, 200, batch, BATCH);
        for (ssize_t i = 0; i < n; i++) {
            if (batch[i]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
                left--;
            else if (batch[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR)
                put_record(batch[i], o);
            else
                fprintf(stderr, "dump: %s\n", rd_kafka_message_errstr(batch[i]));
            rd_kafka_message_destroy(batch[i]);
        }
    }
    free(batch);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_close(c);
    rd_kafka_destroy(c);
}

/* ---- offsets -------------------------------------------------------------------------------- */

static void put_offsets(rd_kafka_t *all, rd_kafka_t *committed, const rd_kafka_topic_partition_t *p)
{
    int64_t low = 0, high = 0, stable_low = 0, stable = 0;
    rd_kafka_resp_err_t e =
        rd_kafka_query_watermark_offsets(all, p->topic, p->partition, &low, &high, CALL_MS);

    if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
        e = rd_kafka_query_watermark_offsets(committed, p->topic, p->partition, &stable_low,
                                             &stable, CALL_MS);
    if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail(p->topic, rd_kafka_err2str(e));
    printf("{\"topic\":\"%s\",\"partition\":%d,\"low\":%" PRId64 ",\"high\":%" PRId64
           ",\"stable\":%" PRId64 ",\"committed\":%" PRId64 "}\n",
           p->topic, p->partition, low, high, stable, p->offset < 0 ? -1 : p->offset);
}

static void offsets(const struct options *o)
{
    rd_kafka_t *all = client(o, true), *committed = client(o, false);
    rd_kafka_topic_partition_list_t *list = partitions(all, o);
    rd_kafka_resp_err_t e = rd_kafka_committed(all, list, CALL_MS);

    if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail(o->group, rd_kafka_err2str(e));
    for (int i = 0; i < list->cnt; i++)
        put_offsets(all, committed, &list->elems[i]);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(all);
    rd_kafka_destroy(committed);
}

/* ---- options -------------------------------------------------------------------------------- */

enum {
    OPT_BROKERS = 256,
    OPT_TOPIC,
    OPT_PLANTED,
    OPT_UNCOMMITTED,
    OPT_OFFSETS,
    OPT_FROM,
    OPT_SECONDS,
    OPT_HELP
};

static const struct option long_options[] = {
    {"brokers", 1, NULL, OPT_BROKERS},
    {"topic", 1, NULL, OPT_TOPIC},
    {"planted", 0, NULL, OPT_PLANTED},
    {"uncommitted", 0, NULL, OPT_UNCOMMITTED},
    {"offsets", 1, NULL, OPT_OFFSETS},
    {"seconds", 1, NULL, OPT_SECONDS},
    {"from", 1, NULL, OPT_FROM},
    {"help", 0, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static void add_prop(struct options *o, const char *prop)
{
    if (o->n_props == PROPS_MAX)
        fail("too many properties", prop);
    o->props[o->n_props++] = prop;
}

static void take(struct options *o, int option, const char *value)
{
    static char brokers[1024];

    switch (option) {
    case OPT_BROKERS:
        snprintf(brokers, sizeof brokers, "bootstrap.servers=%s", value);
        add_prop(o, brokers);
        break;
    case OPT_TOPIC:
        if (o->n_topics == TOPICS_MAX)
            fail("too many topics", value);
        o->topics[o->n_topics++] = value;
        break;
    case OPT_PLANTED:
        o->is_planted_only = true;
        break;
    case OPT_UNCOMMITTED:
        o->is_uncommitted = true;
        break;
    case OPT_OFFSETS:
        o->group = value;
        break;
    case OPT_FROM:
        o->from = value;
        break;
    case OPT_SECONDS:
        o->seconds = (uint32_t)strtoul(value, NULL, 10);
        break;
    case 'X':
        add_prop(o, value);
        break;
    case OPT_HELP:
        fputs(usage, stdout);
        exit(0);
    default:
        fputs(usage, stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct options o = {.seconds = 60};
    int option;

    while ((option = getopt_long(argc, argv, "X:", long_options, NULL)) != -1)
        take(&o, option, optarg);
    if (o.n_topics == 0 || o.n_props == 0 || optind != argc) {
        fputs(usage, stderr);
        return 2;
    }
    if (o.group)
        offsets(&o);
    else
        dump(&o);
    if (fflush(stdout) != 0)
        fail("cannot write", "standard output");
    return 0;
}
