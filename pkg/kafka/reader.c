/* reader.c - partitions read from a start to the end they had at opening.
 *
 * Two clients: the ends are asked as a reader of everything, because to a reader of committed
 * records a log seems to end at its oldest open transaction. The last offsets of a log may be
 * transaction markers, which are no records: the end is then known by librdkafka's notice of
 * the partition's end, which carries the next offset.
 */
#include "kafka/reader.h"

#include "base/str.h"
#include "kafka/client.h"
#include "kafka/consumer_impl.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { OPEN_AT_ONCE = 8, BATCH_MAX = 1024 };

enum part_state { PART_WAITS, PART_OPEN, PART_DONE };

struct part {
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue; /* while open */
    int32_t partition;
    enum part_state state;
    int64_t next, end;
};

struct kafka_reader {
    rd_kafka_t *rk;     /* reads */
    rd_kafka_t *asking; /* for bounds and times */
    rd_kafka_queue_t *main_queue;
    int wake_fd;
    int64_t to_ms;
    rd_kafka_topic_t **topics;
    size_t n_topics;
    struct part *parts;
    struct kafka_reader_part *told; /* the same, as it was at opening */
    size_t n_parts, n_open, turn, at_once;
    rd_kafka_message_t *lent[BATCH_MAX];
    struct kafka_troubles troubles;
};

static const uint64_t one = 1;

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kafka_reader *r = opaque;

    if (code == RD_KAFKA_RESP_ERR__FATAL || kafka_is_trouble((rd_kafka_resp_err_t)code))
        kafka_troubles_of(&r->troubles, rk, code, reason);
}

/* ---- opening ------------------------------------------------------------------------------- */

static enum weir_rc open_client(struct kafka_reader *r, const struct kafka_reader_options *o,
                                const char *isolation, rd_kafka_t **out, struct weir_err *err)
{
    static const struct kafka_setting defaults[] = {
        {"fetch.wait.max.ms", "100"}, /* consumer.c says why */
        {"socket.nagle.disable", "true"},
        {"reconnect.backoff.max.ms", "2000"},
        {NULL, NULL},
    };
    _Static_assert(READER_BYTES / OPEN_AT_ONCE == 8192 * 1024, "queued.max.messages.kbytes");
    const struct kafka_setting insisted[] = {
        {"queued.max.messages.kbytes", "8192"}, {"enable.partition.eof", "true"},
        {"isolation.level", isolation},         {"auto.offset.reset", "error"},
        {"allow.auto.create.topics", "false"},  {NULL, NULL},
    };
    rd_kafka_conf_t *conf;

    TRY(kafka_client_conf(o->common, o->own, defaults, insisted, &conf, err));
    rd_kafka_conf_set_opaque(conf, r);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return kafka_client_new(RD_KAFKA_CONSUMER, conf, out, err);
}

static enum weir_rc failed(struct kafka_reader *r, const char *topic, rd_kafka_resp_err_t code,
                           struct weir_err *err)
{
    rd_kafka_poll(r->asking, 0);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
        return err_set(err, WEIR_NOTFOUND, "kafka: there is no topic '%s'", topic);
    return kafka_troubles_why(&r->troubles, code, topic, err);
}

static enum weir_rc bounds(struct kafka_reader *r, const char *topic, int32_t partition,
                           int64_t *low, int64_t *high, struct weir_err *err)
{
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(r->asking, topic, partition, low, high, READER_OPEN_MS);

    return code ? failed(r, topic, code, err) : WEIR_OK;
}

static enum weir_rc offset_at(struct kafka_reader *r, const char *topic, int32_t partition,
                              int64_t ms, int64_t *out, struct weir_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = ms > 0 ? ms : 0;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(r->asking, list, READER_OPEN_MS);
    if (list->elems[0].err)
        code = list->elems[0].err;
    *out = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code ? failed(r, topic, code, err) : WEIR_OK;
}

static void keep_part(struct kafka_reader *r, rd_kafka_topic_t *topic,
                      const struct kafka_reader_part *told)
{
    r->parts = reallocarray(r->parts, r->n_parts + 1, sizeof *r->parts);
    r->told = reallocarray(r->told, r->n_parts + 1, sizeof *r->told);
    ASSERT(r->parts && r->told);
    r->told[r->n_parts] = *told;
    r->parts[r->n_parts++] = (struct part){
        .topic = topic,
        .partition = told->partition,
        .state = told->from < told->to ? PART_WAITS : PART_DONE,
        .next = told->from,
        .end = told->to,
    };
}

static enum weir_rc add_part(struct kafka_reader *r, const struct kafka_reader_options *o,
                             rd_kafka_topic_t *topic, int32_t partition, struct weir_err *err)
{
    const char *name = rd_kafka_topic_name(topic);
    int64_t low, high, from, to = -1;

    TRY(bounds(r, name, partition, &low, &high, err));
    from = low;
    if (o->from_offset >= 0)
        from = o->from_offset;
    else if (o->from_ms != INT64_MIN)
        TRY(offset_at(r, name, partition, o->from_ms, &from, err));
    if (from < 0) /* no record is so young */
        from = high;
    if (from < low)
        from = low;
    if (o->from_offset >= 0 && o->offsets_max && o->offsets_max < (uint64_t)(INT64_MAX - from))
        to = from + (int64_t)o->offsets_max;
    else if (o->to_ms != INT64_MAX)
        TRY(offset_at(r, name, partition, o->to_ms, &to, err));
    if (to < 0 || to > high)
        to = high;
    if (to < from)
        to = from;
    keep_part(r, topic, &(struct kafka_reader_part){name, partition, low, high, from, to});
    return WEIR_OK;
}

static enum weir_rc add_topic(struct kafka_reader *r, const struct kafka_reader_options *o,
                              const char *name, struct weir_err *err)
{
    const struct rd_kafka_metadata *m;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(r->rk, name, NULL);

    if (!topic)
        return err_set(err, WEIR_BADARG, "kafka: '%s' is no name of a topic", name);
    r->topics[r->n_topics++] = topic;
    rd_kafka_topic_t *asked = rd_kafka_topic_new(r->asking, name, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(r->asking, 0, asked, &m, READER_OPEN_MS);
    rd_kafka_topic_destroy(asked);
    if (code)
        return failed(r, name, code, err);
    enum weir_rc rc = WEIR_OK;
    int n = m->topic_cnt == 1 ? m->topics[0].partition_cnt : 0;
    code = m->topic_cnt == 1 ? m->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    rd_kafka_metadata_destroy(m);
    if (code)
        return failed(r, name, code, err);
    if (o->partition >= n)
        return err_set(err, WEIR_NOTFOUND, "kafka: topic '%s' has no partition %d", name,
                       o->partition);
    for (int32_t k = 0; k < n && rc == WEIR_OK; k++)
        if (o->partition < 0 || o->partition == k)
            rc = add_part(r, o, topic, k, err);
    return rc;
}

static enum weir_rc open_all(struct kafka_reader *r, const struct kafka_reader_options *o,
                             struct weir_err *err)
{
    TRY(open_client(r, o, "read_uncommitted", &r->asking, err));
    TRY(open_client(r, o, o->is_uncommitted ? "read_uncommitted" : "read_committed", &r->rk, err));
    r->main_queue = rd_kafka_queue_get_main(r->rk);
    rd_kafka_queue_io_event_enable(r->main_queue, r->wake_fd, &one, sizeof one);
    for (size_t i = 0; i < o->n_topics; i++)
        TRY(add_topic(r, o, o->topics[i], err));
    return WEIR_OK;
}

enum weir_rc kafka_reader_new(const struct kafka_reader_options *o, struct kafka_reader **out,
                              struct weir_err *err)
{
    struct kafka_reader *r = calloc(1, sizeof *r);

    ASSERT(r);
    r->to_ms = o->to_ms;
    r->at_once = o->at_once ? o->at_once : OPEN_AT_ONCE;
    kafka_troubles_init(&r->troubles);
    r->topics = calloc(o->n_topics + 1, sizeof(rd_kafka_topic_t *));
    r->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ASSERT(r->topics && r->wake_fd >= 0);
    enum weir_rc rc = open_all(r, o, err);
    if (rc != WEIR_OK) {
        kafka_reader_free(r);
        return rc;
    }
    *out = r;
    return WEIR_OK;
}

/* ---- one partition ------------------------------------------------------------------------- */

static enum weir_rc start_part(struct kafka_reader *r, struct part *p, struct weir_err *err)
{
    const char *name = rd_kafka_topic_name(p->topic);

    p->queue = rd_kafka_queue_get_partition(r->rk, name, p->partition);
    ASSERT(p->queue);
    rd_kafka_queue_forward(p->queue, NULL);
    rd_kafka_queue_io_event_enable(p->queue, r->wake_fd, &one, sizeof one);
    p->state = PART_OPEN;
    r->n_open++;
    if (rd_kafka_consume_start(p->topic, p->partition, p->next) != 0)
        return err_set(err, WEIR_IO, "kafka: cannot read %s/%d: %s", name, p->partition,
                       rd_kafka_err2str(rd_kafka_last_error()));
    return WEIR_OK;
}

static void end_part(struct kafka_reader *r, struct part *p)
{
    if (p->state == PART_OPEN) {
        (void)rd_kafka_consume_stop(p->topic, p->partition);
        rd_kafka_queue_destroy(p->queue);
        r->n_open--;
    }
    p->state = PART_DONE;
}

/* Retention was faster: go on where the log begins now. */
static enum weir_rc start_again(struct kafka_reader *r, struct part *p, struct weir_err *err)
{
    int64_t low, high;

    TRY(bounds(r, rd_kafka_topic_name(p->topic), p->partition, &low, &high, err));
    if (low > p->next)
        p->next = low;
    end_part(r, p);
    if (p->next < p->end && p->next <= high)
        p->state = PART_WAITS;
    return WEIR_OK;
}

static enum weir_rc take_notice(struct kafka_reader *r, struct part *p, rd_kafka_message_t *m,
                                bool *is_gone, struct weir_err *err)
{
    enum weir_rc rc = WEIR_OK;

    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (m->offset > p->next)
            p->next = m->offset;
    } else if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
               m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        *is_gone = true;
    } else if (kafka_is_trouble(m->err)) {
        rc = failed(r, rd_kafka_topic_name(p->topic), m->err, err);
    }
    rd_kafka_message_destroy(m);
    return rc;
}

/* What is there of p. Records beyond the end or the last time are given back, p is done then. */
static enum weir_rc read_part(struct kafka_reader *r, struct part *p, struct kafka_message *out,
                              size_t max, size_t *n, struct weir_err *err)
{
    bool is_gone = false, is_done = false;
    enum weir_rc rc = WEIR_OK;
    ssize_t got = rd_kafka_consume_batch_queue(p->queue, 0, r->lent, max);

    for (ssize_t k = 0; k < got; k++) {
        rd_kafka_message_t *m = r->lent[k];
        if (m->err) {
            enum weir_rc notice = take_notice(r, p, m, &is_gone, err);
            rc = rc == WEIR_OK ? notice : rc;
            continue;
        }
        kafka_message_of(m, &out[*n]);
        is_done |= m->offset >= p->end || out[*n].timestamp_ms >= r->to_ms;
        if (is_done || m->offset < p->next) {
            rd_kafka_message_destroy(m);
        } else {
            p->next = m->offset + 1;
            (*n)++;
        }
    }
    if (is_done || p->next >= p->end)
        end_part(r, p);
    else if (is_gone && rc == WEIR_OK)
        rc = start_again(r, p, err);
    if (rc != WEIR_OK) {
        kafka_messages_release(out, *n);
        *n = 0;
    }
    return rc;
}

/* ---- all of them --------------------------------------------------------------------------- */

static enum weir_rc start_waiting(struct kafka_reader *r, struct weir_err *err)
{
    for (size_t i = 0; i < r->n_parts && r->n_open < r->at_once; i++)
        if (r->parts[i].state == PART_WAITS)
            TRY(start_part(r, &r->parts[i], err));
    return WEIR_OK;
}

static enum weir_rc read_any(struct kafka_reader *r, struct kafka_message *out, size_t max,
                             size_t *n, const char **topic, int32_t *partition,
                             struct weir_err *err)
{
    for (size_t k = 0; k < r->n_parts && *n == 0; k++) {
        struct part *p = &r->parts[r->turn];
        r->turn = (r->turn + 1) % r->n_parts;
        if (p->state != PART_OPEN)
            continue;
        TRY(read_part(r, p, out, max, n, err));
        *topic = rd_kafka_topic_name(p->topic);
        *partition = p->partition;
    }
    return WEIR_OK;
}

enum weir_rc kafka_reader_next(struct kafka_reader *r, uint32_t ms, struct kafka_message *out,
                               size_t max, size_t *n, const char **topic, int32_t *partition,
                               bool *is_end, struct weir_err *err)
{
    int64_t end = kafka_now_ms() + ms;

    *n = 0;
    for (;;) {
        uint64_t woken;
        TRY(start_waiting(r, err));
        rd_kafka_poll(r->rk, 0);
        TRY(read_any(r, out, max < BATCH_MAX ? max : BATCH_MAX, n, topic, partition, err));
        TRY(start_waiting(r, err));
        *is_end = *n == 0 && r->n_open == 0;
        int64_t left = end - kafka_now_ms();
        if (*n > 0 || *is_end || left <= 0)
            return WEIR_OK;
        struct pollfd p = {.fd = r->wake_fd, .events = POLLIN};
        if (poll(&p, 1, (int)left) > 0)
            (void)!read(r->wake_fd, &woken, sizeof woken);
    }
}

const struct kafka_reader_part *kafka_reader_parts(const struct kafka_reader *r, size_t *n)
{
    *n = r->n_parts;
    return r->told;
}

void kafka_reader_free(struct kafka_reader *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n_parts; i++)
        end_part(r, &r->parts[i]);
    for (size_t i = 0; i < r->n_topics; i++)
        rd_kafka_topic_destroy(r->topics[i]);
    if (r->main_queue)
        rd_kafka_queue_destroy(r->main_queue);
    if (r->rk)
        rd_kafka_destroy(r->rk);
    if (r->asking)
        rd_kafka_destroy(r->asking);
    (void)close(r->wake_fd);
    kafka_troubles_release(&r->troubles);
    free(r->parts);
    free(r->told);
    free(r->topics);
    free(r);
}
