/* dead_letter.c - a record that gave no event, as a document.
 *
 * The excerpt is redacted before it is cut: a secret across the cut is gone as a whole. Only the
 * first DEAD_LOOK_MAX bytes are looked at, more than are shown by far.
 */
#include "worker/dead_letter.h"

#include "alert/redact.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/time.h"
#include "json/write.h"
#include "state/uid.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEAD_LOOK_MAX = 16 * 1024, DEAD_DETAIL_MAX = 256, DEAD_NAME_MAX = 249 /* of a topic */ };

struct dead_writer {
    enum config_payload payload;
    uint32_t bytes_max;
    struct str generation, worker;
    struct arena *arena;
    struct digest *digest;
    struct redactor *redactor;
    struct buf value;
    struct kafka_header headers[DEAD_HEADERS];
    char key[DEAD_NAME_MAX + 40], partition[16], offset[24], timestamp[24], sha256[DIGEST_TEXT];
};

struct dead_writer *dead_writer_new(enum config_payload payload, uint32_t bytes_max,
                                    struct str generation, struct str worker)
{
    struct dead_writer *w = calloc(1, sizeof *w);

    ASSERT(w);
    w->payload = payload;
    w->bytes_max = bytes_max;
    w->generation = generation;
    w->worker = worker;
    w->arena = arena_new(0);
    w->digest = digest_new();
    w->redactor = redactor_new(w->digest);
    return w;
}

void dead_writer_free(struct dead_writer *w)
{
    if (!w)
        return;
    redactor_free(w->redactor);
    digest_free(w->digest);
    arena_free(w->arena);
    buf_release(&w->value);
    free(w);
}

static struct str safe(struct dead_writer *w, struct str text, size_t max)
{
    struct str looked_at = str_sub(text, 0, DEAD_LOOK_MAX);

    return utf8_cut(redact_text(w->redactor, w->arena, looked_at), max);
}

static void write_document(struct dead_writer *w, const struct dead_letter *d, bool has_excerpt)
{
    struct json_writer j;
    char time[TIME_TEXT_MAX];

    buf_clear(&w->value);
    json_writer_init(&j, &w->value);
    json_open_object(&j);
    json_kv_str(&j, "reason", str_from(dead_reason_name(d->reason)));
    if (d->detail.n)
        json_kv_str(&j, "detail", safe(w, d->detail, DEAD_DETAIL_MAX));
    json_kv_str(&j, "topic", str_sub(str_from(d->topic), 0, DEAD_NAME_MAX));
    json_kv_i64(&j, "partition", d->partition);
    json_kv_i64(&j, "offset", d->message->offset);
    if (d->message->timestamp_ms != INT64_MIN)
        json_kv_str(&j, "timestamp",
                    (struct str){time, time_format_ms(d->message->timestamp_ms, time)});
    json_kv_i64(&j, "size", (int64_t)d->message->value.n);
    json_kv_str(&j, "sha256", str_from(w->sha256));
    if (has_excerpt)
        json_kv_str(&j, "excerpt", safe(w, d->message->value, DEAD_EXCERPT_MAX));
    json_kv_str(&j, "rules", w->generation);
    json_kv_str(&j, "worker", str_sub(w->worker, 0, DEAD_DETAIL_MAX));
    json_kv_str(&j, "tenant", safe(w, d->tenant, DEAD_DETAIL_MAX));
    json_close_object(&j);
}

static void add_header(struct dead_writer *w, size_t *n, const char *name, struct str value)
{
    ASSERT(*n < DEAD_HEADERS);
    w->headers[(*n)++] = (struct kafka_header){name, value};
}

static size_t write_headers(struct dead_writer *w, const struct dead_letter *d)
{
    size_t n = 0;

    snprintf(w->partition, sizeof w->partition, "%" PRId32, d->partition);
    snprintf(w->offset, sizeof w->offset, "%" PRId64, d->message->offset);
    add_header(w, &n, "weir-reason", str_from(dead_reason_name(d->reason)));
    add_header(w, &n, "weir-topic", str_sub(str_from(d->topic), 0, DEAD_NAME_MAX));
    add_header(w, &n, "weir-partition", str_from(w->partition));
    add_header(w, &n, "weir-offset", str_from(w->offset));
    add_header(w, &n, "weir-sha256", str_from(w->sha256));
    if (w->payload != PAYLOAD_RAW)
        return n;
    snprintf(w->timestamp, sizeof w->timestamp, "%" PRId64, d->message->timestamp_ms);
    add_header(w, &n, "weir-timestamp", str_from(w->timestamp));
    add_header(w, &n, "weir-tenant", safe(w, d->tenant, DEAD_DETAIL_MAX));
    return n;
}

void dead_write(struct dead_writer *w, const struct dead_letter *d, struct kafka_record *out)
{
    arena_reset(w->arena);
    redactor_begin_without(w->redactor, w->arena);
    digest_sha256_hex(w->digest, d->message->value, w->sha256);
    snprintf(w->key, sizeof w->key, "%.*s/%" PRId32 "/%" PRId64, DEAD_NAME_MAX, d->topic,
             d->partition, d->message->offset);
    *out = (struct kafka_record){.key = str_from(w->key), .headers = w->headers};
    out->n_headers = write_headers(w, d);
    if (w->payload == PAYLOAD_RAW && d->message->value.n <= w->bytes_max) {
        out->value = d->message->value;
        return;
    }
    write_document(w, d, w->payload != PAYLOAD_REFERENCE && d->message->value.n > 0);
    if (w->value.n > w->bytes_max)
        write_document(w, d, false);
    out->value = buf_str(&w->value);
}
