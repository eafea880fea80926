/* redis_session.h - a connection that weir may work with: the primary, checked, its library loaded.
 *
 * Opening tries the addresses in their order and refuses, each with one clear line: nobody
 * there, wrong password, wrong certificate, only replicas, older than Redis 7, a maxmemory-policy
 * that throws keys away, a store that another deployment's secret has written to.
 *
 * Threads  belongs to one thread.
 */
#ifndef WEIR_STATE_REDIS_SESSION_H
#define WEIR_STATE_REDIS_SESSION_H

#include "base/arena.h"
#include "state/key.h"
#include "state/redis_conn.h"
#include "state/redis_url.h"
#include "state/store_redis.h"

enum { REDIS_PASSWORD_MAX = 512, REDIS_PATH_BYTES = 4096, REDIS_TIMEOUT_MS = 5000 };
enum { REDIS_TAG_BYTES = 32 };

struct redis_session {
    struct redis_url url;
    char password[REDIS_PASSWORD_MAX + 1]; /* empty: none */
    char ca_file[REDIS_PATH_BYTES];        /* empty: the system's */
    char space[20];                        /* in front of the names of keys; empty: no group */
    char meta[REDIS_TAG_BYTES];            /* "{w:meta}" of that space */
    char fingerprint[17];                  /* of the deployment's secret; empty: not checked */
    uint32_t timeout_ms;
    bool is_looking;         /* what is not there is not made: no mark, no library */
    bool may_be_new;         /* with is_looking: a store that nobody has used is no error */
    struct redis_conn *conn; /* NULL: closed */
    struct arena *scratch;
    uint64_t n_commands; /* of connections that are gone */
    uint64_t maxmemory;  /* 0: no limit */
};

/* What an error that the server answered asks of us. */
enum redis_trouble {
    REDIS_FINE,
    REDIS_WAIT,      /* LOADING, BUSY and the like: again in a moment */
    REDIS_RECONNECT, /* READONLY: no longer the primary */
    REDIS_FULL,      /* OOM */
    REDIS_NO_LIBRARY,
    REDIS_BROKEN /* anything else */
};

/* Before it is opened, of a session that is all 0. patience_ms is not its business. */
MUST_USE enum weir_rc redis_session_configure(struct redis_session *s,
                                              const struct store_redis_options *o,
                                              struct weir_err *err);
/* The key {w:WHAT} of the session's group. */
void redis_session_name(const struct redis_session *s, const char *what,
                        char out[static REDIS_TAG_BYTES]);

/* WEIR_IO: nobody answers, or no primary that is ready: another try may help. Anything else: what
 * is there is not fit. */
MUST_USE enum weir_rc redis_session_open(struct redis_session *s, struct weir_err *err);
void redis_session_close(struct redis_session *s);
/* Also what redis_session_open() did not make: scratch. */
void redis_session_release(struct redis_session *s);

/* The first line of a password file, without its line end. */
MUST_USE enum weir_rc redis_session_password(struct redis_session *s, struct str path,
                                             struct weir_err *err);

/* Of an open one: do so many bytes of state fit into 0.8 of maxmemory? WEIR_LIMIT if not. */
MUST_USE enum weir_rc redis_session_check_budget(const struct redis_session *s,
                                                 uint64_t total_bytes, struct weir_err *err);

MUST_USE enum weir_rc redis_session_load_library(struct redis_session *s, struct weir_err *err);
enum redis_trouble redis_trouble_of(const struct redis_reply *r);
uint64_t redis_session_commands(const struct redis_session *s);

#endif
