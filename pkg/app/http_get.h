/* http_get.h - one GET of a page that a worker of ours serves.
 *
 * No general HTTP client and none wanted: HTTP/1.0, one request, one answer until the server
 * closes. A packaged library for this (libcurl) would bring more code than all of weir for a
 * status line, a length and a body. What is not plainly such an answer is refused.
 *
 * Limits   HTTP_GET_MS for all of it; HTTP_ANSWER_MAX bytes.
 */
#ifndef WEIR_APP_HTTP_GET_H
#define WEIR_APP_HTTP_GET_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "worker/http_address.h"

enum { HTTP_GET_MS = 5000, HTTP_ANSWER_MAX = 16 * 1024 * 1024 };

struct http_answer {
    int status; /* 100 to 599 */
    struct str body;
};

/* *text has the whole answer, out->body is a slice of it. Not WEIR_OK: one line that names the
 * address. */
MUST_USE enum weir_rc http_get(const struct http_address *at, const char *path, struct buf *text,
                               struct http_answer *out, struct weir_err *err);

/* The bytes of an answer. False: they are none, or not all of it. */
MUST_USE bool http_answer_parse(struct str bytes, struct http_answer *out);

#endif
