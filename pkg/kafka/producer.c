/* producer.c - a transactional producer over librdkafka, and the watch over what may be on its way.
 *
 * A transaction: begin, produce ..., send_offsets, commit or abort. librdkafka's calls are
 * resumable: one that timed out goes on where it was when it is made again with the same
 * arguments. Each is therefore given call_ms and its timeout becomes KAFKA_AGAIN.
 *
 * Taint. An EndTxn that was sent and not answered may reach the coordinator after the next
 * transaction has begun, and end that one (no librdkafka has KIP-890). Interceptors note which
 * transactional requests were sent since begin; an answer with _TIMED_OUT or _TRANSPORT, or a
 * call that timed out after one of its requests was sent, taints. Counting requests against
 * answers does not work: 2.0.2 tells the answer of a transactional request twice, without its
 * correlation id. A new client under the same id gets a higher epoch, which fences stragglers.
 */
#include "kafka/producer.h"

#include "base/str.h"
#include "kafka/client.h"
#include "kafka/consumer_impl.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* ApiKeys of the protocol, https://kafka.apache.org/protocol#protocol_api_keys */
enum {
    API_PRODUCE = 0,
    API_INIT_PRODUCER_ID = 22,
    API_ADD_PARTITIONS_TO_TXN = 24,
    API_ADD_OFFSETS_TO_TXN = 25,
    API_END_TXN = 26,
    API_TXN_OFFSET_COMMIT = 28
};
#define BIT(api) (1u << (api))
enum {
    OF_INIT = BIT(API_INIT_PRODUCER_ID),
    OF_OFFSETS = BIT(API_ADD_OFFSETS_TO_TXN) | BIT(API_TXN_OFFSET_COMMIT),
    OF_END = BIT(API_PRODUCE) | BIT(API_ADD_PARTITIONS_TO_TXN) | BIT(API_END_TXN),
    OF_ALL = OF_INIT | OF_OFFSETS | OF_END
};

enum { QUEUE_FULL_WAIT_MS = 20 };

struct kafka_producer {
    struct kafka_producer_options o;
    char *transactional_id;
    rd_kafka_t *rk;
    rd_kafka_topic_t **topics; /* [o.n_topics]; from kafka_producer_init() on */
    /* Written by librdkafka's threads, read by the owner. relaxed: an answer is told before the
     * call that waits for it returns, which orders the two. */
    atomic_uint sent;
    atomic_bool is_tainted;
    uint64_t n_produced; /* since begin */
    bool has_refused, is_too_large;
    uint64_t refused;
    char refused_why[ERR_TEXT_MAX / 2];
    struct kafka_troubles troubles;
};

/* ---- interceptors: called by librdkafka's threads ----------------------------------------- */

static uint32_t bit_of(int16_t api)
{
    return api >= 0 && api < 32 ? BIT(api) & OF_ALL : 0;
}

static rd_kafka_resp_err_t on_request_sent(rd_kafka_t *rk, int fd, const char *broker,
                                           int32_t broker_id, int16_t api, int16_t version,
                                           int32_t correlation, size_t size, void *opaque)
{
    struct kafka_producer *p = opaque;
    (void)rk, (void)fd, (void)broker, (void)broker_id, (void)version, (void)correlation, (void)size;

    atomic_fetch_or_explicit(&p->sent, bit_of(api), memory_order_relaxed);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_response(rd_kafka_t *rk, int fd, const char *broker,
                                       int32_t broker_id, int16_t api, int16_t version,
                                       int32_t correlation, size_t size, int64_t rtt,
                                       rd_kafka_resp_err_t code, void *opaque)
{
    struct kafka_producer *p = opaque;
    (void)rk, (void)fd, (void)broker, (void)broker_id, (void)version, (void)correlation, (void)size;
    (void)rtt;

    if (code != RD_KAFKA_RESP_ERR__TIMED_OUT && code != RD_KAFKA_RESP_ERR__TRANSPORT)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    if (atomic_load_explicit(&p->sent, memory_order_relaxed) & bit_of(api))
        atomic_store_explicit(&p->is_tainted, true, memory_order_relaxed);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque,
                                  char *why, size_t why_size)
{
    (void)conf, (void)why, (void)why_size;
    rd_kafka_resp_err_t code =
        rd_kafka_interceptor_add_on_request_sent(rk, "weir", on_request_sent, opaque);
    return code ? code
                : rd_kafka_interceptor_add_on_response_received(rk, "weir", on_response, opaque);
}

/* A call of these requests timed out. */
static void taint_if_sent(struct kafka_producer *p, uint32_t requests)
{
    if (atomic_load_explicit(&p->sent, memory_order_relaxed) & requests)
        atomic_store_explicit(&p->is_tainted, true, memory_order_relaxed);
}

bool kafka_producer_is_tainted(const struct kafka_producer *p)
{
    return !p->o.without_taint && atomic_load_explicit(&p->is_tainted, memory_order_relaxed);
}

/* ---- callbacks in the owner's thread ------------------------------------------------------- */

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct kafka_producer *p = opaque;
    (void)rk;

    bool is_purged =
        m->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || m->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
    if (!m->err || is_purged)
        return;
    uint64_t number = (uint64_t)(uintptr_t)m->_private;
    if (p->has_refused && p->refused <= number)
        return;
    /* Its sequence number is a hole: 2.0.2 aborts each later transaction too ("skipped sequence
     * numbers"), so this client has to go. */
    atomic_store_explicit(&p->is_tainted, true, memory_order_relaxed);
    p->has_refused = true;
    p->refused = number;
    p->is_too_large = m->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    struct weir_err why;
    (void)err_set(&why, WEIR_IO, "%s: %s", m->rkt ? rd_kafka_topic_name(m->rkt) : "?",
                  rd_kafka_err2str(m->err));
    memcpy(p->refused_why, why.text, sizeof p->refused_why - 1);
    p->refused_why[sizeof p->refused_why - 1] = 0;
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kafka_producer *p = opaque;

    kafka_troubles_of(&p->troubles, rk, code, reason);
}

bool kafka_producer_refused(const struct kafka_producer *p, uint64_t *number, bool *too_large)
{
    if (!p->has_refused)
        return false;
    *number = p->refused;
    *too_large = p->is_too_large;
    return true;
}

/* ---- life ---------------------------------------------------------------------------------- */

/* retry.backoff.ms: while the last transaction's markers are written the coordinator answers
 * CONCURRENT_TRANSACTIONS, and librdkafka asks again after so long: 100, its default, makes a
 * transaction take 102 ms, 2 a few. */
static const struct kafka_setting defaults[] = {
    {"retry.backoff.ms", "2"},
    {"linger.ms", "2"},
    {"socket.nagle.disable", "true"},
    {"transaction.timeout.ms", "10000"},
    {"compression.type", "gzip"},
    {"reconnect.backoff.max.ms", "2000"},
    {NULL, NULL},
};

static enum weir_rc open_client(struct kafka_producer *p, struct weir_err *err)
{
    const struct kafka_setting insisted[] = {
        {"enable.idempotence", "true"},
        {p->transactional_id ? "transactional.id" : NULL, p->transactional_id},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;

    TRY(kafka_client_conf(p->o.common, p->o.own, defaults, insisted, &conf, err));
    rd_kafka_conf_set_opaque(conf, p);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    (void)rd_kafka_conf_interceptor_add_on_new(conf, "weir", on_new, p);
    return kafka_client_new(RD_KAFKA_PRODUCER, conf, &p->rk, err);
}

static void close_client(struct kafka_producer *p)
{
    if (!p->rk)
        return;
    for (size_t i = 0; i < p->o.n_topics; i++)
        if (p->topics[i])
            rd_kafka_topic_destroy(p->topics[i]);
    memset(p->topics, 0, p->o.n_topics * sizeof(rd_kafka_topic_t *));
    (void)rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_poll(p->rk, 0);
    rd_kafka_destroy(p->rk);
    p->rk = NULL;
}

enum weir_rc kafka_producer_new(const struct kafka_producer_options *o, struct kafka_producer **out,
                                struct weir_err *err)
{
    struct kafka_producer *p = calloc(1, sizeof *p);

    ASSERT(p);
    p->o = *o;
    kafka_troubles_init(&p->troubles);
    if (p->o.call_ms == 0)
        p->o.call_ms = KAFKA_CALL_MS;
    p->topics = calloc(o->n_topics + 1, sizeof(rd_kafka_topic_t *));
    ASSERT(p->topics);
    p->transactional_id = o->transactional_id.n > 0 ? kafka_text(o->transactional_id) : NULL;
    enum weir_rc rc = open_client(p, err);
    if (rc != WEIR_OK) {
        kafka_producer_free(p);
        return rc;
    }
    *out = p;
    return WEIR_OK;
}

void kafka_producer_free(struct kafka_producer *p)
{
    if (!p)
        return;
    close_client(p);
    free(p->topics);
    kafka_troubles_release(&p->troubles);
    free(p->transactional_id);
    free(p);
}

enum weir_rc kafka_producer_renew(struct kafka_producer *p, struct weir_err *err)
{
    close_client(p);
    atomic_store_explicit(&p->sent, 0, memory_order_relaxed);
    atomic_store_explicit(&p->is_tainted, false, memory_order_relaxed);
    p->n_produced = 0;
    p->has_refused = false;
    return open_client(p, err);
}

/* ---- outcomes ------------------------------------------------------------------------------ */

static bool is_denied(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
}

static bool is_fenced(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

/* A timeout says little; what the client has met meanwhile (a refused connection, a wrong
 * password) says why. */
static enum kafka_outcome timed_out(struct kafka_producer *p, const char *call,
                                    struct weir_err *err)
{
    rd_kafka_poll(p->rk, 0);
    if (!kafka_troubles_last(&p->troubles, err))
        (void)err_set(err, WEIR_IO, "kafka: %s takes longer than %u ms", call, p->o.call_ms);
    return KAFKA_AGAIN;
}

/* Takes e over, NULL: fine. */
static enum kafka_outcome outcome(struct kafka_producer *p, const char *call, uint32_t requests,
                                  rd_kafka_error_t *e, struct weir_err *err)
{
    if (!e)
        return KAFKA_DONE;
    rd_kafka_resp_err_t code = rd_kafka_error_code(e);
    bool is_fatal = rd_kafka_error_is_fatal(e), must_abort = rd_kafka_error_txn_requires_abort(e);
    bool is_timeout = code == RD_KAFKA_RESP_ERR__TIMED_OUT;
    bool is_retriable = rd_kafka_error_is_retriable(e);
    char why[KAFKA_ERRSTR_MAX];

    (void)err_set(err, WEIR_IO, "kafka: %s: %s", call, rd_kafka_error_string(e));
    rd_kafka_error_destroy(e);
    if (is_timeout)
        taint_if_sent(p, requests);
    if (code == RD_KAFKA_RESP_ERR__FATAL)
        code = rd_kafka_fatal_error(p->rk, why, sizeof why);
    if (is_fenced(code) && !must_abort)
        return KAFKA_FENCED;
    if (must_abort)
        return KAFKA_ABORTABLE;
    if (is_denied(code))
        return KAFKA_DENIED;
    if (is_fatal)
        return KAFKA_FATAL;
    if (is_timeout)
        return timed_out(p, call, err);
    return is_retriable ? KAFKA_AGAIN : KAFKA_FATAL;
}

/* Within a transaction there is no KAFKA_DENIED: nothing of it can be told to stand. */
static enum kafka_outcome within(enum kafka_outcome o)
{
    return o == KAFKA_DENIED ? KAFKA_ABORTABLE : o;
}

/* ---- the start of a producer --------------------------------------------------------------- */

/* The first record for a topic that the client does not know waits a second for its partitions
 * otherwise. A topic that gives no answer in time is asked for again by the first record. */
static void learn_topics(struct kafka_producer *p)
{
    int64_t end = kafka_now_ms() + p->o.call_ms;

    for (size_t i = 0; i < p->o.n_topics; i++) {
        const struct rd_kafka_metadata *m;
        int64_t left = end - kafka_now_ms();

        if (!p->topics[i])
            p->topics[i] = rd_kafka_topic_new(p->rk, p->o.topics[i], NULL);
        if (p->topics[i] && left > 0 &&
            rd_kafka_metadata(p->rk, 0, p->topics[i], &m, (int)left) == RD_KAFKA_RESP_ERR_NO_ERROR)
            rd_kafka_metadata_destroy(m);
    }
}

enum kafka_outcome kafka_producer_init(struct kafka_producer *p, struct weir_err *err)
{
    enum kafka_outcome o = KAFKA_DONE;

    if (p->transactional_id)
        o = outcome(p, "init_transactions", OF_INIT,
                    rd_kafka_init_transactions(p->rk, (int)p->o.call_ms), err);
    if (o == KAFKA_DONE)
        learn_topics(p);
    return o;
}

enum kafka_outcome kafka_fence(const struct kafka_producer_options *o, struct weir_err *err)
{
    struct kafka_producer *p;
    struct kafka_producer_options alone = *o;
    int64_t end = kafka_now_ms() + KAFKA_FENCE_MS;
    enum kafka_outcome out;

    alone.topics = NULL;
    alone.n_topics = 0;
    if (kafka_producer_new(&alone, &p, err) != WEIR_OK)
        return KAFKA_FATAL;
    do
        out = kafka_producer_init(p, err);
    while (out == KAFKA_AGAIN && kafka_now_ms() < end);
    kafka_producer_free(p);
    return out;
}

/* ---- a transaction ------------------------------------------------------------------------- */

enum kafka_outcome kafka_producer_begin(struct kafka_producer *p, struct weir_err *err)
{
    atomic_store_explicit(&p->sent, 0, memory_order_relaxed);
    p->n_produced = 0;
    p->has_refused = false;
    if (!p->transactional_id)
        return KAFKA_DONE;
    return within(outcome(p, "begin_transaction", 0, rd_kafka_begin_transaction(p->rk), err));
}

static rd_kafka_topic_t *known_topic(const struct kafka_producer *p, const char *name)
{
    for (size_t i = 0; i < p->o.n_topics; i++)
        if (p->topics[i] && strcmp(p->o.topics[i], name) == 0)
            return p->topics[i];
    return NULL;
}

static rd_kafka_headers_t *headers_of(const struct kafka_record *r)
{
    if (r->n_headers == 0)
        return NULL;
    rd_kafka_headers_t *h = rd_kafka_headers_new(r->n_headers);
    for (size_t i = 0; i < r->n_headers; i++)
        (void)rd_kafka_header_add(h, r->headers[i].name, -1,
                                  r->headers[i].value.n > 0 ? r->headers[i].value.p : "",
                                  (ssize_t)r->headers[i].value.n);
    return h;
}

static enum kafka_outcome produce_outcome(struct kafka_producer *p, const struct kafka_record *r,
                                          rd_kafka_resp_err_t code, const char *why,
                                          struct weir_err *err)
{
    char fatal[KAFKA_ERRSTR_MAX];

    (void)err_set(err, WEIR_IO, "kafka: produce to %s: %s", r->topic, why);
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        return KAFKA_TOO_LARGE;
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        rd_kafka_poll(p->rk, QUEUE_FULL_WAIT_MS);
        return KAFKA_AGAIN;
    }
    rd_kafka_resp_err_t cause = rd_kafka_fatal_error(p->rk, fatal, sizeof fatal);
    if (is_fenced(cause))
        return KAFKA_FENCED;
    return cause ? KAFKA_FATAL : KAFKA_ABORTABLE;
}

enum kafka_outcome kafka_producer_produce(struct kafka_producer *p, const struct kafka_record *r,
                                          struct weir_err *err)
{
    rd_kafka_headers_t *headers = headers_of(r);
    rd_kafka_topic_t *topic = known_topic(p, r->topic);
    rd_kafka_vu_t v[6];
    size_t n = 0;

    if (topic)
        v[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic};
    else
        v[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = r->topic};
    v[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY};
    v[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_VALUE,
                             .u.mem = {.ptr = (void *)r->value.p, .size = r->value.n}};
    v[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_KEY,
                             .u.mem = {.ptr = (void *)r->key.p, .size = r->key.n}};
    v[n++] =
        (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)(uintptr_t)p->n_produced};
    if (headers)
        v[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers};

    rd_kafka_error_t *e = rd_kafka_produceva(p->rk, v, n);
    if (!e) { /* the headers are librdkafka's now */
        p->n_produced++;
        return KAFKA_DONE;
    }
    if (headers)
        rd_kafka_headers_destroy(headers);
    enum kafka_outcome o =
        produce_outcome(p, r, rd_kafka_error_code(e), rd_kafka_error_string(e), err);
    rd_kafka_error_destroy(e);
    return o;
}

static rd_kafka_topic_partition_list_t *list_of(const struct kafka_offset *offsets, size_t n)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);

    for (size_t i = 0; i < n; i++) {
        rd_kafka_topic_partition_t *t =
            rd_kafka_topic_partition_list_add(list, offsets[i].topic, offsets[i].partition);
        t->offset = offsets[i].offset;
        /* the list frees it, with free() */
        t->metadata = offsets[i].metadata.n > 0 ? kafka_text(offsets[i].metadata) : NULL;
        t->metadata_size = offsets[i].metadata.n;
    }
    return list;
}

static enum kafka_outcome commit_plainly(const struct kafka_consumer *group,
                                         rd_kafka_topic_partition_list_t *list,
                                         struct weir_err *err)
{
    rd_kafka_resp_err_t code = rd_kafka_commit(group->group, list, 0);

    if (!code)
        return KAFKA_DONE;
    (void)err_set(err, WEIR_IO, "kafka: commit of offsets: %s", rd_kafka_err2str(code));
    return KAFKA_ABORTABLE;
}

enum kafka_outcome kafka_producer_send_offsets(struct kafka_producer *p,
                                               const struct kafka_consumer *group,
                                               const struct kafka_offset *offsets, size_t n,
                                               struct weir_err *err)
{
    if (n == 0)
        return KAFKA_DONE;
    rd_kafka_consumer_group_metadata_t *m = kafka_consumer_generation(group);
    if (!m) {
        (void)err_set(err, WEIR_IO, "kafka: send_offsets: the partitions are not owned any more");
        return KAFKA_ABORTABLE;
    }
    rd_kafka_topic_partition_list_t *list = list_of(offsets, n);
    enum kafka_outcome o;

    if (p->transactional_id)
        o = within(outcome(p, "send_offsets", OF_OFFSETS,
                           rd_kafka_send_offsets_to_transaction(p->rk, list, m, (int)p->o.call_ms),
                           err));
    else
        o = commit_plainly(group, list, err);
    rd_kafka_consumer_group_metadata_destroy(m);
    rd_kafka_topic_partition_list_destroy(list);
    return o;
}

static enum kafka_outcome flush_plainly(struct kafka_producer *p, struct weir_err *err)
{
    if (rd_kafka_flush(p->rk, (int)p->o.call_ms) == RD_KAFKA_RESP_ERR__TIMED_OUT)
        return timed_out(p, "flush", err);
    if (!p->has_refused)
        return KAFKA_DONE;
    (void)err_set(err, WEIR_IO, "kafka: a record was refused: %s", p->refused_why);
    return KAFKA_ABORTABLE;
}

enum kafka_outcome kafka_producer_commit(struct kafka_producer *p, struct weir_err *err)
{
    if (!p->transactional_id)
        return flush_plainly(p, err);
    enum kafka_outcome o = within(
        outcome(p, "commit", OF_END, rd_kafka_commit_transaction(p->rk, (int)p->o.call_ms), err));
    if (o == KAFKA_ABORTABLE && p->has_refused)
        (void)err_set(err, WEIR_IO, "kafka: a record was refused: %s", p->refused_why);
    return o;
}

enum kafka_outcome kafka_producer_abort(struct kafka_producer *p, struct weir_err *err)
{
    if (!p->transactional_id)
        return KAFKA_DONE;
    return within(
        outcome(p, "abort", OF_END, rd_kafka_abort_transaction(p->rk, (int)p->o.call_ms), err));
}
