/* input.c - the bytes of one event file, unpacked as they are read.
 *
 * A raw block is read from the descriptor and handed to one of three codecs; each turns
 * raw bytes into text and says when it needs more. The end of the file inside a member or
 * frame is damage: half a record less would pass in silence otherwise.
 */
#include "app/input.h"

#include <errno.h>
#include <poll.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/str.h"

enum { RAW_BYTES = 256 * 1024, PATH_BYTES = 4096 };

enum codec { CODEC_PLAIN, CODEC_GZIP, CODEC_ZSTD };

struct input {
    int fd;
    enum codec codec;
    bool at_eof;    /* the descriptor has no more */
    bool is_inside; /* packed: inside a member or frame */
    bool has_begun; /* some text was given out */
    uint64_t position, size;
    size_t from, to; /* raw[from .. to) is not used yet */
    z_stream gzip;
    ZSTD_DStream *zstd;
    char path[PATH_BYTES];
    unsigned char raw[RAW_BYTES];
};

static enum weir_rc fail(const struct input *in, struct weir_err *err, const char *what)
{
    err_set(err, WEIR_IO, "%s (at byte %llu of the file)", what,
            (unsigned long long)(in->position - (in->to - in->from)));
    err_file(err, str_from(in->path));
    return WEIR_IO;
}

bool input_pauses(struct input *in)
{
    struct pollfd p = {.fd = in->fd, .events = POLLIN};

    return in->from == in->to && !in->at_eof && poll(&p, 1, INPUT_PAUSE_MS) == 0;
}

/* Top up the raw block; what is left in it moves to the front. */
static enum weir_rc fill(struct input *in, struct weir_err *err)
{
    memmove(in->raw, in->raw + in->from, in->to - in->from);
    in->to -= in->from;
    in->from = 0;
    for (;;) {
        ssize_t got = read(in->fd, in->raw + in->to, RAW_BYTES - in->to);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(in, err, strerror(errno));
        in->at_eof = got == 0;
        in->to += (size_t)got;
        in->position += (uint64_t)got;
        return WEIR_OK;
    }
}

static bool is_gzip(const unsigned char *p, size_t n)
{
    return n >= 2 && p[0] == 0x1F && p[1] == 0x8B;
}

static bool is_zstd(const unsigned char *p, size_t n)
{
    static const unsigned char magic[] = {0x28, 0xB5, 0x2F, 0xFD};

    if (n < 4)
        return false;
    /* A skippable frame, as pzstd and seekable zstd write them in front. */
    bool is_skippable = (p[0] & 0xF0) == 0x50 && p[1] == 0x2A && p[2] == 0x4D && p[3] == 0x18;
    return is_skippable || memcmp(p, magic, sizeof magic) == 0;
}

/* Read enough to tell the codec, and set it up. */
static enum weir_rc tell_codec(struct input *in, struct weir_err *err)
{
    while (in->to < 4 && !in->at_eof)
        TRY(fill(in, err));
    if (is_gzip(in->raw, in->to)) {
        /* 15 window bits, + 16: gzip wrapper only. */
        if (inflateInit2(&in->gzip, 15 + 16) != Z_OK)
            return fail(in, err, "zlib does not start");
        in->codec = CODEC_GZIP;
    } else if (is_zstd(in->raw, in->to)) {
        in->zstd = ZSTD_createDStream();
        if (!in->zstd)
            return fail(in, err, "zstd does not start");
        in->codec = CODEC_ZSTD;
    }
    return WEIR_OK;
}

static int open_path(struct str path, struct input *in)
{
    if (str_eq(path, STR("-")))
        return dup(STDIN_FILENO);
    return open(in->path, O_RDONLY | O_CLOEXEC);
}

enum weir_rc input_open(struct str path, struct input **out, struct weir_err *err)
{
    struct stat st;
    struct input *in = calloc(1, sizeof *in);

    ASSERT(in);
    bool is_long = path.n >= sizeof in->path;
    memcpy(in->path, path.p, is_long ? sizeof in->path - 1 : path.n);
    in->fd = is_long ? -1 : open_path(path, in);
    if (in->fd < 0) {
        int code = is_long ? ENAMETOOLONG : errno;
        input_close(in);
        err_set(err, WEIR_IO, "%s", code == ENOENT ? "no such file or directory" : strerror(code));
        err_file(err, path);
        return WEIR_IO;
    }
    if (fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
        in->size = (uint64_t)st.st_size;
    enum weir_rc rc = tell_codec(in, err);
    if (rc != WEIR_OK) {
        input_close(in);
        return rc;
    }
    *out = in;
    return WEIR_OK;
}

void input_close(struct input *in)
{
    if (!in)
        return;
    if (in->codec == CODEC_GZIP)
        inflateEnd(&in->gzip);
    ZSTD_freeDStream(in->zstd);
    if (in->fd >= 0)
        close(in->fd);
    free(in);
}

static size_t plain_step(struct input *in, char *p, size_t cap)
{
    size_t n = in->to - in->from < cap ? in->to - in->from : cap;

    memcpy(p, in->raw + in->from, n);
    in->from += n;
    return n;
}

/* Some text from what is in the raw block; none if it needs more. */
static enum weir_rc gzip_step(struct input *in, char *p, size_t cap, size_t *n,
                              struct weir_err *err)
{
    if (!in->is_inside) {
        /* Between members: padding with zeros is usual on tapes and block devices. */
        while (in->from < in->to && in->raw[in->from] == 0)
            in->from++;
        if (in->from == in->to)
            return WEIR_OK;
        if (inflateReset(&in->gzip) != Z_OK)
            return fail(in, err, "zlib does not start again");
        in->is_inside = true;
    }
    in->gzip.next_in = in->raw + in->from;
    in->gzip.avail_in = (uInt)(in->to - in->from);
    in->gzip.next_out = (unsigned char *)p;
    in->gzip.avail_out = (uInt)(cap < UINT32_MAX / 2 ? cap : UINT32_MAX / 2);
    uInt room = in->gzip.avail_out;
    int code = inflate(&in->gzip, Z_NO_FLUSH);
    in->from = in->to - in->gzip.avail_in;
    *n = room - in->gzip.avail_out;
    if (code == Z_STREAM_END)
        in->is_inside = false;
    else if (code != Z_OK && code != Z_BUF_ERROR)
        return fail(in, err, "the gzip data is damaged");
    return WEIR_OK;
}

static enum weir_rc zstd_step(struct input *in, char *p, size_t cap, size_t *n,
                              struct weir_err *err)
{
    /* Between frames an empty call would count as the start of one. */
    if (in->from == in->to && !in->is_inside)
        return WEIR_OK;
    ZSTD_inBuffer from = {in->raw, in->to, in->from};
    ZSTD_outBuffer to = {p, cap, 0};
    size_t code = ZSTD_decompressStream(in->zstd, &to, &from);

    in->from = from.pos;
    *n = to.pos;
    if (ZSTD_isError(code))
        return fail(in, err,
                    ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge
                        ? "the zstd window is too large (more than 128 MiB)"
                        : "the zstd data is damaged");
    in->is_inside = code != 0;
    return WEIR_OK;
}

static enum weir_rc step(struct input *in, char *p, size_t cap, size_t *n, struct weir_err *err)
{
    *n = 0;
    switch (in->codec) {
    case CODEC_PLAIN:
        *n = plain_step(in, p, cap);
        return WEIR_OK;
    case CODEC_GZIP:
        return gzip_step(in, p, cap, n, err);
    case CODEC_ZSTD:
        return zstd_step(in, p, cap, n, err);
    }
    return WEIR_OK;
}

/* PowerShell writes UTF-16 unless told otherwise. Its records would all be rejected, one by one and
 * without saying what is the matter. */
static bool is_utf16(const char *p, size_t n)
{
    if (n >= 2 && (memcmp(p, "\xFF\xFE", 2) == 0 || memcmp(p, "\xFE\xFF", 2) == 0))
        return true;
    /* Without a mark: two letters of ASCII, each with a zero on the same side. */
    return n >= 4 && ((p[0] && !p[1] && p[2] && !p[3]) || (!p[0] && p[1] && !p[2] && p[3]));
}

enum weir_rc input_read(struct input *in, char *p, size_t cap, size_t *n, struct weir_err *err)
{
    for (;;) {
        enum weir_rc rc = step(in, p, cap, n, err);
        if (rc == WEIR_OK && !in->has_begun && is_utf16(p, *n)) {
            *n = 0;
            err_set(err, WEIR_IO,
                    "the text is UTF-16: convert it to UTF-8 first (iconv -f utf-16)");
            err_file(err, str_from(in->path));
            return WEIR_IO;
        }
        in->has_begun |= *n > 0;
        if (rc != WEIR_OK || *n > 0)
            return rc;
        if (in->at_eof && in->from < in->to && !in->is_inside)
            continue;
        if (in->at_eof)
            return in->is_inside ? fail(in, err, "the file ends inside its packed data") : WEIR_OK;
        TRY(fill(in, err));
    }
}

uint64_t input_position(const struct input *in)
{
    return in->position;
}

uint64_t input_size(const struct input *in)
{
    return in->size;
}
