/* sink.c - one record to Kafka or to files. */
#include "loadtest/sink.h"

#include "base/str.h"
#include "loadtest/line.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SINK_FLUSH_MS = 120000, SINK_ERROR_MAX = 512 };

struct sink {
    struct sink_options o;
    rd_kafka_t *client;
    uint64_t n_failed;
    FILE *dump;
    FILE **files;      /* [topic * n_partitions + partition] */
    uint64_t *offsets; /* the same */
};

/* ---- Kafka ---------------------------------------------------------------------------------- */

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *m, void *opaque)
{
    struct sink *s = opaque;

    (void)client;
    if (m->err && s->n_failed++ == 0)
        fprintf(stderr, "generate: not delivered: %s\n", rd_kafka_err2str(m->err));
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[SINK_ERROR_MAX];

    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
        return true;
    fprintf(stderr, "generate: %s\n", text);
    return false;
}

static bool set_all(rd_kafka_conf_t *conf, const struct sink_options *o)
{
    char name[SINK_ERROR_MAX];

    if (!set(conf, "enable.idempotence", "true") || !set(conf, "linger.ms", "5") ||
        !set(conf, "queue.buffering.max.messages", "500000"))
        return false;
    for (size_t i = 0; i < o->n_props; i++) {
        const char *is = strchr(o->props[i], '=');
        if (!is || (size_t)(is - o->props[i]) >= sizeof name) {
            fprintf(stderr, "generate: not NAME=VALUE: %s\n", o->props[i]);
            return false;
        }
        snprintf(name, sizeof name, "%.*s", (int)(is - o->props[i]), o->props[i]);
        if (!set(conf, name, is + 1))
            return false;
    }
    return true;
}

static bool open_client(struct sink *s)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[SINK_ERROR_MAX];

    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set_opaque(conf, s);
    if (set_all(conf, &s->o))
        s->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!s->client)
        rd_kafka_conf_destroy(conf);
    return s->client != NULL;
}

/* ---- files ---------------------------------------------------------------------------------- */

static FILE *open_file(const char *directory, const char *name)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "w");
    if (!f)
        fprintf(stderr, "generate: cannot write %s\n", path);
    return f;
}

static bool open_files(struct sink *s)
{
    char name[512];

    s->dump = open_file(s->o.directory, "dump.ndjson");
    for (size_t t = 0; t < s->o.n_topics; t++) {
        for (uint32_t p = 0; p < s->o.n_partitions; p++) {
            snprintf(name, sizeof name, "%s-%u.ndjson", s->o.topics[t], p);
            FILE *f = open_file(s->o.directory, name);
            if (!f)
                return false;
            s->files[t * s->o.n_partitions + p] = f;
        }
    }
    return s->dump != NULL;
}

struct sink *sink_new(const struct sink_options *o)
{
    struct sink *s = calloc(1, sizeof *s);
    size_t n = o->n_topics * o->n_partitions;

    ASSERT(s);
    s->o = *o;
    s->files = calloc(n, sizeof(FILE *));
    s->offsets = calloc(n, sizeof *s->offsets);
    ASSERT(s->files && s->offsets);
    bool is_open = o->directory ? open_files(s) : open_client(s);
    return is_open ? s : NULL; /* else the program ends */
}

/* ---- records -------------------------------------------------------------------------------- */

static rd_kafka_headers_t *headers_of(const struct sink_record *r)
{
    if (r->attack < 0 && !r->bad)
        return NULL;
    rd_kafka_headers_t *h = rd_kafka_headers_new(2);
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRId64, r->attack);
    if (r->attack >= 0)
        rd_kafka_header_add(h, LINE_ATTACK, -1, text, n);
    if (r->bad)
        rd_kafka_header_add(h, LINE_BAD, -1, r->bad, -1);
    return h;
}

static void produce(struct sink *s, const char *topic, const struct sink_record *r)
{
    rd_kafka_headers_t *headers = headers_of(r);
    /* librdkafka copies and does not write, but its structure has no const. */
    void *bytes = r->has_value ? (void *)(uintptr_t)r->value.p : NULL;
    rd_kafka_vu_t vus[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = r->partition},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = r->time_ms},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {bytes, r->has_value ? r->value.n : 0}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    size_t n = sizeof vus / sizeof vus[0] - (headers == NULL);

    for (;;) {
        rd_kafka_error_t *e = rd_kafka_produceva(s->client, vus, n);
        if (!e)
            return;
        bool is_full = rd_kafka_error_code(e) == RD_KAFKA_RESP_ERR__QUEUE_FULL;
        if (!is_full && s->n_failed++ == 0)
            fprintf(stderr, "generate: %s\n", rd_kafka_error_string(e));
        rd_kafka_error_destroy(e);
        if (!is_full) {
            if (headers)
                rd_kafka_headers_destroy(headers);
            return;
        }
        rd_kafka_poll(s->client, 10);
    }
}

static void write_files(struct sink *s, size_t topic, const struct sink_record *r)
{
    size_t i = topic * s->o.n_partitions + (size_t)r->partition;

    if (!r->has_value)
        return;
    fwrite(r->value.p, 1, r->value.n, s->files[i]);
    putc('\n', s->files[i]);
    uint64_t offset = s->offsets[i]++;
    if (r->attack < 0 && !r->bad)
        return;
    struct line line = {.topic = s->o.topics[topic],
                        .partition = r->partition,
                        .offset = (int64_t)offset,
                        .time_ms = r->time_ms,
                        .value = r->value,
                        .has_value = true};
    line_begin(s->dump, &line);
    if (r->attack >= 0)
        fprintf(s->dump, "\"" LINE_ATTACK "\":\"%" PRId64 "\"", r->attack);
    if (r->bad)
        fprintf(s->dump, "%s\"" LINE_BAD "\":\"%s\"", r->attack >= 0 ? "," : "", r->bad);
    line_end(s->dump, &line);
}

void sink_send(struct sink *s, size_t topic, const struct sink_record *r)
{
    if (s->o.directory)
        write_files(s, topic, r);
    else
        produce(s, s->o.topics[topic], r);
}

void sink_wait(struct sink *s, int ms)
{
    if (s->client)
        rd_kafka_poll(s->client, ms);
}

bool sink_end(struct sink *s)
{
    bool is_whole = true;

    if (s->client) {
        is_whole = rd_kafka_flush(s->client, SINK_FLUSH_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_destroy(s->client);
    }
    for (size_t i = 0; s->o.directory && i < s->o.n_topics * s->o.n_partitions; i++)
        is_whole = fclose(s->files[i]) == 0 && is_whole;
    if (s->dump)
        is_whole = fclose(s->dump) == 0 && is_whole;
    is_whole = is_whole && s->n_failed == 0;
    free(s->files);
    free(s->offsets);
    free(s);
    return is_whole;
}
