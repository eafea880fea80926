/* state.c - the state of a command: store, secret, graph. */
#include "app/state.h"

#include <string.h>

#include "app/files.h"
#include "base/str.h"
#include "state/redis_forget.h"
#include "state/store_dir.h"
#include "state/store_mem.h"
#include "state/store_redis.h"

size_t state_place_flags(struct state_options *o, const char *where,
                         struct flag out[STATE_PLACE_FLAGS_MAX])
{
    const struct flag flags[] = {
        {"state", 0, FLAG_TEXT, "WHERE", where, .to.text = &o->where, .is_in_environment = true},
        {"state-password-file", 0, FLAG_TEXT, "FILE", "password for the server of --state",
         .to.text = &o->password_file, .is_in_environment = true, .with = "state"},
        {"state-ca", 0, FLAG_TEXT, "FILE", "certificates that the server's must come from",
         .to.text = &o->ca_file, .is_in_environment = true, .with = "state"},
    };

    memcpy(out, flags, sizeof flags);
    return ARRAY_LEN(flags);
}

size_t state_flags(struct state_options *o, struct flag out[STATE_FLAGS_MAX])
{
    const struct flag flags[] = {
        {"state-budget", 0, FLAG_COUNT, "MIB",
         "memory of all rules' state, evidence included (1024)", .to.count = &o->budget_mib,
         .is_in_environment = true},
        {"state-secret-file", 0, FLAG_TEXT, "FILE",
         "secret that keys are hashed with; without one a fixed test key",
         .to.text = &o->secret_file, .is_in_environment = true},
        {"brake", 0, FLAG_COUNT, "N", "new findings of a rule in a minute (100); 0: no limit",
         .to.count = &o->brake, .is_in_environment = true},
        {"no-dedup", 0, FLAG_SWITCH, NULL, "every match is a finding of its own",
         .to.on = &o->no_dedup, .is_in_environment = true},
        {"assume-trained", 0, FLAG_SWITCH, NULL,
         "first_seen, rarity and ratio judge at once, without their training",
         .to.on = &o->assume_trained, .is_in_environment = true},
    };
    size_t n = state_place_flags(
        o, "memory (default), dir:PATH (goes on after a crash), redis://HOST:PORT, unix:///SOCKET",
        out);

    ASSERT(n + ARRAY_LEN(flags) <= STATE_FLAGS_MAX);
    memcpy(out + n, flags, sizeof flags);
    return n + ARRAY_LEN(flags);
}

enum { SECRET_FILE_MAX = 4096 };

static bool is_redis(struct str where)
{
    return str_starts(where, STR("redis://")) || str_starts(where, STR("rediss://")) ||
           str_starts(where, STR("unix://"));
}

enum weir_rc state_read_secret(struct arena *a, struct str file, struct state_secret *out,
                               struct weir_err *err)
{
    struct str text;

    *out = state_secret_test;
    if (!file.n)
        return WEIR_OK;
    TRY(file_read(a, file, SECRET_FILE_MAX, &text, err));
    if (state_secret_from(str_trim(text), out) == WEIR_OK)
        return WEIR_OK;
    err_set(err, WEIR_BADARG, "--state-secret-file: a secret has at least %d bytes",
            STATE_SECRET_BYTES);
    err_file(err, file);
    return WEIR_BADARG;
}

static enum weir_rc open_store(struct state *s, const struct state_options *o, struct weir_err *err)
{
    if (!o->where.n || str_eq(o->where, STR("memory"))) {
        s->store = store_mem_new();
        return WEIR_OK;
    }
    if (is_redis(o->where)) {
        struct store_redis_options redis = {.url = o->where,
                                            .password_file = o->password_file,
                                            .ca_file = o->ca_file,
                                            .secret = &s->secret,
                                            .group = o->group,
                                            .is_looking = o->is_looking};
        return store_redis_new(&redis, &s->store, err);
    }
    if (str_starts(o->where, STR("dir:"))) {
        char fingerprint[17];
        state_secret_fingerprint(&s->secret, fingerprint);
        struct store_dir_options dir = {.path = str_sub(o->where, 4, o->where.n),
                                        .fingerprint = fingerprint,
                                        .is_looking = o->is_looking};
        s->store = store_dir_open(&dir, err);
        s->is_dir = true;
        return s->store ? WEIR_OK : err->code;
    }
    return err_set(err, WEIR_BADARG, "--state '%.*s': memory, dir:PATH or redis://HOST:PORT",
                   (int)o->where.n, o->where.p);
}

static enum weir_rc make_graph(struct arena *a, struct rule *const *rules, size_t n_rules,
                               const struct state_options *o, const struct state *s,
                               const struct graph **out, struct weir_err *err)
{
    struct graph_tenant tenant = {.name = o->tenant, .lists = o->score_lists};
    struct graph_options graph = {.tenants = &tenant,
                                  .n_tenants = 1,
                                  .secret = s ? s->secret : state_secret_test,
                                  .geoip = o->geoip,
                                  .budget_bytes = o->budget_bytes ? o->budget_bytes
                                                                  : o->budget_mib * 1024 * 1024,
                                  .brake_creates = (uint32_t)o->brake,
                                  .no_dedup = o->no_dedup,
                                  .lists_steps = o->lists_steps,
                                  .assume_trained = o->assume_trained,
                                  .profiles = o->profiles};

    return graph_new(a, rules, n_rules, &graph, out, err);
}

enum weir_rc state_graph(struct arena *a, struct rule *const *rules, size_t n_rules,
                         const struct state_options *o, const struct graph **out,
                         struct weir_err *err)
{
    return make_graph(a, rules, n_rules, o, NULL, out, err);
}

enum weir_rc state_open(struct state *s, struct arena *a, struct rule *const *rules, size_t n_rules,
                        const struct state_options *o, struct weir_err *err)
{
    TRY(state_read_secret(a, o->secret_file, &s->secret, err));
    TRY(make_graph(a, rules, n_rules, o, s, &s->graph, err));
    TRY(open_store(s, o, err));
    graph_attach(s->graph, s->store);
    return is_redis(o->where) && !o->is_looking ? store_redis_check_budget(s->store, err) : WEIR_OK;
}

enum weir_rc state_forget(const struct state_options *o, const struct str *groups, size_t n,
                          struct weir_err *err)
{
    const struct store_redis_options redis = {
        .url = o->where, .password_file = o->password_file, .ca_file = o->ca_file};

    return is_redis(o->where) ? redis_forget_groups(&redis, groups, n, err) : WEIR_OK;
}

void state_release(struct state *s)
{
    if (s->store)
        store_free(s->store);
    s->store = NULL;
}
