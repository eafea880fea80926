/* crash_note.c - notes of crashes: what they say, and the two places where they lie. */
#include "worker/crash_note.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "state/redis_session.h"

enum { NOTE_TEXT = 96, PATH_BYTES = 4096, NAME_BYTES = CRASH_TOPIC_MAX + 16 };

struct crash_book {
    const struct store_redis_options *store;
    struct str dir;
    struct arena *arena;
    struct redis_session session;
    bool has_session, is_open;
};

/* ---- what a note says ---------------------------------------------------------------------- */

enum crash_care crash_care_of(const struct crash_note *n, int64_t offset, uint32_t crash_max)
{
    if (n->count < crash_max || offset < n->from || offset > n->to)
        return CRASH_NO_CARE;
    return n->from == n->to ? CRASH_PASS_OVER : CRASH_ONE_BY_ONE;
}

struct crash_note crash_note_after(struct crash_note old, int64_t from, int64_t to)
{
    if (old.count == 0 || to < old.from || from > old.to)
        return (struct crash_note){from, to, 1};
    return (struct crash_note){from > old.from ? from : old.from, to < old.to ? to : old.to,
                               old.count + 1};
}

/* The number that the text goes on with; -1: none. */
static int64_t number(const char **text)
{
    char *end;

    errno = 0;
    long long n = strtoll(*text, &end, 10);
    bool is_bad = end == *text || errno != 0 || n < 0;
    *text = end;
    return is_bad ? -1 : (int64_t)n;
}

/* "FROM TO COUNT"; anything else is no note. */
static struct crash_note parse(const char *text)
{
    int64_t from = number(&text), to = number(&text), count = number(&text);

    if (from < 0 || to < from || count <= 0 || count > UINT32_MAX || *text)
        return (struct crash_note){0};
    return (struct crash_note){from, to, (uint32_t)count};
}

static int write_text(const struct crash_note *n, char out[static NOTE_TEXT])
{
    return snprintf(out, NOTE_TEXT, "%" PRId64 " %" PRId64 " %" PRIu32, n->from, n->to, n->count);
}

static void name_of(const char *topic, int32_t partition, char between, char out[static NAME_BYTES])
{
    snprintf(out, NAME_BYTES, "%.*s%c%" PRId32, CRASH_TOPIC_MAX, topic, between, partition);
}

/* ---- in the store -------------------------------------------------------------------------- */

static enum weir_rc name_hash(struct crash_book *b, char out[static REDIS_TAG_BYTES],
                              struct weir_err *err)
{
    if (!b->has_session)
        TRY(redis_session_configure(&b->session, b->store, err));
    b->has_session = true;
    redis_session_name(&b->session, "crash", out);
    return WEIR_OK;
}

static enum weir_rc open_session(struct crash_book *b, struct weir_err *err)
{
    if (!b->is_open)
        TRY(redis_session_open(&b->session, err));
    b->is_open = true;
    return WEIR_OK;
}

static enum weir_rc ask_once(struct crash_book *b, const struct str *words, size_t n,
                             const struct redis_reply **out, struct weir_err *err)
{
    enum weir_rc rc = open_session(b, err);

    arena_reset(b->arena);
    if (rc == WEIR_OK) {
        redis_conn_add(b->session.conn, words, n);
        rc = redis_conn_send(b->session.conn, err);
    }
    if (rc == WEIR_OK)
        rc = redis_conn_reply(b->session.conn, b->arena, out, err);
    if (rc == WEIR_OK && (*out)->type == REDIS_ERROR)
        rc = err_set(err, WEIR_IO, "Redis: %.*s", (int)(*out)->text.n, (*out)->text.p);
    if (rc != WEIR_OK && b->is_open) {
        redis_session_close(&b->session);
        b->is_open = false;
    }
    return rc;
}

/* Notes are read when partitions begin, which may be hours apart, or just because the store went:
 * what fails on a connection of before is asked again on a new one. Each call may be repeated. */
static enum weir_rc ask(struct crash_book *b, const struct str *words, size_t n,
                        const struct redis_reply **out, struct weir_err *err)
{
    bool is_old = b->is_open;
    enum weir_rc rc = ask_once(b, words, n, out, err);

    return rc != WEIR_OK && is_old ? ask_once(b, words, n, out, err) : rc;
}

static enum weir_rc read_stored(struct crash_book *b, const char *name, struct crash_note *note,
                                struct weir_err *err)
{
    const struct redis_reply *reply;
    char key[REDIS_TAG_BYTES], text[NOTE_TEXT];

    TRY(name_hash(b, key, err));
    TRY(ask(b, (struct str[]){STR("HGET"), str_from(key), str_from(name)}, 3, &reply, err));
    *note = (struct crash_note){0};
    if (reply->type == REDIS_TEXT) {
        snprintf(text, sizeof text, "%.*s", (int)reply->text.n, reply->text.p);
        *note = parse(text);
    }
    return WEIR_OK;
}

static enum weir_rc write_stored(struct crash_book *b, const char *name,
                                 const struct crash_note *note, struct weir_err *err)
{
    const struct redis_reply *reply;
    char key[REDIS_TAG_BYTES], text[NOTE_TEXT];

    TRY(name_hash(b, key, err));
    write_text(note, text);
    if (note->count == 0)
        return ask(b, (struct str[]){STR("HDEL"), str_from(key), str_from(name)}, 3, &reply, err);
    return ask(b, (struct str[]){STR("HSET"), str_from(key), str_from(name), str_from(text)}, 4,
               &reply, err);
}

/* ---- in a directory ------------------------------------------------------------------------ */

static enum weir_rc path_of(const struct crash_book *b, const char *name, const char *end,
                            char out[static PATH_BYTES], struct weir_err *err)
{
    int n = snprintf(out, PATH_BYTES, "%.*s/crash-%s%s", (int)b->dir.n, b->dir.p, name, end);

    return n < PATH_BYTES ? WEIR_OK
                          : err_set(err, WEIR_BADARG, "the path of a crash note is too long");
}

static enum weir_rc failed(const char *path, struct weir_err *err)
{
    return err_set(err, WEIR_IO, "crash note %s: %s", path, strerror(errno));
}

static enum weir_rc read_file(struct crash_book *b, const char *name, struct crash_note *note,
                              struct weir_err *err)
{
    char path[PATH_BYTES], text[NOTE_TEXT];

    *note = (struct crash_note){0};
    TRY(path_of(b, name, "", path, err));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? WEIR_OK : failed(path, err);
    ssize_t n = read(fd, text, sizeof text - 1);
    enum weir_rc rc = n < 0 ? failed(path, err) : WEIR_OK;
    close(fd);
    if (n > 0) {
        text[n] = '\0';
        *note = parse(text);
    }
    return rc;
}

/* Appears by rename: who reads it meanwhile sees the old one or the new. */
static enum weir_rc write_file(struct crash_book *b, const char *name,
                               const struct crash_note *note, struct weir_err *err)
{
    char path[PATH_BYTES], part[PATH_BYTES], text[NOTE_TEXT];

    TRY(path_of(b, name, "", path, err));
    TRY(path_of(b, name, ".part", part, err));
    if (note->count == 0)
        return unlink(path) == 0 || errno == ENOENT ? WEIR_OK : failed(path, err);
    int n = write_text(note, text);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return failed(part, err);
    bool is_written = write(fd, text, (size_t)n) == n && fsync(fd) == 0;
    enum weir_rc rc = is_written ? WEIR_OK : failed(part, err);
    close(fd);
    if (rc == WEIR_OK && rename(part, path) != 0)
        rc = failed(path, err);
    return rc;
}

/* ---- a book -------------------------------------------------------------------------------- */

struct crash_book *crash_book_new(const struct store_redis_options *store, struct str dir)
{
    struct crash_book *b = calloc(1, sizeof *b);

    ASSERT(b);
    b->store = store;
    b->dir = dir;
    b->arena = arena_new(0);
    return b;
}

void crash_book_free(struct crash_book *b)
{
    if (!b)
        return;
    if (b->has_session)
        redis_session_release(&b->session);
    arena_free(b->arena);
    free(b);
}

enum weir_rc crash_book_read(struct crash_book *b, const char *topic, int32_t partition,
                             struct crash_note *note, struct weir_err *err)
{
    char name[NAME_BYTES];

    if (b->store) {
        name_of(topic, partition, '/', name);
        return read_stored(b, name, note, err);
    }
    *note = (struct crash_note){0};
    name_of(topic, partition, '-', name);
    return b->dir.n ? read_file(b, name, note, err) : WEIR_OK;
}

enum weir_rc crash_book_write(struct crash_book *b, const char *topic, int32_t partition,
                              const struct crash_note *note, struct weir_err *err)
{
    char name[NAME_BYTES];

    if (b->store) {
        name_of(topic, partition, '/', name);
        return write_stored(b, name, note, err);
    }
    name_of(topic, partition, '-', name);
    return b->dir.n ? write_file(b, name, note, err) : WEIR_OK;
}
