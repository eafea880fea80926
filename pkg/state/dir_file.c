/* dir_file.c - frames are built in memory and written by one call, so that what a crash leaves is
 * whole frames and at most one torn one. */
#include "state/dir_file.h"

#include "base/pack.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { VERSION = 1, READ_BYTES = 64 * 1024 };
#define MAGIC "weirdir\n"

uint64_t dir_checksum(struct str bytes)
{
    return XXH3_64bits(bytes.p, bytes.n);
}

void dir_header_pack(const char *kind, const char *fingerprint, struct buf *out)
{
    size_t start = out->n;

    pack_bytes(out, MAGIC, 8);
    pack_bytes(out, kind, 4);
    pack_u32(out, VERSION);
    pack_bytes(out, fingerprint, DIR_FINGERPRINT);
    pack_u64(out, dir_checksum((struct str){out->p + start, out->n - start}));
    ASSERT(out->n - start == DIR_HEADER_BYTES);
}

enum weir_rc dir_header_check(struct str file, const char *kind, const char *fingerprint,
                              struct weir_err *err)
{
    if (file.n < DIR_HEADER_BYTES || memcmp(file.p, MAGIC, 8) != 0 ||
        memcmp(file.p + 8, kind, 4) != 0)
        return err_set(err, WEIR_SYNTAX, "not a state file of weir, or damaged");
    struct unpack u = unpack_from(file);
    u.p += 12;
    uint32_t version = unpack_u32(&u);
    if (version != VERSION)
        return err_set(err, WEIR_UNSUPPORTED, "state of version %u; this program has version %d",
                       version, VERSION);
    u.p += DIR_FINGERPRINT;
    if (unpack_u64(&u) != dir_checksum(str_sub(file, 0, DIR_HEADER_BYTES - 8)))
        return err_set(err, WEIR_SYNTAX, "damaged: the header's checksum is wrong");
    if (memcmp(file.p + 16, fingerprint, DIR_FINGERPRINT) != 0)
        return err_set(err, WEIR_BADARG, "made with another state secret (%.16s, now %.16s)",
                       file.p + 16, fingerprint);
    return WEIR_OK;
}

size_t dir_frame_begin(struct buf *out, uint32_t type, uint64_t number)
{
    size_t place = out->n;

    pack_u64(out, 0);
    pack_u32(out, 0);
    pack_u32(out, type);
    pack_u64(out, number);
    return place;
}

void dir_frame_end(struct buf *out, size_t place)
{
    size_t n = out->n - place - DIR_FRAME_HEAD;

    ASSERT(n <= DIR_FRAME_MAX);
    uint32_t length = (uint32_t)n;
    memcpy(out->p + place + 8, &length, sizeof length);
    uint64_t sum = dir_checksum((struct str){out->p + place + 8, out->n - place - 8});
    memcpy(out->p + place, &sum, sizeof sum);
}

bool dir_frame_next(struct str file, size_t *at, struct dir_frame *out)
{
    if (file.n - *at < DIR_FRAME_HEAD)
        return false;
    struct unpack u = unpack_from((struct str){file.p + *at, file.n - *at});
    uint64_t sum = unpack_u64(&u);
    uint32_t n = unpack_u32(&u);
    out->type = unpack_u32(&u);
    out->number = unpack_u64(&u);
    if (n > file.n - *at - DIR_FRAME_HEAD ||
        dir_checksum((struct str){file.p + *at + 8, DIR_FRAME_HEAD - 8 + (size_t)n}) != sum)
        return false;
    out->bytes = (struct str){file.p + *at + DIR_FRAME_HEAD, n};
    *at += DIR_FRAME_HEAD + (size_t)n;
    return true;
}

enum weir_rc dir_write_all(int fd, struct str bytes, const char *what, struct weir_err *err)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, WEIR_IO, "cannot write the state's %s: %s", what, strerror(errno));
        bytes = str_sub(bytes, (size_t)n, bytes.n);
    }
    return WEIR_OK;
}

enum weir_rc dir_map(int dir, const char *name, struct str *out, struct weir_err *err)
{
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_set(err, errno == ENOENT ? WEIR_NOTFOUND : WEIR_IO, "cannot read '%s': %s", name,
                       strerror(errno));
    void *p = fstat(fd, &st) == 0 && st.st_size
                  ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
                  : NULL;
    int why = errno;
    close(fd);
    if (p == MAP_FAILED)
        return err_set(err, WEIR_IO, "cannot read '%s': %s", name, strerror(why));
    *out = (struct str){p, p ? (size_t)st.st_size : 0};
    return WEIR_OK;
}

enum weir_rc dir_read(int dir, const char *name, struct buf *out, struct weir_err *err)
{
    char piece[READ_BYTES];
    ssize_t n = 0;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_set(err, errno == ENOENT ? WEIR_NOTFOUND : WEIR_IO, "cannot read '%s': %s", name,
                       strerror(errno));
    while ((n = read(fd, piece, sizeof piece)) > 0)
        buf_add(out, (struct str){piece, (size_t)n});
    int why = errno;
    close(fd);
    return n == 0 ? WEIR_OK : err_set(err, WEIR_IO, "cannot read '%s': %s", name, strerror(why));
}

void dir_unmap(struct str file)
{
    if (file.n)
        munmap((void *)(uintptr_t)file.p, file.n);
}
