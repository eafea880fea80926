/* test_redis_start.c - state URLs, and what the store in Redis says when it may not begin.
 */
#include "state/redis_check.h"
#include "state/redis_url.h"
#include "state/store_redis.h"

#include "base/str.h"
#include "tests/lib/redis_test.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct redis_server server;

TEST(urls_are_taken_apart)
{
    struct redis_url u;
    struct weir_err err;

    CHECK_EQ(redis_url_parse(STR("redis://weir@a:1,b,[::1]:7/3"), &u, &err), WEIR_OK);
    CHECK(!u.is_tls);
    CHECK_STR(str_from(u.user), "weir");
    CHECK_EQ(u.n_addresses, 3);
    CHECK_STR(str_from(u.addresses[0].host), "a");
    CHECK_EQ(u.addresses[0].port, 1);
    CHECK_EQ(u.addresses[1].port, 6379);
    CHECK_STR(str_from(u.addresses[2].host), "::1");
    CHECK_EQ(u.addresses[2].port, 7);
    CHECK_EQ(u.database, 3);
    CHECK_EQ(redis_url_parse(STR("rediss://h"), &u, &err), WEIR_OK);
    CHECK(u.is_tls);
    CHECK_EQ(redis_url_parse(STR("unix:///run/r.sock"), &u, &err), WEIR_OK);
    CHECK_STR(str_from(u.addresses[0].host), "/run/r.sock");
}

TEST(wrong_urls_are_refused_by_name)
{
    static const struct {
        const char *url, *text;
    } rows[] = {
        {"http://h", "state URL 'http://h': expected redis://, rediss:// or unix://"},
        {"redis://", "state URL: a host is empty or longer than 255 bytes"},
        {"redis://h:99999", "state URL: '99999' is no port"},
        {"redis://h:x", "state URL: 'x' is no port"},
        {"redis://h/x", "state URL: 'x' is no database number"},
        {"redis://u:secret@h",
         "state URL: no password here; it stands in a file (--state-password-file, "
         "state.password_file)"},
        {"redis://[::1", "state URL: '[' without ']' in '[::1'"},
        {"unix://", "state URL: the socket's path is empty or longer than 107 bytes"},
        {"redis://a,b,c,d,e,f,g,h,i", "state URL: more than 8 addresses"},
    };
    struct redis_url u;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct weir_err err = {0};
        CHECK(redis_url_parse(str_from(rows[i].url), &u, &err) != WEIR_OK);
        CHECK_STR(str_from(err.text), rows[i].text);
    }
}

/* ---- starts -------------------------------------------------------------------------------- */

static char password_file[300];

static struct store_redis_options options(const char *url)
{
    return (struct store_redis_options){
        .url = str_from(url), .timeout_ms = 60000, .patience_ms = 500};
}

/* The start is refused, and this stands in its one line; text NULL: it is not refused. WEIR_IO:
 * another try may help. */
static enum weir_rc check_start(const struct store_redis_options *o, const char *text)
{
    struct weir_err err = {0};
    struct store *s = NULL;
    enum weir_rc rc = store_redis_new(o, &s, &err);

    if (rc == WEIR_OK)
        store_free(s);
    if (!text && rc != WEIR_OK)
        print_error("refused: %s\n", err.text);
    CHECK_EQ(rc == WEIR_OK, text == NULL);
    if (text && !strstr(err.text, text))
        print_error("got: %s\n", err.text);
    CHECK(!text || strstr(err.text, text));
    CHECK(!text || !strchr(err.text, '\n'));
    if (text)
        CHECK_EQ(err.code, rc);
    return rc;
}

static void ask(const struct redis_server *r, const char *words)
{
    char line[400];

    snprintf(line, sizeof line, "redis-cli -p %u %s >/dev/null 2>&1", r->port, words);
    CHECK_EQ(system(line), 0);
}

static void write_password(const char *text)
{
    snprintf(password_file, sizeof password_file, "%.200s/password", server.dir);
    FILE *f = fopen(password_file, "we");
    CHECK(f);
    fputs(text, f);
    fclose(f);
}

TEST(nobody_there)
{
    struct store_redis_options o = options("redis://127.0.0.1:1");

    CHECK_EQ(check_start(&o, "Redis at 127.0.0.1:1: cannot connect: Connection refused"), WEIR_IO);
    o.url = STR("unix:///nonexistent/redis.sock");
    check_start(&o, "Redis at /nonexistent/redis.sock: cannot connect: No such file");
    o.url = STR("redis://no-such-host.invalid");
    CHECK_EQ(check_start(&o, "Redis at no-such-host.invalid:6379: "), WEIR_IO);
}

TEST(password_is_asked_for_and_checked)
{
    const char *words[] = {"--requirepass", "right", NULL};
    struct redis_server own;

    CHECK(redis_server_start(&own, words, false));
    struct store_redis_options o = options(own.url);
    CHECK_EQ(check_start(&o, "asks for a password: --state-password-file"), WEIR_BADARG);
    write_password("wrong\n");
    o.password_file = str_from(password_file);
    CHECK_EQ(check_start(&o, "wrong user or password: WRONGPASS"), WEIR_BADARG);
    write_password("right\n");
    check_start(&o, NULL);
    write_password("");
    check_start(&o, "its first line is empty");
    o.password_file = STR("/nonexistent");
    check_start(&o, "password file /nonexistent: No such file");
    redis_server_stop(&own);
}

TEST(a_user_of_its_own_with_a_password)
{
    char url[100];

    ask(&server, "acl setuser weir on '>pw' '~{w:*' '&*' +@all");
    write_password("pw");
    snprintf(url, sizeof url, "redis://weir@127.0.0.1:%u/2", server.port);
    struct store_redis_options o = options(url);
    o.password_file = str_from(password_file);
    check_start(&o, NULL);
}

TEST(certificates_are_checked)
{
    char url[100];
    struct store_redis_options o = options(server.tls_url);

    CHECK_EQ(check_start(&o, "wrong certificate: self-signed certificate"), WEIR_BADARG);
    o.ca_file = str_from(server.ca);
    check_start(&o, NULL);
    o.ca_file = STR("/nonexistent.pem");
    CHECK_EQ(check_start(&o, "/nonexistent.pem: no readable CA certificates in it"), WEIR_BADARG);
    /* The certificate is for localhost, by name. */
    o.ca_file = str_from(server.ca);
    snprintf(url, sizeof url, "rediss://127.0.0.1:%u", server.tls_port);
    o.url = str_from(url);
    check_start(&o, "wrong certificate: IP address mismatch");
    snprintf(url, sizeof url, "rediss://localhost:%u", server.port); /* speaks no TLS */
    o.url = str_from(url);
    o.timeout_ms = 2000; /* each waits for the other */
    check_start(&o, "Redis at localhost:");
}

TEST(writes_go_to_the_primary_only)
{
    char port[8], url[100];
    struct redis_server replica;

    snprintf(port, sizeof port, "%u", server.port);
    const char *words[] = {"--replicaof", "127.0.0.1", port, NULL};
    words[2] = port;
    CHECK(redis_server_start(&replica, words, false));
    struct store_redis_options o = options(replica.url);
    CHECK_EQ(check_start(&o, "is a read-only replica: name the primary"), WEIR_IO);
    snprintf(url, sizeof url, "redis://127.0.0.1:%u,127.0.0.1:%u", replica.port, server.port);
    o.url = str_from(url);
    check_start(&o, NULL);
    redis_server_stop(&replica);
}

TEST(a_store_that_throws_keys_away_is_refused)
{
    struct store_redis_options o = options(server.url);

    ask(&server, "config set maxmemory-policy allkeys-lru");
    check_start(&o, "throws keys away (maxmemory-policy allkeys-lru): weir needs noeviction");
    ask(&server, "config set maxmemory-policy noeviction");
    check_start(&o, NULL);
}

TEST(another_deployments_state_is_left_alone)
{
    struct state_secret other = state_secret_test;
    struct store_redis_options o = options(server.url);

    ask(&server, "flushall");
    o.secret = &state_secret_test;
    check_start(&o, NULL);
    check_start(&o, NULL);
    other.bytes[0] ^= 1;
    o.secret = &other;
    check_start(&o, "holds the state of another deployment: secret ");
    ask(&server, "flushall");
}

static void no_step(UNUSED void *context, UNUSED const struct state_op *op,
                    UNUSED struct cell *cell, UNUSED const struct step_clock *clock,
                    UNUSED struct emissions *out)
{
}

/* ---- asked beforehand ------------------------------------------------------------------------ */

static void check_asked(const struct store_redis_options *o, uint64_t total_mb, enum weir_rc wanted,
                        const char *text)
{
    struct weir_err err = {0};

    CHECK_EQ(redis_check(o, total_mb << 20, &err), wanted);
    if (!strstr(err.text, text))
        print_error("got: %s\n", err.text);
    CHECK(strstr(err.text, text));
}

TEST(who_asks_beforehand_leaves_nothing)
{
    struct store_redis_options o = options(server.url);

    ask(&server, "flushall");
    ask(&server, "function flush");
    o.secret = &state_secret_test;
    check_asked(&o, 80, WEIR_OK, "");
    ask(&server, "--raw dbsize | grep -qx 0");
    ask(&server, "--raw function list | grep -c . | grep -qx 0");
    check_start(&o, NULL);
    check_asked(&o, 80, WEIR_OK, ""); /* a store that is in use is fine, too */
}

TEST(who_asks_beforehand_is_told_what_a_start_would_say)
{
    struct state_secret other = state_secret_test;
    struct store_redis_options o = options(server.url), nobody = options("redis://127.0.0.1:1");

    check_asked(&nobody, 80, WEIR_IO, "Redis at 127.0.0.1:1: cannot connect");
    ask(&server, "flushall");
    o.secret = &state_secret_test;
    check_start(&o, NULL);
    other.bytes[0] ^= 1;
    o.secret = &other;
    check_asked(&o, 80, WEIR_BADARG, "holds the state of another deployment");
    o.secret = &state_secret_test;
    ask(&server, "config set maxmemory 100mb");
    check_asked(&o, 80, WEIR_OK, "");
    check_asked(&o, 81, WEIR_LIMIT, "the budget of state is 81 MB, more than 80 %");
    ask(&server, "config set maxmemory 0");
    ask(&server, "config set maxmemory-policy allkeys-lru");
    check_asked(&o, 80, WEIR_BADARG, "throws keys away");
    ask(&server, "config set maxmemory-policy noeviction");
    ask(&server, "flushall");
    write_password("");
    o.password_file = str_from(password_file);
    CHECK_EQ(redis_check_options(&o, &(struct weir_err){0}), WEIR_BADARG);
    write_password("right\n");
    CHECK_EQ(redis_check_options(&o, &(struct weir_err){0}), WEIR_OK); /* nobody is asked */
}

TEST(the_budget_must_fit_into_the_memory)
{
    struct store_redis_options o = options(server.url);
    struct space_spec spec = {.name = STR("x"), .step = no_step};
    struct weir_err err = {0};
    struct store *s;

    ask(&server, "config set maxmemory 100mb");
    CHECK_EQ(store_redis_new(&o, &s, &err), WEIR_OK);
    store_set_total(s, 80 << 20);
    for (uint32_t i = 0; i < 5000; i++) { /* however many rules there are */
        memcpy(spec.identity, &i, sizeof i);
        store_add_space(s, &spec);
    }
    CHECK_EQ(store_redis_check_budget(s, &err), WEIR_OK);
    store_free(s);
    CHECK_EQ(store_redis_new(&o, &s, &err), WEIR_OK);
    store_set_total(s, 81 << 20);
    CHECK_EQ(store_redis_check_budget(s, &err), WEIR_LIMIT);
    CHECK_STR(str_from(err.text), "Redis: the budget of state is 81 MB, more than 80 % of its "
                                  "maxmemory (100 MB)");
    store_free(s);
    ask(&server, "config set maxmemory 0");
}

/* A server that answers each message with the next of these. */
static uint16_t start_fake(const char *const *answers, pid_t *pid)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char in[1000];

    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
    *pid = fork();
    if (*pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int c = accept(fd, NULL, NULL);
        while (read(c, in, sizeof in) > 0 && *answers) {
            if (write(c, *answers, strlen(*answers)) < 0)
                break;
            answers++;
        }
        _exit(0);
    }
    close(fd);
    return ntohs(a.sin_port);
}

TEST(servers_that_weir_cannot_use)
{
    static const struct {
        const char *answers[4];
        const char *text;
    } rows[] = {
        {{"+PONG\r\n", "$22\r\nredis_version:6.2.14\r\n\r\n"},
         "is version 6.2.14: 7.0 or newer is needed"},
        {{"HTTP/1.1 400 Bad Request\r\n"}, "its answer makes no sense"},
        {{"-LOADING Redis is loading the dataset in memory\r\n"}, "LOADING"},
        {{NULL}, "connection lost"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char url[64];
        pid_t pid;
        uint16_t port = start_fake(rows[i].answers, &pid);
        snprintf(url, sizeof url, "redis://127.0.0.1:%u", port);
        struct store_redis_options o = options(url);
        check_start(&o, rows[i].text);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

int main(void)
{
    const struct CMUnitTest of_text[] = {ENTRY(urls_are_taken_apart),
                                         ENTRY(wrong_urls_are_refused_by_name)};
    const struct CMUnitTest of_servers[] = {
        ENTRY(nobody_there),
        ENTRY(password_is_asked_for_and_checked),
        ENTRY(a_user_of_its_own_with_a_password),
        ENTRY(certificates_are_checked),
        ENTRY(writes_go_to_the_primary_only),
        ENTRY(a_store_that_throws_keys_away_is_refused),
        ENTRY(another_deployments_state_is_left_alone),
        ENTRY(who_asks_beforehand_leaves_nothing),
        ENTRY(who_asks_beforehand_is_told_what_a_start_would_say),
        ENTRY(the_budget_must_fit_into_the_memory),
        ENTRY(servers_that_weir_cannot_use),
    };

    return cmocka_run_group_tests(of_text, NULL, NULL) +
           redis_tests(&server, true, of_servers, ARRAY_LEN(of_servers));
}
