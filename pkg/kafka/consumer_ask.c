/* consumer_ask.c - questions about offsets: what the group committed, what a log holds.
 *
 * They go by the fetcher's client and block; the member has no part in them. The thread that asks
 * may be another than the reader's, so nothing is served here.
 */
#include "base/str.h"
#include "kafka/consumer.h"
#include "kafka/consumer_impl.h"

#include <stdio.h>
#include <string.h>

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

/* By the admin interface, with stable offsets required: rd_kafka_committed() asks again by itself
 * while a transaction is open, and then times out without a word why. */
static rd_kafka_event_t *ask_committed(struct kafka_consumer *c, const char *topic,
                                       int32_t partition, uint32_t ms)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition);
    rd_kafka_ListConsumerGroupOffsets_t *ask =
        rd_kafka_ListConsumerGroupOffsets_new(c->group_id, list);
    rd_kafka_AdminOptions_t *o =
        rd_kafka_AdminOptions_new(c->data, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_queue_t *q = rd_kafka_queue_new(c->data);

    (void)rd_kafka_AdminOptions_set_request_timeout(o, (int)ms, NULL, 0);
    rd_kafka_error_t *refusal = rd_kafka_AdminOptions_set_require_stable_offsets(o, 1);
    ASSERT(!refusal); /* it knows no other than a wrong kind of request */
    rd_kafka_ListConsumerGroupOffsets(c->data, &ask, 1, o, q);
    rd_kafka_event_t *e = rd_kafka_queue_poll(q, (int)ms);
    rd_kafka_queue_destroy(q);
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_ListConsumerGroupOffsets_destroy(ask);
    rd_kafka_topic_partition_list_destroy(list);
    return e;
}

static rd_kafka_resp_err_t take_committed(struct kafka_consumer *c, rd_kafka_event_t *e,
                                          struct kafka_committed *out)
{
    size_t n;

    if (!e)
        return RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (rd_kafka_event_error(e))
        return rd_kafka_event_error(e);
    const rd_kafka_group_result_t **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(e), &n);
    if (n != 1)
        return RD_KAFKA_RESP_ERR__BAD_MSG;
    if (rd_kafka_group_result_error(groups[0]))
        return rd_kafka_error_code(rd_kafka_group_result_error(groups[0]));
    const rd_kafka_topic_partition_list_t *list = rd_kafka_group_result_partitions(groups[0]);
    if (!list || list->cnt != 1)
        return RD_KAFKA_RESP_ERR__BAD_MSG;
    const rd_kafka_topic_partition_t *t = &list->elems[0];
    out->is_unstable = t->err == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
    if (!t->err && t->offset >= 0) {
        out->has = true;
        out->offset = t->offset;
        buf_add(&c->metadata, (struct str){t->metadata, t->metadata_size});
        out->metadata = buf_str(&c->metadata);
    }
    return out->is_unstable ? RD_KAFKA_RESP_ERR_NO_ERROR : t->err;
}

enum weir_rc kafka_consumer_committed(struct kafka_consumer *c, const char *topic,
                                      int32_t partition, uint32_t ms, struct kafka_committed *out,
                                      struct weir_err *err)
{
    struct kafka_committed answer = {0};

    buf_clear(&c->metadata);
    rd_kafka_event_t *e = ask_committed(c, topic, partition, ms);
    rd_kafka_resp_err_t code = take_committed(c, e, &answer);
    if (e)
        rd_kafka_event_destroy(e);
    if (code)
        return failed(c, "committed offset", topic, partition, code, err);
    *out = answer;
    return WEIR_OK;
}

/* By the member: librdkafka 2.0.2 dies of a question of the admin interface that times out while
 * there is no coordinator yet, as on a cluster that no group has used. */
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
