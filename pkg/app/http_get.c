/* http_get.c - a request over a socket, with a time limit over all of it.
 *
 * The socket never blocks: each step waits in poll() for what is left of the time. The answer ends
 * where the server closes; a Content-Length that says otherwise means that something is missing.
 * Grammar: RFC 9112, as far as an HTTP/1.0 client meets it.
 */
#include "app/http_get.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/measure.h"
#include "base/str.h"

enum { READ_BYTES = 64 * 1024 };

/* ---- the answer --------------------------------------------------------------------------- */

/* "HTTP/1.1 200 OK" */
static bool parse_status(struct str line, int *status)
{
    uint64_t code;

    if (!str_starts(line, STR("HTTP/1.")) || line.n < 12 || line.p[8] != ' ')
        return false;
    if (line.n > 12 && line.p[12] != ' ')
        return false;
    if (!str_to_u64(str_sub(line, 9, 3), &code) || code < 100 || code > 599)
        return false;
    *status = (int)code;
    return true;
}

struct head {
    bool has_length;
    uint64_t length;
};

static bool parse_field(struct str line, struct head *h)
{
    struct str name, value;

    if (!str_cut(line, ':', &name, &value) || !name.n)
        return false;
    value = str_trim(value);
    if (str_eq_ci(name, STR("transfer-encoding")))
        return false; /* HTTP/1.0 has none */
    if (!str_eq_ci(name, STR("content-length")))
        return true;
    if (h->has_length || !str_to_u64(value, &h->length))
        return false;
    h->has_length = true;
    return true;
}

/* The line up to CR LF; *rest what is behind. */
static bool cut_line(struct str text, struct str *line, struct str *rest)
{
    size_t end = str_find(text, STR("\r\n"), 0);

    if (end == SIZE_MAX)
        return false;
    *line = str_sub(text, 0, end);
    *rest = str_sub(text, end + 2, text.n);
    return true;
}

bool http_answer_parse(struct str bytes, struct http_answer *out)
{
    struct head head = {0};
    struct str line, rest;
    int status;

    if (!cut_line(bytes, &line, &rest) || !parse_status(line, &status))
        return false;
    for (;;) {
        if (!cut_line(rest, &line, &rest))
            return false;
        if (!line.n)
            break;
        if (!parse_field(line, &head))
            return false;
    }
    if (head.has_length && head.length != rest.n)
        return false;
    *out = (struct http_answer){status, rest};
    return true;
}

/* ---- the socket --------------------------------------------------------------------------- */

struct get {
    const struct http_address *at;
    int fd;
    double end; /* on now_seconds() */
    struct weir_err *err;
};

static enum weir_rc cannot(const struct get *g, const char *why)
{
    return err_set(g->err, WEIR_IO, "cannot reach the worker at %s: %s", g->at->text, why);
}

static enum weir_rc wait_for(const struct get *g, short events)
{
    struct pollfd p = {.fd = g->fd, .events = events};

    for (;;) {
        double left = g->end - now_seconds();
        if (left <= 0)
            return cannot(g, "no answer in time");
        int n = poll(&p, 1, (int)(left * 1000) + 1);
        if (n > 0)
            return WEIR_OK;
        if (n < 0 && errno != EINTR)
            return cannot(g, strerror(errno));
    }
}

static enum weir_rc connect_to(struct get *g, const struct addrinfo *a)
{
    int failed = 0;
    socklen_t n = sizeof failed;

    g->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (g->fd < 0)
        return cannot(g, strerror(errno));
    if (connect(g->fd, a->ai_addr, a->ai_addrlen) == 0)
        return WEIR_OK;
    if (errno != EINPROGRESS)
        return cannot(g, strerror(errno));
    TRY(wait_for(g, POLLOUT));
    if (getsockopt(g->fd, SOL_SOCKET, SO_ERROR, &failed, &n) != 0)
        failed = errno;
    return failed ? cannot(g, strerror(failed)) : WEIR_OK;
}

static void hang_up(struct get *g)
{
    if (g->fd >= 0)
        close(g->fd);
    g->fd = -1;
}

/* The first of its addresses that takes us (localhost has two). */
static enum weir_rc dial(struct get *g)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found = NULL;
    int code = getaddrinfo(g->at->host, g->at->port, &hints, &found);
    enum weir_rc rc = WEIR_IO;

    if (code != 0)
        return cannot(g, gai_strerror(code));
    for (const struct addrinfo *a = found; a && rc != WEIR_OK; a = a->ai_next) {
        hang_up(g);
        rc = connect_to(g, a);
    }
    freeaddrinfo(found);
    return rc;
}

static enum weir_rc send_all(struct get *g, struct str text)
{
    while (text.n) {
        ssize_t n = send(g->fd, text.p, text.n, MSG_NOSIGNAL);
        if (n > 0)
            text = str_sub(text, (size_t)n, text.n);
        else if (errno == EAGAIN)
            TRY(wait_for(g, POLLOUT));
        else if (errno != EINTR)
            return cannot(g, strerror(errno));
    }
    return WEIR_OK;
}

static enum weir_rc read_all(struct get *g, struct buf *text)
{
    for (;;) {
        char *to = buf_reserve(text, READ_BYTES);
        ssize_t n = recv(g->fd, to, READ_BYTES, 0);
        if (n == 0)
            return WEIR_OK;
        if (n > 0)
            text->n += (size_t)n;
        else if (errno == EAGAIN)
            TRY(wait_for(g, POLLIN));
        else if (errno != EINTR)
            return cannot(g, strerror(errno));
        if (text->n > HTTP_ANSWER_MAX)
            return cannot(g, "its answer is too large");
        if (now_seconds() > g->end)
            return cannot(g, "no answer in time");
    }
}

static enum weir_rc talk(struct get *g, const char *path, struct buf *text)
{
    struct buf request = {0};

    TRY(dial(g));
    buf_printf(&request, "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n", path,
               g->at->text);
    enum weir_rc rc = send_all(g, buf_str(&request));
    buf_release(&request);
    TRY(rc);
    return read_all(g, text);
}

enum weir_rc http_get(const struct http_address *at, const char *path, struct buf *text,
                      struct http_answer *out, struct weir_err *err)
{
    struct get g = {.at = at, .fd = -1, .end = now_seconds() + HTTP_GET_MS / 1000.0, .err = err};

    buf_clear(text);
    enum weir_rc rc = talk(&g, path, text);
    hang_up(&g);
    TRY(rc);
    if (!http_answer_parse(buf_str(text), out))
        return cannot(&g, "what answers there is no worker");
    return WEIR_OK;
}
