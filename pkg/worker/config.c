/* config.c - loading a configuration: four layers over each other, defaults, the file, the
 * environment, flags, all through the table (config_key.h). Then the cross checks. */
#include "worker/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "worker/config_load.h"

enum { CONFIG_FILE_MAX = 4 * 1024 * 1024, SECRET_FILE_MAX = 64 * 1024, HOST_NAME_MAX_BYTES = 256 };

extern char **environ;

/* ---- messages ------------------------------------------------------------------------------- */

enum weir_rc config_fail(const struct config_loader *l, enum weir_rc rc, struct config_origin at,
                         const char *path, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    switch (at.layer) {
    case LAYER_ENVIRONMENT:
        if (l->prefix[0])
            return err_set(l->err, rc, "%s: %s%s: %s", at.variable, l->prefix, path, text);
        return err_set(l->err, rc, "%s: %s", at.variable, text);
    case LAYER_FLAG:
        return err_set(l->err, rc, "-X %s%s: %s", l->prefix, path, text);
    case LAYER_FILE:
        err_at(l->err, rc, at.line, at.col, "%s%s: %s", l->prefix, path, text);
        err_file(l->err, l->c->file);
        return rc;
    case LAYER_DEFAULT:
        break;
    }
    err_set(l->err, rc, "%s%s: %s", l->prefix, path, text);
    if (l->c->file.n)
        err_file(l->err, l->c->file);
    return rc;
}

enum weir_rc config_fail_node(const struct config_loader *l, const struct doc_node *node,
                              const struct config_key *key, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return config_fail(l, WEIR_BADARG, config_at(l, node->line, node->col), key->path, "%s", text);
}

void config_warn(struct config_loader *l, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    struct str *line = vec_push(l->arena, &l->warnings, sizeof *line);
    *line = arena_str(l->arena, str_from(text));
}

enum weir_rc config_unknown(const struct config_loader *l, const struct config_keys *keys,
                            struct config_origin at, struct str path)
{
    struct str near = config_key_nearest(keys, path);
    const char *z = arena_str(l->arena, path).p;

    if (near.n)
        return config_fail(l, WEIR_BADARG, at, z, "unknown key (did you mean '%s%.*s'?)", l->prefix,
                           (int)near.n, near.p);
    return config_fail(l, WEIR_BADARG, at, z, "unknown key (docs/weir.example.yml has them all)");
}

/* ---- the file ------------------------------------------------------------------------------- */

enum weir_rc config_read_file(struct arena *a, struct str path, size_t max, struct str *out,
                              struct weir_err *err)
{
    int fd = open(arena_str(a, path).p, O_RDONLY | O_CLOEXEC);
    struct buf text = {0};
    ssize_t got = fd < 0 ? -1 : 1;

    while (got > 0 && text.n <= max) {
        got = read(fd, buf_reserve(&text, 4096), 4096);
        if (got > 0)
            text.n += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    int why = errno;
    if (fd >= 0)
        close(fd);
    *out = arena_str(a, buf_str(&text));
    buf_release(&text);
    if (got < 0)
        err_set(err, why == ENOENT ? WEIR_NOTFOUND : WEIR_IO, "cannot read: %s", strerror(why));
    else if (out->n > max)
        err_set(err, WEIR_LIMIT, "more than %zu bytes", max);
    else
        return WEIR_OK;
    err_file(err, path);
    return err->code;
}

/* Keys are nested in the file, so that each has one place. */
static enum weir_rc refuse_dotted(const struct config_loader *l, struct config_origin at,
                                  struct str path)
{
    struct str section, name;

    str_cut(path, '.', &section, &name);
    return config_fail(l, WEIR_BADARG, at, path.p, "keys are nested: '%.*s:' below '%.*s:'",
                       (int)name.n, name.p, (int)section.n, section.p);
}

/* A map of the file whose keys stand below `prefix`. */
static enum weir_rc take_map(struct config_loader *l, const struct doc_node *map,
                             const char *prefix)
{
    for (size_t i = 0; i < map->n_items; i++) {
        const struct doc_node *value = &map->items[i];
        struct str path =
            arena_printf(l->arena, "%s%.*s", prefix, (int)map->keys[i].text.n, map->keys[i].text.p);
        const struct config_key *key = config_key_find(&config_keys, path);
        bool is_section = !prefix[0] && config_key_is_section(path);

        l->from = (struct config_origin){LAYER_FILE, value->line, value->col, NULL};
        if (key && str_find_char(map->keys[i].text, '.', 0) != SIZE_MAX)
            return refuse_dotted(l, config_at(l, map->keys[i].line, map->keys[i].col), path);
        if (is_section && value->type == DOC_MAP)
            TRY(take_map(l, value, arena_printf(l->arena, "%s.", path.p).p));
        else if (is_section && value->type == DOC_NULL)
            continue; /* a section with nothing but comments */
        else if (key && (!is_section || doc_is_scalar(value)))
            TRY(config_set(l, key, value));
        else if (is_section)
            return config_fail(l, WEIR_BADARG, l->from, path.p, "a map is wanted, not %s",
                               doc_type_name(value));
        else
            return config_unknown(l, &config_keys,
                                  config_at(l, map->keys[i].line, map->keys[i].col), path);
    }
    return WEIR_OK;
}

static enum weir_rc take_file(struct config_loader *l)
{
    struct str text;
    struct doc_node *docs;
    size_t n;

    TRY(config_read_file(l->arena, l->c->file, CONFIG_FILE_MAX, &text, l->err));
    enum weir_rc rc = doc_parse_yaml(l->arena, text, &docs, &n, l->err);
    if (rc == WEIR_OK && n == 0)
        rc = err_set(l->err, WEIR_SYNTAX, "no configuration in it: the file is empty");
    else if (rc == WEIR_OK && n > 1)
        rc = err_at(l->err, WEIR_SYNTAX, docs[1].line, docs[1].col, "one document is wanted");
    else if (rc == WEIR_OK && docs[0].type != DOC_MAP)
        rc = err_at(l->err, WEIR_SYNTAX, docs[0].line, docs[0].col, "a map is wanted, not %s",
                    doc_type_name(&docs[0]));
    if (rc == WEIR_OK)
        rc = take_map(l, &docs[0], "");
    if (rc != WEIR_OK)
        err_file(l->err, l->c->file);
    return rc;
}

/* ---- defaults, environment, flags ----------------------------------------------------------- */

static void take_defaults(struct config_loader *l)
{
    for (size_t i = 0; i < config_keys.n; i++) {
        const struct config_key *key = &config_keys.rows[i];
        if (key->without)
            ASSERT(config_set_text(l, key, str_from(key->without)) == WEIR_OK);
    }
}

static enum weir_rc take_variable(struct config_loader *l, const struct config_key *key,
                                  const char *path)
{
    char name[CONFIG_VARIABLE_MAX];

    config_key_variable(path, name);
    const char *value = getenv(name);
    if (!value || !*value)
        return WEIR_OK;
    l->from = (struct config_origin){.layer = LAYER_ENVIRONMENT,
                                     .variable = arena_str(l->arena, str_from(name)).p};
    return config_set_text(l, key, str_from(value));
}

/* WEIR_KAFKA_COMMON_BOOTSTRAP_SERVERS=...: names of properties are lower case with dots. */
static enum weir_rc take_property(struct config_loader *l, const struct config_key *key,
                                  struct str variable, struct str value)
{
    char prefix[CONFIG_VARIABLE_MAX];

    config_key_variable(key->path, prefix);
    size_t n = strlen(prefix);
    if (!str_starts(variable, str_from(prefix)) || variable.n <= n + 1 || variable.p[n] != '_' ||
        value.n == 0)
        return WEIR_OK;
    struct str name = arena_str(l->arena, str_sub(variable, n + 1, variable.n));
    char *p = (char *)(uintptr_t)name.p;
    for (size_t i = 0; i < name.n; i++)
        p[i] = p[i] == '_' ? '.' : ascii_lower(p[i]);
    struct doc_node node = {.type = DOC_STRING, .text = value, .is_quoted = true};
    l->from = (struct config_origin){.layer = LAYER_ENVIRONMENT,
                                     .variable = arena_str(l->arena, variable).p};
    return config_set_entry(l, key, name, &node);
}

/* Variables that are no key's are left alone, since orchestrators set some (WEIR_SERVICE_HOST); one
 * that is nearly a key's is a slip of the hand, and is told. */
static void warn_of_slips(struct config_loader *l)
{
    struct str names[CONFIG_KEYS_MAX], name, value;
    char variable[CONFIG_VARIABLE_MAX];
    size_t n = 0;

    for (size_t i = 0; i < config_keys.n; i++) {
        const struct config_key *key = &config_keys.rows[i];
        if (key->kind == CONFIG_PROPS || key->kind == CONFIG_SECRETS)
            continue; /* what begins so is a property */
        config_key_variable(key->path, variable);
        names[n++] = arena_str(l->arena, str_from(variable));
    }
    for (char **e = environ; *e; e++) {
        if (!str_starts(str_from(*e), STR("WEIR_")) || !str_cut(str_from(*e), '=', &name, &value) ||
            value.n == 0)
            continue;
        struct str near = str_nearest(name, names, n);
        if (near.n && !str_eq(near, name))
            config_warn(l, "%.*s: no key has this variable (did you mean %s?)", (int)name.n, name.p,
                        near.p);
    }
}

static enum weir_rc take_environment(struct config_loader *l)
{
    for (size_t i = 0; i < config_keys.n; i++) {
        const struct config_key *key = &config_keys.rows[i];
        if (key->alias)
            TRY(take_variable(l, key, key->alias));
        if (key->kind != CONFIG_PROPS && key->kind != CONFIG_SECRETS) {
            TRY(take_variable(l, key, key->path));
            continue;
        }
        for (char **e = environ; *e; e++) {
            struct str name, value;
            if (str_cut(str_from(*e), '=', &name, &value))
                TRY(take_property(l, key, name, value));
        }
    }
    return WEIR_OK;
}

static enum weir_rc given_twice(struct config_loader *l, struct str path)
{
    return err_set(l->err, WEIR_BADARG, "-X %.*s is given twice", (int)path.n, path.p);
}

/* Values of a list add up; of one value, nobody can guess which of two is meant. */
static bool may_repeat(enum config_kind kind)
{
    return kind == CONFIG_TEXTS || kind == CONFIG_SET || kind == CONFIG_SELECT ||
           kind == CONFIG_PROPS || kind == CONFIG_SECRETS;
}

static enum weir_rc override_key(struct config_loader *l, const struct config_key *key,
                                 struct str path, struct str value)
{
    if (!may_repeat(key->kind) && l->origins->keys[key - config_keys.rows].layer == LAYER_FLAG)
        return given_twice(l, path);
    return config_set_text(l, key, arena_str(l->arena, value));
}

static enum weir_rc override_entry(struct config_loader *l, const struct config_key *key,
                                   struct str path, struct str name, struct str value)
{
    const struct config_entry *entries = l->origins->entries.items;
    struct doc_node node = {.type = DOC_STRING, .is_quoted = true};

    for (size_t i = 0; i < l->origins->entries.n && key->kind != CONFIG_SELECT; i++)
        if (entries[i].key == key && entries[i].from.layer == LAYER_FLAG &&
            str_eq(entries[i].name, name))
            return given_twice(l, path);
    node.text = arena_str(l->arena, value);
    return config_set_entry(l, key, arena_str(l->arena, name), &node);
}

static enum weir_rc take_override(struct config_loader *l, struct str text)
{
    struct str path, value, name;
    const struct config_key *key;

    l->from = (struct config_origin){.layer = LAYER_FLAG};
    if (!str_cut(text, '=', &path, &value) || path.n == 0)
        return err_set(l->err, WEIR_BADARG, "-X '%.*s' is not KEY=VALUE", (int)text.n, text.p);
    path = str_trim(path);
    if ((key = config_key_find(&config_keys, path)))
        return override_key(l, key, path, value);
    if ((key = config_key_entry(path, &name)))
        return override_entry(l, key, path, name, value);
    struct str section, rest;
    str_cut(path, '.', &section, &rest);
    if (config_key_is_section(section) || config_key_nearest(&config_keys, path).n)
        return config_unknown(l, &config_keys, l->from, path);
    key = config_key_find(&config_keys, STR("kafka.common"));
    return override_entry(l, key, path, path, value);
}

/* ---- what no layer says --------------------------------------------------------------------- */

static enum weir_rc read_secrets(struct config_loader *l)
{
    for (size_t i = 0; i < l->c->secret_files.n; i++) {
        const struct kafka_prop *p = &l->c->secret_files.items[i];
        struct str text;
        TRY(config_read_file(l->arena, p->value, SECRET_FILE_MAX, &text, l->err));
        enum weir_rc rc =
            kafka_props_add(&l->c->common, KAFKA_COMMON, p->name, str_trim(text), l->err);
        if (rc == WEIR_OK && str_trim(text).n)
            continue;
        if (rc == WEIR_OK)
            rc = err_set(l->err, WEIR_BADARG, "the file is empty: it should hold %.*s",
                         (int)p->name.n, p->name.p);
        err_file(l->err, p->value);
        return rc;
    }
    return WEIR_OK;
}

static void name_worker(struct config_loader *l)
{
    char host[HOST_NAME_MAX_BYTES] = "weir";

    if (l->c->worker_name.n)
        return;
    if (gethostname(host, sizeof host - 1) != 0)
        memcpy(host, "weir", sizeof "weir");
    host[sizeof host - 1] = '\0';
    l->c->worker_name = arena_printf(l->arena, "%s-%ld", host, (long)getpid());
}

enum weir_rc config_load(struct arena *a, struct str file, const struct str *overrides,
                         size_t n_overrides, struct config *out, struct weir_err *err)
{
    struct config_origins *origins = ARENA_NEW(a, struct config_origins);
    struct weir_err ignored;
    struct config_loader l = {.arena = a,
                              .c = out,
                              .origins = origins,
                              .prefix = "",
                              .target = out,
                              .err = err ? err : &ignored};

    *out = (struct config){.arena = a, .file = arena_str(a, file), .origins = origins};
    *l.err = (struct weir_err){0};
    out->common.arena = out->consumer.arena = out->producer.arena = out->secret_files.arena = a;
    take_defaults(&l);
    if (file.n)
        TRY(take_file(&l));
    TRY(take_environment(&l));
    warn_of_slips(&l);
    for (size_t i = 0; i < n_overrides; i++)
        TRY(take_override(&l, overrides[i]));
    TRY(read_secrets(&l));
    name_worker(&l);
    TRY(config_check(&l));
    out->warnings = l.warnings.items;
    out->n_warnings = l.warnings.n;
    return WEIR_OK;
}
