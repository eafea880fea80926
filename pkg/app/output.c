/* output.c - a file that appears whole or not at all.
 *
 * O_TMPFILE gives a file without a name, which vanishes with the process however that
 * ends; at commit it gets a temporary name and is renamed over the target (linkat cannot
 * replace a file). Where the file system has no O_TMPFILE the temporary name is there from the
 * start.
 */
#include "app/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

enum { OUTPUT_BYTES = 64 * 1024, PATH_BYTES = 4096, FILE_MODE = 0666 };

struct output {
    int fd;
    bool is_file;  /* appears by rename */
    bool has_temp; /* `temp` exists */
    bool is_terminal;
    uint64_t lines;
    uint64_t n_bytes; /* taken so far, written or not */
    char path[PATH_BYTES];
    char temp[PATH_BYTES + 32];
    struct buf bytes; /* mostly less than OUTPUT_BYTES: a line may go beyond before it goes out */
    size_t line_at;   /* in bytes: where a line begins that is written in place */
};

static enum weir_rc fail(const struct output *o, int code, struct weir_err *err)
{
    if (code == EPIPE)
        return err_set(err, WEIR_CLOSED, "the reader of the output went away");
    err_set(err, WEIR_IO, "cannot write: %s", strerror(code));
    err_file(err, str_from(o->path[0] ? o->path : "stdout"));
    return WEIR_IO;
}

/* The directory of the target, for the nameless file. */
static void directory_of(const char *path, char out[PATH_BYTES])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;

    if (!slash) {
        memcpy(out, ".", 2);
        return;
    }
    n = n ? n : 1; /* "/name" lies in "/" */
    memcpy(out, path, n);
    out[n] = '\0';
}

static void name_temp(struct output *o)
{
    const char *slash = strrchr(o->path, '/');
    int dir_bytes = slash ? (int)(slash - o->path) + 1 : 0;

    snprintf(o->temp, sizeof o->temp, "%.*s.%s.%ld.tmp", dir_bytes, o->path, o->path + dir_bytes,
             (long)getpid());
}

static enum weir_rc open_file(struct output *o, struct weir_err *err)
{
    char dir[PATH_BYTES];

    o->is_file = true;
    name_temp(o);
    directory_of(o->path, dir);
    /* Naming it later goes through /proc. */
    if (access("/proc/self/fd", X_OK) == 0)
        o->fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, FILE_MODE);
    if (o->fd < 0) {
        o->fd = open(o->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
        o->has_temp = o->fd >= 0;
    }
    return o->fd < 0 ? fail(o, errno, err) : WEIR_OK;
}

static enum weir_rc open_target(struct output *o, struct weir_err *err)
{
    struct stat st;

    if (!o->path[0]) {
        o->fd = STDOUT_FILENO;
        o->is_terminal = isatty(o->fd);
        return WEIR_OK;
    }
    if (stat(o->path, &st) == 0 && !S_ISREG(st.st_mode)) {
        if (S_ISDIR(st.st_mode))
            return fail(o, EISDIR, err);
        o->fd = open(o->path, O_WRONLY | O_CLOEXEC);
        return o->fd < 0 ? fail(o, errno, err) : WEIR_OK;
    }
    return open_file(o, err);
}

enum weir_rc output_open(struct str path, struct output **out, struct weir_err *err)
{
    struct output *o = calloc(1, sizeof *o);

    ASSERT(o);
    o->fd = -1;
    if (path.n >= sizeof o->path) {
        free(o);
        return err_set(err, WEIR_IO, "the output path is too long");
    }
    if (!str_eq(path, STR("-")))
        memcpy(o->path, path.p ? path.p : "", path.n);
    enum weir_rc rc = open_target(o, err);
    if (rc != WEIR_OK) {
        output_free(o);
        return rc;
    }
    *out = o;
    return WEIR_OK;
}

static enum weir_rc write_all(struct output *o, const char *p, size_t n, struct weir_err *err)
{
    while (n > 0) {
        ssize_t done = write(o->fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail(o, errno, err);
        p += done;
        n -= (size_t)done;
    }
    return WEIR_OK;
}

enum weir_rc output_flush(struct output *o, struct weir_err *err)
{
    struct str bytes = buf_str(&o->bytes);

    buf_clear(&o->bytes);
    return write_all(o, bytes.p, bytes.n, err);
}

enum weir_rc output_write(struct output *o, struct str text, struct weir_err *err)
{
    o->n_bytes += text.n;
    if (o->bytes.n + text.n > OUTPUT_BYTES)
        TRY(output_flush(o, err));
    if (text.n > OUTPUT_BYTES)
        return write_all(o, text.p, text.n, err);
    buf_add(&o->bytes, text);
    return WEIR_OK;
}

enum weir_rc output_line(struct output *o, struct str text, struct weir_err *err)
{
    TRY(output_write(o, text, err));
    o->lines++;
    return output_write(o, STR("\n"), err);
}

struct buf *output_begin_line(struct output *o)
{
    o->line_at = o->bytes.n;
    return &o->bytes;
}

enum weir_rc output_end_line(struct output *o, struct weir_err *err)
{
    buf_add_char(&o->bytes, '\n');
    o->n_bytes += o->bytes.n - o->line_at;
    o->lines++;
    return o->bytes.n < OUTPUT_BYTES ? WEIR_OK : output_flush(o, err);
}

static enum weir_rc appear(struct output *o, struct weir_err *err)
{
    char self[64];

    if (fsync(o->fd) != 0)
        return fail(o, errno, err);
    if (!o->has_temp) {
        snprintf(self, sizeof self, "/proc/self/fd/%d", o->fd);
        unlink(o->temp); /* left behind by a process of our number that was killed just here */
        if (linkat(AT_FDCWD, self, AT_FDCWD, o->temp, AT_SYMLINK_FOLLOW) != 0)
            return fail(o, errno, err);
        o->has_temp = true;
    }
    if (rename(o->temp, o->path) != 0)
        return fail(o, errno, err);
    o->has_temp = false;
    return WEIR_OK;
}

enum weir_rc output_commit(struct output *o, struct weir_err *err)
{
    TRY(output_flush(o, err));
    if (o->is_file)
        TRY(appear(o, err));
    int fd = o->fd;
    o->fd = -1;
    /* Some file systems report a full disk only here. */
    if (fd != STDOUT_FILENO && close(fd) != 0)
        return fail(o, errno, err);
    return WEIR_OK;
}

void output_free(struct output *o)
{
    if (!o)
        return;
    if (o->fd >= 0 && o->fd != STDOUT_FILENO)
        close(o->fd);
    if (o->has_temp)
        unlink(o->temp);
    buf_release(&o->bytes);
    free(o);
}

bool output_is_terminal(const struct output *o)
{
    return o->is_terminal;
}

uint64_t output_bytes(const struct output *o)
{
    return o->n_bytes;
}

uint64_t output_lines(const struct output *o)
{
    return o->lines;
}

enum weir_rc output_finish(struct output *o, struct buf *text, struct weir_err *err)
{
    enum weir_rc rc = output_write(o, buf_str(text), err);

    if (rc == WEIR_OK)
        rc = output_commit(o, err);
    output_free(o);
    buf_release(text);
    return rc;
}
