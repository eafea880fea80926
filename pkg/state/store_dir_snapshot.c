/* store_dir_snapshot.c - a new snapshot and a new log, each written beside the old one, which it
 * then replaces.
 */
#include "state/store_dir_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum weir_rc sync_dir(struct dir_store *d, struct weir_err *err)
{
    if (fsync(d->dir) != 0)
        return err_set(err, WEIR_IO, "cannot sync the directory: %s", strerror(errno));
    return WEIR_OK;
}

/* What is in d->frame becomes file `name`, or nothing happens to it. */
static enum weir_rc replace_file(struct dir_store *d, const char *name, int fd,
                                 struct weir_err *err)
{
    TRY(dir_write_all(fd, buf_str(&d->frame), name, err));
    if (fsync(fd) != 0)
        return err_set(err, WEIR_IO, "cannot sync '%s': %s", name, strerror(errno));
    if (renameat(d->dir, "new", d->dir, name) != 0)
        return err_set(err, WEIR_IO, "cannot rename '%s': %s", name, strerror(errno));
    return sync_dir(d, err);
}

enum weir_rc dir_new_log(struct dir_store *d, struct weir_err *err)
{
    int fd;

    TRY(dir_open_file(d, "new", O_RDWR | O_CREAT | O_TRUNC, &fd, err));
    buf_clear(&d->frame);
    dir_header_pack("log ", d->fingerprint, &d->frame);
    dir_pack_spaces(d, &d->frame);
    enum weir_rc rc = replace_file(d, "log", fd, err);
    if (rc != WEIR_OK) {
        close(fd);
        return rc;
    }
    if (d->log >= 0)
        close(d->log);
    d->log = fd;
    d->log_bytes = d->frame.n;
    return WEIR_OK;
}

/* ---- snapshots ----------------------------------------------------------------------------- */

/* Frames of a snapshot are written as they fill up. */
struct snapshot {
    struct dir_store *d;
    int fd;
    uint32_t space;
    size_t place; /* of the open frame */
    enum weir_rc rc;
    struct weir_err *err;
};

static void flush(struct snapshot *w, enum dir_frame_type type)
{
    struct dir_store *d = w->d;

    dir_frame_end(&d->frame, w->place);
    if (w->rc == WEIR_OK)
        w->rc = dir_write_all(w->fd, buf_str(&d->frame), "snapshot", w->err);
    buf_clear(&d->frame);
    w->place = dir_frame_begin(&d->frame, type, d->number);
}

static void snapshot_cell(void *context, const struct state_key *key, const struct cell *c)
{
    struct snapshot *w = context;

    dir_pack_cell(&w->d->frame, w->space, key, c);
    if (w->d->frame.n > DIR_PIECE_BYTES)
        flush(w, FRAME_CELLS);
}

static void begin_small(struct snapshot *w, const struct mem_space *sp)
{
    flush(w, FRAME_SMALL);
    pack_u32(&w->d->frame, w->space);
    pack_i64(&w->d->frame, sp->small_life_ms);
}

static void snapshot_small(void *context, const struct small_record *r)
{
    struct snapshot *w = context;
    uint32_t n_spaces;

    pack_u64(&w->d->frame, r->name_time);
    pack_u64(&w->d->frame, r->time_value);
    if (w->d->frame.n > DIR_PIECE_BYTES)
        begin_small(w, store_mem_space(w->d->mem, w->space, &n_spaces));
}

static enum weir_rc write_snapshot(struct dir_store *d, int fd, struct weir_err *err)
{
    struct snapshot w = {.d = d, .fd = fd, .err = err};
    uint32_t n_spaces;

    buf_clear(&d->frame);
    dir_header_pack("snap", d->fingerprint, &d->frame);
    dir_pack_spaces(d, &d->frame);
    w.place = dir_frame_begin(&d->frame, FRAME_CELLS, d->number);
    (void)store_mem_space(d->mem, 0, &n_spaces);
    for (w.space = 0; w.space < n_spaces; w.space++)
        mem_space_each(store_mem_pool(d->mem), store_mem_space(d->mem, w.space, &n_spaces),
                       snapshot_cell, &w);
    for (w.space = 0; w.space < n_spaces; w.space++) {
        const struct mem_space *sp = store_mem_space(d->mem, w.space, &n_spaces);
        if (sp->small.n == 0)
            continue;
        begin_small(&w, sp);
        small_table_each(&sp->small, snapshot_small, &w);
    }
    flush(&w, FRAME_END);
    dir_pack_end(d, &d->frame);
    dir_frame_end(&d->frame, w.place);
    TRY(w.rc);
    return replace_file(d, "snapshot", fd, err);
}

enum weir_rc dir_make_snapshot(struct dir_store *d, struct weir_err *err)
{
    int fd;

    /* The journal must be as safe as the snapshot that speaks of it. */
    if (fdatasync(d->journal) != 0)
        return err_set(err, WEIR_IO, "cannot sync the journal: %s", strerror(errno));
    TRY(dir_open_file(d, "new", O_RDWR | O_CREAT | O_TRUNC, &fd, err));
    enum weir_rc rc = write_snapshot(d, fd, err);
    close(fd);
    TRY(rc);
    return dir_new_log(d, err);
}
