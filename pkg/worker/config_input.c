/* config_input.c - the lists of maps: inputs with the values that only they have, and tenants. */
#include "worker/config_load.h"

#include <regex.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "base/time.h"
#include "worker/config_value.h"

enum { LABELS_MAX = 64, TENANT_NAME_MAX = 64 };

/* Names that people write and weir does not read yet: refused as such, not as slips. */
static const char *const later_codecs[] = {"avro", "cef",     "leef",   "syslog", "protobuf",
                                           "csv",  "msgpack", "cbor",   "xml",    "text",
                                           "gelf", "logfmt",  "thrift", "raw",    "json_schema"};

enum weir_rc config_set_codec(struct config_loader *l, const struct config_key *key,
                              const struct doc_node *node)
{
    struct str text;

    TRY(config_text(l, key, node, &text));
    if (str_eq(text, STR("json")))
        return WEIR_OK;
    for (size_t i = 0; i < ARRAY_LEN(later_codecs); i++)
        if (str_eq_ci(text, str_from(later_codecs[i])))
            return config_fail(l, WEIR_UNSUPPORTED, config_at(l, node->line, node->col), key->path,
                               "%s: not decodable yet (json is)", later_codecs[i]);
    return config_fail_node(l, node, key, "unknown codec '%.*s' (json)", (int)text.n, text.p);
}

enum weir_rc config_set_start(struct config_loader *l, const struct config_key *key,
                              const struct doc_node *node)
{
    struct config_input *in = l->target;
    struct str text, span, ago;
    struct timespec now;
    int64_t ms;

    TRY(config_text(l, key, node, &text));
    if (str_eq(text, STR("latest")) || str_eq(text, STR("earliest"))) {
        in->start = str_eq(text, STR("latest")) ? START_LATEST : START_EARLIEST;
        return WEIR_OK;
    }
    in->start = START_AT;
    str_cut(text, ' ', &span, &ago);
    if (config_span_parse(span, &ms) && (ago.n == 0 || str_eq(ago, STR("ago")))) {
        clock_gettime(CLOCK_REALTIME, &now);
        in->start_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - ms;
        return WEIR_OK;
    }
    if (time_parse_ms(text, &in->start_ms))
        return WEIR_OK;
    return config_fail_node(
        l, node, key,
        "'%.*s' is not latest, earliest, a time (2026-11-01T00:00:00Z) or a span ago (24h)",
        (int)text.n, text.p);
}

enum weir_rc config_set_tenant(struct config_loader *l, const struct config_key *key,
                               const struct doc_node *node)
{
    struct config_input *in = l->target;

    if (node->type != DOC_MAP)
        return config_text(l, key, node, &in->tenant);
    if (node->n_items != 1 || !str_eq(node->keys[0].text, STR("header")))
        return config_fail_node(l, node, key, "NAME or {header: NAME} is wanted");
    return config_text(l, key, &node->items[0], &in->tenant_header);
}

enum weir_rc config_set_labels(struct config_loader *l, const struct config_key *key,
                               const struct doc_node *node)
{
    struct config_input *in = l->target;

    if (node->type != DOC_MAP && !(node->type == DOC_LIST && node->n_items == 0))
        return config_fail_node(l, node, key, "a map is wanted, not %s", doc_type_name(node));
    if (node->n_items > LABELS_MAX)
        return config_fail_node(l, node, key, "more than %d labels", LABELS_MAX);
    in->labels = ARENA_ARRAY(l->arena, node->n_items, struct config_label);
    in->n_labels = 0;
    for (size_t i = 0; i < node->n_items; i++) {
        struct config_label *label = &in->labels[in->n_labels++];
        const struct doc_node *value = &node->items[i];
        if (node->keys[i].text.n == 0)
            return config_fail_node(l, value, key, "an empty name");
        *label = (struct config_label){node->keys[i].text, value->text};
        if (value->type != DOC_BOOL)
            TRY(config_text(l, key, value, &label->value));
    }
    return WEIR_OK;
}

static enum weir_rc check_topic(const struct config_loader *l, const struct config_key *key,
                                const struct doc_node *node, struct str text)
{
    regex_t regex;
    char why[128];

    if (text.p[0] != '^')
        return config_name_is_legal(text)
                   ? WEIR_OK
                   : config_fail_node(l, node, key,
                                      "'%.*s' is no legal name of a topic, nor a pattern (^...)",
                                      (int)text.n, text.p);
    /* librdkafka compiles it the same way. */
    int rc = regcomp(&regex, arena_str(l->arena, text).p, REG_EXTENDED | REG_NOSUB);
    if (rc == 0) {
        regfree(&regex);
        return WEIR_OK;
    }
    regerror(rc, &regex, why, sizeof why);
    return config_fail_node(l, node, key, "the pattern '%.*s': %s", (int)text.n, text.p, why);
}

enum weir_rc config_set_topics(struct config_loader *l, const struct config_key *key,
                               const struct doc_node *node)
{
    struct config_input *in = l->target;
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    size_t n = node->type == DOC_LIST ? node->n_items : 1;
    const char **topics = ARENA_ARRAY(l->arena, n + 1, const char *);

    if (n == 0)
        return config_fail_node(l, node, key, "at least one is wanted");
    for (size_t i = 0; i < n; i++) {
        struct str text;
        TRY(config_text(l, key, &items[i], &text));
        TRY(check_topic(l, key, &items[i], text));
        topics[i] = arena_str(l->arena, text).p;
        for (size_t k = 0; k < i; k++)
            if (strcmp(topics[k], topics[i]) == 0)
                return config_fail_node(l, &items[i], key, "'%s' is there twice", topics[i]);
    }
    in->topics = topics;
    in->n_topics = n;
    return WEIR_OK;
}

/* ---- lists of maps -------------------------------------------------------------------------- */

/* One map into `target`, whose rows are `keys`. */
static enum weir_rc take_item(const struct config_loader *outer, const struct config_keys *keys,
                              const struct doc_node *map, const char *prefix, void *target)
{
    struct config_loader l = *outer;

    l.prefix = prefix;
    l.target = target;
    l.from.layer = LAYER_DEFAULT;
    for (size_t i = 0; i < keys->n; i++)
        if (keys->rows[i].without)
            ASSERT(config_set_text(&l, &keys->rows[i], str_from(keys->rows[i].without)) == WEIR_OK);
    l.from = outer->from;
    for (size_t i = 0; i < map->n_items; i++) {
        struct str name = map->keys[i].text;
        const struct config_key *key = config_key_find(keys, name);
        if (!key)
            return config_unknown(&l, keys, config_at(&l, map->keys[i].line, map->keys[i].col),
                                  name);
        TRY(config_set(&l, key, &map->items[i]));
    }
    return WEIR_OK;
}

static enum weir_rc check_list(const struct config_loader *l, const struct config_key *key,
                               const struct doc_node *node, size_t max)
{
    if (node->type != DOC_LIST)
        return config_fail_node(l, node, key, "a list is wanted, not %s", doc_type_name(node));
    if (node->n_items > max)
        return config_fail_node(l, node, key, "more than %zu", max);
    return WEIR_OK;
}

enum weir_rc config_set_inputs(struct config_loader *l, const struct config_key *key,
                               const struct doc_node *node)
{
    struct config *c = l->c;

    TRY(check_list(l, key, node, CONFIG_INPUTS_MAX));
    c->n_inputs = 0;
    for (size_t i = 0; i < node->n_items; i++) {
        const struct doc_node *item = &node->items[i];
        struct config_input *in = &c->inputs[i];
        const char *prefix = arena_printf(l->arena, "inputs[%zu].", i).p;
        struct doc_node names = {
            .type = DOC_MAP, .n_items = 1, .line = item->line, .col = item->col};
        struct doc_key topics = {STR("topics"), item->line, item->col};
        *in = (struct config_input){.profile = {"", 0}};
        /* A name alone is an input with this topic. */
        names.keys = &topics;
        names.items = &node->items[i];
        TRY(take_item(l, &config_input_keys, item->type == DOC_MAP ? item : &names, prefix, in));
        l->origins->inputs[i] = config_at(l, item->line, item->col);
        c->n_inputs = i + 1;
        if (in->n_topics == 0)
            return config_fail_node(l, item, key, "input %zu has no topics", i);
    }
    return WEIR_OK;
}

static enum weir_rc check_tenant(const struct config_loader *l, const struct config_key *key,
                                 const struct doc_node *node, size_t i)
{
    struct str name = l->c->tenants[i].name;

    if (name.n == 0)
        return config_fail_node(l, node, key, "tenant %zu has no name", i);
    if (!config_name_is_legal(name) || name.n > TENANT_NAME_MAX)
        return config_fail_node(l, node, key,
                                "'%.*s' is no name of a tenant (letters, digits, '.', '_', '-', at "
                                "most %d)",
                                (int)name.n, name.p, TENANT_NAME_MAX);
    for (size_t k = 0; k < i; k++)
        if (str_eq(l->c->tenants[k].name, name))
            return config_fail_node(l, node, key, "'%.*s' is there twice", (int)name.n, name.p);
    return WEIR_OK;
}

enum weir_rc config_set_tenants(struct config_loader *l, const struct config_key *key,
                                const struct doc_node *node)
{
    struct config *c = l->c;

    TRY(check_list(l, key, node, CONFIG_TENANTS_MAX));
    c->n_tenants = 0;
    for (size_t i = 0; i < node->n_items; i++) {
        const struct doc_node *item = &node->items[i];
        const char *prefix = arena_printf(l->arena, "tenants[%zu].", i).p;
        c->tenants[i] = (struct config_tenant){.name = {"", 0}};
        if (item->type == DOC_MAP)
            TRY(take_item(l, &config_tenant_keys, item, prefix, &c->tenants[i]));
        else
            TRY(config_text(l, key, item, &c->tenants[i].name));
        l->origins->tenants[i] = config_at(l, item->line, item->col);
        TRY(check_tenant(l, key, item, i));
        c->n_tenants = i + 1;
    }
    return WEIR_OK;
}
