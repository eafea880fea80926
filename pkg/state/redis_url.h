/* redis_url.h - where a Redis is: the text of a state URL taken apart.
 *
 *     redis://[user@]host[:port][,host[:port]...][/database]
 *     rediss://...                     the same over TLS
 *     unix:///path/of/socket
 *
 * Several hosts are one primary and its replicas, in any order. A password is not part of it: it
 * stands in a file, so that it shows up in no process list.
 */
#ifndef WEIR_STATE_REDIS_URL_H
#define WEIR_STATE_REDIS_URL_H

#include "base/base.h"
#include "base/err.h"

enum { REDIS_ADDRESSES_MAX = 8, REDIS_HOST_MAX = 255, REDIS_PORT = 6379, REDIS_PATH_MAX = 107 };

struct redis_address {
    char host[REDIS_HOST_MAX + 1]; /* a socket's path if is_unix */
    uint16_t port;
};

struct redis_url {
    bool is_tls, is_unix;
    char user[REDIS_HOST_MAX + 1]; /* empty: the default user */
    struct redis_address addresses[REDIS_ADDRESSES_MAX];
    size_t n_addresses; /* at least 1 */
    uint32_t database;
};

/* WEIR_SYNTAX: err names what is wrong in one line. */
MUST_USE enum weir_rc redis_url_parse(struct str text, struct redis_url *out, struct weir_err *err);

#endif
