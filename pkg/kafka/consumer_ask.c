/* consumer_ask.c - questions about offsets: what the group committed, what a log holds.
 *
 * They block. The member is asked what the group committed, the fetcher what logs hold. The thread
 * that asks may be another than the reader's, so nothing is served here.
 */
#include "base/str.h"
#include "kafka/consumer.h"
#include "kafka/consumer_impl.h"

#include <stdio.h>
#include <string.h>

enum { STABLE_PARTS = 4 }; /* of the time that a question may take: to wait for a stable offset */

static enum weir_rc failed(struct kafka_consumer *c, const char *what, const char *topic,
                           int32_t partition, rd_kafka_resp_err_t code, struct weir_err *err)
{
    char text[KAFKA_ERRSTR_MAX];

    (void)snprintf(text, sizeof text, "%s of %s/%d", what, topic, partition);
    return kafka_troubles_why(&c->troubles, code, text, err);
}

/* Which of the two refused: the call, or the one partition in it. */
static rd_kafka_resp_err_t code_of(rd_kafka_resp_err_t call,
                                   const rd_kafka_topic_partition_list_t *list)
{
    return list->elems[0].err ? list->elems[0].err : call;
}

/* Whoever asks with stable offsets required (the member) waits while a transaction is open. */
static rd_kafka_resp_err_t fetch(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, uint32_t ms)
{
    return code_of(rd_kafka_committed(rk, list, (int)ms), list);
}

/* A client without a part in the group and without that requirement; made when it is needed. */
static rd_kafka_t *witness(struct kafka_consumer *c)
{
    struct weir_err err;

    if (!c->witness && c->witness_conf) {
        if (kafka_client_new(RD_KAFKA_CONSUMER, c->witness_conf, &c->witness, &err) != WEIR_OK)
            c->witness = NULL;
        c->witness_conf = NULL;
    }
    return c->witness;
}

/* librdkafka asks again by itself as long as the offset is not stable, and says then that it took
 * too long. So if the member gets no answer and the witness does, the offset is not stable. (The
 * admin interface would say so at once; but librdkafka 2.0.2 dies of a question there that times
 * out while the group has no coordinator.) */
static rd_kafka_resp_err_t ask_committed(struct kafka_consumer *c, uint32_t ms,
                                         rd_kafka_topic_partition_list_t *list, bool *is_unstable)
{
    rd_kafka_resp_err_t code = fetch(c->group, list, ms / STABLE_PARTS);

    *is_unstable = false;
    if (code != RD_KAFKA_RESP_ERR__TIMED_OUT && code != RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT)
        return code;
    if (!witness(c))
        return code;
    code = fetch(c->witness, list, ms - ms / STABLE_PARTS);
    *is_unstable = code == RD_KAFKA_RESP_ERR_NO_ERROR;
    return code;
}

enum weir_rc kafka_consumer_committed(struct kafka_consumer *c, const char *topic,
                                      int32_t partition, uint32_t ms, struct kafka_committed *out,
                                      struct weir_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    const rd_kafka_topic_partition_t *t = rd_kafka_topic_partition_list_add(list, topic, partition);

    *out = (struct kafka_committed){0};
    rd_kafka_resp_err_t code = ask_committed(c, ms, list, &out->is_unstable);
    buf_clear(&c->metadata);
    if (!code && t->offset >= 0) {
        out->has = true;
        out->offset = t->offset;
        buf_add(&c->metadata, (struct str){t->metadata, t->metadata_size});
    }
    out->metadata = buf_str(&c->metadata);
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        return failed(c, "committed offset", topic, partition, code, err);
    return WEIR_OK;
}

enum weir_rc kafka_consumer_was_read(struct kafka_consumer *c, const char *topic, uint32_t n,
                                     uint32_t ms, bool *out, struct weir_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);

    *out = false;
    for (uint32_t i = 0; i < n; i++)
        rd_kafka_topic_partition_list_add(list, topic, (int32_t)i);
    rd_kafka_resp_err_t code = rd_kafka_committed(c->group, list, (int)ms);
    for (int i = 0; !code && i < list->cnt; i++)
        *out |= list->elems[i].offset >= 0;
    rd_kafka_topic_partition_list_destroy(list);
    return code ? failed(c, "committed offsets", topic, 0, code, err) : WEIR_OK;
}

enum weir_rc kafka_consumer_bounds(struct kafka_consumer *c, const char *topic, int32_t partition,
                                   uint32_t ms, int64_t *low, int64_t *high, struct weir_err *err)
{
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(c->data, topic, partition, low, high, (int)ms);

    return code ? failed(c, "beginning and end", topic, partition, code, err) : WEIR_OK;
}

enum weir_rc kafka_consumer_offset_at(struct kafka_consumer *c, const char *topic,
                                      int32_t partition, int64_t time_ms, uint32_t ms,
                                      int64_t *offset, struct weir_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    int64_t end = kafka_now_ms() + ms, low;

    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = time_ms;
    rd_kafka_resp_err_t code = code_of(rd_kafka_offsets_for_times(c->data, list, (int)ms), list);
    int64_t found = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        return failed(c, "offset at a time", topic, partition, code, err);
    if (found >= 0) {
        *offset = found;
        return WEIR_OK;
    }
    int64_t left = end - kafka_now_ms();
    return kafka_consumer_bounds(c, topic, partition, left > 1 ? (uint32_t)left : 1, &low, offset,
                                 err);
}
