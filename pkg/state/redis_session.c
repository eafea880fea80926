/* redis_session.c - finds the primary and checks it before anything is written. */
#include "state/redis_session.h"

#include "base/buf.h"
#include "base/embed.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { REDIS_MAJOR_MIN = 7, MAXMEMORY_PERCENT = 80 };
#define LIBRARY_NAME "weir_v3"

static const struct redis_trouble_row {
    const char *prefix;
    enum redis_trouble what;
} troubles[] = {
    {"LOADING", REDIS_WAIT},
    {"BUSY", REDIS_WAIT},
    {"MASTERDOWN", REDIS_WAIT},
    {"MISCONF", REDIS_WAIT}, /* it cannot write its disk and takes no writes */
    {"NOREPLICAS", REDIS_WAIT},
    {"TRYAGAIN", REDIS_WAIT},
    {"READONLY", REDIS_RECONNECT},
    {"UNBLOCKED", REDIS_RECONNECT},
    {"OOM", REDIS_FULL},
    {"ERR Function not found", REDIS_NO_LIBRARY},
    {"NOSCRIPT", REDIS_NO_LIBRARY},
};

enum redis_trouble redis_trouble_of(const struct redis_reply *r)
{
    if (r->type != REDIS_ERROR)
        return REDIS_FINE;
    for (size_t i = 0; i < ARRAY_LEN(troubles); i++)
        if (str_starts(r->text, str_from(troubles[i].prefix)))
            return troubles[i].what;
    return REDIS_BROKEN;
}

void redis_session_name(const struct redis_session *s, const char *what,
                        char out[static REDIS_TAG_BYTES])
{
    snprintf(out, REDIS_TAG_BYTES, "{w:%s%s}", s->space, what);
}

static enum weir_rc ask(struct redis_session *s, const struct str *words, size_t n,
                        const struct redis_reply **out, struct weir_err *err)
{
    redis_conn_add(s->conn, words, n);
    TRY(redis_conn_send(s->conn, err));
    return redis_conn_reply(s->conn, s->scratch, out, err);
}

static const char *name_of(const struct redis_address *a)
{
    return a->host;
}

/* An error of the server where none may be; one that passes is as good as no answer. */
static enum weir_rc refused(const struct redis_address *a, const char *what,
                            const struct redis_reply *r, struct weir_err *err)
{
    enum redis_trouble t = redis_trouble_of(r);
    bool passes = t == REDIS_WAIT || t == REDIS_RECONNECT;

    return err_set(err, passes ? WEIR_IO : WEIR_BADARG, "Redis at %s: %s: %.*s", name_of(a), what,
                   (int)(r->text.n < 200 ? r->text.n : 200), r->text.p ? r->text.p : "");
}

static enum weir_rc authenticate(struct redis_session *s, const struct redis_address *a,
                                 struct weir_err *err)
{
    const struct redis_reply *r;
    const char *user = s->url.user[0] ? s->url.user : "default";
    struct str words[] = {STR("AUTH"), str_from(user), str_from(s->password)};

    if (s->password[0]) {
        TRY(ask(s, words, 3, &r, err));
        if (r->type == REDIS_ERROR)
            return refused(a, "wrong user or password", r, err);
    }
    TRY(redis_conn_ask(s->conn, s->scratch, "PING", &r, err));
    if (r->type == REDIS_ERROR && str_starts(r->text, STR("NOAUTH")))
        return err_set(err, WEIR_BADARG,
                       "Redis at %s asks for a password: --state-password-file, "
                       "state.password_file",
                       name_of(a));
    return r->type == REDIS_ERROR ? refused(a, "does not answer PING", r, err) : WEIR_OK;
}

static enum weir_rc select_database(struct redis_session *s, const struct redis_address *a,
                                    struct weir_err *err)
{
    const struct redis_reply *r;
    char number[16];

    if (s->url.database == 0)
        return WEIR_OK;
    snprintf(number, sizeof number, "%u", s->url.database);
    struct str words[] = {STR("SELECT"), str_from(number)};
    TRY(ask(s, words, 2, &r, err));
    return r->type == REDIS_ERROR ? refused(a, "database", r, err) : WEIR_OK;
}

static enum weir_rc check_primary(struct redis_session *s, const struct redis_address *a,
                                  struct weir_err *err)
{
    const struct redis_reply *r;

    TRY(redis_conn_ask(s->conn, s->scratch, "ROLE", &r, err));
    if (r->type != REDIS_LIST || r->n == 0)
        return refused(a, "ROLE", r, err);
    if (str_eq(r->items[0]->text, STR("master")))
        return WEIR_OK;
    return err_set(err, WEIR_IO, "Redis at %s is a read-only replica: name the primary",
                   name_of(a));
}

/* The value of `name` in the text of INFO. */
static struct str info_value(struct str info, struct str name)
{
    struct str line, value;

    while (info.n > 0) {
        str_cut(info, '\n', &line, &info);
        if (str_starts(line, name) && str_cut(line, ':', &line, &value) && str_eq(line, name))
            return str_trim(value);
    }
    return (struct str){0};
}

static enum weir_rc check_version(struct redis_session *s, const struct redis_address *a,
                                  struct weir_err *err)
{
    const struct redis_reply *r;
    struct str major, rest;
    uint64_t number;

    TRY(redis_conn_ask(s->conn, s->scratch, "INFO server", &r, err));
    if (r->type != REDIS_TEXT)
        return refused(a, "INFO", r, err);
    struct str version = info_value(r->text, STR("redis_version"));
    str_cut(version, '.', &major, &rest);
    if (str_to_u64(major, &number) && number >= REDIS_MAJOR_MIN)
        return WEIR_OK;
    return err_set(err, WEIR_BADARG, "Redis at %s is version %.*s: %d.0 or newer is needed",
                   name_of(a), (int)version.n, version.p, REDIS_MAJOR_MIN);
}

static enum weir_rc check_memory(struct redis_session *s, const struct redis_address *a,
                                 struct weir_err *err)
{
    const struct redis_reply *r;

    TRY(redis_conn_ask(s->conn, s->scratch, "INFO memory", &r, err));
    if (r->type != REDIS_TEXT)
        return refused(a, "INFO", r, err);
    struct str policy = info_value(r->text, STR("maxmemory_policy"));
    if (!str_to_u64(info_value(r->text, STR("maxmemory")), &s->maxmemory))
        s->maxmemory = 0;
    if (str_eq(policy, STR("noeviction")))
        return WEIR_OK;
    return err_set(err, WEIR_BADARG,
                   "Redis at %s throws keys away (maxmemory-policy %.*s): weir needs noeviction",
                   name_of(a), (int)policy.n, policy.p);
}

/* One line each: the first who comes leaves the fingerprint of its secret. */
static enum weir_rc check_secret(struct redis_session *s, const struct redis_address *a,
                                 struct weir_err *err)
{
    const struct redis_reply *r;
    struct str write[] = {STR("HSETNX"), str_from(s->meta), STR("secret"),
                          str_from(s->fingerprint)};
    struct str read[] = {STR("HGET"), str_from(s->meta), STR("secret")};

    if (!s->fingerprint[0])
        return WEIR_OK;
    TRY(ask(s, read, 3, &r, err));
    if (r->type == REDIS_NIL && s->may_be_new)
        return WEIR_OK;
    if (r->type == REDIS_NIL && s->is_looking)
        return err_set(err, WEIR_NOTFOUND, "Redis at %s holds no state of %s", name_of(a),
                       s->space[0] ? "this group" : "a replay");
    if (r->type == REDIS_NIL) {
        TRY(ask(s, write, 4, &r, err));
        if (r->type == REDIS_ERROR)
            return refused(a, "cannot write", r, err);
        TRY(ask(s, read, 3, &r, err));
    }
    if (r->type == REDIS_TEXT && str_eq(r->text, str_from(s->fingerprint)))
        return WEIR_OK;
    if (r->type != REDIS_TEXT)
        return refused(a, "cannot read", r, err);
    return err_set(err, WEIR_BADARG,
                   "Redis at %s holds the state of another deployment: secret %.*s, ours is %s",
                   name_of(a), (int)r->text.n, r->text.p, s->fingerprint);
}

/* With `replace` in the place of an older one. */
static enum weir_rc load_library(struct redis_session *s, bool replace, struct weir_err *err)
{
    const struct redis_reply *r;
    struct str words[4] = {STR("FUNCTION"), STR("LOAD")};
    size_t n = 2;

    if (replace)
        words[n++] = STR("REPLACE");
    words[n++] = embed_libraries[0].text;
    TRY(ask(s, words, n, &r, err));
    if (r->type == REDIS_ERROR && str_find(r->text, STR("already exists"), 0) == SIZE_MAX)
        return err_set(err, redis_trouble_of(r) == REDIS_BROKEN ? WEIR_BADARG : WEIR_IO,
                       "Redis: cannot load the library: %.*s",
                       (int)(r->text.n < 300 ? r->text.n : 300), r->text.p);
    return WEIR_OK;
}

enum weir_rc redis_session_load_library(struct redis_session *s, struct weir_err *err)
{
    return load_library(s, false, err);
}

/* Of a library's code; 0: from before they were counted. */
static uint64_t revision_of(struct str code)
{
    const struct str word = STR("local REVISION = ");
    size_t at = str_find(code, word, 0), n = 0;
    uint64_t revision;

    if (at == SIZE_MAX)
        return 0;
    at += word.n;
    while (at + n < code.n && code.p[at + n] >= '0' && code.p[at + n] <= '9')
        n++;
    return str_to_u64(str_sub(code, at, n), &revision) ? revision : 0;
}

/* The code of the one library in an answer to FUNCTION LIST. */
static struct str code_of(const struct redis_reply *list)
{
    const struct redis_reply *library = list->items[0];

    for (size_t i = 0; library->type == REDIS_LIST && i + 1 < library->n; i += 2) {
        const struct redis_reply *name = library->items[i], *value = library->items[i + 1];
        if (name->type == REDIS_TEXT && value->type == REDIS_TEXT &&
            str_eq(name->text, STR("library_code")))
            return value->text;
    }
    return STR("");
}

/* One that an older weir has loaded is replaced; a later one stays. */
static enum weir_rc find_library(struct redis_session *s, const struct redis_address *a,
                                 struct weir_err *err)
{
    const struct redis_reply *r;

    TRY(redis_conn_ask(s->conn, s->scratch, "FUNCTION LIST LIBRARYNAME " LIBRARY_NAME " WITHCODE",
                       &r, err));
    if (r->type != REDIS_LIST)
        return refused(a, "FUNCTION LIST", r, err);
    if (r->n == 0)
        return load_library(s, false, err);
    return revision_of(code_of(r)) < revision_of(embed_libraries[0].text)
               ? load_library(s, true, err)
               : WEIR_OK;
}

static enum weir_rc check(struct redis_session *s, const struct redis_address *a,
                          struct weir_err *err)
{
    TRY(authenticate(s, a, err));
    TRY(select_database(s, a, err));
    TRY(check_version(s, a, err));
    TRY(check_primary(s, a, err));
    TRY(check_memory(s, a, err));
    TRY(check_secret(s, a, err));
    return s->is_looking ? WEIR_OK : find_library(s, a, err);
}

enum weir_rc redis_session_open(struct redis_session *s, struct weir_err *err)
{
    enum weir_rc rc = WEIR_IO;
    bool is_away = false;

    if (!s->scratch)
        s->scratch = arena_new(0);
    for (size_t i = 0; i < s->url.n_addresses && rc != WEIR_OK; i++) {
        const struct redis_address *a = &s->url.addresses[i];
        struct redis_wire_options o = {
            .host = a->host,
            .port = a->port,
            .is_unix = s->url.is_unix,
            .is_tls = s->url.is_tls,
            .ca_file = s->ca_file[0] ? s->ca_file : NULL,
            .timeout_ms = s->timeout_ms,
        };
        redis_session_close(s);
        arena_reset(s->scratch);
        rc = redis_conn_open(&o, &s->conn, err);
        if (rc == WEIR_OK)
            rc = check(s, a, err);
        is_away |= rc == WEIR_IO;
    }
    if (rc == WEIR_OK)
        return WEIR_OK;
    redis_session_close(s);
    if (is_away) /* one of them may become the primary */
        rc = err->code = WEIR_IO;
    return rc;
}

enum weir_rc redis_session_check_budget(const struct redis_session *s, uint64_t total_bytes,
                                        struct weir_err *err)
{
    if (s->maxmemory == 0 || total_bytes <= s->maxmemory / 100 * MAXMEMORY_PERCENT)
        return WEIR_OK;
    return err_set(err, WEIR_LIMIT,
                   "Redis: the budget of state is %llu MB, more than %d %% of its maxmemory "
                   "(%llu MB)",
                   (unsigned long long)(total_bytes >> 20), MAXMEMORY_PERCENT,
                   (unsigned long long)(s->maxmemory >> 20));
}

void redis_session_close(struct redis_session *s)
{
    if (s->conn)
        s->n_commands += redis_conn_commands(s->conn);
    redis_conn_free(s->conn);
    s->conn = NULL;
}

void redis_session_release(struct redis_session *s)
{
    redis_session_close(s);
    if (s->scratch)
        arena_free(s->scratch);
    s->scratch = NULL;
    explicit_bzero(s->password, sizeof s->password);
}

enum weir_rc redis_session_password(struct redis_session *s, struct str path, struct weir_err *err)
{
    char name[REDIS_PATH_BYTES], line[REDIS_PASSWORD_MAX + 2];

    snprintf(name, sizeof name, "%.*s", (int)path.n, path.p);
    FILE *f = fopen(name, "rbe");
    if (!f)
        return err_set(err, WEIR_NOTFOUND, "password file %s: %s", name, strerror(errno));
    size_t n = fread(line, 1, sizeof line, f);
    fclose(f);
    struct str password = {line, n}, rest;
    str_cut(password, '\n', &password, &rest);
    if (password.n > 0 && password.p[password.n - 1] == '\r')
        password.n--;
    enum weir_rc rc = WEIR_OK;
    if (password.n == 0 || password.n > REDIS_PASSWORD_MAX || memchr(password.p, '\0', password.n))
        rc = err_set(err, WEIR_BADARG, "password file %s: its first line is empty or over %d bytes",
                     name, REDIS_PASSWORD_MAX);
    else
        snprintf(s->password, sizeof s->password, "%.*s", (int)password.n, password.p);
    explicit_bzero(line, sizeof line);
    return rc;
}

/* The names of keys begin with the hash of the group's name: it may hold any character. */
static void name_space(struct redis_session *s, struct str group)
{
    if (group.n > 0)
        snprintf(s->space, sizeof s->space,
                 "%016llx:", (unsigned long long)state_value_of(&state_secret_test, &group, 1));
    redis_session_name(s, "meta", s->meta);
}

enum weir_rc redis_session_configure(struct redis_session *s, const struct store_redis_options *o,
                                     struct weir_err *err)
{
    TRY(redis_url_parse(o->url, &s->url, err));
    if (o->password_file.n > 0)
        TRY(redis_session_password(s, o->password_file, err));
    if (o->ca_file.n >= sizeof s->ca_file)
        return err_set(err, WEIR_BADARG, "the path of the CA file is too long");
    memcpy(s->ca_file, o->ca_file.p ? o->ca_file.p : "", o->ca_file.n);
    s->timeout_ms = o->timeout_ms ? o->timeout_ms : REDIS_TIMEOUT_MS;
    s->is_looking = o->is_looking;
    if (o->secret)
        state_secret_fingerprint(o->secret, s->fingerprint);
    name_space(s, o->group);
    return WEIR_OK;
}

uint64_t redis_session_commands(const struct redis_session *s)
{
    return s->n_commands + (s->conn ? redis_conn_commands(s->conn) : 0);
}
