/* redis_server.c - starts redis-server and waits for the line that says it is ready. */
#include "tests/lib/redis_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 64, LINE_MAX_BYTES = 4096 };

bool redis_server_is_there(void)
{
    const char *ci = getenv("CI");

    if (system("command -v redis-server >/dev/null 2>&1") == 0)
        return true;
    printf("SKIP: redis-server absent\n");
    if (ci && strcmp(ci, "true") == 0) {
        fprintf(stderr, "redis-server must be there in CI\n");
        exit(1);
    }
    return false;
}

/* As tools/local_process.py chooses: below those that the kernel takes for connections, from a
 * place on that is the process's own, and none twice. */
static uint16_t free_port(void)
{
    enum { FIRST = 20000, N = 32768 - FIRST, OF_ONE = 16 };
    static unsigned looked_at;
    bool is_free = false;
    unsigned port = 0;

    for (unsigned i = 0; i < N && !is_free; i++) {
        port = FIRST + ((unsigned)getpid() * OF_ONE + looked_at++) % N;
        struct sockaddr_in a = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)port)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ASSERT(fd >= 0);
        is_free = bind(fd, (struct sockaddr *)&a, sizeof a) == 0;
        close(fd);
    }
    ASSERT(is_free);
    return (uint16_t)port;
}

/* The child's side: never returns. It dies with its parent. */
static void become_server(struct redis_server *r, int out, const char *const *options)
{
    const char *words[WORDS_MAX];
    char port[8], tls_port[8], socket_path[REDIS_SERVER_TEXT + 16];
    int n = 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, 1);
    dup2(out, 2);
    if (chdir(r->dir) != 0)
        _exit(1);
    snprintf(port, sizeof port, "%u", r->port);
    snprintf(tls_port, sizeof tls_port, "%u", r->tls_port);
    snprintf(socket_path, sizeof socket_path, "%s/redis.sock", r->dir);
    const char *base[] = {"redis-server", "--port",     port,    "--bind", "127.0.0.1",
                          "--save",       "",           "--dir", r->dir,   "--unixsocket",
                          socket_path,    "--loglevel", "notice"};
    for (size_t i = 0; i < ARRAY_LEN(base); i++)
        words[n++] = base[i];
    const char *tls[] = {"--tls-port",         tls_port,  "--tls-cert-file",    "cert.pem",
                         "--tls-key-file",     "key.pem", "--tls-ca-cert-file", "cert.pem",
                         "--tls-auth-clients", "no"};
    for (size_t i = 0; r->tls_port && i < ARRAY_LEN(tls); i++)
        words[n++] = tls[i];
    for (size_t i = 0; options && options[i] && n < WORDS_MAX - 1; i++)
        words[n++] = options[i];
    words[n] = NULL;
    execvp(words[0], (char *const *)(uintptr_t)words);
    _exit(127);
}

/* Reads what the server says until it is ready; the pipe stays open in a reader nobody needs:
 * what comes later goes to a file instead. */
static bool wait_until_ready(int fd)
{
    char text[LINE_MAX_BYTES];
    size_t n = 0;
    ssize_t got;

    while (n < sizeof text - 1 && (got = read(fd, text + n, sizeof text - 1 - n)) > 0) {
        n += (size_t)got;
        text[n] = '\0';
        if (strstr(text, "Ready to accept connections"))
            return true;
    }
    printf("redis-server did not start:\n%s\n", text);
    return false;
}

bool redis_server_restart(struct redis_server *r, const char *const *options)
{
    int ends[2];

    ASSERT(pipe2(ends, O_CLOEXEC) == 0);
    /* Room for all that it says later: nobody reads it. */
    (void)fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    r->pid = fork();
    ASSERT(r->pid >= 0);
    if (r->pid == 0)
        become_server(r, ends[1], options);
    close(ends[1]);
    bool is_ready = wait_until_ready(ends[0]);
    /* ends[0] stays open: a server that writes to a closed pipe would die of it. */
    if (!is_ready)
        redis_server_kill(r);
    return is_ready;
}

static bool make_certificate(const char *dir)
{
    char line[1024];

    snprintf(line, sizeof line,
             "cd '%s' && openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem "
             "-days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost >/dev/null 2>&1",
             dir);
    return system(line) == 0;
}

bool redis_server_start(struct redis_server *r, const char *const *options, bool with_tls)
{
    *r = (struct redis_server){.port = free_port()};
    snprintf(r->dir, sizeof r->dir, "/tmp/weir-redis-XXXXXX");
    ASSERT(mkdtemp(r->dir));
    if (with_tls) {
        r->tls_port = free_port();
        ASSERT(make_certificate(r->dir));
    }
    snprintf(r->url, sizeof r->url, "redis://127.0.0.1:%u/0", r->port);
    snprintf(r->unix_url, sizeof r->unix_url, "unix://%.200s/redis.sock", r->dir);
    snprintf(r->tls_url, sizeof r->tls_url, "rediss://localhost:%u/0", r->tls_port);
    snprintf(r->ca, sizeof r->ca, "%.200s/cert.pem", r->dir);
    return redis_server_restart(r, options);
}

void redis_server_kill(struct redis_server *r)
{
    if (r->pid <= 0)
        return;
    kill(r->pid, SIGKILL);
    waitpid(r->pid, NULL, 0);
    r->pid = 0;
}

static int remove_one(const char *path, UNUSED const struct stat *st, UNUSED int kind,
                      UNUSED struct FTW *at)
{
    return remove(path);
}

void redis_server_stop(struct redis_server *r)
{
    redis_server_kill(r);
    if (r->dir[0])
        nftw(r->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    r->dir[0] = '\0';
}
