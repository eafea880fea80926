/* config.c - `weir config`: the steps of a worker's start that need no group and leave nothing in
 * the store. */
#include "app/config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app/output.h"
#include "app/ruleset_load.h"
#include "app/state.h"
#include "base/str.h"
#include "state/redis_check.h"
#include "worker/topics.h"

size_t config_flags(struct config_options *o, struct flag out[CONFIG_FLAGS_MAX])
{
    const struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, "FILE",
         "configuration (docs/weir.example.yml); none: all from "
         "environment and -X",
         .to.text = &o->file, .is_in_environment = true},
        {"set-value", 'X', FLAG_TEXTS, "KEY=VALUE",
         "a key of the configuration (work.threads=4), or a property of librdkafka",
         .to.texts = &o->overrides},
    };

    _Static_assert(ARRAY_LEN(flags) == CONFIG_FLAGS_MAX, "room for the options");
    memcpy(out, flags, sizeof flags);
    return ARRAY_LEN(flags);
}

void config_options_release(struct config_options *o)
{
    text_list_release(&o->overrides);
}

static void note_lines(const struct str *lines, size_t n)
{
    for (size_t i = 0; i < n; i++)
        note("warning: %.*s", (int)lines[i].n, lines[i].p);
}

enum weir_rc config_options_load(const struct config_options *o, struct arena *a,
                                 struct config *out, struct weir_err *err)
{
    TRY(config_load(a, o->file, o->overrides.items, o->overrides.n, out, err));
    note_lines(out->warnings, out->n_warnings);
    return WEIR_OK;
}

/* ---- validate ------------------------------------------------------------------------------- */

static enum weir_rc check_file(struct str path, struct weir_err *err)
{
    /* Texts of the arena have a zero behind them; those of flags and environment, too. */
    if (!path.n || access(path.p, R_OK) == 0)
        return WEIR_OK;
    err_set(err, errno == ENOENT ? WEIR_NOTFOUND : WEIR_IO, "cannot read: %s", strerror(errno));
    err_file(err, path);
    return err->code;
}

/* What the store's client will open; rules, lists and the rest are loaded. */
static enum weir_rc check_files(const struct config *c, struct arena *a, struct weir_err *err)
{
    TRY(check_file(arena_str(a, c->state_password_file), err));
    TRY(check_file(arena_str(a, c->state_ca_file), err));
    return check_file(arena_str(a, c->state_secret_file), err);
}

static enum weir_rc ask_topics(const struct config *c, const struct ruleset *rules, struct arena *a,
                               struct buf *out, struct weir_err *err)
{
    struct topics_verdict verdict;

    TRY(topics_check(c, topics_claims_ms(rules->graph), a, &verdict, err));
    note_lines(verdict.warnings, verdict.n_warnings);
    buf_printf(out, ", topics read: %zu, partitions: %u", verdict.n_inputs, verdict.n_partitions);
    return WEIR_OK;
}

enum weir_rc config_store(const struct config *c, struct arena *a, struct state_secret *secret,
                          struct store_redis_options *out, struct weir_err *err)
{
    TRY(state_read_secret(a, c->state_secret_file, secret, err));
    *out = (struct store_redis_options){.url = c->state,
                                        .password_file = c->state_password_file,
                                        .ca_file = c->state_ca_file,
                                        .secret = secret,
                                        .group = c->group};
    return WEIR_OK;
}

/* Its URL and files; online the store itself, too. */
static enum weir_rc check_store(const struct config *c, bool is_online, struct arena *a,
                                struct buf *out, struct weir_err *err)
{
    struct state_secret secret;
    struct store_redis_options o;

    if (str_eq(c->state, STR("none")))
        return WEIR_OK;
    TRY(config_store(c, a, &secret, &o, err));
    if (!is_online)
        return redis_check_options(&o, err);
    o.timeout_ms = TOPICS_ASK_MS; /* as long as a broker may take */
    TRY(redis_check(&o, c->state_budget_bytes, err));
    buf_add(out, STR(", store: fit"));
    return WEIR_OK;
}

static enum weir_rc print(struct str text, struct weir_err *err)
{
    struct output *out;

    TRY(output_open(STR(""), &out, err));
    enum weir_rc rc = output_write(out, text, err);
    if (rc == WEIR_OK)
        rc = output_commit(out, err);
    output_free(out);
    return rc;
}

/* One line on stdout if all is well. */
static enum weir_rc validate(const struct config *c, const struct ruleset *rules, bool is_online,
                             struct arena *a, struct weir_err *err)
{
    struct buf line = {0};
    enum weir_rc rc = WEIR_OK;

    add_printable(&line, c->file.n ? c->file : STR("environment and options"));
    buf_printf(&line, ": ok (inputs: %zu, rules: %zu, rule set: %.*s", c->n_inputs, rules->n_rules,
               (int)rules->generation.n, rules->generation.p);
    if (is_online)
        rc = ask_topics(c, rules, a, &line, err);
    if (rc == WEIR_OK)
        rc = check_store(c, is_online, a, &line, err);
    buf_add(&line, STR(")\n"));
    if (rc == WEIR_OK)
        rc = print(buf_str(&line), err);
    buf_release(&line);
    return rc;
}

enum exit_code config_validate(const struct config_options *o, bool is_online)
{
    struct arena *a = arena_new(0);
    struct config *c = ARENA_NEW(a, struct config);
    struct ruleset_source source = {c};
    struct ruleset rules;
    struct weir_err err = {0};

    enum weir_rc rc = config_options_load(o, a, c, &err);
    if (rc == WEIR_OK)
        rc = check_files(c, a, &err);
    enum exit_code code = end_with(rc, &err);
    if (rc == WEIR_OK && (rc = ruleset_load(&source, NULL, &rules, &err)) != WEIR_OK) {
        code = end_with(rc, &err);
        if (rc == WEIR_SYNTAX || rc == WEIR_UNSUPPORTED)
            code = EXIT_RULES;
    } else if (rc == WEIR_OK) {
        code = end_with(validate(c, &rules, is_online, a, &err), &err);
        ruleset_unload(&source, &rules);
    }
    arena_free(a);
    return code;
}

/* ---- show, example -------------------------------------------------------------------------- */

enum exit_code config_print(const struct config_options *o)
{
    struct arena *a = arena_new(0);
    struct config *c = ARENA_NEW(a, struct config);
    struct buf text = {0};
    struct weir_err err = {0};

    enum weir_rc rc = config_options_load(o, a, c, &err);
    if (rc == WEIR_OK) {
        config_show(c, &text);
        rc = print(buf_str(&text), &err);
    }
    buf_release(&text);
    arena_free(a);
    return end_with(rc, &err);
}

enum exit_code config_print_example(void)
{
    struct buf text = {0};
    struct weir_err err = {0};

    config_example(&text);
    enum weir_rc rc = print(buf_str(&text), &err);
    buf_release(&text);
    return end_with(rc, &err);
}
