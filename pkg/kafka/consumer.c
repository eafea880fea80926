/* consumer.c - the group, and reading partitions one by one (consumer_impl.h has the idea).
 *
 *     joining --ASSIGNED--> owning --REVOKED or LOST--> leaving --kafka_consumer_accept()-->
 * joining
 *
 * librdkafka's rebalance callback runs inside kafka_consumer_serve() and only notes what is wanted;
 * the group waits for the assign call that follows, which for a revocation is made by
 * kafka_consumer_accept(). Heartbeats go on meanwhile.
 */
#include "kafka/consumer.h"

#include "base/str.h"
#include "kafka/consumer_impl.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const uint64_t one = 1; /* what an eventfd is written */

/* When such a part of what may be held of a partition was read there is room for more
 * (watermark.h). */
enum { HURRY_PARTS = 2 };

/* One answer brings no more of a partition: that much was measured (docs/decisions/0014), its
 * first record is read when the last one has come, and librdkafka takes 1,000,000,000 at most. */
enum { PIECE_MAX = 2 * 1024 * 1024 };

/* ---- owned partitions ---------------------------------------------------------------------- */

struct kafka_consumer_topic *kafka_consumer_topic(struct kafka_consumer *c, const char *name)
{
    for (size_t i = 0; i < c->n_topics; i++)
        if (strcmp(c->topics[i].name, name) == 0)
            return &c->topics[i];
    c->topics = reallocarray(c->topics, c->n_topics + 1, sizeof *c->topics);
    ASSERT(c->topics);
    struct kafka_consumer_topic *t = &c->topics[c->n_topics++];
    t->name = kafka_text(str_from(name));
    t->handle = rd_kafka_topic_new(c->data, name, NULL);
    ASSERT(t->handle);
    return t;
}

static void stop_fetch(struct kafka_consumer *c, size_t i)
{
    struct kafka_fetch *f = &c->fetches[i];

    if (f->is_running)
        (void)rd_kafka_consume_stop(f->topic, c->partitions[i].partition);
    f->is_running = f->is_at_end = f->is_gone = f->has_read = false;
}

static void drop_partitions(struct kafka_consumer *c)
{
    watermark_watch_set(c->watch, NULL, 0);
    for (size_t i = 0; i < c->n; i++) {
        stop_fetch(c, i);
        rd_kafka_queue_destroy(c->fetches[i].queue);
    }
    free(c->partitions);
    free(c->fetches);
    c->partitions = NULL;
    c->fetches = NULL;
    c->n = 0;
}

static void own_partitions(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *list)
{
    size_t n = (size_t)list->cnt;

    drop_partitions(c);
    c->partitions = calloc(n + 1, sizeof *c->partitions);
    c->fetches = calloc(n + 1, sizeof *c->fetches);
    ASSERT(c->partitions && c->fetches);
    for (size_t i = 0; i < n; i++) {
        const rd_kafka_topic_partition_t *t = &list->elems[i];
        const struct kafka_consumer_topic *topic = kafka_consumer_topic(c, t->topic);
        rd_kafka_queue_t *q = rd_kafka_queue_get_partition(c->data, t->topic, t->partition);
        ASSERT(q);
        rd_kafka_queue_forward(q, NULL);
        rd_kafka_queue_io_event_enable(q, c->wake_fd, &one, sizeof one);
        c->partitions[i] =
            (struct kafka_partition){.topic = topic->name, .partition = t->partition};
        c->fetches[i] = (struct kafka_fetch){.topic = topic->handle, .queue = q};
    }
    c->n = n;
    watermark_watch_set(c->watch, c->partitions, n);
}

/* ---- the generation ------------------------------------------------------------------------ */

static void set_generation(struct kafka_consumer *c, rd_kafka_consumer_group_metadata_t *new)
{
    pthread_mutex_lock(&c->generation_lock);
    rd_kafka_consumer_group_metadata_t *old = c->generation;
    c->generation = new;
    pthread_mutex_unlock(&c->generation_lock);
    if (old)
        rd_kafka_consumer_group_metadata_destroy(old);
}

rd_kafka_consumer_group_metadata_t *kafka_consumer_generation(const struct kafka_consumer *c)
{
    struct kafka_consumer *w = (struct kafka_consumer *)c; /* for its lock */
    rd_kafka_consumer_group_metadata_t *copy = NULL;
    void *bytes;
    size_t n;

    pthread_mutex_lock(&w->generation_lock);
    if (w->generation && !rd_kafka_consumer_group_metadata_write(w->generation, &bytes, &n)) {
        rd_kafka_error_t *e = rd_kafka_consumer_group_metadata_read(&copy, bytes, n);
        ASSERT(!e); /* what it wrote itself */
        rd_kafka_mem_free(w->group, bytes);
    }
    pthread_mutex_unlock(&w->generation_lock);
    return copy;
}

/* ---- callbacks inside kafka_consumer_serve() ----------------------------------------------- */

/* The member fetches nothing: for librdkafka it owns an empty list. */
static void assign_nothing(rd_kafka_t *rk)
{
    rd_kafka_topic_partition_list_t *empty = rd_kafka_topic_partition_list_new(0);

    (void)rd_kafka_assign(rk, empty);
    rd_kafka_topic_partition_list_destroy(empty);
}

/* A static member that comes back within its session gets the partitions that it had, without a
 * rebalance: none that a topic has gained meanwhile, and librdkafka compares only with what the
 * topic had when it joined. The second join of a leader is a rebalance for the broker, that of
 * another member none; and if the leader did not go away, it noticed. True: it is about that. */
static bool joins_again(struct kafka_consumer *c, rd_kafka_t *rk, rd_kafka_resp_err_t code)
{
    rd_kafka_topic_partition_list_t *topics;

    if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        if (c->is_joining_again)
            (void)rd_kafka_assign(rk, NULL);
        return c->is_joining_again;
    }
    c->is_joining_again = c->must_join_again;
    c->must_join_again = false;
    if (!c->is_joining_again)
        return false;
    assign_nothing(rk);
    if (rd_kafka_subscription(rk, &topics) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)rd_kafka_subscribe(rk, topics);
        rd_kafka_topic_partition_list_destroy(topics);
    }
    return true;
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct kafka_consumer *c = opaque;

    if (c->is_closing) {
        (void)rd_kafka_assign(rk, NULL);
    } else if (joins_again(c, rk, code)) {
        return;
    } else if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        own_partitions(c, list);
        assign_nothing(rk);
        set_generation(c, rd_kafka_consumer_group_metadata(rk));
        c->pending = KAFKA_ASSIGNED;
    } else {
        c->is_revoked = true;
        c->pending = rd_kafka_assignment_lost(rk) ? KAFKA_LOST : KAFKA_REVOKED;
        if (code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
            kafka_troubles_note(&c->troubles, code, rd_kafka_err2str(code));
    }
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kafka_consumer *c = opaque;

    if (code == RD_KAFKA_RESP_ERR__FATAL || kafka_is_trouble((rd_kafka_resp_err_t)code))
        kafka_troubles_of(&c->troubles, rk, code, reason);
}

/* ---- life ---------------------------------------------------------------------------------- */

static const struct kafka_setting group_defaults[] = {
    {"session.timeout.ms", "6000"},
    {"heartbeat.interval.ms", "1000"}, /* how late a member hears of a rebalance */
    {"partition.assignment.strategy", "roundrobin"},
    {"socket.nagle.disable", "true"},
    {"reconnect.backoff.max.ms", "2000"},
    {NULL, NULL},
};

static enum weir_rc open_group(struct kafka_consumer *c, const struct kafka_consumer_options *o,
                               struct weir_err *err)
{
    char *instance = o->instance.n > 0 ? kafka_text(o->instance) : NULL;
    const struct kafka_setting insisted[] = {
        {"group.id", c->group_id},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"},
        {"auto.offset.reset", "error"},
        {"allow.auto.create.topics", "false"},
        {instance ? "group.instance.id" : NULL, instance},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;

    enum weir_rc rc = kafka_client_conf(o->common, o->own, group_defaults, insisted, &conf, err);
    free(instance);
    TRY(rc);
    rd_kafka_conf_set_opaque(conf, c);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_error_cb(conf, on_error);
    TRY(kafka_client_new(RD_KAFKA_CONSUMER, conf, &c->group, err));
    (void)rd_kafka_poll_set_consumer(c->group);
    c->group_queue = rd_kafka_queue_get_consumer(c->group);
    rd_kafka_queue_io_event_enable(c->group_queue, c->wake_fd, &one, sizeof one);
    return WEIR_OK;
}

/* Only asks for offsets, and takes those that a transaction is about to change. */
static enum weir_rc prepare_witness(struct kafka_consumer *c,
                                    const struct kafka_consumer_options *o, struct weir_err *err)
{
    const struct kafka_setting insisted[] = {
        {"group.id", c->group_id},
        {"enable.auto.commit", "false"},
        {"auto.offset.reset", "error"},
        {"isolation.level", "read_uncommitted"},
        {"allow.auto.create.topics", "false"},
        {NULL, NULL},
    };

    return kafka_client_conf(o->common, o->own, group_defaults, insisted, &c->witness_conf, err);
}

static uint64_t share_bytes(const struct kafka_consumer_options *o)
{
    uint64_t bytes = o->fetch_bytes ? o->fetch_bytes : KAFKA_FETCH_BYTES;

    if (o->partitions > 1)
        bytes /= o->partitions;
    if (bytes < KAFKA_FETCH_SHARE_MIN)
        bytes = KAFKA_FETCH_SHARE_MIN;
    return bytes;
}

/* The threads that fetch are woken by every piece that comes and have little to do with it. As
 * batch threads they take the core from nobody who works, and find more when they have it: without
 * that two readers on two cores were interrupted 2.4 times in 1,000 records, with it 1.8 times, and
 * the broker sent a quarter fewer, larger pieces. What fails here changes nothing but that. */
static rd_kafka_resp_err_t on_thread_start(UNUSED rd_kafka_t *rk, rd_kafka_thread_type_t type,
                                           UNUSED const char *name, UNUSED void *opaque)
{
    if (type == RD_KAFKA_THREAD_BROKER)
        (void)sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, UNUSED const rd_kafka_conf_t *conf,
                                  UNUSED void *opaque, UNUSED char *text, UNUSED size_t n)
{
    return rd_kafka_interceptor_add_on_thread_start(rk, "weir", on_thread_start, NULL);
}

static enum weir_rc open_data(struct kafka_consumer *c, const struct kafka_consumer_options *o,
                              struct weir_err *err)
{
    char kbytes[24], piece[24];
    /* fetch.wait.max.ms: one request at a time is on its way to a broker, so a partition that is
     * started, and the notice of an end, wait for an idle one to come back: 500 ms by default.
     * fetch.message.max.bytes: one answer may bring the whole share of a partition, up to
     * PIECE_MAX. Each costs a broker much beside its bytes, and few answers are large ones. */
    const struct kafka_setting defaults[] = {
        {"fetch.wait.max.ms", "100"},     {"fetch.message.max.bytes", piece},
        {"socket.nagle.disable", "true"}, {"reconnect.backoff.max.ms", "2000"},
        {"fetch.error.backoff.ms", "50"}, {NULL, NULL},
    };
    const struct kafka_setting insisted[] = {
        {"queued.max.messages.kbytes", kbytes}, {"enable.partition.eof", "true"},
        {"isolation.level", "read_committed"},  {"auto.offset.reset", "error"},
        {"allow.auto.create.topics", "false"},  {NULL, NULL},
    };
    rd_kafka_conf_t *conf;

    (void)snprintf(kbytes, sizeof kbytes, "%llu", (unsigned long long)(share_bytes(o) / 1024));
    (void)snprintf(piece, sizeof piece, "%llu",
                   (unsigned long long)(share_bytes(o) < PIECE_MAX ? share_bytes(o) : PIECE_MAX));
    TRY(kafka_client_conf(o->common, o->own, defaults, insisted, &conf, err));
    if (rd_kafka_version() >= WATERMARK_BACKOFF_VERSION)
        (void)rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "10", NULL, 0);
    rd_kafka_conf_set_opaque(conf, c);
    rd_kafka_conf_set_error_cb(conf, on_error);
    (void)rd_kafka_conf_interceptor_add_on_new(conf, "weir", on_new, NULL);
    TRY(kafka_client_new(RD_KAFKA_CONSUMER, conf, &c->data, err));
    c->data_queue = rd_kafka_queue_get_main(c->data);
    rd_kafka_queue_io_event_enable(c->data_queue, c->wake_fd, &one, sizeof one);
    c->watch = watermark_watch_new(c->data);
    c->hurry_bytes =
        rd_kafka_version() >= WATERMARK_BACKOFF_VERSION ? UINT64_MAX : share_bytes(o) / HURRY_PARTS;
    return WEIR_OK;
}

static enum weir_rc subscribe(struct kafka_consumer *c, const struct kafka_consumer_options *o,
                              struct weir_err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)o->n_topics);

    for (size_t i = 0; i < o->n_topics; i++)
        rd_kafka_topic_partition_list_add(list, o->topics[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(c->group, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        return err_set(err, WEIR_BADARG, "kafka: subscribe: %s", rd_kafka_err2str(code));
    return WEIR_OK;
}

enum weir_rc kafka_consumer_new(const struct kafka_consumer_options *o, struct kafka_consumer **out,
                                struct weir_err *err)
{
    struct kafka_consumer *c = calloc(1, sizeof *c);

    ASSERT(c);
    c->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ASSERT(c->wake_fd >= 0);
    c->group_id = kafka_text(o->group);
    c->must_join_again = o->instance.n > 0;
    pthread_mutex_init(&c->generation_lock, NULL);
    kafka_troubles_init(&c->troubles);
    enum weir_rc rc = open_data(c, o, err);
    if (rc == WEIR_OK)
        rc = open_group(c, o, err);
    if (rc == WEIR_OK)
        rc = prepare_witness(c, o, err);
    if (rc == WEIR_OK)
        rc = subscribe(c, o, err);
    if (rc != WEIR_OK) {
        kafka_consumer_free(c);
        return rc;
    }
    *out = c;
    return WEIR_OK;
}

/* rd_kafka_consumer_close() has no time limit, so: the same in two steps, served here. */
static void leave_group(struct kafka_consumer *c)
{
    int64_t end = kafka_now_ms() + KAFKA_LEAVE_MS;

    c->is_closing = true;
    if (c->is_revoked)
        (void)rd_kafka_assign(c->group, NULL);
    rd_kafka_error_t *e = rd_kafka_consumer_close_queue(c->group, c->group_queue);
    if (e) {
        rd_kafka_error_destroy(e);
        return;
    }
    while (!rd_kafka_consumer_closed(c->group) && kafka_now_ms() < end) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(c->group, 20);
        if (m)
            rd_kafka_message_destroy(m);
    }
}

static void close_group(struct kafka_consumer *c)
{
    if (!c->group)
        return;
    leave_group(c);
    rd_kafka_queue_destroy(c->group_queue);
    rd_kafka_destroy_flags(c->group, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static void close_witness(struct kafka_consumer *c)
{
    if (c->witness_conf)
        rd_kafka_conf_destroy(c->witness_conf);
    if (c->witness)
        rd_kafka_destroy(c->witness);
}

static void close_data(struct kafka_consumer *c)
{
    if (!c->data)
        return;
    drop_partitions(c);
    watermark_watch_free(c->watch);
    for (size_t i = 0; i < c->n_topics; i++) {
        rd_kafka_topic_destroy(c->topics[i].handle);
        free(c->topics[i].name);
    }
    rd_kafka_queue_destroy(c->data_queue);
    rd_kafka_destroy(c->data);
}

void kafka_consumer_free(struct kafka_consumer *c)
{
    if (!c)
        return;
    set_generation(c, NULL);
    close_witness(c);
    close_group(c);
    close_data(c);
    pthread_mutex_destroy(&c->generation_lock);
    kafka_troubles_release(&c->troubles);
    (void)close(c->wake_fd);
    buf_release(&c->metadata);
    free(c->group_id);
    free(c->partitions);
    free(c->fetches);
    free(c->topics);
    free(c->lent);
    free(c);
}

/* ---- events -------------------------------------------------------------------------------- */

static void serve_queues(struct kafka_consumer *c)
{
    rd_kafka_message_t *m;

    rd_kafka_poll(c->data, 0);
    while (c->pending == KAFKA_NOTHING && (m = rd_kafka_consumer_poll(c->group, 0)) != NULL) {
        if (m->err && kafka_is_trouble(m->err))
            kafka_troubles_note(&c->troubles, m->err, rd_kafka_message_errstr(m));
        rd_kafka_message_destroy(m);
    }
}

static enum kafka_event take_event(struct kafka_consumer *c, struct weir_err *err)
{
    enum kafka_event e = c->pending;

    c->pending = KAFKA_NOTHING;
    if (e == KAFKA_NOTHING && kafka_troubles_take(&c->troubles, err))
        return KAFKA_TROUBLE;
    return e;
}

enum kafka_event kafka_consumer_serve(struct kafka_consumer *c, uint32_t ms, struct weir_err *err)
{
    uint64_t n;

    serve_queues(c);
    enum kafka_event e = take_event(c, err);
    if (e != KAFKA_NOTHING)
        return e;
    struct pollfd p = {.fd = c->wake_fd, .events = POLLIN};
    if (poll(&p, 1, (int)ms) <= 0)
        return KAFKA_NOTHING;
    /* Emptied before the queues are looked at: what comes later wakes the next call. */
    (void)!read(c->wake_fd, &n, sizeof n);
    serve_queues(c);
    return take_event(c, err);
}

void kafka_consumer_wake(struct kafka_consumer *c)
{
    (void)!write(c->wake_fd, &one, sizeof one);
}

void kafka_consumer_accept(struct kafka_consumer *c)
{
    if (!c->is_revoked)
        return;
    set_generation(c, NULL);
    drop_partitions(c);
    c->is_revoked = false;
    (void)rd_kafka_assign(c->group, NULL);
}

size_t kafka_consumer_partitions(const struct kafka_consumer *c, const struct kafka_partition **out)
{
    *out = c->partitions;
    return c->n;
}

/* ---- reading ------------------------------------------------------------------------------- */

enum weir_rc kafka_consumer_seek(struct kafka_consumer *c, size_t i, int64_t offset,
                                 struct weir_err *err)
{
    ASSERT(i < c->n && offset >= 0);
    struct kafka_fetch *f = &c->fetches[i];

    stop_fetch(c, i);
    if (rd_kafka_consume_start(f->topic, c->partitions[i].partition, offset) != 0)
        return err_set(err, WEIR_IO, "kafka: cannot read %s/%d from %lld: %s",
                       c->partitions[i].topic, c->partitions[i].partition, (long long)offset,
                       rd_kafka_err2str(rd_kafka_last_error()));
    f->is_running = true;
    f->next = offset;
    return WEIR_OK;
}

void kafka_message_of(rd_kafka_message_t *m, struct kafka_message *out)
{
    rd_kafka_timestamp_type_t type;
    int64_t ms = rd_kafka_message_timestamp(m, &type);

    *out = (struct kafka_message){
        .key = {m->key, m->key_len},
        .value = {m->payload, m->len},
        .has_value = m->payload != NULL,
        .offset = m->offset,
        .timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? INT64_MIN : ms,
        .is_append_time = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME,
        .handle = m,
    };
}

/* Not a record: the end of the partition, or an error of its fetcher. */
static void take_notice(struct kafka_consumer *c, struct kafka_fetch *f, rd_kafka_message_t *m)
{
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        f->is_at_end = true;
    else if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
             m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        f->is_gone = true;
    else if (kafka_is_trouble(m->err))
        kafka_troubles_note(&c->troubles, m->err, rd_kafka_message_errstr(m));
    rd_kafka_message_destroy(m);
}

static void note_room(struct kafka_consumer *c, size_t i, size_t bytes)
{
    c->fetches[i].read_bytes += bytes;
    if (c->fetches[i].read_bytes < c->hurry_bytes)
        return;
    for (size_t k = 0; k < c->n; k++)
        c->fetches[k].read_bytes = 0;
    watermark_watch_hurry(c->watch);
}

/* Is what was read last the end of the log, as the answer that brought it said? Earlier than the
 * notice of the end, which is the next answer. Markers at the end hide it. */
static bool is_at_high(const struct kafka_consumer *c, size_t i)
{
    int64_t low, high;
    const struct kafka_partition *p = &c->partitions[i];

    return c->fetches[i].has_read &&
           !rd_kafka_get_watermark_offsets(c->data, p->topic, p->partition, &low, &high) &&
           high >= 0 && c->fetches[i].next >= high;
}

static void room_for(struct kafka_consumer *c, size_t max)
{
    if (max <= c->lent_cap)
        return;
    c->lent = reallocarray(c->lent, max, sizeof(rd_kafka_message_t *));
    ASSERT(c->lent);
    c->lent_cap = max;
}

size_t kafka_consumer_read(struct kafka_consumer *c, size_t i, struct kafka_message *out,
                           size_t max, bool *is_end, bool *is_gone)
{
    ASSERT(i < c->n);
    struct kafka_fetch *f = &c->fetches[i];
    size_t n = 0, bytes = 0;

    *is_gone = false;
    *is_end = false;
    if (!f->is_running)
        return 0;
    room_for(c, max);
    ssize_t got = rd_kafka_consume_batch_queue(f->queue, 0, c->lent, max);
    for (ssize_t k = 0; k < got; k++) {
        rd_kafka_message_t *m = c->lent[k];
        if (m->err) {
            take_notice(c, f, m);
        } else if (m->offset < f->next) {
            rd_kafka_message_destroy(m);
        } else {
            kafka_message_of(m, &out[n++]);
            bytes += m->len;
            f->next = m->offset + 1;
            f->is_at_end = false;
            f->has_read = true;
        }
    }
    note_room(c, i, bytes);
    *is_gone = f->is_gone && n == 0; /* after the records before it */
    *is_end = got < (ssize_t)max && (f->is_at_end || is_at_high(c, i));
    return n;
}

void kafka_messages_release(struct kafka_message *messages, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rd_kafka_message_destroy(messages[i].handle);
}

bool kafka_message_header(const struct kafka_message *m, const char *name, struct str *value)
{
    rd_kafka_headers_t *headers;
    const void *p;
    size_t n;

    if (rd_kafka_message_headers(m->handle, &headers) ||
        rd_kafka_header_get_last(headers, name, &p, &n))
        return false;
    *value = (struct str){p, n};
    return true;
}

int64_t kafka_consumer_end(const struct kafka_consumer *c, size_t i)
{
    return watermark_watch_end(c->watch, i);
}
