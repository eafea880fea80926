/* config_show.c - the configuration as text: what is in force with the origin of each value, and
 * the commented example. Both walk the table; what they print can be loaded again. */
#include "worker/config.h"

#include <string.h>

#include "base/str.h"
#include "base/time.h"
#include "worker/config_load.h"
#include "worker/config_value.h"

enum { ORIGIN_COLUMN = 48 };

/* ---- values --------------------------------------------------------------------------------- */

static int64_t number_at(const void *p, uint8_t width)
{
    uint32_t narrow;
    int64_t wide;

    if (width == sizeof narrow) {
        memcpy(&narrow, p, sizeof narrow);
        return narrow;
    }
    memcpy(&wide, p, sizeof wide);
    return wide;
}

static struct str word_at(const char *words, int64_t index)
{
    struct str word = {"", 0}, rest = str_from(words);

    for (int64_t i = 0; i <= index; i++)
        str_cut(rest, '|', &word, &rest);
    return word;
}

static void write_texts(struct buf *out, const struct str *items, size_t n)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add(out, STR(", "));
        config_text_write(out, items[i]);
    }
    buf_add_char(out, ']');
}

static void write_slot(struct buf *out, int32_t slot)
{
    if (slot == -1)
        buf_add(out, STR("leased"));
    else if (slot == -2)
        buf_add(out, STR("ordinal"));
    else
        buf_printf(out, "%d", slot);
}

static void write_start(struct buf *out, const struct config_input *in)
{
    char text[TIME_TEXT_MAX];

    if (in->start == START_AT)
        buf_add(out, (struct str){text, time_format_ms(in->start_ms, text)});
    else
        buf_add(out, in->start == START_LATEST ? STR("latest") : STR("earliest"));
}

static void write_topics(struct buf *out, const struct config_input *in)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < in->n_topics; i++) {
        if (i)
            buf_add(out, STR(", "));
        config_text_write(out, str_from(in->topics[i]));
    }
    buf_add_char(out, ']');
}

static void write_tenant(struct buf *out, const struct config_input *in)
{
    if (in->tenant_header.n) {
        buf_add(out, STR("{header: "));
        config_text_write(out, in->tenant_header);
        buf_add_char(out, '}');
    } else {
        config_text_write(out, in->tenant);
    }
}

static void write_labels(struct buf *out, const struct config_input *in)
{
    buf_add_char(out, '{');
    for (size_t i = 0; i < in->n_labels; i++) {
        if (i)
            buf_add(out, STR(", "));
        config_text_write(out, in->labels[i].name);
        buf_add(out, STR(": "));
        config_text_write(out, in->labels[i].value);
    }
    buf_add_char(out, '}');
}

/* FIELD=VALUE and flag=value as a map; values of one name follow each other as a list. */
static void write_pairs(struct buf *out, const struct str *items, size_t n)
{
    struct str name, value, next, ignored;

    buf_add_char(out, '{');
    for (size_t i = 0; i < n;) {
        size_t end = i;
        str_cut(items[i], '=', &name, &value);
        while (end < n && str_cut(items[end], '=', &next, &ignored) && str_eq(next, name))
            end++;
        buf_add(out, i ? STR(", ") : STR(""));
        config_text_write(out, name);
        buf_add(out, end > i + 1 ? STR(": [") : STR(": "));
        for (size_t k = i; k < end; k++) {
            str_cut(items[k], '=', &name, &value);
            buf_add(out, k > i ? STR(", ") : STR(""));
            config_text_write(out, value);
        }
        if (end > i + 1)
            buf_add_char(out, ']');
        i = end;
    }
    buf_add_char(out, '}');
}

/* False: the value is nothing, there is no line about it. */
static bool write_value(struct buf *out, const struct config_key *key, const void *base)
{
    const void *at = (const char *)base + key->at;
    const void *count = (const char *)base + key->n_at;
    const struct str *text = at;

    switch (key->kind) {
    case CONFIG_TEXT:
    case CONFIG_PATH:
    case CONFIG_WORD:
    case CONFIG_NAME:
    case CONFIG_STATE:
        config_text_write(out, *text);
        return text->n > 0;
    case CONFIG_ADDRESS:
        config_text_write(out, text->n ? *text : STR("none"));
        return true;
    case CONFIG_COUNT:
        buf_printf(out, "%lld", (long long)number_at(at, key->width));
        return true;
    case CONFIG_SIZE:
        config_size_write(out, number_at(at, key->width));
        return true;
    case CONFIG_SPAN:
        config_span_write(out, number_at(at, key->width));
        return true;
    case CONFIG_SWITCH:
        buf_add(out, *(const bool *)at ? STR("true") : STR("false"));
        return true;
    case CONFIG_CHOICE:
        buf_add(out, word_at(key->words, number_at(at, key->width)));
        return true;
    case CONFIG_SLOT:
        write_slot(out, *(const int32_t *)at);
        return true;
    case CONFIG_START:
        write_start(out, base);
        return true;
    case CONFIG_TENANT:
        write_tenant(out, base);
        return ((const struct config_input *)base)->tenant.n ||
               ((const struct config_input *)base)->tenant_header.n;
    case CONFIG_CODEC:
        buf_add(out, STR("json"));
        return true;
    case CONFIG_TEXTS:
        write_texts(out, *(struct str *const *)at, *(const size_t *)count);
        return true;
    case CONFIG_TOPIC_LIST:
        write_topics(out, base);
        return true;
    case CONFIG_SET:
    case CONFIG_SELECT:
        write_pairs(out, *(struct str *const *)at, *(const size_t *)count);
        return true;
    case CONFIG_LABELS:
        write_labels(out, base);
        return true;
    case CONFIG_PROPS:
    case CONFIG_SECRETS:
    case CONFIG_INPUT_LIST:
    case CONFIG_TENANT_LIST:
        break;
    }
    return false; /* they take several lines */
}

/* ---- lines with their origin ---------------------------------------------------------------- */

static void end_line(const struct config *c, struct buf *out, size_t begin,
                     const struct config_origin *from)
{
    size_t width = out->n - begin;

    buf_printf(out, "%*s# ", width < ORIGIN_COLUMN ? (int)(ORIGIN_COLUMN - width) : 1, "");
    switch (from->layer) {
    case LAYER_DEFAULT:
        buf_add(out, STR("default"));
        break;
    case LAYER_FILE:
        buf_printf(out, "%.*s:%u", (int)c->file.n, c->file.p, from->line);
        break;
    case LAYER_ENVIRONMENT:
        buf_add(out, str_from(from->variable));
        break;
    case LAYER_FLAG:
        buf_add(out, STR("flag"));
        break;
    }
    buf_add_char(out, '\n');
}

static const struct config_origin *entry_origin(const struct config *c,
                                                const struct config_key *key, struct str name)
{
    const struct config_entry *entries = c->origins->entries.items;

    for (size_t i = c->origins->entries.n; i-- > 0;)
        if (entries[i].key == key && str_eq(entries[i].name, name))
            return &entries[i].from;
    return NULL;
}

/* Is there another value of the same name behind it? */
static bool is_overridden(const struct kafka_props *props, size_t i)
{
    for (size_t k = i + 1; k < props->n; k++)
        if (str_eq(props->items[k].name, props->items[i].name))
            return true;
    return false;
}

static void show_props(const struct config *c, const struct config_key *key, const char *name,
                       struct buf *out)
{
    const struct kafka_props *props = (const void *)((const char *)c + key->at);

    if (props->n == 0)
        return;
    buf_printf(out, "  %s:\n", name);
    for (size_t i = 0; i < props->n; i++) {
        const struct kafka_prop *p = &props->items[i];
        const struct config_origin *from = entry_origin(c, key, p->name);
        size_t begin = out->n;
        /* What came out of a secret's file has no entry, and is shown by that file alone. */
        if (is_overridden(props, i) || !from)
            continue;
        buf_add(out, STR("    "));
        config_text_write(out, p->name);
        buf_add(out, STR(": "));
        config_text_write(out, p->value);
        end_line(c, out, begin, from);
    }
}

static void show_item(const struct config *c, const struct config_keys *keys, const void *item,
                      const struct config_origin *from, struct buf *out)
{
    const char *lead = "  - ";
    struct buf value = {0};

    for (size_t i = 0; i < keys->n; i++) {
        size_t begin = out->n;
        buf_clear(&value);
        if (!write_value(&value, &keys->rows[i], item))
            continue;
        buf_printf(out, "%s%s: ", lead, keys->rows[i].path);
        buf_add(out, buf_str(&value));
        if (lead[2] == '-')
            end_line(c, out, begin, from);
        else
            buf_add_char(out, '\n');
        lead = "    ";
    }
    buf_release(&value);
}

static void show_list(const struct config *c, const struct config_key *key, struct buf *out)
{
    bool is_inputs = key->kind == CONFIG_INPUT_LIST;
    size_t n = is_inputs ? c->n_inputs : c->n_tenants;

    buf_printf(out, "%s:%s\n", key->path, n ? "" : " []");
    for (size_t i = 0; i < n; i++) {
        if (is_inputs)
            show_item(c, &config_input_keys, &c->inputs[i], &c->origins->inputs[i], out);
        else
            show_item(c, &config_tenant_keys, &c->tenants[i], &c->origins->tenants[i], out);
    }
}

static void show_key(const struct config *c, const struct config_key *key, const char *name,
                     struct buf *out)
{
    struct buf value = {0};
    size_t begin = out->n;

    if (key->kind == CONFIG_PROPS || key->kind == CONFIG_SECRETS) {
        show_props(c, key, name, out);
    } else if (write_value(&value, key, c)) {
        buf_printf(out, "  %s: ", name);
        buf_add(out, buf_str(&value));
        end_line(c, out, begin, &c->origins->keys[key - config_keys.rows]);
    }
    buf_release(&value);
}

/* The part of a path behind its section, NULL if it has none. *section: the length. */
static const char *name_of(const struct config_key *key, size_t *section)
{
    const char *dot = strchr(key->path, '.');

    *section = dot ? (size_t)(dot - key->path) : strlen(key->path);
    return dot ? dot + 1 : NULL;
}

void config_show(const struct config *c, struct buf *out)
{
    struct str last = {"", 0};

    for (size_t i = 0; i < config_keys.n; i++) {
        const struct config_key *key = &config_keys.rows[i];
        size_t n;
        const char *name = name_of(key, &n);
        struct str section = {key->path, n};
        if (!name) {
            show_list(c, key, out);
            continue;
        }
        if (!str_eq(section, last))
            buf_printf(out, "%.*s:\n", (int)n, key->path);
        last = section;
        show_key(c, key, name, out);
    }
}

/* ---- the example ---------------------------------------------------------------------------- */

static void write_comment(struct buf *out, const char *indent, const char *text)
{
    struct str line, rest = str_from(text);

    while (rest.n) {
        str_cut(rest, '\n', &line, &rest);
        buf_printf(out, "%s# %.*s\n", indent, (int)line.n, line.p);
    }
}

/* A key with a value of its own stands there with it, another as a comment; what must be given
 * stands there with its example. */
static void write_key(struct buf *out, const char *indent, const char *name,
                      const struct config_key *key, bool is_needed)
{
    write_comment(out, indent, key->help);
    if (key->kind == CONFIG_PROPS || key->kind == CONFIG_SECRETS)
        buf_printf(out, "%s%s:%s\n", indent, name, key->example ? "" : " {}");
    else if (key->without)
        buf_printf(out, "%s%s: %s\n", indent, name, key->without);
    else if (is_needed)
        buf_printf(out, "%s%s: %s\n", indent, name, key->example);
    if (key->kind == CONFIG_PROPS || key->kind == CONFIG_SECRETS) {
        if (key->example)
            buf_printf(out, "%s  %s\n", indent, key->example);
    } else if (key->example && !is_needed) {
        buf_printf(out, "%s# %s: %s\n", indent, name, key->example);
    }
}

/* The rows of a list's items; the first is what an item must have. */
static void write_items(struct buf *out, const struct config_keys *keys, bool is_comment)
{
    const char *lead = "- ";
    struct buf text = {0};
    struct str line, rest;

    for (size_t i = 0; i < keys->n; i++)
        write_key(&text, "", keys->rows[i].path, &keys->rows[i], i == 0);
    rest = buf_str(&text);
    while (rest.n) {
        str_cut(rest, '\n', &line, &rest);
        bool is_first = lead[0] == '-' && line.p[0] != '#';
        buf_printf(out, "  %s%s%.*s\n", is_comment ? "# " : "", is_first ? lead : "  ", (int)line.n,
                   line.p);
        lead = is_first ? "  " : lead;
    }
    buf_release(&text);
}

static void write_section(struct buf *out, struct str section)
{
    for (size_t i = 0; config_sections[i][0]; i++) {
        if (!str_eq(str_from(config_sections[i][0]), section))
            continue;
        buf_add_char(out, '\n');
        if (config_sections[i][1])
            write_comment(out, "", config_sections[i][1]);
    }
}

void config_example(struct buf *out)
{
    struct str last = {"", 0};

    write_comment(
        out, "",
        "weir.example.yml - all keys of the configuration with their defaults.\n"
        "Flags stand over the environment, that over this file. Any key can come from the\n"
        "environment: WEIR_ and its path, as in WEIR_WORK_THREADS=4. Sizes and spans of time\n"
        "have units: 64KiB 32MiB 2GiB, 100ms 10s 5m 24h 7d. `weir config validate` checks a\n"
        "file, `weir config show` prints what is in force and where each value comes from.");
    for (size_t i = 0; i < config_keys.n; i++) {
        const struct config_key *key = &config_keys.rows[i];
        size_t n;
        const char *name = name_of(key, &n);
        struct str section = {key->path, n};
        bool is_new = !str_eq(section, last);
        if (is_new)
            write_section(out, section);
        last = section;
        if (!name) {
            bool is_needed = key->kind == CONFIG_INPUT_LIST;
            write_comment(out, "", key->help);
            buf_printf(out, "%s:%s\n", key->path, is_needed ? "" : " []");
            write_items(out, is_needed ? &config_input_keys : &config_tenant_keys, !is_needed);
            continue;
        }
        if (is_new)
            buf_printf(out, "%.*s:\n", (int)n, key->path);
        write_key(out, "  ", name, key, str_eq(str_from(key->path), STR("rules.paths")));
    }
}
