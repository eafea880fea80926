/* props.c - which properties of librdkafka a user may pass through.
 *
 * librdkafka itself says which names and values there are: each is tried on a configuration that
 * is thrown away.
 */
#include "kafka/props.h"

#include "base/str.h"
#include "base/vec.h"
#include "kafka/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names that weir owns -------------------------------------------------------------------- */

static const struct {
    const char *name, *why;
} owned[] = {
    {"transactional.id", "made of the group and the slot: an owner of a slot fences the last one"},
    {"group.id", "it is the key group.name"},
    {"group.instance.id", "made of the slot"},
    {"enable.auto.commit", "offsets are committed in the transaction of their alerts"},
    {"auto.commit.enable", "offsets are committed in the transaction of their alerts"},
    {"auto.commit.interval.ms", "offsets are committed in the transaction of their alerts"},
    {"enable.auto.offset.store", "offsets are committed in the transaction of their alerts"},
    {"isolation.level", "aborted records must never be read"},
    {"auto.offset.reset",
     "where a new partition starts is the key `start` of an input; elsewhere a "
     "jump would lose events"},
    {"enable.idempotence", "transactions need it"},
    {"enable.gapless.guarantee", "transactions need their own setting"},
    {"acks", "transactions need all"},
    {"request.required.acks", "transactions need all"},
    {"max.in.flight", "transactions keep it at 5 or below"},
    {"max.in.flight.requests.per.connection", "transactions keep it at 5 or below"},
    {"enable.partition.eof", "weir needs to know where a partition ends"},
    {"group.protocol.type", "it is a consumer group"},
    {"allow.auto.create.topics", "a misspelt topic must be an error"},
    {"offset.store.method", "offsets are committed in the transaction of their alerts"},
    {"consume.callback.max.messages", "weir uses no callbacks for records"},
    {"plugin.library.paths", "code from elsewhere is not loaded"},
    {"log.queue", "log lines are weir's"},
    {"dr_msg_cb", "weir sets it"},
    {"test.mock.num.brokers", "no real broker would be used"},
};

static enum weir_rc refuse_owned(struct str name, struct weir_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        if (str_eq(name, str_from(owned[i].name)))
            return err_set(err, WEIR_BADARG, "kafka property %s is set by weir: %s", owned[i].name,
                           owned[i].why);
    if (str_ends(name, STR("_cb")) || str_eq(name, STR("opaque")) ||
        str_eq(name, STR("default_topic_conf")) || str_eq(name, STR("interceptors")))
        return err_set(err, WEIR_BADARG, "kafka property %.*s is set by weir: it is a pointer",
                       (int)name.n, name.p);
    return WEIR_OK;
}

static enum weir_rc refuse_assignor(struct str name, struct str value, struct weir_err *err)
{
    if (!str_eq(name, STR("partition.assignment.strategy")) || str_eq(value, STR("range")) ||
        str_eq(value, STR("roundrobin")))
        return WEIR_OK;
    return err_set(err, WEIR_BADARG,
                   "kafka property partition.assignment.strategy: range or roundrobin, not '%.*s' "
                   "(the others lose records with this librdkafka)",
                   (int)value.n, value.p);
}

/* ---- names that librdkafka does not know --------------------------------------------------- */

enum { NAMES_MAX = 512 };

/* librdkafka's own table of properties, as text: a line each, the name before the first blank. Its
 * dumps of a configuration leave out what has no value, such as bootstrap.servers. */
static size_t known_names(struct str table, struct str *names)
{
    struct str line, name, rest;
    size_t n = 0;

    while (table.n && n < NAMES_MAX) {
        str_cut(table, '\n', &line, &table);
        if (!str_cut(line, ' ', &name, &rest) || !name.n ||
            str_find(line, STR(" | "), 0) == SIZE_MAX)
            continue;
        names[n++] = name;
    }
    return n;
}

static enum weir_rc refuse_unknown(struct str name, struct weir_err *err)
{
    struct str names[NAMES_MAX];
    struct str near = {"", 0};
    char *table = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&table, &n);

    if (out) {
        rd_kafka_conf_properties_show(out);
        fclose(out);
        near = str_nearest(name, names, known_names((struct str){table, n}, names));
    }
    if (near.n > 0)
        (void)err_set(err, WEIR_BADARG,
                      "kafka property %.*s: librdkafka %s has none of that name (did you mean "
                      "'%.*s'?)",
                      (int)name.n, name.p, rd_kafka_version_str(), (int)near.n, near.p);
    else
        (void)err_set(err, WEIR_BADARG, "kafka property %.*s: librdkafka %s has none of that name",
                      (int)name.n, name.p, rd_kafka_version_str());
    free(table);
    return WEIR_BADARG;
}

static enum weir_rc try_value(struct kafka_props *p, struct str name, struct str value,
                              struct weir_err *err)
{
    char why[KAFKA_ERRSTR_MAX];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    struct str z_name = arena_str(p->arena, name), z_value = arena_str(p->arena, value);
    rd_kafka_conf_res_t res = rd_kafka_conf_set(conf, z_name.p, z_value.p, why, sizeof why);

    rd_kafka_conf_destroy(conf);
    if (res == RD_KAFKA_CONF_OK)
        return WEIR_OK;
    if (res == RD_KAFKA_CONF_UNKNOWN)
        return refuse_unknown(name, err);
    if (kafka_prop_is_secret(name))
        return err_set(err, WEIR_BADARG, "kafka property %s: librdkafka refuses its value",
                       z_name.p);
    return err_set(err, WEIR_BADARG, "kafka property %s: %s", z_name.p, why);
}

/* ---- the list -------------------------------------------------------------------------------- */

enum weir_rc kafka_props_add(struct kafka_props *p, enum kafka_role role, struct str name,
                             struct str value, struct weir_err *err)
{
    (void)role; /* librdkafka takes and ignores what belongs to the other kind of client */
    if (name.n == 0 || memchr(name.p, 0, name.n) || (value.n > 0 && memchr(value.p, 0, value.n)))
        return err_set(err, WEIR_BADARG, "a kafka property has no name, or a NUL byte in it");
    TRY(refuse_owned(name, err));
    TRY(refuse_assignor(name, value, err));
    TRY(try_value(p, name, value, err));

    p->items = vec_room(p->arena, p->items, p->n, &p->cap, sizeof *p->items);
    p->items[p->n++] =
        (struct kafka_prop){.name = arena_str(p->arena, name), .value = arena_str(p->arena, value)};
    return WEIR_OK;
}

bool kafka_prop_is_secret(struct str name)
{
    static const char *const words[] = {"password", "secret",    ".key.pem",
                                        "_key",     "key.pem",   "oauthbearer.config",
                                        "token",    "jaas.conf", "certificate.pem"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_find(name, str_from(words[i]), 0) != SIZE_MAX)
            return true;
    return false;
}
