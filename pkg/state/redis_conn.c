/* redis_conn.c - hiredis' formatter and reader over redis_wire.h; replies grow in an arena. */
#include "state/redis_conn.h"

#include "base/buf.h"
#include "base/slack.h"
#include "base/str.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

enum { RECEIVE_BYTES = 64 * 1024, ASK_WORDS_MAX = 8 };

struct redis_conn {
    struct redis_wire *wire;
    redisReader *reader;
    struct buf out;
    struct slack slack; /* of `out` */
    const char **words; /* for the formatter */
    size_t *lengths;
    size_t words_cap;
    uint64_t n_commands;
    char in[RECEIVE_BYTES];
};

/* ---- replies: what hiredis' reader calls while it parses ------------------------------------ */

static struct redis_reply *new_reply(const redisReadTask *task, enum redis_type type)
{
    struct redis_reply *r = ARENA_NEW(task->privdata, struct redis_reply);

    r->type = type;
    if (task->parent) {
        struct redis_reply *list = task->parent->obj;
        list->items[task->idx] = r;
    }
    return r;
}

static void *make_text(const redisReadTask *task, char *p, size_t n)
{
    struct redis_reply *r = new_reply(task, task->type == REDIS_REPLY_ERROR    ? REDIS_ERROR
                                            : task->type == REDIS_REPLY_STATUS ? REDIS_STATUS
                                                                               : REDIS_TEXT);

    r->text = arena_str(task->privdata, (struct str){p, n});
    return r;
}

static void *make_list(const redisReadTask *task, int n)
{
    struct redis_reply *r = new_reply(task, REDIS_LIST);

    r->n = n > 0 ? (size_t)n : 0;
    r->items = ARENA_ARRAY(task->privdata, r->n, struct redis_reply *);
    return r;
}

static void *make_number(const redisReadTask *task, long long value)
{
    struct redis_reply *r = new_reply(task, REDIS_NUMBER);

    r->number = value;
    return r;
}

static void *make_nil(const redisReadTask *task)
{
    return new_reply(task, REDIS_NIL);
}

static void forget(UNUSED void *reply)
{
    /* the arena's */
}

static redisReplyObjectFunctions makers = {make_text, make_list, make_number, make_nil, forget};

/* ---- the connection -------------------------------------------------------------------------- */

enum weir_rc redis_conn_open(const struct redis_wire_options *o, struct redis_conn **out,
                             struct weir_err *err)
{
    struct redis_wire *wire;

    TRY(redis_wire_open(o, &wire, err));
    struct redis_conn *c = calloc(1, sizeof *c);
    ASSERT(c);
    c->wire = wire;
    c->reader = redisReaderCreateWithFunctions(&makers);
    ASSERT(c->reader);
    *out = c;
    return WEIR_OK;
}

void redis_conn_free(struct redis_conn *c)
{
    if (!c)
        return;
    redis_wire_free(c->wire);
    redisReaderFree(c->reader);
    buf_release(&c->out);
    free(c->words);
    free(c->lengths);
    free(c);
}

void redis_conn_add(struct redis_conn *c, const struct str *words, size_t n)
{
    char *text = NULL;

    if (n > c->words_cap) {
        c->words_cap = n * 2;
        c->words = reallocarray(c->words, c->words_cap, sizeof *c->words);
        c->lengths = reallocarray(c->lengths, c->words_cap, sizeof *c->lengths);
        ASSERT(c->words && c->lengths);
    }
    for (size_t i = 0; i < n; i++) {
        c->words[i] = words[i].p ? words[i].p : "";
        c->lengths[i] = words[i].n;
    }
    int length = redisFormatCommandArgv(&text, (int)n, c->words, c->lengths);
    ASSERT(length > 0);
    buf_add(&c->out, (struct str){text, (size_t)length});
    redisFreeCommand(text);
    c->n_commands++;
}

enum weir_rc redis_conn_send(struct redis_conn *c, struct weir_err *err)
{
    enum weir_rc rc = redis_wire_send(c->wire, buf_str(&c->out), err);

    if (slack_is_too_much(&c->slack, c->out.n, c->out.cap))
        buf_release(&c->out);
    buf_clear(&c->out);
    return rc;
}

enum weir_rc redis_conn_reply(struct redis_conn *c, struct arena *a, const struct redis_reply **out,
                              struct weir_err *err)
{
    void *reply = NULL;
    size_t n;

    c->reader->privdata = a;
    for (;;) {
        if (redisReaderGetReply(c->reader, &reply) != REDIS_OK)
            return err_set(err, WEIR_IO, "Redis: its answer makes no sense: %s", c->reader->errstr);
        if (reply) {
            *out = reply;
            return WEIR_OK;
        }
        TRY(redis_wire_receive(c->wire, c->in, sizeof c->in, &n, err));
        if (redisReaderFeed(c->reader, c->in, n) != REDIS_OK)
            return err_set(err, WEIR_IO, "Redis: its answer makes no sense: %s", c->reader->errstr);
    }
}

enum weir_rc redis_conn_ask(struct redis_conn *c, struct arena *a, const char *line,
                            const struct redis_reply **out, struct weir_err *err)
{
    struct str words[ASK_WORDS_MAX], rest = str_from(line);
    size_t n = 0;
    bool has_more = true;

    while (has_more) {
        ASSERT(n < ASK_WORDS_MAX);
        has_more = str_cut(rest, ' ', &words[n], &rest);
        n++;
    }
    redis_conn_add(c, words, n);
    TRY(redis_conn_send(c, err));
    return redis_conn_reply(c, a, out, err);
}

uint64_t redis_conn_commands(const struct redis_conn *c)
{
    return c->n_commands;
}
