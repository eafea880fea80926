/* frames.c - buffers, and the few bytes of Kafka's protocol that a proxy must know. */
#include "tests/fault/frames.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
    READ_BYTES = 65536,
    LENGTH_BYTES = 4,
    REQUEST_BYTES = 12, /* length, ApiKey, version, correlation id */
    ANSWER_BYTES = 8,
    THROTTLE_BYTES = 4,
    END_TXN_TAGGED = 3 /* from this version on a byte of tagged fields ends the header */
};

static uint32_t be32(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int16_t be16(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;

    return (int16_t)(uint16_t)(b[0] << 8 | b[1]);
}

/* ---- a direction --------------------------------------------------------------------------- */

void way_release(struct way *w)
{
    buf_release(&w->in);
    buf_release(&w->out);
}

bool way_read(struct way *w, int fd)
{
    char *to = buf_reserve(&w->in, READ_BYTES);
    ssize_t n = recv(fd, to, READ_BYTES, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    w->in.n += (size_t)n;
    return n > 0 && (w->in.n < LENGTH_BYTES || be32(w->in.p) <= FRAME_BYTES_MAX);
}

bool way_write(struct way *w, int fd)
{
    if (way_has_left(w))
        return true;
    ssize_t n = send(fd, w->out.p + w->sent, w->out.n - w->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    w->sent += (size_t)n;
    if (way_has_left(w)) {
        buf_clear(&w->out);
        w->sent = 0;
    }
    return true;
}

struct str way_front(const struct way *w)
{
    if (w->in.n < LENGTH_BYTES || w->in.n - LENGTH_BYTES < be32(w->in.p))
        return (struct str){NULL, 0};
    return (struct str){w->in.p, LENGTH_BYTES + be32(w->in.p)};
}

void way_drop(struct way *w)
{
    size_t n = way_front(w).n;

    ASSERT(n > 0);
    memmove(w->in.p, w->in.p + n, w->in.n - n);
    w->in.n -= n;
    w->is_judged = false;
    w->not_before = 0;
}

void way_pass(struct way *w)
{
    buf_add(&w->out, way_front(w));
    way_drop(w);
}

/* ---- headers ------------------------------------------------------------------------------- */

struct request frame_request(struct str frame)
{
    if (frame.n < REQUEST_BYTES)
        return (struct request){0};
    return (struct request){be16(frame.p + 4), be16(frame.p + 6), (int32_t)be32(frame.p + 8)};
}

int32_t frame_correlation(struct str answer)
{
    return answer.n < ANSWER_BYTES ? 0 : (int32_t)be32(answer.p + LENGTH_BYTES);
}

int frame_end_txn_error(struct str answer, int16_t version)
{
    size_t at = ANSWER_BYTES + (version >= END_TXN_TAGGED) + THROTTLE_BYTES;

    return answer.n < at + 2 ? -1 : be16(answer.p + at);
}

static const struct {
    int16_t api;
    const char *name;
} apis[] = {
    {0, "Produce"},          {1, "Fetch"},
    {2, "ListOffsets"},      {3, "Metadata"},
    {8, "OffsetCommit"},     {9, "OffsetFetch"},
    {10, "FindCoordinator"}, {11, "JoinGroup"},
    {12, "Heartbeat"},       {13, "LeaveGroup"},
    {14, "SyncGroup"},       {18, "ApiVersions"},
    {22, "InitProducerId"},  {24, "AddPartitionsToTxn"},
    {25, "AddOffsetsToTxn"}, {26, "EndTxn"},
    {28, "TxnOffsetCommit"},
};

const char *api_name(int16_t api)
{
    static char number[16];

    for (size_t i = 0; i < ARRAY_LEN(apis); i++)
        if (apis[i].api == api)
            return apis[i].name;
    snprintf(number, sizeof number, "%d", api);
    return number;
}

bool api_from(struct str name, int16_t *api)
{
    uint64_t number;

    for (size_t i = 0; i < ARRAY_LEN(apis); i++)
        if (str_eq(name, str_from(apis[i].name))) {
            *api = apis[i].api;
            return true;
        }
    if (!str_to_u64(name, &number) || number >= API_MAX)
        return false;
    *api = (int16_t)number;
    return true;
}
