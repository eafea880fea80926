/* client.c - configuration, log lines and troubles of librdkafka clients. */
#include "kafka/client.h"

#include "base/hash.h"
#include "base/str.h"

#include <openssl/x509_vfy.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- log lines ------------------------------------------------------------------------------- */

/* release and acquire: whatever the logger uses was made before it was set */
static _Atomic(kafka_log_fn *) logger;

void kafka_set_logger(kafka_log_fn *fn)
{
    atomic_store_explicit(&logger, fn, memory_order_release);
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    kafka_log_fn *fn = atomic_load_explicit(&logger, memory_order_acquire);

    (void)rk;
    if (fn)
        fn(level, facility, text);
}

/* ---- certificates ---------------------------------------------------------------------------- */

/* Why the last broker's certificate was not accepted: librdkafka tells expired ones, other names
 * and strange authorities in the same words. Of the process, for brokers mostly share what is
 * wrong. relaxed: a number for people. */
static _Atomic int certificate_error;

/* The verdict stays OpenSSL's. */
static int on_certificate(UNUSED rd_kafka_t *rk, UNUSED const char *broker_name,
                          UNUSED int32_t broker_id, int *x509_error, UNUSED int depth,
                          UNUSED const char *buf, UNUSED size_t size, UNUSED char *errstr,
                          UNUSED size_t errstr_size, UNUSED void *opaque)
{
    if (*x509_error == X509_V_OK)
        return 1;
    atomic_store_explicit(&certificate_error, *x509_error, memory_order_relaxed);
    return 0;
}

/* ---- configuration --------------------------------------------------------------------------- */

char *kafka_text(struct str s)
{
    char *z = malloc(s.n + 1);

    ASSERT(z);
    if (s.n > 0)
        memcpy(z, s.p, s.n);
    z[s.n] = 0;
    return z;
}

static enum weir_rc set(rd_kafka_conf_t *conf, const char *name, const char *value,
                        struct weir_err *err)
{
    char why[KAFKA_ERRSTR_MAX];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return WEIR_OK;
    if (kafka_prop_is_secret(str_from(name)))
        return err_set(err, WEIR_BADARG, "kafka property %s: librdkafka refuses its value", name);
    return err_set(err, WEIR_BADARG, "kafka property %s: %s", name, why);
}

static enum weir_rc set_list(rd_kafka_conf_t *conf, const struct kafka_setting *list,
                             struct weir_err *err)
{
    for (; list->name; list++)
        TRY(set(conf, list->name, list->value, err));
    return WEIR_OK;
}

static enum weir_rc set_props(rd_kafka_conf_t *conf, const struct kafka_props *props,
                              struct weir_err *err)
{
    enum weir_rc rc = WEIR_OK;

    for (size_t i = 0; props && i < props->n && rc == WEIR_OK; i++) {
        char *name = kafka_text(props->items[i].name), *value = kafka_text(props->items[i].value);
        rc = set(conf, name, value, err);
        free(name);
        free(value);
    }
    return rc;
}

static enum weir_rc fill(rd_kafka_conf_t *conf, const struct kafka_props *common,
                         const struct kafka_props *own, const struct kafka_setting *defaults,
                         const struct kafka_setting *insisted, struct weir_err *err)
{
    TRY(set_list(conf, defaults, err));
    TRY(set_props(conf, common, err));
    TRY(set_props(conf, own, err));
    return set_list(conf, insisted, err);
}

enum weir_rc kafka_client_conf(const struct kafka_props *common, const struct kafka_props *own,
                               const struct kafka_setting *defaults,
                               const struct kafka_setting *insisted, rd_kafka_conf_t **out,
                               struct weir_err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    enum weir_rc rc = fill(conf, common, own, defaults, insisted, err);

    if (rc != WEIR_OK) {
        rd_kafka_conf_destroy(conf);
        return rc;
    }
    rd_kafka_conf_set_log_cb(conf, on_log);
    (void)rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate); /* fails without TLS */
    *out = conf;
    return WEIR_OK;
}

enum weir_rc kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **out,
                              struct weir_err *err)
{
    char why[KAFKA_ERRSTR_MAX];
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);

    if (!rk) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, WEIR_BADARG, "kafka: %s", why);
    }
    *out = rk;
    return WEIR_OK;
}

/* ---- troubles -------------------------------------------------------------------------------- */

int64_t kafka_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct trouble {
    rd_kafka_resp_err_t code;
    const char *what, *hint;
};

static const struct trouble troubles[] = {
    {RD_KAFKA_RESP_ERR__TRANSPORT, "broker out of reach", "is it up, and the address right?"},
    {RD_KAFKA_RESP_ERR__RESOLVE, "name of a broker not found", "bootstrap.servers, DNS"},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "no broker within reach", "bootstrap.servers, network"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, "authentication failed",
     "sasl.mechanism, sasl.username, the password"},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, "authentication failed",
     "sasl.mechanism, sasl.username, the password"},
    {RD_KAFKA_RESP_ERR__SSL, "TLS failed", "security.protocol, ssl.ca.location, the certificate"},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "no such topic or partition",
     "is the name right, does it exist?"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, "no such topic", "is the name right, does it exist?"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, "no such partition", "was the topic deleted?"},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "no right to use the topic",
     "ACLs Describe, and Read for input, Write for output, Create to make it"},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "no right to use the consumer group",
     "ACL Read on the group"},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
     "no right to use the transactional id", "ACLs Write and Describe on weir-GROUP-*"},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "no right on the cluster",
     "ACL IdempotentWrite or Write on the transactional id"},
    {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, "the group took this member out", "a stalled worker"},
    {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "another member has this group.instance.id",
     "two workers with one slot?"},
    {RD_KAFKA_RESP_ERR__FENCED, "another producer has this transactional id",
     "two workers with one slot?"},
};

static const struct trouble *trouble_of(rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < ARRAY_LEN(troubles); i++)
        if (troubles[i].code == code)
            return &troubles[i];
    return NULL;
}

bool kafka_is_trouble(rd_kafka_resp_err_t code)
{
    return trouble_of(code) != NULL;
}

void kafka_trouble_text(rd_kafka_resp_err_t code, const char *reason, struct weir_err *err)
{
    const struct trouble *t = trouble_of(code);
    int why = atomic_load_explicit(&certificate_error, memory_order_relaxed);
    const char *end = strstr(reason, ": ");
    /* `(after 301ms in state AUTH_REQ, 1 identical error(s) suppressed)` makes each another text */
    size_t n = str_find(str_from(reason), STR(" (after "), 0);

    if (n > KAFKA_ERRSTR_MAX)
        n = strnlen(reason, KAFKA_ERRSTR_MAX);
    if (why && end && strstr(reason, "certificate verify failed"))
        (void)err_set(err, WEIR_IO,
                      "kafka: TLS failed: %.*s: the broker's certificate is not accepted: %s "
                      "(ssl.ca.location, the certificate)",
                      (int)(end - reason), reason, X509_verify_cert_error_string(why));
    else if (!t)
        (void)err_set(err, WEIR_IO, "kafka: %s: %.*s", rd_kafka_err2name(code), (int)n, reason);
    else
        (void)err_set(err, WEIR_IO, "kafka: %s: %.*s (%s)", t->what, (int)n, reason, t->hint);
}

/* The reason up to the second colon of `host:port/id: what` names who; times and addresses that
 * follow change with each attempt. */
static uint64_t mark_of(rd_kafka_resp_err_t code, const char *reason)
{
    const char *end = strstr(reason, ": ");
    size_t n = end ? (size_t)(end - reason) : strlen(reason);

    return hash_bytes(reason, n) ^ (uint64_t)(int64_t)code;
}

void kafka_troubles_init(struct kafka_troubles *t)
{
    pthread_mutex_init(&t->lock, NULL);
    t->fresh_ms = KAFKA_TROUBLE_FRESH_MS;
}

void kafka_troubles_release(struct kafka_troubles *t)
{
    pthread_mutex_destroy(&t->lock);
}

static bool is_fresh(const struct kafka_troubles *t)
{
    return t->last.text[0] && t->last_ms + t->fresh_ms >= kafka_now_ms();
}

/* Lock: held. Told if the same was not told lately. One waits at a time: what comes before it was
 * taken is likely its consequence, and comes again. */
static void tell(struct kafka_troubles *t, uint64_t mark)
{
    size_t oldest = 0;

    for (size_t i = 0; i < KAFKA_TROUBLES_MAX; i++) {
        if (t->seen[i].mark == mark && t->seen[i].told_ms + KAFKA_TROUBLE_REPEAT_MS > t->last_ms)
            return;
        if (t->seen[i].told_ms < t->seen[oldest].told_ms)
            oldest = i;
    }
    if (t->is_pending)
        return;
    t->seen[oldest].mark = mark;
    t->seen[oldest].told_ms = t->last_ms;
    t->is_pending = true;
    t->pending = t->last;
}

void kafka_troubles_note(struct kafka_troubles *t, rd_kafka_resp_err_t code, const char *reason)
{
    pthread_mutex_lock(&t->lock);
    /* That all are down follows from what befell each, which says more. */
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !is_fresh(t)) {
        kafka_trouble_text(code, reason, &t->last);
        t->last_ms = kafka_now_ms();
        tell(t, mark_of(code, reason));
    }
    pthread_mutex_unlock(&t->lock);
}

bool kafka_troubles_last(struct kafka_troubles *t, struct weir_err *err)
{
    pthread_mutex_lock(&t->lock);
    bool has = is_fresh(t);
    if (has && err)
        *err = t->last;
    pthread_mutex_unlock(&t->lock);
    return has;
}

bool kafka_troubles_take(struct kafka_troubles *t, struct weir_err *err)
{
    pthread_mutex_lock(&t->lock);
    bool has = t->is_pending;
    t->is_pending = false;
    if (has && err)
        *err = t->pending;
    pthread_mutex_unlock(&t->lock);
    return has;
}

enum weir_rc kafka_troubles_why(struct kafka_troubles *t, rd_kafka_resp_err_t code,
                                const char *what, struct weir_err *err)
{
    bool is_vague =
        code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE ||
        code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
        code == RD_KAFKA_RESP_ERR__WAIT_COORD;

    if (is_vague && kafka_troubles_last(t, err))
        return WEIR_IO;
    if (kafka_is_trouble(code))
        kafka_trouble_text(code, what, err);
    else
        (void)err_set(err, WEIR_IO, "kafka: %s: %s", what, rd_kafka_err2str(code));
    return WEIR_IO;
}

void kafka_troubles_of(struct kafka_troubles *t, rd_kafka_t *rk, int code, const char *reason)
{
    char why[KAFKA_ERRSTR_MAX];

    /* A broker may close a connection that works (idle, a restart). If it stays away, connecting
     * again tells. */
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT && strstr(reason, "Disconnected") &&
        strstr(reason, "in state UP"))
        return;
    if (code == RD_KAFKA_RESP_ERR__FATAL)
        kafka_troubles_note(t, rd_kafka_fatal_error(rk, why, sizeof why), why);
    else
        kafka_troubles_note(t, (rd_kafka_resp_err_t)code, reason);
}
