/* redis_wire.h - bytes to and from a server: TCP, a unix socket, or TLS over TCP.
 *
 * Each call ends after timeout_ms at the latest (connecting: after the resolver, which has its
 * own limits). With TLS the server's certificate is checked against the CA file (or the
 * system's), and its name against the host that was asked for.
 *
 * Threads  a wire belongs to one thread.
 * Memory   host and CA file are read by redis_wire_open() alone.
 * Errors   WEIR_IO: the other side cannot be reached, is silent, or has gone; WEIR_BADARG: its
 *          certificate or the CA file is wrong. Either way the wire is of no more use.
 */
#ifndef WEIR_STATE_REDIS_WIRE_H
#define WEIR_STATE_REDIS_WIRE_H

#include "base/base.h"
#include "base/err.h"

struct redis_wire;

struct redis_wire_options {
    const char *host; /* or the path of a unix socket */
    uint16_t port;
    bool is_unix, is_tls;
    const char *ca_file; /* NULL: the system's */
    uint32_t timeout_ms;
};

MUST_USE enum weir_rc redis_wire_open(const struct redis_wire_options *o, struct redis_wire **out,
                                      struct weir_err *err);
void redis_wire_free(struct redis_wire *w);

MUST_USE enum weir_rc redis_wire_send(struct redis_wire *w, struct str bytes, struct weir_err *err);
/* At least one byte. */
MUST_USE enum weir_rc redis_wire_receive(struct redis_wire *w, char *out, size_t room, size_t *n,
                                         struct weir_err *err);

#endif
