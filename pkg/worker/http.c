/* http.c - the small web server, on libmicrohttpd.
 *
 * One thread with epoll serves all connections, so answers are made one after the other. The
 * socket is opened here, not by the library: its reason for a refusal would only go to a log. A
 * body is never read: such a request is answered when its head is there, and the connection closed.
 */
#include "worker/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "worker/http_address.h"

enum { LISTEN_BACKLOG = 16 };

struct http {
    struct service service;
    struct MHD_Daemon *daemon;
    uint16_t port;
    struct buf body; /* of the answer that is being made */
};

struct page {
    const char *path, *type;
    size_t make; /* offset of its callback in struct service */
};

static const struct page pages[] = {
    {"/healthz", "text/plain; charset=utf-8", offsetof(struct service, healthy)},
    {"/readyz", "application/json", offsetof(struct service, ready)},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", offsetof(struct service, metrics)},
    {"/status", "application/json", offsetof(struct service, status)},
};

/* ---- answers ------------------------------------------------------------------------------ */

static enum MHD_Result answer(struct http *h, struct MHD_Connection *c, unsigned status,
                              const char *type)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(h->body.n, h->body.p, MHD_RESPMEM_MUST_COPY);

    if (!r)
        return MHD_NO; /* closes the connection */
    (void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    (void)MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    (void)MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        (void)MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result queued = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return queued;
}

static enum MHD_Result refuse(struct http *h, struct MHD_Connection *c, unsigned status,
                              const char *text)
{
    buf_add(&h->body, str_from(text));
    return answer(h, c, status, "text/plain; charset=utf-8");
}

static enum MHD_Result show(struct http *h, struct MHD_Connection *c, const struct page *p)
{
    bool (*make)(void *, struct buf *);

    memcpy(&make, (const char *)&h->service + p->make, sizeof make);
    bool is_fine = make(h->service.context, &h->body);
    return answer(h, c, is_fine ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, p->type);
}

static bool has_body(struct MHD_Connection *c)
{
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH) ||
           MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* Called when the head is there, and again when the body would be: an answer at the first call
 * closes the connection, one at the second leaves it open for the next request. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *c, const char *url,
                                  const char *method, UNUSED const char *version,
                                  UNUSED const char *upload, UNUSED size_t *n_upload,
                                  void **request)
{
    static char seen;
    struct http *h = context;

    if (!*request && !has_body(c)) {
        *request = &seen;
        return MHD_YES;
    }
    buf_clear(&h->body);
    buf_grow(&h->body, 1); /* the library wants a place even for nothing */
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return refuse(h, c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only\n");
    for (size_t i = 0; i < ARRAY_LEN(pages); i++)
        if (strcmp(url, pages[i].path) == 0)
            return show(h, c, &pages[i]);
    return refuse(h, c, MHD_HTTP_NOT_FOUND, "no such page: /healthz /readyz /metrics /status\n");
}

/* ---- the socket --------------------------------------------------------------------------- */

static int listen_at(const struct addrinfo *a)
{
    int on = 1, fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

static uint16_t port_of(int fd)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    struct sockaddr_storage at;
    socklen_t n = sizeof at;
    uint64_t number = 0;

    if (getsockname(fd, (struct sockaddr *)&at, &n) == 0 &&
        getnameinfo((struct sockaddr *)&at, n, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        (void)str_to_u64(str_from(port), &number);
    return (uint16_t)number;
}

static enum weir_rc open_socket(struct str address, int *fd, struct weir_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
                    *found = NULL;
    struct http_address at;

    TRY(http_address_parse(address, &at, err));
    int code = getaddrinfo(at.host, at.port, &hints, &found);
    if (code != 0)
        return err_set(err, WEIR_IO, "http.address: %s: %s", at.host, gai_strerror(code));
    *fd = -1;
    for (const struct addrinfo *a = found; a && *fd < 0; a = a->ai_next)
        *fd = listen_at(a);
    int reason = errno;
    freeaddrinfo(found);
    if (*fd < 0)
        return err_set(err, WEIR_IO, "http.address: cannot listen at %s: %s", at.text,
                       strerror(reason));
    return WEIR_OK;
}

/* ---- life ----------------------------------------------------------------------------------- */

enum weir_rc http_start(struct str address, const struct service *service, struct http **out,
                        struct weir_err *err)
{
    struct http *h;
    int fd;

    TRY(open_socket(address, &fd, err));
    h = calloc(1, sizeof *h);
    ASSERT(h);
    h->service = *service;
    h->port = port_of(fd);
    h->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_request, h,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX / 2,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HTTP_HEADER_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
        1, MHD_OPTION_END);
    if (!h->daemon) {
        close(fd);
        free(h);
        return err_set(err, WEIR_IO, "http.address: the web server does not start");
    }
    *out = h;
    return WEIR_OK;
}

uint16_t http_port(const struct http *h)
{
    return h->port;
}

void http_stop(struct http *h)
{
    if (!h)
        return;
    MHD_stop_daemon(h->daemon); /* closes the socket, too */
    buf_release(&h->body);
    free(h);
}
