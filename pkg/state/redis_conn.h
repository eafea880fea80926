/* redis_conn.h - commands to one Redis and its replies, many in one go.
 *
 * Commands are queued, then sent together; their replies are fetched one by one in the same
 * order. Writing and reading RESP2 is hiredis' (its formatter and reader only: version 0.14 has
 * no TLS and no timeouts of the kind we want; the socket is redis_wire.h).
 *
 * Memory   replies live in the caller's arena.
 * Threads  a connection belongs to one thread.
 * Errors   WEIR_IO: the connection is useless from then on, free it. An error that the server
 *          answers is a reply (REDIS_ERROR), not a failure.
 */
#ifndef WEIR_STATE_REDIS_CONN_H
#define WEIR_STATE_REDIS_CONN_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "state/redis_wire.h"

enum redis_type { REDIS_NIL, REDIS_TEXT, REDIS_STATUS, REDIS_ERROR, REDIS_NUMBER, REDIS_LIST };

struct redis_reply {
    enum redis_type type;
    struct str text; /* text, status, error */
    int64_t number;
    struct redis_reply **items;
    size_t n;
};

struct redis_conn;

MUST_USE enum weir_rc redis_conn_open(const struct redis_wire_options *o, struct redis_conn **out,
                                      struct weir_err *err);
void redis_conn_free(struct redis_conn *c);

/* Queue a command of n words; they are copied. */
void redis_conn_add(struct redis_conn *c, const struct str *words, size_t n);
/* Send what is queued. */
MUST_USE enum weir_rc redis_conn_send(struct redis_conn *c, struct weir_err *err);
/* The next reply. */
MUST_USE enum weir_rc redis_conn_reply(struct redis_conn *c, struct arena *a,
                                       const struct redis_reply **out, struct weir_err *err);

/* One command there and back, its words separated by blanks in `line`. */
MUST_USE enum weir_rc redis_conn_ask(struct redis_conn *c, struct arena *a, const char *line,
                                     const struct redis_reply **out, struct weir_err *err);

/* Commands queued since the connection was made. */
uint64_t redis_conn_commands(const struct redis_conn *c);

#endif
