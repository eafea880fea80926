/* send.c - lines of stdin to a topic, each at once: what probe.py speaks through (kcat -P waits
 * until a buffer of its own is full).
 *
 *     build/loadtest/send --brokers HOST:PORT --topic NAME     lines: PARTITION<TAB>VALUE
 *
 * Records go with acks=all and no linger. Exit code 1 if one was not delivered.
 */
#include "base/base.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 512, FLUSH_MS = 30000 };

static size_t n_failed;

static void delivered(rd_kafka_t *k, const rd_kafka_message_t *m, void *context)
{
    (void)k;
    (void)context;
    n_failed += m->err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "send: %s: %s\n", what, why);
    exit(1);
}

static rd_kafka_t *producer(const char *brokers)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[TEXT_MAX];

    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, text, sizeof text) ||
        rd_kafka_conf_set(conf, "linger.ms", "0", text, sizeof text) ||
        rd_kafka_conf_set(conf, "socket.nagle.disable", "true", text, sizeof text))
        fail("configuration", text);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_t *k = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!k)
        fail("producer", text);
    return k;
}

static void send_line(rd_kafka_t *k, const char *topic, char *line, size_t n)
{
    char *end;
    long partition = strtol(line, &end, 10);

    if (*end != '\t')
        fail("no partition in front of", line);
    n -= (size_t)(end + 1 - line);
    rd_kafka_resp_err_t err = rd_kafka_producev(
        k, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION((int32_t)partition),
        RD_KAFKA_V_VALUE(end + 1, n), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (err)
        fail("produce", rd_kafka_err2str(err));
    rd_kafka_poll(k, 0);
}

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t n;

    if (argc != 5 || strcmp(argv[1], "--brokers") != 0 || strcmp(argv[3], "--topic") != 0)
        fail("usage", "send --brokers HOST:PORT --topic NAME");
    rd_kafka_t *k = producer(argv[2]);
    while ((n = getline(&line, &size, stdin)) > 0)
        send_line(k, argv[4], line, line[n - 1] == '\n' ? (size_t)n - 1 : (size_t)n);
    free(line);
    rd_kafka_flush(k, FLUSH_MS);
    n_failed += (size_t)rd_kafka_outq_len(k);
    rd_kafka_destroy(k);
    return n_failed > 0;
}
