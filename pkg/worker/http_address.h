/* http_address.h - host and port of a worker's web server, as text.
 *
 *     127.0.0.1:9464   [::1]:9464   localhost:9464   :9464 (loopback)   0.0.0.0:9464 (everywhere)
 *
 * Errors   WEIR_SYNTAX, with what is wanted. Pure, nothing is looked up.
 */
#ifndef WEIR_WORKER_HTTP_ADDRESS_H
#define WEIR_WORKER_HTTP_ADDRESS_H

#include "base/base.h"
#include "base/err.h"

#define HTTP_ADDRESS_DEFAULT "127.0.0.1:9464"

enum { HTTP_HOST_MAX = 255 };

struct http_address {
    char host[HTTP_HOST_MAX + 1]; /* without brackets; never empty */
    char port[6];                 /* 0 to 65535 */
    char text[HTTP_HOST_MAX + 9]; /* both, for people and in Host: an IPv6 address in brackets */
};

MUST_USE enum weir_rc http_address_parse(struct str text, struct http_address *out,
                                         struct weir_err *err);

#endif
