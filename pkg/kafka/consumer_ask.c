/* consumer_ask.c - questions about offsets: what the group committed, what a log holds.
 *
 * They go by the member's client (committed) and the fetcher's (bounds, times), and block.
 */
#include "base/str.h"
#include "kafka/consumer.h"
#include "kafka/consumer_impl.h"

#include <string.h>

static enum weir_rc failed(const char *what, const char *topic, int32_t partition,
                           rd_kafka_resp_err_t code, struct weir_err *err)
{
    return err_set(err, WEIR_IO, "kafka: %s of %s/%d: %s", what, topic, partition,
                   rd_kafka_err2str(code));
}

/* Which of the two refused: the call, or the one partition in it. */
static rd_kafka_resp_err_t code_of(rd_kafka_resp_err_t call,
                                   const rd_kafka_topic_partition_list_t *list)
{
    return list->elems[0].err ? list->elems[0].err : call;
}

enum weir_rc kafka_consumer_committed(struct kafka_consumer *c, const char *topic,
                                      int32_t partition, uint32_t ms, struct kafka_committed *out,
                                      struct weir_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *t = rd_kafka_topic_partition_list_add(list, topic, partition);
    rd_kafka_resp_err_t code = code_of(rd_kafka_committed(c->group, list, (int)ms), list);
    struct kafka_committed answer = {0};

    buf_clear(&c->metadata);
    answer.is_unstable = code == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
    if (!code && t->offset >= 0) {
        answer.has = true;
        answer.offset = t->offset;
        buf_add(&c->metadata, (struct str){t->metadata, t->metadata_size});
        answer.metadata = buf_str(&c->metadata);
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (code && !answer.is_unstable)
        return failed("committed offset", topic, partition, code, err);
    *out = answer;
    return WEIR_OK;
}

enum weir_rc kafka_consumer_bounds(struct kafka_consumer *c, const char *topic, int32_t partition,
                                   uint32_t ms, int64_t *low, int64_t *high, struct weir_err *err)
{
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(c->data, topic, partition, low, high, (int)ms);

    return code ? failed("beginning and end", topic, partition, code, err) : WEIR_OK;
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
        return failed("offset at a time", topic, partition, code, err);
    if (found >= 0) {
        *offset = found;
        return WEIR_OK;
    }
    int64_t left = end - kafka_now_ms();
    return kafka_consumer_bounds(c, topic, partition, left > 1 ? (uint32_t)left : 1, &low, offset,
                                 err);
}
