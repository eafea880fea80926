/* frames.h - Kafka's frames on their way from one socket to another: whole ones in, whole ones out.
 *
 * Kafka's protocol is four bytes of length, then a request or an answer. A request begins with
 * ApiKey, version and correlation id, an answer with the correlation id:
 * https://kafka.apache.org/protocol#protocol_messages. Nothing further in is looked at, but for
 * the error code of an EndTxn's answer.
 *
 * Memory   a struct way of zeros is empty; way_release() frees its buffers.
 * Threads  one.
 */
#ifndef WEIR_TESTS_FAULT_FRAMES_H
#define WEIR_TESTS_FAULT_FRAMES_H

#include "base/base.h"
#include "base/buf.h"

enum {
    API_PRODUCE = 0,
    API_END_TXN = 26,
    API_MAX = 128, /* keys from here on are none that we know */
    FRAME_BYTES_MAX = 64 * 1024 * 1024
};

struct way {            /* one direction of a connection */
    struct buf in;      /* what came; frames leave at its front */
    struct buf out;     /* what may go */
    size_t sent;        /* of out */
    int64_t not_before; /* the frame in front waits until then, milliseconds of the steady clock */
    bool is_judged;     /* a rule has spoken about the frame in front */
};

struct request { /* the header of one */
    int16_t api, version;
    int32_t correlation;
};

void way_release(struct way *w);
/* Read what is there. False: the other side has ended, or sends what is no frame. */
MUST_USE bool way_read(struct way *w, int fd);
/* Write what may go, as far as the socket takes it. False: it is broken. */
MUST_USE bool way_write(struct way *w, int fd);
/* The frame in front, its length included; empty: it is not whole yet. */
struct str way_front(const struct way *w);
/* It goes out, or is forgotten. */
void way_pass(struct way *w);
void way_drop(struct way *w);
static inline bool way_has_left(const struct way *w) /* nothing waits to be written */
{
    return w->sent == w->out.n;
}

/* A frame too short for its header gives zeros. */
struct request frame_request(struct str frame);
int32_t frame_correlation(struct str answer);
/* Of an EndTxn's answer, -1 if there is none. */
int frame_end_txn_error(struct str answer, int16_t version);

/* "EndTxn", or the number as text; *api: the key of a name or a number. */
const char *api_name(int16_t api);
MUST_USE bool api_from(struct str name, int16_t *api);

#endif
