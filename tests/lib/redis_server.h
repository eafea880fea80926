/* redis_server.h - a redis-server of the test's own, on a free port of this machine.
 *
 * It lives in a temporary directory that goes with it, and ends with the program, however that
 * ends.
 */
#ifndef WEIR_TESTS_LIB_REDIS_SERVER_H
#define WEIR_TESTS_LIB_REDIS_SERVER_H

#include "base/base.h"

enum { REDIS_SERVER_TEXT = 256 };

struct redis_server {
    int pid; /* 0: not running */
    uint16_t port;
    char dir[REDIS_SERVER_TEXT];
    char url[REDIS_SERVER_TEXT]; /* redis://127.0.0.1:PORT/0 */
    char unix_url[REDIS_SERVER_TEXT];
    char tls_url[REDIS_SERVER_TEXT]; /* rediss://localhost:PORT/0, if with_tls */
    char ca[REDIS_SERVER_TEXT];      /* its CA's certificate */
    uint16_t tls_port;
};

/* Is there a redis-server? If not, prints the skip line; ends the program with a failure if
 * CI=true. */
bool redis_server_is_there(void);

/* Starts one, ready for use. `options`: further words of the command line, NULL at the end, or
 * NULL. False: it did not start; what it said is printed. */
bool redis_server_start(struct redis_server *r, const char *const *options, bool with_tls);
/* The same server again after redis_server_kill(): same port, same directory. */
bool redis_server_restart(struct redis_server *r, const char *const *options);
/* SIGKILL, and wait for its end. */
void redis_server_kill(struct redis_server *r);
/* Kill it and remove its directory. */
void redis_server_stop(struct redis_server *r);

#endif
