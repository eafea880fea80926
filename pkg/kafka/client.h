/* client.h - what all clients of this package have in common: configuration, log lines, the one
 * clear line about a trouble. For pkg/kafka alone.
 *
 * Threads  as told by function.
 */
#ifndef WEIR_KAFKA_CLIENT_H
#define WEIR_KAFKA_CLIENT_H

#include "base/base.h"
#include "base/err.h"
#include "kafka/props.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>

enum { KAFKA_ERRSTR_MAX = 512 };

struct kafka_setting {
    const char *name, *value; /* name NULL ends a list */
};

/* A configuration: weir's defaults, then the user's common and own properties (NULL: none), then
 * what weir insists on. */
MUST_USE enum weir_rc kafka_client_conf(const struct kafka_props *common,
                                        const struct kafka_props *own,
                                        const struct kafka_setting *defaults,
                                        const struct kafka_setting *insisted, rd_kafka_conf_t **out,
                                        struct weir_err *err);
/* Takes conf over in any case. */
MUST_USE enum weir_rc kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf,
                                       rd_kafka_t **out, struct weir_err *err);

/* Zero-terminated copy of a slice (malloc). */
char *kafka_text(struct str s);

/* Is this an error about reaching or entering the cluster, or about a topic, that people should
 * read? librdkafka's retries of single requests are not. */
bool kafka_is_trouble(rd_kafka_resp_err_t code);
/* Error and reason as one line with what to look at. Reasons of librdkafka hold no secrets. */
void kafka_trouble_text(rd_kafka_resp_err_t code, const char *reason, struct weir_err *err);

/* Troubles of a client that were told lately: the same one again is kept back. */
enum { KAFKA_TROUBLES_MAX = 16, KAFKA_TROUBLE_REPEAT_MS = 60 * 1000 };
struct kafka_troubles {
    pthread_mutex_t lock; /* guards what follows */
    struct {
        uint64_t mark;
        int64_t told_ms;
    } seen[KAFKA_TROUBLES_MAX];
    bool is_pending;
    struct weir_err pending;
    struct weir_err last; /* told or kept back */
    int64_t last_ms;
    int64_t fresh_ms; /* younger than this, a trouble is why a call got no answer */
};
/* Of clients that run: reconnecting repeats it sooner. */
enum { KAFKA_TROUBLE_FRESH_MS = 5000 };
void kafka_troubles_init(struct kafka_troubles *t);
void kafka_troubles_release(struct kafka_troubles *t);
/* These from any thread: who asks about offsets is another than who serves. */
void kafka_troubles_note(struct kafka_troubles *t, rd_kafka_resp_err_t code, const char *reason);
/* False: nothing new. */
bool kafka_troubles_take(struct kafka_troubles *t, struct weir_err *err);
/* The last one, if it is fresh. */
bool kafka_troubles_last(struct kafka_troubles *t, struct weir_err *err);
/* Why did a call fail? Where the code alone says nothing (a timeout), a fresh trouble does, else
 * `what` and the code. Returns WEIR_IO. */
enum weir_rc kafka_troubles_why(struct kafka_troubles *t, rd_kafka_resp_err_t code,
                                const char *what, struct weir_err *err);
/* rd_kafka_error_cb whose opaque is found by the caller: notes fatal errors by their cause. */
void kafka_troubles_of(struct kafka_troubles *t, rd_kafka_t *rk, int code, const char *reason);

int64_t kafka_now_ms(void);

#endif
