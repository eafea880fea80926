/* config_set.c - one value of the configuration: from a node to the member that its row names.
 *
 * A text of the environment or of a flag becomes a node first, so that there is one way in: plain
 * text for one value, words with commas for a list, YAML ([...] or {...}) for whatever needs it. */
#include "worker/config_load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "state/redis_url.h"
#include "worker/config_value.h"
#include "worker/http_address.h"

/* ---- members -------------------------------------------------------------------------------- */

static void *member(const struct config_loader *l, size_t at)
{
    return (char *)l->target + at;
}

static void store_number(const struct config_loader *l, const struct config_key *key, int64_t value)
{
    ASSERT(key->width == sizeof(uint32_t) || key->width == sizeof(uint64_t));
    if (key->width == sizeof(uint32_t)) {
        uint32_t narrow = (uint32_t)value;
        memcpy(member(l, key->at), &narrow, sizeof narrow);
    } else {
        memcpy(member(l, key->at), &value, sizeof value);
    }
}

static enum weir_rc store_text(const struct config_loader *l, const struct config_key *key,
                               struct str text)
{
    *(struct str *)member(l, key->at) = text;
    return WEIR_OK;
}

/* ---- one value ------------------------------------------------------------------------------ */

static enum weir_rc wanted(const struct config_loader *l, const struct config_key *key,
                           const struct doc_node *node, const char *what)
{
    if (doc_is_scalar(node) && node->type != DOC_NULL)
        return config_fail_node(l, node, key, "'%.*s' is not %s", (int)node->text.n, node->text.p,
                                what);
    return config_fail_node(l, node, key, "%s is wanted, not %s", what, doc_type_name(node));
}

enum weir_rc config_text(const struct config_loader *l, const struct config_key *key,
                         const struct doc_node *node, struct str *out)
{
    if (node->type != DOC_STRING && node->type != DOC_INT && node->type != DOC_FLOAT) {
        if (node->type == DOC_BOOL)
            return config_fail_node(l, node, key, "'%.*s' is a truth value here: put it in quotes",
                                    (int)node->text.n, node->text.p);
        return wanted(l, key, node, "text");
    }
    if (node->text.n == 0)
        return config_fail_node(l, node, key, "the text is empty");
    if (memchr(node->text.p, '\0', node->text.n))
        return config_fail_node(l, node, key, "a zero byte in a text");
    *out = node->text;
    return WEIR_OK;
}

static enum weir_rc set_text(const struct config_loader *l, const struct config_key *key,
                             const struct doc_node *node)
{
    struct str text;

    TRY(config_text(l, key, node, &text));
    return store_text(l, key, text);
}

static enum weir_rc set_count(const struct config_loader *l, const struct config_key *key,
                              const struct doc_node *node)
{
    int64_t value;
    char what[96];

    snprintf(what, sizeof what, "a whole number from %lld to %lld", (long long)key->least,
             (long long)key->most);
    if (node->type != DOC_INT || !str_to_i64(node->number, &value) || value < key->least ||
        value > key->most)
        return wanted(l, key, node, what);
    store_number(l, key, value);
    return WEIR_OK;
}

static bool is_text(const struct doc_node *node)
{
    return doc_is_scalar(node) && node->type != DOC_NULL;
}

/* A size or a span: the unit's own parser and writer tell them apart. */
static enum weir_rc set_amount(const struct config_loader *l, const struct config_key *key,
                               const struct doc_node *node)
{
    bool is_span = key->kind == CONFIG_SPAN;
    int64_t value;

    if (!is_text(node) ||
        !(is_span ? config_span_parse(node->text, &value) : config_size_parse(node->text, &value)))
        return wanted(l, key, node,
                      is_span ? "a span of time with its unit (100ms, 10s, 5m, 24h, 7d)"
                              : "a size with its unit (512B, 64KiB, 32MiB, 2GiB)");
    if (value >= key->least && value <= key->most) {
        store_number(l, key, value);
        return WEIR_OK;
    }
    struct buf range = {0};
    void (*write)(struct buf *, int64_t) = is_span ? config_span_write : config_size_write;
    buf_add(&range, STR("from "));
    write(&range, key->least);
    buf_add(&range, STR(" to "));
    write(&range, key->most);
    enum weir_rc rc = config_fail_node(l, node, key, "'%.*s' is out of range: %.*s",
                                       (int)node->text.n, node->text.p, (int)range.n, range.p);
    buf_release(&range);
    return rc;
}

static enum weir_rc set_switch(const struct config_loader *l, const struct config_key *key,
                               const struct doc_node *node)
{
    if (node->type != DOC_BOOL)
        return wanted(l, key, node, "true or false");
    *(bool *)member(l, key->at) = node->is_true;
    return WEIR_OK;
}

/* Index of the word in "a|b|c", -1: none; *near: the nearest. */
static int word_index(const char *words, struct str text, struct str *near)
{
    struct str names[16], rest = str_from(words);
    size_t n = 0;
    int found = -1;

    while (rest.n && n < ARRAY_LEN(names)) {
        str_cut(rest, '|', &names[n], &rest);
        if (str_eq(names[n], text))
            found = (int)n;
        n++;
    }
    *near = str_nearest(text, names, n);
    return found;
}

static enum weir_rc set_choice(const struct config_loader *l, const struct config_key *key,
                               const struct doc_node *node)
{
    struct str near;

    if (!is_text(node))
        return wanted(l, key, node, key->words);
    int index = word_index(key->words, node->text, &near);
    if (index < 0 && near.n)
        return config_fail_node(l, node, key, "'%.*s' is none of %s (did you mean '%.*s'?)",
                                (int)node->text.n, node->text.p, key->words, (int)near.n, near.p);
    if (index < 0)
        return config_fail_node(l, node, key, "'%.*s' is none of %s", (int)node->text.n,
                                node->text.p, key->words);
    if (key->kind == CONFIG_WORD)
        return store_text(l, key, node->text);
    store_number(l, key, index);
    return WEIR_OK;
}

static enum weir_rc set_name(const struct config_loader *l, const struct config_key *key,
                             const struct doc_node *node)
{
    struct str text;

    TRY(config_text(l, key, node, &text));
    if (!config_name_is_legal(text))
        return wanted(l, key, node, "a legal name (letters, digits, '.', '_', '-', at most 249)");
    return store_text(l, key, text);
}

static enum weir_rc set_slot(const struct config_loader *l, const struct config_key *key,
                             const struct doc_node *node)
{
    int64_t slot;

    if (is_text(node) && str_eq(node->text, STR("leased")))
        slot = -1;
    else if (is_text(node) && str_eq(node->text, STR("ordinal")))
        slot = -2;
    else if (node->type != DOC_INT || !str_to_i64(node->number, &slot) || slot < key->least ||
             slot > key->most)
        return wanted(l, key, node, "leased, ordinal or a number below 4096");
    store_number(l, key, slot);
    return WEIR_OK;
}

static enum weir_rc set_address(const struct config_loader *l, const struct config_key *key,
                                const struct doc_node *node)
{
    struct http_address address;
    struct weir_err err;

    if (is_text(node) && str_eq(node->text, STR("none")))
        return store_text(l, key, (struct str){"", 0});
    if (!is_text(node))
        return wanted(l, key, node, "HOST:PORT or none");
    if (http_address_parse(node->text, &address, &err) != WEIR_OK)
        return config_fail_node(l, node, key, "%s", err.text);
    return store_text(l, key, node->text);
}

static enum weir_rc set_state(const struct config_loader *l, const struct config_key *key,
                              const struct doc_node *node)
{
    struct redis_url url;
    struct weir_err err;

    if (is_text(node) && str_eq(node->text, STR("none")))
        return store_text(l, key, node->text);
    if (!is_text(node) ||
        (!str_starts(node->text, STR("redis://")) && !str_starts(node->text, STR("rediss://")) &&
         !str_starts(node->text, STR("unix://"))))
        return wanted(l, key, node,
                      "none, redis://HOST:PORT, rediss://HOST:PORT or unix:///SOCKET");
    if (redis_url_parse(node->text, &url, &err) != WEIR_OK)
        return config_fail_node(l, node, key, "%s", err.text);
    return store_text(l, key, node->text);
}

/* ---- many values ---------------------------------------------------------------------------- */

static void store_texts(const struct config_loader *l, const struct config_key *key,
                        struct str *items, size_t n)
{
    *(struct str **)member(l, key->at) = items;
    *(size_t *)member(l, key->n_at) = n;
}

/* Is this value one more of those that the same layer, a row of flags, has given before? */
static bool adds_up(const struct config_loader *l, const struct config_key *key)
{
    return l->target == (void *)l->c && l->from.layer == LAYER_FLAG &&
           l->origins->keys[key - config_keys.rows].layer == LAYER_FLAG;
}

static struct str *room_for(const struct config_loader *l, const struct config_key *key, size_t n,
                            size_t *n_old)
{
    struct str *old = *(struct str **)member(l, key->at);

    *n_old = adds_up(l, key) ? *(size_t *)member(l, key->n_at) : 0;
    struct str *items = ARENA_ARRAY(l->arena, *n_old + n + 1, struct str);
    if (*n_old)
        memcpy(items, old, *n_old * sizeof *items);
    return items;
}

static enum weir_rc set_texts(const struct config_loader *l, const struct config_key *key,
                              const struct doc_node *node)
{
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    size_t n_old, n = node->type == DOC_LIST ? node->n_items : 1;
    struct str *texts = room_for(l, key, n, &n_old);

    for (size_t i = 0; i < n; i++) {
        TRY(config_text(l, key, &items[i], &texts[n_old + i]));
        for (size_t k = 0; k < i; k++)
            if (str_eq(texts[n_old + k], texts[n_old + i]))
                return config_fail_node(l, &items[i], key, "'%.*s' is there twice",
                                        (int)items[i].text.n, items[i].text.p);
    }
    store_texts(l, key, texts, n_old + n);
    return WEIR_OK;
}

static enum weir_rc check_flag(const struct config_loader *l, const struct config_key *key,
                               struct str name, const struct doc_node *value)
{
    struct str near;

    if (!key->words || word_index(key->words, name, &near) >= 0)
        return WEIR_OK;
    if (near.n)
        return config_fail_node(l, value, key, "unknown selection '%.*s' (did you mean '%.*s'?)",
                                (int)name.n, name.p, (int)near.n, near.p);
    return config_fail_node(l, value, key, "unknown selection '%.*s' (%s)", (int)name.n, name.p,
                            key->words);
}

/* NAME: value or NAME: [value, ...] as texts NAME=value behind those that are there. */
static enum weir_rc add_pairs(const struct config_loader *l, const struct config_key *key,
                              struct str name, const struct doc_node *value)
{
    struct str **items = member(l, key->at);
    size_t *n = member(l, key->n_at);
    bool is_list = value->type == DOC_LIST && key->kind == CONFIG_SELECT;
    size_t n_new = is_list ? value->n_items : 1;
    struct str *all = ARENA_ARRAY(l->arena, *n + n_new, struct str);

    if (name.n == 0)
        return config_fail_node(l, value, key, "an empty name");
    TRY(check_flag(l, key, name, value));
    if (*n)
        memcpy(all, *items, *n * sizeof *all);
    for (size_t i = 0; i < n_new; i++) {
        const struct doc_node *one = is_list ? &value->items[i] : value;
        struct str text = one->text;
        /* A constant field may be a truth value: it is text all the same. */
        if (one->type != DOC_BOOL || key->kind != CONFIG_SET)
            TRY(config_text(l, key, one, &text));
        all[*n + i] = arena_printf(l->arena, "%.*s=%.*s", (int)name.n, name.p, (int)text.n, text.p);
    }
    *items = all;
    *n += n_new;
    return WEIR_OK;
}

/* NAME=VALUE as the item of a list. */
static enum weir_rc add_pair_text(const struct config_loader *l, const struct config_key *key,
                                  const struct doc_node *item)
{
    struct doc_node value = {.type = DOC_STRING, .line = item->line, .col = item->col};
    struct str text, name;

    TRY(config_text(l, key, item, &text));
    if (!str_cut(text, '=', &name, &value.text))
        return wanted(l, key, item, "NAME=VALUE");
    return add_pairs(l, key, name, &value);
}

static enum weir_rc set_pairs(const struct config_loader *l, const struct config_key *key,
                              const struct doc_node *node)
{
    if (node->type != DOC_MAP && node->type != DOC_LIST)
        return wanted(l, key, node, "a map");
    if (!adds_up(l, key))
        store_texts(l, key, NULL, 0);
    for (size_t i = 0; i < node->n_items; i++) {
        if (node->type == DOC_MAP)
            TRY(add_pairs(l, key, node->keys[i].text, &node->items[i]));
        else
            TRY(add_pair_text(l, key, &node->items[i]));
    }
    return WEIR_OK;
}

/* ---- librdkafka's properties ---------------------------------------------------------------- */

static enum kafka_role role_of(const struct config_loader *l, const struct kafka_props *props)
{
    if (props == &l->c->consumer)
        return KAFKA_CONSUMER;
    return props == &l->c->producer ? KAFKA_PRODUCER : KAFKA_COMMON;
}

static void add_secret_file(struct config_loader *l, struct kafka_props *files, struct str name,
                            struct str path)
{
    for (size_t i = 0; i < files->n; i++)
        if (str_eq(files->items[i].name, name)) {
            files->items[i].value = path;
            return;
        }
    files->items = vec_room(l->arena, files->items, files->n, &files->cap, sizeof *files->items);
    files->items[files->n++] = (struct kafka_prop){name, path};
}

static enum weir_rc set_property(struct config_loader *l, const struct config_key *key,
                                 struct str name, const struct doc_node *value)
{
    struct kafka_props *props = member(l, key->at);
    struct config_key entry = *key; /* for messages */
    struct str text = value->text;
    struct weir_err why;

    entry.path = arena_printf(l->arena, "%s.%.*s", key->path, (int)name.n, name.p).p;
    if (value->type != DOC_BOOL)
        TRY(config_text(l, &entry, value, &text));
    bool is_secret = kafka_prop_is_secret(name);
    if (key->kind == CONFIG_SECRETS && !is_secret)
        return config_fail_node(l, value, &entry, "this is no secret: it stands in kafka.common");
    if (key->kind == CONFIG_SECRETS) {
        add_secret_file(l, props, name, arena_str(l->arena, text));
        return WEIR_OK;
    }
    if (is_secret)
        return config_fail_node(l, value, &entry,
                                "a secret: write it to a file, and name that in "
                                "kafka.secret_files");
    /* librdkafka says of a file that is not there: "error:05880002:x509 certificate routines". */
    if (str_ends(name, STR(".location")) && !str_eq(text, STR("probe")) &&
        access(arena_str(l->arena, text).p, R_OK) != 0)
        return config_fail_node(l, value, &entry, "cannot read '%.*s': %s", (int)text.n, text.p,
                                strerror(errno));
    enum weir_rc rc = kafka_props_add(props, role_of(l, props), name, text, &why);
    if (rc == WEIR_OK)
        return WEIR_OK;
    return config_fail(l, rc, config_at(l, value->line, value->col), key->path, "%s", why.text);
}

enum weir_rc config_set_entry(struct config_loader *l, const struct config_key *key,
                              struct str name, const struct doc_node *value)
{
    if (key->kind == CONFIG_SET || key->kind == CONFIG_SELECT) {
        if (!adds_up(l, key))
            store_texts(l, key, NULL, 0);
        TRY(add_pairs(l, key, name, value));
    } else {
        TRY(set_property(l, key, name, value));
    }
    struct config_entry *e = vec_push(l->arena, &l->origins->entries, sizeof *e);
    *e = (struct config_entry){key, name, config_at(l, value->line, value->col)};
    l->origins->keys[key - config_keys.rows] = l->from;
    return WEIR_OK;
}

static enum weir_rc set_props(struct config_loader *l, const struct config_key *key,
                              const struct doc_node *node)
{
    if (node->type == DOC_NULL)
        return WEIR_OK; /* nothing but comments */
    if (node->type != DOC_MAP)
        return wanted(l, key, node, "a map of properties");
    for (size_t i = 0; i < node->n_items; i++)
        TRY(config_set_entry(l, key, node->keys[i].text, &node->items[i]));
    return WEIR_OK;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static enum weir_rc set_by_kind(struct config_loader *l, const struct config_key *key,
                                const struct doc_node *node)
{
    switch (key->kind) {
    case CONFIG_TEXT:
    case CONFIG_PATH:
        return set_text(l, key, node);
    case CONFIG_COUNT:
        return set_count(l, key, node);
    case CONFIG_SIZE:
    case CONFIG_SPAN:
        return set_amount(l, key, node);
    case CONFIG_SWITCH:
        return set_switch(l, key, node);
    case CONFIG_CHOICE:
    case CONFIG_WORD:
        return set_choice(l, key, node);
    case CONFIG_NAME:
        return set_name(l, key, node);
    case CONFIG_SLOT:
        return set_slot(l, key, node);
    case CONFIG_ADDRESS:
        return set_address(l, key, node);
    case CONFIG_STATE:
        return set_state(l, key, node);
    case CONFIG_START:
        return config_set_start(l, key, node);
    case CONFIG_TENANT:
        return config_set_tenant(l, key, node);
    case CONFIG_CODEC:
        return config_set_codec(l, key, node);
    case CONFIG_TEXTS:
        return set_texts(l, key, node);
    case CONFIG_TOPIC_LIST:
        return config_set_topics(l, key, node);
    case CONFIG_SET:
    case CONFIG_SELECT:
        return set_pairs(l, key, node);
    case CONFIG_LABELS:
        return config_set_labels(l, key, node);
    case CONFIG_PROPS:
    case CONFIG_SECRETS:
        return set_props(l, key, node);
    case CONFIG_INPUT_LIST:
        return config_set_inputs(l, key, node);
    case CONFIG_TENANT_LIST:
        return config_set_tenants(l, key, node);
    }
    return WEIR_BADARG; /* not reached */
}

enum weir_rc config_set(struct config_loader *l, const struct config_key *key,
                        const struct doc_node *node)
{
    TRY(set_by_kind(l, key, node));
    if (l->target == (void *)l->c)
        l->origins->keys[key - config_keys.rows] = config_at(l, node->line, node->col);
    return WEIR_OK;
}

static bool is_many(enum config_kind kind)
{
    return kind >= CONFIG_TEXTS;
}

/* "a, b" as a list of texts. */
static void cut_words(struct arena *a, struct str text, struct doc_node *list)
{
    struct vec items = {0};
    struct str word, rest = text;

    while (rest.n) {
        str_cut(rest, ',', &word, &rest);
        struct doc_node *item = vec_push(a, &items, sizeof *item);
        *item = (struct doc_node){.type = DOC_STRING, .text = str_trim(word), .is_quoted = true};
    }
    *list = (struct doc_node){.type = DOC_LIST, .items = items.items, .n_items = items.n};
}

enum weir_rc config_set_text(struct config_loader *l, const struct config_key *key, struct str text)
{
    struct doc_node *docs, node = {.type = DOC_STRING, .text = text};
    struct weir_err why;
    size_t n;

    text = str_trim(text);
    bool is_yaml = text.n && (text.p[0] == '[' || text.p[0] == '{');
    if (is_yaml && (is_many(key->kind) || key->kind == CONFIG_TENANT)) {
        if (doc_parse_yaml(l->arena, text, &docs, &n, &why) != WEIR_OK)
            return config_fail(l, WEIR_SYNTAX, l->from, key->path, "%s", why.text);
        if (n != 1)
            return config_fail(l, WEIR_SYNTAX, l->from, key->path, "one value is wanted");
        return config_set(l, key, &docs[0]);
    }
    if (is_many(key->kind))
        cut_words(l->arena, text, &node);
    else if (key->kind != CONFIG_TEXT && key->kind != CONFIG_PATH && key->kind != CONFIG_NAME)
        node.type = doc_scalar_type(l->arena, text, &node.number, &node.is_true);
    return config_set(l, key, &node);
}
