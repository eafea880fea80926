/* config_check.c - does what was set fit together? Errors point at the value that can be changed
 * most likely; what is doubtful, but works, is a warning. */
#include "worker/config_load.h"

#include <string.h>

#include "base/str.h"
#include "worker/config_value.h"

static struct config_origin origin_of(const struct config_loader *l, const char *path)
{
    const struct config_key *key = config_key_find(&config_keys, str_from(path));

    ASSERT(key);
    return l->origins->keys[key - config_keys.rows];
}

#define REFUSE(l, path, ...) \
    config_fail((l), WEIR_BADARG, origin_of((l), (path)), (path), __VA_ARGS__)

/* ---- topics --------------------------------------------------------------------------------- */

static enum weir_rc check_outputs(const struct config_loader *l)
{
    static const enum config_topic alone[] = {TOPIC_DEAD_LETTERS, TOPIC_STATE};
    const struct config *c = l->c;

    for (size_t i = 0; i < ARRAY_LEN(alone); i++)
        for (size_t k = 0; k < CONFIG_TOPICS; k++)
            if (k != (size_t)alone[i] && str_eq(c->topics[k], c->topics[alone[i]]))
                return REFUSE(l, config_topic_path(alone[i]),
                              "'%.*s' is also %s: this one must be a topic of its own",
                              (int)c->topics[k].n, c->topics[k].p,
                              config_topic_path((enum config_topic)k));
    return WEIR_OK;
}

static enum weir_rc check_loop(const struct config_loader *l, size_t input, const char *wanted)
{
    for (size_t k = 0; k < CONFIG_TOPICS; k++) {
        const char *own = arena_str(l->arena, l->c->topics[k]).p;
        if (!config_topic_matches(wanted, own))
            continue;
        if (wanted[0] == '^')
            return config_fail(l, WEIR_BADARG, l->origins->inputs[input], "inputs",
                               "the pattern '%s' takes %s, which weir writes to (%s)", wanted, own,
                               config_topic_path((enum config_topic)k));
        return config_fail(l, WEIR_BADARG, l->origins->inputs[input], "inputs",
                           "%s is a topic that weir writes to (%s)", own,
                           config_topic_path((enum config_topic)k));
    }
    return WEIR_OK;
}

static enum weir_rc check_twice(const struct config_loader *l, size_t input, const char *wanted)
{
    for (size_t i = 0; i <= input; i++) {
        const struct config_input *other = &l->c->inputs[i];
        for (size_t k = 0; k < other->n_topics; k++) {
            const char *topic = other->topics[k];
            if (topic == wanted)
                continue; /* itself */
            if (strcmp(topic, wanted) == 0)
                return config_fail(l, WEIR_BADARG, l->origins->inputs[input], "inputs",
                                   "'%s' is an input twice", wanted);
            bool is_pattern = topic[0] == '^';
            if (is_pattern == (wanted[0] == '^') ||
                !config_topic_matches(is_pattern ? topic : wanted, is_pattern ? wanted : topic))
                continue;
            return config_fail(l, WEIR_BADARG, l->origins->inputs[input], "inputs",
                               "'%s' is an input twice: the pattern '%s' takes it, too",
                               is_pattern ? wanted : topic, is_pattern ? topic : wanted);
        }
    }
    return WEIR_OK;
}

static enum weir_rc check_inputs(const struct config_loader *l)
{
    const struct config *c = l->c;

    if (c->n_inputs == 0)
        return REFUSE(l, "inputs", "none is given: at least one is wanted");
    for (size_t i = 0; i < c->n_inputs; i++)
        for (size_t k = 0; k < c->inputs[i].n_topics; k++) {
            TRY(check_loop(l, i, c->inputs[i].topics[k]));
            TRY(check_twice(l, i, c->inputs[i].topics[k]));
        }
    return WEIR_OK;
}

/* ---- tenants -------------------------------------------------------------------------------- */

static enum weir_rc check_tenant(const struct config_loader *l, size_t input)
{
    const struct config *c = l->c;
    struct str names[CONFIG_TENANTS_MAX], tenant = c->inputs[input].tenant;
    struct config_origin at = l->origins->inputs[input];

    if (c->inputs[input].tenant_header.n && c->n_tenants == 0)
        return config_fail(l, WEIR_BADARG, at, "inputs",
                           "a header names the tenant, but `tenants` is empty");
    if (!tenant.n)
        return WEIR_OK;
    for (size_t i = 0; i < c->n_tenants; i++) {
        names[i] = c->tenants[i].name;
        if (str_eq(names[i], tenant))
            return WEIR_OK;
    }
    struct str near = str_nearest(tenant, names, c->n_tenants);
    if (near.n)
        return config_fail(l, WEIR_BADARG, at, "inputs",
                           "tenant '%.*s' is not one of `tenants` (did you mean '%.*s'?)",
                           (int)tenant.n, tenant.p, (int)near.n, near.p);
    return config_fail(l, WEIR_BADARG, at, "inputs", "tenant '%.*s' is not one of `tenants`",
                       (int)tenant.n, tenant.p);
}

/* ---- state, slots, clients ------------------------------------------------------------------ */

/* The value is not the one that was given any more: it counts as a default. */
static void set_aside(const struct config_loader *l, const char *path)
{
    const struct config_key *key = config_key_find(&config_keys, str_from(path));

    l->origins->keys[key - config_keys.rows] = (struct config_origin){.layer = LAYER_DEFAULT};
}

/* With `state: none` files for a store mean nothing: whoever wrote them expects one. */
static enum weir_rc check_no_state(struct config_loader *l)
{
    static const char *const of_a_store[] = {"state.password_file", "state.ca_file",
                                             "state.secret_file"};
    struct config *c = l->c;

    for (size_t i = 0; i < ARRAY_LEN(of_a_store); i++)
        if (origin_of(l, of_a_store[i]).layer != LAYER_DEFAULT)
            return REFUSE(l, of_a_store[i], "has no meaning without a store (state: none)");
    if (c->slot != -1)
        return WEIR_OK;
    c->slot = 0;
    set_aside(l, "group.slot");
    config_warn(l, "group.slot: 0, since there is no store to lease one from (state: none); a "
                   "second worker of the group needs another number");
    return WEIR_OK;
}

static enum weir_rc check_state(struct config_loader *l)
{
    if (str_eq(l->c->state, STR("none")))
        return check_no_state(l);
    if (!l->c->state_secret_file.n)
        config_warn(l, "state.secret_file: none is given, so keys in the store are hashed with a "
                       "key that everybody knows");
    if (l->c->state_ca_file.n && !str_starts(l->c->state, STR("rediss://")))
        return REFUSE(l, "state.ca_file", "needs a store that is reached by TLS: rediss://...");
    return WEIR_OK;
}

static enum weir_rc check_slots(const struct config_loader *l)
{
    const struct config *c = l->c;
    uint32_t first = c->slot > 0 ? (uint32_t)c->slot : 0;
    uint32_t threads = c->threads ? c->threads : 1;

    if (first + threads <= c->slots_max)
        return WEIR_OK;
    return REFUSE(l, "group.slots_max", "%u threads from slot %u on do not fit below %u", threads,
                  first, c->slots_max);
}

static enum weir_rc check_clients(const struct config_loader *l)
{
    for (size_t i = 0; i < l->c->common.n; i++)
        if (str_eq(l->c->common.items[i].name, STR("bootstrap.servers")) ||
            str_eq(l->c->common.items[i].name, STR("metadata.broker.list")))
            return WEIR_OK;
    return REFUSE(l, "kafka.common", "bootstrap.servers is missing%s",
                  l->c->file.n ? "" : " (no configuration file is named: -c FILE, or WEIR_CONFIG)");
}

enum weir_rc config_check(struct config_loader *l)
{
    TRY(check_clients(l));
    TRY(check_inputs(l));
    for (size_t i = 0; i < l->c->n_inputs; i++)
        TRY(check_tenant(l, i));
    TRY(check_outputs(l));
    if (l->c->n_rules == 0)
        return REFUSE(l, "rules.paths", "none is given: at least one is wanted");
    TRY(check_state(l));
    return check_slots(l);
}
