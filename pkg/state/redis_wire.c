/* redis_wire.c - a non-blocking socket and poll(); TLS works on memory.
 *
 * OpenSSL sees two buffers, never the socket: so there is one place that sends (without SIGPIPE)
 * and one that receives, and one clock for both.
 */
#include "state/redis_wire.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { TLS_CHUNK = 16 * 1024, NAME_MAX_TEXT = 300 };

struct redis_wire {
    int fd;
    uint32_t timeout_ms;
    char name[NAME_MAX_TEXT]; /* for messages */
    SSL_CTX *tls;
    SSL *ssl; /* NULL: plain */
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum weir_rc wait_for(struct redis_wire *w, short what, int64_t until_ms,
                             struct weir_err *err)
{
    for (;;) {
        int64_t left = until_ms - now_ms();
        struct pollfd p = {w->fd, what, 0};
        int n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n > 0)
            return WEIR_OK;
        if (n == 0)
            return err_set(err, WEIR_IO, "Redis at %s: no answer within %u ms", w->name,
                           w->timeout_ms);
        if (errno != EINTR)
            return err_set(err, WEIR_IO, "Redis at %s: %s", w->name, strerror(errno));
    }
}

static enum weir_rc raw_send(struct redis_wire *w, const char *p, size_t n, struct weir_err *err)
{
    int64_t until = now_ms() + w->timeout_ms;

    while (n > 0) {
        ssize_t sent = send(w->fd, p, n, MSG_NOSIGNAL);
        if (sent > 0) {
            p += sent;
            n -= (size_t)sent;
            until = now_ms() + w->timeout_ms;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            TRY(wait_for(w, POLLOUT, until, err));
        } else if (errno != EINTR) {
            return err_set(err, WEIR_IO, "Redis at %s: connection lost (%s)", w->name,
                           strerror(errno));
        }
    }
    return WEIR_OK;
}

static enum weir_rc raw_receive(struct redis_wire *w, char *out, size_t room, size_t *n,
                                struct weir_err *err)
{
    int64_t until = now_ms() + w->timeout_ms;

    for (;;) {
        ssize_t got = recv(w->fd, out, room, 0);
        if (got > 0) {
            *n = (size_t)got;
            return WEIR_OK;
        }
        if (got == 0)
            return err_set(err, WEIR_IO, "Redis at %s: connection lost (closed by the server)",
                           w->name);
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            TRY(wait_for(w, POLLIN, until, err));
        else if (errno != EINTR)
            return err_set(err, WEIR_IO, "Redis at %s: connection lost (%s)", w->name,
                           strerror(errno));
    }
}

/* ---- TLS ---------------------------------------------------------------------------------- */

static enum weir_rc tls_error(struct redis_wire *w, struct weir_err *err)
{
    char text[200] = "handshake failed";
    long verdict = SSL_get_verify_result(w->ssl);
    unsigned long code = ERR_get_error();

    if (verdict != X509_V_OK)
        return err_set(err, WEIR_BADARG, "Redis at %s: wrong certificate: %s", w->name,
                       X509_verify_cert_error_string(verdict));
    if (code)
        ERR_error_string_n(code, text, sizeof text);
    return err_set(err, WEIR_BADARG, "Redis at %s: TLS: %s", w->name, text);
}

/* What TLS has to say goes out. */
static enum weir_rc tls_drain(struct redis_wire *w, struct weir_err *err)
{
    char chunk[TLS_CHUNK];
    int n;

    while ((n = BIO_read(SSL_get_wbio(w->ssl), chunk, sizeof chunk)) > 0)
        TRY(raw_send(w, chunk, (size_t)n, err));
    return WEIR_OK;
}

static enum weir_rc tls_feed(struct redis_wire *w, struct weir_err *err)
{
    char chunk[TLS_CHUNK];
    size_t n;

    TRY(raw_receive(w, chunk, sizeof chunk, &n, err));
    ASSERT(BIO_write(SSL_get_rbio(w->ssl), chunk, (int)n) == (int)n);
    return WEIR_OK;
}

/* After a call of OpenSSL that did not succeed: do what it asks for, or say why not. */
static enum weir_rc tls_go_on(struct redis_wire *w, int result, struct weir_err *err)
{
    int why = SSL_get_error(w->ssl, result);

    /* An alert for the other side may be waiting even though we give up. */
    enum weir_rc rc = tls_drain(w, err);
    if (why == SSL_ERROR_WANT_READ && rc == WEIR_OK)
        return tls_feed(w, err);
    if (why == SSL_ERROR_ZERO_RETURN)
        return err_set(err, WEIR_IO, "Redis at %s: connection lost (closed by the server)",
                       w->name);
    return why == SSL_ERROR_WANT_WRITE ? rc : tls_error(w, err);
}

static enum weir_rc tls_context(struct redis_wire *w, const char *ca_file, struct weir_err *err)
{
    w->tls = SSL_CTX_new(TLS_client_method());
    ASSERT(w->tls);
    SSL_CTX_set_min_proto_version(w->tls, TLS1_2_VERSION);
    SSL_CTX_set_verify(w->tls, SSL_VERIFY_PEER, NULL);
    int ok = ca_file ? SSL_CTX_load_verify_locations(w->tls, ca_file, NULL)
                     : SSL_CTX_set_default_verify_paths(w->tls);
    if (!ok)
        return err_set(err, WEIR_BADARG, "%s: no readable CA certificates in it",
                       ca_file ? ca_file : "the system's CA store");
    return WEIR_OK;
}

static enum weir_rc tls_start(struct redis_wire *w, const struct redis_wire_options *o,
                              struct weir_err *err)
{
    unsigned char ip[16];
    int result;

    TRY(tls_context(w, o->ca_file, err));
    w->ssl = SSL_new(w->tls);
    ASSERT(w->ssl);
    SSL_set_bio(w->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    bool is_ip = inet_pton(AF_INET, o->host, ip) == 1 || inet_pton(AF_INET6, o->host, ip) == 1;
    if (is_ip) {
        ASSERT(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(w->ssl), o->host));
    } else {
        ASSERT(SSL_set1_host(w->ssl, o->host));
        SSL_set_tlsext_host_name(w->ssl, o->host);
    }
    SSL_set_connect_state(w->ssl);
    ERR_clear_error();
    while ((result = SSL_do_handshake(w->ssl)) != 1)
        TRY(tls_go_on(w, result, err));
    return tls_drain(w, err);
}

/* ---- open --------------------------------------------------------------------------------- */

static enum weir_rc connect_to(struct redis_wire *w, const struct sockaddr *address, socklen_t n,
                               struct weir_err *err)
{
    int flags, problem = 0;
    socklen_t size = sizeof problem;

    w->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (w->fd < 0)
        return err_set(err, WEIR_IO, "Redis at %s: %s", w->name, strerror(errno));
    flags = fcntl(w->fd, F_GETFL);
    fcntl(w->fd, F_SETFL, flags | O_NONBLOCK);
    if (connect(w->fd, address, n) != 0 && errno != EINPROGRESS)
        return err_set(err, WEIR_IO, "Redis at %s: cannot connect: %s", w->name, strerror(errno));
    TRY(wait_for(w, POLLOUT, now_ms() + w->timeout_ms, err));
    getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &problem, &size);
    if (problem)
        return err_set(err, WEIR_IO, "Redis at %s: cannot connect: %s", w->name, strerror(problem));
    return WEIR_OK;
}

static enum weir_rc open_unix(struct redis_wire *w, const char *path, struct weir_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    ASSERT(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    return connect_to(w, (const struct sockaddr *)&address, sizeof address, err);
}

static enum weir_rc open_tcp(struct redis_wire *w, const char *host, uint16_t port,
                             struct weir_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    char service[8];
    int on = 1;

    snprintf(service, sizeof service, "%u", port);
    int problem = getaddrinfo(host, service, &hints, &list);
    if (problem)
        return err_set(err, WEIR_IO, "Redis at %s: %s", w->name, gai_strerror(problem));
    enum weir_rc rc = WEIR_IO;
    for (struct addrinfo *a = list; a && rc != WEIR_OK; a = a->ai_next) {
        if (w->fd >= 0)
            close(w->fd);
        rc = connect_to(w, a->ai_addr, a->ai_addrlen, err);
    }
    freeaddrinfo(list);
    if (rc == WEIR_OK)
        setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return rc;
}

enum weir_rc redis_wire_open(const struct redis_wire_options *o, struct redis_wire **out,
                             struct weir_err *err)
{
    struct redis_wire *w = calloc(1, sizeof *w);

    ASSERT(w);
    w->fd = -1;
    w->timeout_ms = o->timeout_ms;
    if (o->is_unix)
        snprintf(w->name, sizeof w->name, "%s", o->host);
    else
        snprintf(w->name, sizeof w->name, strchr(o->host, ':') ? "[%s]:%u" : "%s:%u", o->host,
                 o->port);
    enum weir_rc rc = o->is_unix ? open_unix(w, o->host, err) : open_tcp(w, o->host, o->port, err);
    if (rc == WEIR_OK && o->is_tls)
        rc = tls_start(w, o, err);
    if (rc != WEIR_OK) {
        redis_wire_free(w);
        return rc;
    }
    *out = w;
    return WEIR_OK;
}

void redis_wire_free(struct redis_wire *w)
{
    if (!w)
        return;
    SSL_free(w->ssl);
    SSL_CTX_free(w->tls);
    if (w->fd >= 0)
        close(w->fd);
    free(w);
}

enum weir_rc redis_wire_send(struct redis_wire *w, struct str bytes, struct weir_err *err)
{
    if (!w->ssl)
        return raw_send(w, bytes.p, bytes.n, err);
    while (bytes.n > 0) {
        int n = bytes.n < TLS_CHUNK ? (int)bytes.n : TLS_CHUNK;
        int result = SSL_write(w->ssl, bytes.p, n);
        if (result <= 0) {
            TRY(tls_go_on(w, result, err));
            continue;
        }
        bytes = str_sub(bytes, (size_t)result, bytes.n);
        TRY(tls_drain(w, err));
    }
    return WEIR_OK;
}

enum weir_rc redis_wire_receive(struct redis_wire *w, char *out, size_t room, size_t *n,
                                struct weir_err *err)
{
    int result;

    if (!w->ssl)
        return raw_receive(w, out, room, n, err);
    while ((result = SSL_read(w->ssl, out, (int)(room < TLS_CHUNK ? room : TLS_CHUNK))) <= 0)
        TRY(tls_go_on(w, result, err));
    *n = (size_t)result;
    return WEIR_OK;
}
