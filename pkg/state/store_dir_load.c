/* store_dir_load.c - what the last commit left: snapshot, then the log behind it, then the journal.
 */
#include "state/store_dir_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

/* What was committed with the frame or snapshot at hand. */
static void take_end(struct dir_store *d, const struct dir_end *e, uint64_t number, uint64_t *sum)
{
    buf_clear(&d->position);
    buf_add(&d->position, e->position);
    d->journal_bytes = e->journal_bytes;
    *sum = e->journal_sum;
    d->number = number;
}

static bool load_snapshot_frame(struct dir_store *d, const struct dir_frame *f, uint64_t *sum,
                                bool *is_whole)
{
    struct unpack u = unpack_from(f->bytes);

    switch (f->type) {
    case FRAME_SPACES:
        return dir_load_spaces(d, &u);
    case FRAME_CELLS:
        while (unpack_left(&u))
            if (!dir_load_entry(d, &u))
                return false;
        return true;
    case FRAME_SMALL:
        return dir_load_small(d, &u);
    case FRAME_END: {
        struct dir_end e = dir_unpack_end(&u);
        take_end(d, &e, f->number, sum);
        *is_whole = unpack_ok(&u);
        return *is_whole;
    }
    default:
        return false;
    }
}

static enum weir_rc load_snapshot(struct dir_store *d, uint64_t *sum, struct weir_err *err)
{
    struct str file;
    struct dir_frame f;
    size_t at = DIR_HEADER_BYTES;
    bool is_whole = false, is_sound = true;

    enum weir_rc rc = dir_map(d->dir, "snapshot", &file, err);
    if (rc == WEIR_NOTFOUND)
        return WEIR_OK;
    if (rc == WEIR_OK)
        rc = dir_header_check(file, "snap", d->fingerprint, err);
    while (rc == WEIR_OK && is_sound && !is_whole && dir_frame_next(file, &at, &f))
        is_sound = load_snapshot_frame(d, &f, sum, &is_whole);
    if (rc == WEIR_OK && (!is_sound || !is_whole || at != file.n))
        rc = err_set(err, WEIR_SYNTAX, "damaged: a checksum is wrong or its end is missing");
    if (rc != WEIR_OK)
        dir_blame(d, "snapshot", err);
    dir_unmap(file);
    return rc;
}

static bool load_commit(struct dir_store *d, const struct dir_frame *f, uint64_t *sum)
{
    struct unpack u = unpack_from(f->bytes);
    struct dir_end e = dir_unpack_end(&u);
    uint32_t n = unpack_u32(&u);

    if (!unpack_ok(&u))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!dir_load_entry(d, &u))
            return false;
    take_end(d, &e, f->number, sum);
    return unpack_left(&u) == 0;
}

/* Frames up to the first that is not whole; *end: where that is. */
static enum weir_rc load_frames(struct dir_store *d, struct str file, size_t *end, uint64_t *sum,
                                struct weir_err *err)
{
    struct dir_frame f;

    *end = DIR_HEADER_BYTES;
    while (dir_frame_next(file, end, &f)) {
        struct unpack u = unpack_from(f.bytes);
        bool is_sound = true;
        if (f.type == FRAME_SPACES)
            is_sound = dir_load_spaces(d, &u);
        else if (f.type == FRAME_COMMIT && f.number == d->number + 1)
            is_sound = load_commit(d, &f, sum);
        else
            is_sound = f.type == FRAME_COMMIT && f.number <= d->number; /* before the snapshot */
        if (!is_sound)
            return err_set(err, WEIR_SYNTAX,
                           "damaged: record %llu does not follow %llu or is not sound",
                           (unsigned long long)f.number, (unsigned long long)d->number);
    }
    return WEIR_OK;
}

static enum weir_rc load_log(struct dir_store *d, uint64_t *sum, struct weir_err *err)
{
    struct str file;
    size_t end = 0;

    enum weir_rc rc = dir_map(d->dir, "log", &file, err);
    if (rc == WEIR_NOTFOUND && d->number > 0)
        return err_set(err, WEIR_SYNTAX, "there is a snapshot but no log");
    if (rc == WEIR_NOTFOUND)
        return dir_new_log(d, err);
    if (rc == WEIR_OK)
        rc = dir_header_check(file, "log ", d->fingerprint, err);
    if (rc == WEIR_OK)
        rc = load_frames(d, file, &end, sum, err);
    dir_unmap(file);
    if (rc != WEIR_OK)
        return dir_blame(d, "log", err);
    TRY(dir_open_file(d, "log", O_RDWR, &d->log, err));
    buf_clear(&d->frame);
    dir_pack_spaces(d, &d->frame); /* the numbers of spaces as they are now */
    if (ftruncate(d->log, (off_t)end) != 0 || lseek(d->log, 0, SEEK_END) < 0)
        return err_set(err, WEIR_IO, "cannot cut the log: %s", strerror(errno));
    d->log_bytes = end + d->frame.n;
    return dir_write_all(d->log, buf_str(&d->frame), "log", err);
}

/* The journal is cut to what was committed, and must be what it was. */
static enum weir_rc check_journal(struct dir_store *d, uint64_t want_sum, struct weir_err *err)
{
    struct str file;

    TRY(dir_map(d->dir, "journal", &file, err));
    if (file.n < d->journal_bytes) {
        size_t n = file.n;
        dir_unmap(file);
        return err_set(err, WEIR_SYNTAX, "the journal has lost its end: %zu bytes of %llu", n,
                       (unsigned long long)d->journal_bytes);
    }
    XXH3_64bits_update(d->journal_sum, file.p ? file.p : "", d->journal_bytes);
    dir_unmap(file);
    if (d->number > 0 && XXH3_64bits_digest(d->journal_sum) != want_sum)
        return err_set(err, WEIR_SYNTAX, "the journal is damaged: its checksum is wrong");
    if (ftruncate(d->journal, (off_t)d->journal_bytes) != 0 || lseek(d->journal, 0, SEEK_END) < 0)
        return err_set(err, WEIR_IO, "cannot cut the journal: %s", strerror(errno));
    return WEIR_OK;
}

enum weir_rc dir_load_files(struct dir_store *d, struct weir_err *err)
{
    uint64_t sum = 0;

    TRY(load_snapshot(d, &sum, err));
    TRY(load_log(d, &sum, err));
    return check_journal(d, sum, err);
}

/* The log is taken first, as a whole: if a
 * snapshot comes about meanwhile, that log ends with what the snapshot has or before it. What is
 * being written at its end is no whole frame yet. */
enum weir_rc dir_load_to_look(struct dir_store *d, struct weir_err *err)
{
    struct buf log = {0};
    uint64_t sum = 0;
    size_t end;

    enum weir_rc rc = dir_read(d->dir, "log", &log, err);
    if (rc == WEIR_NOTFOUND)
        return err_set(err, WEIR_NOTFOUND, "the directory holds no state");
    if (rc == WEIR_OK)
        rc = dir_header_check(buf_str(&log), "log ", d->fingerprint, err);
    if (rc != WEIR_OK)
        dir_blame(d, "log", err);
    if (rc == WEIR_OK)
        rc = load_snapshot(d, &sum, err);
    if (rc == WEIR_OK)
        rc = load_frames(d, buf_str(&log), &end, &sum, err);
    buf_release(&log);
    return rc;
}
