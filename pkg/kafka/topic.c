/* topic.c - what a broker says about topics: metadata first, then configuration by the admin
 * interface.
 *
 * The client is a consumer without a group: asked about a topic that does not exist, a producer
 * would make it where the broker allows that.
 */
#include "kafka/topic.h"

#include "base/str.h"
#include "base/vec.h"
#include "kafka/client.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* librdkafka tells the same error again after 30 s; nobody asks for longer than that. */
enum { ASK_PIECE_MS = 1000, ADMIN_FRESH_MS = 60 * 1000 };

struct kafka_admin {
    rd_kafka_t *rk;
    struct kafka_troubles troubles;
    bool is_refused; /* a broker does not let us in: waiting does not help */
};

struct found { /* of one kafka_admin_describe() */
    struct arena *arena;
    struct kafka_topic *items;
    size_t n, cap;
};

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kafka_admin *a = opaque;

    if (code == RD_KAFKA_RESP_ERR__FATAL || kafka_is_trouble((rd_kafka_resp_err_t)code))
        kafka_troubles_of(&a->troubles, rk, code, reason);
    a->is_refused = a->is_refused || code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
                    code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED ||
                    code == RD_KAFKA_RESP_ERR__SSL || code == RD_KAFKA_RESP_ERR__RESOLVE;
}

enum weir_rc kafka_admin_new(const struct kafka_props *common, struct kafka_admin **out,
                             struct weir_err *err)
{
    static const struct kafka_setting defaults[] = {
        {"socket.nagle.disable", "true"},
        {"reconnect.backoff.max.ms", "1000"},
        {NULL, NULL},
    };
    static const struct kafka_setting insisted[] = {
        {"allow.auto.create.topics", "false"},
        {NULL, NULL},
    };
    struct kafka_admin *a = calloc(1, sizeof *a);
    rd_kafka_conf_t *conf;

    ASSERT(a);
    kafka_troubles_init(&a->troubles);
    a->troubles.fresh_ms = ADMIN_FRESH_MS;
    enum weir_rc rc = kafka_client_conf(common, NULL, defaults, insisted, &conf, err);
    if (rc == WEIR_OK) {
        rd_kafka_conf_set_opaque(conf, a);
        rd_kafka_conf_set_error_cb(conf, on_error);
        rc = kafka_client_new(RD_KAFKA_CONSUMER, conf, &a->rk, err);
    }
    if (rc != WEIR_OK) {
        free(a);
        return rc;
    }
    *out = a;
    return WEIR_OK;
}

void kafka_admin_free(struct kafka_admin *a)
{
    if (!a)
        return;
    rd_kafka_destroy(a->rk);
    kafka_troubles_release(&a->troubles);
    free(a);
}

static enum weir_rc failed(struct kafka_admin *a, const char *what, rd_kafka_resp_err_t code,
                           struct weir_err *err)
{
    while (rd_kafka_poll(a->rk, 0) > 0) {
    }
    return kafka_troubles_why(&a->troubles, code, what, err);
}

/* ---- metadata ------------------------------------------------------------------------------ */

static bool is_known(const struct found *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->items[i].name, str_from(name)))
            return true;
    return false;
}

static void add(struct found *f, const char *name, const struct rd_kafka_metadata_topic *t)
{
    if (is_known(f, name))
        return;
    f->items = vec_room(f->arena, f->items, f->n, &f->cap, sizeof *f->items);
    f->items[f->n++] = (struct kafka_topic){
        .name = arena_str(f->arena, str_from(name)),
        .exists = t && t->err == RD_KAFKA_RESP_ERR_NO_ERROR,
        .is_denied = t && t->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        .n_partitions = t ? (uint32_t)t->partition_cnt : 0,
        .retention_ms = INT64_MIN,
        .max_message_bytes = INT64_MIN,
    };
}

static bool is_absent(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
}

/* rd_kafka_metadata() in pieces: whoever is refused need not wait for the end. */
static rd_kafka_resp_err_t ask(struct kafka_admin *a, rd_kafka_topic_t *topic, uint32_t ms,
                               const struct rd_kafka_metadata **out)
{
    int64_t end = kafka_now_ms() + ms, left = ms;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;

    a->is_refused = false;
    while (left > 0 && !a->is_refused) {
        code = rd_kafka_metadata(a->rk, topic == NULL, topic, out,
                                 (int)(left < ASK_PIECE_MS ? left : ASK_PIECE_MS));
        if (code != RD_KAFKA_RESP_ERR__TIMED_OUT && code != RD_KAFKA_RESP_ERR__TRANSPORT)
            return code;
        (void)rd_kafka_poll(a->rk, 0);
        left = end - kafka_now_ms();
    }
    return code;
}

/* Names other than those that are absent or denied and still give an error (no leader yet, an
 * invalid name) are errors. */
static enum weir_rc add_named(struct kafka_admin *a, const char *name, uint32_t ms, struct found *f,
                              struct weir_err *err)
{
    const struct rd_kafka_metadata *m;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(a->rk, name, NULL);

    if (!topic)
        return err_set(err, WEIR_BADARG, "kafka: '%s' is no name of a topic", name);
    rd_kafka_resp_err_t code = ask(a, topic, ms, &m);
    rd_kafka_topic_destroy(topic);
    if (code)
        return failed(a, name, code, err);
    const struct rd_kafka_metadata_topic *t = m->topic_cnt == 1 ? &m->topics[0] : NULL;
    code = t ? t->err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    bool is_fine = !code || is_absent(code) || code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    if (is_fine)
        add(f, name, t);
    rd_kafka_metadata_destroy(m);
    return is_fine ? WEIR_OK : failed(a, name, code, err);
}

static enum weir_rc add_pattern(struct kafka_admin *a, const char *pattern, uint32_t ms,
                                struct found *f, struct weir_err *err)
{
    const struct rd_kafka_metadata *m;
    regex_t re;

    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0) /* as librdkafka does */
        return err_set(err, WEIR_BADARG, "kafka: '%s' is no pattern (extended POSIX)", pattern);
    rd_kafka_resp_err_t code = ask(a, NULL, ms, &m);
    if (code) {
        regfree(&re);
        return failed(a, pattern, code, err);
    }
    for (int i = 0; i < m->topic_cnt; i++)
        if (regexec(&re, m->topics[i].topic, 0, NULL, 0) == 0)
            add(f, m->topics[i].topic, &m->topics[i]);
    rd_kafka_metadata_destroy(m);
    regfree(&re);
    return WEIR_OK;
}

/* ---- configuration ------------------------------------------------------------------------- */

static void take_entry(struct kafka_topic *t, struct str name, struct str value)
{
    if (str_eq(name, STR("retention.ms")))
        (void)str_to_i64(value, &t->retention_ms);
    else if (str_eq(name, STR("max.message.bytes")))
        (void)str_to_i64(value, &t->max_message_bytes);
    else if (str_eq(name, STR("message.timestamp.type")))
        t->is_append_time = str_eq(value, STR("LogAppendTime"));
    if (!str_eq(name, STR("cleanup.policy")))
        return;
    t->is_compacted = str_find(value, STR("compact"), 0) != SIZE_MAX;
    t->is_deleted = str_find(value, STR("delete"), 0) != SIZE_MAX;
}

static void take_resource(struct found *f, const rd_kafka_ConfigResource_t *resource)
{
    size_t n;
    struct str name = str_from(rd_kafka_ConfigResource_name(resource));
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &n);

    if (rd_kafka_ConfigResource_error(resource))
        return; /* no right: INT64_MIN stays */
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < n && str_eq(f->items[i].name, name); k++)
            take_entry(&f->items[i], str_from(rd_kafka_ConfigEntry_name(entries[k])),
                       str_from(rd_kafka_ConfigEntry_value(entries[k])));
}

/* The answer to an admin request, NULL: none in time. */
static rd_kafka_event_t *wait_answer(rd_kafka_queue_t *q, rd_kafka_event_type_t type, uint32_t ms)
{
    int64_t end = kafka_now_ms() + ms, left;

    while ((left = end - kafka_now_ms()) > 0) {
        rd_kafka_event_t *e = rd_kafka_queue_poll(q, (int)left);
        if (e && rd_kafka_event_type(e) == type)
            return e;
        if (e)
            rd_kafka_event_destroy(e);
    }
    return NULL;
}

static rd_kafka_AdminOptions_t *admin_options(rd_kafka_t *rk, rd_kafka_admin_op_t op, uint32_t ms)
{
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, op);

    (void)rd_kafka_AdminOptions_set_request_timeout(o, (int)ms, NULL, 0);
    return o;
}

/* Takes e over. Without an answer, or with a refusal of all, the configuration is not known. */
static void take_configs(struct found *f, rd_kafka_event_t *e)
{
    size_t n;

    if (!e)
        return;
    if (!rd_kafka_event_error(e)) {
        const rd_kafka_ConfigResource_t **resources =
            rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(e), &n);
        for (size_t i = 0; i < n; i++)
            take_resource(f, resources[i]);
    }
    rd_kafka_event_destroy(e);
}

static void describe_configs(struct kafka_admin *a, struct found *f, uint32_t ms)
{
    rd_kafka_ConfigResource_t **list = ARENA_ARRAY(f->arena, f->n + 1, rd_kafka_ConfigResource_t *);
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        if (f->items[i].exists)
            list[n++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, f->items[i].name.p);
    if (n == 0)
        return;
    rd_kafka_queue_t *q = rd_kafka_queue_new(a->rk);
    rd_kafka_AdminOptions_t *o = admin_options(a->rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, ms);
    rd_kafka_DescribeConfigs(a->rk, list, n, o, q);
    take_configs(f, wait_answer(q, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT, ms));
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_queue_destroy(q);
    rd_kafka_ConfigResource_destroy_array(list, n);
}

enum weir_rc kafka_admin_describe(struct kafka_admin *a, const char *const *names, size_t n,
                                  uint32_t ms, struct arena *arena, struct kafka_topic **out,
                                  size_t *n_out, struct weir_err *err)
{
    struct found f = {.arena = arena};

    for (size_t i = 0; i < n; i++) {
        if (names[i][0] == '^')
            TRY(add_pattern(a, names[i], ms, &f, err));
        else
            TRY(add_named(a, names[i], ms, &f, err));
    }
    describe_configs(a, &f, ms);
    *out = f.items;
    *n_out = f.n;
    return WEIR_OK;
}

/* ---- creation ------------------------------------------------------------------------------ */

static enum weir_rc created(struct kafka_admin *a, const char *name, rd_kafka_event_t *e,
                            struct weir_err *err)
{
    size_t n;

    if (!e)
        return failed(a, name, RD_KAFKA_RESP_ERR__TIMED_OUT, err);
    if (rd_kafka_event_error(e))
        return failed(a, name, rd_kafka_event_error(e), err);
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(e), &n);
    rd_kafka_resp_err_t code =
        n == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
    if (!code || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return WEIR_OK;
    if (kafka_is_trouble(code))
        return failed(a, name, code, err);
    return err_set(err, WEIR_IO, "kafka: topic '%s' cannot be created: %s", name,
                   n == 1 ? rd_kafka_topic_result_error_string(results[0]) : "no result");
}

enum weir_rc kafka_admin_create(struct kafka_admin *a, const struct kafka_topic_wish *w,
                                uint32_t ms, struct weir_err *err)
{
    char why[KAFKA_ERRSTR_MAX];
    rd_kafka_NewTopic_t *t =
        rd_kafka_NewTopic_new(w->name, w->n_partitions ? (int)w->n_partitions : -1,
                              w->replication ? (int)w->replication : -1, why, sizeof why);

    if (!t)
        return err_set(err, WEIR_BADARG, "kafka: topic '%s': %s", w->name, why);
    for (size_t i = 0; w->configs && w->configs[i]; i += 2)
        (void)rd_kafka_NewTopic_set_config(t, w->configs[i], w->configs[i + 1]);
    rd_kafka_queue_t *q = rd_kafka_queue_new(a->rk);
    rd_kafka_AdminOptions_t *o = admin_options(a->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS, ms);
    (void)rd_kafka_AdminOptions_set_operation_timeout(o, (int)ms, NULL, 0);
    rd_kafka_CreateTopics(a->rk, &t, 1, o, q);
    rd_kafka_event_t *e = wait_answer(q, RD_KAFKA_EVENT_CREATETOPICS_RESULT, ms);
    enum weir_rc rc = created(a, w->name, e, err);

    if (e)
        rd_kafka_event_destroy(e);
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_queue_destroy(q);
    rd_kafka_NewTopic_destroy(t);
    return rc;
}
