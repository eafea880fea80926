/* http.h - a worker's small web server: is it alive, is it ready, what does it count.
 *
 *     GET /healthz   200 while the process lives and moves, else 503; a line of text
 *     GET /readyz    200 only when it does its work, else 503; JSON with the reasons
 *     GET /metrics   Prometheus text
 *     GET /status    JSON for `weir status`
 *
 * HEAD as GET without a body; other methods 405, other paths 404. Answers are made one after the
 * other. Knows nothing of lanes: struct service does (board.h).
 *
 * Limits   HTTP_CONNECTIONS_MAX at once, HTTP_HEADER_MAX bytes of a request's head (more: 431 or
 *          closed), half of the connections per address; a connection that is silent for
 *          HTTP_TIMEOUT_S is closed; bodies are not read.
 * Safety   loopback by default; there is no secret in any answer, and nothing can be changed.
 * Threads  one of its own; the callbacks are called on it. http_start() and http_stop(): one.
 */
#ifndef WEIR_WORKER_HTTP_H
#define WEIR_WORKER_HTTP_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

enum { HTTP_CONNECTIONS_MAX = 32, HTTP_HEADER_MAX = 8192, HTTP_TIMEOUT_S = 10 };

/* Each appends its document; true: 200, false: 503. */
struct service {
    bool (*healthy)(void *context, struct buf *text);
    bool (*ready)(void *context, struct buf *json);
    bool (*metrics)(void *context, struct buf *text);
    bool (*status)(void *context, struct buf *json);
    void *context;
};

struct http;

/* address: http_address.h. Port 0: a free one. Not WEIR_OK: one clear line (the address is taken);
 * the program ends with 3.
 */
MUST_USE enum weir_rc http_start(struct str address, const struct service *service,
                                 struct http **out, struct weir_err *err);
uint16_t http_port(const struct http *h);
/* Waits for the answer that is being made. */
void http_stop(struct http *h);

#endif
